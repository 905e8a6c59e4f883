// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Models and sessions of the C API as objects of C++, and its errors as exceptions.

#ifndef YOCO_TOOLS_COMMON_RUNTIME_H
#define YOCO_TOOLS_COMMON_RUNTIME_H

#include "yoco/yoco.h"

#include <memory>
#include <string>

namespace yoco::tools {

struct ModelDeleter {
  void operator()(yoco_model *model) const { yoco_model_destroy(model); }
};
struct SessionDeleter {
  void operator()(yoco_session *session) const { yoco_session_destroy(session); }
};
using ModelPointer = std::unique_ptr<yoco_model, ModelDeleter>;
using SessionPointer = std::unique_ptr<yoco_session, SessionDeleter>;

/// Throws std::runtime_error with the session's last error unless `status` is OK.
void check(yoco_session *session, yoco_status status);

ModelPointer openModel(const std::string &path, yoco_verify verify, uint32_t threads);

/// Shows on a terminal how far the weights are. `path` is for error texts.
SessionPointer createSession(const std::string &path, yoco_model *model, yoco_session_options options);

yoco_model_info getInfo(const yoco_model *model);

yoco_session_stats getStats(const yoco_session *session);

} // namespace yoco::tools

#endif // YOCO_TOOLS_COMMON_RUNTIME_H
