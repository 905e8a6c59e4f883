// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes of passes/lowering.

#ifndef YOCO_PASSES_LOWERING_PASSES_TD
#define YOCO_PASSES_LOWERING_PASSES_TD

include "mlir/Pass/PassBase.td"

def LowerHostPass : Pass<"yoco-lower-host", "::mlir::ModuleOp"> {
  let summary = "turn the kernels of target `host` into loops over tiles";
  let description = [{
    Every function of a module of kernels has one fused operation (or one elementwise `linalg.generic`) as its body. It becomes loops of `scf`,
    `arith`, `math`, `vector` and `memref` over the tiles `begin .. end`, with vectors as wide as the target's registers. Segment tables,
    caches and states become buffers: `memref<?x4xi32>`, two of `memref<?x?xHxDxf32>` (slot, position, head, width; a ring has its window
    as the second size), `memref<?xHxKxVxf32>`. How many tiles a kernel has is what the target says; both use one table of
    sizes. docs/KernelABI.md says what a kernel may do.

    Before:
    ```mlir
    module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
      module @kernels attributes {yoco.kernels} {
        func.func @embed_0(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %ids: memref<?xi32>,
                           %x: memref<?x8xf32>, %w: memref<16x8xbf16> {yoco.parameter = @w0}) {
          yoco.fused_embed %ids table @w0 outs %x {scale = 2.0 : f32} : (memref<?xi32>, memref<?x8xf32>) -> ()
          return
        }
      }
    }
    ```
    After (a tile is 8 rows):
    ```mlir
    module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
      module @kernels attributes {yoco.kernels} {
        func.func @embed_0(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %ids: memref<?xi32>,
                           %x: memref<?x8xf32>, %w: memref<16x8xbf16> {yoco.parameter = @w0}) {
          %c0 = arith.constant 0 : index
          %c1 = arith.constant 1 : index
          %c8 = arith.constant 8 : index
          %c15 = arith.constant 15 : index
          %scale = arith.constant dense<2.0> : vector<8xf32>
          scf.for %tile = %begin to %end step %c1 {
            %first = arith.muli %tile, %c8 : index
            %behind = arith.addi %first, %c8 : index
            %last = arith.minsi %behind, %rows : index
            scf.for %row = %first to %last step %c1 {
              %id = memref.load %ids[%row] : memref<?xi32>
              %i = arith.index_cast %id : i32 to index
              %low = arith.maxsi %i, %c0 : index
              %at = arith.minsi %low, %c15 : index
              %stored = vector.load %w[%at, %c0] : memref<16x8xbf16>, vector<8xbf16>
              %wide = arith.extf %stored : vector<8xbf16> to vector<8xf32>
              %y = arith.mulf %wide, %scale : vector<8xf32>
              vector.store %y, %x[%row, %c0] : memref<?x8xf32>, vector<8xf32>
            }
          }
          return
        }
      }
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numKernels", "kernels", "Kernels lowered">,
    Statistic<"numElementwise", "elementwise", "Kernels lowered that were left-over elementwise arithmetic">,
    Statistic<"numSkipped", "skipped", "Functions that were loops already">,
    Statistic<"stackBytes", "stack-bytes", "Stack that the kernels take, summed up">,
  ];
}

#endif // YOCO_PASSES_LOWERING_PASSES_TD
