/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jobs/script_cache.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/list.h"

/* Files that are kept are few: a search through a chain of some is nothing beside one read(). */
enum { CHAINS = 256, KEPT_PART = 4 };

struct stamps {
	uint64_t device, inode, size, mtime_ns, ctime_ns;
};

struct file {
	struct list used, chain;
	struct stamps stamps;
	bool settled; /* both times were over when it was read */
	uint64_t version;
	size_t size;
	char *bytes; /* owned */
};

struct script_cache {
	struct list used; /* by LRU, as a script that is run is the one that is run again */
	struct list chains[CHAINS];
	size_t bytes_max;
	uint64_t versions;
	struct file spare; /* the last one that was too large to be kept */
	struct script_counts counts;
};

/* --- what is kept --- */

static struct list *chain_of(struct script_cache *c, const struct stamps *s)
{
	return &c->chains[(s->inode * 0x9e3779b97f4a7c15 ^ s->device) >> 32 & (CHAINS - 1)];
}

static struct file *find(struct script_cache *c, const struct stamps *s)
{
	struct list *chain = chain_of(c, s);

	for (struct list *link = chain->next; link != chain; link = link->next) {
		struct file *f = LIST_OF(link, struct file, chain);

		if (f->stamps.device == s->device && f->stamps.inode == s->inode)
			return f;
	}
	return NULL;
}

static size_t cost_of(size_t size)
{
	return size + sizeof(struct file);
}

static void drop(struct script_cache *c, struct file *f)
{
	c->counts.bytes -= cost_of(f->size);
	c->counts.entries--;
	list_remove(&f->used);
	list_remove(&f->chain);
	free(f->bytes);
	free(f);
}

static void make_room(struct script_cache *c, size_t wanted)
{
	while (c->counts.entries && c->counts.bytes + wanted > c->bytes_max) {
		c->counts.evicted++;
		drop(c, LIST_OF(list_first(&c->used), struct file, used));
	}
}

/* One that is too large to be kept lies in the spare place until the next call. */
static struct file *keep(struct script_cache *c, const struct stamps *s)
{
	struct file *f =
		cost_of(s->size) <= c->bytes_max / KEPT_PART ? calloc(1, sizeof(*f)) : NULL;

	if (!f)
		return &c->spare;
	make_room(c, cost_of(s->size));
	list_append(&c->used, &f->used);
	list_append(chain_of(c, s), &f->chain);
	c->counts.bytes += cost_of(s->size);
	c->counts.entries++;
	return f;
}

/* --- reading --- */

static uint64_t ns_of(const struct timespec *t)
{
	return t->tv_sec < 0 ? 0 : (uint64_t)t->tv_sec * NS_PER_SEC + (uint64_t)t->tv_nsec;
}

static int look(int fd, struct stamps *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	*ret = (struct stamps){ st.st_dev, st.st_ino, (uint64_t)st.st_size, ns_of(&st.st_mtim),
				ns_of(&st.st_ctim) };
	return 0;
}

static bool same_stamps(const struct stamps *a, const struct stamps *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* A time that is still to come is not over either. */
static bool is_over(uint64_t stamp_ns, uint64_t wall_ns)
{
	return stamp_ns < wall_ns && wall_ns - stamp_ns >= SCRIPT_SETTLES_NS;
}

static bool is_settled(const struct stamps *s, uint64_t wall_ns)
{
	return is_over(s->mtime_ns, wall_ns) && is_over(s->ctime_ns, wall_ns);
}

/* -EAGAIN: the file is shorter than it was. */
static int read_whole(int fd, char *bytes, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = pread(fd, bytes + at, size - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EAGAIN;
		at += (size_t)n;
	}
	return 0;
}

/* A reading of a file; steady: its stamps were the same before and after. */
struct reading {
	struct stamps stamps;
	char *bytes; /* owned */
	bool steady;
};

static int read_once(int fd, size_t size_max, struct reading *r)
{
	struct stamps after;
	int error;

	if (r->stamps.size > size_max)
		return -EFBIG;
	free(r->bytes);
	r->bytes = malloc(r->stamps.size + 1);
	if (!r->bytes)
		return -ENOMEM;
	error = read_whole(fd, r->bytes, r->stamps.size);
	if (!error)
		error = look(fd, &after);
	r->steady = !error && same_stamps(&r->stamps, &after);
	return error;
}

/*
 * Where somebody writes without end, what was read last has to do, as for any reader; it does
 * not settle, so the next call looks again.
 */
static int read_steady(int fd, size_t size_max, struct reading *r)
{
	enum { TRIES = 4 };
	int error = 0;

	for (int i = 0; i < TRIES && !r->steady; i++) {
		error = look(fd, &r->stamps);
		if (!error)
			error = read_once(fd, size_max, r);
		if (error && error != -EAGAIN)
			return error;
	}
	return error ? -EBUSY : 0;
}

/* Piece by piece, so that a file that is as it was costs no memory. */
static bool has_same_bytes(int fd, const struct file *f)
{
	char piece[16 << 10];

	for (size_t at = 0; at < f->size;) {
		size_t size = f->size - at < sizeof(piece) ? f->size - at : sizeof(piece);
		ssize_t n = pread(fd, piece, size, (off_t)at);

		if (n <= 0 || memcmp(piece, f->bytes + at, (size_t)n) != 0)
			return false; /* or a signal: then it is read once more */
		at += (size_t)n;
	}
	return true;
}

/* It is as it was, and nobody wrote meanwhile. */
static bool is_same(int fd, const struct file *f, const struct stamps *s)
{
	struct stamps after;

	return s->size == f->size && has_same_bytes(fd, f) && !look(fd, &after) &&
	       same_stamps(s, &after);
}

/* --- the doors --- */

int script_cache_new(struct script_cache **ret, size_t bytes_max)
{
	struct script_cache *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->bytes_max = bytes_max;
	list_init(&c->used);
	for (size_t i = 0; i < CHAINS; i++)
		list_init(&c->chains[i]);
	*ret = c;
	return 0;
}

struct script_cache *script_cache_free(struct script_cache *c)
{
	struct list *link;

	if (!c)
		return NULL;
	while ((link = list_first(&c->used)))
		drop(c, LIST_OF(link, struct file, used));
	free(c->spare.bytes);
	free(c);
	return NULL;
}

void script_cache_freep(struct script_cache **c)
{
	script_cache_free(*c);
}

static int give(const struct file *f, struct script *ret)
{
	*ret = (struct script){ .bytes = f->bytes, .size = f->size, .version = f->version };
	return 0;
}

/* In place of what there was of it, if anything. */
static int take_over(struct script_cache *c, struct file *old, struct reading *r, uint64_t wall_ns,
		     struct script *ret)
{
	struct file *f;

	c->counts.loaded++;
	if (old)
		drop(c, old);
	f = keep(c, &r->stamps);
	free(f->bytes);
	f->bytes = TAKE(r->bytes);
	f->size = r->stamps.size;
	f->stamps = r->stamps;
	f->settled = r->steady && is_settled(&r->stamps, wall_ns);
	f->version = ++c->versions;
	return give(f, ret);
}

static int load(struct script_cache *c, struct file *old, int fd, size_t size_max, uint64_t wall_ns,
		struct script *ret)
{
	struct reading r = { .bytes = NULL };
	int error = read_steady(fd, size_max, &r);

	if (!error)
		error = take_over(c, old, &r, wall_ns, ret);
	free(r.bytes);
	return error;
}

int script_cache_get(struct script_cache *c, int fd, size_t size_max, uint64_t wall_ns,
		     struct script *ret)
{
	struct stamps s;
	struct file *f;
	int r = look(fd, &s);

	if (r)
		return r;
	if (s.size > size_max)
		return -EFBIG;
	f = find(c, &s);
	if (!f)
		return load(c, NULL, fd, size_max, wall_ns, ret);
	list_move_to_end(&c->used, &f->used);
	if (f->settled && f->size > SCRIPT_COMPARED && same_stamps(&f->stamps, &s)) {
		c->counts.hits++;
		return give(f, ret);
	}
	if (!is_same(fd, f, &s))
		return load(c, f, fd, size_max, wall_ns, ret);
	c->counts.compared++;
	f->stamps = s;
	f->settled = is_settled(&s, wall_ns);
	return give(f, ret);
}

struct script_counts script_cache_counts(const struct script_cache *c)
{
	return c->counts;
}
