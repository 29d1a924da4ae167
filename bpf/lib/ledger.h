/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ledger's tables of cgroups, one a subject: which row a cgroup's counters are in.
 *
 * Every row begins with the id of the cgroup that it counts for, 0 when it is free, so that
 * whoever finds the row has its counters in the same cache line.  A cgroup is looked for in
 * FL_LEDGER_PROBES places that follow from its id: no map is keyed by it and nothing is
 * allocated.  One whose places are all taken is counted in row FL_LEDGER_OTHER.
 *
 * Rows are kept in shards, so that CPUs do not fight for a cache line: row r of shard s is
 * element s * FL_LEDGER_ROWS + r.  Shard 0 says whose a row is: it is claimed there, and another
 * shard copies the id when a CPU of its own first counts in it.  The agent frees the rows of
 * cgroups that are gone, after it has added them to `other`: sums stay exact.
 *
 * Tables are global data of a fixed size, because a look-up in a map, and even a constant that
 * the loader sets, costs a cache line more on the way to every count.
 */
#pragma once

#define FL_LEDGER_ROWS   1024
#define FL_LEDGER_SHARDS 8 /* at most; how many are used follows from the CPUs */
#define FL_LEDGER_PROBES 8
#define FL_LEDGER_OTHER  0

#define FL_CPUS          1024 /* rows for CPUs, by number */
