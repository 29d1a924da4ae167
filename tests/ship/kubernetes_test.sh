#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The manifests, checked offline: types, required fields, and the privileges that they claim.
# Each check is also shown a manifest with a fault that it must find.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
base=$here/../../examples/kubernetes/base
skip() { echo "1..0 # SKIP $*"; exit 77; }
command -v npm >/dev/null || skip "no npm (setup/install.sh k8s)"

mkdir -p "${O:-$here/../../.out}/ship/k8s"
cd "${O:-$here/../../.out}/ship/k8s"
if ! cmp -s "$here/package-lock.json" .installed; then
	rm -rf node_modules .installed
	cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" .
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >npm.log 2>&1 ||
		skip "npm has no registry here: $(tail -n 1 npm.log)"
	cp package-lock.json .installed
fi

n=0
ok() { n=$((n + 1)); echo "ok $n - $*"; }
not_ok() { n=$((n + 1)); failed=1; echo "not ok $n - $*"; sed 's/^/# /' out; }
failed=0

check() {	# types|models|claims DIR
	case $1 in
	types)
		node "$here/kubernetes.mjs" types "$2" >objects.ts &&
			node_modules/.bin/tsc --noEmit --strict --target es2020 --moduleResolution node objects.ts
		;;
	*) node "$here/kubernetes.mjs" "$1" "$2" ;;
	esac
}

right() {	# CHECK SENTENCE
	if check "$1" "$base" >out 2>&1; then ok "$2"; else not_ok "$2"; fi
}
# CHECK SENTENCE FILE SED: the check must fail on a copy in which SED changed FILE
finds() {
	rm -rf broken && cp -r "$base" broken
	sed -i "$4" "broken/$3"
	if cmp -s "broken/$3" "$base/$3"; then
		echo "the fault was not planted: $4" >out
		not_ok "$2"
	elif check "$1" broken >out 2>&1; then
		not_ok "$2"
	else
		ok "$2"
	fi
}

echo 1..17
right types "every object has the fields and types of the Kubernetes API"
right models "every required field is there, and every generated file"
right claims "the pod takes no more than it says"
finds types "a misspelt field is found" daemonset.yaml 's/hostPath:/hostpath:/'
finds types "a number where a list belongs is found" daemonset.yaml 's/drop: \[ALL\]/drop: 1/'
finds models "a DaemonSet without a selector is found" daemonset.yaml '/^  selector:/,+2d'
finds models "a configuration file that is not there is found" kustomization.yaml 's/- fairlead.yaml/- other.yaml/'
finds claims "a privileged container is found" daemonset.yaml 's/privileged: false/privileged: true/'
finds claims "CAP_SYS_ADMIN is found" daemonset.yaml 's/\[BPF, /[SYS_ADMIN, BPF, /'
finds claims "hostPID is found" daemonset.yaml 's/^      enableServiceLinks: false/      hostPID: true/'
finds claims "a writable root is found" daemonset.yaml '/readOnlyRootFilesystem/d'
finds claims "privilege escalation is found" daemonset.yaml '/allowPrivilegeEscalation/d'
finds claims "a writable host path is found" daemonset.yaml '/mountPath: .sys.fs.cgroup/,+1{/readOnly/d}'
finds claims "another host path is found" daemonset.yaml 's,path: /sys/fs/cgroup,path: /,'
finds claims "an unconfined pod is found" daemonset.yaml 's/type: Localhost/type: Unconfined/'
finds claims "a profile that allows mount is found" profiles/fairlead.json 's/"bpf", /"bpf", "mount", /'
finds claims "a mounted API token is found" serviceaccount.yaml '/automount/d'
exit $failed
