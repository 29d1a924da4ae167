/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jobs/payload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/jobs/request.h"
#include "agent/wire/pack.h"

/* What interprets a file of the language; NULL: the file itself is executed. */
static const char *const interpreters[_JOB_LANGUAGE_MAX] = {
	[JOB_PYTHON] = "python3",
	[JOB_NODE] = "node",
	[JOB_JAVA] = "java",
	[JOB_SH] = "/bin/sh",
};

/* The same for every job; what the request says comes behind and counts. */
static const char *const environment[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	("HOME=" SANDBOX_FOLDER),
	"USER=job",
	"LANG=C.UTF-8",
};

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length > tail && !strcmp(text + length - tail, end);
}

static void add_command(struct pack *p, const struct job_request *r)
{
	const char *interpreter = interpreters[r->language];
	char word[JOB_NAME_BYTES + 32];

	if (r->language == JOB_COMMAND)
		return;
	snprintf(word, sizeof(word), "./%s", r->name);
	pack_add_text(p, PACK_WORD, interpreter ? interpreter : word);
	if (r->language == JOB_JAVA &&
	    r->memory_bytes) { /* it would take the machine's for its own */
		snprintf(word, sizeof(word), "-XX:MaxRAM=%" PRIu64, r->memory_bytes);
		pack_add_text(p, PACK_WORD, word);
	}
	if (r->language == JOB_JAVA && ends_with(r->name, ".jar"))
		pack_add_text(p, PACK_WORD, "-jar");
	if (interpreter)
		pack_add_text(p, PACK_WORD, r->name);
}

static bool is_named(const struct job_request *r, const char *assignment)
{
	size_t name = strcspn(assignment, "=") + 1;

	for (size_t i = 0; i < r->env_count; i++)
		if (!strncmp(r->env[i], assignment, name))
			return true;
	return false;
}

static void add_environment(struct pack *p, const struct job_request *r)
{
	for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]); i++)
		if (!is_named(r, environment[i]))
			pack_add_text(p, PACK_ENVIRONMENT, environment[i]);
	for (size_t i = 0; i < r->env_count; i++)
		pack_add_text(p, PACK_ENVIRONMENT, r->env[i]);
}

static void add_file(struct pack *p, const struct job_file *f)
{
	pack_add_text(p, PACK_FILE, f->name);
	if (f->executable)
		pack_add(p, PACK_EXECUTABLE, NULL, 0);
	if (f->content.bytes)
		pack_add(p, PACK_CONTENT, f->content.bytes, f->content.size);
}

static void add_code(struct pack *p, const struct job_request *r)
{
	if (!r->code.bytes)
		return;
	pack_add_text(p, PACK_CODE_NAME, r->name);
	if (!interpreters[r->language])
		pack_add(p, PACK_EXECUTABLE, NULL, 0);
	pack_add(p, PACK_CODE, r->code.bytes, r->code.size);
}

void payload_write(struct pack *ret, const struct job_request *r, bool as_code)
{
	if (as_code)
		pack_add_text(ret, PACK_WORD, r->name);
	else
		add_command(ret, r);
	for (size_t i = 0; i < r->argc; i++)
		pack_add_text(ret, PACK_WORD, r->argv[i]);
	add_environment(ret, r);
	for (size_t i = 0; i < r->file_count; i++)
		add_file(ret, &r->files[i]);
	add_code(ret, r);
}
