/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jobs/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/base64.h"
#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/sandbox/place.h"
#include "tests/lib/test.h"

static char why[256];

/* Exactly as many bytes as it may touch, so that the sanitizer sees any more. */
static int parse(const char *text, size_t size, struct job_request **ret)
{
	char *copy = malloc(size + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, size);
	*why = '\0';
	return job_request_parse(copy, size, ret, why, sizeof(why));
}

static bool refuses(const char *text, int error, const char *part)
{
	CLEANUP(job_request_freep) struct job_request *q = NULL;
	int r = parse(text, strlen(text), &q);

	if (r == error && !q && strstr(why, part))
		return true;
	printf("# %s: %d %s\n", text, r, why);
	return false;
}

static int all_keys_are_taken(void)
{
	static const char text[] =
		"{\"lang\":\"python\",\"code\":\"print(1)\\n\\u0000\",\"file\":\"a.py\",\"args\":[\"-x\","
		"\"\\ud83d\\ude00\"],\"root\":\"/srv/root\",\"stdin\":\"in\\u0000\",\"env\":{\"A\":\"1\","
		"\"LONGER\":\"\"},\"files\":[{\"name\":\"d\",\"content_base64\":\"AAEC/w==\"},{\"name\":"
		"\"e\",\"content\":\"\",\"executable\":true}],\"volumes\":[{\"source\":\"/data\",\"path\":"
		"\"/mnt/data\",\"read_only\":true}],\"imports\":[\"numpy\",\"os.path\"],\"net\":"
		"\"loopback\",\"profile\":\"strict\",\"class\":\"batch\",\"timeout_seconds\":1.5,"
		"\"memory_bytes\":67108864,\"cpus\":0.25,\"pids\":7,\"tmp_bytes\":1e6,\"output_bytes\":1}";
	CLEANUP(job_request_freep) struct job_request *q = NULL;

	CHECK(parse(text, sizeof(text) - 1, &q) == 0);
	CHECK(q->language == JOB_PYTHON && !strcmp(q->name, "a.py"));
	CHECK(q->code.size == 10 && !memcmp(q->code.bytes, "print(1)\n", 10));
	CHECK(q->argc == 2 && !strcmp(q->argv[1], "\xf0\x9f\x98\x80") && !q->argv[2]);
	CHECK(!strcmp(q->root, "/srv/root") && q->in.size == 3);
	CHECK(q->env_count == 2 && !strcmp(q->env[0], "A=1") && !strcmp(q->env[1], "LONGER="));
	CHECK(q->file_count == 2 && q->files[0].content.size == 4 && q->files[1].executable);
	CHECK(!memcmp(q->files[0].content.bytes, "\0\1\2\xff", 5) && !q->files[1].content.size);
	CHECK(q->volume_count == 1 && q->volumes[0].read_only && !strcmp(q->imports[1], "os.path"));
	CHECK(q->net == SANDBOX_NET_LOOPBACK && q->profile == SANDBOX_STRICT &&
	      q->class == JOB_BATCH);
	CHECK(q->timeout_ns == 1500000000 && q->memory_bytes == 67108864 && q->pids == 7);
	CHECK(q->cpu_thousandths == 250 && q->tmp_bytes == 1000000 && q->output_bytes == 1);
	return 0;
}

static int what_is_not_said_is_nothing(void)
{
	CLEANUP(job_request_freep) struct job_request *q = NULL;

	CHECK(parse("{\"argv\":[\"ls\"]}", 15, &q) == 0);
	CHECK(q->language == JOB_COMMAND && !q->name && !q->code.bytes && !q->in.bytes);
	CHECK(!q->timeout_ns && !q->memory_bytes && !q->cpu_thousandths && !q->env[0]);
	q = job_request_free(q);
	CHECK(parse("{\"lang\":\"java\",\"code\":\"\"}", 25, &q) == 0);
	CHECK(!strcmp(q->name, "Main.java") && q->code.bytes && !q->argc);
	return 0;
}

static int what_is_no_json_is_told_where(void)
{
	static const char *const texts[] = {
		"",
		" ",
		"{",
		"[",
		"{\"argv\"",
		"{\"argv\":",
		"{\"argv\":[",
		"{\"argv\":[\"a\"",
		"{\"argv\":[\"a\"]",
		"{\"argv\":[\"a\"]}}",
		"{\"argv\":[\"a\"],}",
		"{,}",
		"{\"argv\":[\"a\",]}",
		"{\"argv\":[\"a\" \"b\"]}",
		"{'argv':[]}",
		"{\"argv\":[\"\\x\"]}",
		"{\"argv\":[\"\\u12\"]}",
		"{\"argv\":[\"\\ud800\"]}",
		"{\"argv\":[\"\\udc00\"]}",
		"{\"argv\":[\"\\ud800\\u0041\"]}",
		"{\"argv\":[\"\t\"]}",
		"{\"argv\":[\"\xc0\xaf\"]}",
		"{\"argv\":[\"\xed\xa0\x80\"]}",
		"{\"argv\":[\"\xe2\x82",
		"{\"pids\":01}",
		"{\"pids\":-}",
		"{\"pids\":1.}",
		"{\"pids\":1e}",
		"{\"pids\":.5}",
		"{\"pids\":0x10}",
		"{\"pids\":Infinity}",
		"{\"argv\":[\"\\",
		"[[[[[[[[",
		"null",
		"\xef\xbb\xbf{}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECK(refuses(texts[i], -EBADMSG, "it is no JSON at byte "));
	return 0;
}

static int what_is_no_job_is_told_by_its_key(void)
{
	static const char *const rows[][2] = {
		{ "{}", "nothing to run" },
		{ "{\"\":1}", "there is no key ''" },
		{ "{\"\\u001b[2Jx\":1}", "there is no key '?[2Jx'" },
		{ "{\"argv\":null}", "'argv' must be a list of texts" },
		{ "{\"argv\":[1]}", "'argv' must be a list of texts" },
		{ "{\"argv\":[[[[[[]]]]]]}", "'argv' must be a list of texts" },
		{ "{\"argv\":[]}", "'argv' has no command" },
		{ "{\"argv\":[\"\"]}", "'argv' has no command" },
		{ "{\"argv\":[\"a\\u0000b\"]}", "NUL" },
		{ "{\"argv\":[\"a\"],\"argv\":[\"a\"]}", "'argv' is given twice" },
		{ "{\"argv\":[\"a\"],\"code\":\"\"}", "leave out 'code'" },
		{ "{\"argv\":[\"a\"],\"lang\":\"sh\"}", "leave out 'lang'" },
		{ "{\"argv\":[\"a\"],\"args\":[]}", "'argv' and 'args'" },
		{ "{\"argv\":[\"a\"],\"imports\":[\"os\"]}", "'imports'" },
		{ "{\"code\":\"x\"}", "'lang' is missing" },
		{ "{\"lang\":\"command\"}", "'lang' must be python, node, java, sh or exec" },
		{ "{\"lang\":7}", "'lang' must be python" },
		{ "{\"lang\":\"sh\",\"file\":\"a/b\"}", "without a slash" },
		{ "{\"lang\":\"sh\",\"file\":\"..\"}", "without a slash" },
		{ "{\"lang\":\"sh\",\"file\":\"-c\"}", "begin with '-'" },
		{ "{\"lang\":\"sh\",\"file\":\"x\"}", "not in 'files'" },
		{ "{\"lang\":\"sh\",\"code\":\"\",\"files\":[{\"name\":\"main.sh\",\"content\":\"\"}]}",
		  "as the code is called" },
		{ "{\"files\":[{\"name\":\"a\"}]}", "'content' or 'content_base64'" },
		{ "{\"files\":[{\"name\":\"a\",\"content\":\"\",\"content_base64\":\"\"}]}",
		  "either" },
		{ "{\"files\":[{\"content\":\"\"}]}", "without a name" },
		{ "{\"files\":[{\"name\":\"a\",\"content_base64\":\"A\"}]}", "no base64" },
		{ "{\"files\":[{\"name\":\"a\",\"content\":\"\"},{\"name\":\"a\",\"content\":\"\"}]}",
		  "'a' twice" },
		{ "{\"files\":[{\"size\":1}]}", "'files' has no key 'size'" },
		{ "{\"files\":[3]}", "'files' must be a list of objects" },
		{ "{\"volumes\":[{\"source\":\"/a\"}]}", "'source' or 'path'" },
		{ "{\"volumes\":[{\"source\":\"a\",\"path\":\"/b\"}]}", "must begin with /" },
		{ "{\"volumes\":[{\"source\":\"/a\",\"path\":\"/b/../..\"}]}", "outside of /proc" },
		{ "{\"env\":{\"\":\"\"}}", "must not be empty" },
		{ "{\"env\":{\"A=B\":\"\"}}", "'='" },
		{ "{\"env\":{\"A\":\"\",\"A\":\"\"}}", "'A' twice" },
		{ "{\"env\":{\"A\":1}}", "'env' must be an object of texts" },
		{ "{\"env\":[]}", "'env' must be an object of texts" },
		{ "{\"imports\":[\"os;import x\"]}", "names of modules" },
		{ "{\"stdin\":\"\",\"stdin_base64\":\"\"}", "leave one out" },
		{ "{\"net\":\"host\"}", "'net' must be none or loopback" },
		{ "{\"timeout_seconds\":0}", "from 0.001" },
		{ "{\"timeout_seconds\":1e400}", "from 0.001" },
		{ "{\"timeout_seconds\":\"10\"}", "must be a number of seconds" },
		{ "{\"memory_bytes\":4194303}", "from 4194304" },
		{ "{\"memory_bytes\":4194304.5}", "whole number" },
		{ "{\"cpus\":-1}", "'cpus'" },
		{ "{\"pids\":1048577}", "'pids'" },
		{ "{\"output_bytes\":16777217}", "'output_bytes'" },
		{ "{\"durable\":true}", "'durable' is not there yet" },
		{ "{\"once_key\":\"a\"}", "'once_key' is not there yet" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK(refuses(rows[i][0], -EINVAL, rows[i][1]));
	return 0;
}

/* {"KEY":[ITEM,ITEM,…]} or an object of them. */
static char *many(const char *open, const char *format, int count, const char *close)
{
	size_t room = strlen(open) + strlen(close) + (strlen(format) + 12) * (size_t)count + 1;
	char *text = malloc(room), *at = text;

	at += sprintf(at, "%s", open);
	for (int i = 0; i < count; i++) {
		at += sprintf(at, "%s", i ? "," : "");
		at += sprintf(at, format, i);
	}
	strcpy(at, close);
	return text;
}

static bool too_many(const char *open, const char *format, int most, const char *close,
		     const char *part)
{
	CLEANUP(job_request_freep) struct job_request *q = NULL;
	CLEANUP(freep) char *fits = many(open, format, most, close);
	CLEANUP(freep) char *more = many(open, format, most + 1, close);

	if (parse(fits, strlen(fits), &q)) {
		printf("# %s\n", why);
		return false;
	}
	return refuses(more, -EINVAL, part);
}

static int everything_has_a_bound(void)
{
	CLEANUP(freep) char *word = malloc(JOB_WORDS_BYTES + 64);

	CHECK(too_many("{\"argv\":[", "\"%d\"", JOB_WORDS, "]}", "more than 4096 words"));
	CHECK(too_many("{\"argv\":[\"a\"],\"env\":{", "\"A%d\":\"\"", JOB_ENV, "}}",
		       "64 variables"));
	CHECK(too_many("{\"argv\":[\"a\"],\"files\":[", "{\"name\":\"%d\",\"content\":\"\"}",
		       JOB_FILES, "]}", "more than 63"));
	CHECK(too_many("{\"argv\":[\"a\"],\"volumes\":[", "{\"source\":\"/%d\",\"path\":\"/a\"}",
		       SANDBOX_VOLUMES, "]}", "more than 16"));
	CHECK(too_many("{\"lang\":\"python\",\"code\":\"\",\"imports\":[", "\"m%d\"", JOB_IMPORTS,
		       "]}", "more than 32 modules"));
	strcpy(word, "{\"argv\":[\"");
	memset(word + 10, 'x', JOB_WORD_BYTES + 1);
	strcpy(word + 10 + JOB_WORD_BYTES + 1, "\"]}");
	CHECK(refuses(word, -EINVAL, "131072 bytes in one word"));
	return 0;
}

static int base64_is_what_rfc_4648_says(void)
{
	static const char *const rows[][2] = {
		{ "", "" },        { "b", "Yg==" },        { "ba", "YmE=" },
		{ "bar", "YmFy" }, { "barb", "YmFyYg==" }, { "barbar", "YmFyYmFy" }
	};
	static const char *const wrong[] = { "Z",    "Zg",       "Zg=",  "Zh==", "Zm9=",  "=",
					     "====", "Zg==Zg==", "Z===", "Zm 9", "Zm9\n", "Zm8=A" };
	char text[16], bytes[16];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t size = strlen(rows[i][0]);

		base64_write(text, rows[i][0], size);
		CHECK(!strncmp(text, rows[i][1], BASE64_SIZE(size)));
		CHECK(base64_read(text, text, BASE64_SIZE(size)) == (ssize_t)size);
		CHECK(!memcmp(text, rows[i][0], size));
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(base64_read(bytes, wrong[i], strlen(wrong[i])) == -EINVAL);
	return 0;
}

static int places_lie_inside(void)
{
	static const char *const good[] = {
		"/data", "/data/", "/process", "/a/proc", "/...", "//a"
	};
	static const char *const bad[] = { "",        "/",      "a",       "/.",         "/..",
					   "/a/../b", "/a/..",  "/proc",   "/proc/self", "/dev",
					   "/dev/x",  "//proc", "/./dev/x" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(sandbox_is_place(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!sandbox_is_place(bad[i]));
	return 0;
}

static int a_small_request_costs_little(void)
{
	static const char text[] =
		"{\"lang\":\"python\",\"code\":\"print(6 * 7)\\n\",\"stdin\":\"hello\",\"env\":{\"A\":"
		"\"b\"},\"timeout_seconds\":10,\"memory_bytes\":67108864,\"cpus\":0.5,\"class\":"
		"\"latency\",\"files\":[{\"name\":\"data.txt\",\"content\":\"1\\n2\\n3\\n\"}]}";
	uint64_t began = clock_mono_ns();

	for (int i = 0; i < 10000; i++) {
		CLEANUP(job_request_freep) struct job_request *q = NULL;

		CHECK(parse(text, sizeof(text) - 1, &q) == 0);
	}
	printf("# %.2f us a request of %zu bytes\n", (double)(clock_mono_ns() - began) / 1e7,
	       sizeof(text) - 1);
	return 0;
}

TEST_MAIN({ "every key is taken, decoded where it lies", all_keys_are_taken },
	  { "what is not said is nothing", what_is_not_said_is_nothing },
	  { "what is no JSON is told with its place", what_is_no_json_is_told_where },
	  { "what is no job is told by its key", what_is_no_job_is_told_by_its_key },
	  { "everything that may be many has a bound", everything_has_a_bound },
	  { "base64 is read and written as RFC 4648 has it", base64_is_what_rfc_4648_says },
	  { "a volume's place lies inside, and not in /proc or /dev", places_lie_inside },
	  { "a small request costs little", a_small_request_costs_little })
