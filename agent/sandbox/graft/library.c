/* SPDX-License-Identifier: Apache-2.0 */
/*
 * library: what LD_PRELOAD puts into an interpreter that is started before its job is known.
 * It takes the place of two functions of the libc, which any interpreter can be made to call:
 *
 *   fsync(3) in a zygote (agent/wire/graft.h) says that it is ready, once it was set up; in
 *            any other process it waits for its job (agent/wire/slot.h), whose descriptors are
 *            0, 1 and 2 when it returns.  Descriptor 3 is then what the payload is to be read
 *            from: the socket, one message, or a file.
 *   fork()   in a zygote answers requests until one made a slot: it returns a process id for
 *            each, and 0 in the slot, which by then has its own namespaces and no rights.
 *
 * Everything else that they are called for is done as ever.  Not a line of a libc is linked:
 * the interpreter may have any, or another version than this was built beside; what of it is
 * needed is looked up, weakly.  Nothing is allocated, and a job finds nothing of this open.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "agent/sandbox/steps.h"
#include "agent/wire/graft.h"
#include "agent/wire/pack.h"
#include "agent/wire/slot.h"

#define EXPORT __attribute__((visibility("default")))
#define WEAK   extern __attribute__((weak, visibility("default")))

WEAK int *errno_place(void) __asm__("__errno_location");
WEAK void *find(void *handle, const char *name) __asm__("dlsym");
WEAK int glibc_fork(void) __asm__("__libc_fork");
WEAK int bare_fork(void) __asm__("_Fork");
WEAK char **variables __asm__("environ");
WEAK const ptrdiff_t cpu_area __asm__("__rseq_offset");
WEAK const unsigned int cpu_area_size __asm__("__rseq_size");

EXPORT int door_fsync(int fd) __asm__("fsync");
EXPORT int door_fork(void) __asm__("fork");
void *memset(void *to, int byte, size_t size);

enum { FAILED = 125, SEEK_BEGIN = 0, SEEK_LAST = 2 };

/* --- what a libc would have been for --- */

/*
 * call: a system call and its up to six arguments.
 *
 * beside: clone(CLONE_VM | CLONE_VFORK) on the same stack, then function(argument) in the child.
 * The child's frames come below this one, so that it changes nothing of what the parent, which
 * sleeps until it ended, comes back to.  It never returns from the function; what it forked
 * does, on a copy of the stack: this returns the child's id, -errno, or 0 in the grandchild.
 */
#if defined(__x86_64__)
#define RSEQ_SIGNATURE 0x53053053 /* as glibc has it */
#define THREAD         "mov %%fs:0, %0"
__asm__(".pushsection .text\n"
	".type call, %function\n"
	"call:\n"
	"	mov %rdi, %rax\n"
	"	mov 40(%rsi), %r9\n"
	"	mov 32(%rsi), %r8\n"
	"	mov 24(%rsi), %r10\n"
	"	mov 16(%rsi), %rdx\n"
	"	mov (%rsi), %rdi\n"
	"	mov 8(%rsi), %rsi\n"
	"	syscall\n"
	"	ret\n"
	".size call, . - call\n"
	".type beside, %function\n"
	"beside:\n"
	"	mov %rdi, %r8\n" /* which the kernel leaves alone, and %r9 */
	"	mov %rsi, %r9\n"
	"	mov $56, %eax\n" /* SYS_clone */
	"	mov $0x4100, %edi\n"
	"	xor %esi, %esi\n"
	"	xor %edx, %edx\n"
	"	xor %r10d, %r10d\n"
	"	syscall\n"
	"	test %rax, %rax\n"
	"	jnz 1f\n"
	"	sub $8, %rsp\n"
	"	mov %r9, %rdi\n"
	"	call *%r8\n"
	"	add $8, %rsp\n"
	"1:	ret\n"
	".size beside, . - beside\n"
	".popsection\n");
#elif defined(__aarch64__)
#define RSEQ_SIGNATURE 0xd428bc00
#define THREAD         "mrs %0, tpidr_el0"
__asm__(".pushsection .text\n"
	".type call, %function\n"
	"call:\n"
	"	mov x8, x0\n"
	"	mov x9, x1\n"
	"	ldp x0, x1, [x9]\n"
	"	ldp x2, x3, [x9, #16]\n"
	"	ldp x4, x5, [x9, #32]\n"
	"	svc 0\n"
	"	ret\n"
	".size call, . - call\n"
	".type beside, %function\n"
	"beside:\n"
	"	stp x29, x30, [sp, #-16]!\n"
	"	mov x29, sp\n"
	"	mov x9, x0\n"
	"	mov x10, x1\n"
	"	mov x8, #220\n" /* SYS_clone */
	"	mov x0, #0x4100\n"
	"	mov x1, #0\n"
	"	mov x2, #0\n"
	"	mov x3, #0\n"
	"	mov x4, #0\n"
	"	svc 0\n"
	"	cbnz x0, 1f\n"
	"	mov x0, x10\n"
	"	blr x9\n"
	"1:	ldp x29, x30, [sp], #16\n"
	"	ret\n"
	".size beside, . - beside\n"
	".popsection\n");
#else
#error "which registers have the arguments of a system call here?"
#endif
extern long call(long number, const long with[6]) __attribute__((visibility("hidden")));
extern long beside(long (*function)(void *), void *argument) __attribute__((visibility("hidden")));
#define CALL(number, ...) call(number, (const long[6]){ __VA_ARGS__ })

/* The compiler calls it for what is set to zero. */
void *memset(void *to, int byte, size_t size)
{
	for (volatile char *at = to; size; size--)
		*at++ = (char)byte;
	return to;
}

static void *address(long number)
{
	const union {
		long number;
		void *address;
	} same = { number };

	return same.address;
}

static void copy(void *to, const void *from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((volatile char *)to)[i] = ((const char *)from)[i];
}

static int with_errno(long r)
{
	if (r >= 0)
		return (int)r;
	if (errno_place)
		*errno_place() = (int)-r;
	return -1;
}

static __attribute__((noreturn)) void leave(int status)
{
	for (;;)
		CALL(SYS_exit_group, status);
}

static void close_one(int fd)
{
	CALL(SYS_close, fd);
}

/* --- messages --- */

struct parcel {
	void *bytes;
	size_t room;
	int fds[SLOT_FDS];
	unsigned int count; /* of fds */
};

static void drop(struct parcel *p)
{
	for (unsigned int i = 0; i < p->count; i++)
		close_one(p->fds[i]);
	p->count = 0;
}

static void take_descriptors(const struct msghdr *m, struct parcel *p)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(m);

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return;
	p->count = (unsigned int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	copy(p->fds, CMSG_DATA(c), p->count * sizeof(int));
}

/* The size of what came; 0: nobody is at the other end any more. */
static long receive(struct parcel *p)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(p->fds))];
	} control = { 0 };
	struct iovec part = { p->bytes, p->room };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control };
	long n;

	p->count = 0;
	do {
		m.msg_controllen = sizeof(control);
		n = CALL(SYS_recvmsg, SLOT_JOB_FD, (long)&m, MSG_CMSG_CLOEXEC);
	} while (n == -EINTR);
	if (n < 0) /* a reset: it went, and had not read all that we said */
		return n == -ECONNRESET ? 0 : n;
	take_descriptors(&m, p);
	if (!(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return n;
	drop(p);
	return -EPROTO;
}

/* Who is gone needs no answer. */
static void tell(const void *message, size_t size)
{
	long n;

	do
		n = CALL(SYS_sendto, SLOT_JOB_FD, (long)message, (long)size, MSG_NOSIGNAL);
	while (n == -EINTR);
}

static void tell_agent(enum slot_state state, long error, enum sandbox_step step)
{
	struct slot_report report = { .magic = SLOT_MAGIC,
				      .version = SLOT_VERSION,
				      .state = state,
				      .error = (int32_t)error,
				      .step = step };

	tell(&report, sizeof(report));
}

static __attribute__((noreturn)) void refuse(long error, enum sandbox_step step)
{
	tell_agent(SLOT_FAILED, error, step);
	leave(FAILED);
}

/* --- what this process is --- */

static enum { UNKNOWN, ZYGOTE, SLOT, PLAIN } role;

static struct {
	union {
		struct graft_setup setup;
		struct slot_job job;
	};
	struct sock_filter filter[GRAFT_FILTER_MAX];
} first; /* what came first; a zygote's stays */

/* --- a job has come --- */

static bool is_job(const struct parcel *p, long size)
{
	const struct slot_job *job = &first.job;

	if (size != sizeof(*job) || job->magic != SLOT_MAGIC || job->version != SLOT_VERSION)
		return false;
	return job->size ? p->count == 3 && job->size <= SLOT_INLINE : p->count == SLOT_FDS;
}

/* A payload in a file takes the place of the socket, which has nothing more to say. */
static long take_file(int fd)
{
	long r = CALL(SYS_lseek, fd, 0, SEEK_BEGIN);

	return r < 0 ? r : CALL(SYS_dup3, fd, SLOT_JOB_FD, O_CLOEXEC);
}

static long take_streams(const struct parcel *p)
{
	long r = 0;

	for (int i = 0; i < 3 && r >= 0; i++)
		r = CALL(SYS_dup3, p->fds[i], i);
	return r;
}

/* Pages of our own, of a file or, where fd is -1, of zeros. */
static void *map(size_t size, int fd)
{
	const long flags = MAP_PRIVATE | (fd < 0 ? MAP_ANONYMOUS : 0);
	long r = CALL(SYS_mmap, 0, (long)size, PROT_READ | PROT_WRITE, flags, fd, 0);

	return r < 0 && r > -4096 ? NULL : address(r);
}

/* The payload, as such pages; *size in: of a message, or 0, out: of it all. */
static char *payload(size_t *size)
{
	char *bytes;
	long n;

	if (!*size) {
		n = CALL(SYS_lseek, SLOT_JOB_FD, 0, SEEK_LAST);
		*size = n > 0 ? (size_t)n : 0;
		CALL(SYS_lseek, SLOT_JOB_FD, 0, SEEK_BEGIN);
		return map(*size, SLOT_JOB_FD);
	}
	bytes = map(*size, -1);
	if (!bytes)
		return NULL;
	do /* left where it is: the script will read it too */
		n = CALL(SYS_recvfrom, SLOT_JOB_FD, (long)bytes, (long)*size, MSG_PEEK);
	while (n == -EINTR);
	*size = n > 0 ? (size_t)n : 0;
	return bytes;
}

/* The text of the record at *at as a string in its place; NULL: another kind, or no more. */
static char *variable(char *bytes, size_t size, size_t *at)
{
	const unsigned char *header = (const unsigned char *)bytes + *at;
	char *text = bytes + *at + PACK_HEADER - 1;
	size_t length;

	if (size - *at < PACK_HEADER) {
		*at = size;
		return NULL;
	}
	length = (size_t)header[1] | (size_t)header[2] << 8 | (size_t)header[3] << 16 |
		 (size_t)header[4] << 24;
	*at = size - *at - PACK_HEADER < length ? size : *at + PACK_HEADER + length;
	if (header[0] != PACK_ENVIRONMENT || *at - (size_t)(text + 1 - bytes) != length)
		return NULL;
	/* One to the left, over the length, so that there is room for the end. */
	for (size_t i = 0; i < length; i++)
		text[i] = text[i + 1];
	text[length] = '\0';
	return text;
}

/*
 * The environment of the job, for interpreters that cannot change all of their own: what was
 * started ahead has got the nursery's.  What is wrong with a pack is for the script to say.
 */
static void take_environment(size_t size)
{
	char *bytes = payload(&size), **table, *text;
	size_t count = 0, at = 0;

	/* All zero, which ends it wherever we do. */
	table = bytes ? map((size / PACK_HEADER + 1) * sizeof(*table), -1) : NULL;
	if (!table || !&variables)
		return;
	while (at < size) {
		text = variable(bytes, size, &at);
		if (text)
			table[count++] = text;
	}
	variables = table;
}

static int begin_job(struct parcel *p, long size)
{
	bool forked = role == SLOT;
	long r = is_job(p, size) ? take_streams(p) : -EPROTO;

	if (r < 0)
		refuse(r, STEP_STREAMS);
	tell_agent(SLOT_RUNS, 0, 0);
	if (p->count == SLOT_FDS)
		r = take_file(p->fds[3]);
	if (r < 0)
		refuse(r, STEP_STREAMS);
	drop(p);
	role = PLAIN;
	if (!forked)
		take_environment(first.job.size);
	return 0;
}

/* --- a zygote --- */

static bool is_setup(const struct parcel *p, long size)
{
	const struct graft_setup *setup = &first.setup;

	return (size_t)size >= sizeof(*setup) && setup->magic == GRAFT_MAGIC &&
	       setup->version == GRAFT_VERSION && !p->count && setup->instructions &&
	       setup->instructions <= GRAFT_FILTER_MAX &&
	       (size_t)size == sizeof(*setup) + setup->instructions * sizeof(struct sock_filter);
}

static void answer(enum graft_state state, int pid, enum sandbox_step step)
{
	struct graft_answer a = { .magic = GRAFT_MAGIC,
				  .version = GRAFT_VERSION,
				  .state = state,
				  .pid = pid,
				  .step = step };

	tell(&a, sizeof(a));
}

static int begin_zygote(void)
{
	role = ZYGOTE;
	answer(GRAFT_READY, 0, 0);
	return 0;
}

static int plain_fork(void)
{
	int (*next)(void) = NULL;

	if (find)
		next = (int (*)(void))find(address(-1) /* RTLD_NEXT */, "fork");
	if (!next)
		next = glibc_fork ? glibc_fork : bare_fork;
	return next ? next() : with_errno(-ENOSYS);
}

struct slot {
	struct parcel got;
	enum sandbox_step step;
	long pid; /* or -errno */
};

/*
 * In a process of its own for one reason: whoever enters a namespace of processes stays where
 * it is, and only its children are inside.  Its memory is the zygote's: nothing is copied twice.
 */
static long enter(void *argument)
{
	const long all = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS |
			 CLONE_NEWIPC | CLONE_NEWCGROUP;
	struct slot *s = argument;

	s->step = STEP_NAMESPACES;
	s->pid = CALL(SYS_setns, s->got.fds[GRAFT_STUB], all);
	if (!s->pid) {
		s->step = STEP_FOLDER;
		s->pid = CALL(SYS_chdir, (long)SANDBOX_FOLDER);
	}
	if (!s->pid) {
		s->step = STEP_LIMITS; /* what a fork may be refused for */
		s->pid = plain_fork();
		if (!s->pid)
			return 0; /* the slot's process, on its own copy */
		if (s->pid < 0)
			s->pid = errno_place ? -*errno_place() : -EAGAIN;
	}
	for (;;)
		CALL(SYS_exit, 0);
}

static void reap(long pid)
{
	while (CALL(SYS_wait4, pid, 0, __WALL) == -EINTR)
		;
}

/* --- the process of a slot, before its interpreter sees that it was forked --- */

static long set(long option, long value)
{
	return CALL(SYS_prctl, option, value);
}

static long drop_rights(void)
{
	const struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[2] = { 0 };
	long r = 0;

	for (int capability = 0; !r; capability++)
		r = set(PR_CAPBSET_DROP, capability);
	if (r != -EINVAL) /* the kernel knows no capability of that number: these were all */
		return r;
	r = set(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
					   SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
					   SECBIT_NO_CAP_AMBIENT_RAISE |
					   SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED);
	if (!r)
		r = set(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
	if (!r)
		r = set(PR_SET_NO_NEW_PRIVS, 1);
	if (!r)
		r = CALL(SYS_capset, (long)&header, (long)none);
	/* Where keys are not built in there are none to be seen either. */
	CALL(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING);
	/* As after an exec: entering a user namespace took it away, of us and of the zygote. */
	return r ? r : set(PR_SET_DUMPABLE, 1);
}

/* Its socket at its place, the fence behind it, nothing else: the zygote's are not a job's. */
static long take_place(const struct parcel *p)
{
	bool fence = p->count > GRAFT_FENCE;
	long r = CALL(SYS_setsid); /* so that kill(0, …) inside finds nobody else's group */

	if (r >= 0)
		r = CALL(SYS_dup3, p->fds[GRAFT_JOB], SLOT_JOB_FD, O_CLOEXEC);
	if (r >= 0 && fence && p->fds[GRAFT_FENCE] != SLOT_JOB_FD + 1)
		r = CALL(SYS_dup3, p->fds[GRAFT_FENCE], SLOT_JOB_FD + 1, O_CLOEXEC);
	return r < 0 ? r : CALL(SYS_close_range, SLOT_JOB_FD + (fence ? 2 : 1), ~0u);
}

static long fence_in(void)
{
	long r = CALL(SYS_landlock_restrict_self, SLOT_JOB_FD + 1, 0);

	close_one(SLOT_JOB_FD + 1);
	return r;
}

static long load_filter(void)
{
	const struct sock_fprog program = { .len = (unsigned short)first.setup.instructions,
					    .filter = first.filter };

	return CALL(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (long)&program);
}

/*
 * The kernel forgot, at the first of the two clones, where this thread wants to be told on
 * which CPU it is; glibc believes that it is told.
 */
static void register_cpu_area(void)
{
	enum { AREA = 32 };
	long thread = 0;

	if (!&cpu_area_size || !&cpu_area || !cpu_area_size)
		return;
	__asm__(THREAD : "=r"(thread));
	CALL(SYS_rseq, thread + cpu_area, AREA, 0, RSEQ_SIGNATURE);
}

static void confine(const struct parcel *p)
{
	enum sandbox_step step = STEP_STREAMS;
	long r = take_place(p);

	if (r < 0)
		leave(FAILED); /* with nothing to say it on */
	register_cpu_area();
	step = STEP_RIGHTS;
	r = drop_rights();
	if (!r && p->count > GRAFT_FENCE) {
		step = STEP_FENCE;
		r = fence_in();
	}
	if (!r) {
		step = STEP_FILTER;
		r = load_filter();
	}
	if (r)
		refuse(r, step);
}

/* --- the two doors --- */

/* Whether there is a request; without a nursery there is no need for a zygote. */
static bool receive_request(struct slot *s)
{
	struct graft_request request = { 0 };
	long n;

	s->got.bytes = &request;
	s->got.room = sizeof(request);
	n = receive(&s->got);
	if (n == 0)
		leave(0);
	if (n == sizeof(request) && request.magic == GRAFT_MAGIC &&
	    request.version == GRAFT_VERSION && request.fds == s->got.count &&
	    request.fds >= GRAFT_FENCE && request.fds <= GRAFT_FDS)
		return true;
	drop(&s->got);
	return false;
}

/* The id of a slot's process, 0 in it, -errno: there is none. */
static long make_slot(struct slot *s)
{
	long child;

	s->step = STEP_NAMESPACES;
	if (!receive_request(s)) {
		s->pid = -EPROTO;
		return s->pid;
	}
	child = beside(enter, s);
	if (child == 0)
		return 0;
	if (child > 0)
		reap(child);
	else
		s->pid = child;
	drop(&s->got);
	return s->pid;
}

int door_fork(void)
{
	struct slot s;
	long pid;

	if (role != ZYGOTE)
		return plain_fork();
	do {
		pid = make_slot(&s);
		if (pid)
			answer(GRAFT_FORKED, (int)pid, s.step);
	} while (pid < 0);
	if (pid)
		return (int)pid;
	confine(&s.got);
	role = SLOT;
	return 0;
}

static bool is_told(const char *variable)
{
	char **at = &variables ? variables : NULL;
	size_t i;

	for (; at && *at; at++) {
		for (i = 0; variable[i] && (*at)[i] == variable[i];)
			i++;
		if (!variable[i] && !(*at)[i])
			return true;
	}
	return false;
}

static int begin(struct parcel *p, long size, bool zygote)
{
	if (size == 0)
		leave(0); /* nobody is there to work for */
	if (role == UNKNOWN) {
		close_one(GRAFT_LIBRARY_FD);
		close_one(GRAFT_SCRIPT_FD);
	}
	if (!zygote)
		return begin_job(p, size);
	if (!is_setup(p, size))
		leave(FAILED);
	return begin_zygote();
}

int door_fsync(int fd)
{
	struct parcel p = { .bytes = &first, .room = sizeof(first) };
	bool zygote;
	long n;

	if (fd != SLOT_JOB_FD || (role != UNKNOWN && role != SLOT))
		return with_errno(CALL(SYS_fsync, fd));
	zygote = role == UNKNOWN && is_told(GRAFT_ZYGOTE);
	if (!zygote)
		tell_agent(SLOT_WAITS, 0, 0);
	n = receive(&p);
	if (n == -ENOTSOCK || n == -EBADF)
		return with_errno(CALL(SYS_fsync, fd));
	return begin(&p, n, zygote);
}
