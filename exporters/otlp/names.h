/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names: how the metric table's rows and labels are called over OTLP.  A row that OpenTelemetry's
 * semantic conventions know has their name and unit.  Any other one keeps ours in their fashion,
 * fairlead.disk.in_flight, so that a backend that makes a Prometheus name of it makes the one that
 * a scrape has.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct family;

enum { NAMES_MAX = 96 };

void names_metric(const struct family *f, char ret[static NAMES_MAX]);
const char *names_unit(const struct family *f); /* as UCUM writes it; "" for a plain count */

struct name_of_label {
	const char *attribute;
	bool number; /* its value is one */
};

/* How a label of this row is called, and its value. */
struct name_of_label names_label(const struct family *f, const char *label);
const char *names_value(const char *label, const char *value);
