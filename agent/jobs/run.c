/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jobs/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/jobs/payload.h"
#include "agent/jobs/request.h"
#include "agent/loop/loop.h"
#include "agent/pools/pool.h"
#include "agent/sandbox/steps.h"
#include "agent/wire/message.h"
#include "agent/wire/pack.h"

enum { OUTPUT_DEFAULT = 1 << 20, READ_AT_ONCE = 256 << 10 };

static void finish(struct run *r);

/* --- what it writes --- */

static void keep(struct run_output *o, const char *bytes, size_t size)
{
	size_t fits = o->most - o->size < size ? o->most - o->size : size;

	if (o->room - o->size < fits) {
		size_t room = o->room ? o->room : 1024;
		char *more;

		while (room - o->size < fits)
			room *= 2;
		more = realloc(o->bytes, room + 1); /* a NUL may follow */
		if (!more) {
			o->more = true;
			return;
		}
		o->bytes = more;
		o->room = room;
	}
	if (fits)
		memcpy(o->bytes + o->size, bytes, fits);
	o->size += fits;
	o->more |= fits < size;
}

/* False at its end, or when there is no more for now. */
static bool read_some(struct run_output *o)
{
	static char room[64 << 10];
	ssize_t n;

	do
		n = read(o->fd, room, sizeof(room));
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		keep(o, room, (size_t)n);
		return true;
	}
	if (n == 0) {
		o->source = loop_drop(o->source);
		closep(&o->fd);
		o->fd = -1;
	}
	return false;
}

static void drain(struct run_output *o, size_t most)
{
	size_t began = o->size;

	/* What is more than is kept costs the agent only the reading, but that bounded too. */
	for (int i = 0; i < 16 && o->fd >= 0 && o->size - began < most; i++)
		if (!read_some(o))
			break;
}

static void on_output(void *context, uint32_t events)
{
	(void)events;
	drain(context, READ_AT_ONCE);
}

static int open_output(struct run *r, struct run_output *o, int *theirs)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	o->fd = ends[0];
	*theirs = ends[1];
	if (fcntl(o->fd, F_SETFL, O_NONBLOCK))
		return -errno;
	o->most = r->request->output_bytes ? r->request->output_bytes : OUTPUT_DEFAULT;
	return loop_watch(r->loop, o->fd, EPOLLIN, on_output, o, &o->source);
}

/* --- its hand-over --- */

/* As a file that nobody can change any more, neither we nor who is handed it. */
static int seal(const void *bytes, size_t size)
{
	CLEANUP(closep) int fd = memfd_create("job", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t done = 0;

	if (fd < 0)
		return -errno;
	while (done < size) {
		ssize_t n = pwrite(fd, (const char *)bytes + done, size - done, (off_t)done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL))
		return -errno;
	return TAKE_FD(fd);
}

static int send_job(const struct run *r, const struct pack *payload, int fds[SLOT_FDS])
{
	bool is_inline = payload->size <= SLOT_INLINE;
	const struct slot_job job = { .magic = SLOT_MAGIC,
				      .version = SLOT_VERSION,
				      .size = is_inline ? (uint32_t)payload->size : 0 };
	int status;

	if (is_inline) {
		status = message_send(r->slot->socket, &job, sizeof(job), fds, SLOT_FDS - 1, 0);
		return status ? status
			      : message_send(r->slot->socket, payload->bytes, payload->size, NULL,
					     0, 0);
	}
	fds[SLOT_FDS - 1] = seal(payload->bytes, payload->size);
	if (fds[SLOT_FDS - 1] < 0)
		return fds[SLOT_FDS - 1];
	return message_send(r->slot->socket, &job, sizeof(job), fds, SLOT_FDS, 0);
}

static int hand_over(struct run *r, int fds[SLOT_FDS])
{
	struct pack payload = { 0 };
	int status = r->request->in.bytes ? seal(r->request->in.bytes, r->request->in.size)
					  : fcntl(r->nowhere, F_DUPFD_CLOEXEC, 0);

	if (status < 0)
		return status;
	fds[0] = status;
	status = open_output(r, &r->out, &fds[1]);
	if (!status)
		status = open_output(r, &r->err, &fds[2]);
	if (!status) {
		payload_write(&payload, r->request, r->as_code);
		status = payload.error;
	}
	if (!status)
		status = send_job(r, &payload, fds);
	free(payload.bytes);
	return status;
}

/* --- what is said of it --- */

static void on_report(void *context, uint32_t events)
{
	struct run *r = context;
	struct slot_report report;
	int fds[MESSAGE_FDS];
	size_t count;
	ssize_t n = message_receive(r->slot->socket, &report, sizeof(report), fds, &count, 0);

	(void)events;
	if (n > 0)
		message_close_fds(fds, count);
	if (n == -EAGAIN || (n == sizeof(report) && report.state == SLOT_WAITS))
		return;
	if (n != sizeof(report) || report.magic != SLOT_MAGIC) {
		r->report = (struct slot_report){ .status = SIGKILL }; /* all of it is dead */
	} else if (report.state == SLOT_RUNS) {
		r->runs_ns = clock_mono_ns();
		return;
	} else {
		report.what[sizeof(report.what) - 1] = '\0';
		r->report = report;
	}
	finish(r);
}

/* Why somebody was killed his group knows, which tells when all is over. */
static void finish(struct run *r)
{
	bool killed = WIFSIGNALED(r->report.status) && WTERMSIG(r->report.status) == SIGKILL;

	r->source = loop_drop(r->source);
	r->ended_ns = clock_mono_ns();
	/* All that it wrote is in the pipes by now; who still has them open is not waited for. */
	drain(&r->out, SIZE_MAX);
	drain(&r->err, SIZE_MAX);
	if (killed && r->report.state != SLOT_FAILED && !r->is_gone &&
	    pool_has_groups(r->slot->pool)) {
		r->ending = true;
		pool_end(r->slot);
		return;
	}
	r->ended(r);
}

static void on_gone(struct pool_slot *slot, const struct group_usage *used)
{
	struct run *r = slot->context;

	r->used = *used;
	r->is_gone = true;
	if (r->ending) {
		r->ending = false;
		r->ended(r);
	}
}

static int begin(struct run *r)
{
	int fds[SLOT_FDS] = { -1, -1, -1, -1 };
	int status = hand_over(r, fds);

	for (int i = 0; i < SLOT_FDS; i++)
		closep(&fds[i]);
	r->handed_ns = clock_mono_ns();
	return status ? status
		      : loop_watch(r->loop, r->slot->socket, EPOLLIN, on_report, r, &r->source);
}

static void on_limited(struct pool_slot *slot, int error, const char *why)
{
	struct run *r = slot->context;

	(void)why;
	r->report = (struct slot_report){ .state = SLOT_FAILED,
					  .step = STEP_LIMITS,
					  .error = error ? error : begin(r) };
	if (r->report.error)
		finish(r);
}

int run_start(struct run *r)
{
	r->out.fd = r->err.fd = -1;
	r->slot->context = r;
	r->slot->gone = on_gone;
	r->slot->limited = on_limited;
	if (!r->limit)
		return begin(r);
	pool_limit(r->slot, &r->limits);
	return 0;
}

void run_signal(const struct run *r, int signal)
{
	pool_signal(r->slot, signal);
}

void run_kill(struct run *r)
{
	r->report = (struct slot_report){ .status = SIGKILL };
	r->ended_ns = clock_mono_ns();
	drain(&r->out, SIZE_MAX);
	drain(&r->err, SIZE_MAX);
}

static void close_output(struct run_output *o)
{
	o->source = loop_drop(o->source);
	closep(&o->fd);
	o->fd = -1;
	free(o->bytes);
	o->bytes = NULL;
}

void run_clear(struct run *r)
{
	r->source = loop_drop(r->source);
	if (r->slot)
		pool_release(r->slot);
	r->slot = NULL;
	close_output(&r->out);
	close_output(&r->err);
}
