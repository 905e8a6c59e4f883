// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// kernel-images IN.mlir -o PREFIX: compiles a module of kernels in phase `planned` (make_kernels.py) as yoco-compile
// would. Writes the images (PREFIX.so for the host; PREFIX.ARCHITECTURE.cubin and .ptx for GPUs) and
// PREFIX.launch.json, which says how each kernel is launched:
//   {"images": [{"format", "architecture", "file"}],
//    "kernels": {NAME: {"unit", "divisor", "multiplier", "threads", "shared_bytes"}}}

#include "mlir/InitAllDialects.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Passes.h"
#include "passes/lowering/Targets.h"
#include "passes/target/TargetRegistry.h"
#include "passes/target/Target.h"
#include "passes/lowering/Kernels.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::yoco;
namespace cl = llvm::cl;
namespace json = llvm::json;

static cl::opt<std::string> input(cl::Positional, cl::desc("IN.mlir"), cl::Required);
static cl::opt<bool> launchesOnly("launches-only", cl::desc("Write PREFIX.launch.json alone"));
static cl::opt<std::string> output("o", cl::desc("Start of the outputs' names"), cl::value_desc("PREFIX"),
                                   cl::Required);

/// Tiles of every kernel, as the planner would write them into its launches.
static json::Object describeTiles(ModuleOp kernels, const Target &target) {
  json::Object launches;
  for (auto function : kernels.getOps<func::FuncOp>()) {
    TilesAttr tiles;
    for (Operation &op : function.getBody().front())
      if (target.findKernel(&op))
        tiles = target.getTiles(&op);
    if (!tiles)
      continue;
    launches[function.getName()] = json::Object{{"unit", stringifyTileUnit(tiles.getUnit())},
                                                {"divisor", static_cast<int64_t>(tiles.getDivisor())},
                                                {"multiplier", static_cast<int64_t>(tiles.getMultiplier())}};
  }
  return launches;
}

/// Adds what the lowering says of each kernel's blocks: on the chip that the module is for.
static void describeBlocks(Operation *lowered, TargetAttr target, json::Object &launches) {
  lowered->walk([&](FunctionOpInterface kernel) {
    json::Object *launch = launches.getObject(kernel.getName());
    auto images = kernel->getAttrOfType<DictionaryAttr>(kImagesAttrName);
    auto image = images ? images.getAs<DictionaryAttr>(target.getChip()) : DictionaryAttr();
    if (!launch || !image)
      return;
    for (StringRef number : {"threads", "shared_bytes"})
      (*launch)[number] = image.getAs<IntegerAttr>(number).getInt();
  });
}

static LogicalResult write(const std::string &name, llvm::ArrayRef<char> bytes) {
  std::error_code error;
  llvm::raw_fd_ostream file(name, error);
  file.write(bytes.data(), bytes.size());
  file.close();
  if (!error && !file.has_error())
    return success();
  llvm::errs() << "kernel-images: cannot write " << name << '\n';
  file.clear_error();
  return failure();
}

/// Writes one image and adds it to `images`.
static LogicalResult addImage(const std::string &prefix, json::Array &images, llvm::StringRef format,
                              llvm::StringRef architecture, llvm::ArrayRef<char> bytes) {
  std::string name = prefix + (architecture.empty() ? "" : "." + architecture.str()) + "." + format.str();
  images.push_back(json::Object{
      {"format", format}, {"architecture", architecture}, {"file", llvm::sys::path::filename(name).str()}});
  return write(name, bytes);
}

static LogicalResult writeCode(const std::string &prefix, const TargetCode &code, json::Object launches) {
  json::Array images;
  if (!code.bytes.empty() && failed(addImage(prefix, images, "so", "", code.bytes)))
    return failure();
  for (const TargetCode::Image &image : code.images) {
    bool isCubin = image.format == TargetCode::Image::Format::cubin;
    if (failed(addImage(prefix, images, isCubin ? "cubin" : "ptx", image.architecture, image.bytes)))
      return failure();
  }
  std::string text;
  llvm::raw_string_ostream(text) << json::Value(
      json::Object{{"images", std::move(images)}, {"kernels", std::move(launches)}});
  return write(prefix + ".launch.json", llvm::ArrayRef(text.data(), text.size()));
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::ParseCommandLineOptions(argc, argv, "Compiles a module of kernels\n");
  DialectRegistry registry;
  registerAllDialects(registry);
  registry.insert<YocoDialect>();
  registerAllTargets(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(input, &context);
  if (!module)
    return 1;
  TargetAttr attr = getTargetAttrOf(*module);
  std::unique_ptr<Target> target = attr ? Target::get(attr, module->getLoc()) : nullptr;
  SmallVector<ModuleOp> kernels = getKernelModules(*module);
  if (!target || kernels.size() != 1) {
    llvm::errs() << input << ": expected a target and one module of kernels\n";
    return 1;
  }
  // The linker in our process forgets the values of all options.
  std::string prefix = output;
  json::Object launches = describeTiles(kernels.front(), *target);
  PassManager passes(&context);
  passes.addPass(createLowerHostPass());
  passes.addPass(createLowerNvptxPass());
  if (failed(passes.run(*module)))
    return 1;
  Operation *lowered = nullptr;
  module->walk([&](Operation *op) {
    if (op->hasAttr(kKernelsAttrName))
      lowered = op;
  });
  describeBlocks(lowered, attr, launches);
  std::optional<TargetCode> code = launchesOnly ? TargetCode() : target->getDevice().compile(lowered, attr);
  return code && succeeded(writeCode(prefix, *code, std::move(launches))) ? 0 : 1;
}
