// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plans with code for GPUs that say something that is wrong, each in one way (as HostilePlanTest.cpp for the host).

#include "test/runtime/BadPlan.h"
#include "test/runtime/ToyCuda.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace yoco;
using namespace yoco::test;
using testing::HasSubstr;

namespace {

class HostileDevicePlanTest : public testing::TestWithParam<BadPlan> {};

TEST_P(HostileDevicePlanTest, isRefused) {
  ToyModel toy = toyForCuda();
  addProducts(toy);
  expectRefused(toy, GetParam());
}

TEST(HostileDevicePlanTest, theGoodOneOpens) {
  ToyModel toy = toyForCuda();
  addProducts(toy);
  FileBytes file = toy.build();
  EXPECT_EQ(Opened(file).error, "");
}

fb::GemmT &gemm(ToyModel &toy) { return *toy.program(1).instructions[4]->operation.AsGemm(); }
fb::ImageT &image(ToyModel &toy, size_t index) { return *toy.variant().images[index]; }
fb::KernelLaunchT &kernel(ToyModel &toy, size_t index = 0) { return *image(toy, index).launches[0]; }
fb::ParameterT &weight(ToyModel &toy) { return *toy.variant().parameters[2]; }
fb::LaunchT &launch(ToyModel &toy) { return *toy.program(0).instructions[0]->operation.AsLaunch(); }
fb::BufferT &buffer(ToyModel &toy, uint32_t index) { return *toy.variant().buffers[index]; }
uint64_t &coefficient(ToyModel &toy, uint32_t index) { return buffer(toy, index).size->terms[0]->coefficient; }
/// Gives a buffer the place of another one.
void moveBuffer(ToyModel &toy, uint32_t index, uint32_t onto) {
  buffer(toy, index).offset = std::make_unique<fb::SizeT>();
  for (const auto &term : buffer(toy, onto).offset->terms)
    buffer(toy, index).offset->terms.push_back(std::make_unique<fb::TermT>(*term));
}

const BadPlan kPlans[] = {
    {"NoFeature", [](ToyModel &t) { t.features = 0; },
     "variants[0].images[0]: expected a file whose header.required_features has bit 0"},
    {"NoImages", [](ToyModel &t) { t.variant().images.clear(); },
     "variants[0].images: expected at least one for device `cuda`, got none"},
    {"Code", [](ToyModel &t) { t.variant().code = std::make_unique<fb::SegmentT>(*t.plan.tokenizer); },
     "variants[0].code: expected none for device `cuda`, got a segment"},
    {"ImagesOfTheHost", [](ToyModel &t) { t.variant().device = "host"; },
     "variants[0].images: expected none for device `host`, got 2"},
    {"ImageFormat", [](ToyModel &t) { image(t, 0).format = fb::ImageFormat(2); },
     "variants[0].images[0].format: expected 0 to 1, got 2"},
    {"ImageArchitecture", [](ToyModel &t) { image(t, 1).architecture = "sm_9"; },
     "variants[0].images[1].architecture: expected a GPU's, such as sm_90a, got `sm_9`"},
    {"ImageArchitectureNone", [](ToyModel &t) { image(t, 1).architecture = ""; }, "images[1].architecture: expected 1"},
    {"ImageArchitectureText", [](ToyModel &t) { image(t, 1).architecture = "sm_90\n"; }, "images[1].architecture"},
    {"ImageOutside", [](ToyModel &t) { image(t, 0).code->offset = uint64_t(1) << 50; }, "images[0].code: "},
    {"ImageOverflow", [](ToyModel &t) { image(t, 0).code->size = UINT64_MAX; }, "images[0].code: "},
    {"PtxWithoutEnd", [](ToyModel &t) { image(t, 1).code->size -= 1; },
     "images[1].code: expected PTX that a zero byte ends, got a last byte of 10"},
    {"NoThreads", [](ToyModel &t) { kernel(t).threads = 0; },
     "variants[0].images[0].launches[0].threads: expected a multiple of 32 up to 1024, got 0"},
    {"OddThreads", [](ToyModel &t) { kernel(t).threads = 33; },
     "images[0].launches[0].threads: expected a multiple of 32"},
    {"ManyThreads", [](ToyModel &t) { kernel(t).threads = 1056; },
     "images[0].launches[0].threads: expected a multiple of 32"},
    {"MuchSharedMemory", [](ToyModel &t) { kernel(t).shared_bytes = 232449; },
     "images[0].launches[0].shared_bytes: expected at most 232448, got 232449"},
    {"NoLaunches", [](ToyModel &t) { image(t, 1).launches.pop_back(); },
     "variants[0].images[1].launches: expected one for each of "},
    {"NoCluster", [](ToyModel &t) { kernel(t).cluster = 0; }, "images[0].launches[0].cluster: expected 1 to 8, got 0"},
    {"LargeCluster", [](ToyModel &t) { kernel(t).cluster = 9; }, "launches[0].cluster: expected 1 to 8, got 9"},
    {"ClusterOfOldGpu", [](ToyModel &t) { kernel(t, 1).cluster = 2; },
     "images[1].launches[0].cluster: expected 1, as sm_80 has no clusters, got 2"},
    {"ClusterOfTiles", [](ToyModel &t) { kernel(t).cluster = 2; },
     "launch.multiplier: expected a multiple of the 2 blocks of a cluster, got 1"},
    {"ManyArguments", [](ToyModel &t) { t.variant().kernels[0]->words.resize(513); },
     "kernels[0].words: expected at most 512, got 513"},
    {"ManyBlocks", [](ToyModel &t) { launch(t).multiplier = uint64_t(1) << 30; },
     "launch: expected at most 2147483647 tiles, got 3 * 1073741824"},
    {"GemmWeightOnTheHost", [](ToyModel &t) { weight(t).placement = fb::Placement::host; },
     "gemm.weight: expected a parameter without encoding in the memory of the device, got `product`"},
    {"StrideOfPanels", [](ToyModel &t) { t.variant().parameters[1]->stride = 12; },
     "parameters[1].stride: expected 0, as the layout is not row_major, got 12"},
    {"StrideBelowColumns", [](ToyModel &t) { weight(t).stride = 10; },
     "parameters[2].stride: expected 0 or at least the 11 columns, got 10"},
    {"StrideOverflow", [](ToyModel &t) { weight(t).stride = UINT64_MAX; },
     "parameters[2]: expected a size from 1 to 2^62 bytes"},
    {"ParametersOverflow",
     [](ToyModel &t) {
       for (auto &parameter : t.variant().parameters)
         if (!parameter->segment && parameter->layout == fb::ParameterLayout::row_major)
           parameter->stride = (uint64_t(1) << 62) / 2 / 11;
     },
     "variants[0].parameters: expected at most 2^62 bytes in all"},
    {"GemmWeight", [](ToyModel &t) { gemm(t).weight = 3; },
     "variants[0].entries[1].programs[0].instructions[4].gemm.weight: parameter index 3 is not below 3"},
    {"GemmWeightPanels", [](ToyModel &t) { gemm(t).weight = 1; },
     "gemm.weight: expected a row_major parameter of bf16, got a panels one of bf16"},
    {"GemmWeightElement", [](ToyModel &t) { gemm(t).weight = 0; },
     "gemm.weight: expected a row_major parameter of bf16, got a row_major one of f32"},
    {"GemmWeightLarge", [](ToyModel &t) { weight(t).rows = weight(t).generated[0]->rows = uint64_t(1) << 31; },
     "gemm.weight: expected fewer than 2^31 rows and columns"},
    {"GemmRowsInOrder", [](ToyModel &t) { gemm(t).first_row = 11, gemm(t).end_row = 11; },
     "gemm: expected rows of the 11 that the weight has, got 11 to 11"},
    {"GemmRowsOutside", [](ToyModel &t) { gemm(t).end_row = 12; },
     "gemm: expected rows of the 11 that the weight has, got 0 to 12"},
    {"GemmRowsWithoutEnd", [](ToyModel &t) { gemm(t).first_row = 1; },
     "gemm: expected rows of the 11 that the weight has, got 1 to 0"},
    {"GemmInputBuffer", [](ToyModel &t) { gemm(t).input->buffer = 99; }, "gemm.input.buffer: buffer index 99"},
    {"GemmInputElement", [](ToyModel &t) { gemm(t).input->element = fb::ElementType(7); },
     "gemm.input.element: expected 0 to 2, got 7"},
    {"GemmInputF32", [](ToyModel &t) { gemm(t).input->element = fb::ElementType::f32; },
     "gemm.input.element: expected bf16, got f32"},
    {"GemmInputOffset", [](ToyModel &t) { gemm(t).input->offset = 1; },
     "gemm.input.offset: expected a multiple of 2, got 1"},
    {"GemmInputStride", [](ToyModel &t) { gemm(t).input->stride = 10; },
     "gemm.input.stride: expected the 11 columns or more, below 2^31, got 10"},
    {"GemmInputStrideLarge", [](ToyModel &t) { gemm(t).input->stride = uint64_t(1) << 31; }, "gemm.input.stride"},
    {"GemmInputOutside", [](ToyModel &t) { gemm(t).input->offset = 96; },
     "gemm.input: 3 rows of 11 at 96, 16 apart, do not lie within buffer 16 of 128 bytes"},
    {"GemmInputOverflow", [](ToyModel &t) { gemm(t).input->offset = UINT64_MAX - 1; },
     "gemm.input: 3 rows of 11 at 18446744073709551614, 16 apart"},
    {"GemmOutputElement", [](ToyModel &t) { gemm(t).output->element = fb::ElementType::f16; },
     "gemm.output.element: expected f32 or bf16, got f16"},
    {"GemmOutputBuffer", [](ToyModel &t) { gemm(t).output->buffer = 99; }, "gemm.output.buffer"},
    {"GemmOutputStride", [](ToyModel &t) { gemm(t).output->stride = 0; }, "gemm.output.stride"},
    {"GemmOutputOffset", [](ToyModel &t) { gemm(t).output->offset = 2; },
     "gemm.output.offset: expected a multiple of 4"},
    {"GemmOutputOutside", [](ToyModel &t) { gemm(t).output->stride = 64; }, "gemm.output: 3 rows of 11 at 0, 64 apart"},
    {"GemmResidualElement", [](ToyModel &t) { gemm(t).residual->element = fb::ElementType::bf16; },
     "gemm.residual.element: expected the output's, f32, got bf16"},
    {"GemmResidualBuffer", [](ToyModel &t) { gemm(t).residual->buffer = 99; }, "gemm.residual.buffer"},
    {"GemmResidualOutside", [](ToyModel &t) { gemm(t).residual->offset = 64; }, "gemm.residual: 3 rows of 11 at 64"},
    {"GemmResidualIsOutput", [](ToyModel &t) { gemm(t).residual->buffer = gemm(t).output->buffer; },
     "gemm: residual and output overlap"},
    {"GemmInputIsOutput", [](ToyModel &t) { moveBuffer(t, gemm(t).input->buffer, gemm(t).output->buffer); },
     "gemm: input and output overlap"},
    {"GemmWorkspace", [](ToyModel &t) { gemm(t).workspace = 99; }, "gemm.workspace: buffer index 99"},
    {"GemmWorkspaceNegative", [](ToyModel &t) { gemm(t).workspace = -2; }, "gemm.workspace: buffer index"},
    {"GemmWorkspaceIsOutput", [](ToyModel &t) { gemm(t).workspace = int32_t(gemm(t).output->buffer); },
     "gemm: output and workspace overlap"},
    {"GemmWorkspaceIsInput", [](ToyModel &t) { gemm(t).workspace = int32_t(gemm(t).input->buffer); },
     "gemm: input and workspace overlap"},
    {"GemmWorkspaceIsResidual", [](ToyModel &t) { gemm(t).workspace = int32_t(gemm(t).residual->buffer); },
     "gemm: residual and workspace overlap"},
    {"GemmBufferShrinks", [](ToyModel &t) { coefficient(t, gemm(t).input->buffer) = 20; },
     "gemm.input: 3 rows of 11 at 0, 16 apart, do not lie within buffer 16 of 64 bytes"},
};

INSTANTIATE_TEST_SUITE_P(Plans, HostileDevicePlanTest, testing::ValuesIn(kPlans),
                         [](const auto &info) { return std::string(info.param.name); });

// The host has kernels for everything.
TEST(HostPlanTest, refusesProducts) {
  ToyModel toy = toyForCuda();
  addProducts(toy);
  fb::VariantT &variant = toy.variant();
  variant.device = "host";
  variant.code = std::move(variant.images[0]->code);
  variant.images.clear();
  variant.parameters[2]->stride = 0;
  toy.segments[1] = nullptr;
  toy.blobs.erase(toy.blobs.begin() + 1);
  toy.segments.erase(toy.segments.begin() + 1);
  auto errorOf = [&] {
    FileBytes file = toy.build();
    return Opened(file).error;
  };
  EXPECT_EQ(errorOf(),
            "variants[0].entries[1].programs[0].instructions[4].gemm: expected a launch: device `host` has no library "
            "of matrix products");
}

// Each part alone needs the feature bit.
TEST(HostPlanTest, featureBit) {
  auto errorOf = [](void (*change)(ToyModel &)) {
    ToyModel toy;
    change(toy);
    FileBytes file = toy.build();
    return Opened(file).error;
  };
  EXPECT_THAT(errorOf([](ToyModel &t) { t.variant().parameters[0]->stride = 1; }),
              HasSubstr("variants[0].parameters[0].stride: expected a file whose header.required_features has bit 0"));
  EXPECT_EQ(errorOf([](ToyModel &t) { t.features = kFeatureDeviceCode; }), "");
}

// Columns of the same rows may be read and written by one product.
TEST(GemmRangesTest, columnsOfTheSameRows) {
  auto errorOf = [](uint64_t offset) {
    ToyModel toy = toyForCuda();
    addProducts(toy);
    fb::GemmT &product = gemm(toy);
    // Residual and output side by side in one buffer that is large enough for both.
    coefficient(toy, product.output->buffer) = 256;
    product.output->stride = product.residual->stride = 32;
    product.residual->buffer = product.output->buffer;
    product.residual->offset = offset;
    for (auto &term : toy.variant().arenas[1]->sizes[1]->terms)
      term->coefficient *= 4;
    product.workspace = -1;
    FileBytes file = toy.build();
    return Opened(file).error;
  };
  EXPECT_EQ(errorOf(44), "");
  EXPECT_EQ(errorOf(84), "") << "11 columns end at 128, where a row does";
  EXPECT_THAT(errorOf(40), HasSubstr("gemm: residual and output overlap"));
  EXPECT_THAT(errorOf(88), HasSubstr("gemm: residual and output overlap"));
}

} // namespace
