/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch: from whoever started us to an agent that holds nothing: warden forked, uid changed,
 * capabilities gone, calls filtered; only then is anything from outside read, and the warden
 * asked for the socket and the folders that it names.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

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
