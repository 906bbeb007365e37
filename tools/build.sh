# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How the parts are built; repeated calls do only what has changed. Steps are chained with &&: bash ignores `set -e` below a condition.

processors() { nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || say 2; }
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(processors)}

# Presets name the compilers of Debian and Ubuntu; elsewhere the default clang takes the place of clang-19.
compiler_option() {
  case $1 in asan | tsan) have clang++-19 || say -DCMAKE_CXX_COMPILER=clang++ ;; esac
}

# build_preset PRESET [TARGET]: everything, or that alone.
build_preset() {
  local log=$root/build/log
  # shellcheck disable=SC2046  # nothing, or one option
  watched "$log/configure-$1.log" "configuring $1" cmake --preset "$1" $(compiler_option "$1") &&
    watched "$log/build-$1.log" "building ${2:-$1}" cmake --build --preset "$1" ${2:+--target "$2"}
}

# npm_ready FOLDER [COMMAND]: installs what a package-lock.json lists, when it has changed since the last time.
npm_ready() {
  local folder=$1 stamp=$1/node_modules/.lock-sum
  shift
  if [ $# = 0 ]; then set -- ci; fi
  [ -f "$folder/package-lock.json" ] || die "$folder/package-lock.json is missing."
  if [ "$(cat "$stamp" 2>/dev/null)" = "$(cksum <"$folder/package-lock.json")" ]; then return; fi
  watched "$root/build/log/npm-$(tr / - <<<"$folder").log" "installing the npm packages of $folder" \
    npm --prefix "$folder" "$@" --ignore-scripts --no-audit --no-fund &&
    cksum <"$folder/package-lock.json" >"$stamp"
}

build_wasm() { build_preset wasm && build_preset wasm-relaxed; }

build_web() {
  build_wasm && npm_ready web && watched "$root/build/log/web.log" "building the npm package" npm --prefix web run build
}

build_package() {
  build_web || return
  rm -f web/simile-*.tgz
  (cd web && watched "$root/build/log/pack.log" "packing" npm pack --ignore-scripts)
}

# build_demo [--full]: the package goes first, the corpus is kept between calls.
build_demo() {
  build_package && npm_ready web/demo || return
  say "  embedding the corpus (kept for the next time)"
  npm --prefix web/demo run --silent corpus -- "$@" &&
    watched "$root/build/log/demo.log" "building the page" npm --prefix web/demo run build -- "$@"
}

clang_format() {
  local name
  for name in clang-format-19 clang-format; do
    if have "$name"; then
      say "$name"
      return
    fi
  done
  die "clang-format is missing; please install it."
}
