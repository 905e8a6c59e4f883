// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reader of the safetensors format: a length, a JSON header that names tensors, and their bytes. The file is mapped,
// not read, and trusted in nothing: every number of the header is checked before a tensor can be looked up.

#ifndef YOCO_FRONTEND_SAFETENSORS_H
#define YOCO_FRONTEND_SAFETENSORS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <map>
#include <memory>
#include <string>

namespace mlir::yoco {

/// A tensor of a file.
struct Tensor {
  std::string dtype; // as the file says it: "BF16", "F16", "F32", ...
  llvm::SmallVector<int64_t, 4> shape;
  llvm::ArrayRef<char> bytes; // little-endian, row-major, in the mapped file; need not be aligned
};

/// An open file. Tensors are borrowed from it.
class SafeTensors {
public:
  using TensorMap = std::map<std::string, Tensor, std::less<>>;

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
