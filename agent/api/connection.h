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

/* RFC 9457.  `detail` is ours, never the client's: nothing to escape. */
enum MHD_Result connection_problem(struct MHD_Connection *c, unsigned int status,
				   const char *detail);

/* The body is lent until the request is completed, so that many can be sent the same. */
enum MHD_Result connection_lend(struct MHD_Connection *c, const struct scrape_answer *answer);

/* Made as it is taken, so that its length keeps nobody else waiting. */
enum MHD_Result connection_stream(struct MHD_Connection *c, struct history_snapshot *owned);
