/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jobs/kind.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/jobs/request.h"
#include "agent/pools/pool.h"
#include "agent/pools/pools.h"
#include "agent/wire/nurse.h"

enum { USER = 1000, OPEN_FILES = 1024, FILE_BYTES = 4096, ALIVE_MAX = 1024, PROCESSES = 512 };

#define TMP_BYTES    (64u << 20)
#define MEMORY_BYTES (1u << 30)

_Static_assert((int)NURSE_VOLUMES == (int)SANDBOX_VOLUMES, "what a request may have, a pool has");

static bool copy(char *to, size_t size, const char *text)
{
	return snprintf(to, size, "%s", text) < (int)size;
}

struct group_limits kind_limits(const struct job_request *r)
{
	return (struct group_limits){
		.memory_bytes = r->memory_bytes ? r->memory_bytes : MEMORY_BYTES,
		.cpu_thousandths = r->cpu_thousandths,
		.processes = r->pids ? r->pids : PROCESSES,
	};
}

bool kind_has_limits(const struct job_request *r)
{
	return r->memory_bytes || r->cpu_thousandths || r->pids;
}

/* How its sandbox is started; what is not in this table is a command like any other. */
static const enum nurse_start starts[_JOB_LANGUAGE_MAX] = {
	[JOB_PYTHON] = NURSE_PYTHON,
	[JOB_NODE] = NURSE_NODE,
	[JOB_JAVA] = NURSE_JAVA,
};

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length > tail && !strcmp(text + length - tail, end);
}

static enum nurse_start start_of(const struct job_request *r)
{
	/* An interpreter that waits takes code; an archive or another file is a command's. */
	return r->code.bytes && !ends_with(r->name, ".jar") ? starts[r->language] : NURSE_HELD;
}

static int terms_of(const struct job_request *r, struct nurse_terms *t)
{
	char *at = t->imports, *end = t->imports + sizeof(t->imports);

	memset(t, 0, sizeof(*t)); /* all of it is compared */
	t->magic = NURSE_MAGIC;
	t->version = NURSE_VERSION;
	t->start = start_of(r);
	t->net = r->net;
	t->profile = r->profile;
	t->uid = t->gid = USER;
	t->open_files = OPEN_FILES;
	t->tmp_bytes = r->tmp_bytes ? r->tmp_bytes : TMP_BYTES;
	t->tmp_inodes = t->tmp_bytes / FILE_BYTES + 64;
	t->limits = kind_limits(&(struct job_request){ 0 });
	t->volume_count = (uint32_t)r->volume_count;
	if (r->root && !copy(t->root, sizeof(t->root), r->root))
		return -EINVAL;
	for (size_t i = 0; i < r->volume_count; i++) {
		if (!copy(t->volumes[i].source, NURSE_PATH, r->volumes[i].source) ||
		    !copy(t->volumes[i].path, NURSE_PATH, r->volumes[i].path))
			return -EINVAL;
		t->volumes[i].read_only = r->volumes[i].read_only;
	}
	for (size_t i = 0; i < r->import_count; i++) {
		if ((size_t)(end - at) < strlen(r->imports[i]) + 2)
			return -EINVAL;
		at += sprintf(at, "%s%s", i ? " " : "", r->imports[i]);
	}
	return 0;
}

static const char *name_of(const struct job_request *r)
{
	return start_of(r) == NURSE_HELD ? "command" : job_language_names[r->language];
}

static struct nurse_terms terms; /* of the moment; too large for a stack */

int kind_pool(struct pools *pools, const struct job_request *r, uid_t uid, struct pool **ret)
{
	int status = terms_of(r, &terms);

	/* What a zygote has imported may be anybody's code: it is forked for nobody else. */
	if (terms.start == NURSE_PYTHON && (r->import_count || r->root))
		terms.tenant = uid + 1;
	return status ? status : pools_find(pools, &terms, name_of(r), ret);
}

int kind_prepare(struct pools *pools, const struct kind_minimums *ready)
{
	static const struct job_bytes some = { "", 0 };
	const struct {
		enum job_language language;
		uint32_t minimum;
	} kinds[] = { { JOB_COMMAND, ready->command },
		      { JOB_PYTHON, ready->python },
		      { JOB_NODE, ready->node },
		      { JOB_JAVA, ready->java } };
	int status = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !status; i++) {
		const struct job_request plain = { .language = kinds[i].language,
						   .code = some,
						   .name = "" };
		static struct pool_terms pool;

		pool = (struct pool_terms){ .minimum = kinds[i].minimum, .maximum = ALIVE_MAX };
		snprintf(pool.name, sizeof(pool.name), "%s", name_of(&plain));
		status = terms_of(&plain, &pool.nurse);
		if (!status && pool.minimum)
			status = pools_add(pools, &pool);
	}
	return status;
}

bool kind_takes_code(const struct job_request *r)
{
	return start_of(r) != NURSE_HELD;
}
