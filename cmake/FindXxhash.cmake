# SPDX-License-Identifier: Apache-2.0
# Finds xxhash.h and makes the target simile::xxhash of it. Used header-only, so there is no library to link.

if(TARGET simile::xxhash)
  return()
endif()

if(EMSCRIPTEN)
  # Only a folder without the C library of the host will do: see tools/setup/libraries.sh.
  find_path(Xxhash_INCLUDE_DIR xxhash.h HINTS ENV SIMILE_WASM_INCLUDE NO_CMAKE_FIND_ROOT_PATH)
else()
  find_path(Xxhash_INCLUDE_DIR xxhash.h)
endif()
mark_as_advanced(Xxhash_INCLUDE_DIR)

if(Xxhash_INCLUDE_DIR)
  foreach(part IN ITEMS MAJOR MINOR RELEASE)
    file(STRINGS "${Xxhash_INCLUDE_DIR}/xxhash.h" line REGEX "define XXH_VERSION_${part} ")
    string(REGEX MATCH "[0-9]+" Xxhash_${part} "${line}")
  endforeach()
  set(Xxhash_VERSION "${Xxhash_MAJOR}.${Xxhash_MINOR}.${Xxhash_RELEASE}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Xxhash REQUIRED_VARS Xxhash_INCLUDE_DIR VERSION_VAR Xxhash_VERSION
  REASON_FAILURE_MESSAGE "simile needs the header xxhash.h, 0.8 or later (libxxhash-dev, `brew install xxhash`)")

if(Xxhash_FOUND)
  add_library(simile::xxhash INTERFACE IMPORTED)
  target_include_directories(simile::xxhash SYSTEM INTERFACE "${Xxhash_INCLUDE_DIR}")
endif()
