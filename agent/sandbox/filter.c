/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/filter.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/base/cleanup.h"

/* What SCMP_A0 of libseccomp leaves out is 0, as it means; clang would rather have it written. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/*
 * What any program may need: files, memory, threads, processes, time, pipes.  What is on no
 * list does not exist inside (ENOSYS), so that libraries fall back as on an older kernel.
 * Nor does inotify: it tells who else opens a file, and those of /usr are everybody's.
 */
static const char allowed[] =
	"access alarm arch_prctl brk capget chdir chmod chown clock_getres clock_gettime "
	"clock_nanosleep close close_range copy_file_range creat dup dup2 dup3 epoll_create "
	"epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execve "
	"execveat exit exit_group faccessat faccessat2 fadvise64 fallocate fchdir fchmod "
	"fchmodat fchown fchownat fdatasync fgetxattr flistxattr flock fork fstat fstatfs "
	"fsync ftruncate futex futex_waitv futimesat get_robust_list getcpu getcwd "
	"getdents getdents64 getegid geteuid getgid getgroups getitimer getpgid getpgrp "
	"getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid "
	"gettid gettimeofday getuid getxattr kill lchown lgetxattr link linkat listxattr "
	"llistxattr lseek lstat madvise membarrier mincore mkdir mkdirat mlock "
	"mlock2 mlockall mprotect mremap msync munlock munlockall munmap nanosleep newfstatat open openat "
	"openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free "
	"pkey_mprotect poll ppoll prctl pread64 preadv preadv2 pselect6 pwrite64 "
	"pwritev pwritev2 read readahead readlink readlinkat readv rename renameat renameat2 "
	"restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo "
	"rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max "
	"sched_get_priority_min sched_getaffinity sched_getattr sched_getparam "
	"sched_getscheduler sched_rr_get_interval sched_yield select sendfile set_robust_list "
	"set_tid_address setitimer setpgid setpriority setsid sigaltstack signalfd "
	"signalfd4 splice stat statfs statx symlink symlinkat sync_file_range sysinfo tee "
	"tgkill time timer_create timer_delete timer_getoverrun timer_gettime timer_settime "
	"timerfd_create timerfd_gettime timerfd_settime times tkill truncate umask uname "
	"unlink unlinkat utime utimensat utimes vfork vmsplice wait4 waitid write writev"
	/* Of sockets, which kinds there are is said below; made ones may be used. */
	" sendmsg recvmsg sendto recvfrom shutdown getsockopt setsockopt getsockname "
	"getpeername";

/* In the default profile only: networks, System V memory, other scheduling, old-style calls. */
static const char by_default[] =
	"accept accept4 bind connect fremovexattr fsetxattr get_mempolicy ioprio_get "
	"ioprio_set listen lremovexattr lsetxattr mbind mknod mknodat mq_getsetattr mq_notify "
	"mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd "
	"process_mrelease recvmmsg remap_file_pages removexattr sched_setaffinity "
	"sched_setattr sched_setparam sched_setscheduler semctl semget semop semtimedop "
	"sendmmsg set_mempolicy setfsgid setfsuid setgid setgroups setregid setresgid "
	"setresuid setreuid setuid setxattr shmat shmctl shmdt sync syncfs";

/*
 * What people who look for a way out, or for what is wrong, try: they are told that it is
 * forbidden, not that it does not exist.
 */
static const char refused[] =
	"acct add_key adjtimex bpf capset chroot clock_adjtime clock_settime delete_module "
	"fanotify_init finit_module fsconfig fsmount fsopen fspick init_module io_uring_enter "
	"io_uring_register io_uring_setup kcmp kexec_file_load kexec_load keyctl "
	"lookup_dcookie mount mount_setattr move_mount name_to_handle_at open_by_handle_at "
	"open_tree perf_event_open pidfd_getfd pivot_root process_madvise process_vm_readv "
	"process_vm_writev ptrace quotactl quotactl_fd reboot request_key setdomainname "
	"sethostname setns settimeofday swapoff swapon syslog umount2 unshare userfaultfd "
	"vhangup";

/*
 * A zygote's in addition: what the processes that it forks need to enter their sandboxes and give up
 * what they got by it.  These then load the filter of a job above this one.
 */
static const char by_zygote[] = "setns capset landlock_restrict_self";

static void releasep(scmp_filter_ctx *f)
{
	if (*f)
		seccomp_release(*f);
}

static int rule(scmp_filter_ctx f, uint32_t action, const char *call)
{
	int number = seccomp_syscall_resolve_name(call);
	int r = number == __NR_SCMP_ERROR ? -EINVAL : seccomp_rule_add(f, action, number, 0);

	return r == -EDOM ? 0 : r; /* a call that this architecture does not have */
}

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; *at; at += strcspn(at, " "), at += strspn(at, " "))
		if (strcspn(at, " ") == length && !memcmp(at, word, length))
			return true;
	return false;
}

static int rules(scmp_filter_ctx f, uint32_t action, const char *calls, const char *but)
{
	char name[32];
	int r = 0;

	for (const char *at = calls; *at && !r; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");

		snprintf(name, sizeof(name), "%.*s", (int)length, at);
		r = has_word(but, name) ? 0 : rule(f, action, name);
		at += length;
	}
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

/*
 * Not among them: to type into the terminal (TIOCSTI, TIOCLINUX), which others read from, and to
 * ask for interfaces (SIOCGIF…), which a socket that was handed in answers for the host's network.
 */
static int limit_ioctl(scmp_filter_ctx f)
{
	const uint64_t low = UINT32_MAX; /* the kernel looks at no more of the number */
	static const uint32_t harmless[] = {
		TCGETS,       TCSETS,          TCSETSW,    TCSETSF,    TCGETS2,  TCSETS2,
		TCSETSW2,     TCSETSF2,        TCSBRK,     TCXONC,     TCFLSH,   TIOCGPGRP,
		TIOCSPGRP,    TIOCOUTQ,        TIOCGWINSZ, TIOCSWINSZ, TIOCGSID, FIONREAD,
		FIONBIO,      FIOASYNC,        FIOCLEX,    FIONCLEX,   FIOQSIZE, FICLONE,
		FICLONERANGE, FS_IOC_GETFLAGS, SIOCOUTQ,   SIOCATMARK,
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]) && !r; i++)
		r = allow_if(f, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, low, harmless[i]));
	return r;
}

/*
 * Allowed unless the argument is number.  A rule that allows cannot except, so there is one for
 * each bit in which others differ from it; and no more than 32 bits are what the kernel sees.
 */
static int allow_unless(scmp_filter_ctx f, int call, unsigned int argument, uint64_t bits,
			uint64_t number)
{
	int r = 0;

	for (uint64_t bit = 1; bit <= bits && !r; bit <<= 1)
		if (bits & bit)
			r = allow_if(f, call,
				     (struct scmp_arg_cmp){ argument, SCMP_CMP_MASKED_EQ, bit,
							    ~number & bit });
	return r;
}

/* By F_NOTIFY, an older inotify, one learns who else reads a folder of the host's. */
static int limit_fcntl(scmp_filter_ctx f)
{
	return allow_unless(f, SCMP_SYS(fcntl), 1, F_NOTIFY | 0xf, F_NOTIFY);
}

/*
 * A core dump goes to the host's handler, which root runs, whatever size is allowed; only the
 * limit of 1, which rights.c sets, keeps it from that.  To set another does nothing.
 */
static int limit_limits(scmp_filter_ctx f)
{
	int r = allow_unless(f, SCMP_SYS(setrlimit), 0, 0xf, RLIMIT_CORE);

	if (!r)
		r = allow_unless(f, SCMP_SYS(prlimit64), 1, 0xf, RLIMIT_CORE);
	if (!r)
		r = allow_if(f, SCMP_SYS(prlimit64), SCMP_A2(SCMP_CMP_EQ, 0));
	/* A program that wants none goes on: it has none. */
	if (!r)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(0), SCMP_SYS(setrlimit), 1,
				     SCMP_A0(SCMP_CMP_MASKED_EQ, 0xf, RLIMIT_CORE));
	if (!r)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(0), SCMP_SYS(prlimit64), 2,
				     SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, RLIMIT_CORE),
				     SCMP_A2(SCMP_CMP_GE, 1)); /* libseccomp 2.5 loses it with NE */
	return r;
}

/* The machine's huge pages are reserved for somebody, and no memory limit counts them. */
static int limit_huge_pages(scmp_filter_ctx f, int profile)
{
	int r = allow_if(f, SCMP_SYS(mmap), SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_HUGETLB, 0));

	if (!r)
		r = allow_if(f, SCMP_SYS(memfd_create),
			     SCMP_A1(SCMP_CMP_MASKED_EQ, MFD_HUGETLB, 0));
	if (!r && profile != SANDBOX_STRICT)
		r = allow_if(f, SCMP_SYS(shmget), SCMP_A2(SCMP_CMP_MASKED_EQ, SHM_HUGETLB, 0));
	return r;
}

/* Other protocols are modules that the kernel would load for whoever asks. */
static int limit_protocols(scmp_filter_ctx f, uint64_t family)
{
	static const struct {
		uint64_t type, protocol;
	} usual[] = {
		{ SOCK_STREAM, 0 },
		{ SOCK_STREAM, IPPROTO_TCP },
		{ SOCK_DGRAM, 0 },
		{ SOCK_DGRAM, IPPROTO_UDP },
		{ SOCK_DGRAM, IPPROTO_ICMP },
		{ SOCK_DGRAM, IPPROTO_ICMPV6 },
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]) && !r; i++)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 3,
				     SCMP_A0(SCMP_CMP_EQ, family),
				     SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, usual[i].type),
				     SCMP_A2(SCMP_CMP_MASKED_EQ, UINT32_MAX, usual[i].protocol));
	return r;
}

/* Of the kinds of sockets those that a network of one's own can do no harm with. */
static int limit_sockets(scmp_filter_ctx f, int profile)
{
	int r = allow_if(f, SCMP_SYS(socketpair), SCMP_A0(SCMP_CMP_EQ, AF_UNIX));

	if (r || profile == SANDBOX_STRICT)
		return r;
	r = allow_if(f, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	if (!r)
		r = limit_protocols(f, AF_INET);
	if (!r)
		r = limit_protocols(f, AF_INET6);
	return r ? r
		 : seccomp_rule_add(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
				    SCMP_A0(SCMP_CMP_GT, AF_INET6));
}

static int fill(scmp_filter_ctx f, int profile)
{
	int r = rules(f, SCMP_ACT_ALLOW, allowed, "");

	if (!r && profile != SANDBOX_STRICT)
		r = rules(f, SCMP_ACT_ALLOW, by_default, "");
	if (!r && profile == FILTER_ZYGOTE)
		r = rules(f, SCMP_ACT_ALLOW, by_zygote, "");
	if (!r)
		r = rules(f, SCMP_ACT_ERRNO(EPERM), refused,
			  profile == FILTER_ZYGOTE ? by_zygote : "");
	if (!r)
		r = limit_clone(f);
	if (!r)
		r = limit_ioctl(f);
	if (!r)
		r = limit_fcntl(f);
	if (!r)
		r = limit_limits(f);
	if (!r)
		r = limit_huge_pages(f, profile);
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
const struct filter_program *filter_of(int profile)
{
	static struct filter_program made[_FILTER_MAX];
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
