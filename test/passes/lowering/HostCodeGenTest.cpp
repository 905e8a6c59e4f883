// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What code generation promises beyond numbers: objects that stand alone, errors that say what is wrong, features and
// tiles that agree with the code.

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
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::yoco;
using testing::Contains;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

namespace {

class HostCodeGen : public testing::Test {
protected:
  HostCodeGen() {
    DialectRegistry registry;
    registerAllTargets(registry);
    context.appendDialectRegistry(registry);
    context.loadDialect<YocoDialect, func::FuncDialect, arith::ArithDialect, math::MathDialect, memref::MemRefDialect,
                        linalg::LinalgDialect, scf::SCFDialect, vector::VectorDialect>();
    context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
      errors += diagnostic.str() + "\n";
      return success();
    });
  }

  TargetAttr targetOf(const char *chip) {
    return TargetAttr::get(&context, "host", chip, Float32Type::get(&context));
  }

  /// Bytes of the kernels in `text`; errors are in `errors`.
  FailureOr<std::vector<char>> compile(const std::string &text, const char *chip = "x86-64-v3") {
    module = parseSourceString<ModuleOp>("module attributes {yoco.kernels, yoco.target = #yoco.target<\"host\", \"" +
                                             std::string(chip) + "\", f32>} {\n" + text + "}",
                                         &context);
    PassManager passes(&context);
    passes.addPass(createLowerHostPass());
    if (!module || failed(passes.run(*module)))
      return failure();
    return compileHostKernels(*module, targetOf(chip));
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::string errors;
};

const char *const kScalars = "%rows: index, %segments: index, %seq: index, %begin: index, %end: index";

std::string elementwise(const std::string &body) {
  return std::string("func.func @f(") + kScalars + ", %x: memref<?x8xf32>) {\n" +
         "linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], "
         "iterator_types = [\"parallel\", \"parallel\"]} ins(%x : memref<?x8xf32>) outs(%x : memref<?x8xf32>) {\n"
         "^bb0(%a: f32, %b: f32):\n" +
         body + "\nlinalg.yield %r : f32\n}\nreturn\n}\n";
}

TEST_F(HostCodeGen, RefusesWhatNeedsALibrary) {
  EXPECT_TRUE(failed(compile(elementwise("%r = math.sinh %a : f32"))));
  EXPECT_THAT(errors, HasSubstr("undefined symbol: sinhf"));
}

TEST_F(HostCodeGen, CompilesWhatHasAnApproximation) {
  EXPECT_TRUE(succeeded(compile(elementwise("%s = math.sin %a : f32\n%r = math.erf %s : f32")))) << errors;
}

TEST_F(HostCodeGen, RefusesAFunctionWithoutABody) {
  EXPECT_TRUE(failed(compile(std::string("func.func private @f(index)\n"))));
  EXPECT_THAT(errors, HasSubstr("expected a lowered kernel"));
}

TEST_F(HostCodeGen, RefusesMoreStackThanAKernelMayTake) {
  EXPECT_TRUE(failed(compile(std::string("func.func @f(") + kScalars +
                             ", %x: memref<?x8xf32>) {\n%s = memref.alloca() : memref<100000xf32>\n"
                             "%v = memref.load %x[%rows, %begin] : memref<?x8xf32>\n"
                             "memref.store %v, %s[%end] : memref<100000xf32>\n"
                             "%w = memref.load %s[%rows] : memref<100000xf32>\n"
                             "memref.store %w, %x[%begin, %end] : memref<?x8xf32>\nreturn\n}\n")));
  EXPECT_THAT(errors, HasSubstr("stack frame size"));
}

TEST_F(HostCodeGen, ModuleIsLeftAsItIs) {
  ASSERT_TRUE(succeeded(compile(elementwise("%r = arith.addf %a, %a : f32")))) << errors;
  std::string text;
  llvm::raw_string_ostream os(text);
  module->print(os);
  EXPECT_THAT(text, HasSubstr("memref<?x8xf32>"));
  EXPECT_THAT(text, Not(HasSubstr("llvm.")));
}

TEST_F(HostCodeGen, FeaturesAreThoseOfTheChip) {
  std::vector<std::string> v3 = getCpuFeatures(targetOf("x86-64-v3")), v4 = getCpuFeatures(targetOf("x86-64-v4"));
  EXPECT_THAT(v3, IsSupersetOf({"avx2", "f16c", "fma"}));
  EXPECT_THAT(v3, Not(Contains(HasSubstr("avx512"))));
  EXPECT_THAT(v4, IsSupersetOf(v3));
  EXPECT_THAT(v4, Contains("avx512vl"));
  // `native` is one of the tested chips, whatever else the machine can do.
  std::vector<std::string> native = getCpuFeatures(targetOf("native"));
  EXPECT_TRUE(native == v3 || native == v4 || native.empty());
}

TEST_F(HostCodeGen, RetentionSpansFitTheStack) {
  for (const char *chip : {"x86-64-v3", "x86-64-v4"}) {
    std::unique_ptr<HostTarget> target = HostTarget::get(targetOf(chip), UnknownLoc::get(&context));
    for (int64_t width : {1, 8, 17, 64, 128, 256, 512, 1024, 8192}) {
      int64_t span = target->getRetentionSpan(width, width);
      EXPECT_LE(getRetentionStackBytes(target->getTileSizes(), span, width), span > 0 ? 196608 : 1 << 20);
      EXPECT_TRUE(width <= 512 ? span > 0 : width < 8192 || span == 0) << width;
    }
  }
}

} // namespace
