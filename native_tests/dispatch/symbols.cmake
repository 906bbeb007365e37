# SPDX-License-Identifier: Apache-2.0
# Every weak symbol of OBJECT names the architecture TAG: the linker keeps one of several weak definitions, so a shared one could be that of flags which
# the processor does not have.
execute_process(COMMAND "${NM}" --demangle --defined-only "${OBJECT}" OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE ";" "," symbols "${symbols}")
string(REGEX MATCHALL "[0-9a-f]* [WVu] [^\n]*" weak "${symbols}")
set(shared "")
set(count 0)
foreach(symbol IN LISTS weak)
  string(FIND "${symbol}" "${TAG}" at)
  # DW.ref is a pointer, not code; xsimd's wrappers are one instruction of NEON each, whatever the flags.
  if(at EQUAL -1 AND NOT symbol MATCHES " (DW\\.ref\\.|xsimd::kernel::wrap::)")
    string(APPEND shared "\n  ${symbol}")
  endif()
  math(EXPR count "${count} + 1")
endforeach()
if(count EQUAL 0)
  message(FATAL_ERROR "${OBJECT} has no weak symbols at all: this test reads them wrongly")
endif()
if(shared)
  message(FATAL_ERROR "these are shared with objects of other flags; make them templates on the architecture or always_inline:${shared}")
endif()
message(STATUS "${count} weak symbols, all of ${TAG}")
