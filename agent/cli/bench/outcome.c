/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/outcome.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/printable.h"
#include "agent/cli/bench/caller.h"

const char *const outcome_names[] = { "ok",      "status",    "exit",     "output", "refused",
				      "cut_off", "timed_out", "no_sense", "failed" };
_Static_assert(sizeof(outcome_names) / sizeof(outcome_names[0]) == _OUTCOME_KIND_MAX, "one each");

static void json_freep(json_t **j)
{
	json_decref(*j);
}

static uint64_t nanoseconds(const json_t *timings, const char *key)
{
	double seconds = json_number_value(json_object_get(timings, key));

	return seconds > 0 && seconds < 1e6 ? (uint64_t)(seconds * 1e9 + 0.5) : 0;
}

static void read_timings(struct outcome *ret, const json_t *answer)
{
	const json_t *timings = json_object_get(answer, "timings");

	ret->timed = json_is_object(timings);
	ret->queue_ns = nanoseconds(timings, "queue_seconds");
	ret->start_ns = nanoseconds(timings, "start_seconds");
	ret->run_ns = nanoseconds(timings, "run_seconds");
	ret->warm = json_is_true(json_object_get(answer, "warm"));
}

static void say(struct outcome *ret, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (text && !ret->why[0])
		printable_copy(ret->why, sizeof(ret->why), text);
	ret->why[strcspn(ret->why, "\n")] = '\0';
}

static void judge_job(struct outcome *ret, const json_t *answer, const char *expected)
{
	const json_t *code = json_object_get(answer, "exit_code");
	const char *output = json_string_value(json_object_get(answer, "stdout"));

	read_timings(ret, answer);
	if (!json_is_object(answer) || !code) {
		ret->kind = OUTCOME_NO_SENSE;
	} else if (!json_is_integer(code) || json_integer_value(code)) {
		ret->kind = OUTCOME_EXIT;
		ret->number = json_is_integer(code) ? (int)json_integer_value(code) : -1;
		say(ret, answer, "error");
		say(ret, answer, "killed_by");
		say(ret, answer, "stderr");
		say(ret, answer, "state");
	} else if (expected && (!output || strcmp(output, expected) != 0)) {
		ret->kind = OUTCOME_OUTPUT;
		say(ret, answer, "stdout");
	}
}

static void judge_answer(struct outcome *ret, struct caller *c, const char *expected)
{
	size_t length;
	const char *body = reply_body(&c->reply, &length);
	CLEANUP(json_freep) json_t *answer = json_loadb(body, length, 0, NULL);

	if (c->reply.status == 200) {
		judge_job(ret, answer, expected);
		return;
	}
	ret->kind = OUTCOME_STATUS;
	ret->number = c->reply.status;
	say(ret, answer, "detail");
	say(ret, answer, "title");
}

void outcome_of(struct outcome *ret, struct caller *c, int error, const char *expected)
{
	*ret = (struct outcome){ 0 };
	switch (error) {
	case 0:
		judge_answer(ret, c, expected);
		return;
	case -ECONNREFUSED:
	case -ENOENT:
		ret->kind = OUTCOME_REFUSED;
		return;
	case -ECONNRESET:
	case -EPIPE:
		ret->kind = OUTCOME_CUT_OFF;
		return;
	case -ETIMEDOUT:
		ret->kind = OUTCOME_TIMED_OUT;
		return;
	case -EPROTO:
		ret->kind = OUTCOME_NO_SENSE;
		return;
	default:
		ret->kind = OUTCOME_FAILED;
		ret->number = -error;
		snprintf(ret->why, sizeof(ret->why), "%s", strerror(-error));
	}
}

void tally_add(struct tally *t, const struct outcome *o)
{
	size_t i = 0;

	t->total++;
	while (i < t->used && (t->rows[i].kind != o->kind || t->rows[i].number != o->number))
		i++;
	if (i == TALLY_ROWS)
		return;
	if (i == t->used) {
		t->rows[t->used++] = (struct tally_row){ .kind = o->kind, .number = o->number };
		memcpy(t->rows[i].why, o->why, sizeof(o->why));
	}
	t->rows[i].count++;
}

void tally_name(const struct tally_row *row, char *ret, size_t size)
{
	static const char *const names[] = {
		"ok",      "status",    "exit",     "other output", "refused",
		"cut off", "timed out", "no sense", "failed",
	};

	snprintf(ret, size, "%s", names[row->kind]);
	if (row->kind == OUTCOME_STATUS || row->kind == OUTCOME_EXIT)
		snprintf(ret, size, "%s %d", names[row->kind], row->number);
}
