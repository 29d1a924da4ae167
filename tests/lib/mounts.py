# SPDX-License-Identifier: Apache-2.0
"""Where control groups are mounted, for tests that make some."""
from tap import skip


def mounts():
    """[source, path, kind, options] of each, in the order in which they came."""
    with open("/proc/self/mounts", encoding="utf-8") as file:
        return [line.split()[:4] for line in file]


def cgroup2():
    """The last one: where a container was given the host's tree beside its own, that is whole."""
    found = [path for _, path, kind, _ in mounts() if kind == "cgroup2"]
    return found[-1] if found else skip("no cgroup2 is mounted here")


def hierarchy(controller):
    """The mount of the v1 hierarchy that has this controller, or None."""
    return next((path for _, path, kind, options in mounts()
                 if kind == "cgroup" and controller in options.split(",")), None)
