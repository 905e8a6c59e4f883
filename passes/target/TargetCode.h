// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The machine code of a variant's kernels, whatever kind of device they are for.

#ifndef YOCO_PASSES_TARGET_TARGETCODE_H
#define YOCO_PASSES_TARGET_TARGETCODE_H

#include "dialect/YocoOps.h"
#include "llvm/ADT/StringMap.h"
#include <optional>
#include <string>
#include <vector>

namespace mlir::yoco {

struct TargetCode {
  /// Of a processor: a shared object, and what it must have to run that, by LLVM's names.
  std::vector<char> bytes;
  std::vector<std::string> cpuFeatures;

  /// How a kernel of an image is launched: threads of a block, bytes of its dynamic shared memory, blocks of a cluster,
  /// and whether all blocks must run at the same time.
  struct Block {
    uint32_t threads = 0, sharedBytes = 0, cluster = 1;
    bool cooperative = false;
  };

  /// Of a GPU: all kernels, in order of preference. PTX is text that ends with a zero byte.
  struct Image {
    enum class Format { cubin, ptx };
    Format format;
    std::string architecture;
    std::vector<char> bytes;
    /// Every kernel waits by itself for those before it.
    bool startsEarly = false;
    /// By name of the kernel.
    llvm::StringMap<Block> blocks;
  };
  std::vector<Image> images;
};

} // namespace mlir::yoco

#endif // YOCO_PASSES_TARGET_TARGETCODE_H
