# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The steps of ./dev test. A step is a function test_NAME; what it runs through counted_* is added to its counts.

all_steps=(tools native wasm web package demo asan tsan scalar)
# Only when asked for: what they need takes minutes more to set up and to build.
extra_steps=(fixtures browsers soak neon)
quick_steps=(tools native)

reports=$root/build/reports

test_tools() { counted tools/test/all.sh; }

test_native() { counted_preset ci; }
test_asan() { counted_preset asan; }
test_tsan() { counted_preset tsan; }
test_scalar() { counted_preset scalar; }

# skip_step REASON: what cannot be had here fails nothing, and the summary counts it.
skip_step() { say "$1" | tee "$reports/$step.skipped"; }

# SIMILE_SOAK_SECONDS, or ten minutes.
test_soak() {
  build_web && counted npm --prefix web run test:soak
}

# For 64-bit Arm, under qemu-user.
test_neon() {
  local missing
  missing=$(neon_is_missing)
  if [ -n "$missing" ]; then
    skip_step "$missing"
  else
    counted_preset neon
  fi
}

# Both builds, and what of them can be judged without a page.
test_wasm() {
  build_web && counted npm --prefix web test
}

test_web() {
  [ -n "$SIMILE_CHROMIUM" ] || die "no Chromium was found; please install one, or set SIMILE_CHROMIUM to its path."
  build_web && counted npm --prefix web run test:browser
}

test_package() {
  build_package && counted npm --prefix web run test:package
}

# The package in every bundler and runtime that npm installs here; a test is skipped for want of what it does not.
test_fixtures() {
  [ -n "$SIMILE_CHROMIUM" ] || die "no Chromium was found; please install one, or set SIMILE_CHROMIUM to its path."
  build_package || return
  # Some registries have no packages for other platforms, so that a lock file lacks them; npm ci refuses that, npm install passes over it.
  npm_ready web/test/fixtures install --no-save || say "Not all of the bundlers and runtimes could be installed."
  counted npm --prefix web run test:fixtures
}

# In the engines that are not Chromium's, as far as they can be had here.
test_browsers() {
  local absent
  other_browsers
  build_web && counted npm --prefix web run test:engines || return
  absent=$(sed -nE 's/^[# ]*NOT TESTED IN ([^:]*): (.*)\.$/\1: \2/p' "$reports/$step.output" | paste -sd ';' -)
  if [ -n "$absent" ]; then skip_step "$absent"; fi
}

other_browsers() {
  local packages=(webkit2gtk-driver xvfb)
  case $(platform) in debian-12 | distribution) ;; *) return ;; esac
  if [ "$(os_field ID)" = debian ]; then packages+=(firefox-esr); fi
  (apt_install "${packages[@]}") || say "Not all of ${packages[*]} could be installed."
}

test_demo() {
  build_demo && counted npm --prefix web/demo test
}

# counted_preset PRESET: configure, build, ctest; all of a preset's tests, as CMakePresets.json selects them.
counted_preset() {
  local junit=$reports/$step.xml status=0
  build_preset "$1" || return
  rm -f "$junit"
  ctest --preset "$1" --parallel "$CMAKE_BUILD_PARALLEL_LEVEL" --output-junit "$junit" || status=$?
  if [ -f "$junit" ]; then junit_counts "$junit" >>"$reports/$step.counts"; fi
  return "$status"
}

# counted COMMAND...: its output is shown and read.
counted() {
  local output=$reports/$step.output status=0
  "$@" 2>&1 | tee "$output" || status=$?
  output_counts "$output" >>"$reports/$step.counts"
  return "$status"
}

# run_step NAME: everything it says goes to its log, and to the screen too when it is the only one.
run_step() {
  step=$1
  local begin=$SECONDS status=0 passed failed skipped log=$reports/$1.log
  mkdir -p "$reports"
  : >"$reports/$step.counts"
  rm -f "$reports/$step.skipped"
  if [ -n "$verbose" ]; then
    say "== $step"
    (inside_watched=yes && "test_$step") 2>&1 | tee "$log" || status=$?
  else
    watched "$log" "$step" "test_$step" || status=$?
  fi
  read -r passed failed skipped < <(sum_counts <"$reports/$step.counts")
  if ((status != 0 && failed == 0)); then failed=1; fi
  if [ -f "$reports/$step.skipped" ]; then
    if ((passed + failed == 0)); then say "The step $step is skipped: $(cat "$reports/$step.skipped")."; else say "In the step $step NOT TESTED: $(cat "$reports/$step.skipped")."; fi
    skipped=$((skipped + 1))
  elif ((passed + failed == 0)); then
    say "No test was executed in $step."
    failed=1
  fi
  printf '%s %s %s %s %s\n' "$step" "$passed" "$failed" "$skipped" $((SECONDS - begin)) >>"$reports/summary"
  ((failed == 0))
}
