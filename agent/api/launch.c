/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/launch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/log.h"
#include "agent/config/config.h"
#include "agent/security/privileges.h"
#include "agent/warden/places.h"
#include "agent/warden/warden.h"
#include "agent/wire/wire.h"

#define OWN_USER "fairlead"
#define OWN_UID  64990 /* where nobody made that user; Debian keeps this range for such uses */

struct launch {
	struct warden warden;
	int listener, lock;
	char socket[108];
	uint64_t capabilities;
	uid_t uid;
	gid_t gid;
};

static int find_user(struct launch *l, const struct config *config)
{
	l->uid = geteuid();
	l->gid = getegid();
	if (l->uid)
		return 0; /* started by an ordinary user: that is who we are */
	if (privileges_find_user(config->user, &l->uid, &l->gid)) {
		if (strcmp(config->user, OWN_USER)) {
			fprintf(stderr,
				"fairlead: no user '%s': add it, or give a number to --user\n",
				config->user);
			return 2;
		}
		l->uid = l->gid = OWN_UID;
	}
	if (!l->uid || !l->gid) {
		fprintf(stderr,
			"fairlead: --user must not be root: the agent needs no rights, name "
			"an ordinary user\n");
		return 2;
	}
	return 0;
}

static int become_agent(const struct launch *l)
{
	int r = privileges_drop(l->uid, l->gid);

	if (r) {
		fprintf(stderr,
			"fairlead: cannot become uid %u: %s: give CAP_SETUID and CAP_SETGID, or start "
			"as an ordinary user\n",
			(unsigned int)l->uid, strerror(-r));
		return 1;
	}
	return 0;
}

static void filter_calls(void)
{
	int r = privileges_filter_calls();

	if (r)
		log_warn("agent", "no call filter: this kernel refuses seccomp error=%s",
			 strerror(-r));
}

int launch_become(const struct config *config)
{
	struct launch who = { 0 };
	int status = find_user(&who, config);

	return status ? status : become_agent(&who);
}

int launch_new(struct launch **ret, const struct config *config, const char *config_path)
{
	struct launch *l = calloc(1, sizeof(*l));
	int status, r;

	if (!l)
		return 1;
	*l = (struct launch){
		.warden.socket = -1, .listener = -1, .lock = -1, .capabilities = privileges_held()
	};
	status = find_user(l, config);
	if (!status) {
		const struct warden_terms terms = { config_path, l->uid, l->gid };

		r = warden_start(&l->warden, &terms);
		if (r) {
			fprintf(stderr, "fairlead: cannot start the warden: %s\n", strerror(-r));
			status = 1;
		}
	}
	if (!status)
		status = become_agent(l);
	if (status) {
		launch_free(l);
		return status;
	}
	filter_calls();
	*ret = l;
	return 0;
}

struct launch *launch_free(struct launch *l)
{
	if (l) {
		if (l->listener >= 0) {
			close(l->listener);
			(void)unlink(l->socket); /* in a folder of root's it stays, for the next */
		}
		closep(&l->lock);
		if (l->warden.socket >= 0)
			warden_stop(&l->warden);
	}
	free(l);
	return NULL;
}

struct warden *launch_warden(struct launch *l)
{
	return &l->warden;
}

int launch_socket(const struct launch *l)
{
	return l->listener;
}

uint64_t launch_capabilities(const struct launch *l)
{
	return l->capabilities;
}

int launch_open_config(struct launch *l)
{
	struct wire_request ask = { .kind = WIRE_OPEN, .file = WIRE_FILE_CONFIG };
	struct wire_reply reply;
	int fds[WIRE_FDS];
	int r = warden_ask(&l->warden, &ask, &reply, fds);

	if (r || reply.error)
		return r ? r : reply.error;
	return reply.fds ? fds[0] : -EPROTO;
}

int launch_places(struct launch *l, const struct config *config)
{
	struct wire_request ask = { .kind = WIRE_PLACES, .execute = config->execute };
	struct wire_reply reply;
	int fds[WIRE_FDS], r;

	memcpy(ask.socket, config->socket, sizeof(ask.socket));
	memcpy(ask.state_dir, config->state_dir, sizeof(ask.state_dir));
	memcpy(l->socket, config->socket, sizeof(l->socket));
	r = warden_ask(&l->warden, &ask, &reply, fds);
	if (!r && !reply.error && reply.fds != _PLACES_FD_MAX)
		r = -EPROTO;
	if (r || reply.error) {
		fprintf(stderr, "fairlead: %s\n", r ? "the warden did not answer" : reply.text);
		return 1;
	}
	l->listener = fds[PLACES_LISTENER];
	l->lock = fds[PLACES_LOCK];
	return 0;
}
