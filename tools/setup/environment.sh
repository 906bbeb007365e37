# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# $tools_home/env.sh: what a shell needs to see the tools. ./dev reads it; so can you, before calling cmake or npm yourself.

first_program() {
  local name
  for name in "$@"; do
    if have "$name"; then
      command -v "$name"
      return
    fi
  done
}

write_environment() {
  local path='' prefixes='' emscripten browser folder
  for folder in "$tools_home/node/bin" "$tools_home/emscripten"; do
    if [ -d "$folder" ]; then path=$path$folder:; fi
  done
  for folder in "$tools_home/catch2" "$tools_home/xsimd"; do
    if [ -d "$folder" ]; then prefixes=$prefixes$folder:; fi
  done
  emscripten=$(PATH=$path$PATH emscripten_root)
  browser=$(first_program chromium chromium-browser google-chrome-stable google-chrome)
  {
    say "# Written by ./dev setup."
    if [ -n "$path" ]; then say "export PATH=\"$path\$PATH\""; fi
    if [ -n "$prefixes" ]; then say "export CMAKE_PREFIX_PATH=\"${prefixes%:}\${CMAKE_PREFIX_PATH:+:\$CMAKE_PREFIX_PATH}\""; fi
    say "export EMSCRIPTEN_ROOT=\"$emscripten\""
    say "export SIMILE_WASM_INCLUDE=\"$tools_home/wasm-include\""
    say "export SIMILE_AARCH64=\"$tools_home/aarch64\""
    say "export SIMILE_CHROMIUM=\"\${SIMILE_CHROMIUM:-$browser}\""
  } >"$tools_home/env.sh.new"
  mv "$tools_home/env.sh.new" "$tools_home/env.sh"
}

# The folder that holds emcc itself and cmake/Modules/Platform/Emscripten.cmake.
emscripten_root() {
  local tool
  tool=$(command -v em-config || true)
  if [ -n "$tool" ]; then "$tool" EMSCRIPTEN_ROOT; fi
}
