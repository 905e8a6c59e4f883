# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The compiler for installation: the tools, the plugin, libyoco-compiler.so with the headers of the dialect, the
# frontend, the passes and compiler/, yoco::compiler in the CMake package, yoco-compiler.pc. Like the runtime it can be
# moved; MLIR stays where it is.

include(InstallPaths)
find_package(LLD REQUIRED CONFIG HINTS ${LLVM_DIR}/../lld)

# All libraries of the compiler in one, without their archives.
get_property(libraries GLOBAL PROPERTY YOCO_COMPILER_LIBRARIES)
list(TRANSFORM libraries REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
add_library(yoco-compiler-shared SHARED ${objects})
set_target_properties(yoco-compiler-shared PROPERTIES
  OUTPUT_NAME yoco-compiler VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} LINKER_LANGUAGE CXX
  EXPORT_NAME compiler INSTALL_RPATH "$ORIGIN;${LLVM_LIBRARY_DIR}")
target_compile_features(yoco-compiler-shared INTERFACE cxx_std_17)
target_include_directories(yoco-compiler-shared INTERFACE
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/yoco-compiler>)
target_include_directories(yoco-compiler-shared SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
target_link_libraries(yoco-compiler-shared PUBLIC MLIR LLVM PRIVATE lldELF Threads::Threads ${CMAKE_DL_LIBS})
target_link_options(yoco-compiler-shared PRIVATE LINKER:--exclude-libs,ALL)

file(RELATIVE_PATH to_libraries /prefix/${CMAKE_INSTALL_BINDIR} /prefix/${CMAKE_INSTALL_LIBDIR})
foreach(tool IN ITEMS yoco-compile yoco-diff yoco-opt yoco-lsp-server)
  set_target_properties(${tool} PROPERTIES INSTALL_RPATH "$ORIGIN/${to_libraries};${LLVM_LIBRARY_DIR}")
endforeach()
set_target_properties(YocoPlugin PROPERTIES INSTALL_RPATH "${LLVM_LIBRARY_DIR}")
install(TARGETS yoco-compile yoco-diff yoco-opt yoco-lsp-server)
install(TARGETS YocoPlugin LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS yoco-compiler-shared EXPORT yocoCompilerTargets)
install(EXPORT yocoCompilerTargets NAMESPACE yoco:: DESTINATION ${YOCO_INSTALL_CMAKE})

foreach(layer IN ITEMS dialect frontend passes compiler)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${layer} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/yoco-compiler
    FILES_MATCHING PATTERN "*.h" PATTERN "*.td")
  if(EXISTS ${PROJECT_BINARY_DIR}/${layer})
    install(DIRECTORY ${PROJECT_BINARY_DIR}/${layer} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/yoco-compiler
      FILES_MATCHING PATTERN "*.h.inc" PATTERN "CMakeFiles" EXCLUDE)
  endif()
endforeach()

configure_file(${PROJECT_SOURCE_DIR}/cmake/install/yocoCompiler.cmake.in
  ${PROJECT_BINARY_DIR}/install/yocoCompiler.cmake @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/install/yocoCompiler.cmake DESTINATION ${YOCO_INSTALL_CMAKE})
set(includes ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
list(REMOVE_DUPLICATES includes)
list(TRANSFORM includes PREPEND "-isystem ")
list(JOIN includes " " YOCO_PC_LLVM_CFLAGS)
configure_file(${PROJECT_SOURCE_DIR}/cmake/install/yoco-compiler.pc.in
  ${PROJECT_BINARY_DIR}/install/yoco-compiler.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/install/yoco-compiler.pc DESTINATION ${YOCO_INSTALL_PKGCONFIG})
