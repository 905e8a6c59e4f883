// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-bench/Ceilings.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

namespace yoco::bench {

namespace {

constexpr size_t kBufferWords = size_t(256) << 17; // 256 MiB
constexpr int kRounds = 1 << 18;                   // of multiply-adds
constexpr int kBursts = 12;

/// Keeps a value that nothing else needs.
template <typename T>
void keep(T &value) {
  asm volatile("" : : "m"(value) : "memory");
}

uint64_t sumWords(const uint64_t *words, size_t count) {
  typedef uint64_t Words __attribute__((vector_size(64), aligned(8)));
  Words sums[4] = {};
  for (size_t i = 0; i + 32 <= count; i += 32)
    for (size_t j = 0; j < 4; ++j)
      sums[j] ^= *reinterpret_cast<const Words *>(words + i + 8 * j);
  Words sum = sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
  return sum[0] ^ sum[1] ^ sum[2] ^ sum[3] ^ sum[4] ^ sum[5] ^ sum[6] ^ sum[7];
}

// Outside of the template, where GCC does not take a width that depends on a parameter.
typedef float Floats16 __attribute__((vector_size(64)));
typedef float Floats8 __attribute__((vector_size(32)));

/// Enough chains of multiply-adds to hide their latency, in registers of type `Vector`.
template <typename Vector, int Chains>
[[gnu::always_inline]] inline double multiplyAdd() {
  constexpr size_t lanes = sizeof(Vector) / sizeof(float);
  Vector sums[Chains], factor, term;
  for (size_t lane = 0; lane < lanes; ++lane) {
    factor[lane] = 0.999f;
    term[lane] = 0.001f;
  }
  for (Vector &sum : sums)
    sum = term;
  for (int i = 0; i < kRounds; ++i) {
#if defined(__clang__)
#pragma clang loop unroll(full)
#else
#pragma GCC unroll 16
#endif
    for (int j = 0; j < Chains; ++j)
      sums[j] = sums[j] * factor + term;
  }
  for (Vector &sum : sums)
    keep(sum);
  return 2.0 * kRounds * Chains * lanes;
}

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang fp contract(fast) // as GCC does anyway
#endif
[[gnu::target("avx512f")]] double multiplyAdd512() { return multiplyAdd<Floats16, 16>(); }
[[gnu::target("avx2,fma")]] double multiplyAdd256() { return multiplyAdd<Floats8, 12>(); }

double runMultiplyAdds() {
  if (__builtin_cpu_supports("avx512f"))
    return multiplyAdd512();
  if (__builtin_cpu_supports("fma"))
    return multiplyAdd256();
  return 0;
}
#else
double runMultiplyAdds() { return 0; }
#endif

double secondsOf(uint32_t threads, const std::function<void(uint32_t)> &body) {
  auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> others;
  for (uint32_t i = 1; i < threads; ++i)
    others.emplace_back(body, i);
  body(0);
  for (std::thread &other : others)
    other.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

} // namespace

void improve(Ceilings &ceilings, const GpuMeasurement &measured) {
  ceilings.bytesPerSecond = std::max(ceilings.bytesPerSecond, measured.copyBytesPerSecond);
  ceilings.operationsPerSecond = std::max(ceilings.operationsPerSecond, measured.productOperationsPerSecond);
  ceilings.gpu = measured;
}

HostCeilings::HostCeilings(uint32_t threads) : threads(std::max(threads, 1u)), buffer(kBufferWords) {
  // Pages that were never written are one page of zeros.
  for (size_t i = 0; i < buffer.size(); ++i)
    buffer[i] = i;
}

void HostCeilings::measure() {
  size_t share = buffer.size() / threads;
  for (int round = 0; round < kBursts; ++round) {
    double seconds = secondsOf(threads, [&](uint32_t thread) {
      uint64_t sum = sumWords(buffer.data() + thread * share, share);
      keep(sum);
    });
    ceilings.bytesPerSecond = std::max(ceilings.bytesPerSecond, double(share * threads * sizeof(uint64_t)) / seconds);
    std::vector<double> operations(threads);
    seconds = secondsOf(threads, [&](uint32_t thread) { operations[thread] = runMultiplyAdds(); });
    double total = 0;
    for (double count : operations)
      total += count;
    ceilings.operationsPerSecond = std::max(ceilings.operationsPerSecond, total / seconds);
  }
}

} // namespace yoco::bench
