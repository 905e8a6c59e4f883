// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cuda/DeviceCeilings.h"

#include "runtime/core/Clock.h"
#include "runtime/model/Instructions.h"
#include "runtime/model/Parameters.h"

#include <algorithm>

namespace yoco::runtime::cuda {

namespace {

constexpr uint64_t kMostCopyBytes = uint64_t(1) << 30; // larger than caches
constexpr uint32_t kRounds = 5, kRuns = 10;

} // namespace

Result<yoco_device_ceilings> DeviceCeilings::measure() {
  ContextScope scope(*context);
  ceilings.struct_size = sizeof(ceilings);
  YOCO_RETURN_IF_ERROR(measureCopies());
  YOCO_RETURN_IF_ERROR(measureProducts());
  return ceilings;
}

template <typename Start>
Result<double> DeviceCeilings::time(uint32_t count, Start start) const {
  auto wait = [&] { return context->check("cuStreamSynchronize", context->api().cuStreamSynchronize(stream)); };
  YOCO_RETURN_IF_ERROR(start()); // the first run loads code
  YOCO_RETURN_IF_ERROR(wait());
  double best = 0;
  for (uint32_t round = 0; round < kRounds; ++round) {
    Stopwatch watch;
    for (uint32_t i = 0; i < count; ++i)
      YOCO_RETURN_IF_ERROR(start());
    YOCO_RETURN_IF_ERROR(wait());
    double seconds = watch.seconds() / count;
    best = round == 0 ? seconds : std::min(best, seconds);
  }
  return std::max(best, 1e-9);
}

Result<DeviceMemory> DeviceCeilings::allocate(uint64_t size) const {
  return DeviceMemory::allocate(context, size, "measuring");
}

Status DeviceCeilings::measureCopies() {
  YOCO_ASSIGN_OR_RETURN(uint64_t free, context->freeBytes());
  uint64_t size = std::max<uint64_t>(std::min(kMostCopyBytes, free / 4), 1);
  YOCO_ASSIGN_OR_RETURN(DeviceMemory from, allocate(size));
  YOCO_ASSIGN_OR_RETURN(DeviceMemory to, allocate(size));
  YOCO_RETURN_IF_ERROR(
      context->check("cuMemsetD8Async", context->api().cuMemsetD8Async(from.address(), 0x5A, size_t(size), stream)));
  YOCO_ASSIGN_OR_RETURN(double seconds, time(kRuns, [&] {
                          return context->check(
                              "cuMemcpyDtoDAsync",
                              context->api().cuMemcpyDtoDAsync(to.address(), from.address(), size_t(size), stream));
                        }));
  ceilings.copy_bytes_per_second = 2.0 * double(size) / seconds;
  return Status();
}

static const fb::Gemm *largestIn(const fb::Entry &entry, const fb::Variant &variant, const fb::Gemm *largest) {
  auto sizeOf = [&](const fb::Gemm &gemm) {
    const fb::Parameter &weight = *variant.parameters()->Get(gemm.weight());
    return weight.rows() * weight.columns();
  };
  for (const fb::Instruction *instruction : *entry.instructions())
    visit(*instruction, Handlers{
                            [](const fb::Launch &) {},
                            [](const fb::Copy &) {},
                            [&](const fb::Gemm &gemm) {
                              if (!largest || sizeOf(gemm) > sizeOf(*largest))
                                largest = &gemm;
                            },
                        });
  return largest;
}

/// Of entry `prefill`, or of all when that has none.
const fb::Gemm *DeviceCeilings::largestProduct() const {
  const fb::Gemm *ofPrefill = nullptr, *ofAll = nullptr;
  for (const fb::Entry *entry : *program.variant().entries()) {
    ofAll = largestIn(*entry, program.variant(), ofAll);
    if (entry->name()->string_view() == "prefill")
      ofPrefill = largestIn(*entry, program.variant(), nullptr);
  }
  return ofPrefill ? ofPrefill : ofAll;
}

/// Products of zeros are faster than others: the operands are bytes of a weight.
Status DeviceCeilings::fill(const DeviceMemory &memory, CUdeviceptr weight, uint64_t weightBytes) const {
  for (uint64_t done = 0; done < memory.size();) {
    uint64_t size = std::min(weightBytes, memory.size() - done);
    YOCO_RETURN_IF_ERROR(context->check(
        "cuMemcpyDtoDAsync", context->api().cuMemcpyDtoDAsync(memory.address() + done, weight, size_t(size), stream)));
    done += size;
  }
  return Status();
}

Status DeviceCeilings::measureProducts() {
  const fb::Gemm *gemm = largestProduct();
  if (!gemm || !program.cublasLt())
    return Status();
  const fb::Parameter &weight = *program.variant().parameters()->Get(gemm->weight());
  GemmShape shape = {};
  shape.rows = bounds.chunk;
  shape.outputs = weight.rows();
  shape.inputs = weight.columns();
  shape.weightStride = rowStride(weight);
  shape.inputStride = shape.inputs;
  shape.outputStride = shape.outputs;
  shape.outputType = gemm->output()->element() == fb::ElementType::f32 ? CUDA_R_32F : CUDA_R_16BF;
  shape.workspaceBytes = uint64_t(32) << 20;
  YOCO_ASSIGN_OR_RETURN(DeviceMemory input, allocate(shape.rows * shape.inputs * 2));
  YOCO_ASSIGN_OR_RETURN(DeviceMemory output, allocate(shape.rows * shape.outputs * 4));
  YOCO_ASSIGN_OR_RETURN(DeviceMemory workspace, allocate(shape.workspaceBytes));
  YOCO_RETURN_IF_ERROR(fill(input, program.parameter(gemm->weight()), parameterBytes(weight).value()));
  GemmAddresses addresses = {input.address(), program.parameter(gemm->weight()), output.address(), 0,
                             workspace.address()};
  shape.inputAlignment = alignmentOf(addresses.input);
  shape.weightAlignment = alignmentOf(addresses.weight);
  shape.outputAlignment = alignmentOf(addresses.output);
  YOCO_ASSIGN_OR_RETURN(std::unique_ptr<GemmPlans> plans, GemmPlans::create(context, program.cublasLt()));
  YOCO_RETURN_IF_ERROR(plans->prepare(shape));
  YOCO_ASSIGN_OR_RETURN(double seconds, time(kRuns, [&] { return plans->run(shape, addresses, stream); }));
  ceilings.product_operations_per_second =
      2.0 * double(shape.rows) * double(shape.outputs) * double(shape.inputs) / seconds;
  ceilings.product_rows = shape.rows;
  ceilings.product_outputs = shape.outputs;
  ceilings.product_inputs = shape.inputs;
  return Status();
}

} // namespace yoco::runtime::cuda
