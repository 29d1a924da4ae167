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
#include "agent/base/text_index.h"
#include "agent/probes/cgroup_age.h"
#include "agent/probes/cgroup_names.h"
#include "agent/probes/cgroup_parse.h"

enum {
	HIERARCHIES_MAX = 8,
	CONTROLLERS_MAX = 8,
	TEXT_MAX = 65536, /* io.stat has a line for each device */
};

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

/* Its row, where another hierarchy had it already. */
static struct cgroup_row *known_row(const struct reading *r, const char *path)
{
	size_t i = text_index_find(&r->rows, path);

	return i == TEXT_INDEX_NONE ? NULL : &r->sample.rows[i];
}

/* Its row, made where there is none; NULL: there is no room left. */
static struct cgroup_row *row_of(struct reading *r, const struct hierarchy *h, const char *path,
				 uint64_t id)
{
	struct cgroup_files_sample *s = &r->sample;
	struct cgroup_row *known = known_row(r, path);
	char *copy;

	if (known)
		return known;
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

/* Its place among the rows of the reading before. */
static uint64_t number_of(const struct reading *r, const struct cgroup_row *last)
{
	return last ? (uint64_t)(last - r->f->last.rows) : 0;
}

static void reuse(struct cgroup_row *row, const struct cgroup_row *last)
{
	const struct cgroup_row own = *row;

	*row = *last;
	row->path = own.path;
	row->id = own.id;
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
	if (h->controllers[0]->of == USE_CPU &&
	    cgroup_age_is_quiet(last, r->now_ns, h->controllers[0]->version, use.cpu.usage_ns)) {
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

/* Is there nothing left to read of this controller?  still: NULL, or the row is as that was. */
static bool is_told(const struct cgroup_controller *c, bool first_is_read,
		    const struct cgroup_row *still)
{
	return (still && cgroup_age_is_kept(c, still)) || (first_is_read && !c->files[1].name);
}

/* How many of the controllers, from the first on, have nothing left to read. */
static size_t count_told(const struct hierarchy *h, bool first_is_read,
			 const struct cgroup_row *still)
{
	size_t told = 0;

	while (told < h->count && is_told(h->controllers[told], first_is_read && !told, still))
		told++;
	return told;
}

static void keep_all(const struct hierarchy *h, struct cgroup_row *row,
		     const struct cgroup_row *still)
{
	for (size_t c = 0; still && c < h->count; c++)
		if (cgroup_age_is_kept(h->controllers[c], still))
			cgroup_age_keep(h->controllers[c]->of, row, still);
}

/* The reading before, where nothing ran since. */
static const struct cgroup_row *still_as(const struct reading *r, const struct cgroup_row *row,
					 const struct cgroup_row *last)
{
	return cgroup_age_is_still(row, last, number_of(r, last), r->now_ns) ? last : NULL;
}

/* The only file that there is left to read from this controller on, or NULL. */
static const struct cgroup_file *only_file(const struct hierarchy *h, size_t from,
					   bool first_is_read)
{
	const struct cgroup_file *file = h->controllers[from]->files + first_is_read;

	return from + 1 == h->count && file->name && !file[1].name ? file : NULL;
}

/* What the first file did not tell.  1: there was no room for it. */
static size_t read_rest(struct reading *r, const struct hierarchy *h, const char *path, uint64_t id,
			bool first, const struct cgroup_row *last)
{
	struct cgroup_row *row = first ? row_of(r, h, path, id) : NULL;
	const char *below = cgroup_names_below(h->names, path);
	const struct cgroup_row *still = still_as(r, row, last);
	size_t told = row ? count_told(h, first, still) : 0;
	CLEANUP(closep) int folder = -1;
	const struct cgroup_file *only;

	keep_all(h, row, still);
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
		if (!is_told(h->controllers[c], first && !c, still))
			read_controller(r, h->controllers[c], folder, first && !c, &row->use);
	return !row;
}

/* 1: there was no room for it. */
static size_t read_cgroup(struct reading *r, const struct hierarchy *h, const char *path,
			  uint64_t id)
{
	const struct cgroup_row *last = last_of(r, path), *still;
	struct cgroup_row *row = known_row(r, path);
	bool first;

	if (is_from_before(r, row))
		return 0;
	if (!row && r->briefly && cgroup_age_serves_briefly(last, number_of(r, last), r->now_ns)) {
		row = row_of(r, h, path, id);
		if (row)
			reuse(row, last);
		return !row;
	}
	still = still_as(r, row, last);
	if (still && count_told(h, false, still) == h->count) {
		keep_all(h, row, still);
		return 0;
	}
	first = read_first(r, h, path, id);
	if (first && is_from_before(r, known_row(r, path)))
		return 0;
	return read_rest(r, h, path, id, first, last);
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
	if (is_from_before(r, row))
		return;
	row->stirred = cgroup_age_stirred(row, last_of(r, row->path));
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

	if (briefly && f->whole_ns && now_ns - f->whole_ns < CGROUP_AGE_BRIEF_NS)
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
	f->whole_ns = 0;
	if (copy_sample(&f->last, &r.sample))
		return -ENOMEM;
	f->whole_ns = briefly ? 0 : now_ns;
	cgroup_files_sample_clear(ret);
	*ret = r.sample;
	r.sample = (struct cgroup_files_sample){ 0 };
	return 0;
}
