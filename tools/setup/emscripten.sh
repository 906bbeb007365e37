# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Emscripten: one that is on PATH and new enough, or Debian 13's in a private folder.

# The first with relaxed SIMD and WebAssembly exceptions in the form that is used here.
emscripten_wanted=3.1.60

emcc_version() { "$1" --version 2>/dev/null </dev/null | first_version; }

emcc_on_path() {
  local version
  have emcc || return 1
  version=$(emcc_version emcc)
  [ -n "$version" ] && at_least "$version" "$emscripten_wanted"
}

# Debian 13's Emscripten is scripts and prebuilt wasm libraries, so it runs where it lies, with Debian 12's clang-19 and lld-19.
private_emscripten() {
  local home=$tools_home/emscripten
  if [ -f "$home/ready" ]; then return; fi
  trixie_unpack "$tools_home/unpacked" emscripten -- --strip-components=3 \
    --exclude='./usr/share/emscripten/test' --exclude='./usr/share/emscripten/docs' \
    --exclude='./usr/share/emscripten/cache/sysroot/lib/*/*pic' './usr/share/emscripten'
  rm -rf "$home"
  mv "$tools_home/unpacked/emscripten" "$home"
  rm -rf "$tools_home/unpacked"
  # Debian's packages of acorn are only seen by Debian's own Node.
  mkdir -p "$home/node_modules"
  ln -sfn /usr/share/nodejs/acorn "$home/node_modules/acorn"
  sed -i -e "s|^BINARYEN_ROOT = .*|BINARYEN_ROOT = '$tools_home/binaryen'|" -e "s|^NODE_JS = .*|NODE_JS = 'node'|" "$home/.emscripten"
  touch "$home/ready"
}

# Debian 13's binaryen needs a newer C library than Debian 12 has: each program gets that library, and its loader, for itself alone.
private_binaryen() {
  local home=$tools_home/binaryen raw=$tools_home/unpacked program lib loader
  if [ -f "$home/ready" ]; then return; fi
  trixie_unpack "$raw" binaryen libc6 libstdc++6 libgcc-s1
  lib=$raw/usr/lib/$(dpkg-architecture_triplet)
  loader=$(cd "$lib" && ls ld-linux*.so.*)
  rm -rf "$home"
  mkdir -p "$home/bin" "$home/lib"
  cp "$lib/$loader" "$lib"/libc.so.6 "$lib"/libm.so.6 "$lib"/libpthread.so.0 "$lib"/libdl.so.2 "$lib"/libstdc++.so.6 "$lib"/libgcc_s.so.1 \
    "$lib"/libbinaryen.so "$home/lib/"
  cp "$raw"/usr/bin/wasm* "$home/bin/"
  patchelf --force-rpath --set-rpath "$home/lib" "$home/lib/libbinaryen.so"
  for program in "$home"/bin/*; do
    patchelf --set-interpreter "$home/lib/$loader" "$program"
    patchelf --force-rpath --set-rpath "$home/lib" "$program"
  done
  rm -rf "$raw"
  "$home/bin/wasm-opt" --version >/dev/null || die "the private binaryen in $home does not run on this machine."
  touch "$home/ready"
}

# x86_64-linux-gnu, aarch64-linux-gnu: without dpkg-dev, which would renew dpkg.
dpkg-architecture_triplet() { g++ -print-multiarch; }
