/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/cli/commands.h"
#include "agent/cli/run_what.h"
#include "agent/config/command.h"
#include "agent/config/quantity.h"
#include "agent/sandbox/group.h"
#include "agent/sandbox/group_host.h"
#include "agent/sandbox/place.h"
#include "agent/sandbox/sandbox.h"

/* As timeout(1) and env(1) have them. */
enum { RUN_TIMED_OUT = 124, RUN_COULD_NOT = 125, RUN_NOT_EXECUTABLE = 126, RUN_NOT_FOUND = 127 };

#define GRACE_NS (2 * NS_PER_SEC) /* between TERM and KILL */

struct run_args {
	struct option_list code, env, files, volumes;
	int language, net, profile;
	char root[PATH_MAX];
	uint64_t timeout_ns, memory_bytes, tmp_bytes, read_bytes, written_bytes;
	int64_t cpus, processes;
};

static const char *const nets[] = { "none", "loopback", NULL };
_Static_assert(sizeof(nets) / sizeof(char *) == _SANDBOX_NET_MAX + 1, "a name each");
static const char *const profiles[] = { "default", "strict", NULL };
_Static_assert(sizeof(profiles) / sizeof(char *) == _SANDBOX_PROFILE_MAX + 1, "a name each");

static const struct option_row rows[] = {
	{ .name = "code",
	  .letter = 'e',
	  .type = OPTION_LIST,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct run_args, code),
	  .fallback = "",
	  .argument = "CODE",
	  .help = "Run this code instead of a file; given again, it is the next line. Needs --lang." },
	{ .name = "lang",
	  .type = OPTION_ENUM,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct run_args, language),
	  .values = run_language_names,
	  .fallback = "auto",
	  .help = "Language of the file or code. auto goes by the #! line or the file's ending; exec "
		  "executes the file itself." },
	{ .name = "root",
	  .type = OPTION_STRING,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct run_args, root),
	  .fallback = "",
	  .argument = "FOLDER",
	  .help = "Folder with the system that the job sees as /; it may change it, for itself alone. "
		  "Without one the job sees this machine's /usr, read-only." },
	{ .name = "timeout",
	  .type = OPTION_DURATION,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct run_args, timeout_ns),
	  .fallback = "0s",
	  .help = "Stop the job after this long: TERM, and KILL 2s later. 0s never does." },
	{ .name = "memory",
	  .type = OPTION_SIZE,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct run_args, memory_bytes),
	  .min = 4 << 20,
	  .max = 1ll << 50,
	  .fallback = "1G",
	  .help = "Memory that all of the job may use, files that it writes included; no swap." },
	{ .name = "cpus",
	  .type = OPTION_PARTS,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct run_args, cpus),
	  .max = 4096000,
	  .fallback = "0",
	  .help = "CPUs that the job may use at once, such as 0.5. 0 sets no limit." },
	{ .name = "io-read",
	  .type = OPTION_SIZE,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct run_args, read_bytes),
	  .max = 1ll << 50,
	  .fallback = "0",
	  .help = "Bytes that the job may read from each disk in a second. 0 sets no limit." },
	{ .name = "io-write",
	  .type = OPTION_SIZE,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct run_args, written_bytes),
	  .max = 1ll << 50,
	  .fallback = "0",
	  .help = "Likewise, for what it writes into volumes." },
	{ .name = "pids",
	  .type = OPTION_INT,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct run_args, processes),
	  .min = 1,
	  .max = 1 << 20,
	  .fallback = "512",
	  .help = "Processes and threads that the job may have at once." },
	{ .name = "tmp",
	  .type = OPTION_SIZE,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct run_args, tmp_bytes),
	  .min = 64 << 10,
	  .max = 1ll << 50,
	  .fallback = "64M",
	  .help = "Room for all files that the job writes, in memory; one file a 4K of it." },
	{ .name = "net",
	  .type = OPTION_ENUM,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct run_args, net),
	  .values = nets,
	  .fallback = "none",
	  .help = "Network: none at all, or the job's own 127.0.0.1." },
	{ .name = "profile",
	  .type = OPTION_ENUM,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct run_args, profile),
	  .values = profiles,
	  .fallback = "default",
	  .help = "System calls that the job may make. strict leaves out sockets and what few need." },
	{ .name = "env",
	  .type = OPTION_LIST,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct run_args, env),
	  .fallback = "",
	  .argument = "NAME=VALUE",
	  .help = "Variable of the job's environment, which is otherwise the same for all." },
	{ .name = "file",
	  .type = OPTION_LIST,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct run_args, files),
	  .fallback = "",
	  .argument = "FILE",
	  .help = "File that is copied into the job's working folder." },
	{ .name = "volume",
	  .type = OPTION_LIST,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct run_args, volumes),
	  .fallback = "",
	  .argument = "FOLDER:PATH[:ro]",
	  .help = "Folder of this machine that the job sees at PATH, read-only with ro." },
};
static const struct option_table options = { rows, sizeof(rows) / sizeof(rows[0]) };

/* All that a sandbox_spec points to. */
struct job {
	struct run_what what;
	char *env[SANDBOX_FILES + 8];
	struct sandbox_file files[SANDBOX_FILES + 1];
	struct sandbox_volume volumes[SANDBOX_VOLUMES];
	char *volume_texts[SANDBOX_VOLUMES];
	struct sandbox_spec spec;
	struct group_host hierarchies, needed;
	struct sandbox_group group;
	char err[512];
};

static void job_done(struct job *job)
{
	for (size_t i = job->what.file.name != NULL; i < job->spec.file_count; i++)
		closep(&job->files[i].fd);
	for (size_t i = 0; i < SANDBOX_VOLUMES; i++)
		free(job->volume_texts[i]);
	run_what_done(&job->what);
}

static int refuse(struct job *job, const char *option, const char *text, const char *mend)
{
	char quoted[OPTION_QUOTE_MAX];

	snprintf(job->err, sizeof(job->err), "option '--%s' cannot be '%s': %s", option,
		 option_quote(text, quoted), mend);
	return -EINVAL;
}

static bool sets(const char *variable, const char *name)
{
	size_t length = strcspn(name, "=");

	return !strncmp(variable, name, length) && variable[length] == '=';
}

static int take_env(struct job *job, const struct option_list *given)
{
	static const char *const usual[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		("HOME=" SANDBOX_FOLDER),
		"USER=job",
		"LANG=C.UTF-8",
	};
	size_t n = 0;

	if (given->count > SANDBOX_FILES)
		return refuse(job, "env", given->items[SANDBOX_FILES], "it is one too many");
	for (size_t i = 0; i < given->count; i++) {
		if (*given->items[i] == '=' || !strchr(given->items[i], '='))
			return refuse(job, "env", given->items[i], "write NAME=VALUE");
		job->env[n++] = (char *)given->items[i];
	}
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		bool replaced = false;

		for (size_t k = 0; k < given->count; k++)
			replaced |= sets(given->items[k], usual[i]);
		if (!replaced)
			job->env[n++] = (char *)usual[i];
	}
	job->spec.env = job->env;
	return 0;
}

static int take_files(struct job *job, const struct option_list *given)
{
	size_t n = 0;

	if (given->count > SANDBOX_FILES)
		return refuse(job, "file", given->items[SANDBOX_FILES], "it is one too many");
	if (job->what.file.name)
		job->files[n++] = job->what.file;
	job->spec.files = job->files;
	job->spec.file_count = n;
	for (size_t i = 0; i < given->count; i++) {
		if (run_open_file(&job->files[n], given->items[i], job->err, sizeof(job->err)))
			return -EINVAL;
		job->spec.file_count = ++n;
		for (size_t k = 0; k + 1 < n; k++)
			if (!strcmp(job->files[k].name, job->files[n - 1].name))
				return refuse(job, "file", given->items[i],
					      "another of that name is put in: rename one");
	}
	return 0;
}

static int take_volume(struct job *job, const char *text)
{
	size_t at = job->spec.volume_count;
	char *source = job->volume_texts[at] = strdup(text);
	char *path = source ? strchr(source, ':') : NULL;
	char *mode = path ? strchr(path + 1, ':') : NULL;

	if (!source)
		return -ENOMEM;
	if (!path || path == source || (mode && strcmp(mode, ":ro") != 0))
		return refuse(job, "volume", text, "write FOLDER:PATH or FOLDER:PATH:ro");
	*path++ = '\0';
	if (mode)
		*mode = '\0';
	if (!sandbox_is_place(path))
		return refuse(job, "volume", text,
			      "the path must begin with / and lie outside of /proc and /dev");
	job->volumes[at] =
		(struct sandbox_volume){ .source = source, .path = path, .read_only = mode };
	job->spec.volume_count++;
	return 0;
}

static int take_volumes(struct job *job, const struct option_list *given)
{
	int r = 0;

	if (given->count > SANDBOX_VOLUMES)
		return refuse(job, "volume", given->items[SANDBOX_VOLUMES], "it is one too many");
	for (size_t i = 0; i < given->count && !r; i++)
		r = take_volume(job, given->items[i]);
	job->spec.volumes = job->volumes;
	return r;
}

static int take_what(struct job *job, const struct command_call *call)
{
	const struct run_args *args = call->args;

	if (args->code.count)
		return run_what_code(&job->what, args->language, args->memory_bytes,
				     args->code.items, args->code.count, call->words, call->count,
				     job->err, sizeof(job->err));
	if (!call->count) {
		snprintf(job->err, sizeof(job->err),
			 "'run' needs something to run: a file, -e CODE or -- COMMAND");
		return -EINVAL;
	}
	if (call->dashed)
		return run_what_command(&job->what, call->words, call->count);
	return run_what_file(&job->what, args->language, args->memory_bytes, call->words,
			     call->count, job->err, sizeof(job->err));
}

static int take(struct job *job, const struct command_call *call)
{
	const struct run_args *args = call->args;
	int r = take_what(job, call);

	job->spec = (struct sandbox_spec){
		.root = args->root[0] ? args->root : NULL,
		.argv = job->what.argv,
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
		.uid = 1000,
		.gid = 1000,
		.tmp_bytes = args->tmp_bytes,
		.tmp_inodes = args->tmp_bytes / 4096 + 64, /* ours, beside one for each 4K */
		.open_files = 1024,
		.net = args->net,
		.profile = args->profile,
	};
	if (!r)
		r = take_env(job, &args->env);
	if (!r)
		r = take_files(job, &args->files);
	if (!r)
		r = take_volumes(job, &args->volumes);
	if (r == -ENOMEM)
		snprintf(job->err, sizeof(job->err), "there is no memory for it: free some");
	return r;
}

/* Limits by a cgroup; where none may be made they are those that a process has. */
static bool make_group(struct job *job, const struct command_call *call)
{
	const struct run_args *args = call->args;
	const struct group_limits limits = {
		.memory_bytes = args->memory_bytes,
		.cpu_thousandths = (uint64_t)args->cpus,
		.processes = (uint64_t)args->processes + 1, /* ours inside is one too */
		.read_bytes = args->read_bytes,
		.written_bytes = args->written_bytes,
	};
	int r = group_host_find(&job->hierarchies);

	job->needed = job->hierarchies;
	group_host_narrow(&job->needed, &limits);
	if (!r)
		r = group_make(&job->group, &job->needed, &limits);
	if (!r) {
		r = group_open(&job->group);
		if (r)
			(void)group_remove(&job->group);
	}
	if (!r) {
		job->spec.group = &job->group;
		return true;
	}
	job->spec.data_bytes = args->memory_bytes;
	job->spec.processes = limits.processes;
	if (!call->common.quiet)
		fprintf(stderr,
			"fairlead: no cgroup can be made (%s), so --memory holds for each process "
			"alone and --cpus, --io-read and --io-write do not hold: run as root "
			"(-q leaves this line out)\n",
			strerror(-r));
	return false;
}

struct watch { /* a job that runs, and how long it may */
	struct sandbox sandbox;
	uint64_t stop_at, kill_at; /* 0: never */
	int signals;
};

static int milliseconds_until(uint64_t end, uint64_t now)
{
	uint64_t left = end > now ? (end - now + NS_PER_MSEC - 1) / NS_PER_MSEC : 0;

	return end ? left > INT_MAX ? INT_MAX : (int)left : -1;
}

static void pass_signal(const struct watch *w)
{
	struct signalfd_siginfo info;

	if (read(w->signals, &info, sizeof(info)) == sizeof(info))
		(void)sandbox_signal(&w->sandbox, (int)info.ssi_signo);
}

/* Whether its time was over before it was through. */
static bool watch(struct watch *w)
{
	struct pollfd fds[] = { { .fd = w->sandbox.pidfd, .events = POLLIN },
				{ .fd = w->signals, .events = POLLIN } };
	bool over = false;

	for (;;) {
		uint64_t now = clock_mono_ns();

		if (w->stop_at && now >= w->stop_at) {
			over = true;
			(void)sandbox_signal(&w->sandbox, SIGTERM);
			w->kill_at = now + GRACE_NS;
			w->stop_at = 0;
		} else if (w->kill_at && now >= w->kill_at) {
			(void)sandbox_end(&w->sandbox);
			w->kill_at = 0;
		}
		if (poll(fds, 2, milliseconds_until(w->stop_at ? w->stop_at : w->kill_at, now)) < 0)
			continue;
		if (fds[0].revents)
			return over;
		if (fds[1].revents)
			pass_signal(w);
	}
}

/* What a job's end may be told by; it goes on where we would have ended. */
static int take_signals(void)
{
	static const int passed[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH
	};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		sigaddset(&set, passed[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void say_end(const struct command_call *call, const struct sandbox_result *result, bool over,
		    uint64_t memory_kills, uint64_t took_ns)
{
	const struct run_args *args = call->args;
	char limit[32];

	if (!call->common.quiet && over) {
		quantity_format_duration(args->timeout_ns, limit, sizeof(limit));
		fprintf(stderr,
			"fairlead: the job was stopped after %s: --timeout gives it longer\n",
			limit);
	} else if (!call->common.quiet && memory_kills) {
		quantity_format_size(args->memory_bytes, limit, sizeof(limit));
		fprintf(stderr,
			"fairlead: the job was over its %s of memory and killed in part or whole: "
			"--memory gives it more\n",
			limit);
	}
	if (call->common.verbose)
		fprintf(stderr,
			"fairlead: ran %.3f s, CPU %.3f s user and %.3f s system, peak %.1f MiB\n",
			(double)took_ns / 1e9, (double)result->user_ns / 1e9,
			(double)result->system_ns / 1e9, (double)result->peak_bytes / (1 << 20));
}

static int exit_code(const struct sandbox_result *result, bool over)
{
	if (over)
		return RUN_TIMED_OUT;
	return WIFEXITED(result->status) ? WEXITSTATUS(result->status)
					 : 128 + WTERMSIG(result->status);
}

static int run_job(const struct command_call *call, struct job *job)
{
	const struct run_args *args = call->args;
	struct watch w = { .signals = take_signals() };
	struct sandbox_why why = { 0 };
	struct sandbox_result result;
	struct group_usage used = { 0 };
	uint64_t began;
	bool over, grouped = make_group(job, call);

	began = clock_mono_ns();
	if (sandbox_start(&w.sandbox, &job->spec, &why)) {
		if (grouped)
			(void)group_remove(&job->group);
		fprintf(stderr, "fairlead: %s\n", why.text);
		return !why.of_command        ? RUN_COULD_NOT
		       : why.error == -ENOENT ? RUN_NOT_FOUND
					      : RUN_NOT_EXECUTABLE;
	}
	w.stop_at = args->timeout_ns ? began + args->timeout_ns : 0;
	over = watch(&w);
	(void)sandbox_wait(&w.sandbox, &result);
	if (grouped) {
		(void)group_use(&job->group, &used);
		(void)group_remove(&job->group);
		(void)group_sweep(&job->hierarchies);
	}
	say_end(call, &result, over, used.memory_kills, clock_mono_ns() - began);
	closep(&w.signals);
	return exit_code(&result, over);
}

static int run(const struct command_call *call)
{
	CLEANUP(job_done) struct job job = { .what.file.fd = -1 };

	if (take(&job, call)) {
		fprintf(stderr, "fairlead: %s\n", job.err);
		return COMMAND_WRONG_USE;
	}
	return run_job(call, &job);
}

const struct command command_run = {
	.name = "run",
	.summary = "run a job in a sandbox of its own",
	.description =
		"A file, code, or a command, in namespaces of its own: it sees no process, file or "
		"network of this machine but what it is given, has no rights, and leaves nothing "
		"behind. Works as root, where the job is user 64991 to the machine, and as an ordinary "
		"user where these may make user namespaces. docs/sandbox.md says what is isolated and "
		"what is not.\n"
		"\n"
		"Stdin, stdout and stderr are the job's, and signals are passed on. The working folder "
		"is " SANDBOX_FOLDER
		", with the file in it; all that is written there is gone at the end.\n"
		"\n"
		"The exit code is the job's, 128 and the number of the signal that ended it, 124 when "
		"its time was over, 125 when Fairlead could not start it, 126 or 127 when the command "
		"could not be executed or found.",
	.arguments = "[FILE | -e CODE | -- COMMAND] [ARGUMENT]...",
	.most = UINT_MAX,
	.passes_on = true,
	.options = &options,
	.size = sizeof(struct run_args),
	.examples = "fairlead run hello.py\n"
		    "fairlead run --lang node -e 'console.log(6 * 7)'\n"
		    "fairlead run --timeout 10s --memory 64M --cpus 0.5 -- sort -n <numbers\n"
		    "fairlead run --root ./alpine --volume ./data:/data:ro -- ls /data\n",
	.run = run,
};
