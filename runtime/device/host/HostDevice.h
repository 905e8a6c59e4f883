// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The device `host`: kernels are functions of a shared object, tiles are run by
// a thread pool, memory is memory.

#ifndef YOCO_RUNTIME_DEVICE_HOST_HOSTDEVICE_H
#define YOCO_RUNTIME_DEVICE_HOST_HOSTDEVICE_H

#include "runtime/device/Device.h"
#include "runtime/device/host/HostCode.h"

namespace yoco::runtime {

class HostDevice final : public Device {
public:
  const char *name() const override { return "host"; }
  Status supports(const fb::Variant &variant, uint32_t ordinal) const override;
  Result<std::unique_ptr<Program>> load(const ProgramSource &source) const override;
};

/// Kernels and parameters of a variant, by index.
class HostProgram final : public Program {
public:
  static Result<std::unique_ptr<Program>> load(const ProgramSource &source);
  Result<std::unique_ptr<Executor>> createExecutor(ExecutorOptions options) const override;
  const char *description() const override { return "host"; }

  const fb::Variant &variant() const { return verified; }
  uint32_t vocabularySize() const { return vocabulary; }
  HostKernel kernel(uint32_t index) const { return kernels[index]; }
  const uint8_t *parameter(uint32_t index) const { return parameters[index]; }

private:
  explicit HostProgram(const ProgramSource &source) : verified(source.variant), vocabulary(source.vocabularySize) {}
  Status loadCode(const ProgramSource &source);
  Status loadParameters(const ProgramSource &source);
  Status generate(const fb::Parameter &parameter, const ProgramSource &source, Parallel &parallel);

  const fb::Variant &verified;
  uint32_t vocabulary;
  HostCode code;
  std::vector<HostKernel> kernels;
  std::vector<const uint8_t *> parameters;
  std::vector<Memory> generated;
};

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_DEVICE_HOST_HOSTDEVICE_H
