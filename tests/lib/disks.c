/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disks SOCKET DEVICE [FOLDER]: known I/O on a block device that nobody else uses, or in a folder
 * of the file system on it, and what the agent counted of it beside what the kernel counted
 * (/sys/dev/block/…/stat).  Without a folder all that is on the device is lost.  Prints a line
 * an operation:
 *   NAME ios OURS KERNEL bytes OURS KERNEL merged OURS KERNEL completed OURS shares IOS BYTES
 * and ends with 1 when what was given to the device is not exactly what the kernel says.  Of a
 * device without requests it wants reads and writes only: the kernel counts no flushes there, and
 * not every driver counts discards; and up to 6.12 dm counts the flush ahead of a journal's write
 * as one more write, of nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/fs.h"
#include "agent/cli/client.h"
#include "agent/probes/disk_names.h"
#include "agent/snapshot/snapshot.h"
#include "exporters/json/json.h"

#define KIB 1024
#define MIB (1024 * KIB)

struct counts {
	uint64_t ios, merged, bytes, completed, share_ios, share_bytes;
	bool bio_based;
};

static void die(const char *what)
{
	fprintf(stderr, "disks: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void by_kernel(struct counts ret[_DISK_OP_MAX], dev_t device)
{
	unsigned long long n[17] = { 0 };
	char path[64], text[512], *at = text;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/stat", major(device), minor(device));
	if (fs_read(path, text, sizeof(text)) < 0)
		die(path);
	for (int i = 0; i < 17; i++)
		n[i] = strtoull(at, &at, 10);
	for (int op = DISK_READ; op <= DISK_DISCARD; op++) {
		const unsigned long long *from = &n[op == DISK_DISCARD ? 11 : op * 4];

		ret[op] = (struct counts){ .ios = from[0],
					   .merged = from[1],
					   .bytes = from[2] * 512 };
	}
	ret[DISK_FLUSH] = (struct counts){ .ios = n[15] };
}

static void by_us(struct counts ret[_DISK_OP_MAX], dev_t device, const char *socket)
{
	CLEANUP(answer_freep) struct answer answer = { 0 };
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	char name[DISK_NAME];

	/* a window of one's own ends with a fresh sample */
	if (client_get(&answer, socket, "/v1/snapshot?for=1ms", 0) || answer.status != 200 ||
	    json_read_snapshot(answer.body, answer.length, &s))
		die("no snapshot");
	memset(ret, 0, sizeof(*ret) * _DISK_OP_MAX);
	disk_name("", (uint32_t)(major(device) << 20 | minor(device)), name);
	for (size_t i = 0; i < s->disk_count; i++)
		for (int op = 0; op < _DISK_OP_MAX && !strcmp(s->disks[i].name, name); op++) {
			const struct disk_count_snapshot *c = &s->disks[i].total[op];

			ret[op] = (struct counts){ .ios = c->ios,
						   .merged = c->merged,
						   .bytes = c->bytes,
						   .completed = c->completed,
						   .bio_based = s->disks[i].bio_based };
		}
	for (size_t i = 0; i < s->share_count; i++)
		for (int op = 0; op < _DISK_OP_MAX && !strcmp(s->shares[i].disk, name); op++) {
			ret[op].share_ios += s->shares[i].total[op].ios;
			ret[op].share_bytes += s->shares[i].total[op].bytes;
		}
}

static void transfer(int fd, bool writes, size_t size, int count)
{
	char *buffer;

	if (posix_memalign((void **)&buffer, 4096, size))
		die("memory");
	memset(buffer, 0x5a, size);
	for (int i = 0; i < count; i++) {
		ssize_t n = writes ? pwrite(fd, buffer, size, (off_t)size * i)
				   : pread(fd, buffer, size, (off_t)size * i);

		if (n != (ssize_t)size)
			die(writes ? "write" : "read");
	}
	free(buffer);
	if (writes && fsync(fd))
		die("fsync");
}

static void discard_blocks(int fd)
{
	for (uint64_t i = 0; i < 5; i++) {
		uint64_t range[2] = { i * 2 * MIB, 1 * MIB };

		if (ioctl(fd, BLKDISCARD, range))
			die("discard");
	}
}

static void discard_free_space(const char *folder)
{
	struct fstrim_range all = { .len = UINT64_MAX };
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, FITRIM, &all) || syncfs(fd))
		die("discard");
	close(fd);
}

static void work(const char *path)
{
	int direct = open(path, O_RDWR | O_DIRECT | O_CREAT | O_CLOEXEC, 0600);
	int buffered = open(path, O_RDWR | O_CLOEXEC);

	if (direct < 0 || buffered < 0)
		die(path);
	transfer(direct, true, 64 * KIB, 128);
	transfer(direct, false, 4 * KIB, 1024);
	transfer(buffered, true, 1 * MIB, 16);
	posix_fadvise(buffered, 0, 0, POSIX_FADV_DONTNEED);
	transfer(buffered, false, 1 * MIB, 16);
	if (fsync(buffered))
		die("fsync");
	close(buffered);
	close(direct);
}

static void work_on_device(const char *device)
{
	int fd;

	work(device);
	fd = open(device, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die(device);
	discard_blocks(fd);
	close(fd);
}

static void work_in_folder(const char *folder)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/known-io", folder);
	work(path);
	if (unlink(path))
		die(path);
	discard_free_space(folder);
}

static struct counts between(const struct counts *then, const struct counts *now)
{
	return (struct counts){ .ios = now->ios - then->ios,
				.merged = now->merged - then->merged,
				.bytes = now->bytes - then->bytes,
				.completed = now->completed - then->completed,
				.share_ios = now->share_ios - then->share_ios,
				.share_bytes = now->share_bytes - then->share_bytes,
				.bio_based = now->bio_based };
}

static int judge(int op, bool in_folder, struct counts ours, struct counts kernel)
{
	printf("%s ios %" PRIu64 " %" PRIu64 " bytes %" PRIu64 " %" PRIu64 " merged %" PRIu64
	       " %" PRIu64 " completed %" PRIu64 " shares %" PRIu64 " %" PRIu64 "\n",
	       disk_op_names[op], ours.ios, kernel.ios, ours.bytes, kernel.bytes, ours.merged,
	       kernel.merged, ours.completed, ours.share_ios, ours.share_bytes);
	if (ours.bio_based && op >= DISK_DISCARD && !kernel.ios)
		return 0;
	if (ours.bio_based && op == DISK_WRITE && in_folder && ours.ios < kernel.ios)
		kernel.ios = ours.ios;
	return !ours.ios || ours.ios != kernel.ios || ours.bytes != kernel.bytes ||
	       ours.merged != kernel.merged || ours.share_ios != ours.ios ||
	       ours.share_bytes != ours.bytes;
}

int main(int argc, char **argv)
{
	struct counts ours[2][_DISK_OP_MAX], kernel[2][_DISK_OP_MAX];
	struct stat st;
	int bad = 0;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: disks SOCKET DEVICE [FOLDER]\n");
		return 2;
	}
	if (stat(argv[2], &st) || !S_ISBLK(st.st_mode))
		die(argv[2]);
	by_kernel(kernel[0], st.st_rdev);
	by_us(ours[0], st.st_rdev, argv[1]);
	if (argc == 4)
		work_in_folder(argv[3]);
	else
		work_on_device(argv[2]);
	by_us(ours[1], st.st_rdev, argv[1]);
	by_kernel(kernel[1], st.st_rdev);
	for (int op = 0; op < _DISK_OP_MAX; op++)
		bad |= judge(op, argc == 4, between(&ours[0][op], &ours[1][op]),
			     between(&kernel[0][op], &kernel[1][op]));
	return bad;
}
