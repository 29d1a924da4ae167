#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the OCI image and runs it under podman as the DaemonSet would: the capabilities, the
seccomp profile, the volumes, the probes are read from the manifest, not repeated here.  Then
takes single things away and expects the image to say so.  Its storage is a folder of its own."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
OUT = os.path.realpath(os.environ.get("O", os.path.join(ROOT, ".out")))
BINARY = os.environ.get("FAIRLEAD", os.path.join(OUT, "fairlead"))
BASE = os.path.join(ROOT, "examples/kubernetes/base")


def skip(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(77)


for tool in ("podman", "buildah", "runc"):
    if not shutil.which(tool):
        skip(f"no {tool} (setup/install.sh image)")
if os.geteuid() != 0:
    skip("needs root")
import yaml  # noqa: E402  installed with the role image

os.makedirs(os.path.join(OUT, "ship"), exist_ok=True)
WORK = tempfile.mkdtemp(dir=os.path.join(OUT, "ship"), prefix="image.")
CGROUPS = "/sys/fs/cgroup"
parents_before = {d for d, _, _ in os.walk(CGROUPS) if os.path.basename(d) == "libpod_parent"}

count = failed = 0


def check(right, sentence, *shown):
    global count, failed
    count += 1
    failed += not right
    print(f"{'ok' if right else 'not ok'} {count} - {sentence}", flush=True)
    if not right:
        for text in shown:
            for line in str(text).splitlines():
                print("# " + line)
    return right


def run(*argv, timeout=120):
    return subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False)


PODMAN = ["podman", "--root", f"{WORK}/storage", "--runroot", f"{WORK}/run", "--tmpdir", f"{WORK}/tmp",
          "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--runtime", "runc",
          "--events-backend", "none"]


def podman(*argv, timeout=60):
    return run(*PODMAN, *argv, timeout=timeout)


# --- the manifest, as podman flags ---
with open(f"{BASE}/daemonset.yaml", encoding="utf-8") as f:
    POD = yaml.safe_load(f)["spec"]["template"]["spec"]
AGENT = POD["containers"][0]
SECURITY = AGENT["securityContext"]
CAPABILITIES = SECURITY["capabilities"]["add"]
PROFILE = os.path.join(BASE, POD["securityContext"]["seccompProfile"]["localhostProfile"])


def volumes():
    named = {v["name"]: v for v in POD["volumes"]}
    for mount in AGENT["volumeMounts"]:
        volume = named[mount["name"]]
        if "hostPath" in volume:
            source = volume["hostPath"]["path"]
        else:
            source = f"{WORK}/volumes/{mount['name']}"
            os.makedirs(source, exist_ok=True)
            if "configMap" in volume:
                shutil.copy(f"{BASE}/fairlead.yaml", source)
            else:
                os.chmod(source, 0o777)  # as the kubelet makes an emptyDir
        yield "-v"
        yield f"{source}:{mount['mountPath']}:{'ro' if mount.get('readOnly') else 'rw'},rbind"


def flags(capabilities=None, seccomp=PROFILE):
    shutil.rmtree(f"{WORK}/volumes", ignore_errors=True)
    # The two ulimits: podman else asks for more than a machine without CAP_SYS_RESOURCE may give.
    yield from ("--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000",
                "--user", f"{SECURITY['runAsUser']}:{SECURITY['runAsGroup']}", "--cap-drop", "all")
    for name in CAPABILITIES if capabilities is None else capabilities:
        yield from ("--cap-add", name.lower())
    if SECURITY["readOnlyRootFilesystem"]:
        yield from ("--read-only", "--read-only-tmpfs=false")
    if not SECURITY["allowPrivilegeEscalation"]:
        yield from ("--security-opt", "no-new-privileges")
    if seccomp:
        yield from ("--security-opt", f"seccomp={seccomp}")
    limit = AGENT["resources"]["limits"]["memory"].lower().removesuffix("i")
    yield from ("--memory", limit, "--memory-swap", limit, "--env", "NODE_NAME=node-1")
    yield from volumes()


def hook(result, name="sched_switch"):
    try:
        return next(h for h in json.loads(result.stdout)["hooks"] if h["name"] == name)
    except (ValueError, KeyError, StopIteration):
        return {"state": f"no answer (exit {result.returncode})", "reason": result.stderr}


def processes(container):
    """What each process in the container holds: [(pid, uid, capabilities, seccomp mode)]"""
    pid = podman("inspect", "--format", "{{.State.Pid}}", container).stdout.strip()
    found = []
    for p in [int(pid)] + [int(p) for p in run("pgrep", "-P", pid).stdout.split()]:
        with open(f"/proc/{p}/status", encoding="utf-8") as f:
            status = dict(line.split(":", 1) for line in f)
        sets = [int(status[k], 16) for k in ("CapInh", "CapPrm", "CapEff", "CapAmb")]
        found.append((p, int(status["Uid"].split()[0]), sets[0] | sets[1] | sets[2] | sets[3],
                      int(status["Seccomp"])))
    return found


def main():
    archive = f"{WORK}/fairlead.oci.tar"
    build = [os.path.join(ROOT, "setup/image.sh"), BINARY, archive]
    os.chdir(ROOT)
    made = run(*build)
    if not check(made.returncode == 0, "the image builds without a daemon", made.stderr):
        return
    with open(archive, "rb") as f:
        first = f.read()
    run(*build)
    with open(archive, "rb") as f:
        check(first == f.read(), "the same input gives the same image, byte for byte")
    check(len(first) < 16 << 20, f"the image is under 16 MB ({len(first) / 1e6:.1f} MB)")

    loaded = podman("pull", f"oci-archive:{archive}")
    image = loaded.stdout.strip().splitlines()[-1] if loaded.returncode == 0 else ""
    if not check(image, "podman takes the archive", loaded.stderr):
        return

    version = podman("run", "--rm", *flags(), image, "--version")
    if not check(version.returncode == 0, "the binary finds its libraries in the image", version.stderr):
        return

    # With a terminal that it knows, top gets as far as to ask for the agent.
    top = podman("run", "--rm", "--tty", "--env", "TERM=tmux-256color", *flags(), image, "top", "--agent")
    check(top.returncode == 3 and "no agent answers" in top.stdout, "top finds its library and its terminal",
          top.returncode, top.stdout, top.stderr)

    started = podman("run", "--detach", "--name", "agent", *flags(), image, *AGENT["args"])
    check(started.returncode == 0, "the agent starts with what the DaemonSet gives it", started.stderr)
    probe = AGENT["startupProbe"]
    until = time.monotonic() + probe["periodSeconds"] * probe["failureThreshold"]
    while (ready := podman("exec", "agent", *probe["exec"]["command"])).returncode and time.monotonic() < until:
        time.sleep(probe["periodSeconds"])      # as the kubelet asks
    log = podman("logs", "agent")
    log = log.stdout + log.stderr
    check(ready.returncode == 0, "the startup probe succeeds", ready.stderr, log)
    for name in ("readinessProbe", "livenessProbe"):
        asked = podman("exec", "agent", *AGENT[name]["exec"]["command"])
        check(asked.returncode == 0, f"the {name} succeeds", asked.stderr)

    doctor = podman("exec", "agent", "/usr/bin/fairlead", "doctor", "-o", "json")
    got = hook(doctor)
    check(got["state"] == "on", "doctor in the container says that sched_switch is on", got)
    held = processes("agent")
    allowed = sum(1 << {"SETGID": 6, "SETUID": 7, "PERFMON": 38, "BPF": 39}[c] for c in CAPABILITIES)
    check(all(caps & ~allowed == 0 for _, _, caps, _ in held), "no process holds a capability not named", held)
    check(held[0][1] != 0 and held[0][2] == 0, "the agent is not root and holds no capability", held)
    check(all(seccomp == 2 for *_, seccomp in held), "every process is under the seccomp filter", held)

    log = podman("logs", "agent")
    complaints = [line for line in (log.stdout + log.stderr).splitlines()
                  if '"level":"info"' not in line.replace(": ", ":")]
    check(not complaints, "its log has no warning: folders, probes and socket are all right", *complaints)

    began = time.monotonic()
    podman("stop", "--time", str(POD["terminationGracePeriodSeconds"]), "agent")
    took = time.monotonic() - began
    code = podman("inspect", "--format", "{{.State.ExitCode}}", "agent").stdout.strip()
    check(code == "0" and took < POD["terminationGracePeriodSeconds"],
          f"TERM ends it with exit 0 within the grace period ({took:.1f} s)", code, podman("logs", "agent").stderr)
    dead = podman("run", "--rm", *flags(), image, *AGENT["livenessProbe"]["exec"]["command"][1:])
    check(dead.returncode == 3, "the probes fail with exit 3 where no agent runs", dead.returncode, dead.stderr)

    def without(sentence, *errnos, **changed):
        got = hook(podman("run", "--rm", *flags(**changed), image, "doctor", "-o", "json"))
        check(got["state"] == "off" and any(e in got["reason"] for e in errnos), sentence, got)

    refused = ("EPERM", "Operation not permitted", "EACCES", "Permission denied")
    without("without capabilities doctor says off, with the kernel's errno", *refused, capabilities=["SETUID", "SETGID"])
    without("without PERFMON doctor says off", *refused, capabilities=["BPF", "SETUID", "SETGID"])
    without("under the runtime's own seccomp profile doctor says off", *refused, seccomp=None)


def clean():
    podman("rm", "--all", "--force", "--time", "0")
    podman("rmi", "--all", "--force")
    run("umount", "-R", f"{WORK}/storage")
    shutil.rmtree(WORK, ignore_errors=True)
    for top, _, _ in os.walk(CGROUPS, topdown=False):
        if "/libpod_parent" in top and not any(top.startswith(p) for p in parents_before):
            try:
                os.rmdir(top)
            except OSError:
                pass


try:
    main()
finally:
    clean()
left = [d for d, _, _ in os.walk(CGROUPS) if os.path.basename(d) == "libpod_parent" and d not in parents_before]
check(not left and not os.path.exists(WORK), "nothing is left: containers, storage, cgroups", left, WORK)
print(f"1..{count}")
sys.exit(failed > 0)
