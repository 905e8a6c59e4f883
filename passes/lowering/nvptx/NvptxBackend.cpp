// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lowering/nvptx/NvptxBackend.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/Transforms/IPO/Internalize.h"

using namespace llvm;
using namespace mlir::yoco;

/// The version of PTX: what the instructions of the micro-kernels need (7.4), or the first one that has the
/// architecture. The newer it is, the newer a driver must be.
static StringRef getFeatures(StringRef architecture) { return architecture == "sm_90a" ? "+ptx80" : "+ptx74"; }

void mlir::yoco::initializeNvptxBackend() {
  static const bool initialized = [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    return true;
  }();
  (void)initialized;
}

static Expected<std::unique_ptr<TargetMachine>> makeTargetMachine(StringRef architecture) {
  Triple triple("nvptx64-nvidia-cuda");
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return createStringError(error);
  return std::unique_ptr<TargetMachine>(target->createTargetMachine(triple, architecture, getFeatures(architecture),
                                                                    TargetOptions(), std::nullopt, std::nullopt,
                                                                    CodeGenOptLevel::Aggressive));
}

namespace {
/// Diagnostics of LLVM, collected.
class CollectDiagnostics final : public DiagnosticHandler {
public:
  explicit CollectDiagnostics(std::string &text) : text(text) {}
  bool handleDiagnostics(const DiagnosticInfo &info) override {
    if (info.getSeverity() != DS_Error && info.getSeverity() != DS_Warning)
      return true;
    raw_string_ostream os(text);
    DiagnosticPrinterRawOStream printer(os);
    os << (text.empty() ? "" : "; ");
    info.print(printer);
    return true;
  }

private:
  std::string &text;
};
} // namespace

/// Adds what `module` calls of `library`. The bitcode was made for the oldest architecture; what a function may use is
/// up to the target machine now, and functions for different processors are not inlined.
static Error link(Module &module, StringRef library) {
  Expected<std::unique_ptr<Module>> microKernels =
      getLazyBitcodeModule(MemoryBufferRef(library, "micro-kernels"), module.getContext());
  if (!microKernels)
    return microKernels.takeError();
  (*microKernels)->setTargetTriple(module.getTargetTriple());
  (*microKernels)->setDataLayout(module.getDataLayout());
  auto internalize = [](Module &linked, const StringSet<> &names) {
    internalizeModule(linked,
                      [&](const GlobalValue &value) { return !value.hasName() || !names.count(value.getName()); });
  };
  if (Linker::linkModules(module, std::move(*microKernels), Linker::LinkOnlyNeeded, internalize))
    return createStringError("the micro-kernels do not link");
  for (Function &function : module)
    for (const char *attribute : {"target-cpu", "target-features", "tune-cpu"})
      function.removeFnAttr(attribute);
  return Error::success();
}

/// A call that fits its callee's type is inlined; another one would stay.
static Error checkCalls(Module &module) {
  for (Function &function : module) {
    // Questions about the architecture are answered when the module is optimised.
    bool isQuestion = function.getName() == "__nvvm_reflect";
    if (function.isDeclaration() && !function.isIntrinsic() && !isQuestion && !function.use_empty())
      return createStringError("expected a micro-kernel @" + function.getName() + ", got none");
    for (Instruction &instruction : instructions(function)) {
      auto *call = dyn_cast<CallBase>(&instruction);
      auto *callee = call ? dyn_cast<Function>(call->getCalledOperand()) : nullptr;
      if (callee && callee->getFunctionType() != call->getFunctionType()) {
        std::string text;
        raw_string_ostream os(text);
        os << "expected a call of @" << callee->getName() << " as " << *callee->getFunctionType() << ", got "
           << *call->getFunctionType();
        return createStringError(text);
      }
    }
  }
  return Error::success();
}

static void optimize(Module &module, TargetMachine &machine) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  // There is no library: no loop may become a call of memset or memcpy.
  TargetLibraryInfoImpl library(machine.getTargetTriple());
  library.disableAllFunctions();
  functions.registerPass([&] { return TargetLibraryAnalysis(library); });
  PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3).run(module, modules);
}

Expected<std::string> mlir::yoco::generatePtx(StringRef bitcode, StringRef library, StringRef architecture) {
  LLVMContext context;
  std::string text;
  context.setDiagnosticHandler(std::make_unique<CollectDiagnostics>(text));
  auto withDiagnostics = [&](Error error) {
    std::string message = toString(std::move(error));
    return createStringError(text.empty() ? message : message + ": " + text);
  };
  Expected<std::unique_ptr<TargetMachine>> machine = makeTargetMachine(architecture);
  if (!machine)
    return machine.takeError();
  Expected<std::unique_ptr<Module>> module = parseBitcodeFile(MemoryBufferRef(bitcode, "kernels"), context);
  if (!module)
    return withDiagnostics(module.takeError());
  (*module)->setTargetTriple((*machine)->getTargetTriple());
  (*module)->setDataLayout((*machine)->createDataLayout());
  if (Error error = link(**module, library))
    return withDiagnostics(std::move(error));
  if (Error error = checkCalls(**module))
    return withDiagnostics(std::move(error));
  optimize(**module, **machine);
  for (Function &function : **module)
    if (!function.isDeclaration() && function.getCallingConv() != CallingConv::PTX_Kernel)
      return withDiagnostics(createStringError("expected @" + function.getName() + " to be inlined"));
  SmallString<0> ptx;
  raw_svector_ostream os(ptx);
  legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, os, nullptr, CodeGenFileType::AssemblyFile))
    return createStringError("the backend cannot write PTX");
  passes.run(**module);
  if (!text.empty())
    return createStringError(text);
  return ptx.str().str();
}
