// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/common/Runtime.h"

#include "tools/common/Progress.h"

#include <stdexcept>

namespace yoco::tools {

constexpr size_t kErrorBytes = 2048;

void check(yoco_session *session, yoco_status status) {
  if (status != YOCO_OK)
    throw std::runtime_error(yoco_session_last_error(session));
}

ModelPointer openModel(const std::string &path, yoco_verify verify, uint32_t threads) {
  yoco_model_options options = {};
  options.struct_size = sizeof(options);
  options.verify = verify;
  options.threads = threads;
  yoco_model *model = nullptr;
  char error[kErrorBytes];
  if (yoco_model_open_file(path.c_str(), &options, &model, error, sizeof(error)) != YOCO_OK)
    throw std::runtime_error(error);
  return ModelPointer(model);
}

SessionPointer createSession(const std::string &path, yoco_model *model, yoco_session_options options) {
  ProgressBar bar;
  bar.watch(options);
  yoco_session *session = nullptr;
  char error[kErrorBytes];
  if (yoco_session_create(model, &options, &session, error, sizeof(error)) != YOCO_OK)
    throw std::runtime_error(path + ": " + error);
  return SessionPointer(session);
}

yoco_model_info getInfo(const yoco_model *model) {
  yoco_model_info info = {};
  info.struct_size = sizeof(info);
  yoco_model_get_info(model, &info);
  return info;
}

yoco_session_stats getStats(const yoco_session *session) {
  yoco_session_stats stats = {};
  stats.struct_size = sizeof(stats);
  yoco_session_get_stats(session, &stats);
  return stats;
}

} // namespace yoco::tools
