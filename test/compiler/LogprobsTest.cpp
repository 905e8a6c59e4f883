// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Log-probabilities of whole models, compiled and run on the host, against those from all logits. Vocabularies of more
// than one block of logits have generated weights.

#include "compiler/Compile.h"
#include "dialect/YocoOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"
#include "runtime/model/Model.h"
#include "runtime/model/Programs.h"
#include "runtime/session/StepTables.h"
#include "llvm/Support/FileSystem.h"
#include "gtest/gtest.h"
#include <cmath>
#include <numeric>
#include <random>

using namespace mlir::yoco;
namespace runtime = yoco::runtime;
namespace fb = yoco::fb;

namespace {

constexpr int kBest = 20, kColumns = 3 + 2 * kBest;

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
  void addEntries(const std::string &model, const std::string &step);
  void open();
  const float *run(uint32_t entry, uint32_t rows, uint64_t wantedFrom, const std::vector<int32_t> &targets);
  uint32_t getVocabulary() const { return model->plan().vocabulary_size(); }
  const fb::Entry &getEntry(uint32_t index) const { return *model->variant(0).entries()->Get(index); }

  std::string folder;
  std::shared_ptr<runtime::Model> model;
  std::unique_ptr<runtime::Executor> executor;
  std::vector<int32_t> ids;
};

void LogprobsTest::compileModel() {
  CompileOptions options;
  options.compileTo = Phase::model;
  std::string source = std::string(YOCO_SOURCE_DIR) + "/" + (GetParam().folder ? GetParam().folder : "");
  if (GetParam().config) {
    std::error_code code;
    llvm::raw_fd_ostream(folder + "/config.json", code) << GetParam().config;
    ASSERT_FALSE(code);
    source = folder;
    options.randomWeights = 1;
  }
  ASSERT_EQ(llvm::toString(compile(source, folder + "/model.mlir", options)), "");
  addEntries(folder + "/model.mlir", folder + "/step.mlir");
  CompileOptions rest;
  rest.maxSeqLen = 128;
  ASSERT_EQ(llvm::toString(compile(folder + "/step.mlir", folder + "/model.yoco", rest)), "");
}

/// From phase `model` to `step`, with the entry points that are compared.
void LogprobsTest::addEntries(const std::string &input, const std::string &output) {
  mlir::MLIRContext context;
  context.loadDialect<YocoDialect, mlir::func::FuncDialect, mlir::arith::ArithDialect, mlir::tensor::TensorDialect>();
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(input, &context);
  ASSERT_TRUE(module);
  mlir::PassManager passes(&context);
  DeriveStatesPassOptions entries;
  entries.entries = {"extend", "extend_logprobs"};
  VerifyPhasePassOptions phase;
  phase.phase = "step";
  passes.addPass(createInlineDecodersPass());
  passes.addPass(mlir::createCSEPass());
  passes.addPass(createDeriveStatesPass(entries));
  passes.addPass(createPruneRowsPass());
  passes.addPass(createNarrowRowsPass());
  passes.addPass(createVerifyPhasePass(phase));
  ASSERT_TRUE(succeeded(passes.run(*module)));
  std::error_code code;
  llvm::raw_fd_ostream(output, code) << *module;
  ASSERT_FALSE(code);
}

void LogprobsTest::open() {
  auto data = runtime::FileData::map((folder + "/model.yoco").c_str());
  ASSERT_TRUE(data.ok()) << data.status().text();
  auto opened = runtime::Model::open(std::move(*data), {});
  ASSERT_TRUE(opened.ok()) << opened.status().text();
  model = *opened;
  runtime::ExecutorOptions options = {};
  options.bounds = runtime::boundsOf(model->plan());
  runtime::Path root;
  options.sizes = *runtime::evaluatePlan(model->variant(0), getVocabulary(), options.bounds, root);
  options.entries = {0, 1};
  options.threads = 2;
  options.allocator = runtime::defaultAllocator();
  auto program = model->program({}, options.sizes.arenas, {});
  ASSERT_TRUE(program.ok()) << program.status().text();
  auto made = (*program)->createExecutor(std::move(options));
  ASSERT_TRUE(made.ok()) << made.status().text();
  executor = std::move(*made);
}

/// One step of an empty sequence; what comes out of its rows from `wantedFrom` on.
const float *LogprobsTest::run(uint32_t index, uint32_t rows, uint64_t wantedFrom,
                               const std::vector<int32_t> &targets) {
  const fb::Entry &entry = getEntry(index);
  runtime::StepTables step;
  step.reserve(entry, runtime::boundsOf(model->plan()));
  step.add({0, rows, 0, wantedFrom});
  const runtime::StepSet *sets = step.make(entry, *entry.programs()->Get(0));
  EXPECT_TRUE(executor->run(index, 0, {ids.data(), sets, targets.data()}).ok());
  auto output = executor->output(0, 0, uint32_t(rows - wantedFrom));
  EXPECT_TRUE(output.ok());
  return static_cast<const float *>(*output);
}

TEST_P(LogprobsTest, EqualThoseOfAllLogits) {
  const uint32_t rows = 40, from = 13, width = getVocabulary();
  std::mt19937 random(1);
  std::vector<int32_t> targets;
  for (uint32_t r = 0; r < rows; ++r) {
    ids.push_back(int32_t(random() % width));
    targets.push_back(int32_t(random() % width));
  }
  targets[20] = -1;
  targets[21] = int32_t(width) - 1;
  targets[22] = 0;
  const float *extended = run(0, rows, from, {});
  std::vector<float> logits(extended, extended + size_t(rows - from) * width);
  for (uint32_t r = 23; r < 26; ++r) { // those that greedy decoding chooses
    auto row = logits.begin() + long(r - from) * width;
    targets[r] = int32_t(std::max_element(row, row + width) - row);
  }
  const float *out = run(1, rows, from, targets);
  for (uint32_t r = from; r < rows; ++r, out += kColumns) {
    const float *row = &logits[size_t(r - from) * width];
    double largest = *std::max_element(row, row + width), sum = 0;
    for (uint32_t c = 0; c < width; ++c)
      sum += std::exp(row[c] - largest);
    double logSum = largest + std::log(sum);
    std::vector<int32_t> order(width), words(kColumns);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return row[a] > row[b]; });
    std::memcpy(words.data(), out, sizeof(float) * kColumns);
    const int32_t target = targets[r];
    if (target < 0) {
      EXPECT_TRUE(std::isnan(out[1])) << "row " << r;
      EXPECT_EQ(words[2], -1) << "row " << r;
    } else {
      EXPECT_NEAR(out[1] - out[0], row[target] - logSum, 1e-5) << "row " << r;
      EXPECT_EQ(words[2], std::find(order.begin(), order.end(), target) - order.begin()) << "row " << r;
    }
    for (int i = 0; i < kBest; ++i) {
      EXPECT_EQ(words[3 + i], order[i]) << "row " << r << ", best " << i;
      EXPECT_NEAR(out[3 + kBest + i] - out[0], row[order[i]] - logSum, 1e-5) << "row " << r << ", best " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, LogprobsTest, testing::ValuesIn(kSources),
                         [](const auto &info) { return std::string(info.param.name); });

} // namespace
