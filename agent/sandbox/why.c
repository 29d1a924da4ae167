/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/why.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/fs.h"
#include "agent/sandbox/steps.h"

/* What could not be done, and the mend where the reason of the kernel alone gives none. */
static const struct {
	const char *what, *mend;
} steps[_STEP_MAX] = {
	[STEP_NAMESPACES] = { "make the namespaces",
			      "'fairlead run' needs a kernel with all of them" },
	[STEP_USER] = { "become the sandbox's user", "run as root, or as a user who may do so" },
	[STEP_PARENT] = { "go on without a parent", "start it again" },
	[STEP_MOUNTS] = { "part the mounts from the host's", "run where mounting is allowed" },
	[STEP_TMPFS] = { "mount the temporary folder", "run where mounting is allowed" },
	[STEP_ROOT] = { "make the root", "give another folder with --root" },
	[STEP_DEVICES] = { "make the devices", "run where /dev has the usual ones" },
	[STEP_PROC] = { "mount /proc",
			"run where it is not hidden in part, as in some containers" },
	[STEP_PIVOT] = { "change to the new root", "run where / is a mount of its own" },
	[STEP_VOLUME] = { "mount the volume", "see that the folder is there and may be read" },
	[STEP_FILE] = { "put in the file", "give the sandbox more room" },
	[STEP_NETWORK] = { "set up name and network", "run with --net none" },
	[STEP_RIGHTS] = { "give up rights", "report it, with the kernel's version" },
	[STEP_LIMITS] = { "set the limits", "give larger ones" },
	[STEP_FENCE] = { "fence in the files", "report it, with the kernel's version" },
	[STEP_FILTER] = { "load the call filter", "run on a kernel with seccomp filters" },
	[STEP_FOLDER] = { "enter the working folder", "name one that is inside" },
	[STEP_STREAMS] = { "hand over stdin, stdout and stderr", "give files or pipes" },
	[STEP_ZYGOTE] = { "start the interpreter",
			  "see that python3 is in the sandbox's root, and what it is to import" },
	[STEP_JOB] = { "take the job apart", "report it, with the version of the agent" },
	[STEP_EXEC] = { "execute", "see that it is in the sandbox's root" },
};

static bool setting_is(const char *path, const char *value)
{
	char text[32];

	return fs_read(path, text, sizeof(text)) > 0 && !strcmp(text, value);
}

/* What systems forbid ordinary users, each by a setting of its own. */
static const char *forbidden_by_setting(void)
{
	if (setting_is("/proc/sys/user/max_user_namespaces", "0"))
		return "user namespaces are off: set sysctl user.max_user_namespaces to 10000";
	if (geteuid() == 0)
		return NULL;
	if (setting_is("/proc/sys/kernel/unprivileged_userns_clone", "0"))
		return "only root may make user namespaces: set sysctl "
		       "kernel.unprivileged_userns_clone to 1, or run as root";
	if (setting_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"))
		return "AppArmor keeps ordinary users from it: set sysctl "
		       "kernel.apparmor_restrict_unprivileged_userns to 0, or run as root";
	return NULL;
}

static const char *better_mend(const struct sandbox_report *report)
{
	int error = -report->error;

	switch (report->step) {
	case STEP_NAMESPACES:
	case STEP_USER:
	case STEP_MOUNTS:
	case STEP_TMPFS:
		if (error == EPERM || error == EACCES || error == ENOSPC)
			return forbidden_by_setting();
		return NULL;
	case STEP_ROOT:
		return error == EINVAL ? "nothing may be mounted below the folder"
		       : error == ENODEV
			       ? "the kernel lacks overlay: load it with 'modprobe overlay'"
			       : NULL;
	case STEP_VOLUME:
		return error == EROFS
			       ? "its place must be there already, or lie elsewhere than in /usr"
			       : NULL;
	case STEP_STREAMS:
		return error == EOPNOTSUPP
			       ? "a socket would let the job into its network: give a pipe, or one "
				 "end of a unix stream"
			       : NULL;
	case STEP_LIMITS:
		return error == EOPNOTSUPP
			       ? "here no cgroup can be made for them: leave them out, or run the "
				 "agent as root"
			       : NULL;
	case STEP_FILE:
		return error == EEXIST ? "give each file a name of its own" : NULL;
	default:
		return NULL;
	}
}

void why_say(struct sandbox_why *ret, const struct sandbox_report *report)
{
	const char *mend = better_mend(report);
	bool named = report->what[0];

	*ret = (struct sandbox_why){ .error = report->error };
	if (report->step < 0 || report->step >= _STEP_MAX) { /* of a process that lies */
		snprintf(ret->text, sizeof(ret->text), "the sandbox ended in disorder: try again");
		return;
	}
	ret->error = report->error;
	ret->of_command = report->step == STEP_EXEC;
	snprintf(ret->text, sizeof(ret->text), "cannot %s%s%.120s%s: %s: %s",
		 steps[report->step].what, named ? " '" : "", report->what, named ? "'" : "",
		 strerror(-report->error), mend ? mend : steps[report->step].mend);
}
