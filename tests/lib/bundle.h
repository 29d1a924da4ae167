/* SPDX-License-Identifier: Apache-2.0 */
/* bundle: a machine of tests/fixtures as a folder; whatever fails ends the test. */
#pragma once
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/base/fs.h"

static inline void bundle_folders(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *c = copy + 1; *c; c++)
		if (*c == '/') {
			*c = '\0';
			mkdir(copy, 0755);
			*c = '/';
		}
}

static inline void bundle_write(const char *root, const char *path, const char *text)
{
	char whole[PATH_MAX];
	FILE *f;

	snprintf(whole, sizeof(whole), "%s/%s", root, path);
	bundle_folders(whole);
	f = fopen(whole, "we");
	if (!f || fputs(text, f) < 0 || fclose(f)) {
		perror(whole);
		exit(1);
	}
}

/* The machine in a folder; the caller's to free. */
static inline struct fs_machine *bundle_machine(const char *root)
{
	struct fs_machine *m = NULL;

	if (fs_machine_new(&m, root))
		exit(1);
	return m;
}

/* Adds a bundle to what is in the folder already. */
static inline void bundle_add(const char *root, const char *name)
{
	char path[PATH_MAX], line[4096];
	FILE *in, *out = NULL;

	snprintf(path, sizeof(path), "tests/fixtures/%s", name);
	in = fopen(path, "re");
	while (in && fgets(line, sizeof(line), in)) {
		if (strncmp(line, "== ", 3)) {
			if (out)
				fputs(line, out);
			continue;
		}
		line[strcspn(line, "\n")] = '\0';
		snprintf(path, sizeof(path), "%s/%.2048s", root, line + 3);
		bundle_folders(path);
		if (out)
			fclose(out);
		out = fopen(path, "we");
	}
	if (!in || !out) {
		perror(name);
		exit(1);
	}
	fclose(out);
	fclose(in);
}

/* ret: "/tmp/…XXXXXX" */
static inline char *bundle_open(char *ret, const char *name)
{
	if (!mkdtemp(ret)) {
		perror(ret);
		exit(1);
	}
	chmod(ret, 0755);
	if (name)
		bundle_add(ret, name);
	return ret;
}

static inline void bundle_close(const char *root)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -r %s", root);
	if (system(command))
		exit(1);
}
