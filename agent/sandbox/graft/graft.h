/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graft: what is put into interpreters so that they can be started before their job is known:
 * a library that takes the place of two functions of their libc, and a script for each.  They
 * are part of this binary and are handed on as descriptors (agent/wire/graft.h says which).
 */
#pragma once
#include <stddef.h>

enum graft_blob {
	GRAFT_LIBRARY, /* library.c: a shared object for LD_PRELOAD, of any libc */
	GRAFT_PYTHON,  /* python3 /proc/self/fd/5 IMPORT… */
	GRAFT_NODE,    /* node --preserve-symlinks-main /proc/self/fd/5 */
	GRAFT_JAVA,    /* java GRAFT_JAVA_OPTIONS… --source=11 /proc/self/fd/5 */
	_GRAFT_BLOB_MAX
};

/*
 * As words of argv; the environment is to say LC_ALL=C.UTF-8, for the names of files.  The door
 * that is opened is the launcher's way to descriptor 3.  With a folder as one more word, without
 * the library and a job, it leaves ahead.jar and ahead.jsa there and ends; then
 * `java GRAFT_JAVA_OPTIONS… -XX:SharedArchiveFile=FOLDER/ahead.jsa -cp FOLDER/ahead.jar Ahead`
 * is the same, started at a third of the cost (the archive may be missing: before Java 13).
 */
#define GRAFT_JAVA_OPTIONS                                                                         \
	"-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-Dstderr.encoding=UTF-8",             \
		"--add-opens=java.base/java.io=ALL-UNNAMED"

struct blob {
	const void *bytes;
	size_t size;
};

struct blob graft_blob(enum graft_blob which);

/* The same as a sealed file in memory, close-on-exec; its descriptor or -errno. */
int graft_open(enum graft_blob which);
