// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cuda/CudaExecutor.h"

#include "runtime/device/SlotMemory.h"

#include <algorithm>

namespace yoco::runtime::cuda {

/// Pinned memory for results: what a copy of this size takes is worth a wait.
constexpr uint64_t kResultBytes = uint64_t(16) << 20;

Result<std::unique_ptr<Executor>> CudaExecutor::create(const CudaProgram &program, ExecutorOptions options) {
  std::unique_ptr<CudaExecutor> executor(new CudaExecutor(program, std::move(options)));
  ContextScope scope(*executor->context);
  YOCO_RETURN_IF_ERROR(executor->prepare());
  return std::unique_ptr<Executor>(std::move(executor));
}

CudaExecutor::~CudaExecutor() { (void)finish(); }

Status CudaExecutor::prepare() {
  YOCO_RETURN_IF_ERROR(checkMemory(*context, program.variant(), 0, options.sizes.arenas));
  YOCO_RETURN_IF_ERROR(arenas.allocate(program, options.sizes));
  YOCO_ASSIGN_OR_RETURN(stream, createStream(context));
  if (program.cublasLt()) {
    YOCO_ASSIGN_OR_RETURN(plans, GemmPlans::create(context, program.cublasLt()));
  }
  entries.resize(program.variant().entries()->size());
  for (uint32_t index : options.entries)
    YOCO_RETURN_IF_ERROR(prepareEntry(index));
  return prepareStaging();
}

Status CudaExecutor::prepareEntry(uint32_t index) {
  const fb::Entry &entry = *program.variant().entries()->Get(index);
  for (uint32_t i = 0; i < reachablePrograms(entry, options.bounds); ++i) {
    YOCO_ASSIGN_OR_RETURN(CudaEntry body,
                          CudaEntry::create(program, arenas, index, i, options.bounds, plans.get()));
    entries[index].push_back(std::move(body));
  }
  return Status();
}

Status CudaExecutor::prepareStaging() {
  uint64_t mostRows = 0, mostSegments = 0, resultBytes = 0;
  for (uint32_t index : options.entries) {
    const fb::Entry &entry = *program.variant().entries()->Get(index);
    for (uint32_t i = 0; i < entries[index].size(); ++i) {
      const fb::Program &body = *entry.programs()->Get(i);
      uint64_t segments = 0;
      for (uint32_t set = 0; set < rowSetCount(entry); ++set)
        segments += rowLimits(entry, body, set, options.bounds).segments;
      mostSegments = std::max(mostSegments, segments);
      mostRows = std::max(mostRows, rowLimits(entry, body, 0, options.bounds).rows);
      for (const fb::Output *output : *entry.outputs()) {
        uint64_t rows = rowLimits(entry, body, output->row_set(), options.bounds).rows;
        uint64_t most = std::min<uint64_t>(rows, rowsAtOnce(*output));
        resultBytes = std::max(resultBytes, most * outputRowBytes(*output, program.vocabularySize()));
      }
    }
  }
  YOCO_ASSIGN_OR_RETURN(inputs, StepInputs::create(context, mostRows, mostSegments));
  YOCO_ASSIGN_OR_RETURN(results, PinnedMemory::allocate(context, resultBytes, "results of steps"));
  return Status();
}

/// Says which GPU a failure is of.
Status CudaExecutor::explain(Status status) const {
  if (status.ok())
    return status;
  return makeError(YOCO_DEVICE_ERROR, "%s: %s", context->gpu().text().c_str(), status.text());
}

Status CudaExecutor::run(uint32_t index, uint32_t body, const Step &step) {
  ContextScope scope(*context);
  CudaEntry &entry = entries[index][body];
  lastEntry = index;
  lastProgram = body;
  const StepSize &size = entry.sizeOf(step);
  Status status = inputs.send(entry, step, size, stream.get());
  if (status.ok())
    status = options.graphs ? entry.replay(size, stream.get()) : entry.issue(size, stream.get());
  return explain(std::move(status));
}

Status CudaExecutor::copySlot(uint32_t from, uint32_t to, uint64_t positions) {
  ContextScope scope(*context);
  return copySlotMemory(program.variant(), options.bounds, from, to, positions,
                        [&](uint32_t buffer, uint64_t source, uint64_t destination, uint64_t size) {
                          CUdeviceptr base = arenas.address(buffer);
                          return explain(context->check(
                              "cuMemcpyDtoDAsync",
                              context->api().cuMemcpyDtoDAsync(base + destination, base + source, size_t(size),
                                                               stream.get())));
                        });
}

Status CudaExecutor::clear(uint32_t state, uint32_t slot) {
  ContextScope scope(*context);
  const fb::Variant &variant = program.variant();
  return clearSlotMemory(variant, state, slot, [&](uint64_t offset, uint64_t size) {
    CUdeviceptr at = arenas.address(uint32_t(variant.records())) + offset;
    return explain(
        context->check("cuMemsetD8Async", context->api().cuMemsetD8Async(at, 0, size_t(size), stream.get())));
  });
}

Status CudaExecutor::finish() {
  if (!stream)
    return Status();
  ContextScope scope(*context);
  return explain(context->check("cuStreamSynchronize", context->api().cuStreamSynchronize(stream.get())));
}

/// Copies results to the machine, and waits.
Status CudaExecutor::fetch(CUdeviceptr from, uint64_t size) {
  ContextScope scope(*context);
  YOCO_RETURN_IF_ERROR(explain(context->check(
      "cuMemcpyDtoHAsync", context->api().cuMemcpyDtoHAsync(results.data(), from, size_t(size), stream.get()))));
  return finish();
}

Result<const void *> CudaExecutor::output(uint32_t output, uint32_t first, uint32_t rows) {
  const fb::Output &description = *program.variant().entries()->Get(lastEntry)->outputs()->Get(output);
  uint64_t rowBytes = outputRowBytes(description, program.vocabularySize());
  CUdeviceptr from = entries[lastEntry][lastProgram].output(output);
  YOCO_RETURN_IF_ERROR(fetch(from + first * rowBytes, rows * rowBytes));
  return static_cast<const void *>(results.data());
}

uint32_t CudaExecutor::rowsAtOnce(const fb::Output &output) const {
  return uint32_t(std::max<uint64_t>(1, kResultBytes / outputRowBytes(output, program.vocabularySize())));
}

} // namespace yoco::runtime::cuda
