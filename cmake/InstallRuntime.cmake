# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The runtime for installation, from the project or from runtime/ alone: libyoco-runtime.so and .a, yoco/yoco.h, the
# CMake package `yoco` with yoco::runtime and yoco::runtime-static, yoco-runtime.pc, licences. Nothing that is installed
# has the prefix in it, so that it can be moved.
include(CMakePackageConfigHelpers)
include(${YOCO_ROOT}/cmake/InstallPaths.cmake)

set(YOCO_INSTALL_TEMPLATES ${YOCO_ROOT}/cmake/install)
set(YOCO_INSTALL_FILES ${CMAKE_CURRENT_BINARY_DIR}/install)

# The static library's objects again. The number of the SONAME grows when a program that was linked to the library
# before can no longer run with it; before 1.0 that may be any release.
set(YOCO_SOVERSION 0)
add_library(yoco-runtime-shared SHARED $<TARGET_OBJECTS:yoco-runtime>)
set_target_properties(yoco-runtime-shared PROPERTIES
  OUTPUT_NAME yoco-runtime VERSION ${YOCO_RUNTIME_VERSION} SOVERSION ${YOCO_SOVERSION} LINKER_LANGUAGE CXX
  EXPORT_NAME runtime)
set_target_properties(yoco-runtime PROPERTIES EXPORT_NAME runtime-static)
target_include_directories(yoco-runtime-shared INTERFACE
  $<BUILD_INTERFACE:${YOCO_ROOT}/runtime/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(yoco-runtime-shared PRIVATE Threads::Threads ${CMAKE_DL_LIBS} m)
target_link_options(yoco-runtime-shared PRIVATE $<TARGET_PROPERTY:yoco-runtime,INTERFACE_LINK_OPTIONS>)

install(TARGETS yoco-runtime yoco-runtime-shared EXPORT yocoRuntimeTargets)
install(EXPORT yocoRuntimeTargets NAMESPACE yoco:: DESTINATION ${YOCO_INSTALL_CMAKE})
install(FILES ${YOCO_ROOT}/runtime/include/yoco/yoco.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/yoco)
install(FILES ${YOCO_ROOT}/LICENSE ${YOCO_ROOT}/THIRD-PARTY-NOTICES.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/yoco)

configure_package_config_file(${YOCO_INSTALL_TEMPLATES}/yocoConfig.cmake.in ${YOCO_INSTALL_FILES}/yocoConfig.cmake
  INSTALL_DESTINATION ${YOCO_INSTALL_CMAKE} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${YOCO_INSTALL_FILES}/yocoConfigVersion.cmake
  VERSION ${YOCO_RUNTIME_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES ${YOCO_INSTALL_FILES}/yocoConfig.cmake ${YOCO_INSTALL_FILES}/yocoConfigVersion.cmake
  DESTINATION ${YOCO_INSTALL_CMAKE})

configure_file(${YOCO_INSTALL_TEMPLATES}/yoco-runtime.pc.in ${YOCO_INSTALL_FILES}/yoco-runtime.pc @ONLY)
install(FILES ${YOCO_INSTALL_FILES}/yoco-runtime.pc DESTINATION ${YOCO_INSTALL_PKGCONFIG})
