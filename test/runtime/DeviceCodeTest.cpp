// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What GPUs run: architectures, the choice of an image, and the sizes that steps are recorded with.

#include "runtime/device/cuda/CublasLt.h"
#include "runtime/device/cuda/RowBuckets.h"
#include "runtime/model/GpuArchitecture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

using namespace yoco;
using namespace yoco::runtime;

namespace {

TEST(GpuArchitectureTest, names) {
  auto number = [](const char *name) {
    auto architecture = GpuArchitecture::parse(name);
    return architecture ? int(architecture->capability.number()) * (architecture->exact ? -1 : 1) : 0;
  };
  EXPECT_EQ(number("sm_80"), 80);
  EXPECT_EQ(number("sm_90a"), -90);
  EXPECT_EQ(number("sm_120"), 120);
  EXPECT_EQ(number("sm_100a"), -100);
  for (const char *bad : {"", "sm_", "sm_a", "sm_9", "sm_1000", "sm_9x", "sm_90b", "sm_90aa", "sm_020", "sm_35", "90a",
                          "SM_90", "sm_-90", "compute_90", "sm_90 "})
    EXPECT_EQ(number(bad), 0) << bad;
}

/// The images of a file, as "cubin 90a", and the one that a GPU gets.
std::string chosen(const std::vector<std::string> &images, uint32_t capability) {
  flatbuffers::FlatBufferBuilder builder;
  fb::VariantT variant;
  variant.device = variant.target = "x";
  for (const std::string &text : images) {
    auto image = std::make_unique<fb::ImageT>();
    size_t space = text.find(' ');
    image->format = text.substr(0, space) == "ptx" ? fb::ImageFormat::ptx : fb::ImageFormat::cubin;
    image->architecture = "sm_" + text.substr(space + 1);
    image->code = std::make_unique<fb::SegmentT>();
    variant.images.push_back(std::move(image));
  }
  builder.Finish(fb::Variant::Pack(builder, &variant));
  const auto &packed = *flatbuffers::GetRoot<fb::Variant>(builder.GetBufferPointer());
  auto index = chooseImage(*packed.images(), {capability / 10, capability % 10});
  return index ? images[*index] : "none";
}

TEST(GpuArchitectureTest, choosesTheBestImage) {
  const std::vector<std::string> hopper = {"cubin 90a", "ptx 80"}, ampere = {"cubin 80", "ptx 80"},
                                 many = {"ptx 75", "cubin 80", "cubin 86", "ptx 90a",
                                         "ptx 80", "cubin 90", "cubin 90a"};
  EXPECT_EQ(chosen(hopper, 90), "cubin 90a");
  EXPECT_EQ(chosen(hopper, 80), "ptx 80");
  EXPECT_EQ(chosen(hopper, 100), "ptx 80") << "a cubin runs on its own major version alone";
  EXPECT_EQ(chosen(hopper, 75), "none");
  EXPECT_EQ(chosen(ampere, 80), "cubin 80");
  EXPECT_EQ(chosen(ampere, 86), "cubin 80");
  EXPECT_EQ(chosen(ampere, 90), "ptx 80");
  EXPECT_EQ(chosen({"cubin 86"}, 80), "none") << "not on an older minor version";
  EXPECT_EQ(chosen({"ptx 90a"}, 100), "none") << "what is of one version runs on no other";
  EXPECT_EQ(chosen({"ptx 90a"}, 90), "ptx 90a");
  EXPECT_EQ(chosen(many, 89), "cubin 86");
  EXPECT_EQ(chosen(many, 90), "cubin 90") << "the first of equals";
  EXPECT_EQ(chosen(many, 75), "ptx 75");
  EXPECT_EQ(chosen(many, 120), "ptx 80");
  EXPECT_EQ(chosen(many, 70), "none");
}

TEST(RowBucketsTest, sizes) {
  using cuda::bucketOf;
  EXPECT_EQ(bucketOf(1, 1000), 1u);
  EXPECT_EQ(bucketOf(2, 1000), 2u);
  EXPECT_EQ(bucketOf(3, 1000), 4u);
  EXPECT_EQ(bucketOf(129, 1000), 256u);
  EXPECT_EQ(bucketOf(256, 1000), 256u);
  EXPECT_EQ(bucketOf(257, 1000), 512u);
  EXPECT_EQ(bucketOf(513, 1000), 768u);
  EXPECT_EQ(bucketOf(769, 1000), 1000u) << "at most the bound";
  EXPECT_EQ(bucketOf(3, 3), 3u);
  EXPECT_EQ(bucketOf(1, 1), 1u);
  EXPECT_EQ(bucketOf(INT32_MAX, INT32_MAX), uint64_t(INT32_MAX));
}

// Every count has a bucket that holds it, and all buckets are visited.
TEST(RowBucketsTest, visitsEachOnce) {
  for (uint64_t bound : {1, 2, 3, 100, 256, 257, 300, 512, 1000, 2048}) {
    std::vector<uint64_t> sizes;
    cuda::forEachBucket(bound, [&](uint64_t size) { sizes.push_back(size); });
    EXPECT_TRUE(std::is_sorted(sizes.begin(), sizes.end()));
    EXPECT_EQ(std::adjacent_find(sizes.begin(), sizes.end()), sizes.end());
    EXPECT_EQ(sizes.back(), bound);
    for (uint64_t count = 1; count <= bound; ++count) {
      uint64_t size = cuda::bucketOf(count, bound);
      EXPECT_GE(size, count);
      EXPECT_EQ(*std::lower_bound(sizes.begin(), sizes.end(), count), size);
    }
  }
}

TEST(GemmPlansTest, alignments) {
  EXPECT_EQ(cuda::alignmentOf(0x1000), 256u);
  EXPECT_EQ(cuda::alignmentOf(0x1080), 128u);
  EXPECT_EQ(cuda::alignmentOf(0x1002), 2u);
  EXPECT_EQ(cuda::alignmentOf(0), 256u);
}

} // namespace
