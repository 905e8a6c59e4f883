// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random damage with good checksums: every file is refused or opened, and never
// more than that.
//
// Code of the file is not run here: a plan that hands a kernel the wrong buffer
// is beyond what a loader can know.

#include "runtime/device/host/HostCode.h"
#include "runtime/schema/GeneratedParameters.h"
#include "test/runtime/ToyCuda.h"
#include "test/runtime/ToyTail.h"

#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace yoco;
using namespace yoco::test;

namespace {

/// YOCO_FUZZ_ROUNDS asks for more.
uint64_t rounds(uint64_t usual) {
  const char *text = getenv("YOCO_FUZZ_ROUNDS");
  return text ? strtoull(text, nullptr, 10) : usual;
}

class Random {
public:
  explicit Random(uint64_t seed) : key(generatorKey(seed, 0)) {}
  uint64_t next() { return mixBits(key + kGoldenGamma * ++counter); }
  uint64_t below(uint64_t bound) { return next() % bound; }

private:
  uint64_t key;
  uint64_t counter = 0;
};

/// Changes some bytes or words of a range in ways that find the edges of
/// integers.
void damage(Random &random, uint8_t *bytes, size_t size) {
  constexpr uint64_t kEdges[] = {0,      1,      2,         0x7F,       0x80,      0xFF,
                                 0x7FFF, 0xFFFF, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX};
  for (uint64_t i = 0, count = 1 + random.below(4); i < count; ++i) {
    size_t offset = random.below(size);
    if (random.below(2)) {
      bytes[offset] ^= uint8_t(1 + random.below(255));
      continue;
    }
    size_t width = size_t(1) << random.below(4);
    uint64_t value = kEdges[random.below(12)];
    offset -= offset % width;
    if (offset + width <= size)
      memcpy(bytes + offset, &value, width);
  }
}

/// Opens without running code, and asks for all that a file can be asked for.
/// Whether it opened.
bool exercise(const FileBytes &file) {
  yoco_model_options options = {};
  options.struct_size = sizeof(options);
  options.threads = 1;
  options.refuse_host_code = 1;
  Opened model(file, options);
  if (model.status != YOCO_OK) {
    EXPECT_NE(model.error, "");
    return false;
  }
  size_t described = 0;
  yoco_model_describe(
      model.model, [](void *user, const char *, size_t size) { *static_cast<size_t *>(user) += size; }, &described);
  EXPECT_NE(described, 0u);
  yoco_variant_info variant = {};
  variant.struct_size = sizeof(variant);
  for (uint32_t entry : {YOCO_ENTRY_PREFILL, YOCO_ENTRY_DECODE}) {
    yoco_step_cost cost = {};
    cost.struct_size = sizeof(cost);
    (void)yoco_model_get_step_cost(model.model, 0, entry, 1, 1, 0, 1, &cost, nullptr, 0);
  }
  yoco_bounds bounds = {1, 1, 1, 1};
  (void)yoco_model_get_variant(model.model, 0, &bounds, &variant, nullptr, 0);
  OpenedSession session(model.model);
  EXPECT_NE(session.status, YOCO_OK);
  return true;
}

TEST(FuzzTest, damagedPlan) {
  ToyModel toy;
  addTail(toy);
  const FileBytes good = toy.build();
  FileHeader header;
  memcpy(&header, good.data(), sizeof(header));
  const uint64_t kRounds = rounds(4000);
  uint64_t opened = 0;
  for (uint64_t round = 0; round < kRounds; ++round) {
    Random random(round);
    FileBytes file = good;
    damage(random, file.data() + header.planOffset, header.planSize);
    writeChecksums(file);
    opened += exercise(file);
  }
  EXPECT_GT(opened, 0u) << "some damage is to names and numbers that may be anything";
  EXPECT_LT(opened, kRounds / 2);
}

// The same for GPUs. A session is made where it can be: code is loaded, products are prepared, and nothing runs.
TEST(FuzzTest, damagedDevicePlan) {
  useFakeCuda("memory=100000000 test=fuzz");
  ToyModel toy = toyForCuda();
  addProducts(toy);
  addTail(toy);
  const FileBytes good = toy.build();
  FileHeader header;
  memcpy(&header, good.data(), sizeof(header));
  const uint64_t kRounds = rounds(4000);
  uint64_t made = 0;
  for (uint64_t round = 0; round < kRounds; ++round) {
    Random random(round);
    FileBytes file = good;
    damage(random, file.data() + header.planOffset, header.planSize);
    writeChecksums(file);
    Opened model(file);
    if (model.status != YOCO_OK)
      continue;
    OpenedSession session(model.model);
    made += session.status == YOCO_OK;
    EXPECT_EQ(session.status == YOCO_OK, session.error.empty());
  }
  EXPECT_GT(made, 0u);
  EXPECT_LT(made, kRounds / 2);
  EXPECT_EQ(fakeCounter("live"), 0u);
}

TEST(FuzzTest, damagedHeader) {
  const FileBytes good = ToyModel().build();
  for (uint64_t round = 0; round < rounds(4000); ++round) {
    Random random(round);
    FileBytes file = good;
    damage(random, file.data(), 72);
    exercise(file);
  }
}

/// Whether a process of its own loads the code, or refuses it, and lives.
bool loadsSafely(const std::vector<uint8_t> &code) {
  pid_t child = fork();
  if (child == 0) {
    auto loaded = runtime::HostCode::load(code.data(), code.size());
    for (const char *name : {"toy_mix", "toy_logits", "nothing"})
      if (loaded.ok())
        (void)loaded->find(name);
    _exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// The dynamic linker trusts what it loads, so nothing reaches it that could
// lead it astray.
TEST(FuzzTest, damagedSharedObject) {
  const std::string good = readFile(YOCO_TOY_KERNELS);
  const uint64_t kRounds = rounds(600);
  uint64_t passed = 0;
  for (uint64_t round = 0; round < kRounds; ++round) {
    Random random(round);
    std::vector<uint8_t> code(good.begin(), good.end());
    // Mostly the tables at the start, which say where all else is.
    damage(random, code.data(), random.below(4) ? 0x400 : code.size());
    if (random.below(8) == 0)
      code.resize(random.below(code.size()));
    if (!runtime::checkSharedObject(code.data(), code.size()).ok())
      continue;
    ++passed;
    EXPECT_TRUE(loadsSafely(code)) << round;
  }
  EXPECT_LT(passed, kRounds);
}

} // namespace
