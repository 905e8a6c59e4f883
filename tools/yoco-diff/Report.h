// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What yoco-diff has found, as tables and as JSON.

#ifndef YOCO_TOOLS_YOCODIFF_REPORT_H
#define YOCO_TOOLS_YOCODIFF_REPORT_H

#include "tools/yoco-diff/Errors.h"

#include <optional>
#include <string>
#include <vector>

namespace yoco::diff {

/// A value of the model.
struct ValueReport {
  std::string layer, operation;
  size_t columns = 0;
  RelativeError error;
};

/// A layer, or an operation of one: the value that is furthest off of those that it ends with.
struct LayerReport {
  ValueReport worst;
  size_t values = 0;
};

struct LogitsReport {
  std::string entry;
  LogitsError error;
};

struct WeightReport {
  std::string parameter, tensor;
  std::string layer, operation; // the first that reads it
  size_t count = 0, differing = 0;
  double largest = 0;
};

struct Report {
  std::string checkpoint, model, device, target, computeType, entry;
  size_t tokens = 0;
  double tolerance = 0;

  size_t comparedParameters = 0;
  std::vector<WeightReport> weights; // those that differ
  std::vector<std::string> notCompared;

  std::vector<LogitsReport> logits; // of the file

  bool sameBits = false; // logits with layers exposed, and those of the file
  std::vector<LayerReport> layers;
  std::vector<LayerReport> operations;  // of the first layer that diverges
  std::optional<ValueReport> divergence; // the first operation that does

  bool diverges(const RelativeError &error) const { return !(error.whole <= tolerance); }
  const LayerReport *getFirstLayer() const;
  /// Whether everything is the same within the tolerance.
  bool agrees() const;
};

std::string showTables(const Report &report);
std::string showJson(const Report &report);

} // namespace yoco::diff

#endif // YOCO_TOOLS_YOCODIFF_REPORT_H
