// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-run/Run.h"

#include <nlohmann/json.hpp>

using namespace yoco::tools;

namespace yoco::run {

using Json = nlohmann::ordered_json;

static void addRate(Json &json, const std::string &name, uint64_t tokens, double seconds) {
  json[name + "_tokens"] = tokens;
  json[name + "_seconds"] = seconds;
  json[name + "_tokens_per_second"] = seconds > 0 ? Json(double(tokens) / seconds) : Json(nullptr);
}

std::string statsJson(const yoco_session *session, size_t promptTokens, size_t newTokens) {
  yoco_session_stats stats = getStats(session);
  Json json;
  json["device"] = stats.device;
  json["target"] = stats.target;
  json["device_description"] = stats.device_description;
  json["threads"] = stats.threads;
  json["load_seconds"] = stats.load_seconds;
  json["prompt_tokens"] = promptTokens;
  json["new_tokens"] = newTokens;
  addRate(json, "prefill", stats.prefill_tokens, stats.prefill_seconds);
  addRate(json, "decode", stats.decode_tokens, stats.decode_seconds);
  addRate(json, "score", stats.score_tokens, stats.score_seconds);
  addRate(json, "extend", stats.extend_tokens, stats.extend_seconds);
  json["bytes_held"] = {{"persistent", stats.persistent_bytes}, {"scratch", stats.scratch_bytes}};
  if (stats.device_weight_bytes != 0) // on the host, weights are the mapped file
    json["bytes_held"].update({{"weights", stats.device_weight_bytes}, {"staging", stats.staging_bytes}});
  if (stats.host_weight_bytes != 0)
    json["bytes_held"]["weights_on_host"] = stats.host_weight_bytes;
  json["bytes_held"]["total"] = stats.persistent_bytes + stats.scratch_bytes + stats.device_weight_bytes +
                                stats.host_weight_bytes + stats.staging_bytes;
  json["weight_bytes"] = stats.weight_bytes;
  json["kv_bytes_per_token"] = stats.kv_bytes_per_token;
  json["bounds"] = {{"max_seq_len", stats.bounds.max_sequence_length},
                    {"max_batch", stats.bounds.max_batch},
                    {"prefill_chunk", stats.bounds.prefill_chunk},
                    {"wanted_rows", stats.bounds.wanted_rows}};
  return json.dump();
}

} // namespace yoco::run
