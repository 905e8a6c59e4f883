// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/passes/lowering/KernelHarness.h"
#include "dialect/YocoOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Passes.h"
#include "passes/lowering/Targets.h"
#include "passes/lowering/host/HostCodeGen.h"
#include "passes/lowering/host/HostTarget.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/TargetParser/Host.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <dlfcn.h>
#include <fstream>
#include <unistd.h>

using namespace mlir;
using namespace mlir::yoco;
using namespace mlir::yoco::test;

std::vector<std::string> yoco::test::getRunnableChips() {
  std::vector<std::string> chips{"x86-64-v3"};
  if (llvm::sys::getHostCPUFeatures().lookup("avx512vl"))
    chips.push_back("x86-64-v4");
  return chips;
}

//===- Kernels -----------------------------------------------------------------------------------------------===//

Kernels::~Kernels() {
  if (handle)
    dlclose(handle);
}

std::string Kernels::add(const std::string &arguments, const std::string &op) {
  std::string name = "kernel_" + std::to_string(count++);
  text += "func.func @" + name + "(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, " +
          arguments + ") {\n  " + op + "\n  return\n}\n";
  return name;
}

void Kernels::compile() {
  MLIRContext context;
  DialectRegistry registry;
  registerAllTargets(registry);
  context.appendDialectRegistry(registry);
  context.loadDialect<YocoDialect, func::FuncDialect, arith::ArithDialect, math::MathDialect, memref::MemRefDialect,
                      linalg::LinalgDialect, scf::SCFDialect, vector::VectorDialect>();
  std::string module = "module attributes {yoco.target = #yoco.target<\"host\", \"" + chip +
                       "\", f32>} { module @kernels attributes {yoco.kernels} {\n" + text + "} }";
  OwningOpRef<ModuleOp> parsed = parseSourceString<ModuleOp>(module, &context);
  ASSERT_TRUE(parsed) << module.substr(0, 2000);
  auto kernels = *parsed->getOps<ModuleOp>().begin();
  TargetAttr attr = getTargetAttrOf(kernels);
  std::unique_ptr<Target> target = Target::get(attr, parsed->getLoc());
  ASSERT_TRUE(target);
  for (auto function : kernels.getOps<func::FuncOp>()) {
    TilesAttr kernelTiles;
    for (Operation &op : function.getBody().front())
      if (target->findKernel(&op))
        kernelTiles = target->getTiles(&op);
    ASSERT_TRUE(kernelTiles) << function.getName().str();
    tiles.push_back({function.getName().str(), static_cast<int>(kernelTiles.getUnit()),
                     static_cast<uint64_t>(kernelTiles.getDivisor()),
                     static_cast<uint64_t>(kernelTiles.getMultiplier())});
  }
  PassManager passes(&context);
  passes.addPass(createLowerHostPass());
  ASSERT_TRUE(succeeded(passes.run(*parsed)));
  FailureOr<std::vector<char>> object = compileHostKernels(kernels, attr);
  ASSERT_TRUE(succeeded(object));
  bytes = *object;
  char path[] = "/tmp/yoco-kernels-XXXXXX";
  int file = mkstemp(path);
  ASSERT_GE(file, 0);
  ASSERT_EQ(write(file, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  close(file);
  handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  unlink(path);
  ASSERT_TRUE(handle) << dlerror();
}

Kernel Kernels::find(const std::string &name) const {
  return handle ? reinterpret_cast<Kernel>(dlsym(handle, name.c_str())) : nullptr;
}

uint64_t Kernels::getTiles(const std::string &name, uint64_t rows, uint64_t segments) const {
  const Tiles &kernel = *llvm::find_if(tiles, [&](const Tiles &each) { return each.name == name; });
  uint64_t count = kernel.unit == 0 ? 1 : kernel.unit == 1 ? rows : segments;
  return kernel.multiplier * ((count + kernel.divisor - 1) / kernel.divisor);
}

void Kernels::run(const std::string &name, Random &random, uint64_t rows, uint64_t segments, uint64_t seq,
                  const std::vector<const void *> &buffers) const {
  Kernel kernel = find(name);
  ASSERT_TRUE(kernel) << name;
  std::vector<uint64_t> words{rows, segments, seq};
  for (const void *buffer : buffers)
    words.push_back(reinterpret_cast<uint64_t>(buffer));
  uint64_t end = getTiles(name, rows, segments);
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (uint64_t begin = 0; begin < end;) {
    uint64_t next = std::min<uint64_t>(end, begin + 1 + random() % 7);
    ranges.push_back({begin, next});
    begin = next;
  }
  std::shuffle(ranges.begin(), ranges.end(), random);
  for (auto [begin, next] : ranges)
    kernel(words.data(), begin, next);
}

//===- Data --------------------------------------------------------------------------------------------------===//

int64_t yoco::test::pick(Random &random, const std::vector<int64_t> &choices) {
  return choices[random() % choices.size()];
}

float yoco::test::draw(Random &random, float scale) { return std::normal_distribution<float>(0, scale)(random); }

std::string Rows::type() const {
  std::string shape = "memref<?x" + std::to_string(columns) + "xf32";
  if (stride == columns && offset == 0)
    return shape + ">";
  std::string at = offset ? ", offset: " + std::to_string(offset) : "";
  return shape + ", strided<[" + std::to_string(stride) + ", 1]" + at + ">>";
}

void Rows::fillRow(int64_t r, Random &random, float scale) {
  for (int64_t c = 0; c < columns; ++c)
    at(r, c) = draw(random, scale);
}

void Rows::fill(Random &random, float scale) {
  for (int64_t r = 0; r < rows; ++r)
    fillRow(r, random, scale);
}

Rows Rows::make(Random &random, int64_t rows, int64_t columns) {
  if (flip(random))
    return Rows(rows, columns);
  int64_t before = random() % 20, after = random() % 20;
  return Rows(rows, columns, columns + before + after, before);
}

Weights::Weights(const std::string &element, std::vector<float> numbers)
    : element(element), values(std::move(numbers)) {
  size_t size = element == "f32" ? 4 : 2;
  bytes.resize(values.size() * size);
  for (size_t i = 0; i < values.size(); ++i) {
    uint8_t *place = &bytes[i * size];
    if (element == "f32") {
      std::memcpy(place, &values[i], 4);
    } else if (element == "bf16") {
      uint32_t bits;
      std::memcpy(&bits, &values[i], 4);
      bits &= 0xffff0000u;
      std::memcpy(&values[i], &bits, 4);
      uint16_t high = bits >> 16;
      std::memcpy(place, &high, 2);
    } else {
      _Float16 half = static_cast<_Float16>(values[i]);
      values[i] = static_cast<float>(half);
      std::memcpy(place, &half, 2);
    }
  }
}

Weights Weights::draw(Random &random, int64_t count, float scale) {
  static const char *const elements[] = {"f32", "bf16", "f16"};
  std::vector<float> numbers(count);
  for (float &number : numbers)
    number = test::draw(random, scale);
  return Weights(elements[random() % 3], std::move(numbers));
}

int64_t Step::positionOf(int64_t row) const {
  const std::array<int32_t, 4> &segment = table[segmentOf[row]];
  return segment[1] + row - segment[2];
}

Step Step::make(Random &random, const std::function<int64_t()> &firstPosition, const std::function<int64_t()> &length) {
  Step step;
  int64_t segments = 1 + random() % 4;
  step.slots = segments + 2;
  std::vector<int> slots(step.slots);
  for (int i = 0; i < step.slots; ++i)
    slots[i] = i;
  std::shuffle(slots.begin(), slots.end(), random);
  for (int64_t s = 0; s < segments; ++s) {
    step.rows += random() % 3 == 0;
    bool isPadding = segments > 1 && random() % 4 == 0;
    int64_t count = length();
    step.table.push_back({isPadding ? -1 : slots[s], static_cast<int32_t>(firstPosition()),
                          static_cast<int32_t>(step.rows), static_cast<int32_t>(count)});
    step.rows += count;
    step.segmentOf.resize(step.rows - count, -1);
    step.segmentOf.resize(step.rows, isPadding ? -1 : static_cast<int>(s));
  }
  step.rows += random() % 2;
  step.segmentOf.resize(step.rows, -1);
  return step;
}

//===- Rotations and comparison ------------------------------------------------------------------------------===//

Rotation Rotation::make(Random &random, int64_t width) {
  Rotation rotation{flip(random), {}};
  for (int64_t i = 0; i < width / 2; ++i)
    rotation.frequencies.push_back(std::pow(10000.0, -static_cast<double>(i) / std::max<int64_t>(width / 2 - 1, 1)));
  return rotation;
}

std::string Rotation::text() const {
  std::string list;
  for (float frequency : frequencies) {
    char number[64];
    std::snprintf(number, sizeof(number), "%s%.9e", list.empty() ? "" : ", ", static_cast<double>(frequency));
    list += number;
  }
  return std::string("#yoco.rope<") + (interleaved ? "interleaved" : "half") + ", [" + list + "]>";
}

void Rotation::apply(std::vector<double> &head, int64_t position) const {
  size_t pairs = frequencies.size();
  for (size_t i = 0; i < pairs; ++i) {
    double angle = static_cast<float>(position) * frequencies[i];
    double &a = head[interleaved ? 2 * i : i], &b = head[interleaved ? 2 * i + 1 : i + pairs];
    double turned = a * std::cos(angle) - b * std::sin(angle);
    b = a * std::sin(angle) + b * std::cos(angle);
    a = turned;
  }
}

void yoco::test::expectClose(const std::vector<double> &got, const std::vector<double> &expected, double tolerance,
                             const std::string &what, double floor) {
  double error = 0, norm = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    error += (got[i] - expected[i]) * (got[i] - expected[i]);
    norm += expected[i] * expected[i];
  }
  EXPECT_LE(std::sqrt(error), tolerance * std::sqrt(norm + floor * floor)) << what;
}
