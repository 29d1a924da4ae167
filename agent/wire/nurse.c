/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/wire/nurse.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define ENDS(text) (memchr(text, 0, sizeof(text)) != NULL)

static bool is_path(const char *path, size_t size)
{
	return memchr(path, 0, size) && path[0] == '/';
}

int nurse_check_terms(const struct nurse_terms *t)
{
	if (t->magic != NURSE_MAGIC || t->version != NURSE_VERSION)
		return -EPROTO;
	if (t->start >= _NURSE_START_MAX || t->net > 1 || t->profile > 1 ||
	    t->volume_count > NURSE_VOLUMES || !ENDS(t->root) || !ENDS(t->imports) ||
	    (t->root[0] && t->root[0] != '/') || group_check_limits(&t->limits))
		return -EPROTO;
	for (uint32_t i = 0; i < t->volume_count; i++)
		if (!is_path(t->volumes[i].source, NURSE_PATH) ||
		    !is_path(t->volumes[i].path, NURSE_PATH))
			return -EPROTO;
	return 0;
}

int nurse_check_request(const void *bytes, long size, struct nurse_request *ret)
{
	struct nurse_request r;

	if (size != sizeof(r))
		return -EPROTO;
	memcpy(&r, bytes, sizeof(r));
	if (r.magic != NURSE_MAGIC || r.version != NURSE_VERSION || !r.kind ||
	    r.kind >= _NURSE_ASK_MAX || r.signal > 64)
		return -EPROTO;
	*ret = r;
	return 0;
}

int nurse_check_reply(const void *bytes, long size, struct nurse_reply *ret)
{
	struct nurse_reply r;

	if (size != sizeof(r))
		return -EPROTO;
	memcpy(&r, bytes, sizeof(r));
	if (r.magic != NURSE_MAGIC || r.version != NURSE_VERSION || !r.kind ||
	    r.kind >= _NURSE_SAY_MAX || !ENDS(r.text))
		return -EPROTO;
	*ret = r;
	return 0;
}
