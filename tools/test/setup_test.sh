#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031
# Which way ./dev setup goes on which machine, and what it would install there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stubs=$work/stubs
export SIMILE_TOOLS=$work/tools SIMILE_OS_RELEASE=$work/os-release SIMILE_APT_ETC=$work/apt
# shellcheck source=tools/test/check.sh
. "$here/check.sh"
# shellcheck source=tools/common.sh
. "$here/../common.sh"
trap 'rm -rf "$work"' EXIT
# shellcheck source=tools/setup.sh
. "$here/../setup.sh"
mkdir -p "$tools_home/log"

# Versions
same "emcc's version" "$(echo 'emcc (Emscripten gcc/clang-like replacement + linker) 3.1.69 (1234)' | first_version)" 3.1.69
same "node's version" "$(echo 'v20.20.2' | first_version)" 20.20.2
same "an equal version is enough" "$(yes_no at_least 3.1.60 3.1.60)" yes
same "numbers, not letters, are compared" "$(yes_no at_least 3.1.6 3.1.60)" no
same "a leading zero is no octal number" "$(yes_no at_least 24.08 24.10)" no
same "a short version has zeros" "$(yes_no at_least 4 3.1.60)" yes

# Platforms
on() { printf 'ID=%s\nVERSION_ID="%s"\n' "$1" "$2" >"$SIMILE_OS_RELEASE"; SIMILE_UNAME=Linux platform; }
same "Debian 12" "$(on debian 12)" debian-12
same "Debian 13" "$(on debian 13)" distribution
same "Debian without a number" "$(on debian '')" distribution
same "Debian 11" "$(on debian 11)" other
same "Ubuntu 24.04" "$(on ubuntu 24.04)" other
same "Ubuntu 24.10" "$(on ubuntu 24.10)" distribution
same "Ubuntu 25.04" "$(on ubuntu 25.04)" distribution
same "Fedora" "$(on fedora 41)" other
same "no os-release at all" "$(os_release=$work/nothing SIMILE_UNAME=Linux platform)" other
same "a Mac without Homebrew" "$(PATH=/usr/bin:/bin SIMILE_UNAME=Darwin platform)" other
stub brew 'case $1 in list) [ "$3" != xsimd ] && [ "$3" != catch2 ] ;; --prefix) echo /opt/homebrew ;; *) echo "$@" ;; esac'
same "a Mac with Homebrew" "$(PATH=$stubs:$PATH SIMILE_UNAME=Darwin platform)" homebrew
(PATH=$stubs:$PATH && set_up_homebrew) >/dev/null
same "Homebrew installs what is missing" "$(cat "$tools_home/log/brew.log")" "install xsimd catch2"

# Debian 12's sources, turned into trixie's
sources() { rm -rf "$apt_etc" && mkdir -p "$apt_etc/sources.list.d" && cat >"$apt_etc/$1"; }
derived() { (trixie_sources && cat "$tools_home"/trixie/sources.d/*) 2>&1; }
sources sources.list.d/debian.sources <<'END'
# about this file
Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
# a comment within
URIs: https://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
same "a deb822 file" "$(derived)" 'Types: deb deb-src
Suites: trixie
Components: main
URIs: https://mirror.example/debian
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg'
sources sources.list.d/debian.sources <<'END'
Enabled: no
Types: deb
URIs: https://off.example/debian
Suites: bookworm
Components: main

types: deb deb-src
suites: oldstable
 oldstable-updates
uris: https://mirror.example/debian
components: main
signed-by:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
END
same "a disabled stanza, small letters, an embedded key" "$(derived)" 'Types: deb deb-src
Suites: trixie
Components: main
uris: https://mirror.example/debian
signed-by:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc'
sources sources.list <<'END'
# deb http://old.example/debian bookworm main
deb cdrom:[Debian 12]/ bookworm main
deb http://security.example/debian-security bookworm-security main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib
END
same "a one-line file" "$(derived)" 'deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian trixie main
deb-src [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian trixie main'
sources sources.list <<<'deb http://mirror.example/debian bookworm contrib'
contains "no source is said in one sentence" "$(derived)" "no Debian source for bookworm main"

# apt-get
removing='Remv libfoo [1.0]
Inst bar (2.0 Debian:12 [amd64])'
contains "a plan that removes is refused" "$( (refuse_removals "$removing" bar) 2>&1)" "would remove libfoo"
same "a plan that adds is fine" "$(refuse_removals 'Inst bar (2.0 Debian:12 [amd64])' bar)" ""
contains "a plan that renews is told" "$(refuse_removals 'Inst foo [1.0] (1.1 Debian:12 [amd64])' bar)" "of: foo"

stub sudo 'exec "$@"'
stub dpkg-query 'for name; do :; done; case $name in libxxhash-dev) echo installed ;; *) exit 1 ;; esac'
stub apt-get 'case "$*" in *"-s install"*) echo "Inst something (1)" ;; *update*) echo update ;; *) echo "$@" ;; esac'
stub node 'echo v20.19.0'
stub npm 'echo 10.0.0'
installs() { (PATH=$stubs:$PATH && printf 'ID=%s\n' "$1" >"$os_release" && set_up_distribution) >/dev/null && cat "$tools_home/log/apt-install.log"; }
same "a Node from elsewhere is left alone" "$(PATH=$stubs:$PATH absent_node_packages)" ""
stub emcc 'echo emcc 3.1.6'
contains "Debian 13 installs its Emscripten" "$(installs debian)" " emscripten"
contains "Debian 13 installs Catch2 and xsimd" "$(installs debian)" "libxsimd-dev xtl-dev catch2"
same "what is installed is left alone" "$(installs debian | grep -c libxxhash-dev || true)" 0
same "nothing else comes along" "$(installs debian | grep -c -e --no-install-recommends)" 1
contains "Ubuntu's browser has another name" "$(installs ubuntu)" "chromium-browser"
stub emcc 'echo emcc 4.0.1'
same "an emsdk that is new enough is used" "$(installs debian | grep -c ' emscripten' || true)" 0
stub node 'echo v20.16.0'
same "Node 20.16 is too old" "$(PATH=$stubs:$PATH yes_no node_is_new_enough)" no

# 64-bit Arm
stub uname 'echo aarch64'
contains "an Arm machine runs NEON anyway" "$(PATH=$stubs:$PATH neon_is_missing)" "in the step native"
stub uname 'echo x86_64'
contains "no cross compiler" "$(PATH=$stubs neon_is_missing)" "there is no aarch64-linux-gnu-g++"
stub aarch64-linux-gnu-g++ ':'
stub qemu-aarch64 ':'
contains "no Catch2 for it" "$(PATH=$stubs:$PATH neon_is_missing)" "only Debian 12"
mkdir -p "$neon_home" && touch "$neon_home/ready"
same "nothing is missing" "$(PATH=$stubs:$PATH neon_is_missing)" ""

# What is missing, in one sentence
bare=$work/bare
mkdir -p "$bare"
for name in sed grep cat tr cut head; do ln -s "$(command -v "$name")" "$bare/$name"; done
contains "a bare machine" "$(PATH=$bare missing_tools)" "a C++20 compiler, cmake >= 3.25, ninja, Node >= 20.19, npm, Emscripten >= 3.1.60 (emcc)"
contains "the sentence" "$( (PATH=$bare verify_tools) 2>&1)" "this machine still lacks: a C++20 compiler"

report
