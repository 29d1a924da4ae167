/* SPDX-License-Identifier: Apache-2.0 */
/*
 * header: the first 32 bytes of every file that Fairlead keeps.  They say what the file is,
 * which version wrote it and whether all of it is there; they never change their meaning,
 * so that any Fairlead can name a newer one's file.  Pure: bytes in, bytes out.
 *
 *   0 "FAIRLEAD"   8 kind   12 version   16 length of what follows   24 its CRC-32   28 CRC-32 of 0..27
 *
 * All numbers are little endian; the CRC is zlib's, as zlib is linked for libbpf anyway.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { HEADER_SIZE = 32 };

struct header {
	uint32_t kind;
	uint32_t version;
};

/* The header for this payload. */
void header_encode(uint8_t ret[HEADER_SIZE], const struct header *h, const void *payload,
		   size_t length);

/*
 * What a header says, whatever its version is; -EBADMSG when it is not one, or damaged.
 * The payload is not looked at.
 */
int header_decode(struct header *ret, const uint8_t *bytes, size_t length);

/* 0 when header and payload make up exactly these bytes, -EBADMSG when anything is amiss. */
int header_check(const uint8_t *bytes, size_t length);
