/* SPDX-License-Identifier: Apache-2.0 */
/* prometheus: a snapshot as a Prometheus server scrapes it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct snapshot;

enum prometheus_format { PROMETHEUS_TEXT, PROMETHEUS_OPENMETRICS, _PROMETHEUS_FORMAT_MAX };

/* What an Accept header (NULL for none) asks for, of what we have. */
enum prometheus_format prometheus_choose(const char *accept);
extern const char *const prometheus_types[]; /* Content-Type by format */

/* NUL-terminated text, the caller's to free; NULL when out of memory. */
char *prometheus_write(const struct snapshot *s, enum prometheus_format format);
