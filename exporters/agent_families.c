/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/agent_families.h"

#include "agent/snapshot/snapshot.h"
#include "exporters/families_room.h"

void agent_build_info(snap *s, sink *to)
{
	value(to, LABELS("version", s->version), 1);
}

void agent_subject_up(snap *s, sink *to)
{
	for (size_t i = 0; i < s->subject_count; i++)
		value(to, LABELS("subject", s->subjects[i].name, "hook", s->subjects[i].hook),
		      s->subjects[i].state != FINDING_OFF);
}

void agent_hook_up(snap *s, sink *to)
{
	for (size_t i = 0; i < s->hook_count; i++) {
		const struct hook_snapshot *h = &s->hooks[i];

		value(to,
		      LABELS("subject", h->subject, "event", h->event, "hook", h->hook, "reason",
			     h->reason),
		      h->hook[0] != '\0');
	}
}

void agent_loop_lag(snap *s, sink *to)
{
	if (s->agent.present)
		value(to, NO_LABELS, in_seconds(s->agent.loop_lag_max_ns));
}

void agent_resident(snap *s, sink *to)
{
	if (!s->agent.present)
		return;
	value(to, LABELS("process", "agent"), (double)s->agent.rss_bytes);
	value(to, LABELS("process", "warden"), (double)s->agent.warden_rss_bytes);
}

void agent_bpf_run(snap *s, sink *to)
{
	for (size_t i = 0; i < s->program_count; i++)
		value(to,
		      LABELS("subject", s->programs[i].subject, "program", s->programs[i].event),
		      in_seconds(s->programs[i].ns_total));
}

void agent_bpf_runs(snap *s, sink *to)
{
	for (size_t i = 0; i < s->program_count; i++)
		value(to,
		      LABELS("subject", s->programs[i].subject, "program", s->programs[i].event),
		      (double)s->programs[i].runs_total);
}

void agent_detail_on(snap *s, sink *to)
{
	for (size_t i = 0; i < s->detail_count; i++)
		if (s->details[i].wanted)
			value(to, LABELS("detail", s->details[i].name), s->details[i].on);
}

void agent_lost(snap *s, sink *to)
{
	for (size_t i = 0; i < s->lost.count; i++)
		value(to, LABELS("where", s->lost.rows[i].where), (double)s->lost.rows[i].count);
}

SINGLE_FAMILY(agent_otlp_sent, agent.push.on, agent.push.sent)
SINGLE_FAMILY(agent_otlp_retries, agent.push.on, agent.push.retries)
SINGLE_FAMILY(agent_otlp_waiting, agent.push.on, agent.push.waiting)
SINGLE_FAMILY(agent_otlp_waiting_bytes, agent.push.on, agent.push.waiting_bytes)
