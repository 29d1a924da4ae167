/* SPDX-License-Identifier: Apache-2.0 */
/* kind: which sandboxes a request wants: those of which pool. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/wire/group.h"

struct job_request;
struct pool;
struct pools;

/* -ENOMEM, -ENOSPC; -EINVAL: it cannot be said in a pool's terms. */
int kind_pool(struct pools *pools, const struct job_request *r, uid_t uid, struct pool **ret);

struct kind_minimums {
	uint32_t command, python, node, java;
};

/* Has sandboxes ready for what asks for nothing special. */
int kind_prepare(struct pools *pools, const struct kind_minimums *ready);

/* Of the request, or for want of those the pool's. */
struct group_limits kind_limits(const struct job_request *r);
bool kind_has_limits(const struct job_request *r); /* of its own */

bool kind_takes_code(const struct job_request *r); /* an interpreter waits for it there */
