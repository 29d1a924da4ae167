/* SPDX-License-Identifier: Apache-2.0 */
/*
 * budget: what measuring may cost.  When the programs take more than their share of the node,
 * the dearest detail is switched off; when there has been room for long enough, the last one
 * comes back.  Pure: time and costs are handed in.
 *
 * A detail that has to go again soon after it came back stays away twice as long, up to an hour.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BUDGET_DETAILS = 8, BUDGET_SUBJECTS = 8 };

/* Something that can be left out, in the order in which those of one subject go. */
struct budget_detail {
	const char *name;
	unsigned int subject;
};

struct budget {
	const struct budget_detail *details;
	size_t count;
	bool off[BUDGET_DETAILS];
	double share;                      /* of the node, in the last step */
	unsigned int over;                 /* steps in a row */
	uint64_t calm_ns;                  /* since when there is room; 0: there is none */
	uint64_t hold_ns;                  /* for how long there must be room */
	uint64_t came_ns;                  /* when the last one came back */
	size_t went[BUDGET_DETAILS], gone; /* in which order */
};

struct budget_load {
	uint64_t now_ns, span_ns; /* the step, and what it covers */
	size_t cpus;              /* online */
	uint64_t allowed_ns;      /* of a second of a CPU */
	uint64_t cost_ns[BUDGET_SUBJECTS];
	bool wanted[BUDGET_DETAILS]; /* by the configuration */
};

enum budget_verdict { BUDGET_STAY, BUDGET_LEAVE_OUT, BUDGET_BRING_BACK };

struct budget_step {
	enum budget_verdict verdict;
	size_t detail; /* that is meant; off[] says so already */
};

/* No more than BUDGET_DETAILS of them; they outlive the budget. */
void budget_init(struct budget *b, const struct budget_detail *details, size_t count);
struct budget_step budget_step(struct budget *b, const struct budget_load *load);
