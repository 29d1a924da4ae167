/* SPDX-License-Identifier: Apache-2.0 */
/* Calls by which more of the kernel is reached than a job needs, or the machine is changed. */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/escape/trick.h"

static int bpf_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};

	return done(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

static int perf_event(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_TASK_CLOCK };

	return done(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static int perf_event_of_machine(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_CPU_CLOCK };

	return done(syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0));
}

static int io_uring(void)
{
	char parameters[120] = { 0 }; /* struct io_uring_params */

	return done(syscall(SYS_io_uring_setup, 1, parameters));
}

static int user_faults(void)
{
	return done(syscall(SYS_userfaultfd, O_CLOEXEC));
}

static int user_faults_user_mode(void)
{
	return done(syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY */));
}

static int add_key(void)
{
	return done(syscall(SYS_add_key, "user", "fairlead-trick", "x", 1,
			    -2 /* KEY_SPEC_PROCESS_KEYRING */));
}

static int request_key(void)
{
	return done(syscall(SYS_request_key, "user", NAME, NULL, 0));
}

/* The key that who started the job had in its session. */
static int find_key(void)
{
	return done(syscall(SYS_keyctl, 10 /* KEYCTL_SEARCH */, -3 /* KEY_SPEC_SESSION_KEYRING */,
			    "user", NAME, 0));
}

static int watch_files(void)
{
	return done(syscall(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY));
}

static int watch_files_as_root(void)
{
	return done(syscall(SYS_fanotify_init, FAN_CLASS_CONTENT, O_RDONLY));
}

static int read_log(void)
{
	char text[64];

	return done(syscall(SYS_syslog, 3 /* SYSLOG_ACTION_READ_ALL */, text, sizeof(text)));
}

/* Let in, the kernel looks at what it is given, which is nothing that it could use. */
static int let_in(long result)
{
	return result < 0 && (errno == EPERM || errno == ENOSYS || errno == EACCES) ? -errno : 0;
}

static int load_module(void)
{
	return let_in(syscall(SYS_init_module, "", 0, ""));
}

static int load_module_file(void)
{
	return let_in(syscall(SYS_finit_module, -1, "", 0));
}

static int remove_module(void)
{
	return let_in(syscall(SYS_delete_module, "fairlead-none", O_NONBLOCK));
}

static int load_kernel(void)
{
	return let_in(syscall(SYS_kexec_load, 0, 0, NULL, 0)); /* unloads what is not there */
}

static int load_kernel_file(void)
{
	return let_in(syscall(SYS_kexec_file_load, -1, -1, 0, "", 0));
}

static int restart_by_keys(void)
{
	return done(reboot(RB_DISABLE_CAD));
}

static int add_swap(void)
{
	return let_in(swapon("/fairlead-none", 0));
}

static int remove_swap(void)
{
	return let_in(swapoff("/fairlead-none"));
}

static int account(void)
{
	return done(acct(NULL));
}

static int set_time(void)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return done(settimeofday(&now, NULL));
}

static int set_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return done(clock_settime(CLOCK_REALTIME, &now));
}

static int adjust_clock(void)
{
	struct timex t = { .modes = ADJ_TICK, .tick = 10000 };

	return done(adjtimex(&t));
}

static int name_host(void)
{
	return done(sethostname("trick", 5));
}

static int name_domain(void)
{
	return done(setdomainname("trick", 5));
}

static int no_randomisation(void)
{
	return done(personality(ADDR_NO_RANDOMIZE));
}

static int executable_data(void)
{
	return done(personality(READ_IMPLIES_EXEC));
}

static int hang_up(void)
{
	return done(syscall(SYS_vhangup));
}

static int quota(void)
{
	return let_in(syscall(SYS_quotactl, 0x80000100 /* Q_SYNC */, NULL, 0, NULL));
}

static int realtime(void)
{
	const struct sched_param p = { .sched_priority = 1 };

	return done(sched_setscheduler(0, SCHED_FIFO, &p));
}

static int deadline(void)
{
	/* struct sched_attr: SCHED_DEADLINE with 1 of 100 ms */
	const struct {
		unsigned int size, policy;
		unsigned long long flags;
		int nice;
		unsigned int priority;
		unsigned long long runtime, deadline, period;
	} attr = { 48, 6, 0, 0, 0, 1000000, 100000000, 100000000 };

	return done(syscall(SYS_sched_setattr, 0, &attr, 0));
}

static int nicer(void)
{
	return done(setpriority(PRIO_PROCESS, 0, -5));
}

static int first_at_disks(void)
{
	return done(syscall(SYS_ioprio_set, 1, 0, 1 << 13 /* realtime */));
}

static int own_filter_listener(void)
{
	unsigned short sizes[3];

	return done(syscall(SYS_seccomp, 3 /* SECCOMP_GET_NOTIF_SIZES */, 0, sizes));
}

static int huge_pages(void)
{
	void *at = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	return at == MAP_FAILED ? -errno : 0;
}

static int huge_file(void)
{
	int fd = memfd_create("huge", MFD_HUGETLB);

	return fd < 0 ? -errno : done(ftruncate(fd, 2 << 20));
}

/* What came after this was written: whatever is not known is not there. */
static int newer_calls(void)
{
	for (long number = 450; number < 600; number++)
		if (syscall(number, 0, 0, 0, 0, 0, 0) >= 0 || errno != ENOSYS)
			return 0;
	return -ENOSYS;
}

#ifdef __x86_64__
#include <asm/ldt.h>

static int call_as_i386(void)
{
	long number = 20; /* getpid, as 32-bit programs know it */

	__asm__ volatile("int $0x80" : "+a"(number)::"memory", "r8", "r9", "r10", "r11");
	return number == getpid() ? 0 : number == -ENOSYS ? NOT_TRIABLE : -EPERM;
}

static int call_as_x32(void)
{
	return done(syscall(0x40000000 | SYS_getpid));
}

static int change_segments(void)
{
	const struct user_desc d = { .entry_number = 0, .limit = 1, .seg_32bit = 1 };

	return done(syscall(SYS_modify_ldt, 1, &d, sizeof(d)));
}

static int open_ports(void)
{
	return done(syscall(SYS_ioperm, 0x80, 1, 1));
}

static int open_all_ports(void)
{
	return done(syscall(SYS_iopl, 3));
}
#else
static int call_as_i386(void)
{
	return NOT_TRIABLE;
}
#define call_as_x32     call_as_i386
#define change_segments call_as_i386
#define open_ports      call_as_i386
#define open_all_ports  call_as_i386
#endif

const struct trick kernel_tricks[] = {
	{ "bpf", "makes a BPF map", "seccomp", "filter", NULL, bpf_map },
	{ "perf-event", "counts events of its own", "seccomp", "filter", NULL, perf_event },
	{ "perf-machine", "counts events of the machine", "seccomp", "filter", NULL,
	  perf_event_of_machine },
	{ "io-uring", "makes an io_uring, whose calls no filter sees", "seccomp", "filter", NULL,
	  io_uring },
	{ "userfaultfd", "handles page faults, the kernel's too", "seccomp", "filter", NULL,
	  user_faults },
	{ "userfaultfd-user", "handles page faults of its own", "seccomp", "filter", NULL,
	  user_faults_user_mode },
	{ "add-key", "adds a key", "seccomp", "filter", NULL, add_key },
	{ "request-key", "asks for a key, for which root runs a program",
	  "seccomp, a keyring of its own", "filter,caps,fds", NULL, request_key },
	{ "session-key", "finds a key in the session of who started it",
	  "seccomp, a keyring of its own", "filter,caps,fds", NULL, find_key },
	{ "fanotify", "watches files by fanotify", "seccomp", "filter", NULL, watch_files },
	{ "fanotify-content", "watches and withholds files by fanotify",
	  "seccomp, capabilities, user namespace", "filter,caps,user", NULL, watch_files_as_root },
	{ "syslog", "reads the kernel's log", "seccomp", "filter", NULL, read_log },
	{ "init-module", "loads a module", "seccomp, capabilities, user namespace",
	  "filter,caps,user", NULL, load_module },
	{ "finit-module", "loads a module from a file", "seccomp, capabilities, user namespace",
	  "filter,caps,user", NULL, load_module_file },
	{ "delete-module", "removes a module", "seccomp, capabilities, user namespace",
	  "filter,caps,user", NULL, remove_module },
	{ "kexec", "loads another kernel", "seccomp, capabilities, user namespace",
	  "filter,caps,user", NULL, load_kernel },
	{ "kexec-file", "loads another kernel from a file", "seccomp, capabilities, user namespace",
	  "filter,caps,user", NULL, load_kernel_file },
	{ "reboot", "sets what Ctrl-Alt-Del does", "seccomp, capabilities, user namespace",
	  "filter,caps,user,pid", NULL, restart_by_keys },
	{ "swapon", "adds swap", "seccomp, capabilities, user namespace", "filter,caps,user", NULL,
	  add_swap },
	{ "swapoff", "removes swap", "seccomp, capabilities, user namespace", "filter,caps,user",
	  NULL, remove_swap },
	{ "acct", "switches process accounting off", "seccomp, capabilities, user namespace",
	  "filter,caps,user", NULL, account },
	{ "settimeofday", "sets the time", "seccomp, capabilities, user namespace",
	  "filter,caps,user", NULL, set_time },
	{ "clock-settime", "sets the clock", "seccomp, capabilities, user namespace",
	  "filter,caps,user", NULL, set_clock },
	{ "adjtimex", "sets the clock's rate", "seccomp, capabilities, user namespace",
	  "filter,caps,user", NULL, adjust_clock },
	{ "hostname", "sets the host's name", "seccomp, capabilities, UTS namespace", "filter,caps",
	  NULL, name_host },
	{ "domainname", "sets the domain's name", "seccomp, capabilities, UTS namespace",
	  "filter,caps", NULL, name_domain },
	{ "no-randomize", "switches its address randomisation off", "seccomp", "filter", NULL,
	  no_randomisation },
	{ "read-implies-exec", "makes all of its memory executable", "seccomp", "filter", NULL,
	  executable_data },
	{ "vhangup", "hangs up the terminal", "seccomp, capabilities, user namespace",
	  "filter,caps,user", NULL, hang_up },
	{ "quotactl", "reaches disk quotas", "seccomp", "filter", NULL, quota },
	{ "sched-fifo", "runs before all others", "capabilities, user namespace; strict: seccomp",
	  "caps,user", NULL, realtime },
	{ "sched-deadline", "reserves time of a CPU",
	  "capabilities, user namespace; strict: seccomp", "caps,user", NULL, deadline },
	{ "nice", "raises its priority", "capabilities, user namespace", "caps,user", NULL, nicer },
	{ "ioprio", "comes first at disks", "capabilities, user namespace; strict: seccomp",
	  "caps,user", NULL, first_at_disks },
	{ "seccomp-notify", "reaches the call that hands calls to another process", "seccomp",
	  "filter", NULL, own_filter_listener },
	{ "huge-pages", "takes the machine's huge pages, which its memory limit does not count",
	  "seccomp", "filter", NULL, huge_pages },
	{ "huge-file", "the same as a file in memory", "seccomp", "filter", NULL, huge_file },
	{ "newer-calls", "makes calls that came after Linux 6.0", "seccomp", "filter", NULL,
	  newer_calls },
	{ "call-i386", "makes calls by the numbers of 32-bit programs", "seccomp", "filter", NULL,
	  call_as_i386 },
	{ "call-x32", "makes calls by the numbers of x32 programs", "seccomp", "filter", NULL,
	  call_as_x32 },
	{ "modify-ldt", "changes its table of segments", "seccomp", "filter", NULL,
	  change_segments },
	{ "ioperm", "opens an I/O port", "seccomp, capabilities, user namespace",
	  "filter,caps,user", NULL, open_ports },
	{ "iopl", "opens all I/O ports", "seccomp, capabilities, user namespace",
	  "filter,caps,user", NULL, open_all_ports },
	{ 0 },
};
