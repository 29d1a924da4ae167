/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <yaml.h>

#include "agent/base/cleanup.h"
#include "agent/config/config.h"
#include "agent/config/suggest.h"
#include "agent/config/text.h"

enum { DEPTH_MAX = 8 };

struct reader {
	yaml_parser_t *parser;
	const struct option_table *table;
	void *target;
	struct option_origin *origins;
	struct config_error *e;
	/*
	 * The line at which a key was seen, by its depth and its row.  A key that opens a group
	 * stands at the first row inside, so that one table finds both kinds given twice.
	 */
	unsigned int (*seen)[DEPTH_MAX];
};

struct key {
	char name[OPTION_NAME_MAX]; /* with those of its parents, dotted */
	size_t depth, row;
	bool group;
	yaml_mark_t mark;
};

static int __attribute__((format(printf, 3, 4)))
refuse(const struct reader *r, const yaml_mark_t *at, const char *format, ...)
{
	va_list args;

	r->e->line = at->line + 1;
	r->e->column = at->column + 1;
	va_start(args, format);
	vsnprintf(r->e->text, sizeof(r->e->text), format, args);
	va_end(args);
	return -EINVAL;
}

static int refuse_syntax(const struct reader *r)
{
	const yaml_parser_t *p = r->parser;
	const char *problem = p->problem ? p->problem : "unknown fault";
	const char *mend = "check the indentation and the quotes";
	const yaml_mark_t *at = &p->problem_mark;

	if (p->error == YAML_MEMORY_ERROR) {
		refuse(r, &p->mark, "out of memory: give the agent more");
		return -ENOMEM;
	}
	if (p->error == YAML_READER_ERROR)
		at = &p->mark; /* the only one that it then fills */
	if (strstr(problem, "cannot start any token"))
		mend = "indent with blanks, not tabs, and quote what begins with @, ` or %";
	if (strstr(problem, "end of stream") && p->context) {
		at = &p->context_mark; /* the quote that was opened, not the end of the file */
		problem = "a quote is never closed";
		mend = "close it";
	}
	return refuse(r, at, "is not YAML, %s: %s", problem, mend);
}

static int next(struct reader *r, yaml_event_t *ret)
{
	return yaml_parser_parse(r->parser, ret) ? 0 : refuse_syntax(r);
}

static int refuse_extras(const struct reader *r, const yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (event->type == YAML_ALIAS_EVENT)
		return refuse(r, &event->start_mark,
			      "aliases (*name) are not read: write the value out");
	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	}
	if (anchor)
		return refuse(r, &event->start_mark,
			      "anchors (&name) are not read: remove it and write the value out "
			      "where it is used");
	if (tag)
		return refuse(r, &event->start_mark, "tags (!name) are not read: remove it");
	return 0;
}

static bool is_null(const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;

	return event->type == YAML_SCALAR_EVENT &&
	       event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

static int refuse_unknown(const struct reader *r, const yaml_mark_t *at, const char *name)
{
	struct suggestion s = suggest_for(name);
	char quoted[OPTION_QUOTE_MAX], hint[128];

	for (size_t i = 0; i < r->table->count; i++)
		if (r->table->rows[i].where & OPTION_IN_FILE)
			suggest_offer(&s, r->table->rows[i].name);
	suggest_write(&s, "", "'man fairlead.yaml' lists all there are", hint, sizeof(hint));
	return refuse(r, at, "unknown option '%s'%s", option_quote(name, quoted), hint);
}

/* The row of that name, or the first row of that group. */
static int find(const struct reader *r, struct key *key)
{
	size_t length = strlen(key->name);
	char flag[OPTION_NAME_MAX];

	for (key->row = 0; key->row < r->table->count; key->row++) {
		const struct option_row *row = &r->table->rows[key->row];
		char after = strncmp(row->name, key->name, length) == 0 ? row->name[length] : '?';

		key->group = after == '.';
		if (!(row->where & OPTION_IN_FILE) && !after)
			return refuse(r, &key->mark,
				      "'%s' is no setting of the file: give it as the flag --%s",
				      key->name, option_flag(row, flag));
		if ((row->where & OPTION_IN_FILE) && (!after || key->group))
			return 0;
	}
	return refuse_unknown(r, &key->mark, key->name);
}

static int read_key(const struct reader *r, const struct key *parent, const yaml_event_t *event,
		    struct key *ret)
{
	const char *text = (const char *)event->data.scalar.value;
	unsigned int *seen;
	int n;

	if (event->type != YAML_SCALAR_EVENT)
		return refuse(r, &event->start_mark,
			      "a list or map cannot be a key: write 'name: value'");
	ret->mark = event->start_mark;
	n = snprintf(ret->name, sizeof(ret->name), "%s%s%s", parent ? parent->name : "",
		     parent ? "." : "", text);
	if (n >= (int)sizeof(ret->name) || strlen(text) != event->data.scalar.length || !*text)
		return refuse_unknown(r, &ret->mark, text);
	ret->depth = 0;
	for (const char *p = ret->name; *p; p++)
		ret->depth += *p == '.';
	if (ret->depth >= DEPTH_MAX)
		return refuse(r, &ret->mark, "is nested deeper than any option: move it up");
	n = find(r, ret);
	if (n)
		return n;
	seen = &r->seen[ret->row][ret->depth];
	if (*seen)
		return refuse(r, &ret->mark, "'%s' is given twice, first in line %u: keep one",
			      ret->name, *seen);
	*seen = ret->mark.line + 1;
	return 0;
}

static int read_value(const struct reader *r, const struct key *key, const yaml_event_t *event)
{
	const struct option_row *row = &r->table->rows[key->row];
	const char *text = (const char *)event->data.scalar.value;
	char why[OPTION_TEXT_MAX], quoted[OPTION_QUOTE_MAX];
	bool overruled = r->origins[key->row].from == ORIGIN_FLAG; /* checked, not taken */

	if (event->type != YAML_SCALAR_EVENT)
		return refuse(
			r, &event->start_mark,
			"'%s' takes one value, not a %s: write it behind the colon, in quotes "
			"if it begins with [ or {",
			key->name, event->type == YAML_SEQUENCE_START_EVENT ? "list" : "map");
	if (is_null(event))
		return refuse(r, &event->start_mark,
			      "'%s' has no value: write one or remove the line", key->name);
	if (strlen(text) != event->data.scalar.length)
		return refuse(r, &event->start_mark, "'%s' holds a NUL: remove it", key->name);
	if (option_set(row, overruled ? NULL : r->target, text, why, sizeof(why)))
		return refuse(r, &event->start_mark, "'%s' cannot be '%s': %s", key->name,
			      option_quote(text, quoted), why);
	if (!overruled)
		r->origins[key->row] = (struct option_origin){ .from = ORIGIN_FILE,
							       .line = key->mark.line + 1,
							       .column = key->mark.column + 1 };
	return 0;
}

/* Each level is a group that the table knows, so its names bound the recursion. */
static int read_map(struct reader *r, const struct key *parent)
{
	for (;;) {
		CLEANUP(yaml_event_delete) yaml_event_t name = { 0 }, value = { 0 };
		struct key key = { 0 };
		int error = next(r, &name);

		if (error || name.type == YAML_MAPPING_END_EVENT)
			return error;
		error = refuse_extras(r, &name);
		if (!error)
			error = read_key(r, parent, &name, &key);
		if (!error)
			error = next(r, &value);
		if (!error)
			error = refuse_extras(r, &value);
		if (error)
			return error;
		if (!key.group)
			error = read_value(r, &key, &value);
		else if (value.type == YAML_MAPPING_START_EVENT)
			error = read_map(r, &key);
		else if (!is_null(&value)) /* a group may stand empty: all in it is commented out */
			error = refuse(r, &value.start_mark,
				       "'%s' is a group, not a value: indent its options below it",
				       key.name);
		if (error)
			return error;
	}
}

static int read_document(struct reader *r)
{
	CLEANUP(yaml_event_delete) yaml_event_t root = { 0 }, end = { 0 };
	int error = next(r, &root);

	if (!error)
		error = refuse_extras(r, &root);
	if (error)
		return error;
	if (root.type == YAML_MAPPING_START_EVENT)
		error = read_map(r, NULL);
	else if (!is_null(&root))
		error = refuse(r, &root.start_mark,
			       "is not a map of options: write lines of 'name: value'");
	return error ? error : next(r, &end);
}

static int read_stream(struct reader *r)
{
	CLEANUP(yaml_event_delete) yaml_event_t start = { 0 }, first = { 0 }, second = { 0 };
	int error = next(r, &start);

	if (!error)
		error = next(r, &first);
	if (error || first.type == YAML_STREAM_END_EVENT)
		return error;
	error = read_document(r);
	if (!error)
		error = next(r, &second);
	if (!error && second.type != YAML_STREAM_END_EVENT)
		error = refuse(r, &second.start_mark,
			       "a second document begins here: remove all from this line on");
	return error;
}

int yaml_fill(const char *text, size_t length, const struct option_table *table, void *target,
	      struct option_origin *origins, struct config_error *e)
{
	static const char bom[] = "\xef\xbb\xbf"; /* some editors begin a file with it */
	CLEANUP(yaml_parser_delete) yaml_parser_t parser = { 0 };
	CLEANUP(freep) void *seen = calloc(table->count, DEPTH_MAX * sizeof(unsigned int));
	struct reader r = { .parser = &parser,
			    .table = table,
			    .target = target,
			    .origins = origins,
			    .e = e,
			    .seen = seen };
	struct text_fault fault;

	if (length >= 3 && memcmp(text, bom, 3) == 0) {
		text += 3;
		length -= 3;
	}
	if (text_check(text, length, &fault))
		return refuse(&r, &(yaml_mark_t){ 0, fault.line - 1, fault.column - 1 },
			      "byte 0x%02x %s: save the file as plain UTF-8 text", fault.byte,
			      fault.what);
	if (!seen || !yaml_parser_initialize(&parser)) {
		refuse(&r, &(yaml_mark_t){ 0 }, "out of memory: give the agent more");
		return -ENOMEM;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const yaml_char_t *)text, length);
	return read_stream(&r);
}
