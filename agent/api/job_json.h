/* SPDX-License-Identifier: Apache-2.0 */
/* job_json: a job as the objects that the door gives out. */
#pragma once
#include <stdbool.h>

struct job_result;
struct out;

/* fairlead/job/v1; line: of a batch, 0 for none.  In a list it is shown without its outputs. */
void job_json_write(struct out *o, const struct job_result *r, unsigned long line);
void job_json_write_row(struct out *o, const struct job_result *r);
