// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the numbers of a tensor are stored in a checkpoint: one after the other, or in blocks that share scales. The
// packer reads all of them through this table; a new type is a file in types/ and a line in getStoredTypes().

#ifndef YOCO_FRONTEND_STOREDTYPE_H
#define YOCO_FRONTEND_STOREDTYPE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <cstring>
#include <optional>

namespace mlir::yoco {

/// What the numbers of a tensor are, as the type of a parameter of a module says it.
enum class NumberKind { f32, f16, bf16 };

struct StoredType {
  llvm::StringLiteral name; // as safetensors and GGUF call it
  NumberKind number;        // numbers of blocks are f32
  int64_t blockNumbers;     // numbers that are stored together; 1: each by itself
  int64_t blockBytes;
  /// Writes the numbers of one block, whose bytes need not be aligned.
  void (*decode)(const char *block, float *numbers);

  bool isPlain() const { return blockNumbers == 1; }

  /// What `numbers` numbers take, a multiple of `blockNumbers`; none when that is 2^62 or more.
  std::optional<uint64_t> getBytes(uint64_t numbers) const;

  /// Reads the numbers from the one with index `first` on of a tensor that begins at `bytes`.
  void read(const char *bytes, int64_t first, llvm::MutableArrayRef<float> numbers) const;
};

/// All of them, in an order that is good for messages.
llvm::ArrayRef<const StoredType *> getStoredTypes();

/// Null for a type whose numbers no parameter can have.
const StoredType *findStoredType(llvm::StringRef name);

// For types/.

/// The little-endian word at `bytes`, which need not be aligned.
inline uint16_t loadWord(const char *bytes) {
  uint16_t word;
  memcpy(&word, bytes, sizeof(word));
  return word;
}

/// The float that has the value of an f16. NaN stays NaN, with its bits.
float widenHalf(uint16_t bits);

inline float loadHalf(const char *bytes) { return widenHalf(loadWord(bytes)); }

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_STOREDTYPE_H
