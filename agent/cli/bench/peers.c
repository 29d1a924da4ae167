/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/peers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/printable.h"
#include "agent/cli/bench/ground.h"
#include "agent/cli/bench/job.h"
#include "agent/cli/bench/series.h"
#include "agent/cli/bench/spawn.h"
#include "agent/sandbox/spec.h"

/* As a job has it: the same interpreter is to be found. */
#define JOB_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static bool is_program(const char *folder, size_t length, const char *name, char ret[PATH_MAX])
{
	char path[PATH_MAX];
	struct stat is;

	if ((size_t)snprintf(path, sizeof(path), "%.*s/%s", (int)length, folder, name) >=
	    sizeof(path))
		return false;
	return !stat(path, &is) && S_ISREG(is.st_mode) && !access(path, X_OK) &&
	       realpath(path, ret);
}

static bool find_in_path(const char *path, const char *name, char ret[PATH_MAX])
{
	while (path && *path) {
		size_t length = strcspn(path, ":");

		if (length && is_program(path, length, name, ret))
			return true;
		path += length + (path[length] == ':');
	}
	return false;
}

/* An ordinary user's PATH often lacks the folders where container runtimes are. */
static bool find_peer(const struct peers_terms *t, const char *name, char ret[PATH_MAX])
{
	for (size_t i = 0; i < t->folder_count; i++)
		if (is_program(t->folders[i], strlen(t->folders[i]), name, ret))
			return true;
	return find_in_path(getenv("PATH"), name, ret) || find_in_path(JOB_PATH, name, ret);
}

static bool find_interpreter(const struct bench_job *job, char ret[PATH_MAX])
{
	if (!job->interpreter)
		return realpath("/usr/bin/true", ret);
	if (job->interpreter[0] == '/')
		return realpath(job->interpreter, ret);
	return find_in_path(JOB_PATH, job->interpreter, ret);
}

static struct series *begin(const struct peers_terms *t, struct series *s, const char *name)
{
	*s = (struct series){ .name = name, .wanted = t->wanted, .mounts = -1 };
	return s;
}

/* The real thing once, before anything is measured: a row that cannot be had says why. */
static bool works(const struct peers_terms *t, struct series *s)
{
	struct spawned ran;
	int r = spawn_run(&ran, s->words, t->patience_ns);

	s->absent[0] = '\0';
	if (r) {
		snprintf(s->absent, sizeof(s->absent), "does not run: %s", strerror(-r));
	} else if (ran.status) {
		ran.err[strcspn(ran.err, "\n")] = '\0';
		printable_copy(ran.err, sizeof(ran.err), ran.err);
		snprintf(s->absent, sizeof(s->absent), "does not work here: %.150s",
			 ran.err[0] ? ran.err : "it failed and did not say why");
	} else if (t->job->expected && strcmp(ran.out, t->job->expected) != 0) {
		snprintf(s->absent, sizeof(s->absent),
			 "does not work here: it printed something else");
	}
	return !s->absent[0];
}

static bool missing(struct series *s, const char *program)
{
	snprintf(s->absent, sizeof(s->absent),
		 "not on this machine: install %s, or say with --peer-path where it is", program);
	return false;
}

static void add_run(const struct peers_terms *t, struct series *s)
{
	const struct bench_job *job = t->job;
	char self[PATH_MAX], file[GROUND_PATH + 64];

	begin(t, s, "run");
	snprintf(s->note, sizeof(s->note), "fairlead run, cold, as a command");
	if (!realpath("/proc/self/exe", self)) {
		snprintf(s->absent, sizeof(s->absent), "cannot tell where this command is");
		return;
	}
	series_words(s, (const char *const[]){ self, "run", "-q", NULL });
	snprintf(file, sizeof(file), "%s/%s", t->ground->job, job->file ? job->file : "");
	if (job->kind == BENCH_SANDBOX)
		series_words(s, (const char *const[]){ "--root", t->ground->root, "--", "/bin/true",
						       NULL });
	else if (job->kind == BENCH_EXEC)
		series_words(s, (const char *const[]){ "--", "/usr/bin/true", NULL });
	else
		series_word(s, file);
	works(t, s);
}

static void add_plain(const struct peers_terms *t, struct series *s)
{
	char program[PATH_MAX], file[GROUND_PATH + 64];

	begin(t, s, "plain");
	snprintf(s->note, sizeof(s->note), "a process of its own, no sandbox");
	if (!find_interpreter(t->job, program)) {
		(void)missing(s, t->job->interpreter ? t->job->interpreter : "coreutils");
		return;
	}
	series_word(s, program);
	snprintf(file, sizeof(file), "%s/%s", t->ground->job, t->job->file ? t->job->file : "");
	if (t->job->file)
		series_word(s, file);
	works(t, s);
}

/* /bin is a link into /usr on most systems, a folder on older ones. */
static void bind_top(struct series *s, const char *path)
{
	char target[256];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n > 0) {
		target[n] = '\0';
		series_words(s, (const char *const[]){ "--symlink", target, path, NULL });
	} else {
		series_words(s, (const char *const[]){ "--ro-bind-try", path, path, NULL });
	}
}

static void bind_host(struct series *s, const struct ground *ground)
{
	static const char *const tops[] = { "/bin", "/sbin", "/lib", "/lib32", "/lib64" };
	static const char *const etc[] = { "/etc/alternatives", "/etc/ld.so.cache",
					   "/etc/java-17-openjdk", "/etc/java-21-openjdk" };

	series_words(s, (const char *const[]){ "--ro-bind", "/usr", "/usr", NULL });
	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++)
		bind_top(s, tops[i]);
	for (size_t i = 0; i < sizeof(etc) / sizeof(etc[0]); i++)
		series_words(s, (const char *const[]){ "--ro-bind-try", etc[i], etc[i], NULL });
	series_words(s, (const char *const[]){ "--ro-bind", ground->job, SANDBOX_FOLDER, NULL });
}

static void add_bwrap(const struct peers_terms *t, struct series *s)
{
	char program[PATH_MAX], inner[PATH_MAX], file[128];
	bool small = t->job->kind == BENCH_SANDBOX;

	begin(t, s, "bwrap");
	snprintf(s->note, sizeof(s->note), "bubblewrap with all namespaces");
	if (!find_peer(t, "bwrap", program)) {
		(void)missing(s, "bubblewrap");
		return;
	}
	if (!small && !find_interpreter(t->job, inner)) {
		(void)missing(s, t->job->interpreter);
		return;
	}
	series_words(s,
		     (const char *const[]){ program, "--unshare-all", "--die-with-parent", NULL });
	if (small)
		series_words(s, (const char *const[]){ "--ro-bind", t->ground->root, "/", NULL });
	else
		bind_host(s, t->ground);
	series_words(s, (const char *const[]){ "--proc", "/proc", "--dev", "/dev", "--tmpfs",
					       "/tmp", "--chdir", small ? "/" : SANDBOX_FOLDER,
					       small ? "/bin/true" : inner, NULL });
	snprintf(file, sizeof(file), SANDBOX_FOLDER "/%s", t->job->file ? t->job->file : "");
	if (t->job->file)
		series_word(s, file);
	works(t, s);
}

/* A mount namespace where /sys/fs/cgroup is one tree of version 2; or -1. */
static int make_unified_mounts(void)
{
	CLEANUP(closep) int home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	CLEANUP(closep) int made = -1;

	if (home < 0 || unshare(CLONE_NEWNS))
		return -1;
	if (!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	    !mount("none", "/sys/fs/cgroup", "cgroup2", 0, NULL))
		made = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (setns(home, CLONE_NEWNS))
		abort(); /* all that follows would happen somewhere else */
	return TAKE_FD(made);
}

static bool works_in_mounts(const struct peers_terms *t, struct series *s)
{
	CLEANUP(closep) int home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	bool good;

	if (home < 0 || s->mounts < 0 || setns(s->mounts, CLONE_NEWNS))
		return false;
	good = works(t, s);
	if (setns(home, CLONE_NEWNS))
		abort();
	return good;
}

static void word_oci(const struct peers_terms *t, struct series *s, const char *program,
		     bool cgroups)
{
	char state[GROUND_PATH + 16], bundle[GROUND_PATH + 16], name[32];

	snprintf(state, sizeof(state), "%s/state", t->ground->folder);
	snprintf(bundle, sizeof(bundle), "%s/bundle", t->ground->folder);
	snprintf(name, sizeof(name), "fairlead-bench-%d", (int)getpid());
	s->word_count = s->used = 0;
	series_words(s, (const char *const[]){ program, "--root", state, NULL });
	if (!cgroups)
		series_word(s, "--cgroup-manager=disabled");
	series_words(s, (const char *const[]){ "run", "--bundle", bundle, name, NULL });
}

static void add_oci(const struct peers_terms *t, struct series *s, const char *name)
{
	char program[PATH_MAX], why[sizeof(s->absent)];

	begin(t, s, name);
	snprintf(s->note, sizeof(s->note), "%s run with all namespaces", name);
	if (!find_peer(t, name, program)) {
		(void)missing(s, name);
		return;
	}
	word_oci(t, s, program, true);
	if (works(t, s) || strcmp(name, "crun") != 0)
		return;
	/* It refuses to run beside cgroups of both versions; then without them, which is faster. */
	memcpy(why, s->absent, sizeof(why));
	s->mounts = make_unified_mounts();
	word_oci(t, s, program, false);
	if (works_in_mounts(t, s))
		snprintf(s->note, sizeof(s->note),
			 "crun run with all namespaces, without a cgroup");
	else
		memcpy(s->absent, why, sizeof(why));
}

size_t peers_make(const struct peers_terms *t, struct series *ret)
{
	size_t n = 0;

	if (t->job->kind == BENCH_SANDBOX || t->others)
		add_run(t, &ret[n++]);
	if (!t->others)
		return n;
	if (t->job->kind != BENCH_SANDBOX)
		add_plain(t, &ret[n++]);
	add_bwrap(t, &ret[n++]);
	if (t->job->kind == BENCH_SANDBOX) {
		add_oci(t, &ret[n++], "crun");
		add_oci(t, &ret[n++], "runc");
	}
	return n;
}
