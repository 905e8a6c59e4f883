// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reader of the safetensors format: a length, a JSON header that names tensors, and their bytes. The file is mapped,
// not read, and trusted in nothing: every number of the header is checked before a tensor can be looked up.

#ifndef YOCO_FRONTEND_SAFETENSORS_H
#define YOCO_FRONTEND_SAFETENSORS_H

#include "frontend/Tensor.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>

namespace mlir::yoco {

/// An open file. Tensors are borrowed from it.
class SafeTensors {
public:
  static llvm::Expected<std::unique_ptr<SafeTensors>> open(const llvm::Twine &path);

  /// Takes what `buffer` holds; its identifier is the name of the file in messages.
  static llvm::Expected<std::unique_ptr<SafeTensors>> parse(std::unique_ptr<llvm::MemoryBuffer> buffer);

  /// Null when there is no tensor of that name.
  const Tensor *find(llvm::StringRef name) const;

  /// All tensors, ordered by name.
  const TensorMap &getTensors() const { return tensors; }

private:
  explicit SafeTensors(std::unique_ptr<llvm::MemoryBuffer> buffer) : buffer(std::move(buffer)) {}
  llvm::Error parseHeader();

  std::unique_ptr<llvm::MemoryBuffer> buffer;
  TensorMap tensors;
};

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_SAFETENSORS_H
