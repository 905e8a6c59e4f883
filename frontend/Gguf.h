// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reader of the GGUF format: metadata, descriptions of tensors, and their bytes. The file is mapped, not read, and
// trusted in nothing: every number is checked before it is used, and nothing is allocated for a count that the file has
// no bytes for. What the names mean is not known here; GgufCheckpoint knows it.

#ifndef YOCO_FRONTEND_GGUF_H
#define YOCO_FRONTEND_GGUF_H

#include "frontend/Tensor.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>

namespace mlir::yoco {

/// The types of metadata, with the numbers that they have in a file.
enum class GgufKind : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

/// A value of the metadata, borrowed from the file.
struct GgufValue {
  GgufKind kind = GgufKind::u8;
  GgufKind element = GgufKind::u8; // of an array; never itself an array
  uint64_t count = 0;              // elements of an array
  llvm::StringRef bytes;           // a number, the characters of a string, or the elements of an array

  /// A number, a string, or the elements of a short array; of a long one, a string that says what it is. Integers keep
  /// their value, whatever their type.
  llvm::json::Value toJson() const;
};

/// An open file. Values and tensors are borrowed from it.
class Gguf {
public:
  using Metadata = std::map<llvm::StringRef, GgufValue>;

  /// Whether the file at `path` begins as GGUF files do, or has a name that ends as theirs.
  static bool isGguf(llvm::StringRef path);

  static llvm::Expected<std::unique_ptr<Gguf>> open(const llvm::Twine &path);

  /// Takes what `buffer` holds; its identifier is the name of the file in messages.
  static llvm::Expected<std::unique_ptr<Gguf>> parse(std::unique_ptr<llvm::MemoryBuffer> buffer);

  /// The name of the file.
  llvm::StringRef getFile() const { return buffer->getBufferIdentifier(); }

  const Metadata &getMetadata() const { return metadata; }

  /// Null when there is no such key.
  const GgufValue *find(llvm::StringRef key) const;

  /// Shapes are as elsewhere: the last dimension is the one whose numbers are next to each other. The name of a GGUF
  /// dimension counts from there.
  const TensorMap &getTensors() const { return tensors; }

private:
  explicit Gguf(std::unique_ptr<llvm::MemoryBuffer> buffer) : buffer(std::move(buffer)) {}
  llvm::Error parseFile();

  std::unique_ptr<llvm::MemoryBuffer> buffer;
  Metadata metadata;
  TensorMap tensors;
};

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_GGUF_H
