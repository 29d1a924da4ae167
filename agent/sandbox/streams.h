/* SPDX-License-Identifier: Apache-2.0 */
/* streams: what a job may be handed as stdin, stdout and stderr. */
#pragma once
struct build;
struct sandbox_spec;

/* 0, or why one of them is refused: EISDIR, EOPNOTSUPP for sockets, EBADF. */
int streams_check(const struct sandbox_spec *spec);

/*
 * A file that is handed in for reading cannot be written to, truncated, or have its mode
 * changed from inside: it is opened anew, on a mount that is read-only.  Of a file without a
 * name, or one that we may not reach, nothing is changed.  Needs the right to mount.
 */
void streams_narrow(struct build *b);
