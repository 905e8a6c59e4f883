// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cuda/CudaEntry.h"

#include "runtime/device/cuda/RowBuckets.h"
#include "runtime/model/Instructions.h"
#include "runtime/model/Parameters.h"

namespace yoco::runtime::cuda {

Status CudaArenas::allocate(const CudaProgram &program, const PlanSizes &sizes) {
  variant = &program.variant();
  ranges = sizes.buffers;
  for (uint32_t i = 0; i < sizes.arenas.size(); ++i) {
    std::string what = "arena " + variant->arenas()->Get(i)->name()->str();
    YOCO_ASSIGN_OR_RETURN(DeviceMemory arena, DeviceMemory::allocate(program.context(), sizes.arenas[i], what.c_str()));
    arenas.push_back(std::move(arena));
  }
  return Status();
}

Result<CudaEntry> CudaEntry::create(const CudaProgram &program, const CudaArenas &arenas, uint32_t index,
                                    uint32_t body, const Bounds &bounds, GemmPlans *plans) {
  CudaEntry entry;
  entry.program = &program;
  entry.arenas = &arenas;
  entry.description = program.variant().entries()->Get(index);
  entry.bodyIndex = body;
  entry.body = entry.description->programs()->Get(body);
  entry.plans = plans;
  YOCO_RETURN_IF_ERROR(entry.resolve(bounds));
  return entry;
}

Status CudaEntry::resolve(const Bounds &bounds) {
  idsAddress = arenas->address(body->ids());
  if (body->targets() >= 0)
    targetsAddress = arenas->address(uint32_t(body->targets()));
  resolveSets(bounds);
  for (uint32_t i = 0; i < body->instructions()->size(); ++i) {
    Instruction instruction = {};
    instruction.description = body->instructions()->Get(i);
    YOCO_RETURN_IF_ERROR(explain(resolveInstruction(instruction, bounds), i));
    instructions.push_back(instruction);
  }
  for (size_t i = 0; i < words.size(); ++i)
    pointers.push_back(words.data() + i);
  return Status();
}

void CudaEntry::resolveSets(const Bounds &bounds) {
  for (uint32_t i = 0; i < rowSetCount(*description); ++i) {
    const fb::SegmentTable &table = *body->segments()->Get(i);
    sets.push_back({arenas->address(table.buffer()), rowLimits(*description, *body, i, bounds),
                    table.each_row() || description->row_shape() == fb::RowShape::one_per_segment});
  }
  padded.resize(sets.size());
}

Status CudaEntry::resolveInstruction(Instruction &instruction, const Bounds &bounds) {
  return visit(*instruction.description, Handlers{
                                             [&](const fb::Launch &launch) {
                                               instruction.firstWord = words.add(
                                                   launch, instruction.description->row_set(), bounds,
                                                   [&](uint32_t buffer) { return arenas->address(buffer); },
                                                   [&](uint32_t index) { return program->parameter(index); });
                                               return Status();
                                             },
                                             [&](const fb::Copy &copy) {
                                               instruction.source = arenas->address(copy.source());
                                               instruction.destination = arenas->address(copy.destination());
                                               instruction.size = arenas->bufferBytes(copy.source());
                                               return Status();
                                             },
                                             [&](const fb::Gemm &gemm) {
                                               resolveGemm(gemm, instruction);
                                               return prepareGemm(instruction);
                                             },
                                         });
}

/// Chooses the library's algorithm for all sizes of a step.
Status CudaEntry::prepareGemm(const Instruction &instruction) {
  GemmShape shape = instruction.shape;
  Status status;
  forEachBucket(sets[instruction.description->row_set()].most.rows, [&](uint64_t rows) {
    shape.rows = rows;
    if (status.ok())
      status = plans->prepare(shape);
  });
  return status;
}

void CudaEntry::resolveGemm(const fb::Gemm &gemm, Instruction &instruction) {
  const fb::Parameter &weight = *program->variant().parameters()->Get(gemm.weight());
  auto addressOf = [&](const fb::GemmRows &rows) { return arenas->address(rows.buffer()) + rows.offset(); };
  GemmAddresses &addresses = instruction.addresses;
  addresses.input = addressOf(*gemm.input());
  addresses.weight = program->parameter(gemm.weight()) +
                     gemm.first_row() * rowStride(weight) * elementSize(weight.element());
  addresses.output = addressOf(*gemm.output());
  GemmShape &shape = instruction.shape;
  shape.outputs = productOutputs(gemm, weight);
  shape.inputs = weight.columns();
  shape.inputStride = gemm.input()->stride();
  shape.weightStride = rowStride(weight);
  shape.outputStride = gemm.output()->stride();
  shape.outputType = gemm.output()->element() == fb::ElementType::f32 ? CUDA_R_32F : CUDA_R_16BF;
  shape.inputAlignment = alignmentOf(addresses.input);
  shape.weightAlignment = alignmentOf(addresses.weight);
  shape.outputAlignment = alignmentOf(addresses.output);
  if (gemm.residual()) {
    addresses.residual = addressOf(*gemm.residual());
    shape.hasResidual = true;
    shape.residualStride = gemm.residual()->stride();
    shape.residualAlignment = alignmentOf(addresses.residual);
  }
  if (gemm.workspace() >= 0) {
    // The library wants its memory at a multiple of 256; the plan has multiples of 64.
    constexpr CUdeviceptr kWorkspaceAlignment = 256;
    CUdeviceptr begin = arenas->address(uint32_t(gemm.workspace()));
    CUdeviceptr end = begin + arenas->bufferBytes(uint32_t(gemm.workspace()));
    addresses.workspace = (begin + kWorkspaceAlignment - 1) / kWorkspaceAlignment * kWorkspaceAlignment;
    shape.workspaceBytes = end > addresses.workspace ? end - addresses.workspace : 0;
  }
}

const StepSize &CudaEntry::sizeOf(const Step &step) {
  for (uint32_t i = 0; i < sets.size(); ++i) {
    padded[i] = {};
    if (step.sets[i].rows == 0)
      continue;
    padded[i].rows = uint32_t(bucketOf(step.sets[i].rows, sets[i].most.rows));
    padded[i].segments = sets[i].rowPerSegment ? padded[i].rows
                                               : uint32_t(bucketOf(step.sets[i].segmentCount, sets[i].most.segments));
  }
  return padded;
}

Status CudaEntry::issue(const StepSize &size, CUstream stream) {
  for (uint32_t i = 0; i < size.size(); ++i)
    words.setStep(i, size[i].rows, size[i].segments);
  followsKernel = false;
  for (uint32_t i = 0; i < instructions.size(); ++i)
    if (SetSize set = size[instructions[i].description->row_set()]; set.rows != 0)
      YOCO_RETURN_IF_ERROR(explain(issueOne(instructions[i], set, stream), i));
  return Status();
}

Status CudaEntry::issueOne(const Instruction &instruction, SetSize size, CUstream stream) {
  bool isKernel = false;
  Status status = visit(*instruction.description, Handlers{
                                                      [&](const fb::Launch &launch) {
                                                        isKernel = true;
                                                        return issueLaunch(launch, instruction, size, stream);
                                                      },
                                                      [&](const fb::Copy &) { return issueCopy(instruction, stream); },
                                                      [&](const fb::Gemm &) {
                                                        GemmShape shape = instruction.shape;
                                                        shape.rows = size.rows;
                                                        return plans->run(shape, instruction.addresses, stream);
                                                      },
                                                  });
  followsKernel = isKernel;
  return status;
}

Status CudaEntry::issueCopy(const Instruction &instruction, CUstream stream) {
  if (instruction.size == 0)
    return Status();
  const CudaContext &context = *program->context();
  return context.check("cuMemcpyDtoDAsync", context.api().cuMemcpyDtoDAsync(instruction.destination, instruction.source,
                                                                            size_t(instruction.size), stream));
}

/// What a launch has besides its size; returns how many attributes that are.
unsigned CudaEntry::addAttributes(const fb::KernelLaunch &kernel, CUlaunchAttribute *attributes) const {
  unsigned count = 0;
  // After copies, library products and the previous step a kernel starts as usual.
  if (followsKernel && program->startsEarly()) {
    attributes[count].id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
    attributes[count++].value.programmaticStreamSerializationAllowed = 1;
  }
  if (kernel.cluster() > 1) {
    attributes[count].id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
    attributes[count++].value.clusterDim = {kernel.cluster(), 1, 1};
  }
  if (kernel.cooperative()) {
    attributes[count].id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE;
    attributes[count++].value.cooperative = 1;
  }
  return count;
}

Status CudaEntry::issueLaunch(const fb::Launch &launch, const Instruction &instruction, SetSize size,
                              CUstream stream) {
  const fb::KernelLaunch &kernel = program->launch(launch.kernel());
  uint64_t blocks = tileUnits(launch, size.rows, size.segments) * launch.multiplier();
  if (blocks == 0)
    return Status();
  CUlaunchAttribute attributes[3] = {};
  CUlaunchConfig config = {};
  config.gridDimX = unsigned(blocks);
  config.gridDimY = config.gridDimZ = 1;
  config.blockDimX = kernel.threads();
  config.blockDimY = config.blockDimZ = 1;
  config.sharedMemBytes = kernel.shared_bytes();
  config.hStream = stream;
  config.attrs = attributes;
  config.numAttrs = addAttributes(kernel, attributes);
  const CudaContext &context = *program->context();
  return context.check("cuLaunchKernelEx",
                       context.api().cuLaunchKernelEx(&config, program->function(launch.kernel()),
                                                      pointers.data() + instruction.firstWord, nullptr));
}

Status CudaEntry::replay(const StepSize &size, CUstream stream) {
  auto [found, isNew] = graphs.try_emplace(size);
  if (isNew)
    return issue(size, stream);
  GraphExec &graph = found->second;
  if (!graph)
    YOCO_RETURN_IF_ERROR(record(size, stream, graph));
  const CudaContext &context = *program->context();
  return context.check("cuGraphLaunch", context.api().cuGraphLaunch(graph.get(), stream));
}

Status CudaEntry::record(const StepSize &size, CUstream stream, GraphExec &result) {
  const ContextPointer &context = program->context();
  const CudaApi &api = context->api();
  // Relaxed: what libraries do beside launching kernels is their own affair.
  YOCO_RETURN_IF_ERROR(
      context->check("cuStreamBeginCapture", api.cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_RELAXED)));
  Status issued = issue(size, stream);
  CUgraph captured = nullptr;
  Status ended = context->check("cuStreamEndCapture", api.cuStreamEndCapture(stream, &captured));
  Graph graph;
  if (captured)
    graph = {context, captured};
  YOCO_RETURN_IF_ERROR(std::move(issued));
  YOCO_RETURN_IF_ERROR(std::move(ended));
  CUgraphExec executable;
  YOCO_RETURN_IF_ERROR(context->check("cuGraphInstantiate", api.cuGraphInstantiate(&executable, graph.get(), 0)));
  result = {context, executable};
  return Status();
}

/// Says which instruction a failure is of.
Status CudaEntry::explain(Status status, uint32_t index) const {
  if (status.ok())
    return status;
  const fb::Instruction &instruction = *body->instructions()->Get(index);
  std::string what =
      visit(instruction, Handlers{
                             [&](const fb::Launch &launch) {
                               return "kernel " + program->variant().kernels()->Get(launch.kernel())->name()->str();
                             },
                             [](const fb::Copy &) { return std::string("copy"); },
                             [](const fb::Gemm &) { return std::string("product"); },
                         });
  const char *layer = instruction.layer() ? instruction.layer()->c_str() : "no layer";
  std::string which = description->name()->str();
  if (description->programs()->size() > 1)
    which += ", program " + std::to_string(bodyIndex);
  return makeError(status.code(), "entry %s, instruction %u (%s, %s): %s", which.c_str(), index, what.c_str(), layer,
                   status.text());
}

} // namespace yoco::runtime::cuda
