// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The calls of a session with vectors instead of pointers; every one is expected to succeed.

#ifndef YOCO_TEST_RUNTIME_SESSIONCALLS_H
#define YOCO_TEST_RUNTIME_SESSIONCALLS_H

#include "test/runtime/ToyModel.h"

#include <gtest/gtest.h>

namespace yoco::test {

using Ids = std::vector<int32_t>;

inline void expectOk(yoco_session *session, yoco_status status) {
  EXPECT_EQ(status, YOCO_OK) << yoco_session_last_error(session);
}

inline void prefill(yoco_session *session, int32_t slot, const Ids &ids) {
  expectOk(session, yoco_session_prefill(session, slot, ids.data(), ids.size()));
}

inline std::vector<float> decode(yoco_session *session, const Ids &slots, const Ids &ids) {
  std::vector<float> logits(slots.size() * kToyVocabulary);
  expectOk(session, yoco_session_decode(session, slots.data(), ids.data(), ids.size(), logits.data()));
  return logits;
}

inline Ids decodeGreedy(yoco_session *session, const Ids &slots, const Ids &ids) {
  Ids next(slots.size(), -2);
  expectOk(session, yoco_session_decode_greedy(session, slots.data(), ids.data(), ids.size(), next.data()));
  return next;
}

inline std::vector<float> prompt(yoco_session *session, int32_t slot, const Ids &ids) {
  std::vector<float> logits(kToyVocabulary);
  expectOk(session, yoco_session_prompt(session, slot, ids.data(), ids.size(), logits.data()));
  return logits;
}

inline std::vector<float> score(yoco_session *session, int32_t slot, const Ids &ids) {
  std::vector<float> logits;
  auto append = [](void *user, size_t first, size_t rows, const float *values) {
    auto &all = *static_cast<std::vector<float> *>(user);
    EXPECT_EQ(all.size(), first * kToyVocabulary);
    all.insert(all.end(), values, values + rows * kToyVocabulary);
    return 0;
  };
  expectOk(session, yoco_session_score(session, slot, ids.data(), ids.size(), append, &logits));
  return logits;
}

inline uint64_t position(yoco_session *session, int32_t slot) {
  uint64_t result = UINT64_MAX;
  expectOk(session, yoco_session_position(session, slot, &result));
  return result;
}

inline Ids concatenate(Ids a, const Ids &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

} // namespace yoco::test

#endif // YOCO_TEST_RUNTIME_SESSIONCALLS_H
