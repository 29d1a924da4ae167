/* SPDX-License-Identifier: Apache-2.0 */
/*
 * otlp: a snapshot as OTLP's metrics (an ExportMetricsServiceRequest in protobuf): the metric table
 * by OpenTelemetry's names, cumulative, as one resource.
 *
 * Distributions are exponential histograms of scale 0 in nanoseconds, not in the seconds that the
 * conventions ask for.  Our slots end at powers of two of a nanosecond, and so do the buckets of
 * scale 0; in seconds no scale meets them (2^30 ns are 1.0737 s), ends and quantiles would be 7 %
 * off, and a finer scale would claim to know where in its slot a value lies.  The conventions allow
 * another unit for a good technical reason; explicit bounds would be exact in seconds too, but cost
 * eight bytes a bucket and bound.  So slot n from 1 on is the bucket (2^(9+n), 2^(10+n)] exactly but
 * for a value of just a power of two, which we count in the slot that it begins; slot 0 is the zero
 * bucket with the threshold 1023, the largest value that it holds.  The last slot is open, which no
 * exponential histogram can say: it is told as the bucket from 69 to 137 s.
 * Those of cgroups are told as far as they were counted: not while the agent's budget kept them off.
 */
#pragma once

struct out;
struct snapshot;

/* node: the cluster's name for this node, or "".  Appends to *ret; -ENOMEM. */
int otlp_write(const struct snapshot *s, const char *node, struct out *ret);
