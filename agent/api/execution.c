/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/execution.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config/config.h"
#include "agent/config/tenant_rules.h"
#include "agent/jobs/jobs.h"
#include "agent/jobs/kind.h"
#include "agent/pools/pool.h"
#include "agent/pools/pools.h"
#include "exporters/json/write.h"
#include "exporters/out.h"

struct execution {
	struct pools *pools; /* NULL: jobs are off */
	struct jobs *jobs;
};

static int submit(void *context, struct job_request *request, uid_t uid, struct job_ticket *ticket,
		  struct job_receipt *ret)
{
	const struct execution *e = context;

	if (e->jobs)
		return jobs_submit(e->jobs, request, uid, ticket, ret);
	snprintf(
		ret->why, sizeof(ret->why),
		"this agent runs no jobs: set execute to true in its configuration and start it anew");
	return -EOPNOTSUPP;
}

static int cancel(void *context, const char *id, uid_t uid)
{
	const struct execution *e = context;

	return e->jobs ? jobs_cancel(e->jobs, id, uid) : -ENOENT;
}

static int look(void *context, const char *id, uid_t uid, const struct job_result **ret)
{
	const struct execution *e = context;

	return e->jobs ? jobs_look(e->jobs, id, uid, ret) : -ENOENT;
}

static int wait_for(void *context, const char *id, uid_t uid, struct job_ticket *ticket)
{
	const struct execution *e = context;

	return e->jobs ? jobs_wait(e->jobs, id, uid, ticket) : -ENOENT;
}

static void list(void *context, uid_t uid, void (*each)(void *to, const struct job_result *result),
		 void *to)
{
	const struct execution *e = context;

	if (e->jobs)
		jobs_each(e->jobs, uid, each, to);
}

static void write_count(struct out *o, const char *key, uint64_t count)
{
	out_text(o, ",\"");
	out_text(o, key);
	out_text(o, "\":");
	out_count(o, count);
}

static void write_text(struct out *o, const char *key, const char *text)
{
	out_text(o, key);
	if (!*text || !json_write_text(o, text, strlen(text)))
		out_text(o, "null");
}

static void write_pool(void *to, const struct pool *pool)
{
	const struct pool_terms *terms = pool_terms(pool);
	struct out *o = to;
	struct pool_counts c;

	pool_counts(pool, &c);
	write_text(o, o->data[o->size - 1] == '[' ? "{\"name\":" : ",{\"name\":", terms->name);
	write_count(o, "minimum", terms->minimum);
	write_count(o, "target", terms->minimum);
	write_count(o, "maximum", terms->maximum);
	write_count(o, "ready", c.ready);
	write_count(o, "making", c.making);
	write_count(o, "busy", c.busy);
	write_count(o, "ending", c.ending);
	write_count(o, "waiting", c.waiting);
	write_count(o, "made_total", c.made);
	write_count(o, "taken_warm_total", c.taken_warm);
	write_count(o, "taken_cold_total", c.taken_cold);
	write_count(o, "failed_total", c.failed);
	write_text(o, ",\"error\":", pool_why(pool));
	out_text(o, "}");
}

static char *pools(void *context)
{
	const struct execution *e = context;
	struct out o = { 0 };

	out_text(&o, "{\"schema\":\"fairlead/pools/v1\",\"pools\":[");
	if (e->pools && !o.failed)
		pools_each(e->pools, write_pool, &o);
	out_bytes(&o, "]}\n", sizeof("]}\n"));
	if (!o.failed)
		return o.data;
	out_free(&o);
	return NULL;
}

struct jobs_agent execution_agent(struct execution *e)
{
	return (struct jobs_agent){ .context = e,
				    .submit = submit,
				    .cancel = cancel,
				    .look = look,
				    .wait = wait_for,
				    .list = list,
				    .pools = pools };
}

static int start(struct execution *e, struct loop *loop, struct warden *warden,
		 const struct config *config)
{
	static struct tenant_rules rules; /* large */
	const struct jobs_terms terms = { .timeout_ns = config->job_timeout_ns,
					  .wait_ns = config->job_wait_ns,
					  .running = (uint32_t)config->jobs_running,
					  .waiting = (uint32_t)config->jobs_waiting,
					  .tenants = &rules };
	char why[TENANT_RULES_FAULT];
	const struct kind_minimums ready = { .command = (uint32_t)config->pool_command,
					     .python = (uint32_t)config->pool_python,
					     .node = (uint32_t)config->pool_node,
					     .java = (uint32_t)config->pool_java };
	int r = pools_new(&e->pools, loop, warden);

	if (!r) /* it was validated with the configuration */
		r = tenant_rules_read(config->tenants, &rules, why, sizeof(why));
	if (!r)
		r = jobs_new(&e->jobs, loop, e->pools, &terms);
	if (!r)
		r = kind_prepare(e->pools, &ready);
	return r;
}

int execution_new(struct execution **ret, struct loop *loop, struct warden *warden,
		  const struct config *config)
{
	struct execution *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return -ENOMEM;
	r = config->execute ? start(e, loop, warden, config) : 0;
	if (r)
		execution_free(e);
	else
		*ret = e;
	return r;
}

void execution_stop(struct execution *e)
{
	if (!e)
		return;
	e->jobs = jobs_free(e->jobs);
	e->pools = pools_free(e->pools);
}

struct execution *execution_free(struct execution *e)
{
	execution_stop(e);
	free(e);
	return NULL;
}

void execution_drain(struct execution *e)
{
	if (e->jobs)
		jobs_drain(e->jobs);
}

unsigned int execution_open(const struct execution *e)
{
	return e->jobs ? jobs_open(e->jobs) : 0;
}
