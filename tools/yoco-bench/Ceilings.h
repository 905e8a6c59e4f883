// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What this machine can do at most: bytes moved and multiply-adds.

#ifndef YOCO_TOOLS_YOCOBENCH_CEILINGS_H
#define YOCO_TOOLS_YOCOBENCH_CEILINGS_H

#include <cstdint>
#include <optional>
#include <vector>

namespace yoco::bench {

/// What a GPU did.
struct GpuMeasurement {
  double copyBytesPerSecond = 0;         // device to device; bytes read plus bytes written
  double productOperationsPerSecond = 0; // 2 for each multiply-add; 0: the program has no products
  uint64_t productRows = 0, productOutputs = 0, productInputs = 0;
};

struct Ceilings {
  double bytesPerSecond = 0;
  double operationsPerSecond = 0;    // 0: not known for this processor
  std::optional<GpuMeasurement> gpu; // how they were measured, on a GPU
};

/// The better of what was measured on a GPU and before.
void improve(Ceilings &ceilings, const GpuMeasurement &measured);

/// Measures the host with `threads` threads, once at each call; the best of all calls counts, since what else runs on
/// the machine only takes away.
class HostCeilings {
public:
  explicit HostCeilings(uint32_t threads);
  void measure();
  const Ceilings &best() const { return ceilings; }

private:
  uint32_t threads;
  std::vector<uint64_t> buffer; // larger than caches
  Ceilings ceilings;
};

} // namespace yoco::bench

#endif // YOCO_TOOLS_YOCOBENCH_CEILINGS_H
