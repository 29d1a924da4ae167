/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/look.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/api/node.h"
#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/printable.h"
#include "agent/cli/client.h"
#include "agent/config/command.h"
#include "agent/config/config.h"
#include "agent/probes/sample.h"
#include "agent/security/privileges.h"
#include "agent/snapshot/finding.h"
#include "agent/snapshot/snapshot.h"
#include "agent/warden/warden.h"
#include "exporters/json/json.h"

/* Loading takes 0.3 s on a CPU that was asleep, more where much else runs: the answer is there after
 * 1.2 s. */
#define OWN_WINDOW_NS (600 * NS_PER_MSEC)

enum { EXIT_FAILED = 1, EXIT_NO_AGENT = 3 };

struct look {
	char socket[108];
	bool agent;
	struct warden warden; /* without an agent */
	struct node *node;
	struct config config;
};

/* -ENOENT, -ECONNREFUSED: nobody home.  -EACCES: somebody, but not for this user. */
static bool nobody_home(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED;
}

/* A file that is named must be right; the one that is not may be for others' eyes only. */
static int read_config(struct config *ret, const struct command_common *common)
{
	struct config_error e = { 0 };
	char line[1024];

	config_defaults(ret);
	if (!config_load(common->config, ret, &e) || !common->config[0])
		return 0;
	config_error_format(&e, common->config, line, sizeof(line));
	fprintf(stderr, "fairlead: %s\n", line);
	return COMMAND_WRONG_USE;
}

static int load_probes(struct look *l)
{
	uint64_t capabilities = privileges_held();
	const struct warden_terms terms = { 0 };
	int r = warden_start(&l->warden, &terms);

	if (!r)
		r = node_new(&l->node, &l->warden, &l->config, capabilities);
	if (r) {
		fprintf(stderr, "fairlead: cannot look at the node: %s\n", strerror(-r));
		return EXIT_FAILED;
	}
	return 0;
}

int look_new(struct look **ret, const struct command_common *common, bool agent_only)
{
	CLEANUP(look_freep) struct look *l = calloc(1, sizeof(*l));
	CLEANUP(answer_freep) struct answer answer = { 0 };
	const char *socket;
	int r;

	if (!l) {
		fprintf(stderr, "fairlead: out of memory\n");
		return EXIT_FAILED;
	}
	l->warden.socket = -1;
	setlocale(LC_CTYPE, ""); /* names of others are shown as far as the terminal can */
	r = read_config(&l->config, common);
	if (r)
		return r;
	socket = common->socket_given ? common->socket : l->config.socket;
	snprintf(l->socket, sizeof(l->socket), "%s", socket);
	r = client_get(&answer, socket, "/healthz", 0);
	l->agent = !r;
	if (r == -EACCES) {
		fprintf(stderr,
			"fairlead: the agent on %s is not for this user: run as root, or join the "
			"socket's group\n",
			socket);
		return EXIT_NO_AGENT;
	}
	if (r == -ETIMEDOUT) {
		fprintf(stderr,
			"fairlead: who listens on %s does not answer: if it is the agent it hangs or was "
			"stopped: see its log, or start it anew\n",
			socket);
		return EXIT_NO_AGENT;
	}
	if (r && !nobody_home(r)) {
		fprintf(stderr, "fairlead: no answer on %s: %s: is it an agent's socket?\n", socket,
			strerror(-r));
		return EXIT_NO_AGENT;
	}
	if (!l->agent && agent_only) {
		fprintf(stderr,
			"fairlead: no agent answers on %s: start it, or give its --socket\n",
			socket);
		return EXIT_NO_AGENT;
	}
	if (!l->agent) {
		r = load_probes(l);
		if (r)
			return r;
	}
	*ret = TAKE(l);
	return 0;
}

struct look *look_free(struct look *l)
{
	if (l) {
		node_free(l->node);
		if (l->warden.socket >= 0)
			warden_stop(&l->warden);
	}
	free(l);
	return NULL;
}

void look_freep(struct look **l)
{
	*l = look_free(*l);
}

bool look_by_agent(const struct look *l)
{
	return l->agent;
}

const char *look_socket(const struct look *l)
{
	return l->socket;
}

static int ask(const struct look *l, const char *path, uint64_t wait_ns, char **json)
{
	CLEANUP(answer_freep) struct answer answer = { 0 };
	int r = client_get(&answer, l->socket, path, wait_ns);

	if (r == -EPROTO || nobody_home(r)) { /* cut off, or gone since we saw it */
		fprintf(stderr, "fairlead: the agent on %s stopped before it answered\n",
			l->socket);
		return EXIT_NO_AGENT;
	}
	if (!r && answer.status != 200)
		printable_copy(answer.body, answer.length + 1, answer.body);
	if (r)
		fprintf(stderr, "fairlead: the agent on %s did not answer: %s\n", l->socket,
			strerror(-r));
	else if (answer.status != 200)
		fprintf(stderr, "fairlead: the agent answered %d: %s\n", answer.status,
			answer.body);
	if (r || answer.status != 200)
		return EXIT_FAILED;
	*json = TAKE(answer.body);
	return 0;
}

/* Waits out the window between two samples of our own. */
static int own_window(struct look *l, uint64_t window_ns, struct snapshot **ret)
{
	CLEANUP(sample_freep) struct sample *base = NULL;
	uint64_t end = clock_mono_ns() + window_ns;
	struct timespec until = { .tv_sec = (time_t)(end / NS_PER_SEC),
				  .tv_nsec = (long)(end % NS_PER_SEC) };
	int r = node_base(l->node, clock_mono_ns(), &base);

	if (!r)
		r = -clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	return r ? r : node_snapshot_since(l->node, clock_mono_ns(), base, ret);
}

int look_may_measure(const struct look *l)
{
	if (l->agent || node_measures(l->node) || !geteuid())
		return 0;
	fprintf(stderr,
		"fairlead: no agent answers on %s, and this user may not load the probes: "
		"start the agent, or run as root\n",
		l->socket);
	return EXIT_NO_AGENT;
}

int look_tick(struct look *l, uint64_t interval_ns, struct snapshot **ret)
{
	struct snapshot *s = NULL;
	int r;

	/* A beat that comes a little early is a beat: less than one, or the window would be two. */
	l->config.window_ns = interval_ns / 10 * 9;
	node_configure(l->node, &l->config);
	r = node_tick(l->node, clock_mono_ns());
	if (!r)
		r = node_snapshot(l->node, &s);
	if (r)
		return r;
	*ret = s->window_ns ? s : snapshot_free(s);
	return 0;
}

static int own_snapshot(struct look *l, uint64_t window_ns, char **json)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	int r = look_may_measure(l);

	if (r)
		return r;
	r = own_window(l, window_ns, &s);
	if (!r) {
		*json = json_snapshot(s);
		r = *json ? 0 : -ENOMEM;
	}
	if (r)
		fprintf(stderr, "fairlead: no snapshot: %s\n", strerror(-r));
	return r ? EXIT_FAILED : 0;
}

int look_snapshot(struct look *l, uint64_t window_ns, char **json)
{
	char path[64] = "/v1/snapshot";

	if (!l->agent)
		return own_snapshot(l, window_ns ? window_ns : OWN_WINDOW_NS, json);
	if (window_ns)
		snprintf(path, sizeof(path), "/v1/snapshot?for=%lluns",
			 (unsigned long long)window_ns);
	return ask(l, path, window_ns, json);
}

int look_findings(struct look *l, char **json)
{
	CLEANUP(freep) struct findings *f = NULL;

	if (l->agent)
		return ask(l, "/v1/doctor", 0, json);
	f = malloc(sizeof(*f));
	if (!f) {
		fprintf(stderr, "fairlead: out of memory\n");
		return EXIT_FAILED;
	}
	node_findings(l->node, f);
	*json = json_findings(f, node_kernel(l->node));
	return *json ? 0 : EXIT_FAILED;
}
