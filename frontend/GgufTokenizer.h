// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tokenizer of a GGUF file, as far as it is one of SentencePiece's, which a model file can hold.

#ifndef YOCO_FRONTEND_GGUFTOKENIZER_H
#define YOCO_FRONTEND_GGUFTOKENIZER_H

#include "frontend/Gguf.h"

namespace mlir::yoco {

/// The file tokenizer.model that the metadata `tokenizer.ggml.*` were made from, or one that does the same. The error
/// says why there is none: "the tokenizer is of type gpt2".
llvm::Expected<std::string> makeSentencePieceModel(const Gguf &file);

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_GGUFTOKENIZER_H
