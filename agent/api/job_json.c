/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/job_json.h"

#include "agent/jobs/result.h"
#include "exporters/json/write.h"
#include "exporters/out.h"

#define PUT(o, literal) out_bytes(o, literal, sizeof(literal) - 1)

/* One of ours, or NULL. */
static void put_text(struct out *o, const char *text)
{
	if (!text || !json_write_text(o, text, strlen(text)))
		PUT(o, "null");
}

static void put_bool(struct out *o, bool is)
{
	out_text(o, is ? "true" : "false");
}

static void put_line(struct out *o, unsigned long line)
{
	PUT(o, "{");
	if (line) {
		PUT(o, "\"line\":");
		out_count(o, line);
		PUT(o, ",");
	}
}

static void put_end(struct out *o, const struct job_result *r)
{
	PUT(o, ",\"exit_code\":");
	if (r->state == JOB_DONE && !r->signal)
		out_count(o, (unsigned int)r->exit_code);
	else
		PUT(o, "null");
	PUT(o, ",\"signal\":");
	if (r->signal)
		out_count(o, (unsigned int)r->signal);
	else
		PUT(o, "null");
	PUT(o, ",\"timed_out\":");
	put_bool(o, r->timed_out);
	PUT(o, ",\"killed_by\":");
	put_text(o, job_killer_names[r->killed_by]);
}

/* What is no UTF-8 is told in another key, so that nobody takes the one for the other. */
static void put_output(struct out *o, const char *name, const struct job_output *output)
{
	const char *bytes = output->kept.bytes ? output->kept.bytes : "";
	size_t before = o->size;

	PUT(o, ",\"");
	out_text(o, name);
	PUT(o, "\":");
	if (!json_write_text(o, bytes, output->kept.size)) {
		o->size = before;
		PUT(o, ",\"");
		out_text(o, name);
		PUT(o, "_base64\":");
		json_write_base64(o, bytes, output->kept.size);
	}
	PUT(o, ",\"");
	out_text(o, name);
	PUT(o, "_truncated\":");
	put_bool(o, output->truncated);
}

static void put_usage(struct out *o, const struct job_usage *u)
{
	PUT(o, ",\"usage\":{\"user_seconds\":");
	json_write_seconds(o, u->user_ns);
	PUT(o, ",\"system_seconds\":");
	json_write_seconds(o, u->system_ns);
	PUT(o, ",\"peak_bytes\":");
	out_count(o, u->peak_bytes);
	PUT(o, ",\"read_bytes\":");
	out_count(o, u->read_bytes);
	PUT(o, ",\"written_bytes\":");
	out_count(o, u->written_bytes);
	PUT(o, "}");
}

static void put_timings(struct out *o, const struct job_result *r)
{
	PUT(o, ",\"timings\":{\"queue_seconds\":");
	json_write_seconds(o, r->queue_ns);
	PUT(o, ",\"start_seconds\":");
	json_write_seconds(o, r->start_ns);
	PUT(o, ",\"run_seconds\":");
	json_write_seconds(o, r->run_ns);
	PUT(o, "}");
}

static void put_what(struct out *o, const struct job_result *r)
{
	PUT(o, "\"id\":");
	put_text(o, r->id);
	PUT(o, ",\"state\":");
	put_text(o, job_state_names[r->state]);
	PUT(o, ",\"lang\":");
	put_text(o, r->language ? job_language_names[r->language] : NULL);
	PUT(o, ",\"class\":");
	put_text(o, job_class_names[r->class]);
	put_end(o, r);
}

static void put_rest(struct out *o, const struct job_result *r)
{
	put_usage(o, &r->usage);
	put_timings(o, r);
	PUT(o, ",\"warm\":");
	put_bool(o, r->warm);
	PUT(o, ",\"cached\":");
	put_bool(o, r->cached);
	PUT(o, ",\"plan\":");
	put_text(o, r->plan);
	PUT(o, ",\"error\":");
	put_text(o, r->error);
	PUT(o, "}");
}

void job_json_write(struct out *o, const struct job_result *r, unsigned long line)
{
	put_line(o, line);
	PUT(o, "\"schema\":\"fairlead/job/v1\",");
	put_what(o, r);
	if (job_has_ended(r)) {
		put_output(o, "stdout", &r->out);
		put_output(o, "stderr", &r->err);
	}
	put_rest(o, r);
}

void job_json_write_row(struct out *o, const struct job_result *r)
{
	PUT(o, "{");
	put_what(o, r);
	put_rest(o, r);
}
