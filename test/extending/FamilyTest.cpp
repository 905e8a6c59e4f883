// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The toy family through the whole compiler and the runtime: nothing but the list of families knows about it.

#include "ToyFamily.h"
#include "compiler/Compile.h"
#include "yoco/yoco.h"
#include "llvm/Support/FileSystem.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mlir::yoco;
using ::testing::HasSubstr;

namespace {

class FamilyTest : public ::testing::Test {
protected:
  void SetUp() override {
    llvm::SmallString<128> path;
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("yoco-family", path));
    folder = path.str().str();
    std::error_code code;
    llvm::raw_fd_ostream(folder + "/config.json", code)
        << R"({"model_type": "toy-pairs", "width": 16, "vocab_size": 40, "max_position_embeddings": 64})";
    ASSERT_FALSE(code);
    options.randomWeights = 1;
    options.families = {getToyFamily()};
    options.prefillChunk = 4;
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  std::string folder;
  CompileOptions options;
};

TEST_F(FamilyTest, IsKnownOnlyWhereItIsAdded) {
  options.families.clear();
  EXPECT_THAT(llvm::toString(compile(folder, "", options)), HasSubstr("field 'model_type': expected one of "));
}

TEST_F(FamilyTest, TwoPairsAreSharedAndPrefillEndsBeforeTheirReaders) {
  options.explainDemand = true;
  std::string text;
  ASSERT_EQ(llvm::toString(compile(folder, "", options, &text)), "");
  EXPECT_THAT(text, ::testing::ContainsRegex("cross.0 +none +all"));
  EXPECT_THAT(text, ::testing::ContainsRegex("cross.1 +none +all"));
  EXPECT_THAT(text, ::testing::ContainsRegex("pairs +all +all"));
}

/// The logits after `ids`, whose last `decoded` tokens come one at a time.
std::vector<float> evaluate(yoco_model *model, llvm::ArrayRef<int32_t> ids, size_t decoded) {
  char error[512] = "";
  yoco_session *session = nullptr;
  EXPECT_EQ(yoco_session_create(model, nullptr, &session, error, sizeof(error)), YOCO_OK) << error;
  std::vector<float> logits(40);
  size_t prompt = ids.size() - decoded;
  EXPECT_EQ(yoco_session_prompt(session, 0, ids.data(), prompt, logits.data()), YOCO_OK);
  int32_t slot = 0;
  for (int32_t id : ids.drop_front(prompt))
    EXPECT_EQ(yoco_session_decode(session, &slot, &id, 1, logits.data()), YOCO_OK);
  yoco_session_destroy(session);
  return logits;
}

TEST_F(FamilyTest, RunsTheSameInPiecesAsAtOnce) {
  std::string file = folder + "/model.yoco";
  ASSERT_EQ(llvm::toString(compile(folder, file, options)), "");
  char error[512] = "";
  yoco_model *model = nullptr;
  ASSERT_EQ(yoco_model_open_file(file.c_str(), nullptr, &model, error, sizeof(error)), YOCO_OK) << error;
  const int32_t ids[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8};
  std::vector<float> whole = evaluate(model, ids, 0);
  EXPECT_GT(*std::max_element(whole.begin(), whole.end()), *std::min_element(whole.begin(), whole.end()));
  for (size_t decoded : {1, 5, 11})
    EXPECT_THAT(evaluate(model, ids, decoded), ::testing::Pointwise(::testing::FloatNear(1e-5f), whole)) << decoded;
  yoco_model_destroy(model);
}

} // namespace
