// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a session computes on device `cuda`, over the library that stands in for NVIDIA's.

#include "test/runtime/SessionCalls.h"
#include "test/runtime/ToyCluster.h"

#include <cstring>
#include <gmock/gmock.h>
#include <thread>

using namespace yoco::test;
using testing::HasSubstr;

namespace {

using Logits = std::vector<float>;

/// With graphs or without, with a matrix product or without.
struct How {
  bool graphs, products;
};

class CudaSessionTest : public testing::TestWithParam<How> {
protected:
  void SetUp() override {
    useFakeCuda(std::string("test=") + testing::UnitTest::GetInstance()->current_test_info()->name());
    ToyModel toy = toyForCuda(bounds());
    if (GetParam().products)
      addProducts(toy);
    file = toy.build();
    model = std::make_unique<Opened>(file);
    ASSERT_EQ(model->status, YOCO_OK) << model->error;
  }
  void TearDown() override {
    model.reset();
    EXPECT_EQ(fakeCounter("live"), 0u) << "everything is given back";
    EXPECT_EQ(fakeCounter("used"), 0u);
  }
  virtual ToyBounds bounds() const { return {}; }

  yoco_session_options options() const {
    yoco_session_options options = {};
    options.device = "cuda";
    options.no_graphs = !GetParam().graphs;
    return options;
  }
  /// The logits after `ids`.
  Logits expected(const Ids &ids) const { return GetParam().products ? productLogits(ids) : toyLogits(ids); }

  FileBytes file;
  std::unique_ptr<Opened> model;
};

TEST_P(CudaSessionTest, promptOfAnyLength) {
  OpenedSession session(model->model, options());
  ASSERT_EQ(session.status, YOCO_OK) << session.error;
  for (size_t length = 1; length <= 40; ++length) {
    ASSERT_EQ(yoco_session_reset(session, 1), YOCO_OK);
    EXPECT_EQ(prompt(session, 1, toyIds(length)), expected(toyIds(length))) << length;
    EXPECT_EQ(position(session, 1), length);
  }
}

TEST_P(CudaSessionTest, chunkingDoesNotMatter) {
  Ids ids = toyIds(30);
  for (uint64_t chunk : {1, 2, 3, 7}) {
    yoco_session_options chosen = options();
    chosen.bounds.prefill_chunk = chunk;
    OpenedSession session(model->model, chosen);
    ASSERT_EQ(session.status, YOCO_OK) << session.error;
    prefill(session, 0, Ids(ids.begin(), ids.begin() + 23));
    EXPECT_EQ(prompt(session, 0, Ids(ids.begin() + 23, ids.end())), expected(ids));
  }
}

TEST_P(CudaSessionTest, scoreEqualsDecode) {
  OpenedSession session(model->model, options());
  Ids prefix = toyIds(6, 2), ids = toyIds(17);
  prefill(session, 0, prefix);
  Logits logits = score(session, 0, ids);
  ASSERT_EQ(logits.size(), ids.size() * kToyVocabulary);
  for (size_t row = 0; row < ids.size(); ++row) {
    Logits one = expected(concatenate(prefix, Ids(ids.begin(), ids.begin() + long(row) + 1)));
    EXPECT_TRUE(std::equal(one.begin(), one.end(), logits.begin() + long(row * kToyVocabulary))) << row;
  }
}

// Three of three slots are padded to three, two to two: and one decode step of each number, in turns.
TEST_P(CudaSessionTest, batchesOfDifferentLengths) {
  OpenedSession session(model->model, options());
  std::vector<Ids> sequences = {toyIds(3, 1), toyIds(19, 2), toyIds(8, 3)};
  Ids slots = {2, 0, 1}, all;
  std::vector<size_t> counts;
  for (const Ids &ids : sequences) {
    counts.push_back(ids.size());
    all = concatenate(all, ids);
  }
  expectOk(session, yoco_session_prefill_batch(session, slots.data(), counts.data(), 3, all.data()));
  for (int round = 0; round < 9; ++round) {
    Ids roundSlots, ids;
    Logits logits;
    for (int i = 0; i < round % 3 + 1; ++i) {
      size_t sequence = size_t(round + i) % 3;
      sequences[sequence].push_back(int32_t((round * 5 + i) % int(kToyVocabulary)));
      roundSlots.push_back(slots[sequence]);
      ids.push_back(sequences[sequence].back());
      Logits one = expected(sequences[sequence]);
      logits.insert(logits.end(), one.begin(), one.end());
    }
    EXPECT_EQ(decode(session, roundSlots, ids), logits) << round;
  }
}

TEST_P(CudaSessionTest, copiesSlots) {
  OpenedSession session(model->model, options());
  Ids ids = toyIds(12);
  prompt(session, 0, ids);
  expectOk(session, yoco_session_copy_slot(session, 0, 2));
  EXPECT_EQ(decode(session, {2}, {4}), expected(concatenate(ids, {4})));
  EXPECT_EQ(decode(session, {0}, {9}), expected(concatenate(ids, {9})));
}

TEST_P(CudaSessionTest, decodeWithoutLogits) {
  OpenedSession session(model->model, options());
  Ids ids = toyIds(12);
  int32_t slot = 0;
  prefill(session, 0, ids);
  uint64_t copies = fakeCounter("cuMemcpyDtoHAsync");
  expectOk(session, yoco_session_decode(session, &slot, ids.data(), 1, nullptr));
  EXPECT_EQ(fakeCounter("cuMemcpyDtoHAsync"), copies) << "logits are copied on request";
  EXPECT_EQ(decode(session, {0}, {9}), expected(concatenate(concatenate(ids, {ids[0]}), {9})));
}

// What a session says it holds is what the GPU has given.
TEST_P(CudaSessionTest, holdsWhatIsPlanned) {
  OpenedSession session(model->model, options());
  yoco_session_stats stats = session.stats();
  yoco_variant_info variant = {};
  variant.struct_size = sizeof(variant);
  ASSERT_EQ(yoco_model_get_variant(model->model, 0, nullptr, &variant, nullptr, 0), YOCO_OK);
  EXPECT_EQ(stats.persistent_bytes, variant.persistent_bytes);
  EXPECT_EQ(stats.scratch_bytes, variant.scratch_bytes);
  EXPECT_STREQ(variant.compute_type, "f32");
  EXPECT_EQ(stats.device_weight_bytes, GetParam().products ? 256u + 256 + 512 : 256u + 256);
  EXPECT_EQ(fakeCounter("used"), stats.device_weight_bytes + stats.persistent_bytes + stats.scratch_bytes);
  EXPECT_GT(stats.staging_bytes, 0u);
  EXPECT_STREQ(stats.device, "cuda");
  EXPECT_STREQ(stats.target, "nvptx:sm_90a");
  EXPECT_STREQ(stats.device_description, "GPU 0 (Fake GPU, compute capability 9.0), cubin for sm_90a");
  EXPECT_EQ(stats.threads, 0u);
}

// A parameter on the host is read from there, and is not on the GPU.
TEST_P(CudaSessionTest, parametersOnTheHost) {
  ToyModel toy = toyForCuda();
  if (GetParam().products)
    addProducts(toy);
  for (uint32_t parameter : {0, 1}) // one that is stored, and one that is generated
    toy.variant().parameters[parameter]->placement = yoco::fb::Placement::host;
  FileBytes file = toy.build();
  Opened placed(file);
  ASSERT_EQ(placed.status, YOCO_OK) << placed.error;
  OpenedSession session(placed.model, options());
  ASSERT_EQ(session.status, YOCO_OK) << session.error;
  EXPECT_EQ(session.stats().host_weight_bytes, 512u);
  EXPECT_EQ(session.stats().device_weight_bytes, GetParam().products ? 512u : 0u);
  EXPECT_EQ(prompt(session, 0, toyIds(9)), expected(toyIds(9)));
}

TEST_P(CudaSessionTest, twoSessionsShareWeights) {
  OpenedSession first(model->model, options());
  uint64_t used = fakeCounter("used");
  OpenedSession second(model->model, options());
  yoco_session_stats stats = second.stats();
  EXPECT_EQ(fakeCounter("used"), used + stats.persistent_bytes + stats.scratch_bytes);
  prefill(first, 0, toyIds(5, 1));
  EXPECT_EQ(prompt(second, 0, toyIds(9)), expected(toyIds(9)));
  EXPECT_EQ(decode(first, {0}, {3}), expected(concatenate(toyIds(5, 1), {3})));
}

TEST_P(CudaSessionTest, threadsShareTheModel) {
  std::vector<std::thread> users;
  for (uint32_t user = 0; user < 3; ++user)
    users.emplace_back([&, user] {
      OpenedSession session(model->model, options());
      ASSERT_EQ(session.status, YOCO_OK) << session.error;
      for (size_t length = 1; length < 30; length += 7) {
        yoco_session_reset(session, 0);
        Ids ids = toyIds(length, user);
        EXPECT_EQ(prompt(session, 0, ids), expected(ids));
      }
    });
  for (std::thread &user : users)
    user.join();
}

// The second step of each size is recorded, and replayed from then on.
TEST_P(CudaSessionTest, recordsEachSizeOnce) {
  OpenedSession session(model->model, options());
  auto expectGraphs = [&](uint64_t recorded, uint64_t replayed) {
    EXPECT_EQ(fakeCounter("cuStreamBeginCapture"), GetParam().graphs ? recorded : 0);
    EXPECT_EQ(fakeCounter("cuGraphLaunch"), GetParam().graphs ? replayed : 0);
  };
  expectGraphs(0, 0);
  prefill(session, 0, toyIds(7));
  expectGraphs(0, 0);
  prefill(session, 0, toyIds(21)); // three chunks of 7
  expectGraphs(1, 3);
  prefill(session, 1, toyIds(3)); // 3 rows are 4
  prefill(session, 2, toyIds(4));
  expectGraphs(2, 4);
  for (int i = 0; i < 5; ++i)
    decode(session, {i % 3}, {1});
  expectGraphs(3, 8);
  decode(session, {0, 1}, {1, 2});
  decode(session, {2, 1, 0}, {1, 2, 3});
  expectGraphs(3, 8);
  decode(session, {1, 2}, {1, 2});
  expectGraphs(4, 9);
}

// Chunks follow each other without a wait, more of them than inputs fit in the ring.
TEST_P(CudaSessionTest, prefillWaitsAtTheEnd) {
  yoco_session_options chosen = options();
  chosen.bounds.prefill_chunk = 1;
  OpenedSession session(model->model, chosen);
  uint64_t waits = fakeCounter("cuStreamSynchronize");
  prefill(session, 0, toyIds(25));
  EXPECT_EQ(fakeCounter("cuStreamSynchronize"), waits + 1);
  EXPECT_EQ(decode(session, {0}, {7}), expected(concatenate(toyIds(25), {7})));
}

TEST_P(CudaSessionTest, chosenEntries) {
  yoco_session_options chosen = options();
  chosen.entries = YOCO_ENTRY_PREFILL | YOCO_ENTRY_DECODE;
  OpenedSession session(model->model, chosen), all(model->model, options());
  ASSERT_EQ(session.status, YOCO_OK) << session.error;
  EXPECT_LT(session.stats().scratch_bytes, all.stats().scratch_bytes);
  EXPECT_EQ(prompt(session, 0, toyIds(9)), expected(toyIds(9)));
}

std::string nameOf(const testing::TestParamInfo<How> &info) {
  return std::string(info.param.graphs ? "Graphs" : "Direct") + (info.param.products ? "Products" : "");
}

INSTANTIATE_TEST_SUITE_P(Cuda, CudaSessionTest,
                         testing::Values(How{true, false}, How{false, false}, How{true, true}, How{false, true}),
                         nameOf);

// Larger bounds: buckets of rows and segments, and more logits than are copied at once.
class CudaLargeTest : public CudaSessionTest {
protected:
  ToyBounds bounds() const override { return {2000, 300, 700, 500}; }
};

TEST_P(CudaLargeTest, bucketsOfRows) {
  OpenedSession session(model->model, options());
  ASSERT_EQ(session.status, YOCO_OK) << session.error;
  for (size_t length : {1, 2, 3, 129, 257, 513, 701, 1400, 1999}) {
    ASSERT_EQ(yoco_session_reset(session, 299), YOCO_OK);
    EXPECT_EQ(prompt(session, 299, toyIds(length)), expected(toyIds(length))) << length;
  }
}

TEST_P(CudaLargeTest, manySegments) {
  OpenedSession session(model->model, options());
  Ids slots, all, next;
  std::vector<size_t> counts;
  Logits logits;
  for (int32_t slot = 0; slot < 290; ++slot) {
    Ids ids = toyIds(size_t(slot % 5 + 1), uint32_t(slot));
    slots.push_back(slot);
    counts.push_back(ids.size());
    all = concatenate(all, ids);
    next.push_back(slot % int(kToyVocabulary));
    Logits one = expected(concatenate(ids, {next.back()}));
    logits.insert(logits.end(), one.begin(), one.end());
  }
  expectOk(session, yoco_session_prefill_batch(session, slots.data(), counts.data(), slots.size(), all.data()));
  EXPECT_EQ(decode(session, slots, next), logits);
}

INSTANTIATE_TEST_SUITE_P(Cuda, CudaLargeTest, testing::Values(How{true, true}, How{false, false}), nameOf);

// Kernels of one name differ from image to image: a GPU launches those of the image that it runs.
TEST(KernelLaunchTest, dataOfTheChosenImage) {
  ToyModel toy = toyForCuda();
  for (auto &launch : toy.variant().images[1]->launches) {
    launch->threads = 96;
    launch->shared_bytes = 1024;
    launch->cooperative = true;
  }
  FileBytes file = toy.build();
  for (bool isNew : {true, false}) {
    SCOPED_TRACE(isNew);
    useFakeCuda(std::string("test=launches capability=") + (isNew ? "90" : "80"));
    Opened model(file);
    ASSERT_EQ(model.status, YOCO_OK) << model.error;
    yoco_session_options options = {};
    options.device = "cuda";
    OpenedSession session(model.model, options);
    ASSERT_EQ(session.status, YOCO_OK) << session.error;
    EXPECT_EQ(prompt(session, 0, toyIds(5)), toyLogits(toyIds(5)));
    EXPECT_EQ(fakeCounter("threads 64") > 0, isNew);
    EXPECT_EQ(fakeCounter("shared 102400") > 0, isNew);
    EXPECT_EQ(fakeCounter("threads 96") > 0, !isNew);
    EXPECT_EQ(fakeCounter("shared 1024") > 0, !isNew);
    EXPECT_EQ(fakeCounter("cooperative") > 0, !isNew);
  }
}

// Clusters and cooperative launches are attributes of every launch, whether it is issued or recorded in a graph.
TEST(KernelLaunchTest, clustersAndCooperativeLaunches) {
  ToyModel toy = toyForCuda();
  for (auto &launch : toy.variant().images[0]->launches) {
    launch->cluster = 2;
    launch->cooperative = true;
  }
  // Kernels do nothing in blocks that have no rows.
  for (auto &entry : toy.variant().entries)
    for (auto &instruction : entry->programs[0]->instructions)
      if (auto *launch = instruction->operation.AsLaunch())
        launch->multiplier = 2;
  FileBytes file = toy.build();
  for (bool hasGraphs : {true, false}) {
    SCOPED_TRACE(hasGraphs);
    useFakeCuda(std::string("test=clusters-") + (hasGraphs ? "graphs" : "alone"));
    Opened model(file);
    ASSERT_EQ(model.status, YOCO_OK) << model.error;
    yoco_session_options options = {};
    options.device = "cuda";
    options.no_graphs = !hasGraphs;
    OpenedSession session(model.model, options);
    ASSERT_EQ(session.status, YOCO_OK) << session.error;
    EXPECT_EQ(prompt(session, 0, toyIds(5)), toyLogits(toyIds(5)));
    uint64_t launches = fakeCounter("cuLaunchKernelEx");
    EXPECT_GT(launches, 0u);
    EXPECT_EQ(fakeCounter("cluster 2"), launches);
    EXPECT_EQ(fakeCounter("cooperative"), launches);
  }
}

// The file that test/gpu runs on a GPU: here it only has to load and be launched.
TEST(KernelLaunchTest, fileForGpusWithClusters) {
  FileBytes file = toyForClusters().build();
  useFakeCuda("test=cluster-file stub=1");
  Opened model(file);
  ASSERT_EQ(model.status, YOCO_OK) << model.error;
  yoco_session_options options = {};
  options.device = "cuda";
  OpenedSession session(model.model, options);
  ASSERT_EQ(session.status, YOCO_OK) << session.error;
  prompt(session, 0, toyIds(5));
  EXPECT_GT(fakeCounter("cluster 2"), 0u);
  EXPECT_EQ(fakeCounter("cluster 2"), fakeCounter("cuLaunchKernelEx"));
}

} // namespace
