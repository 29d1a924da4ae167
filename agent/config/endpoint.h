/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint: where to push to, as a user writes it: https://collector:4318/v1/metrics. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* What is wrong with it and how to mend it, or NULL. */
const char *endpoint_fault(const char *text);
bool endpoint_is_tls(const char *text);

/* The whole address: with OTLP's own path where there is none. */
void endpoint_whole(const char *text, char *ret, size_t size);
