// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the lowering refuses, and what it says.
// RUN: yoco-opt %s --split-input-file --yoco-lower-host --verify-diagnostics

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  module @kernels attributes {yoco.kernels} {
    func.func @narrow(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xbf16>) {
      // expected-error @+1 {{expected f32 or i32 in buffers of target `host`, got 'memref<?x8xbf16>'}}
      yoco.fused_norm %x outs %x {eps = 1.0e-5 : f32} : (memref<?x8xbf16>, memref<?x8xbf16>) -> ()
      return
    }
  }
}

// -----

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
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

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  module @kernels attributes {yoco.kernels} {
    func.func @copy(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>) {
      // expected-error @+1 {{expected an operation that target `host` has a kernel for}}
      yoco.copy %x to %x : memref<?x8xf32>
      return
    }
  }
}

// -----

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  module @kernels attributes {yoco.kernels} {
    func.func @no_weight(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %x: memref<?x8xf32>) {
      // expected-error @+1 {{expected one `yoco.parameter` argument for each of 1 parameter groups, got 0}}
      yoco.fused_linear %x weights [@w0] outs %x : (memref<?x8xf32>, memref<?x8xf32>) -> ()
      return
    }
  }
}

// -----

module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
  module @kernels attributes {yoco.kernels} {
    func.func @large(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %q: memref<?x256xf32>,
                     %g: memref<?x1xf32>, %p: memref<?xi32>, %s: !yoco.segments, %t: !yoco.state<1x256x256xf32>) {
      // expected-error @+1 {{expected spans that take at most 196608 bytes of stack}}
      yoco.fused_retention %q, %q, %q, %g at %p, %s from %t outs %q {scale = 1.0 : f32, span = 256 : i64}
          : (memref<?x256xf32>, memref<?x256xf32>, memref<?x256xf32>, memref<?x1xf32>, memref<?xi32>, !yoco.segments,
             !yoco.state<1x256x256xf32>, memref<?x256xf32>) -> ()
      return
    }
  }
}

// -----

// expected-error @+2 {{expected compute type f32 for target `host`, got 'bf16'}}
module attributes {yoco.target = #yoco.target<"host", "x86-64-v3", bf16>} {
  module @kernels attributes {yoco.kernels} {
  }
}

// -----

module attributes {yoco.target = #yoco.target<"host", "pentium", f32>} {
  // expected-error @+1 {{expected x86-64-v3, x86-64-v4 or native as the processor of target `host`, got 'pentium'}}
  module @kernels attributes {yoco.kernels} {
  }
}

// -----

// expected-error @+1 {{expected a module with `yoco.target` around it, got none}}
module @kernels attributes {yoco.kernels} {
}
