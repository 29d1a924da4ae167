/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/cgroup_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/text_index.h"
#include "agent/probes/cgroup_names.h"
#include "agent/probes/cgroup_parse.h"

enum {
	HIERARCHIES_MAX = 8,
	CONTROLLERS_MAX = 8,
	TEXT_MAX = 65536, /* io.stat has a line for each device */
};

/* What others do to a cgroup in which nothing runs is seen at the latest by then. */
#define QUIET_NS        (2 * NS_PER_SEC)
#define QUIET_BRIEF_NS  (10 * NS_PER_SEC)
#define STILL_AGE_NS    (45 * NS_PER_SEC) /* what is kept is believed for no longer than this */
#define STILL_SPREAD_NS (60 * NS_PER_SEC)
#define BRIEF_AGE_NS    (10 * NS_PER_SEC) /* by then a beat has read all, in a window of 10 s */
#define BRIEF_SPREAD_NS (5 * NS_PER_SEC)

struct hierarchy {
	struct cgroup_names *names;
	bool owned;
	int mount; /* its folder */
	const struct cgroup_controller *controllers[CONTROLLERS_MAX];
	size_t count;
};

struct cgroup_files {
	size_t count;
	struct hierarchy hierarchies[HIERARCHIES_MAX];
	unsigned char version[_USE_MAX];
	struct cgroup_files_sample last; /* what was read the time before */
	uint64_t whole_ns;               /* when all of it was read, for nobody who asks briefly */
	char text[TEXT_MAX];
};

static struct hierarchy *hierarchy_at(struct cgroup_files *f, const char *mount)
{
	for (size_t i = 0; i < f->count; i++)
		if (!strcmp(cgroup_names_mount(f->hierarchies[i].names), mount))
			return &f->hierarchies[i];
	return NULL;
}

static struct hierarchy *add_hierarchy(struct cgroup_files *f, struct cgroup_names *names)
{
	struct hierarchy *h = &f->hierarchies[f->count];
	int mount;

	if (f->count == HIERARCHIES_MAX)
		return NULL;
	mount = open(cgroup_names_mount(names), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mount < 0)
		return NULL;
	f->count++;
	*h = (struct hierarchy){ .names = names, .mount = mount };
	return h;
}

/* Controllers that are mounted together are one hierarchy.  Did it take the names for its own? */
static bool add(struct cgroup_files *f, const struct cgroup_controller *c,
		struct cgroup_names *names, bool owned)
{
	struct hierarchy *h = hierarchy_at(f, cgroup_names_mount(names));
	bool is_new = !h;

	if (!h)
		h = add_hierarchy(f, names);
	if (!h || h->count == CONTROLLERS_MAX)
		return false;
	h->owned |= is_new && owned;
	h->controllers[h->count++] = c;
	if (!f->version[c->of])
		f->version[c->of] = c->version;
	if (c->of == USE_CPU && c->version == 2 && !f->version[USE_THROTTLING])
		f->version[USE_THROTTLING] = 2; /* the same file tells it */
	return is_new && owned;
}

int cgroup_files_new(struct cgroup_files **ret, const char *root, struct cgroup_names *cgroups,
		     struct cgroup_names *blkio)
{
	struct cgroup_files *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	for (size_t i = 0; i < cgroup_controller_count; i++) {
		const struct cgroup_controller *c = &cgroup_controllers[i];
		struct cgroup_names *names = NULL;

		if (c->version == 2) {
			/* a controller is in one hierarchy only, and v1's come first; but what ran
			 * in a cgroup, each hierarchy of v2 counts */
			if (cgroups && (!f->version[c->of] || c->of == USE_CPU))
				add(f, c, cgroups, false);
		} else if (c->of == USE_IO) {
			if (blkio)
				add(f, c, blkio, false);
		} else if (!cgroup_names_new(&names, root, c->name) && !add(f, c, names, true)) {
			cgroup_names_free(names);
		}
	}
	*ret = f;
	return 0;
}

struct cgroup_files *cgroup_files_free(struct cgroup_files *f)
{
	for (size_t i = 0; f && i < f->count; i++) {
		close(f->hierarchies[i].mount);
		if (f->hierarchies[i].owned)
			cgroup_names_free(f->hierarchies[i].names);
	}
	if (f)
		cgroup_files_sample_clear(&f->last);
	free(f);
	return NULL;
}

void cgroup_files_walk(struct cgroup_files *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->hierarchies[i].owned)
			cgroup_names_refresh(f->hierarchies[i].names);
}

int cgroup_files_version(const struct cgroup_files *f, enum use_of of)
{
	return f->version[of];
}

void cgroup_files_sample_clear(struct cgroup_files_sample *s)
{
	while (s->count)
		free(s->rows[--s->count].path);
	free(s->rows);
	*s = (struct cgroup_files_sample){ 0 };
}

/* The kernel gives such a file whole to one read that has the room. */
static int read_text(int folder, const char *name, char *ret, size_t size)
{
	CLEANUP(closep) int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, ret, size - 1);
	if (n < 0)
		return -errno;
	ret[n] = '\0';
	return 0;
}

/* One reading: where its rows go, and what the last one had. */
struct reading {
	struct cgroup_files *f;
	struct cgroup_files_sample sample;
	struct text_index rows, last; /* by path: in sample, in f->last */
	uint64_t now_ns;
	bool briefly;
};

/* 0 also when it is not there or not for us: only a file that was read tells anything. */
static int read_file(struct reading *r, int folder, const char *name,
		     const struct cgroup_file *file, struct cgroup_use *to)
{
	int e = read_text(folder, name, r->f->text, sizeof(r->f->text));

	if (!e)
		file->parse(to, r->f->text);
	r->sample.refused += e == -EACCES || e == -EPERM;
	return e;
}

static void read_controller(struct reading *r, const struct cgroup_controller *c, int folder,
			    bool first_is_read, struct cgroup_use *to)
{
	for (const struct cgroup_file *file = c->files + first_is_read; file->name; file++) {
		int e = file->rare && r->briefly ? 0 : read_file(r, folder, file->name, file, to);

		if (e && e != -EACCES && file == c->files) /* not handed down to this cgroup */
			return;
	}
}

static const struct cgroup_row *last_of(const struct reading *r, const char *path)
{
	size_t i = text_index_find(&r->last, path);

	return i == TEXT_INDEX_NONE ? NULL : &r->f->last.rows[i];
}

/* Its row, made where there is none; NULL: there is no room left. */
static struct cgroup_row *row_of(struct reading *r, const struct hierarchy *h, const char *path,
				 uint64_t id)
{
	struct cgroup_files_sample *s = &r->sample;
	size_t i = text_index_find(&r->rows, path);
	char *copy;

	if (i != TEXT_INDEX_NONE)
		return &s->rows[i];
	copy = s->count < CGROUP_FILES_MAX ? strdup(path) : NULL;
	if (!copy)
		return NULL;
	text_index_add(&r->rows, copy, s->count);
	s->rows[s->count] = (struct cgroup_row){ .id = h->controllers[0]->version == 2 ? id : 0,
						 .path = copy,
						 .read_ns = r->now_ns,
						 .still_ns = r->now_ns,
						 .brief = r->briefly };
	return &s->rows[s->count++];
}

/*
 * Nothing can have run since `last` was read, nor was anything stopped in the midst of it: what
 * a cgroup has does not change by itself.  What others do to it (reclaim, a new limit) is seen
 * when the last full look is too old.  The CPU time is always read before all else, so what
 * happens during a reading shows in the next one.
 */
static bool is_quiet(const struct reading *r, const struct hierarchy *h,
		     const struct cgroup_row *last, uint64_t usage_ns)
{
	return last && !last->stirred && (r->briefly || !last->brief) &&
	       r->now_ns - last->read_ns < (r->briefly ? QUIET_BRIEF_NS : QUIET_NS) &&
	       last->use.version[USE_CPU] == h->controllers[0]->version &&
	       last->use.cpu.usage_ns == usage_ns;
}

/* Each row another part of a while, so that they do not all grow old at once: in steps of the
 * golden section these lie evenly, for any number. */
static uint64_t part_of(uint64_t spread_ns, const struct reading *r, const struct cgroup_row *last)
{
	uint64_t number = (uint64_t)(last - r->f->last.rows);

	return number * (spread_ns / 1000 * 618) % spread_ns;
}

/* Who asks again and again is told what was read 10 to 15 s ago at most, so that no scrape has to
 * read all of them. */
static bool is_fresh_enough(const struct reading *r, const struct cgroup_row *last)
{
	return r->briefly && last &&
	       r->now_ns - last->read_ns < BRIEF_AGE_NS + part_of(BRIEF_SPREAD_NS, r, last);
}

static void reuse(struct cgroup_row *row, const struct cgroup_row *last)
{
	row->read_ns = last->read_ns;
	row->still_ns = last->still_ns;
	row->ran_known = last->ran_known;
	row->ran_ns = last->ran_ns;
	row->brief = last->brief;
	row->stirred = last->stirred;
	row->use = last->use;
}

static bool is_from_before(const struct reading *r, const struct cgroup_row *row)
{
	return row && row->read_ns != r->now_ns;
}

/* For one file alone, its folder is not worth to be opened. */
static int read_by_path(struct reading *r, const struct hierarchy *h, const char *path,
			const struct cgroup_file *file, struct cgroup_use *to)
{
	const char *below = cgroup_names_below(h->names, path);
	char name[PATH_MAX];

	if (file->rare && r->briefly)
		return -ENODATA;
	if (snprintf(name, sizeof(name), "%s%s%s", below + 1, below[1] ? "/" : "", file->name) >=
	    (int)sizeof(name))
		return -ENAMETOOLONG;
	return read_file(r, h->mount, name, file, to);
}

/* Where the first file says that all is as it was, it is the only one. */
static bool read_first(struct reading *r, const struct hierarchy *h, const char *path, uint64_t id)
{
	const struct cgroup_file *first = h->controllers[0]->files;
	struct cgroup_use use = { 0 };
	const struct cgroup_row *last;
	struct cgroup_row *row;

	if (read_by_path(r, h, path, first, &use))
		return false;
	row = row_of(r, h, path, id);
	if (!row)
		return false;
	last = last_of(r, path);
	if (h->controllers[0]->of == USE_CPU && is_quiet(r, h, last, use.cpu.usage_ns)) {
		reuse(row, last);
		return true;
	}
	first->parse(&row->use, r->f->text); /* which leaves alone what v1 has told */
	if (h->controllers[0]->version == 2) {
		row->ran_known = use.version[USE_CPU];
		row->ran_ns = use.cpu.usage_ns;
	}
	return true;
}

/*
 * Nothing ran since it was read the time before, nor the time before that: by the CPU time of the
 * cgroup2 hierarchy, and by v1's where that has it, as either may have the tasks elsewhere.
 */
static bool is_still(const struct reading *r, const struct cgroup_row *row,
		     const struct cgroup_row *last)
{
	return row && last && !last->stirred && row->ran_known && last->ran_known &&
	       row->ran_ns == last->ran_ns && row->use.cpu.usage_ns == last->use.cpu.usage_ns &&
	       r->now_ns - last->still_ns < STILL_AGE_NS + part_of(STILL_SPREAD_NS, r, last);
}

/*
 * What stays as it was where nothing runs.  Tasks that have not run were not kept from anything
 * either, but for one that was woken and got no CPU at all; and v1 books an IO to a cgroup when one
 * of its tasks makes it, where v2 does so for what is written back later as well.
 */
static bool is_kept(const struct cgroup_controller *c, const struct cgroup_row *last)
{
	if (c->of == USE_IO)
		return c->version == 1 && !last->brief;
	return c->of == USE_PRESSURE && last->use.version[USE_PRESSURE];
}

static void keep(enum use_of of, struct cgroup_row *row, const struct cgroup_row *last)
{
	row->still_ns = last->still_ns;
	row->use.version[of] = last->use.version[of];
	if (of == USE_IO)
		row->use.io = last->use.io;
	else
		memcpy(row->use.pressure, last->use.pressure, sizeof(row->use.pressure));
}

/* Is there nothing left to read of this controller?  still: the row is as the last one was. */
static bool is_told(const struct cgroup_controller *c, bool first_is_read, struct cgroup_row *row,
		    const struct cgroup_row *still)
{
	if (!still || !is_kept(c, still))
		return first_is_read && !c->files[1].name;
	keep(c->of, row, still);
	return true;
}

/* How many of the controllers, from the first on, have nothing left to read. */
static size_t told_of(const struct hierarchy *h, bool first_is_read, struct cgroup_row *row,
		      const struct cgroup_row *still)
{
	size_t told = 0;

	while (told < h->count && is_told(h->controllers[told], first_is_read && !told, row, still))
		told++;
	return told;
}

/* The only file that there is left to read from this controller on, or NULL. */
static const struct cgroup_file *only_file(const struct hierarchy *h, size_t from,
					   bool first_is_read)
{
	const struct cgroup_file *file = h->controllers[from]->files + first_is_read;

	return from + 1 == h->count && file->name && !file[1].name ? file : NULL;
}

/* 1: there was no room for it. */
static size_t read_cgroup(struct reading *r, const struct hierarchy *h, const char *path,
			  uint64_t id)
{
	const char *below = cgroup_names_below(h->names, path);
	size_t known = text_index_find(&r->rows, path), told = 0;
	const struct cgroup_row *last;
	CLEANUP(closep) int folder = -1;
	const struct cgroup_file *only;
	struct cgroup_row *row;
	bool first, still;

	row = known == TEXT_INDEX_NONE ? NULL : &r->sample.rows[known];
	if (is_from_before(r, row))
		return 0;
	last = last_of(r, path);
	if (!row && is_fresh_enough(r, last)) {
		row = row_of(r, h, path, id);
		if (row)
			reuse(row, last);
		return !row;
	}
	if (is_still(r, row, last) && told_of(h, false, row, last) == h->count)
		return 0;
	first = read_first(r, h, path, id);
	row = first ? row_of(r, h, path, id) : NULL;
	if (is_from_before(r, row))
		return 0;
	still = is_still(r, row, last);
	told = row ? told_of(h, first, row, still ? last : NULL) : 0;
	if (told == h->count)
		return 0;
	only = row ? only_file(h, told, !told) : NULL;
	if (only) {
		read_by_path(r, h, path, only, &row->use);
		return 0;
	}
	folder = openat(h->mount, below[1] ? below + 1 : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) { /* gone meanwhile, or not for us */
		r->sample.refused += errno == EACCES;
		return 0;
	}
	row = row_of(r, h, path, id);
	for (size_t c = told; row && c < h->count; c++)
		if (!is_told(h->controllers[c], first && !c, row, still ? last : NULL))
			read_controller(r, h->controllers[c], folder, first && !c, &row->use);
	return !row;
}

static bool has_nothing_for(const struct reading *r, const struct hierarchy *h)
{
	for (size_t c = 0; c < h->count; c++)
		if (!r->briefly || !h->controllers[c]->files->rare)
			return false;
	return true;
}

static void read_hierarchy(struct reading *r, const struct hierarchy *h)
{
	size_t unread = 0;

	for (size_t i = 0; i < cgroup_names_count(h->names) && !has_nothing_for(r, h); i++) {
		uint64_t id;
		const char *path = cgroup_names_at(h->names, i, &id);

		unread += read_cgroup(r, h, path, id);
	}
	if (unread > r->sample.unread) /* the same cgroups may be in all hierarchies */
		r->sample.unread = unread;
}

static void note_stirred(const struct reading *r, struct cgroup_row *row)
{
	const struct cgroup_row *last;

	if (is_from_before(r, row))
		return;
	last = last_of(r, row->path);
	row->stirred = !last || row->ran_ns != last->ran_ns ||
		       row->use.cpu.usage_ns != last->use.cpu.usage_ns;
	for (int of = 0; last && of < _PRESSURE_MAX; of++)
		row->stirred |= row->use.pressure[of].some_ns != last->use.pressure[of].some_ns;
}

static int copy_sample(struct cgroup_files_sample *to, const struct cgroup_files_sample *from)
{
	cgroup_files_sample_clear(to);
	to->rows = calloc(from->count + 1, sizeof(*to->rows));
	for (; to->rows && to->count < from->count; to->count++) {
		to->rows[to->count] = from->rows[to->count];
		to->rows[to->count].path = strdup(from->rows[to->count].path);
		if (!to->rows[to->count].path)
			break;
	}
	to->unread = from->unread;
	to->refused = from->refused;
	return to->rows && to->count == from->count ? 0 : -ENOMEM;
}

static void reading_clear(struct reading *r)
{
	cgroup_files_sample_clear(&r->sample);
	text_index_clear(&r->rows);
	text_index_clear(&r->last);
}

int cgroup_files_read(struct cgroup_files *f, uint64_t now_ns, bool briefly,
		      struct cgroup_files_sample *ret)
{
	CLEANUP(reading_clear) struct reading r = { .f = f, .now_ns = now_ns, .briefly = briefly };

	if (briefly && f->whole_ns && now_ns - f->whole_ns < BRIEF_AGE_NS)
		return copy_sample(ret, &f->last);
	r.sample.rows = malloc(CGROUP_FILES_MAX * sizeof(*r.sample.rows));
	if (!r.sample.rows || text_index_init(&r.rows, CGROUP_FILES_MAX) ||
	    text_index_init(&r.last, f->last.count))
		return -ENOMEM;
	for (size_t i = 0; i < f->last.count; i++)
		text_index_add(&r.last, f->last.rows[i].path, i);
	for (size_t i = 0; i < f->count; i++)
		read_hierarchy(&r, &f->hierarchies[i]);
	for (size_t i = 0; i < r.sample.count; i++)
		note_stirred(&r, &r.sample.rows[i]);
	text_index_clear(&r.last); /* its texts are about to go */
	if (copy_sample(&f->last, &r.sample))
		return -ENOMEM;
	f->whole_ns = briefly ? 0 : now_ns;
	cgroup_files_sample_clear(ret);
	*ret = r.sample;
	r.sample = (struct cgroup_files_sample){ 0 };
	return 0;
}
