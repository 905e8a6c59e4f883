// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-diff/Report.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace yoco::diff {

const LayerReport *Report::getFirstLayer() const {
  auto it = std::find_if(layers.begin(), layers.end(), [&](auto &layer) { return diverges(layer.worst.error); });
  return it == layers.end() ? nullptr : &*it;
}

bool Report::agrees() const {
  return weights.empty() && !getFirstLayer() &&
         std::none_of(logits.begin(), logits.end(), [&](auto &each) { return diverges(each.error.error); });
}

//===- Tables ------------------------------------------------------------------------------------------------===//

[[gnu::format(printf, 1, 2)]] static std::string format(const char *text, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, text);
  vsnprintf(line, sizeof(line), text, arguments);
  va_end(arguments);
  return line;
}

static std::string showWeights(const Report &report) {
  std::string text = "weights: " + std::to_string(report.comparedParameters) +
                     " parameters compared with the checkpoint, " +
                     (report.weights.empty() ? "all equal" : std::to_string(report.weights.size()) + " differ") + "\n";
  for (const WeightReport &weight : report.weights)
    text += "  " + weight.tensor + ": " + std::to_string(weight.differing) + " of " + std::to_string(weight.count) +
            " numbers differ, by up to " + format("%.3g", weight.largest) + "; read by " + weight.operation + " of " +
            weight.layer + "\n";
  if (!report.notCompared.empty())
    text += "  not compared: " + std::to_string(report.notCompared.size()) +
            " parameters, which another compiler or other options laid out, " + report.notCompared.front() +
            " among them\n";
  return text;
}

static std::string showLogits(const Report &report) {
  std::string text = "\nlogits   rows      error  worst row    mean KL largest KL  same choice\n";
  for (const LogitsReport &each : report.logits)
    text += format("%-7s %5zu  %9.2e  %9.2e  %9.2e  %9.2e  %zu\n", each.entry.c_str(), each.error.rows,
                   each.error.error.whole, each.error.error.worst, each.error.meanDivergence,
                   each.error.largestDivergence, each.error.equalChoices);
  return text;
}

static std::string showLayers(const Report &report, const std::vector<LayerReport> &layers, bool isOperations) {
  size_t width = 5;
  auto getName = [&](const LayerReport &layer) {
    return isOperations ? layer.worst.operation : layer.worst.layer;
  };
  for (const LayerReport &layer : layers)
    width = std::max(width, getName(layer).size());
  std::string text = format("%-*s  columns      error  worst row  (row)%s\n", int(width),
                            isOperations ? "operation" : "layer", isOperations ? "" : "  made by");
  for (const LayerReport &layer : layers) {
    text += format("%-*s  %7zu  %9.2e  %9.2e  %5zu", int(width), getName(layer).c_str(), layer.worst.columns,
                   layer.worst.error.whole, layer.worst.error.worst, layer.worst.error.row);
    if (!isOperations)
      text += "  " + layer.worst.operation;
    text += report.diverges(layer.worst.error) ? "  diverges\n" : "\n";
  }
  return text;
}

static std::string showDivergence(const Report &report) {
  const LayerReport *layer = report.getFirstLayer();
  if (!layer) {
    if (report.agrees())
      return "\nall agree within " + format("%g", report.tolerance) + "\n";
    return std::string("\nno layer diverges") +
           (report.sameBits ? "\n"
                            : ", but the file's own logits are others: another compiler or other options made it\n");
  }
  if (!report.divergence)
    return "\nfirst divergence: in " + layer->worst.layer +
           ", none of whose operations diverges when its result is exposed: what fuses them does\n";
  return "\nfirst divergence: " + report.divergence->operation + " of " + report.divergence->layer + "\n";
}

std::string showTables(const Report &report) {
  std::string text = report.target + " in " + report.computeType + ", " + std::to_string(report.tokens) +
                     " tokens, tolerance " + format("%g", report.tolerance) + "\n";
  text += showWeights(report) + showLogits(report);
  text += "\nlayers in @" + report.entry + ", exposed; logits beside them are " +
          (report.sameBits ? "the file's to the bit\n" : "not the file's to the bit\n");
  text += showLayers(report, report.layers, /*isOperations=*/false);
  if (!report.operations.empty())
    text += "\noperations of " + report.operations.front().worst.layer + ", all exposed\n" +
            showLayers(report, report.operations, /*isOperations=*/true);
  return text + showDivergence(report);
}

//===- JSON --------------------------------------------------------------------------------------------------===//

using Json = nlohmann::ordered_json;

static Json makeJson(const ValueReport &value) {
  return {{"layer", value.layer},
          {"operation", value.operation},
          {"columns", value.columns},
          {"error", value.error.whole},
          {"worst_row_error", value.error.worst},
          {"worst_row", value.error.row}};
}

static Json makeJson(const std::vector<LayerReport> &layers) {
  Json list = Json::array();
  for (const LayerReport &layer : layers) {
    list.push_back(makeJson(layer.worst));
    list.back()["values"] = layer.values;
  }
  return list;
}

static Json makeWeights(const Report &report) {
  Json differences = Json::array();
  for (const WeightReport &weight : report.weights)
    differences.push_back({{"tensor", weight.tensor},
                           {"parameter", weight.parameter},
                           {"layer", weight.layer},
                           {"operation", weight.operation},
                           {"numbers", weight.count},
                           {"differing", weight.differing},
                           {"largest_difference", weight.largest}});
  return {{"compared", report.comparedParameters}, {"differences", differences}, {"not_compared", report.notCompared}};
}

std::string showJson(const Report &report) {
  Json logits = Json::array();
  for (const LogitsReport &each : report.logits)
    logits.push_back({{"entry", each.entry},
                      {"rows", each.error.rows},
                      {"error", each.error.error.whole},
                      {"worst_row_error", each.error.error.worst},
                      {"worst_row", each.error.error.row},
                      {"mean_kl", each.error.meanDivergence},
                      {"largest_kl", each.error.largestDivergence},
                      {"same_choice", each.error.equalChoices}});
  Json json = {{"checkpoint", report.checkpoint},
               {"model", report.model},
               {"device", report.device},
               {"target", report.target},
               {"compute_type", report.computeType},
               {"tokens", report.tokens},
               {"tolerance", report.tolerance},
               {"agrees", report.agrees()},
               {"weights", makeWeights(report)},
               {"logits", logits},
               {"entry", report.entry},
               {"same_bits", report.sameBits},
               {"layers", makeJson(report.layers)},
               {"operations", makeJson(report.operations)},
               {"first_divergence", report.divergence ? makeJson(*report.divergence) : Json()}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace yoco::diff
