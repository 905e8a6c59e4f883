// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler as a library: several compilations in one process, errors as values, and nothing half-written.

#include "compiler/Compile.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <thread>

using namespace mlir;
using namespace mlir::yoco;
using ::testing::HasSubstr;

namespace {

constexpr llvm::StringLiteral kConfig = R"({"model_type": "yoco", "dim": 16, "n_layers": 2, "hidden_dim": 24,
    "n_self_heads": 2, "n_attn_heads": 2, "n_attn_kv_heads": 1, "vocab_size": 40})";

class CompileTest : public ::testing::Test {
protected:
  void SetUp() override {
    llvm::SmallString<128> path;
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("yoco-compiler", path));
    folder = path.str().str();
    ASSERT_FALSE(llvm::sys::fs::create_directory(folder + "/checkpoint"));
    write("checkpoint/config.json", kConfig);
    options.randomWeights = 1;
    options.maxSeqLen = 64;
    options.prefillChunk = 8;
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  void write(llvm::StringRef name, llvm::StringRef text) {
    std::error_code code;
    llvm::raw_fd_ostream os(folder + "/" + name.str(), code);
    ASSERT_FALSE(code);
    os << text;
  }

  std::string readFile(llvm::StringRef name) {
    auto buffer = llvm::MemoryBuffer::getFile(folder + "/" + name.str(), false, false);
    return buffer ? (*buffer)->getBuffer().str() : "";
  }

  std::vector<std::string> list() {
    std::vector<std::string> names;
    std::error_code code;
    for (llvm::sys::fs::directory_iterator it(folder, code), end; it != end; it.increment(code))
      names.push_back(llvm::sys::path::filename(it->path()).str());
    llvm::sort(names);
    return names;
  }

  /// The message of a compilation to `output`, empty for none.
  std::string run(llvm::StringRef output, std::string *text = nullptr) {
    return llvm::toString(yoco::compile(folder + "/checkpoint", output.empty() ? "" : folder + "/" + output.str(),
                                        options, text));
  }

  std::string folder;
  CompileOptions options;
};

TEST_F(CompileTest, OneAfterTheOtherAndInThreadsTheFileIsTheSame) {
  EXPECT_EQ(run("a.yoco"), "");
  std::string first, second;
  std::thread b([&] { first = run("b.yoco"); }), c([&] { second = run("c.yoco"); });
  b.join();
  c.join();
  EXPECT_EQ(first, "");
  EXPECT_EQ(second, "");
  EXPECT_GT(readFile("a.yoco").size(), 1000u);
  EXPECT_EQ(readFile("a.yoco"), readFile("b.yoco"));
  EXPECT_EQ(readFile("a.yoco"), readFile("c.yoco"));
}

TEST_F(CompileTest, AModuleOfAPhaseGoesOn) {
  options.compileTo = Phase::step;
  EXPECT_EQ(run("step.mlir"), "");
  options.compileTo = Phase::planned;
  options.randomWeights.reset();
  EXPECT_EQ(llvm::toString(yoco::compile(folder + "/step.mlir", folder + "/a.mlir", options)), "");
  options.randomWeights = 1;
  EXPECT_EQ(run("b.mlir"), "");
  EXPECT_EQ(readFile("a.mlir"), readFile("b.mlir"));
}

TEST_F(CompileTest, ReportsWithoutAnOutput) {
  options.explainDemand = options.plan = true;
  std::string text;
  EXPECT_EQ(run("", &text), "");
  EXPECT_THAT(text, HasSubstr("rows computed per layer and entry point"));
  EXPECT_THAT(text, HasSubstr("memory plan for host"));
  EXPECT_EQ(list(), std::vector<std::string>{"checkpoint"});
}

TEST_F(CompileTest, AnErrorIsOneLineAndLeavesTheOutputAlone) {
  options.compileTo = Phase::planned;
  write("model.yoco", "before");
  for (bool again : {false, true}) {
    (void)again;
    write("checkpoint/config.json", "{\"model_type\": \"yoco\"}");
    EXPECT_THAT(run("model.yoco"), HasSubstr("config.json: field 'dim': expected an integer"));
    EXPECT_EQ(readFile("model.yoco"), "before");
    EXPECT_EQ(list(), (std::vector<std::string>{"checkpoint", "model.yoco"}));
    write("checkpoint/config.json", kConfig);
    options.targets = {"abacus"};
    std::string message = run("model.yoco");
    EXPECT_THAT(message, HasSubstr("target: "));
    EXPECT_EQ(message.find('\n'), std::string::npos);
    options.targets = {};
  }
  EXPECT_EQ(run("model.yoco"), "");
  EXPECT_NE(readFile("model.yoco"), "before");
}

TEST_F(CompileTest, WhatIsNotCommittedIsGone) {
  options.compileTo = Phase::planned;
  {
    Compilation compilation(folder + "/checkpoint", folder + "/model.yoco", options);
    EXPECT_EQ(llvm::toString(compilation.run()), "");
  }
  EXPECT_EQ(list(), std::vector<std::string>{"checkpoint"});
}

TEST_F(CompileTest, OptionsAreChecked) {
  options.maxBatch = 0;
  EXPECT_EQ(run("model.yoco"), "max-batch: expected an integer from 1 to 65536, got 0");
  options.optionPrefix = "--";
  options.maxBatch.reset();
  options.plan = true;
  options.compileTo = Phase::step;
  EXPECT_EQ(run("model.mlir"), "--plan: expected --compile-to=planned or later");
}

TEST_F(CompileTest, AnEmbedderAddsDialectsAndLooksAtPasses) {
  unsigned registries = 0, managers = 0;
  options.compileTo = Phase::planned;
  options.extendDialects = [&](DialectRegistry &) { ++registries; };
  options.configurePasses = [&](PassManager &) { ++managers; };
  EXPECT_EQ(run("model.yoco"), "");
  EXPECT_EQ(registries, 1u);
  EXPECT_GT(managers, 2u);
}

} // namespace
