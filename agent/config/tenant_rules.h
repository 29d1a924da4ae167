/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tenant_rules: who is which tenant and what each may have, as a user writes it, entries with
 * `;` between them:
 *   web uids=1000,1010-1019 jobs=100 rate=200 burst=400 queue=1000; default jobs=16
 * Users of one entry share what it gives.  A user that no entry names is a tenant of its own
 * with what the entry `default` says, which has no uids; where there is none, with what is
 * compiled in, as for each word that an entry leaves out.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
	TENANT_NAME_MAX = 32, /* NUL included */
	TENANT_RULES_MAX = 64,
	TENANT_UIDS_MAX = 256, /* ranges, over all entries */
	TENANT_RULES_TEXT = 4096,
	TENANT_RULES_FAULT = 256,
};

struct tenant_limits {
	uint64_t jobs;  /* under way at once, 1..100000; 1000 */
	uint64_t rate;  /* thousandths of a job a second, 1/s..1000000/s; 0: off, which it is */
	uint64_t burst; /* jobs, 1..1000000; what the rate gives in a second */
	uint64_t queue; /* jobs that wait, 0..100000; 1000 */
};

struct tenant_rule {
	char name[TENANT_NAME_MAX];
	struct tenant_limits limits;
};

struct tenant_rules {
	struct tenant_rule rules[TENANT_RULES_MAX];
	struct tenant_uids {
		uint32_t first, last, rule;
	} uids[TENANT_UIDS_MAX]; /* in their order, none twice */
	size_t count, uid_count;
	struct tenant_limits others; /* of each user that no rule names */
};

/* -EINVAL with *ret untouched and in err what the option must be: names the entry, and mends. */
int tenant_rules_read(const char *text, struct tenant_rules *ret, char *err, size_t n);

/* The rule for a user, or NULL: then it is a tenant of its own with `others`. */
const struct tenant_rule *tenant_rules_find(const struct tenant_rules *r, uint32_t uid);
