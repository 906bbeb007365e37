#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How ./dev test counts, and that nothing executed, or a step that breaks off, is a failure.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
# shellcheck source=tools/test/check.sh
. "$here/check.sh"
# shellcheck source=tools/common.sh
. "$here/../common.sh"
trap 'rm -rf "$work"' EXIT
# shellcheck source=tools/counts.sh
. "$here/../counts.sh"
# shellcheck source=tools/build.sh
. "$here/../build.sh"
# shellcheck source=tools/steps.sh
. "$here/../steps.sh"
# shellcheck source=tools/commands/test.sh
. "$here/../commands/test.sh"

counts_in() { cat >"$work/text" && "$1" "$work/text"; }
same "ctest's JUnit" "$(counts_in junit_counts <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="Linux-c++"
	tests="10"
	failures="2"
	disabled="1"
	skipped="3"
	hostname="" time="0" timestamp="2024-01-01T00:00:00"
	>
	<testcase name="a" classname="a" time="0" status="run"><system-out>tests="99"</system-out></testcase>
</testsuite>
END
)" "4 2 4"
same "node's runner, TAP, twice" "$(counts_in output_counts <<'END'
ok 1 - pass 7
# tests 9
# pass 5
# fail 1
# cancelled 1
# skipped 1
# todo 1
# pass 3
END
)" "8 2 2"
same "node's runner, spec, in colours" "$(printf '\033[34mℹ pass 4\033[39m\n\033[34mℹ fail 0\033[39m\n' | counts_in output_counts)" "4 0 0"
same "vitest" "$(printf ' Test Files  2 passed (2)\n      Tests  1 failed | 7 passed | 2 skipped (10)\n' | counts_in output_counts)" "7 1 2"
same "the conformance runner" "$(printf 'score/x: case y\n120 passed, 3 failed\n' | counts_in output_counts)" "120 3 0"
same "no report at all" "$(printf 'passed, failed\n' | counts_in output_counts)" "0 0 0"

reports=$work/reports
mkdir -p "$reports"
verbose=
test_good() { counted printf '3 passed, 0 failed\n'; }
test_bad() { counted sh -c 'echo "2 passed, 1 failed"; exit 1'; }
test_empty() { true; }
test_broken() { counted sh -c 'echo "5 passed, 0 failed"' && false; }
test_absent() { skip_step "there is no abacus"; }
test_partly() { counted echo '4 passed, 0 failed' && skip_step "there is no slide rule"; }
last_of() { run_steps "$@" 2>&1 | tail -n 1; }
same "the sum is the last line" "$(last_of good bad)" "5 passed, 1 failed"
same "a step without tests fails" "$(last_of good empty)" "3 passed, 1 failed"
same "a step that cannot be had here fails nothing" "$(last_of good absent)" "3 passed, 0 failed"
contains "why it is skipped is said" "$(run_steps absent 2>&1)" "The step absent is skipped: there is no abacus."
contains "what else is skipped is said" "$(run_steps partly 2>&1)" "In the step partly NOT TESTED: there is no slide rule."
same "which fails nothing" "$(last_of good partly)" "7 passed, 0 failed"
same "only once" "$(yes_no run_steps absent empty)" no
same "a step that breaks off fails" "$(last_of good broken)" "8 passed, 1 failed"
same "all good gives success" "$(yes_no run_steps good good)" yes
same "a failure gives failure" "$(yes_no run_steps bad good)" no
same "with all output too" "$(verbose=yes last_of good bad)" "5 passed, 1 failed"
contains "how to repeat it is said" "$(run_steps bad 2>&1)" "./dev test bad"

report
