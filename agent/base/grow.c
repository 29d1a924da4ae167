/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/grow.h"

#include <stdlib.h>

#define AT_ONCE 32

void *grow(void *at, size_t *room, size_t count, size_t size)
{
	size_t wanted = (count / AT_ONCE + 1) * AT_ONCE;
	void *grown;

	if (at && count <= *room && *room <= wanted + AT_ONCE)
		return at;
	grown = realloc(at, wanted * size);
	if (grown)
		*room = wanted;
	return grown;
}
