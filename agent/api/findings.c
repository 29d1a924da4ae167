/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/findings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/probes/machine.h"
#include "agent/security/privileges.h"
#include "agent/snapshot/finding.h"
#include "agent/snapshot/snapshot.h"

/* "tp_btf: EPERM (Operation not permitted)" for each hook that was tried in vain. */
static void describe_refusals(const struct sched_state *sched, char *ret, size_t size)
{
	size_t n = 0;

	ret[0] = '\0';
	for (int hook = 0; hook < _SCHED_HOOK_MAX && n < size; hook++) {
		int r = sched->tried[hook];

		if (r < 0)
			n += (size_t)snprintf(ret + n, size - n, "%s%s: %s (%s)", n ? "; " : "",
					      sched_hook_names[hook], strerrorname_np(-r),
					      strerror(-r));
	}
	if (n < size && sched->error && sched->text[0])
		snprintf(ret + n, size - n, "%s%s", n ? "; " : "", sched->text);
}

static enum finding_state sched_is(const struct sched_state *sched)
{
	if (!sched->wanted || sched->error)
		return FINDING_OFF;
	return sched->hook == SCHED_HOOK_TP_BTF ? FINDING_ON : FINDING_FALLBACK;
}

void findings_subject(const struct sched_state *sched, struct subject_snapshot *ret)
{
	*ret = (struct subject_snapshot){ .name = "sched", .state = sched_is(sched) };
	if (ret->state != FINDING_OFF)
		snprintf(ret->hook, sizeof(ret->hook), "%s", sched_hook_names[sched->hook]);
	if (!sched->wanted)
		snprintf(ret->reason, sizeof(ret->reason),
			 "sched.hook is off in the configuration");
	else
		describe_refusals(sched, ret->reason, sizeof(ret->reason));
}

static void text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}
#define set(field, value) text(field, sizeof(field), value)

static const char *mend_for(const struct sched_state *sched, const struct machine *machine,
			    uint64_t capabilities)
{
	uint64_t needed = 0;

	for (int i = 0; i < capability_use_count; i++)
		if (capability_uses[i].kept)
			needed |= 1ull << capability_uses[i].number;
	if (!sched->wanted)
		return "set sched.hook to auto";
	if ((capabilities & needed) != needed)
		return "run as root, or give CAP_BPF and CAP_PERFMON";
	if (!machine->btf)
		return "use a kernel built with CONFIG_DEBUG_INFO_BTF=y";
	if (!strcmp(machine->lockdown, "confidentiality"))
		return "boot with lockdown=integrity or none: confidentiality keeps BPF from kernel memory";
	if (sched->error == -EPERM)
		return "in a container: use the seccomp profile that allows bpf and perf_event_open";
	return "report this with the output of `fairlead doctor -o json`";
}

static void add_hooks(const struct sched_state *sched, const struct machine *machine,
		      uint64_t capabilities, struct findings *ret)
{
	struct finding *f = findings_add(ret, FINDING_HOOK, sched_is(sched), "sched_switch");
	struct subject_snapshot subject;

	findings_subject(sched, &subject);
	switch (f->state) {
	case FINDING_ON:
		snprintf(f->reason, sizeof(f->reason), "%s attached", subject.hook);
		break;
	case FINDING_FALLBACK:
		snprintf(f->reason, sizeof(f->reason), "%.40s attached; %.180s", subject.hook,
			 subject.reason[0] ? subject.reason : "chosen by sched.hook");
		set(f->lost, "nothing; a switch costs about 0.3 us more");
		set(f->mend, "set sched.hook to auto on a kernel that takes tp_btf");
		break;
	default:
		set(f->reason, subject.reason);
		set(f->lost, "run-queue waits per CPU and cgroup");
		set(f->mend, mend_for(sched, machine, capabilities));
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

static void add_capabilities(uint64_t capabilities, struct findings *ret)
{
	for (int i = 0; i < capability_use_count; i++) {
		const struct capability_use *use = &capability_uses[i];
		bool held = capabilities >> use->number & 1;
		struct finding *f = findings_add(ret, FINDING_CAPABILITY,
						 held ? FINDING_ON : FINDING_OFF, use->name);

		snprintf(f->reason, sizeof(f->reason), "%s to %s",
			 !held       ? "not held"
			 : use->kept ? "held by the warden"
				     : "used at the start, then given up,",
			 use->use);
		if (held)
			continue;
		set(f->lost, use->lost);
		snprintf(f->mend, sizeof(f->mend), "run as root, or add %s to the unit or pod",
			 use->name);
	}
}

void findings_collect(const struct sched_state *sched, const struct machine *machine,
		      uint64_t capabilities, struct findings *ret)
{
	*ret = (struct findings){ 0 };
	add_hooks(sched, machine, capabilities, ret);
	add_backends(machine, ret);
	add_capabilities(capabilities, ret);
}
