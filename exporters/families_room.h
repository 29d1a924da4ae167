/* SPDX-License-Identifier: Apache-2.0 */
/* families_room: what those who collect for families.c write by. */
#pragma once
#include "agent/base/clock.h"
#include "exporters/families.h"

typedef const struct snapshot snap;
typedef const struct family_sink sink;

#define LABELS(...)  ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_LABELS    ((const char *const[]){ NULL })

/* CGROUP_LABELS of them; their values lie in the snapshot. */
#define OF_CGROUP(c) "cgroup", (c)->path, "pod", (c)->pod, "container", (c)->container

static inline double in_seconds(uint64_t ns)
{
	return (double)ns / (double)NS_PER_SEC;
}

static inline void value(sink *to, const char *const *labels, double v)
{
	to->value(to->context, labels, v);
}

/* A family of one value without labels; `known`, as the value, is a member of the snapshot. */
#define SINGLE_FAMILY(name, known, member)                                                         \
	void name(snap *s, sink *to)                                                               \
	{                                                                                          \
		if (s->known)                                                                      \
			value(to, NO_LABELS, (double)s->member);                                   \
	}
