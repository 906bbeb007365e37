# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#: test       Runs every test there is, native and in the browser.
#:
#:   ./dev test               all steps but fixtures, browsers, soak and neon; the last line is the sum
#:   ./dev test STEP...       only these:
#:     tools      this script itself
#:     native     g++, warnings as errors, every header alone, conformance, installed use
#:     wasm       both WebAssembly builds, and the package's tests in Node
#:     web        the package in Chromium
#:     package    the packed tarball in Node, in a page, and in a bundler
#:     demo       the reverse dictionary: its corpus, its page, its queries
#:     asan       clang, address and undefined behaviour sanitizers
#:     tsan       clang, thread sanitizer
#:     scalar     without SIMD
#:     soak       mixed operations under memory pressure for ten minutes
#:     fixtures   the packed tarball in every bundler and runtime (installs them, 700 MB)
#:     browsers   the package in Firefox and WebKitGTK, where Debian's or Ubuntu's can be had (installs them)
#:     neon       64-bit Arm under qemu-user, where Debian 12's cross compiler can be had (sets it up)
#:   ./dev test --all         these too
#:   ./dev test --soak        soak alone
#:   ./dev test --quick       tools and native
#:   ./dev test --verbose     shows all output (as it does for a single step); else it is in build/reports

run() {
  local steps=() wanted verbose=
  # shellcheck source=tools/counts.sh
  . "$root/tools/counts.sh"
  # shellcheck source=tools/steps.sh
  . "$root/tools/steps.sh"
  for wanted in "$@"; do
    case $wanted in
      --soak) steps+=(soak) ;;
      --all) steps+=("${all_steps[@]}" "${extra_steps[@]}") ;;
      --quick) steps+=("${quick_steps[@]}") ;;
      --verbose | -v) verbose=yes ;;
      *)
        is_step "$wanted" || die "there is no test step '$wanted'; the steps are: ${all_steps[*]} ${extra_steps[*]}."
        steps+=("$wanted")
        ;;
    esac
  done
  if [ ${#steps[@]} = 0 ]; then steps=("${all_steps[@]}"); fi
  if [ ${#steps[@]} = 1 ]; then verbose=yes; fi
  want_extra_steps "${steps[@]}"
  need_tools
  run_steps "${steps[@]}"
}

is_step() { [[ " ${all_steps[*]} ${extra_steps[*]} " == *" $1 "* ]]; }

# What an extra step needs is set up when it is asked for the first time.
want_extra_steps() {
  if [[ " $* " != *" neon "* ]]; then return; fi
  export SIMILE_NEON=yes
  if [ -n "$(neon_is_missing)" ]; then rm -f "$tools_home/stamp"; fi
}

run_steps() {
  local begin=$SECONDS name
  mkdir -p "$reports"
  : >"$reports/summary"
  for name in "$@"; do
    build_ahead "$name" "$@"
    run_step "$name" || true
  done
  print_summary $((SECONDS - begin))
}

# Browsers leave much of the processors idle: what takes longest to compile for a later step is compiled meanwhile, at the lowest priority.
build_ahead() {
  local next=$1
  shift
  case $next in
    web | package | demo)
      if [ -z "$ahead_pid" ] && [[ " $* " == *" asan "* ]] && have nice; then start_ahead asan; fi
      ;;
    asan)
      if [ -n "$ahead_pid" ]; then wait_ahead asan; fi
      ;;
  esac
}

wait_ahead() {
  local begin=$SECONDS next=20
  say "  compiling the rest for $1 ..."
  while kill -0 "$ahead_pid" 2>/dev/null; do
    sleep 0.5
    if ((SECONDS - begin >= next)); then
      next=$((next + 20))
      say "    still at it after $(duration $((SECONDS - begin))): $(last_line "$root/build/log/ahead-$1.log")"
    fi
  done
  wait "$ahead_pid" || true # the step itself tells of failures
  ahead_pid=
}

start_ahead() {
  mkdir -p "$root/build/log"
  set -m
  (
    set +m
    # shellcheck disable=SC2046  # nothing, or one option
    nice -n 19 cmake --preset "$1" $(compiler_option "$1") && nice -n 19 cmake --build --preset "$1"
  ) >"$root/build/log/ahead-$1.log" 2>&1 </dev/null &
  ahead_pid=$!
  set +m
}

print_summary() {
  local name passed failed skipped seconds all_passed=0 all_failed=0
  say ""
  printf '  %-10s %8s %8s %8s   %s\n' step passed failed skipped time
  while read -r name passed failed skipped seconds; do
    printf '  %-10s %8d %8d %8d   %s\n' "$name" "$passed" "$failed" "$skipped" "$(duration "$seconds")"
    all_passed=$((all_passed + passed))
    all_failed=$((all_failed + failed))
  done <"$reports/summary"
  say ""
  awk '$3 > 0 { printf "%s failed. To repeat it alone: ./dev test %s   (log: build/reports/%s.log)\n", $1, $1, $1 }' "$reports/summary"
  while read -r name passed failed skipped seconds; do
    if ((failed > 0)); then failures_of "$name"; fi
  done <"$reports/summary"
  say "All of it took $(duration "$1")."
  say "$all_passed passed, $all_failed failed"
  ((all_failed == 0))
}

# What failed, in the words of the tests; a log of thousands of lines hides it.
failures_of() {
  grep -hE -A 8 '^ *not ok |^\[ +FAILED|\*\*\*(Failed|Timeout|Exception|Not Run)' "$reports/$1.log" | head -n 60 | sed 's/^/  /' || true
}
