/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jobs/result.h"

const char *const job_state_names[] = { "queued", "running", "done", "cancelled", "failed" };
_Static_assert(sizeof(job_state_names) / sizeof(char *) == _JOB_STATE_MAX, "a name each");
const char *const job_killer_names[] = { NULL, "memory", "pids", "output", "time", "cancel" };
_Static_assert(sizeof(job_killer_names) / sizeof(char *) == _JOB_KILLER_MAX, "a name each");

void job_ticket_join(struct job_ticket **list, struct job_ticket *t)
{
	t->next = *list;
	t->link = list;
	if (t->next)
		t->next->link = &t->next;
	*list = t;
}

void job_ticket_leave(struct job_ticket *t)
{
	if (!t->link)
		return;
	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
	t->next = NULL;
	t->link = NULL;
}

void job_tickets_done(struct job_ticket **list, const struct job_result *result)
{
	struct job_ticket *waiting = *list, *t;

	if (waiting)
		waiting->link = &waiting; /* who joins from now on waits for something else */
	*list = NULL;
	while ((t = waiting)) {
		job_ticket_leave(t);
		t->done(t, result);
	}
}
