/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way back: a snapshot from the object that snapshot.c wrote, for a CLI that asks the agent.
 * What is absent, or is not of its kind, stays 0.
 */
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

	if (!schema || strcmp(schema, SNAPSHOT_SCHEMA))
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
