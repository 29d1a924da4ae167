/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/jobs_door.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "agent/api/batch.h"
#include "agent/api/body.h"
#include "agent/api/connection.h"
#include "agent/api/http.h"
#include "agent/api/job_json.h"
#include "agent/api/job_problem.h"
#include "agent/api/sleeper.h"
#include "agent/base/clock.h"
#include "agent/config/option.h"
#include "exporters/out.h"

#define BODIES      8 /* of the largest size, that all guests together may have on their way in */
#define STREAM_PART (32 * 1024u)
#define WAIT_MAX_NS (600 * (int64_t)NS_PER_SEC)

struct call;

struct route {
	const char *method, *path;
	bool with_id;                              /* an id follows the path */
	const char *argument;                      /* the only one that there is, or NULL */
	const char *const *types;                  /* of its body; NULL: it has none */
	enum MHD_Result (*act)(struct call *call); /* the request is whole */
};

/* A request of jobs. */
struct call {
	struct sleeper sleeper; /* first */
	struct jobs_door *door;
	const struct route *route;
	char id[JOB_ID_SIZE]; /* of the path, or of the job that was submitted */
	const char *argument; /* of the query, the library's; NULL: none */
	uid_t uid;
	struct body body;
	struct job_ticket ticket;
	struct batch *batch;
	struct out told; /* the job's end, once the ticket was told */
	bool acted;      /* the request is whole, and waits */
	bool ours;       /* the job goes with the client */
};

static enum MHD_Result answer(struct call *call, unsigned int status, struct out *text)
{
	struct connection_answer a = { .status = status,
				       .type = "application/json",
				       .owned = text->data,
				       .size = text->size };
	char location[64];

	if (text->failed) {
		out_free(text);
		return MHD_NO;
	}
	*text = (struct out){ 0 };
	snprintf(location, sizeof(location), "/v1/jobs/%s", call->id);
	if (status == MHD_HTTP_ACCEPTED)
		a.location = location;
	return connection_answer(call->sleeper.connection, &a);
}

static enum MHD_Result problem(struct call *call, int error, const struct job_receipt *receipt)
{
	unsigned int seconds = receipt ? receipt->retry_after_seconds : 0;
	struct connection_answer with = { .status = job_problem_status(error) };

	if (with.status == MHD_HTTP_TOO_MANY_REQUESTS ||
	    with.status == MHD_HTTP_SERVICE_UNAVAILABLE ||
	    with.status == MHD_HTTP_INSUFFICIENT_STORAGE) {
		with.retry_after_seconds = seconds ? seconds : 1;
		call->door->losses->refused++;
	}
	return connection_problem_with(call->sleeper.connection,
				       job_problem_why(error, receipt ? receipt->why : ""), with);
}

static void told(struct job_ticket *t, const struct job_result *result)
{
	struct call *call = (struct call *)((char *)t - offsetof(struct call, ticket));

	call->ours = false;
	job_json_write(&call->told, result, 0);
	sleeper_wake(&call->sleeper);
}

/* Without waiting any longer: as it is now. */
static enum MHD_Result show(struct call *call, unsigned int status)
{
	const struct jobs_agent *a = &call->door->agent;
	const struct job_result *result;
	struct out text = { 0 };
	int r = a->look(a->context, call->id, call->uid, &result);

	if (r)
		return problem(call, r, NULL);
	job_json_write(&text, result, 0);
	return answer(call, status, &text);
}

static enum MHD_Result wait_for_end(struct call *call, uint64_t ns)
{
	call->acted = true;
	return sleeper_sleep(&call->sleeper, ns) ? MHD_NO : MHD_YES;
}

/* --- what may be asked --- */

static enum MHD_Result submit(struct call *call, struct job_request *request, bool wait)
{
	const struct jobs_agent *a = &call->door->agent;
	struct job_receipt receipt = { 0 };
	int r = a->submit(a->context, request, call->uid, wait ? &call->ticket : NULL, &receipt);

	if (r) {
		job_request_free(request);
		return problem(call, r, &receipt);
	}
	memcpy(call->id, receipt.id, sizeof(call->id));
	call->ours = wait;
	return wait ? wait_for_end(call, 0) : show(call, MHD_HTTP_ACCEPTED);
}

static enum MHD_Result post_job(struct call *call)
{
	struct job_receipt receipt = { 0 };
	struct job_request *request = NULL;
	size_t size = call->body.size;
	char *text;
	int r;

	if (call->argument && strcmp(call->argument, "1") != 0)
		return connection_problem(
			call->sleeper.connection, MHD_HTTP_BAD_REQUEST,
			"async can only be 1: the answer is the job's place then");
	text = body_take(&call->body);
	r = text ? job_request_parse(text, size, &request, receipt.why, sizeof(receipt.why))
		 : -ENOMEM;
	return r ? problem(call, r, &receipt) : submit(call, request, !call->argument);
}

static enum MHD_Result get_job(struct call *call)
{
	static const struct option_row row = { .name = "wait",
					       .type = OPTION_DURATION,
					       .size = sizeof(uint64_t),
					       .min = NS_PER_MSEC,
					       .max = WAIT_MAX_NS };
	const struct jobs_agent *a = &call->door->agent;
	char why[OPTION_TEXT_MAX];
	uint64_t ns;
	int r;

	if (!call->argument)
		return show(call, MHD_HTTP_OK);
	if (option_set(&row, &ns, call->argument, why, sizeof(why)))
		return connection_problem(call->sleeper.connection, MHD_HTTP_BAD_REQUEST,
					  "wait: a duration between 1ms and 10m, such as 10s");
	r = a->wait(a->context, call->id, call->uid, &call->ticket);
	if (r == -EALREADY)
		return show(call, MHD_HTTP_OK);
	return r ? problem(call, r, NULL) : wait_for_end(call, ns);
}

static enum MHD_Result delete_job(struct call *call)
{
	const struct jobs_agent *a = &call->door->agent;
	int r = a->cancel(a->context, call->id, call->uid);

	return r ? problem(call, r, NULL) : show(call, MHD_HTTP_ACCEPTED);
}

static void add_row(void *to, const struct job_result *result)
{
	struct out *o = to;

	if (o->data[o->size - 1] != '[')
		out_bytes(o, ",", 1);
	if (!o->failed)
		job_json_write_row(o, result);
}

static enum MHD_Result list_jobs(struct call *call)
{
	const struct jobs_agent *a = &call->door->agent;
	struct out text = { 0 };

	out_text(&text, "{\"schema\":\"fairlead/jobs/v1\",\"jobs\":[");
	if (!text.failed)
		a->list(a->context, call->uid, add_row, &text);
	out_text(&text, "]}");
	return answer(call, MHD_HTTP_OK, &text);
}

static enum MHD_Result get_pools(struct call *call)
{
	const struct jobs_agent *a = &call->door->agent;

	return connection_reply_json(call->sleeper.connection, a->pools(a->context));
}

/* --- batches --- */

static ssize_t write_batch(void *context, uint64_t position, char *buffer, size_t size)
{
	struct call *call = context;
	ssize_t n = call->sleeper.gone ? -EPIPE : batch_read(call->batch, buffer, size);

	(void)position;
	if (n > 0)
		return n;
	if (n == -EAGAIN && !sleeper_sleep(&call->sleeper, 0))
		return 0;
	connection_guest_is(call->sleeper.connection, GUEST_TAKING);
	return n ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
}

static void wake_batch(void *context)
{
	sleeper_wake(context);
}

static enum MHD_Result post_batch(struct call *call)
{
	struct jobs_door *d = call->door;
	size_t size = call->body.size;
	int r = batch_new(&call->batch, &d->agent, call->sleeper.of->loop, call->uid,
			  body_take(&call->body), size, wake_batch, &call->sleeper);

	if (r)
		return problem(call, -ENOMEM, NULL);
	return connection_write(call->sleeper.connection, "application/jsonl", STREAM_PART,
				write_batch, call);
}

/* --- from its headers to its end --- */

static const char *const json[] = { "application/json", NULL };
static const char *const json_lines[] = { "application/jsonl", "application/x-ndjson",
					  "application/json", NULL };

static const struct route routes[] = {
	{ MHD_HTTP_METHOD_POST, "/v1/jobs", false, "async", json, post_job },
	{ MHD_HTTP_METHOD_GET, "/v1/jobs", false, NULL, NULL, list_jobs },
	{ MHD_HTTP_METHOD_GET, "/v1/jobs/", true, "wait", NULL, get_job },
	{ MHD_HTTP_METHOD_DELETE, "/v1/jobs/", true, NULL, NULL, delete_job },
	{ MHD_HTTP_METHOD_POST, "/v1/jobs:batch", false, NULL, json_lines, post_batch },
	{ MHD_HTTP_METHOD_GET, "/v1/pools", false, NULL, NULL, get_pools },
};

static bool is_id(const char *text)
{
	size_t size =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	return size && size < JOB_ID_SIZE && !text[size];
}

static bool leads_to(const struct route *r, const char *path)
{
	size_t length = strlen(r->path);

	return r->with_id ? !strncmp(path, r->path, length) && is_id(path + length)
			  : !strcmp(path, r->path);
}

bool jobs_door_has(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (leads_to(&routes[i], path))
			return true;
	return false;
}

static bool is_method(const struct route *r, const char *method)
{
	return !strcmp(method, r->method) ||
	       (!strcmp(method, MHD_HTTP_METHOD_HEAD) && !strcmp(r->method, MHD_HTTP_METHOD_GET));
}

/* NULL, and in allow what there is, when the path has other methods only. */
static const struct route *find_route(const char *path, const char *method, char allow[64])
{
	*allow = '\0';
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct route *r = &routes[i];

		if (!leads_to(r, path))
			continue;
		if (is_method(r, method))
			return r;
		snprintf(allow + strlen(allow), 64 - strlen(allow), "%s%s%s", *allow ? ", " : "",
			 strcmp(r->method, MHD_HTTP_METHOD_GET) ? "" : "HEAD, ", r->method);
	}
	return NULL;
}

/* NULL when its body can be what it says that it is. */
static const char *wrong_type(struct MHD_Connection *c, const struct route *route)
{
	const char *type = connection_header(c, MHD_HTTP_HEADER_CONTENT_TYPE);
	const char *coding = connection_header(c, MHD_HTTP_HEADER_CONTENT_ENCODING);

	if (!route->types)
		return NULL;
	if (coding && strcasecmp(coding, "identity") != 0)
		return "a body must not be compressed: leave out Content-Encoding";
	for (size_t i = 0; type && route->types[i]; i++) {
		size_t length = strlen(route->types[i]);

		if (!strncasecmp(type, route->types[i], length) && strchr(" \t;", type[length]))
			return NULL;
	}
	return !type ? NULL
	       : route->types[1]
		       ? "the body must be JSON lines: say Content-Type: application/jsonl"
		       : "the body must be JSON: say Content-Type: application/json";
}

/* A length that is known to be too much need not be waited for. */
static bool is_too_long(struct MHD_Connection *c, size_t most)
{
	const char *length = connection_header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return length && strtoull(length, NULL, 10) > most; /* the library has looked at it */
}

struct query {
	struct call *call;
	bool wrong;
};

static enum MHD_Result look_at_argument(void *context, enum MHD_ValueKind kind, const char *key,
					const char *value)
{
	struct query *q = context;
	const char *known = q->call->route->argument;

	(void)kind;
	q->wrong |= !known || strcmp(key, known) != 0 || !value || q->call->argument;
	q->call->argument = value;
	return q->wrong ? MHD_NO : MHD_YES;
}

static enum MHD_Result act(struct call *call)
{
	struct MHD_Connection *c = call->sleeper.connection;
	struct query q = { .call = call };

	connection_guest_is(c, GUEST_SERVED);
	if (call->body.too_large)
		return problem(call, -EMSGSIZE, NULL);
	if (call->body.too_many || call->body.failed)
		return problem(call, call->body.too_many ? -ENOBUFS : -ENOMEM, NULL);
	MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, look_at_argument, &q);
	if (q.wrong && !call->route->argument)
		return connection_problem(c, MHD_HTTP_BAD_REQUEST, "there are no arguments here");
	if (q.wrong)
		return connection_problem(c, MHD_HTTP_BAD_REQUEST,
					  *call->route->argument == 'a'
						  ? "the only argument is async=1, once"
						  : "the only argument is wait, once, such as "
						    "wait=10s");
	return call->route->act(call);
}

static enum MHD_Result again(struct sleeper *s, const char *upload, size_t *upload_size)
{
	struct call *call = (struct call *)s;

	if (s->gone)
		return MHD_NO;
	if (*upload_size) {
		body_add(&call->body, upload, *upload_size);
		*upload_size = 0;
		return MHD_YES;
	}
	if (!call->acted)
		return act(call);
	return call->told.size || call->told.failed ? answer(call, MHD_HTTP_OK, &call->told)
						    : show(call, MHD_HTTP_OK);
}

static void end(struct sleeper *s)
{
	struct call *call = (struct call *)s;
	const struct jobs_agent *a = &call->door->agent;

	job_ticket_leave(&call->ticket);
	if (call->ours)
		(void)a->cancel(a->context, call->id, call->uid);
	batch_free(call->batch);
	body_drop(&call->body);
	out_free(&call->told);
	sleeper_done(s);
	free(call);
}

static bool find_uid(struct MHD_Connection *c, uid_t *ret)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	if (getsockopt(connection_fd(c), SOL_SOCKET, SO_PEERCRED, &who, &size) ||
	    who.uid == (uid_t)-1)
		return false; /* over TCP nobody knows: there are no jobs there */
	*ret = who.uid;
	return true;
}

static struct call *call_new(struct jobs_door *d, struct MHD_Connection *c,
			     const struct route *route, const char *path)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	*call = (struct call){ .sleeper = { .again = again, .end = end },
			       .door = d,
			       .route = route,
			       .ticket.done = told,
			       .body = { .most = route->types ? d->body_bytes : 0,
					 .held = &d->held_bytes,
					 .held_most = BODIES * d->body_bytes } };
	if (route->with_id)
		snprintf(call->id, sizeof(call->id), "%s", path + strlen(route->path));
	sleeper_init(&call->sleeper, d->sleepers, c);
	return call;
}

enum MHD_Result jobs_door_begin(struct jobs_door *d, struct MHD_Connection *c, const char *path,
				const char *method, void **state)
{
	struct connection_answer other = { .status = MHD_HTTP_METHOD_NOT_ALLOWED };
	const struct route *route;
	struct call *call;
	char allow[64];
	uid_t uid;

	route = find_route(path, method, allow);
	other.allow = allow;
	if (!route)
		return connection_problem_with(c, "there are other methods here: see Allow", other);
	if (!find_uid(c, &uid))
		return connection_problem(c, MHD_HTTP_FORBIDDEN, "jobs are for the unix socket");
	if (wrong_type(c, route))
		return connection_problem(c, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, wrong_type(c, route));
	if (route->types && is_too_long(c, d->body_bytes))
		return connection_problem(c, MHD_HTTP_CONTENT_TOO_LARGE,
					  job_problem_why(-EMSGSIZE, ""));
	call = call_new(d, c, route, path);
	if (!call)
		return MHD_NO;
	call->uid = uid;
	*state = &call->sleeper;
	connection_guest_is(c, GUEST_SENDING);
	return MHD_YES;
}
