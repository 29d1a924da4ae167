/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/option.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config/quantity.h"
#include "agent/config/text.h"

/* What YAML 1.1 calls a boolean, and with it 1.2: each of these as word, Word or WORD. */
static const struct {
	const char *word;
	bool value;
} truths[] = {
	{ "true", true }, { "false", false }, { "yes", true }, { "no", false },
	{ "on", true },   { "off", false },   { "y", true },   { "n", false },
};

static void *field(const struct option_row *row, void *target)
{
	return (char *)target + row->offset;
}

static const void *const_field(const struct option_row *row, const void *target)
{
	return (const char *)target + row->offset;
}

static void format_number(enum option_type type, int64_t value, char *ret, size_t n)
{
	if (type == OPTION_DURATION)
		quantity_format_duration(value, ret, n);
	else if (type == OPTION_SIZE)
		quantity_format_size(value, ret, n);
	else if (type == OPTION_PARTS)
		quantity_format_parts(value, ret, n);
	else
		snprintf(ret, n, "%" PRId64, value);
}

static int say_bounds(const struct option_row *row, char *err, size_t n)
{
	char min[32], max[32];

	format_number(row->type, row->min, min, sizeof(min));
	format_number(row->type, row->max, max, sizeof(max));
	if (row->max)
		snprintf(err, n, "must be between %s and %s", min, max);
	else if (row->min)
		snprintf(err, n, "must be at least %s and below 2^63", min);
	else
		snprintf(err, n, "is too large: use a smaller number");
	return -EINVAL;
}

static int say_form(const struct option_row *row, int r, char *err, size_t n)
{
	static const char *const forms[_OPTION_TYPE_MAX] = {
		[OPTION_COUNT] = "a whole number",
		[OPTION_INT] = "a whole number",
		[OPTION_PARTS] = "a number such as 2, 0.5 or 1.25",
		[OPTION_DURATION] = "a whole number with one unit, such as 250ms, 1s, 5m or 1h",
		[OPTION_SIZE] = "a number of bytes, such as 512, 64K, 16M or 2G",
	};

	if (r == -ERANGE)
		return say_bounds(row, err, n);
	if (r == -ENOTUNIQ)
		snprintf(err, n, "needs a unit: ns, us, ms, s, m or h");
	else
		snprintf(err, n, "must be %s", forms[row->type]);
	return -EINVAL;
}

static int set_number(const struct option_row *row, void *target, const char *text, char *err,
		      size_t n)
{
	int64_t value;
	int r;

	if (row->type == OPTION_DURATION)
		r = quantity_read_duration(text, (uint64_t *)&value);
	else if (row->type == OPTION_SIZE)
		r = quantity_read_size(text, (uint64_t *)&value);
	else if (row->type == OPTION_PARTS)
		r = quantity_read_parts(text, &value);
	else
		r = quantity_read_int(text, &value);
	if (r)
		return say_form(row, r, err, n);
	if (value < row->min || (row->max && value > row->max))
		return say_bounds(row, err, n);
	if (target)
		memcpy(field(row, target), &value, sizeof(value));
	return 0;
}

static bool is_in_a_case(const char *text, const char *word)
{
	size_t upper = 0, lower = 0;

	if (strcasecmp(text, word))
		return false;
	for (size_t i = 1; text[i]; i++) {
		upper += isupper((unsigned char)text[i]) != 0;
		lower += islower((unsigned char)text[i]) != 0;
	}
	return !upper || (!lower && isupper((unsigned char)text[0]));
}

static int set_bool(const struct option_row *row, void *target, const char *text, char *err,
		    size_t n)
{
	for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++)
		if (is_in_a_case(text, truths[i].word)) {
			if (target)
				*(bool *)field(row, target) = truths[i].value;
			return 0;
		}
	snprintf(err, n, "must be true or false");
	return -EINVAL;
}

static int set_enum(const struct option_row *row, void *target, const char *text, char *err,
		    size_t n)
{
	size_t used;

	for (int i = 0; row->values[i]; i++)
		if (strcmp(text, row->values[i]) == 0) {
			if (target)
				*(int *)field(row, target) = i;
			return 0;
		}
	used = snprintf(err, n, "must be %s", row->values[0]);
	for (int i = 1; row->values[i] && used < n; i++)
		used += snprintf(err + used, n - used, "%s%s", row->values[i + 1] ? ", " : " or ",
				 row->values[i]);
	return -EINVAL;
}

/* What log, JSON and a printed configuration can carry: one line that every reader takes. */
static bool is_one_line(const char *text, size_t length)
{
	struct text_fault unused;

	for (const char *p = text; *p; p++)
		if (iscntrl((unsigned char)*p))
			return false;
	return text_check(text, length, &unused) == 0;
}

static int set_string(const struct option_row *row, void *target, const char *text, char *err,
		      size_t n)
{
	size_t length = strlen(text);

	if (length >= row->size)
		snprintf(err, n, "must be at most %zu bytes long, not %zu", row->size - 1, length);
	else if ((int64_t)length < row->min)
		snprintf(err, n, "must not be empty");
	else if (!is_one_line(text, length))
		snprintf(err, n, "must be one line of UTF-8 without control characters");
	else {
		if (target)
			memcpy(field(row, target), text, length + 1);
		return 0;
	}
	return -EINVAL;
}

static int add_to_list(const struct option_row *row, void *target, const char *text, char *err,
		       size_t n)
{
	struct option_list *list = target ? field(row, target) : NULL;
	const char **more;

	if (!list)
		return 0;
	more = reallocarray(list->items, list->count + 1, sizeof(*more));
	if (!more) {
		snprintf(err, n, "there is no memory for it: free some");
		return -ENOMEM;
	}
	list->items = more;
	list->items[list->count++] = text;
	return 0;
}

int option_set(const struct option_row *row, void *target, const char *text, char *err, size_t n)
{
	switch (row->type) {
	case OPTION_BOOL:
		return set_bool(row, target, text, err, n);
	case OPTION_ENUM:
		return set_enum(row, target, text, err, n);
	case OPTION_STRING:
		return set_string(row, target, text, err, n);
	case OPTION_LIST:
		return add_to_list(row, target, text, err, n);
	default:
		return set_number(row, target, text, err, n);
	}
}

void option_raise(const struct option_row *row, void *target)
{
	int64_t *count = field(row, target);

	if (!row->max || *count < row->max)
		++*count;
}

void option_free(const struct option_table *table, void *target)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].type == OPTION_LIST) {
			struct option_list *list = field(&table->rows[i], target);

			free((void *)list->items);
			*list = (struct option_list){ 0 };
		}
}

int option_defaults(const struct option_table *table, void *target)
{
	char err[OPTION_TEXT_MAX];
	int r = 0;

	for (size_t i = 0; i < table->count && !r; i++)
		if (table->rows[i].type != OPTION_LIST)
			r = option_set(&table->rows[i], target, table->rows[i].fallback, err,
				       sizeof(err));
	return r;
}

int option_environment(const struct option_table *table, void *target,
		       struct option_origin *origins, char *err, size_t n)
{
	char why[OPTION_TEXT_MAX], quoted[OPTION_QUOTE_MAX];

	for (size_t i = 0; i < table->count; i++) {
		const char *name = table->rows[i].environment;
		const char *text = name ? getenv(name) : NULL;

		if (!text || !*text)
			continue;
		if (option_set(&table->rows[i], target, text, why, sizeof(why))) {
			snprintf(err, n, "%s cannot be '%s': %s", name, option_quote(text, quoted),
				 why);
			return -EINVAL;
		}
		if (origins)
			origins[i] = (struct option_origin){ .from = ORIGIN_ENVIRONMENT };
	}
	return 0;
}

void option_format(const struct option_row *row, const void *target, char *ret, size_t n)
{
	const void *from = const_field(row, target);

	switch (row->type) {
	case OPTION_BOOL:
		snprintf(ret, n, "%s", *(const bool *)from ? "true" : "false");
		break;
	case OPTION_ENUM:
		snprintf(ret, n, "%s", row->values[*(const int *)from]);
		break;
	case OPTION_STRING:
		snprintf(ret, n, "%s", (const char *)from);
		break;
	case OPTION_LIST: /* of no file, so nobody reads it back */
		snprintf(ret, n, "%zu given", ((const struct option_list *)from)->count);
		break;
	default:
		format_number(row->type, *(const int64_t *)from, ret, n);
	}
}

bool option_equal(const struct option_row *row, const void *a, const void *b)
{
	if (row->type == OPTION_STRING)
		return strcmp(const_field(row, a), const_field(row, b)) == 0;
	return memcmp(const_field(row, a), const_field(row, b), row->size) == 0;
}

const struct option_row *option_find(const struct option_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->rows[i].name, name) == 0)
			return &table->rows[i];
	return NULL;
}

const char *option_flag(const struct option_row *row, char ret[static OPTION_NAME_MAX])
{
	snprintf(ret, OPTION_NAME_MAX, "%s", row->name);
	for (char *p = ret; *p; p++)
		if (*p == '.' || *p == '_')
			*p = '-';
	return ret;
}

const char *option_quote(const char *text, char ret[static OPTION_QUOTE_MAX])
{
	enum { SHOWN = 36 }; /* bytes of the text: 36 * 4 + "…" + NUL fit */
	size_t used = 0;
	int i;

	for (i = 0; i < SHOWN && text[i]; i++)
		used += snprintf(ret + used, OPTION_QUOTE_MAX - used,
				 isprint((unsigned char)text[i]) ? "%c" : "\\x%02x",
				 (unsigned char)text[i]);
	snprintf(ret + used, OPTION_QUOTE_MAX - used, "%s", text[i] ? "..." : "");
	return ret;
}
