/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/loop/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"

enum source_kind { SOURCE_FD, SOURCE_TIMER, SOURCE_SIGNAL };

struct loop_source {
	struct loop *loop;
	struct loop_source *next, **link;
	enum source_kind kind;
	bool dropped;
	int fd;
	loop_fn fn;
	void *context;
	uint64_t due_ns, period_ns;
};

struct loop {
	int epoll, result;
	bool stop;
	struct loop_source *sources, *dropped;
	uint64_t lag_max_ns, missed;
};

int loop_new(struct loop **ret)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		free(l);
		return -errno;
	}
	*ret = l;
	return 0;
}

/* One batch of events may hold a source that an earlier event of it dropped: free it after. */
static void free_dropped(struct loop *l)
{
	while (l->dropped) {
		struct loop_source *s = l->dropped;

		l->dropped = s->next;
		free(s);
	}
}

struct loop *loop_free(struct loop *l)
{
	if (!l)
		return NULL;
	while (l->sources)
		loop_drop(l->sources);
	free_dropped(l);
	close(l->epoll);
	free(l);
	return NULL;
}

void loop_freep(struct loop **l)
{
	*l = loop_free(*l);
}

static int source_new(struct loop *l, enum source_kind kind, int fd, uint32_t events, loop_fn fn,
		      void *context, struct loop_source **ret)
{
	struct loop_source *s = calloc(1, sizeof(*s));
	struct epoll_event event = { .events = events, .data.ptr = s };

	if (!s)
		return -ENOMEM;
	*s = (struct loop_source){
		.loop = l, .kind = kind, .fd = fd, .fn = fn, .context = context, .next = l->sources
	};
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event)) {
		free(s);
		return -errno;
	}
	if (l->sources)
		l->sources->link = &s->next;
	s->link = &l->sources;
	l->sources = s;
	if (ret)
		*ret = s;
	return 0;
}

int loop_watch(struct loop *l, int fd, uint32_t events, loop_fn fn, void *context,
	       struct loop_source **ret)
{
	return source_new(l, SOURCE_FD, fd, events, fn, context, ret);
}

struct loop_source *loop_drop(struct loop_source *s)
{
	if (!s)
		return NULL;
	epoll_ctl(s->loop->epoll, EPOLL_CTL_DEL, s->fd, NULL);
	if (s->kind != SOURCE_FD)
		close(s->fd);
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	s->dropped = true;
	s->next = s->loop->dropped;
	s->loop->dropped = s;
	return NULL;
}

int loop_timer_set(struct loop_source *timer, uint64_t first_ns, uint64_t period_ns)
{
	struct itimerspec when = {
		.it_value = { (time_t)(first_ns / NS_PER_SEC), (long)(first_ns % NS_PER_SEC) },
		.it_interval = { (time_t)(period_ns / NS_PER_SEC), (long)(period_ns % NS_PER_SEC) },
	};

	timer->due_ns = clock_mono_ns() + first_ns;
	timer->period_ns = period_ns;
	return timerfd_settime(timer->fd, 0, &when, NULL) ? -errno : 0;
}

int loop_timer(struct loop *l, uint64_t period_ns, loop_fn fn, void *context,
	       struct loop_source **ret)
{
	CLEANUP(closep) int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct loop_source *timer;
	int r;

	if (fd < 0)
		return -errno;
	r = source_new(l, SOURCE_TIMER, fd, EPOLLIN, fn, context, &timer);
	if (r)
		return r;
	fd = -1;
	r = loop_timer_set(timer, period_ns, period_ns);
	if (r) {
		loop_drop(timer);
		return r;
	}
	if (ret)
		*ret = timer;
	return 0;
}

int loop_signal(struct loop *l, int signal, loop_fn fn, void *context)
{
	CLEANUP(closep) int fd = -1;
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, signal);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	r = source_new(l, SOURCE_SIGNAL, fd, EPOLLIN, fn, context, NULL);
	if (!r)
		fd = -1;
	return r;
}

static void fire_timer(struct loop_source *s)
{
	uint64_t expired, now = clock_mono_ns();

	if (read(s->fd, &expired, sizeof(expired)) != sizeof(expired))
		return; /* set anew since the event was taken */
	if (now > s->due_ns && now - s->due_ns > s->loop->lag_max_ns)
		s->loop->lag_max_ns = now - s->due_ns;
	s->loop->missed += expired - 1;
	s->due_ns += expired * s->period_ns;
	s->fn(s->context, EPOLLIN);
}

static void fire(struct loop_source *s, uint32_t events)
{
	struct signalfd_siginfo info;

	switch (s->kind) {
	case SOURCE_FD:
		s->fn(s->context, events);
		break;
	case SOURCE_TIMER:
		fire_timer(s);
		break;
	case SOURCE_SIGNAL:
		while (!s->dropped && read(s->fd, &info, sizeof(info)) == sizeof(info))
			s->fn(s->context, info.ssi_signo);
		break;
	}
}

int loop_run(struct loop *l)
{
	struct epoll_event events[16];

	l->stop = false;
	while (!l->stop) {
		int n = epoll_wait(l->epoll, events, sizeof(events) / sizeof(events[0]), -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++) {
			struct loop_source *s = events[i].data.ptr;

			if (!s->dropped)
				fire(s, events[i].events);
		}
		free_dropped(l);
	}
	return l->result;
}

void loop_stop(struct loop *l, int result)
{
	l->stop = true;
	l->result = result;
}

uint64_t loop_lag_max_ns(struct loop *l)
{
	uint64_t lag = l->lag_max_ns;

	l->lag_max_ns = 0;
	return lag;
}

uint64_t loop_missed(const struct loop *l)
{
	return l->missed;
}
