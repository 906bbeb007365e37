# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# xsimd and Catch2 for Debian 12, and the include folder for Emscripten everywhere.

xsimd_wanted=13

private_xsimd() {
  local home=$tools_home/xsimd
  if [ -f "$home/ready" ]; then return; fi
  trixie_unpack "$tools_home/unpacked" libxsimd-dev xtl-dev
  rm -rf "$home"
  mv "$tools_home/unpacked/usr" "$home"
  rm -rf "$tools_home/unpacked"
  touch "$home/ready"
}

catch2_sha256=c991b247a1a0d7bb9c39aa35faf0fe9e19764213f28ffba3109388e62ee0269c

catch2_work=$tools_home/catch2-build

# Debian 13's source package of Catch2, unpacked in $catch2_work/source.
catch2_source() {
  if [ -d "$catch2_work/source" ]; then return; fi
  trixie_update
  mkdir -p "$catch2_work/source.new"
  (cd "$catch2_work" && watched "$tools_home/log/catch2-download.log" "downloading Catch2's source" trixie_apt source --download-only catch2)
  printf '%s  %s\n' "$catch2_sha256" "$catch2_work"/catch2_*.orig.tar.* | sha256sum --check --quiet || die "Catch2's source is not the expected one."
  tar -x -C "$catch2_work/source.new" --strip-components=1 -f "$catch2_work"/catch2_*.orig.tar.*
  mv "$catch2_work/source.new" "$catch2_work/source"
}

# Debian 13's compiled library does not link with Debian 12's libstdc++, so its source package is built here, once.
private_catch2() {
  local home=$tools_home/catch2
  if [ -f "$home/ready" ]; then return; fi
  rm -rf "$home" "$catch2_work"
  catch2_source
  watched "$tools_home/log/catch2-configure.log" "configuring Catch2" cmake -S "$catch2_work/source" -B "$catch2_work/build" -G Ninja \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_STANDARD=20 -DCMAKE_INSTALL_PREFIX="$home" -DCMAKE_INSTALL_LIBDIR=lib \
    -DBUILD_TESTING=OFF -DCATCH_INSTALL_DOCS=OFF
  watched "$tools_home/log/catch2-build.log" "building Catch2 (about a minute, once)" cmake --build "$catch2_work/build" --target install
  touch "$home/ready"
}

# Where the folder of xsimd's headers lies; nothing when there is none.
xsimd_include() {
  local folder
  for folder in "$tools_home/xsimd/include" /usr/include /usr/local/include "${HOMEBREW_PREFIX:-/opt/homebrew}/include"; do
    if [ -f "$folder/xsimd/xsimd.hpp" ]; then
      say "$folder"
      return
    fi
  done
}

xsimd_version() {
  sed -nE 's/^#define XSIMD_VERSION_(MAJOR|MINOR|PATCH) +([0-9]+).*/\2/p' "$1/xsimd/config/xsimd_config.hpp" | tr '\n' . | sed 's/\.$//'
}

# The only folder of host headers that emcc sees. /usr/include as a whole would put glibc's headers before musl's.
wasm_include() {
  local home=$tools_home/wasm-include folder
  rm -rf "$home"
  mkdir -p "$home"
  folder=$(xsimd_include)
  if [ -n "$folder" ]; then ln -s "$folder/xsimd" "$home/xsimd"; fi
  if [ -d "$folder/xtl" ]; then ln -s "$folder/xtl" "$home/xtl"; fi
  for folder in /usr/include /usr/local/include "${HOMEBREW_PREFIX:-/opt/homebrew}/include"; do
    if [ -f "$folder/xxhash.h" ]; then
      plain_xxhash "$folder/xxhash.h" >"$home/xxhash.h"
      return
    fi
  done
}

# xxHash from 0.8.2 on takes its NEON code for wasm SIMD where it sees <arm_neon.h>. Debian's Emscripten has that header without what it includes.
plain_xxhash() {
  printf '#ifndef XXH_HAS_INCLUDE\n#define XXH_HAS_INCLUDE(x) 0\n#endif\n'
  cat "$1"
}
