/* SPDX-License-Identifier: Apache-2.0 */
/* What a group used, from its files. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/sandbox/group.h"
#include "agent/sandbox/group_files.h"
#include "agent/sandbox/group_room.h"

enum { TEXT = 8192 };

/* The number behind a word at the start of a line. */
static uint64_t number_of(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, word, length) && line[length] == ' ')
			return strtoull(line + length, NULL, 10);
	}
	return 0;
}

static void read_time(const struct sandbox_group *g, struct group_usage *ret)
{
	struct group_place place;
	char text[TEXT] = "";

	if (!group_place_of(g, GROUP_TIME, &place))
		return;
	if (place.version == 1) {
		ret->user_ns = group_read_number(place.path, "cpuacct.usage_user");
		ret->system_ns = group_read_number(place.path, "cpuacct.usage_sys");
		return;
	}
	(void)group_read(place.path, "cpu.stat", text, sizeof(text));
	ret->user_ns = 1000 * number_of(text, "user_usec");
	ret->system_ns = 1000 * number_of(text, "system_usec");
	ret->throttled_ns = 1000 * number_of(text, "throttled_usec");
}

static void read_throttled(const struct sandbox_group *g, struct group_usage *ret)
{
	struct group_place place;
	char text[TEXT] = "";

	if (!group_place_of(g, GROUP_CPU, &place) || place.version == 2)
		return; /* it stood beside the time */
	(void)group_read(place.path, "cpu.stat", text, sizeof(text));
	ret->throttled_ns = number_of(text, "throttled_time");
}

static uint64_t read_peak(const struct sandbox_group *g, const struct group_place *place)
{
	char text[32];
	ssize_t n;

	if (place->version == 1)
		return group_read_number(place->path, "memory.max_usage_in_bytes");
	if (g->peak < 0)
		return group_read_number(place->path, "memory.peak");
	n = pread(g->peak, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return strtoull(text, NULL, 10);
}

static void read_memory(const struct sandbox_group *g, struct group_usage *ret)
{
	struct group_place place;
	char text[TEXT] = "";

	if (!group_place_of(g, GROUP_MEMORY, &place))
		return;
	ret->memory_peak = read_peak(g, &place);
	(void)group_read(place.path, place.version == 2 ? "memory.events" : "memory.oom_control",
			 text, sizeof(text));
	ret->memory_kills = number_of(text, "oom_kill");
}

static void read_processes(const struct sandbox_group *g, struct group_usage *ret)
{
	struct group_place place;
	char text[TEXT] = "";

	if (!group_place_of(g, GROUP_PIDS, &place))
		return;
	(void)group_read(place.path, "pids.events", text, sizeof(text));
	ret->refused_processes = number_of(text, "max");
}

static bool is_ours(const struct group_host *h, unsigned int major, unsigned int minor)
{
	for (size_t i = 0; i < h->disk_count; i++)
		if (h->disks[i].major == major && h->disks[i].minor == minor)
			return true;
	return false; /* what lies on others would count twice */
}

static uint64_t word_of(const char *line, const char *word)
{
	const char *at = strstr(line, word);

	return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0" */
static void add_io(const char *line, struct group_usage *ret)
{
	ret->read_bytes += word_of(line, " rbytes=");
	ret->written_bytes += word_of(line, " wbytes=");
	ret->reads += word_of(line, " rios=");
	ret->writes += word_of(line, " wios=");
}

/* "8:0 Read 1", "8:0 Write 2", … */
static void add_v1(const char *line, uint64_t *reads, uint64_t *writes)
{
	*reads += word_of(line, " Read ");
	*writes += word_of(line, " Write ");
}

static void read_io_file(const struct sandbox_group *g, const char *folder, const char *file,
			 struct group_usage *ret)
{
	char text[TEXT], *save = NULL;
	unsigned int major, minor;

	if (group_read(folder, file, text, sizeof(text)) <= 0)
		return;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "%u:%u", &major, &minor) != 2 || !is_ours(g->host, major, minor))
			continue;
		if (!strcmp(file, "io.stat"))
			add_io(line, ret);
		else if (!strcmp(file, "blkio.throttle.io_serviced"))
			add_v1(line, &ret->reads, &ret->writes);
		else
			add_v1(line, &ret->read_bytes, &ret->written_bytes);
	}
}

static void read_io(const struct sandbox_group *g, struct group_usage *ret)
{
	struct group_place place;

	if (!group_place_of(g, GROUP_IO, &place))
		return;
	if (place.version == 2) {
		read_io_file(g, place.path, "io.stat", ret);
		return;
	}
	read_io_file(g, place.path, "blkio.throttle.io_serviced", ret);
	read_io_file(g, place.path, "blkio.throttle.io_service_bytes", ret);
}

struct group_usage group_used_ever(const struct sandbox_group *g)
{
	struct group_usage used = { 0 };

	read_time(g, &used);
	read_throttled(g, &used);
	read_memory(g, &used);
	read_processes(g, &used);
	read_io(g, &used);
	return used;
}

/* A disk that was pulled out took its numbers along. */
static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

int group_use(const struct sandbox_group *g, struct group_usage *ret)
{
	const struct group_usage *before = &g->before;
	struct group_usage used = group_used_ever(g);

	*ret = (struct group_usage){
		.user_ns = since(used.user_ns, before->user_ns),
		.system_ns = since(used.system_ns, before->system_ns),
		.throttled_ns = since(used.throttled_ns, before->throttled_ns),
		.memory_peak = used.memory_peak, /* set back by the kernel itself */
		.memory_kills = since(used.memory_kills, before->memory_kills),
		.refused_processes = since(used.refused_processes, before->refused_processes),
		.read_bytes = since(used.read_bytes, before->read_bytes),
		.written_bytes = since(used.written_bytes, before->written_bytes),
		.reads = since(used.reads, before->reads),
		.writes = since(used.writes, before->writes),
	};
	return 0;
}
