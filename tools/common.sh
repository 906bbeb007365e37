# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Words that every part of ./dev uses. Works with bash 3.2, which macOS has.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools_home=${SIMILE_TOOLS:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/simile}

say() { printf '%s\n' "$*"; }

die() {
  printf './dev: %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# The first number with dots in the text on standard input: "emcc (…) 3.1.69 (…)" gives 3.1.69.
first_version() { sed -nE 's/[^0-9]*([0-9]+(\.[0-9]+)+).*/\1/p' | sed -n 1p; }

# at_least 3.1.69 3.1.60
at_least() {
  local a b i
  IFS=. read -r -a a <<<"$1"
  IFS=. read -r -a b <<<"$2"
  for i in 0 1 2; do
    if ((10#${a[i]:-0} > 10#${b[i]:-0})); then return 0; fi
    if ((10#${a[i]:-0} < 10#${b[i]:-0})); then return 1; fi
  done
}

duration() {
  if (($1 < 60)); then printf '%d s' "$1"; else printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); fi
}

# Ends what `watched` has started when this script is ended.
watched_pid=
ahead_pid= # what is compiled ahead, in the background
end_watched() {
  local pid
  for pid in $watched_pid $ahead_pid; do kill -TERM -- "-$pid" 2>/dev/null || true; done
}
trap end_watched EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# watched LOG TITLE COMMAND...: the output goes to LOG; the screen gets a line when it starts, one each 20 s, and one when it ends.
watched() {
  local log=$1 title=$2 begin=$SECONDS pid status next=20
  shift 2
  mkdir -p "$(dirname "$log")"
  say "  $title ..."
  start_in_background "$log" "$@"
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.1
    if ((SECONDS - begin >= next)); then
      next=$((next + 20))
      say "    still at it after $(duration $((SECONDS - begin))): $(last_line "$log")"
    fi
  done
  wait "$pid" && status=0 || status=$?
  watched_pid=
  if ((status != 0)); then
    tail -n 100 "$log" >&2
    printf '%s failed (status %d). All of its output: %s\n' "$title" "$status" "$log" >&2
    return "$status"
  fi
  if ((SECONDS - begin >= 2)); then say "    done in $(duration $((SECONDS - begin)))"; fi
}

# A job of its own process group, so that all of it can be ended; what it watches in turn belongs to the same group.
start_in_background() {
  local log=$1
  shift
  if [ -n "${inside_watched:-}" ]; then
    "$@" >"$log" 2>&1 </dev/null &
  else
    set -m
    (set +m; inside_watched=yes "$@") >"$log" 2>&1 </dev/null &
    watched_pid=$!
    set +m
  fi
}

# The newest line with words in it. Programs redraw their progress with carriage returns; nested steps repeat this function's own words.
last_line() {
  tail -c 4000 "$1" | tr '\r' '\n' | sed -E '/[[:alnum:]]/!d; s/^ +//; s/^still at it after [^:]*: //' | tail -n 1 | cut -c 1-100
}

# as_root COMMAND...: as is for root, through sudo for others.
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
