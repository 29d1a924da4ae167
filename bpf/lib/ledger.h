/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ledger's cgroup index, shared by every subject: which row a cgroup's counters are in.
 *
 * fl_ledger_ids[row] holds the id of the cgroup that owns the row, 0 when it is free.  A
 * cgroup is looked for in FL_LEDGER_PROBES places that follow from its id, so no map is
 * keyed by it and nothing is allocated; whoever comes first claims a free place.  One whose
 * places are all taken is counted in row FL_LEDGER_OTHER.  The agent frees the rows of cgroups that
 * are gone, after it has added them to `other`: sums stay exact.
 *
 * Counters are kept in shards, so that CPUs do not fight for a cache line: the counters of
 * a row for CPU c are at element (c % shards) * FL_LEDGER_ROWS + row.
 */
#pragma once

#define FL_LEDGER_ROWS   1024
#define FL_LEDGER_PROBES 8
#define FL_LEDGER_OTHER  0
