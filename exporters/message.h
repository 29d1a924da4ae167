/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message: protobuf written bottom-up.  What is deep is encoded into an `out` of its own and then
 * put as bytes into what it is in, behind its tag: nested callbacks would be sized once a level.
 */
#pragma once
#include <pb_encode.h>

struct out;

/* Appends to out; what fails is noted there too. */
pb_ostream_t message_stream(struct out *out);

void message_put(struct out *to, const pb_msgdesc_t *fields, const void *message);
void message_put_field(struct out *to, uint32_t tag, const pb_msgdesc_t *fields,
		       const void *message);
void message_put_bytes(struct out *to, uint32_t tag, const struct out *bytes);
