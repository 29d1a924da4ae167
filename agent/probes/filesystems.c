/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/filesystems.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "agent/base/cleanup.h"
#include "agent/base/fs.h"
#include "agent/probes/lines.h"

/* Not squashfs, iso9660 and their like: they are full by nature. */
static const char *const kinds[] = { "ext4",  "xfs",  "btrfs",   "ext3",     "ext2",
				     "f2fs",  "vfat", "exfat",   "bcachefs", "zfs",
				     "ntfs3", "jfs",  "reiserfs" };

enum { MOUNTS_TEXT = 1 << 20 };

static bool is_local(const char *type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(type, kinds[i]))
			return true;
	return false;
}

/* Spaces and their like are written \040. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *c = text; *c; c++) {
		unsigned int byte;

		if (*c == '\\' && sscanf(c + 1, "%3o", &byte) == 1 && byte && byte < 256 &&
		    strspn(c + 1, "01234567") >= 3) {
			*to++ = (char)byte;
			c += 3;
		} else {
			*to++ = *c;
		}
	}
	*to = '\0';
}

/* "36 35 98:0 /root /mount rw,noatime shared:1 - ext4 /dev/sda1 rw" */
static bool parse_mount(struct filesystem *ret, const char *line)
{
	char options
		[64]; /* the filesystem's: those of a mount are what a service manager did to us */
	const char *rest = strstr(line, " - ");

	_Static_assert(MOUNT_PATH == 256 && sizeof(ret->type) == 16, "as the formats below say");
	if (!rest || sscanf(rest, " - %15s %255s %63s", ret->type, ret->device, options) != 3 ||
	    !is_local(ret->type) ||
	    sscanf(line, "%u %*u %*s %*s %255s", &ret->mount, ret->path) != 2)
		return false;
	ret->read_only = !strncmp(options, "ro", 2) && (!options[2] || options[2] == ',');
	unescape(ret->path);
	unescape(ret->device);
	return true;
}

/* A device that is mounted at several places, whole or in part, is one. */
static struct filesystem *find(struct node_use *n, const char *device)
{
	for (size_t i = 0; i < n->filesystem_count; i++)
		if (!strcmp(n->filesystems[i].device, device))
			return &n->filesystems[i];
	return NULL;
}

static void add(struct node_use *to, const struct filesystem *one)
{
	struct filesystem *same = find(to, one->device);

	if (same && strlen(one->path) < strlen(same->path))
		*same = *one;
	else if (!same && to->filesystem_count < FILESYSTEMS_MAX)
		to->filesystems[to->filesystem_count++] = *one;
	else if (!same)
		to->filesystems_unread++;
}

void filesystems_parse(struct node_use *to, const char *mountinfo)
{
	to->filesystem_count = to->filesystems_unread = to->filesystems_refused = 0;
	for (const char *end; *mountinfo; mountinfo = *end ? end + 1 : end) {
		struct filesystem one = { 0 };
		char line[1024];

		end = strchrnul(mountinfo, '\n');
		snprintf(line, sizeof(line), "%.*s", (int)(end - mountinfo), mountinfo);
		if (parse_mount(&one, line))
			add(to, &one);
	}
}

/* What lies over a mount would answer in its place.  Kernels before 5.8 do not tell. */
static bool is_covered(const char *path, unsigned int mount)
{
	struct statx st;

	return !statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_MNT_ID, &st) &&
	       st.stx_mask & STATX_MNT_ID && st.stx_mnt_id != mount;
}

/* anew: what is mounted there may be another one since it was asked the last time. */
static int ask(struct filesystem *one, bool anew, const char *root)
{
	char path[PATH_MAX];
	struct statvfs st;

	snprintf(path, sizeof(path), "%s%s", root, one->path);
	if (!*root && is_covered(path, one->mount))
		return -EACCES;
	if (statvfs(path, &st))
		return -errno;
	if (anew && st.f_fsid != one->which)
		return -ESTALE;
	one->which = st.f_fsid;
	one->size_bytes = lines_times(st.f_blocks, st.f_frsize);
	one->free_bytes = lines_times(st.f_bfree, st.f_frsize);
	one->available_bytes = lines_times(st.f_bavail, st.f_frsize);
	one->inodes = st.f_files;
	one->inodes_free = st.f_ffree;
	return 0;
}

/* Leaves out those that do not say. */
static void ask_all(struct node_use *to, bool anew, const char *root)
{
	size_t kept = 0;

	for (size_t i = 0; i < to->filesystem_count; i++) {
		int r = ask(&to->filesystems[i], anew, root);

		to->filesystems_refused += r == -EACCES || r == -EPERM;
		if (!r)
			to->filesystems[kept++] = to->filesystems[i];
	}
	to->filesystem_count = kept;
}

void filesystems_read(struct node_use *to, struct fs_machine *machine)
{
	CLEANUP(freep) char *text = malloc(MOUNTS_TEXT);

	if (!text || fs_machine_read(machine, "/proc/self/mountinfo", text, MOUNTS_TEXT) < 0)
		return;
	filesystems_parse(to, text);
	ask_all(to, false, fs_machine_root(machine));
}

void filesystems_read_again(struct node_use *to, const struct node_use *last,
			    const struct fs_machine *machine)
{
	to->filesystem_count = last->filesystem_count;
	to->filesystems_unread = last->filesystems_unread;
	memcpy(to->filesystems, last->filesystems,
	       last->filesystem_count * sizeof(*to->filesystems));
	ask_all(to, true, fs_machine_root(machine));
	to->filesystems_refused = last->filesystems_refused; /* others were unmounted meanwhile */
}
