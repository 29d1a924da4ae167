/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/config.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "agent/base/log.h"
#include "agent/config/address.h"
#include "agent/config/endpoint.h"
#include "agent/config/quantity.h"

#define MS  1000000ll
#define SEC (1000 * MS)
#define MIN (60 * SEC)

static const char *const event_hooks[] = { "auto", "tp_btf", "raw_tp", "off", NULL };
static const char *const hook_names[] = { "auto", "tp_btf", "raw_tp", "off", "fentry", NULL };
_Static_assert(sizeof(hook_names) / sizeof(char *) == _HOOK_CHOICE_MAX + 1, "a name a choice");

static const char *const compression_names[] = { "gzip", "none", NULL };
_Static_assert(sizeof(compression_names) / sizeof(char *) == _COMPRESSION_MAX + 1, "a name each");

enum { BOTH = OPTION_IN_FILE | OPTION_AS_FLAG };

/* In the order that the documents show them. */
static const struct option_row rows[] = {
	{ .name = "socket",
	  .type = OPTION_STRING,
	  .where = BOTH,
	  OPTION_FIELD(struct config, socket),
	  .min = 1,
	  .fallback = "/run/fairlead/fairlead.sock",
	  .environment = "FAIRLEAD_SOCKET",
	  .argument = "PATH",
	  .help = "Unix socket that the agent serves. The other commands ask it there." },
	{ .name = "state_dir",
	  .type = OPTION_STRING,
	  .where = BOTH,
	  OPTION_FIELD(struct config, state_dir),
	  .min = 1,
	  .fallback = "/var/lib/fairlead",
	  .argument = "FOLDER",
	  .help = "Folder for what must outlive a restart. The agent's user must be able to "
		  "write it." },
	{ .name = "user",
	  .type = OPTION_STRING,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct config, user),
	  .min = 1,
	  .fallback = "fairlead",
	  .argument = "USER",
	  .help = "User that the agent becomes, by name or number; where there is no user fairlead, "
		  "number 64990. A flag only, because the agent is that user when it reads the file, "
		  "which its warden opens for it." },
	{ .name = "log.level",
	  .type = OPTION_ENUM,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, log_level),
	  .values = log_level_names,
	  .fallback = "info",
	  .help = "How much is logged. error is what failed, warn what needs attention, info what "
		  "happened, debug every step." },
	{ .name = "log.format",
	  .type = OPTION_ENUM,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, log_format),
	  .values = log_format_names,
	  .fallback = "text",
	  .help = "Lines for people, or one JSON object a line for log collectors." },
	{ .name = "log.rate",
	  .type = OPTION_INT,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, log_rate),
	  .max = 1000000,
	  .fallback = "10",
	  .argument = "LINES",
	  .help = "Lines a second that one message may repeat. What was held back is counted in "
		  "its next line; 0 holds nothing back." },
	{ .name = "signals.interval",
	  .type = OPTION_DURATION,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, interval_ns),
	  .min = 100 * MS,
	  .max = 1 * MIN,
	  .fallback = "1s",
	  .help = "How often the agent reads the kernel's counters to steer by. Scrapes read them "
		  "on their own and are not bound to it." },
	{ .name = "signals.window",
	  .type = OPTION_DURATION,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, window_ns),
	  .min = 100 * MS,
	  .max = 60 * MIN,
	  .fallback = "10s",
	  .help = "Span that rates and percentiles are taken over. It cannot be shorter than "
		  "signals.interval; a longer one is calmer, a shorter one sees a change sooner." },
	{ .name = "sched.hook",
	  .type = OPTION_ENUM,
	  .where = BOTH,
	  OPTION_FIELD(struct config, sched_hook),
	  .values = event_hooks,
	  .fallback = "auto",
	  .help = "Kernel hook that run-queue waits are measured at. auto takes the cheapest that "
		  "this kernel allows; off does not measure them. 'fairlead doctor' shows which is "
		  "in use." },
	{ .name = "sched.cgroups",
	  .type = OPTION_BOOL,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, sched_cgroups),
	  .fallback = "true",
	  .help = "Measure run-queue waits for each cgroup too. Without it there are only those of "
		  "the CPUs." },
	{ .name = "disk.hook",
	  .type = OPTION_ENUM,
	  .where = BOTH,
	  OPTION_FIELD(struct config, disk_hook),
	  .values = event_hooks,
	  .fallback = "auto",
	  .help = "Kernel hooks that disk I/O is measured at, as sched.hook." },
	{ .name = "disk.cgroups",
	  .type = OPTION_BOOL,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, disk_cgroups),
	  .fallback = "true",
	  .help = "Count disk I/O for each cgroup too. Without it there is only that of the "
		  "devices." },
	{ .name = "cache.hook",
	  .type = OPTION_ENUM,
	  .where = BOTH,
	  OPTION_FIELD(struct config, cache_hook),
	  .values = hook_names,
	  .fallback = "auto",
	  .help = "Kernel hooks that the page cache is measured at, as sched.hook. Older kernels have "
		  "no tracepoint for some of it: there the functions themselves are hooked." },
	{ .name = "cache.cgroups",
	  .type = OPTION_BOOL,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, cache_cgroups),
	  .fallback = "true",
	  .help = "Count the page cache's use for each cgroup too. Without it there is only that "
		  "of the node." },
	{ .name = "bpf_budget",
	  .type = OPTION_DURATION,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, bpf_budget_ns),
	  .min = 1000,
	  .max = SEC,
	  .fallback = "10ms",
	  .help = "CPU time that the BPF programs may take of every second of each CPU: 10ms is 1 %. "
		  "Over it the dearest detail is left out until there is room again." },
	{ .name = "execute",
	  .type = OPTION_BOOL,
	  .where = BOTH,
	  OPTION_FIELD(struct config, execute),
	  .fallback = "false",
	  .help = "Run jobs, in sandboxes. The warden then keeps CAP_SETUID and CAP_SETGID, so that "
		  "they have a user of their own." },
	{ .name = "jobs.timeout",
	  .type = OPTION_DURATION,
	  .where = BOTH,
	  OPTION_FIELD(struct config, job_timeout_ns),
	  .max = 7 * 24 * 60 * MIN,
	  .fallback = "5m",
	  .help = "How long a job may run that names no limit itself. 0s sets none." },
	{ .name = "jobs.wait",
	  .type = OPTION_DURATION,
	  .where = BOTH,
	  OPTION_FIELD(struct config, job_wait_ns),
	  .max = 24 * 60 * MIN,
	  .fallback = "30s",
	  .help = "How long a job may wait for its turn until it is refused. 0s waits for ever." },
	{ .name = "jobs.running",
	  .type = OPTION_INT,
	  .where = BOTH,
	  OPTION_FIELD(struct config, jobs_running),
	  .min = 1,
	  .max = 1024,
	  .fallback = "64",
	  .help = "Jobs that may run at once. More wait: latency before normal before batch, tenants "
		  "in turn." },
	{ .name = "jobs.waiting",
	  .type = OPTION_INT,
	  .where = BOTH,
	  OPTION_FIELD(struct config, jobs_waiting),
	  .max = 100000,
	  .fallback = "10000",
	  .help = "Jobs that may wait for their turn at once. More are refused." },
	{ .name = "tenants",
	  .type = OPTION_STRING,
	  .where = BOTH,
	  OPTION_FIELD(struct config, tenants),
	  .fallback = "",
	  .argument = "ENTRIES",
	  .help = "Who shares which limits: entries NAME uids=1000,2000-2999 jobs=100 rate=50/s "
		  "burst=100 queue=1000 with ; between them; each other user is a tenant of its own, "
		  "with what an entry default says." },
	{ .name = "pools.command",
	  .type = OPTION_INT,
	  .where = BOTH,
	  OPTION_FIELD(struct config, pool_command),
	  .max = 256,
	  .fallback = "2",
	  .help = "Sandboxes that are kept ready for a command, with this machine's /usr as root." },
	{ .name = "pools.python",
	  .type = OPTION_INT,
	  .where = BOTH,
	  OPTION_FIELD(struct config, pool_python),
	  .max = 256,
	  .fallback = "0",
	  .help = "The same for code in python, forked from an interpreter that was started once." },
	{ .name = "pools.node",
	  .type = OPTION_INT,
	  .where = BOTH,
	  OPTION_FIELD(struct config, pool_node),
	  .max = 256,
	  .fallback = "0",
	  .help = "The same for code in node, an interpreter that was started for it." },
	{ .name = "pools.java",
	  .type = OPTION_INT,
	  .where = BOTH,
	  OPTION_FIELD(struct config, pool_java),
	  .max = 256,
	  .fallback = "0",
	  .help = "The same for code in java, a virtual machine that was started for it." },
	{ .name = "http.connections",
	  .type = OPTION_INT,
	  .where = BOTH,
	  OPTION_FIELD(struct config, max_connections),
	  .min = 1,
	  .max = 1024,
	  .fallback = "64",
	  .help = "Connections to the agent that may be open at once. Each may hold some KiB of "
		  "memory." },
	{ .name = "http.body",
	  .type = OPTION_SIZE,
	  .where = BOTH,
	  OPTION_FIELD(struct config, max_body_bytes),
	  .min = 1024,
	  .max = 256 << 20,
	  .fallback = "8M",
	  .help = "The largest body that a request may have, such as a job with its code and files. "
		  "All bodies on their way in may have eight times as much together." },
	{ .name = "metrics_listen",
	  .type = OPTION_STRING,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, metrics_listen),
	  .min = 1,
	  .fallback = ADDRESS_OFF,
	  .argument = "ADDRESS:PORT",
	  .help = "TCP port for /metrics, /healthz and /readyz, such as 127.0.0.1:9464 or "
		  "[::]:9464. off has none; whoever reaches it may read it, without a password." },
	{ .name = "otlp.endpoint",
	  .type = OPTION_STRING,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, otlp.endpoint),
	  .fallback = "",
	  .argument = "URL",
	  .help = "Where metrics are pushed to over OTLP/HTTP, such as "
		  "https://collector:4318/v1/metrics; empty for nowhere. Without a path it is "
		  "/v1/metrics." },
	{ .name = "otlp.interval",
	  .type = OPTION_DURATION,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, otlp.interval_ns),
	  .min = 1 * SEC,
	  .max = 60 * MIN,
	  .fallback = "15s",
	  .help = "How often metrics are pushed. The first push comes at a random moment of it, so "
		  "that the nodes of a cluster take turns." },
	{ .name = "otlp.timeout",
	  .type = OPTION_DURATION,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, otlp.timeout_ns),
	  .min = 100 * MS,
	  .max = 5 * MIN,
	  .fallback = "10s",
	  .help = "How long one push may take, from the look-up of the name to the answer. What "
		  "takes longer is tried again later." },
	{ .name = "otlp.compression",
	  .type = OPTION_ENUM,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, otlp.compression),
	  .values = compression_names,
	  .fallback = "gzip",
	  .help = "How pushes are compressed. gzip makes them about four times smaller." },
	{ .name = "otlp.ca",
	  .type = OPTION_STRING,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, otlp.ca),
	  .fallback = "",
	  .argument = "FILE",
	  .help = "Certificates (PEM) of the authorities that the receiver's certificate may come "
		  "from; empty for those that the system trusts." },
	{ .name = "otlp.certificate",
	  .type = OPTION_STRING,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, otlp.certificate),
	  .fallback = "",
	  .argument = "FILE",
	  .help = "Certificate (PEM) that the agent shows to the receiver; empty for none." },
	{ .name = "otlp.key",
	  .type = OPTION_STRING,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, otlp.key),
	  .fallback = "",
	  .argument = "FILE",
	  .help = "Private key (PEM) of otlp.certificate. The agent's user must be able to read "
		  "it." },
	{ .name = "otlp.headers_file",
	  .type = OPTION_STRING,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, otlp.headers_file),
	  .fallback = "",
	  .argument = "FILE",
	  .help = "Headers to send with each push, such as a token, one 'Name: value' a line. The "
		  "agent's user must be able to read it, and others must not." },
	{ .name = "drain_timeout",
	  .type = OPTION_DURATION,
	  .where = BOTH | OPTION_LIVE,
	  OPTION_FIELD(struct config, drain_ns),
	  .max = 10 * MIN,
	  .fallback = "10s",
	  .help = "How long a stop waits for work under way. Counted from SIGTERM; a second "
		  "SIGTERM ends the wait." },
	{ .name = "for",
	  .type = OPTION_DURATION,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct config, run_for_ns),
	  .fallback = "0s",
	  .help = "Run for this long, then stop with exit code 0. 0s runs until told to stop." },
};
_Static_assert(sizeof(rows) / sizeof(rows[0]) == CONFIG_OPTIONS, "an origin a row");

static const struct option_table table = { .rows = rows, .count = CONFIG_OPTIONS };

const struct option_table *config_options(void)
{
	return &table;
}

void config_defaults(struct config *ret)
{
	memset(ret, 0, sizeof(*ret));
	option_defaults(&table, ret); /* cannot fail: a unit test holds every default to its row */
}

void config_renew(struct config *ret, const struct config *from)
{
	struct config fresh;

	config_defaults(&fresh);
	for (size_t i = 0; i < CONFIG_OPTIONS; i++)
		if (from->origins[i].from == ORIGIN_FLAG ||
		    from->origins[i].from == ORIGIN_ENVIRONMENT) {
			memcpy((char *)&fresh + rows[i].offset, (const char *)from + rows[i].offset,
			       rows[i].size);
			fresh.origins[i] = from->origins[i];
		}
	*ret = fresh;
}

void config_take_live(struct config *running, const struct config *next)
{
	for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
		if (!(rows[i].where & OPTION_LIVE))
			continue;
		memcpy((char *)running + rows[i].offset, (const char *)next + rows[i].offset,
		       rows[i].size);
		running->origins[i] = next->origins[i];
	}
}

/* What is not from the file has line 0, so it is never the later one. */
static bool is_later(const struct option_origin *a, const struct option_origin *b)
{
	return a->line > b->line || (a->line == b->line && a->column > b->column);
}

/* Points at whichever of the two the user wrote last, as that is the one to look at. */
static void point_at(struct config_error *e, const struct config *c, const char *a, const char *b)
{
	const struct option_origin *x = &c->origins[option_find(&table, a) - rows];
	const struct option_origin *y = &c->origins[option_find(&table, b) - rows];

	if (is_later(y, x))
		x = y;
	e->line = x->line;
	e->column = x->column;
}

static int validate_listen(const struct config *c, struct config_error *e)
{
	char quoted[OPTION_QUOTE_MAX];

	if (address_is_off(c->metrics_listen) || address_parse(c->metrics_listen, NULL) > 0)
		return 0;
	point_at(e, c, "metrics_listen", "metrics_listen");
	snprintf(e->text, sizeof(e->text),
		 "'metrics_listen' cannot be '%s': give an address and a port, such as "
		 "127.0.0.1:9464 or [::1]:9464, or off",
		 option_quote(c->metrics_listen, quoted));
	return -EINVAL;
}

static int __attribute__((format(printf, 4, 5))) refuse_otlp(const struct config *c,
							     struct config_error *e,
							     const char *option, const char *format,
							     ...)
{
	va_list args;

	point_at(e, c, option, option);
	va_start(args, format);
	vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	return -EINVAL;
}

static int validate_otlp(const struct config *c, struct config_error *e)
{
	char quoted[OPTION_QUOTE_MAX];
	const char *why;

	if (!c->otlp.certificate[0] != !c->otlp.key[0])
		return refuse_otlp(
			c, e, c->otlp.key[0] ? "otlp.key" : "otlp.certificate",
			"'otlp.certificate' and 'otlp.key' go together: set both, or none");
	why = c->otlp.endpoint[0] ? endpoint_fault(c->otlp.endpoint) : NULL;
	if (why)
		return refuse_otlp(c, e, "otlp.endpoint", "'otlp.endpoint' cannot be '%s': %s",
				   option_quote(c->otlp.endpoint, quoted), why);
	if (c->otlp.endpoint[0] && !endpoint_is_tls(c->otlp.endpoint) &&
	    (c->otlp.ca[0] || c->otlp.certificate[0]))
		return refuse_otlp(c, e, "otlp.endpoint",
				   "'otlp.endpoint' is http, which knows no certificates: make it "
				   "https, or leave out 'otlp.ca' and 'otlp.certificate'");
	return 0;
}

static int validate_window(const struct config *c, struct config_error *e)
{
	char window[32], interval[32];

	if (c->window_ns >= c->interval_ns)
		return 0;
	point_at(e, c, "signals.window", "signals.interval");
	quantity_format_duration(c->window_ns, window, sizeof(window));
	quantity_format_duration(c->interval_ns, interval, sizeof(interval));
	snprintf(e->text, sizeof(e->text),
		 "'signals.window' is %s, shorter than 'signals.interval' with %s: make the window "
		 "at least as long",
		 window, interval);
	return -EINVAL;
}

static int validate_tenants(const struct config *c, struct config_error *e)
{
	static struct tenant_rules unused; /* large */
	char why[TENANT_RULES_FAULT];

	if (!tenant_rules_read(c->tenants, &unused, why, sizeof(why)))
		return 0;
	point_at(e, c, "tenants", "tenants");
	snprintf(e->text, sizeof(e->text), "'tenants' %s", why);
	return -EINVAL;
}

int config_validate(const struct config *c, struct config_error *e)
{
	int r = validate_window(c, e);

	if (!r)
		r = validate_tenants(c, e);

	if (!r)
		r = validate_listen(c, e);
	return r ? r : validate_otlp(c, e);
}

size_t config_diff(const struct config *a, const struct config *b, const struct option_row *ret[],
		   size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < CONFIG_OPTIONS; i++)
		if (!option_equal(&rows[i], a, b)) {
			if (n < max)
				ret[n] = &rows[i];
			n++;
		}
	return n;
}

void config_error_format(const struct config_error *e, const char *path, char *ret, size_t n)
{
	if (e->line)
		snprintf(ret, n, "%s:%u:%u: %s", path && *path ? path : CONFIG_FILE, e->line,
			 e->column, e->text);
	else
		snprintf(ret, n, "%s", e->text);
}
