/* SPDX-License-Identifier: Apache-2.0 */
/* print: what a person sees of a snapshot and of findings, in 80 columns. */
#pragma once
#include <stdbool.h>
#include <stdio.h>

struct findings;
struct snapshot;

void print_snapshot(const struct snapshot *s, bool colour, FILE *out);
void print_findings(const struct findings *f, const char *kernel, bool colour, FILE *out);
