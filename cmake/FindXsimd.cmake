# SPDX-License-Identifier: Apache-2.0
# Finds xsimd's headers and makes the target simile::xsimd of them. Sought in this order: a target `xsimd` that the project has
# already, xsimd's own CMake package, the header itself. The version is read from the header, so all three are checked alike.

if(TARGET simile::xsimd)
  return()
endif()

if(EMSCRIPTEN)
  # Only a folder without the C library of the host will do: see tools/setup/libraries.sh.
  find_path(Xsimd_INCLUDE_DIR xsimd/xsimd.hpp HINTS ENV SIMILE_WASM_INCLUDE NO_CMAKE_FIND_ROOT_PATH)
else()
  if(NOT TARGET xsimd)
    find_package(xsimd CONFIG QUIET)
  endif()
  if(TARGET xsimd)
    get_target_property(Xsimd_target_dirs xsimd INTERFACE_INCLUDE_DIRECTORIES)
    string(REGEX REPLACE "\\$<BUILD_INTERFACE:([^>]*)>" "\\1" Xsimd_target_dirs "${Xsimd_target_dirs}")
  endif()
  find_path(Xsimd_INCLUDE_DIR xsimd/xsimd.hpp HINTS ${Xsimd_target_dirs})
endif()
mark_as_advanced(Xsimd_INCLUDE_DIR)

if(Xsimd_INCLUDE_DIR)
  foreach(part IN ITEMS MAJOR MINOR PATCH)
    file(STRINGS "${Xsimd_INCLUDE_DIR}/xsimd/config/xsimd_config.hpp" line REGEX "define XSIMD_VERSION_${part} ")
    string(REGEX MATCH "[0-9]+" Xsimd_${part} "${line}")
  endforeach()
  set(Xsimd_VERSION "${Xsimd_MAJOR}.${Xsimd_MINOR}.${Xsimd_PATCH}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Xsimd REQUIRED_VARS Xsimd_INCLUDE_DIR VERSION_VAR Xsimd_VERSION
  REASON_FAILURE_MESSAGE "simile needs xsimd 13 or later (libxsimd-dev, `brew install xsimd`), or -DSIMILE_SCALAR=ON")

if(Xsimd_FOUND)
  add_library(simile::xsimd INTERFACE IMPORTED)
  target_include_directories(simile::xsimd SYSTEM INTERFACE "${Xsimd_INCLUDE_DIR}")
endif()
