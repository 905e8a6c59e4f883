// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file of the format's version as it was first written: every runtime reads it.

#include "test/runtime/ToyModel.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace yoco::test;

extern "C" uint32_t yocoApiVersionSeenFromC(void);

namespace {

// Written by GoldenTest.write of the time; the kernels in it are code for
// x86-64.
TEST(GoldenTest, version2) {
  std::string bytes = readFile(YOCO_GOLDEN_FILES "/toy-v2.yoco");
  FileBytes file(bytes.size());
  memcpy(file.data(), bytes.data(), bytes.size());
  Opened model(file);
  ASSERT_EQ(model.status, YOCO_OK) << model.error;
#if defined(__x86_64__)
  OpenedSession session(model.model);
  ASSERT_EQ(session.status, YOCO_OK) << session.error;
  std::vector<float> logits(kToyVocabulary);
  std::vector<int32_t> ids = toyIds(20);
  ASSERT_EQ(yoco_session_prompt(session, 0, ids.data(), ids.size(), logits.data()), YOCO_OK);
  EXPECT_EQ(logits, toyLogits(ids));
#endif
}

// Writes what a new format version adds to golden/: set YOCO_WRITE_GOLDEN to
// the file's name.
TEST(GoldenTest, write) {
  if (const char *path = getenv("YOCO_WRITE_GOLDEN"))
    writeFile(path, ToyModel().build());
}

TEST(CHeaderTest, compilesAsC99) { EXPECT_EQ(yocoApiVersionSeenFromC(), uint32_t(YOCO_API_VERSION)); }

TEST(CHeaderTest, versions) {
  EXPECT_EQ(yoco_api_version(), uint32_t(YOCO_API_VERSION));
  EXPECT_STREQ(yoco_version(), "0.1.0");
}

} // namespace
