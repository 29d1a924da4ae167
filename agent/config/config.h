/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: what a user may set for the agent.  Defaults are compiled in and need no file; the
 * environment, a YAML file and flags fill the same struct through one option table, each
 * winning over the one before.  A new configuration is built and validated whole before
 * anybody sees it.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "agent/config/option.h"
#include "agent/config/tenant_rules.h"

#define CONFIG_FILE "/etc/fairlead/fairlead.yaml" /* read when there is one and none is named */

enum config_compression { COMPRESSION_GZIP, COMPRESSION_NONE, _COMPRESSION_MAX };

enum hook_choice {
	HOOK_AUTO,
	HOOK_TP_BTF,
	HOOK_RAW_TP,
	HOOK_OFF,
	HOOK_FENTRY, /* where functions are hooked as well */
	_HOOK_CHOICE_MAX
};

enum { CONFIG_OPTIONS = 38, CONFIG_MAX_BYTES = 1 << 20 };

struct config {
	char socket[108];        /* socket */
	char state_dir[256];     /* state_dir */
	char user[64];           /* user: flag only, as the file is read after the drop */
	int log_level;           /* log.level: enum log_level, live */
	int log_format;          /* log.format: enum log_format, live */
	int64_t log_rate;        /* log.rate: lines a second and call site, 0 none, live */
	uint64_t interval_ns;    /* signals.interval 100ms..1m, 1s, live */
	uint64_t window_ns;      /* signals.window: >= interval, 10s, live */
	int sched_hook;          /* sched.hook: enum hook_choice */
	bool sched_cgroups;      /* sched.cgroups, live */
	int disk_hook;           /* disk.hook: enum hook_choice */
	bool disk_cgroups;       /* disk.cgroups, live */
	int cache_hook;          /* cache.hook: enum hook_choice */
	bool cache_cgroups;      /* cache.cgroups, live */
	uint64_t bpf_budget_ns;  /* bpf_budget 1us..1s of a second of each CPU, 10ms, live */
	bool execute;            /* execute */
	uint64_t job_timeout_ns; /* jobs.timeout, 5m; 0: none */
	uint64_t job_wait_ns;    /* jobs.wait, 30s; 0: for ever */
	int64_t jobs_running;    /* jobs.running 1..1024, 64 */
	int64_t jobs_waiting;    /* jobs.waiting 0..100000, 10000 */
	char tenants[TENANT_RULES_TEXT]; /* tenants */
	int64_t pool_command;            /* pools.command 0..256, 2; the others 0..256, 0 */
	int64_t pool_python, pool_node, pool_java;
	int64_t max_connections; /* http.connections 1..1024, 64 */
	uint64_t max_body_bytes; /* http.body 1K..256M, 8M */
	char metrics_listen[64]; /* metrics_listen: an address and a port, or off, live */
	struct config_otlp {
		char endpoint[512];                       /* otlp.endpoint: "" for none, live */
		uint64_t interval_ns, timeout_ns;         /* otlp.interval, otlp.timeout, live */
		int compression;                          /* otlp.compression, live */
		char ca[256], certificate[256], key[256]; /* otlp.ca …: paths or "", live */
		char headers_file[256]; /* otlp.headers_file: a path or "", live */
	} otlp;
	uint64_t drain_ns;   /* drain_timeout 0s..10m, 10s, live */
	uint64_t run_for_ns; /* for: flag only; 0: until told to stop */

	struct option_origin origins[CONFIG_OPTIONS]; /* a row of config_options() each */
};

/*
 * Where something is wrong and how to mend it, as one line.  What concerns the file as a
 * whole is at 1:1, where it begins; line 0: not from a file.
 */
struct config_error {
	unsigned int line, column;
	char text[512];
};

const struct option_table *config_options(void);
void config_defaults(struct config *ret);

/* Takes over into *running what may change at run time, and nothing else. */
void config_take_live(struct config *running, const struct config *next);

/*
 * Reads YAML from fd (opened with O_NONBLOCK, so that a FIFO cannot hold us) onto *c; what a
 * flag has set is checked but not replaced.  -EINVAL with *e filled and *c untouched: unknown
 * key, wrong type or unit, alias, anchor, tag, second document, duplicate key, too deep, over
 * 1 MiB, not UTF-8, not a regular file.  Or -ENOMEM, or what reading failed with.
 */
int config_read(int fd, struct config *c, struct config_error *e);

/*
 * config_read() and config_validate() of the file at path, or at CONFIG_FILE for NULL or "";
 * only then may the file be missing.  *c is untouched on failure, *e then filled.
 */
int config_load(const char *path, struct config *c, struct config_error *e);

/* A fresh *ret for a reload: defaults, and what flags and the environment said at the start. */
void config_renew(struct config *ret, const struct config *from);

/* Contradictions between settings; -EINVAL with *e filled. */
int config_validate(const struct config *c, struct config_error *e);

/*
 * The options that differ, up to max of them into ret; returns how many there are.  One with
 * OPTION_LIVE in its row's `where` can change now, the others need a restart.
 */
size_t config_diff(const struct config *a, const struct config *b, const struct option_row *ret[],
		   size_t max);

/* What is in force, as a YAML file whose comments say where each value came from. */
void config_print(const struct config *c, const char *path, FILE *out);

/* "PATH:LINE:COLUMN: text", or only the text when it is not from a file. */
void config_error_format(const struct config_error *e, const char *path, char *ret, size_t n);
