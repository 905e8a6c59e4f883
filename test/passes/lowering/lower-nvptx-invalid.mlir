// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the lowering refuses, and what it says.
// RUN: yoco-opt %s --split-input-file --yoco-lower-nvptx --verify-diagnostics

module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>} {
  module @kernels attributes {yoco.kernels} {
    func.func @two(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>) {
      yoco.fused_norm %x outs %x {eps = 1.0e-5 : f32} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
      // expected-error @+1 {{expected one operation in a kernel, got another beside yoco.fused_norm}}
      yoco.fused_norm %x outs %x {eps = 1.0e-5 : f32} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
      return
    }
  }
}

// -----

module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>} {
  module @kernels attributes {yoco.kernels} {
    func.func @copy(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>) {
      // expected-error @+1 {{expected an operation that target `nvptx` has a kernel for}}
      yoco.copy %x to %x : memref<?x8xf32>
      return
    }
  }
}

// -----

module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>} {
  module @kernels attributes {yoco.kernels} {
    func.func @no_weight(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>) {
      // expected-error @+1 {{expected one `yoco.parameter` argument for each of 1 parameter groups, got 0}}
      yoco.fused_linear %x weights [@w0] outs %x : (memref<?x8xf32>, memref<?x8xf32>) -> ()
      return
    }
  }
}

// -----

// All errors of a module are reported.
module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>} {
  module @kernels attributes {yoco.kernels} {
    func.func @double(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf64>) {
      // expected-error @+1 {{expected elements of f32, bf16 or f16, got 'f64'}}
      yoco.fused_norm %x outs %x {eps = 1.0e-5 : f32} : (memref<?x8xf64>, memref<?x8xf64>) -> ()
      return
    }
    func.func @columns(%rows: index, %segments: index, %seq: index, %begin: index, %end: index,
                       %x: memref<?x8xf32, strided<[32, 2]>>, %y: memref<?x8xf32>) {
      // expected-error @+1 {{expected rows of adjacent columns with a static stride, got 'memref<?x8xf32, strided<[32, 2]>>'}}
      yoco.fused_norm %x outs %y {eps = 1.0e-5 : f32} : (memref<?x8xf32, strided<[32, 2]>>, memref<?x8xf32>) -> ()
      return
    }
    func.func @gates(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>,
                     %g: memref<?x8xbf16>) {
      // expected-error @+1 {{expected rows of f32 for @yoco_norm, got 'memref<?x8xbf16>'}}
      yoco.fused_norm %x swish %g outs %x {eps = 1.0e-5 : f32} : (memref<?x8xf32>, memref<?x8xbf16>, memref<?x8xf32>) -> ()
      return
    }
    func.func @far(%rows: index, %segments: index, %seq: index, %begin: index, %end: index,
                   %x: memref<?x8xf32, strided<[3000000000, 1]>>, %y: memref<?x8xf32>) {
      // expected-error @+1 {{expected sizes and strides below 2^31 for @yoco_norm, got 3000000000}}
      yoco.fused_norm %x outs %y {eps = 1.0e-5 : f32} : (memref<?x8xf32, strided<[3000000000, 1]>>, memref<?x8xf32>) -> ()
      return
    }
  }
}

// -----

module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>} {
  module @kernels attributes {yoco.kernels} {
    func.func @norm(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>,
                    %w: memref<8x8xbf16> {yoco.parameter = @w0}) {
      // expected-error @+1 {{expected `max_rows` with a norm on target `nvptx`, got none}}
      yoco.fused_linear %x weights [@w0] outs %x {eps = 1.0e-5 : f32} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
      return
    }
    func.func @wide(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>,
                    %w: memref<8x8xf32> {yoco.parameter = @w0}) {
      // expected-error @+1 {{expected a matrix of bf16 when computing in bf16, got 'memref<8x8xf32>'}}
      yoco.fused_linear %x weights [@w0] outs %x {max_rows = 1 : i64} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
      return
    }
    func.func @small(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>,
                     %w: memref<8x8xbf16> {yoco.parameter = @w0}) {
      // expected-error @+1 {{expected a matrix of 16 rows and 8 columns, got 'memref<8x8xbf16>'}}
      yoco.fused_linear %x weights [@w0] outs %x {activation = #yoco.activation<swiglu>, joined, max_rows = 1 : i64}
          : (memref<?x8xf32>, memref<?x8xf32>) -> ()
      return
    }
    func.func @apart(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>,
                     %v: memref<8x8xbf16> {yoco.parameter = @w0}, %w: memref<8x8xbf16> {yoco.parameter = @w1}) {
      // expected-error @+1 {{expected `joined` weights of a gated group on target `nvptx`, got two matrices}}
      yoco.fused_linear %x weights [@w0, @w1] outs %x {activation = #yoco.activation<swiglu>, max_rows = 1 : i64}
          : (memref<?x8xf32>, memref<?x8xf32>) -> ()
      return
    }
  }
}

// -----

module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>} {
  module @kernels attributes {yoco.kernels} {
    func.func @spans(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %q: memref<?x16xf32>,
                     %g: memref<?x1xf32>, %p: memref<?xi32>, %s: !yoco.segments, %t: !yoco.state<1x16x16xf32>) {
      // expected-error @+1 {{expected no norm and no swish gate with `span` on target `nvptx`}}
      yoco.fused_retention %q, %q, %q, %g at %p, %s from %t outs %q {scale = 1.0 : f32, eps = 1.0e-5 : f32, span = 64 : i64}
          : (memref<?x16xf32>, memref<?x16xf32>, memref<?x16xf32>, memref<?x1xf32>, memref<?xi32>, !yoco.segments,
             !yoco.state<1x16x16xf32>, memref<?x16xf32>) -> ()
      return
    }
    func.func @state(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %q: memref<?x16xf32>,
                     %g: memref<?x1xf32>, %p: memref<?xi32>, %s: !yoco.segments, %t: !yoco.state<1x16x16xbf16>) {
      // expected-error @+1 {{expected a state of f32, got '!yoco.state<1x16x16xbf16>'}}
      yoco.fused_retention %q, %q, %q, %g at %p, %s from %t outs %q {scale = 1.0 : f32}
          : (memref<?x16xf32>, memref<?x16xf32>, memref<?x16xf32>, memref<?x1xf32>, memref<?xi32>, !yoco.segments,
             !yoco.state<1x16x16xbf16>, memref<?x16xf32>) -> ()
      return
    }
  }
}

// -----

#id = affine_map<(r, c) -> (r, c)>
#row = affine_map<(d0, d1) -> (d0, 0)>
module attributes {yoco.target = #yoco.target<"nvptx", "sm_90a", bf16>} {
  module @kernels attributes {yoco.kernels} {
    func.func @function(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>) {
      linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
          ins(%x : memref<?x8xf32>) outs(%x : memref<?x8xf32>) {
      ^bb0(%a: f32, %o: f32):
        // expected-error @+1 {{expected a function that target `nvptx` has code for}}
        %y = math.erf %a : f32
        linalg.yield %y : f32
      }
      return
    }
    func.func @transposed(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<8x?xf32>,
                          %y: memref<?x8xf32>) {
      // expected-error @+1 {{expected rows of f32, bf16 or f16 whose maps are loops in order or 0 on target `nvptx`, got 'memref<8x?xf32>'}}
      linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, #id], iterator_types = ["parallel", "parallel"]}
          ins(%x : memref<8x?xf32>) outs(%y : memref<?x8xf32>) {
      ^bb0(%a: f32, %o: f32):
        linalg.yield %a : f32
      }
      return
    }
    func.func @in_place(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>) {
      // expected-error @+1 {{expected a body that does not read outputs, got one that reads 'memref<?x8xf32>'}}
      linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
          ins(%x : memref<?x8xf32>) outs(%x : memref<?x8xf32>) {
      ^bb0(%a: f32, %o: f32):
        %s = arith.addf %a, %o : f32
        linalg.yield %s : f32
      }
      return
    }
    func.func @columns_of_rows(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>,
                               %y: memref<1x8xf32>) {
      // expected-error @+1 {{expected loops over rows, heads and columns, parallel but for the last, on target `nvptx`}}
      linalg.generic {indexing_maps = [#id, affine_map<(d0, d1) -> (0, d1)>], iterator_types = ["reduction", "parallel"]}
          ins(%x : memref<?x8xf32>) outs(%y : memref<1x8xf32>) {
      ^bb0(%a: f32, %o: f32):
        %s = arith.addf %o, %a : f32
        linalg.yield %s : f32
      }
      return
    }
    func.func @no_start(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>,
                        %y: memref<?x1xf32>) {
      // expected-error @+1 {{expected output 0 to be a sum, product, maximum or minimum along the row that starts from `yoco.initial`}}
      linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
          ins(%x : memref<?x8xf32>) outs(%y : memref<?x1xf32>) {
      ^bb0(%a: f32, %o: f32):
        %s = arith.addf %o, %a : f32
        linalg.yield %s : f32
      }
      return
    }
    func.func @difference(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>,
                          %y: memref<?x1xf32>) {
      // expected-error @+1 {{expected output 0 to be a sum, product, maximum or minimum along the row that starts from `yoco.initial`}}
      linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
          ins(%x : memref<?x8xf32>) outs(%y : memref<?x1xf32>) attrs = {yoco.initial = [0.0 : f32]} {
      ^bb0(%a: f32, %o: f32):
        %s = arith.subf %o, %a : f32
        linalg.yield %s : f32
      }
      return
    }
  }
}

// -----

module attributes {yoco.target = #yoco.target<"nvptx", "sm_70", bf16>} {
  // expected-error @+1 {{expected sm_80 or sm_90a as the processor of target `nvptx`, got 'sm_70'}}
  module @kernels attributes {yoco.kernels} {
  }
}

// -----

module attributes {yoco.target = #yoco.target<"nvptx", "sm_80", f16>} {
  // expected-error @+1 {{expected compute type bf16 or f32 for target `nvptx`, got 'f16'}}
  module @kernels attributes {yoco.kernels} {
  }
}

// -----

// expected-error @+1 {{expected a module with `yoco.target` around it, got none}}
module @kernels attributes {yoco.kernels} {
}
