// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/host/HostDevice.h"

#include "runtime/core/ThreadPool.h"
#include "runtime/device/host/CpuFeatures.h"
#include "runtime/device/host/HostExecutor.h"
#include "runtime/model/Parameters.h"

namespace yoco::runtime {

Status HostDevice::supports(const fb::Variant &variant) const {
  if (variant.cpu_features())
    for (const flatbuffers::String *feature : *variant.cpu_features())
      YOCO_RETURN_IF_ERROR(checkCpuFeature(feature->c_str()));
  return Status();
}

Result<std::unique_ptr<Program>> HostDevice::load(const ProgramSource &source) const {
  YOCO_RETURN_IF_ERROR(supports(source.variant));
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

Status HostProgram::loadParameters(const ProgramSource &source) {
  std::unique_ptr<ThreadPool> pool;
  for (const fb::Parameter *parameter : *source.variant.parameters()) {
    if (parameter->segment()) {
      parameters.push_back(source.file + parameter->segment()->offset());
      continue;
    }
    if (!pool) {
      YOCO_ASSIGN_OR_RETURN(pool, ThreadPool::create(source.threads));
    }
    std::string what = "parameter " + parameter->name()->str();
    YOCO_ASSIGN_OR_RETURN(Memory memory,
                          Memory::allocate(source.allocator, parameterBytes(*parameter).value(), what.c_str()));
    generateParameter(*parameter, memory.data(), *pool);
    parameters.push_back(memory.data());
    generated.push_back(std::move(memory));
  }
  return Status();
}

Result<std::unique_ptr<Executor>> HostProgram::createExecutor(ExecutorOptions options) const {
  return HostExecutor::create(*this, std::move(options));
}

} // namespace yoco::runtime
