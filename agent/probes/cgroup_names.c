/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/cgroup_names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/base/cleanup.h"

#define HIERARCHY_ROOT 1     /* the inode of the root itself, not of a namespace or a bind mount */
#define NAMES_MAX      65536 /* cgroups; a node that has more shows the rest by number */

struct name {
	uint64_t id;
	char *path; /* owned */
};

struct cgroup_names {
	char mount[PATH_MAX];
	char above[PATH_MAX]; /* of the mount in the tree; "" for none */
	uint64_t root_id;
	bool whole;         /* the last walk left nothing out */
	struct name *names; /* by id */
	size_t count, room;
};

/* One line of mountinfo. */
struct mount {
	char *root, *at, *type, *options; /* root: which folder of the file system is mounted */
};

/* "\040" and the like: bytes that would end a field. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *c = text; *c;) {
		bool escaped = c[0] == '\\' && strspn(c + 1, "01234567") >= 3;

		*to++ = escaped ? (char)((c[1] - '0') * 64 + (c[2] - '0') * 8 + (c[3] - '0')) : *c;
		c += escaped ? 4 : 1;
	}
	*to = '\0';
}

/* "36 25 0:31 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate" */
static bool parse_mount(char *line, struct mount *ret)
{
	char *fields[6], *rest = line, *after = strstr(line, " - ");

	line[strcspn(line, "\n")] = '\0';
	if (!after)
		return false;
	*after = '\0';
	after += strlen(" - ");
	for (int i = 0; i < 5; i++)
		fields[i] = strsep(&rest, " ");
	ret->root = fields[3];
	ret->at = fields[4];
	ret->type = strsep(&after, " ");
	(void)strsep(&after, " "); /* what is mounted */
	ret->options = after;
	if (!ret->root || !ret->at || !ret->options)
		return false;
	unescape(ret->root);
	unescape(ret->at);
	return true;
}

static bool has_option(char *options, const char *wanted)
{
	for (char *option; (option = strsep(&options, ","));)
		if (!strcmp(option, wanted))
			return true;
	return false;
}

static bool is_wanted(const struct mount *m, const char *controller)
{
	return controller ? !strcmp(m->type, "cgroup") && has_option(m->options, controller)
			  : !strcmp(m->type, "cgroup2");
}

/*
 * How much of the tree a mount shows: all of it; more than our namespace does ("/.." is above
 * that); our namespace; a part that somebody chose.  0: it cannot be looked at.
 */
static int worth(const struct mount *m, const char *folder)
{
	struct stat st;

	if (stat(folder, &st) || !S_ISDIR(st.st_mode))
		return 0;
	return st.st_ino == HIERARCHY_ROOT               ? 4
	       : !strncmp(m->root, "/..", strlen("/..")) ? 3
	       : !strcmp(m->root, "/")                   ? 2
							 : 1;
}

/* The mount that shows most; a container may have the host's beside its own. */
static int find_mount(struct cgroup_names *n, const char *root, const char *controller)
{
	char path[PATH_MAX];
	CLEANUP(freep) char *line = NULL;
	size_t size = 0;
	FILE *mounts;
	int best = 0;

	snprintf(path, sizeof(path), "%s/proc/self/mountinfo", root);
	mounts = fopen(path, "re");
	if (!mounts)
		return -errno;
	while (getline(&line, &size, mounts) > 0) {
		struct mount m;
		int is;

		if (!parse_mount(line, &m) || !is_wanted(&m, controller) ||
		    snprintf(path, sizeof(path), "%s%s", root, m.at) >= (int)sizeof(path))
			continue;
		is = worth(&m, path);
		if (is <= best)
			continue;
		best = is;
		memcpy(n->mount, path, sizeof(n->mount));
		/* Names are told as the tree has them, wherever in it the mount begins. */
		n->above[0] = '\0';
		if (is == 1)
			snprintf(n->above, sizeof(n->above), "%s", m.root);
	}
	fclose(mounts);
	return best ? 0 : -ENODEV;
}

int cgroup_names_new(struct cgroup_names **ret, const char *root, const char *controller)
{
	struct cgroup_names *n = calloc(1, sizeof(*n));
	int r;

	if (!n)
		return -ENOMEM;
	r = find_mount(n, root, controller);
	if (!r)
		r = cgroup_names_refresh(n);
	if (r) {
		cgroup_names_free(n);
		return r;
	}
	*ret = n;
	return 0;
}

static void forget(struct cgroup_names *n)
{
	while (n->count)
		free(n->names[--n->count].path);
}

struct cgroup_names *cgroup_names_free(struct cgroup_names *n)
{
	if (n) {
		forget(n);
		free(n->names);
	}
	free(n);
	return NULL;
}

static int add(struct cgroup_names *n, uint64_t id, const char *path)
{
	char *copy;

	if (n->count == NAMES_MAX) {
		n->whole = false;
		return 0;
	}
	if (n->count == n->room) {
		size_t room = n->room ? n->room * 2 : 64;
		struct name *names = reallocarray(n->names, room, sizeof(*names));

		if (!names)
			return -ENOMEM;
		n->names = names;
		n->room = room;
	}
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	n->names[n->count++] = (struct name){ id, copy };
	return 0;
}

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int walk(struct cgroup_names *n, int parent, const char *name, char *path, size_t length);

/* Most have no child, which their number of links tells: one call in place of five. */
static int visit(struct cgroup_names *n, int parent, const char *name, char *path, size_t length)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW)) {
		n->whole &= errno == ENOENT || errno == ENODEV; /* removed meanwhile */
		return 0;
	}
	return st.st_nlink == 2 ? add(n, st.st_ino, path) : walk(n, parent, name, path, length);
}

/* path is extended in place; cgroups come and go while we walk, which is no error. */
static int walk(struct cgroup_names *n, int parent, const char *name, char *path, size_t length)
{
	CLEANUP(closedirp) DIR *dir = NULL;
	CLEANUP(closep) int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	struct stat st;
	int self, r;

	if (fd < 0 || fstat(fd, &st)) {
		n->whole &= errno == ENOENT || errno == ENODEV; /* removed meanwhile */
		return parent == AT_FDCWD ? -errno : 0;
	}
	if (parent == AT_FDCWD)
		n->root_id = st.st_ino;
	r = add(n, st.st_ino, *path ? path : "/");
	dir = fdopendir(fd);
	if (!dir) {
		n->whole = false;
		return r;
	}
	self = TAKE_FD(fd); /* the stream owns it now */
	while (!r && (entry = readdir(dir))) {
		int m;

		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") ||
		    !strcmp(entry->d_name, ".."))
			continue;
		m = snprintf(path + length, PATH_MAX - length, "/%s", entry->d_name);
		if (m > 0 && length + (size_t)m < PATH_MAX)
			r = visit(n, self, entry->d_name, path, length + (size_t)m);
		else
			n->whole = false;
		path[length] = '\0';
	}
	n->whole &= !r;
	return r;
}

static int by_id(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

int cgroup_names_refresh(struct cgroup_names *n)
{
	char path[PATH_MAX];
	int r;

	memcpy(path, n->above, sizeof(path));
	forget(n);
	n->root_id = 0;
	n->whole = true;
	r = walk(n, AT_FDCWD, n->mount, path, strlen(path));
	if (n->count)
		qsort(n->names, n->count, sizeof(*n->names), by_id);
	return r;
}

const char *cgroup_names_find(const struct cgroup_names *n, uint64_t id)
{
	struct name key = { .id = id };
	const struct name *found =
		n->count ? bsearch(&key, n->names, n->count, sizeof(key), by_id) : NULL;

	return found ? found->path : NULL;
}

size_t cgroup_names_count(const struct cgroup_names *n)
{
	return n->count;
}

const char *cgroup_names_at(const struct cgroup_names *n, size_t i, uint64_t *id)
{
	*id = n->names[i].id;
	return n->names[i].path;
}

bool cgroup_names_whole(const struct cgroup_names *n)
{
	return n->whole && n->root_id == HIERARCHY_ROOT;
}

const char *cgroup_names_below(const struct cgroup_names *n, const char *path)
{
	const char *below = path + strlen(n->above);

	return *below ? below : "/";
}

bool cgroup_names_from_root(const struct cgroup_names *n)
{
	return n->root_id == HIERARCHY_ROOT;
}

const char *cgroup_names_mount(const struct cgroup_names *n)
{
	return n->mount;
}
