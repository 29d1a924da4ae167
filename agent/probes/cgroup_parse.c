/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/cgroup_parse.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/probes/lines.h"
#include "agent/probes/pressure.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define NS_PER_US   1000

/* --- v2: Documentation/admin-guide/cgroup-v2.rst --- */

/* Where a hierarchy of v1 has told it, that one is believed. */
static void cpu_stat(struct cgroup_use *to, const char *text)
{
	uint64_t usage, user = 0, system = 0, periods, throttled = 0, throttled_us = 0;
	const struct line cpu[] = { { "usage_usec", &usage },
				    { "user_usec", &user },
				    { "system_usec", &system } };
	const struct line quota[] = { { "nr_periods", &periods },
				      { "nr_throttled", &throttled },
				      { "throttled_usec", &throttled_us } };

	if (to->version[USE_CPU] != 1 && lines_read(text, cpu, COUNT(cpu)) == COUNT(cpu)) {
		to->cpu = (struct cgroup_cpu){ lines_times(usage, NS_PER_US),
					       lines_times(user, NS_PER_US),
					       lines_times(system, NS_PER_US) };
		to->version[USE_CPU] = 2;
	}
	if (to->version[USE_THROTTLING] != 1 &&
	    lines_read(text, quota, COUNT(quota)) == COUNT(quota)) {
		to->throttling = (struct cgroup_throttling){ periods, throttled,
							     lines_times(throttled_us, NS_PER_US) };
		to->version[USE_THROTTLING] = 2;
	}
}

static void memory_current(struct cgroup_use *to, const char *text)
{
	if (lines_number(text, &to->memory.used_bytes)) {
		to->memory.limit_bytes = USE_NO_LIMIT; /* until its file says another */
		to->version[USE_MEMORY] = 2;
	}
}

static void memory_peak(struct cgroup_use *to, const char *text)
{
	lines_number(text, &to->memory.peak_bytes);
}

static void memory_max(struct cgroup_use *to, const char *text)
{
	lines_number(text, &to->memory.limit_bytes);
}

static void memory_swap(struct cgroup_use *to, const char *text)
{
	lines_number(text, &to->memory.swap_bytes);
}

static void memory_stat(struct cgroup_use *to, const char *text)
{
	const struct line rows[] = { { "anon", &to->memory.anon_bytes },
				     { "file", &to->memory.file_bytes },
				     { "inactive_file", &to->memory.inactive_file_bytes },
				     { "pgmajfault", &to->memory.major_faults } };

	lines_read(text, rows, COUNT(rows));
}

static void memory_events(struct cgroup_use *to, const char *text)
{
	const struct line rows[] = { { "max", &to->memory.limit_hits },
				     { "oom_kill", &to->memory.oom_kills } };

	lines_read(text, rows, COUNT(rows));
}

/* " rbytes=1" behind the device's number; what is not there counts nothing. */
static void add_field(uint64_t *to, const char *line, const char *end, const char *name)
{
	const char *at = memmem(line, (size_t)(end - line), name, strlen(name));
	uint64_t n;

	if (at && lines_number(at + strlen(name), &n))
		*to += n;
}

/* Summed over the devices: of one upon another (LVM, encryption) each counts what it was given. */
static void io_stat(struct cgroup_use *to, const char *text)
{
	struct cgroup_io sum = { 0 };

	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		add_field(&sum.read_bytes, text, end, " rbytes=");
		add_field(&sum.written_bytes, text, end, " wbytes=");
		add_field(&sum.reads, text, end, " rios=");
		add_field(&sum.writes, text, end, " wios=");
	}
	to->io = sum;
	to->version[USE_IO] = 2;
}

static void pids(struct cgroup_use *to, const char *text, unsigned char version)
{
	if (lines_number(text, &to->pids))
		to->version[USE_PIDS] = version;
}

static void pids_v2(struct cgroup_use *to, const char *text)
{
	pids(to, text, 2);
}

static void stalled(struct cgroup_use *to, const char *text, enum pressure_of of)
{
	if (pressure_parse(&to->pressure[of], text))
		to->version[USE_PRESSURE] = 2;
}

static void cpu_pressure(struct cgroup_use *to, const char *text)
{
	stalled(to, text, PRESSURE_CPU);
}

static void memory_pressure(struct cgroup_use *to, const char *text)
{
	stalled(to, text, PRESSURE_MEMORY);
}

static void io_pressure(struct cgroup_use *to, const char *text)
{
	stalled(to, text, PRESSURE_IO);
}

/* --- v1: Documentation/admin-guide/cgroup-v1 --- */

static void cpuacct_usage(struct cgroup_use *to, const char *text)
{
	if (lines_number(text, &to->cpu.usage_ns))
		to->version[USE_CPU] = 1;
}

static void cpuacct_stat(struct cgroup_use *to, const char *text)
{
	uint64_t ns_per_tick = NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	uint64_t user = 0, system = 0;
	const struct line rows[] = { { "user", &user }, { "system", &system } };

	if (lines_read(text, rows, COUNT(rows)) != COUNT(rows))
		return;
	to->cpu.user_ns = lines_times(user, ns_per_tick);
	to->cpu.system_ns = lines_times(system, ns_per_tick);
}

static void cpu_stat_v1(struct cgroup_use *to, const char *text)
{
	struct cgroup_throttling t = { 0 };
	const struct line rows[] = { { "nr_periods", &t.periods },
				     { "nr_throttled", &t.throttled_periods },
				     { "throttled_time", &t.throttled_ns } };

	if (lines_read(text, rows, COUNT(rows)) != COUNT(rows))
		return;
	to->throttling = t;
	to->version[USE_THROTTLING] = 1;
}

static void memory_usage(struct cgroup_use *to, const char *text)
{
	memory_current(to, text);
	if (to->version[USE_MEMORY])
		to->version[USE_MEMORY] = 1;
}

/* No limit is written as the most bytes that whole pages can be. */
static void memory_limit(struct cgroup_use *to, const char *text)
{
	memory_max(to, text);
	if (to->memory.limit_bytes > INT64_MAX / 2)
		to->memory.limit_bytes = USE_NO_LIMIT;
}

static void memory_stat_v1(struct cgroup_use *to, const char *text)
{
	const struct line rows[] = { { "total_rss", &to->memory.anon_bytes },
				     { "total_cache", &to->memory.file_bytes },
				     { "total_inactive_file", &to->memory.inactive_file_bytes },
				     { "total_swap", &to->memory.swap_bytes },
				     { "total_pgmajfault", &to->memory.major_faults } };

	lines_read(text, rows, COUNT(rows));
}

static void memory_failcnt(struct cgroup_use *to, const char *text)
{
	lines_number(text, &to->memory.limit_hits);
}

static void memory_oom(struct cgroup_use *to, const char *text)
{
	const struct line rows[] = { { "oom_kill", &to->memory.oom_kills } };

	lines_read(text, rows, COUNT(rows));
}

/* "8:0 Read 4096", one line a device and way; "Total 4096" at the end. */
static void blkio(const char *text, uint64_t *reads, uint64_t *writes)
{
	*reads = *writes = 0;
	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		add_field(reads, text, end, " Read ");
		add_field(writes, text, end, " Write ");
	}
}

/* Newer kernels count for v1 only what they throttle: "Total 0" may well be untrue. */
static void blkio_bytes(struct cgroup_use *to, const char *text)
{
	blkio(text, &to->io.read_bytes, &to->io.written_bytes);
	if (strstr(text, " Read "))
		to->version[USE_IO] = 1;
}

static void blkio_ios(struct cgroup_use *to, const char *text)
{
	blkio(text, &to->io.reads, &to->io.writes);
}

static void pids_v1(struct cgroup_use *to, const char *text)
{
	pids(to, text, 1);
}

#define OFTEN(name, parse) { name, parse, false }
#define RARE(name, parse)  { name, parse, true }
#define FILES(...)         ((const struct cgroup_file[]){ __VA_ARGS__, { 0 } })
const struct cgroup_controller cgroup_controllers[] = {
	{ "cpuacct", 1, USE_CPU,
	  FILES(OFTEN("cpuacct.usage", cpuacct_usage), OFTEN("cpuacct.stat", cpuacct_stat)) },
	{ "cpu", 1, USE_THROTTLING, FILES(OFTEN("cpu.stat", cpu_stat_v1)) },
	{ "memory", 1, USE_MEMORY,
	  FILES(OFTEN("memory.usage_in_bytes", memory_usage),
		RARE("memory.max_usage_in_bytes", memory_peak),
		OFTEN("memory.limit_in_bytes", memory_limit), OFTEN("memory.stat", memory_stat_v1),
		RARE("memory.failcnt", memory_failcnt), OFTEN("memory.oom_control", memory_oom)) },
	{ "cpu", 2, USE_CPU, FILES(OFTEN("cpu.stat", cpu_stat)) },
	{ "blkio", 1, USE_IO,
	  FILES(RARE("blkio.throttle.io_service_bytes_recursive", blkio_bytes),
		RARE("blkio.throttle.io_serviced_recursive", blkio_ios)) },
	{ "pids", 1, USE_PIDS, FILES(RARE("pids.current", pids_v1)) },
	{ "memory", 2, USE_MEMORY,
	  FILES(OFTEN("memory.current", memory_current), RARE("memory.peak", memory_peak),
		OFTEN("memory.max", memory_max), RARE("memory.swap.current", memory_swap),
		OFTEN("memory.stat", memory_stat), OFTEN("memory.events", memory_events)) },
	{ "io", 2, USE_IO, FILES(RARE("io.stat", io_stat)) },
	{ "pids", 2, USE_PIDS, FILES(RARE("pids.current", pids_v2)) },
	{ "", 2, USE_PRESSURE,
	  FILES(OFTEN("cpu.pressure", cpu_pressure), OFTEN("memory.pressure", memory_pressure),
		OFTEN("io.pressure", io_pressure)) },
};
const size_t cgroup_controller_count = COUNT(cgroup_controllers);
