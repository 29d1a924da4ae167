/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/details.h"

#include <stdio.h>
#include <string.h>

#include "agent/api/findings.h"
#include "agent/api/subjects.h"
#include "agent/base/log.h"
#include "agent/config/config.h"
#include "agent/probes/cache_read.h"
#include "agent/probes/disk_read.h"
#include "agent/probes/sample.h"
#include "agent/probes/sched_read.h"
#include "agent/snapshot/snapshot.h"

static const struct budget_detail names[] = {
	[SCHED_DETAIL] = { "distributions of sched.cgroups", SCHED },
	[SCHED_CGROUPS] = { "sched.cgroups", SCHED },
	[DISK_DETAIL] = { "distributions of disk.cgroups", DISK },
	[DISK_CGROUPS] = { "disk.cgroups", DISK },
	[CACHE_CGROUPS] = { "cache.cgroups", CACHE },
};
_Static_assert((int)_DETAIL_MAX <= (int)BUDGET_DETAILS && (int)_SUBJECT_MAX <= (int)BUDGET_SUBJECTS,
	       "a budget has room for them");

bool details_is_on(const struct details *d, enum detail detail)
{
	return d->wanted[detail] && !d->budget.off[detail];
}

static void turn_knobs(const struct details *d, const struct subjects *of)
{
	if (of->sched)
		sched_read_set(of->sched, details_is_on(d, SCHED_CGROUPS),
			       details_is_on(d, SCHED_DETAIL));
	if (of->disk)
		disk_read_set(of->disk, details_is_on(d, DISK_CGROUPS),
			      details_is_on(d, DISK_DETAIL));
	if (of->cache)
		cache_read_set_cgroups(of->cache, details_is_on(d, CACHE_CGROUPS));
}

void details_configure(struct details *d, const struct subjects *of, const struct config *config)
{
	if (d->allowed_ns != config->bpf_budget_ns) /* what was left out has a new chance */
		budget_init(&d->budget, names, _DETAIL_MAX);
	d->allowed_ns = config->bpf_budget_ns;
	d->wanted[SCHED_DETAIL] = d->wanted[SCHED_CGROUPS] = of->sched && config->sched_cgroups;
	d->wanted[DISK_DETAIL] = d->wanted[DISK_CGROUPS] = of->disk && config->disk_cgroups;
	d->wanted[CACHE_CGROUPS] = of->cache && config->cache_cgroups;
	turn_knobs(d, of);
}

static uint64_t cost_of(const struct self_sample *s)
{
	uint64_t ns = 0;

	for (int part = 0; part < LOAD_PARTS; part++)
		ns += self_estimate_ns(&s->of[part]);
	return ns;
}

/* What was taken since the last time; an estimate may fall, and then nothing was. */
static uint64_t newly_paid(struct details *d, int subject, const struct self_sample *s)
{
	uint64_t ns = cost_of(s), before = d->paid_ns[subject];

	d->paid_ns[subject] = ns;
	return d->paid_at && ns > before ? ns - before : 0;
}

void details_keep_to_budget(struct details *d, const struct subjects *of, uint64_t now_ns,
			    size_t cpus, const struct sample *now)
{
	struct budget_load load = { .now_ns = now_ns,
				    .cpus = cpus,
				    .span_ns = d->paid_at ? now_ns - d->paid_at : 0,
				    .allowed_ns = d->allowed_ns };
	struct budget_step step;

	load.cost_ns[SCHED] = newly_paid(d, SCHED, &now->sched->self);
	load.cost_ns[DISK] = newly_paid(d, DISK, &now->disk.self);
	load.cost_ns[CACHE] = newly_paid(d, CACHE, &now->cache.self);
	memcpy(load.wanted, d->wanted, sizeof(d->wanted));
	d->paid_at = now_ns;
	step = budget_step(&d->budget, &load);
	if (step.verdict == BUDGET_STAY)
		return;
	turn_knobs(d, of);
	if (step.verdict == BUDGET_LEAVE_OUT)
		log_warn("budget", "left out: %s share=%.3g%% allowed=%.3g%%",
			 names[step.detail].name, d->budget.share * 100,
			 (double)d->allowed_ns / 1e7);
	else
		log_info("budget", "measured again: %s share=%.3g%%", names[step.detail].name,
			 d->budget.share * 100);
}

void details_describe(const struct details *d, struct snapshot *s)
{
	for (int i = 0; i < _DETAIL_MAX; i++) {
		struct detail_snapshot *to = &s->details[s->detail_count++];

		snprintf(to->name, sizeof(to->name), "%s", names[i].name);
		to->wanted = d->wanted[i];
		to->on = details_is_on(d, (enum detail)i);
	}
}

void details_findings(const struct details *d, struct findings *ret)
{
	for (int i = 0; i < _DETAIL_MAX; i++)
		if (d->budget.off[i])
			findings_left_out(names[i].name, d->budget.share, d->allowed_ns, ret);
}
