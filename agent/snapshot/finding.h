/* SPDX-License-Identifier: Apache-2.0 */
/* finding: what this kernel and machine allow, one row a hook, backend or capability. */
#pragma once
#include <stddef.h>

#include "agent/snapshot/lost.h"

enum finding_kind { FINDING_HOOK, FINDING_BACKEND, FINDING_CAPABILITY, _FINDING_KIND_MAX };
enum finding_state { FINDING_ON, FINDING_FALLBACK, FINDING_OFF, _FINDING_STATE_MAX };

struct finding {
	enum finding_kind kind;
	enum finding_state state;
	char name[48];
	char reason[256]; /* why it is so; the kernel's own errno where it refused */
	char lost[128];   /* what the user does not get; empty when on */
	char mend[192];   /* what to do about it; empty when on */
};

#define FINDINGS_MAX 48

struct findings {
	size_t count;
	struct finding rows[FINDINGS_MAX];
	struct losses lost;
};

extern const char *const finding_state_names[];

/* Adds an otherwise empty row to fill in; rows come from tables of ours, FINDINGS_MAX holds them. */
struct finding *findings_add(struct findings *f, enum finding_kind kind, enum finding_state state,
			     const char *name);
