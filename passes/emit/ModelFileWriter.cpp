// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/emit/ModelFileWriter.h"
#include "runtime/schema/FileHeader.h"
#include "llvm/Support/Endian.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace mlir;
using namespace mlir::yoco;

//===- Bytes -------------------------------------------------------------------------------------------------===//

ModelFileWriter::ModelFileWriter(llvm::raw_ostream &os) : os(os) { block.reserve(::yoco::kChecksumBlockSize); }

void ModelFileWriter::flushBlock() {
  if (block.empty())
    return;
  hashes.push_back(XXH3_64bits(block.data(), block.size()));
  os.write(block.data(), block.size());
  block.clear();
}

void ModelFileWriter::write(llvm::ArrayRef<char> bytes) {
  offset += bytes.size();
  while (!bytes.empty()) {
    size_t count = std::min<size_t>(bytes.size(), ::yoco::kChecksumBlockSize - block.size());
    block.insert(block.end(), bytes.begin(), bytes.begin() + count);
    bytes = bytes.drop_front(count);
    if (block.size() == ::yoco::kChecksumBlockSize)
      flushBlock();
  }
}

void ModelFileWriter::padTo(uint64_t end) {
  static constexpr char zeros[::yoco::kFileAlignment] = {};
  while (offset < end)
    write(llvm::ArrayRef(zeros, std::min<uint64_t>(end - offset, sizeof(zeros))));
}

void ModelFileWriter::finish() {
  flushBlock();
  std::vector<char> table;
  auto append = [&](uint64_t hash) {
    char word[8];
    llvm::support::endian::write64le(word, hash);
    table.insert(table.end(), word, word + 8);
  };
  for (uint64_t hash : hashes)
    append(hash);
  append(XXH3_64bits(table.data(), table.size()));
  os.write(table.data(), table.size());
  offset += table.size();
}

//===- Segments ----------------------------------------------------------------------------------------------===//

std::unique_ptr<fb::SegmentT> SegmentTable::add(llvm::StringRef key, uint64_t size, Source source) {
  auto [it, inserted] = byKey.try_emplace(key, segments.size());
  if (inserted)
    segments.push_back({size, 0, std::move(source)});
  auto segment = std::make_unique<fb::SegmentT>();
  segment->size = size;
  requests.emplace_back(segment.get(), it->second);
  return segment;
}

uint64_t SegmentTable::place(uint64_t begin) {
  for (Entry &entry : segments) {
    entry.offset = ::yoco::alignFileOffset(begin);
    begin = entry.offset + entry.size;
  }
  for (auto [segment, index] : requests)
    segment->offset = segments[index].offset;
  return begin;
}

llvm::Error SegmentTable::write(ModelFileWriter &writer) const {
  for (const Entry &entry : segments) {
    writer.padTo(entry.offset);
    if (llvm::Error error = entry.source(writer))
      return error;
    if (writer.getOffset() != entry.offset + entry.size)
      return llvm::createStringError("expected a segment of " + llvm::Twine(entry.size) + " bytes, got " +
                                     llvm::Twine(writer.getOffset() - entry.offset));
  }
  return llvm::Error::success();
}
