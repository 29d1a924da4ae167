/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/store/header.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>

static const char magic[8] = { 'F', 'A', 'I', 'R', 'L', 'E', 'A', 'D' };

struct on_disk {
	char magic[8];
	uint32_t kind, version;
	uint64_t length;
	uint32_t payload_crc, header_crc;
};
_Static_assert(sizeof(struct on_disk) == HEADER_SIZE, "the header must have no padding");

static uint32_t crc_of(const void *bytes, size_t length)
{
	return (uint32_t)crc32_z(0, bytes, length);
}

void header_encode(uint8_t ret[HEADER_SIZE], const struct header *h, const void *payload,
		   size_t length)
{
	struct on_disk d = {
		.kind = htole32(h->kind),
		.version = htole32(h->version),
		.length = htole64(length),
		.payload_crc = htole32(crc_of(payload, length)),
	};

	memcpy(d.magic, magic, sizeof(magic));
	d.header_crc = htole32(crc_of(&d, offsetof(struct on_disk, header_crc)));
	memcpy(ret, &d, sizeof(d));
}

static int decode(struct on_disk *ret, const uint8_t *bytes, size_t length)
{
	struct on_disk d;

	if (length < sizeof(d))
		return -EBADMSG;
	memcpy(&d, bytes, sizeof(d));
	if (memcmp(d.magic, magic, sizeof(magic)) != 0 ||
	    le32toh(d.header_crc) != crc_of(bytes, offsetof(struct on_disk, header_crc)))
		return -EBADMSG;
	*ret = d;
	return 0;
}

int header_decode(struct header *ret, const uint8_t *bytes, size_t length)
{
	struct on_disk d;
	int r = decode(&d, bytes, length);

	if (r < 0)
		return r;
	*ret = (struct header){ .kind = le32toh(d.kind), .version = le32toh(d.version) };
	return 0;
}

int header_check(const uint8_t *bytes, size_t length)
{
	struct on_disk d;
	int r = decode(&d, bytes, length);

	if (r < 0)
		return r;
	if (le64toh(d.length) != length - HEADER_SIZE ||
	    le32toh(d.payload_crc) != crc_of(bytes + HEADER_SIZE, length - HEADER_SIZE))
		return -EBADMSG;
	return 0;
}
