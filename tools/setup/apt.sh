# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Packages of the distribution itself. What is installed stays at its version.

apt_root() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Asks for the password here, where it can be seen.
may_be_root() { [ "$(id -u)" = 0 ] || { have sudo && sudo true; }; }

# apt_install PACKAGE...: those that are not there yet, unless something would be removed.
apt_install() {
  local package missing=() plan
  for package in "$@"; do
    installed "$package" || missing+=("$package")
  done
  if [ ${#missing[@]} = 0 ]; then return; fi
  may_be_root || die "packages are missing and there is no sudo; as root, run: apt-get install --no-install-recommends ${missing[*]}"
  watched "$tools_home/log/apt-update.log" "reading the package lists" apt_root -q update
  plan=$(LC_ALL=C apt-get -s install --no-install-recommends "${missing[@]}" 2>&1) ||
    die "apt-get cannot install ${missing[*]}: $(grep -E '^E:|Depends:' <<<"$plan" | tr -s ' \n' ' ')"
  refuse_removals "$plan" "${missing[*]}"
  say "  packages: ${missing[*]}"
  watched "$tools_home/log/apt-install.log" "installing $(grep -c '^Inst' <<<"$plan") packages with apt-get" \
    apt_root -yq install --no-install-recommends "${missing[@]}"
}

# refuse_removals PLAN NAMES: PLAN is what `apt-get -s install NAMES` says.
refuse_removals() {
  local removed renewed
  removed=$(awk '$1 == "Remv" { print $2 }' <<<"$1" | tr '\n' ' ')
  [ -z "$removed" ] || die "installing $2 would remove $removed, so nothing was changed; please resolve that with apt-get first."
  renewed=$(awk '$1 == "Inst" && $3 ~ /^\[/ { print $2 }' <<<"$1" | tr '\n' ' ')
  [ -z "$renewed" ] || say "  they need the current version, from this same release, of: $renewed"
}
