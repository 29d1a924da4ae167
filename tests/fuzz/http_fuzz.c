/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a guest at the door: the real server on a real socket, the agent behind it faked. */
#include "agent/api/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/api/jobs_door.h"
#include "agent/api/scrape.h"
#include "agent/loop/loop.h"
#include "agent/loop/worker.h"
#include "agent/snapshot/history.h"
#include "exporters/out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *fake_snapshot(void *context, const struct sample *base)
{
	(void)context;
	(void)base;
	return strdup("{}");
}

static int fake_history(void *context, const char *prefix, uint64_t length_ns,
			struct history_snapshot **ret)
{
	(void)context;
	(void)length_ns;
	return *prefix == 'x' ? -EINVAL : history_snapshot_new(ret, 1, 3);
}

static struct sample *no_base(void *context)
{
	(void)context;
	return NULL; /* a guest that wants to wait is cut off: the fuzzer does not wait */
}

static char *fake_doctor(void *context)
{
	(void)context;
	return strdup("{}");
}

/* Large enough to be compressed. */
static int fake_metrics(void *context, enum prometheus_format format, struct out *ret)
{
	static const char body[2000];

	(void)context;
	(void)format;
	out_bytes(ret, body, sizeof(body));
	return 0;
}

static const char *ready(void *context)
{
	(void)context;
	return NULL;
}

/* Jobs are refused by the length of their words, so that every answer is seen. */
static int no_jobs(void *context, struct job_request *request, uid_t uid, struct job_ticket *ticket,
		   struct job_receipt *ret)
{
	static const int errors[] = { -EINVAL, -EACCES, -EOPNOTSUPP, -EIO };

	(void)context;
	(void)uid;
	(void)ticket;
	snprintf(ret->why, sizeof(ret->why), "no");
	return errors[request->argc % 4]; /* none that a batch would wait after */
}

static int no_job(void *context, const char *id, uid_t uid)
{
	(void)context;
	(void)id;
	(void)uid;
	return -ENOENT;
}

static int no_look(void *context, const char *id, uid_t uid, const struct job_result **ret)
{
	(void)ret;
	return no_job(context, id, uid);
}

static int no_wait(void *context, const char *id, uid_t uid, struct job_ticket *ticket)
{
	(void)ticket;
	return no_job(context, id, uid);
}

static void no_list(void *context, uid_t uid,
		    void (*each)(void *to, const struct job_result *result), void *to)
{
	const struct job_result one = { .id = "one" };

	(void)context;
	(void)uid;
	each(to, &one);
	each(to, &one);
}

struct door {
	struct loop *loop;
	struct worker *worker;
	struct scrape *scrape;
	struct http *http;
	unsigned int looks;
};

/* The guest has hung up: done when the door has noticed, which takes it a turn to let him in. */
static void look(void *context, uint32_t events)
{
	struct door *d = context;

	(void)events;
	if (++d->looks > 1 && !http_connections(d->http))
		loop_stop(d->loop, 0);
}

static struct sockaddr_un address = { .sun_family = AF_UNIX };

static void open_door(struct door *d)
{
	const struct http_agent agent = { .snapshot = fake_snapshot,
					  .base = no_base,
					  .history = fake_history,
					  .doctor = fake_doctor,
					  .not_ready = ready };
	const struct scrape_agent scraped = { .write = fake_metrics };
	const struct jobs_agent jobs = { .submit = no_jobs,
					 .cancel = no_job,
					 .look = no_look,
					 .wait = no_wait,
					 .list = no_list,
					 .pools = fake_doctor };
	struct http_terms terms;
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "fairlead-fuzz-%d",
		 (int)getpid());
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 4) || loop_new(&d->loop) || worker_new(&d->worker, d->loop, 4) ||
	    scrape_new(&d->scrape, d->loop, d->worker, &scraped))
		abort();
	terms = (struct http_terms){ .listener = listener,
				     .connections = 8,
				     .scrape = d->scrape,
				     .jobs = &jobs,
				     .body_bytes = 4096 };
	if (http_new(&d->http, d->loop, &terms, &agent) ||
	    loop_timer(d->loop, 50000, look, d, NULL))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct door door;
	int guest = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!door.loop)
		open_door(&door);
	if (guest < 0 || connect(guest, (struct sockaddr *)&address, sizeof(address)))
		abort();
	(void)!send(guest, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(guest);
	door.looks = 0;
	loop_run(door.loop);
	return 0;
}
