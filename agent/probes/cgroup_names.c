/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/cgroup_names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/base/cleanup.h"

#define NAMES_MAX 65536 /* cgroups; a node that has more shows the rest by number */

struct name {
	uint64_t id;
	char *path; /* owned */
};

struct cgroup_names {
	char mount[PATH_MAX];
	uint64_t root_id;
	bool whole;         /* the last walk left nothing out */
	struct name *names; /* by id */
	size_t count, room;
};

static bool is_wanted(const struct mntent *entry, const char *controller)
{
	return controller ? !strcmp(entry->mnt_type, "cgroup") && hasmntopt(entry, controller)
			  : !strcmp(entry->mnt_type, "cgroup2");
}

static int find_mount(struct cgroup_names *n, const char *root, const char *controller)
{
	char path[PATH_MAX];
	struct mntent *entry;
	FILE *mounts;
	int r = -ENODEV;

	snprintf(path, sizeof(path), "%s/proc/self/mounts", root);
	mounts = setmntent(path, "re");
	if (!mounts)
		return -errno;
	while (r && (entry = getmntent(mounts)))
		if (is_wanted(entry, controller) &&
		    snprintf(n->mount, sizeof(n->mount), "%s%s", root, entry->mnt_dir) <
			    (int)sizeof(n->mount))
			r = 0;
	endmntent(mounts);
	return r;
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
		return length ? 0 : -errno;
	}
	if (!length)
		n->root_id = st.st_ino;
	r = add(n, st.st_ino, length ? path : "/");
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
	char path[PATH_MAX] = "";
	int r;

	forget(n);
	n->root_id = 0;
	n->whole = true;
	r = walk(n, AT_FDCWD, n->mount, path, 0);
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
	/* 1 is the root of the hierarchy itself, not of a namespace or a bind mount. */
	return n->whole && n->root_id == 1;
}

const char *cgroup_names_mount(const struct cgroup_names *n)
{
	return n->mount;
}
