# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#: lint       Checks the layout of C++ sources, the shell scripts, and the web sources.
#:
#:   --tidy     clang-tidy over the native sources too (about 20 minutes)

run() {
  need_tools
  local failed=0
  lint_layout || failed=1
  lint_shell || failed=1
  lint_web || failed=1
  if [ "${1:-}" = --tidy ]; then lint_tidy || failed=1; fi
  ((failed == 0)) || die "lint found something; see above."
  say "Nothing to complain about."
}

lint_layout() {
  say "clang-format"
  git ls-files -co --exclude-standard -- '*.hpp' '*.cpp' | tr '\n' '\0' | xargs -0 "$(clang_format)" --dry-run --Werror
}

lint_shell() {
  say "shellcheck"
  if ! have shellcheck && have apt-get; then apt_install shellcheck; fi
  have shellcheck || die "shellcheck is missing; please install it."
  shellcheck dev .ci/run tools/*.sh tools/*/*.sh
}

lint_web() {
  local folder
  for folder in web web/demo; do
    say "$folder"
    npm_ready "$folder" && npm --prefix "$folder" run --silent check || return
  done
}

lint_tidy() {
  say "clang-tidy"
  build_preset asan
  git ls-files -- 'native_tests/*_test.cpp' | tr '\n' '\0' | xargs -0 -n 1 -P "$CMAKE_BUILD_PARALLEL_LEVEL" clang-tidy-19 -p build/asan --quiet
}
