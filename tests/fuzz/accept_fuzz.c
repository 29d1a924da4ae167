/* SPDX-License-Identifier: Apache-2.0 */
/* Accept and Accept-Encoding: ranges lie in the header, and no choice is one that was refused. */
#include "exporters/prometheus/accept.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "exporters/prometheus/prometheus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *header = calloc(1, size + 1);
	struct accept_range range;
	bool wants = false;
	const char *at;

	if (!header)
		abort();
	memcpy(header, data, size);
	at = header;
	for (const char *before = at; accept_next(&at, &range); before = at) {
		must(at > before && range.q <= ACCEPT_Q_MAX);
		must(range.name >= before && range.name + range.name_length <= at);
		must(range.parameters >= before &&
		     range.parameters + range.parameters_length <= at);
		wants |= range.q > 0;
	}
	must(prometheus_choose(header) < _PROMETHEUS_FORMAT_MAX);
	must(wants || prometheus_choose(header) == PROMETHEUS_TEXT);
	must(wants || !accept_gzip(header));
	return 0;
}
