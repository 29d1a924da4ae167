/* SPDX-License-Identifier: Apache-2.0 */
/* thread: a thread beside the loop.  Signals are the loop's: it is born with all of them blocked. */
#pragma once
#include <pthread.h>
#include <stddef.h>

/* name: as `ps -L` shows it, 15 bytes. */
int thread_start(pthread_t *ret, const char *name, size_t stack_bytes, void *(*run)(void *context),
		 void *context);
