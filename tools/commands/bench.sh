# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#: bench      Measures kernels and whole scans beside the machine's read bandwidth.
#:
#:   ./dev bench            native, then wasm
#:   ./dev bench native     options of Google Benchmark may follow, such as --benchmark_filter=dot
#:   ./dev bench wasm       in Node

run() {
  local which=${1:-all}
  if [ $# -gt 0 ]; then shift; fi
  case $which in native | wasm | all) ;; *) die "bench knows native and wasm, not '$which'." ;; esac
  need_tools
  if [ "$which" != wasm ]; then bench_native "$@"; fi
  if [ "$which" != native ]; then bench_wasm "$@"; fi
}

bench_native() {
  local program found=
  build_preset release
  for program in build/release/bench/*_bench build/release/bench/*/*_bench; do
    if [ -x "$program" ]; then
      found=yes
      "$program" "$@"
    fi
  done
  [ -n "$found" ] || die "the preset release built no benchmark."
}

bench_wasm() {
  build_web
  npm --prefix web run --silent bench -- "$@"
}
