# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Says in one sentence what is missing, and proves that the compiler for the browser works.

missing_tools() {
  local missing='' include version
  have c++ || have g++ || have clang++ || missing="$missing, a C++20 compiler"
  { have cmake && at_least "$(cmake --version | first_version)" 3.25; } || missing="$missing, cmake >= 3.25"
  have ninja || missing="$missing, ninja"
  node_is_new_enough || missing="$missing, Node >= $node_wanted"
  have npm || missing="$missing, npm"
  emcc_on_path || missing="$missing, Emscripten >= $emscripten_wanted (emcc)"
  include=$(xsimd_include)
  if [ -n "$include" ]; then version=$(xsimd_version "$include"); fi
  at_least "${version:-0}" "$xsimd_wanted" || missing="$missing, xsimd >= $xsimd_wanted"
  header_exists xxhash.h || missing="$missing, xxHash's headers"
  header_exists nlohmann/json.hpp || missing="$missing, nlohmann-json's headers"
  printf '%s' "${missing#, }"
}

header_exists() {
  local folder
  for folder in /usr/include /usr/local/include "${HOMEBREW_PREFIX:-/opt/homebrew}/include"; do
    if [ -f "$folder/$1" ]; then return 0; fi
  done
  return 1
}

verify_tools() {
  local missing
  missing=$(missing_tools)
  [ -z "$missing" ] || die "this machine still lacks: $missing; please install that, then repeat ./dev setup."
}

# Compiles and runs a module with SIMD and an exception, in both flavours.
verify_emscripten() {
  local work=$tools_home/check
  rm -rf "$work"
  mkdir -p "$work"
  cat >"$work/check.cpp" <<'END'
#include <xsimd/xsimd.hpp>
#include <xxhash.h>
#include <cstdio>
#include <stdexcept>
static_assert(std::is_same_v<xsimd::default_arch, xsimd::wasm>);
int main(int argc, char**) try {
    float const x[] = {1, 2, 3, 4};
    float const sum = xsimd::reduce_add(xsimd::load_unaligned(x));
    if (argc < 2) throw std::runtime_error("caught");
    return sum == 10 ? 0 : 1;
} catch (std::exception const& e) {
    std::puts(e.what());
}
END
  (cd "$work" && watched "$tools_home/log/emscripten-check.log" "trying the compiler for the browser" emscripten_trial)
  rm -rf "$work"
}

emscripten_trial() {
  local dialect
  for dialect in -mrelaxed-simd -msimd128; do
    em++ -std=c++20 -O3 -fwasm-exceptions -msimd128 "$dialect" -DXXH_INLINE_ALL -isystem "$SIMILE_WASM_INCLUDE" check.cpp -o check.cjs || return
  done
  [ "$(node check.cjs)" = caught ]
}
