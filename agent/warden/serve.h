/* SPDX-License-Identifier: Apache-2.0 */
/* serve: the warden's side of the wire; runs in the warden process only. */
#pragma once

struct warden_terms;

/* Serves until the agent hangs up; returns the process's exit status. */
int warden_serve(int socket, const struct warden_terms *terms);
