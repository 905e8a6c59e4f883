// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-diff/Execution.h"

#include <algorithm>
#include <exception>
#include <stdexcept>

using namespace yoco::tools;

namespace yoco::diff {

Execution::Execution(const std::string &path, ModelPointer given, const Arguments &arguments, size_t tokens)
    : model(std::move(given)) {
  yoco_model_info info = getInfo(model.get());
  columns = info.vocabulary_size;
  fileBounds = info.bounds;
  if (tokens > fileBounds.max_sequence_length)
    throw std::runtime_error("--tokens: " + std::to_string(tokens) + " tokens are above the file's bound of " +
                             std::to_string(fileBounds.max_sequence_length) +
                             "; compile the model with a larger --max-seq-len");
  yoco_session_options options = {};
  options.struct_size = sizeof(options);
  options.device = arguments.device.empty() ? nullptr : arguments.device.c_str();
  options.threads = arguments.threads;
  options.bounds.max_sequence_length = tokens;
  options.bounds.max_batch = 1;
  options.bounds.wanted_rows = std::min(fileBounds.wanted_rows, uint64_t(tokens));
  session = createSession(path, model.get(), options);
  yoco_session_stats stats = getStats(session.get());
  target = stats.target;
  device = stats.device;
  for (uint32_t i = 0; i < info.variant_count; ++i) {
    yoco_variant_info found = {};
    found.struct_size = sizeof(found);
    if (yoco_model_get_variant(model.get(), i, nullptr, &found, nullptr, 0) == YOCO_OK && found.target == target) {
      variant = i;
      computeType = found.compute_type;
    }
  }
}

void Execution::run(Entry entry, const std::vector<int32_t> &tokens, const RowFn &take) {
  check(session.get(), yoco_session_reset(session.get(), 0));
  return entry == Entry::score ? score(tokens, take) : decode(tokens, take);
}

namespace {
/// Where the runtime's callback hands rows on; exceptions do not pass through the runtime.
struct Sink {
  const Execution::RowFn &take;
  size_t columns;
  std::exception_ptr failure;
};
} // namespace

void Execution::score(const std::vector<int32_t> &tokens, const RowFn &take) {
  Sink sink{take, columns, nullptr};
  auto callback = [](void *user, size_t first, size_t rows, const float *logits) {
    auto &sink = *static_cast<Sink *>(user);
    try {
      for (size_t i = 0; i < rows; ++i)
        sink.take(first + i, logits + i * sink.columns);
      return 0;
    } catch (...) {
      sink.failure = std::current_exception();
      return 1;
    }
  };
  yoco_status status = yoco_session_score(session.get(), 0, tokens.data(), tokens.size(), callback, &sink);
  if (sink.failure)
    std::rethrow_exception(sink.failure);
  check(session.get(), status);
}

void Execution::decode(const std::vector<int32_t> &tokens, const RowFn &take) {
  const int32_t slot = 0;
  std::vector<float> logits(columns);
  for (size_t row = 0; row < tokens.size(); ++row) {
    check(session.get(), yoco_session_decode(session.get(), &slot, &tokens[row], 1, logits.data()));
    take(row, logits.data());
  }
}

void Execution::prompt(const std::vector<int32_t> &tokens, const RowFn &take) {
  std::vector<float> logits(columns);
  check(session.get(), yoco_session_reset(session.get(), 0));
  check(session.get(), yoco_session_prompt(session.get(), 0, tokens.data(), tokens.size(), logits.data()));
  take(tokens.size() - 1, logits.data());
}

} // namespace yoco::diff
