# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#: bench      Measures kernels and whole scans beside the machine's read bandwidth.
#:
#:   ./dev bench            all of these but peers
#:   ./dev bench kernels    native; options of Google Benchmark may follow, such as --benchmark_filter=dot
#:   ./dev bench search     native whole searches; --rows, --dims, --queries, --npy FILE, --only WORD may follow
#:   ./dev bench bias       native; what hub correction costs a search; --rows, --repeats may follow
#:   ./dev bench mine       native; mining pairs; --rows, --dims, --codec may follow
#:   ./dev bench scores     native; what hub correction, thresholds and calibration do to real embeddings; --only ranking|banks|thresholds|calibration
#:   ./dev bench lexical    native; BM25 and learned sparse codes beside scoring every posting; --rows, --queries, --length, --only bm25|learned may follow
#:   ./dev bench native     these six
#:   ./dev bench hybrid     in Node; vectors and words together: what fusions find (docs/hybrid.md), and how long it takes; --only quality|speed, --rows, --candidates may follow
#:   ./dev bench peers      in Node and Chromium; the npm package beside what others use, which is installed for it; over 30 minutes, so not one of `all`; --rows, --texts, --part vectors|texts, --only WORD, --node, --chromium, --data FILE.npy, --seconds, --limit, --json may follow
#:   ./dev bench wasm       in Node; --n ROWS, --dims, --seconds, --only WORD, --simd, --chromium, --plain may follow

run() {
  local which=${1:-all} part parts
  if [ $# -gt 0 ]; then shift; fi
  case $which in
    all) parts="kernels search bias mine scores lexical hybrid wasm" ;;
    native) parts="kernels search bias mine scores lexical" ;;
    kernels | search | bias | mine | scores | lexical | hybrid | peers | wasm) parts=$which ;;
    *) die "bench knows kernels, search, bias, mine, scores, lexical, hybrid, peers, native and wasm, not '$which'." ;;
  esac
  [ $# = 0 ] || [ "$parts" = "$which" ] || die "options belong to kernels, search, bias, mine, scores, lexical, hybrid, peers or wasm, not to '$which'."
  need_tools
  for part in $parts; do
    case $part in
      wasm) bench_web bench "$@" ;;
      hybrid) bench_web bench:hybrid "$@" ;;
      peers) npm_ready web/bench/peers && bench_web bench:peers "$@" ;;
      *) native_bench "$part" "$@" ;;
    esac || return
  done
  [ "$which" != all ] || say "Not measured: what others do (./dev bench peers)."
}

# native_bench NAME OPTIONS...: builds that program alone.
native_bench() {
  local program=$1_bench
  shift
  build_preset release "$program" && "build/release/bench/$program" "$@"
}

# bench_web SCRIPT OPTIONS...: of the npm package.
bench_web() {
  local script=$1
  shift
  build_web && npm --prefix web run --silent "$script" -- "$@"
}
