// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A SentencePiece model is a protocol buffer, `ModelProto` of sentencepiece_model.proto: pieces {text, score, type},
// and what was said when it was trained and how text is normalized, of which the few fields that encoding depends on
// are written. The types of tokens in GGUF files are those of pieces. What SentencePiece would refuse when a model file
// is loaded, or worse, is refused here.

#include "frontend/GgufTokenizer.h"
#include "frontend/Json.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Endian.h"

using namespace llvm;

namespace mlir::yoco {

namespace {

constexpr size_t kMaxPieceBytes = 1024;
constexpr uint64_t kBytePieces = 256;

enum PieceType : int64_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

/// Writes the fields of one message.
class Message {
public:
  void number(unsigned field, uint64_t value) {
    varint(field << 3);
    varint(value);
  }
  void real(unsigned field, float value) {
    varint(field << 3 | 5);
    char word[4];
    support::endian::write<float, endianness::little>(word, value);
    bytes.append(word, sizeof(word));
  }
  void text(unsigned field, StringRef value) {
    varint(field << 3 | 2);
    varint(value.size());
    bytes += value;
  }

  std::string bytes;

private:
  void varint(uint64_t value) {
    for (; value >= 128; value >>= 7)
      bytes.push_back(static_cast<char>(value | 128));
    bytes.push_back(static_cast<char>(value));
  }
};

struct Piece {
  StringRef text;
  float score;
  int64_t type;
};

/// Reads the keys below `tokenizer.ggml.`.
class TokenizerReader {
public:
  explicit TokenizerReader(const Gguf &file) : file(file) {}

  Error readPieces();
  std::string write() const;

private:
  const GgufValue *find(StringRef key) const { return file.find(("tokenizer.ggml." + key).str()); }
  bool getFlag(StringRef key, bool fallback) const {
    const GgufValue *value = find(key);
    return value ? value->toJson().getAsBoolean().value_or(fallback) : fallback;
  }
  /// An array of `count` values of this kind; null when there is none.
  const GgufValue *findArray(StringRef key, GgufKind element) const;
  Error checkPieces() const;
  /// The field `field` names the piece that `key` says; one that means none when there is no such id.
  void writeSpecial(Message &trainer, StringRef key, unsigned idField, unsigned pieceField, bool isUsed) const;

  const Gguf &file;
  std::vector<Piece> pieces;
};

const GgufValue *TokenizerReader::findArray(StringRef key, GgufKind element) const {
  const GgufValue *value = find(key);
  return value && value->kind == GgufKind::array && value->element == element ? value : nullptr;
}

Error TokenizerReader::readPieces() {
  const GgufValue *model = find("model");
  std::string type = model && model->kind == GgufKind::string ? model->bytes.str() : "";
  if (type != "llama")
    return makeError("the tokenizer is of type " + (type.empty() ? "none" : quote(type)));
  const GgufValue *tokens = findArray("tokens", GgufKind::string), *scores = findArray("scores", GgufKind::f32);
  const GgufValue *types = findArray("token_type", GgufKind::i32);
  if (!tokens || !scores || !types || scores->count != tokens->count || types->count != tokens->count)
    return makeError("the tokenizer has no text, score and type of each token");
  StringRef rest = tokens->bytes;
  for (uint64_t i = 0; i < tokens->count; ++i) {
    uint64_t length = support::endian::read64le(rest.data()); // within the array, as the reader has checked
    pieces.push_back({rest.substr(8, length),
                      support::endian::read<float, endianness::little>(scores->bytes.data() + 4 * i),
                      support::endian::read<int32_t, endianness::little>(types->bytes.data() + 4 * i)});
    rest = rest.drop_front(8 + length);
  }
  return checkPieces();
}

Error TokenizerReader::checkPieces() const {
  StringSet<> seen;
  uint64_t numUnknown = 0, numBytes = 0;
  for (auto [id, piece] : enumerate(pieces)) {
    auto fail = [&, id = id](const Twine &what) {
      return makeError("token " + Twine(id) + " of the tokenizer " + what);
    };
    if (piece.text.empty() || piece.text.size() > kMaxPieceBytes || piece.text.contains('\0') ||
        !json::isUTF8(piece.text))
      return fail("is no text of 1 to " + Twine(kMaxPieceBytes) + " bytes");
    if (!seen.insert(piece.text).second)
      return fail("is there twice, " + quote(piece.text));
    if (piece.type < kNormal || piece.type > kByte)
      return fail("is of type " + Twine(piece.type));
    unsigned byte;
    bool isByte = piece.text.size() == 6 && piece.text.starts_with("<0x") && piece.text.ends_with(">") &&
                  !piece.text.substr(3, 2).getAsInteger(16, byte);
    if (piece.type == kByte && !isByte)
      return fail("is no byte, " + quote(piece.text));
    numUnknown += piece.type == kUnknown;
    numBytes += piece.type == kByte;
  }
  if (numUnknown != 1)
    return makeError("the tokenizer has " + Twine(numUnknown) + " unknown tokens");
  if (numBytes != 0 && numBytes != kBytePieces)
    return makeError("the tokenizer has " + Twine(numBytes) + " tokens of bytes");
  return Error::success();
}

void TokenizerReader::writeSpecial(Message &trainer, StringRef key, unsigned idField, unsigned pieceField,
                                   bool isUsed) const {
  const GgufValue *value = find(key);
  std::optional<int64_t> id = value && isUsed ? value->toJson().getAsInteger() : std::nullopt;
  if (id && *id >= 0 && *id < static_cast<int64_t>(pieces.size())) {
    trainer.number(idField, *id);
    trainer.text(pieceField, pieces[*id].text);
    return;
  }
  // A piece that is none: SentencePiece takes it for the unknown one, and that for no such id.
  trainer.number(idField, static_cast<uint64_t>(-1));
  trainer.text(pieceField, StringRef(" "));
}

std::string TokenizerReader::write() const {
  Message model, trainer, normalizer;
  bool hasBytes = false;
  for (const Piece &piece : pieces) {
    Message message;
    message.text(1, piece.text);
    message.real(2, piece.score);
    message.number(3, piece.type);
    model.text(1, message.bytes);
    hasBytes |= piece.type == kByte;
  }
  constexpr uint64_t kBytePairs = 2; // the type of the model
  trainer.number(3, kBytePairs);
  trainer.number(4, pieces.size());
  trainer.number(35, hasBytes);
  auto unknown = find_if(pieces, [](const Piece &piece) { return piece.type == kUnknown; });
  trainer.number(40, unknown - pieces.begin());
  trainer.text(45, unknown->text);
  writeSpecial(trainer, "bos_token_id", 41, 46, getFlag("add_bos_token", true));
  writeSpecial(trainer, "eos_token_id", 42, 47, true);
  writeSpecial(trainer, "padding_token_id", 43, 48, true);
  model.text(2, trainer.bytes);
  normalizer.text(1, "identity");
  const GgufValue *map = find("precompiled_charsmap");
  if (map && map->kind == GgufKind::array && (map->element == GgufKind::u8 || map->element == GgufKind::i8))
    normalizer.text(2, map->bytes);
  normalizer.number(3, getFlag("add_space_prefix", true));
  normalizer.number(4, getFlag("remove_extra_whitespaces", false));
  normalizer.number(5, 1); // spaces are written as U+2581
  model.text(3, normalizer.bytes);
  return model.bytes;
}

} // namespace

Expected<std::string> makeSentencePieceModel(const Gguf &file) {
  TokenizerReader reader(file);
  if (Error error = reader.readPieces())
    return std::move(error);
  return reader.write();
}

} // namespace mlir::yoco
