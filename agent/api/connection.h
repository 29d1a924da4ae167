/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection: one that libmicrohttpd keeps for us: who is at its other end, and the ways to answer
 * him.  An answer that cannot be made is MHD_NO, which cuts off, rather than answer half.
 */
#pragma once
#include <microhttpd.h>

#include "agent/api/guests.h"

struct history_snapshot;
struct scrape_answer;

int connection_fd(struct MHD_Connection *c);                               /* -1: none */
const char *connection_header(struct MHD_Connection *c, const char *name); /* NULL: was not sent */
void connection_guest_is(struct MHD_Connection *c, enum guest_state state);

/* Texts are taken over; NULL stands for one that there was no memory for. */
enum MHD_Result connection_reply(struct MHD_Connection *c, unsigned int status, const char *type,
				 char *owned);
enum MHD_Result connection_reply_json(struct MHD_Connection *c, char *owned);

/* What not every answer has: NULL and 0 for none. */
struct connection_answer {
	unsigned int status;
	const char *type;
	char *owned; /* malloc'ed; NULL stands for one that there was no memory for */
	size_t size;
	const char *allow, *location;
	unsigned int retry_after_seconds;
};
enum MHD_Result connection_answer(struct MHD_Connection *c, const struct connection_answer *a);

/* RFC 9457; detail is UTF-8. */
enum MHD_Result connection_problem_with(struct MHD_Connection *c, const char *detail,
					struct connection_answer with);
enum MHD_Result connection_problem(struct MHD_Connection *c, unsigned int status,
				   const char *detail);

/* The body is lent until the request is completed, so that many can be sent the same. */
enum MHD_Result connection_lend(struct MHD_Connection *c, const struct scrape_answer *answer);

/* Made as it is taken, so that its length keeps nobody else waiting. */
enum MHD_Result connection_stream(struct MHD_Connection *c, struct history_snapshot *owned);

/* Made by write() as it is taken; `part` is how much it is asked for at once.  context is borrowed
 * until the request is over. */
enum MHD_Result connection_write(struct MHD_Connection *c, const char *type, size_t part,
				 MHD_ContentReaderCallback write, void *context);
