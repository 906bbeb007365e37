# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#: setup      Gets the compilers and libraries; other commands do it by themselves.
#:
#: On Debian 12 and 13, Ubuntu 24.10 and later, and macOS with Homebrew it installs what is missing.
#: Elsewhere it says in one sentence what to install. An emcc >= 3.1.60 on PATH (emsdk) is used as it is.
#:
#: Private tools lie in $SIMILE_TOOLS (default: ~/.cache/simile); delete that folder to begin anew.
#: To use the same tools in your own shell:   . ~/.cache/simile/env.sh

run() {
  if setup_is_done; then
    say "The tools are ready: $tools_home"
  else
    set_up
  fi
}
