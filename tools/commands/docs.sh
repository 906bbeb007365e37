# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#: docs       Builds the documentation of the npm package in build/docs: pages and the reference.
#:
#:   --pages    the pages alone, without the reference (which takes half a minute)
#:
#: A link that leads nowhere ends it with an error. To look at it, open build/docs/index.html: it needs no server.

run() {
  local options=()
  while [ $# -gt 0 ]; do
    case $1 in
      --pages) options+=(--pages) ;;
      *) die "docs does not know '$1'; see ./dev help docs." ;;
    esac
    shift
  done
  need_tools
  npm_ready web && npm_ready web/docs || return
  npm --prefix web/docs run --silent build -- ${options[@]+"${options[@]}"}
}
