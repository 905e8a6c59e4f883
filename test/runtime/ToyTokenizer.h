// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SentencePiece models written by hand.

#ifndef YOCO_TEST_RUNTIME_TOYTOKENIZER_H
#define YOCO_TEST_RUNTIME_TOYTOKENIZER_H

#include <string>
#include <vector>

namespace yoco::test {

/// A serialized BPE model: `<unk>`, `<s>`, `</s>`, with `bytes` the 256 byte
/// pieces `<0x00>` to `<0xFF>`, and then `pieces`, the likelier the earlier. A
/// space is part of a piece, as `\xE2\x96\x81`.
std::string makeTokenizer(const std::vector<std::string> &pieces, bool bytes);

} // namespace yoco::test

#endif // YOCO_TEST_RUNTIME_TOYTOKENIZER_H
