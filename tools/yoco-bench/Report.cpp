// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-bench/Report.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

namespace yoco::bench {

namespace {

using Json = nlohmann::ordered_json;

double bytesOf(const Phase &phase) {
  const yoco_step_cost &floor = phase.floor;
  return double(floor.weight_bytes + floor.state_read_bytes + floor.state_write_bytes);
}

double operationsOf(const Phase &phase) { return double(phase.floor.linear_operations + phase.floor.mixer_operations); }

/// How much of the time the floor would take at the ceiling; nothing when one of the two is not known.
std::optional<double> ratioOf(double amount, double ceiling, double seconds) {
  if (ceiling <= 0 || seconds <= 0)
    return std::nullopt;
  return amount / ceiling / seconds;
}

std::optional<double> byteRatio(const Report &report, const Phase &phase) {
  return ratioOf(bytesOf(phase), report.ceilings.bytesPerSecond, phase.seconds);
}

std::optional<double> operationRatio(const Report &report, const Phase &phase) {
  return ratioOf(operationsOf(phase), report.ceilings.operationsPerSecond, phase.seconds);
}

Json toJson(std::optional<double> value) { return value ? Json(*value) : Json(nullptr); }

Json phaseJson(const Report &report, const Phase &phase) {
  Json json;
  json["tokens"] = phase.tokens;
  json["seconds"] = phase.seconds;
  json["slowest_over_median"] = phase.spread;
  json["repeats"] = phase.repeats;
  json["tokens_per_second"] = toJson(ratioOf(double(phase.tokens), 1, phase.seconds));
  json["floor"] = {{"weight_bytes", phase.floor.weight_bytes},
                   {"state_read_bytes", phase.floor.state_read_bytes},
                   {"state_write_bytes", phase.floor.state_write_bytes},
                   {"linear_operations", phase.floor.linear_operations},
                   {"mixer_operations", phase.floor.mixer_operations}};
  json["byte_ratio"] = toJson(byteRatio(report, phase));
  json["operation_ratio"] = toJson(operationRatio(report, phase));
  return json;
}

[[gnu::format(printf, 1, 2)]] std::string format(const char *text, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, text);
  vsnprintf(line, sizeof(line), text, arguments);
  va_end(arguments);
  return line;
}

std::string formatRatio(std::optional<double> ratio) { return ratio ? format("%.2f", *ratio) : "-"; }

std::string ceilingsLine(const Ceilings &ceilings) {
  double bytes = ceilings.bytesPerSecond * 1e-9, operations = ceilings.operationsPerSecond * 1e-9;
  if (!ceilings.gpu)
    return format("ceilings: %.1f GB/s read, %.1f GFLOP/s\n", bytes, operations);
  std::string line = format("ceilings: %.1f GB/s copied (read and written)", bytes);
  if (operations > 0)
    line += format(", %.1f GFLOP/s in a product of %llu rows of %llu by %llu", operations,
                   static_cast<unsigned long long>(ceilings.gpu->productRows),
                   static_cast<unsigned long long>(ceilings.gpu->productInputs),
                   static_cast<unsigned long long>(ceilings.gpu->productOutputs));
  return line + "\n";
}

Json ceilingsJson(const Ceilings &ceilings) {
  Json json;
  json[ceilings.gpu ? "copy_bytes_per_second" : "read_bytes_per_second"] = ceilings.bytesPerSecond;
  bool knowsOperations = ceilings.operationsPerSecond > 0;
  json["operations_per_second"] = knowsOperations ? Json(ceilings.operationsPerSecond) : Json(nullptr);
  if (ceilings.gpu && knowsOperations) {
    json["product_rows"] = ceilings.gpu->productRows;
    json["product_inputs"] = ceilings.gpu->productInputs;
    json["product_outputs"] = ceilings.gpu->productOutputs;
  }
  return json;
}

std::string phaseLine(const Report &report, uint64_t context, const char *name, const Phase &phase) {
  return format("%9llu  %-7s %10.3f %12.1f %11.2f %11.3f %8s %8s\n", static_cast<unsigned long long>(context), name,
                phase.seconds * 1e3, double(phase.tokens) / std::max(phase.seconds, 1e-12), bytesOf(phase) * 1e-6,
                operationsOf(phase) * 1e-9, formatRatio(byteRatio(report, phase)).c_str(),
                formatRatio(operationRatio(report, phase)).c_str());
}

} // namespace

std::string makeTable(const Report &report) {
  bool isHost = std::string_view(report.stats.device) == "host";
  std::string text = format("%s on %s, ", report.model.c_str(), report.stats.target);
  text += isHost ? format("%u threads", report.stats.threads) : std::string(report.stats.device_description);
  text += format(", batch %llu", static_cast<unsigned long long>(report.batch));
  if (report.slots != report.batch)
    text += format(" of %llu slots", static_cast<unsigned long long>(report.slots));
  text += "\n";
  text += ceilingsLine(report.ceilings);
  text += format("%9s  %-7s %10s %12s %11s %11s %8s %8s\n", "context", "", "ms", "tokens/s", "floor MB", "floor GFLOP",
                 "of GB/s", "of FLOPs");
  for (const Measurement &measurement : report.measurements) {
    if (measurement.prefill)
      text += phaseLine(report, measurement.context, "prefill", *measurement.prefill);
    text += phaseLine(report, measurement.context, "decode", measurement.decode);
  }
  return text +
         "prefill: all tokens but the last few, one sequence; decode: median of one step of the batch. The last "
         "columns are the\ntime that the floor takes at the ceiling over the time measured; above 1, a cache held "
         "what the floor counts.\n";
}

std::string makeJson(const Report &report) {
  Json json;
  json["model"] = report.model;
  json["device"] = report.stats.device;
  json["target"] = report.stats.target;
  json["threads"] = report.stats.threads;
  json["batch"] = report.batch;
  json["slots"] = report.slots;
  json["prefill_chunk"] = report.stats.bounds.prefill_chunk;
  json["device_description"] = report.stats.device_description;
  json["bytes_held"] = report.stats.persistent_bytes + report.stats.scratch_bytes + report.stats.device_weight_bytes +
                       report.stats.host_weight_bytes + report.stats.staging_bytes;
  json["ceilings"] = ceilingsJson(report.ceilings);
  json["contexts"] = Json::array();
  for (const Measurement &measurement : report.measurements) {
    Json entry;
    entry["context"] = measurement.context;
    entry["prefill"] = measurement.prefill ? phaseJson(report, *measurement.prefill) : Json(nullptr);
    entry["decode"] = phaseJson(report, measurement.decode);
    json["contexts"].push_back(entry);
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace yoco::bench
