# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#: demo       Builds the reverse dictionary and serves it on http://localhost:8080.
#:
#:   --full       embed all 117,000 glosses of WordNet, not the 20,000 of common words (about 10 minutes, once)
#:   --port N     another port
#:   --no-open    do not open a browser

run() {
  local port=8080 open=yes corpus=()
  while [ $# -gt 0 ]; do
    case $1 in
      --full) corpus+=(--full) ;;
      --port) port=${2:-} && shift ;;
      --no-open) open=no ;;
      *) die "demo does not know '$1'; see ./dev help demo." ;;
    esac
    shift
  done
  [[ $port =~ ^[0-9]+$ ]] || die "--port needs a number, got '$port'."
  need_tools
  build_demo ${corpus[@]+"${corpus[@]}"}
  serve_demo "$port" "$open"
}

# The server itself prints the address, once it listens.
serve_demo() {
  say ""
  say "Open this address in a browser; Ctrl-C ends the server."
  if [ "$2" = yes ] && [ -t 1 ] && [ -z "${CI:-}" ]; then open_browser "http://localhost:$1" & fi
  exec npm --prefix web/demo run --silent serve -- --port "$1"
}

# A moment later, when the server listens; a machine without a desktop is no error.
open_browser() {
  sleep 1
  if have xdg-open && [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    xdg-open "$1"
  elif [ "$(uname -s)" = Darwin ]; then
    open "$1"
  fi >/dev/null 2>&1 || true
}
