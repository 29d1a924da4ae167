/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/flags.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "agent/config/option.h"
#include "agent/config/suggest.h"

struct line { /* the command line, and how far it is read */
	const struct flags *flags;
	char **args;
	int count, at;
	char *err;
	size_t n;
};

struct found {
	const struct flags_target *target;
	const struct option_row *row;
	bool negated;
};

static bool is_named(const struct option_row *row, const char *name, size_t length)
{
	char flag[OPTION_NAME_MAX];

	option_flag(row, flag);
	return strlen(flag) == length && memcmp(flag, name, length) == 0;
}

/* By its letter, or when that is 0 by its long name. */
static bool find(const struct flags *f, char letter, const char *name, size_t length,
		 struct found *ret)
{
	for (size_t t = 0; t < f->count; t++)
		for (size_t i = 0; i < f->targets[t].table->count; i++) {
			const struct option_row *row = &f->targets[t].table->rows[i];

			if (!(row->where & OPTION_AS_FLAG) ||
			    (letter ? row->letter != letter : !is_named(row, name, length)))
				continue;
			*ret = (struct found){ .target = &f->targets[t], .row = row };
			return true;
		}
	return false;
}

static bool find_long(const struct flags *f, const char *name, size_t length, struct found *ret)
{
	struct found positive;

	if (find(f, 0, name, length, ret))
		return true;
	if (length < 4 || memcmp(name, "no-", 3) != 0 ||
	    !find(f, 0, name + 3, length - 3, &positive) || positive.row->type != OPTION_BOOL)
		return false;
	*ret = positive;
	ret->negated = true;
	return true;
}

/* word is all that was written, name what of it names the flag. */
static int refuse_unknown(const struct line *l, const char *word, const char *name, size_t length)
{
	const char *command = l->flags->command;
	char wrong[OPTION_NAME_MAX], flag[OPTION_NAME_MAX], quoted[OPTION_QUOTE_MAX];
	char otherwise[96], hint[192];
	struct suggestion s;

	snprintf(wrong, sizeof(wrong), "%.*s", (int)length, name);
	s = suggest_for(wrong);
	for (size_t t = 0; t < l->flags->count; t++)
		for (size_t i = 0; i < l->flags->targets[t].table->count; i++) {
			const struct option_row *row = &l->flags->targets[t].table->rows[i];

			if (row->where & OPTION_AS_FLAG)
				suggest_offer(&s, option_flag(row, flag));
		}
	snprintf(otherwise, sizeof(otherwise), "'fairlead%s%.40s --help' lists all there are",
		 command ? " " : "", command ? command : "");
	suggest_write(&s, "--", otherwise, hint, sizeof(hint));
	snprintf(wrong, sizeof(wrong), "%.*s", (int)(name + length - word), word);
	snprintf(l->err, l->n, "unknown option '%s'%s%s%s%s", option_quote(wrong, quoted),
		 command ? " for '" : "", command ? command : "", command ? "'" : "", hint);
	return -EINVAL;
}

static int refuse(const struct line *l, const struct found *f, const char *what, const char *why)
{
	char flag[OPTION_NAME_MAX];

	snprintf(l->err, l->n, "option '--%s%s' %s%s", f->negated ? "no-" : "",
		 option_flag(f->row, flag), what, why);
	return -EINVAL;
}

static void mark(const struct found *f)
{
	if (f->target->origins)
		f->target->origins[f->row - f->target->table->rows] =
			(struct option_origin){ .from = ORIGIN_FLAG };
}

static int set(const struct line *l, const struct found *f, const char *text)
{
	char why[OPTION_TEXT_MAX], what[OPTION_QUOTE_MAX + 32], quoted[OPTION_QUOTE_MAX];

	if (option_set(f->row, f->target->into, text, why, sizeof(why))) {
		snprintf(what, sizeof(what), "cannot be '%s': ", option_quote(text, quoted));
		return refuse(l, f, what, why);
	}
	mark(f);
	return 0;
}

static bool stands_alone(const struct option_row *row)
{
	return row->type == OPTION_BOOL || row->type == OPTION_COUNT;
}

static int set_alone(const struct line *l, const struct found *f)
{
	if (f->row->type == OPTION_BOOL)
		return set(l, f, f->negated ? "false" : "true");
	if (f->target->into)
		option_raise(f->row, f->target->into);
	mark(f);
	return 0;
}

static int set_from_next_word(struct line *l, const struct found *f)
{
	if (l->at == l->count)
		return refuse(l, f, "needs a value: write it behind the option", "");
	return set(l, f, l->args[l->at++]);
}

static int read_long(struct line *l, const char *word)
{
	const char *name = word + 2;
	size_t length = strcspn(name, "=");
	struct found f;

	if (!find_long(l->flags, name, length, &f))
		return refuse_unknown(l, word, name, length);
	if (f.negated && name[length])
		return refuse(l, &f, "takes no value: leave it out", "");
	if (name[length])
		return set(l, &f, name + length + 1);
	return stands_alone(f.row) ? set_alone(l, &f) : set_from_next_word(l, &f);
}

static int read_letters(struct line *l, const char *word)
{
	for (const char *letter = word + 1; *letter; letter++) {
		struct found f;
		int r;

		if (!find(l->flags, *letter, NULL, 0, &f)) /* -config may be --config */
			return letter == word + 1
				       ? refuse_unknown(l, word, letter, strlen(letter))
				       : refuse_unknown(l, word, word + 1, letter - word);
		if (!stands_alone(f.row))
			return letter[1] ? set(l, &f, letter + 1) : set_from_next_word(l, &f);
		r = set_alone(l, &f);
		if (r)
			return r;
	}
	return 0;
}

/* 1 with *word being no flag, 0 at the end, or a negative errno. */
static int next_word(struct line *l, bool *ended, char **word)
{
	while (l->at < l->count) {
		int r;

		*word = l->args[l->at++];
		if (*ended || (*word)[0] != '-' || !(*word)[1]) {
			*ended |= l->flags->to_first_word;
			return 1;
		}
		if (strcmp(*word, "--") == 0) {
			*ended = true;
			if (l->flags->dashed)
				*l->flags->dashed = true;
			continue;
		}
		r = (*word)[1] == '-' ? read_long(l, *word) : read_letters(l, *word);
		if (r)
			return r;
	}
	return 0;
}

static int set_defaults(const struct flags *f, char *err, size_t n)
{
	for (size_t t = 0; t < f->count; t++) {
		const struct flags_target *target = &f->targets[t];
		int r = target->into ? option_defaults(target->table, target->into) : 0;

		if (!r && target->into)
			r = option_environment(target->table, target->into, target->origins, err,
					       n);
		if (r)
			return r;
	}
	return 0;
}

int flags_parse(const struct flags *f, int *count, char **args, char *err, size_t n)
{
	struct line l = { .flags = f, .args = args, .count = *count, .err = err, .n = n };
	bool ended = false;
	char *word;
	int words = 0, r = set_defaults(f, err, n);

	if (r)
		return r;
	while ((r = next_word(&l, &ended, &word)) > 0)
		args[words++] = word; /* never overtakes what is still to be read */
	if (r)
		return r;
	if (words < *count)
		args[words] = NULL;
	*count = words;
	return 0;
}

int flags_first_word(const struct flags *f, int count, char **args, char *err, size_t n)
{
	struct line l = { .flags = f, .args = args, .count = count, .err = err, .n = n };
	bool ended = false;
	char *word;
	int r = next_word(&l, &ended, &word);

	return r > 0 ? l.at - 1 : r < 0 ? r : count;
}
