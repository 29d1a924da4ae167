/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/filter.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/base/cleanup.h"

/*
 * What any program may need: files, memory, threads, processes, time, pipes.  What is on no
 * list does not exist inside (ENOSYS), so that libraries fall back as on an older kernel.
 */
static const int allowed[] = {
#define CALL(name) SCMP_SYS(name),
	CALL(access) CALL(alarm) CALL(arch_prctl) CALL(brk) CALL(capget) CALL(chdir) CALL(
		chmod) CALL(clock_getres) CALL(clock_gettime) CALL(clock_nanosleep) CALL(close)
		CALL(close_range) CALL(copy_file_range) CALL(creat) CALL(dup) CALL(dup2) CALL(
			dup3) CALL(epoll_create) CALL(epoll_create1) CALL(epoll_ctl)
			CALL(epoll_pwait) CALL(epoll_pwait2) CALL(epoll_wait) CALL(eventfd) CALL(
				eventfd2) CALL(execve) CALL(execveat) CALL(exit) CALL(exit_group)
				CALL(faccessat) CALL(faccessat2) CALL(fadvise64) CALL(fallocate)
					CALL(fchdir) CALL(fchmod) CALL(fchmodat) CALL(fcntl)
						CALL(fdatasync) CALL(flock) CALL(fork) CALL(fstat)
							CALL(fstatfs) CALL(fsync) CALL(ftruncate)
								CALL(futex) CALL(futex_waitv)
									CALL(futimesat) CALL(
										get_robust_list)
										CALL(getcpu) CALL(
											getcwd)
											CALL(getdents)
												CALL(getdents64)
													CALL(
														getegid)
														CALL(geteuid)
															CALL(getgid)
																CALL(getgroups) CALL(getitimer) CALL(
																	getpgid)
																	CALL(getpgrp)
																		CALL(getpid)
																			CALL(getppid) CALL(getpriority) CALL(getrandom) CALL(getresgid) CALL(getresuid) CALL(getrlimit) CALL(getrusage) CALL(getsid)
																				CALL(gettid)
																					CALL(gettimeofday) CALL(getuid) CALL(getxattr) CALL(fgetxattr) CALL(lgetxattr) CALL(inotify_add_watch) CALL(inotify_init)
																						CALL(inotify_init1)
																							CALL(inotify_rm_watch)
																								CALL(kill) CALL(
																									lchown)
																									CALL(chown) CALL(fchown) CALL(fchownat) CALL(link) CALL(linkat) CALL(listxattr) CALL(flistxattr) CALL(
																										llistxattr)
																										CALL(
																											lseek) CALL(lstat) CALL(madvise) CALL(membarrier) CALL(memfd_create)
																											CALL(
																												mincore) CALL(mkdir) CALL(mkdirat) CALL(mlock) CALL(mlock2) CALL(mlockall) CALL(mmap)
																												CALL(
																													mprotect) CALL(mremap) CALL(msync) CALL(munlock) CALL(munlockall) CALL(munmap)
																													CALL(nanosleep)
																														CALL(newfstatat) CALL(open) CALL(openat) CALL(openat2)
																															CALL(pause)
																																CALL(pidfd_open)
																																	CALL(
																																		pidfd_send_signal) CALL(pipe) CALL(pipe2) CALL(pkey_alloc)
																																		CALL(
																																			pkey_free) CALL(pkey_mprotect) CALL(poll) CALL(ppoll) CALL(prctl)
																																			CALL(pread64) CALL(
																																				preadv)
																																				CALL(preadv2)
																																					CALL(
																																						prlimit64) CALL(pselect6)
																																						CALL(pwrite64) CALL(
																																							pwritev)
																																							CALL(pwritev2) CALL(read) CALL(readahead)
																																								CALL(
																																									readlink) CALL(readlinkat) CALL(readv) CALL(rename)
																																									CALL(renameat)
																																										CALL(renameat2)
																																											CALL(restart_syscall)
																																												CALL(
																																													rmdir) CALL(rseq)
																																													CALL(rt_sigaction) CALL(rt_sigpending) CALL(rt_sigprocmask)
																																														CALL(rt_sigqueueinfo) CALL(rt_sigreturn) CALL(rt_sigsuspend) CALL(
																																															rt_sigtimedwait) CALL(rt_tgsigqueueinfo) CALL(sched_get_priority_max)
																																															CALL(sched_get_priority_min)
																																																CALL(sched_getaffinity)
																																																	CALL(sched_getattr)
																																																		CALL(sched_getparam) CALL(
																																																			sched_getscheduler) CALL(sched_rr_get_interval)
																																																			CALL(sched_yield) CALL(select) CALL(sendfile) CALL(set_robust_list) CALL(
																																																				set_tid_address)
																																																				CALL(setitimer) CALL(
																																																					setpgid)
																																																					CALL(setpriority)
																																																						CALL(setrlimit) CALL(setsid) CALL(sigaltstack) CALL(
																																																							signalfd) CALL(signalfd4)
																																																							CALL(splice) CALL(
																																																								stat)
																																																								CALL(statfs) CALL(statx) CALL(symlink) CALL(symlinkat) CALL(
																																																									sync_file_range) CALL(sysinfo) CALL(tee) CALL(tgkill) CALL(time)
																																																									CALL(timer_create) CALL(
																																																										timer_delete)
																																																										CALL(
																																																											timer_getoverrun) CALL(timer_gettime)
																																																											CALL(timer_settime)
																																																												CALL(timerfd_create)
																																																													CALL(timerfd_gettime) CALL(timerfd_settime) CALL(times) CALL(tkill) CALL(
																																																														truncate) CALL(umask) CALL(uname) CALL(unlink) CALL(unlinkat)
																																																														CALL(utime) CALL(utimensat) CALL(utimes) CALL(vfork)
																																																															CALL(vmsplice) CALL(wait4) CALL(waitid)
																																																																CALL(write)
																																																																	CALL(writev)
	/* Of sockets, which kinds there are is said below; made ones may be used. */
	CALL(sendmsg) CALL(recvmsg) CALL(sendto) CALL(recvfrom) CALL(shutdown) CALL(getsockopt)
		CALL(setsockopt) CALL(getsockname) CALL(getpeername)
};

/* In the default profile only: networks, System V memory, other scheduling, old-style calls. */
static const int by_default[] = {
	CALL(accept) CALL(accept4) CALL(bind) CALL(connect) CALL(listen) CALL(recvmmsg) CALL(
		sendmmsg) CALL(semctl) CALL(semget) CALL(semop) CALL(semtimedop) CALL(shmat)
		CALL(shmctl) CALL(shmdt) CALL(shmget) CALL(msgctl) CALL(msgget) CALL(msgrcv) CALL(
			msgsnd) CALL(mq_getsetattr) CALL(mq_notify) CALL(mq_open)
			CALL(mq_timedreceive) CALL(mq_timedsend) CALL(mq_unlink) CALL(
				sched_setaffinity) CALL(sched_setattr) CALL(sched_setparam)
				CALL(sched_setscheduler) CALL(ioprio_get) CALL(ioprio_set) CALL(
					setxattr) CALL(fsetxattr) CALL(lsetxattr) CALL(removexattr)
					CALL(fremovexattr) CALL(lremovexattr) CALL(setfsuid) CALL(
						setfsgid) CALL(setuid) CALL(setgid) CALL(setreuid)
						CALL(setregid) CALL(setresuid) CALL(setresgid) CALL(
							setgroups) CALL(get_mempolicy) CALL(mbind)
							CALL(set_mempolicy) CALL(process_mrelease)
								CALL(mknod) CALL(mknodat) CALL(sync)
									CALL(syncfs) CALL(
										remap_file_pages)
};

/*
 * What people who look for a way out, or for what is wrong, try: they are told that it is
 * forbidden, not that it does not exist.
 */
static const int refused[] = {
	CALL(acct) CALL(add_key) CALL(adjtimex) CALL(bpf) CALL(capset) CALL(chroot) CALL(
		clock_adjtime) CALL(clock_settime) CALL(delete_module) CALL(fanotify_init)
		CALL(finit_module) CALL(fsconfig) CALL(fsmount) CALL(fsopen) CALL(fspick) CALL(
			init_module) CALL(io_uring_enter) CALL(io_uring_register)
			CALL(io_uring_setup) CALL(kcmp) CALL(kexec_file_load) CALL(kexec_load) CALL(
				keyctl) CALL(lookup_dcookie) CALL(mount) CALL(mount_setattr)
				CALL(move_mount) CALL(name_to_handle_at) CALL(open_tree) CALL(
					open_by_handle_at) CALL(perf_event_open) CALL(pidfd_getfd)
					CALL(pivot_root) CALL(process_madvise) CALL(
						process_vm_readv) CALL(process_vm_writev)
						CALL(ptrace) CALL(quotactl) CALL(quotactl_fd) CALL(
							reboot) CALL(request_key)
							CALL(setdomainname) CALL(sethostname) CALL(
								setns) CALL(settimeofday)
								CALL(swapoff) CALL(swapon) CALL(
									syslog) CALL(umount2)
									CALL(unshare) CALL(
										userfaultfd)
										CALL(vhangup)
#undef CALL
};

static void releasep(scmp_filter_ctx *f)
{
	if (*f)
		seccomp_release(*f);
}

static int rule(scmp_filter_ctx f, uint32_t action, int call)
{
	int r = seccomp_rule_add(f, action, call, 0);

	return r == -EDOM ? 0 : r; /* a call that this architecture does not have */
}

static int rules(scmp_filter_ctx f, uint32_t action, const int *calls, size_t count)
{
	int r = 0;

	for (size_t i = 0; i < count && !r; i++)
		r = rule(f, action, calls[i]);
	return r;
}

static int allow_if(scmp_filter_ctx f, int call, struct scmp_arg_cmp argument)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 1, argument);
}

/* A new namespace of users has all capabilities in it: none is made. */
static int limit_clone(scmp_filter_ctx f)
{
	const uint64_t kinds = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
			       CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

	/* clone3 has its flags in memory, where no filter sees them; libc falls back to clone. */
	return allow_if(f, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, kinds, 0));
}

/* Not among them: to type into the terminal (TIOCSTI, TIOCLINUX), which others read from. */
static int limit_ioctl(scmp_filter_ctx f)
{
	const uint64_t low = UINT32_MAX; /* the kernel looks at no more of the number */
	static const uint32_t harmless[] = {
		TCGETS,          TCSETS,        TCSETSW,      TCSETSF,     TCGETS2,
		TCSETS2,         TCSETSW2,      TCSETSF2,     TCSBRK,      TCXONC,
		TCFLSH,          TIOCGPGRP,     TIOCSPGRP,    TIOCOUTQ,    TIOCGWINSZ,
		TIOCSWINSZ,      TIOCGSID,      FIONREAD,     FIONBIO,     FIOASYNC,
		FIOCLEX,         FIONCLEX,      FIOQSIZE,     FICLONE,     FICLONERANGE,
		FS_IOC_GETFLAGS, SIOCGIFCONF,   SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFNETMASK,
		SIOCGIFBRDADDR,  SIOCGIFHWADDR, SIOCGIFINDEX, SIOCGIFNAME, SIOCGIFMTU,
		SIOCOUTQ,        SIOCATMARK,
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]) && !r; i++)
		r = allow_if(f, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, low, harmless[i]));
	return r;
}

/* Of the kinds of sockets those that a network of one's own can do no harm with. */
static int limit_sockets(scmp_filter_ctx f, enum sandbox_profile profile)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6 };
	int r = allow_if(f, SCMP_SYS(socketpair), SCMP_A0(SCMP_CMP_EQ, AF_UNIX));

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]) && !r; i++)
		if (profile == SANDBOX_DEFAULT)
			r = allow_if(f, SCMP_SYS(socket),
				     SCMP_A0(SCMP_CMP_EQ, (uint64_t)families[i]));
	if (!r && profile == SANDBOX_DEFAULT)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
				     SCMP_A0(SCMP_CMP_GT, AF_INET6));
	return r;
}

static int fill(scmp_filter_ctx f, enum sandbox_profile profile)
{
	int r = rules(f, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(allowed[0]));

	if (!r && profile == SANDBOX_DEFAULT)
		r = rules(f, SCMP_ACT_ALLOW, by_default,
			  sizeof(by_default) / sizeof(by_default[0]));
	if (!r)
		r = rules(f, SCMP_ACT_ERRNO(EPERM), refused, sizeof(refused) / sizeof(refused[0]));
	if (!r)
		r = limit_clone(f);
	if (!r)
		r = limit_ioctl(f);
	if (!r) /* what it is now may be asked, and left as it is */
		r = allow_if(f, SCMP_SYS(personality), SCMP_A0(SCMP_CMP_EQ, UINT32_MAX));
	if (!r)
		r = allow_if(f, SCMP_SYS(personality), SCMP_A0(SCMP_CMP_EQ, 0));
	return r ? r : limit_sockets(f, profile);
}

/* The program as libseccomp would load it. */
static int export(scmp_filter_ctx f, struct filter_program *ret)
{
	CLEANUP(closep) int fd = memfd_create("filter", MFD_CLOEXEC);
	struct stat is;
	void *code;
	int r;

	if (fd < 0)
		return -errno;
	r = seccomp_export_bpf(f, fd);
	if (r)
		return r;
	if (fstat(fd, &is))
		return -errno;
	code = malloc((size_t)is.st_size);
	if (!code || pread(fd, code, (size_t)is.st_size, 0) != is.st_size) {
		free(code);
		return -ENOMEM;
	}
	ret->code = code;
	ret->length = (unsigned short)((size_t)is.st_size / sizeof(struct sock_filter));
	return 0;
}

/*
 * As a tree it takes 1.2 ms to make, twice a list's time, but 0.12 ms rather than 0.28 to load:
 * the kernel goes through it once for every call, to remember which are always allowed.  It
 * is made once a process, and loaded for every sandbox.
 */
const struct filter_program *filter_of(enum sandbox_profile profile)
{
	static struct filter_program made[_SANDBOX_PROFILE_MAX];
	CLEANUP(releasep) scmp_filter_ctx f = NULL;
	int r;

	if (made[profile].code)
		return &made[profile];
	f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	if (!f) {
		errno = ENOMEM;
		return NULL;
	}
	/* A call by another architecture's numbers would pass by all that is said here. */
	r = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (!r)
		r = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!r)
		r = fill(f, profile);
	if (!r)
		r = export(f, &made[profile]);
	errno = -r;
	return r ? NULL : &made[profile];
}

int filter_load(const struct filter_program *filter)
{
	const struct sock_fprog program = { .len = filter->length, .filter = filter->code };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) ? -errno : 0;
}
