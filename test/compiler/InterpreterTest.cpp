// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The interpreter of phase `model`: operations against numbers worked out by hand, that it knows every operation, and
// its errors.

#include "compiler/Compile.h"
#include "compiler/interpreter/Interpreter.h"
#include "mlir/Parser/Parser.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace mlir;
using namespace mlir::yoco;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

MATCHER_P(Near, expected, "") {
  return std::fabs(arg - expected) <= 1e-14 * std::max(1.0, std::fabs(double(expected)));
}

/// Parameters `@w` of 2x2, `@table` of 4x2, `@v` and `@b` of 2 numbers each, generated: @v and @b are ones.
constexpr llvm::StringLiteral kParameters = R"(
  yoco.parameter @table : tensor<4x2xf32> from "t" generated #yoco.random<seed = 1, stream = 0, scale = 0.5>
  yoco.parameter @w : tensor<2x2xf32> from "w" generated #yoco.random<seed = 1, stream = 1, scale = 0.5>
  yoco.parameter @v : tensor<2xf32> from "v" generated #yoco.random<seed = 1, stream = 2, scale = 0.0>
  yoco.parameter @b : tensor<2xf32> from "b" generated #yoco.random<seed = 1, stream = 3, scale = 0.0>
)";

class InterpreterTest : public ::testing::Test {
protected:
  InterpreterTest() : context(makeCompilerRegistry()) { context.loadAllAvailableDialects(); }

  /// The module with a function of `%ids`, whose row counts are `%rows` and whose positions are `%pos`.
  void parse(const std::string &body, const std::string &type) {
    std::string text = kParameters.str() + "func.func @forward(%ids: tensor<?xi32>) -> " + type +
                       " {\n%c0 = arith.constant 0 : index\n%rows = tensor.dim %ids, %c0 : tensor<?xi32>\n"
                       "%pos = yoco.positions %ids : tensor<?xi32>\n" +
                       body + "}\n";
    module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
    ASSERT_TRUE(module) << text;
  }

  llvm::Expected<Array> evaluate(ArrayRef<int32_t> ids, InterpreterOptions options = {},
                                 Interpreter::Observer observe = {}) {
    Interpreter interpreter(*module, options);
    return interpreter.run(module->lookupSymbol<func::FuncOp>("forward"), ids, observe);
  }

  std::vector<double> run(const std::string &body, const std::string &type, ArrayRef<int32_t> ids) {
    parse(body, type);
    llvm::Expected<Array> result = module ? evaluate(ids) : llvm::createStringError("no module");
    if (result)
      return result->numbers;
    ADD_FAILURE() << llvm::toString(result.takeError());
    return {};
  }

  std::string fail(const std::string &body, const std::string &type, ArrayRef<int32_t> ids) {
    parse(body, type);
    llvm::Expected<Array> result = evaluate(ids);
    return result ? "" : llvm::toString(result.takeError());
  }

  std::vector<double> getRow(StringRef parameter, int64_t row) {
    Parameters parameters(*module);
    Parameter found = llvm::cantFail(parameters.get(FlatSymbolRefAttr::get(&context, parameter)));
    std::vector<double> numbers(found.getColumns());
    found.readRow(row, numbers);
    return numbers;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

/// Rows of two heads of width 1 whose numbers are their positions, plus a number.
std::string makeHeads(const char *name, double offset) {
  return llvm::formatv(R"(
    %{0}i = arith.sitofp %pos : tensor<?xi32> to tensor<?xf32>
    %{0}1 = tensor.expand_shape %{0}i [[0, 1, 2]] output_shape [%rows, 1, 1] : tensor<?xf32> into tensor<?x1x1xf32>
    %{0}c = arith.constant {1:F1} : f32
    %{0}s = tensor.splat %{0}c[%rows] : tensor<?x1x1xf32>
    %{0} = arith.addf %{0}1, %{0}s : tensor<?x1x1xf32>
  )", name, offset).str();
}

TEST_F(InterpreterTest, Embed) {
  std::vector<double> got =
      run("%x = yoco.embed %ids, @table {scale = 2.0 : f32} : tensor<?x2xf32>\nreturn %x : tensor<?x2xf32>",
          "tensor<?x2xf32>", {3, 0});
  std::vector<double> third = getRow("table", 3), zeroth = getRow("table", 0);
  EXPECT_THAT(got, ElementsAre(2 * third[0], 2 * third[1], 2 * zeroth[0], 2 * zeroth[1]));
}

TEST_F(InterpreterTest, LinearWithBias) {
  std::vector<double> got = run(R"(
    %x = yoco.embed %ids, @table : tensor<?x2xf32>
    %y = yoco.linear %x, @w bias @b : tensor<?x2xf32> -> tensor<?x2xf32>
    return %y : tensor<?x2xf32>)", "tensor<?x2xf32>", {1});
  std::vector<double> x = getRow("table", 1), first = getRow("w", 0), second = getRow("w", 1);
  EXPECT_THAT(got, ElementsAre(Near(x[0] * first[0] + x[1] * first[1] + 1),
                               Near(x[0] * second[0] + x[1] * second[1] + 1)));
}

TEST_F(InterpreterTest, SlicesAndRoundedNumbersOfGeneratedParameters) {
  parse("return %ids : tensor<?xi32>", "tensor<?xi32>");
  module->push_back(llvm::cast<ParameterOp>(*parseSourceString<ModuleOp>(
      "yoco.parameter @part : tensor<1x1xf32> from \"w\" slice <row = 1, column = 1, rows = 2, columns = 2> "
      "generated #yoco.random<seed = 1, stream = 1, scale = 0.5>\n", ParserConfig(&context))
          ->getBody()->front().clone()));
  EXPECT_EQ(getRow("part", 0)[0], getRow("w", 1)[1]);
  module->lookupSymbol<ParameterOp>("w").setType(RankedTensorType::get({2, 2}, BFloat16Type::get(&context)));
  double exact = getRow("part", 0)[0], rounded = getRow("w", 1)[1];
  EXPECT_NE(exact, rounded);
  EXPECT_NEAR(exact, rounded, std::fabs(exact) / 256);
}

TEST_F(InterpreterTest, NormsAreTheirDecompositionsInFloat64) {
  auto norm = [&](const std::string &attributes) {
    return run("%x = yoco.embed %ids, @table : tensor<?x2xf32>\n%y = yoco.norm %x " + attributes +
                   " : tensor<?x2xf32>\nreturn %y : tensor<?x2xf32>",
               "tensor<?x2xf32>", {2});
  };
  double eps = 1e-5f;
  std::vector<double> rms = norm("weight @v {eps = 1.0e-5 : f32}"), x = getRow("table", 2);
  double scale = 1 / std::sqrt((x[0] * x[0] + x[1] * x[1]) / 2 + eps);
  EXPECT_THAT(rms, ElementsAre(Near(x[0] * scale), Near(x[1] * scale)));
  double half = (x[0] - x[1]) / 2;
  scale = 1 / std::sqrt(half * half + eps);
  EXPECT_THAT(norm("weight @v bias @b {eps = 1.0e-5 : f32, kind = #yoco.norm_kind<layer>}"),
              ElementsAre(Near(half * scale + 1), Near(-half * scale + 1)));
}

TEST_F(InterpreterTest, ElementwiseOperationsHaveConstantsOfFloat64) {
  std::vector<double> got = run("%x = yoco.embed %ids, @table : tensor<?x2xf32>\n"
                                "%y = yoco.gelu %x : tensor<?x2xf32>\nreturn %y : tensor<?x2xf32>",
                                "tensor<?x2xf32>", {1});
  double x = getRow("table", 1)[0];
  EXPECT_THAT(got[0], Near(0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))));
}

TEST_F(InterpreterTest, RopeTakesItsAnglesInFloat32) {
  std::vector<double> got = run(R"(
    %x = yoco.embed %ids, @table : tensor<?x2xf32>
    %h = tensor.expand_shape %x [[0], [1, 2]] output_shape [%rows, 1, 2] : tensor<?x2xf32> into tensor<?x1x2xf32>
    %y = yoco.rope %h, %pos {rope = #yoco.rope<half, [0.3]>} : tensor<?x1x2xf32>
    %z = tensor.collapse_shape %y [[0], [1, 2]] : tensor<?x1x2xf32> into tensor<?x2xf32>
    return %z : tensor<?x2xf32>)", "tensor<?x2xf32>", {0, 0, 0, 1});
  double angle = 3.0f * 0.3f, a = getRow("table", 1)[0], b = getRow("table", 1)[1];
  EXPECT_THAT(got[6], Near(a * std::cos(angle) - b * std::sin(angle)));
  EXPECT_THAT(got[7], Near(a * std::sin(angle) + b * std::cos(angle)));
}

TEST_F(InterpreterTest, AttentionWithAWindow) {
  auto attend = [&](const char *window) {
    return run(makeHeads("k", 0.0) + makeHeads("v", 2.0) +
               "%o = yoco.attention %k, %k, %v {scale = 0.5 : f32" + window +
                   "} : tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1x1xf32> -> tensor<?x1x1xf32>\n"
                   "%r = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x1x1xf32> into tensor<?x1xf32>\n"
                   "return %r : tensor<?x1xf32>",
               "tensor<?x1xf32>", {0, 0, 0});
  };
  // Scores of row 2 are 0.5 * 2 * j.
  double e = std::exp(1.0);
  EXPECT_THAT(attend(""), ElementsAre(Near(2.0), Near((2 + 3 * std::sqrt(e)) / (1 + std::sqrt(e))),
                                      Near((2 + 3 * e + 4 * e * e) / (1 + e + e * e))));
  EXPECT_THAT(attend(", window = 2 : i64")[2], Near((3 * e + 4 * e * e) / (e + e * e)));
}

TEST_F(InterpreterTest, GatedRetention) {
  std::vector<double> got = run(makeHeads("k", 1.0) + R"(
    %half = arith.constant -0.5 : f32
    %g = tensor.splat %half[%rows] : tensor<?x1xf32>
    %o = yoco.gated_retention %k, %k, %k, %g {scale = 2.0 : f32}
        : tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1xf32> -> tensor<?x1x1xf32>
    %r = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x1x1xf32> into tensor<?x1xf32>
    return %r : tensor<?x1xf32>)", "tensor<?x1xf32>", {0, 0});
  // S_0 = 2 * 1 * 1; S_1 = exp(-0.5) S_0 + 2 * 2 * 2.
  EXPECT_THAT(got, ElementsAre(Near(2.0), Near(2 * (2 * std::exp(-0.5) + 8))));
}

TEST_F(InterpreterTest, ColumnsAreTakenAndJoined) {
  std::vector<double> got = run(R"(
    %x = yoco.embed %ids, @table : tensor<?x2xf32>
    %l = tensor.extract_slice %x[0, 1] [%rows, 1] [1, 1] : tensor<?x2xf32> to tensor<?x1xf32>
    %y = tensor.concat dim(1) %l, %x : (tensor<?x1xf32>, tensor<?x2xf32>) -> tensor<?x3xf32>
    return %y : tensor<?x3xf32>)", "tensor<?x3xf32>", {0, 3});
  std::vector<double> a = getRow("table", 0), b = getRow("table", 3);
  EXPECT_THAT(got, ElementsAre(a[1], a[0], a[1], b[1], b[0], b[1]));
}

TEST_F(InterpreterTest, DecodersAreTheirBodies) {
  std::vector<double> got = run(R"(
    %x = yoco.embed %ids, @table : tensor<?x2xf32>
    %h = yoco.self_decoder %x : tensor<?x2xf32> -> tensor<?x2xf32> {
    ^bb0(%a: tensor<?x2xf32>):
      %one = arith.constant 1.0 : f32
      %ones = tensor.splat %one[%rows] : tensor<?x2xf32>
      %s = arith.addf %a, %ones : tensor<?x2xf32>
      yoco.yield %s : tensor<?x2xf32>
    }
    %y = arith.addf %h, %x : tensor<?x2xf32>
    return %y : tensor<?x2xf32>)", "tensor<?x2xf32>", {2});
  EXPECT_THAT(got, ElementsAre(Near(2 * getRow("table", 2)[0] + 1), Near(2 * getRow("table", 2)[1] + 1)));
}

TEST_F(InterpreterTest, EveryThreadCountGivesTheSameBits) {
  parse(R"(
    %x = yoco.embed %ids, @table : tensor<?x2xf32>
    %y = yoco.linear %x, @w : tensor<?x2xf32> -> tensor<?x2xf32>
    %z = yoco.silu %y : tensor<?x2xf32>
    return %z : tensor<?x2xf32>)", "tensor<?x2xf32>");
  std::vector<int32_t> ids(50, 3);
  InterpreterOptions four;
  four.threads = 4;
  size_t observed = 0;
  Array one = llvm::cantFail(evaluate(ids)),
        other = llvm::cantFail(evaluate(ids, four, [&](Value, const Array &) { ++observed; }));
  EXPECT_EQ(one.numbers, other.numbers);
  EXPECT_EQ(observed, 6u);
}

/// What rows are made of in phase `model`: an operation that is added without an evaluation is found here.
TEST_F(InterpreterTest, KnowsEveryOperationOfTheDialect) {
  // Those come in with later phases.
  const std::set<StringRef> others = {"yoco.argmax", "yoco.narrow", "yoco.row_logprobs"};
  EvaluationTable table;
  unsigned seen = 0;
  for (RegisteredOperationName name : context.getRegisteredOperations()) {
    bool isOfModel = name.hasInterface<RowWiseOpInterface>() || name.hasInterface<RowMixerOpInterface>();
    if (name.getDialectNamespace() != "yoco" || !isOfModel || others.count(name.getStringRef()))
      continue;
    ++seen;
    bool isKnown = table.find(name.getStringRef()) || name.hasInterface<ElementwiseOpInterface>() ||
                   name.hasInterface<DecomposableOpInterface>();
    EXPECT_TRUE(isKnown) << name.getStringRef().str() << ": add compiler/interpreter/ops/NAME.cpp";
  }
  EXPECT_GE(seen, 11u);
}

TEST_F(InterpreterTest, AnotherDialectExtendsTheTable) {
  std::string body = "%x = math.cbrt %s : f32\n%y = tensor.splat %x[%rows] : tensor<?x1xf32>\n"
                     "return %y : tensor<?x1xf32>";
  parse("%s = arith.constant 8.0 : f32\n" + body, "tensor<?x1xf32>");
  EXPECT_EQ(llvm::toString(evaluate({0}).takeError()),
            "expected operations that the interpreter knows, got 'math.cbrt'");
  InterpreterOptions options;
  options.extendTable = [](EvaluationTable &table) {
    table.add("math.cbrt", [](Evaluation &at) -> llvm::Error {
      at.setResult(0, Array::scalar(std::cbrt(at.operand(0).numbers.front())));
      return llvm::Error::success();
    });
  };
  EXPECT_THAT(llvm::cantFail(evaluate({0, 0}, options)).numbers, ElementsAre(2.0, 2.0));
}

TEST_F(InterpreterTest, Errors) {
  EXPECT_EQ(fail("%x = yoco.embed %ids, @table : tensor<?x2xf32>\nreturn %x : tensor<?x2xf32>", "tensor<?x2xf32>", {4}),
            "expected ids from 0 to 3, got 4");
  EXPECT_EQ(fail("%x = arith.addi %pos, %pos : tensor<?xi32>\nreturn %x : tensor<?xi32>", "tensor<?xi32>", {0}),
            "expected operations that the interpreter knows, got 'arith.addi'");
  parse("%x = yoco.embed %ids, @table : tensor<?x2xf32>\nreturn %x : tensor<?x2xf32>", "tensor<?x2xf32>");
  module->lookupSymbol<ParameterOp>("table").removeGeneratedAttr();
  EXPECT_EQ(llvm::toString(evaluate({0}).takeError()), "expected a module with yoco.checkpoint, got none");
  module->getOperation()->setAttr(YocoDialect::getCheckpointAttrName(), StringAttr::get(&context, "/nowhere"));
  EXPECT_THAT(llvm::toString(evaluate({0}).takeError()), HasSubstr("/nowhere"));
}

} // namespace
