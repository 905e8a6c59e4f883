# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Targets of every layer: what has nothing to do with MLIR.
#
#   yoco_add_test(NAME SOURCES file... [LINK_LIBS target...] [EXCEPTIONS] [MLIR])
#       A GoogleTest program; each of its cases is one CTest test named NAME.Suite.Case.
#   yoco_add_tool(NAME SOURCES file... [LINK_LIBS target...] [EXCEPTIONS] [NO_MLIR])
#       The program bin/NAME. EXCEPTIONS is for CLI11; NO_MLIR is for what must not link libMLIR (yoco-run).
#   yoco_target_options(TARGET [EXCEPTIONS])
#       Warnings, include directories (the repository and the build tree) and the language options of the compiler
#       layers.

# Warnings that every file of this repository is clean under.
set(YOCO_WARNINGS -Wall -Wextra -Wno-unused-parameter -Wimplicit-fallthrough -Wnon-virtual-dtor)

function(yoco_target_options target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "EXCEPTIONS" "" "")
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_include_directories(${target} SYSTEM PUBLIC $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}>)
  # -fPIC for programs too: all objects then share one precompiled header.
  target_compile_options(${target} PRIVATE ${YOCO_WARNINGS} -fPIC)
  if(NOT arg_EXCEPTIONS)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>)
  endif()
endfunction()

function(yoco_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "EXCEPTIONS;MLIR" "" "SOURCES;LINK_LIBS")
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "yoco_add_test(${name}): expected SOURCES file..., got '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  add_executable(${name} ${arg_SOURCES})
  if(arg_MLIR)
    yoco_target_mlir(${name})
  else()
    yoco_target_options(${name} EXCEPTIONS)
  endif()
  target_link_libraries(${name} PRIVATE ${arg_LINK_LIBS} GTest::gmock GTest::gtest_main Threads::Threads)
  gtest_discover_tests(${name} TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST)
  set_property(GLOBAL APPEND PROPERTY YOCO_TEST_PROGRAMS ${name})
endfunction()

function(yoco_add_tool name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "EXCEPTIONS;NO_MLIR" "" "SOURCES;LINK_LIBS")
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "yoco_add_tool(${name}): expected SOURCES file..., got '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  add_executable(${name} ${arg_SOURCES})
  set(exceptions)
  if(arg_EXCEPTIONS)
    set(exceptions EXCEPTIONS)
  endif()
  if(arg_NO_MLIR)
    yoco_target_options(${name} ${exceptions})
  else()
    yoco_target_mlir(${name} ${exceptions})
  endif()
  target_link_libraries(${name} PRIVATE ${arg_LINK_LIBS})
endfunction()
