/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/room.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/sandbox/mounts.h"
#include "agent/sandbox/root.h"
#include "agent/sandbox/steps.h"

/*
 * What everybody may read in /proc that tells of the host lies behind the null device or an
 * empty folder, the frame's /run.  The rest of what is often masked (kcore, kmsg, timer_list, slabinfo, page
 * counts …) the kernel shows to its true root alone, whom no job of ours is.
 */
static const char *const masked[] = { "keys", "kallsyms" };
static const char *const masked_folders[] = { "acpi", "bus", "fs", "irq", "scsi" };

/* In the tmpfs of the job, where we stand. */
static const struct {
	const char *name;
	mode_t mode;
} folders[] = {
	{ "tmp", 01777 },
	{ &SANDBOX_FOLDER[1], 0755 },
};

static int enter_tmpfs(struct build *b)
{
	const char *place = b->spec->root ? "/" ROOT_ROOM : "/tmp";
	CLEANUP(closep) int tree = -1;
	int r;

	step_at(b, STEP_TMPFS, NULL);
	tree = mount_new_tmpfs(b->spec->tmp_bytes, b->spec->tmp_inodes);
	if (tree < 0)
		return tree;
	r = mount_attach(tree, place);
	if (!r && fchdir(tree))
		r = -errno;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && !r; i++)
		r = place_folder(folders[i].name, folders[i].mode);
	return r;
}

/* The folder as it is below, what is written above it in the tmpfs that we stand in. */
static int overlay(struct build *b)
{
	CLEANUP(closep) int tree = -1;
	int r;

	step_at(b, STEP_ROOT, b->spec->root);
	r = place_folder("upper", 0755);
	if (!r)
		r = place_folder("work", 0755);
	if (!r)
		r = place_folder("root", 0755);
	if (r)
		return r;
	tree = mount_new_overlay("/" ROOT_ABOVE ":/" ROOT_BASE, "upper", "work");
	return tree < 0 ? tree : mount_attach(tree, "root");
}

static int show_again(const char *from, const char *to)
{
	CLEANUP(closep) int tree = mount_clone(from, true);
	int r = tree < 0 ? tree : place_for(tree, to);

	return r ? r : mount_attach(tree, to);
}

/* Into the overlay, what the frame has besides it. */
static int show_frame(struct build *b)
{
	char from[64], to[PATH_MAX];
	int r;

	step_at(b, STEP_DEVICES, "dev");
	r = show_again("/dev", "root/dev");
	for (size_t i = 0; i < b->spec->volume_count && !r; i++) {
		step_at(b, STEP_VOLUME, b->spec->volumes[i].path);
		snprintf(from, sizeof(from), "/" ROOT_VOLUMES "/%zu", i);
		snprintf(to, sizeof(to), "root%s", b->spec->volumes[i].path);
		r = show_again(from, to);
	}
	return r;
}

static int bind_folder(const char *root, const char *name)
{
	char to[64];

	snprintf(to, sizeof(to), "%s/%s", root, name);
	return mount_bind(name, to);
}

/* One that this kernel has not is as good as masked. */
static int mask(const char *with, const char *root, const char *name)
{
	char path[64];
	int r;

	snprintf(path, sizeof(path), "%s/proc/%s", root, name);
	r = mount_bind(with, path);
	return r == -ENOENT ? 0 : r;
}

/* Read-only as a whole: nothing in it that a job may write needs to be written as a file. */
static int make_proc(struct build *b, const char *root)
{
	CLEANUP(closep) int tree = -1;
	char path[64];
	int r;

	step_at(b, STEP_PROC, NULL);
	tree = mount_new_proc(true);
	if (tree < 0)
		return tree;
	snprintf(path, sizeof(path), "%s/proc", root);
	r = mount_attach(tree, path);
	for (size_t i = 0; i < sizeof(masked) / sizeof(masked[0]) && !r; i++)
		r = mask("/dev/null", root, masked[i]);
	for (size_t i = 0; i < sizeof(masked_folders) / sizeof(masked_folders[0]) && !r; i++)
		r = mask("/run", root, masked_folders[i]);
	return r;
}

static int enter_overlay(struct build *b)
{
	step_at(b, STEP_PIVOT, NULL);
	return chdir("root") ? -errno : root_pivot();
}

int room_build(struct build *b)
{
	const char *root = b->spec->root ? "root" : "";
	int r;

	umask(022);
	r = enter_tmpfs(b);
	if (!r && b->spec->root)
		r = overlay(b);
	if (!r && b->spec->root)
		r = show_frame(b);
	if (!r)
		r = make_proc(b, root);
	step_at(b, r ? b->step : STEP_TMPFS, r ? b->what : NULL);
	if (!r)
		r = bind_folder(root, "tmp");
	if (!r)
		r = bind_folder(root, &SANDBOX_FOLDER[1]);
	if (!r && b->spec->root)
		r = enter_overlay(b);
	return r ? r : chdir("/") ? -errno : 0;
}
