/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/snapshot/node_totals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/base/cleanup.h"
#include "agent/probes/memory.h"
#include "agent/probes/network.h"
#include "agent/probes/pressure.h"
#include "tests/lib/bundle.h"
#include "tests/lib/test.h"

#define HEAD                                                                                       \
	"Inter-|   Receive                                                |  Transmit\n"           \
	" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs " \
	"drop fifo colls carrier compressed\n"

static int pressure_is_what_the_kernel_adds_up(void)
{
	struct pressure p = { 0 };

	CHECK(pressure_parse(&p, "some avg10=0.06 avg60=0.66 avg300=9.77 total=2913122932\n"
				 "full avg10=0.00 avg60=0.00 avg300=0.00 total=17"));
	CHECK(p.known && p.some_ns == 2913122932000 && p.full_ns == 17000);
	/* before 5.13 there was no "full" for the CPU */
	CHECK(pressure_parse(&p, "some avg10=0.00 avg60=0.00 avg300=0.00 total=5"));
	CHECK(p.some_ns == 5000 && p.full_ns == 0);
	CHECK(!pressure_parse(&p, "") && !pressure_parse(&p, "some avg10=0.00\nfull total=3"));
	CHECK(!pressure_parse(&p, "awesome total=3"));
	CHECK(p.some_ns == 5000); /* what is none leaves what was */
	return 0;
}

static int interfaces_have_what_came_and_what_went(void)
{
	CLEANUP(freep) struct network *n = calloc(1, sizeof(*n));

	CHECK(n);
	network_parse(n, HEAD
		      "    lo:    6956      64    1    2    0     0          0         0     6957 "
		      "     65    3    4    0     0       0          0\n"
		      "enp0s31f6:18446744073709551615 1 0 0 0 0 0 0 9 8 0 0 0 0 0 0");
	CHECK(n->count == 2 && !strcmp(n->interfaces[0].name, "lo"));
	CHECK(n->interfaces[0].received.bytes == 6956 && n->interfaces[0].received.dropped == 2);
	CHECK(n->interfaces[0].sent.packets == 65 && n->interfaces[0].sent.errors == 3);
	CHECK(n->interfaces[1].received.bytes == UINT64_MAX && n->interfaces[1].sent.bytes == 9);
	return 0;
}

static int more_interfaces_than_there_is_room_are_counted(void)
{
	CLEANUP(freep) struct network *n = calloc(1, sizeof(*n));
	CLEANUP(freep) char *text = calloc(1, 65536);
	size_t length = 0;

	CHECK(n && text);
	for (int i = 0; i < INTERFACES_MAX + 3; i++)
		length += (size_t)sprintf(text + length,
					  "veth%d: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n", i);
	network_parse(n, text);
	CHECK(n->count == INTERFACES_MAX && n->unread == 3);
	network_parse(n, "no colon\nname: 1 2 3\n: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
	CHECK(n->count == 0 && n->unread == 0);
	return 0;
}

static int an_interface_that_was_made_anew_counts_from_zero(void)
{
	CLEANUP(freep) struct network *then = calloc(1, sizeof(*then));
	CLEANUP(freep) struct network *now = calloc(1, sizeof(*now));
	CLEANUP(freep) struct network *d = calloc(1, sizeof(*d));

	CHECK(then && now && d);
	network_parse(then,
		      "a: 100 1 0 0 0 0 0 0 50 1 0 0 0 0 0 0\nb: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0");
	network_parse(now,
		      "b: 12 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\na: 7 1 0 0 0 0 0 0 60 1 0 0 0 0 0 0\n"
		      "c: 3 3 0 0 0 0 0 0 3 3 0 0 0 0 0 0");
	network_between(d, then, now);
	CHECK(d->count == 3 && d->interfaces[0].received.bytes == 3);
	CHECK(d->interfaces[1].received.bytes == 7 && d->interfaces[1].sent.bytes == 10);
	CHECK(d->interfaces[2].received.bytes == 3);
	return 0;
}

static int memory_is_what_the_files_say(void)
{
	char root[] = "/tmp/fairlead-memory-XXXXXX", path[64], command[96];
	struct fs_machine *machine;
	struct memory m = { 0 };
	FILE *f;

	CHECK(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/proc", root);
	CHECK(mkdir(path, 0755) == 0);
	snprintf(path, sizeof(path), "%s/proc/meminfo", root);
	CHECK((f = fopen(path, "w")) != NULL);
	fputs("MemTotal:        2048 kB\nMemFree:  1 kB\nMemAvailable:   1024 kB\n"
	      "SwapCached: 7 kB\nCached: 3 kB\n",
	      f);
	fclose(f);
	snprintf(path, sizeof(path), "%s/proc/vmstat", root);
	CHECK((f = fopen(path, "w")) != NULL);
	fputs("pgfault 9\npgmajfault 4\noom_kill 2\n", f);
	fclose(f);
	machine = bundle_machine(root);
	memory_read(&m, machine);
	fs_machine_free(machine);
	CHECK(m.known && m.total_bytes == 2048 * 1024 && m.available_bytes == 1024 * 1024);
	CHECK(m.cached_bytes == 3 * 1024 && m.major_faults == 4 && m.oom_kills == 2);
	machine = bundle_machine("/nowhere");
	memory_read(&m, machine);
	fs_machine_free(machine);
	CHECK(!m.known && !m.total_bytes);
	snprintf(command, sizeof(command), "rm -r %s", root);
	CHECK(system(command) == 0);
	return 0;
}

TEST_MAIN({ "pressure is what the kernel adds up", pressure_is_what_the_kernel_adds_up },
	  { "interfaces have what came and what went", interfaces_have_what_came_and_what_went },
	  { "more interfaces than there is room are counted",
	    more_interfaces_than_there_is_room_are_counted },
	  { "an interface that was made anew counts from zero",
	    an_interface_that_was_made_anew_counts_from_zero },
	  { "memory is what the files say", memory_is_what_the_files_say }, )
