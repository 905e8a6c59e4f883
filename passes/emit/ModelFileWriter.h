// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bytes of a model file, front to back, with their checksums (docs/FileFormat.md).

#ifndef YOCO_PASSES_EMIT_MODELFILEWRITER_H
#define YOCO_PASSES_EMIT_MODELFILEWRITER_H

#include "runtime/schema/model_generated.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <functional>
#include <vector>

namespace mlir::yoco {

namespace fb = ::yoco::fb;

/// Writes bytes and remembers the hash of every checksum block.
class ModelFileWriter {
public:
  explicit ModelFileWriter(llvm::raw_ostream &os);

  void write(llvm::ArrayRef<char> bytes);
  /// Zeros up to `offset`.
  void padTo(uint64_t offset);
  uint64_t getOffset() const { return offset; }
  /// Ends the checked part of the file and writes the checksum table.
  void finish();

private:
  void flushBlock();

  llvm::raw_ostream &os;
  uint64_t offset = 0;
  std::vector<char> block;
  std::vector<uint64_t> hashes;
};

/// The segments of a file: each is asked for by a key, and written once however often it is asked for.
class SegmentTable {
public:
  using Source = std::function<llvm::Error(ModelFileWriter &)>;

  /// A segment of `size` bytes that `source` will write. Things with equal keys have equal bytes. The offset of the
  /// result is set by `place`; the caller must keep it.
  std::unique_ptr<fb::SegmentT> add(llvm::StringRef key, uint64_t size, Source source);

  /// Lays the segments out from `begin` on and returns where the last one ends.
  uint64_t place(uint64_t begin);
  llvm::Error write(ModelFileWriter &writer) const;

  uint64_t getNumSegments() const { return segments.size(); }
  uint64_t getNumRequests() const { return requests.size(); }

private:
  struct Entry {
    uint64_t size, offset;
    Source source;
  };
  std::vector<Entry> segments;
  std::vector<std::pair<fb::SegmentT *, size_t>> requests;
  llvm::StringMap<size_t> byKey;
};

} // namespace mlir::yoco

#endif // YOCO_PASSES_EMIT_MODELFILEWRITER_H
