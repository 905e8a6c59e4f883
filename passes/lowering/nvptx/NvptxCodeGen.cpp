// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowered kernels to machine code:
//
//   1. The kernels go to a context of their own, as bytecode: translation needs interfaces that the caller's need not
//   have.
//   2. MLIR's conversions to the LLVM and NVVM dialects, and translation to LLVM.
//   3. For each architecture, in a thread: the micro-kernels that are called are linked in from the embedded bitcode
//   and inlined
//      by LLVM's O3 pipeline, which leaves nothing but the kernels; the backend writes PTX, ptxas makes the cubin.

#include "passes/lowering/nvptx/NvptxCodeGen.h"
#include "kernels/nvptx/Bitcode.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"
#include "passes/lowering/Kernels.h"
#include "passes/lowering/nvptx/NvptxBackend.h"
#include "passes/lowering/nvptx/NvptxMath.h"
#include "passes/lowering/nvptx/NvptxTarget.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include <thread>

using namespace mlir;
using namespace mlir::yoco;

/// On the place and not the operation, which errors would print.
static LogicalResult emitFailure(gpu::GPUModuleOp kernels, const Twine &message) {
  return mlir::emitError(kernels.getLoc(), "compiling nvptx kernels: ") << message;
}

//===- MLIR --------------------------------------------------------------------------------------------------===//

namespace {
/// The module for LLVM, as bitcode, from a copy of `kernels` in a context of its own.
class Translator {
public:
  /// For the image for `architecture`, whose blocks have as many threads as the kernels say.
  Translator(gpu::GPUModuleOp kernels, TargetAttr target, StringRef architecture)
      : kernels(kernels), target(target), architecture(architecture) {
    DialectRegistry registry;
    registry.insert<arith::ArithDialect, cf::ControlFlowDialect, gpu::GPUDialect, LLVM::LLVMDialect, math::MathDialect,
                    NVVM::NVVMDialect, scf::SCFDialect, vector::VectorDialect>();
    registerBuiltinDialectTranslation(registry);
    registerGPUDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    registerNVVMDialectTranslation(registry);
    context.appendDialectRegistry(registry);
    context.disableMultithreading();
    context.allowUnregisteredDialects();
    context.loadAllAvailableDialects();
  }

  FailureOr<SmallVector<char, 0>> run();

private:
  OwningOpRef<ModuleOp> copyKernels();
  LogicalResult lower(gpu::GPUModuleOp module);
  LogicalResult convertToLLVM(gpu::GPUModuleOp module);
  LogicalResult fail(const Twine &message) { return emitFailure(kernels, message); }

  gpu::GPUModuleOp kernels;
  TargetAttr target;
  StringRef architecture;
  MLIRContext context;
};
} // namespace

/// Threads of a block of `kernel` in the image for `architecture`; none when it does not say.
static std::optional<int32_t> findThreads(Operation *kernel, StringRef architecture) {
  auto images = kernel->getAttrOfType<DictionaryAttr>(kImagesAttrName);
  auto launch = images ? images.getAs<DictionaryAttr>(architecture) : DictionaryAttr();
  if (!launch && images && !images.empty()) // to be looked at, not for a file
    launch = dyn_cast<DictionaryAttr>(images.begin()->getValue());
  auto threads = launch ? launch.getAs<IntegerAttr>("threads") : IntegerAttr();
  return threads ? std::optional<int32_t>(threads.getInt()) : std::nullopt;
}

/// A module with a copy of the kernels. Attributes of our dialect mean nothing to the other context.
OwningOpRef<ModuleOp> Translator::copyKernels() {
  OwningOpRef<ModuleOp> bare = ModuleOp::create(kernels.getLoc());
  OpBuilder builder = OpBuilder::atBlockEnd(bare->getBody());
  builder.clone(*kernels.getOperation())->walk([&](Operation *op) {
    if (auto kernel = dyn_cast<gpu::GPUFuncOp>(op))
      if (std::optional<int32_t> threads = findThreads(kernel, architecture))
        kernel.setKnownBlockSizeAttr(builder.getDenseI32ArrayAttr({*threads, 1, 1}));
    for (NamedAttribute attribute : llvm::to_vector(op->getDiscardableAttrs()))
      if (isa_and_present<YocoDialect>(attribute.getNameDialect()))
        op->removeDiscardableAttr(attribute.getName());
  });
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  if (failed(writeBytecodeToFile(*bare, os)))
    return {};
  return parseSourceString<ModuleOp>(bytes, ParserConfig(&context));
}

LogicalResult Translator::lower(gpu::GPUModuleOp module) {
  RewritePatternSet math(&context);
  populateNvptxMathPatterns(math, /*coarse=*/target.getCompute().isBF16());
  if (failed(applyPatternsGreedily(module, std::move(math))))
    return failure();
  PassManager passes(&context, gpu::GPUModuleOp::getOperationName());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(createSCFToControlFlowPass());
  // What is left is an instruction each. Before the patterns for gpu, which would call NVIDIA's library of functions.
  passes.addPass(createConvertMathToLLVMPass());
  if (failed(passes.run(module)))
    return failure();
  return convertToLLVM(module);
}

LogicalResult Translator::convertToLLVM(gpu::GPUModuleOp module) {
  LLVMTypeConverter converter(&context);
  configureGpuToNVVMTypeConverter(converter);
  RewritePatternSet patterns(&context);
  arith::populateArithToLLVMConversionPatterns(converter, patterns);
  cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
  populateVectorToLLVMConversionPatterns(converter, patterns);
  populateGpuToNVVMConversionPatterns(converter, patterns);
  LLVMConversionTarget legal(context);
  legal.addLegalDialect<LLVM::LLVMDialect, NVVM::NVVMDialect>();
  legal.addIllegalDialect<gpu::GPUDialect>();
  legal.addLegalOp<gpu::GPUModuleOp>();
  return applyFullConversion(module, legal, std::move(patterns));
}

FailureOr<SmallVector<char, 0>> Translator::run() {
  std::string text;
  ScopedDiagnosticHandler collect(&context, [&](Diagnostic &diagnostic) {
    text += (text.empty() ? "" : "; ") + diagnostic.str();
    return success();
  });
  OwningOpRef<ModuleOp> copy = copyKernels();
  if (!copy)
    return fail(text);
  auto module = *copy->getOps<gpu::GPUModuleOp>().begin();
  if (failed(lower(module)))
    return fail(text);
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> translated = translateModuleToLLVMIR(module, llvmContext, "kernels");
  if (!translated)
    return fail(text);
  SmallVector<char, 0> bitcode;
  llvm::raw_svector_ostream os(bitcode);
  llvm::WriteBitcodeToFile(*translated, os);
  return bitcode;
}

//===- Architectures -----------------------------------------------------------------------------------------===//

namespace {
/// What is made for one architecture, and what came of it.
class Job {
public:
  Job(StringRef architecture, bool wantsCubin, bool wantsPtx)
      : architecture(architecture), wantsCubin(wantsCubin), wantsPtx(wantsPtx) {}

  const StringRef architecture;
  const bool wantsCubin, wantsPtx;
  std::shared_ptr<SmallVector<char, 0>> bitcode;
  std::string ptx, error;
  AssembledPtx assembled;

  /// A crash of LLVM is an error too, where the program has asked for that: every thread has to be guarded by itself.
  void run(const std::optional<std::string> &ptxas) {
    llvm::CrashRecoveryContext recovery;
    if (!recovery.RunSafely([&] { runUnguarded(ptxas); }))
      error = "the backend crashed";
  }

private:
  void runUnguarded(const std::optional<std::string> &ptxas) {
    llvm::Expected<std::string> text =
        generatePtx(StringRef(bitcode->data(), bitcode->size()), getNvptxKernelBitcode(), architecture);
    if (!text) {
      error = llvm::toString(text.takeError());
      return;
    }
    ptx = std::move(*text);
    if (!wantsCubin)
      return;
    llvm::Expected<AssembledPtx> result = assemblePtx(*ptxas, ptx, architecture);
    if (result) {
      assembled = std::move(*result);
      ptx = std::move(assembled.ptx);
    } else {
      error = llvm::toString(result.takeError());
    }
  }
};
} // namespace

/// Translates `kernels` for each job; once for jobs whose kernels have blocks of the same size.
static LogicalResult translate(gpu::GPUModuleOp kernels, TargetAttr target, MutableArrayRef<Job> jobs) {
  for (Job &job : jobs) {
    Job *same = llvm::find_if(jobs, [&](Job &other) {
      return other.bitcode && llvm::all_of(kernels.getOps<gpu::GPUFuncOp>(), [&](gpu::GPUFuncOp kernel) {
               return findThreads(kernel, job.architecture) == findThreads(kernel, other.architecture);
             });
    });
    if (same != jobs.end()) {
      job.bitcode = same->bitcode;
      continue;
    }
    FailureOr<SmallVector<char, 0>> bitcode = Translator(kernels, target, job.architecture).run();
    if (failed(bitcode))
      return failure();
    job.bitcode = std::make_shared<SmallVector<char, 0>>(std::move(*bitcode));
  }
  return success();
}

/// The jobs at the same time, the first one in this thread.
static void runJobs(MutableArrayRef<Job> jobs, const std::optional<std::string> &ptxas) {
  initializeNvptxBackend();
  std::vector<std::thread> threads;
  for (Job &job : jobs.drop_front())
    threads.emplace_back([&job, &ptxas] { job.run(ptxas); });
  jobs.front().run(ptxas);
  for (std::thread &thread : threads)
    thread.join();
}

FailureOr<NvptxCode> mlir::yoco::compileNvptxKernels(gpu::GPUModuleOp kernels, TargetAttr target) {
  std::unique_ptr<NvptxTarget> known = NvptxTarget::get(target, kernels.getLoc());
  if (!known)
    return failure();
  const StringRef portable = known->getNvptxDevice().getPortableChip().name;
  std::optional<std::string> ptxas = findPtxas();
  if (!ptxas)
    mlir::emitWarning(kernels.getLoc(), "found no ptxas (in CUDA_HOME, on the PATH, from scripts/setup): the file has ")
        << portable << " PTX alone, which the driver compiles when a session is made";
  std::vector<Job> jobs;
  if (ptxas)
    jobs.emplace_back(target.getChip(), /*wantsCubin=*/true, /*wantsPtx=*/target.getChip() == portable);
  if (!ptxas || target.getChip() != portable)
    jobs.emplace_back(portable, /*wantsCubin=*/false, /*wantsPtx=*/true);
  if (failed(translate(kernels, target, jobs)))
    return failure();
  runJobs(jobs, ptxas);

  NvptxCode code;
  for (Job &job : jobs) {
    if (!job.error.empty())
      return emitFailure(kernels, job.architecture + ": " + job.error);
    if (job.wantsCubin) {
      code.images.push_back({true, job.architecture.str(), std::move(job.assembled.cubin)});
      code.resources = std::move(job.assembled.kernels);
    }
    if (job.wantsPtx)
      code.images.push_back({false, job.architecture.str(), std::vector<char>(job.ptx.begin(), job.ptx.end())});
  }
  return code;
}

FailureOr<std::string> mlir::yoco::compileNvptxKernelsToPtx(gpu::GPUModuleOp kernels, TargetAttr target,
                                                            StringRef architecture) {
  if (!NvptxTarget::get(target, kernels.getLoc()))
    return failure();
  Job job(architecture, /*wantsCubin=*/false, /*wantsPtx=*/true);
  if (failed(translate(kernels, target, job)))
    return failure();
  runJobs(job, std::nullopt);
  if (!job.error.empty())
    return emitFailure(kernels, architecture + ": " + job.error);
  return std::move(job.ptx);
}
