# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#: build      Builds everything native: tests, examples, benchmarks, simile_conformance.
#:
#:   ./dev build              the preset release, in build/release
#:   ./dev build PRESET...    dev, release, asan, tsan, scalar, ci, wasm or wasm-relaxed, in build/PRESET

run() {
  local preset
  need_tools
  if [ $# = 0 ]; then set -- release; fi
  for preset in "$@"; do build_preset "$preset"; done
}
