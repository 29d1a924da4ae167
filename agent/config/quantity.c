/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/quantity.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t worth;
};

/* From the largest down, so that the first that divides a value writes it shortest. */
static const struct unit times[] = {
	{ "h", 3600000000000 }, { "m", 60000000000 }, { "s", 1000000000 }, { "ms", 1000000 },
	{ "us", 1000 },         { "ns", 1 },          { NULL, 0 },
};
static const struct unit sizes[] = {
	{ "T", 1ull << 40 }, { "G", 1ull << 30 }, { "M", 1ull << 20 },
	{ "K", 1ull << 10 }, { "", 1 },           { NULL, 0 },
};
/* As Kubernetes writes them; only read, never written. */
static const struct unit kubernetes_sizes[] = {
	{ "Ti", 1ull << 40 }, { "Gi", 1ull << 30 }, { "Mi", 1ull << 20 },
	{ "Ki", 1ull << 10 }, { NULL, 0 },
};

static const struct unit *unit_of(const struct unit *units, const char *name)
{
	while (units->name && strcmp(units->name, name) != 0)
		units++;
	return units->name ? units : NULL;
}

/* Digits only, so no sign, no blank and no 0x as strtoull() has them; *end is what follows. */
static int read_digits(const char *text, uint64_t *ret, const char **end)
{
	uint64_t value = 0;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	for (; isdigit((unsigned char)*text); text++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return -ERANGE;
	*ret = value;
	*end = text;
	return 0;
}

static int scale(uint64_t number, const struct unit *unit, uint64_t *ret)
{
	uint64_t value;

	if (__builtin_mul_overflow(number, unit->worth, &value) || value > INT64_MAX)
		return -ERANGE;
	*ret = value;
	return 0;
}

int quantity_read_duration(const char *text, uint64_t *ret)
{
	const struct unit *unit;
	uint64_t number;
	int r = read_digits(text, &number, &text);

	if (r)
		return r;
	unit = unit_of(times, text);
	if (unit)
		return scale(number, unit, ret);
	return *text ? -EINVAL : -ENOTUNIQ;
}

int quantity_read_size(const char *text, uint64_t *ret)
{
	const struct unit *unit;
	uint64_t number;
	int r = read_digits(text, &number, &text);

	if (r)
		return r;
	unit = unit_of(sizes, text);
	if (!unit)
		unit = unit_of(kubernetes_sizes, text);
	return unit ? scale(number, unit, ret) : -EINVAL;
}

int quantity_read_int(const char *text, int64_t *ret)
{
	bool minus = *text == '-';
	uint64_t number;
	int r = read_digits(text + minus, &number, &text);

	if (r)
		return r;
	if (*text)
		return -EINVAL;
	if (number > INT64_MAX)
		return -ERANGE;
	*ret = minus ? -(int64_t)number : (int64_t)number;
	return 0;
}

int quantity_read_parts(const char *text, int64_t *ret)
{
	uint64_t number, worth = 1000, parts = 0;
	int r = read_digits(text, &number, &text);

	if (r)
		return r;
	if (*text == '.') {
		text++;
		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		for (; isdigit((unsigned char)*text) && worth > 1; text++)
			parts += (uint64_t)(*text - '0') * (worth /= 10);
	}
	if (*text) /* also a fourth digit, which would be lost */
		return -EINVAL;
	if (__builtin_mul_overflow(number, 1000, &number) || number > INT64_MAX - 1000)
		return -ERANGE;
	*ret = (int64_t)(number + parts);
	return 0;
}

void quantity_format_parts(uint64_t thousandths, char *ret, size_t n)
{
	char digits[8];
	size_t length = 4;

	snprintf(digits, sizeof(digits), ".%03u", (unsigned int)(thousandths % 1000));
	while (length && (digits[length - 1] == '0' || digits[length - 1] == '.'))
		digits[--length] = '\0';
	snprintf(ret, n, "%" PRIu64 "%s", thousandths / 1000, digits);
}

static void format_unit(uint64_t value, const struct unit *unit, char *ret, size_t n)
{
	while (unit[1].name && (value == 0 ? unit->worth > 1000000000 : value % unit->worth))
		unit++;
	snprintf(ret, n, "%" PRIu64 "%s", value / unit->worth, unit->name);
}

void quantity_format_duration(uint64_t ns, char *ret, size_t n)
{
	format_unit(ns, times, ret, n);
}

void quantity_format_size(uint64_t bytes, char *ret, size_t n)
{
	if (bytes)
		format_unit(bytes, sizes, ret, n);
	else
		snprintf(ret, n, "0");
}
