/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/base/cleanup.h"
#include "exporters/json/json.h"
#include "exporters/json/room.h"

static int is_kept(const char *key, const char *const *keys, size_t count)
{
	static const char *const always[] = { "schema", "time", "window_seconds",
					      "files_window_seconds", "version" };

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (!strcmp(key, always[i]))
			return 1;
	for (size_t i = 0; i < count; i++)
		if (!strcmp(key, keys[i]))
			return 1;
	return 0;
}

/* The one control character that JSON and ASCII let pass.  `text` is taken over. */
static char *escape_del(char *text)
{
	char *ret, *to;
	size_t n = 0;

	if (!text)
		return NULL;
	for (const char *c = text; *c; c++)
		n += *c == 0x7f;
	if (!n)
		return text;
	to = ret = malloc(strlen(text) + 5 * n + 1);
	for (const char *c = text; ret && *c; c++)
		if (*c == 0x7f)
			to = stpcpy(to, "\\u007F");
		else
			*to++ = *c;
	if (ret)
		*to = '\0';
	free(text);
	return ret;
}

char *json_keep(const char *text, size_t length, const char *const *keys, size_t count)
{
	CLEANUP(json_freep) json_t *root = json_loadb(text, length, 0, NULL);
	const char *key;
	json_t *value;
	void *next;

	if (!json_is_object(root))
		return NULL;
	json_object_foreach_safe(root, next, key, value)
	{
		if (keys && !is_kept(key, keys, count))
			json_object_del(root, key);
	}
	return escape_del(
		json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15)));
}
