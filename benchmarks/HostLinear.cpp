// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How near the linear kernels of target `host` come to what this machine can do, in one run on one thread:
//   256 rows x 2048 x 2048   GFLOP/s, beside a product of the same kind whose operands stay in the first cache
//     1 row  x 2048 x 2048   GB/s of weights, beside a loop that only reads them; many matrices, so that no cache holds
//     them
//
//   host-linear-benchmark [x86-64-v3|x86-64-v4|native]

#include "benchmarks/HostKernels.h"
#include "llvm/Support/Format.h"
#include <chrono>
#include <dlfcn.h>

using namespace mlir;
using namespace mlir::yoco;

namespace {

struct Shape {
  const char *name;
  const char *element;
  int64_t inputs, outputs;
};

constexpr int64_t kRows = 256;
const Shape shapes[] = {{"f32", "f32", 2048, 2048}, {"bf16", "bf16", 2048, 2048}, {"cache", "f32", 128, 64}};

std::string getModule(const std::string &chip, const HostTiles &tiles) {
  int64_t panel = tiles.panel();
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "module attributes {yoco.target = #yoco.target<\"host\", \"" << chip
     << "\", f32>} { module @kernels attributes {yoco.kernels} {\n";
  for (const Shape &shape : shapes) {
    std::string x = "memref<?x" + std::to_string(shape.inputs) + "xf32>";
    std::string y = "memref<?x" + std::to_string(shape.outputs) + "xf32>";
    os << "func.func @" << shape.name
       << "(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: " << x << ", %y: " << y
       << ", %w: memref<" << shape.outputs / panel << "x" << shape.inputs << "x" << panel << "x" << shape.element
       << "> {yoco.parameter = @w0}) {\n  yoco.fused_linear %x weights [@w0] outs %y : (" << x << ", " << y
       << ") -> ()\n  return\n}\n";
  }
  os << "} }";
  return text;
}

/// Seconds of the fastest of several runs.
double time(int runs, function_ref<void(int)> body) {
  double best = 1e300;
  for (int i = 0; i < runs; ++i) {
    auto begin = std::chrono::steady_clock::now();
    body(i);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

class Benchmark {
public:
  Benchmark(void *handle, const HostTiles &tiles)
      : handle(handle), tiles(tiles), x(kRows * 2048, 0.5f), y(kRows * 2048) {
    // Filled: pages that were never written are one page of zeros.
    for (size_t i = 0; i < weights.size(); ++i)
      weights[i] = 0x3f803f80u ^ static_cast<uint32_t>(i & 0x7f);
  }

  void run(const Shape &shape, int64_t rows, size_t offset) {
    auto kernel = reinterpret_cast<HostKernelFunction>(dlsym(handle, shape.name));
    uint64_t words[] = {static_cast<uint64_t>(rows),
                        1,
                        1,
                        reinterpret_cast<uint64_t>(x.data()),
                        reinterpret_cast<uint64_t>(y.data()),
                        reinterpret_cast<uint64_t>(weights.data()) + offset};
    int64_t tileRows = (rows + tiles.tileRows - 1) / tiles.tileRows;
    // As passes/lowering/host/kernels/Linear.cpp divides the panels of a matrix into tiles.
    int64_t panels = (shape.outputs + tiles.panel() - 1) / tiles.panel();
    int64_t tileColumns = (panels + tiles.tilePanels - 1) / tiles.tilePanels;
    kernel(words, 0, static_cast<uint32_t>(tileRows * tileColumns));
  }

  void report() {
    double peak = 2e-9 * kRows * shapes[2].inputs * shapes[2].outputs * 100 / time(20, [&](int) {
                    for (int i = 0; i < 100; ++i)
                      run(shapes[2], kRows, 0);
                  });
    double read = time(4, [&](int) { readAll(); });
    double readRate = weights.size() * 4e-9 / read;
    llvm::outs() << llvm::format("in the first cache %8.1f GFLOP/s\nreading alone      %8.1f GB/s\n", peak, readRate);
    for (const Shape &shape : llvm::ArrayRef(shapes, 2)) {
      size_t bytes = shape.inputs * shape.outputs * (shape.element[0] == 'b' ? 2 : 4);
      double many = 2e-9 * kRows * shape.inputs * shape.outputs / time(8, [&](int) { run(shape, kRows, 0); });
      size_t count = weights.size() * 4 / bytes;
      double one = bytes * count * 1e-9 / time(4, [&](int) {
                     for (size_t i = 0; i < count; ++i)
                       run(shape, 1, i * bytes);
                   });
      llvm::outs() << llvm::format(
          "%-4s 256 rows      %8.1f GFLOP/s  ratio %.2f\n%-4s 1 row         %8.1f GB/s     ratio %.2f\n", shape.name,
          many, many / peak, shape.name, one, one / readRate);
    }
  }

private:
  void readAll() {
    uint64_t sums[8] = {};
    const auto *words = reinterpret_cast<const uint64_t *>(weights.data());
    for (size_t i = 0; i < weights.size() / 2; i += 8)
      for (int j = 0; j < 8; ++j)
        sums[j] += words[i + j];
    for (uint64_t sum : sums)
      sink = sink + sum;
  }

  void *handle;
  HostTiles tiles;
  std::vector<float> x, y;
  std::vector<uint32_t> weights = std::vector<uint32_t>(64 << 20); // 256 MiB
  volatile uint64_t sink = 0;
};

} // namespace

int main(int argc, char **argv) {
  return runHostBenchmark(argc, argv, "host-linear-benchmark", getModule,
                          [](void *handle, const HostTiles &tiles) { Benchmark(handle, tiles).report(); });
}
