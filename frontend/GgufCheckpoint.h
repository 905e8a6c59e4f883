// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A GGUF file as the Hugging Face checkpoint that it was made from, so that the same family imports both: the metadata
// as fields of its configuration, the tensors under its names. Messages are translated back.

#ifndef YOCO_FRONTEND_GGUFCHECKPOINT_H
#define YOCO_FRONTEND_GGUFCHECKPOINT_H

#include "frontend/Gguf.h"
#include "frontend/gguf/Architecture.h"

namespace mlir::yoco {

class GgufCheckpoint {
public:
  static llvm::Expected<std::unique_ptr<GgufCheckpoint>> open(llvm::StringRef path);

  /// The equivalent of config.json.
  llvm::json::Object takeConfig() { return std::move(config); }

  /// By the names of Hugging Face. A tensor that has none there keeps its own.
  const TensorMap &getTensors() const { return tensors; }

  /// The name that the file has, or would have, for a tensor.
  std::string getStoredName(llvm::StringRef name) const;

  /// A message about fields of the configuration, as one about keys of the file.
  std::string translateMessage(llvm::StringRef message) const;

  /// A SentencePiece model; empty when the file's tokenizer is none.
  llvm::StringRef getTokenizer() const { return tokenizer; }

  /// What the file holds and the model will not, on one line; empty: nothing.
  std::string getWarning() const;

private:
  explicit GgufCheckpoint(std::unique_ptr<Gguf> file) : file(std::move(file)) {}
  llvm::Error translate();
  llvm::Error checkFile();
  llvm::Error translateFields();
  llvm::Error translateHeadWidth();
  llvm::Error translateVocabulary();
  llvm::Error translateRope();
  llvm::Error checkUnknownKeys() const;
  llvm::Error translateTensors();
  llvm::Error addTensor(llvm::StringRef stored, Tensor tensor, bool isWidened);
  llvm::Error pairHeads(llvm::StringRef stored, Tensor &tensor);

  const GgufField *findField(llvm::StringRef key) const;
  const GgufValue *findOwn(llvm::StringRef key) const;
  bool isNull(llvm::StringRef field) const;
  std::string getKey(llvm::StringRef key) const;
  llvm::Error fail(llvm::StringRef key, const llvm::Twine &message) const;

  std::unique_ptr<Gguf> file;
  const GgufArchitecture *architecture = nullptr;
  llvm::json::Object config;
  int64_t headWidth = 0; // 0: the configuration makes no sense
  TensorMap tensors;
  std::string tokenizer, noTokenizer; // the model, or why there is none
  std::vector<std::vector<char>> reordered; // bytes of tensors that are not used as they are stored
};

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_GGUFCHECKPOINT_H
