/* SPDX-License-Identifier: Apache-2.0 */
/* words: text for a person in a room of so many bytes. */
#pragma once
#include <stddef.h>

/* Copies text; where it does not fit, whole words of it and "...", which every locale can show. */
void words_copy(char *ret, size_t size, const char *text);
