/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc lets be changed and shows of the host. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/vm/escape/trick.h"

/* A setting is written to as it is: what it is for is not at stake here. */
static int write_back(const char *path)
{
	char text[256];
	int n = read_text(path, text, sizeof(text));

	if (n == -ENOENT)
		return n;
	return n < 0 ? n : write_text(path, text);
}

static int core_pattern(void)
{
	return write_back("/proc/sys/kernel/core_pattern");
}

static int modprobe_path(void)
{
	return write_back("/proc/sys/kernel/modprobe");
}

static int panic_setting(void)
{
	return write_back("/proc/sys/kernel/panic");
}

static int randomize(void)
{
	return write_back("/proc/sys/kernel/randomize_va_space");
}

static int net_setting(void)
{
	return write_back("/proc/sys/net/ipv4/ip_default_ttl");
}

static int sysrq(void)
{
	return write_text("/proc/sysrq-trigger", "h"); /* it says what there is, and no more */
}

static int own_memory(void)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

static int own_oom_score(void)
{
	return write_text("/proc/self/oom_score_adj", "500");
}

static int lower_oom_score(void)
{
	return write_text("/proc/self/oom_score_adj", "-500");
}

static int own_map(void)
{
	/* It can be written once, and has been: what is asked is whether the file opens. */
	int fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

static int own_group_map(void)
{
	int fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

static int time_offsets(void)
{
	int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

/* An address that is not hidden: something other than noughts at the begin of a line. */
static int see_symbols(void)
{
	char text[4096];
	int n = read_text("/proc/kallsyms", text, sizeof(text));

	if (n < 0)
		return n;
	for (char *line = text; line && *line; line = strchr(line, '\n'), line += !!line)
		if (strncmp(line, "0000000000000000", 16) != 0)
			return 0;
	return -EACCES;
}

static int see_file(const char *path)
{
	char text[65]; /* some give eight bytes at a time only */
	int n = read_text(path, text, sizeof(text));

	return n < 0 ? n : n ? 0 : -EACCES;
}

static int see_keys(void)
{
	return see_file("/proc/keys");
}

static int see_core(void)
{
	return see_file("/proc/kcore");
}

static int see_log(void)
{
	int fd = open("/proc/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

static int see_timers(void)
{
	return see_file("/proc/timer_list");
}

static int see_pages(void)
{
	return see_file("/proc/kpagecount");
}

static int see_slabs(void)
{
	return see_file("/proc/slabinfo");
}

static int see_own_pages(void)
{
	unsigned long long entry = 0;
	unsigned long at = (unsigned long)&entry;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, &entry, sizeof(entry), (off_t)(at / 4096 * 8)) != 8)
		return -errno;
	return entry << 9 ? 0 : -EPERM; /* the frame's number, which is nought where it is hidden */
}

/* That any of it is there: interrupts, file systems, disks of the host. */
static int see_folders(void)
{
	static const char *const folders[] = { "/proc/irq", "/proc/fs", "/proc/bus", "/proc/scsi",
					       "/proc/acpi" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		DIR *dir = opendir(folders[i]);
		const struct dirent *entry;

		while (dir && (entry = readdir(dir)))
			if (entry->d_name[0] != '.')
				return 0;
		if (dir)
			closedir(dir);
	}
	return -ENOENT;
}

static int set_affinity_of_interrupts(void)
{
	return write_back("/proc/irq/default_smp_affinity");
}

const struct trick proc_tricks[] = {
	{ "core-pattern", "sets the handler of core dumps, which root runs",
	  "read-only /proc, user namespace, landlock", "proc,user,fence", NULL, core_pattern },
	{ "modprobe-path", "sets the program that loads modules, which root runs",
	  "read-only /proc, user namespace, landlock", "proc,user,fence", NULL, modprobe_path },
	{ "sysctl-panic", "sets what a panic does", "read-only /proc, user namespace, landlock",
	  "proc,user,fence", NULL, panic_setting },
	{ "sysctl-randomize", "sets address randomisation",
	  "read-only /proc, user namespace, landlock", "proc,user,fence", NULL, randomize },
	{ "sysctl-net", "changes a setting of its network",
	  "read-only /proc, capabilities, landlock", "proc,caps,fence", NULL, net_setting },
	{ "sysrq", "asks for help by sysrq-trigger", "read-only /proc, user namespace, landlock",
	  "proc,user,fence", NULL, sysrq },
	{ "irq-affinity", "sets where interrupts go", "masked, user namespace, landlock",
	  "proc,user,fence", NULL, set_affinity_of_interrupts },
	{ "own-memory", "opens /proc/self/mem for writing", "read-only /proc, landlock",
	  "proc,fence", NULL, own_memory },
	{ "oom-score", "sets its own oom_score_adj", "read-only /proc, landlock", "proc,fence",
	  NULL, own_oom_score },
	{ "oom-score-lower", "keeps itself from being killed for want of memory",
	  "read-only /proc, capabilities, landlock", "proc,caps,user,fence", NULL,
	  lower_oom_score },
	{ "uid-map", "opens its map of users", "read-only /proc, landlock", "proc,fence", NULL,
	  own_map },
	{ "setgroups", "opens what denies groups", "read-only /proc, landlock", "proc,caps,fence",
	  NULL, own_group_map },
	{ "time-offsets", "opens the offsets of its time namespace", "read-only /proc, landlock",
	  "proc,fence", NULL, time_offsets },
	{ "kallsyms", "reads where the kernel lies", "masked", "proc", NULL, see_symbols },
	{ "proc-keys", "reads the list of keys", "masked", "proc", NULL, see_keys },
	{ "kcore", "reads the kernel's memory", "capabilities, user namespace",
	  "proc,caps,user,filter", NULL, see_core },
	{ "proc-kmsg", "reads the kernel's log in /proc", "capabilities, user namespace",
	  "proc,caps,user", NULL, see_log },
	{ "timer-list", "reads the kernel's timers", "user namespace", "proc,caps,user", NULL,
	  see_timers },
	{ "kpagecount", "reads how pages are used", "user namespace", "proc,caps,user", NULL,
	  see_pages },
	{ "slabinfo", "reads how the kernel's memory is used", "user namespace", "proc,caps,user",
	  NULL, see_slabs },
	{ "pagemap", "learns where its memory lies in the machine's",
	  "capabilities, user namespace", "caps,user", NULL, see_own_pages },
	{ "proc-folders", "looks into the folders of the host's hardware", "masked", "proc", NULL,
	  see_folders },
	{ 0 },
};
