# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Which of the few ways of getting the tools fits this machine.

os_release=${SIMILE_OS_RELEASE:-/etc/os-release}

os_field() { sed -nE "s/^$1=\"?([^\"]*)\"?\$/\1/p" "$os_release" 2>/dev/null | sed -n 1p; }

# One of: debian-12, distribution (has everything itself), homebrew, other.
platform() {
  local id version
  if [ "${SIMILE_UNAME:-$(uname -s)}" = Darwin ]; then
    if have brew; then say homebrew; else say other; fi
    return
  fi
  id=$(os_field ID)
  version=$(os_field VERSION_ID)
  # Debian's unreleased suites carry no number.
  if [ "$id" = debian ] && [ -z "$version" ]; then version=13; fi
  case $id in
    debian)
      if [ "$version" = 12 ]; then
        say debian-12
      elif at_least "$version" 13; then
        say distribution
      else
        say other
      fi
      ;;
    ubuntu) if at_least "$version" 24.10; then say distribution; else say other; fi ;;
    *) say other ;;
  esac
}
