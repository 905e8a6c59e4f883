// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels of many shapes and element types become machine code for both architectures that has no stack, and so spills
// nothing. What the kernels compute is tested in test/kernels.

#include "passes/lowering/nvptx/NvptxCodeGen.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Passes.h"
#include "passes/target/Target.h"
#include "passes/lowering/Targets.h"
#include "passes/lowering/nvptx/NvptxTarget.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::yoco;

namespace {

/// The sizes of a model.
struct Sizes {
  const char *name;
  int64_t hidden, ffn, heads, kvHeads, keyWidth, valueWidth, vocabulary, window, batch;
};
void PrintTo(const Sizes &sizes, std::ostream *os) { *os << sizes.name; }

constexpr Sizes kSizes[] = {
    {"large", 3072, 8192, 24, 8, 128, 128, 100288, 1024, 1},
    {"small", 256, 768, 4, 2, 64, 64, 2048, 64, 4},
    {"narrow", 56, 100, 3, 1, 16, 24, 500, 7, 1},
    {"odd", 999, 333, 5, 5, 40, 72, 7, 100, 3},
    {"wide", 1000, 500, 2, 1, 512, 256, 999, 4096, 2},
    {"grouped", 512, 512, 64, 1, 256, 256, 1000, 33, 2},
};

std::string rows(int64_t columns, const std::string &element) {
  // Rows of buffers are multiples of 16 bytes.
  int64_t multiple = element == "bf16" ? 8 : 4, stride = (columns + multiple - 1) / multiple * multiple;
  if (stride == columns)
    return llvm::formatv("memref<?x{0}x{1}>", columns, element);
  return llvm::formatv("memref<?x{0}x{1}, strided<[{2}, 1]>>", columns, element, stride);
}

std::string matrix(int64_t outputs, int64_t columns, const std::string &element) {
  int64_t stride = (columns + 7) / 8 * 8;
  if (stride == columns)
    return llvm::formatv("memref<{0}x{1}x{2}>", outputs, columns, element);
  return llvm::formatv("memref<{0}x{1}x{2}, strided<[{3}, 1]>>", outputs, columns, element, stride);
}

std::string rope(int64_t width, const char *style) {
  std::string list;
  for (int64_t i = 0; i < width / 2; ++i)
    list += (i ? ", " : "") + std::string(llvm::formatv("{0:F6}", 1.0 / static_cast<double>(i + 1)));
  return llvm::formatv("#yoco.rope<{0}, [{1}]>", style, list);
}

/// A module of kernels, from text.
class Kernels {
public:
  explicit Kernels(bool bf16) : bf16(bf16) {
    DialectRegistry registry;
    registerAllTargets(registry);
    context.appendDialectRegistry(registry);
    context.loadDialect<YocoDialect, func::FuncDialect, arith::ArithDialect, math::MathDialect, memref::MemRefDialect,
                        linalg::LinalgDialect, scf::SCFDialect, vector::VectorDialect, gpu::GPUDialect,
                        LLVM::LLVMDialect>();
  }

  const bool bf16;
  std::string storage() const { return bf16 ? "bf16" : "f32"; }

  void add(const std::string &name, const std::string &arguments, const std::string &op) {
    text += "func.func @" + name + "(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, " +
            arguments + ") {\n  " + op + "\n  return\n}\n";
  }

  void addRowWise(const Sizes &sizes);
  void addLinears(const Sizes &sizes, const std::string &element);
  void addLinear(const std::string &name, const Sizes &sizes, int64_t columns, int64_t outputs,
                 const std::string &element, const std::string &activation, bool norm, bool residual, bool few);
  void addRetention(const Sizes &sizes);
  void addAttention(const Sizes &sizes, bool ring);
  void addChain(const std::string &name, int64_t columns, const std::string &from, const std::string &to);

  /// Compiles all kernels for both architectures and looks at what ptxas says. The stack of retention by spans may
  /// have `spanStack` bytes.
  void expectNoStack(int spanStack = 0);

private:
  MLIRContext context;
  std::string text;
};

void Kernels::addRowWise(const Sizes &sizes) {
  std::string x = rows(sizes.hidden, "f32"), y = rows(sizes.hidden, storage());
  add("argmax", "%x: " + rows(sizes.vocabulary, "f32") + ", %out: memref<?xi32>",
      "yoco.fused_argmax %x outs %out : (" + rows(sizes.vocabulary, "f32") + ", memref<?xi32>) -> ()");
  add("positions", "%ids: memref<?xi32>, %s: !yoco.segments, %out: memref<?xi32>",
      "yoco.fused_positions %ids at %s outs %out : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()");
  auto addNarrow = [&](const std::string &name, const std::string &from, const std::string &to) {
    add(name, llvm::formatv("%x: {0}, %s: !yoco.segments, %t: !yoco.segments, %y: {1}", from, to),
        llvm::formatv("yoco.fused_narrow %x at %s to %t outs %y : ({0}, !yoco.segments, !yoco.segments, {1}) -> ()",
                      from, to));
  };
  add("logprobs", "%x: " + rows(sizes.vocabulary, "f32") + ", %ids: memref<?xi32>, %out: memref<?x43xf32>",
      "yoco.fused_logprobs %x, %ids outs %out {best = 20 : i64} : (" + rows(sizes.vocabulary, "f32") +
          ", memref<?xi32>, memref<?x43xf32>) -> ()");
  add("logprobs_block",
      "%x: " + rows(sizes.vocabulary, "f32") +
          ", %ids: memref<?xi32>, %t: memref<?x1xf32, strided<[4, 1]>>, %c: memref<?x45xf32, strided<[48, 1]>>, "
          "%out: memref<?x45xf32, strided<[48, 1]>>",
      "yoco.fused_logprobs %x, %ids target_logits %t after %c outs %out {best = 20 : i64, partial} : (" +
          rows(sizes.vocabulary, "f32") +
          ", memref<?xi32>, memref<?x1xf32, strided<[4, 1]>>, memref<?x45xf32, strided<[48, 1]>>, "
          "memref<?x45xf32, strided<[48, 1]>>) -> ()");
  addNarrow("narrow", x, x);
  addNarrow("narrow_rounded", x, y);
  addNarrow("narrow_storage", y, y);
  for (const char *element : {"f32", "bf16", "f16"}) {
    std::string name = element;
    add("embed_" + name,
        llvm::formatv("%ids: memref<?xi32>, %x: {0}, %w: {1} {{yoco.parameter = @w0}", x,
                      matrix(sizes.vocabulary, sizes.hidden, element)),
        llvm::formatv("yoco.fused_embed %ids table @w0 outs %x {{scale = 2.0 : f32} : (memref<?xi32>, {0}) -> ()", x));
    std::string one = "memref<?x1xf32, strided<[4, 1]>>";
    add("target_logits_" + name,
        llvm::formatv("%x: {0}, %ids: memref<?xi32>, %t: {1}, %w: {2} {{yoco.parameter = @w0}", y, one,
                      matrix(sizes.vocabulary, sizes.hidden, element)),
        llvm::formatv("yoco.fused_target_logits %x, %ids weight @w0 outs %t : ({0}, memref<?xi32>, {1}) -> ()", y,
                      one));
    add("norm_" + name,
        llvm::formatv("%x: {0}, %y: {1}, %w: memref<{2}x{3}> {{yoco.parameter = @w0}", x, y, sizes.hidden, name),
        llvm::formatv("yoco.fused_norm %x weight @w0 outs %y {{eps = 1.0e-5 : f32} : ({0}, {1}) -> ()", x, y));
  }
  int64_t heads = sizes.heads * sizes.valueWidth;
  add("norm_heads", llvm::formatv("%x: {0}, %y: {1}", rows(heads, "f32"), rows(heads, storage())),
      llvm::formatv(
          "yoco.fused_norm %x swish %x outs %y {{eps = 1.0e-5 : f32, groups = {2} : i64} : ({0}, {0}, {1}) -> ()",
          rows(heads, "f32"), rows(heads, storage()), sizes.heads));
  int64_t keys = sizes.heads * sizes.keyWidth;
  for (const char *style : {"interleaved", "half"})
    add("rope_" + std::string(style), llvm::formatv("%x: {0}, %p: memref<?xi32>", rows(keys, "f32")),
        llvm::formatv(
            "yoco.fused_rope %x, %p outs %x {{heads = {1} : i64, rope = {2}} : ({0}, memref<?xi32>, {0}) -> ()",
            rows(keys, "f32"), sizes.heads, rope(sizes.keyWidth, style)));
}

void Kernels::addLinear(const std::string &name, const Sizes &sizes, int64_t columns, int64_t outputs,
                        const std::string &element, const std::string &activation, bool norm, bool residual, bool few) {
  bool gated = activation == "swiglu" || activation == "geglu";
  std::string x = rows(columns, norm ? "f32" : storage()), y = rows(outputs, "f32");
  std::string arguments = llvm::formatv("%x: {0}, %y: {1}, %r: {1}, %w: {2} {{yoco.parameter = @w0}", x, y,
                                        matrix(outputs * (gated ? 2 : 1), columns, element));
  if (norm)
    arguments += llvm::formatv(", %n: memref<{0}x{1}> {{yoco.parameter = @w1}", columns, element);
  add(name, arguments,
      llvm::formatv("yoco.fused_linear %x {0} weights [@w0] outs %y {{activation = #yoco.activation<{1}>{2}{3}, "
                    "max_rows = {4} : i64} : ({5}{6}, {7}) -> ()",
                    residual ? "residual %r" : "", activation, gated ? ", joined" : "",
                    norm ? ", eps = 1.0e-5 : f32, norm_weight = @w1" : "", few ? sizes.batch : 0, x,
                    residual ? ", " + y : "", y));
}

void Kernels::addLinears(const Sizes &sizes, const std::string &element) {
  int64_t keys = sizes.heads * sizes.keyWidth, values = sizes.heads * sizes.valueWidth;
  for (bool few : {true, false}) {
    if (!few && bf16)
      continue; // the library's
    std::string suffix = "_" + element + (few ? "_few" : "_tiled");
    addLinear("mixer" + suffix, sizes, sizes.hidden, 2 * keys + 2 * values + sizes.heads, element, "none", few, false,
              few);
    addLinear("gate" + suffix, sizes, sizes.hidden, sizes.ffn, element, "swiglu", few, false, few);
    addLinear("gelu_gate" + suffix, sizes, sizes.hidden, sizes.ffn, element, "geglu", false, false, few);
    addLinear("silu" + suffix, sizes, sizes.hidden, sizes.ffn, element, "silu", false, false, few);
    addLinear("down" + suffix, sizes, sizes.ffn, sizes.hidden, element, "none", false, true, few);
    addLinear("head" + suffix, sizes, sizes.hidden, sizes.vocabulary, element, "none", few, false, few);
  }
}

void Kernels::addRetention(const Sizes &sizes) {
  std::string q = rows(sizes.heads * sizes.keyWidth, "f32"), v = rows(sizes.heads * sizes.valueWidth, "f32");
  std::string g = rows(sizes.heads, "f32"), step = rows(sizes.heads * sizes.valueWidth, storage());
  std::string state = llvm::formatv("!yoco.state<{0}x{1}x{2}xf32>", sizes.heads, sizes.keyWidth, sizes.valueWidth);
  std::string arguments = llvm::formatv(
      "%q: {0}, %k: {0}, %v: {1}, %g: {2}, %p: memref<?xi32>, %s: !yoco.segments, %t: {3}, %o: ", q, v, g, state);
  std::string types = llvm::formatv("({0}, {0}, {1}, {2}, memref<?xi32>, !yoco.segments, {3}, ", q, v, g, state);
  std::string op = "yoco.fused_retention %q, %k, %v, %g at %p, %s from %t ";
  std::string attributes =
      "scale = 0.5 : f32, gate_divisor = 16.0 : f32, rope = " + rope(sizes.keyWidth, "interleaved");
  add("retention_step", arguments + step,
      op + "swish %v outs %o {" + attributes + ", eps = 1.0e-5 : f32} : " + types + v + ", " + step + ") -> ()");
  // Heads that are too wide for spans go row by row.
  int64_t span = bf16 ? nvptx::retentionSpan(sizes.keyWidth, sizes.valueWidth) : 0;
  add("retention_span", arguments + v,
      op + "outs %o {" + attributes + ", span = " + std::to_string(span) + " : i64} : " + types + v + ") -> ()");
}

void Kernels::addAttention(const Sizes &sizes, bool ring) {
  std::string suffix = ring ? "_ring" : "";
  std::string q = rows(sizes.heads * sizes.keyWidth, "f32"), out = rows(sizes.heads * sizes.valueWidth, storage());
  std::string k = rows(sizes.kvHeads * sizes.keyWidth, storage()),
              v = rows(sizes.kvHeads * sizes.valueWidth, storage());
  auto cache = [&](int64_t width) -> std::string {
    return llvm::formatv("!yoco.cache<heads = {0}, width = {1}, element = {2}, window = {3}, layout = contiguous>",
                         sizes.kvHeads, width, storage(), ring ? sizes.window : 0);
  };
  std::string keys = cache(sizes.keyWidth), values = cache(sizes.valueWidth);
  std::string fresh = ring ? "fresh(%k, %v)" : "", freshTypes = ring ? ", " + k + ", " + v : "";
  std::string table = rope(sizes.keyWidth, "half");
  add("cache_write" + suffix,
      llvm::formatv("%k: {0}, %v: {1}, %p: memref<?xi32>, %s: !yoco.segments, %c: {2}, %d: {3}", k, v, keys, values),
      llvm::formatv(
          "yoco.fused_cache_write %k, %v at %p, %s to %c, %d {{rope = {4}} : ({0}, {1}, memref<?xi32>, !yoco.segments, "
          "{2}, {3}) -> ()",
          k, v, keys, values, table));
  int64_t splits = nvptx::attentionSplits(getNvptxChips().back().multiprocessors, sizes.batch, ring ? sizes.window : 0,
                                          sizes.kvHeads);
  std::string partial = rows(getPartialColumns(sizes.heads, splits, sizes.valueWidth), "f32");
  std::string arguments =
      llvm::formatv("%q: {0}, %p: memref<?xi32>, %s: !yoco.segments, %c: {1}, %d: {2}, %k: {3}, %v: {4}, %o: ", q, keys,
                    values, k, v);
  std::string attributes = llvm::formatv("heads = {0} : i64, scale = 0.5 : f32, window = {1} : i64, rope = {2}",
                                         sizes.heads, ring ? sizes.window : 0, table);
  std::string types = llvm::formatv("({0}, memref<?xi32>, !yoco.segments, {1}, {2}{3}, ", q, keys, values, freshTypes);
  std::string op = "yoco.fused_attention %q at %p, %s to %c, %d " + fresh + " outs %o {" + attributes;
  add("attention_rows" + suffix, arguments + out, op + "} : " + types + out + ") -> ()");
  add("attention_split" + suffix, arguments + partial,
      op + ", splits = " + std::to_string(splits) + " : i64} : " + types + partial + ") -> ()");
  add("attention_merge" + suffix, llvm::formatv("%x: {0}, %s: !yoco.segments, %o: {1}", partial, out),
      llvm::formatv("yoco.fused_attention_merge %x at %s outs %o {{heads = {2} : i64, splits = {3} : i64} : ({0}, "
                    "!yoco.segments, {1}) -> ()",
                    partial, out, sizes.heads, splits));
}

void Kernels::addChain(const std::string &name, int64_t columns, const std::string &from, const std::string &to) {
  std::string in = rows(columns, from), out = rows(columns, to);
  std::string widen = from == "f32" ? "" : "%w = arith.extf %x : " + from + " to f32\n";
  std::string narrow = to == "f32" ? "" : "%n = arith.truncf %y : f32 to " + to + "\n";
  add(name, llvm::formatv("%a: {0}, %o: {1}", in, out),
      llvm::formatv(R"(linalg.generic {{indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r, c)>],
          iterator_types = ["parallel", "parallel"]} ins(%a : {0}) outs(%o : {1}) {{
      ^bb0(%x: {2}, %old: {3}):
        {4}%y = math.exp {5} : f32
        {6}linalg.yield {7} : {3}
      })",
                    in, out, from, to, widen, widen.empty() ? "%x" : "%w", narrow, narrow.empty() ? "%y" : "%n"));
}

void Kernels::expectNoStack(int spanStack) {
  std::optional<std::string> ptxas = findPtxas();
  std::string module = "module attributes {yoco.target = #yoco.target<\"nvptx\", \"sm_90a\", " + storage() +
                       ">} { module @kernels attributes {yoco.kernels} {\n" + text + "} }";
  OwningOpRef<ModuleOp> parsed = parseSourceString<ModuleOp>(module, &context);
  ASSERT_TRUE(parsed) << module.substr(0, 2000);
  PassManager passes(&context);
  passes.addPass(createLowerNvptxPass());
  ASSERT_TRUE(succeeded(passes.run(*parsed)));
  auto kernels = *parsed->getOps<gpu::GPUModuleOp>().begin();
  size_t count = llvm::range_size(kernels.getOps<gpu::GPUFuncOp>());
  for (const NvptxChip &chip : getNvptxChips()) {
    StringRef architecture = chip.name;
    FailureOr<std::string> ptx = compileNvptxKernelsToPtx(kernels, getTargetAttrOf(kernels), architecture);
    ASSERT_TRUE(succeeded(ptx));
    EXPECT_EQ(StringRef(*ptx).count(".local"), 0u) << architecture.str();
    EXPECT_EQ(StringRef(*ptx).count(".func"), 0u) << architecture.str();
    EXPECT_EQ(StringRef(*ptx).count(".entry"), count) << architecture.str();
    if (!ptxas)
      continue;
    llvm::Expected<AssembledPtx> assembled = assemblePtx(*ptxas, *ptx, architecture);
    ASSERT_TRUE(static_cast<bool>(assembled)) << llvm::toString(assembled.takeError());
    EXPECT_EQ(assembled->kernels.size(), count);
    for (const KernelResources &kernel : assembled->kernels) {
      std::string what = llvm::formatv(
          "{0} for {1}: {2} registers, {3} bytes of stack, {4} bytes spilled, {5} bytes shared", kernel.name,
          architecture, kernel.registers, kernel.stackBytes, kernel.spillBytes, kernel.sharedBytes);
      EXPECT_GT(kernel.registers, 0) << what;
      // Blocks of 512 threads have 128 registers a thread, and no more when a few are missing.
      EXPECT_LE(kernel.stackBytes, StringRef(kernel.name).starts_with("retention_span") ? spanStack : 0) << what;
      EXPECT_EQ(kernel.sharedBytes, 0) << what << "; shared memory is the launch's";
    }
  }
  if (!ptxas)
    GTEST_SKIP() << "no ptxas: what it would say about registers is not looked at";
}

class NvptxCodeGen : public testing::TestWithParam<std::tuple<Sizes, bool>> {};

TEST_P(NvptxCodeGen, NoStack) {
  auto [sizes, bf16] = GetParam();
  Kernels kernels(bf16);
  kernels.addRowWise(sizes);
  kernels.addLinears(sizes, kernels.storage());
  kernels.addRetention(sizes);
  kernels.addAttention(sizes, /*ring=*/false);
  kernels.addAttention(sizes, /*ring=*/true);
  kernels.addChain("chain", sizes.ffn, "f32", kernels.storage());
  kernels.expectNoStack(/*spanStack=*/sizes.hidden == 3072 ? 0 : 32);
}

INSTANTIATE_TEST_SUITE_P(Sizes, NvptxCodeGen, testing::Combine(testing::ValuesIn(kSizes), testing::Bool()),
                         [](const auto &info) {
                           return std::string(std::get<0>(info.param).name) +
                                  (std::get<1>(info.param) ? "Bf16" : "F32");
                         });

// Checkpoints have weights of all types; in f32 they stay as they are.
TEST(NvptxCodeGen, ElementTypes) {
  Kernels kernels(/*bf16=*/false);
  for (const char *element : {"bf16", "f16"})
    kernels.addLinears(kSizes[2], element);
  for (const char *from : {"f32", "bf16", "f16"})
    for (const char *to : {"f32", "bf16", "f16"})
      for (int64_t columns : {7, 64})
        kernels.addChain(llvm::formatv("chain_{0}_{1}_{2}", from, to, columns), columns, from, to);
  kernels.expectNoStack();
}

TEST(Ptxas, Report) {
  std::vector<KernelResources> kernels = parsePtxasReport(
      "ptxas info    : 0 bytes gmem\n"
      "ptxas info    : Compiling entry function 'a' for 'sm_90a'\n"
      "ptxas info    : Function properties for a\n"
      "    8 bytes stack frame, 12 bytes spill stores, 16 bytes spill loads\n"
      "ptxas info    : Used 128 registers, used 1 barriers, 8 bytes cumulative stack size, 64 bytes smem\n"
      "ptxas info    : Compile time = 86.134 ms\n"
      "ptxas info    : Compiling entry function 'b' for 'sm_90a'\n"
      "ptxas info    : Function properties for b\n"
      "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
      "ptxas info    : Used 31 registers, used 0 barriers\n");
  ASSERT_EQ(kernels.size(), 2u);
  EXPECT_EQ(kernels[0].name, "a");
  EXPECT_EQ(kernels[0].registers, 128);
  EXPECT_EQ(kernels[0].stackBytes, 8);
  EXPECT_EQ(kernels[0].spillBytes, 28);
  EXPECT_EQ(kernels[0].sharedBytes, 64);
  EXPECT_EQ(kernels[1].name, "b");
  EXPECT_EQ(kernels[1].registers, 31);
  EXPECT_EQ(kernels[1].spillBytes, 0);
}

// A kernel that spills gets one block less at a time: registers for 4 blocks of 128 threads allow 3 with more of them.
// One that is alone already stays as it is.
TEST(Ptxas, AllowMoreRegisters) {
  std::string ptx = ".visible .entry a(\n.param .u64 p\n)\n.maxntid 128, 1, 1\n{\n}\n"
                    ".visible .entry ab()\n.maxntid 256, 1, 1\n{\n}\n.visible .entry b()\n.maxntid 512, 1, 1\n{\n}\n";
  KernelResources a{"a", 128, 8, 16, 0}, ab{"ab", 255, 0, 0, 0}, b{"b", 128, 8, 16, 0};
  std::string relaxed = allowMoreRegisters(ptx, {b, ab, a});
  EXPECT_EQ(relaxed, ".visible .entry a(\n.param .u64 p\n)\n.maxntid 128, 1, 1\n.minnctapersm 3\n{\n}\n" +
                         ptx.substr(ptx.find(".visible .entry ab")));
  a.registers = 168;
  relaxed = allowMoreRegisters(relaxed, {a});
  EXPECT_EQ(llvm::StringRef(relaxed).count(".minnctapersm"), 1u);
  EXPECT_EQ(llvm::StringRef(relaxed).count(".minnctapersm 2\n"), 1u);
  a.spillBytes = a.stackBytes = 0;
  EXPECT_EQ(allowMoreRegisters(relaxed, {a}), relaxed);
}

TEST(Ptxas, Errors) {
  llvm::Expected<AssembledPtx> absent = assemblePtx("/no/such/ptxas", ".version 7.4", "sm_80");
  ASSERT_FALSE(static_cast<bool>(absent));
  EXPECT_NE(llvm::toString(absent.takeError()).find("/no/such/ptxas: "), std::string::npos);
  std::optional<std::string> ptxas = findPtxas();
  if (!ptxas)
    GTEST_SKIP() << "no ptxas";
  llvm::Expected<AssembledPtx> wrong = assemblePtx(*ptxas, "this is no PTX", "sm_80");
  ASSERT_FALSE(static_cast<bool>(wrong));
  EXPECT_NE(llvm::toString(wrong.takeError()).find("ptxas"), std::string::npos);
}

} // namespace
