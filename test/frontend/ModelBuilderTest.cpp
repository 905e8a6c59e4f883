// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The builder that families share: decoders with several inputs, shared values and results, and parameters asked for
// twice. Weights are generated, so that a configuration without fields is a checkpoint.

#include "frontend/ModelBuilder.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/FileSystem.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::yoco;

namespace {

class ModelBuilderTest : public ::testing::Test {
protected:
  void SetUp() override {
    llvm::SmallString<128> path;
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("yoco-builder", path));
    folder = path.str().str();
    std::error_code code;
    llvm::raw_fd_ostream(folder + "/config.json", code) << "{}";
    ASSERT_FALSE(code);
    checkpoint = llvm::cantFail(Checkpoint::openConfig(folder));
    options.randomSeed = 1;
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  template <typename Op>
  static SmallVector<Op> collect(ModuleOp module) {
    SmallVector<Op> found;
    module.walk([&](Op op) { found.push_back(op); });
    return found;
  }

  MLIRContext context;
  std::string folder;
  std::unique_ptr<Checkpoint> checkpoint;
  ImportOptions options;
};

TEST_F(ModelBuilderTest, DecodersTakeAndGiveAnyNumberOfValues) {
  auto module = buildModel(*checkpoint, options, &context, {}, [](ModelBuilder &builder) {
    auto table = builder.addParameter("embed", "embed", {32, 8});
    Value x = builder.embed(table);
    ValueRange made = builder.selfDecoder("self", {x, x}, [&](ValueRange inputs) -> SmallVector<Value> {
      builder.setLayer("self.0");
      Value sum = builder.add(inputs[0], inputs[1]);
      auto heads = [&](StringRef name) {
        std::string text = name.str();
        return builder.splitHeads(builder.linear(sum, {text, text}, 8), 2);
      };
      return {sum, heads("k0"), heads("v0"), heads("k1"), heads("v1")};
    });
    EXPECT_EQ(made.size(), 5u);
    auto cross = [&](ValueRange inputs, ValueRange shared) -> SmallVector<Value> {
      builder.setLayer("cross.0");
      Value q = builder.splitHeads(inputs[0], 2);
      Value a = builder.mergeHeads(builder.attention(q, shared[0], shared[1], 0.5));
      return {a, builder.mergeHeads(builder.attention(q, shared[2], shared[3], 0.5))};
    };
    ValueRange mixed = builder.crossDecoder("cross", made.take_front(1), made.drop_front(1), cross);
    EXPECT_EQ(mixed.size(), 2u);
    builder.setLayer("head");
    return builder.linear(builder.add(mixed[0], mixed[1]), table);
  });
  ASSERT_TRUE(static_cast<bool>(module)) << llvm::toString(module.takeError());
  auto self = collect<SelfDecoderOp>(**module);
  ASSERT_EQ(self.size(), 1u);
  EXPECT_EQ(self[0]->getNumOperands(), 2u);
  EXPECT_EQ(self[0]->getNumResults(), 5u);
  auto layerOf = [](Operation *op) {
    return op->getAttrOfType<StringAttr>(YocoDialect::getLayerAttrName()).getValue();
  };
  EXPECT_EQ(layerOf(self[0]), "self");
  EXPECT_EQ(layerOf(collect<arith::AddFOp>(**module)[0]), "self.0");
  EXPECT_EQ(layerOf(collect<CrossDecoderOp>(**module)[0]), "cross");
  EXPECT_EQ(collect<CrossDecoderOp>(**module)[0].getShared().size(), 4u);
}

TEST_F(ModelBuilderTest, ATensorAskedForTwiceIsOneParameter) {
  auto module = buildModel(*checkpoint, options, &context, {}, [](ModelBuilder &builder) {
    auto table = builder.addParameter("embed", "tokens.weight", {32, 8});
    EXPECT_EQ(table, builder.addParameter("head", "tokens.weight", {32, 8}));
    auto other = builder.addParameter("other", "other.weight", {8, 8});
    EXPECT_NE(table, other);
    return builder.linear(builder.linear(builder.embed(table), other), table);
  });
  ASSERT_TRUE(static_cast<bool>(module)) << llvm::toString(module.takeError());
  auto parameters = collect<ParameterOp>(**module);
  ASSERT_EQ(parameters.size(), 2u);
  EXPECT_EQ(parameters[0].getSymName(), "embed");
  // Streams of generated weights count parameters, not requests.
  EXPECT_EQ(parameters[1].getGenerated()->getStream(), 1u);
}

TEST_F(ModelBuilderTest, SlicesOfATensor) {
  auto module = buildModel(*checkpoint, options, &context, {}, [](ModelBuilder &builder) {
    auto table = builder.addParameter("embed", "embed", {32, 8});
    auto first = builder.addSlice("first", "joined", {16, 8}, {0, 0}, {8, 8});
    auto second = builder.addSlice("second", "joined", {16, 8}, {8, 0}, {8, 8});
    EXPECT_NE(first, second);
    EXPECT_EQ(second, builder.addSlice("again", "joined", {16, 8}, {8, 0}, {8, 8}));
    auto columns = builder.addSlice("columns", "wide", {8, 24}, {0, 16}, {8, 8});
    EXPECT_EQ(table, builder.addSlice("whole", "embed", {32, 8}, {0, 0}, {32, 8}));
    Value x = builder.linear(builder.linear(builder.embed(table), first), second);
    return builder.linear(builder.linear(x, columns), table);
  });
  ASSERT_TRUE(static_cast<bool>(module)) << llvm::toString(module.takeError());
  auto parameters = collect<ParameterOp>(**module);
  ASSERT_EQ(parameters.size(), 4u);
  EXPECT_EQ(parameters[0].getSliceAttr(), SliceAttr());
  EXPECT_EQ(parameters[1].getSliceAttr(), SliceAttr::get(&context, 0, 0, 16, 8));
  EXPECT_EQ(parameters[2].getSliceAttr(), SliceAttr::get(&context, 8, 0, 16, 8));
  EXPECT_EQ(parameters[3].getSliceAttr(), SliceAttr::get(&context, 0, 16, 8, 24));
  // A tensor has one stream of generated weights.
  EXPECT_EQ(parameters[1].getGenerated()->getStream(), 1u);
  EXPECT_EQ(parameters[2].getGenerated()->getStream(), 1u);
  EXPECT_EQ(parameters[3].getGenerated()->getStream(), 2u);
}

TEST_F(ModelBuilderTest, SlicesThatDoNotFit) {
  auto build = [&](ArrayRef<int64_t> shape, ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes) {
    auto module = buildModel(*checkpoint, options, &context, {}, [&](ModelBuilder &builder) {
      auto table = builder.addParameter("embed", "embed", {32, 8});
      builder.addSlice("part", "embed", shape, offsets, sizes);
      return builder.linear(builder.embed(table), table);
    });
    return llvm::toString(module.takeError());
  };
  EXPECT_THAT(build({32, 8}, {31, 0}, {2, 8}),
              ::testing::HasSubstr("tensor 'embed': expected a slice within shape [32, 8], got [2, 8] at [31, 0]"));
  EXPECT_THAT(build({32, 8}, {0, 0}, {0, 8}), ::testing::HasSubstr("got [0, 8] at [0, 0]"));
  EXPECT_THAT(build({32, 8}, {0}, {8}), ::testing::HasSubstr("got [8] at [0]"));
  EXPECT_THAT(build({16, 8}, {0, 0}, {8, 8}),
              ::testing::HasSubstr("tensor 'embed': expected shape [16, 8], used with shape [32, 8]"));
}

TEST_F(ModelBuilderTest, LimitsAreAttributesOfTheModule) {
  ModelLimits limits;
  limits.stopIds = {3, 5};
  limits.maxLength = 77;
  auto module = buildModel(*checkpoint, options, &context, limits, [](ModelBuilder &builder) {
    auto table = builder.addParameter("embed", "embed", {32, 8});
    return builder.linear(builder.embed(table), table);
  });
  ASSERT_TRUE(static_cast<bool>(module)) << llvm::toString(module.takeError());
  auto ids = (*module)->getOperation()->getAttrOfType<DenseI32ArrayAttr>(YocoDialect::getStopIdsAttrName());
  EXPECT_THAT(ids.asArrayRef(), ::testing::ElementsAre(3, 5));
}

} // namespace
