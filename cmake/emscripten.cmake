# SPDX-License-Identifier: Apache-2.0
# Toolchain file: the Emscripten of EMSCRIPTEN_ROOT (set by ./dev), or else the one whose em-config is on PATH (emsdk).
if(DEFINED ENV{EMSCRIPTEN_ROOT})
  set(simile_emscripten_root "$ENV{EMSCRIPTEN_ROOT}")
else()
  execute_process(COMMAND em-config EMSCRIPTEN_ROOT OUTPUT_VARIABLE simile_emscripten_root
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT EXISTS "${simile_emscripten_root}/cmake/Modules/Platform/Emscripten.cmake")
  message(FATAL_ERROR "Emscripten was not found: put em-config on PATH, or build with ./dev build")
endif()
include("${simile_emscripten_root}/cmake/Modules/Platform/Emscripten.cmake")
