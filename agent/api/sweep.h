/* SPDX-License-Identifier: Apache-2.0 */
/* sweep: hands back the rows of cgroups and devices that a fresh look no longer finds. */
#pragma once

struct compose_names;
struct sample;
struct subjects;

/* The trees were walked after the last sample, which tells who had a row. */
void sweep_rows(const struct subjects *of, const struct compose_names *names,
		const struct sample *last);
