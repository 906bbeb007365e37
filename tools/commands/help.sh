# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#: help       Lists the commands; ./dev help COMMAND tells more about one.

# The lines of a command's file that begin with "#:" are its help; the first of them is its line in the list.
help_of() { sed -n 's/^#: \{0,1\}//p' "tools/commands/$1.sh"; }

run() {
  local name
  if [ $# -gt 0 ]; then
    [ -f "tools/commands/$1.sh" ] || die "there is no command '$1'; ./dev help lists them."
    say "./dev $(help_of "$1")"
    return
  fi
  say "simile: semantic search that fits in a browser tab."
  say ""
  for name in setup build test demo bench eval docs package format lint help; do
    say "  ./dev $(help_of "$name" | sed -n 1p)"
  done
  say ""
  say "Each command first gets the tools it needs; ./dev help COMMAND tells its options."
}
