// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-run/Npy.h"
#include "tools/yoco-run/Run.h"

#include <stdexcept>

using namespace yoco::tools;

namespace yoco::run {

namespace {

/// Where the runtime's callback writes; exceptions do not pass through the
/// runtime.
struct Sink {
  NpyWriter &file;
  size_t columns;
  std::string failure;
};

int writeRows(void *user, size_t, size_t rows, const float *logits) {
  auto &sink = *static_cast<Sink *>(user);
  try {
    sink.file.write(logits, rows * sink.columns);
    return 0;
  } catch (const std::exception &error) {
    sink.failure = error.what();
    return 1;
  }
}

} // namespace

void score(const Arguments &arguments, const yoco_model_info &info, const std::vector<int32_t> &prompt,
           yoco_session *session) {
  NpyWriter file(arguments.logits, prompt.size(), info.vocabulary_size);
  Sink sink{file, info.vocabulary_size, ""};
  yoco_status status = yoco_session_score(session, 0, prompt.data(), prompt.size(), writeRows, &sink);
  if (!sink.failure.empty())
    throw std::runtime_error(sink.failure);
  check(session, status);
  file.finish();
}

} // namespace yoco::run
