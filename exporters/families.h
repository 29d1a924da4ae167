/* SPDX-License-Identifier: Apache-2.0 */
/*
 * families: the metric table.  One row a metric; every exporter walks it, and docs/generate for
 * the documentation, so that none can know one that the others do not.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "agent/base/hist.h"

struct snapshot;

enum family_kind {
	FAMILY_COUNTER,
	FAMILY_GAUGE,
	FAMILY_HISTOGRAM,
	FAMILY_NATIVE, /* a distribution of so many that text has only their sums and counts */
	FAMILY_INFO,
	FAMILY_LEVEL, /* a gauge whose values over a label add up; of OpenTelemetry only */
	_FAMILY_KIND_MAX
};

#define SEMANTIC_VERSION "1.44.0"

/* How OpenTelemetry's semantic conventions call a metric and count it. */
struct semantic {
	const char *name, *unit;
	const char *attribute, *value; /* one that all of it has, or NULL */
	const char *label, *renamed;   /* one that is called otherwise here than everywhere */
};

/* How many labels tell a cgroup: the first ones of whatever is told of it. */
#define CGROUP_LABELS 3

/* Where samples go: a format has its own. */
struct family_sink {
	void *context;
	/* labels: pairs of name and value, ended by NULL */
	void (*value)(void *context, const char *const *labels, double value);
	void (*distribution)(void *context, const char *const *labels, const struct hist *h);
	/* count and sum of all, and the distribution as far as it was counted */
	void (*native)(void *context, const char *const *labels, uint64_t count, double sum,
		       const struct hist *h);
};

struct family {
	const char *name; /* whole, but for what a distribution appends: _bucket, _sum, _count;
			     NULL: of no use but by its semantic name */
	enum family_kind kind;
	const char *unit;   /* seconds, bytes, or "" */
	const char *labels; /* for the documentation */
	const char *help;
	void (*collect)(const struct snapshot *s, const struct family_sink *to);
	const struct semantic *semantic; /* NULL: they have no name for it */
	bool since_boot;                 /* a counter of the kernel's own, not since load */
};

extern const struct family families[];
extern const size_t family_count;
