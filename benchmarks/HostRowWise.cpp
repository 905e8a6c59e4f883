// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What kernels of target `host` that were written by hand gain over the same arithmetic in generated kernels, in one
// run on one thread: the norm of rows of 2048 columns (one kernel, or a sum along the row and a product), and the
// rotation of 16 heads of width 128 (sines once for a row, or once for every head).
//
//   host-row-wise-benchmark [x86-64-v3|x86-64-v4|native]

#include "benchmarks/HostKernels.h"
#include "llvm/Support/Format.h"
#include <chrono>
#include <cmath>
#include <dlfcn.h>

using namespace mlir;
using namespace mlir::yoco;

namespace {

constexpr int64_t kColumns = 2048, kMaxRows = 256;

const char *const kKernels = R"mlir(
#id = affine_map<(r, c) -> (r, c)>
#row = affine_map<(r, c) -> (r, 0)>
#column = affine_map<(r, c) -> (c)>
#heads = affine_map<(r, h, c) -> (r, h, c)>
#head_row = affine_map<(r, h, c) -> (r, 0)>
#head_column = affine_map<(r, h, c) -> (c)>
!half = memref<?x16x64xf32, strided<[2048, 128, 1]>>
!other = memref<?x16x64xf32, strided<[2048, 128, 1], offset: 64>>
module attributes {yoco.target = #yoco.target<"host", "CHIP", f32>} {
module @kernels attributes {yoco.kernels} {
func.func @norm(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x2048xf32>,
                %y: memref<?x2048xf32>, %w: memref<2048xf32> {yoco.parameter = @w0}) {
  yoco.fused_norm %x weight @w0 outs %y {eps = 1.0e-5 : f32} : (memref<?x2048xf32>, memref<?x2048xf32>) -> ()
  return
}
func.func @squares(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x2048xf32>,
                   %s: memref<?x1xf32>) {
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : memref<?x2048xf32>)
      outs(%s : memref<?x1xf32>) attrs = {yoco.initial = [0.0 : f32]} {
  ^bb0(%a: f32, %o: f32):
    %p = arith.mulf %a, %a : f32
    %t = arith.addf %o, %p : f32
    linalg.yield %t : f32
  }
  return
}
func.func @scale(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x2048xf32>,
                 %s: memref<?x1xf32>, %w: memref<2048xf32> {yoco.parameter = @v2}, %y: memref<?x2048xf32>) {
  %width = arith.constant 2048.0 : f32
  %eps = arith.constant 1.0e-5 : f32
  linalg.generic {indexing_maps = [#id, #row, #column, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s, %w : memref<?x2048xf32>, memref<?x1xf32>, memref<2048xf32>) outs(%y : memref<?x2048xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
    %mean = arith.divf %b, %width : f32
    %sum = arith.addf %mean, %eps : f32
    %factor = math.rsqrt %sum : f32
    %p = arith.mulf %a, %factor : f32
    %t = arith.mulf %p, %c : f32
    linalg.yield %t : f32
  }
  return
}
func.func @rope(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x2048xf32>,
                %p: memref<?xi32>, %y: memref<?x2048xf32>) {
  yoco.fused_rope %x, %p outs %y {heads = 16 : i64, rope = #yoco.rope<half, [FREQUENCIES]>}
      : (memref<?x2048xf32>, memref<?xi32>, memref<?x2048xf32>) -> ()
  return
}
func.func @turn(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %a: !half, %b: !other,
                %p: memref<?x1xf32>, %f: memref<64xf32> {yoco.parameter = @v3}, %left: !half, %right: !other) {
  linalg.generic {indexing_maps = [#heads, #heads, #head_row, #head_column, #heads, #heads],
                  iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%a, %b, %p, %f : !half, !other, memref<?x1xf32>, memref<64xf32>) outs(%left, %right : !half, !other) {
  ^bb0(%u: f32, %v: f32, %position: f32, %frequency: f32, %o: f32, %q: f32):
    %angle = arith.mulf %position, %frequency : f32
    %c = math.cos %angle : f32
    %s = math.sin %angle : f32
    %uc = arith.mulf %u, %c : f32
    %vs = arith.mulf %v, %s : f32
    %us = arith.mulf %u, %s : f32
    %vc = arith.mulf %v, %c : f32
    %l = arith.subf %uc, %vs : f32
    %r = arith.addf %us, %vc : f32
    linalg.yield %l, %r : f32, f32
  }
  return
}
} }
)mlir";

std::string replaced(std::string text, llvm::StringRef from, const std::string &to) {
  return text.replace(text.find(from.str()), from.size(), to);
}

std::string getModule(const std::string &chip, const HostTiles &) {
  std::string frequencies = "1.0";
  for (int i = 1; i < 64; ++i)
    frequencies += ", " + std::to_string(std::pow(10000.0, -i / 64.0));
  return replaced(replaced(kKernels, "CHIP", chip), "FREQUENCIES", frequencies);
}

class Benchmark {
public:
  explicit Benchmark(void *handle)
      : handle(handle), x(kMaxRows * kColumns, 0.5f), y(kMaxRows * kColumns), weights(kColumns, 1.0f),
        numbers(kMaxRows, 1.0f), positions(kMaxRows, 100) {}

  void report(int64_t rows) {
    auto norm = [&] { run("norm", rows, {x.data(), y.data(), weights.data()}); };
    auto sums = [&] {
      run("squares", rows, {x.data(), numbers.data()});
      run("scale", rows, {x.data(), numbers.data(), weights.data(), y.data()});
    };
    auto rope = [&] { run("rope", rows, {x.data(), positions.data(), y.data()}); };
    auto turn = [&] { run("turn", rows, {x.data(), x.data(), numbers.data(), weights.data(), y.data(), y.data()}); };
    compare("norm", rows, norm, sums);
    compare("rope", rows, rope, turn);
  }

private:
  void run(const char *name, int64_t rows, std::initializer_list<const void *> buffers) {
    llvm::SmallVector<uint64_t> words = {static_cast<uint64_t>(rows), 1, 1};
    for (const void *buffer : buffers)
      words.push_back(reinterpret_cast<uint64_t>(buffer));
    // More tiles than there are: each ends at the last row.
    reinterpret_cast<HostKernelFunction>(dlsym(handle, name))(words.data(), 0, static_cast<uint32_t>(rows));
  }

  /// Microseconds of the fastest of many runs, taken in turn so that interference hits both alike.
  void compare(const char *name, int64_t rows, llvm::function_ref<void()> byHand,
               llvm::function_ref<void()> generated) {
    double best[2] = {1e300, 1e300};
    int repeats = rows == 1 ? 1000 : 10;
    for (int i = 0; i < 400; ++i) {
      auto begin = std::chrono::steady_clock::now();
      for (int j = 0; j < repeats; ++j)
        i % 2 ? generated() : byHand();
      double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      best[i % 2] = std::min(best[i % 2], seconds / repeats);
    }
    llvm::outs() << llvm::format("%-4s %4d rows   by hand %8.2f us   generated %8.2f us   ratio %.2f\n", name,
                                 static_cast<int>(rows), best[0] * 1e6, best[1] * 1e6, best[1] / best[0]);
  }

  void *handle;
  std::vector<float> x, y, weights, numbers;
  std::vector<int32_t> positions;
};

} // namespace

int main(int argc, char **argv) {
  return runHostBenchmark(argc, argv, "host-row-wise-benchmark", getModule, [](void *handle, const HostTiles &) {
    Benchmark benchmark(handle);
    for (int64_t rows : {int64_t(1), kMaxRows})
      benchmark.report(rows);
  });
}
