# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# ./dev setup: gets every tool once; later calls only look whether they still answer.

# shellcheck source=tools/setup/platform.sh
for part in platform apt trixie emscripten libraries neon node environment verify; do . "$root/tools/setup/$part.sh"; done

# A change of the scripts repeats the set-up; each part that is ready is left alone.
setup_stamp() { cat "$root"/tools/setup.sh "$root"/tools/setup/*.sh | cksum; }

setup_is_done() {
  [ -f "$tools_home/env.sh" ] && [ "$(cat "$tools_home/stamp" 2>/dev/null)" = "$(setup_stamp)" ] || return 1
  (
    . "$tools_home/env.sh"
    for program in c++ cmake ninja node npm emcc; do have "$program" || exit 1; done
    node --version && cmake --version && [ -f "$SIMILE_WASM_INCLUDE/xsimd/xsimd.hpp" ]
  ) >/dev/null 2>&1
}

# Makes sure that the tools are there, then puts them on PATH. What every other command calls first.
need_tools() {
  if ! setup_is_done; then set_up; fi
  . "$tools_home/env.sh"
}

set_up() {
  local begin=$SECONDS
  mkdir -p "$tools_home/log"
  if have flock; then
    exec 9>"$tools_home/lock"
    flock -n 9 || { say "Another ./dev setup is running; waiting for it ..." && flock 9; }
    if setup_is_done; then exec 9>&-; return; fi
  fi
  say "Setting up the tools in $tools_home"
  case $(platform) in
    debian-12) set_up_debian_12 ;;
    distribution) set_up_distribution ;;
    homebrew) set_up_homebrew ;;
    other) say "  This system is not one that ./dev can install packages on, so it looks for what is there." ;;
  esac
  finish_setup
  if have flock; then exec 9>&-; fi
  say "The tools are ready ($(duration $((SECONDS - begin))))."
}

# What every Debian has under the same name.
debian_packages=(g++ cmake ninja-build python3 clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev lld-19 llvm-19 libxxhash-dev
  nlohmann-json3-dev libeigen3-dev libbenchmark-dev pkg-config wabt ca-certificates git)

set_up_debian_12() {
  # shellcheck disable=SC2046  # words
  apt_install "${debian_packages[@]}" chromium patchelf node-acorn $(absent_node_packages)
  if ! node_is_new_enough; then private_node; fi
  if ! emcc_on_path; then
    private_binaryen
    private_emscripten
  fi
  private_xsimd
  private_catch2
  if [ -n "${SIMILE_NEON:-}" ]; then set_up_neon; fi
  rm -rf "$catch2_work"
  trixie_forget
}

set_up_distribution() {
  local packages=("${debian_packages[@]}" libxsimd-dev xtl-dev catch2)
  if ! emcc_on_path; then packages+=(emscripten); fi
  if [ "$(os_field ID)" = ubuntu ]; then packages+=(chromium-browser); else packages+=(chromium); fi
  # shellcheck disable=SC2046  # words
  apt_install "${packages[@]}" $(absent_node_packages)
  if ! node_is_new_enough; then private_node; fi
}

set_up_homebrew() {
  local formula missing=()
  for formula in emscripten xsimd catch2 cmake ninja node xxhash nlohmann-json eigen google-benchmark pkgconf wabt clang-format; do
    brew list --formula "$formula" >/dev/null 2>&1 || missing+=("$formula")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    watched "$tools_home/log/brew.log" "installing ${missing[*]} with Homebrew" brew install "${missing[@]}"
  fi
  HOMEBREW_PREFIX=$(brew --prefix)
}

finish_setup() {
  rm -f "$tools_home/stamp"
  wasm_include
  write_environment
  . "$tools_home/env.sh"
  verify_tools
  verify_emscripten
  setup_stamp >"$tools_home/stamp"
}
