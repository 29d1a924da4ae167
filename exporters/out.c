/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/out.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"

#define FIRST_ROOM 4096
#define EXACT      9007199254740992.0 /* 2^53: up to here a double tells whole numbers apart */

void out_free(struct out *o)
{
	free(o->data);
	*o = (struct out){ 0 };
}

char *out_room(struct out *o, size_t size)
{
	size_t room = o->room ? o->room : FIRST_ROOM;
	char *data;

	if (o->failed)
		return NULL;
	while (room - o->size < size)
		room *= 2;
	if (room != o->room) {
		data = realloc(o->data, room);
		o->failed = !data;
		if (!data)
			return NULL;
		o->data = data;
		o->room = room;
	}
	return o->data + o->size;
}

void out_trim(struct out *o)
{
	char *data = o->size ? realloc(o->data, o->size) : NULL;

	if (!data)
		return; /* then it is as large as it was */
	o->data = data;
	o->room = o->size;
}

void out_again(struct out *o, size_t from, size_t size)
{
	char *at = out_room(o, size);

	if (!at)
		return;
	memcpy(at, o->data + from, size);
	o->size += size;
}

/* The digits of n end at `end`; returns where they begin. */
static char *digits_before(char *end, uint64_t n)
{
	do {
		*--end = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	return end;
}

size_t out_digits(char ret[OUT_DIGITS], uint64_t n)
{
	char digits[OUT_DIGITS];
	const char *begin = digits_before(digits + OUT_DIGITS, n);
	size_t size = (size_t)(digits + OUT_DIGITS - begin);

	memcpy(ret, begin, size);
	return size;
}

void out_count(struct out *o, uint64_t n)
{
	char *at = out_room(o, OUT_DIGITS);

	if (at)
		o->size += out_digits(at, n);
}

static void out_nanoseconds(struct out *o, uint64_t ns)
{
	uint64_t rest = ns % NS_PER_SEC;
	char decimals[] = ".000000000";
	size_t length = sizeof(decimals) - 1;

	out_count(o, ns / NS_PER_SEC);
	for (size_t i = length - 1; rest; i--, rest /= 10)
		decimals[i] = (char)('0' + rest % 10);
	while (length > 1 && decimals[length - 1] == '0')
		length--;
	if (length > 1)
		out_bytes(o, decimals, length);
}

void out_number(struct out *o, double n)
{
	double ns = n * (double)NS_PER_SEC;
	char text[32];

	if (n >= 0 && n < EXACT && n == (double)(uint64_t)n) {
		out_count(o, (uint64_t)n);
	} else if (n >= 0 && ns < EXACT && (double)(uint64_t)(ns + 0.5) / (double)NS_PER_SEC == n) {
		out_nanoseconds(o, (uint64_t)(ns + 0.5));
	} else {
		snprintf(text, sizeof(text), "%.17g", n);
		out_text(o, text);
	}
}
