/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to `fairlead bench`: whole or in pieces they are the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cli/bench/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(struct reply *r, const uint8_t *data, size_t size, size_t piece)
{
	int result = 0;

	for (size_t at = 0; !result && at < size;) {
		size_t room, n = size - at < piece ? size - at : piece;
		char *to = reply_room(r, &room);

		if (!to)
			abort();
		n = n < room ? n : room;
		memcpy(to, data + at, n);
		at += n;
		result = reply_more(r, n);
	}
	return result ? result : reply_more(r, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reply whole = { 0 }, pieces = { 0 };
	int a, b;

	if (size < 1)
		return 0;
	a = feed(&whole, data + 1, size - 1, size);
	b = feed(&pieces, data + 1, size - 1, 1 + data[0] % 7u);
	if (a == 1 && b == 1) {
		size_t n, m;
		const char *body = reply_body(&whole, &n), *other = reply_body(&pieces, &m);

		if (n != m || memcmp(body, other, n) || whole.status != pieces.status)
			abort();
	} else if (a == 1 && a != b) {
		abort();
	}
	reply_done(&whole);
	reply_done(&pieces);
	return 0;
}
