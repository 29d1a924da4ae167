/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "agent/base/cleanup.h"
#include "agent/store/header.h"
#include "agent/store/record.h"
#include "tests/lib/test.h"

/* A folder of its own for each test, gone with it. */
struct place {
	char path[64];
	int fd;
};

static void place_empty(struct place *p)
{
	DIR *dir = fdopendir(openat(p->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	for (struct dirent *e; (e = readdir(dir));)
		unlinkat(p->fd, e->d_name, 0);
	closedir(dir);
}

static void place_remove(struct place *p)
{
	place_empty(p);
	close(p->fd);
	rmdir(p->path);
}

static struct place place_make(void)
{
	struct place p = { .path = "/tmp/store_test.XXXXXX", .fd = -1 };

	if (!mkdtemp(p.path) || (p.fd = open(p.path, O_DIRECTORY | O_CLOEXEC)) < 0)
		abort();
	return p;
}

#define PLACE(name) CLEANUP(place_remove) struct place name = place_make()

static ssize_t get(struct place *p, const char *name, void *ret, size_t size)
{
	CLEANUP(closep) int fd = openat(p->fd, name, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : read(fd, ret, size);
}

static void put(struct place *p, const char *name, const void *bytes, size_t length)
{
	CLEANUP(closep)
	int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes, length) != (ssize_t)length)
		abort();
}

static bool there(struct place *p, const char *name)
{
	return faccessat(p->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A kind that has been through three versions: 0 "n", 1 "n!", 2 "v2:n!". */
static int add_mark(uint8_t *payload, size_t *length)
{
	payload[(*length)++] = '!';
	return 0;
}

static int add_prefix(uint8_t *payload, size_t *length)
{
	memmove(payload + 3, payload, *length);
	memcpy(payload, "v2:", 3);
	*length += 3;
	return 0;
}

static const record_step steps[] = { add_mark, add_prefix };
static const struct record_kind kind = {
	.file = "thing", .number = 77, .version = 2, .steps = steps
};
static const char text[] = "what was kept";

static void put_version(struct place *p, uint32_t number, uint32_t version, const char *payload)
{
	uint8_t bytes[256];
	size_t length = strlen(payload);

	header_encode(bytes, &(struct header){ number, version }, payload, length);
	memcpy(bytes + HEADER_SIZE, payload, length);
	put(p, kind.file, bytes, HEADER_SIZE + length);
}

static int what_was_saved_is_loaded(void)
{
	char got[64] = "", why[STORE_WHY];
	PLACE(p);

	CHECK(record_save(p.fd, &kind, text, sizeof(text), why) == 0);
	CHECK(record_load(p.fd, &kind, got, sizeof(got), why) == sizeof(text));
	CHECK(strcmp(got, text) == 0);
	CHECK(record_save(p.fd, &kind, "", 0, why) == 0); /* nothing is a payload too */
	CHECK(record_load(p.fd, &kind, got, sizeof(got), why) == 0);
	CHECK(!there(&p, ".thing.new"));
	return 0;
}

static int a_first_start_is_no_error_line(void)
{
	char got[64], why[STORE_WHY] = "old";
	PLACE(p);

	CHECK(record_load(p.fd, &kind, got, sizeof(got), why) == -ENOENT);
	CHECK(why[0] == 0);
	return 0;
}

static int a_file_torn_at_any_byte_is_set_aside(void)
{
	char got[64], why[STORE_WHY];
	uint8_t whole[256], aside[256];
	PLACE(p);

	CHECK(record_save(p.fd, &kind, text, sizeof(text), why) == 0);
	ssize_t length = get(&p, "thing", whole, sizeof(whole));
	CHECK(length == HEADER_SIZE + sizeof(text));
	for (ssize_t n = 0; n < length; n++) {
		place_empty(&p);
		put(&p, "thing", whole, (size_t)n);
		CHECK(record_load(p.fd, &kind, got, sizeof(got), why) == -EBADMSG);
		CHECK(strstr(why, "set aside as thing.damaged-1"));
		CHECK(!there(&p, "thing"));
		CHECK(get(&p, "thing.damaged-1", aside, sizeof(aside)) == n);
		CHECK(memcmp(aside, whole, (size_t)n) == 0);
	}
	return 0;
}

static int a_flipped_bit_anywhere_is_found(void)
{
	char got[64] = "untouched", why[STORE_WHY];
	uint8_t bytes[256];
	PLACE(p);

	CHECK(record_save(p.fd, &kind, text, sizeof(text), why) == 0);
	ssize_t length = get(&p, "thing", bytes, sizeof(bytes));
	for (ssize_t bit = 0; bit < length * 8; bit++) {
		place_empty(&p);
		bytes[bit / 8] ^= 1 << bit % 8;
		put(&p, "thing", bytes, (size_t)length);
		bytes[bit / 8] ^= 1 << bit % 8;
		CHECK(record_load(p.fd, &kind, got, sizeof(got), why) == -EBADMSG);
	}
	CHECK(strcmp(got, "untouched") == 0);
	return 0;
}

static int bytes_after_the_end_are_damage(void)
{
	char got[64], why[STORE_WHY];
	uint8_t bytes[256] = { 0 };
	PLACE(p);

	CHECK(record_save(p.fd, &kind, text, sizeof(text), why) == 0);
	put(&p, "thing", bytes, (size_t)get(&p, "thing", bytes, sizeof(bytes)) + 1);
	CHECK(record_load(p.fd, &kind, got, sizeof(got), why) == -EBADMSG);
	return 0;
}

static int a_huge_file_is_damage_and_not_memory(void)
{
	char got[64], why[STORE_WHY];
	PLACE(p);

	put(&p, "thing", "", 0);
	CLEANUP(closep) int fd = openat(p.fd, "thing", O_WRONLY | O_CLOEXEC);
	CHECK(ftruncate(fd, 1ll << 40) == 0);
	CHECK(record_load(p.fd, &kind, got, sizeof(got), why) == -EBADMSG);
	return 0;
}

static int damaged_files_never_replace_each_other(void)
{
	char got[64], why[STORE_WHY];
	PLACE(p);

	for (int i = 0; i < 3; i++) {
		put(&p, "thing", "abc", (size_t)i + 1);
		CHECK(record_load(p.fd, &kind, got, sizeof(got), why) == -EBADMSG);
	}
	CHECK(get(&p, "thing.damaged-1", got, sizeof(got)) == 1);
	CHECK(get(&p, "thing.damaged-2", got, sizeof(got)) == 2);
	CHECK(get(&p, "thing.damaged-3", got, sizeof(got)) == 3);
	return 0;
}

static int a_newer_file_is_refused_with_a_line_and_left_alone(void)
{
	char got[64], why[STORE_WHY];
	PLACE(p);

	put_version(&p, kind.number, 7, "from the future");
	CHECK(record_load(p.fd, &kind, got, sizeof(got), why) == -EPROTONOSUPPORT);
	CHECK(strcmp(why, "thing was written by a newer Fairlead (version 7, this one knows 2): "
			  "upgrade or move the file away") == 0);
	CHECK(there(&p, "thing"));
	return 0;
}

static int older_files_are_brought_up_step_by_step(void)
{
	char got[64] = "", why[STORE_WHY];
	PLACE(p);

	put_version(&p, kind.number, 0, "n");
	CHECK(record_load(p.fd, &kind, got, sizeof(got), why) == 5);
	CHECK(memcmp(got, "v2:n!", 5) == 0);
	put_version(&p, kind.number, 1, "m!");
	CHECK(record_load(p.fd, &kind, got, sizeof(got), why) == 5);
	CHECK(memcmp(got, "v2:m!", 5) == 0);
	return 0;
}

static int an_older_version_that_never_was_is_damage(void)
{
	static const record_step only_the_last[] = { NULL, add_prefix };
	const struct record_kind young = { "thing", 77, 2, only_the_last };
	char got[64], why[STORE_WHY];
	PLACE(p);

	put_version(&p, kind.number, 0, "n");
	CHECK(record_load(p.fd, &young, got, sizeof(got), why) == -EBADMSG);
	return 0;
}

static int another_kind_of_file_is_not_taken_for_ours(void)
{
	char got[64], why[STORE_WHY];
	PLACE(p);

	put_version(&p, 78, 2, "not ours");
	CHECK(record_load(p.fd, &kind, got, sizeof(got), why) == -EBADMSG);
	CHECK(there(&p, "thing.damaged-1"));
	return 0;
}

static int links_and_pipes_are_not_followed(void)
{
	char got[64], why[STORE_WHY];
	PLACE(p);

	put(&p, "elsewhere", text, sizeof(text));
	CHECK(symlinkat("elsewhere", p.fd, "thing") == 0);
	CHECK(record_load(p.fd, &kind, got, sizeof(got), why) == -ELOOP);
	CHECK(unlinkat(p.fd, "thing", 0) == 0 && mkfifoat(p.fd, "thing", 0600) == 0);
	CHECK(record_load(p.fd, &kind, got, sizeof(got), why) == -EINVAL);
	CHECK(record_save(p.fd, &kind, text, sizeof(text), why) ==
	      0); /* replaced, not written to */
	CHECK(record_load(p.fd, &kind, got, sizeof(got), why) == sizeof(text));
	return 0;
}

/* The limit stands in for a full disk: the write ends in the middle with an error. */
static int a_full_disk_leaves_the_old_record(void)
{
	static const char large[4096] = "new";
	char got[sizeof(large)], why[STORE_WHY];
	struct rlimit old, tiny;
	PLACE(p);

	CHECK(record_save(p.fd, &kind, text, sizeof(text), why) == 0);
	CHECK(getrlimit(RLIMIT_FSIZE, &old) == 0);
	signal(SIGXFSZ, SIG_IGN);
	for (rlim_t n = 0; n < HEADER_SIZE + sizeof(large); n += 31) {
		tiny = (struct rlimit){ .rlim_cur = n, .rlim_max = old.rlim_max };
		setrlimit(RLIMIT_FSIZE, &tiny);
		int r = record_save(p.fd, &kind, large, sizeof(large), why);
		setrlimit(RLIMIT_FSIZE, &old);
		CHECK(r == -EFBIG && strstr(why, "thing cannot be written: "));
		CHECK(record_load(p.fd, &kind, got, sizeof(got), why) == sizeof(text));
		CHECK(strcmp(got, text) == 0 && !there(&p, ".thing.new"));
	}
	return 0;
}

static int what_a_crash_left_half_written_is_no_hindrance(void)
{
	char got[64], why[STORE_WHY];
	PLACE(p);

	put(&p, ".thing.new", "half", 4);
	CHECK(record_save(p.fd, &kind, text, sizeof(text), why) == 0);
	CHECK(record_load(p.fd, &kind, got, sizeof(got), why) == sizeof(text));
	return 0;
}

/* Root may write everywhere, so the claim is tried by somebody else. */
static int as_nobody(struct place *p, int (*claim)(struct place *p))
{
	fflush(stdout);
	pid_t pid = fork();

	if (pid == 0) {
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(99);
		int r = claim(p);
		fflush(stdout);
		_exit(r);
	}
	int status = -1;

	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static int save_is_refused(struct place *p)
{
	char got[64], why[STORE_WHY];

	CHECK(record_save(p->fd, &kind, text, sizeof(text), why) == -EACCES);
	CHECK(strcmp(why, "thing cannot be written: Permission denied") == 0);
	CHECK(record_load(p->fd, &kind, got, sizeof(got), why) == -EACCES);
	CHECK(strstr(why, "is damaged and cannot be set aside (Permission denied)"));
	return 0;
}

static int a_folder_that_is_read_only_is_told(void)
{
	PLACE(p);

	put(&p, "thing", "torn", 4);
	CHECK(fchmodat(p.fd, "thing", 0444, 0) == 0 && fchmod(p.fd, 0555) == 0);
	CHECK(as_nobody(&p, save_is_refused) == 0);
	CHECK(there(&p, "thing"));
	CHECK(fchmod(p.fd, 0700) == 0);
	return 0;
}

static int a_folder_is_made_with_its_mode_whatever_the_umask(void)
{
	char path[128], why[STORE_WHY];
	struct stat st;
	PLACE(p);

	snprintf(path, sizeof(path), "%s/state", p.path);
	mode_t mask = umask(0077);
	CLEANUP(closep) int fd = folder_make(path, 0750, geteuid(), getegid(), why);
	umask(mask);
	CHECK(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0750);
	/* A human's chmod is kept by the next start. */
	CHECK(fchmod(fd, 0700) == 0);
	CLEANUP(closep) int again = folder_make(path, 0750, geteuid(), getegid(), why);
	CHECK(again >= 0 && fstat(again, &st) == 0 && (st.st_mode & 07777) == 0700);
	CHECK(rmdir(path) == 0);
	return 0;
}

static int an_unsafe_folder_is_refused_with_the_mend(void)
{
	char path[128], link[128], why[STORE_WHY];
	PLACE(p);

	snprintf(path, sizeof(path), "%s/state", p.path);
	snprintf(link, sizeof(link), "%s/link", p.path);
	CHECK(folder_open(path, geteuid(), why) == -ENOENT);
	CHECK(mkdir(path, 0700) == 0 && chmod(path, 0777) == 0);
	CHECK(folder_open(path, geteuid(), why) == -EPERM && strstr(why, "chmod o-w"));
	CHECK(chmod(path, 0700) == 0 && symlink("state", link) == 0);
	CHECK(folder_make(link, 0700, geteuid(), getegid(), why) == -ELOOP);
	CHECK(strstr(why, "is a symbolic link: name the folder itself"));
	CHECK(rmdir(path) == 0);
	put(&p, "state", "", 0);
	CHECK(folder_make(path, 0700, geteuid(), getegid(), why) == -ENOTDIR);
	snprintf(path, sizeof(path), "%s/a/b", p.path);
	CHECK(folder_make(path, 0700, geteuid(), getegid(), why) == -ENOENT);
	CHECK(strstr(why, "make the folder above it first"));
	return 0;
}

static int a_strangers_folder_is_refused_and_roots_is_handed_over(void)
{
	char why[STORE_WHY];
	struct stat st;
	PLACE(p);

	if (geteuid() != 0)
		SKIP("needs root: gives folders away");
	CHECK(fchown(p.fd, 1234, 1234) == 0);
	CHECK(folder_open(p.path, 65534, why) == -EPERM && strstr(why, "chown it to uid 65534"));
	CHECK(folder_make(p.path, 0700, 65534, 65534, why) == -EPERM);
	CHECK(fchown(p.fd, 0, 0) == 0);
	CLEANUP(closep) int fd = folder_make(p.path, 0700, 65534, 65534, why);
	CHECK(fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == 65534 && st.st_gid == 65534);
	return 0;
}

static int the_node_record_comes_back_as_it_was(void)
{
	CLEANUP(store_freep) struct store *s = NULL;
	const struct node_record r = { "8c6f43a2-6ab1-4ad4-b4a1-0d7f00d5a2ef", true, 1ull << 40 };
	struct node_record got;
	char why[STORE_WHY];
	PLACE(p);

	CHECK(store_open(&s, p.path, why) == 0);
	CHECK(node_record_load(s, &got, why) == -ENOENT);
	CHECK(node_record_save(s, &r, why) == 0);
	CHECK(node_record_load(s, &got, why) == 0);
	CHECK(strcmp(got.boot_id, r.boot_id) == 0 && got.clean && got.starts == r.starts);
	return 0;
}

static int a_folder_is_one_agents_at_a_time(void)
{
	CLEANUP(store_freep) struct store *s = NULL;
	CLEANUP(store_freep) struct store *other = NULL;
	char why[STORE_WHY];
	PLACE(p);

	CHECK(store_open(&s, p.path, why) == 0);
	CHECK(store_open(&other, p.path, why) == -EBUSY && !other);
	CHECK(strstr(why, "is in use: give this agent another --state-dir"));
	s = store_free(s);
	CHECK(store_open(&other, p.path, why) == 0);
	return 0;
}

static int the_next_start_knows_how_the_last_run_ended(void)
{
	enum last_run last;
	struct node_record r = node_record_next(NULL, "boot-1", &last);

	CHECK(last == LAST_NONE && r.starts == 1 && !r.clean);
	r = node_record_next(&(struct node_record){ "boot-1", false, 1 }, "boot-1", &last);
	CHECK(last == LAST_KILLED && r.starts == 2 && !r.clean);
	r = node_record_next(&(struct node_record){ "boot-1", false, 2 }, "boot-2", &last);
	CHECK(last == LAST_NODE_DOWN && r.starts == 3 && strcmp(r.boot_id, "boot-2") == 0);
	r = node_record_next(&(struct node_record){ "boot-1", true, 3 }, "boot-2", &last);
	CHECK(last == LAST_CLEAN && r.starts == 4 && !r.clean);
	return 0;
}

TEST_MAIN({ "what was saved is loaded", what_was_saved_is_loaded },
	  { "a first start is no error line", a_first_start_is_no_error_line },
	  { "a file torn at any byte is set aside", a_file_torn_at_any_byte_is_set_aside },
	  { "a flipped bit anywhere is found", a_flipped_bit_anywhere_is_found },
	  { "bytes after the end are damage", bytes_after_the_end_are_damage },
	  { "a huge file is damage, and not memory", a_huge_file_is_damage_and_not_memory },
	  { "damaged files never replace each other", damaged_files_never_replace_each_other },
	  { "a folder is one agent's at a time", a_folder_is_one_agents_at_a_time },
	  { "a newer file is refused with a line and left alone",
	    a_newer_file_is_refused_with_a_line_and_left_alone },
	  { "older files are brought up step by step", older_files_are_brought_up_step_by_step },
	  { "an older version that never was is damage",
	    an_older_version_that_never_was_is_damage },
	  { "another kind of file is not taken for ours",
	    another_kind_of_file_is_not_taken_for_ours },
	  { "links and pipes are not followed", links_and_pipes_are_not_followed },
	  { "a full disk leaves the old record", a_full_disk_leaves_the_old_record },
	  { "what a crash left half-written is no hindrance",
	    what_a_crash_left_half_written_is_no_hindrance },
	  { "a folder that is read-only is told", a_folder_that_is_read_only_is_told },
	  { "a folder is made with its mode, whatever the umask",
	    a_folder_is_made_with_its_mode_whatever_the_umask },
	  { "an unsafe folder is refused with the mend",
	    an_unsafe_folder_is_refused_with_the_mend },
	  { "a stranger's folder is refused and root's is handed over",
	    a_strangers_folder_is_refused_and_roots_is_handed_over },
	  { "the node record comes back as it was", the_node_record_comes_back_as_it_was },
	  { "the next start knows how the last run ended",
	    the_next_start_knows_how_the_last_run_ended }, )
