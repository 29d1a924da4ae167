/* SPDX-License-Identifier: Apache-2.0 */
/* write: JSON by the piece, for what is written often; all else is built as an object. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct out;

/* "…"; false, and nothing is written, when it is no UTF-8. */
bool json_write_text(struct out *o, const char *bytes, size_t size);
void json_write_base64(struct out *o, const void *bytes, size_t size); /* "…" */
void json_write_seconds(struct out *o, uint64_t ns);                   /* exactly: 0.00125 */

/* RFC 9457; title and detail are UTF-8, whoever wrote them.  line: of a batch, 0 for none. */
void json_write_problem(struct out *o, unsigned int status, const char *title, const char *detail,
			unsigned long line);
