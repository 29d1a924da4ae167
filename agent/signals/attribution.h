/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attribution: whose a cgroup is, from its path alone.  Knows the trees that the kubelet (both
 * cgroup drivers, all classes of quality), containerd, CRI-O, Docker, podman, LXC and systemd make,
 * also below another root (kind, a container that sees only a part).  Pure.  Real ones are in
 * tests/fixtures/cgroups.
 */
#pragma once

struct attribution {
	char pod[37];       /* UID with dashes, or the 32 digits of a static pod; "" for none */
	char container[65]; /* 64 digits, or the name of an LXC or nspawn one; "" for none */
	char unit[128];     /* the innermost systemd unit that is no container; "" for none */
};

struct attribution attribute(const char *path);
