/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jobs/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/jobs/kind.h"
#include "agent/jobs/queue.h"
#include "agent/jobs/run.h"
#include "agent/jobs/tenants.h"
#include "agent/loop/loop.h"
#include "agent/pools/pool.h"
#include "agent/pools/pools.h"
#include "agent/sandbox/steps.h"
#include "agent/sandbox/why.h"

enum { ENDED_MAX = 256, ENDED_BYTES = 16 << 20, TENANTS_MAX = 1024 };

#define GRACE_NS (2 * NS_PER_SEC)   /* between TERM and KILL */
#define TICK_NS  (20 * NS_PER_MSEC) /* in which time-outs are looked for, while a job runs */
static const char waited_too_long[] =
	"no other job ended in time for this one to start: try again later";

#define KEEP_NS (300 * NS_PER_SEC) /* a result that may still be asked for */

struct job {
	struct job *next, **link; /* the newest first */
	struct jobs *jobs;
	struct job_request *request; /* NULL once it has ended */
	uid_t uid;
	struct pool_taker taker;
	struct run run;
	struct job_ticket *tickets;
	struct job_result result;
	uint64_t accepted_ns, given_ns, stop_at_ns, ended_ns;
	bool asked_to_stop, refused;
	struct tenant *tenant;
	struct queue_entry turn; /* while it waits for one */
	bool started;            /* it has had its turn, and counts as under way */
	bool for_later;          /* who asked did not wait */
	char error[640];
};

struct jobs {
	struct loop *loop;
	struct pools *pools;
	struct jobs_terms terms;
	struct loop_source *tick;
	struct job *list;
	struct queue queue;
	struct tenants *tenants;
	unsigned int open, started, running, ended;
	int nowhere;
	bool draining, closing;
};

static void start_next(struct jobs *j);

static void job_free(struct job *job)
{
	*job->link = job->next;
	if (job->next)
		job->next->link = job->link;
	free((char *)job->result.out.kept.bytes);
	free((char *)job->result.err.kept.bytes);
	job_request_free(job->request);
	free(job);
}

static size_t bytes_of(const struct job *job)
{
	return job->result.out.kept.size + job->result.err.kept.size;
}

/* Of those that have ended the oldest: when there are more than are kept, or have been for long. */
static void forget(struct jobs *j)
{
	uint64_t now_ns = clock_mono_ns();
	unsigned int kept = 0;
	size_t bytes = 0;
	struct job *next;

	for (struct job *job = j->list; job; job = next) {
		next = job->next;
		if (!job_has_ended(&job->result))
			continue;
		bytes += bytes_of(job);
		if (++kept > ENDED_MAX || bytes > ENDED_BYTES || now_ns - job->ended_ns > KEEP_NS) {
			job_free(job);
			j->ended--;
		}
	}
}

/* --- its end --- */

static void take_output(struct job_output *to, struct run_output *from)
{
	if (from->bytes)
		from->bytes[from->size] = '\0';
	*to = (struct job_output){ { TAKE(from->bytes), from->size }, from->more };
}

static void drop_output(struct job *job)
{
	free((char *)job->result.out.kept.bytes);
	free((char *)job->result.err.kept.bytes);
	job->result.out.kept = job->result.err.kept = (struct job_bytes){ 0 };
}

static void end(struct job *job, enum job_state state)
{
	struct jobs *j = job->jobs;

	job->ended_ns = clock_mono_ns();
	job->result.state = state;
	if (!job->given_ns)
		job->result.queue_ns = job->ended_ns - job->accepted_ns;
	j->open--;
	j->ended++;
	if (job->started)
		tenant_done(job->tenant);
	j->started -= job->started;
	queue_remove(&job->turn);
	job->request = job_request_free(job->request);
	job_tickets_done(&job->tickets, &job->result);
	if (!job->for_later)
		drop_output(job);
	start_next(j);
}

/* why: NULL when it is noted already. */
static void fail(struct job *job, const char *why)
{
	if (why)
		snprintf(job->error, sizeof(job->error), "%s", why);
	job->result.error = job->error;
	end(job, JOB_FAILED);
}

static void say_status(struct job *job, int status, const struct group_usage *used)
{
	struct job_result *result = &job->result;

	result->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	if (result->timed_out)
		result->killed_by = JOB_KILLED_BY_TIME;
	else if (used->memory_kills)
		result->killed_by = JOB_KILLED_BY_MEMORY;
}

/* What the sandbox could not do, in words. */
static void fail_by(struct job *job, const struct slot_report *report)
{
	struct sandbox_report what = { .error = report->error, .step = report->step };
	struct sandbox_why why;

	memcpy(what.what, report->what, sizeof(what.what));
	why_say(&why, &what);
	fail(job, why.text);
}

static void end_run(struct job *job)
{
	struct run *run = &job->run;
	const struct slot_report report = run->report;
	const struct group_usage used = run->used;
	uint64_t began_ns = run->runs_ns ? run->runs_ns : run->handed_ns;

	job->jobs->running--;
	job->result.start_ns = began_ns - job->given_ns;
	job->result.run_ns = run->ended_ns - began_ns;
	job->result.usage = (struct job_usage){ .user_ns = report.user_ns,
						.system_ns = report.system_ns,
						.peak_bytes = report.peak_bytes };
	take_output(&job->result.out, &run->out);
	take_output(&job->result.err, &run->err);
	run_clear(run);
	if (report.state == SLOT_FAILED) {
		fail_by(job, &report);
		return;
	}
	say_status(job, report.status, &used);
	end(job, job->result.killed_by == JOB_KILLED_BY_CANCEL ? JOB_CANCELLED : JOB_DONE);
}

static void on_ended(struct run *run)
{
	end_run((struct job *)((char *)run - offsetof(struct job, run)));
}

/* --- its run --- */

static void on_tick(void *context, uint32_t events);

static void keep_ticking(struct jobs *j)
{
	if (j->open == 1)
		(void)loop_timer_set(j->tick, TICK_NS, TICK_NS);
}

static void on_given(struct pool_taker *t, struct pool_slot *slot)
{
	struct job *job = t->context;
	struct jobs *j = job->jobs;
	uint64_t limit_ns =
		job->request->timeout_ns ? job->request->timeout_ns : j->terms.timeout_ns;
	int r;

	job->given_ns = clock_mono_ns();
	job->stop_at_ns = limit_ns ? job->given_ns + limit_ns : 0;
	job->result.queue_ns = job->given_ns - job->accepted_ns;
	job->result.state = JOB_RUNNING;
	job->result.warm = slot->warm;
	job->run = (struct run){ .loop = j->loop,
				 .slot = slot,
				 .request = job->request,
				 .ended = on_ended,
				 .as_code = kind_takes_code(job->request),
				 .limits = kind_limits(job->request),
				 .limit = kind_has_limits(job->request),
				 .nowhere = j->nowhere };
	j->running++;
	r = run_start(&job->run);
	if (r) { /* seen at the next tick, as who submits is not told from within */
		log_warn("jobs", "a sandbox did not take its job error=%s", strerror(-r));
		job->refused = true;
	}
}

static void on_refused(struct pool_taker *t, const char *why)
{
	struct job *job = t->context;

	snprintf(job->error, sizeof(job->error), "%s", why);
	job->refused = true;
	(void)loop_timer_set(job->jobs->tick, 1, TICK_NS);
}

/* --- whose turn it is --- */

static void start_job(struct job *job)
{
	struct pool *pool;

	job->started = true;
	job->jobs->started++;
	if (kind_pool(job->jobs->pools, job->request, job->uid, &pool))
		on_refused(&job->taker, "there are too many kinds of sandboxes: try again later");
	else
		pool_take(pool, &job->taker);
}

static struct job *job_of_turn(struct queue_entry *e)
{
	return (struct job *)((char *)e - offsetof(struct job, turn));
}

static void start_next(struct jobs *j)
{
	struct queue_entry *e;
	bool expired;

	while (!j->closing && j->started < j->terms.running &&
	       (e = queue_take(&j->queue, clock_mono_ns(), &expired))) {
		struct job *job = job_of_turn(e);

		if (expired) {
			on_refused(&job->taker, waited_too_long);
			continue;
		}
		tenant_start(job->tenant);
		start_job(job);
	}
}

/* It was told to stop and has had its time; or nobody wants it any more. */
static void kill_now(struct job *job)
{
	run_kill(&job->run);
	end_run(job);
}

static void look_at(struct job *job, uint64_t now_ns)
{
	if (job->refused && job->result.state == JOB_RUNNING) {
		run_clear(&job->run);
		job->jobs->running--;
		fail(job, "the sandbox ended before its job came: try again");
	} else if (job->refused) {
		fail(job, NULL);
	} else if (job->result.state == JOB_RUNNING && job->stop_at_ns &&
		   now_ns >= job->stop_at_ns) {
		job->result.timed_out |= !job->asked_to_stop;
		if (job->asked_to_stop) {
			kill_now(job);
			return;
		}
		run_signal(&job->run, SIGTERM);
		job->asked_to_stop = true;
		job->stop_at_ns = now_ns + GRACE_NS;
	}
}

static void on_tick(void *context, uint32_t events)
{
	struct jobs *j = context;
	uint64_t now_ns = clock_mono_ns();
	struct queue_entry *late;
	struct job *next;

	(void)events;
	while ((late = queue_take_expired(&j->queue, now_ns)))
		on_refused(&job_of_turn(late)->taker, waited_too_long);
	for (struct job *job = j->list; job; job = next) {
		next = job->next;
		if (!job_has_ended(&job->result))
			look_at(job, now_ns);
	}
	forget(j);
	if (!j->open)
		(void)loop_timer_set(j->tick, 0, 0);
}

/* --- the doors --- */

static int name_it(char id[JOB_ID_SIZE])
{
	unsigned char bytes[(JOB_ID_SIZE - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -errno;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int may_be_taken(const struct jobs *j, struct job_receipt *ret)
{
	if (j->draining) {
		snprintf(ret->why, sizeof(ret->why), "the agent is stopping: ask the next one");
		return -ESHUTDOWN;
	}
	return 0;
}

static int refuse(const struct tenant_answer *a, struct job_receipt *ret)
{
	static const char *const why[_TENANT_LIMIT_MAX] = {
		[TENANT_RATE] = "you have more jobs a second than you may: try again later",
		[TENANT_QUEUE_FULL] = "as many of your jobs wait as may: try again later",
		[TENANT_NODE_FULL] = "as many jobs wait as may: try again later",
		[TENANT_TOO_MANY] = "too many users have jobs here: try again later",
	};

	snprintf(ret->why, sizeof(ret->why), "%s", why[a->limit]);
	ret->retry_after_seconds = (unsigned int)((a->retry_ns + NS_PER_SEC - 1) / NS_PER_SEC);
	return a->limit == TENANT_NODE_FULL ? -ENOSPC : -EAGAIN;
}

static enum queue_class class_of(const struct job_request *r)
{
	return r->class == JOB_LATENCY ? QUEUE_LATENCY
	       : r->class == JOB_BATCH ? QUEUE_BATCH
				       : QUEUE_NORMAL;
}

/* Now, or in the lane of whose it is. */
static void take_turn(struct job *job, enum tenant_verdict verdict)
{
	struct jobs *j = job->jobs;

	if (verdict == TENANT_START) {
		start_job(job);
		return;
	}
	if (queue_put(&job->tenant->lane, &job->turn, class_of(job->request),
		      j->terms.wait_ns ? job->accepted_ns + j->terms.wait_ns : 0, job->accepted_ns))
		on_refused(&job->taker, "as many jobs wait as may: try again later");
	start_next(j); /* who waited before may have been held by his own limit */
}

static void join(struct jobs *j, struct job *job)
{
	job->next = j->list;
	job->link = &j->list;
	if (job->next)
		job->next->link = &job->next;
	j->list = job;
	j->open++;
	keep_ticking(j);
}

static struct job *job_new(struct jobs *j, struct job_request *request, uid_t uid)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job || name_it(job->result.id)) {
		free(job);
		return NULL;
	}
	job->jobs = j;
	job->uid = uid;
	job->request = request;
	job->accepted_ns = clock_mono_ns();
	job->result.state = JOB_QUEUED;
	job->result.language = request->language;
	job->result.class = request->class;
	job->taker =
		(struct pool_taker){ .given = on_given, .refused = on_refused, .context = job };
	job->run.out.fd = job->run.err.fd = -1;
	queue_entry_init(&job->turn);
	return job;
}

int jobs_submit(struct jobs *j, struct job_request *request, uid_t uid, struct job_ticket *ticket,
		struct job_receipt *ret)
{
	struct tenant_answer answer;
	struct tenant *tenant;
	struct job *job;
	int r = may_be_taken(j, ret);

	if (r)
		return r;
	if (j->ended > 2 * ENDED_MAX)
		forget(j);
	job = job_new(j, request, uid);
	if (!job)
		return -ENOMEM;
	answer = tenant_admit(j->tenants, uid,
			      j->started < j->terms.running && queue_when(&j->queue) == WHEEL_NEVER,
			      job->accepted_ns, &tenant);
	if (answer.verdict == TENANT_REFUSE) {
		free(job);
		return refuse(&answer, ret);
	}
	job->tenant = tenant;
	job->for_later = !ticket;
	join(j, job);
	if (ticket)
		job_ticket_join(&job->tickets, ticket);
	memcpy(ret->id, job->result.id, sizeof(ret->id));
	take_turn(job, answer.verdict);
	return 0;
}

static struct job *find(const struct jobs *j, const char *id, uid_t uid)
{
	for (struct job *job = j->list; job; job = job->next)
		if (!strcmp(job->result.id, id))
			return uid == 0 || uid == job->uid ? job : NULL;
	return NULL;
}

int jobs_cancel(struct jobs *j, const char *id, uid_t uid)
{
	struct job *job = find(j, id, uid);

	if (!job || job_has_ended(&job->result))
		return job ? -EALREADY : -ENOENT;
	job->result.killed_by = JOB_KILLED_BY_CANCEL;
	if (job->refused || job->result.state == JOB_QUEUED) {
		pool_leave(&job->taker);
		if (job->result.state == JOB_RUNNING) {
			run_clear(&job->run);
			j->running--;
		}
		end(job, JOB_CANCELLED);
	} else {
		kill_now(job);
	}
	return 0;
}

int jobs_look(struct jobs *j, const char *id, uid_t uid, const struct job_result **ret)
{
	const struct job *job = find(j, id, uid);

	if (!job)
		return -ENOENT;
	*ret = &job->result;
	return 0;
}

int jobs_wait(struct jobs *j, const char *id, uid_t uid, struct job_ticket *ticket)
{
	struct job *job = find(j, id, uid);

	if (!job || job_has_ended(&job->result))
		return job ? -EALREADY : -ENOENT;
	job_ticket_join(&job->tickets, ticket);
	return 0;
}

void jobs_each(const struct jobs *j, uid_t uid,
	       void (*each)(void *to, const struct job_result *result), void *to)
{
	for (const struct job *job = j->list; job; job = job->next)
		if (uid == 0 || uid == job->uid)
			each(to, &job->result);
}

void jobs_drain(struct jobs *j)
{
	j->draining = true;
}

unsigned int jobs_open(const struct jobs *j)
{
	return j->open;
}

int jobs_new(struct jobs **ret, struct loop *loop, struct pools *pools,
	     const struct jobs_terms *terms)
{
	struct jobs *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return -ENOMEM;
	*j = (struct jobs){ .loop = loop, .pools = pools, .terms = *terms };
	queue_init(&j->queue, terms->waiting, clock_mono_ns());
	j->nowhere = open("/dev/null", O_RDONLY | O_CLOEXEC);
	r = j->nowhere < 0 ? -errno : loop_timer(loop, 0, on_tick, j, &j->tick);
	if (!r)
		r = tenants_new(&j->tenants, &j->queue, terms->tenants, TENANTS_MAX);
	if (r)
		jobs_free(j);
	else
		*ret = j;
	return r;
}

struct jobs *jobs_free(struct jobs *j)
{
	if (!j)
		return NULL;
	j->closing = true;
	while (j->list) {
		struct job *job = j->list;

		if (!job_has_ended(&job->result)) {
			pool_leave(&job->taker);
			if (job->result.state == JOB_RUNNING)
				run_clear(&job->run);
			fail(job, "the agent stopped: ask the next one");
		} else {
			job_free(job);
			j->ended--;
		}
	}
	tenants_free(j->tenants);
	loop_drop(j->tick);
	closep(&j->nowhere);
	free(j);
	return NULL;
}
