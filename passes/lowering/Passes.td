// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes of passes/lowering.

#ifndef YOCO_PASSES_LOWERING_PASSES_TD
#define YOCO_PASSES_LOWERING_PASSES_TD

include "mlir/Pass/PassBase.td"

def OutlineKernelsPass : Pass<"yoco-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "turns fused operations into launches of kernels, equal kernels made once";
  let description = [{
    Every fused operation and every elementwise `linalg.generic` becomes a launch of a function in the module of
    kernels, whose body is that operation on the function's arguments. What differs between two layers, the parameters,
    are arguments too, so layers of the same shape share their kernels. Parameters are laid out as the target wants
    them, once for each list of parts. A linear group that the target leaves to its library becomes a `yoco.gemm`.
    Launches and products say what they cost at least: the bytes of their parameters, and what the operation's `getCost`
    adds.

    Before:
    ```mlir
    module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
      yoco.parameter @embed : tensor<16x4xbf16> from "embed"
      yoco.arena @scratch scratch [#yoco.size<128 * batch>]
      func.func @f() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
        %ids = yoco.view @scratch at <0> size <64 * batch> role ids : memref<?xi32>
        %x = yoco.view @scratch at <64 * batch> size <64 * batch> role logits : memref<?x4xf32>
        yoco.fused_embed %ids table @embed outs %x {scale = 1.0 : f32} : (memref<?xi32>, memref<?x4xf32>) -> ()
        return
      }
    }
    ```
    After:
    ```mlir
    module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
      yoco.parameter @embed : tensor<16x4xbf16> from "embed"
      yoco.arena @scratch scratch [#yoco.size<128 * batch>]
      yoco.packed_parameter @packed.embed [@embed] row_major 0 : tensor<16x4xbf16>
      func.func @f() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
        %ids = yoco.view @scratch at <0> size <64 * batch> role ids : memref<?xi32>
        %x = yoco.view @scratch at <64 * batch> size <64 * batch> role logits : memref<?x4xf32>
        %w = yoco.parameter_ref @packed.embed : memref<16x4xbf16>
        yoco.launch @kernels::@embed_0(%ids, %x, %w) tiles <rows, divisor = 8, multiplier = 1>
          costs [#yoco.cost<8 weight_bytes per row of @packed.embed>]
          : memref<?xi32>, memref<?x4xf32>, memref<16x4xbf16>
        return
      }
      module @kernels attributes {yoco.kernels} {
        func.func @embed_0(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %ids: memref<?xi32>,
                           %x: memref<?x4xf32>, %w: memref<16x4xbf16> {yoco.parameter = @w0}) {
          yoco.fused_embed %ids table @w0 outs %x {scale = 1.0 : f32} : (memref<?xi32>, memref<?x4xf32>) -> ()
          return
        }
      }
    }
    ```
  }];
  let dependentDialects = ["::mlir::yoco::YocoDialect", "::mlir::func::FuncDialect"];
  let statistics = [
    Statistic<"numLaunches", "launches", "Operations that became launches">,
    Statistic<"numKernels", "outlined", "Kernels made">,
    Statistic<"numShared", "shared", "Launches of a kernel that another operation had made">,
    Statistic<"numParameters", "parameters", "Packed parameters made">,
    Statistic<"numProducts", "products", "Operations that became products of the library">,
  ];
}

def LowerHostPass : Pass<"yoco-lower-host", "::mlir::ModuleOp"> {
  let summary = "turn the kernels of target `host` into loops over tiles";
  let description = [{
    Every function of a module of kernels has one fused operation (or one elementwise `linalg.generic`) as its body. It
    becomes loops of `scf`, `arith`, `math`, `vector` and `memref` over the tiles `begin .. end`, with vectors as wide
    as the target's registers. Segment tables, caches and states become buffers: `memref<?x4xi32>`, two of
    `memref<?x?xHxDxf32>` (slot, position, head, width; a ring has its window as the second size),
    `memref<?xHxKxVxf32>`. How many tiles a kernel has is what the target says; both use one table of sizes.
    docs/KernelABI.md says what a kernel may do.

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
            %after = arith.addi %first, %c8 : index
            %last = arith.minsi %after, %rows : index
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

def LowerNvptxPass : Pass<"yoco-lower-nvptx", "::mlir::ModuleOp"> {
  let summary = "turn the kernels of target `nvptx` into a gpu.module";
  let description = [{
    Every function of a module of kernels has one fused operation (or one elementwise `linalg.generic`) as its body. It
    becomes a kernel whose arguments are 64-bit words (rows, segments, seq, addresses; a cache is two). `yoco.images`
    says for each image of the file how the kernel is launched: threads of a block and its dynamic shared memory. The
    body is the call of a micro-kernel with every shape, stride, element type and number a constant, or generated code
    for elementwise arithmetic: each thread has 8 columns of a row, in loads and stores of up to 16 bytes.
    docs/KernelABI.md says more.

    Before:
    ```mlir
    module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>} {
      module @kernels attributes {yoco.kernels} {
        func.func @norm_0(%rows: index, %segments: index, %seq: index, %begin: index, %end: index,
                          %x: memref<?x64xf32, strided<[192, 1], offset: 64>>, %y: memref<?x64xbf16>) {
          yoco.fused_norm %x outs %y {eps = 1.0e-5 : f32}
              : (memref<?x64xf32, strided<[192, 1], offset: 64>>, memref<?x64xbf16>) -> ()
          return
        }
      }
    }
    ```
    After (element types are 0 for f32 and 1 for bf16):
    ```mlir
    module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>} {
      gpu.module @kernels attributes {yoco.kernels} {
        llvm.func @yoco_norm(i64, i64, !llvm.ptr, i32, i32, !llvm.ptr, i1, i32, f32, i32, i32, !llvm.ptr, i1, i32,
                             !llvm.ptr, i32, i32)
        llvm.func @yoco_begin()
        gpu.func @norm_0(%rows: i64, %segments: i64, %seq: i64, %x: !llvm.ptr {llvm.align = 64 : i64},
                         %y: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias})
            kernel attributes {yoco.images = {sm_80 = {shared_bytes = 64 : i64, threads = 32 : i64},
                                              sm_90a = {shared_bytes = 64 : i64, threads = 32 : i64}}} {
          %width = arith.constant 64 : i32
          %one = arith.constant 1 : i32
          %eps = arith.constant 1.0e-5 : f32
          %no = arith.constant false
          %null = llvm.mlir.zero : !llvm.ptr
          %stride = arith.constant 192 : i32
          %zero = arith.constant 0 : i32
          llvm.call @yoco_begin() : () -> ()
          %block = gpu.block_id x
          %tile = arith.index_cast %block : index to i64
          %in = llvm.getelementptr %x[64] : (!llvm.ptr) -> !llvm.ptr, f32
          llvm.call @yoco_norm(%tile, %rows, %in, %zero, %stride, %null, %no, %zero, %eps, %one, %width,
                               %null, %no, %zero, %y, %one, %width)
              : (i64, i64, !llvm.ptr, i32, i32, !llvm.ptr, i1, i32, f32, i32, i32, !llvm.ptr, i1, i32, !llvm.ptr, i32,
                 i32) -> ()
          gpu.return
        }
      }
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::math::MathDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numKernels", "kernels", "Kernels lowered to micro-kernels">,
    Statistic<"numElementwise", "elementwise", "Kernels generated for elementwise arithmetic">,
  ];
}

def PrintPtxPass : Pass<"yoco-print-ptx", "::mlir::ModuleOp"> {
  let summary = "print the machine code of lowered kernels for target `nvptx`, for people and tests";
  let description = [{
    Prints the PTX of every module of lowered kernels of target `nvptx` on standard output, or what ptxas says about its
    kernels, a line for each: `NAME: R registers, N bytes of stack, N bytes spilled, N bytes of shared memory`. The
    module is left as it is.

    ```
    gpu.module @kernels attributes {yoco.kernels} {...}   ->   .visible .entry norm_0(...) .reqntid 32 {...}
    ```
  }];
  let options = [
    Option<"architecture", "architecture", "std::string", "\"\"", "sm_80 or sm_90a; the target's own when empty">,
    Option<"report", "report", "bool", "false", "print ptxas's report on the kernels instead">,
  ];
}

#endif // YOCO_PASSES_LOWERING_PASSES_TD
