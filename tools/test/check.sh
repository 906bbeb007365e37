# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A few words to test shell functions with. A file of tests ends with `report`.

passed=0
failed=0

# same NAME GOT WANTED
same() {
  if [ "$2" = "$3" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'not as wanted: %s\n  got:    %s\n  wanted: %s\n' "$1" "$2" "$3"
  fi
}

# contains NAME GOT PART
contains() { case $2 in *"$3"*) same "$1" yes yes ;; *) same "$1" "$2" "... $3 ..." ;; esac; }

# yes_no COMMAND...: its answer as a word.
yes_no() { if "$@" >/dev/null 2>&1; then echo yes; else echo no; fi; }

# stub NAME BODY: a program of that name, first on PATH within $stubs.
stub() {
  mkdir -p "$stubs"
  printf '#!/bin/sh\n%s\n' "$2" >"$stubs/$1"
  chmod +x "$stubs/$1"
}

report() {
  echo "$passed passed, $failed failed"
  ((failed == 0))
}
