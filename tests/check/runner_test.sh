#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# the test runner goes red for a crash, a hang, a short plan and whatever else must be red
# It is run on a small tree of its own, in which a "unit test" is a shell script that
# misbehaves in one way.
set -u
repo=$(cd "$(dirname "$0")/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
number=0

# The runner as it is, a make and an installer that have nothing to do.
mkdir -p "$tree/tests/unit" "$tree/tests/lib" "$tree/setup" "$tree/.out/san/tests/unit"
cp "$repo/tests/run.sh" "$tree/tests/"
cp "$repo/tests/lib/tally.py" "$tree/tests/lib/"
printf '#!/bin/sh\n' >"$tree/setup/install.sh"
chmod +x "$tree/setup/install.sh"
printf 'unit-tests all san tools fuzz-targets:\n' >"$tree/Makefile"

# expect SENTENCE STATUS CLOSING PATTERN, the test program on stdin
expect() {
	number=$((number + 1))
	: >"$tree/tests/unit/odd_test.c"
	cat >"$tree/.out/san/tests/unit/odd_test"
	chmod +x "$tree/.out/san/tests/unit/odd_test"
	# The limit of a unit test is a minute; here a second must do.
	sed -i 's/programs unit [0-9]*/programs unit 1/' "$tree/tests/run.sh"
	output=$(env -u O "$tree/tests/run.sh" unit 2>&1)
	status=$?
	if [ $status = "$2" ] && [ "$(echo "$output" | tail -n1)" = "$3" ] && echo "$output" | grep -q "$4"; then
		echo "ok $number - $1"
	else
		echo "$output" | sed 's/^/# /'
		echo "# exit status $status, wanted $2; closing line wanted: $3; wanted to see: $4"
		echo "not ok $number - $1"
		bad=1
	fi
}
bad=0
echo "1..16"

expect "two tests that pass are counted" 0 "2 passed, 0 failed, 0 skipped" "ok - unit: two" <<'T'
#!/bin/sh
printf '1..2\nok 1 - one\nok 2 - two\n'
T
expect "a failed test is red and explained" 1 "1 passed, 1 failed, 0 skipped" "odd_test.c:3: x == 4" <<'T'
#!/bin/sh
printf '1..2\n# hidden\nok 1 - one\n# odd_test.c:3: x == 4\nnot ok 2 - two\n'
exit 1
T
expect "a skipped test is told with its reason" 0 "1 passed, 0 failed, 1 skipped" "^  unit: two: no such kernel" <<'T'
#!/bin/sh
printf '1..2\nok 1 - one\nok 2 - two # SKIP no such kernel\n'
T
expect "a crash is red" 1 "1 passed, 1 failed, 0 skipped" "was ended by SIGSEGV after 1 of 2" <<'T'
#!/bin/sh
printf '1..2\nok 1 - one\n'
kill -SEGV $$
T
expect "a crash after the last result is red" 1 "1 passed, 1 failed, 0 skipped" "was ended by SIGABRT" <<'T'
#!/bin/sh
printf '1..1\nok 1 - one\n'
kill -ABRT $$
T
expect "a short plan is red" 1 "1 passed, 1 failed, 0 skipped" "promised 3 results and gave 1" <<'T'
#!/bin/sh
printf '1..3\nok 1 - one\n'
T
expect "more results than planned are red" 1 "2 passed, 1 failed, 0 skipped" "promised 1 results and gave 2" <<'T'
#!/bin/sh
printf '1..1\nok 1 - one\nok 2 - two\n'
T
expect "no plan at all is red" 1 "0 passed, 1 failed, 0 skipped" "gave no plan" <<'T'
#!/bin/sh
echo hello
T
expect "a hang is ended and red" 1 "1 passed, 1 failed, 0 skipped" "was still running after 1 s" <<'T'
#!/bin/sh
printf '1..2\nok 1 - one\n'
sleep 1000
T
expect "an exit status that does not fit is red" 1 "1 passed, 1 failed, 0 skipped" "exit status 3, though" <<'T'
#!/bin/sh
printf '1..1\nok 1 - one\n'
exit 3
T
expect "a failure that exits 0 is counted once more" 1 "0 passed, 2 failed, 0 skipped" "exit status 0, though" <<'T'
#!/bin/sh
printf '1..1\nnot ok 1 - one\n'
T
expect "a process left running is ended and red" 1 "1 passed, 1 failed, 0 skipped" "left running: sleep 1000" <<'T'
#!/bin/sh
printf '1..1\nok 1 - one\n'
setsid sleep 1000 &
T
expect "a run in which all is skipped has run nothing" 1 "0 passed, 0 failed, 1 skipped" "odd_test: no root" <<'T'
#!/bin/sh
echo '1..0 # SKIP no root'
exit 77
T

expect "an orphan that ended is gone from /proc while the test runs" 0 "1 passed, 0 failed, 0 skipped" "ok - unit: gone" <<'T'
#!/bin/sh
pid=$(sh -c 'setsid true >/dev/null & echo $!')
echo 1..1
for try in $(seq 200); do [ -e /proc/"$pid" ] || break; sleep 0.02; done	# asked until it is
[ ! -e /proc/"$pid" ] && echo "ok 1 - gone"
T

printf 'unit-tests:\n\tfalse\n' >"$tree/Makefile"
expect "a build that fails is red" 1 "0 passed, 1 failed, 0 skipped" "make unit-tests failed" <<'T'
#!/bin/sh
printf '1..1\nok 1 - one\n'
T
printf 'unit-tests:\n' >"$tree/Makefile"

number=$((number + 1))
rm "$tree/tests/unit/odd_test.c"
output=$(env -u O "$tree/tests/run.sh" unit 2>&1) && bad=1
case $output in
*"there is no test to run"*"0 passed, 1 failed, 0 skipped") echo "ok $number - a tier without a test is red" ;;
*) echo "$output" | sed 's/^/# /'; echo "not ok $number - a tier without a test is red"; bad=1 ;;
esac
exit $bad
