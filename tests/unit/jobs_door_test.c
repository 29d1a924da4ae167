/* SPDX-License-Identifier: Apache-2.0 */
/* The door for jobs on a socket of its own, in a process of its own; who runs the jobs is faked. */
#include "agent/api/jobs_door.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/api/http.h"
#include "agent/api/job_json.h"
#include "agent/api/scrape.h"
#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/loop/loop.h"
#include "agent/loop/worker.h"
#include "exporters/out.h"
#include "tests/lib/test.h"

#define BODY_BYTES  (1 << 20)
#define CONNECTIONS 64
#define PATIENCE_MS 5000

/* --- who runs jobs: does what the first word says, after so many milliseconds --- */

struct fake_job {
	struct fake_job *next;
	struct fake *of;
	struct job_ticket *tickets;
	struct job_request *request;
	struct job_result result;
	struct loop_source *timer;
	char *output;
};

struct fake {
	struct loop *loop;
	struct fake_job *jobs;
	unsigned int made, cancelled, under_way, most_under_way, told_to_wait;
};

static void finish(struct fake_job *j, enum job_state state)
{
	j->timer = loop_drop(j->timer);
	j->result.state = state;
	j->result.run_ns = 1500000;
	j->of->under_way--;
	job_tickets_done(&j->tickets, &j->result);
}

static void time_is_up(void *context, uint32_t events)
{
	(void)events;
	finish(context, JOB_DONE);
}

static const char *word(const struct job_request *q, size_t i)
{
	return i < q->argc ? q->argv[i] : "";
}

static void give_output(struct fake_job *j)
{
	const struct job_request *q = j->request;
	size_t size = strtoul(word(q, 1), NULL, 10);

	if (!strcmp(word(q, 0), "cat"))
		j->result.out.kept = q->in;
	if (!strcmp(word(q, 0), "big") && (j->output = malloc(size))) {
		memset(j->output, 'x', size);
		j->result.out = (struct job_output){ { j->output, size }, true };
	}
}

/* What it refuses, and why. */
static int refusal(struct fake *f, const struct job_request *q, struct job_receipt *ret)
{
	static const struct {
		const char *word, *why;
		int error;
	} rows[] = {
		{ "busy", "three of yours are under way", -EAGAIN },
		{ "full", "", -ENOSPC },
		{ "off", "execution is off: set jobs to on", -EOPNOTSUPP },
		{ "forbidden", "", -EACCES },
		{ "strange", "there is no \"such\" root", -EINVAL },
		{ "broken", "", -EIO },
	};

	if (!strcmp(word(q, 0), "often") && f->told_to_wait++ < 3)
		return -EAGAIN;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(word(q, 0), rows[i].word)) {
			ret->retry_after_seconds = rows[i].error == -EAGAIN ? 7 : 0;
			snprintf(ret->why, sizeof(ret->why), "%s", rows[i].why);
			return rows[i].error;
		}
	return 0;
}

static int fake_submit(void *context, struct job_request *request, uid_t uid,
		       struct job_ticket *ticket, struct job_receipt *ret)
{
	struct fake *f = context;
	int r = refusal(f, request, ret);
	struct fake_job *j = r ? NULL : calloc(1, sizeof(*j));
	uint64_t ms = strtoul(word(request, 1), NULL, 10);

	if (!j)
		return r ? r : -ENOMEM;
	*j = (struct fake_job){ .next = f->jobs, .of = f, .request = request };
	f->jobs = j;
	snprintf(j->result.id, sizeof(j->result.id), "job%u", ++f->made);
	memcpy(ret->id, j->result.id, sizeof(ret->id));
	j->result.state = JOB_RUNNING;
	j->result.plan = uid == getuid() ? "cold, for who tests" : "cold, for nobody";
	if (ticket)
		job_ticket_join(&j->tickets, ticket);
	if (++f->under_way > f->most_under_way)
		f->most_under_way = f->under_way;
	give_output(j);
	if (!strcmp(word(request, 0), "hang"))
		return 0;
	if (strcmp(word(request, 0), "sleep") != 0)
		ms = 0;
	if (loop_timer(f->loop, 0, time_is_up, j, &j->timer) ||
	    loop_timer_set(j->timer, ms * NS_PER_MSEC + 1, 0))
		abort();
	return 0;
}

static struct fake_job *find(struct fake *f, const char *id)
{
	struct fake_job *j = f->jobs;

	while (j && strcmp(j->result.id, id) != 0)
		j = j->next;
	return j;
}

static int fake_cancel(void *context, const char *id, uid_t uid)
{
	struct fake *f = context;
	struct fake_job *j = find(f, id);

	(void)uid;
	if (!j || job_has_ended(&j->result))
		return j ? -EALREADY : -ENOENT;
	f->cancelled++;
	j->result.killed_by = JOB_KILLED_BY_CANCEL;
	finish(j, JOB_CANCELLED);
	return 0;
}

static int fake_look(void *context, const char *id, uid_t uid, const struct job_result **ret)
{
	struct fake_job *j = find(context, id);

	(void)uid;
	if (!j)
		return -ENOENT;
	*ret = &j->result;
	return 0;
}

static int fake_wait(void *context, const char *id, uid_t uid, struct job_ticket *ticket)
{
	struct fake_job *j = find(context, id);

	(void)uid;
	if (!j || job_has_ended(&j->result))
		return j ? -EALREADY : -ENOENT;
	job_ticket_join(&j->tickets, ticket);
	return 0;
}

static void fake_list(void *context, uid_t uid,
		      void (*each)(void *to, const struct job_result *result), void *to)
{
	struct fake *f = context;

	(void)uid;
	for (struct fake_job *j = f->jobs; j; j = j->next)
		each(to, &j->result);
}

/* What a test wants to know of it. */
static char *fake_pools(void *context)
{
	const struct fake *f = context;
	char *text = NULL;

	if (asprintf(&text, "{\"made\":%u,\"cancelled\":%u,\"under_way\":%u,\"most\":%u}", f->made,
		     f->cancelled, f->under_way, f->most_under_way) < 0)
		return NULL;
	return text;
}

static void fake_free(struct fake *f)
{
	while (f->jobs) {
		struct fake_job *j = f->jobs;

		f->jobs = j->next;
		loop_drop(j->timer);
		job_request_free(j->request);
		free(j->output);
		free(j);
	}
}

/* --- the door --- */

static char *nothing(void *context)
{
	(void)context;
	return strdup("{}");
}

static const char *ready(void *context)
{
	(void)context;
	return NULL;
}

static int no_metrics(void *context, enum prometheus_format format, struct out *ret)
{
	(void)context;
	(void)format;
	out_text(ret, "x");
	return 0;
}

static void stop(void *context, uint32_t signal)
{
	(void)signal;
	loop_stop(context, 0);
}

struct door {
	pid_t pid;
	struct sockaddr_un address;
};

/* The child: until TERM. */
static int keep_door(int listener)
{
	static const struct scrape_agent scraped = { .write = no_metrics };
	const struct http_agent agent = { .doctor = nothing, .not_ready = ready };
	struct fake fake = { 0 };
	const struct jobs_agent jobs = { &fake,     fake_submit, fake_cancel, fake_look,
					 fake_wait, fake_list,   fake_pools };
	struct worker *worker = NULL;
	struct scrape *scrape = NULL;
	struct loop *loop = NULL;
	struct http *http = NULL;
	struct http_terms terms = { .listener = listener,
				    .connections = CONNECTIONS,
				    .jobs = &jobs,
				    .body_bytes = BODY_BYTES };

	if (loop_new(&loop) || worker_new(&worker, loop, 4) ||
	    scrape_new(&scrape, loop, worker, &scraped))
		return 1;
	terms.scrape = scrape;
	fake.loop = loop;
	if (http_new(&http, loop, &terms, &agent) || loop_signal(loop, SIGTERM, stop, loop))
		return 1;
	loop_run(loop);
	http_free(http);
	fake_free(&fake);
	worker_free(worker);
	scrape_free(scrape);
	loop_free(loop);
	close(listener);
	return 0;
}

static int door_open(struct door *d)
{
	static unsigned int number;
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*d = (struct door){ .address.sun_family = AF_UNIX };
	snprintf(d->address.sun_path + 1, sizeof(d->address.sun_path) - 1, "fairlead-jobs-%d-%u",
		 (int)getpid(), number++);
	if (listener < 0 || bind(listener, (struct sockaddr *)&d->address, sizeof(d->address)) ||
	    listen(listener, 4096))
		return -errno;
	fflush(stdout);
	d->pid = fork();
	if (!d->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a claim that failed leaves its door open */
		exit(keep_door(listener));
	}
	close(listener);
	return d->pid < 0 ? -errno : 0;
}

/* 0 when it went as it should: nothing lost, nothing leaked. */
static int door_close(const struct door *d)
{
	int status = -1;

	kill(d->pid, SIGTERM);
	waitpid(d->pid, &status, 0);
	return status;
}

static int knock(const struct door *d)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&d->address, sizeof(d->address))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* All that comes until the end, or until `until` has come, or nothing more in time. */
static size_t hear(int fd, char *ret, size_t room, const char *until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t size = 0;
	ssize_t n;

	ret[0] = '\0';
	while (size + 1 < room && poll(&p, 1, PATIENCE_MS) > 0) {
		n = recv(fd, ret + size, room - 1 - size, 0);
		if (n <= 0)
			break;
		size += (size_t)n;
		ret[size] = '\0';
		if (until && strstr(ret, until))
			break;
	}
	return size;
}

static void say(int fd, const char *text)
{
	size_t size = strlen(text), said = 0;
	ssize_t n;

	while (said < size && (n = send(fd, text + said, size - said, MSG_NOSIGNAL)) > 0)
		said += (size_t)n;
}

/* One request, which ends its connection, and its answer. */
static char *ask_in(const char *version, const struct door *d, const char *line,
		    const char *headers, const char *body)
{
	static char answer[4 << 20];
	CLEANUP(freep) char *request = NULL;
	CLEANUP(closep) int fd = knock(d);

	if (fd < 0 || asprintf(&request,
			       "%s HTTP/%s\r\nHost: x\r\nConnection: close\r\n%sContent-Length: "
			       "%zu\r\n\r\n%s",
			       line, version, headers, strlen(body), body) < 0)
		return NULL;
	say(fd, request);
	hear(fd, answer, sizeof(answer), NULL);
	return answer;
}

static char *ask(const struct door *d, const char *line, const char *headers, const char *body)
{
	return ask_in("1.1", d, line, headers, body);
}

static bool post(const struct door *d, const char *body, const char *status, const char *part)
{
	char *answer = ask(d, "POST /v1/jobs", "Content-Type: application/json\r\n", body);

	if (answer && !strncmp(answer, "HTTP/1.1 ", 9) && !strncmp(answer + 9, status, 3) &&
	    strstr(answer, part))
		return true;
	printf("# %.600s\n", answer ? answer : "no connection");
	return false;
}

static bool answers(const struct door *d, const char *line, const char *status, const char *part)
{
	char *answer = ask(d, line, "", "");

	if (answer && !strncmp(answer, "HTTP/1.1 ", 9) && !strncmp(answer + 9, status, 3) &&
	    strstr(answer, part))
		return true;
	printf("# %.600s\n", answer ? answer : "no connection");
	return false;
}

/* Until the fake says so of itself: its state is asked for again and again. */
static bool comes_to(const struct door *d, const char *part)
{
	uint64_t end = clock_mono_ns() + PATIENCE_MS * NS_PER_MSEC;

	while (clock_mono_ns() < end)
		if (strstr(ask(d, "GET /v1/pools", "", ""), part))
			return true;
	return false;
}

/* --- claims --- */

static int a_job_is_waited_for(void)
{
	struct door d;

	CHECK(!door_open(&d));
	CHECK(post(&d, "{\"argv\":[\"cat\"],\"stdin\":\"a\\u0001\\n\\\"\\u20ac\"}", "200",
		   "\"stdout\":\"a\\u0001\\n\\\"\xe2\x82\xac\""));
	CHECK(post(&d, "{\"argv\":[\"sleep\",\"20\"]}", "200",
		   "\"schema\":\"fairlead/job/v1\",\"id\":\"job2\",\"state\":\"done\""));
	CHECK(post(&d, "{\"argv\":[\"true\"]}", "200", "cold, for who tests"));
	CHECK(post(&d, "{\"argv\":[\"cat\"],\"stdin_base64\":\"/wA=\"}", "200",
		   "\"stdout_base64\":\"/wA=\""));
	CHECK(post(&d, "{\"argv\":[\"big\",\"1000000\"]}", "200", "\"stdout_truncated\":true"));
	CHECK(!door_close(&d));
	return 0;
}

static int what_is_refused_says_why(void)
{
	struct door d;

	CHECK(!door_open(&d));
	CHECK(post(&d, "{\"argv\":[\"ls\"", "400", "byte 13: expected a comma or ]"));
	CHECK(post(&d, "", "400", "it is no JSON"));
	CHECK(post(&d, "{\"argv\":[\"l\xffs\"]}", "400", "UTF-8"));
	CHECK(post(&d, "{\"argw\":[]}", "422", "there is no key 'argw'"));
	CHECK(post(&d, "{\"argv\":[\"busy\"]}", "429", "Retry-After: 7\r\n"));
	CHECK(post(&d, "{\"argv\":[\"full\"]}", "507", "Retry-After: 1\r\n"));
	CHECK(post(&d, "{\"argv\":[\"off\"]}", "503", "execution is off: set jobs to on"));
	CHECK(post(&d, "{\"argv\":[\"forbidden\"]}", "403", "not for you"));
	CHECK(post(&d, "{\"argv\":[\"strange\"]}", "422", "no \\\"such\\\" root"));
	CHECK(post(&d, "{\"argv\":[\"broken\"]}", "500", "application/problem+json"));
	CHECK(answers(&d, "PUT /v1/jobs", "405", "Allow: POST, HEAD, GET\r\n"));
	CHECK(answers(&d, "POST /v1/jobs/job1", "405", "Allow: HEAD, GET, DELETE\r\n"));
	CHECK(answers(&d, "GET /v1/jobs/none", "404", "no such job"));
	CHECK(answers(&d, "GET /v1/jobs/../x", "404", "problem+json"));
	CHECK(answers(&d, "GET /v1/jobs?x=1", "400", "no arguments"));
	CHECK(answers(&d, "GET /v1/jobs/job1?wait=0s", "400", "between 1ms and 10m"));
	CHECK(strstr(ask(&d, "POST /v1/jobs?async=2", "", "{\"argv\":[\"a\"]}"), " 400 "));
	CHECK(strstr(ask(&d, "POST /v1/jobs", "Content-Type: text/plain\r\n", "{}"), " 415 "));
	CHECK(strstr(ask(&d, "POST /v1/jobs", "Content-Encoding: gzip\r\n", "{}"), " 415 "));
	CHECK(strstr(ask(&d, "POST /v1/jobs", "", "{\"argv\":[\"true\"]}"), " 200 "));
	CHECK(!door_close(&d));
	return 0;
}

static int a_job_is_posted_and_asked_for_later(void)
{
	struct door d;
	char *answer;

	CHECK(!door_open(&d));
	answer = ask(&d, "POST /v1/jobs?async=1", "", "{\"argv\":[\"hang\"]}");
	CHECK(strstr(answer, " 202 ") && strstr(answer, "Location: /v1/jobs/job1\r\n"));
	CHECK(strstr(answer, "\"state\":\"running\""));
	CHECK(answers(&d, "GET /v1/jobs/job1", "200", "\"state\":\"running\""));
	CHECK(answers(&d, "GET /v1/jobs/job1?wait=20ms", "200", "\"state\":\"running\""));
	CHECK(answers(&d, "GET /v1/jobs", "200", "\"jobs\":[{\"id\":\"job1\""));
	CHECK(answers(&d, "DELETE /v1/jobs/job1", "202", "\"state\":\"cancelled\""));
	CHECK(answers(&d, "DELETE /v1/jobs/job1", "409", "has ended already"));
	CHECK(answers(&d, "GET /v1/jobs/job1?wait=10s", "200", "\"killed_by\":\"cancel\""));
	ask(&d, "POST /v1/jobs?async=1", "", "{\"argv\":[\"sleep\",\"30\"]}");
	CHECK(answers(&d, "GET /v1/jobs/job2?wait=10s", "200", "\"state\":\"done\""));
	CHECK(answers(&d, "GET /v1/jobs", "200", "{\"id\":\"job2\""));
	CHECK(!door_close(&d));
	return 0;
}

static int bodies_are_bounded(void)
{
	CLEANUP(freep) char *large = malloc(BODY_BYTES + 1), *answer = malloc(65536);
	CLEANUP(closep) int fd = -1;
	struct door d;

	CHECK(large && answer && !door_open(&d));
	memset(large, ' ', BODY_BYTES);
	memcpy(large + BODY_BYTES - 17, "{\"argv\":[\"true\"]}", 17);
	large[BODY_BYTES] = '\0';
	CHECK(post(&d, large, "200", "done"));
	fd = knock(&d);
	say(fd, "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n");
	hear(fd, answer, 65536, NULL);
	CHECK(strstr(answer, " 413 ") && strstr(answer, "http.body"));
	close(fd);
	fd = knock(&d); /* a chunked one says nothing beforehand */
	say(fd, "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: "
		"chunked\r\n\r\n100000\r\n");
	say(fd, large);
	say(fd, "\r\n1\r\n \r\n0\r\n\r\n");
	hear(fd, answer, 65536, NULL);
	CHECK(strstr(answer, " 413 "));
	close(fd);
	fd = knock(&d);
	say(fd, "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
		"9\r\n{\"argv\":[\r\n8\r\n\"true\"]}\r\n0\r\n\r\n");
	hear(fd, answer, 65536, "}}");
	CHECK(strstr(answer, " 200 "));
	CHECK(!door_close(&d));
	return 0;
}

static int who_hangs_up_cancels_his_job_once(void)
{
	CLEANUP(closep) int waits = -1;
	char answer[4096];
	struct door d;
	int fd;

	CHECK(!door_open(&d));
	fd = knock(&d);
	say(fd,
	    "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n{\"argv\":[\"hang\"]}");
	CHECK(comes_to(&d, "\"under_way\":1"));
	close(fd);
	CHECK(comes_to(&d, "\"cancelled\":1,\"under_way\":0"));
	fd = knock(&d); /* in the middle of his body */
	say(fd, "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n{\"argv\":");
	close(fd);
	ask(&d, "POST /v1/jobs?async=1", "", "{\"argv\":[\"hang\"]}");
	fd = knock(&d); /* who only looks takes nothing with him */
	say(fd, "GET /v1/jobs/job2?wait=10s HTTP/1.1\r\nHost: x\r\n\r\n");
	close(fd);
	waits = knock(&d); /* half-closed: he still listens */
	say(waits, "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 24\r\n\r\n"
		   "{\"argv\":[\"sleep\",\"50\"]} ");
	shutdown(waits, SHUT_WR);
	hear(waits, answer, sizeof(answer), NULL);
	CHECK(strstr(answer, " 200 ") && strstr(answer, "\"state\":\"done\""));
	CHECK(comes_to(&d, "\"made\":3,\"cancelled\":1,\"under_way\":1"));
	CHECK(!door_close(&d));
	return 0;
}

static int who_stops_cancels_what_is_waited_for(void)
{
	struct door d;
	CLEANUP(closep) int one = -1, two = -1;

	CHECK(!door_open(&d));
	one = knock(&d);
	two = knock(&d);
	say(one,
	    "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n{\"argv\":[\"hang\"]}");
	say(two, "POST /v1/jobs:batch HTTP/1.1\r\nHost: x\r\nContent-Length: 35\r\n\r\n"
		 "{\"argv\":[\"hang\"]}\n{\"argv\":[\"hang\"]}");
	CHECK(comes_to(&d, "\"under_way\":3"));
	CHECK(!door_close(&d)); /* the sanitizer looks what is left */
	return 0;
}

static int requests_follow_each_other(void)
{
	CLEANUP(closep) int fd = -1;
	char answer[16384], *at = answer;
	struct door d;
	int count = 0;

	CHECK(!door_open(&d));
	fd = knock(&d);
	for (int i = 0; i < 5; i++)
		say(fd, "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 22\r\n\r\n"
			"{\"argv\":[\"sleep\",\"5\"]}");
	say(fd, "GET /v1/jobs/job5 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	hear(fd, answer, sizeof(answer), NULL);
	for (; (at = strstr(at, "HTTP/1.1 200 OK")); at++)
		count++;
	CHECK(count == 6);
	CHECK(comes_to(&d, "\"made\":5,\"cancelled\":0,\"under_way\":0,\"most\":1"));
	CHECK(!door_close(&d));
	return 0;
}

static int a_slow_body_keeps_nobody_waiting(void)
{
	CLEANUP(closep) int fd = -1;
	char answer[4096];
	struct door d;

	CHECK(!door_open(&d));
	fd = knock(&d);
	say(fd, "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n");
	for (const char *at = "{\"argv\":[\"true\"]}"; *at; at++) {
		char one[2] = { *at };

		say(fd, one);
		CHECK(post(&d, "{\"argv\":[\"true\"]}", "200", "done"));
	}
	hear(fd, answer, sizeof(answer), "}}");
	CHECK(strstr(answer, " 200 "));
	CHECK(!door_close(&d));
	return 0;
}

static int a_thousand_idle_guests_keep_nobody_out(void)
{
	struct rlimit files = { 4096, 4096 };
	int idle[1000];
	struct door d;

	if (setrlimit(RLIMIT_NOFILE, &files))
		SKIP("not so many descriptors");
	CHECK(!door_open(&d));
	for (int i = 0; i < 1000; i++)
		CHECK((idle[i] = knock(&d)) >= 0);
	CHECK(post(&d, "{\"argv\":[\"true\"]}", "200", "done"));
	for (int i = 0; i < 1000; i++)
		close(idle[i]);
	CHECK(!door_close(&d));
	return 0;
}

static char *batch(const struct door *d, const char *body)
{
	/* 1.0 knows no chunks, which cut lines in two */
	return ask_in("1.0", d, "POST /v1/jobs:batch", "Content-Type: application/jsonl\r\n", body);
}

static bool comes_before(const char *text, const char *a, const char *b)
{
	const char *first = strstr(text, a), *second = strstr(text, b);

	return first && second && first < second;
}

static int a_batch_answers_line_by_line(void)
{
	struct door d;
	char *answer;

	CHECK(!door_open(&d));
	answer = batch(&d, "{\"argv\":[\"sleep\",\"100\"]}\n"
			   "{\"argv\":\n"
			   "\n"
			   "{\"argv\":[\"cat\"],\"stdin\":\"four\"}\r\n"
			   "{\"lang\":\"cobol\"}\n"
			   "{\"argv\":[\"forbidden\"]}\n"
			   "{\"argv\":[\"often\"]}\n"
			   "{\"argv\":[\"true\"]}");
	CHECK(strstr(answer, " 200 ") && strstr(answer, "Content-Type: application/jsonl\r\n"));
	CHECK(strstr(answer, "{\"line\":2,\"type\":\"about:blank\",\"title\":\"Bad Request\","
			     "\"status\":400"));
	CHECK(!strstr(answer, "\"line\":3"));
	CHECK(strstr(answer, "{\"line\":4,\"schema\":\"fairlead/job/v1\"") &&
	      strstr(answer, "\"stdout\":\"four\""));
	CHECK(strstr(answer, "{\"line\":5") && strstr(answer, "\"status\":422"));
	CHECK(strstr(answer, "{\"line\":6") && strstr(answer, "\"status\":403"));
	CHECK(comes_before(answer, "{\"line\":4", "{\"line\":1,"));
	CHECK(strstr(answer, "{\"line\":7,\"schema\"") && strstr(answer, "{\"line\":8,\"schema\""));
	CHECK(strstr(batch(&d, ""), " 200 ") && strstr(batch(&d, "\n\n\n"), " 200 "));
	CHECK(!door_close(&d));
	return 0;
}

static int a_batch_is_bounded_and_whole(void)
{
	CLEANUP(freep) char *body = malloc(300 * 32);
	char *answer, *at = body, line[32];
	struct door d;

	CHECK(body && !door_open(&d));
	for (int i = 0; i < 300; i++)
		at += sprintf(at, "{\"argv\":[\"sleep\",\"%d\"]}\n", i % 7);
	answer = batch(&d, body);
	for (int i = 1; i <= 300; i++) {
		snprintf(line, sizeof(line), "{\"line\":%d,\"schema\"", i);
		CHECK(strstr(answer, line));
	}
	CHECK(comes_to(&d, "\"made\":300,\"cancelled\":0,\"under_way\":0,\"most\":64"));
	CHECK(!door_close(&d));
	return 0;
}

static int who_leaves_a_batch_cancels_it(void)
{
	char answer[4096];
	struct door d;
	int fd;

	CHECK(!door_open(&d));
	fd = knock(&d);
	say(fd, "POST /v1/jobs:batch HTTP/1.1\r\nHost: x\r\nContent-Length: 53\r\n\r\n"
		"{\"argv\":[\"hang\"]}\n{\"argv\":[\"hang\"]}\n{\"argv\":[\"true\"]}");
	hear(fd, answer, sizeof(answer), "{\"line\":3");
	CHECK(strstr(answer, "{\"line\":3"));
	close(fd);
	CHECK(comes_to(&d, "\"made\":3,\"cancelled\":2,\"under_way\":0"));
	CHECK(!door_close(&d));
	return 0;
}

static int results_are_written_fast(void)
{
	const struct job_result r = { .id = "0123456789abcdef0123456789abcdef",
				      .state = JOB_DONE,
				      .out = { .kept = { "hello\nworld\n", 12 } },
				      .usage = { 12345678, 2345678, 12 << 20, 0, 4096 },
				      .queue_ns = 12345,
				      .start_ns = 234567,
				      .run_ns = 3456789,
				      .plan = "pooled: python is ready" };
	uint64_t began = clock_mono_ns();
	struct out o = { 0 };

	for (int i = 0; i < 10000; i++) {
		o.size = 0;
		job_json_write(&o, &r, 0);
	}
	printf("# %.2f us a result of %zu bytes\n", (double)(clock_mono_ns() - began) / 1e7,
	       o.size);
	CHECK(!o.failed && o.size > 400);
	out_free(&o);
	return 0;
}

TEST_MAIN({ "a job is posted and waited for", a_job_is_waited_for },
	  { "what is refused says why, with its status", what_is_refused_says_why },
	  { "a job is posted, and asked for later", a_job_is_posted_and_asked_for_later },
	  { "bodies are bounded, chunked or not", bodies_are_bounded },
	  { "who hangs up cancels his job, once", who_hangs_up_cancels_his_job_once },
	  { "a door that stops cancels what is waited for", who_stops_cancels_what_is_waited_for },
	  { "requests on one connection are answered in their order", requests_follow_each_other },
	  { "a body that comes a byte at a time keeps nobody waiting",
	    a_slow_body_keeps_nobody_waiting },
	  { "a thousand idle guests keep nobody out", a_thousand_idle_guests_keep_nobody_out },
	  { "a batch answers each line as it ends, and a bad one by its problem",
	    a_batch_answers_line_by_line },
	  { "a batch of 300 has 64 under way and loses none", a_batch_is_bounded_and_whole },
	  { "who leaves a batch cancels what is left of it", who_leaves_a_batch_cancels_it },
	  { "a result is written in no time", results_are_written_fast })
