// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The layout of a file: 8 bytes with the length N of the header (little-endian), N bytes of JSON, the data. The header
// maps names to {"dtype", "shape", "data_offsets": [begin, end]}, offsets counted from the first byte of the data. Like
// the format's own loader, this one expects the tensors to cover the data without gaps or overlaps, and a header of at
// most 100 MB.

#include "frontend/SafeTensors.h"
#include "frontend/Json.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <optional>
#include <vector>

using namespace llvm;

namespace mlir::yoco {

namespace {

constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr size_t kMaxRank = 8;

/// Bits of an element; 0 for a type that this reader does not know.
unsigned getElementBits(StringRef dtype) {
  return StringSwitch<unsigned>(dtype)
      .Case("F4", 4)
      .Cases({"F6_E2M3", "F6_E3M2"}, 6)
      .Cases({"BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"}, 8)
      .Cases({"U16", "I16", "F16", "BF16"}, 16)
      .Cases({"U32", "I32", "F32"}, 32)
      .Cases({"U64", "I64", "F64", "C64"}, 64)
      .Default(0);
}

/// An entry of the header whose place in the data has not been compared with the others' yet.
struct Entry {
  std::string name;
  Tensor tensor;
  uint64_t begin = 0, end = 0;
};

/// Parses the entries of a header whose data has `dataSize` bytes.
class EntryParser {
public:
  EntryParser(StringRef file, uint64_t dataSize) : file(file), dataSize(dataSize) {}

  Expected<Entry> parse(StringRef name, const json::Value &value) {
    Entry entry;
    entry.name = name.str();
    const json::Object *object = value.getAsObject();
    if (!object)
      return fail(entry, "expected an object, got " + show(value));
    for (const auto &field : *object)
      if (field.first != "dtype" && field.first != "shape" && field.first != "data_offsets")
        return fail(entry, "expected dtype, shape and data_offsets, got " + quote(field.first));
    if (Error error = parseDtype(entry, object->get("dtype")))
      return std::move(error);
    if (Error error = parseShape(entry, object->get("shape")))
      return std::move(error);
    if (Error error = parseOffsets(entry, object->get("data_offsets")))
      return std::move(error);
    if (Error error = checkSize(entry))
      return std::move(error);
    return entry;
  }

private:
  Error fail(const Entry &entry, const Twine &message) const {
    return makeError(file + ": tensor " + quote(entry.name) + ": " + message);
  }

  static std::string showField(const json::Value *value) { return value ? show(*value) : "nothing"; }

  Error parseDtype(Entry &entry, const json::Value *value) const {
    std::optional<StringRef> dtype = value ? value->getAsString() : std::nullopt;
    if (!dtype)
      return fail(entry, "expected dtype to be a string, got " + showField(value));
    entry.tensor.dtype = dtype->str();
    entry.tensor.type = findStoredType(*dtype);
    if (entry.tensor.type)
      entry.tensor.number = entry.tensor.type->number;
    return Error::success();
  }

  Error parseShape(Entry &entry, const json::Value *value) const {
    const json::Array *sizes = value ? value->getAsArray() : nullptr;
    if (!sizes)
      return fail(entry, "expected shape to be a list, got " + showField(value));
    if (sizes->size() > kMaxRank)
      return fail(entry, "expected at most " + Twine(kMaxRank) + " dimensions, got " + Twine(sizes->size()));
    for (const json::Value &size : *sizes) {
      std::optional<int64_t> number = size.getAsInteger();
      if (!number || *number < 0)
        return fail(entry, "expected shape to hold integers of at least 0, got " + show(size));
      entry.tensor.shape.push_back(*number);
    }
    return Error::success();
  }

  Error parseOffsets(Entry &entry, const json::Value *value) const {
    const json::Array *offsets = value ? value->getAsArray() : nullptr;
    if (!offsets || offsets->size() != 2 || !(*offsets)[0].getAsUINT64() || !(*offsets)[1].getAsUINT64())
      return fail(entry, "expected data_offsets to be two integers of at least 0, got " + showField(value));
    entry.begin = *(*offsets)[0].getAsUINT64();
    entry.end = *(*offsets)[1].getAsUINT64();
    if (entry.begin > entry.end || entry.end > dataSize)
      return fail(entry, "expected data_offsets in order and within the " + Twine(dataSize) + " bytes of data, got " +
                             show(*value));
    return Error::success();
  }

  /// A shape and a type say how many bytes there are.
  Error checkSize(const Entry &entry) const {
    unsigned bits = getElementBits(entry.tensor.dtype);
    if (bits == 0)
      return Error::success();
    bool overflow = false;
    uint64_t total = bits;
    for (int64_t size : entry.tensor.shape) {
      bool overflowed = false;
      total = SaturatingMultiply<uint64_t>(total, size, &overflowed);
      overflow |= overflowed;
    }
    bool isEmpty = is_contained(entry.tensor.shape, 0);
    if (isEmpty)
      total = 0;
    else if (overflow)
      return fail(entry, "expected a shape of at most 2^64 bits, got a larger one");
    if (total % 8 != 0 || total / 8 != entry.end - entry.begin)
      return fail(entry, "expected " + Twine(divideCeil(total, uint64_t(8))) + " bytes for its dtype and shape, got " +
                             Twine(entry.end - entry.begin));
    return Error::success();
  }

  StringRef file;
  uint64_t dataSize;
};

/// The header's text may describe itself, with strings only.
Error checkMetadata(StringRef file, const json::Value &value) {
  const json::Object *object = value.getAsObject();
  if (!object || !all_of(*object, [](const auto &field) { return field.second.getAsString().has_value(); }))
    return makeError(file + ": expected __metadata__ to map names to strings");
  return Error::success();
}

/// The entries must tile the data.
Error checkPlaces(StringRef file, uint64_t dataSize, std::vector<Entry> &entries) {
  llvm::sort(entries, [](const Entry &a, const Entry &b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  uint64_t covered = 0;
  for (const Entry &entry : entries) {
    if (entry.begin != covered)
      return makeError(file + ": tensor " + quote(entry.name) + ": expected its data to begin at " +
                       Twine(covered) + ", where the data before it ends, got " + Twine(entry.begin) +
                       (entry.begin < covered ? " (overlap)" : " (gap)"));
    covered = entry.end;
  }
  if (covered != dataSize)
    return makeError(file + ": expected " + Twine(covered) + " bytes of data, got " + Twine(dataSize));
  return Error::success();
}

} // namespace

Error SafeTensors::parseHeader() {
  StringRef file = buffer->getBufferIdentifier();
  StringRef bytes = buffer->getBuffer();
  if (bytes.size() < 8)
    return makeError(file + ": expected at least 8 bytes, got " + Twine(bytes.size()));
  uint64_t headerSize = support::endian::read64le(bytes.data());
  uint64_t available = bytes.size() - 8;
  if (headerSize > kMaxHeaderBytes)
    return makeError(file + ": expected a header of at most " + Twine(kMaxHeaderBytes) + " bytes, got " +
                     Twine(headerSize));
  if (headerSize > available)
    return makeError(file + ": expected a header of " + Twine(headerSize) + " bytes, got a file that ends after " +
                     Twine(available) + " of them");
  StringRef data = bytes.drop_front(8 + headerSize);
  Expected<json::Object> header = parseJsonObject(bytes.substr(8, headerSize), file);
  if (!header)
    return header.takeError();

  std::vector<Entry> entries;
  EntryParser parser(file, data.size());
  for (const auto &field : *header) {
    if (field.first == "__metadata__") {
      if (Error error = checkMetadata(file, field.second))
        return error;
      continue;
    }
    Expected<Entry> entry = parser.parse(field.first, field.second);
    if (!entry)
      return entry.takeError();
    entries.push_back(std::move(*entry));
  }
  if (Error error = checkPlaces(file, data.size(), entries))
    return error;
  for (Entry &entry : entries) {
    StringRef content = data.slice(entry.begin, entry.end);
    entry.tensor.bytes = ArrayRef<char>(content.data(), content.size());
    tensors.emplace(std::move(entry.name), std::move(entry.tensor));
  }
  return Error::success();
}

Expected<std::unique_ptr<SafeTensors>> SafeTensors::parse(std::unique_ptr<MemoryBuffer> buffer) {
  std::unique_ptr<SafeTensors> result(new SafeTensors(std::move(buffer)));
  if (Error error = result->parseHeader())
    return std::move(error);
  return std::move(result);
}

Expected<std::unique_ptr<SafeTensors>> SafeTensors::open(const Twine &path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readRegularFile(path);
  if (!buffer)
    return buffer.takeError();
  return parse(std::move(*buffer));
}

const Tensor *SafeTensors::find(StringRef name) const {
  auto it = tensors.find(name);
  return it == tensors.end() ? nullptr : &it->second;
}

} // namespace mlir::yoco
