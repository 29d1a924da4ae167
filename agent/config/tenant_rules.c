/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/tenant_rules.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config/option.h"
#include "agent/config/quantity.h"

/* 2^32 - 1 is no user: the kernel's "none". */
#define UID_LAST (UINT32_MAX - 1)

static const struct tenant_limits compiled_in = { .jobs = 1000, .queue = 1000 };

/* A text and how far it was read; words end at blanks, entries at `;`. */
struct reader {
	struct tenant_rules *into;
	struct tenant_rule *rule; /* the entry's own; its name is known first */
	bool is_default, was_default, has_uids;
	unsigned int seen; /* a bit a word of the table below */
	char *err;
	size_t n;
};

static int __attribute__((format(printf, 2, 3))) refuse(const struct reader *r, const char *format,
							...)
{
	int used = snprintf(r->err, r->n, "entry '%s': ", r->rule->name);
	va_list args;

	va_start(args, format);
	if (used >= 0 && (size_t)used < r->n)
		vsnprintf(r->err + used, r->n - (size_t)used, format, args);
	va_end(args);
	return -EINVAL;
}

/* --- one word: key=value --- */

static int read_number(struct reader *r, const char *key, const char *value, uint64_t *ret)
{
	int64_t min = strcmp(key, "queue") == 0 ? 0 : 1, number;
	int64_t max = strcmp(key, "burst") == 0 ? 1000000 : 100000;
	char quoted[OPTION_QUOTE_MAX];

	if (quantity_read_int(value, &number) || number < min || number > max)
		return refuse(r, "%s=%s must be a whole number from %" PRId64 " to %" PRId64, key,
			      option_quote(value, quoted), min, max);
	*ret = (uint64_t)number;
	return 0;
}

static int read_rate(struct reader *r, const char *value)
{
	char quoted[OPTION_QUOTE_MAX];
	int64_t thousandths = 0;

	if (strcmp(value, "off") != 0 && (quantity_read_parts(value, &thousandths) ||
					  thousandths < 1 || thousandths > 1000000000))
		return refuse(r, "rate=%s must be jobs a second from 0.001 to 1000000, or off",
			      option_quote(value, quoted));
	r->rule->limits.rate = (uint64_t)thousandths;
	return 0;
}

static bool read_uid(const char **text, uint32_t *ret)
{
	char *end;
	unsigned long long uid;

	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	uid = strtoull(*text, &end, 10);
	if (errno || uid > UID_LAST)
		return false;
	*text = end;
	*ret = (uint32_t)uid;
	return true;
}

/* One of them at *text, "1000" or "1000-1010"; *text is then behind it. */
static int read_range(struct reader *r, const char **text, const char *all)
{
	struct tenant_uids range = { .rule = (uint32_t)(r->rule - r->into->rules) };
	char quoted[OPTION_QUOTE_MAX];
	bool good = read_uid(text, &range.first);

	range.last = range.first;
	if (good && **text == '-') {
		++*text;
		good = read_uid(text, &range.last);
	}
	if (!good || (**text && **text != ','))
		return refuse(r, "uids=%s must be numbers of users, such as 1000,1010-1019",
			      option_quote(all, quoted));
	if (range.last < range.first)
		return refuse(r, "uids %" PRIu32 "-%" PRIu32 " end before they begin: turn them",
			      range.first, range.last);
	if (r->into->uid_count == TENANT_UIDS_MAX)
		return refuse(r, "is past the %d ranges of users that all entries may have",
			      TENANT_UIDS_MAX);
	r->into->uids[r->into->uid_count++] = range;
	return 0;
}

static int read_uids(struct reader *r, const char *value)
{
	const char *at = value;
	int error;

	if (r->is_default)
		return refuse(r, "is for users that no entry names: remove its uids, or give it "
				 "another name");
	r->has_uids = true;
	while (!(error = read_range(r, &at, value)) && *at == ',')
		at++;
	return error;
}

static int read_word(struct reader *r, char *word)
{
	static const char *const keys[] = { "uids", "jobs", "rate", "burst", "queue" };
	struct tenant_limits *l = &r->rule->limits;
	char *equals = strchr(word, '='), quoted[OPTION_QUOTE_MAX];
	unsigned int key = 0;

	if (equals)
		*equals = '\0';
	while (key < 5 && strcmp(word, keys[key]) != 0)
		key++;
	if (!equals || key == 5)
		return refuse(r, "'%s' is none of uids=, jobs=, rate=, burst=, queue=",
			      option_quote(word, quoted));
	if (r->seen & 1u << key)
		return refuse(r, "%s= is given twice: keep one", word);
	r->seen |= 1u << key;
	switch (key) {
	case 0:
		return read_uids(r, equals + 1);
	case 1:
		return read_number(r, word, equals + 1, &l->jobs);
	case 2:
		return read_rate(r, equals + 1);
	case 3:
		return read_number(r, word, equals + 1, &l->burst);
	default:
		return read_number(r, word, equals + 1, &l->queue);
	}
}

/* --- one entry --- */

static bool is_name(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.");

	/* uid-N is what a user's own tenant is called. */
	return length && length < TENANT_NAME_MAX && !text[length] &&
	       islower((unsigned char)*text) && strncmp(text, "uid-", 4) != 0;
}

static int read_name(struct reader *r, const char *name)
{
	struct tenant_rules *all = r->into;
	char quoted[OPTION_QUOTE_MAX];

	snprintf(r->rule->name, sizeof(r->rule->name), "%s", is_name(name) ? name : "?");
	if (!is_name(name)) {
		snprintf(r->err, r->n,
			 "entry '%s': must begin with a name of up to %d of a-z, 0-9, - _ and ., "
			 "a letter first and not uid-",
			 option_quote(name, quoted), TENANT_NAME_MAX - 1);
		return -EINVAL;
	}
	r->is_default = strcmp(name, "default") == 0;
	if (r->is_default && r->was_default)
		return refuse(r, "is given twice: keep one");
	r->was_default |= r->is_default;
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->rules[i].name, name) == 0)
			return refuse(r, "is given twice: keep one");
	return 0;
}

static int finish_entry(struct reader *r)
{
	struct tenant_limits *l = &r->rule->limits;

	if (!r->is_default && !r->has_uids)
		return refuse(r, "has no uids: name its users, such as uids=1000,1010-1019");
	if (!l->burst)
		l->burst = l->rate / 1000 ? l->rate / 1000 : 1;
	if (r->is_default)
		r->into->others = *l;
	else
		r->into->count++;
	return 0;
}

static int read_entry(struct reader *r, char *entry)
{
	char *rest = NULL, *word = strtok_r(entry, " \t", &rest);
	struct tenant_rule spare = {
		.name = ""
	}; /* for one more than there may be, which `default` is not */
	int error;

	if (!word)
		return 0; /* `;` may stand at the end too */
	r->rule = r->into->count < TENANT_RULES_MAX ? &r->into->rules[r->into->count] : &spare;
	*r->rule = (struct tenant_rule){ .limits = compiled_in };
	r->seen = 0;
	r->has_uids = false;
	error = read_name(r, word);
	if (!error && !r->is_default && r->rule == &spare)
		error = refuse(r, "is past the %d entries that there may be", TENANT_RULES_MAX);
	while (!error && (word = strtok_r(NULL, " \t", &rest)))
		error = read_word(r, word);
	return error ? error : finish_entry(r);
}

/* --- all of them --- */

static int compare_uids(const void *a, const void *b)
{
	const struct tenant_uids *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static int refuse_overlap(struct reader *r)
{
	struct tenant_rules *all = r->into;

	qsort(all->uids, all->uid_count, sizeof(*all->uids), compare_uids);
	for (size_t i = 1; i < all->uid_count; i++) {
		if (all->uids[i].first > all->uids[i - 1].last)
			continue;
		r->rule = &all->rules[all->uids[i].rule];
		return refuse(r, "user %" PRIu32 " is in entry '%s' too: keep it in one",
			      all->uids[i].first, all->rules[all->uids[i - 1].rule].name);
	}
	return 0;
}

int tenant_rules_read(const char *text, struct tenant_rules *ret, char *err, size_t n)
{
	struct tenant_rules all = { .others = compiled_in };
	struct reader r = { .into = &all, .err = err, .n = n };
	char copy[TENANT_RULES_TEXT], *rest = copy, *entry;
	int error = 0;

	if (strlen(text) >= sizeof(copy)) {
		snprintf(err, n, "must be at most %zu bytes long", sizeof(copy) - 1);
		return -EINVAL;
	}
	strcpy(copy, text);
	all.others.burst = 1;
	while (!error && (entry = strsep(&rest, ";")))
		error = read_entry(&r, entry);
	if (!error)
		error = refuse_overlap(&r);
	if (!error)
		*ret = all;
	return error;
}

static int find_uid(const void *key, const void *element)
{
	uint32_t uid = *(const uint32_t *)key;
	const struct tenant_uids *range = element;

	return uid < range->first ? -1 : uid > range->last;
}

const struct tenant_rule *tenant_rules_find(const struct tenant_rules *r, uint32_t uid)
{
	const struct tenant_uids *range =
		r->uid_count ? bsearch(&uid, r->uids, r->uid_count, sizeof(*r->uids), find_uid)
			     : NULL;

	return range ? &r->rules[range->rule] : NULL;
}
