/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/sleeper.h"

#include <stddef.h>

#include "agent/api/connection.h"
#include "agent/loop/loop.h"

void sleeper_init(struct sleeper *s, struct sleepers *of, struct MHD_Connection *c)
{
	s->of = of;
	s->connection = c;
	s->next = of->first;
	s->link = &of->first;
	if (s->next)
		s->next->link = &s->next;
	of->first = s;
}

void sleeper_done(struct sleeper *s)
{
	s->timer = loop_drop(s->timer);
	s->hangup = loop_drop(s->hangup);
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
}

static bool resume(struct sleeper *s)
{
	bool slept = s->asleep;

	s->timer = loop_drop(s->timer);
	s->hangup = loop_drop(s->hangup);
	if (slept)
		MHD_resume_connection(s->connection);
	s->asleep = false;
	return slept;
}

void sleeper_wake(struct sleeper *s)
{
	if (resume(s))
		s->of->run_later(s->of->context);
}

void sleeper_run(struct sleeper *s)
{
	struct sleepers *of = s->of; /* the request may be over before run() is back */

	resume(s);
	of->run(of->context);
}

static void time_over(void *context, uint32_t events)
{
	(void)events;
	sleeper_run(context);
}

static void hung_up(void *context, uint32_t events)
{
	struct sleeper *s = context;

	(void)events;
	s->gone = true;
	sleeper_run(s);
}

int sleeper_sleep(struct sleeper *s, uint64_t ns)
{
	int r = loop_watch(s->of->loop, connection_fd(s->connection), 0, hung_up, s, &s->hangup);

	if (!r && ns) {
		r = loop_timer(s->of->loop, 0, time_over, s, &s->timer);
		if (!r)
			r = loop_timer_set(s->timer, ns, 0);
	}
	if (r) {
		resume(s);
		return r;
	}
	s->asleep = true;
	MHD_suspend_connection(s->connection);
	return 0;
}

void sleepers_wake(struct sleepers *all)
{
	for (struct sleeper *s = all->first; s; s = s->next)
		resume(s);
}
