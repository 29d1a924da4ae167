#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An agent that sees the node's cgroups from inside a container."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from fairlead import Agent, folder
from mounts import cgroup2
from tap import check, cleanup, main

# Into a cgroup, then a cgroup and a mount namespace in which only that one is mounted.
ENTER = ('echo 0 >"$1/cgroup.procs" && exec unshare -C -m sh -c \'tree=$1 host=$2; shift 2; '
         '[ -z "$host" ] || mount --bind "$tree" "$host"; '
         'umount -l "$tree" && mount -t cgroup2 none "$tree" && exec "$@"\' sh "$2" "$3" "${@:4}"')


def cgroup(name):
    path = os.path.join(cgroup2(), f"fairlead-test-{name}-{os.getpid()}")
    os.mkdir(path)
    cleanup(lambda: os.path.isdir(path) and os.rmdir(path))
    return path


def run_in(path):
    """A process that goes to sleep, be it for a moment, and wakes up in the cgroup: a wait of its own."""
    subprocess.run(["sh", "-c", 'echo 0 >"$0/cgroup.procs" && exec sleep 0.001', path], check=True)


def inside(home, host=""):
    """An agent in a container whose cgroup is `home`; host: where it has the host's tree, if."""
    return Agent(prefix=("bash", "-c", ENTER, "bash", home, cgroup2(), host))


def finding(agent):
    return next(b for b in agent.json("/v1/doctor")["backends"] if b["name"] == "cgroups")


def paths(agent):
    return {c["id"]: c["path"] for c in agent.json("/v1/snapshot?for=20ms")["cgroups"]}


def test_from_inside_a_cgroup_namespace_doctor_says_what_is_out_of_sight():
    "from inside a cgroup namespace its own cgroups have names, and doctor says that others are out of sight"
    home, other = cgroup("home"), cgroup("other")
    agent = inside(home)
    child = os.path.join(home, "child")
    os.mkdir(child)
    cleanup(lambda: os.path.isdir(child) and os.rmdir(child))
    run_in(child)
    run_in(other)
    seen = paths(agent)
    check(seen[os.stat(child).st_ino] == "/child", seen)
    check(seen[os.stat(other).st_ino] == f"(elsewhere, id {os.stat(other).st_ino})", seen)
    said = finding(agent)
    check(said["state"] == "fallback" and "a part of the cgroup2 tree" in said["reason"], said)
    check("mount the host's /sys/fs/cgroup" in said["mend"], said)
    agent.stop()


def test_the_hosts_tree_is_found_wherever_it_is_mounted():
    "the host's tree mounted at another place in the container gives every cgroup its name"
    home, other = cgroup("home"), cgroup("other")
    agent = inside(home, folder())
    run_in(other)
    seen = paths(agent)
    check(seen[os.stat(other).st_ino] == "/" + os.path.basename(other), seen)
    check("a part of" not in finding(agent)["reason"], finding(agent))
    agent.stop()


def test_without_any_tree_no_cgroup_is_called_gone():
    "where no cgroup tree is mounted all cgroups are elsewhere, none is said to be gone"
    agent = Agent(prefix=("unshare", "-m", "sh", "-c", 'umount -R /sys/fs/cgroup && exec "$@"', "sh"))
    run_in(cgroup("unseen"))
    seen = paths(agent)
    check(any(path.startswith("(elsewhere, id ") for path in seen.values()), seen)
    check(not any(path.startswith("(gone") for path in seen.values()), seen)
    said = finding(agent)
    check(said["state"] == "off" and "none is mounted" in said["reason"], said)


if __name__ == "__main__":
    main(needs_root=True)
