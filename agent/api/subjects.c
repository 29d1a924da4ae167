/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/subjects.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/log.h"
#include "agent/config/config.h"
#include "agent/probes/cache_read.h"
#include "agent/probes/disk_read.h"
#include "agent/probes/sched_read.h"
#include "agent/snapshot/snapshot.h"
#include "agent/warden/warden.h"
#include "bpf/lib/ledger.h"

static uint32_t maps_of(const struct load_subject *subject)
{
	uint32_t maps = 0;

	while (maps < LOAD_MAPS && subject->maps[maps])
		maps++;
	return maps;
}

static int begin_to_read(struct subjects *s, int subject, const struct wire_reply *reply,
			 const int *fds)
{
	if (reply->fds != maps_of(s->states[subject].subject) || !reply->cpus ||
	    reply->cpus > FL_CPUS || !reply->shards || reply->shards > FL_LEDGER_SHARDS)
		return -EPROTO;
	if (subject == SCHED)
		return sched_read_new(&s->sched, fds, reply->cpus, reply->shards);
	if (subject == DISK)
		return disk_read_new(&s->disk, fds, reply->cpus);
	return cache_read_new(&s->cache, fds, reply->cpus, reply->shards);
}

/* The wire counts ways, auto being 0; the configuration has off in between. */
static uint32_t way_asked(int hook)
{
	return (uint32_t)(hook < HOOK_OFF ? hook : hook - 1);
}

/* 0, or -errno when the warden is no help at all; that it cannot load is told in the state. */
static int load(struct subjects *s, struct warden *warden, int subject, int hook, bool cgroups)
{
	struct wire_request ask = { .kind = WIRE_LOAD,
				    .subject = (uint32_t)subject,
				    .hook = way_asked(hook),
				    .cgroups = cgroups };
	struct subject_state *state = &s->states[subject];
	struct subject_snapshot shown;
	struct wire_reply reply;
	int fds[WIRE_FDS], r;

	state->wanted = hook != HOOK_OFF;
	if (!state->wanted)
		return 0;
	r = warden_ask(warden, &ask, &reply, fds);
	if (r)
		return r;
	state->error = reply.error;
	for (int part = 0; part < LOAD_PARTS; part++)
		for (int way = 0; way < LOAD_WAYS; way++)
			state->tried[part][way] = reply.tried[part * LOAD_WAYS + way];
	snprintf(state->text, sizeof(state->text), "%.*s", LOAD_TEXT - 1, reply.text);
	if (!reply.error)
		state->error = begin_to_read(s, subject, &reply, fds);
	if (subject == SCHED && !reply.error)
		s->cpus = reply.cpus;
	warden_close_fds(&reply, fds);
	if (state->error && !reply.error) { /* it counts, and nobody reads: take it down again */
		ask.kind = WIRE_UNLOAD;
		if (!warden_ask(warden, &ask, &reply, fds))
			warden_close_fds(&reply, fds);
	}
	findings_subject(state, &shown);
	if (state->error)
		log_warn(shown.name, "off: not measured error=%s kernel=\"%s\"",
			 strerror(-state->error), state->text);
	else
		log_info(shown.name, "on hook=%s", shown.hook);
	return 0;
}

int subjects_load(struct subjects *s, struct warden *warden, const struct config *config)
{
	int r;

	s->states[SCHED].subject = &sched_subject;
	s->states[DISK].subject = &disk_subject;
	s->states[CACHE].subject = &cache_subject;
	r = load(s, warden, SCHED, config->sched_hook, config->sched_cgroups);
	if (!r)
		r = load(s, warden, DISK, config->disk_hook, config->disk_cgroups);
	if (!r)
		r = load(s, warden, CACHE, config->cache_hook, config->cache_cgroups);
	return r;
}

void subjects_clear(struct subjects *s)
{
	sched_read_free(s->sched);
	disk_read_free(s->disk);
	cache_read_free(s->cache);
}

bool subjects_measure(const struct subjects *s)
{
	return s->sched || s->disk || s->cache;
}

static void describe_subject(const struct subject_state *state, struct snapshot *s)
{
	findings_subject(state, &s->subjects[s->subject_count++]);
	for (int part = 0; state->subject->parts[part].name && s->hook_count < HOOKS_MAX; part++)
		findings_hook(state, part, &s->hooks[s->hook_count++]);
}

void subjects_describe(const struct subjects *of, struct snapshot *s)
{
	s->disks_measured = of->disk != NULL;
	s->cache_measured = of->cache != NULL;
	for (int subject = 0; subject < _SUBJECT_MAX; subject++)
		describe_subject(&of->states[subject], s);
}
