// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cuda/CudaDevice.h"

#include "runtime/device/cuda/CudaExecutor.h"
#include "runtime/model/Instructions.h"

#include <cinttypes>

namespace yoco::runtime::cuda {

namespace {

bool hasProducts(const fb::Variant &variant) {
  bool found = false;
  forEachInstruction(variant, [&](const fb::Entry &, const fb::Instruction &instruction) {
    found |= visit(instruction, Handlers{
                                    [](const fb::Launch &) { return false; },
                                    [](const fb::Copy &) { return false; },
                                    [](const fb::Gemm &) { return true; },
                                });
  });
  return found;
}

/// What a variant needs of this machine.
struct Machine {
  std::shared_ptr<const CudaDriver> driver;
  Gpu gpu;
  const fb::Image *image;
  std::shared_ptr<const CublasLt> library; // null when there are no products

  static Result<Machine> find(const fb::Variant &variant, uint32_t ordinal) {
    Machine machine;
    YOCO_ASSIGN_OR_RETURN(machine.driver, CudaDriver::open());
    YOCO_ASSIGN_OR_RETURN(machine.gpu, findGpu(*machine.driver, ordinal));
    YOCO_ASSIGN_OR_RETURN(machine.image, findImage(variant, machine.gpu));
    if (hasProducts(variant)) {
      YOCO_ASSIGN_OR_RETURN(machine.library, CublasLt::open());
    }
    return machine;
  }
};

} // namespace

Status CudaDevice::supports(const fb::Variant &variant, uint32_t ordinal) const {
  return Machine::find(variant, ordinal).takeStatus();
}

Result<std::unique_ptr<Program>> CudaDevice::load(const ProgramSource &source) const {
  return CudaProgram::load(source);
}

CudaProgram::CudaProgram(const ProgramSource &source, const fb::Image &image, ContextPointer context,
                         std::shared_ptr<const CublasLt> library)
    : verified(source.variant), vocabulary(source.vocabularySize), image(image),
      text(context->gpu().text() + ", " + describeImage(image)), gpuContext(std::move(context)),
      library(std::move(library)), weights(source.variant) {}

Result<std::unique_ptr<Program>> CudaProgram::load(const ProgramSource &source) {
  YOCO_ASSIGN_OR_RETURN(Machine machine, Machine::find(source.variant, source.ordinal));
  YOCO_ASSIGN_OR_RETURN(ContextPointer context, CudaContext::retain(machine.driver, machine.gpu));
  std::unique_ptr<CudaProgram> program(
      new CudaProgram(source, *machine.image, std::move(context), std::move(machine.library)));
  YOCO_RETURN_IF_ERROR(
      checkMemory(*program->gpuContext, source.variant, program->weights.deviceBytes(), source.arenas));
  const fb::Segment &bytes = *machine.image->code();
  YOCO_RETURN_IF_ERROR(source.checksums.verify(bytes.offset(), bytes.offset() + bytes.size()));
  YOCO_ASSIGN_OR_RETURN(
      program->code, CudaCode::load(program->gpuContext, source.variant, *machine.image, source.file + bytes.offset()));
  YOCO_RETURN_IF_ERROR(program->weights.load(program->gpuContext, source));
  return std::unique_ptr<Program>(std::move(program));
}

Result<std::unique_ptr<Executor>> CudaProgram::createExecutor(ExecutorOptions options) const {
  return CudaExecutor::create(*this, std::move(options));
}

Status checkMemory(const CudaContext &context, const fb::Variant &variant, uint64_t weightBytes,
                   const std::vector<uint64_t> &arenas) {
  YOCO_ASSIGN_OR_RETURN(uint64_t free, context.freeBytes());
  Checked needed(weightBytes);
  std::string parts = weightBytes == 0 ? "" : formatString("weights %" PRIu64, weightBytes);
  for (uint32_t i = 0; i < arenas.size(); ++i) {
    needed = needed + arenas[i];
    parts += formatString("%sarena %s %" PRIu64, parts.empty() ? "" : ", ", variant.arenas()->Get(i)->name()->c_str(),
                          arenas[i]);
  }
  if (needed.atMost(free))
    return Status();
  return makeError(YOCO_OUT_OF_MEMORY, "%s: %s bytes of memory are needed and %" PRIu64 " are free: %s",
                   context.gpu().text().c_str(), needed.ok() ? std::to_string(needed.value()).c_str() : "2^64 or more",
                   free, parts.c_str());
}

} // namespace yoco::runtime::cuda
