/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/prometheus/prometheus.h"

#include <errno.h>

#include "exporters/out.h"
#include "exporters/prometheus/accept.h"
#include "exporters/prometheus/room.h"

const char *const prometheus_types[] = {
	"text/plain; version=0.0.4; charset=utf-8",
	"application/openmetrics-text; version=1.0.0; charset=utf-8",
	("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
	 "encoding=delimited"),
};
_Static_assert(sizeof(prometheus_types) / sizeof(char *) == _PROMETHEUS_FORMAT_MAX, "one a format");

enum prometheus_format prometheus_choose(const char *accept)
{
	static const struct accept_offer offers[] = {
		{ "text/plain", { { "version", "0.0.4" } } },
		{ "application/openmetrics-text", { { "version", "1.0.0" } } },
		{ "application/vnd.google.protobuf",
		  { { "proto", "io.prometheus.client.MetricFamily" },
		    { "encoding", "delimited" } } },
	};
	int chosen;

	_Static_assert(sizeof(offers) / sizeof(offers[0]) == _PROMETHEUS_FORMAT_MAX, "in order");
	chosen = accept_choose(accept, offers, _PROMETHEUS_FORMAT_MAX);
	return chosen < 0 ? PROMETHEUS_TEXT : (enum prometheus_format)chosen;
}

int prometheus_write(const struct snapshot *s, enum prometheus_format format, struct out *ret)
{
	if (format == PROMETHEUS_PROTOBUF)
		prometheus_write_protobuf(s, ret);
	else
		prometheus_write_text(s, format == PROMETHEUS_OPENMETRICS, ret);
	return ret->failed ? -ENOMEM : 0;
}
