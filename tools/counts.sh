# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How many tests a program ran, from what it reports. A count is a line "passed failed skipped".

# Sums lines of counts.
sum_counts() { awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }'; }

# From a JUnit file as ctest writes it: the attributes of its <testsuite>.
junit_counts() {
  tr '\n\t' '  ' <"$1" | sed 's/<testsuite /\n&/g' | awk '
    function of(name) { return match($0, name "=\"[0-9]+\"") ? substr($0, RSTART + length(name) + 2, RLENGTH - length(name) - 3) : 0 }
    /^<testsuite / { sub(/>.*/, ""); bad = of("failures") + of("errors"); idle = of("skipped") + of("disabled"); print of("tests") - bad - idle, bad, idle }' |
    sum_counts
}

# From the output of node's test runner (spec or TAP), of vitest, or of a program that ends with "N passed, N failed".
output_counts() {
  sed $'s/\033\\[[0-9;]*m//g' "$1" | awk '
    function before(word) { return match($0, "[0-9]+ " word) ? substr($0, RSTART, RLENGTH - length(word) - 1) : 0 }
    NF == 3 && ($1 == "#" || $1 == "ℹ") && $3 ~ /^[0-9]+$/ {
      if ($2 == "pass") print $3, 0, 0
      if ($2 == "fail" || $2 == "cancelled") print 0, $3, 0
      if ($2 == "skipped" || $2 == "todo") print 0, 0, $3
    }
    $1 == "Tests" || /^[0-9]+ passed, [0-9]+ failed/ { print before("passed"), before("failed"), before("skipped") + before("todo") }' |
    sum_counts
}
