/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/message.h"

#include "exporters/out.h"

static bool append(pb_ostream_t *stream, const pb_byte_t *bytes, size_t size)
{
	struct out *out = stream->state;

	out_bytes(out, bytes, size);
	return !out->failed;
}

pb_ostream_t message_stream(struct out *out)
{
	return (pb_ostream_t){ .callback = append, .state = out, .max_size = SIZE_MAX };
}

void message_put(struct out *to, const pb_msgdesc_t *fields, const void *message)
{
	pb_ostream_t stream = message_stream(to);

	if (!pb_encode(&stream, fields, message))
		to->failed = true;
}

void message_put_field(struct out *to, uint32_t tag, const pb_msgdesc_t *fields,
		       const void *message)
{
	pb_ostream_t stream = message_stream(to);

	if (!pb_encode_tag(&stream, PB_WT_STRING, tag) ||
	    !pb_encode_ex(&stream, fields, message, PB_ENCODE_DELIMITED))
		to->failed = true;
}

void message_put_bytes(struct out *to, uint32_t tag, const struct out *bytes)
{
	pb_ostream_t stream = message_stream(to);

	if (bytes->failed || !pb_encode_tag(&stream, PB_WT_STRING, tag) ||
	    !pb_encode_varint(&stream, bytes->size))
		to->failed = true;
	out_bytes(to, bytes->data, bytes->size);
}
