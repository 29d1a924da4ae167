/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/node.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/api/findings.h"
#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/version.h"
#include "agent/config/config.h"
#include "agent/probes/cgroup_names.h"
#include "agent/probes/machine.h"
#include "agent/probes/sched_load.h"
#include "agent/probes/sched_read.h"
#include "agent/probes/sched_sample.h"
#include "agent/security/privileges.h"
#include "agent/signals/sched_signal.h"
#include "agent/snapshot/snapshot.h"
#include "agent/warden/warden.h"
#include "agent/wire/wire.h"

/* Rows of cgroups that are gone are looked for this often: a walk of the tree costs about
 * 10 us a cgroup, and a dead cgroup's row hurts nobody for a while. */
#define SWEEP_NS (10 * NS_PER_SEC)

struct node {
	struct warden *warden;
	struct machine machine;
	uint64_t capabilities; /* of the start, and of the warden now */
	struct sched_state sched_state;
	struct sched_read *sched; /* NULL: off */
	struct sched_sample *sample;
	struct sched_signal *signal;
	struct cgroup_names *names; /* NULL: no cgroup2 here */
	size_t cpus;
	bool *online;
	uint64_t swept_ns;
};

static void close_fds(const struct wire_reply *reply, const int *fds)
{
	for (uint32_t i = 0; i < reply->fds; i++)
		close(fds[i]);
}

static int load_sched(struct node *n, const struct config *config)
{
	struct wire_request ask = { .kind = WIRE_LOAD,
				    .subject = WIRE_SCHED,
				    .hook = (uint32_t)config->sched_hook,
				    .cgroups = config->sched_cgroups };
	struct sched_state *state = &n->sched_state;
	struct wire_reply reply;
	int fds[WIRE_FDS], r;

	state->wanted = config->sched_hook != HOOK_OFF;
	if (!state->wanted)
		return 0;
	r = warden_ask(n->warden, &ask, &reply, fds);
	if (r)
		return r;
	state->error = reply.error;
	state->hook = (int)reply.hook;
	memcpy(state->tried, reply.tried, sizeof(state->tried));
	memcpy(state->text, reply.text, sizeof(state->text));
	if (!reply.error) {
		n->cpus = reply.cpus;
		state->error = sched_read_new(&n->sched, fds, reply.cpus, reply.shards);
	}
	close_fds(&reply, fds);
	if (state->error)
		log_warn("sched", "off: run-queue waits are not measured error=%s kernel=\"%s\"",
			 strerror(-state->error), state->text);
	else
		log_info("sched", "on hook=%s", sched_hook_names[state->hook]);
	return 0;
}

static int ask_capabilities(struct node *n)
{
	struct wire_request ask = { .kind = WIRE_HELLO };
	struct wire_reply reply;
	int fds[WIRE_FDS];
	int r = warden_ask(n->warden, &ask, &reply, fds);

	if (r)
		return r;
	close_fds(&reply, fds);
	n->capabilities |= reply.capabilities;
	return 0;
}

int node_new(struct node **ret, struct warden *warden, const struct config *config,
	     uint64_t capabilities)
{
	CLEANUP(node_freep) struct node *n = calloc(1, sizeof(*n));
	int r;

	if (!n)
		return -ENOMEM;
	n->warden = warden;
	n->capabilities = capabilities & privileges_start_only();
	n->cpus = (size_t)sysconf(_SC_NPROCESSORS_CONF);
	machine_read(&n->machine, "");
	r = ask_capabilities(n);
	if (!r)
		r = load_sched(n, config);
	if (r)
		return r;
	n->online = calloc(n->cpus, sizeof(*n->online));
	if (!n->online)
		return -ENOMEM;
	r = sched_sample_new(&n->sample, n->cpus);
	if (!r)
		r = sched_signal_new(&n->signal, n->cpus, config->window_ns);
	if (r)
		return r;
	r = cgroup_names_new(&n->names, "");
	if (r)
		log_warn("cgroups", "no cgroup2 hierarchy in sight: cgroups are shown by number");
	*ret = TAKE(n);
	return 0;
}

struct node *node_free(struct node *n)
{
	if (n) {
		sched_read_free(n->sched);
		sched_sample_free(n->sample);
		sched_signal_free(n->signal);
		cgroup_names_free(n->names);
		free(n->online);
	}
	free(n);
	return NULL;
}

void node_freep(struct node **n)
{
	*n = node_free(*n);
}

void node_configure(struct node *n, const struct config *config)
{
	sched_signal_set_window(n->signal, config->window_ns);
	if (n->sched)
		sched_read_set_cgroups(n->sched, config->sched_cgroups);
}

/* Frees the rows of cgroups that a fresh walk of the whole tree no longer finds. */
static void sweep(struct node *n, uint64_t now_ns)
{
	if (!n->names || now_ns - n->swept_ns < SWEEP_NS)
		return;
	n->swept_ns = now_ns;
	if (cgroup_names_refresh(n->names) || !cgroup_names_whole(n->names))
		return;
	for (size_t row = 0; row < FL_LEDGER_ROWS; row++) {
		uint64_t id = n->sample->rows[row].id;

		if (id && !cgroup_names_find(n->names, id))
			sched_read_forget(n->sched, id);
	}
}

int node_tick(struct node *n, uint64_t now_ns)
{
	if (!n->sched)
		return 0;
	sched_read_sample(n->sched, now_ns, n->sample);
	if (sched_signal_feed(n->signal, n->sample) == -ESTALE)
		log_warn("sched", "counters ran backwards: the window starts anew");
	sweep(n, now_ns);
	return 0;
}

static void name_cgroups(struct node *n, struct snapshot *s)
{
	bool refreshed = false;

	for (size_t i = 0; i < s->cgroup_count; i++) {
		struct cgroup_snapshot *c = &s->cgroups[i];
		const char *path = NULL;

		if (n->names && c->id) {
			path = cgroup_names_find(n->names, c->id);
			if (!path && !refreshed) { /* younger than the last walk, or gone */
				refreshed = true;
				cgroup_names_refresh(n->names);
				path = cgroup_names_find(n->names, c->id);
			}
		}
		if (path)
			snprintf(c->path, sizeof(c->path), "%s", path);
		else if (!c->id)
			snprintf(c->path, sizeof(c->path), "(other)");
		else
			snprintf(c->path, sizeof(c->path), "(gone, id %llu)",
				 (unsigned long long)c->id);
	}
}

static void fill_reading(struct snapshot *s, const struct sched_reading *reading)
{
	s->window_ns = reading->window_ns;
	for (size_t cpu = 0; cpu < s->cpu_count; cpu++) {
		s->cpus[cpu].wait = reading->cpu[cpu];
		s->cpus[cpu].wait_total = reading->cpu_total[cpu];
	}
	for (size_t i = 0; i < s->cgroup_count; i++) {
		const struct sched_row *row = &reading->row[i];

		s->cgroups[i] = (struct cgroup_snapshot){ .id = row->id,
							  .waits = row->waits,
							  .wait_ns = row->wait_ns,
							  .waits_total = row->waits_total,
							  .wait_ns_total = row->wait_ns_total };
	}
}

static int compose(struct node *n, const struct sched_reading *reading, struct snapshot **ret)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	int r = snapshot_new(&s, n->cpus, reading ? reading->rows : 0);

	if (r)
		return r;
	s->wall_ns = clock_wall_ns();
	s->uptime_ns = clock_ns(CLOCK_BOOTTIME);
	memcpy(s->host, n->machine.host, sizeof(s->host));
	memcpy(s->kernel, n->machine.kernel, sizeof(s->kernel));
	memcpy(s->machine, n->machine.machine, sizeof(s->machine));
	snprintf(s->version, sizeof(s->version), "%s", version());
	machine_online_cpus("", n->online, n->cpus);
	for (size_t cpu = 0; cpu < n->cpus; cpu++) {
		s->cpus[cpu].cpu = (unsigned int)cpu;
		s->cpus[cpu].online = n->online[cpu];
	}
	if (reading)
		fill_reading(s, reading);
	name_cgroups(n, s);
	snapshot_sort(s);
	findings_subject(&n->sched_state, &s->subjects[s->subject_count++]);
	*ret = TAKE(s);
	return 0;
}

int node_snapshot(struct node *n, struct snapshot **ret)
{
	return compose(n, n->sched ? sched_signal_read(n->signal) : NULL, ret);
}

int node_base(struct node *n, uint64_t now_ns, struct sched_sample **ret)
{
	int r = sched_sample_new(ret, n->cpus);

	if (r || !n->sched)
		return r;
	sched_read_sample(n->sched, now_ns, *ret);
	return 0;
}

int node_snapshot_since(struct node *n, uint64_t now_ns, const struct sched_sample *base,
			struct snapshot **ret)
{
	CLEANUP(freep) struct sched_reading *reading = malloc(sizeof(*reading));
	CLEANUP(freep) struct hist *room = calloc(n->cpus, sizeof(*room));
	CLEANUP(sched_sample_freep) struct sched_sample *now = NULL;
	int r;

	if (!reading || !room)
		return -ENOMEM;
	if (!n->sched)
		return compose(n, NULL, ret);
	r = node_base(n, now_ns, &now);
	if (!r)
		r = sched_reading_between(reading, room, base, now);
	return r ? r : compose(n, reading, ret);
}

bool node_measures(const struct node *n)
{
	return n->sched != NULL;
}

const char *node_kernel(const struct node *n)
{
	return n->machine.kernel;
}

void node_findings(const struct node *n, struct findings *ret)
{
	findings_collect(&n->sched_state, &n->machine, n->capabilities, ret);
}
