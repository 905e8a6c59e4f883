// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs tokens through the entry points of a model file.

#ifndef YOCO_TOOLS_YOCODIFF_EXECUTION_H
#define YOCO_TOOLS_YOCODIFF_EXECUTION_H

#include "tools/common/Runtime.h"
#include "tools/yoco-diff/Arguments.h"

#include <functional>
#include <string>
#include <vector>

namespace yoco::diff {

/// A model file and a session of it with one slot.
class Execution {
public:
  /// Sessions are as large as `tokens` tokens need. Throws std::runtime_error when they do not fit.
  Execution(const std::string &path, tools::ModelPointer model, const Arguments &arguments, size_t tokens);

  uint64_t getColumns() const { return columns; }
  const yoco_bounds &getFileBounds() const { return fileBounds; }
  /// Of the target that the session runs on.
  uint32_t getVariant() const { return variant; }
  std::string getTarget() const { return target; }
  std::string getComputeType() const { return computeType; }
  std::string getDevice() const { return device; }

  /// Gets the logits of a row.
  using RowFn = std::function<void(size_t row, const float *logits)>;
  void run(Entry entry, const std::vector<int32_t> &tokens, const RowFn &take);
  /// The whole sequence as one prompt; the last row alone.
  void prompt(const std::vector<int32_t> &tokens, const RowFn &take);

private:
  void score(const std::vector<int32_t> &tokens, const RowFn &take);
  void decode(const std::vector<int32_t> &tokens, const RowFn &take);

  tools::ModelPointer model;
  tools::SessionPointer session;
  uint64_t columns = 0;
  yoco_bounds fileBounds = {};
  uint32_t variant = 0;
  std::string target, computeType, device;
};

} // namespace yoco::diff

#endif // YOCO_TOOLS_YOCODIFF_EXECUTION_H
