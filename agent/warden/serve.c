/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/warden/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "agent/base/cleanup.h"
#include "agent/base/log.h"
#include "agent/probes/load.h"
#include "agent/sandbox/nursery.h"
#include "agent/sandbox/spec.h"
#include "agent/security/privileges.h"
#include "agent/warden/groups.h"
#include "agent/warden/places.h"
#include "agent/warden/warden.h"
#include "agent/wire/message.h"
#include "agent/wire/wire.h"

enum { NURSERIES = 128 };

/* What a nursery asks cgroups over, and those that it has. */
struct nursery_groups {
	int socket;
	struct groups *groups;
};

struct warden_state {
	const struct warden_terms *terms;
	struct load *loads[_WIRE_SUBJECT_MAX];
	bool confined; /* holds nothing any more but what it keeps for good */
	bool execute;  /* keeps what starting nurseries takes as well */
	struct groups_ground *ground;
	struct nursery_groups nurseries[NURSERIES];
	size_t nursery_count;
};

/* What a reply carries out; `owned` descriptors are closed after it was sent. */
struct parcel {
	int fds[WIRE_FDS];
	bool owned;
};

_Static_assert(LOAD_MAPS <= WIRE_FDS, "a subject's maps fit one message");
_Static_assert(LOAD_PARTS *LOAD_WAYS <= WIRE_HOOKS, "a subject's hooks fit one message");
_Static_assert(LOAD_TEXT <= sizeof(((struct wire_reply *)0)->text), "a complaint fits as well");

static const struct load_subject *const subjects[] = {
	[WIRE_SCHED] = &sched_subject,
	[WIRE_DISK] = &disk_subject,
	[WIRE_CACHE] = &cache_subject,
};
_Static_assert(sizeof(subjects) / sizeof(subjects[0]) == _WIRE_SUBJECT_MAX, "a table a subject");

static void answer_load(struct warden_state *w, const struct wire_request *ask,
			struct wire_reply *reply, struct parcel *parcel)
{
	struct load **load = &w->loads[ask->subject];
	struct load_result result;

	if (*load) {
		reply->error = -EBUSY;
		return;
	}
	if (ask->hook > LOAD_WAYS) {
		reply->error = -EINVAL;
		return;
	}
	/* hook_choice is auto, then the ways in our order */
	reply->error =
		load_new(load, subjects[ask->subject], (int)ask->hook - 1, ask->cgroups, &result);
	malloc_trim(0); /* the kernel's BTF was several MB of heap */
	reply->cpus = result.shape.cpus;
	reply->shards = result.shape.shards;
	for (int part = 0; part < LOAD_PARTS; part++)
		for (int way = 0; way < LOAD_WAYS; way++)
			reply->tried[part * LOAD_WAYS + way] = result.tried[part][way];
	memcpy(reply->text, result.text, sizeof(result.text));
	if (!reply->error) {
		reply->fds = result.fd_count;
		memcpy(parcel->fds, result.fds, sizeof(result.fds));
	}
}

static void answer_open(const struct warden_state *w, struct wire_reply *reply,
			struct parcel *parcel)
{
	/* O_NONBLOCK: a FIFO in place of the file must not hold the warden. */
	int fd = w->terms->config
			 ? open(w->terms->config, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
			 : -1;

	if (fd < 0) {
		reply->error = w->terms->config ? -errno : -ENOENT;
		return;
	}
	reply->fds = 1;
	parcel->fds[0] = fd;
	parcel->owned = true;
}

/* The one answer that takes all the rights that we were started with, and so the first. */
static void answer_places(struct warden_state *w, const struct wire_request *ask,
			  struct wire_reply *reply, struct parcel *parcel)
{
	if (w->confined) {
		reply->error = -EBUSY;
		return;
	}
	w->execute = ask->execute;
	if (w->execute) { /* while we have the rights for it */
		int r = groups_ground_new(&w->ground);

		if (r)
			log_warn("warden",
				 "no cgroups for jobs: limits are those of processes error=%s",
				 strerror(-r));
	}
	reply->error = places_take(parcel->fds, ask->socket, ask->state_dir, w->terms->uid,
				   w->terms->gid, reply->text, sizeof(reply->text));
	if (!reply->error) {
		reply->fds = _PLACES_FD_MAX;
		parcel->owned = true;
	}
}

static void answer_missed(const struct warden_state *w, struct wire_reply *reply)
{
	for (int subject = 0; subject < _WIRE_SUBJECT_MAX; subject++)
		if (w->loads[subject])
			reply->missed += load_missed(w->loads[subject]);
}

/* Without groups jobs have the limits of processes; the nursery will say so. */
static int offer_groups(struct warden_state *w, int ends[2])
{
	struct nursery_groups *n = &w->nurseries[w->nursery_count];

	ends[0] = ends[1] = -1;
	if (w->nursery_count == NURSERIES)
		return -ENOSPC;
	if (!w->ground || groups_new(&n->groups, SANDBOX_HOST_USER))
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		n->groups = groups_free(n->groups);
		return -errno;
	}
	n->socket = ends[0];
	w->nursery_count++;
	return 0;
}

static void drop_groups(struct warden_state *w, size_t at)
{
	groups_free(w->nurseries[at].groups);
	close(w->nurseries[at].socket);
	w->nurseries[at] = w->nurseries[--w->nursery_count];
}

/* A process of its own, whose end nobody waits for: the agent, who talks to it, will notice. */
static void answer_nursery(struct warden_state *w, const int *fds, struct wire_reply *reply)
{
	int ends[2] = { -1, -1 }, r = w->execute ? offer_groups(w, ends) : -EACCES;

	if (!r) {
		r = nursery_start(fds[WIRE_NURSERY_SOCKET], fds[WIRE_NURSERY_TERMS], ends[1]);
		closep(&ends[1]); /* should it not have started, this ends its groups */
	}
	reply->error = r < 0 ? r : 0;
}

static int confine(struct warden_state *w)
{
	int r = w->confined ? 0 : privileges_keep_for_warden(w->execute);

	if (r)
		log_error("warden", "cannot give up privileges error=%s", strerror(-r));
	w->confined = true;
	return r;
}

static int answer(struct warden_state *w, int socket, const struct wire_request *ask,
		  const int *fds)
{
	struct wire_reply reply = { .magic = WIRE_MAGIC,
				    .version = WIRE_VERSION,
				    .kind = ask->kind,
				    .serial = ask->serial };
	struct parcel parcel = { 0 };
	int r = 0;

	if (ask->kind != WIRE_PLACES && ask->kind != WIRE_OPEN)
		r = confine(w);
	if (r)
		return r;
	switch (ask->kind) {
	case WIRE_HELLO:
		reply.capabilities = privileges_held();
		break;
	case WIRE_LOAD:
		answer_load(w, ask, &reply, &parcel);
		break;
	case WIRE_UNLOAD:
		w->loads[ask->subject] = load_free(w->loads[ask->subject]);
		break;
	case WIRE_OPEN:
		answer_open(w, &reply, &parcel);
		break;
	case WIRE_PLACES:
		answer_places(w, ask, &reply, &parcel);
		r = confine(w);
		break;
	case WIRE_MISSED:
		answer_missed(w, &reply);
		break;
	case WIRE_NURSERY:
		answer_nursery(w, fds, &reply);
		message_close_fds(fds, WIRE_NURSERY_FDS);
		break;
	default:
		reply.error = -EOPNOTSUPP;
	}
	if (r)
		return r;
	r = wire_send_reply(socket, &reply, parcel.fds);
	for (uint32_t i = 0; parcel.owned && i < reply.fds; i++)
		close(parcel.fds[i]);
	return r;
}

static int answer_agent(struct warden_state *w, int socket)
{
	struct wire_request ask;
	int fds[WIRE_NURSERY_FDS];
	int r = wire_receive_request(socket, &ask, fds);

	return r ? r : answer(w, socket, &ask, fds);
}

/* Whoever has something to say, the agent first. */
static int serve_once(struct warden_state *w, int socket)
{
	struct pollfd on[1 + NURSERIES] = { { .fd = socket, .events = POLLIN } };
	int r = 0;

	for (size_t i = 0; i < w->nursery_count; i++)
		on[1 + i] = (struct pollfd){ .fd = w->nurseries[i].socket, .events = POLLIN };
	if (poll(on, 1 + w->nursery_count, -1) < 0)
		return errno == EINTR ? 0 : -errno;
	for (size_t i = w->nursery_count; i-- > 0;)
		if (on[1 + i].revents) {
			int lost = groups_serve(w->nurseries[i].groups, w->nurseries[i].socket);

			if (lost && lost != -EAGAIN)
				drop_groups(w, i);
		}
	if (on[0].revents)
		r = answer_agent(w, socket);
	return r;
}

int warden_serve(int socket, const struct warden_terms *terms)
{
	struct warden_state w = { .terms = terms };
	int r;

	prctl(PR_SET_NAME, "fairlead-warden");
	prctl(PR_SET_DUMPABLE, 0); /* where both have one uid, the agent may not look into us */
	/* Signals to the group or the cgroup are for the agent: we end when it does. */
	for (int s = 1; s < NSIG; s++)
		if (s == SIGINT || s == SIGTERM || s == SIGHUP || s == SIGUSR1 || s == SIGPIPE)
			signal(s, SIG_IGN);
	signal(SIGCHLD, SIG_IGN); /* who has ended is gone */
	do
		r = serve_once(&w, socket);
	while (!r);
	for (int subject = 0; subject < _WIRE_SUBJECT_MAX; subject++)
		load_free(w.loads[subject]);
	while (w.nursery_count)
		drop_groups(&w, w.nursery_count - 1);
	groups_ground_free(w.ground);
	if (r != -EPIPE)
		log_error("warden", "stopped: the agent broke the protocol error=%s", strerror(-r));
	return r == -EPIPE ? 0 : 1;
}
