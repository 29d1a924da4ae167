/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot as its object; what of it comes from the kernel's own files is in files.c, the way
 * back in read_snapshot.c.
 */
#include <jansson.h>
#include <stdio.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/snapshot/snapshot.h"
#include "exporters/json/files.h"
#include "exporters/json/json.h"
#include "exporters/json/room.h"

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
	root = json_pack("{ss ss so ss so so so so so}", "schema", SNAPSHOT_SCHEMA, "time", time,
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
