/* SPDX-License-Identifier: Apache-2.0 */
/* Built under the thread sanitizer too (tests/run.sh): a race is a failure there. */
#include "exporters/otlp/sender.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "exporters/otlp/post.h"
#include "tests/lib/test.h"

/* A receiver that gives each request the next of its statuses, and the last one ever after. */
struct receiver {
	int listener, end[2];
	pthread_t thread;
	const char *const *answers;
	bool threaded;
	unsigned int requests;
	char endpoint[64];
};

static void answer_one(struct receiver *r, int client)
{
	char request[8192];
	size_t size = 0, body = 0;
	char *head = NULL;
	ssize_t n;

	while (!head || size < (size_t)(head - request) + 4 + body) {
		n = read(client, request + size, sizeof(request) - 1 - size);
		if (n <= 0)
			return;
		size += (size_t)n;
		request[size] = '\0';
		head = strstr(request, "\r\n\r\n");
		if (head)
			body = strtoul(strstr(request, "Content-Length: ") + 16, NULL, 10);
	}
	r->requests++;
	n = write(client, r->answers[0], strlen(r->answers[0]));
	if (n > 0 && r->answers[1])
		r->answers++;
}

static void *receive(void *context)
{
	struct receiver *r = context;
	struct pollfd ready[] = { { .fd = r->listener, .events = POLLIN },
				  { .fd = r->end[0], .events = POLLIN } };

	while (poll(ready, 2, -1) > 0 && !ready[1].revents) {
		int client = accept(r->listener, NULL, NULL);

		if (client >= 0) {
			answer_one(r, client);
			close(client);
		}
	}
	return NULL;
}

/* answers: NULL for one that listens and never answers. */
static void receiver_start(struct receiver *r, const char *const *answers)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(a);

	*r = (struct receiver){ .answers = answers, .threaded = answers };
	r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (r->listener < 0 || bind(r->listener, (struct sockaddr *)&a, sizeof(a)) ||
	    listen(r->listener, 8) || getsockname(r->listener, (struct sockaddr *)&a, &length) ||
	    pipe(r->end))
		abort();
	snprintf(r->endpoint, sizeof(r->endpoint), "http://127.0.0.1:%u/v1/metrics",
		 ntohs(a.sin_port));
	if (answers && pthread_create(&r->thread, NULL, receive, r))
		abort();
}

static void receiver_stop(struct receiver *r)
{
	if (r->threaded) {
		if (write(r->end[1], "", 1) != 1)
			abort();
		pthread_join(r->thread, NULL);
	}
	close(r->listener);
	close(r->end[0]);
	close(r->end[1]);
}

static struct sender *sender_to(const char *endpoint)
{
	const struct post_terms terms = { .endpoint = endpoint,
					  .headers = "Authorization: Bearer x\0",
					  .agent = "test",
					  .timeout_ns = 20 * NS_PER_SEC };
	struct sender *s = NULL;

	if (sender_new(&s) || sender_configure(s, &terms))
		abort();
	return s;
}

static void give(struct sender *s)
{
	if (sender_give(s, strdup("body"), 4, false))
		abort();
}

static bool reached(struct sender *s, bool (*holds)(const struct sender_counts *c),
		    struct sender_counts *ret)
{
	for (int i = 0; i < 1000; i++) {
		sender_counts(s, ret);
		if (holds(ret))
			return true;
		poll(NULL, 0, 10);
	}
	printf("# sent %llu retries %llu refused %llu waiting %zu why %s\n",
	       (unsigned long long)ret->sent, (unsigned long long)ret->retries,
	       (unsigned long long)ret->refused, ret->waiting, ret->why);
	return false;
}

#define OK    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define BAD   "HTTP/1.1 400 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define BUSY  "HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define LATER "HTTP/1.1 503 No\r\nRetry-After: 60\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
/* rejected_data_points: 5, error_message: "no" */
#define PART                                                                                       \
	"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\n\x0a\x06\x08\x05\x12\x02no"

static bool sent_three(const struct sender_counts *c)
{
	return c->sent == 3;
}

static int what_is_given_arrives(void)
{
	const char *const answers[] = { OK, BUSY, PART, OK, NULL };
	struct sender_counts c;
	struct receiver r;
	struct sender *s;

	receiver_start(&r, answers);
	s = sender_to(r.endpoint);
	for (int i = 0; i < 3; i++)
		give(s);
	CHECK(reached(s, sent_three, &c));
	CHECK(c.retries == 1 && c.rejected_points == 5 && !c.refused && !c.waiting);
	CHECK(!c.failing && sender_idle(s));
	sender_free(s, NULL);
	receiver_stop(&r);
	CHECK(r.requests == 4);
	return 0;
}

static bool refused_one(const struct sender_counts *c)
{
	return c->refused == 1;
}

static int what_is_refused_is_not_tried_again(void)
{
	const char *const answers[] = { BAD, OK, NULL };
	struct sender_counts c;
	struct receiver r;
	struct sender *s;

	receiver_start(&r, answers);
	s = sender_to(r.endpoint);
	give(s);
	CHECK(reached(s, refused_one, &c));
	CHECK(c.failing && strstr(c.why, "400") && !c.retries);
	sender_free(s, NULL);
	receiver_stop(&r);
	CHECK(r.requests == 1);
	return 0;
}

static int a_receiver_that_never_answers_holds_nobody(void)
{
	uint64_t begin = clock_mono_ns();
	struct sender_counts c;
	struct receiver r;
	struct sender *s;

	receiver_start(&r, NULL);
	s = sender_to(r.endpoint);
	for (int i = 0; i < 100; i++) /* one is under way, 64 wait */
		give(s);
	sender_counts(s, &c);
	CHECK(c.full >= 35 && c.full <= 36 && c.waiting == 64 && !sender_idle(s));
	sender_free(s, &c);
	CHECK(c.full + c.given_up == 100); /* none is forgotten, that under way neither */
	receiver_stop(&r);
	CHECK(clock_mono_ns() - begin < 5 * NS_PER_SEC); /* of a timeout of 20 */
	return 0;
}

static bool gave_up_all(const struct sender_counts *c)
{
	return c->given_up == 3;
}

static int a_finish_gives_up_on_one_that_is_gone(void)
{
	struct sender_counts c;
	struct receiver r;
	struct sender *s;

	receiver_start(&r, NULL);
	receiver_stop(&r); /* nobody listens there any more */
	s = sender_to(r.endpoint);
	for (int i = 0; i < 3; i++)
		give(s);
	sender_finish(s);
	CHECK(reached(s, gave_up_all, &c));
	CHECK(c.failing && c.why[0] && sender_idle(s));
	sender_free(s, NULL);
	return 0;
}

static bool tried_again(const struct sender_counts *c)
{
	return c->retries == 1;
}

static int other_terms_count_at_once(void)
{
	const char *const answers[] = { OK, NULL }, *const busy_answers[] = { LATER, NULL };
	struct post_terms terms = { .agent = "test", .timeout_ns = NS_PER_SEC };
	struct receiver busy, r;
	struct sender_counts c;
	struct sender *s;

	receiver_start(&busy, busy_answers);
	receiver_start(&r, answers);
	s = sender_to(busy.endpoint);
	for (int i = 0; i < 3; i++)
		give(s);
	CHECK(reached(s, tried_again, &c));
	terms.endpoint = r.endpoint;
	CHECK(sender_configure(s, &terms) == 0);
	CHECK(reached(s, sent_three, &c) && !c.failing);
	sender_free(s, NULL);
	receiver_stop(&busy);
	receiver_stop(&r);
	return 0;
}

TEST_MAIN({ "what is given arrives", what_is_given_arrives },
	  { "what is refused is not tried again", what_is_refused_is_not_tried_again },
	  { "a receiver that never answers holds nobody",
	    a_receiver_that_never_answers_holds_nobody },
	  { "a finish gives up on one that is gone", a_finish_gives_up_on_one_that_is_gone },
	  { "other terms count at once", other_terms_count_at_once }, )
