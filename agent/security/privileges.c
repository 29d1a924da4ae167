/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/security/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "agent/base/cleanup.h"

const struct capability_use capability_uses[] = {
	{ CAP_BPF, "CAP_BPF", "load the BPF programs and make their maps", "all BPF measurements",
	  .kept = true, .to_execute = false },
	{ CAP_PERFMON, "CAP_PERFMON", "attach to the kernel's tracepoints", "all BPF measurements",
	  .kept = true, .to_execute = false },
	{ CAP_SETUID, "CAP_SETUID", "give the agent, and jobs, a uid of their own",
	  "the agent keeps the uid it was started with", .kept = false, .to_execute = true },
	{ CAP_SETGID, "CAP_SETGID", "give the agent, and jobs, a gid of their own",
	  "the agent keeps the groups it was started with", .kept = false, .to_execute = true },
	{ CAP_CHOWN, "CAP_CHOWN", "hand the state and runtime folders to the agent",
	  "these folders must belong to the agent's user already", .kept = false,
	  .to_execute = false },
};
const int capability_use_count = sizeof(capability_uses) / sizeof(capability_uses[0]);

static void cap_freep(cap_t *c)
{
	if (*c)
		cap_free(*c);
}

uint64_t privileges_start_only(void)
{
	uint64_t set = 0;

	for (int i = 0; i < capability_use_count; i++)
		if (!capability_uses[i].kept)
			set |= 1ull << capability_uses[i].number;
	return set;
}

uint64_t privileges_held(void)
{
	CLEANUP(cap_freep) cap_t now = cap_get_proc();
	uint64_t held = 0;

	for (int c = 0; now && c < 64; c++) {
		cap_flag_value_t value;

		if (!cap_get_flag(now, c, CAP_EFFECTIVE, &value) && value == CAP_SET)
			held |= 1ull << c;
	}
	return held;
}

int privileges_keep_for_warden(bool to_execute)
{
	CLEANUP(cap_freep) cap_t now = cap_get_proc();
	CLEANUP(cap_freep) cap_t next = cap_init();

	if (!now || !next)
		return -errno;
	for (int i = 0; i < capability_use_count; i++) {
		const cap_value_t keep = capability_uses[i].number;
		cap_flag_value_t value = CAP_CLEAR;

		if ((!capability_uses[i].kept && !(to_execute && capability_uses[i].to_execute)) ||
		    cap_get_flag(now, keep, CAP_PERMITTED, &value) || value != CAP_SET)
			continue;
		cap_set_flag(next, CAP_PERMITTED, 1, &keep, CAP_SET);
		cap_set_flag(next, CAP_EFFECTIVE, 1, &keep, CAP_SET);
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || cap_set_proc(next))
		return -errno;
	return 0;
}

int privileges_drop(uid_t uid, gid_t gid)
{
	CLEANUP(cap_freep) cap_t none = cap_init();
	bool root = geteuid() == 0;

	if (!none || (root && (setgroups(0, NULL) || setresgid(gid, gid, gid))))
		return -errno;
	for (int c = 0; cap_get_bound(c) >= 0; c++)
		(void)cap_drop_bound(c); /* needs CAP_SETPCAP; without it no_new_privs has to do */
	if (root && setresuid(uid, uid, uid))
		return -errno;
	/* Also who was never root may hold some: ambient ones of a unit, or of the file. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) || cap_set_proc(none))
		return -errno;
	if (uid && (!setresuid(0, 0, 0) || privileges_held()))
		return -EPERM;
	return 0;
}

/* A new namespace of users comes with all capabilities in it, so clone must not make one. */
static int refuse_namespaces(scmp_filter_ctx filter)
{
	static const uint64_t kinds[] = { CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
					  CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP };
	int r = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !r; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
				     SCMP_A0(SCMP_CMP_MASKED_EQ, kinds[i], kinds[i]));
	/* Its flags lie in memory, where a filter cannot look: libc falls back to clone. */
	return r ? r : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static void filter_releasep(scmp_filter_ctx *f)
{
	if (*f)
		seccomp_release(*f);
}

int privileges_filter_calls(void)
{
	/* A list of what is refused, not of what is allowed: libraries change their calls with
	 * every release, and what an escape needs is known.  execve is on it: an agent that can
	 * be talked into something cannot be talked into a shell. */
	static const int refused[] = {
		SCMP_SYS(execve),
		SCMP_SYS(execveat),
		SCMP_SYS(ptrace),
		SCMP_SYS(mount),
		SCMP_SYS(umount2),
		SCMP_SYS(pivot_root),
		SCMP_SYS(chroot),
		SCMP_SYS(unshare),
		SCMP_SYS(setns),
		SCMP_SYS(fsopen),
		SCMP_SYS(fsmount),
		SCMP_SYS(move_mount),
		SCMP_SYS(open_tree),
		SCMP_SYS(mount_setattr),
		SCMP_SYS(init_module),
		SCMP_SYS(finit_module),
		SCMP_SYS(delete_module),
		SCMP_SYS(kexec_load),
		SCMP_SYS(kexec_file_load),
		SCMP_SYS(process_vm_readv),
		SCMP_SYS(process_vm_writev),
		SCMP_SYS(pidfd_getfd),
		SCMP_SYS(perf_event_open),
		SCMP_SYS(keyctl),
		SCMP_SYS(add_key),
		SCMP_SYS(request_key),
		SCMP_SYS(userfaultfd),
		SCMP_SYS(setuid),
		SCMP_SYS(setgid),
		SCMP_SYS(setresuid),
		SCMP_SYS(setresgid),
		SCMP_SYS(setgroups),
		SCMP_SYS(capset),
		SCMP_SYS(reboot),
		SCMP_SYS(swapon),
		SCMP_SYS(swapoff),
		SCMP_SYS(acct),
		SCMP_SYS(bpf),
		SCMP_SYS(io_uring_setup),
	};
	CLEANUP(filter_releasep) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int r;

	if (!filter)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
		if (r && r != -EDOM) /* a call that this architecture does not have */
			return r;
	}
	r = refuse_namespaces(filter);
	return r ? r : seccomp_load(filter);
}

int privileges_find_user(const char *user, uid_t *uid, gid_t *gid)
{
	CLEANUP(fclosep) FILE *file = NULL;
	struct passwd *entry;
	char *end;
	unsigned long number = strtoul(user, &end, 10);

	if (*user && !*end) {
		*uid = (uid_t)number;
		*gid = (gid_t)number;
		return number < UINT32_MAX ? 0 : -ENOENT;
	}
	file = fopen("/etc/passwd", "re");
	while (file && (entry = fgetpwent(file)))
		if (!strcmp(entry->pw_name, user)) {
			*uid = entry->pw_uid;
			*gid = entry->pw_gid;
			return 0;
		}
	return -ENOENT;
}
