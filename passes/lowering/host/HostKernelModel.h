// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel of target `host`: its tiles, the form of its parameters and its lowering. A file of
// passes/lowering/host/kernels holds those of one operation.

#ifndef YOCO_PASSES_LOWERING_HOST_HOSTKERNELMODEL_H
#define YOCO_PASSES_LOWERING_HOST_HOSTKERNELMODEL_H

#include "passes/lowering/host/HostKernel.h"
#include "passes/lowering/host/HostTarget.h"

namespace mlir::yoco {

class HostKernelModel : public KernelModel {
public:
  /// Emits the code that computes tile number `tile` of `op`, in buffer form; the pass makes the loop over tiles.
  virtual LogicalResult lower(HostKernel &kernel, Operation *op, Value tile) const = 0;

  /// Matrices are stored in panels, tables that are also matrices too, and everything else as it is.
  ParameterForm getParameterForm(Operation *op, unsigned group, const Target &target) const override;

protected:
  static const HostTiles &getTileSizes(const Target &target) {
    return static_cast<const HostTarget &>(target).getTileSizes();
  }
};

/// The kernel of operations of type `OpT`, made of functions.
template <typename OpT>
class HostKernelModelFor final : public HostKernelModel {
public:
  using Lowering = LogicalResult (*)(HostKernel &, OpT, Value tile);
  using Tiles = TilesAttr (*)(OpT, const HostTiles &);

  HostKernelModelFor(Lowering lowering, Tiles tiles) : lowering(lowering), tiles(tiles) {}

  LogicalResult lower(HostKernel &kernel, Operation *op, Value tile) const override {
    return lowering(kernel, cast<OpT>(op), tile);
  }
  TilesAttr getTiles(Operation *op, const Target &target) const override {
    return tiles(cast<OpT>(op), getTileSizes(target));
  }

private:
  Lowering lowering;
  Tiles tiles;
};

/// Tiles of rows that have nothing to do with each other; forRowsOfTile() goes over one of them.
template <typename OpT>
TilesAttr getHostRowTiles(OpT op, const HostTiles &tiles) {
  return TilesAttr::get(op->getContext(), TileUnit::rows, tiles.rowWiseRows, 1);
}

/// Registers the kernel of operations of type `OpT`: what emits a tile, and the tiles.
template <typename OpT>
void addHostKernel(HostDevice &device, LogicalResult (*lowering)(HostKernel &, OpT, Value),
                   TilesAttr (*tiles)(OpT, const HostTiles &) = getHostRowTiles<OpT>) {
  device.addKernel(OpT::getOperationName(), std::make_unique<HostKernelModelFor<OpT>>(lowering, tiles));
}

// The functions that register the kernels, one for each line of Kernels.def.
#define YOCO_HOST_KERNEL(name) void add##name##HostKernel(HostDevice &device);
#include "passes/lowering/host/Kernels.def"

} // namespace mlir::yoco

#endif // YOCO_PASSES_LOWERING_HOST_HOSTKERNELMODEL_H
