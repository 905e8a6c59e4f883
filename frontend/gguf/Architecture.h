// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How GGUF files of one architecture say what checkpoints of Hugging Face transformers say: which key is which field of
// the configuration, and which tensor is which. What architectures have in common stands in Common.cpp; an architecture
// is a small file here and a line in getGgufArchitectures().

#ifndef YOCO_FRONTEND_GGUF_ARCHITECTURE_H
#define YOCO_FRONTEND_GGUF_ARCHITECTURE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace mlir::yoco {

class Gguf;

/// The key `<architecture>.<key>` is the field `field` of the configuration.
struct GgufField {
  llvm::StringLiteral key, field;
  bool isRequired = false; // files that lack it would get the default of the field, which is another
};

/// The tensors `stored` and `name`, both with ".weight" or ".bias" after them, are one; '#' is the number of a layer.
struct GgufTensorName {
  llvm::StringLiteral stored, name;
};

struct GgufArchitecture {
  llvm::StringLiteral name;      // general.architecture
  llvm::StringLiteral modelType; // the family that imports it
  /// Those that it has beside the common ones, or instead of them.
  llvm::ArrayRef<GgufField> fields;
  llvm::ArrayRef<GgufTensorName> tensors;
  /// Keys that do not change the model.
  llvm::ArrayRef<llvm::StringLiteral> ignored;
  /// Whether the rows of queries and keys are stored with the two halves of a head interleaved, as converters do for
  /// architectures whose rotations llama.cpp applies to neighbours.
  bool hasPairedHeads = false;
  /// Completes the configuration with what a table cannot say; null: nothing.
  llvm::Error (*complete)(const Gguf &file, llvm::json::Object &config) = nullptr;
};

/// All of them.
llvm::ArrayRef<const GgufArchitecture *> getGgufArchitectures();

/// Null when there is none of that name.
const GgufArchitecture *findGgufArchitecture(llvm::StringRef name);

/// What plain Transformers have in common.
llvm::ArrayRef<GgufField> getCommonGgufFields();
llvm::ArrayRef<GgufTensorName> getCommonGgufTensors();

// The architectures.

const GgufArchitecture &getLlamaGguf();

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_GGUF_ARCHITECTURE_H
