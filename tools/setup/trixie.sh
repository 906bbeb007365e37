# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A private view of Debian 13 (trixie) for a Debian 12 machine: packages are downloaded from the machine's own mirror, checked by apt, and
# unpacked in $tools_home. apt's own configuration, lists and installed packages stay as they are, and root is not needed.

apt_etc=${SIMILE_APT_ETC:-/etc/apt}
trixie_home=$tools_home/trixie

trixie_apt() {
  apt-get -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$trixie_home/sources.d" \
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts="$trixie_home/preferences.d" \
    -o Dir::State::lists="$trixie_home/lists" -o Dir::Cache="$trixie_home/cache" \
    -o APT::Sandbox::User="$(id -un)" -o APT::Default-Release= -o APT::Update::Error-Mode=any -o Acquire::Retries=3 "$@"
}

# The first stanza of a .sources file that has this release's main section, turned into one for trixie.
trixie_from_deb822() {
  awk '
    BEGIN { RS = ""; FS = "\n" }
    {
      types = suites = components = uris = enabled = ""
      for (i = 1; i <= NF; i++) {
        name = tolower($i); sub(/:.*/, "", name)
        value = $i; sub(/^[^:]*:/, "", value); value = value " "
        if (name == "types") types = " " value
        if (name == "suites") suites = " " value
        if (name == "components") components = " " value
        if (name == "uris") uris = value
        if (name == "enabled") enabled = tolower(value)
      }
      if (types !~ /[ \t]deb[ \t]/ || suites !~ /[ \t](bookworm|stable|oldstable)[ \t]/ || components !~ /[ \t]main[ \t]/) next
      if (uris ~ /cdrom:/ || enabled ~ /no|false|0/) next
      print "Types: deb deb-src\nSuites: trixie\nComponents: main"
      for (i = 1; i <= NF; i++) {
        name = tolower($i)
        if ($i ~ /^#/) continue
        if (name ~ /^[a-z]/) skip = name ~ /^(types|suites|components|enabled):/
        if (!skip) print $i
      }
      exit
    }' "$1"
}

# The same for the one-line form: deb [options] URI suite components
trixie_from_lines() {
  sed -nE 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([a-z+]+:[^[:space:]]+)[[:space:]]+(bookworm|stable|oldstable)[[:space:]]+main.*/deb \1\2 trixie main\ndeb-src \1\2 trixie main/p' "$1" |
    grep -v 'cdrom:' | sed -n 1,2p
}

# Writes the sources file of the private view.
trixie_sources() {
  local file found
  rm -rf "$trixie_home/sources.d"
  mkdir -p "$trixie_home/sources.d" "$trixie_home/preferences.d" "$trixie_home/lists/partial" "$trixie_home/cache/archives/partial"
  for file in "$apt_etc"/sources.list.d/*.sources; do
    [ -f "$file" ] || continue
    found=$(trixie_from_deb822 "$file")
    if [ -n "$found" ]; then
      printf '%s\n' "$found" >"$trixie_home/sources.d/trixie.sources"
      return
    fi
  done
  for file in "$apt_etc/sources.list" "$apt_etc"/sources.list.d/*.list; do
    [ -f "$file" ] || continue
    found=$(trixie_from_lines "$file")
    if [ -n "$found" ]; then
      printf '%s\n' "$found" >"$trixie_home/sources.d/trixie.list"
      return
    fi
  done
  die "no Debian source for bookworm main was found below $apt_etc; add one, then repeat."
}

trixie_update() {
  if [ -n "${trixie_is_current:-}" ]; then return; fi
  trixie_sources
  watched "$tools_home/log/trixie-update.log" "reading Debian 13's package lists (private, 20 MB)" trixie_apt update
  trixie_is_current=yes
}

# trixie_unpack FOLDER PACKAGE... [-- TAR-OPTION...]: downloads the packages and unpacks their files.
trixie_unpack() {
  local into=$1 packages=() deb
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    packages+=("$1")
    shift
  done
  [ $# = 0 ] || shift
  trixie_update
  rm -rf "$into" "$trixie_home/debs"
  mkdir -p "$into" "$trixie_home/debs"
  (cd "$trixie_home/debs" && watched "$tools_home/log/trixie-download.log" "downloading ${packages[*]}" trixie_apt download "${packages[@]}")
  for deb in "$trixie_home"/debs/*.deb; do
    dpkg --fsys-tarfile "$deb" | tar -x -C "$into" "$@"
  done
  rm -rf "$trixie_home/debs"
}

trixie_forget() { rm -rf "$trixie_home"; }
