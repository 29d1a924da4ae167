/* SPDX-License-Identifier: Apache-2.0 */
/* job_problem: how it is told, in HTTP's terms, that a job was not taken. */
#pragma once

struct out;

unsigned int job_problem_status(int error);              /* negative errno */
const char *job_problem_why(int error, const char *why); /* why, or what there is to say without */
void job_problem_write(struct out *o, int error, const char *why, unsigned long line);
