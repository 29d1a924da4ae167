/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator may write as tenants. */
#include <stdlib.h>
#include <string.h>

#include "agent/config/tenant_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct tenant_rules *r)
{
	for (size_t i = 0; i < r->uid_count; i++) {
		const struct tenant_uids *u = &r->uids[i];

		if (u->rule >= r->count || u->first > u->last ||
		    (i && u->first <= r->uids[i - 1].last) ||
		    tenant_rules_find(r, u->first) != &r->rules[u->rule] ||
		    tenant_rules_find(r, u->last) != &r->rules[u->rule])
			abort();
	}
	for (size_t i = 0; i < r->count; i++)
		if (!r->rules[i].name[0] || !r->rules[i].limits.jobs || !r->rules[i].limits.burst)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TENANT_RULES_TEXT + 8], err[TENANT_RULES_FAULT] = "";
	struct tenant_rules rules;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!tenant_rules_read(text, &rules, err, sizeof(err)))
		judge(&rules);
	else if (!err[0] || strchr(err, '\n'))
		abort(); /* one line that says what is wrong */
	return 0;
}
