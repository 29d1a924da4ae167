/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/findings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/words.h"
#include "agent/probes/machine.h"
#include "agent/security/privileges.h"
#include "agent/signals/cache_reading.h"
#include "agent/snapshot/finding.h"
#include "agent/snapshot/snapshot.h"

#define NOWHERE (-1)
#define WHOLE   1024 /* of a reason, before it is cut to its room */

static bool measures(const struct subject_state *state)
{
	return state->wanted && !state->error;
}

/* The way of a part that is in use. */
static int way_of(const struct subject_state *state, int part)
{
	for (int way = 0; way < LOAD_WAYS && measures(state); way++)
		if (!state->tried[part][way])
			return way;
	return NOWHERE;
}

bool findings_measures(const struct subject_state *state, int part)
{
	return way_of(state, part) != NOWHERE;
}

static enum finding_state part_is(const struct subject_state *state, int part)
{
	int way = way_of(state, part);

	return way == NOWHERE ? FINDING_OFF : way ? FINDING_FALLBACK : FINDING_ON;
}

/* "tp_btf/x: EPERM (Operation not permitted)" for each hook of a part that was tried in vain. */
static size_t describe_refusals(const struct subject_state *state, int part, char *to, size_t room)
{
	char ret[WHOLE] = "";
	const size_t size = sizeof(ret);
	size_t n = 0;

	for (int way = 0; way < LOAD_WAYS && n < size; way++) {
		int r = state->tried[part][way];

		if (r < 0)
			n += (size_t)snprintf(ret + n, size - n, "%s%s: %s (%s)", n ? "; " : "",
					      state->subject->parts[part].ways[way].hook,
					      strerrorname_np(-r) ? strerrorname_np(-r) : "error",
					      strerror(-r));
	}
	if (n && n < size && state->error && state->text[0])
		n += (size_t)snprintf(ret + n, size - n, "; %s", state->text);
	words_copy(to, room, ret);
	return n;
}

void findings_subject(const struct subject_state *state, struct subject_snapshot *ret)
{
	int way = way_of(state, 0);

	*ret = (struct subject_snapshot){ .state = FINDING_ON };
	snprintf(ret->name, sizeof(ret->name), "%s", state->subject->name);
	if (!state->wanted)
		snprintf(ret->reason, sizeof(ret->reason), "%s.hook is off in the configuration",
			 state->subject->name);
	if (way == NOWHERE)
		ret->state = FINDING_OFF;
	else
		snprintf(ret->hook, sizeof(ret->hook), "%s",
			 state->subject->parts[0].ways[way].hook);
	for (int part = 0; state->wanted && state->subject->parts[part].name; part++) {
		if (part_is(state, part) == FINDING_ON)
			continue;
		if (ret->state == FINDING_ON)
			ret->state = FINDING_FALLBACK;
		if (!ret->reason[0]) /* the first says enough; the doctor says all */
			describe_refusals(state, part, ret->reason, sizeof(ret->reason));
	}
}

#define set(field, value) words_copy(field, sizeof(field), value)

/* The subject was given up with its first part, before this one's turn. */
static bool is_skipped(const struct subject_state *state, int part)
{
	for (int way = 0; way < LOAD_WAYS; way++)
		if (state->tried[part][way] != LOAD_NOT_TRIED)
			return false;
	return state->error && part && state->subject->parts[0].needed;
}

/* Why a part is off, or has not the best way. */
static void describe_part(const struct subject_state *state, int part, char *ret, size_t size)
{
	int way = way_of(state, part);

	if (!state->wanted)
		snprintf(ret, size, "%s.hook is off in the configuration", state->subject->name);
	else if (is_skipped(state, part))
		snprintf(ret, size, "not tried, as %s is refused", state->subject->parts[0].name);
	else if (!describe_refusals(state, part, ret, size) && way)
		snprintf(ret, size, "%s",
			 way == NOWHERE ? "has no hook of the kind that was chosen"
					: "chosen in the configuration");
}

void findings_hook(const struct subject_state *state, int part, struct hook_snapshot *ret)
{
	const struct load_part *of = &state->subject->parts[part];
	int way = way_of(state, part);

	*ret = (struct hook_snapshot){ 0 };
	set(ret->subject, state->subject->name);
	set(ret->event, of->name);
	set(ret->hook, way == NOWHERE ? "" : of->ways[way].hook);
	if (way)
		describe_part(state, part, ret->reason, sizeof(ret->reason));
}

/* A way that the configuration kept from being tried may work. */
static bool tried_all(const struct subject_state *state, int part)
{
	for (int way = 0; way < LOAD_WAYS; way++)
		if (state->subject->parts[part].ways[way].hook &&
		    state->tried[part][way] == LOAD_NOT_TRIED)
			return false;
	return true;
}

static void mend(const struct subject_state *state, int part, const struct machine *machine,
		 uint64_t capabilities, struct finding *f)
{
	uint64_t needed = 0;
	int error = state->error;

	for (int way = 0; way < LOAD_WAYS; way++)
		if (state->tried[part][way] < 0)
			error = state->tried[part][way];
	for (int i = 0; i < capability_use_count; i++)
		if (capability_uses[i].kept)
			needed |= 1ull << capability_uses[i].number;
	if (!state->wanted || f->state == FINDING_FALLBACK || !error ||
	    (!is_skipped(state, part) && !tried_all(state, part)))
		snprintf(f->mend, sizeof(f->mend), "set %s.hook to auto%s", state->subject->name,
			 f->state == FINDING_FALLBACK ? " on a kernel that takes tp_btf" : "");
	else if ((capabilities & needed) != needed)
		set(f->mend, "run as root, or give CAP_BPF and CAP_PERFMON");
	else if (!machine->btf)
		set(f->mend, "use a kernel built with CONFIG_DEBUG_INFO_BTF=y");
	else if (!strcmp(machine->lockdown, "confidentiality"))
		set(f->mend, "boot with lockdown=integrity or none: confidentiality keeps BPF from "
			     "kernel memory");
	else if (error == -EPERM)
		set(f->mend, "in a container: use the seccomp profile that allows bpf and "
			     "perf_event_open");
	else
		set(f->mend, "report this with the output of `fairlead doctor -o json`");
}

static void add_hooks(const struct subject_state *state, const struct machine *machine,
		      uint64_t capabilities, struct findings *ret)
{
	for (int part = 0; state->subject->parts[part].name; part++) {
		const struct load_part *of = &state->subject->parts[part];
		struct finding *f = findings_add(ret, FINDING_HOOK, part_is(state, part), of->name);
		int way = way_of(state, part);
		char why[WHOLE] = "", all[WHOLE + 128];

		if (way)
			describe_part(state, part, why, sizeof(why));
		snprintf(all, sizeof(all), "%s%s%s%s", way == NOWHERE ? "" : of->ways[way].hook,
			 way == NOWHERE ? "" : " attached", way == NOWHERE || !way ? "" : "; ",
			 why);
		set(f->reason, all);
		if (f->state == FINDING_ON)
			continue;
		set(f->lost, f->state == FINDING_OFF ? of->lost
						     : "nothing; an event costs about 0.3 us more");
		mend(state, part, machine, capabilities, f);
	}
}

static void add_backends(const struct machine *machine, struct findings *ret)
{
	static const char *const layouts[] = { "one cgroup2 tree", "cgroup2 beside v1 hierarchies",
					       "v1 hierarchies only", "none is mounted" };
	static const enum finding_state layout_states[] = { FINDING_ON, FINDING_FALLBACK,
							    FINDING_OFF, FINDING_OFF };
	struct finding *f;

	f = findings_add(ret, FINDING_BACKEND, machine->btf ? FINDING_ON : FINDING_OFF,
			 "kernel BTF");
	set(f->reason, machine->btf ? "/sys/kernel/btf/vmlinux" : "no /sys/kernel/btf/vmlinux");
	if (!machine->btf) {
		set(f->lost, "all BPF measurements");
		set(f->mend, "use a kernel built with CONFIG_DEBUG_INFO_BTF=y");
	}

	f = findings_add(ret, FINDING_BACKEND, machine->jit ? FINDING_ON : FINDING_FALLBACK,
			 "BPF JIT");
	set(f->reason, machine->jit ? "compiled" : "net.core.bpf_jit_enable is 0: interpreted");
	if (!machine->jit) {
		set(f->lost, "each measured event costs several times more");
		set(f->mend, "sysctl net.core.bpf_jit_enable=1");
	}

	f = findings_add(ret, FINDING_BACKEND, layout_states[machine->cgroups], "cgroups");
	set(f->reason, layouts[machine->cgroups]);
	if (machine->cgroups == CGROUP_HYBRID) {
		set(f->lost, "tasks placed only in v1 groups count for the cgroup2 root");
		set(f->mend, "boot with systemd.unified_cgroup_hierarchy=1");
	} else if (f->state == FINDING_OFF) {
		set(f->lost, "the names of cgroups, and waits per cgroup where all are one");
		set(f->mend, "mount cgroup2, or in a container mount /sys/fs/cgroup of the host");
	}

	if (!machine->lockdown[0] || !strcmp(machine->lockdown, "none")) {
		f = findings_add(ret, FINDING_BACKEND, FINDING_ON, "open kernel");
		set(f->reason,
		    machine->lockdown[0] ? "lockdown is none" : "no lockdown is to be seen");
	} else {
		f = findings_add(ret, FINDING_BACKEND, FINDING_FALLBACK, "open kernel");
		snprintf(f->reason, sizeof(f->reason), "lockdown is %s", machine->lockdown);
		set(f->lost, "what the hooks above say; nothing else");
		set(f->mend, "boot with lockdown=none, where policy allows");
	}
}

static void add_capabilities(uint64_t capabilities, bool execute, struct findings *ret)
{
	for (int i = 0; i < capability_use_count; i++) {
		const struct capability_use *use = &capability_uses[i];
		bool held = capabilities >> use->number & 1;
		bool kept = use->kept || (execute && use->to_execute);
		struct finding *f = findings_add(ret, FINDING_CAPABILITY,
						 held ? FINDING_ON : FINDING_OFF, use->name);

		snprintf(f->reason, sizeof(f->reason), "%s to %s",
			 !held  ? "not held"
			 : kept ? "held by the warden"
				: "used at the start, then given up,",
			 use->use);
		if (held)
			continue;
		set(f->lost, use->lost);
		snprintf(f->mend, sizeof(f->mend), "run as root, or add %s to the unit or pod",
			 use->name);
	}
}

void findings_cache_check(const struct cache_check *check, struct findings *ret)
{
	bool holds = cache_check_holds(check);
	struct finding *f = findings_add(ret, FINDING_BACKEND,
					 check->known && holds ? FINDING_ON : FINDING_FALLBACK,
					 "page cache counts");

	if (!check->known)
		set(f->reason, "not checked: /proc/vmstat does not tell, or a hook is missing");
	else
		snprintf(f->reason, sizeof(f->reason),
			 "%s /proc/vmstat: of %llu pages %+lld resident, %+lld dirtied",
			 holds ? "agree with" : "differ from", (unsigned long long)check->pages,
			 (long long)check->resident_off, (long long)check->dirtied_off);
	if (check->known && holds)
		return;
	set(f->lost, check->known ? "the page cache's counts are off by so much" : "the check");
	set(f->mend, check->known ? "report this with the output of `fairlead doctor -o json`"
				  : "set cache.hook to auto");
}

void findings_part_of_tree(const char *mount, struct findings *ret)
{
	struct finding *f = NULL;

	for (size_t i = 0; i < ret->count && !f; i++)
		if (!strcmp(ret->rows[i].name, "cgroups"))
			f = &ret->rows[i];
	if (!f || f->state == FINDING_OFF)
		return;
	f->state = FINDING_FALLBACK;
	snprintf(f->reason, sizeof(f->reason),
		 "%s shows a part of the cgroup2 tree only: what is outside of it has no name",
		 mount);
	set(f->lost, "names, pods and units of cgroups elsewhere; rows of removed ones stay taken");
	set(f->mend, "in a container: mount the host's /sys/fs/cgroup anywhere in it, read-only, "
		     "and start anew");
}

void findings_left_out(const char *detail, double share, uint64_t allowed_ns, struct findings *ret)
{
	struct finding *f = findings_add(ret, FINDING_BACKEND, FINDING_OFF, detail);

	snprintf(
		f->reason, sizeof(f->reason),
		"left out: the BPF programs took more than bpf_budget, %.3g %% of the node; now %.3g %%",
		(double)allowed_ns / 1e7, share * 100);
	set(f->lost, "these counts, until there is room again");
	set(f->mend, "raise bpf_budget, or switch it off for good in the configuration");
}

void findings_collect(const struct subject_state *states, size_t count,
		      const struct machine *machine, uint64_t capabilities, bool execute,
		      struct findings *ret)
{
	*ret = (struct findings){ 0 };
	for (size_t i = 0; i < count; i++)
		add_hooks(&states[i], machine, capabilities, ret);
	add_backends(machine, ret);
	add_capabilities(capabilities, execute, ret);
}
