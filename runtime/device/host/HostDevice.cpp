// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/host/HostDevice.h"

#include "runtime/core/ThreadPool.h"
#include "runtime/device/host/CpuFeatures.h"
#include "runtime/device/host/HostExecutor.h"
#include "runtime/model/Parameters.h"

namespace yoco::runtime {

Status HostDevice::supports(const fb::Variant &variant, uint32_t) const {
  if (variant.cpu_features())
    for (const flatbuffers::String *feature : *variant.cpu_features())
      YOCO_RETURN_IF_ERROR(checkCpuFeature(feature->c_str()));
  return Status();
}

Result<std::unique_ptr<Program>> HostDevice::load(const ProgramSource &source) const {
  YOCO_RETURN_IF_ERROR(supports(source.variant, source.ordinal));
  return HostProgram::load(source);
}

Result<std::unique_ptr<Program>> HostProgram::load(const ProgramSource &source) {
  std::unique_ptr<HostProgram> program(new HostProgram(source));
  YOCO_RETURN_IF_ERROR(program->loadCode(source));
  YOCO_RETURN_IF_ERROR(program->loadParameters(source));
  return std::unique_ptr<Program>(std::move(program));
}

Status HostProgram::loadCode(const ProgramSource &source) {
  const fb::Segment &segment = *source.variant.code();
  YOCO_ASSIGN_OR_RETURN(code, HostCode::load(source.file + segment.offset(), segment.size()));
  for (const fb::Kernel *kernel : *source.variant.kernels()) {
    YOCO_ASSIGN_OR_RETURN(HostKernel function, code.find(kernel->name()->c_str()));
    kernels.push_back(function);
  }
  return Status();
}

/// Weights of the file stay where they are; their checksums are compared unless that has been done. What is generated
/// takes time, so progress counts that.
Status HostProgram::loadParameters(const ProgramSource &source) {
  YOCO_ASSIGN_OR_RETURN(std::unique_ptr<ThreadPool> pool, ThreadPool::create(source.threads));
  uint64_t total = 0, done = 0;
  for (const fb::Parameter *parameter : *source.variant.parameters())
    if (!parameter->segment())
      total += parameterBytes(*parameter).value();
  if (total != 0)
    YOCO_RETURN_IF_ERROR(source.progress.report(0, total));
  for (const fb::Parameter *parameter : *source.variant.parameters()) {
    if (const fb::Segment *segment = parameter->segment()) {
      YOCO_RETURN_IF_ERROR(source.checksums.verify(segment->offset(), segment->offset() + segment->size(), *pool));
      parameters.push_back(source.file + segment->offset());
      continue;
    }
    YOCO_RETURN_IF_ERROR(generate(*parameter, source, *pool));
    done += parameterBytes(*parameter).value();
    YOCO_RETURN_IF_ERROR(source.progress.report(done, total));
  }
  return Status();
}

Status HostProgram::generate(const fb::Parameter &parameter, const ProgramSource &source, Parallel &parallel) {
  std::string what = "parameter " + parameter.name()->str();
  YOCO_ASSIGN_OR_RETURN(Memory memory,
                        Memory::allocate(source.allocator, parameterBytes(parameter).value(), what.c_str()));
  generateParameter(parameter, memory.data(), parallel);
  parameters.push_back(memory.data());
  generated.push_back(std::move(memory));
  return Status();
}

Result<std::unique_ptr<Executor>> HostProgram::createExecutor(ExecutorOptions options) const {
  return HostExecutor::create(*this, std::move(options));
}

} // namespace yoco::runtime
