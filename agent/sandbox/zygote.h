/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zygote: a started interpreter that the processes of sandboxes are forked from, as the nursery
 * has it.  It may be made to run anybody's code by what it imports: it has no rights, and a filter
 * that lets it do no more than that code may, and enter the sandboxes that it is handed.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct build;

struct zygote {
	pid_t pid;
	int control; /* -1: there is none */
};

/*
 * Starts it in the nursery's namespaces, with a room of its own, and waits until all is imported.
 * imports: words.  -errno with the step noted, and, where it said why itself, that in *what.
 */
int zygote_start(struct zygote *ret, struct build *b, const char *imports, const char **what);

/*
 * A process in the sandbox of the stub, with its job's socket; fence -1: none.  Its pid, or -errno
 * with the step noted.  It is our child.
 */
pid_t zygote_fork(const struct zygote *z, struct build *b, int stub, int socket, int fence);
