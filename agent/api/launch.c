/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/launch.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/api/listen.h"
#include "agent/base/cleanup.h"
#include "agent/base/fs.h"
#include "agent/base/log.h"
#include "agent/config/config.h"
#include "agent/security/privileges.h"
#include "agent/store/store.h"
#include "agent/warden/warden.h"
#include "agent/wire/wire.h"

#define OWN_RUNTIME "/run/fairlead"
#define OWN_USER    "fairlead"
#define OWN_UID     64990 /* where nobody made that user; Debian keeps this range for such uses */

struct launch {
	struct warden warden;
	struct listener listener;
	struct store *store; /* NULL: this run keeps nothing */
	struct node_record record;
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
	if (!l->uid) {
		fprintf(stderr,
			"fairlead: --user must not be root: the agent needs no rights, name "
			"an ordinary user\n");
		return 2;
	}
	return 0;
}

/* Makes the socket's folder.  One that is there is left as somebody made it, but for our own
 * place, which a service manager makes for root. */
static void take_runtime_folder(const struct launch *l, const char *socket)
{
	char copy[sizeof(((struct config *)0)->socket)];
	const char *folder;

	snprintf(copy, sizeof(copy), "%s", socket);
	folder = dirname(copy);
	if (mkdir(folder, 0755) && strcmp(folder, OWN_RUNTIME))
		return;
	if (lchown(folder, l->uid, l->gid) && errno != EPERM) /* without CAP_CHOWN it must be so */
		log_warn("agent", "cannot hand over folder=%s error=%s", folder, strerror(errno));
}

static int take_places(struct launch *l, const struct config *config)
{
	char why[STORE_WHY];
	int fd;

	take_runtime_folder(l, config->socket);
	fd = folder_make(config->state_dir, 0750, l->uid, l->gid, why);
	if (fd >= 0)
		close(fd); /* the agent opens it again, as itself */
	if (listener_open(&l->listener, config->socket, l->uid, l->gid, why, sizeof(why))) {
		fprintf(stderr, "fairlead: %s\n", why);
		return 1;
	}
	return 0;
}

static int become_agent(const struct launch *l)
{
	int r = geteuid() ? 0 : privileges_drop(l->uid, l->gid);

	if (r) {
		fprintf(stderr,
			"fairlead: cannot become uid %u: %s: give CAP_SETUID and CAP_SETGID, or start "
			"as an ordinary user\n",
			(unsigned int)l->uid, strerror(-r));
		return 1;
	}
	r = privileges_filter_calls();
	if (r)
		log_warn("agent", "no call filter: this kernel refuses seccomp error=%s",
			 strerror(-r));
	return 0;
}

int launch_new(struct launch **ret, const struct config *config, const char *config_path)
{
	struct launch *l = calloc(1, sizeof(*l));
	int status, r;

	if (!l)
		return 1;
	*l = (struct launch){ .warden.socket = -1,
			      .listener = { .fd = -1, .lock = -1 },
			      .capabilities = privileges_held() };
	status = find_user(l, config);
	if (!status) {
		r = warden_start(&l->warden, config_path);
		if (r) {
			fprintf(stderr, "fairlead: cannot start the warden: %s\n", strerror(-r));
			status = 1;
		}
	}
	if (!status)
		status = take_places(l, config);
	if (!status)
		status = become_agent(l);
	if (status) {
		launch_free(l);
		return status;
	}
	*ret = l;
	return 0;
}

struct launch *launch_free(struct launch *l)
{
	if (l) {
		store_free(l->store);
		listener_close(&l->listener);
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
	return l->listener.fd;
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

void launch_recall(struct launch *l, const char *state_dir)
{
	struct node_record before;
	enum last_run last;
	char why[STORE_WHY], boot[BOOT_ID];
	bool known;

	if (store_open(&l->store, state_dir, why)) {
		log_warn("store", "off: this run keeps nothing: %s", why);
		return;
	}
	known = node_record_load(l->store, &before, why) == 0;
	if (!known && why[0])
		log_warn("store", "%s", why);
	if (fs_read("/proc/sys/kernel/random/boot_id", boot, sizeof(boot)) < 0)
		boot[0] = '\0';
	l->record = node_record_next(known ? &before : NULL, boot, &last);
	if (last == LAST_KILLED)
		log_warn("agent", "the last run did not stop cleanly: it was killed or crashed");
	else if (last == LAST_NODE_DOWN)
		log_warn("agent", "the last run did not stop cleanly: the node went down under it");
	if (node_record_save(l->store, &l->record, why))
		log_warn("store", "%s", why);
}

void launch_left(struct launch *l)
{
	char why[STORE_WHY];

	l->record.clean = true;
	if (l->store && node_record_save(l->store, &l->record, why))
		log_warn("store", "%s", why);
}
