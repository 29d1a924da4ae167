/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/node.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/api/compose.h"
#include "agent/api/compose_files.h"
#include "agent/api/details.h"
#include "agent/api/findings.h"
#include "agent/api/sample_losses.h"
#include "agent/api/subjects.h"
#include "agent/api/sweep.h"
#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/fs.h"
#include "agent/base/log.h"
#include "agent/base/version.h"
#include "agent/config/config.h"
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
#include "bpf/disk/disk.h"

/* Rows of cgroups that are gone are looked for this often: a walk of the tree costs about
 * 4 us a cgroup, and a dead cgroup's row hurts nobody for a while. */
#define SWEEP_NS (10 * NS_PER_SEC)

struct node {
	struct warden *warden;
	struct machine machine;
	struct fs_machine *files_of; /* the machine's own */
	uint64_t loaded_wall_ns, booted_wall_ns;
	uint64_t capabilities; /* of the start, and of the warden now */
	bool execute;          /* jobs: the warden keeps what that takes */
	struct subjects on;
	struct details details;
	struct sample *first; /* what the page cache is checked against; NULL: none yet */
	struct sample *sample;
	struct window *window;
	struct files_window files;
	struct history *history;
	struct compose_names names;
	struct cgroup_files *cgroup_files;
	uint64_t walked_ns; /* the hierarchies were */
	bool told;          /* that some of it is not read */
	size_t cpus;
	bool *online;
	uint64_t swept_ns;
	uint64_t missed;            /* runs that the kernel left out, as the warden last told */
	uint64_t unread_interfaces; /* at all samples together */
};

static int ask_capabilities(struct node *n)
{
	struct wire_request ask = { .kind = WIRE_HELLO };
	struct wire_reply reply;
	int fds[WIRE_FDS];
	int r = warden_ask(n->warden, &ask, &reply, fds);

	if (r)
		return r;
	warden_close_fds(&reply, fds);
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
	n->execute = config->execute;
	n->cpus = (size_t)sysconf(_SC_NPROCESSORS_CONF);
	machine_read(&n->machine, "");
	/* Once: a wall clock that is being set right must not move when counters began. */
	n->loaded_wall_ns = clock_wall_ns();
	n->booted_wall_ns = n->loaded_wall_ns - clock_ns(CLOCK_BOOTTIME);
	r = fs_machine_new(&n->files_of, "");
	if (!r)
		r = ask_capabilities(n);
	if (!r)
		r = subjects_load(&n->on, warden, config);
	if (r)
		return r;
	if (n->on.cpus)
		n->cpus = n->on.cpus;
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
		subjects_clear(&n->on);
		sample_free(n->first);
		sample_free(n->sample);
		window_free(n->window);
		files_window_clear(&n->files);
		cgroup_files_free(n->cgroup_files);
		history_free(n->history);
		cgroup_names_free(n->names.cgroups);
		cgroup_names_free(n->names.blkio);
		fs_machine_free(n->files_of);
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
	window_set_length(n->window, config->window_ns);
	files_window_set_length(&n->files, config->window_ns);
	details_configure(&n->details, &n->on, config);
}

/* detail: what only somebody who asks gets. */
static int take_sample(struct node *n, bool detail, struct sample *ret)
{
	int r;

	machine_online_cpus(n->files_of, n->online, n->cpus);
	ret->when_ns = clock_mono_ns(); /* what is measured over time is read at that very time */
	r = n->on.sched ? sched_read_sample(n->on.sched, n->online, ret->sched) : 0;
	pressure_read(ret->pressure, n->files_of);
	memory_read(&ret->memory, n->files_of);
	network_read(&ret->network, n->files_of);
	n->unread_interfaces += ret->network.unread;
	disk_sample_clear(&ret->disk);
	if (!r && n->on.cache)
		r = cache_read_sample(n->on.cache, &ret->cache);
	return r || !n->on.disk ? r : disk_read_sample(n->on.disk, detail, &ret->disk);
}

static void tell_what_is_not_read(struct node *n, const struct cgroup_files_sample *s)
{
	if (n->told || (!s->unread && !s->refused))
		return;
	n->told = true;
	log_warn("cgroups", "not all is read: unread=%zu most=%d files_refused=%zu", s->unread,
		 CGROUP_FILES_MAX, s->refused);
}

static void walk(struct node *n, uint64_t now_ns)
{
	n->walked_ns = now_ns;
	if (n->names.cgroups)
		cgroup_names_refresh(n->names.cgroups);
	if (n->names.blkio)
		cgroup_names_refresh(n->names.blkio);
	cgroup_files_walk(n->cgroup_files);
}

static bool counts_every_disk(const struct node *n)
{
	static const enum fl_disk_program parts[] = { FL_DISK_ISSUE, FL_DISK_COMPLETE, FL_DISK_BIO,
						      FL_DISK_BIO_END };
	bool all = n->on.disk != NULL;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		all = all && findings_measures(&n->on.states[DISK], parts[i]);
	return all;
}

/* For whom asks now, and once a window.  Those who ask within a second share the walk; a scrape
 * leaves it to the sweep. */
static int take_files(struct node *n, uint64_t now_ns, bool briefly,
		      const struct disk_sample *counted, struct files_sample **ret)
{
	CLEANUP(files_sample_freep) struct files_sample *s = NULL;
	int r = files_sample_new(&s, n->cpus);

	if (r)
		return r;
	if (now_ns - n->walked_ns >= (briefly ? SWEEP_NS + 2 * NS_PER_SEC : NS_PER_SEC))
		walk(n, now_ns);
	r = files_sample_take(
		s, n->cgroup_files, n->files_of,
		&(struct files_asked){ .now_ns = now_ns,
				       .briefly = briefly,
				       .last = files_window_newest(&n->files),
				       .counted = counts_every_disk(n) ? counted : NULL });
	if (r)
		return r;
	tell_what_is_not_read(n, &s->cgroups);
	*ret = TAKE(s);
	return 0;
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
	if (now_ns - n->swept_ns < SWEEP_NS)
		return;
	n->swept_ns = now_ns;
	ask_missed(n);
	if (n->walked_ns != now_ns) /* a walk before the sample would not know who is in it */
		walk(n, now_ns);
	sweep_rows(&n->on, &n->names, n->sample);
}

static void keep_to_budget(struct node *n, uint64_t now_ns)
{
	size_t online = 0;

	for (size_t cpu = 0; cpu < n->cpus; cpu++)
		online += n->online[cpu];
	details_keep_to_budget(&n->details, &n->on, now_ns, online, n->sample);
}

static int take_all(struct node *n, uint64_t now_ns, bool briefly, struct sample **ret)
{
	CLEANUP(sample_freep) struct sample *s = NULL;
	int r = sample_new(&s, n->cpus);

	if (!r)
		r = take_sample(n, !briefly, s);
	if (!r)
		r = take_files(n, now_ns, briefly, &s->disk, &s->files);
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
	const struct history_known known = { .sched = n->on.sched != NULL,
					     .cgroups = details_is_on(&n->details, SCHED_CGROUPS),
					     .disk = n->on.disk != NULL,
					     .shares = details_is_on(&n->details, DISK_CGROUPS) &&
						       !n->names.blkio,
					     .cache = n->on.cache != NULL };

	return history_feed(n->history, &known, window_last(n->window), n->sample,
			    clock_ns(CLOCK_BOOTTIME));
}

static int keep_files(struct node *n, uint64_t now_ns)
{
	struct files_sample *s;
	int r;

	if (!files_window_is_due(&n->files, now_ns))
		return 0;
	r = take_files(n, now_ns, false, &n->sample->disk, &s);
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
	details_describe(&n->details, s);
	for (int of = 0; of < _USE_MAX; of++)
		s->cgroup_version[of] =
			(unsigned char)cgroup_files_version(n->cgroup_files, (enum use_of)of);
	subjects_describe(&n->on, s);
}

/* then, files_then: NULL when there is nothing to compare yet.  files: of this moment. */
static int compose(struct node *n, const struct sample *then, const struct sample *now,
		   const struct files_sample *files_then, const struct files_sample *files,
		   struct snapshot **ret)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	int r = then ? compose_between(&s, &n->names, &files->disks, n->cpus, then, now)
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
	int r = take_files(n, now_ns, false, &n->sample->disk, &files);

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
	return subjects_measure(&n->on);
}

const char *node_kernel(const struct node *n)
{
	return n->machine.kernel;
}

void node_findings(const struct node *n, struct findings *ret)
{
	struct cache_check check;

	findings_collect(n->on.states, _SUBJECT_MAX, &n->machine, n->capabilities, n->execute, ret);
	add_losses(n, n->sample, &ret->lost);
	if (n->names.cgroups && !cgroup_names_from_root(n->names.cgroups))
		findings_part_of_tree(cgroup_names_mount(n->names.cgroups), ret);
	details_findings(&n->details, ret);
	if (!n->on.cache || !n->first) /* nothing was counted long enough to be checked */
		return;
	check = cache_check(&n->first->cache, &n->first->memory, &n->sample->cache,
			    &n->sample->memory, n->cpus);
	for (int part = FL_CACHE_ADD; part <= FL_CACHE_DIRTY; part++)
		check.known &= findings_measures(&n->on.states[CACHE], part);
	findings_cache_check(&check, ret);
}
