// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/runtime/ToyCuda.h"

#include "runtime/model/Parameters.h"
#include "runtime/schema/GeneratedParameters.h"

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>

namespace yoco::test {

namespace {

constexpr uint64_t kProductSeed = 5, kProductStream = 1;
constexpr float kProductScale = 0.5f;
constexpr uint32_t kProductStride = 16; // elements of a row of the input and of the weight

std::unique_ptr<fb::ImageT> makeImage(fb::ImageFormat format, const char *architecture,
                                      std::unique_ptr<fb::SegmentT> code) {
  auto image = std::make_unique<fb::ImageT>();
  image->format = format;
  image->architecture = architecture;
  image->code = std::move(code);
  return image;
}

std::unique_ptr<fb::KernelLaunchT> makeLaunch(uint32_t threads) {
  auto launch = std::make_unique<fb::KernelLaunchT>();
  launch->threads = threads;
  return launch;
}

std::unique_ptr<fb::GemmRowsT> makeRows(uint32_t buffer, fb::ElementType element, uint64_t stride) {
  auto rows = std::make_unique<fb::GemmRowsT>();
  rows->buffer = buffer;
  rows->element = element;
  rows->stride = stride;
  return rows;
}

template <typename Operation>
void append(fb::ProgramT &program, Operation operation, const char *layer) {
  auto instruction = std::make_unique<fb::InstructionT>();
  instruction->operation.Set(std::move(operation));
  instruction->layer = layer;
  program.instructions.push_back(std::move(instruction));
}

void addProduct(ToyModel &toy, size_t index, uint32_t kernel, uint32_t weight) {
  fb::ProgramT &program = toy.program(index);
  uint32_t logits = program.outputs[0], rounded = toy.addBuffer(index, kProductStride * 2, true),
           sums = toy.addBuffer(index, kToyVocabulary * 4, true);
  fb::LaunchT launch;
  launch.kernel = kernel;
  launch.unit = fb::TileUnit::rows;
  for (auto [kind, number] : {std::pair(fb::ArgumentKind::buffer, logits), std::pair(fb::ArgumentKind::buffer, rounded),
                              std::pair(fb::ArgumentKind::rows, 0u)}) {
    launch.arguments.push_back(std::make_unique<fb::ArgumentT>());
    launch.arguments.back()->kind = kind;
    launch.arguments.back()->index = number;
  }
  append(program, std::move(launch), "round");
  fb::GemmT gemm;
  gemm.input = makeRows(rounded, fb::ElementType::bf16, kProductStride);
  gemm.weight = weight;
  gemm.output = makeRows(sums, fb::ElementType::f32, kToyVocabulary);
  gemm.residual = makeRows(logits, fb::ElementType::f32, kToyVocabulary);
  gemm.workspace = int32_t(toy.addBuffer(index, 1000, false));
  append(program, std::move(gemm), "product");
  program.outputs[0] = sums;
}

float fromBf16(uint16_t bits) {
  uint32_t word = uint32_t(bits) << 16;
  float value;
  memcpy(&value, &word, sizeof(value));
  return value;
}

} // namespace

ToyModel toyForCuda(ToyBounds bounds) {
  ToyModel toy(bounds);
  fb::VariantT &variant = toy.variant();
  variant.device = "cuda";
  variant.target = "nvptx:sm_90a";
  std::string cubin = toy.blobs[1];
  uint16_t machine = 190;
  memcpy(cubin.data() + offsetof(Elf64_Ehdr, e_machine), &machine, sizeof(machine));
  variant.images.push_back(makeImage(fb::ImageFormat::cubin, "sm_90a", toy.addBlob(cubin)));
  toy.blobs[1] = std::string(".version 7.0\n.target sm_80\n// kernels: " YOCO_TOY_KERNELS "\n") + '\0';
  variant.images.push_back(makeImage(fb::ImageFormat::ptx, "sm_80", std::move(variant.code)));
  for (auto &image : variant.images) {
    for (size_t i = 0; i < variant.kernels.size(); ++i)
      image->launches.push_back(makeLaunch(64));
    image->launches[0]->shared_bytes = 100 * 1024;
  }
  toy.features = kFeatureDeviceCode;
  return toy;
}

void addProducts(ToyModel &toy) {
  auto weight = std::make_unique<fb::ParameterT>();
  weight->name = "product";
  weight->element = fb::ElementType::bf16;
  weight->rows = weight->columns = kToyVocabulary;
  weight->stride = kProductStride;
  weight->generated.push_back(std::make_unique<fb::GeneratedRowsT>());
  weight->generated[0]->rows = kToyVocabulary;
  weight->generated[0]->seed = kProductSeed;
  weight->generated[0]->stream = kProductStream;
  weight->generated[0]->scale = kProductScale;
  toy.variant().parameters.push_back(std::move(weight));
  toy.addKernel("toy_round", "aan", 32);
  for (size_t entry : {1, 2})
    addProduct(toy, entry, uint32_t(toy.variant().kernels.size() - 1), uint32_t(toy.variant().parameters.size() - 1));
}

std::vector<float> productLogits(const std::vector<int32_t> &ids) {
  std::vector<float> logits = toyLogits(ids), result;
  uint64_t key = generatorKey(kProductSeed, kProductStream);
  for (uint32_t row = 0; row < kToyVocabulary; ++row) {
    double sum = 0;
    for (uint32_t column = 0; column < kToyVocabulary; ++column) {
      float weight = generatedValue(key, row * kToyVocabulary + column, kProductScale);
      sum += double(fromBf16(runtime::roundToBf16(weight))) * double(fromBf16(runtime::roundToBf16(logits[column])));
    }
    result.push_back(float(sum + double(logits[row])));
  }
  return result;
}

void addVariant(ToyModel &toy, ToyModel &&other) {
  for (std::string &blob : other.blobs)
    toy.blobs.push_back(std::move(blob));
  toy.segments.insert(toy.segments.end(), other.segments.begin(), other.segments.end());
  toy.plan.variants.push_back(std::move(other.plan.variants[0]));
  toy.features |= other.features;
  // The tokenizer of the other file belongs to nothing here.
  toy.blobs.erase(toy.blobs.end() - long(other.segments.size()) + 2);
  toy.segments.erase(toy.segments.end() - long(other.segments.size()) + 2);
}

void useFakeCuda(const std::string &what) {
  setenv("YOCO_CUDA_DRIVER", YOCO_FAKE_CUDA_LIBRARY, 1);
  setenv("YOCO_CUBLASLT", YOCO_FAKE_CUDA_LIBRARY, 1);
  setenv("YOCO_FAKE_CUDA", what.c_str(), 1);
}

uint64_t fakeCounter(const char *name) {
  static void *library = dlopen(YOCO_FAKE_CUDA_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  static auto counter = reinterpret_cast<uint64_t (*)(const char *)>(dlsym(library, "fakeCudaCounter"));
  return counter(name);
}

} // namespace yoco::test
