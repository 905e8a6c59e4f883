// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "benchmarks/HostKernels.h"
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
#include "llvm/Support/FileSystem.h"
#include <dlfcn.h>
#include <unistd.h>

using namespace mlir;
using namespace mlir::yoco;

/// The library in `bytes`; null when it cannot be opened.
static void *openLibrary(ArrayRef<char> bytes) {
  llvm::SmallString<64> path;
  int file;
  if (llvm::sys::fs::createTemporaryFile("kernels", "so", file, path))
    return nullptr;
  bool isWritten = write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  close(file);
  void *handle = isWritten ? dlopen(path.c_str(), RTLD_NOW) : nullptr;
  llvm::sys::fs::remove(path);
  return handle;
}

int yoco::runHostBenchmark(int argc, char **argv, StringRef name,
                           function_ref<std::string(const std::string &, const HostTiles &)> makeModule,
                           function_ref<void(void *, const HostTiles &)> report) {
  std::string chip = argc > 1 ? argv[1] : "native";
  DialectRegistry registry;
  registry.insert<YocoDialect, func::FuncDialect, arith::ArithDialect, linalg::LinalgDialect, math::MathDialect,
                  memref::MemRefDialect, scf::SCFDialect, vector::VectorDialect>();
  registerAllTargets(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  auto fail = [&] {
    llvm::errs() << name << ": cannot compile kernels for " << chip << "\n";
    return 1;
  };
  TargetAttr attr = TargetAttr::get(&context, "host", chip, Float32Type::get(&context));
  std::unique_ptr<HostTarget> target = HostTarget::get(attr, UnknownLoc::get(&context));
  if (!target)
    return fail();
  const HostTiles &tiles = target->getTileSizes();
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(makeModule(chip, tiles), &context);
  PassManager passes(&context);
  passes.addPass(createLowerHostPass());
  if (!module || failed(passes.run(*module)))
    return fail();
  FailureOr<std::vector<char>> bytes = compileHostKernels(*module->getOps<ModuleOp>().begin(), attr);
  void *handle = succeeded(bytes) ? openLibrary(*bytes) : nullptr;
  if (!handle)
    return fail();
  llvm::outs() << chip << ", one thread\n";
  report(handle, tiles);
  return 0;
}
