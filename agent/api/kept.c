/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/kept.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/fs.h"
#include "agent/base/log.h"
#include "agent/base/words.h"
#include "agent/snapshot/finding.h"
#include "agent/store/store.h"

struct kept {
	struct store *store; /* NULL: this run keeps nothing */
	struct node_record record;
	uint64_t lost;
	bool noted; /* the record is what the next start is to find */
	int error;  /* of what was last tried */
	char folder[256], why[STORE_WHY];
};

static void conclude(struct kept *k, int r, const char *why)
{
	k->error = r;
	k->lost += r != 0;
	snprintf(k->why, sizeof(k->why), "%s", r ? why : "");
}

static void save(struct kept *k)
{
	char why[STORE_WHY];
	int r = node_record_save(k->store, &k->record, why);

	conclude(k, r, why);
	k->noted = !r;
	if (r)
		log_warn("store", "%s: see to room and rights in %s", why, k->folder);
}

/* What this run is to note, from what the one before it did. */
static int recall(struct kept *k)
{
	char why[STORE_WHY] = "", boot[BOOT_ID];
	struct node_record before;
	enum last_run last;
	int r = node_record_load(k->store, &before, why);

	if (why[0])
		log_warn("store", "%s", why);
	if (r && r != -ENOENT && r != -EBADMSG) { /* it is there for somebody: leave it alone */
		conclude(k, r, why);
		return r;
	}
	if (fs_read("/proc/sys/kernel/random/boot_id", boot, sizeof(boot)) < 0)
		boot[0] = '\0';
	k->record = node_record_next(r ? NULL : &before, boot, &last);
	if (last == LAST_KILLED)
		log_warn("agent", "the last run did not stop cleanly: it was killed or crashed");
	else if (last == LAST_NODE_DOWN)
		log_warn("agent", "the last run did not stop cleanly: the node went down under it");
	return 0;
}

struct kept *kept_new(const char *state_dir)
{
	struct kept *k = calloc(1, sizeof(*k));
	char why[STORE_WHY];
	int r;

	if (!k) {
		log_warn("store", "off: this run keeps nothing: out of memory");
		return NULL;
	}
	snprintf(k->folder, sizeof(k->folder), "%s", state_dir);
	r = store_open(&k->store, state_dir, why);
	if (r) {
		log_warn("store", "off: this run keeps nothing: %s", why);
		conclude(k, r, why);
	} else if (recall(k)) {
		k->store = store_free(k->store);
	} else {
		save(k);
	}
	return k;
}

struct kept *kept_free(struct kept *k)
{
	if (k)
		store_free(k->store);
	free(k);
	return NULL;
}

int kept_dump(struct kept *k, const char *file, const char *const *lines, char why[STORE_WHY])
{
	int r;

	if (!k || !k->store) {
		snprintf(why, STORE_WHY, "this run keeps nothing: see the log of its start");
		if (k)
			k->lost++;
		return -ENOENT;
	}
	r = store_dump(k->store, file, lines, why);
	conclude(k, r, why);
	if (!r && !k->noted) /* there is room again */
		save(k);
	return r;
}

void kept_end(struct kept *k)
{
	if (!k || !k->store)
		return;
	k->record.clean = true;
	save(k);
}

uint64_t kept_lost(const struct kept *k)
{
	return k ? k->lost : 0;
}

static const char *mend(int r)
{
	switch (-r) {
	case ENOSPC:
	case EDQUOT:
		return "make room on its filesystem, or set another state_dir; then start the agent anew";
	case EROFS:
		return "mount its filesystem for writing, or set another state_dir; then start the agent "
		       "anew";
	case EACCES:
	case EPERM:
		return "let the agent's user write it, or set another state_dir; then start the agent anew";
	default:
		return "see the reason, or set another state_dir; then start the agent anew";
	}
}

void kept_add_finding(const struct kept *k, struct findings *to)
{
	char why[STORE_WHY] = "out of memory";
	int r = k ? k->error : -ENOMEM;
	char reason[STORE_WHY + 258];
	struct finding *f;

	if (k && r)
		snprintf(why, sizeof(why), "%s", k->why);
	else if (k) /* seldom anything is written: it may have filled up since */
		r = store_look(k->store, why);
	f = findings_add(to, FINDING_BACKEND, r ? FINDING_OFF : FINDING_ON, "state");
	if (!r) {
		words_copy(f->reason, sizeof(f->reason), k->folder);
		return;
	}
	snprintf(reason, sizeof(reason), "%s%s%s", k && why[0] != '/' ? k->folder : "",
		 k && why[0] != '/' ? ": " : "", why);
	words_copy(f->reason, sizeof(f->reason), reason);
	snprintf(f->lost, sizeof(f->lost),
		 "the next start does not know how this run ended; no dump on SIGUSR1");
	snprintf(f->mend, sizeof(f->mend), "%s", mend(r));
}
