/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch: from whoever started us to an agent that holds nothing: warden forked, uid changed,
 * capabilities gone, calls filtered; only then is anything from outside read, and the warden
 * asked for the socket and the folders that it names.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "agent/store/folder.h"

struct config;
struct launch;
struct warden;

/* 0, or the exit status of the process; what is wrong has been said on stderr by then. */
int launch_new(struct launch **ret, const struct config *config, const char *config_path);
/* Only becomes who the agent would be, for good; as above. */
int launch_become(const struct config *config);
struct launch *launch_free(struct launch *l); /* ends the warden */

struct warden *launch_warden(struct launch *l);
int launch_socket(const struct launch *l);
uint64_t launch_capabilities(const struct launch *l); /* held at the start, given up since */

/* The configuration file, opened by the warden as it may be for root's eyes; or -errno. */
int launch_open_config(struct launch *l);

/* Socket and folders as configured; 0 or the exit status, as above. */
int launch_places(struct launch *l, const struct config *config);

/*
 * Looks up in the state folder how the last run ended, says so where it ended badly, and
 * notes this one; without a folder it says that, and the run goes on.
 */
void launch_recall(struct launch *l, const char *state_dir);
/* Writes lines to a file of the state folder; -errno and why when there is none, or no room. */
int launch_dump(struct launch *l, const char *file, const char *const *lines, char why[STORE_WHY]);
void launch_left(struct launch *l); /* notes that this run was told to stop, and did */
