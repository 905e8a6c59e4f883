// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What yoco-run does with an opened model.

#ifndef YOCO_TOOLS_YOCORUN_RUN_H
#define YOCO_TOOLS_YOCORUN_RUN_H

#include "tools/yoco-run/Arguments.h"
#include "tools/yoco-run/Prompt.h"

#include <memory>
#include <string>
#include <vector>

namespace yoco::run {

struct ModelDeleter {
  void operator()(yoco_model *model) const { yoco_model_destroy(model); }
};
struct SessionDeleter {
  void operator()(yoco_session *session) const {
    yoco_session_destroy(session);
  }
};
using ModelPointer = std::unique_ptr<yoco_model, ModelDeleter>;
using SessionPointer = std::unique_ptr<yoco_session, SessionDeleter>;

/// Throws std::runtime_error with the session's last error unless `status` is
/// OK.
void check(yoco_session *session, yoco_status status);

/// Continues the prompt and prints what is new. Returns the number of new ids.
size_t generate(const Arguments &arguments, const yoco_model_info &info,
                const Tokenizer *tokenizer, const std::vector<int32_t> &prompt,
                uint64_t newTokens, yoco_session *session);

/// Writes the logits of the prompt.
void score(const Arguments &arguments, const yoco_model_info &info,
           const std::vector<int32_t> &prompt, yoco_session *session);

/// The object that --stats prints, on one line.
std::string statsJson(const yoco_session *session, size_t promptTokens,
                      size_t newTokens);

} // namespace yoco::run

#endif // YOCO_TOOLS_YOCORUN_RUN_H
