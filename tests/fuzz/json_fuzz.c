/* SPDX-License-Identifier: Apache-2.0 */
/* What a command believes that an agent answered; what it takes, it must be able to print. */
#include "exporters/json/json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/cleanup.h"
#include "agent/cli/print.h"
#include "agent/snapshot/finding.h"
#include "agent/snapshot/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *nowhere;
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	CLEANUP(freep) char *again = NULL;
	struct findings findings;
	char kernel[65];

	if (!nowhere)
		nowhere = fopen("/dev/null", "we");
	if (!nowhere)
		abort();
	if (!json_read_snapshot((const char *)data, size, &s)) {
		print_snapshot(s, NULL, 0, false, nowhere);
		again = json_snapshot(s);
		if (!again)
			abort();
	}
	if (!json_read_findings((const char *)data, size, &findings, kernel))
		print_findings(&findings, kernel, false, nowhere);
	return 0;
}
