/* SPDX-License-Identifier: Apache-2.0 */
/* payload: a request as the pack that a sandbox is handed (agent/wire/pack.h). */
#pragma once
#include <stdbool.h>

struct job_request;
struct pack;

/*
 * as_code: the sandbox has an interpreter that waits for code; else it executes a command, which
 * is composed here.  What is wrong is in the pack's error.
 */
void payload_write(struct pack *ret, const struct job_request *r, bool as_code);
