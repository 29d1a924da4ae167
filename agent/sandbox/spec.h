/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec: what a sandbox is to be, as plain values.  Nothing here is owned; what is pointed to
 * stays the caller's and need only live until sandbox_start() is back.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sandbox_net { SANDBOX_NET_NONE, SANDBOX_NET_LOOPBACK, _SANDBOX_NET_MAX };
enum sandbox_profile { SANDBOX_DEFAULT, SANDBOX_STRICT, _SANDBOX_PROFILE_MAX };

enum { SANDBOX_VOLUMES = 16, SANDBOX_FILES = 64, SANDBOX_HOST_USER = 64991 };

#define SANDBOX_FOLDER "/job" /* the working folder, unless another is named */

/* A folder or file of the host's at a path inside. */
struct sandbox_volume {
	const char *source, *path; /* path: absolute */
	bool read_only;
};

/* A file that is put into the working folder before the start. */
struct sandbox_file {
	const char *name;    /* without a slash */
	int fd;              /* copied from here, to its end, or, where it is -1, from … */
	const void *content; /* … here */
	size_t size;
	bool executable;
};

struct sandbox_spec {
	const char *root;   /* a folder with a system in it; NULL: the host's own /usr */
	char *const *argv;  /* argv[0] without a slash is looked for in PATH of env */
	char *const *env;   /* all of it: nothing is inherited */
	const char *folder; /* working folder; NULL: SANDBOX_FOLDER */
	const char *host;   /* name of the host inside; NULL: sandbox */
	int in, out, err;   /* become 0, 1, 2; a folder is refused */
	const int *more;    /* become 3, 4 …, and stay open in the command */
	size_t more_count;
	uint32_t uid, gid;  /* inside; outside it is SANDBOX_HOST_USER, or who we are if not root */
	uint64_t tmp_bytes; /* all that is written, in /tmp, the working folder and over the root */
	uint64_t tmp_inodes; /* likewise in files */
	uint64_t open_files; /* RLIMIT_NOFILE */
	uint64_t data_bytes; /* RLIMIT_DATA of each process, for want of a cgroup; 0: none */
	uint64_t processes;  /* RLIMIT_NPROC, for want of a cgroup; 0: none */
	const struct sandbox_volume *volumes;
	size_t volume_count;
	const struct sandbox_file *files;
	size_t file_count;
	enum sandbox_net net;
	enum sandbox_profile profile;

	/* What a pool has ready; NULL and -1: none, and made on the way. */
	const struct sandbox_group *group; /* its limits; without one there are only rlimits */
};

/* Why a sandbox did not start, as one sentence: step, reason, mend. */
struct sandbox_why {
	int error;       /* negative errno */
	bool of_command; /* all stands; only the command itself could not be executed */
	char text[640];
};
