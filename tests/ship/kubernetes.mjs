// SPDX-License-Identifier: Apache-2.0
// Checks the manifests of a kustomize base offline:  node kubernetes.mjs types|models|claims DIR
//   types   each object as a literal of its type from kubernetes-types, for tsc --strict
//           (unknown fields, wrong types); prints the TypeScript
//   models  kubernetes-models: required fields, formats
//   claims  what README.md says about privileges
// Prints a line for each thing that is wrong and then exits 1.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createRequire } from "node:module";

const require = createRequire(join(process.cwd(), "node_modules", "here.js"));
const { parseAllDocuments } = require("yaml");
const [mode, dir] = process.argv.slice(2);
const wrong = [];
const expect = (ok, what) => ok || wrong.push(what);

function read(file) {
  return parseAllDocuments(readFileSync(join(dir, file), "utf8"), { uniqueKeys: true }).map((d) => {
    d.errors.forEach((e) => wrong.push(`${file}: ${e.message}`));
    return d.toJS();
  });
}

const kustomization = read("kustomization.yaml")[0];
const objects = kustomization.resources.flatMap(read);
const find = (kind) => objects.find((o) => o.kind === kind);

// apps/v1 → apps/v1; v1 → v1 (kubernetes-models) or core/v1 (kubernetes-types)
const path = (o, core) => (o.apiVersion.includes("/") ? o.apiVersion : core + o.apiVersion);

const modes = {
  types() {
    objects.forEach((o, i) => {
      console.log(`import type { ${o.kind} as T${i} } from "kubernetes-types/${path(o, "core/")}";`);
      console.log(`export const o${i}: T${i} = ${JSON.stringify(o, null, 2)};`);
    });
  },

  models() {
    for (const o of objects) {
      const Model = require(`kubernetes-models/${path(o, "")}`)[o.kind];
      try {
        new Model(o).validate();
      } catch (e) {
        wrong.push(`${o.kind} ${o.metadata?.name}: ${e.message}`);
      }
    }
    for (const g of kustomization.configMapGenerator ?? [])
      for (const f of g.files) expect(existsSync(join(dir, f)), `${g.name}: no file ${f}`);
  },

  claims() {
    const pod = find("DaemonSet").spec.template.spec;
    const containers = [...pod.containers, ...(pod.initContainers ?? [])];
    for (const key of ["hostPID", "hostIPC", "hostNetwork", "shareProcessNamespace"])
      expect(!pod[key], `pod: ${key}`);
    expect(pod.automountServiceAccountToken === false, "pod: a service account token is mounted");
    expect(find("ServiceAccount").automountServiceAccountToken === false, "account: mounts its token");
    expect(!objects.some((o) => /Role/.test(o.kind)), "a role is bound");
    expect(pod.priorityClassName === "system-node-critical", "pod: no priority class");
    expect(pod.tolerations?.some((t) => t.operator === "Exists" && !t.key && !t.effect), "pod: not on all nodes");
    expect(pod.terminationGracePeriodSeconds > 10, "pod: grace period is not longer than drain_timeout");
    const mounts = containers.flatMap((c) => c.volumeMounts ?? []);
    for (const v of pod.volumes ?? []) {
      if (v.emptyDir) expect(v.emptyDir.sizeLimit, `volume ${v.name}: no size limit`);
      if (!v.hostPath) continue;
      expect(v.hostPath.path === "/sys/fs/cgroup", `volume ${v.name}: host path ${v.hostPath.path}`);
      for (const m of mounts.filter((m) => m.name === v.name))
        expect(m.readOnly === true, `volume ${v.name}: writable host path`);
    }
    for (const c of containers) {
      const s = c.securityContext ?? {};
      expect(!s.privileged, `${c.name}: privileged`);
      expect(s.allowPrivilegeEscalation === false, `${c.name}: privilege escalation`);
      expect(s.readOnlyRootFilesystem === true, `${c.name}: writable root`);
      expect(s.capabilities?.drop?.join() === "ALL", `${c.name}: does not drop ALL`);
      expect(
        [...(s.capabilities?.add ?? [])].sort().join() === "BPF,PERFMON,SETGID,SETUID",
        `${c.name}: capabilities ${s.capabilities?.add}`,
      );
      expect(!c.ports, `${c.name}: a port, but nothing listens`);
      expect(c.resources?.limits?.memory && c.resources?.requests?.memory, `${c.name}: no memory limit`);
      for (const p of ["startupProbe", "readinessProbe", "livenessProbe"]) expect(c[p], `${c.name}: no ${p}`);
      const seccomp = s.seccompProfile ?? pod.securityContext?.seccompProfile ?? {};
      expect(seccomp.type === "Localhost", `${c.name}: seccomp ${seccomp.type}`);
      profile(seccomp.localhostProfile ?? "");
    }
  },
};

// The profile allows the two calls that the agent needs and none of those that lead out.
function profile(file) {
  if (!existsSync(join(dir, file)) || !file) return wrong.push(`seccomp: no file ${file}`);
  const p = JSON.parse(readFileSync(join(dir, file), "utf8"));
  const allowed = p.syscalls.filter((r) => r.action === "SCMP_ACT_ALLOW");
  const names = new Set(allowed.flatMap((r) => r.names));
  expect(p.defaultAction === "SCMP_ACT_ERRNO", "seccomp: allows by default");
  for (const n of ["bpf", "perf_event_open"]) expect(names.has(n), `seccomp: ${n} is not allowed`);
  for (const n of ("mount umount2 move_mount open_tree fsopen pivot_root chroot unshare setns clone3 ptrace " +
    "process_vm_writev pidfd_getfd kexec_load kexec_file_load init_module finit_module delete_module reboot " +
    "swapon keyctl add_key request_key userfaultfd open_by_handle_at mknod iopl ioperm settimeofday").split(" "))
    expect(!names.has(n), `seccomp: ${n} is allowed`);
  expect(allowed.every((r) => !r.names.includes("clone") || r.args?.length), "seccomp: clone may make namespaces");
}

modes[mode]();
wrong.forEach((w) => console.error(w));
process.exit(wrong.length ? 1 : 0);
