# SPDX-License-Identifier: Apache-2.0
# cmake -DHOW=package|subdirectory -DSOURCE=... -DBUILD=... -DWORK=... -DCOMPILER=... -P consume.cmake
# Builds and runs a program of its own against an installed tree or against the sources, from nothing.
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")

function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${WORK}" RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN} failed:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

if(HOW STREQUAL "package")
  run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/prefix")
  set(where "-DCMAKE_PREFIX_PATH=${WORK}/prefix;$ENV{CMAKE_PREFIX_PATH}")
else()
  set(where "-DSIMILE_SOURCE=${SOURCE}")
endif()
run("${CMAKE_COMMAND}" -S "${SOURCE}/native_tests/consume/${HOW}" -B "${WORK}/build" "${where}" "-DCMAKE_CXX_COMPILER=${COMPILER}" -DCMAKE_BUILD_TYPE=Release)
run("${CMAKE_COMMAND}" --build "${WORK}/build")
run("${WORK}/build/consumer")
if(NOT output STREQUAL "nearly east 1.00\neast 0.98\n")
  message(FATAL_ERROR "the program printed:\n${output}")
endif()
if(NOT EXISTS "${WORK}/directions.simile")
  message(FATAL_ERROR "the program saved nothing")
endif()
