// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From an object to a shared object, in this process.

#ifndef YOCO_PASSES_LOWERING_HOST_HOSTLINK_H
#define YOCO_PASSES_LOWERING_HOST_HOSTLINK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace mlir::yoco {

/// Links one x86-64 ELF object to a stripped shared object, and checks that it stands alone: no undefined symbol, no
/// library.
llvm::Expected<std::vector<char>> linkSharedObject(llvm::ArrayRef<char> object);

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_HOST_HOSTLINK_H
