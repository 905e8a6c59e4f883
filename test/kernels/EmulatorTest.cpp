// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The emulator itself, and the functions of kernels/nvptx/Math.h.

#include "test/kernels/Harness.h"

using namespace yoco;
using namespace yoco::test;

TEST(Emulator, RunsEveryThreadOfEveryBlock) {
  std::vector<int> seen(3 * 96);
  emulate(3, 96, 0, [&] { ++seen[device::blockIndex() * 96 + device::warpIndex() * 32 + device::laneIndex()]; });
  EXPECT_EQ(seen, std::vector<int>(3 * 96, 1));
}

TEST(Emulator, ShufflesExchangeLanes) {
  for (int round = 0; round < 4; ++round)
    emulate(1, 64, 0, [&] {
      const uint32_t lane = device::laneIndex();
      const float value = static_cast<float>(device::threadIndex()),
                  base = static_cast<float>(device::warpIndex() * 32);
      EXPECT_EQ(device::shuffleXor(value, 5), base + static_cast<float>(lane ^ 5));
      EXPECT_EQ(device::shuffleFrom(value, 7), base + 7);
      EXPECT_EQ(device::shuffleUp(value, 3), base + static_cast<float>(lane < 3 ? lane : lane - 3));
      EXPECT_EQ(device::warpSum(value), base * 32 + 496);
      EXPECT_EQ(device::warpMax(value), base + 31);
    });
}

TEST(Emulator, BarriersHandSharedMemoryOver) {
  for (int round = 0; round < 4; ++round)
    emulate(2, 256, 1024, [&] {
      float *shared = reinterpret_cast<float *>(device::sharedMemory());
      EXPECT_TRUE(std::isnan(shared[device::threadIndex()])) << "shared memory starts as NaNs";
      device::syncBlock();
      shared[device::threadIndex()] = static_cast<float>(device::threadIndex());
      device::syncBlock();
      EXPECT_EQ(shared[255 - device::threadIndex()], 255.0f - static_cast<float>(device::threadIndex()));
      device::syncBlock();
      EXPECT_EQ(device::blockSum(static_cast<float>(device::threadIndex()), shared, 8), 32640.0f);
    });
}

TEST(Emulator, AsynchronousCopiesArriveWhenWaitedFor) {
  alignas(16) float from[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  emulate(1, 32, 1024, [&] {
    float *shared = reinterpret_cast<float *>(device::sharedMemory()) + device::laneIndex() * 8;
    shared[0] = shared[4] = 9;
    device::copyAsync16(shared, from + 4, true);
    device::copyAsyncCommit();
    device::copyAsync16(shared + 4, from, false);
    device::copyAsyncCommit();
    EXPECT_TRUE(std::isnan(shared[0]) && std::isnan(shared[4]));
    device::copyAsyncWait<1>();
    EXPECT_EQ(shared[3], 8.0f);
    EXPECT_TRUE(std::isnan(shared[4]));
    device::copyAsyncWait<0>();
    EXPECT_EQ(shared[4], 0.0f);
  });
}

// Operands through ldmatrix as kernels load them: A by rows, B from rows of its transpose or transposed from its rows.
TEST(Emulator, MultipliesMatrices) {
  Random random;
  float a[16][16], b[16][8], c[16][8];
  for (auto &row : a)
    for (float &x : row)
      x = roundToBf16(random.normal());
  for (auto &row : b)
    for (float &x : row)
      x = roundToBf16(random.normal());
  for (bool transposed : {false, true})
    emulate(1, 32, 16 * 16 * 2 + 16 * 16 * 2, [&] {
      auto *sharedA = reinterpret_cast<uint16_t *>(device::sharedMemory()), *sharedB = sharedA + 256;
      const uint32_t lane = device::laneIndex();
      for (uint32_t i = lane; i < 256; i += 32)
        sharedA[i] = floatToBf16(a[i / 16][i % 16]);
      for (uint32_t i = lane; i < 128; i += 32)
        sharedB[transposed ? i / 8 * 8 + i % 8 : i % 8 * 16 + i / 8] = floatToBf16(b[i / 8][i % 8]);
      device::syncWarp();
      uint32_t fragmentA[4], loaded[4];
      device::ldmatrix4(fragmentA, sharedA + lane % 16 * 16 + lane / 16 * 8);
      if (transposed)
        device::ldmatrix4Transposed(loaded, sharedB + lane % 16 * 8);
      else
        device::ldmatrix4(loaded, sharedB + lane % 8 * 16 + lane / 8 % 2 * 8);
      const uint32_t fragmentB[2] = {loaded[0], loaded[1]};
      float sums[4] = {1, 1, 1, 1};
      device::mmaBf16(sums, fragmentA, fragmentB);
      for (uint32_t i = 0; i < 4; ++i)
        c[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2] = sums[i];
    });
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 8; ++j) {
      double sum = 1;
      for (int k = 0; k < 16; ++k)
        sum += double(a[i][k]) * b[k][j];
      EXPECT_NEAR(c[i][j], sum, 1e-5);
    }
}

TEST(EmulatorDeathTest, WhatIsUndefinedEndsTheProgram) {
  auto dies = [](auto body, const char *message) { EXPECT_DEATH(emulate(1, 64, 256, body), message); };
  dies(
      [] {
        if (device::laneIndex() != 3)
          device::syncWarp();
      },
      "divergence: .* waits in syncWarp");
  dies(
      [] {
        if (device::laneIndex() != 3)
          device::syncWarp();
        else
          device::warpSum(1);
      },
      "divergence: .* while other");
  dies(
      [] {
        if (device::threadIndex() != 3)
          device::syncBlock();
      },
      "63 of 64 threads wait at syncBlock");
  dies(
      [] {
        if (device::laneIndex() < 8)
          device::syncBlock();
        else
          device::syncWarp();
      },
      "divergence: .* at syncBlock");
  dies([] { device::load16(device::sharedMemory() + 8); }, "not a multiple of 16");
  dies([] { device::loadStream16(device::sharedMemory()); }, "loadStream16 of shared memory");
  dies([] { device::sharedMemory()[256] = 0; }, "a write 0 bytes after the 256 bytes");
  dies([] { device::copyAsync16(device::sharedMemory() + 256, device::sharedMemory(), false); }, "at byte 256 of 256");
}

TEST(Math, FunctionsOfOneNumber) {
  Random random;
  for (int i = 0; i < 100000; ++i) {
    const float x = random.uniform(-30, 30) * (i % 2 ? 1.0f : 0.01f);
    const double silu = x / (1 + std::exp(-double(x)));
    const double gelu = 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * double(x) * x * x)));
    const double logSigmoid = x < 0 ? x - std::log1p(std::exp(double(x))) : -std::log1p(std::exp(-double(x)));
    ASSERT_NEAR(device::silu(x), silu, 2e-6 * std::fabs(silu) + 1e-30) << x;
    ASSERT_NEAR(device::gelu(x), gelu, 1e-6 * std::fabs(x)) << x;
    ASSERT_NEAR(device::logSigmoid(x), logSigmoid, 3e-6 * std::fabs(logSigmoid)) << x;
  }
  EXPECT_EQ(device::silu(-200.0f), 0.0f);
  EXPECT_EQ(device::silu(200.0f), 200.0f);
  EXPECT_EQ(device::gelu(-200.0f), 0.0f);
  EXPECT_EQ(device::logSigmoid(-200.0f), -200.0f);
}

TEST(Math, SineAndCosineOfLargeAngles) {
  Random random;
  for (int i = 0; i < 200000; ++i) {
    const float angle = random.uniform(-1.0f, 1.0f) * std::exp2(random.uniform(-10.0f, 21.0f));
    float sine, cosine;
    device::sinCos(angle, sine, cosine);
    ASSERT_NEAR(sine, std::sin(double(angle)), 2e-7) << angle;
    ASSERT_NEAR(cosine, std::cos(double(angle)), 2e-7) << angle;
  }
}

TEST(Math, ElementsOfEveryKind) {
  Random random;
  for (int kind : {device::kF32, device::kBf16, device::kF16}) {
    Buffer buffer(kind, 1, 64);
    buffer.fillNormal(random);
    for (int i = 0; i < 64; ++i) {
      EXPECT_EQ(device::loadElement(buffer.data(), kind, i), buffer.get(0, i));
      const int inVector = 16 / device::elementBytes(kind);
      const device::Vec4 vector = device::load16(device::elementAddress(buffer.data(), kind, i / inVector * inVector));
      EXPECT_EQ(device::elementOf(vector, kind, i % inVector), buffer.get(0, i));
      if (kind == device::kF16)
        continue;
      const float value = random.normal();
      device::storeElement(buffer.data(), kind, i, value);
      EXPECT_EQ(buffer.get(0, i), kind == device::kF32 ? value : roundToBf16(value));
    }
  }
}
