/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/snapshot/snapshot.h"
#include "exporters/json/files.h"
#include "exporters/json/json.h"
#include "exporters/json/room.h"

#define SCHEMA "fairlead/snapshot/v1"

static json_t *seconds(uint64_t ns)
{
	return json_real((double)ns / (double)NS_PER_SEC);
}

static json_t *distribution(const struct hist *h)
{
	json_t *buckets = json_array();
	uint64_t max_ns = 0;

	for (unsigned int i = 0; i < FL_HIST_SLOTS; i++) {
		bool open = i == FL_HIST_SLOTS - 1; /* has no end: null */

		if (!h->slots[i])
			continue;
		max_ns = hist_slot_end_ns(i);
		json_array_append_new(buckets,
				      json_pack("[oI]", open ? json_null() : seconds(max_ns),
						(json_int_t)h->slots[i]));
	}
	return json_pack("{sI so so so so so so}", "count", (json_int_t)hist_count(h),
			 "sum_seconds", seconds(h->sum_ns), "p50_seconds",
			 seconds(hist_quantile_ns(h, 0.5)), "p90_seconds",
			 seconds(hist_quantile_ns(h, 0.9)), "p99_seconds",
			 seconds(hist_quantile_ns(h, 0.99)), "max_seconds", seconds(max_ns),
			 "buckets", buckets);
}

/* Each in the window, and in all by its name with _total. */
static void add_counts(json_t *to, const struct count_name *names, const uint64_t *window,
		       const uint64_t *total, size_t count)
{
	char key[64];

	for (size_t i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "%s_total", names[i].name);
		json_object_set_new(to, names[i].name,
				    names[i].is_time ? seconds(window[i])
						     : json_integer((json_int_t)window[i]));
		json_object_set_new(to, key,
				    names[i].is_time ? seconds(total[i])
						     : json_integer((json_int_t)total[i]));
	}
}

static json_t *cpu(const struct cpu_snapshot *c)
{
	json_t *all = json_pack("{si sb sI so}", "cpu", (int)c->cpu, "online", (int)c->online,
				"queued", (json_int_t)c->queued, "wait", distribution(&c->wait));

	add_counts(all, sched_count_names, c->sched, c->sched_total, _SCHED_COUNT_MAX);
	json_files_cpu(all, c);
	return all;
}

static json_t *share_operation(const struct share_snapshot *s, int op)
{
	const struct share_count *window = &s->op[op], *total = &s->total[op];
	const struct share_times *t = s->times;
	uint64_t back = t ? hist_count(&t->total[op].device) + t->total[op].untimed : 0;

	return json_pack("{sI sI sI so so sI sI sI so}", "ios", (json_int_t)window->ios, "bytes",
			 (json_int_t)window->bytes, "errors", (json_int_t)window->errors, "queue",
			 t ? distribution(&t->op[op].queue) : json_null(), "device",
			 t ? distribution(&t->op[op].device) : json_null(), "ios_total",
			 (json_int_t)total->ios, "bytes_total", (json_int_t)total->bytes,
			 "errors_total", (json_int_t)total->errors, "completed_total",
			 t ? json_integer((json_int_t)back) : json_null());
}

static json_t *share(const struct share_snapshot *s)
{
	json_t *operations = json_object();

	for (int op = 0; op < _DISK_OP_MAX; op++)
		if (s->total[op].ios)
			json_object_set_new(operations, disk_op_names[op], share_operation(s, op));
	return json_pack("{ss sb so}", "disk", s->disk, "bio_based", (int)s->bio_based,
			 "operations", operations);
}

static json_t *cgroup(const struct snapshot *s, const struct cgroup_snapshot *c)
{
	json_t *disks = json_array(), *cache = json_object(), *all;

	for (size_t i = 0; i < s->share_count; i++)
		if (s->shares[i].cgroup == c->number)
			json_array_append_new(disks, share(&s->shares[i]));
	all = json_pack("{sI so ss ss so so so}", "id", (json_int_t)c->id, "path",
			json_name(c->path), "pod", c->pod, "container", c->container, "unit",
			json_name(c->unit), "wait", distribution(&c->wait), "disks", disks);
	add_counts(all, sched_count_names, c->sched, c->sched_total, _SCHED_CGROUP_MAX);
	add_counts(cache, cache_count_names, c->cache, c->cache_total, _CACHE_COUNT_MAX);
	json_object_set_new(all, "cache", cache);
	json_files_cgroup(all, c);
	return all;
}

static json_t *operation(const struct disk_count_snapshot *op,
			 const struct disk_count_snapshot *total)
{
	return json_pack("{sI sI sI sI so so sI sI sI sI sI sI sI}", "ios", (json_int_t)op->ios,
			 "bytes", (json_int_t)op->bytes, "merged", (json_int_t)op->merged, "errors",
			 (json_int_t)op->errors, "queue", distribution(&op->queue), "device",
			 distribution(&op->device), "ios_total", (json_int_t)total->ios,
			 "bytes_total", (json_int_t)total->bytes, "completed_total",
			 (json_int_t)total->completed, "merged_total", (json_int_t)total->merged,
			 "errors_total", (json_int_t)total->errors, "unsplit_total",
			 (json_int_t)total->unsplit, "untimed_total", (json_int_t)total->untimed);
}

static json_t *disk(const struct disk_snapshot *d)
{
	json_t *operations = json_object();
	char number[32];

	snprintf(number, sizeof(number), "%u:%u", d->major, d->minor);
	for (int op = 0; op < _DISK_OP_MAX; op++)
		json_object_set_new(operations, disk_op_names[op],
				    operation(&d->op[op], &d->total[op]));
	return json_pack("{ss ss sb so so}", "name", d->name, "number", number, "bio_based",
			 (int)d->bio_based, "in_flight",
			 d->known ? json_integer((json_int_t)d->in_flight) : json_null(),
			 "operations", operations);
}

static json_t *disks(const struct snapshot *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->disk_count; i++)
		json_array_append_new(list, disk(&s->disks[i]));
	return list;
}

static json_t *caches(const struct snapshot *s)
{
	json_t *all = json_object();

	add_counts(all, cache_count_names, s->cache, s->cache_total, _CACHE_COUNT_MAX);
	json_object_set_new(all, "pages_written_back", json_integer((json_int_t)s->written_back));
	json_object_set_new(all, "pages_written_back_total",
			    json_integer((json_int_t)s->memory.written_pages));
	return all;
}

static json_t *programs(const struct snapshot *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->program_count; i++) {
		const struct program_snapshot *p = &s->programs[i];

		json_array_append_new(
			list, json_pack("{ss ss sI so sI so}", "subject", p->subject, "event",
					p->event, "runs", (json_int_t)p->runs, "seconds",
					seconds(p->ns), "runs_total", (json_int_t)p->runs_total,
					"seconds_total", seconds(p->ns_total)));
	}
	return list;
}

static json_t *details(const struct snapshot *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->detail_count; i++)
		json_array_append_new(list, json_pack("{ss sb sb}", "name", s->details[i].name,
						      "wanted", (int)s->details[i].wanted, "on",
						      (int)s->details[i].on));
	return list;
}

static json_t *waiters(const struct snapshot *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->waiter_count; i++) {
		const struct waiter_snapshot *w = &s->waiters[i];
		const struct cgroup_snapshot *c = snapshot_cgroup(s, w->cgroup);

		json_array_append_new(
			list,
			json_pack("{sI so so sI so so}", "thread", (json_int_t)w->thread, "name",
				  json_name(w->name), "cgroup", json_name(c ? c->path : ""),
				  "waits", (json_int_t)w->waits, "wait_seconds",
				  seconds(w->wait_ns), "longest_seconds", seconds(w->longest_ns)));
	}
	return list;
}

static json_t *subject(const struct subject_snapshot *s)
{
	return json_pack("{ss ss ss ss}", "name", s->name, "state", finding_state_names[s->state],
			 "hook", s->hook, "reason", s->reason);
}

static json_t *node(const struct snapshot *s)
{
	struct hist wait = snapshot_node_wait(s);
	size_t online = 0;

	for (size_t i = 0; i < s->cpu_count; i++)
		online += s->cpus[i].online;
	return json_pack("{so ss ss sI sI so so}", "name", json_name(s->host), "kernel", s->kernel,
			 "architecture", s->machine, "cpus_possible", (json_int_t)s->cpu_count,
			 "cpus_online", (json_int_t)online, "uptime_seconds", seconds(s->uptime_ns),
			 "wait", distribution(&wait));
}

static json_t *push(const struct push_snapshot *p)
{
	if (!p->on)
		return json_null();
	return json_pack("{sI sI sI sI sb so}", "sent_total", (json_int_t)p->sent, "retries_total",
			 (json_int_t)p->retries, "waiting", (json_int_t)p->waiting, "waiting_bytes",
			 (json_int_t)p->waiting_bytes, "failing", p->failing, "why",
			 json_name(p->why));
}

static json_t *agent(const struct agent_snapshot *a)
{
	if (!a->present)
		return json_null();
	return json_pack("{so so sI sI sI sI so}", "uptime_seconds", seconds(a->uptime_ns),
			 "loop_lag_max_seconds", seconds(a->loop_lag_max_ns), "samples_total",
			 (json_int_t)a->ticks, "rss_bytes", (json_int_t)a->rss_bytes,
			 "warden_rss_bytes", (json_int_t)a->warden_rss_bytes, "connections",
			 (json_int_t)a->connections, "otlp", push(&a->push));
}

static json_t *pressure(const struct snapshot *s)
{
	json_t *all = json_object();

	for (int of = 0; of < _PRESSURE_MAX; of++)
		json_object_set_new(
			all, pressure_names[of],
			!s->pressure_total[of].known
				? json_null()
				: json_pack("{so so so so}", "some_seconds",
					    seconds(s->pressure[of].some_ns), "full_seconds",
					    seconds(s->pressure[of].full_ns), "some_seconds_total",
					    seconds(s->pressure_total[of].some_ns),
					    "full_seconds_total",
					    seconds(s->pressure_total[of].full_ns)));
	return all;
}

static json_t *memory(const struct memory *m)
{
	if (!m->known)
		return json_null();
	return json_pack(
		"{sI sI sI sI sI sI sI sI sI sI}", "total_bytes", (json_int_t)m->total_bytes,
		"available_bytes", (json_int_t)m->available_bytes, "free_bytes",
		(json_int_t)m->free_bytes, "cached_bytes", (json_int_t)m->cached_bytes,
		"dirty_bytes", (json_int_t)m->dirty_bytes, "writeback_bytes",
		(json_int_t)m->writeback_bytes, "swap_total_bytes", (json_int_t)m->swap_total_bytes,
		"swap_free_bytes", (json_int_t)m->swap_free_bytes, "major_faults_total",
		(json_int_t)m->major_faults, "oom_kills_total", (json_int_t)m->oom_kills);
}

static json_t *way(const struct interface_way *window, const struct interface_way *total)
{
	return json_pack("{sI sI sI sI sI sI sI sI}", "bytes", (json_int_t)window->bytes, "packets",
			 (json_int_t)window->packets, "errors", (json_int_t)window->errors,
			 "dropped", (json_int_t)window->dropped, "bytes_total",
			 (json_int_t)total->bytes, "packets_total", (json_int_t)total->packets,
			 "errors_total", (json_int_t)total->errors, "dropped_total",
			 (json_int_t)total->dropped);
}

static json_t *network(const struct snapshot *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->network.count; i++) {
		const struct interface *window = &s->network.interfaces[i];
		const struct interface *total = &s->network_total.interfaces[i];

		json_array_append_new(list, json_pack("{so so so}", "name", json_name(total->name),
						      "received",
						      way(&window->received, &total->received),
						      "sent", way(&window->sent, &total->sent)));
	}
	return list;
}

char *json_snapshot(const struct snapshot *s)
{
	/* null: a part of the node that this version does not measure; never an empty list */
	static const char *const unmeasured[] = { "pools", "jobs" };
	CLEANUP(json_freep) json_t *root = NULL;
	json_t *cpus = json_array(), *cgroups = json_array(), *subjects = json_array();
	char time[CLOCK_TEXT];

	for (size_t i = 0; i < s->cpu_count; i++)
		json_array_append_new(cpus, cpu(&s->cpus[i]));
	for (size_t i = 0; i < s->cgroup_count; i++)
		json_array_append_new(cgroups, cgroup(s, &s->cgroups[i]));
	for (size_t i = 0; i < s->subject_count; i++)
		json_array_append_new(subjects, subject(&s->subjects[i]));
	clock_format(time, s->wall_ns);
	root = json_pack("{ss ss so ss so so so so so}", "schema", SCHEMA, "time", time,
			 "window_seconds", seconds(s->window_ns), "version", s->version, "node",
			 node(s), "cpus", cpus, "cgroups", cgroups, "subjects", subjects, "agent",
			 agent(&s->agent));
	if (root) {
		json_object_set_new(root, "files_window_seconds",
				    s->files_window_ns ? seconds(s->files_window_ns) : json_null());
		json_object_set_new(root, "losses", json_losses(&s->lost));
		json_object_set_new(root, "pressure", pressure(s));
		json_object_set_new(root, "memory", memory(&s->memory));
		json_files_memory(json_object_get(root, "memory"), &s->memory);
		json_files_node(root, s);
		json_object_set_new(root, "network", network(s));
		json_object_set_new(root, "waiters", waiters(s));
		json_object_set_new(root, "programs", programs(s));
		json_object_set_new(root, "details", details(s));
		json_object_set_new(root, "caches", s->cache_measured ? caches(s) : json_null());
		json_object_set_new(root, "disks", s->disks_measured ? disks(s) : json_null());
	}
	for (size_t i = 0; root && i < sizeof(unmeasured) / sizeof(unmeasured[0]); i++)
		json_object_set_new(root, unmeasured[i], json_null());
	return root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
}

/* --- and back --- */

static uint64_t ns_of(const json_t *parent, const char *key)
{
	double s = json_number_value(json_object_get(parent, key));

	/* over 500 years is nonsense, and would not fit */
	return s > 0 && s < 1.6e10 ? (uint64_t)(s * (double)NS_PER_SEC + 0.5) : 0;
}

static uint64_t count_of(const json_t *parent, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(parent, key));

	return n > 0 ? (uint64_t)n : 0;
}

static struct hist read_distribution(const json_t *d)
{
	const json_t *buckets = json_object_get(d, "buckets");
	struct hist h = { .sum_ns = ns_of(d, "sum_seconds") };
	const json_t *pair;
	size_t at;

	json_array_foreach ((json_t *)buckets, at, pair) {
		const json_t *end = json_array_get(pair, 0);
		double le = json_number_value(end) * (double)NS_PER_SEC;
		json_int_t n = json_integer_value(json_array_get(pair, 1));
		unsigned int slot = json_is_null(end) ? FL_HIST_SLOTS - 1 : 0;

		while (slot < FL_HIST_SLOTS - 2 && (double)hist_slot_end_ns(slot) < le * 0.999)
			slot++;
		h.slots[slot] += n > 0 ? (uint64_t)n : 0;
	}
	return h;
}

static void read_counts(const json_t *from, const struct count_name *names, uint64_t *window,
			uint64_t *total, size_t count)
{
	char key[64];

	for (size_t i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "%s_total", names[i].name);
		window[i] = names[i].is_time ? ns_of(from, names[i].name)
					     : count_of(from, names[i].name);
		total[i] = names[i].is_time ? ns_of(from, key) : count_of(from, key);
	}
}

static void read_cpus(struct snapshot *s, const json_t *cpus)
{
	const json_t *c;
	size_t i;

	json_array_foreach ((json_t *)cpus, i, c) {
		s->cpus[i].cpu = (unsigned int)count_of(c, "cpu");
		s->cpus[i].online = json_is_true(json_object_get(c, "online"));
		s->cpus[i].wait = read_distribution(json_object_get(c, "wait"));
		s->cpus[i].queued = (uint32_t)count_of(c, "queued");
		read_counts(c, sched_count_names, s->cpus[i].sched, s->cpus[i].sched_total,
			    _SCHED_COUNT_MAX);
		s->cpus[i].wait_total.sum_ns = s->cpus[i].sched_total[SCHED_WAIT_NS];
		json_read_files_cpu(&s->cpus[i], c);
	}
}

static void read_cgroups(struct snapshot *s, const json_t *cgroups)
{
	const json_t *c;
	size_t i;

	json_array_foreach ((json_t *)cgroups, i, c) {
		struct cgroup_snapshot *to = &s->cgroups[i];

		to->id = count_of(c, "id");
		to->number = i;
		json_text(c, "path", to->path, sizeof(to->path));
		json_text(c, "pod", to->pod, sizeof(to->pod));
		json_text(c, "container", to->container, sizeof(to->container));
		json_text(c, "unit", to->unit, sizeof(to->unit));
		to->wait = read_distribution(json_object_get(c, "wait"));
		read_counts(c, sched_count_names, to->sched, to->sched_total, _SCHED_CGROUP_MAX);
		read_counts(json_object_get(c, "cache"), cache_count_names, to->cache,
			    to->cache_total, _CACHE_COUNT_MAX);
		json_read_files_cgroup(to, c);
	}
}

static struct disk_count_snapshot read_operation(const json_t *of)
{
	return (struct disk_count_snapshot){
		.ios = count_of(of, "ios"),
		.bytes = count_of(of, "bytes"),
		.merged = count_of(of, "merged"),
		.errors = count_of(of, "errors"),
		.queue = read_distribution(json_object_get(of, "queue")),
		.device = read_distribution(json_object_get(of, "device"))
	};
}

static struct disk_count_snapshot read_total(const json_t *of)
{
	return (struct disk_count_snapshot){ .ios = count_of(of, "ios_total"),
					     .bytes = count_of(of, "bytes_total"),
					     .completed = count_of(of, "completed_total"),
					     .errors = count_of(of, "errors_total"),
					     .merged = count_of(of, "merged_total"),
					     .unsplit = count_of(of, "unsplit_total"),
					     .untimed = count_of(of, "untimed_total") };
}

static void read_totals(struct snapshot *s, const json_t *root)
{
	const json_t *pressure = json_object_get(root, "pressure");
	const json_t *memory = json_object_get(root, "memory");

	for (int of = 0; of < _PRESSURE_MAX; of++) {
		const json_t *p = json_object_get(pressure, pressure_names[of]);

		s->pressure[of] = (struct pressure){ .known = json_is_object(p),
						     .some_ns = ns_of(p, "some_seconds"),
						     .full_ns = ns_of(p, "full_seconds") };
	}
	s->memory = (struct memory){ .known = json_is_object(memory),
				     .total_bytes = count_of(memory, "total_bytes"),
				     .available_bytes = count_of(memory, "available_bytes"),
				     .free_bytes = count_of(memory, "free_bytes"),
				     .cached_bytes = count_of(memory, "cached_bytes"),
				     .dirty_bytes = count_of(memory, "dirty_bytes"),
				     .writeback_bytes = count_of(memory, "writeback_bytes"),
				     .major_faults = count_of(memory, "major_faults_total"),
				     .swap_total_bytes = count_of(memory, "swap_total_bytes"),
				     .swap_free_bytes = count_of(memory, "swap_free_bytes"),
				     .oom_kills = count_of(memory, "oom_kills_total") };
}

static void read_disks(struct snapshot *s, const json_t *disks)
{
	const json_t *d;
	size_t i;

	s->disks_measured = json_is_array(disks);
	json_array_foreach ((json_t *)disks, i, d) {
		const json_t *in_flight = json_object_get(d, "in_flight");
		struct disk_snapshot *to = &s->disks[i];

		json_text(d, "name", to->name, sizeof(to->name));
		to->bio_based = json_is_true(json_object_get(d, "bio_based"));
		to->known = json_is_integer(in_flight);
		to->in_flight = count_of(d, "in_flight");
		for (int op = 0; op < _DISK_OP_MAX; op++) {
			const json_t *of = json_object_get(json_object_get(d, "operations"),
							   disk_op_names[op]);

			to->op[op] = read_operation(of);
			to->total[op] = read_total(of);
		}
	}
}

static struct interface_way read_way(const json_t *way, bool total)
{
	static const char *const keys[][2] = { { "bytes", "bytes_total" },
					       { "packets", "packets_total" },
					       { "errors", "errors_total" },
					       { "dropped", "dropped_total" } };

	return (struct interface_way){ .bytes = count_of(way, keys[0][total]),
				       .packets = count_of(way, keys[1][total]),
				       .errors = count_of(way, keys[2][total]),
				       .dropped = count_of(way, keys[3][total]) };
}

static void read_interface(struct interface *to, const json_t *from, bool total)
{
	json_text(from, "name", to->name, sizeof(to->name));
	to->received = read_way(json_object_get(from, "received"), total);
	to->sent = read_way(json_object_get(from, "sent"), total);
}

static void read_network(struct snapshot *s, const json_t *interfaces)
{
	const json_t *one;
	size_t i;

	json_array_foreach ((json_t *)interfaces, i, one) {
		if (i == INTERFACES_MAX)
			break;
		read_interface(&s->network.interfaces[i], one, false);
		read_interface(&s->network_total.interfaces[i], one, true);
		s->network.count = s->network_total.count = i + 1;
	}
}

static size_t shares_in(const json_t *cgroups)
{
	size_t i, count = 0;
	const json_t *c;

	json_array_foreach ((json_t *)cgroups, i, c) {
		count += json_array_size(json_object_get(c, "disks"));
	}
	return count;
}

static void read_share_times(struct snapshot *s, struct share_snapshot *to, int op,
			     const json_t *of)
{
	if (!s->share_times || !json_is_object(json_object_get(of, "device")))
		return;
	to->times = &s->share_times[to - s->shares];
	to->times->op[op].queue = read_distribution(json_object_get(of, "queue"));
	to->times->op[op].device = read_distribution(json_object_get(of, "device"));
}

static void read_shares(struct snapshot *s, const json_t *cgroups)
{
	struct share_snapshot *to = s->shares;
	const json_t *c, *one;
	size_t i, at;

	json_array_foreach ((json_t *)cgroups, i, c) {
		json_array_foreach (json_object_get(c, "disks"), at, one) {
			const json_t *of = json_object_get(one, "operations");

			to->cgroup = i;
			json_text(one, "disk", to->disk, sizeof(to->disk));
			to->bio_based = json_is_true(json_object_get(one, "bio_based"));
			for (int op = 0; op < _DISK_OP_MAX; op++) {
				const json_t *counts = json_object_get(of, disk_op_names[op]);

				to->op[op].ios = count_of(counts, "ios");
				to->op[op].bytes = count_of(counts, "bytes");
				read_share_times(s, to, op, counts);
				to->op[op].errors = count_of(counts, "errors");
				to->total[op].errors = count_of(counts, "errors_total");
				to->total[op].ios = count_of(counts, "ios_total");
				to->total[op].bytes = count_of(counts, "bytes_total");
				s->cgroups[i].disks_total[op].ios += to->total[op].ios;
				s->cgroups[i].disks_total[op].bytes += to->total[op].bytes;
			}
			to++;
		}
	}
}

static void read_caches(struct snapshot *s, const json_t *caches)
{
	s->cache_measured = json_is_object(caches);
	read_counts(caches, cache_count_names, s->cache, s->cache_total, _CACHE_COUNT_MAX);
	s->written_back = count_of(caches, "pages_written_back");
	s->memory.written_pages = count_of(caches, "pages_written_back_total");
}

/* Cgroups were read before: their paths name them. */
static void read_waiters(struct snapshot *s, const json_t *waiters)
{
	const json_t *one;
	size_t i;

	json_array_foreach ((json_t *)waiters, i, one) {
		struct waiter_snapshot *to = &s->waiters[i];
		char path[CGROUP_PATH_MAX];

		if (i == WAITERS_MAX)
			break;
		json_text(one, "cgroup", path, sizeof(path));
		to->thread = (uint32_t)count_of(one, "thread");
		json_text(one, "name", to->name, sizeof(to->name));
		to->waits = count_of(one, "waits");
		to->wait_ns = ns_of(one, "wait_seconds");
		to->longest_ns = ns_of(one, "longest_seconds");
		for (size_t c = 0; c < s->cgroup_count; c++)
			if (!strcmp(s->cgroups[c].path, path))
				to->cgroup = s->cgroups[c].number;
		s->waiter_count = i + 1;
	}
}

static void read_programs(struct snapshot *s, const json_t *programs)
{
	const json_t *one;
	size_t i;

	json_array_foreach ((json_t *)programs, i, one) {
		struct program_snapshot *to = &s->programs[i];

		if (i == PROGRAMS_MAX)
			break;
		json_text(one, "subject", to->subject, sizeof(to->subject));
		json_text(one, "event", to->event, sizeof(to->event));
		to->runs = count_of(one, "runs");
		to->ns = ns_of(one, "seconds");
		to->runs_total = count_of(one, "runs_total");
		to->ns_total = ns_of(one, "seconds_total");
		s->program_count = i + 1;
	}
}

static void read_details(struct snapshot *s, const json_t *details)
{
	const json_t *one;
	size_t i;

	json_array_foreach ((json_t *)details, i, one) {
		struct detail_snapshot *to = &s->details[i];

		if (i == DETAILS_MAX)
			break;
		json_text(one, "name", to->name, sizeof(to->name));
		to->wanted = json_is_true(json_object_get(one, "wanted"));
		to->on = json_is_true(json_object_get(one, "on"));
		s->detail_count = i + 1;
	}
}

static void read_subjects(struct snapshot *s, const json_t *subjects)
{
	const json_t *one;
	size_t i;

	json_array_foreach ((json_t *)subjects, i, one) {
		struct subject_snapshot *to = &s->subjects[i];

		if (i == SUBJECTS_MAX)
			break;
		json_text(one, "name", to->name, sizeof(to->name));
		json_text(one, "hook", to->hook, sizeof(to->hook));
		json_text(one, "reason", to->reason, sizeof(to->reason));
		to->state = json_state(one);
		s->subject_count = i + 1;
	}
}

static struct push_snapshot read_push(const json_t *otlp)
{
	struct push_snapshot p = { .on = json_is_object(otlp),
				   .sent = count_of(otlp, "sent_total"),
				   .retries = count_of(otlp, "retries_total"),
				   .waiting = count_of(otlp, "waiting"),
				   .waiting_bytes = count_of(otlp, "waiting_bytes"),
				   .failing = json_is_true(json_object_get(otlp, "failing")) };

	json_text(otlp, "why", p.why, sizeof(p.why));
	return p;
}

static void read_node(struct snapshot *s, const json_t *root)
{
	const json_t *of = json_object_get(root, "node");
	const json_t *own = json_object_get(root, "agent");

	s->window_ns = ns_of(root, "window_seconds");
	s->files_window_ns = ns_of(root, "files_window_seconds");
	json_text(root, "version", s->version, sizeof(s->version));
	json_text(of, "name", s->host, sizeof(s->host));
	json_text(of, "kernel", s->kernel, sizeof(s->kernel));
	json_text(of, "architecture", s->machine, sizeof(s->machine));
	s->uptime_ns = ns_of(of, "uptime_seconds");
	s->agent =
		(struct agent_snapshot){ .present = json_is_object(own),
					 .uptime_ns = ns_of(own, "uptime_seconds"),
					 .loop_lag_max_ns = ns_of(own, "loop_lag_max_seconds"),
					 .ticks = count_of(own, "samples_total"),
					 .rss_bytes = count_of(own, "rss_bytes"),
					 .warden_rss_bytes = count_of(own, "warden_rss_bytes"),
					 .connections = (unsigned int)count_of(own, "connections"),
					 .push = read_push(json_object_get(own, "otlp")) };
}

int json_read_snapshot(const char *text, size_t length, struct snapshot **ret)
{
	CLEANUP(json_freep) json_t *root = json_loadb(text, length, 0, NULL);
	const char *schema = json_string_value(json_object_get(root, "schema"));
	const json_t *cpus = json_object_get(root, "cpus");
	const json_t *cgroups = json_object_get(root, "cgroups");
	const json_t *disks = json_object_get(root, "disks");
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	int r;

	if (!schema || strcmp(schema, SCHEMA))
		return -EBADMSG;
	r = snapshot_new(&s, json_array_size(cpus), json_array_size(cgroups),
			 json_array_size(disks), shares_in(cgroups));
	if (!r)
		r = snapshot_add_share_times(s, shares_in(cgroups));
	if (r)
		return r;
	read_node(s, root);
	read_cpus(s, cpus);
	read_cgroups(s, cgroups);
	read_totals(s, root);
	json_read_files_node(s, root);
	read_disks(s, disks);
	read_shares(s, cgroups);
	read_waiters(s, json_object_get(root, "waiters"));
	read_caches(s, json_object_get(root, "caches"));
	read_network(s, json_object_get(root, "network"));
	read_programs(s, json_object_get(root, "programs"));
	read_details(s, json_object_get(root, "details"));
	read_subjects(s, json_object_get(root, "subjects"));
	json_read_losses(json_object_get(root, "losses"), &s->lost);
	*ret = TAKE(s);
	return 0;
}
