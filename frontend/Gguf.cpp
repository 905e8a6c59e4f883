// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The layout of a file, little-endian: "GGUF", version (32 bits), number of tensors and of metadata entries (64 bits);
// metadata entries {key, type, value}; tensors {name, number of dimensions, dimensions, type, offset}; zeros up to a
// multiple of the alignment; the data, from which offsets count. A string is a length of 64 bits and its characters, an
// array a type, a count of 64 bits and its elements. Version 2 differs from 3 in nothing that concerns little-endian
// files.

#include "frontend/Gguf.h"
#include "frontend/Json.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <tuple>
#include <vector>

using namespace llvm;

namespace mlir::yoco {

namespace {

constexpr StringLiteral kMagic = "GGUF";
constexpr StringLiteral kAlignmentKey = "general.alignment";
constexpr uint64_t kDefaultAlignment = 32, kMaxAlignment = 1 << 30;
constexpr size_t kMaxKeyBytes = 65535, kMaxNameBytes = 256;
constexpr uint32_t kMaxRank = 4;
constexpr size_t kMaxShownElements = 256;

// What an entry takes at the least: the length of its key, a type, a byte; a length, a rank, a type, an offset.
constexpr uint64_t kMinMetadataBytes = 13, kMinTensorBytes = 24;

/// What the types of tensors are called; findStoredType knows which of them can be read.
StringRef getTypeName(uint32_t type) {
  static constexpr StringLiteral names[] = {
      "F32",     "F16",  "Q4_0",   "Q4_1",    "Q4_2",    "Q4_3",    "Q5_0",  "Q5_1", "Q8_0",  "Q8_1",  "Q2_K",
      "Q3_K",    "Q4_K", "Q5_K",   "Q6_K",    "Q8_K",    "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S",
      "IQ2_S",   "IQ4_XS", "I8",   "I16",     "I32",     "I64",     "F64",   "IQ1_M", "BF16", "Q4_0_4_4", "Q4_0_4_8",
      "Q4_0_8_8", "TQ1_0", "TQ2_0", "IQ4_NL_4_4", "IQ4_NL_4_8", "IQ4_NL_8_8", "MXFP4"};
  return type < std::size(names) ? StringRef(names[type]) : StringRef();
}

StringRef getKindName(GgufKind kind) {
  static constexpr StringLiteral names[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                            "bool", "string", "array", "u64", "i64", "f64"};
  return names[static_cast<uint32_t>(kind)];
}

/// Bytes of a number; 0 for strings and arrays.
unsigned getKindBytes(GgufKind kind) {
  static constexpr unsigned bytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return bytes[static_cast<uint32_t>(kind)];
}

template <typename T>
T load(StringRef bytes) {
  return support::endian::read<T, endianness::little>(bytes.data());
}

json::Value numberToJson(GgufKind kind, StringRef bytes) {
  switch (kind) {
  case GgufKind::u8:
    return static_cast<uint64_t>(load<uint8_t>(bytes));
  case GgufKind::i8:
    return static_cast<int64_t>(load<int8_t>(bytes));
  case GgufKind::u16:
    return static_cast<uint64_t>(load<uint16_t>(bytes));
  case GgufKind::i16:
    return static_cast<int64_t>(load<int16_t>(bytes));
  case GgufKind::u32:
    return static_cast<uint64_t>(load<uint32_t>(bytes));
  case GgufKind::i32:
    return static_cast<int64_t>(load<int32_t>(bytes));
  case GgufKind::f32:
    return static_cast<double>(load<float>(bytes));
  case GgufKind::boolean:
    return load<uint8_t>(bytes) != 0;
  case GgufKind::u64:
    return load<uint64_t>(bytes);
  case GgufKind::i64:
    return load<int64_t>(bytes);
  case GgufKind::f64:
    return load<double>(bytes);
  case GgufKind::string:
  case GgufKind::array:
    break;
  }
  return nullptr;
}

/// Takes what a file says from its front, bounds checked. `where` begins the messages: "FILE: metadata key 'x': ".
class Cursor {
public:
  Cursor(StringRef bytes) : rest(bytes), size(bytes.size()) {}

  uint64_t getOffset() const { return size - rest.size(); }
  uint64_t getRemaining() const { return rest.size(); }

  Expected<StringRef> take(uint64_t bytes, const Twine &where, const Twine &what) {
    if (bytes > rest.size())
      return makeError(where + "expected " + what + " of " + Twine(bytes) + " bytes, got a file that ends after " +
                       Twine(rest.size()) + " of them");
    StringRef taken = rest.take_front(bytes);
    rest = rest.drop_front(bytes);
    return taken;
  }

  template <typename T>
  Expected<T> number(const Twine &where, const Twine &what) {
    Expected<StringRef> bytes = take(sizeof(T), where, what);
    if (!bytes)
      return bytes.takeError();
    return load<T>(*bytes);
  }

  Expected<StringRef> string(const Twine &where, const Twine &what) {
    Expected<uint64_t> length = number<uint64_t>(where, "the length of " + what);
    if (!length)
      return length.takeError();
    return take(*length, where, what);
  }

private:
  StringRef rest;
  uint64_t size;
};

/// A tensor whose place in the data has not been compared with the others' yet.
struct Entry {
  std::string name;
  Tensor tensor;
  uint64_t begin = 0, size = 0;
};

/// Parses what stands before the data.
class HeaderParser {
public:
  HeaderParser(StringRef file, StringRef bytes) : file(file), bytes(bytes), cursor(bytes) {}

  Error parse(Gguf::Metadata &metadata, std::vector<Entry> &entries) {
    Error error = parsePreamble();
    for (uint64_t i = 0; !error && i < numEntries; ++i)
      error = parseMetadata(metadata, i);
    if (!error)
      error = readAlignment(metadata);
    for (uint64_t i = 0; !error && i < numTensors; ++i) {
      Expected<Entry> entry = parseTensor(i);
      if (!entry)
        return entry.takeError();
      entries.push_back(std::move(*entry));
    }
    return error;
  }

  /// Where the data begins. A file without tensors may end before.
  uint64_t getDataOffset() const { return alignTo(cursor.getOffset(), alignment); }

private:
  Error fail(const Twine &message) const { return makeError(file + ": " + message); }

  Error parsePreamble();
  Error parseMetadata(Gguf::Metadata &metadata, uint64_t index);
  Expected<GgufValue> parseValue(const Twine &where, GgufKind kind);
  Expected<GgufValue> parseArray(const Twine &where);
  Expected<GgufKind> parseKind(const Twine &where);
  Error readAlignment(const Gguf::Metadata &metadata);
  Expected<Entry> parseTensor(uint64_t index);
  Error parseShape(Entry &entry, const Twine &where);
  Error parseType(Entry &entry, const Twine &where);

  StringRef file, bytes;
  Cursor cursor;
  uint64_t numTensors = 0, numEntries = 0, alignment = kDefaultAlignment;
};

Error HeaderParser::parsePreamble() {
  std::string where = (file + ": ").str();
  Expected<StringRef> magic = cursor.take(kMagic.size(), where, "the letters GGUF");
  if (!magic)
    return magic.takeError();
  if (*magic != kMagic)
    return fail("expected a GGUF file, which begins with 'GGUF', got " + quote(*magic));
  Expected<uint32_t> version = cursor.number<uint32_t>(where, "a version");
  if (!version)
    return version.takeError();
  if ((*version & 0xffff) == 0 && *version != 0)
    return fail("expected a little-endian file, got a big-endian one");
  if (*version != 3 && *version != 2)
    return fail("expected GGUF version 3, got " + Twine(*version));
  auto readCount = [&](uint64_t &to, StringRef what, uint64_t least) -> Error {
    Expected<uint64_t> count = cursor.number<uint64_t>(where, "the number of " + what);
    if (!count)
      return count.takeError();
    if (*count > bytes.size() / least)
      return fail("expected at most " + Twine(bytes.size() / least) + " " + what + " in " + Twine(bytes.size()) +
                  " bytes, got " + Twine(*count));
    to = *count;
    return Error::success();
  };
  if (Error error = readCount(numTensors, "tensors", kMinTensorBytes))
    return error;
  return readCount(numEntries, "metadata entries", kMinMetadataBytes);
}

//===- Metadata -----------------------------------------------------------------------------------------------===//

Expected<GgufKind> HeaderParser::parseKind(const Twine &where) {
  Expected<uint32_t> kind = cursor.number<uint32_t>(where, "a type");
  if (!kind)
    return kind.takeError();
  if (*kind > static_cast<uint32_t>(GgufKind::f64))
    return makeError(where + "expected a type from 0 to 12, got " + Twine(*kind));
  return static_cast<GgufKind>(*kind);
}

Expected<GgufValue> HeaderParser::parseArray(const Twine &where) {
  GgufValue value;
  value.kind = GgufKind::array;
  Expected<GgufKind> element = parseKind(where);
  if (!element)
    return element.takeError();
  if (*element == GgufKind::array)
    return makeError(where + "expected an array of numbers or strings, got one of arrays");
  Expected<uint64_t> count = cursor.number<uint64_t>(where, "the number of elements");
  if (!count)
    return count.takeError();
  value.element = *element;
  value.count = *count;
  uint64_t begin = cursor.getOffset();
  uint64_t least = *element == GgufKind::string ? sizeof(uint64_t) : getKindBytes(*element);
  if (*count > cursor.getRemaining() / least)
    return makeError(where + "expected at most " + Twine(cursor.getRemaining() / least) + " elements in the " +
                     Twine(cursor.getRemaining()) + " bytes that are left, got " + Twine(*count));
  if (*element != GgufKind::string) {
    value.bytes = cantFail(cursor.take(*count * least, where, "elements"));
    return value;
  }
  for (uint64_t i = 0; i < *count; ++i)
    if (Expected<StringRef> text = cursor.string(where, "element " + Twine(i)); !text)
      return text.takeError();
  value.bytes = bytes.slice(begin, cursor.getOffset());
  return value;
}

Expected<GgufValue> HeaderParser::parseValue(const Twine &where, GgufKind kind) {
  if (kind == GgufKind::array)
    return parseArray(where);
  GgufValue value;
  value.kind = kind;
  Expected<StringRef> content = kind == GgufKind::string ? cursor.string(where, "a string")
                                                         : cursor.take(getKindBytes(kind), where, "a value");
  if (!content)
    return content.takeError();
  value.bytes = *content;
  if (kind == GgufKind::boolean && load<uint8_t>(value.bytes) > 1)
    return makeError(where + "expected a bool of 0 or 1, got " + Twine(unsigned(load<uint8_t>(value.bytes))));
  return value;
}

Error HeaderParser::parseMetadata(Gguf::Metadata &metadata, uint64_t index) {
  std::string position = (file + ": metadata entry " + Twine(index) + ": ").str();
  Expected<StringRef> key = cursor.string(position, "a key");
  if (!key)
    return key.takeError();
  if (key->empty() || key->size() > kMaxKeyBytes)
    return makeError(position + "expected a key of 1 to " + Twine(kMaxKeyBytes) + " bytes, got " + Twine(key->size()));
  std::string where = (file + ": key " + quote(*key) + ": ").str();
  Expected<GgufKind> kind = parseKind(where);
  if (!kind)
    return kind.takeError();
  Expected<GgufValue> value = parseValue(where, *kind);
  if (!value)
    return value.takeError();
  if (!metadata.emplace(*key, *value).second)
    return makeError(where + "expected every key once, got it twice");
  return Error::success();
}

Error HeaderParser::readAlignment(const Gguf::Metadata &metadata) {
  auto found = metadata.find(kAlignmentKey);
  if (found == metadata.end())
    return Error::success();
  const GgufValue &value = found->second;
  uint64_t wanted = value.kind == GgufKind::u32 ? load<uint32_t>(value.bytes) : 0;
  if (!isPowerOf2_64(wanted) || wanted > kMaxAlignment)
    return fail("key " + quote(kAlignmentKey) + ": expected a power of two up to " + Twine(kMaxAlignment) +
                " as u32, got " + show(value.toJson()) + " as " + getKindName(value.kind));
  alignment = wanted;
  return Error::success();
}

//===- Tensors ------------------------------------------------------------------------------------------------===//

Error HeaderParser::parseShape(Entry &entry, const Twine &where) {
  Expected<uint32_t> rank = cursor.number<uint32_t>(where, "the number of dimensions");
  if (!rank)
    return rank.takeError();
  if (*rank < 1 || *rank > kMaxRank)
    return makeError(where + "expected 1 to " + Twine(kMaxRank) + " dimensions, got " + Twine(*rank));
  uint64_t numbers = 1;
  for (uint32_t i = 0; i < *rank; ++i) {
    Expected<uint64_t> size = cursor.number<uint64_t>(where, "dimension " + Twine(i));
    if (!size)
      return size.takeError();
    if (*size < 1 || *size > (uint64_t(1) << 62) / numbers)
      return makeError(where + "expected dimensions of at least 1 and less than 2^62 numbers, got " + Twine(*size) +
                       " as dimension " + Twine(i));
    numbers *= *size;
    entry.tensor.shape.insert(entry.tensor.shape.begin(), static_cast<int64_t>(*size));
  }
  entry.size = numbers; // bytes once the type is known
  return Error::success();
}

Error HeaderParser::parseType(Entry &entry, const Twine &where) {
  Expected<uint32_t> id = cursor.number<uint32_t>(where, "a type");
  if (!id)
    return id.takeError();
  StringRef name = getTypeName(*id);
  const StoredType *type = findStoredType(name);
  if (!type) {
    SmallVector<StringRef> known;
    for (const StoredType *other : getStoredTypes())
      known.push_back(other->name);
    return makeError(where + "expected type " + join(known, ", ") + ", got " +
                     (name.empty() ? "number " + std::to_string(*id) : name.str()));
  }
  int64_t width = entry.tensor.shape.back();
  if (width % type->blockNumbers != 0)
    return makeError(where + "expected rows of a multiple of " + Twine(type->blockNumbers) + " numbers for type " +
                     name + ", got " + Twine(width));
  std::optional<uint64_t> size = type->getBytes(entry.size);
  if (!size)
    return makeError(where + "expected less than 2^62 bytes, got " + Twine(entry.size) + " numbers of type " + name);
  entry.size = *size;
  entry.tensor.dtype = name.str();
  entry.tensor.type = type;
  entry.tensor.number = type->number;
  return Error::success();
}

Expected<Entry> HeaderParser::parseTensor(uint64_t index) {
  std::string position = (file + ": tensor " + Twine(index) + ": ").str();
  Expected<StringRef> name = cursor.string(position, "a name");
  if (!name)
    return name.takeError();
  if (name->empty() || name->size() > kMaxNameBytes)
    return makeError(position + "expected a name of 1 to " + Twine(kMaxNameBytes) + " bytes, got " +
                     Twine(name->size()));
  Entry entry;
  entry.name = name->str();
  std::string where = (file + ": tensor " + quote(entry.name) + ": ").str();
  if (Error error = parseShape(entry, where))
    return std::move(error);
  if (Error error = parseType(entry, where))
    return std::move(error);
  Expected<uint64_t> offset = cursor.number<uint64_t>(where, "an offset");
  if (!offset)
    return offset.takeError();
  if (*offset % alignment != 0)
    return makeError(where + "expected an offset that is a multiple of " + Twine(alignment) + ", got " +
                     Twine(*offset));
  entry.begin = *offset;
  return entry;
}

/// All of every tensor is within the data, and no byte belongs to two.
Error checkPlaces(StringRef file, uint64_t dataSize, std::vector<Entry> &entries) {
  for (const Entry &entry : entries)
    if (entry.begin > dataSize || entry.size > dataSize - entry.begin)
      return makeError(file + ": tensor " + quote(entry.name) + ": expected it within the " + Twine(dataSize) +
                       " bytes of data, got " + Twine(entry.size) + " bytes at " + Twine(entry.begin));
  llvm::sort(entries, [](const Entry &a, const Entry &b) {
    return std::tie(a.begin, a.name) < std::tie(b.begin, b.name);
  });
  for (size_t i = 1; i < entries.size(); ++i)
    if (const Entry &last = entries[i - 1], &next = entries[i]; next.begin - last.begin < last.size)
      return makeError(file + ": tensors " + quote(last.name) + " and " + quote(next.name) +
                       ": expected bytes of their own, got some that both have");
  return Error::success();
}

} // namespace

json::Value GgufValue::toJson() const {
  if (kind == GgufKind::string)
    return json::isUTF8(bytes) ? json::Value(bytes) : json::Value(json::fixUTF8(bytes));
  if (kind != GgufKind::array)
    return numberToJson(kind, bytes);
  unsigned width = getKindBytes(element);
  if (element == GgufKind::string || count > kMaxShownElements)
    return formatv("array of {0} {1}", count, getKindName(element)).str();
  json::Array elements;
  for (uint64_t i = 0; i < count; ++i)
    elements.push_back(numberToJson(element, bytes.substr(i * width, width)));
  return elements;
}

bool Gguf::isGguf(StringRef path) {
  sys::fs::file_status status;
  if (sys::fs::status(path, status) || status.type() != sys::fs::file_type::regular_file)
    return false;
  if (path.ends_with(".gguf"))
    return true;
  auto first = MemoryBuffer::getFileSlice(path, std::min<uint64_t>(kMagic.size(), status.getSize()), 0);
  return first && (*first)->getBuffer() == kMagic;
}

Error Gguf::parseFile() {
  StringRef bytes = buffer->getBuffer();
  HeaderParser parser(getFile(), bytes);
  std::vector<Entry> entries;
  if (Error error = parser.parse(metadata, entries))
    return error;
  StringRef data = bytes.drop_front(std::min<uint64_t>(parser.getDataOffset(), bytes.size()));
  if (Error error = checkPlaces(getFile(), data.size(), entries))
    return error;
  for (Entry &entry : entries) {
    StringRef content = data.substr(entry.begin, entry.size);
    entry.tensor.bytes = ArrayRef<char>(content.data(), content.size());
    auto [position, isNew] = tensors.emplace(std::move(entry.name), std::move(entry.tensor));
    if (!isNew)
      return makeError(getFile() + ": tensor " + quote(position->first) + ": expected every name once, got it twice");
  }
  return Error::success();
}

Expected<std::unique_ptr<Gguf>> Gguf::parse(std::unique_ptr<MemoryBuffer> buffer) {
  std::unique_ptr<Gguf> result(new Gguf(std::move(buffer)));
  if (Error error = result->parseFile())
    return std::move(error);
  return std::move(result);
}

Expected<std::unique_ptr<Gguf>> Gguf::open(const Twine &path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readRegularFile(path);
  if (!buffer)
    return buffer.takeError();
  return parse(std::move(*buffer));
}

const GgufValue *Gguf::find(StringRef key) const {
  auto found = metadata.find(key);
  return found == metadata.end() ? nullptr : &found->second;
}

} // namespace mlir::yoco
