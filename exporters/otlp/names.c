/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/otlp/names.h"

#include <stdio.h>
#include <string.h>

#include "exporters/families.h"

static const struct {
	const char *label, *of; /* in rows whose name goes on so behind fairlead_ */
	const char *attribute;
	bool number;
} labels[] = {
	{ "cpu", "", "cpu.logical_number", true },
	{ "mode", "", "cpu.mode", false },
	{ "device", "", "system.device", false },
	{ "op", "", "disk.io.direction", false },
	{ "interface", "", "network.interface.name", false },
	{ "way", "network_", "network.io.direction", false },
	{ "way", "memory_", "system.paging.direction", false },
	{ "mountpoint", "", "system.filesystem.mountpoint", false },
	{ "type", "", "system.filesystem.type", false },
	{ "pod", "", "k8s.pod.uid", false },
	{ "container", "", "container.id", false },
};

static const struct {
	const char *label, *value, *called;
} values[] = {
	{ "way", "received", "receive" },
	{ "way", "sent", "transmit" },
	{ "mode", "irq", "interrupt" },
};

static bool cut(char *text, const char *ending)
{
	size_t length = strlen(text), n = strlen(ending);
	bool ends = n && length > n && !strcmp(text + length - n, ending);

	if (ends)
		text[length - n] = '\0';
	return ends;
}

/* fairlead_disk_in_flight_bytes_total is fairlead.disk.in_flight: OpenTelemetry keeps the unit and
 * what kind of metric it is beside the name. */
void names_metric(const struct family *f, char ret[static NAMES_MAX])
{
	char unit[32];
	char *dot;

	snprintf(ret, NAMES_MAX, "%s", f->semantic ? f->semantic->name : f->name);
	if (f->semantic)
		return;
	if (f->kind == FAMILY_COUNTER)
		cut(ret, "_total");
	snprintf(unit, sizeof(unit), "_%s", f->unit);
	if (f->unit[0])
		cut(ret, unit);
	dot = ret;
	for (int i = 0; i < 2 && (dot = strchr(dot, '_')); i++)
		*dot = '.';
}

/* Distributions are told in nanoseconds, for which otlp.h has the reason. */
const char *names_unit(const struct family *f)
{
	if (f->semantic)
		return f->semantic->unit;
	if (f->kind == FAMILY_HISTOGRAM || f->kind == FAMILY_NATIVE)
		return "ns";
	return !strcmp(f->unit, "seconds") ? "s" : !strcmp(f->unit, "bytes") ? "By" : "";
}

struct name_of_label names_label(const struct family *f, const char *label)
{
	const char *row = f->name ? f->name + strlen("fairlead_") : "";

	if (f->semantic && f->semantic->label && !strcmp(f->semantic->label, label))
		return (struct name_of_label){ .attribute = f->semantic->renamed };
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (!strcmp(labels[i].label, label) &&
		    !strncmp(row, labels[i].of, strlen(labels[i].of)))
			return (struct name_of_label){ labels[i].attribute, labels[i].number };
	return (struct name_of_label){ .attribute = label };
}

const char *names_value(const char *label, const char *value)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (!strcmp(values[i].label, label) && !strcmp(values[i].value, value))
			return values[i].called;
	return value;
}
