/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/gzip.h"

#include <errno.h>
#include <zlib.h>

#include "exporters/out.h"

#define LEVEL 1 /* metrics shrink to a twentieth by it; level 6 takes three times as long */

int gzip_pack(struct out *to, const struct out *from)
{
	z_stream z = { .next_in = (Bytef *)from->data, .avail_in = (uInt)from->size };
	unsigned char chunk[16384];
	int r;

	/* 15 + 16: the largest window, with gzip's own head */
	if (deflateInit2(&z, LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	do {
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		r = deflate(&z, Z_FINISH);
		out_bytes(to, chunk, sizeof(chunk) - z.avail_out);
	} while (r == Z_OK);
	deflateEnd(&z);
	return r == Z_STREAM_END && !to->failed ? 0 : -ENOMEM;
}
