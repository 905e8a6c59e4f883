// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-bench/GpuCeilings.h"

#include "runtime/model/Instructions.h"
#include "runtime/model/Parameters.h"
#include "runtime/schema/FileHeader.h"
#include "runtime/schema/GeneratedParameters.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <vector>

using namespace yoco::runtime;
using namespace yoco::runtime::cuda;

namespace yoco::bench {

namespace {

constexpr uint64_t kMostCopyBytes = uint64_t(1) << 30; // larger than caches
constexpr uint64_t kNumberBytes = uint64_t(1) << 20;   // of different operands of products
constexpr uint32_t kRounds = 5, kRuns = 10;

/// The plan of a verified file, 8-byte aligned.
std::vector<uint64_t> readPlan(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  FileHeader header = {};
  file.read(reinterpret_cast<char *>(&header), sizeof(header));
  std::vector<uint64_t> plan(file ? size_t(header.planSize / 8 + 1) : 0);
  file.seekg(std::streamoff(header.planOffset));
  file.read(reinterpret_cast<char *>(plan.data()), std::streamsize(header.planSize));
  if (!file)
    throw std::runtime_error(path + ": cannot be read");
  return plan;
}

/// Of the entries that nothing comes out of, which prefill, or of all when those have none.
const fb::Gemm *findLargestProduct(const fb::Variant &variant) {
  const fb::Gemm *ofPrefill = nullptr, *ofAll = nullptr;
  auto sizeOf = [&](const fb::Gemm &gemm) {
    const fb::Parameter &weight = *variant.parameters()->Get(gemm.weight());
    return productOutputs(gemm, weight) * weight.columns();
  };
  auto keepLarger = [&](const fb::Gemm *&largest, const fb::Gemm &gemm) {
    if (!largest || sizeOf(gemm) > sizeOf(*largest))
      largest = &gemm;
  };
  forEachInstruction(variant, [&](const fb::Entry &entry, const fb::Instruction &instruction) {
    visit(instruction, Handlers{
                           [](const fb::Launch &) {},
                           [](const fb::Copy &) {},
                           [&](const fb::Gemm &gemm) {
                             keepLarger(ofAll, gemm);
                             if (entry.outputs()->size() == 0)
                               keepLarger(ofPrefill, gemm);
                           },
                       });
  });
  return ofPrefill ? ofPrefill : ofAll;
}

template <typename T>
T take(Result<T> result) {
  if (!result.ok())
    throw std::runtime_error(result.status().text());
  return std::move(*result);
}

} // namespace

GpuCeilings::GpuCeilings(const std::string &model, uint32_t variant, uint32_t ordinal, uint64_t rows) : model(model) {
  auto driver = take(CudaDriver::open());
  Gpu gpu = take(findGpu(*driver, ordinal));
  context = take(CudaContext::retain(driver, gpu));
  stream = take(createStream(context));
  std::vector<uint64_t> plan = readPlan(model);
  const fb::Variant &program = *fb::GetPlan(plan.data())->variants()->Get(variant);
  const fb::Gemm *gemm = findLargestProduct(program);
  if (!gemm)
    return;
  library = take(CublasLt::open());
  const fb::Parameter &weight = *program.parameters()->Get(gemm->weight());
  shape = GemmShape{};
  shape->rows = rows;
  shape->outputs = productOutputs(*gemm, weight);
  shape->inputs = shape->inputStride = weight.columns();
  shape->weightStride = weight.stride() != 0 ? weight.stride() : weight.columns();
  shape->outputStride = shape->outputs;
  shape->outputType = gemm->output()->element() == fb::ElementType::f32 ? CUDA_R_32F : CUDA_R_16BF;
  shape->workspaceBytes = uint64_t(32) << 20;
}

GpuMeasurement GpuCeilings::measure() {
  ContextScope scope(*context);
  GpuMeasurement result;
  measureCopies(result);
  measureProducts(result);
  return result;
}

void GpuCeilings::check(Status status) const {
  if (!status.ok())
    throw std::runtime_error(model + ": " + context->gpu().text() + ": " + status.text());
}

void GpuCeilings::check(const char *call, CUresult result) const { check(context->check(call, result)); }

template <typename Start>
double GpuCeilings::time(uint32_t count, Start start) {
  auto wait = [&] { check("cuStreamSynchronize", context->api().cuStreamSynchronize(stream.get())); };
  start(); // the first run loads code
  wait();
  double best = 0;
  for (uint32_t round = 0; round < kRounds; ++round) {
    auto begin = std::chrono::steady_clock::now();
    for (uint32_t i = 0; i < count; ++i)
      start();
    wait();
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / count;
    best = round == 0 ? seconds : std::min(best, seconds);
  }
  return std::max(best, 1e-9);
}

DeviceMemory GpuCeilings::allocate(uint64_t size) { return take(DeviceMemory::allocate(context, size, "measuring")); }

void GpuCeilings::measureCopies(GpuMeasurement &result) {
  uint64_t size = std::max<uint64_t>(std::min(kMostCopyBytes, take(context->freeBytes()) / 4), 1);
  DeviceMemory from = allocate(size), to = allocate(size);
  check("cuMemsetD8Async", context->api().cuMemsetD8Async(from.address(), 0x5A, size_t(size), stream.get()));
  double seconds = time(kRuns, [&] {
    check("cuMemcpyDtoDAsync",
          context->api().cuMemcpyDtoDAsync(to.address(), from.address(), size_t(size), stream.get()));
  });
  result.copyBytesPerSecond = 2.0 * double(size) / seconds;
}

/// Products of zeros are faster than others: the operands are bf16 numbers like those of a weight, again and again.
void GpuCeilings::fillWithNumbers(const DeviceMemory &memory) {
  uint64_t pattern = std::min(kNumberBytes, memory.size());
  PinnedMemory numbers = take(PinnedMemory::allocate(context, pattern, "measuring"));
  for (uint64_t i = 0; i < pattern / 2; ++i) {
    float value = generatedValue(generatorKey(1, 1), i, 0.02f);
    memcpy(numbers.data() + 2 * i, reinterpret_cast<const char *>(&value) + 2, 2); // its upper half
  }
  check("cuMemcpyHtoDAsync",
        context->api().cuMemcpyHtoDAsync(memory.address(), numbers.data(), size_t(pattern), stream.get()));
  for (uint64_t done = pattern; done < memory.size();) {
    uint64_t size = std::min(pattern, memory.size() - done);
    check("cuMemcpyDtoDAsync",
          context->api().cuMemcpyDtoDAsync(memory.address() + done, memory.address(), size_t(size), stream.get()));
    done += size;
  }
  check("cuStreamSynchronize", context->api().cuStreamSynchronize(stream.get()));
}

void GpuCeilings::measureProducts(GpuMeasurement &result) {
  if (!shape)
    return;
  DeviceMemory input = allocate(shape->rows * shape->inputs * 2);
  DeviceMemory weight = allocate(shape->outputs * shape->weightStride * 2);
  DeviceMemory output = allocate(shape->rows * shape->outputs * 4);
  DeviceMemory workspace = allocate(shape->workspaceBytes);
  fillWithNumbers(input);
  fillWithNumbers(weight);
  GemmAddresses addresses = {input.address(), weight.address(), output.address(), 0, workspace.address()};
  shape->inputAlignment = alignmentOf(addresses.input);
  shape->weightAlignment = alignmentOf(addresses.weight);
  shape->outputAlignment = alignmentOf(addresses.output);
  std::unique_ptr<GemmPlans> plans = take(GemmPlans::create(context, library));
  check(plans->prepare(*shape));
  double seconds = time(kRuns, [&] { check(plans->run(*shape, addresses, stream.get())); });
  result.productOperationsPerSecond =
      2.0 * double(shape->rows) * double(shape->outputs) * double(shape->inputs) / seconds;
  result.productRows = shape->rows;
  result.productOutputs = shape->outputs;
  result.productInputs = shape->inputs;
}

} // namespace yoco::bench
