/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/node.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/api/compose.h"
#include "agent/api/compose_files.h"
#include "agent/api/findings.h"
#include "agent/api/sample_losses.h"
#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/version.h"
#include "agent/config/config.h"
#include "agent/decide/budget.h"
#include "agent/probes/cache_read.h"
#include "agent/probes/cgroup_files.h"
#include "agent/probes/cgroup_names.h"
#include "agent/probes/disk_names.h"
#include "agent/probes/disk_read.h"
#include "agent/probes/load.h"
#include "agent/probes/machine.h"
#include "agent/probes/memory.h"
#include "agent/probes/network.h"
#include "agent/probes/pressure.h"
#include "agent/probes/sample.h"
#include "agent/probes/sched_read.h"
#include "agent/security/privileges.h"
#include "agent/signals/cache_reading.h"
#include "agent/signals/files_window.h"
#include "agent/signals/history.h"
#include "agent/signals/window.h"
#include "agent/snapshot/snapshot.h"
#include "agent/warden/warden.h"
#include "agent/wire/wire.h"
#include "bpf/cache/cache.h"
#include "bpf/lib/ledger.h"

/* Rows of cgroups that are gone are looked for this often: a walk of the tree costs about
 * 10 us a cgroup, and a dead cgroup's row hurts nobody for a while. */
#define SWEEP_NS (10 * NS_PER_SEC)

enum { SCHED = WIRE_SCHED, DISK = WIRE_DISK, CACHE = WIRE_CACHE, _SUBJECT_MAX = _WIRE_SUBJECT_MAX };

/* What may be left out when measuring becomes too dear; see agent/decide/budget.h. */
enum { SCHED_DETAIL, SCHED_CGROUPS, DISK_DETAIL, DISK_CGROUPS, CACHE_CGROUPS, _DETAIL_MAX };
static const struct budget_detail details[] = {
	[SCHED_DETAIL] = { "distributions of sched.cgroups", SCHED },
	[SCHED_CGROUPS] = { "sched.cgroups", SCHED },
	[DISK_DETAIL] = { "distributions of disk.cgroups", DISK },
	[DISK_CGROUPS] = { "disk.cgroups", DISK },
	[CACHE_CGROUPS] = { "cache.cgroups", CACHE },
};
_Static_assert((int)_DETAIL_MAX <= (int)BUDGET_DETAILS && (int)_SUBJECT_MAX <= (int)BUDGET_SUBJECTS,
	       "a budget has room for them");

struct node {
	struct warden *warden;
	struct machine machine;
	uint64_t loaded_wall_ns, booted_wall_ns;
	uint64_t capabilities; /* of the start, and of the warden now */
	struct subject_state states[_SUBJECT_MAX];
	struct sched_read *sched; /* NULL: off */
	struct disk_read *disk;   /* NULL: off */
	struct cache_read *cache; /* NULL: off */
	struct sample *first;     /* what the page cache is checked against; NULL: none yet */
	struct sample *sample;
	struct window *window;
	struct files_window files;
	struct history *history;
	struct compose_names names;
	struct cgroup_files *cgroup_files;
	uint64_t walked_ns; /* when somebody who asked last had the hierarchies walked */
	bool told;          /* that some of it is not read */
	size_t cpus;
	bool *online;
	uint64_t swept_ns;
	uint64_t missed; /* runs that the kernel left out, as the warden last told */
	struct budget budget;
	uint64_t budget_ns;
	uint64_t unread_interfaces;              /* at all samples together */
	bool wanted[_DETAIL_MAX];                /* by the configuration */
	uint64_t paid_ns[_SUBJECT_MAX], paid_at; /* what was taken until when */
};

static void close_fds(const struct wire_reply *reply, const int *fds)
{
	for (uint32_t i = 0; i < reply->fds; i++)
		close(fds[i]);
}

static uint32_t maps_of(const struct load_subject *subject)
{
	uint32_t maps = 0;

	while (maps < LOAD_MAPS && subject->maps[maps])
		maps++;
	return maps;
}

static int begin_to_read(struct node *n, int subject, const struct wire_reply *reply,
			 const int *fds)
{
	if (reply->fds != maps_of(n->states[subject].subject) || !reply->cpus ||
	    reply->cpus > FL_CPUS || !reply->shards || reply->shards > FL_LEDGER_SHARDS)
		return -EPROTO;
	if (subject == SCHED)
		return sched_read_new(&n->sched, fds, reply->cpus, reply->shards);
	if (subject == DISK)
		return disk_read_new(&n->disk, fds, reply->cpus);
	return cache_read_new(&n->cache, fds, reply->cpus, reply->shards);
}

/* The wire counts ways, auto being 0; the configuration has off in between. */
static uint32_t way_asked(int hook)
{
	return (uint32_t)(hook < HOOK_OFF ? hook : hook - 1);
}

/* 0, or -errno when the warden is no help at all; that it cannot load is told in the state. */
static int load(struct node *n, int subject, int hook, bool cgroups)
{
	struct wire_request ask = { .kind = WIRE_LOAD,
				    .subject = (uint32_t)subject,
				    .hook = way_asked(hook),
				    .cgroups = cgroups };
	struct subject_state *state = &n->states[subject];
	struct subject_snapshot shown;
	struct wire_reply reply;
	int fds[WIRE_FDS], r;

	state->wanted = hook != HOOK_OFF;
	if (!state->wanted)
		return 0;
	r = warden_ask(n->warden, &ask, &reply, fds);
	if (r)
		return r;
	state->error = reply.error;
	for (int part = 0; part < LOAD_PARTS; part++)
		for (int way = 0; way < LOAD_WAYS; way++)
			state->tried[part][way] = reply.tried[part * LOAD_WAYS + way];
	snprintf(state->text, sizeof(state->text), "%.*s", LOAD_TEXT - 1, reply.text);
	if (!reply.error)
		state->error = begin_to_read(n, subject, &reply, fds);
	if (subject == SCHED && !reply.error)
		n->cpus = reply.cpus;
	close_fds(&reply, fds);
	if (state->error && !reply.error) { /* it counts, and nobody reads: take it down again */
		ask.kind = WIRE_UNLOAD;
		if (!warden_ask(n->warden, &ask, &reply, fds))
			close_fds(&reply, fds);
	}
	findings_subject(state, &shown);
	if (state->error)
		log_warn(shown.name, "off: not measured error=%s kernel=\"%s\"",
			 strerror(-state->error), state->text);
	else
		log_info(shown.name, "on hook=%s", shown.hook);
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
	n->states[SCHED].subject = &sched_subject;
	n->states[DISK].subject = &disk_subject;
	n->states[CACHE].subject = &cache_subject;
	machine_read(&n->machine, "");
	/* Once: a wall clock that is being set right must not move when counters began. */
	n->loaded_wall_ns = clock_wall_ns();
	n->booted_wall_ns = n->loaded_wall_ns - clock_ns(CLOCK_BOOTTIME);
	r = ask_capabilities(n);
	if (!r)
		r = load(n, SCHED, config->sched_hook, config->sched_cgroups);
	if (!r)
		r = load(n, DISK, config->disk_hook, config->disk_cgroups);
	if (!r)
		r = load(n, CACHE, config->cache_hook, config->cache_cgroups);
	if (r)
		return r;
	n->online = calloc(n->cpus, sizeof(*n->online));
	if (!n->online)
		return -ENOMEM;
	r = sample_new(&n->sample, n->cpus);
	if (!r)
		r = window_new(&n->window, n->cpus, config->window_ns);
	if (!r)
		r = history_new(&n->history);
	if (r)
		return r;
	node_configure(n, config);
	r = cgroup_names_new(&n->names.cgroups, "", NULL);
	if (r)
		log_warn("cgroups", "shown by number: no cgroup2 hierarchy can be read error=%s",
			 strerror(-r));
	cgroup_names_new(&n->names.blkio, "", "blkio"); /* most machines have none, and need none */
	r = cgroup_files_new(&n->cgroup_files, "", n->names.cgroups, n->names.blkio);
	if (r)
		return r;
	*ret = TAKE(n);
	return 0;
}

struct node *node_free(struct node *n)
{
	if (n) {
		sched_read_free(n->sched);
		disk_read_free(n->disk);
		cache_read_free(n->cache);
		sample_free(n->first);
		sample_free(n->sample);
		window_free(n->window);
		files_window_clear(&n->files);
		cgroup_files_free(n->cgroup_files);
		history_free(n->history);
		cgroup_names_free(n->names.cgroups);
		cgroup_names_free(n->names.blkio);
		free(n->online);
	}
	free(n);
	return NULL;
}

void node_freep(struct node **n)
{
	*n = node_free(*n);
}

static bool is_on(const struct node *n, int detail)
{
	return n->wanted[detail] && !n->budget.off[detail];
}

static void turn_knobs(struct node *n)
{
	if (n->sched)
		sched_read_set(n->sched, is_on(n, SCHED_CGROUPS), is_on(n, SCHED_DETAIL));
	if (n->disk)
		disk_read_set(n->disk, is_on(n, DISK_CGROUPS), is_on(n, DISK_DETAIL));
	if (n->cache)
		cache_read_set_cgroups(n->cache, is_on(n, CACHE_CGROUPS));
}

void node_configure(struct node *n, const struct config *config)
{
	window_set_length(n->window, config->window_ns);
	files_window_set_length(&n->files, config->window_ns);
	if (n->budget_ns != config->bpf_budget_ns) /* what was left out has a new chance */
		budget_init(&n->budget, details, _DETAIL_MAX);
	n->budget_ns = config->bpf_budget_ns;
	n->wanted[SCHED_DETAIL] = n->wanted[SCHED_CGROUPS] = n->sched && config->sched_cgroups;
	n->wanted[DISK_DETAIL] = n->wanted[DISK_CGROUPS] = n->disk && config->disk_cgroups;
	n->wanted[CACHE_CGROUPS] = n->cache && config->cache_cgroups;
	turn_knobs(n);
}

/* detail: what only somebody who asks gets. */
static int take_sample(struct node *n, bool detail, struct sample *ret)
{
	int r;

	machine_online_cpus("", n->online, n->cpus);
	ret->when_ns = clock_mono_ns(); /* what is measured over time is read at that very time */
	r = n->sched ? sched_read_sample(n->sched, n->online, ret->sched) : 0;
	pressure_read(ret->pressure, "/proc/pressure");
	memory_read(&ret->memory, "");
	network_read(&ret->network, "");
	n->unread_interfaces += ret->network.unread;
	disk_sample_clear(&ret->disk);
	if (!r && n->cache)
		r = cache_read_sample(n->cache, &ret->cache);
	return r || !n->disk ? r : disk_read_sample(n->disk, detail, &ret->disk);
}

static void tell_what_is_not_read(struct node *n, const struct cgroup_files_sample *s)
{
	if (n->told || (!s->unread && !s->refused))
		return;
	n->told = true;
	log_warn("cgroups", "not all is read: unread=%zu most=%d files_refused=%zu", s->unread,
		 CGROUP_FILES_MAX, s->refused);
}

/* For whom asks now, and once a window.  Those who ask within a second share the walk. */
static int take_files(struct node *n, uint64_t now_ns, bool briefly, struct files_sample **ret)
{
	CLEANUP(files_sample_freep) struct files_sample *s = NULL;
	int r = files_sample_new(&s, n->cpus);

	if (r)
		return r;
	if (now_ns - n->walked_ns >= (briefly ? 5 : 1) * NS_PER_SEC) {
		n->walked_ns = now_ns;
		if (n->names.cgroups)
			cgroup_names_refresh(n->names.cgroups);
		if (n->names.blkio)
			cgroup_names_refresh(n->names.blkio);
		cgroup_files_walk(n->cgroup_files);
	}
	r = files_sample_take(s, n->cgroup_files, now_ns, briefly, "");
	if (r)
		return r;
	tell_what_is_not_read(n, &s->cgroups);
	*ret = TAKE(s);
	return 0;
}

/* Could be walked anew, and all of the node's tree is in sight: who is not there is gone. */
static bool knows_all(struct cgroup_names *names)
{
	return names && !cgroup_names_refresh(names) && cgroup_names_whole(names);
}

static void sweep_sched(struct node *n)
{
	for (size_t i = 0; i < n->sample->sched->row_count; i++) {
		uint64_t id = n->sample->sched->rows[i].of.cgroup;

		if (id && !cgroup_names_find(n->names.cgroups, id))
			sched_read_forget(n->sched, id);
	}
}

static void sweep_cache(struct node *n)
{
	for (size_t i = 0; i < n->sample->cache.row_count; i++) {
		uint64_t id = n->sample->cache.rows[i].of.cgroup;

		if (id && !cgroup_names_find(n->names.cgroups, id))
			cache_read_forget(n->cache, id);
	}
}

static void sweep_disk(struct node *n, const struct cgroup_names *names)
{
	const struct disk_sample *s = &n->sample->disk;
	char name[DISK_NAME];

	for (size_t i = 0; i < s->share_count; i++) {
		uint64_t id = s->shares[i].cgroup;

		if (id && id != DISK_CGROUPS_GONE && !cgroup_names_find(names, id))
			disk_read_forget_cgroup(n->disk, id);
	}
	for (size_t i = 0; i < s->device_count; i++)
		if (s->devices[i].number && !disk_name("", s->devices[i].number, name))
			disk_read_forget_device(n->disk, s->devices[i].number);
}

/* Only the warden can look; its answer is taken when it is there. */
static void ask_missed(struct node *n)
{
	struct wire_request ask = { .kind = WIRE_MISSED };

	(void)warden_post(n->warden,
			  &ask); /* the last one may be open: then that one is waited for */
}

static void take_missed(struct node *n)
{
	struct wire_reply reply;

	if (!warden_collect(n->warden, &reply) && reply.missed > n->missed)
		n->missed = reply.missed;
}

/* Frees the rows of cgroups and devices that a fresh look no longer finds. */
static void sweep(struct node *n, uint64_t now_ns)
{
	bool all;

	if (now_ns - n->swept_ns < SWEEP_NS)
		return;
	n->swept_ns = now_ns;
	ask_missed(n);
	all = knows_all(n->names.cgroups);
	if (n->sched)
		sched_read_forget_waiters(n->sched);
	if (n->sched && all)
		sweep_sched(n);
	if (n->cache && all)
		sweep_cache(n);
	if (n->disk && (n->names.blkio ? knows_all(n->names.blkio) : all))
		sweep_disk(n, n->names.blkio ? n->names.blkio : n->names.cgroups);
}

static uint64_t cost_of(const struct self_sample *s)
{
	uint64_t ns = 0;

	for (int part = 0; part < LOAD_PARTS; part++)
		ns += self_estimate_ns(&s->of[part]);
	return ns;
}

/* What was taken since the last time; an estimate may fall, and then nothing was. */
static uint64_t newly_paid(struct node *n, int subject, const struct self_sample *s)
{
	uint64_t ns = cost_of(s), before = n->paid_ns[subject];

	n->paid_ns[subject] = ns;
	return n->paid_at && ns > before ? ns - before : 0;
}

static void keep_to_budget(struct node *n, uint64_t now_ns)
{
	struct budget_load load = { .now_ns = now_ns,
				    .span_ns = n->paid_at ? now_ns - n->paid_at : 0,
				    .allowed_ns = n->budget_ns };
	struct budget_step step;

	for (size_t cpu = 0; cpu < n->cpus; cpu++)
		load.cpus += n->online[cpu];
	load.cost_ns[SCHED] = newly_paid(n, SCHED, &n->sample->sched->self);
	load.cost_ns[DISK] = newly_paid(n, DISK, &n->sample->disk.self);
	load.cost_ns[CACHE] = newly_paid(n, CACHE, &n->sample->cache.self);
	memcpy(load.wanted, n->wanted, sizeof(n->wanted));
	n->paid_at = now_ns;
	step = budget_step(&n->budget, &load);
	if (step.verdict == BUDGET_STAY)
		return;
	turn_knobs(n);
	if (step.verdict == BUDGET_LEAVE_OUT)
		log_warn("budget", "left out: %s share=%.3g%% allowed=%.3g%%",
			 details[step.detail].name, n->budget.share * 100,
			 (double)n->budget_ns / 1e7);
	else
		log_info("budget", "measured again: %s share=%.3g%%", details[step.detail].name,
			 n->budget.share * 100);
}

static int take_all(struct node *n, uint64_t now_ns, bool briefly, struct sample **ret)
{
	CLEANUP(sample_freep) struct sample *s = NULL;
	int r = sample_new(&s, n->cpus);

	if (!r)
		r = take_sample(n, !briefly, s);
	if (!r)
		r = take_files(n, now_ns, briefly, &s->files);
	if (!r)
		*ret = TAKE(s);
	return r;
}

static void name_place(struct node *n, struct history_place *p, bool disk)
{
	char name[DISK_NAME];
	const char *path;

	if (disk && disk_name("", (uint32_t)p->key, name)) {
		snprintf(p->name, sizeof(p->name), "%s", name);
	} else if (!disk && n->names.cgroups) {
		path = cgroup_names_find(n->names.cgroups, p->key);
		if (path)
			snprintf(p->name, sizeof(p->name), "%s", path);
		else if (!cgroup_names_from_root(n->names.cgroups))
			snprintf(p->name, sizeof(p->name), "(elsewhere, id %llu)",
				 (unsigned long long)p->key);
	}
}

/* Those who have none; all when the tree was walked just now.  A name outlives its bearer. */
static void name_places(struct node *n, bool all)
{
	struct history_place *disks = history_disks(n->history);
	struct history_place *cgroups = history_cgroups(n->history);

	for (size_t i = 0; i < HISTORY_DISKS; i++)
		if (disks[i].key && (all || !disks[i].name[0]))
			name_place(n, &disks[i], true);
	for (size_t i = 0; i < HISTORY_CGROUPS; i++)
		if (cgroups[i].key && (all || !cgroups[i].name[0]))
			name_place(n, &cgroups[i], false);
}

static int remember(struct node *n)
{
	const struct history_known known = { .sched = n->sched != NULL,
					     .cgroups = is_on(n, SCHED_CGROUPS),
					     .disk = n->disk != NULL,
					     .shares = is_on(n, DISK_CGROUPS) && !n->names.blkio,
					     .cache = n->cache != NULL };

	return history_feed(n->history, &known, window_last(n->window), n->sample,
			    clock_ns(CLOCK_BOOTTIME));
}

static int keep_files(struct node *n, uint64_t now_ns)
{
	struct files_sample *s;
	int r;

	if (!files_window_is_due(&n->files, now_ns))
		return 0;
	r = take_files(n, now_ns, false, &s);
	if (!r)
		files_window_feed(&n->files, s);
	return r;
}

int node_tick(struct node *n, uint64_t now_ns)
{
	int r;

	r = take_sample(n, false, n->sample);
	if (!r)
		r = keep_files(n, now_ns);
	if (!r && !n->first)
		r = take_all(n, now_ns, true, &n->first);
	if (!r)
		r = remember(n);
	if (!r)
		r = window_feed(n->window, n->sample);
	if (r == -ESTALE)
		log_warn("signals", "counters ran backwards: the window starts anew");
	else if (r)
		return r;
	keep_to_budget(n, now_ns);
	take_missed(n);
	sweep(n, now_ns);
	name_places(n, n->swept_ns == now_ns);
	return 0;
}

static void add_losses(const struct node *n, const struct sample *now, struct losses *to)
{
	sample_losses(now, to);
	losses_add(to, "bpf_runs", n->missed);
	losses_add(to, "interfaces", n->unread_interfaces);
}

static void describe_subject(const struct subject_state *state, struct snapshot *s)
{
	findings_subject(state, &s->subjects[s->subject_count++]);
	for (int part = 0; state->subject->parts[part].name && s->hook_count < HOOKS_MAX; part++)
		findings_hook(state, part, &s->hooks[s->hook_count++]);
}

static void describe(struct node *n, struct snapshot *s)
{
	s->wall_ns = clock_wall_ns();
	s->loaded_wall_ns = n->loaded_wall_ns;
	s->booted_wall_ns = n->booted_wall_ns;
	s->uptime_ns = clock_ns(CLOCK_BOOTTIME);
	memcpy(s->host, n->machine.host, sizeof(s->host));
	memcpy(s->kernel, n->machine.kernel, sizeof(s->kernel));
	memcpy(s->machine, n->machine.machine, sizeof(s->machine));
	snprintf(s->version, sizeof(s->version), "%s", version());
	for (size_t cpu = 0; cpu < n->cpus; cpu++) {
		s->cpus[cpu].cpu = (unsigned int)cpu;
		s->cpus[cpu].online = n->online[cpu];
	}
	s->disks_measured = n->disk != NULL;
	s->cache_measured = n->cache != NULL;
	for (int i = 0; i < _DETAIL_MAX; i++) {
		struct detail_snapshot *d = &s->details[s->detail_count++];

		snprintf(d->name, sizeof(d->name), "%s", details[i].name);
		d->wanted = n->wanted[i];
		d->on = is_on(n, i);
	}
	for (int of = 0; of < _USE_MAX; of++)
		s->cgroup_version[of] =
			(unsigned char)cgroup_files_version(n->cgroup_files, (enum use_of)of);
	for (int subject = 0; subject < _SUBJECT_MAX; subject++)
		describe_subject(&n->states[subject], s);
}

/* then, files_then: NULL when there is nothing to compare yet.  files: of this moment. */
static int compose(struct node *n, const struct sample *then, const struct sample *now,
		   const struct files_sample *files_then, const struct files_sample *files,
		   struct snapshot **ret)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	int r = then ? compose_between(&s, &n->names, n->cpus, then, now)
		     : snapshot_new(&s, n->cpus, 0, 0, 0);

	if (!r)
		r = compose_files(s, files_then, files);
	if (r)
		return r;
	describe(n, s);
	add_losses(n, now ? now : n->sample, &s->lost);
	*ret = TAKE(s);
	return 0;
}

int node_snapshot(struct node *n, struct snapshot **ret)
{
	CLEANUP(files_sample_freep) struct files_sample *files = NULL;
	const struct sample *then = NULL, *now = NULL;
	uint64_t now_ns = clock_mono_ns();
	int r = take_files(n, now_ns, false, &files);

	window_ends(n->window, &then, &now);
	return r ? r : compose(n, then, now, files_window_begin(&n->files, now_ns), files, ret);
}

int node_base(struct node *n, uint64_t now_ns, struct sample **ret)
{
	return take_all(n, now_ns, false, ret);
}

int node_snapshot_since(struct node *n, uint64_t now_ns, const struct sample *base,
			struct snapshot **ret)
{
	CLEANUP(sample_freep) struct sample *now = NULL;
	int r = node_base(n, now_ns, &now);

	return r ? r : compose(n, base, now, base->files, now->files, ret);
}

int node_scrape(struct node *n, uint64_t now_ns, struct snapshot **ret)
{
	CLEANUP(sample_freep) struct sample *now = NULL;
	int r = take_all(n, now_ns, true, &now);

	return r ? r : compose(n, now, now, now->files, now->files, ret);
}

int node_history(const struct node *n, const char *prefix, uint64_t length_ns,
		 struct history_snapshot **ret)
{
	return history_view(n->history, prefix, length_ns / NS_PER_SEC, clock_ns(CLOCK_BOOTTIME),
			    clock_wall_ns(), ret);
}

bool node_measures(const struct node *n)
{
	return n->sched || n->disk || n->cache;
}

const char *node_kernel(const struct node *n)
{
	return n->machine.kernel;
}

void node_findings(const struct node *n, struct findings *ret)
{
	struct cache_check check;

	findings_collect(n->states, _SUBJECT_MAX, &n->machine, n->capabilities, ret);
	add_losses(n, n->sample, &ret->lost);
	if (n->names.cgroups && !cgroup_names_from_root(n->names.cgroups))
		findings_part_of_tree(cgroup_names_mount(n->names.cgroups), ret);
	for (int i = 0; i < _DETAIL_MAX; i++)
		if (n->budget.off[i])
			findings_left_out(details[i].name, n->budget.share, n->budget_ns, ret);
	if (!n->cache || !n->first) /* nothing was counted long enough to be checked */
		return;
	check = cache_check(&n->first->cache, &n->first->memory, &n->sample->cache,
			    &n->sample->memory, n->cpus);
	for (int part = FL_CACHE_ADD; part <= FL_CACHE_DIRTY; part++)
		check.known &= findings_measures(&n->states[CACHE], part);
	findings_cache_check(&check, ret);
}
