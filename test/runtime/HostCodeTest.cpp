// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The code of host variants: what is refused before it can run, and processor
// features.

#include "runtime/device/host/HostCode.h"
#include "runtime/device/host/CpuFeatures.h"
#include "test/runtime/ToyModel.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace yoco;
using namespace yoco::test;
using testing::HasSubstr;

namespace {

std::string sessionError(ToyModel &toy) {
  FileBytes file = toy.build();
  Opened model(file);
  EXPECT_EQ(model.status, YOCO_OK) << model.error;
  OpenedSession session(model.model);
  EXPECT_NE(session.status, YOCO_OK);
  return session.error;
}

TEST(HostCodeTest, refusesUndefinedSymbols) {
  ToyModel toy;
  toy.blobs[1] = readFile(YOCO_BAD_KERNELS);
  EXPECT_EQ(sessionError(toy), "variants[0] (host:toy): code: expected no "
                               "undefined symbol, got `elsewhere`");
}

TEST(HostCodeTest, refusesMissingKernels) {
  ToyModel toy;
  toy.variant().kernels[1]->name = "toy_lgits";
  EXPECT_THAT(sessionError(toy), HasSubstr("the code defines no kernel `toy_lgits`"));
}

TEST(HostCodeTest, refusesOtherThanSharedObjects) {
  ToyModel toy;
  toy.blobs[1] = "#!/bin/sh";
  EXPECT_THAT(sessionError(toy), HasSubstr("expected an ELF shared object"));
  toy.blobs[1] = readFile(YOCO_TOY_KERNELS);
  toy.blobs[1][offsetof(Elf64_Ehdr, e_machine)] = EM_S390;
  EXPECT_THAT(sessionError(toy), HasSubstr("it is for ELF machine 22"));
  toy.blobs[1] = readFile(YOCO_TOY_KERNELS).substr(0, 1000);
  EXPECT_THAT(sessionError(toy), HasSubstr("describes a range outside it"));
}

// A library of the system needs others and has undefined symbols: whichever is
// seen first, it is refused.
TEST(HostCodeTest, refusesNeededLibraries) {
  std::string libc = readFile("/proc/self/exe");
  auto status = runtime::checkSharedObject(reinterpret_cast<const uint8_t *>(libc.data()), libc.size());
  EXPECT_FALSE(status.ok());
}

TEST(HostCodeTest, refusedWhenTheCallerSaysSo) {
  FileBytes file = ToyModel().build();
  yoco_model_options options = {};
  options.struct_size = sizeof(options);
  options.refuse_host_code = 1;
  Opened model(file, options);
  ASSERT_EQ(model.status, YOCO_OK);
  OpenedSession session(model.model);
  EXPECT_EQ(session.status, YOCO_REFUSED);
  EXPECT_THAT(session.error, HasSubstr("refuse_host_code"));
}

// Two models at once: each has its own code, though both come from files in
// memory.
TEST(HostCodeTest, modelsDoNotShareCode) {
  FileBytes file = ToyModel().build();
  Opened first(file);
  OpenedSession firstSession(first.model);
  ToyModel swapped;
  std::swap(swapped.variant().kernels[0]->name, swapped.variant().kernels[1]->name);
  FileBytes otherFile = swapped.build();
  Opened second(otherFile);
  OpenedSession secondSession(second.model);
  EXPECT_EQ(firstSession.status, YOCO_OK) << firstSession.error;
  EXPECT_EQ(secondSession.status, YOCO_OK) << secondSession.error;
  std::vector<float> logits(kToyVocabulary);
  std::vector<int32_t> ids = toyIds(6);
  ASSERT_EQ(yoco_session_prompt(firstSession, 0, ids.data(), ids.size(), logits.data()), YOCO_OK);
  EXPECT_EQ(logits, toyLogits(ids));
}

TEST(HostCodeTest, namesWhatTheProcessorLacks) {
  ToyModel toy;
  toy.variant().cpu_features = {"teleport"};
  EXPECT_EQ(sessionError(toy), "this machine can run no target of the file: "
                               "host:toy: the processor feature `teleport` "
                               "is unknown to this runtime");
}

TEST(HostCodeTest, firstVariantThatRuns) {
  ToyModel toy;
  auto better = std::make_unique<fb::VariantT>();
  better->device = "host";
  better->target = "host:better";
  better->cpu_features = {"teleport"};
  for (const char *name : {"persistent", "scratch"}) {
    better->arenas.push_back(std::make_unique<fb::ArenaT>());
    better->arenas.back()->name = name;
  }
  better->code = std::make_unique<fb::SegmentT>();
  toy.build();
  *better->code = *toy.variant().code; // stored once
  toy.plan.variants.insert(toy.plan.variants.begin(), std::move(better));
  FileBytes file = toy.write();
  Opened model(file);
  ASSERT_EQ(model.status, YOCO_OK) << model.error;
  OpenedSession session(model.model);
  ASSERT_EQ(session.status, YOCO_OK) << session.error;
  EXPECT_STREQ(session.stats().target, "host:toy");
}

TEST(HostCodeTest, namesDevices) {
  FileBytes file = ToyModel().build();
  Opened model(file);
  auto expectError = [&](const char *device, const char *text) {
    yoco_session_options options = {};
    options.device = device;
    OpenedSession session(model.model, options);
    EXPECT_EQ(session.status, YOCO_UNSUPPORTED);
    EXPECT_EQ(session.error, text);
  };
  expectError("cuda", "the file has no target for device `cuda` (targets in the file: host:toy)");
  expectError("cuda:1", "the file has no target for device `cuda:1` (targets in the file: host:toy)");
  for (std::string name : {"tpu", "host:0", "cuda:", "cuda:x", "cuda:-1", "cuda:99999999999", ""})
    expectError(name.c_str(),
                ("this build of the runtime has no device `" + name + "` (targets in the file: host:toy)").c_str());
}

#if defined(__x86_64__)
// The table agrees with the compiler's own idea of this processor.
TEST(HostCodeTest, processorFeatures) {
  EXPECT_TRUE(runtime::checkCpuFeature("sse2").ok());
  EXPECT_TRUE(runtime::checkCpuFeature("64bit").ok());
  auto agrees = [](const char *name, bool expected) {
    EXPECT_EQ(runtime::checkCpuFeature(name).ok(), expected) << name;
  };
  agrees("sse4.2", __builtin_cpu_supports("sse4.2"));
  agrees("popcnt", __builtin_cpu_supports("popcnt"));
  agrees("avx", __builtin_cpu_supports("avx"));
  agrees("avx2", __builtin_cpu_supports("avx2"));
  agrees("fma", __builtin_cpu_supports("fma"));
  agrees("bmi", __builtin_cpu_supports("bmi"));
  agrees("bmi2", __builtin_cpu_supports("bmi2"));
  agrees("avx512f", __builtin_cpu_supports("avx512f"));
  agrees("avx512bw", __builtin_cpu_supports("avx512bw"));
  agrees("avx512vl", __builtin_cpu_supports("avx512vl"));
  agrees("avx512dq", __builtin_cpu_supports("avx512dq"));
  agrees("avx512vnni", __builtin_cpu_supports("avx512vnni"));
  agrees("avx512bf16", __builtin_cpu_supports("avx512bf16"));
  agrees("gfni", __builtin_cpu_supports("gfni"));
  agrees("vaes", __builtin_cpu_supports("vaes"));
}
#endif

} // namespace
