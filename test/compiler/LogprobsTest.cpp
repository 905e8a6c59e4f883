// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Log-probabilities of whole models, compiled and run on the host, against those from all logits. Vocabularies of more
// than one block of logits have generated weights.

#include "compiler/Compile.h"
#include "yoco/yoco.h"
#include "llvm/Support/FileSystem.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>

using namespace mlir::yoco;

namespace {

constexpr uint32_t kBest = YOCO_MOST_BEST;

/// A folder with a configuration of its own, or one of the repository's.
struct Source {
  const char *name, *folder, *config;
};

const Source kSources[] = {
    {"ced", "test/e2e/checkpoints/ced-tiny", nullptr},
    {"llamaRope3", "test/e2e/checkpoints/llama-rope3-tiny", nullptr},
    {"llama", "test/e2e/checkpoints/llama-tiny", nullptr},
    {"gretRandom", "test/e2e/checkpoints/yoco-gret-random", nullptr},
    {"swaRandom", "test/e2e/checkpoints/yoco-swa-random", nullptr},
    {"gret", "examples/yoco-tiny/gret", nullptr},
    {"swa", "examples/yoco-tiny/swa", nullptr},
    {"blocksOfYoco", nullptr,
     R"({"model_type": "yoco", "dim": 64, "n_layers": 2, "hidden_dim": 99, "n_self_heads": 4, "n_attn_heads": 4,
         "n_attn_kv_heads": 2, "vocab_size": 20001, "rope_theta": 10000.0, "norm_eps": 1e-5, "sliding_window": null})"},
    {"blocksOfTiedLlama", nullptr,
     R"({"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_act": "silu", "hidden_size": 64,
         "intermediate_size": 96, "max_position_embeddings": 256, "num_attention_heads": 4, "num_key_value_heads": 2,
         "head_dim": 16, "num_hidden_layers": 2, "rms_norm_eps": 1e-6, "attention_bias": false, "mlp_bias": false,
         "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"}, "tie_word_embeddings": true,
         "vocab_size": 8193, "dtype": "bfloat16"})"},
};

struct Destroy {
  void operator()(yoco_model *model) const { yoco_model_destroy(model); }
  void operator()(yoco_session *session) const { yoco_session_destroy(session); }
};

class LogprobsTest : public testing::TestWithParam<Source> {
protected:
  void SetUp() override {
    llvm::SmallString<128> path;
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("yoco-logprobs", path));
    folder = path.str().str();
    compileModel();
    ASSERT_FALSE(HasFatalFailure());
    open();
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  void compileModel();
  void open();
  void extend(const std::vector<int32_t> &ids, uint64_t wantedFrom, const int32_t *targets, uint32_t best,
              yoco_step_results results);
  void expectRow(const float *logits, int32_t target, const yoco_logprobs &got, const yoco_candidate *best);

  std::string folder;
  std::unique_ptr<yoco_model, Destroy> model;
  std::unique_ptr<yoco_session, Destroy> session;
  uint32_t width = 0; // of the vocabulary
};

void LogprobsTest::compileModel() {
  CompileOptions options;
  options.maxSeqLen = 128;
  std::string source = std::string(YOCO_SOURCE_DIR) + "/" + (GetParam().folder ? GetParam().folder : "");
  if (GetParam().config) {
    std::error_code code;
    llvm::raw_fd_ostream(folder + "/config.json", code) << GetParam().config;
    ASSERT_FALSE(code);
    source = folder;
    options.randomWeights = 1;
  }
  ASSERT_EQ(llvm::toString(compile(source, folder + "/model.yoco", options)), "");
}

void LogprobsTest::open() {
  char error[256] = "";
  yoco_model *opened = nullptr;
  ASSERT_EQ(yoco_model_open_file((folder + "/model.yoco").c_str(), nullptr, &opened, error, sizeof(error)), YOCO_OK)
      << error;
  model.reset(opened);
  yoco_model_info info = {};
  info.struct_size = sizeof(info);
  ASSERT_EQ(yoco_model_get_info(opened, &info), YOCO_OK);
  width = info.vocabulary_size;
  yoco_session *created = nullptr;
  ASSERT_EQ(yoco_session_create(opened, nullptr, &created, error, sizeof(error)), YOCO_OK) << error;
  session.reset(created);
}

/// One step of an empty sequence.
void LogprobsTest::extend(const std::vector<int32_t> &ids, uint64_t wantedFrom, const int32_t *targets, uint32_t best,
                          yoco_step_results results) {
  ASSERT_EQ(yoco_session_reset(session.get(), 0), YOCO_OK);
  yoco_segment segment = {0, uint32_t(ids.size()), wantedFrom};
  yoco_step step = {sizeof(step), &segment, 1, ids.data(), targets, best};
  results.struct_size = sizeof(results);
  ASSERT_EQ(yoco_session_extend(session.get(), &step, &results), YOCO_OK) << yoco_session_last_error(session.get());
  ASSERT_EQ(results.rows, ids.size() - wantedFrom);
}

/// Compares with what double arithmetic says of a row of logits.
void LogprobsTest::expectRow(const float *row, int32_t target, const yoco_logprobs &got, const yoco_candidate *best) {
  double largest = *std::max_element(row, row + width), sum = 0;
  for (uint32_t c = 0; c < width; ++c)
    sum += std::exp(row[c] - largest);
  double logSum = largest + std::log(sum);
  std::vector<int32_t> order(width);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](int32_t a, int32_t b) { return row[a] != row[b] ? row[a] > row[b] : a < b; });
  if (target < 0) {
    EXPECT_TRUE(std::isnan(got.target_logit));
    EXPECT_EQ(got.rank, UINT32_MAX);
  } else {
    EXPECT_NEAR(got.target_logit - got.log_sum, row[target] - logSum, 1e-5);
    EXPECT_EQ(got.rank, std::find(order.begin(), order.end(), target) - order.begin());
  }
  for (uint32_t i = 0; i < kBest; ++i) {
    EXPECT_EQ(best[i].id, order[i]) << "best " << i;
    EXPECT_NEAR(best[i].logit - got.log_sum, row[order[i]] - logSum, 1e-5) << "best " << i;
  }
}

TEST_P(LogprobsTest, EqualThoseOfAllLogits) {
  const uint32_t rows = 40, from = 13, wanted = rows - from;
  std::mt19937 random(1);
  std::vector<int32_t> ids, targets;
  for (uint32_t r = 0; r < rows; ++r)
    ids.push_back(int32_t(random() % width));
  for (uint32_t r = 0; r < wanted; ++r)
    targets.push_back(int32_t(random() % width));
  targets[7] = -1;
  targets[8] = int32_t(width) - 1;
  targets[9] = 0;
  std::vector<float> logits(size_t(wanted) * width);
  yoco_step_results results = {};
  results.logits = logits.data();
  extend(ids, from, nullptr, 0, results);
  ASSERT_FALSE(HasFatalFailure());
  for (uint32_t r = 10; r < 13; ++r) { // those that greedy decoding chooses
    auto row = logits.begin() + long(r) * width;
    targets[r] = int32_t(std::max_element(row, row + width) - row);
  }
  std::vector<yoco_logprobs> got(wanted);
  std::vector<yoco_candidate> best(size_t(wanted) * kBest);
  results = {};
  results.logprobs = got.data();
  results.best = best.data();
  extend(ids, from, targets.data(), kBest, results);
  ASSERT_FALSE(HasFatalFailure());
  for (uint32_t r = 0; r < wanted; ++r) {
    SCOPED_TRACE("row " + std::to_string(from + r));
    expectRow(&logits[size_t(r) * width], targets[r], got[r], &best[size_t(r) * kBest]);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, LogprobsTest, testing::ValuesIn(kSources),
                         [](const auto &info) { return std::string(info.param.name); });

} // namespace
