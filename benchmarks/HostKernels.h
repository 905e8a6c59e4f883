// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels of target `host` in this process, for benchmarks of single kernels.

#ifndef YOCO_BENCHMARKS_HOSTKERNELS_H
#define YOCO_BENCHMARKS_HOSTKERNELS_H

#include "passes/lowering/host/HostTarget.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace mlir::yoco {

/// How the program calls a kernel: words of its arguments, and its tiles.
using HostKernelFunction = void (*)(const uint64_t *, uint32_t, uint32_t);

/// The main function of a benchmark whose one argument is a chip: compiles the module that `makeModule` writes, in
/// phase `planned` and for a chip's tile sizes, and has `report` call the kernels of the opened library.
int runHostBenchmark(int argc, char **argv, llvm::StringRef name,
                     llvm::function_ref<std::string(const std::string &chip, const HostTiles &)> makeModule,
                     llvm::function_ref<void(void *handle, const HostTiles &)> report);

} // namespace mlir::yoco

#endif // YOCO_BENCHMARKS_HOSTKERNELS_H
