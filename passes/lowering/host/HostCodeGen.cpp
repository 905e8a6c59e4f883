// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowered kernels to machine code:
//
//   1. The kernels go to a context of their own, as bytecode: translation needs interfaces that the caller's need not
//   have.
//   2. Each gets the signature of the ABI; its arguments become buffers made from addresses.
//   3. MLIR's conversions to the LLVM dialect, translation, LLVM's O3 pipeline with no library function at its
//   disposal.
//   4. An object for exactly the recorded processor features, and a shared object from it.

#include "passes/lowering/host/HostCodeGen.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"
#include "passes/lowering/host/HostLink.h"
#include "passes/lowering/host/HostTarget.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

using namespace mlir;
using namespace mlir::yoco;

namespace {

/// What a kernel may have on the stack (docs/KernelABI.md).
constexpr const char *kStackLimit = "262144";

//===- MLIR --------------------------------------------------------------------------------------------------===//

/// Builds a memref from an address. Sizes that are not static come from the step; those of slots are never used.
class ArgumentReader {
public:
  ArgumentReader(OpBuilder &builder, Location loc, Value words, LLVMTypeConverter &converter)
      : builder(builder), loc(loc), words(words), converter(converter) {
    rows = readNumber();
    segments = readNumber();
    seq = readNumber();
  }

  Value rows, segments, seq;

  Value readNumber() { return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), readWord()); }

  Value readBuffer(MemRefType type) {
    Value address =
        LLVM::IntToPtrOp::create(builder, loc, LLVM::LLVMPointerType::get(builder.getContext()), readWord());
    Type descriptorType = converter.convertType(type);
    MemRefDescriptor descriptor = MemRefDescriptor::poison(builder, loc, descriptorType);
    descriptor.setAllocatedPtr(builder, loc, address);
    descriptor.setAlignedPtr(builder, loc, address);
    int64_t offset;
    SmallVector<int64_t> strides;
    (void)type.getStridesAndOffset(strides, offset);
    descriptor.setConstantOffset(builder, loc, offset);
    Value stride = constant(1);
    for (int64_t i = type.getRank() - 1; i >= 0; --i) {
      Value size = getSize(type, i);
      if (!ShapedType::isDynamic(strides[i]))
        stride = constant(strides[i]);
      descriptor.setSize(builder, loc, i, size);
      descriptor.setStride(builder, loc, i, stride);
      if (i > 0)
        stride = LLVM::MulOp::create(builder, loc, stride, size);
    }
    Value value = descriptor;
    return UnrealizedConversionCastOp::create(builder, loc, TypeRange(type), ValueRange(value)).getResult(0);
  }

private:
  Value constant(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), builder.getI64IntegerAttr(value));
  }

  Value readWord() {
    Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
    Value place = LLVM::GEPOp::create(builder, loc, pointer, builder.getI64Type(), words,
                                      ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(next++)});
    return LLVM::LoadOp::create(builder, loc, builder.getI64Type(), place);
  }

  Value getSize(MemRefType type, int64_t i) {
    if (!type.isDynamicDim(i))
      return constant(type.getDimSize(i));
    Value size = i == 1 ? seq : type.getElementType().isInteger(32) && type.getRank() == 2 ? segments : rows;
    return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), size);
  }

  OpBuilder &builder;
  Location loc;
  Value words;
  LLVMTypeConverter &converter;
  unsigned next = 0;
};

/// Replaces `(rows, segments, seq, begin, end, buffers...)` by `(words, begin, end)`.
LogicalResult wrapKernel(func::FuncOp function, LLVMTypeConverter &converter) {
  if (function.isExternal())
    return function.emitOpError("expected a lowered kernel, got a declaration of @") << function.getName();
  Block &entry = function.getBody().front();
  unsigned count = entry.getNumArguments();
  if (count < 5 ||
      llvm::any_of(llvm::drop_begin(entry.getArgumentTypes(), 5), [](Type type) { return !isa<MemRefType>(type); }))
    return function.emitOpError("expected a lowered kernel (rows, segments, seq, begin, end, buffers...), got ")
           << function.getFunctionType();
  OpBuilder builder = OpBuilder::atBlockBegin(&entry);
  Location loc = function.getLoc();
  Type i32 = builder.getI32Type();
  SmallVector<Type> types{LLVM::LLVMPointerType::get(builder.getContext()), i32, i32};
  entry.addArguments(types, SmallVector<Location>(3, loc));
  ArgumentReader reader(builder, loc, entry.getArgument(count), converter);
  SmallVector<Value> values{reader.rows, reader.segments, reader.seq};
  for (unsigned i : {1u, 2u})
    values.push_back(arith::IndexCastUIOp::create(builder, loc, builder.getIndexType(), entry.getArgument(count + i)));
  for (unsigned i = 5; i < count; ++i)
    values.push_back(reader.readBuffer(cast<MemRefType>(entry.getArgument(i).getType())));
  for (auto [argument, value] : llvm::zip(entry.getArguments().take_front(count), values))
    argument.replaceAllUsesWith(value);
  entry.eraseArguments(0, count);
  function.removeArgAttrsAttr();
  function.setType(builder.getFunctionType(types, {}));
  return success();
}

LogicalResult convertToLLVM(ModuleOp module) {
  // Functions that left-over arithmetic may use. Those of our own kernels are written out already.
  RewritePatternSet patterns(module.getContext());
  populateMathPolynomialApproximationPatterns(patterns);
  if (failed(applyPatternsGreedily(module, std::move(patterns))))
    return failure();
  PassManager passes(module.getContext());
  passes.addNestedPass<func::FuncOp>(createCanonicalizerPass());
  passes.addNestedPass<func::FuncOp>(createCSEPass());
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addNestedPass<func::FuncOp>(createConvertMathToLLVMPass());
  passes.addNestedPass<func::FuncOp>(createArithToLLVMConversionPass());
  passes.addPass(createFinalizeMemRefToLLVMConversionPass());
  passes.addPass(createConvertFuncToLLVMPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  return passes.run(module);
}

//===- LLVM --------------------------------------------------------------------------------------------------===//

std::unique_ptr<llvm::TargetMachine> makeTargetMachine(TargetAttr target, std::string &error) {
  static const bool initialized = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    return true;
  }();
  (void)initialized;
  llvm::Triple triple("x86_64-unknown-linux-gnu");
  const llvm::Target *registered = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!registered)
    return nullptr;
  std::string features;
  for (const std::string &feature : getCpuFeatures(target))
    features += (features.empty() ? "+" : ",+") + feature;
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(registered->createTargetMachine(triple, "x86-64", features, options,
                                                                              llvm::Reloc::PIC_, llvm::CodeModel::Small,
                                                                              llvm::CodeGenOptLevel::Aggressive));
}

void setFunctionAttributes(llvm::Module &module, const llvm::TargetMachine &machine) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.setDoesNotThrow();
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    function.addFnAttr("target-features", machine.getTargetFeatureString());
    function.addFnAttr("no-builtins");
    // Vectors are as wide as the tiles say; without these, 512-bit ones may be split.
    function.addFnAttr("min-legal-vector-width", "512");
    function.addFnAttr("prefer-vector-width", "512");
    function.addFnAttr("warn-stack-size", kStackLimit);
  }
}

void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  // There is no library: no loop may become a call of memset or memcpy.
  llvm::TargetLibraryInfoImpl library(machine.getTargetTriple());
  library.disableAllFunctions();
  functions.registerPass([&] { return llvm::TargetLibraryAnalysis(library); });
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(module, modules);
}

/// Diagnostics of LLVM, collected: more stack than a kernel may take is an error here.
class CollectDiagnostics final : public llvm::DiagnosticHandler {
public:
  explicit CollectDiagnostics(std::string &text) : text(text) {}
  bool handleDiagnostics(const llvm::DiagnosticInfo &info) override {
    if (info.getSeverity() != llvm::DS_Error && info.getSeverity() != llvm::DS_Warning)
      return true;
    llvm::raw_string_ostream os(text);
    llvm::DiagnosticPrinterRawOStream printer(os);
    os << (text.empty() ? "" : "; ");
    info.print(printer);
    return true;
  }

private:
  std::string &text;
};

/// The module for LLVM, in a context of its own, from a copy of `kernels`.
class CodeGenerator {
public:
  CodeGenerator(ModuleOp kernels, TargetAttr target) : kernels(kernels), target(target) {
    DialectRegistry registry;
    registry.insert<arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect, LLVM::LLVMDialect,
                    math::MathDialect, memref::MemRefDialect, scf::SCFDialect, vector::VectorDialect>();
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    context.appendDialectRegistry(registry);
    context.disableMultithreading();
    context.allowUnregisteredDialects();
    context.loadAllAvailableDialects();
  }

  FailureOr<SmallVector<char, 0>> run(llvm::CodeGenFileType kind);

private:
  OwningOpRef<ModuleOp> copyKernels();
  LogicalResult lower(ModuleOp copy);
  LogicalResult fail(const Twine &message) { return kernels.emitError("compiling host kernels: ") << message; }

  ModuleOp kernels;
  TargetAttr target;
  MLIRContext context;
  llvm::LLVMContext llvmContext;
};

OwningOpRef<ModuleOp> CodeGenerator::copyKernels() {
  // Attributes of our dialect mean nothing to the other context.
  OwningOpRef<ModuleOp> bare = kernels.clone();
  bare->walk([](Operation *op) {
    for (NamedAttribute attribute : llvm::to_vector(op->getDiscardableAttrs()))
      op->removeDiscardableAttr(attribute.getName());
    if (auto function = dyn_cast<func::FuncOp>(op))
      function.removeArgAttrsAttr();
  });
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  if (failed(writeBytecodeToFile(*bare, os)))
    return {};
  return parseSourceString<ModuleOp>(bytes, ParserConfig(&context));
}

LogicalResult CodeGenerator::lower(ModuleOp copy) {
  LLVMTypeConverter converter(&context);
  for (auto function : copy.getOps<func::FuncOp>())
    if (failed(wrapKernel(function, converter)))
      return failure();
  return convertToLLVM(copy);
}

FailureOr<SmallVector<char, 0>> CodeGenerator::run(llvm::CodeGenFileType kind) {
  std::string text;
  ScopedDiagnosticHandler collect(&context, [&](Diagnostic &diagnostic) {
    text += (text.empty() ? "" : "; ") + diagnostic.str();
    return success();
  });
  OwningOpRef<ModuleOp> copy = copyKernels();
  if (!copy || failed(lower(*copy)))
    return fail(text);
  llvmContext.setDiagnosticHandler(std::make_unique<CollectDiagnostics>(text));
  std::unique_ptr<llvm::Module> module = translateModuleToLLVMIR(*copy, llvmContext, "kernels");
  std::unique_ptr<llvm::TargetMachine> machine = makeTargetMachine(target, text);
  if (!module || !machine)
    return fail(text);
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  module->setPICLevel(llvm::PICLevel::BigPIC);
  setFunctionAttributes(*module, *machine);
  optimize(*module, *machine);
  SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream os(bytes);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, os, nullptr, kind))
    return fail("the backend cannot write an object");
  passes.run(*module);
  if (!text.empty())
    return fail(text);
  return bytes;
}

} // namespace

FailureOr<std::vector<char>> yoco::compileHostKernels(ModuleOp kernels, TargetAttr target) {
  if (!HostTarget::get(target, kernels.getLoc()))
    return failure();
  FailureOr<SmallVector<char, 0>> object = CodeGenerator(kernels, target).run(llvm::CodeGenFileType::ObjectFile);
  if (failed(object))
    return failure();
  llvm::Expected<std::vector<char>> shared = linkSharedObject(*object);
  if (!shared)
    return kernels.emitError(llvm::toString(shared.takeError())), failure();
  return std::move(*shared);
}

FailureOr<std::string> yoco::compileHostKernelsToAssembly(ModuleOp kernels, TargetAttr target) {
  if (!HostTarget::get(target, kernels.getLoc()))
    return failure();
  FailureOr<SmallVector<char, 0>> text = CodeGenerator(kernels, target).run(llvm::CodeGenFileType::AssemblyFile);
  if (failed(text))
    return failure();
  return std::string(text->begin(), text->end());
}
