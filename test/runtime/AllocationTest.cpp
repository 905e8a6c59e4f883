// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory that cannot be had: every allocation is made to fail once.

#include "test/runtime/ToyModel.h"

#include <cstdlib>
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace yoco::test;
using testing::HasSubstr;

namespace {

/// Fails at its `failAt`-th call and counts what is out.
struct Meter {
  int calls = 0;
  int failAt = -1;
  long outstanding = 0;

  yoco_allocator allocator() {
    return {[](void *user, size_t size, size_t alignment) -> void * {
              auto &meter = *static_cast<Meter *>(user);
              if (meter.calls++ == meter.failAt)
                return nullptr;
              ++meter.outstanding;
              return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
            },
            [](void *user, void *memory, size_t) {
              --static_cast<Meter *>(user)->outstanding;
              free(memory);
            },
            this};
  }
};

/// Opens the file through a callback and makes a session, all memory from one
/// allocator.
yoco_status openAll(const FileBytes &file, const yoco_allocator &allocator, std::string &text) {
  yoco_model_options modelOptions = {};
  modelOptions.struct_size = sizeof(modelOptions);
  modelOptions.threads = 1;
  modelOptions.allocator = &allocator;
  yoco_model *model = nullptr;
  char error[512] = "";
  auto read = [](void *user, uint64_t offset, void *data, size_t size) {
    memcpy(data, static_cast<const FileBytes *>(user)->data() + offset, size);
    return 0;
  };
  yoco_status status = yoco_model_open_reader(read, const_cast<FileBytes *>(&file), file.size(), &modelOptions, &model,
                                              error, sizeof(error));
  text = error;
  if (status != YOCO_OK)
    return status;
  yoco_session_options options = {};
  options.allocator = &allocator;
  {
    OpenedSession session(model, options);
    status = session.status;
    text = session.error;
  }
  yoco_model_destroy(model);
  return status;
}

TEST(AllocationTest, eachFailureIsAnError) {
  FileBytes file = ToyModel().build();
  Meter counting;
  std::string text;
  ASSERT_EQ(openAll(file, counting.allocator(), text), YOCO_OK) << text;
  EXPECT_EQ(counting.outstanding, 0);
  EXPECT_EQ(counting.calls, 4); // file, generated parameter, two arenas
  const char *const names[] = {"model file", "parameter spread", "arena persistent", "arena scratch"};
  for (int failAt = 0; failAt < counting.calls; ++failAt) {
    Meter meter;
    meter.failAt = failAt;
    EXPECT_EQ(openAll(file, meter.allocator(), text), YOCO_OUT_OF_MEMORY);
    EXPECT_THAT(text, HasSubstr(names[failAt]));
    EXPECT_THAT(text, HasSubstr("bytes of memory cannot be had"));
    EXPECT_EQ(meter.outstanding, 0) << names[failAt];
  }
}

// A plan for more memory than any machine has is sound; a session at these
// bounds is not to be had, a smaller one is.
TEST(AllocationTest, refusesWithNumbers) {
  ToyBounds bounds;
  bounds.seq = INT32_MAX;
  bounds.batch = 1 << 20;
  FileBytes file = ToyModel(bounds).build();
  Opened model(file);
  ASSERT_EQ(model.status, YOCO_OK) << model.error;
  OpenedSession session(model.model);
  EXPECT_EQ(session.status, YOCO_OUT_OF_MEMORY);
  EXPECT_THAT(session.error, HasSubstr("session of 1048576 slots of 2147483647 tokens"));
  EXPECT_THAT(session.error, HasSubstr("arena persistent: 9007199"));
  yoco_session_options options = {};
  options.bounds = {100, 2, 0, 0};
  OpenedSession small(model.model, options);
  EXPECT_EQ(small.status, YOCO_OK) << small.error;
}

TEST(AllocationTest, refusesHalfAnAllocator) {
  FileBytes file = ToyModel().build();
  Opened model(file);
  yoco_allocator half = {};
  half.allocate = [](void *, size_t, size_t) -> void * { return nullptr; };
  yoco_session_options options = {};
  options.allocator = &half;
  OpenedSession session(model.model, options);
  EXPECT_EQ(session.status, YOCO_INVALID_ARGUMENT);
  EXPECT_THAT(session.error, HasSubstr("allocate and deallocate"));
}

TEST(AllocationTest, refusesMisalignedMemory) {
  FileBytes file = ToyModel().build();
  Opened model(file);
  static char memory[1 << 16];
  yoco_allocator odd = {[](void *, size_t, size_t) -> void * { return memory + 1; }, [](void *, void *, size_t) {},
                        nullptr};
  yoco_session_options options = {};
  options.allocator = &odd;
  OpenedSession session(model.model, options);
  EXPECT_EQ(session.status, YOCO_INVALID_ARGUMENT);
  EXPECT_THAT(session.error, HasSubstr("multiple of 64"));
}

} // namespace
