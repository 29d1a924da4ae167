/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/prometheus/accept.h"

#include <string.h>
#include <strings.h>

/* A part of a header. */
struct span {
	const char *at;
	size_t length;
};

static struct span trimmed(const char *from, const char *to)
{
	while (from < to && (*from == ' ' || *from == '\t'))
		from++;
	while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
		to--;
	return (struct span){ from, (size_t)(to - from) };
}

/* Up to one of the two, or the end; not inside of quotes. */
static const char *find_end(const char *from, const char *end, char a, char b)
{
	bool quoted = false;

	for (; from < end; from++) {
		if (quoted && *from == '\\' && from + 1 < end)
			from++;
		else if (*from == '"')
			quoted = !quoted;
		else if (!quoted && (*from == a || *from == b))
			break;
	}
	return from;
}

static bool is(struct span s, const char *text)
{
	return s.length == strlen(text) && !strncasecmp(s.at, text, s.length);
}

/* Steps over ";name=value". */
static bool next_parameter(struct span *rest, struct span *name, struct span *value)
{
	const char *end = rest->at + rest->length, *from = rest->at + 1, *stop, *equals;

	if (!rest->length)
		return false;
	stop = find_end(from, end, ';', ';');
	equals = memchr(from, '=', (size_t)(stop - from));
	*name = trimmed(from, equals ? equals : stop);
	*value = equals ? trimmed(equals + 1, stop) : (struct span){ stop, 0 };
	if (value->length > 1 && value->at[0] == '"' && value->at[value->length - 1] == '"')
		*value = (struct span){ value->at + 1, value->length - 2 };
	*rest = (struct span){ stop, (size_t)(end - stop) };
	return true;
}

/* "0.125" as thousandths; 0 for what is no q at all. */
static unsigned int read_q(struct span s)
{
	unsigned int q = 0, digit = ACCEPT_Q_MAX;

	for (size_t i = 0; i < s.length; i++) {
		if (i == 1 ? s.at[i] != '.' : s.at[i] < '0' || s.at[i] > '9')
			return 0;
		if (i == 1)
			continue;
		q += (unsigned int)(s.at[i] - '0') * digit;
		digit /= 10;
	}
	return q > ACCEPT_Q_MAX ? 0 : q;
}

bool accept_next(const char **header, struct accept_range *ret)
{
	struct span name, value, rest;
	const char *end, *stop;

	while (**header == ',' || **header == ' ' || **header == '\t')
		++*header;
	if (!**header)
		return false;
	end = find_end(*header, *header + strlen(*header), ',', ',');
	stop = find_end(*header, end, ';', ';');
	name = trimmed(*header, stop);
	rest = (struct span){ stop, (size_t)(end - stop) };
	*ret = (struct accept_range){ name.at, rest.at, name.length, rest.length, ACCEPT_Q_MAX };
	while (next_parameter(&rest, &name, &value))
		if (is(name, "q"))
			ret->q = read_q(value);
	*header = end;
	return true;
}

enum { NO_MATCH, ANYTHING, ANY_OF_TYPE, THE_TYPE /* and one more for each parameter */ };

static int match_type(const struct accept_range *range, const char *type)
{
	struct span name = { range->name, range->name_length };
	size_t major = strcspn(type, "/") + 1;

	if (is(name, type))
		return THE_TYPE;
	if (is(name, "*/*") || is(name, "*"))
		return ANYTHING;
	return name.length == major + 1 && name.at[major] == '*' &&
			       !strncasecmp(name.at, type, major)
		       ? ANY_OF_TYPE
		       : NO_MATCH;
}

/* How closely the range speaks of this offer; NO_MATCH when it does not. */
static int match(const struct accept_range *range, const struct accept_offer *offer)
{
	struct span rest = { range->parameters, range->parameters_length }, name, value;
	int found = match_type(range, offer->type);

	while (found && next_parameter(&rest, &name, &value))
		for (int i = 0; i < ACCEPT_PARAMETERS && offer->parameters[i].name; i++) {
			if (!is(name, offer->parameters[i].name))
				continue;
			if (!is(value, offer->parameters[i].value))
				return NO_MATCH;
			found++;
		}
	return found;
}

/* What the header says of one offer: by the range that speaks of it most closely. */
struct wish {
	unsigned int q;
	int closeness;
	size_t place;
};

static struct wish wish_for(const char *header, const struct accept_offer *offer)
{
	struct wish wish = { 0 };
	struct accept_range range;

	for (size_t place = 0; accept_next(&header, &range); place++) {
		int closeness = match(&range, offer);

		if (closeness > wish.closeness)
			wish = (struct wish){ range.q, closeness, place };
	}
	return wish;
}

static bool is_wanted_more(const struct wish *a, const struct wish *b)
{
	if (a->q != b->q)
		return a->q > b->q;
	if (a->closeness != b->closeness)
		return a->closeness > b->closeness;
	return a->place < b->place;
}

int accept_choose(const char *header, const struct accept_offer *offers, size_t count)
{
	struct wish best = { 0 };
	int chosen = -1;

	for (size_t i = 0; header && i < count; i++) {
		struct wish wish = wish_for(header, &offers[i]);

		if (wish.q && is_wanted_more(&wish, &best)) {
			best = wish;
			chosen = (int)i;
		}
	}
	return chosen;
}

bool accept_gzip(const char *header)
{
	static const struct accept_offer gzip = { .type = "gzip" },
					 identity = { .type = "identity" };
	struct wish packed, plain;

	if (!header)
		return false;
	packed = wish_for(header, &gzip);
	plain = wish_for(header, &identity);
	return packed.q && (plain.closeness < THE_TYPE || packed.q >= plain.q);
}
