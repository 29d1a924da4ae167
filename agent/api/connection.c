/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/api/scrape.h"
#include "agent/base/clock.h"
#include "agent/snapshot/history.h"
#include "exporters/json/json.h"
#include "exporters/json/write.h"
#include "exporters/out.h"

#define HISTORY_PART (32 * 1024u) /* of the answer, made at once */

int connection_fd(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static struct guest *guest_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

void connection_guest_is(struct MHD_Connection *c, enum guest_state state)
{
	guest_becomes(guest_of(c), state, clock_mono_ns());
}

const char *connection_header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

/* Queues and lets go. */
static enum MHD_Result send_off(struct MHD_Connection *c, unsigned int status, const char *type,
				struct MHD_Response *response)
{
	enum MHD_Result r;

	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	connection_guest_is(c, GUEST_TAKING);
	r = MHD_queue_response(c, status, response);
	MHD_destroy_response(response);
	return r;
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
	if (value)
		MHD_add_response_header(response, name, value);
}

enum MHD_Result connection_answer(struct MHD_Connection *c, const struct connection_answer *a)
{
	struct MHD_Response *response;
	char seconds[16];

	if (!a->owned)
		return MHD_NO;
	response = MHD_create_response_from_buffer(a->size, a->owned, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(a->owned);
		return MHD_NO;
	}
	snprintf(seconds, sizeof(seconds), "%u", a->retry_after_seconds);
	add_header(response, MHD_HTTP_HEADER_ALLOW, a->allow);
	add_header(response, MHD_HTTP_HEADER_LOCATION, a->location);
	add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, a->retry_after_seconds ? seconds : NULL);
	return send_off(c, a->status, a->type, response);
}

/* Who may come again, or ask otherwise, is told so whatever it was that he asked for. */
static struct connection_answer usual(unsigned int status, const char *type)
{
	bool again = status == MHD_HTTP_SERVICE_UNAVAILABLE || status == MHD_HTTP_TOO_MANY_REQUESTS;

	return (struct connection_answer){
		.status = status,
		.type = type,
		.allow = status == MHD_HTTP_METHOD_NOT_ALLOWED ? "GET, HEAD" : NULL,
		.retry_after_seconds = again,
	};
}

enum MHD_Result connection_reply(struct MHD_Connection *c, unsigned int status, const char *type,
				 char *owned)
{
	struct connection_answer a = usual(status, type);

	a.owned = owned;
	a.size = owned ? strlen(owned) : 0;
	return connection_answer(c, &a);
}

enum MHD_Result connection_reply_json(struct MHD_Connection *c, char *owned)
{
	return connection_reply(c, MHD_HTTP_OK, "application/json", owned);
}

enum MHD_Result connection_problem_with(struct MHD_Connection *c, const char *detail,
					struct connection_answer with)
{
	struct out o = { 0 };

	json_write_problem(&o, with.status, MHD_get_reason_phrase_for(with.status), detail, 0);
	if (o.failed)
		out_free(&o);
	with.type = "application/problem+json";
	with.owned = o.data;
	with.size = o.size;
	return connection_answer(c, &with);
}

enum MHD_Result connection_problem(struct MHD_Connection *c, unsigned int status,
				   const char *detail)
{
	return connection_problem_with(c, detail, usual(status, NULL));
}

enum MHD_Result connection_lend(struct MHD_Connection *c, const struct scrape_answer *answer)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		answer->size, (void *)answer->data, MHD_RESPMEM_PERSISTENT);

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding");
	if (answer->gzip)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	return send_off(c, MHD_HTTP_OK, answer->type, response);
}

static ssize_t write_history(void *context, uint64_t position, char *buffer, size_t size)
{
	ssize_t n = json_history_read(context, buffer, size);

	(void)position;
	return n > 0 ? n : n ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
}

static void end_history(void *context)
{
	json_history_free(context);
}

enum MHD_Result connection_stream(struct MHD_Connection *c, struct history_snapshot *owned)
{
	struct json_history *text = NULL;
	struct MHD_Response *response;

	if (json_history_new(&text, owned)) {
		history_snapshot_free(owned);
		return MHD_NO;
	}
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, HISTORY_PART, write_history,
						     text, end_history);
	if (!response) {
		json_history_free(text);
		return MHD_NO;
	}
	return send_off(c, MHD_HTTP_OK, "application/json", response);
}

enum MHD_Result connection_write(struct MHD_Connection *c, const char *type, size_t part,
				 MHD_ContentReaderCallback write, void *context)
{
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, part, write, context, NULL);
	enum MHD_Result r;

	if (!response)
		return MHD_NO;
	r = send_off(c, MHD_HTTP_OK, type, response);
	connection_guest_is(c, GUEST_SERVED); /* it may take as long as it does */
	return r;
}
