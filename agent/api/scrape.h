/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scrape: the bodies that /metrics answers with.  Scrapes within a quarter of a second share
 * one a format and coding; gzip is the worker's.  A body lives as long as it is fresh or taken,
 * and when too many live, those who take the oldest one are cut off.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exporters/prometheus/prometheus.h"

struct loop;
struct scrape;
struct scrape_body;
struct worker;

struct scrape_agent {
	void *context;
	/* Appends what there is to scrape now; -errno. */
	int (*write)(void *context, enum prometheus_format format, struct out *ret);
};

/* One who is being given a body: the caller's, zeroed but for ready and cut. */
struct scrape_taker {
	void (*ready)(struct scrape_taker *t); /* the body that was not ready is */
	void (*cut)(struct scrape_taker *t);   /* too slow: make him leave */
	struct scrape_taker *next, **link;
	struct scrape_body *body; /* NULL: has none */
};

/* What a taker is given, once it is ready; valid until he leaves. */
struct scrape_answer {
	const char *data, *type;
	size_t size;
	bool gzip;
};

int scrape_new(struct scrape **ret, struct loop *loop, struct worker *worker,
	       const struct scrape_agent *agent);
struct scrape *scrape_free(struct scrape *s); /* all takers have left, and the worker is gone */

/* Headers as they came, or NULL.  -errno: he is no taker then. */
int scrape_take(struct scrape *s, uint64_t now_ns, const char *accept, const char *accept_encoding,
		struct scrape_taker *taker);
bool scrape_answer(const struct scrape_taker *taker, struct scrape_answer *ret); /* false: wait */
void scrape_leave(struct scrape_taker *taker);

uint64_t scrape_uncompressed(const struct scrape *s); /* as the worker had too much to do */
