/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: a snapshot and findings as the stable, versioned objects that the CLI and the HTTP
 * API give out, and back again for a CLI that asks the agent.
 */
#pragma once
#include <stddef.h>
#include <sys/types.h>

struct findings;
struct history_snapshot;
struct json_history;
struct snapshot;

/* NUL-terminated text, the caller's to free; NULL when out of memory. */
char *json_snapshot(const struct snapshot *s);
char *json_findings(const struct findings *f, const char *kernel);

/*
 * -EBADMSG: not an object of this schema.  What the schema allows to be absent stays 0; all text
 * is made printable, as it goes to a terminal.
 */
int json_read_snapshot(const char *text, size_t length, struct snapshot **ret);
int json_read_findings(const char *text, size_t length, struct findings *ret, char kernel[65]);

/*
 * The object with only these keys and those that say what it is (schema, time, version …); with
 * keys NULL all of it.  Printable ASCII only, whoever wrote it.  NULL: no JSON object, or out of memory.
 */
char *json_keep(const char *text, size_t length, const char *const *keys, size_t count);

/*
 * A history as text, read a part at a time.  Takes `of` over, but not when it fails (-ENOMEM).
 * The number of bytes, 0 at the end, -ENOMEM.
 */
int json_history_new(struct json_history **ret, struct history_snapshot *of);
struct json_history *json_history_free(struct json_history *j);
ssize_t json_history_read(struct json_history *j, char *buffer, size_t size);
