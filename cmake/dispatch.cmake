# SPDX-License-Identifier: Apache-2.0
# simile::dispatch: a static library with the kernels of every architecture, of which the program takes the best that the processor runs.
include(CheckCXXCompilerFlag)

add_library(simile_dispatch STATIC "${PROJECT_SOURCE_DIR}/src/dispatch/select.cpp")
add_library(simile::dispatch ALIAS simile_dispatch)
set_target_properties(simile_dispatch PROPERTIES EXPORT_NAME dispatch POSITION_INDEPENDENT_CODE ON)
target_link_libraries(simile_dispatch PUBLIC simile::simile)
target_compile_definitions(simile_dispatch INTERFACE SIMILE_DISPATCH=1)
set(simile_dispatch_objects "")
set(simile_dispatch_list "")

# simile_add_architecture(NAME TAG CONDITION FLAGS...): left out, aloud, when the compiler does not know a flag.
function(simile_add_architecture name tag condition)
  string(JOIN " " flags ${ARGN})
  if(flags)
    string(MAKE_C_IDENTIFIER "SIMILE_COMPILES_${name}" known)
    check_cxx_compiler_flag("${flags}" ${known})
    if(NOT ${known})
      message(STATUS "simile: this compiler does not know ${flags}, so simile::dispatch has no ${name}")
      return()
    endif()
  endif()
  add_library(simile_dispatch_${name} OBJECT "${PROJECT_SOURCE_DIR}/src/dispatch/kernels.cpp")
  target_link_libraries(simile_dispatch_${name} PRIVATE simile::simile)
  target_compile_definitions(simile_dispatch_${name} PRIVATE "SIMILE_ARCH_TAG=${tag}" SIMILE_ARCH_NAME=${name})
  # g++ 12 sees its own AVX-512 headers use uninitialised registers: https://gcc.gnu.org/bugzilla/show_bug.cgi?id=105593
  target_compile_options(simile_dispatch_${name} PRIVATE ${ARGN} -O3 -Wno-uninitialized $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  set_target_properties(simile_dispatch_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_sources(simile_dispatch PRIVATE $<TARGET_OBJECTS:simile_dispatch_${name}>)
  set(simile_dispatch_list "${simile_dispatch_list} \\\n    X(${name}, ${condition})" PARENT_SCOPE)
  set(simile_dispatch_names ${simile_dispatch_names} ${name} PARENT_SCOPE)
endfunction()

# Best first.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(avx2 -mavx2 -mfma -mf16c -mpopcnt)
  set(avx512 ${avx2} -mavx512f -mavx512cd -mavx512dq -mavx512bw -mavx512vl)
  set(has_avx2 "SIMILE_HAS(\"avx2\") && SIMILE_HAS(\"fma\") && SIMILE_HAS(\"popcnt\")")
  set(has_avx512 "${has_avx2} && SIMILE_HAS(\"avx512dq\") && SIMILE_HAS(\"avx512bw\") && SIMILE_HAS(\"avx512vl\") && SIMILE_HAS(\"avx512cd\")")
  set(has_vnni "${has_avx512} && SIMILE_HAS(\"avx512vnni\") && SIMILE_HAS(\"avx512vpopcntdq\")")
  simile_add_architecture(avx512bf16 "xsimd::avx512vnni<xsimd::avx512vbmi>"
    "${has_vnni} && SIMILE_HAS(\"avx512bf16\") && SIMILE_HAS(\"avx512ifma\") && SIMILE_HAS(\"avx512vbmi\")"
    ${avx512} -mavx512vnni -mavx512vpopcntdq -mavx512ifma -mavx512vbmi -mavx512bf16)
  simile_add_architecture(avx512vnni "xsimd::avx512vnni<xsimd::avx512bw>" "${has_vnni}" ${avx512} -mavx512vnni -mavx512vpopcntdq)
  simile_add_architecture(avx512 "xsimd::avx512bw" "${has_avx512}" ${avx512})
  simile_add_architecture(avxvnni "xsimd::avxvnni" "${has_avx2} && seen.has(xsimd::avxvnni{})" ${avx2} -mavxvnni)
  simile_add_architecture(avx2 "xsimd::fma3<xsimd::avx2>" "${has_avx2}" ${avx2})
  simile_add_architecture(sse4_2 "xsimd::sse4_2" "SIMILE_HAS(\"sse4.2\") && SIMILE_HAS(\"popcnt\")" -msse4.2 -mpopcnt)
  simile_add_architecture(sse2 "xsimd::sse2" "true")
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  simile_add_architecture(dotprod "simile::simd::neon_dotprod" "has_dotprod()" -march=armv8.2-a+dotprod)
  simile_add_architecture(neon "xsimd::neon64" "true")
endif()
simile_add_architecture(scalar "simile::scalar_arch" "true")

file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/dispatch/architectures.inc" CONTENT "#define SIMILE_ARCHITECTURES(X)@simile_dispatch_list@\n" @ONLY)
target_include_directories(simile_dispatch PRIVATE "${PROJECT_BINARY_DIR}/dispatch")
