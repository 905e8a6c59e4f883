// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the tests of DeviceConformance.cpp share: the model under test, sessions whose calls are expected to succeed,
// and when two rows of logits are the same.

#ifndef YOCO_TEST_RUNTIME_CONFORMANCESUBJECT_H
#define YOCO_TEST_RUNTIME_CONFORMANCESUBJECT_H

#include "yoco/yoco.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

namespace yoco::test {

using Ids = std::vector<int32_t>;
using Logits = std::vector<float>;

constexpr uint32_t kSteps = 6; // decoded after every prompt

/// What the command line says, and the opened model.
struct Subject {
  std::string path, device;
  yoco_model *model = nullptr;
  yoco_model_info info = {};
  yoco_variant_info variant = {};
  uint32_t variantIndex = 0;
  double largest = 0; // relative difference seen

  bool isHost() const { return std::string(variant.device) == "host"; }
  /// Norm of a difference over the norm, at most. GPUs approximate exponentials, and neither of two ways to compute
  /// a row is exact: in bf16 each is within 3e-2 for texts that mean nothing to a model.
  double bound() const {
    if (std::string(variant.compute_type) != "f32")
      return 6e-2;
    return isHost() ? 2e-5 : 1e-3;
  }
  size_t vocabulary() const { return info.vocabulary_size; }
};
inline Subject subject;

/// Memory that the test can see: everything a session on the host holds.
struct Memory {
  std::map<void *, size_t> allocations;

  static void *allocate(void *user, size_t size, size_t alignment) {
    void *memory = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (!memory)
      return nullptr;
    std::memset(memory, 0xff, size);
    static_cast<Memory *>(user)->allocations[memory] = size;
    return memory;
  }
  static void deallocate(void *user, void *memory, size_t) {
    static_cast<Memory *>(user)->allocations.erase(memory);
    std::free(memory);
  }
  void poison() {
    for (auto &[memory, size] : allocations)
      std::memset(memory, 0xff, size);
  }
  uint64_t bytes() const {
    uint64_t sum = 0;
    for (auto &[memory, size] : allocations)
      sum += size;
    return sum;
  }
};

class Session {
public:
  explicit Session(yoco_bounds bounds = {}, bool graphs = true, uint32_t entries = 0) {
    allocator = {Memory::allocate, Memory::deallocate, &memory};
    yoco_session_options options = {};
    options.struct_size = sizeof(options);
    options.device = subject.device.empty() ? nullptr : subject.device.c_str();
    options.bounds = bounds;
    options.entries = entries;
    options.allocator = &allocator;
    options.no_graphs = !graphs;
    char error[1024] = "";
    EXPECT_EQ(yoco_session_create(subject.model, &options, &session, error, sizeof(error)), YOCO_OK) << error;
    if (!session)
      std::exit(1); // nothing below would make sense
  }
  Session(const Session &) = delete;
  ~Session() { yoco_session_destroy(session); }
  operator yoco_session *() const { return session; }

  void expectOk(yoco_status status) { EXPECT_EQ(status, YOCO_OK) << yoco_session_last_error(session); }

  Logits decode(const Ids &slots, const Ids &ids) {
    Logits logits(slots.size() * subject.vocabulary(), std::nanf(""));
    expectOk(yoco_session_decode(session, slots.data(), ids.data(), slots.size(), logits.data()));
    return logits;
  }
  Ids decodeGreedy(const Ids &slots, const Ids &ids) {
    Ids next(slots.size(), -1);
    expectOk(yoco_session_decode_greedy(session, slots.data(), ids.data(), slots.size(), next.data()));
    return next;
  }
  Logits prompt(int32_t slot, const Ids &ids) {
    Logits logits(subject.vocabulary(), std::nanf(""));
    expectOk(yoco_session_prompt(session, slot, ids.data(), ids.size(), logits.data()));
    return logits;
  }
  void prefill(int32_t slot, const Ids &ids) { expectOk(yoco_session_prefill(session, slot, ids.data(), ids.size())); }
  Logits score(int32_t slot, const Ids &ids) {
    Logits all;
    auto collect = [](void *user, size_t, size_t rows, const float *logits) {
      auto &all = *static_cast<Logits *>(user);
      all.insert(all.end(), logits, logits + rows * subject.vocabulary());
      return 0;
    };
    expectOk(yoco_session_score(session, slot, ids.data(), ids.size(), collect, &all));
    return all;
  }
  void reset(int32_t slot) { expectOk(yoco_session_reset(session, slot)); }
  uint64_t position(int32_t slot) {
    uint64_t position = UINT64_MAX;
    expectOk(yoco_session_position(session, slot, &position));
    return position;
  }

  Memory memory;

private:
  yoco_allocator allocator;
  yoco_session *session = nullptr;
};

/// A row of logits; NaNs do not pass.
inline void expectClose(const float *actual, const float *expected) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < subject.vocabulary(); ++i) {
    difference += std::pow(double(actual[i]) - double(expected[i]), 2);
    norm += std::pow(double(expected[i]), 2);
  }
  double relative = std::sqrt(difference / norm);
  EXPECT_LE(relative, subject.bound());
  if (relative > subject.largest)
    subject.largest = relative;
}

inline void expectClose(const Logits &actual, const Logits &expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t row = 0; row < actual.size(); row += subject.vocabulary())
    expectClose(&actual[row], &expected[row]);
}

} // namespace yoco::test

#endif // YOCO_TEST_RUNTIME_CONFORMANCESUBJECT_H
