// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the bytes of each stored type mean, against numbers worked out by hand and, for blocks of 256, with NumPy by the
// definition of the format (test/e2e/gguf.py).

#include "frontend/StoredType.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/APInt.h"
#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"
#include <functional>
#include <map>
#include <string>
#include <vector>

using namespace mlir::yoco;

namespace {

/// The bytes of an f16 with few bits, by its sign, exponent and fraction: 0x3800 is 0.5.
void putHalf(std::string &block, size_t at, uint16_t bits) {
  block[at] = static_cast<char>(bits & 0xff);
  block[at + 1] = static_cast<char>(bits >> 8);
}

/// `count` bytes from `at` on: byte `i` is `factor * i + first`.
void putRamp(std::string &block, size_t at, int count, int factor, int first = 0) {
  for (int i = 0; i < count; ++i)
    block[at + i] = static_cast<char>(factor * i + first);
}

std::vector<float> decode(llvm::StringRef name, const std::function<void(std::string &)> &fill) {
  const StoredType *type = findStoredType(name);
  EXPECT_NE(type, nullptr) << name.str();
  std::string block(type->blockBytes, '\0');
  fill(block);
  std::vector<float> numbers(type->blockNumbers, -12345.0f);
  type->decode(block.data(), numbers.data());
  return numbers;
}

void expectNumbers(const std::vector<float> &numbers, const std::map<size_t, float> &expected) {
  for (auto [index, number] : expected)
    EXPECT_EQ(numbers[index], number) << "number " << index;
}

constexpr uint16_t kHalf = 0x3800, kQuarter = 0x3400, kMinusTwo = 0xc000;

TEST(StoredType, Plain) {
  auto put = [](std::initializer_list<int> bytes) {
    return [bytes = std::vector<int>(bytes)](std::string &block) {
      for (size_t i = 0; i < bytes.size(); ++i)
        block[i] = static_cast<char>(bytes[i]);
    };
  };
  EXPECT_EQ(decode("F32", put({0x00, 0x00, 0x20, 0xc0})).front(), -2.5f);
  EXPECT_EQ(decode("BF16", put({0x20, 0xc0})).front(), -2.5f);
  EXPECT_EQ(decode("F16", put({0x00, 0xc1})).front(), -2.5f);
  EXPECT_EQ(findStoredType("I32"), nullptr);
  EXPECT_EQ(findStoredType(""), nullptr);
}

TEST(StoredType, HalvesAreWidenedAsEveryoneDoes) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    llvm::APFloat value(llvm::APFloat::IEEEhalf(), llvm::APInt(16, bits));
    float widened = widenHalf(static_cast<uint16_t>(bits));
    if (value.isNaN()) {
      EXPECT_NE(widened, widened) << bits;
      continue;
    }
    bool losesInfo;
    value.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    ASSERT_EQ(llvm::bit_cast<uint32_t>(widened), llvm::bit_cast<uint32_t>(value.convertToFloat())) << bits;
  }
}

/// Codes -64, -60, ... 60 times 0.5.
TEST(StoredType, Q8_0) {
  std::vector<float> numbers = decode("Q8_0", [](std::string &block) {
    putHalf(block, 0, kHalf);
    putRamp(block, 2, 32, 4, -64);
  });
  expectNumbers(numbers, {{0, -32}, {1, -30}, {16, 0}, {31, 30}});
}

/// Byte i is 0xf0 + i: the low codes are i - 8, the high ones 15 - 8.
TEST(StoredType, Q4_0) {
  std::vector<float> numbers = decode("Q4_0", [](std::string &block) {
    putHalf(block, 0, kMinusTwo);
    putRamp(block, 2, 16, 1, 0xf0);
  });
  expectNumbers(numbers, {{0, 16}, {1, 14}, {8, 0}, {15, -14}, {16, -14}, {31, -14}});
}

TEST(StoredType, Q4_1) {
  std::vector<float> numbers = decode("Q4_1", [](std::string &block) {
    putHalf(block, 0, kHalf);
    putHalf(block, 2, kMinusTwo);
    putRamp(block, 4, 16, 1, 0xf0);
  });
  expectNumbers(numbers, {{0, -2}, {1, -1.5}, {15, 5.5}, {16, 5.5}, {31, 5.5}});
}

/// Scales 0.5 * (1, 2, 3, 4, 10, 28, 46, 48), minima 0.25 * (5, 6, 7, 8, 9, 27, 45, 63).
void putGroups(std::string &block) {
  constexpr unsigned char bytes[] = {0x01, 0x42, 0x83, 0xc4, 0x05, 0x46, 0x87, 0xc8, 0x9a, 0xbc, 0xde, 0xf0};
  putHalf(block, 0, kHalf);
  putHalf(block, 2, kQuarter);
  block.replace(4, sizeof(bytes), reinterpret_cast<const char *>(bytes), sizeof(bytes));
}

/// The first code is 0: 0.5 * 1 * 0 - 0.25 * 5 = -1.25; the second 7: 0.5 * 1 * 7 - 1.25 = 2.25.
TEST(StoredType, Q4_K) {
  std::vector<float> numbers = decode("Q4_K", [](std::string &block) {
    putGroups(block);
    putRamp(block, 16, 128, 7);
  });
  expectNumbers(numbers, {{0, -1.25}, {1, 2.25}, {31, 3.25}, {32, -1.5}, {63, 11.5}, {64, -1.75}, {100, 28},
                          {128, -2.25}, {160, 161.25}, {200, 172.75}, {224, 224.25}, {255, 152.25}});
}

/// Byte 1 of the fifth bits is 11: code 1 of group 0 is 7 + 16, and 0.5 * 1 * 23 - 1.25 = 10.25.
TEST(StoredType, Q5_K) {
  std::vector<float> numbers = decode("Q5_K", [](std::string &block) {
    putGroups(block);
    putRamp(block, 16, 32, 11);
    putRamp(block, 48, 128, 7);
  });
  expectNumbers(numbers, {{0, -1.25}, {1, 10.25}, {31, 11.25}, {32, -1.5}, {63, 11.5}, {64, -1.75}, {100, 60},
                          {128, -2.25}, {160, 161.25}, {200, 540.75}, {224, 224.25}, {255, 152.25}});
}

/// The first code is 0 and its scale -100: 0.5 * -100 * (0 - 32) = 1600.
TEST(StoredType, Q6_K) {
  std::vector<float> numbers = decode("Q6_K", [](std::string &block) {
    putRamp(block, 0, 128, 7);
    putRamp(block, 128, 64, 13);
    putRamp(block, 192, 16, 17, -100);
    putHalf(block, 208, kHalf);
  });
  expectNumbers(numbers, {{0, 1600}, {1, 450}, {31, -1037.5}, {32, 1056}, {63, 563.5}, {64, 512}, {100, -17},
                          {127, 104.5}, {128, -576}, {160, -1120}, {200, -884}, {224, -590}, {255, 1262.5}});
}

/// Runs that begin and end within blocks.
TEST(StoredType, ReadsAnyRun) {
  const StoredType &type = *findStoredType("Q8_0");
  std::string bytes(1, '\0'); // the tensor begins at an odd address
  for (int block = 0; block < 4; ++block) {
    bytes.append("\x00\x3c", 2); // 1
    for (int i = 0; i < 32; ++i)
      bytes.push_back(static_cast<char>(32 * block + i));
  }
  for (int64_t first : {0, 1, 31, 32, 40, 64, 127})
    for (int64_t count = 0; first + count <= 128; ++count) {
      std::vector<float> numbers(count);
      type.read(bytes.data() + 1, first, numbers);
      for (int64_t i = 0; i < count; ++i)
        ASSERT_EQ(numbers[i], static_cast<float>(first + i)) << first << " " << count;
    }
}

TEST(StoredType, CountsBytes) {
  EXPECT_EQ(findStoredType("Q6_K")->getBytes(512), 420u);
  EXPECT_EQ(findStoredType("F16")->getBytes(0), 0u);
  EXPECT_EQ(findStoredType("F32")->getBytes(uint64_t(1) << 60), std::nullopt);
  EXPECT_EQ(findStoredType("F32")->getBytes((uint64_t(1) << 60) - 1), (uint64_t(1) << 62) - 4);
  EXPECT_EQ(findStoredType("Q4_0")->getBytes(uint64_t(1) << 63), std::nullopt);
}

} // namespace
