// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A fused operation of another dialect, its kernels for both targets, and a chip of each: all that docs/Extending.md
// asks for, registered from here. No file of the production folders knows of them.

#include "test/extending/ToyKernel.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/lowering/host/HostKernelModel.h"
#include "passes/lowering/nvptx/NvptxKernelModel.h"
#include "test/extending/ToyKernelDialect.h.inc"
#define GET_OP_CLASSES
#include "test/extending/ToyKernel.h.inc"

#include "test/extending/ToyKernelDialect.cpp.inc"
#define GET_OP_CLASSES
#include "test/extending/ToyKernel.cpp.inc"

using namespace mlir;
using namespace mlir::yoco;
using ToyScaleOp = ::yoco::toy::ScaleOp; // the dialect has a ScaleOp of its own

void ::yoco::toy::ToyKernelDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "test/extending/ToyKernel.cpp.inc"
      >();
}

//===- Kernel for the host -----------------------------------------------------------------------------------===//

static LogicalResult lowerScale(HostKernel &kernel, ToyScaleOp op, Value tile) {
  KernelBuilder &build = kernel.build;
  Value input = kernel.get(op.getInput()), out = kernel.get(op.getOuts().front());
  Value factor = build.broadcast(build.f32(op.getFactor().convertToDouble()));
  int64_t columns = cast<MemRefType>(out.getType()).getShape().back();
  forRowsOfTile(kernel, tile, [&](Value row) {
    SmallVector<Value> indices{row, build.index(0)};
    build.forStrips(columns, 1, [&](const Strip &strip) {
      Value x = build.loadStrip(input, indices, strip, 0);
      build.storeStrip(build.mulF(x, factor), out, indices, strip, 0);
    });
  });
  return success();
}

//===- Kernel for GPUs ---------------------------------------------------------------------------------------===//

/// Two blocks a row, of a warp each, for the halves of its columns.
static nvptx::LaunchShape getScaleShape(ToyScaleOp, const NvptxTarget &) {
  return {nvptx::BlockUnit::rows, /*divisor=*/1, /*multiplier=*/2, /*threads=*/32, /*sharedBytes=*/0};
}

static LogicalResult lowerScale(NvptxKernel &kernel, ToyScaleOp op) {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  Value out = op.getOuts().front();
  int64_t half = getColumns(out) / 2;
  auto i64 = [&](int64_t value) { return kernel.constant(builder.getI64IntegerAttr(value)); };
  auto toI64 = [&](Value index) {
    return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), index).getResult();
  };
  Value factor = kernel.constant(op.getFactorAttr());
  Value first = arith::MulIOp::create(builder, loc, kernel.getTile(), i64(half));
  Value thread = toI64(gpu::ThreadIdOp::create(builder, loc, gpu::Dimension::x));
  Value threads = toI64(gpu::BlockDimOp::create(builder, loc, gpu::Dimension::x));
  auto loop = scf::ForOp::create(builder, loc, thread, i64(half), threads);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(loop.getBody()->getTerminator());
  Value index = arith::AddIOp::create(builder, loc, first, loop.getInductionVar());
  auto addressOf = [&](Value buffer) -> Value {
    return LLVM::GEPOp::create(builder, loc, kernel.pointerType(), builder.getF32Type(),
                               kernel.addresses.lookup(buffer).front(), ArrayRef<LLVM::GEPArg>{index});
  };
  Value x = LLVM::LoadOp::create(builder, loc, builder.getF32Type(), addressOf(op.getInput()));
  LLVM::StoreOp::create(builder, loc, arith::MulFOp::create(builder, loc, x, factor), addressOf(out));
  return success();
}

namespace {
/// The same, but the blocks differ from image to image: on a chip that has clusters, the blocks of a row are one, of
/// two warps each.
class ScaleKernel final : public NvptxKernelModelFor<ToyScaleOp> {
public:
  ScaleKernel() : NvptxKernelModelFor(getScaleShape, lowerScale) {}

  TargetCode::Block getBlock(Operation *op, const NvptxTarget &target, const NvptxChip &chip) const override {
    TargetCode::Block block = NvptxKernelModelFor::getBlock(op, target, chip);
    if (chip.clusters) {
      block.threads = 64;
      block.cluster = 2;
    }
    // For tests of launches that a chip cannot do.
    if (auto cluster = op->getAttrOfType<IntegerAttr>("toy_kernel.cluster"))
      block.cluster = cluster.getInt();
    if (auto shared = op->getAttrOfType<IntegerAttr>("toy_kernel.shared_bytes"))
      block.sharedBytes = shared.getInt();
    return block;
  }
};
} // namespace

//===- Registration ------------------------------------------------------------------------------------------===//

/// A smaller chip of the generation of sm_80.
static constexpr NvptxChip kToyChip = {"sm_86", 84,    99 << 10, 100 << 10, 65536, 6 << 20,
                                       false,   false, false,    0.9e12,    0};

/// A processor with registers of 4 lanes.
static constexpr llvm::StringLiteral kToyFeatures[] = {"cmov", "cx8", "fxsr", "mmx", "sse", "sse2", "sse3", "ssse3"};
static const HostChip kToyProcessor = {
    "toy-narrow", kToyFeatures, {4, 2, 4, 2, 4, 4, 48, 8, 64, 24, 64, 32, 192 << 10}};

void ::yoco::toy::registerToyKernel(DialectRegistry &registry) {
  registry.insert<ToyKernelDialect>();
  registry.addExtension(+[](MLIRContext *, YocoDialect *dialect) {
    TargetRegistry &targets = TargetRegistry::get(*dialect);
    auto &host = targets.getOrAdd<HostDevice>();
    addHostKernel<ScaleOp>(host, lowerScale);
    host.addChip(kToyProcessor);
    auto &gpus = targets.getOrAdd<NvptxDevice>();
    gpus.addKernel(ScaleOp::getOperationName(), std::make_unique<ScaleKernel>());
    gpus.addChip(kToyChip);
  });
}
