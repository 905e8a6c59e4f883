// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NVIDIA's assembler, a program of its own that need not be there.

#ifndef YOCO_PASSES_LOWERING_NVPTX_PTXAS_H
#define YOCO_PASSES_LOWERING_NVPTX_PTXAS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <string>
#include <vector>

namespace mlir::yoco {

/// What ptxas says about one kernel.
struct KernelResources {
  std::string name;
  int registers = 0;   // of a thread
  int stackBytes = 0;  // of a thread
  int spillBytes = 0;  // stored and loaded, by a thread
  int sharedBytes = 0; // static shared memory of a block
};

struct AssembledPtx {
  std::string ptx; // as it was assembled
  std::vector<char> cubin;
  std::vector<KernelResources> kernels; // in the order of the report
};

/// The path of ptxas, or none when it is nowhere. $YOCO_PTXAS names the program, and nothing else is tried when that is
/// set. Else the first of: $CUDA_HOME, $CUDA_PATH, the PATH, the wheel nvidia-cuda-nvcc in the Python environments
/// $VIRTUAL_ENV and $CONDA_PREFIX, in those around this program and this library (`findPtxasAround`) and in the
/// system's Python, and /usr/local/cuda.
std::optional<std::string> findPtxas();

/// The wheel's ptxas in a Python environment that `folder` lies in, or that is called .venv and lies in `folder` or in
/// a folder above it.
std::optional<std::string> findPtxasAround(llvm::StringRef folder);

/// Assembles `ptx` for `architecture` ("sm_90a") with the program `ptxas`. It likes to spill a few registers where one
/// more block then fits a multiprocessor; of such a kernel fewer blocks are asked for (`.minnctapersm`) until it spills
/// nothing.
llvm::Expected<AssembledPtx> assemblePtx(llvm::StringRef ptxas, llvm::StringRef ptx, llvm::StringRef architecture);

/// `ptx` with fewer blocks at a time on a multiprocessor (by one, or by a quarter) for each of `kernels` that spills;
/// equal to `ptx` when all of them have the multiprocessor for themselves or spill nothing.
std::string allowMoreRegisters(llvm::StringRef ptx, llvm::ArrayRef<KernelResources> kernels);

/// What the lines of `report` (ptxas -v) say about kernels.
std::vector<KernelResources> parsePtxasReport(llvm::StringRef report);

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_NVPTX_PTXAS_H
