/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/thread.h"

#include <signal.h>

int thread_start(pthread_t *ret, const char *name, size_t stack_bytes, void *(*run)(void *context),
		 void *context)
{
	sigset_t all, before;
	pthread_attr_t how;
	int r;

	sigfillset(&all);
	pthread_attr_init(&how);
	pthread_attr_setstacksize(&how, stack_bytes);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(ret, &how, run, context);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&how);
	if (r)
		return r;
	pthread_setname_np(*ret, name);
	return 0;
}
