/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/api/agent.h"
#include "agent/api/launch.h"
#include "agent/base/cleanup.h"
#include "agent/base/log.h"
#include "agent/config/config.h"

int settings_read(const struct agent_start *start, struct launch *launch, struct config *ret,
		  char why[SETTINGS_WHY])
{
	const char *path = start->config_path;
	struct config_error e = { 0 };
	CLEANUP(closep) int fd = -1;
	int r = 0;

	config_renew(ret, &start->config);
	if (path)
		fd = launch_open_config(launch);
	if (fd >= 0) {
		r = config_read(fd, ret, &e);
	} else if (path && (fd != -ENOENT || start->config_required)) {
		r = fd;
		e = (struct config_error){ .line = 1, .column = 1 };
		snprintf(e.text, sizeof(e.text),
			 "cannot be read: %s: check the path and its rights", strerror(-fd));
	}
	if (!r)
		r = config_validate(ret, &e);
	if (r)
		config_error_format(&e, path, why, SETTINGS_WHY);
	return r;
}

void settings_log_changes(const struct config *from, const struct config *to)
{
	const struct option_row *changed[CONFIG_OPTIONS];
	size_t count = config_diff(from, to, changed, CONFIG_OPTIONS);

	for (size_t i = 0; i < count; i++) {
		char was[OPTION_TEXT_MAX], is[OPTION_TEXT_MAX];
		bool live = changed[i]->where & OPTION_LIVE;

		option_format(changed[i], from, was, sizeof(was));
		option_format(changed[i], to, is, sizeof(is));
		log_info("config", "%s option=%s from=%s to=%s",
			 live ? "changed" : "needs a restart to change", changed[i]->name, was, is);
	}
	log_info("config", "reloaded changed=%zu", count);
}
