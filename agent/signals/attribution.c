/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signals/attribution.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CONTAINER_DIGITS 64
#define UID_LENGTH       36 /* 8-4-4-4-12 */
#define STATIC_LENGTH    32 /* a static pod has the hash of its manifest for a UID */

static size_t digits(const char *text, const char *between)
{
	size_t n = 0;

	while (text[n] && ((isxdigit((unsigned char)text[n]) && !isupper((unsigned char)text[n])) ||
			   strchr(between, text[n])))
		n++;
	return n;
}

static bool ends(const char *text, size_t length, const char *with)
{
	size_t n = strlen(with);

	return length >= n && !memcmp(text + length - n, with, n);
}

/* "pod<uid>" and "kubepods-burstable-pod<uid with underscores>.slice" */
static bool read_pod(const char *name, size_t length, struct attribution *ret)
{
	for (const char *at = name; (at = strstr(at, "pod")) && at < name + length; at++) {
		size_t n = digits(at + 3, "-_");
		const char *after = at + 3 + n;

		if ((at != name && at[-1] != '-') || (n != UID_LENGTH && n != STATIC_LENGTH))
			continue;
		if (after != name + length && strncmp(after, ".slice", 6))
			continue;
		snprintf(ret->pod, sizeof(ret->pod), "%.*s", (int)n, at + 3);
		for (char *c = ret->pod; *c; c++)
			if (*c == '_')
				*c = '-';
		return true;
	}
	return false;
}

/*
 * "<id>", "crio-<id>", "cri-containerd-<id>.scope", "….slice:cri-containerd:<id>"; not the monitor
 * beside it.
 */
static bool read_container(const char *name, size_t length, struct attribution *ret)
{
	size_t stem = ends(name, length, ".scope") ? length - 6 : length;
	const char *id;

	if (stem < CONTAINER_DIGITS)
		return false;
	id = name + stem - CONTAINER_DIGITS;
	if (digits(id, "") < CONTAINER_DIGITS || (id != name && id[-1] != '-' && id[-1] != ':') ||
	    ends(name, (size_t)(id - name), "conmon-"))
		return false;
	snprintf(ret->container, sizeof(ret->container), "%.*s", CONTAINER_DIGITS, id);
	return true;
}

static bool begins(const char *name, size_t length, const char *with)
{
	return length > strlen(with) && !strncmp(name, with, strlen(with));
}

/* "lxc.payload.<name>", "<name>" below "lxc" or "lxc.payload", "systemd-nspawn@<name>.service" */
static bool read_machine(const char *name, size_t length, bool below_lxc, struct attribution *ret)
{
	size_t from = 0;

	if (begins(name, length, "lxc.payload."))
		from = strlen("lxc.payload.");
	else if (begins(name, length, "systemd-nspawn@") && ends(name, length, ".service"))
		from = strlen("systemd-nspawn@");
	else if (!below_lxc)
		return false;
	length -= from + (ends(name, length, ".service") ? strlen(".service") : 0);
	snprintf(ret->container, sizeof(ret->container), "%.*s", (int)length, name + from);
	return true;
}

static bool is_unit(const char *name, size_t length)
{
	static const char *const kinds[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (ends(name, length, kinds[i]))
			return true;
	return false;
}

struct attribution attribute(const char *path)
{
	struct attribution ret = { 0 };
	bool below_lxc = false;

	while (*path) {
		size_t length = strcspn(path, "/");
		bool pod = read_pod(path, length, &ret);
		bool container;

		if (pod)
			ret.container[0] = '\0'; /* a node that is itself a container (kind) */
		container = read_container(path, length, &ret);
		if (!pod && !container) {
			read_machine(path, length, below_lxc, &ret);
			if (is_unit(path, length))
				snprintf(ret.unit, sizeof(ret.unit), "%.*s", (int)length, path);
		}
		below_lxc = (length == 3 && !strncmp(path, "lxc", 3)) ||
			    (length == 11 && !strncmp(path, "lxc.payload", 11));
		path += length + (path[length] == '/');
	}
	return ret;
}
