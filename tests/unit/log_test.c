/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/log.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/test.h"

static char said[16384];

/* Runs fn with stderr caught in `said`. */
static void listen_to(void (*fn)(void))
{
	FILE *file = tmpfile();
	int old = dup(STDERR_FILENO);
	size_t n;

	if (!file || old < 0)
		abort();
	dup2(fileno(file), STDERR_FILENO);
	fn();
	dup2(old, STDERR_FILENO);
	close(old);
	fseek(file, 0, SEEK_SET);
	n = fread(said, 1, sizeof(said) - 1, file);
	said[n] = '\0';
	fclose(file);
}

static int lines(void)
{
	int count = 0;

	for (const char *c = said; *c; c++)
		count += *c == '\n';
	return count;
}

static void say_at_all_levels(void)
{
	log_error("test", "an error number=%d", 1);
	log_warn("test", "a warning");
	log_info("test", "an info");
}

static void say_one_thing_often(void)
{
	for (int i = 0; i < 100; i++)
		log_error("test", "again");
}

static void say_after_holding_back(void)
{
	struct log_site site = { .held = 97 }; /* of a second that is over */

	log_write(&site, LOG_ERROR, "test", "at last");
}

static void say_something_nasty(void)
{
	log_error("test", "two\nlines \"quoted\" \\ \x01 \xff");
}

static int only_what_is_wanted_is_said(void)
{
	log_setup(LOG_WARN, LOG_TEXT, 0);
	listen_to(say_at_all_levels);
	CHECK(!strcmp(said, "error test: an error number=1\nwarn test: a warning\n"));
	return 0;
}

static int a_message_that_repeats_is_held_back_and_counted(void)
{
	log_setup(LOG_INFO, LOG_TEXT, 3);
	listen_to(say_one_thing_often);
	CHECK(lines() >= 3 && lines() <= 6); /* a second may have ended between two of them */
	listen_to(say_after_holding_back);
	CHECK(!strcmp(said, "error test: at last held_back=97\n"));
	return 0;
}

static int an_event_is_one_line(void)
{
	log_setup(LOG_INFO, LOG_TEXT, 0);
	listen_to(say_something_nasty);
	CHECK(lines() == 1);
	CHECK(strstr(said, "two\\x0alines"));
	return 0;
}

static int a_json_line_is_json(void)
{
	json_t *root;
	const char *message;

	log_setup(LOG_INFO, LOG_JSON, 0);
	listen_to(say_something_nasty);
	CHECK(lines() == 1);
	root = json_loads(said, 0, NULL);
	CHECK(root);
	message = json_string_value(json_object_get(root, "message"));
	CHECK(message && !strcmp(message, "two\nlines \"quoted\" \\ \x01 ?"));
	CHECK(!strcmp(json_string_value(json_object_get(root, "level")), "error"));
	json_decref(root);
	return 0;
}

TEST_MAIN({ "only what is wanted is said", only_what_is_wanted_is_said },
	  { "a message that repeats is held back and counted",
	    a_message_that_repeats_is_held_back_and_counted },
	  { "an event is one line", an_event_is_one_line },
	  { "a JSON line is JSON", a_json_line_is_json }, )
