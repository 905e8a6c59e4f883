# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Targets of the compiler layers: everything that includes MLIR.
#
#   yoco_tablegen(FILE.td OUTPUT "mlir-tblgen flags" [OUTPUT "flags"]...)
#       Runs mlir-tblgen; OUTPUT lands in the build tree at the same place as FILE.td in the repository, so that
#       dialect/YocoOps.td gives #include "dialect/YocoOps.h.inc". Every compiler target waits for all of them.
#   yoco_add_library(NAME SOURCES file... [LINK_LIBS target...] [EXCEPTIONS])
#       The static library yoco-NAME with the alias yoco::NAME. LINK_LIBS are PUBLIC. MLIR and LLVM are linked already.
#   yoco_add_plugin(NAME SOURCES file... [LINK_LIBS target...])
#       The shared object lib/NAME.so that mlir-opt loads; it resolves MLIR's symbols in the tool that loads it.
#
# Only the two shared libraries libMLIR.so and libLLVM.so are ever linked. A single libMLIRxxx.a beside them would
# duplicate type ids, so MLIR's component names (MLIRIR, MLIRPass, ...) must not appear in LINK_LIBS.

find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
message(STATUS "MLIR ${LLVM_PACKAGE_VERSION} from ${MLIR_DIR}")

separate_arguments(YOCO_LLVM_DEFINITIONS NATIVE_COMMAND "${LLVM_DEFINITIONS}")
add_custom_target(yoco-tablegen)

function(yoco_tablegen td_file)
  cmake_path(ABSOLUTE_PATH td_file OUTPUT_VARIABLE input)
  set(outputs)
  set(arguments ${ARGN})
  while(arguments)
    list(POP_FRONT arguments output flags)
    if(NOT flags)
      message(FATAL_ERROR "yoco_tablegen(${td_file}): expected pairs of an output and its flags, got '${output}' alone")
    endif()
    separate_arguments(flags NATIVE_COMMAND "${flags}")
    cmake_path(ABSOLUTE_PATH output BASE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
    add_custom_command(
      OUTPUT ${output}
      COMMAND mlir-tblgen ${flags} -I ${PROJECT_SOURCE_DIR} "-I$<JOIN:${MLIR_INCLUDE_DIRS},;-I>"
              ${input} -o ${output} -d ${output}.d
      # Passes count in a type of ours (passes/analysis/Statistics.h): MLIR's is empty in a release.
      COMMAND sed -i s/::mlir::Pass::Statistic/::mlir::yoco::PassStatistic/ ${output}
      COMMAND_EXPAND_LISTS
      DEPENDS ${input}
      DEPFILE ${output}.d
      COMMENT "Generating ${output}")
    list(APPEND outputs ${output})
  endwhile()
  cmake_path(RELATIVE_PATH input BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE name)
  string(MAKE_C_IDENTIFIER ${name} name)
  add_custom_target(yoco-tablegen-${name} DEPENDS ${outputs})
  add_dependencies(yoco-tablegen yoco-tablegen-${name})
endfunction()

# Compile and link options of a target that includes MLIR. Exceptions are off unless asked for; RTTI stays on, as in
# the libraries that we link.
function(yoco_target_mlir target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "EXCEPTIONS" "" "")
  if(arg_EXCEPTIONS)
    yoco_target_options(${target} EXCEPTIONS)
  else()
    yoco_target_options(${target})
    if(NOT target STREQUAL "yoco-pch")
      target_precompile_headers(${target} REUSE_FROM yoco-pch)
    endif()
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Without time stamps ccache can reuse what was compiled with a precompiled header.
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>)
  endif()
  target_compile_definitions(${target} PRIVATE ${YOCO_LLVM_DEFINITIONS})
  target_include_directories(${target} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_link_libraries(${target} PUBLIC MLIR LLVM)
  add_dependencies(${target} yoco-tablegen)
endfunction()

# The one precompiled header: what most files of the compiler include anyway.
add_library(yoco-pch STATIC ${PROJECT_SOURCE_DIR}/cmake/YocoPch.cpp)
yoco_target_mlir(yoco-pch)
target_precompile_headers(yoco-pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/YocoPch.h)

function(yoco_add_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "EXCEPTIONS" "" "SOURCES;LINK_LIBS")
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "yoco_add_library(${name}): expected SOURCES file..., got '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  add_library(yoco-${name} STATIC ${arg_SOURCES})
  add_library(yoco::${name} ALIAS yoco-${name})
  if(arg_EXCEPTIONS)
    yoco_target_mlir(yoco-${name} EXCEPTIONS)
  else()
    yoco_target_mlir(yoco-${name})
  endif()
  target_link_libraries(yoco-${name} PUBLIC ${arg_LINK_LIBS})
  if(NOT arg_EXCEPTIONS)
    set_property(GLOBAL APPEND PROPERTY YOCO_COMPILER_LIBRARIES yoco-${name})
  endif()
endfunction()

function(yoco_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK_LIBS")
  add_library(${name} MODULE ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES PREFIX "")
  yoco_target_mlir(${name})
  target_link_libraries(${name} PRIVATE ${arg_LINK_LIBS})
endfunction()
