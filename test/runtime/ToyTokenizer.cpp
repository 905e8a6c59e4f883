// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/runtime/ToyTokenizer.h"

#include <cstdio>
#include <cstring>

namespace yoco::test {

namespace {

/// The wire format of protocol buffers, as far as sentencepiece_model.proto
/// needs it.
class Message {
public:
  void addNumber(unsigned field, unsigned value) {
    addVarint(field << 3);
    addVarint(value);
  }
  void addFloat(unsigned field, float value) {
    addVarint(field << 3 | 5);
    char raw[4];
    memcpy(raw, &value, 4);
    bytes.append(raw, 4);
  }
  void addBytes(unsigned field, const std::string &value) {
    addVarint(field << 3 | 2);
    addVarint(unsigned(value.size()));
    bytes += value;
  }

  std::string bytes;

private:
  void addVarint(unsigned value) {
    for (; value >= 0x80; value >>= 7)
      bytes += char(value | 0x80);
    bytes += char(value);
  }
};

enum PieceType : unsigned { normal = 1, unknown = 2, control = 3, byte = 6 };

void addPiece(Message &model, const std::string &text, float score, PieceType type) {
  Message piece;
  piece.addBytes(1, text);
  piece.addFloat(2, score);
  piece.addNumber(3, type);
  model.addBytes(1, piece.bytes);
}

} // namespace

std::string makeTokenizer(const std::vector<std::string> &pieces, bool bytes) {
  Message model;
  addPiece(model, "<unk>", 0, unknown);
  addPiece(model, "<s>", 0, control);
  addPiece(model, "</s>", 0, control);
  for (unsigned value = 0; bytes && value < 256; ++value) {
    char name[8];
    snprintf(name, sizeof(name), "<0x%02X>", value);
    addPiece(model, name, 0, byte);
  }
  float score = 0;
  for (const std::string &piece : pieces)
    addPiece(model, piece, score -= 1, normal);
  Message trainer;
  trainer.addNumber(3, 2); // model_type: BPE
  trainer.addNumber(35, bytes);
  model.addBytes(2, trainer.bytes);
  Message normalizer;
  normalizer.addBytes(1, "identity");
  normalizer.addNumber(3, 0); // add_dummy_prefix
  normalizer.addNumber(4, 0); // remove_extra_whitespaces
  normalizer.addNumber(5, 1); // escape_whitespaces
  model.addBytes(3, normalizer.bytes);
  return model.bytes;
}

} // namespace yoco::test
