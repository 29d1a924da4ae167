/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/families.h"

#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/snapshot/snapshot.h"
#include "exporters/file_families.h"
#include "exporters/semantic_families.h"

typedef const struct snapshot snap;
typedef const struct family_sink sink;

#define LABELS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_LABELS   ((const char *const[]){ NULL })

static double in_seconds(uint64_t ns)
{
	return (double)ns / (double)NS_PER_SEC;
}

static void value(sink *to, const char *const *labels, double v)
{
	to->value(to->context, labels, v);
}

/* --- the agent --- */

static void build_info(snap *s, sink *to)
{
	value(to, LABELS("version", s->version), 1);
}

static void subject_up(snap *s, sink *to)
{
	for (size_t i = 0; i < s->subject_count; i++)
		value(to, LABELS("subject", s->subjects[i].name, "hook", s->subjects[i].hook),
		      s->subjects[i].state != FINDING_OFF);
}

static void hook_up(snap *s, sink *to)
{
	for (size_t i = 0; i < s->hook_count; i++) {
		const struct hook_snapshot *h = &s->hooks[i];

		value(to,
		      LABELS("subject", h->subject, "event", h->event, "hook", h->hook, "reason",
			     h->reason),
		      h->hook[0] != '\0');
	}
}

static void loop_lag(snap *s, sink *to)
{
	if (s->agent.present)
		value(to, NO_LABELS, in_seconds(s->agent.loop_lag_max_ns));
}

static void resident(snap *s, sink *to)
{
	if (!s->agent.present)
		return;
	value(to, LABELS("process", "agent"), (double)s->agent.rss_bytes);
	value(to, LABELS("process", "warden"), (double)s->agent.warden_rss_bytes);
}

static void bpf_run(snap *s, sink *to)
{
	for (size_t i = 0; i < s->program_count; i++)
		value(to,
		      LABELS("subject", s->programs[i].subject, "program", s->programs[i].event),
		      in_seconds(s->programs[i].ns_total));
}

static void bpf_runs(snap *s, sink *to)
{
	for (size_t i = 0; i < s->program_count; i++)
		value(to,
		      LABELS("subject", s->programs[i].subject, "program", s->programs[i].event),
		      (double)s->programs[i].runs_total);
}

static void detail_on(snap *s, sink *to)
{
	for (size_t i = 0; i < s->detail_count; i++)
		if (s->details[i].wanted)
			value(to, LABELS("detail", s->details[i].name), s->details[i].on);
}

static void lost(snap *s, sink *to)
{
	for (size_t i = 0; i < s->lost.count; i++)
		value(to, LABELS("where", s->lost.rows[i].where), (double)s->lost.rows[i].count);
}

#define OF_PUSH(name, field)                                                                       \
	static void name(snap *s, sink *to)                                                        \
	{                                                                                          \
		if (s->agent.push.on)                                                              \
			value(to, NO_LABELS, (double)s->agent.push.field);                         \
	}
OF_PUSH(otlp_sent, sent)
OF_PUSH(otlp_retries, retries)
OF_PUSH(otlp_waiting, waiting)
OF_PUSH(otlp_waiting_bytes, waiting_bytes)

/* --- the scheduler --- */

static void sched_wait(snap *s, sink *to)
{
	char cpu[16];

	for (size_t i = 0; i < s->cpu_count; i++) {
		snprintf(cpu, sizeof(cpu), "%u", s->cpus[i].cpu);
		to->distribution(to->context, LABELS("cpu", cpu), &s->cpus[i].wait_total);
	}
}

static void each_cpu(snap *s, sink *to, uint64_t (*of)(const uint64_t *counts),
		     enum sched_count count)
{
	char cpu[16];

	for (size_t i = 0; i < s->cpu_count; i++) {
		const uint64_t *counts = s->cpus[i].sched_total;
		uint64_t n = of ? of(counts) : counts[count];

		snprintf(cpu, sizeof(cpu), "%u", s->cpus[i].cpu);
		value(to, LABELS("cpu", cpu),
		      sched_count_names[count].is_time ? in_seconds(n) : (double)n);
	}
}

#define OF_CPU(name, of, count)                                                                    \
	static void name(snap *s, sink *to)                                                        \
	{                                                                                          \
		each_cpu(s, to, of, count);                                                        \
	}
OF_CPU(sched_switches, NULL, SCHED_SWITCHES)
OF_CPU(sched_preemptions, NULL, SCHED_PREEMPTED)
OF_CPU(sched_wakeups, sched_woken, SCHED_WAITS)
OF_CPU(sched_run, NULL, SCHED_RUN_NS)
OF_CPU(sched_idle, NULL, SCHED_IDLE_NS)

static uint64_t over_cpus(snap *s, enum sched_count count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->cpu_count; i++)
		sum += s->cpus[i].sched_total[count];
	return sum;
}

static void sched_off_cpu(snap *s, sink *to)
{
	value(to, LABELS("why", "slept"), in_seconds(over_cpus(s, SCHED_SLEPT_NS)));
	value(to, LABELS("why", "preempted"), in_seconds(over_cpus(s, SCHED_PREEMPTED_NS)));
}

static void sched_migrations(snap *s, sink *to)
{
	value(to, LABELS("to", "same_cache"), (double)over_cpus(s, SCHED_MOVED_NEAR));
	value(to, LABELS("to", "other_cache"), (double)over_cpus(s, SCHED_MOVED_CACHE));
	value(to, LABELS("to", "other_node"), (double)over_cpus(s, SCHED_MOVED_NODE));
}

static void sched_tasks(snap *s, sink *to)
{
	value(to, LABELS("event", "started"), (double)over_cpus(s, SCHED_STARTED));
	value(to, LABELS("event", "exited"), (double)over_cpus(s, SCHED_EXITED));
	value(to, LABELS("event", "exec"), (double)over_cpus(s, SCHED_EXECS));
}

static void sched_queued(snap *s, sink *to)
{
	char cpu[16];

	for (size_t i = 0; i < s->cpu_count; i++) {
		snprintf(cpu, sizeof(cpu), "%u", s->cpus[i].cpu);
		value(to, LABELS("cpu", cpu), s->cpus[i].queued);
	}
}

/* --- the page cache --- */

#define OF_CACHE(name, count)                                                                      \
	static void name(snap *s, sink *to)                                                        \
	{                                                                                          \
		if (s->cache_measured)                                                             \
			value(to, NO_LABELS, (double)s->cache_total[count]);                       \
	}
OF_CACHE(cache_accesses, CACHE_ACCESSES)
OF_CACHE(cache_reads, CACHE_READS)
OF_CACHE(cache_misses, CACHE_MISSES)
OF_CACHE(cache_fills, CACHE_FILLS)
OF_CACHE(cache_evictions, CACHE_EVICTIONS)
OF_CACHE(cache_dirtied, CACHE_DIRTIED)
OF_CACHE(cache_faults, CACHE_FAULTS)

static void cache_written(snap *s, sink *to)
{
	if (s->cache_measured)
		value(to, NO_LABELS, (double)s->memory.written_pages);
}

/* --- disks --- */

static void each_operation(snap *s, sink *to,
			   uint64_t (*of)(const struct disk_count_snapshot *count))
{
	for (size_t i = 0; i < s->disk_count; i++)
		for (int op = 0; op < _DISK_OP_MAX; op++)
			value(to, LABELS("device", s->disks[i].name, "op", disk_op_names[op]),
			      (double)of(&s->disks[i].total[op]));
}

#define OF_OPERATION(name, field)                                                                  \
	static uint64_t name##_of(const struct disk_count_snapshot *count)                         \
	{                                                                                          \
		return count->field;                                                               \
	}                                                                                          \
	static void name(snap *s, sink *to)                                                        \
	{                                                                                          \
		each_operation(s, to, name##_of);                                                  \
	}
OF_OPERATION(disk_ios, ios)
OF_OPERATION(disk_bytes, bytes)
OF_OPERATION(disk_merged, merged)
OF_OPERATION(disk_errors, errors)
OF_OPERATION(disk_unsplit, unsplit)

/* Of operations that never happened there is nothing to tell: 30 lines each saved. */
static void each_distribution(snap *s, sink *to, bool queue)
{
	for (size_t i = 0; i < s->disk_count; i++)
		for (int op = 0; op < _DISK_OP_MAX; op++) {
			const struct disk_count_snapshot *c = &s->disks[i].total[op];

			if (c->ios)
				to->distribution(
					to->context,
					LABELS("device", s->disks[i].name, "op", disk_op_names[op]),
					queue ? &c->queue : &c->device);
		}
}

static void disk_queue(snap *s, sink *to)
{
	each_distribution(s, to, true);
}

static void disk_device(snap *s, sink *to)
{
	each_distribution(s, to, false);
}

static void disk_in_flight(snap *s, sink *to)
{
	for (size_t i = 0; i < s->disk_count; i++)
		if (s->disks[i].known)
			value(to, LABELS("device", s->disks[i].name),
			      (double)s->disks[i].in_flight);
}

/* --- the node, from the kernel's own files --- */

static void pressure(snap *s, sink *to)
{
	for (int of = 0; of < _PRESSURE_MAX; of++) {
		const struct pressure *p = &s->pressure_total[of];

		if (!p->known)
			continue;
		value(to, LABELS("of", pressure_names[of], "stalled", "some"),
		      in_seconds(p->some_ns));
		value(to, LABELS("of", pressure_names[of], "stalled", "full"),
		      in_seconds(p->full_ns));
	}
}

static void memory(snap *s, sink *to)
{
	const struct memory *m = &s->memory;

	if (!m->known)
		return;
	value(to, LABELS("state", "total"), (double)m->total_bytes);
	value(to, LABELS("state", "available"), (double)m->available_bytes);
	value(to, LABELS("state", "free"), (double)m->free_bytes);
	value(to, LABELS("state", "cached"), (double)m->cached_bytes);
	value(to, LABELS("state", "dirty"), (double)m->dirty_bytes);
	value(to, LABELS("state", "writeback"), (double)m->writeback_bytes);
	value(to, LABELS("state", "swap_total"), (double)m->swap_total_bytes);
	value(to, LABELS("state", "swap_free"), (double)m->swap_free_bytes);
	file_memory(m, to);
}

static void major_faults(snap *s, sink *to)
{
	if (s->memory.known)
		value(to, NO_LABELS, (double)s->memory.major_faults);
}

static void oom_kills(snap *s, sink *to)
{
	if (s->memory.known)
		value(to, NO_LABELS, (double)s->memory.oom_kills);
}

static void each_way(snap *s, sink *to, uint64_t (*of)(const struct interface_way *way))
{
	for (size_t i = 0; i < s->network_total.count; i++) {
		const struct interface *one = &s->network_total.interfaces[i];

		value(to, LABELS("interface", one->name, "way", "received"),
		      (double)of(&one->received));
		value(to, LABELS("interface", one->name, "way", "sent"), (double)of(&one->sent));
	}
}

#define OF_WAY(name, field)                                                                        \
	static uint64_t name##_of(const struct interface_way *way)                                 \
	{                                                                                          \
		return way->field;                                                                 \
	}                                                                                          \
	static void name(snap *s, sink *to)                                                        \
	{                                                                                          \
		each_way(s, to, name##_of);                                                        \
	}
OF_WAY(network_bytes, bytes)
OF_WAY(network_packets, packets)
OF_WAY(network_errors, errors)
OF_WAY(network_dropped, dropped)

/* --- cgroups --- */

#define OF_CGROUP(c) "cgroup", (c)->path, "pod", (c)->pod, "container", (c)->container

static void each_cgroup_cache(snap *s, sink *to, enum cache_count count)
{
	for (size_t i = 0; i < s->cgroup_count; i++)
		if (s->cgroups[i].cache_total[count])
			value(to, LABELS(OF_CGROUP(&s->cgroups[i])),
			      (double)s->cgroups[i].cache_total[count]);
}

#define OF_CGROUP_CACHE(name, count)                                                               \
	static void name(snap *s, sink *to)                                                        \
	{                                                                                          \
		each_cgroup_cache(s, to, count);                                                   \
	}
OF_CGROUP_CACHE(cgroup_cache_accesses, CACHE_ACCESSES)
OF_CGROUP_CACHE(cgroup_cache_misses, CACHE_MISSES)
OF_CGROUP_CACHE(cgroup_cache_fills, CACHE_FILLS)
OF_CGROUP_CACHE(cgroup_cache_evictions, CACHE_EVICTIONS)
OF_CGROUP_CACHE(cgroup_cache_dirtied, CACHE_DIRTIED)

static void cgroup_wait(snap *s, sink *to)
{
	for (size_t i = 0; i < s->cgroup_count; i++) {
		const struct cgroup_snapshot *c = &s->cgroups[i];

		if (c->sched_total[SCHED_WAITS])
			to->native(to->context, LABELS(OF_CGROUP(c)), c->sched_total[SCHED_WAITS],
				   in_seconds(c->sched_total[SCHED_WAIT_NS]), &c->wait_total);
	}
}

static void each_cgroup(snap *s, sink *to, enum sched_count count)
{
	bool is_time = sched_count_names[count].is_time;

	for (size_t i = 0; i < s->cgroup_count; i++) {
		const struct cgroup_snapshot *c = &s->cgroups[i];
		uint64_t n = c->sched_total[count];

		if (n)
			value(to, LABELS(OF_CGROUP(c)), is_time ? in_seconds(n) : (double)n);
	}
}

#define OF_SCHED(name, count)                                                                      \
	static void name(snap *s, sink *to)                                                        \
	{                                                                                          \
		each_cgroup(s, to, count);                                                         \
	}
OF_SCHED(cgroup_switches, SCHED_WAITS)
OF_SCHED(cgroup_run, SCHED_RUN_NS)

static void cgroup_off_cpu(snap *s, sink *to)
{
	for (size_t i = 0; i < s->cgroup_count; i++) {
		const struct cgroup_snapshot *c = &s->cgroups[i];
		const uint64_t *n = c->sched_total;

		if (n[SCHED_SLEPT_NS])
			value(to, LABELS(OF_CGROUP(c), "why", "slept"),
			      in_seconds(n[SCHED_SLEPT_NS]));
		if (n[SCHED_PREEMPTED_NS])
			value(to, LABELS(OF_CGROUP(c), "why", "preempted"),
			      in_seconds(n[SCHED_PREEMPTED_NS]));
	}
}

static void cgroup_migrations(snap *s, sink *to)
{
	for (size_t i = 0; i < s->cgroup_count; i++) {
		const struct cgroup_snapshot *c = &s->cgroups[i];
		const uint64_t *n = c->sched_total;
		uint64_t all = n[SCHED_MOVED_NEAR] + n[SCHED_MOVED_CACHE] + n[SCHED_MOVED_NODE];

		if (all)
			value(to, LABELS(OF_CGROUP(c)), (double)all);
	}
}

static void each_share(snap *s, sink *to, bool bytes)
{
	for (size_t i = 0; i < s->cgroup_count; i++) {
		const struct cgroup_snapshot *c = &s->cgroups[i];

		for (int op = 0; op < _DISK_OP_MAX; op++)
			if (c->disks_total[op].ios)
				value(to, LABELS(OF_CGROUP(c), "op", disk_op_names[op]),
				      (double)(bytes ? c->disks_total[op].bytes
						     : c->disks_total[op].ios));
	}
}

static void cgroup_ios(snap *s, sink *to)
{
	each_share(s, to, false);
}

static void cgroup_bytes(snap *s, sink *to)
{
	each_share(s, to, true);
}

/* What a row does not say is NULL and false. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
const struct family families[] = {
	{ "fairlead_build_info", FAMILY_INFO, "", "version", "Which build this is.", build_info },
	{ "fairlead_subject_up", FAMILY_GAUGE, "", "subject, hook",
	  "1 when the subject is measured, and by which hook of the kernel; 0 when it is off.",
	  subject_up },
	{ "fairlead_hook_up", FAMILY_GAUGE, "", "subject, event, hook, reason",
	  "1 when an event of the kernel is heard of, and by which hook; 0 when it is not: what "
	  "it tells is not measured. reason: why not, or why not by the best hook.",
	  hook_up },
	{ "fairlead_loop_lag_seconds", FAMILY_GAUGE, "seconds", "",
	  "How late the agent's loop was at most since it started.", loop_lag },
	{ "fairlead_resident_bytes", FAMILY_GAUGE, "bytes", "process",
	  "Resident memory of Fairlead's own processes.", resident },
	{ "fairlead_bpf_run_seconds_total", FAMILY_COUNTER, "seconds", "subject, program",
	  "CPU time that a BPF program took, estimated from 1 run in 1,024; getting in and out of "
	  "it is not in there.",
	  bpf_run },
	{ "fairlead_bpf_runs_total", FAMILY_COUNTER, "", "subject, program",
	  "How often a BPF program ran.", bpf_runs },
	{ "fairlead_detail_on", FAMILY_GAUGE, "", "detail",
	  "1 while a detail that is wanted is measured, 0 while it is left out to keep to bpf_budget.",
	  detail_on },
	{ "fairlead_lost_total", FAMILY_COUNTER, "", "where",
	  "What could not be counted, measured or answered; docs/http.md says what each is.",
	  lost },
	{ "fairlead_otlp_sent_total", FAMILY_COUNTER, "", "",
	  "Pushes that arrived; absent while otlp.endpoint is empty.", otlp_sent },
	{ "fairlead_otlp_retries_total", FAMILY_COUNTER, "", "",
	  "Attempts to push that failed and are made again.", otlp_retries },
	{ "fairlead_otlp_waiting", FAMILY_GAUGE, "", "", "Pushes that wait to be sent.",
	  otlp_waiting },
	{ "fairlead_otlp_queue_bytes", FAMILY_GAUGE, "bytes", "",
	  "Bytes of the pushes that wait to be sent.", otlp_waiting_bytes },
	{ "fairlead_sched_wait_seconds", FAMILY_HISTOGRAM, "seconds", "cpu",
	  "How long tasks that could run waited for a CPU.", sched_wait },
	{ "fairlead_sched_switches_total", FAMILY_COUNTER, "", "cpu",
	  "How often a CPU went from one task to another, or to idle.", sched_switches },
	{ "fairlead_sched_preemptions_total", FAMILY_COUNTER, "", "cpu",
	  "How often a task lost the CPU though it could run on.", sched_preemptions },
	{ "fairlead_sched_wakeups_total", FAMILY_COUNTER, "", "cpu",
	  "Tasks that were woken or started, counted when they got the CPU.", sched_wakeups },
	{ "fairlead_sched_run_seconds_total", FAMILY_COUNTER, "seconds", "cpu",
	  "For how long a CPU ran tasks.", sched_run },
	{ "fairlead_sched_idle_seconds_total", FAMILY_COUNTER, "seconds", "cpu",
	  "For how long a CPU had nothing to run.", sched_idle },
	{ "fairlead_sched_queued", FAMILY_GAUGE, "", "cpu",
	  "Tasks that waited for the CPU when the last one got it.", sched_queued },
	{ "fairlead_sched_off_cpu_seconds_total", FAMILY_COUNTER, "seconds", "why",
	  "How long tasks that came back had been off the CPU, of their own will (slept) or not "
	  "(preempted); waiting to get it again included.",
	  sched_off_cpu },
	{ "fairlead_sched_migrations_total", FAMILY_COUNTER, "", "to",
	  "Tasks that were moved to a CPU with the same last cache, another one, another node.",
	  sched_migrations },
	{ "fairlead_sched_tasks_total", FAMILY_COUNTER, "", "event",
	  "Tasks, which threads are as well, that started, exited, ran another program (exec).",
	  sched_tasks },
	{ "fairlead_cache_page_accesses_total", FAMILY_COUNTER, "", "",
	  "Pages that were read through the page cache. Of a large read of what is not there yet, "
	  "the kernel may leave out the first pages.",
	  cache_accesses },
	{ "fairlead_cache_reads_total", FAMILY_COUNTER, "", "",
	  "Requests to read pages through the page cache.", cache_reads },
	{ "fairlead_cache_demand_misses_total", FAMILY_COUNTER, "", "",
	  "Requests whose first page was not in the page cache, so that the reader waited.",
	  cache_misses },
	{ "fairlead_cache_page_fills_total", FAMILY_COUNTER, "", "",
	  "Pages that were put into the page cache.", cache_fills },
	{ "fairlead_cache_page_evictions_total", FAMILY_COUNTER, "", "",
	  "Pages that were taken out of the page cache, by need of memory or with their file.",
	  cache_evictions },
	{ "fairlead_cache_pages_dirtied_total", FAMILY_COUNTER, "", "",
	  "Pages of files that were changed while they were clean.", cache_dirtied },
	{ "fairlead_cache_pages_written_back_total", FAMILY_COUNTER, "", "",
	  "Pages of files that were written back since boot, as /proc/vmstat has it.",
	  cache_written, .since_boot = true },
	{ "fairlead_cache_mmap_faults_total", FAMILY_COUNTER, "", "",
	  "Faults on mapped files that found no page mapped around them.", cache_faults },
	{ "fairlead_disk_ios_total", FAMILY_COUNTER, "", "device, op",
	  "Requests given to the device, as /proc/diskstats counts them.", disk_ios,
	  .semantic = &semantic_disk_operations },
	{ "fairlead_disk_io_bytes_total", FAMILY_COUNTER, "bytes", "device, op",
	  "Bytes of the requests given to the device.", disk_bytes, .semantic = &semantic_disk_io },
	{ "fairlead_disk_merged_total", FAMILY_COUNTER, "", "device, op",
	  "Requests that joined another one before it was given to the device.", disk_merged,
	  .semantic = &semantic_disk_merged },
	{ "fairlead_disk_errors_total", FAMILY_COUNTER, "", "device, op", "Requests that failed.",
	  disk_errors },
	{ "fairlead_disk_unsplit_total", FAMILY_COUNTER, "", "device, op",
	  "Requests whose time in the queue is in fairlead_disk_device_seconds, as the kernel did "
	  "not note when they were started.",
	  disk_unsplit },
	{ "fairlead_disk_queue_seconds", FAMILY_HISTOGRAM, "seconds", "device, op",
	  "From the making of a request to its start on the device.", disk_queue },
	{ "fairlead_disk_device_seconds", FAMILY_HISTOGRAM, "seconds", "device, op",
	  "From the start of a request on the device to its end.", disk_device },
	{ "fairlead_disk_in_flight", FAMILY_GAUGE, "", "device",
	  "Requests that the device has now.", disk_in_flight },
	{ "fairlead_pressure_seconds_total", FAMILY_COUNTER, "seconds", "of, stalled",
	  "For how long some task, or all that could have run, stood still for want of this.",
	  pressure, .since_boot = true },
	{ "fairlead_memory_bytes", FAMILY_GAUGE, "bytes", "state",
	  "The node's memory, as /proc/meminfo has it.", memory },
	{ "fairlead_memory_major_faults_total", FAMILY_COUNTER, "", "",
	  "Page faults that had to wait for a disk.", major_faults,
	  .semantic = &semantic_paging_faults, .since_boot = true },
	{ "fairlead_memory_oom_kills_total", FAMILY_COUNTER, "", "",
	  "Processes that the kernel killed for want of memory.", oom_kills, .since_boot = true },
	{ "fairlead_network_bytes_total", FAMILY_COUNTER, "bytes", "interface, way",
	  "Bytes that an interface received or sent.", network_bytes,
	  .semantic = &semantic_network_io, .since_boot = true },
	{ "fairlead_network_packets_total", FAMILY_COUNTER, "", "interface, way",
	  "Packets that an interface received or sent.", network_packets,
	  .semantic = &semantic_network_packets, .since_boot = true },
	{ "fairlead_network_errors_total", FAMILY_COUNTER, "", "interface, way",
	  "Packets that an interface could not receive or send.", network_errors,
	  .semantic = &semantic_network_errors, .since_boot = true },
	{ "fairlead_network_dropped_total", FAMILY_COUNTER, "", "interface, way",
	  "Packets that an interface or its queue dropped.", network_dropped,
	  .semantic = &semantic_network_dropped, .since_boot = true },
	{ "fairlead_cgroup_sched_wait_seconds", FAMILY_NATIVE, "seconds", "cgroup, pod, container",
	  "How long a cgroup's tasks that could run waited for a CPU.", cgroup_wait },
	{ "fairlead_cgroup_sched_switches_total", FAMILY_COUNTER, "", "cgroup, pod, container",
	  "How often a cgroup's tasks got a CPU.", cgroup_switches },
	{ "fairlead_cgroup_sched_run_seconds_total", FAMILY_COUNTER, "seconds",
	  "cgroup, pod, container", "For how long a cgroup's tasks ran.", cgroup_run },
	{ "fairlead_cgroup_sched_off_cpu_seconds_total", FAMILY_COUNTER, "seconds",
	  "cgroup, pod, container, why",
	  "How long a cgroup's tasks that came back had been off the CPU.", cgroup_off_cpu },
	{ "fairlead_cgroup_sched_migrations_total", FAMILY_COUNTER, "", "cgroup, pod, container",
	  "How often a cgroup's tasks were moved to another CPU.", cgroup_migrations },
	{ "fairlead_cgroup_cache_page_accesses_total", FAMILY_COUNTER, "", "cgroup, pod, container",
	  "Pages that a cgroup's tasks read through the page cache.", cgroup_cache_accesses },
	{ "fairlead_cgroup_cache_demand_misses_total", FAMILY_COUNTER, "", "cgroup, pod, container",
	  "Requests of a cgroup's tasks whose first page was not in the page cache.",
	  cgroup_cache_misses },
	{ "fairlead_cgroup_cache_page_fills_total", FAMILY_COUNTER, "", "cgroup, pod, container",
	  "Pages that a cgroup's tasks put into the page cache.", cgroup_cache_fills },
	{ "fairlead_cgroup_cache_page_evictions_total", FAMILY_COUNTER, "",
	  "cgroup, pod, container", "Pages that a cgroup's tasks took out of the page cache.",
	  cgroup_cache_evictions },
	{ "fairlead_cgroup_cache_pages_dirtied_total", FAMILY_COUNTER, "", "cgroup, pod, container",
	  "Pages of files that a cgroup's tasks changed while they were clean.",
	  cgroup_cache_dirtied },
	{ "fairlead_cgroup_disk_ios_total", FAMILY_COUNTER, "", "cgroup, pod, container, op",
	  "Requests given to all devices for a cgroup.", cgroup_ios },
	{ "fairlead_cgroup_disk_io_bytes_total", FAMILY_COUNTER, "bytes",
	  "cgroup, pod, container, op", "Bytes of the requests given to all devices for a cgroup.",
	  cgroup_bytes },
	{ "fairlead_cpu_seconds_total", FAMILY_COUNTER, "seconds", "cpu, mode",
	  "What a CPU spent its time on since boot, as /proc/stat has it.", file_cpu,
	  .semantic = &semantic_cpu_time, .since_boot = true },
	{ "fairlead_load_average", FAMILY_GAUGE, "", "over",
	  "Tasks that ran, could have run or waited for a disk, averaged over a time.", file_load },
	{ "fairlead_context_switches_total", FAMILY_COUNTER, "", "", "Context switches since boot.",
	  file_context_switches, .since_boot = true },
	{ "fairlead_interrupts_total", FAMILY_COUNTER, "", "", "Interrupts served since boot.",
	  file_interrupts, .since_boot = true },
	{ "fairlead_forks_total", FAMILY_COUNTER, "", "", "Processes and threads made since boot.",
	  file_forks, .semantic = &semantic_process_created, .since_boot = true },
	{ "fairlead_tasks", FAMILY_GAUGE, "", "state",
	  "Tasks that run or could (running), and those that wait for a disk (blocked).",
	  file_tasks },
	{ "fairlead_boot_time_seconds", FAMILY_GAUGE, "seconds", "",
	  "When the node booted, in seconds since 1970.", file_boot_time },
	{ "fairlead_open_files", FAMILY_GAUGE, "", "state",
	  "Open files of the node (open) and how many there may be (limit).", file_open_files },
	{ "fairlead_memory_faults_total", FAMILY_COUNTER, "", "",
	  "Page faults of all kinds since boot.", file_faults, .since_boot = true },
	{ "fairlead_memory_paged_bytes_total", FAMILY_COUNTER, "bytes", "way",
	  "Bytes brought in from disks and written out to them since boot.", file_paged,
	  .since_boot = true },
	{ "fairlead_memory_swapped_bytes_total", FAMILY_COUNTER, "bytes", "way",
	  "Bytes brought in from swap and written out to it since boot.", file_swapped,
	  .since_boot = true },
	{ "fairlead_memory_scanned_pages_total", FAMILY_COUNTER, "", "by",
	  "Pages looked at to win memory: by kswapd in the background, or direct, by who wanted "
	  "it.",
	  file_scanned, .since_boot = true },
	{ "fairlead_memory_reclaimed_pages_total", FAMILY_COUNTER, "", "", "Pages won by looking.",
	  file_reclaimed, .since_boot = true },
	{ "fairlead_huge_pages_total", FAMILY_COUNTER, "", "event",
	  "Transparent huge pages given at a fault, not to be had (fallback), collapsed from "
	  "small ones, split into them.",
	  file_huge_pages, .since_boot = true },
	{ "fairlead_ksm_pages", FAMILY_GAUGE, "", "state",
	  "Pages that KSM keeps once (shared), that it saved so (sharing), that are alike none "
	  "(unshared), that change too fast (volatile).",
	  file_ksm_pages },
	{ "fairlead_ksm_scans_total", FAMILY_COUNTER, "", "",
	  "How often KSM went through all memory that it may.", file_ksm_scans,
	  .since_boot = true },
	{ "fairlead_zram_bytes", FAMILY_GAUGE, "bytes", "device, state",
	  "What is stored in a zram device, what is left of it compressed, and the memory used.",
	  file_zram_bytes },
	{ "fairlead_zram_failed_total", FAMILY_COUNTER, "", "device, op",
	  "Requests that a zram device could not serve.", file_zram_failed, .since_boot = true },
	{ "fairlead_filesystem_bytes", FAMILY_GAUGE, "bytes", "mountpoint, device, type, state",
	  "Size of a filesystem on a disk, what is free, and what of that is for others than "
	  "root (available). A device that is mounted often is shown once.",
	  file_filesystem_bytes },
	{ "fairlead_filesystem_inodes", FAMILY_GAUGE, "", "mountpoint, device, type, state",
	  "How many files a filesystem can have, and how many more (free).",
	  file_filesystem_inodes },
	{ "fairlead_filesystem_readonly", FAMILY_GAUGE, "", "mountpoint, device, type",
	  "1 when the filesystem is read-only, as it becomes upon errors.",
	  file_filesystem_readonly },
	{ "fairlead_disk_busy_seconds_total", FAMILY_COUNTER, "seconds", "device",
	  "For how long a disk had anything to do since boot, as /proc/diskstats has it.",
	  file_disk_busy, .semantic = &semantic_disk_io_time, .since_boot = true },
	{ "fairlead_not_read", FAMILY_GAUGE, "", "what",
	  "What of the kernel's files is not in these metrics: cgroups, filesystems, disks and "
	  "zram devices beyond the most that are shown, and files and filesystems that the agent "
	  "may not read.",
	  file_not_read },
	{ "fairlead_cgroup_hierarchy_info", FAMILY_INFO, "", "of, hierarchy",
	  "Which hierarchy the cgroups' own counts of this come from: v1 or v2.", file_hierarchy },
	{ "fairlead_cgroup_cpu_seconds_total", FAMILY_COUNTER, "seconds",
	  "cgroup, pod, container, mode", "CPU time that a cgroup used, with all below it.",
	  file_cgroup_cpu, .since_boot = true },
	{ "fairlead_cgroup_throttled_seconds_total", FAMILY_COUNTER, "seconds",
	  "cgroup, pod, container",
	  "For how long a cgroup that has a CPU quota had to stand still for it.",
	  file_cgroup_throttled, .since_boot = true },
	{ "fairlead_cgroup_memory_bytes", FAMILY_GAUGE, "bytes", "cgroup, pod, container, state",
	  "Memory of a cgroup, with all below it: used, and the limit where there is one.",
	  file_cgroup_memory },
	{ "fairlead_cgroup_oom_kills_total", FAMILY_COUNTER, "", "cgroup, pod, container",
	  "Processes that the kernel killed because a cgroup was at its limit of memory; in v2 "
	  "with all below it.",
	  file_cgroup_oom_kills, .since_boot = true },
	{ "fairlead_cgroup_pressure_seconds_total", FAMILY_COUNTER, "seconds",
	  "cgroup, pod, container, of, stalled",
	  "For how long some task of a cgroup or below it stood still for want of memory or io; of "
	  "CPUs fairlead_cgroup_sched_wait_seconds tells.",
	  file_cgroup_pressure, .since_boot = true },
	{ NULL, FAMILY_LEVEL, "bytes", "system.memory.state",
	  "The node's memory: used is what is not available to a program that wants some.",
	  semantic_memory_by_state, .semantic = &semantic_memory_usage },
	{ NULL, FAMILY_LEVEL, "bytes", "", "The memory that the node has.", semantic_memory_whole,
	  .semantic = &semantic_memory_limit },
	{ NULL, FAMILY_LEVEL, "bytes", "", "What a program that wants memory could have of it.",
	  semantic_memory_free, .semantic = &semantic_memory_available },
	{ NULL, FAMILY_LEVEL, "bytes", "system.paging.state", "Swap, used and free.",
	  semantic_paging_by_state, .semantic = &semantic_paging_usage },
	{ NULL, FAMILY_LEVEL, "bytes", "mountpoint, device, type, system.filesystem.state",
	  "A filesystem on a disk, used, free, and free for root alone (reserved).",
	  semantic_filesystem_by_state, .semantic = &semantic_filesystem_usage },
	{ NULL, FAMILY_LEVEL, "bytes", "mountpoint, device, type", "The size of a filesystem.",
	  semantic_filesystem_whole, .semantic = &semantic_filesystem_limit },
};
const size_t family_count = sizeof(families) / sizeof(families[0]);
