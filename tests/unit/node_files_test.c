/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/node_files.h"

#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/probes/files_sample.h"
#include "agent/probes/filesystems.h"
#include "agent/probes/lines.h"
#include "agent/probes/memory.h"
#include "tests/lib/bundle.h"
#include "tests/lib/test.h"

#define TICK_NS 10000000ull

static int a_machine_is_read_from_its_files(void)
{
	CLEANUP(files_sample_freep) struct files_sample *s = NULL;
	char root[] = "/tmp/fairlead-node-XXXXXX";
	const struct cpu_times *cpus;
	const struct node_use *n;
	struct fs_machine *machine;
	struct memory m;

	CHECK(!files_sample_new(&s, 3));
	cpus = s->cpus;
	n = &s->node;
	bundle_open(root, "v2");
	machine = bundle_machine(root);
	CHECK(!files_sample_take(s, NULL, machine, &(struct files_asked){ .now_ns = 1 }));
	memory_read(&m, machine);
	fs_machine_free(machine);
	bundle_close(root);
	CHECK(cpus[0].known && cpus[1].known && !cpus[2].known);
	CHECK(cpus[0].ns[CPU_USER] == 65 * TICK_NS && cpus[0].ns[CPU_SYSTEM] == 289 * TICK_NS);
	CHECK(cpus[1].ns[CPU_IDLE] == 741 * TICK_NS && cpus[1].ns[CPU_SOFTIRQ] == 7 * TICK_NS);
	CHECK(n->system.known && n->system.context_switches == 6169 && n->system.forks == 291);
	CHECK(n->system.interrupts == 6117 && n->system.booted_s == 1795261074);
	CHECK(n->system.running == 1 && n->system.load[0] == 0.30);
	CHECK(n->system.files_open == 32 && n->system.files_limit == 96424);
	CHECK(n->paging.known && n->paging.faults && n->paging.in_bytes);
	CHECK(n->huge_pages.known && !strcmp(n->huge_pages.enabled, "always"));
	CHECK(!strcmp(n->huge_pages.defrag, "madvise"));
	CHECK(n->same_pages.known && !n->same_pages.running);
	CHECK(n->zram_count == 1 && n->zram[0].stored_bytes == 262144 && !n->zram[0].failed_reads);
	CHECK(n->busy_count == 1 && !strcmp(n->busy[0].name, "loop0") && n->busy[0].ns);
	CHECK(m.known && m.anon_bytes && m.slab_reclaimable_bytes && m.committed_bytes);
	return 0;
}

static int a_machine_without_files_is_not_known(void)
{
	CLEANUP(freep) struct node_use *n = calloc(1, sizeof(*n));
	struct cpu_times cpus[1] = { 0 };
	CLEANUP(fs_machine_freep) struct fs_machine *machine = bundle_machine("/nowhere");

	CHECK(n);
	node_files_read(n, cpus, 1, machine);
	node_files_read_seldom(n, machine);
	filesystems_read(n, machine);
	CHECK(!cpus[0].known && !n->system.known && !n->paging.known && !n->huge_pages.known);
	CHECK(!n->same_pages.known && !n->zram_count && !n->filesystem_count && !n->busy_count);
	return 0;
}

static int a_cpu_that_was_offline_has_no_window(void)
{
	struct cpu_times then = { 0 }, now = { .known = true, .ns[CPU_USER] = 9 }, d;

	cpu_times_between(&d, &then, &now);
	CHECK(!d.known);
	then = (struct cpu_times){ .known = true, .ns[CPU_USER] = 4, .ns[CPU_IOWAIT] = 3 };
	cpu_times_between(&d, &then, &now);
	CHECK(d.known && d.ns[CPU_USER] == 5 && !d.ns[CPU_IOWAIT]); /* it fell: no time */
	return 0;
}

static int only_filesystems_of_this_machine_are_asked(void)
{
	CLEANUP(freep) struct node_use *n = calloc(1, sizeof(*n));

	CHECK(n);
	filesystems_parse(
		n, "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
		   "22 21 0:5 / /proc rw - proc proc rw\n"
		   "23 21 8:1 /var/lib/x /a ro,nosuid - ext4 /dev/sda1 rw\n"
		   "24 21 0:40 / /net rw shared:2 - nfs4 server:/export rw,hard\n"
		   "25 21 0:41 / /srv/fuse rw - fuse.sshfs host: rw\n"
		   "26 21 8:2 / /my\\040disk rw shared:3 master:1 - xfs /dev/sdb ro\n"
		   "27 21 0:42 / /run rw - tmpfs tmpfs rw\n"
		   "28 21 7:1 / /snap ro - squashfs /dev/loop1 ro\n"
		   "nonsense\n"
		   "29 21 8:3 / /cut rw - ext4");
	CHECK(n->filesystem_count == 2 && !n->filesystems_unread);
	CHECK(!strcmp(n->filesystems[0].path, "/") && !n->filesystems[0].read_only);
	CHECK(n->filesystems[0].mount == 21);
	CHECK(!strcmp(n->filesystems[1].path, "/my disk") && n->filesystems[1].read_only);
	return 0;
}

static int filesystems_are_counted_beyond_the_most(void)
{
	CLEANUP(freep) struct node_use *n = calloc(1, sizeof(*n));
	CLEANUP(freep) char *text = malloc(65536);
	size_t length = 0;

	CHECK(n && text);
	for (int i = 0; i < FILESYSTEMS_MAX + 5; i++)
		length += (size_t)sprintf(text + length, "%d 1 8:1 / /m%d rw - ext4 /dev/sd%d rw\n",
					  i, i, i);
	filesystems_parse(n, text);
	CHECK(n->filesystem_count == FILESYSTEMS_MAX && n->filesystems_unread == 5);
	return 0;
}

static int a_mount_is_asked_how_full_it_is(void)
{
	CLEANUP(freep) struct node_use *n = calloc(1, sizeof(*n));
	CLEANUP(freep) struct node_use *again = calloc(1, sizeof(*again));
	char root[] = "/tmp/fairlead-mount-XXXXXX";
	struct fs_machine *machine;

	CHECK(n && again);
	bundle_open(root, NULL);
	machine = bundle_machine(root);
	bundle_write(root, "proc/self/mountinfo",
		     "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
		     "22 1 8:2 / /gone rw - ext4 /dev/sda2 rw\n");
	filesystems_read(n, machine);
	CHECK(n->filesystem_count == 1 && n->filesystems[0].size_bytes);
	filesystems_read_again(again, n, machine);
	CHECK(again->filesystem_count == 1 && again->filesystems[0].size_bytes);
	bundle_close(root);
	filesystems_read_again(again, n, machine); /* it is there no more: nobody was refused */
	CHECK(!again->filesystem_count && !again->filesystems_refused);
	fs_machine_free(machine);
	CHECK(n->filesystems[0].free_bytes >= n->filesystems[0].available_bytes);
	return 0;
}

static int who_asks_briefly_is_told_of_what_was_mounted_a_while_ago(void)
{
	CLEANUP(files_sample_freep) struct files_sample *last = NULL, *s = NULL;
	char root[] = "/tmp/fairlead-mount-XXXXXX";
	const char *mounts = "proc/self/mountinfo";
	const char *same = "sys/kernel/mm/ksm/run";
	struct files_asked asked = { .now_ns = 15 * NS_PER_SEC, .briefly = true };
	struct fs_machine *machine;

	CHECK(!files_sample_new(&last, 1) && !files_sample_new(&s, 1));
	asked.last = last;
	bundle_open(root, NULL);
	bundle_write(root, same, "0\n");
	machine = bundle_machine(root);
	bundle_write(root, mounts, "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
	CHECK(!files_sample_take(last, NULL, machine,
				 &(struct files_asked){ .now_ns = NS_PER_SEC }));
	bundle_write(root, mounts, "21 1 8:1 / / rw - ext4 /dev/sdb1 rw\n");
	bundle_write(root, same, "1\n");
	CHECK(!files_sample_take(s, NULL, machine, &asked));
	CHECK(!strcmp(s->node.filesystems[0].device, "/dev/sda1") && !s->node.same_pages.running);
	asked.now_ns += NS_PER_SEC;
	CHECK(!files_sample_take(s, NULL, machine, &asked));
	CHECK(!strcmp(s->node.filesystems[0].device, "/dev/sdb1") && s->node.same_pages.running);
	fs_machine_free(machine);
	bundle_close(root);
	return 0;
}

static int a_number_too_large_is_the_largest(void)
{
	uint64_t n = 5;

	CHECK(lines_number(" 18446744073709551616", &n) && n == UINT64_MAX);
	CHECK(lines_number("max\n", &n) && n == UINT64_MAX);
	CHECK(!lines_number("-1", &n) && !lines_number("", &n) && n == UINT64_MAX);
	CHECK(lines_times(UINT64_MAX / 2, 3) == UINT64_MAX && lines_times(3, 4) == 12);
	return 0;
}

static int a_name_is_matched_whole(void)
{
	uint64_t a = 0, b = 0;
	const struct line rows[] = { { "file", &a }, { "max", &b } };

	CHECK(lines_read("file_mapped 1\nfile 2\nmaximum 3\nmax: 4", rows, 2) == 2);
	CHECK(a == 2 && b == 4);
	return 0;
}

TEST_MAIN({ "a machine is read from its files", a_machine_is_read_from_its_files },
	  { "a machine without files is not known", a_machine_without_files_is_not_known },
	  { "a CPU that was offline has no window", a_cpu_that_was_offline_has_no_window },
	  { "only filesystems of this machine are asked",
	    only_filesystems_of_this_machine_are_asked },
	  { "filesystems are counted beyond the most", filesystems_are_counted_beyond_the_most },
	  { "a mount is asked how full it is", a_mount_is_asked_how_full_it_is },
	  { "who asks briefly is told of what was mounted a while ago",
	    who_asks_briefly_is_told_of_what_was_mounted_a_while_ago },
	  { "a number too large is the largest", a_number_too_large_is_the_largest },
	  { "a name is matched whole", a_name_is_matched_whole }, )
