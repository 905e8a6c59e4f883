// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a GPU does at most: copies from device to device, and the library's product at a model's shapes. It uses the
// runtime's way to the driver and to cuBLASLt, and a context of its own beside the session's.

#ifndef YOCO_TOOLS_YOCOBENCH_GPUCEILINGS_H
#define YOCO_TOOLS_YOCOBENCH_GPUCEILINGS_H

#include "runtime/device/cuda/CublasLt.h"
#include "tools/yoco-bench/Ceilings.h"

#include <memory>
#include <optional>
#include <string>

namespace yoco::bench {

/// Measures with memory that is free, which it gives back. Throws what goes wrong.
class GpuCeilings {
public:
  /// `model` is a file that the runtime has verified. Products are those of its largest matrix that prefill multiplies
  /// by, in steps of `rows` rows.
  GpuCeilings(const std::string &model, uint32_t variant, uint32_t ordinal, uint64_t rows);

  GpuMeasurement measure();

private:
  void measureCopies(GpuMeasurement &result);
  void measureProducts(GpuMeasurement &result);
  void fillWithNumbers(const runtime::cuda::DeviceMemory &memory);
  runtime::cuda::DeviceMemory allocate(uint64_t size);
  void check(runtime::Status status) const;
  void check(const char *call, runtime::cuda::CUresult result) const;
  /// Seconds of one of `count` runs of `start` in a row.
  template <typename Start>
  double time(uint32_t count, Start start);

  std::string model;
  runtime::cuda::ContextPointer context;
  std::shared_ptr<const runtime::cuda::CublasLt> library; // null when the program has no products
  std::optional<runtime::cuda::GemmShape> shape;
  runtime::cuda::Stream stream;
};

} // namespace yoco::bench

#endif // YOCO_TOOLS_YOCOBENCH_GPUCEILINGS_H
