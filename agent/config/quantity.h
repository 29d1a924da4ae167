/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quantity: numbers with a unit, between text and the base unit.  What is written is the
 * shortest whole form (1500ms, 90s, 5m), and reading it gives the same number again.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * The whole text is one quantity.  -EINVAL when it is none, -ERANGE past INT64_MAX,
 * -ENOTUNIQ for a number that lacks its unit; *ret is then untouched.
 */
int quantity_read_duration(const char *text, uint64_t *ret); /* nanoseconds; 1500ms, 90s, 5m */
int quantity_read_size(const char *text, uint64_t *ret);     /* bytes; 512, 64K, 64Ki, 2G */
int quantity_read_int(const char *text, int64_t *ret);
int quantity_read_parts(const char *text, int64_t *ret); /* thousandths; 2, 0.5, 1.25 */

void quantity_format_duration(uint64_t ns, char *ret, size_t n);
void quantity_format_size(uint64_t bytes, char *ret, size_t n);
void quantity_format_parts(uint64_t thousandths, char *ret, size_t n);
