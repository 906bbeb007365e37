# SPDX-License-Identifier: Apache-2.0
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(simile_config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/simile")
install(TARGETS simile EXPORT simile-targets FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT simile-targets NAMESPACE simile:: DESTINATION "${simile_config_dir}")
if(TARGET simile_dispatch)
  install(TARGETS simile_dispatch EXPORT simile-dispatch-targets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(EXPORT simile-dispatch-targets NAMESPACE simile:: DESTINATION "${simile_config_dir}")
endif()
# An export of its own: who has no Eigen can still find simile.
if(TARGET simile_fit)
  install(TARGETS simile_fit EXPORT simile-fit-targets FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT simile-fit-targets NAMESPACE simile:: DESTINATION "${simile_config_dir}")
endif()

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/simile-config.cmake.in" simile-config.cmake
  INSTALL_DESTINATION "${simile_config_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(simile-config-version.cmake COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
install(FILES
  "${CMAKE_CURRENT_BINARY_DIR}/simile-config.cmake"
  "${CMAKE_CURRENT_BINARY_DIR}/simile-config-version.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindXsimd.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindXxhash.cmake"
  DESTINATION "${simile_config_dir}")

# pkg-config knows no xsimd in some distributions, so the folders found here are written down unless the compiler knows them anyway.
set(simile_pc_cflags "")
foreach(folder IN ITEMS "${Xsimd_INCLUDE_DIR}" "${Xxhash_INCLUDE_DIR}")
  if(folder AND NOT folder IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
    list(APPEND simile_pc_cflags "-isystem${folder}")
  endif()
endforeach()
if(SIMILE_SCALAR)
  list(APPEND simile_pc_cflags -DSIMILE_SCALAR=1)
endif()
list(REMOVE_DUPLICATES simile_pc_cflags)
list(JOIN simile_pc_cflags " " simile_pc_cflags)
configure_file("${CMAKE_CURRENT_LIST_DIR}/simile.pc.in" simile.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/simile.pc" DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/pkgconfig")
