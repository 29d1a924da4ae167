/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prometheus: a snapshot as a Prometheus server scrapes it.
 *
 * Native histograms: our slots end at powers of two of a nanosecond, those of schema 0 at powers
 * of two of a second, and 2^30 ns are 1.0737 s.  No schema up to 8 meets our ends, and a finer
 * one would claim to know where in its slot a value lies.  So a slot is told as the bucket of
 * schema 0 whose end is nearest: ends, and with them quantiles, are told 6.9 % too low (by
 * 10^9 / 2^30 = 0.931); counts and sums are exact.  Slot 0 is the zero bucket, below 2^-20 s;
 * the last, open slot is told as (64 s, 128 s].  The same message has the classic buckets, whose
 * ends are exact; a server that wants native ones may take both (scrape_classic_histograms).
 */
#pragma once

struct out;
struct snapshot;

enum prometheus_format {
	PROMETHEUS_TEXT,
	PROMETHEUS_OPENMETRICS,
	PROMETHEUS_PROTOBUF,
	_PROMETHEUS_FORMAT_MAX
};

/* What an Accept header (NULL for none) asks for; text when it wants nothing that we have. */
enum prometheus_format prometheus_choose(const char *accept);
extern const char *const prometheus_types[]; /* Content-Type by format */

/* Appends to *ret; -ENOMEM. */
int prometheus_write(const struct snapshot *s, enum prometheus_format format, struct out *ret);
