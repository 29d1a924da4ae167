/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/sandbox/mounts.h"
#include "agent/sandbox/steps.h"

/* Of the host's /etc: what programs need to run, none of which is a secret. */
static const char *const host_etc[] = {
	"alternatives",    "ld.so.cache",     "localtime",
	"java-11-openjdk", "java-17-openjdk", "java-21-openjdk",
};

/* At / beside usr: links into usr on most systems, folders on older ones. */
static const char *const host_top[] = { "bin", "sbin", "lib", "lib32", "lib64", "libx32" };

/* No tty: a job has no terminal of its own, so that nothing is behind that name. */
static const char *const devices[] = { "null", "zero", "full", "random", "urandom" };

enum { FRAME_BYTES = 4 << 20, FRAME_FILES = 4096 }; /* links, mount points, a small /etc */

/* Mount points: in the frame itself, or in what overlays of a root of one's own lie above. */
static const char *const places[] = { "proc", "dev", "tmp", &SANDBOX_FOLDER[1], "run", "var" };

/* Shows a path of the host's at `to`, read-only; what the host has not is passed over. */
static int show(const char *from, const char *to)
{
	CLEANUP(closep) int tree = mount_clone(from, true);
	int r;

	if (tree < 0)
		return tree == -ENOENT || tree == -EACCES ? 0 : tree;
	r = place_for(tree, to);
	if (!r)
		r = mount_attach(tree, to);
	return r ? r
		 : mount_restrict(to, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
				  true);
}

static int show_top(struct build *b, const char *name)
{
	char path[32], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/%s", name);
	b->what = name;
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return errno == EINVAL ? show(path, name) : 0;
	target[n] = '\0';
	return symlink(target, name) ? -errno : 0;
}

static int write_users(const struct sandbox_spec *spec)
{
	char users[256], groups[128];
	int r;

	snprintf(users, sizeof(users),
		 "root:x:0:0:root:/:/bin/sh\njob:x:%u:%u:job:" SANDBOX_FOLDER ":/bin/sh\n"
		 "nobody:x:65534:65534:nobody:/:/bin/false\n",
		 spec->uid, spec->gid);
	snprintf(groups, sizeof(groups), "root:x:0:\njob:x:%u:\nnogroup:x:65534:\n", spec->gid);
	r = place_text("etc/passwd", users);
	if (!r)
		r = place_text("etc/group", groups);
	if (!r)
		r = place_text("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");
	return r ? r
		 : place_text("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n");
}

/* The host's programs and libraries, and an /etc of our own with what these look for there. */
static int show_host(struct build *b)
{
	char from[64];
	int r = show("/usr", "usr");

	for (size_t i = 0; i < sizeof(host_top) / sizeof(host_top[0]) && !r; i++)
		r = show_top(b, host_top[i]);
	if (!r)
		r = place_folder("etc", 0755);
	if (!r)
		r = write_users(b->spec);
	for (size_t i = 0; i < sizeof(host_etc) / sizeof(host_etc[0]) && !r; i++) {
		snprintf(from, sizeof(from), "/etc/%s", host_etc[i]);
		b->what = host_etc[i];
		r = show(from, from + 1);
	}
	return r;
}

/*
 * What root cloned has to be mounted before an overlay may take it, and what belongs to others
 * can be cloned by them alone.  An overlay wants no mounts below it that it could not show.
 */
static int frame_own_root(struct build *b, int tree)
{
	int r = place_folder(ROOT_BASE, 0755);

	if (!r)
		r = place_folder(ROOT_ROOM, 0755);
	if (!r)
		r = place_folder(ROOT_ABOVE, 0755);
	/* Made here once: through an overlay it takes ten times as long. */
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) - 2 && !r; i++) {
		char place[64];

		snprintf(place, sizeof(place), ROOT_ABOVE "/%s", places[i]);
		r = place_folder(place, 0755);
	}
	step_at(b, STEP_ROOT, b->spec->root);
	return r ? r : mount_attach(tree, ROOT_BASE);
}

static int make_places(void)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !r; i++)
		r = place_folder(places[i], 0755);
	return r;
}

static int make_devices(struct build *b)
{
	static const char *const links[][2] = {
		{ "/proc/self/fd", "dev/fd" },
		{ "/proc/self/fd/0", "dev/stdin" },
		{ "/proc/self/fd/1", "dev/stdout" },
		{ "/proc/self/fd/2", "dev/stderr" },
		{ "/tmp", "dev/shm" },
	};
	char from[32];
	int r = 0;

	step_at(b, STEP_DEVICES, "dev");
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]) && !r; i++) {
		snprintf(from, sizeof(from), "/dev/%s", devices[i]);
		b->what = devices[i];
		r = place_file(from + 1);
		if (!r)
			r = mount_bind(from, from + 1);
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]) && !r; i++)
		r = symlink(links[i][0], links[i][1]) ? -errno : 0;
	return r;
}

static int pivot(struct build *b)
{
	step_at(b, STEP_PIVOT, NULL);
	return root_pivot();
}

int root_pivot(void)
{
	if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
		return -errno;
	return 0;
}

/* At their places, or, where these are in an overlay that is still to come, by number. */
static int attach_volumes(struct build *b, int *trees)
{
	char numbered[64];
	int r = 0;

	for (size_t i = 0; i < b->spec->volume_count && !r; i++) {
		const struct sandbox_volume *v = &b->spec->volumes[i];
		const char *path = b->spec->root ? numbered : v->path;

		step_at(b, STEP_VOLUME, v->path);
		snprintf(numbered, sizeof(numbered), "/" ROOT_VOLUMES "/%zu", i);
		r = place_for(trees[i], path);
		if (!r)
			r = mount_attach(trees[i], path);
		if (!r)
			r = mount_restrict(path,
					   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
						   (v->read_only ? MOUNT_ATTR_RDONLY : 0),
					   true);
	}
	return r;
}

/* Before the mounts of the host are out of reach. */
static int clone_trees(struct build *b)
{
	for (size_t i = 0; i < b->spec->volume_count; i++) {
		step_at(b, STEP_VOLUME, b->spec->volumes[i].source);
		if (b->volume_trees[i] < 0)
			b->volume_trees[i] = mount_clone(b->spec->volumes[i].source, true);
		if (b->volume_trees[i] < 0)
			return b->volume_trees[i];
	}
	step_at(b, STEP_ROOT, b->spec->root);
	if (b->spec->root && b->root_tree < 0)
		b->root_tree = mount_clone(b->spec->root, false);
	return b->spec->root && b->root_tree < 0 ? b->root_tree : 0;
}

/* In a tmpfs, which covers /tmp of the host: whatever is there was opened before. */
static int enter_frame(struct build *b)
{
	CLEANUP(closep) int tree = -1;
	int r;

	step_at(b, STEP_TMPFS, NULL);
	tree = mount_new_tmpfs(FRAME_BYTES, FRAME_FILES);
	if (tree < 0)
		return tree;
	r = mount_attach(tree, "/tmp");
	if (r == -ENOENT || r == -ENOTDIR)
		r = mount_attach(tree, "/");
	return r ? r : fchdir(tree) ? -errno : 0;
}

/* A /proc in which nothing is hidden: without it in sight the kernel lets nobody mount one. */
static int show_proc(struct build *b)
{
	CLEANUP(closep) int tree = -1;

	step_at(b, STEP_PROC, NULL);
	tree = mount_new_proc(false);
	return tree < 0 ? tree : mount_attach(tree, "proc");
}

int root_frame(struct build *b)
{
	int r;

	umask(022);
	step_at(b, STEP_MOUNTS, NULL);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	r = clone_trees(b);
	if (!r)
		r = enter_frame(b);
	step_at(b, r ? b->step : STEP_ROOT, r ? b->what : b->spec->root);
	if (!r)
		r = b->spec->root ? frame_own_root(b, b->root_tree) : show_host(b);
	if (!r)
		r = make_places();
	if (!r)
		r = make_devices(b);
	if (!r)
		r = show_proc(b);
	if (!r)
		r = pivot(b);
	if (!r)
		r = attach_volumes(b, b->volume_trees);
	if (!r &&
	    mount_restrict("/", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, false))
		r = -errno;
	return r;
}
