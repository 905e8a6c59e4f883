// An activation that is defined in one place reaches the kernels of both targets: after a linear, in a chain with what surrounds it.
//
// RUN: yoco-toys-opt %s --yoco-model-to-step --yoco-step-to-fused=target=host | FileCheck %s --check-prefix=FUSED
// RUN: yoco-toys-opt %s --yoco-compile=target=host | FileCheck %s --check-prefix=HOST
// RUN: yoco-toys-opt %s --yoco-compile=target=nvptx:sm_90a | FileCheck %s --check-prefix=NVPTX
//
// FUSED-LABEL: func.func @decode
// FUSED: yoco.fused_linear %{{.+}} weights [@up]
// FUSED: linalg.generic
// FUSED: math.log1p
// FUSED: math.tanh
// FUSED: arith.mulf
// FUSED: arith.addf
// FUSED-NOT: linalg.generic
// FUSED: yoco.fused_linear %{{.+}} weights [@head]
// HOST: math.tanh %{{.+}} : vector<8xf32>
// NVPTX: math.tanh %{{.+}} : f32

module attributes {yoco.phase = #yoco.phase<model>} {
  yoco.parameter @embed : tensor<64x16xbf16> from "embed"
  yoco.parameter @up : tensor<16x16xbf16> from "up"
  yoco.parameter @head : tensor<64x16xbf16> from "head"
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x64xf32> {
    %x = yoco.embed %ids, @embed : tensor<?x16xf32>
    %n = yoco.norm %x {eps = 1.0e-5 : f32} : tensor<?x16xf32>
    %h = yoco.linear %n, @up : tensor<?x16xf32> -> tensor<?x16xf32>
    %a = toy_activation.mish %h : tensor<?x16xf32>
    %r = arith.addf %x, %a : tensor<?x16xf32>
    %y = yoco.linear %r, @head : tensor<?x16xf32> -> tensor<?x64xf32>
    return %y : tensor<?x64xf32>
  }
}
