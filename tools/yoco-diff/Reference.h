// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The checkpoint's side: its model, and what the interpreter says that it computes.

#ifndef YOCO_TOOLS_YOCODIFF_REFERENCE_H
#define YOCO_TOOLS_YOCODIFF_REFERENCE_H

#include "compiler/Probes.h"
#include "compiler/interpreter/Interpreter.h"

#include <optional>
#include <stdexcept>
#include <vector>

namespace yoco::diff {

/// The value; throws the error as std::runtime_error.
template <typename T>
T unwrap(llvm::Expected<T> value) {
  if (!value)
    throw std::runtime_error(llvm::toString(value.takeError()));
  return std::move(*value);
}
inline void unwrap(llvm::Error error) {
  if (error)
    throw std::runtime_error(llvm::toString(std::move(error)));
}

class Reference {
public:
  /// Imports the checkpoint in the folder `input`, with generated weights when there is a seed; or parses the module in
  /// phase `model` that is there.
  Reference(const std::string &input, std::optional<uint64_t> seed, uint32_t threads);

  /// Phase `model`, flat.
  mlir::ModuleOp getModule() const { return *module; }
  mlir::func::FuncOp getForward() const;
  llvm::ArrayRef<mlir::yoco::ModelLayer> getLayers() const { return layers; }
  mlir::Value getLogitsValue() const { return getForward().front().getTerminator()->getOperand(0); }
  uint64_t getVocabulary() const { return uint64_t(mlir::yoco::getRowSize(getLogitsValue())); }
  /// Throws std::runtime_error when the model file at `path` cannot be of this checkpoint.
  void expectVocabulary(const std::string &path, uint64_t vocabulary) const;
  /// What layers end with, the logits aside, in order.
  llvm::SmallVector<mlir::Value> getLayerValues() const;
  uint32_t getThreads() const { return threads; }

  /// Evaluates @forward; keeps its logits, and `values` in the place of those of the last run.
  void run(const std::vector<int32_t> &tokens, llvm::ArrayRef<mlir::Value> values);
  const mlir::yoco::Array &getLogits() const { return logits; }
  const mlir::yoco::Array &get(mlir::Value value) const { return kept.find(value)->second; }

private:
  std::string input;
  mlir::MLIRContext context;
  uint32_t threads;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  llvm::SmallVector<mlir::yoco::ModelLayer> layers;
  mlir::yoco::Array logits;
  llvm::DenseMap<mlir::Value, mlir::yoco::Array> kept;
};

} // namespace yoco::diff

#endif // YOCO_TOOLS_YOCODIFF_REFERENCE_H
