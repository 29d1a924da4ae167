/* SPDX-License-Identifier: Apache-2.0 */
/*
 * held: the job of a sandbox that was started ahead, as it comes over its socket (agent/wire/slot.h):
 * taken apart, checked, and laid out as a spec wants it.
 */
#pragma once

struct sandbox_report;
struct sandbox_spec;

/*
 * Waits for a job, and fills in what of the spec it brings: words, environment, files, streams.
 * -EPIPE: there will be none; -EPROTO: it is none.  What the spec then points to stays for good:
 * one process has one job.
 */
int held_await(int socket, struct sandbox_spec *spec);

int held_tell(int socket, int state, const struct sandbox_report *report);
