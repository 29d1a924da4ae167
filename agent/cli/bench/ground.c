/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/ground.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/base/cleanup.h"
#include "agent/cli/bench/job.h"
#include "agent/cli/bench/tiny.h"
#include "agent/sandbox/spec.h"

static int make_folder(const char *base, const char *name)
{
	char path[GROUND_PATH + 64];

	snprintf(path, sizeof(path), "%s/%s", base, name);
	return mkdir(path, 0755) ? -errno : 0;
}

static int write_file(const char *base, const char *name, mode_t mode, const void *bytes, size_t n)
{
	CLEANUP(closep) int fd = -1;
	char path[GROUND_PATH + 64];

	snprintf(path, sizeof(path), "%s/%s", base, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	if (fchmod(fd, mode)) /* whatever the umask */
		return -errno;
	return write(fd, bytes, n) == (ssize_t)n ? 0 : -EIO;
}

static int make_root(const struct ground *g)
{
	static const char *const folders[] = { "root",     "root/bin", "root/dev", "root/proc",
					       "root/tmp", "root/job", "root/run", "root/var" };
	struct tiny program;
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(folders) / sizeof(folders[0]); i++)
		r = make_folder(g->folder, folders[i]);
	tiny_make(&program);
	return r ? r : write_file(g->root, "bin/true", 0755, &program, sizeof(program));
}

static json_t *mount_of(const char *type, const char *at)
{
	return json_pack("{ss ss ss s[ss]}", "destination", at, "type", type, "source", type,
			 "options", "nosuid", strcmp(type, "proc") ? "mode=755" : "nodev");
}

/* All namespaces, one user, no capability, a root that nobody writes to: as near to ours as it gets. */
static json_t *bundle_config(void)
{
	static const char *const kinds[] = { "pid",   "network", "ipc", "uts",
					     "mount", "cgroup",  "user" };
	unsigned int uid = geteuid() ? geteuid() : SANDBOX_HOST_USER;
	unsigned int gid = geteuid() ? getegid() : SANDBOX_HOST_USER;
	json_t *namespaces = json_array();

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		json_array_append_new(namespaces, json_pack("{ss}", "type", kinds[i]));
	return json_pack("{ss s{sb s{si si} s[s] s[s] ss sb s{s[] s[] s[]}} s{ss sb} ss s[ooo] "
			 "s{so s[{si si si}] s[{si si si}]}}",
			 "ociVersion", "1.0.2", "process", "terminal", 0, "user", "uid", 0, "gid",
			 0, "args", "/bin/true", "env", "PATH=/bin", "cwd", "/", "noNewPrivileges",
			 1, "capabilities", "bounding", "effective", "permitted", "root", "path",
			 "../root", "readonly", 1, "hostname", "sandbox", "mounts",
			 mount_of("proc", "/proc"), mount_of("tmpfs", "/dev"),
			 mount_of("tmpfs", "/tmp"), "linux", "namespaces", namespaces,
			 "uidMappings", "containerID", 0, "hostID", uid, "size", 1, "gidMappings",
			 "containerID", 0, "hostID", gid, "size", 1);
}

static int make_bundle(const struct ground *g)
{
	json_t *config = bundle_config();
	CLEANUP(freep) char *text = config ? json_dumps(config, JSON_COMPACT) : NULL;
	int r = text ? make_folder(g->folder, "bundle") : -ENOMEM;

	json_decref(config);
	if (!r)
		r = write_file(g->folder, "bundle/config.json", 0644, text, strlen(text));
	return r ? r : make_folder(g->folder, "state");
}

static int make_job(const struct ground *g, const struct bench_job *job)
{
	int r = make_folder(g->folder, "job");

	if (r || !job->code || !job->file)
		return r;
	return write_file(g->job, job->file, 0644, job->code, strlen(job->code));
}

int ground_make(struct ground *ret, const struct bench_job *job)
{
	const char *base = getenv("TMPDIR");
	int r;

	if (!base || *base != '/')
		base = "/tmp";
	if (snprintf(ret->folder, sizeof(ret->folder), "%s/fairlead-bench-XXXXXX", base) >=
	    GROUND_PATH)
		r = -ENAMETOOLONG;
	else
		r = mkdtemp(ret->folder) ? 0 : access(base, W_OK | X_OK) ? -errno : -EIO;
	if (r) {
		ret->folder[0] = '\0'; /* nothing is to be removed */
		return r;
	}
	snprintf(ret->root, sizeof(ret->root), "%s/root", ret->folder);
	snprintf(ret->job, sizeof(ret->job), "%s/job", ret->folder);
	if (chmod(ret->folder, 0755)) /* a job's user goes in */
		return -errno;
	r = make_root(ret);
	if (!r)
		r = make_bundle(ret);
	return r ? r : make_job(ret, job);
}

static int remove_one(const char *path, const struct stat *is, int kind, struct FTW *at)
{
	(void)is;
	(void)kind;
	(void)at;
	(void)remove(path);
	return 0;
}

void ground_remove(struct ground *g)
{
	if (g->folder[0])
		(void)nftw(g->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	g->folder[0] = '\0';
}
