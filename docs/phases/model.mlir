#rope = #yoco.rope<interleaved, [1.000000e+00, 9.99999974E-5]>
module attributes {yoco.phase = #yoco.phase<model>} {
  yoco.parameter @embed : tensor<32x8xbf16> from "embed_tokens.weight" generated <seed = 1, stream = 0, scale = 0.353553385>
  yoco.parameter @self.0.mixer_norm : tensor<8xbf16> from "self_decoder.layers.0.mixer_layer_norm.weight" generated <seed = 1, stream = 1, scale = 0.000000e+00>
  yoco.parameter @self.0.q : tensor<8x8xbf16> from "self_decoder.layers.0.mixer.q_proj.weight" generated <seed = 1, stream = 2, scale = 0.353553385>
  yoco.parameter @self.0.k : tensor<8x8xbf16> from "self_decoder.layers.0.mixer.k_proj.weight" generated <seed = 1, stream = 3, scale = 0.353553385>
  yoco.parameter @self.0.v : tensor<8x8xbf16> from "self_decoder.layers.0.mixer.v_proj.weight" generated <seed = 1, stream = 4, scale = 0.353553385>
  yoco.parameter @self.0.g : tensor<8x8xbf16> from "self_decoder.layers.0.mixer.g_proj.weight" generated <seed = 1, stream = 5, scale = 0.353553385>
  yoco.parameter @self.0.gt : tensor<2x8xbf16> from "self_decoder.layers.0.mixer.gt_proj.weight" generated <seed = 1, stream = 6, scale = 0.353553385>
  yoco.parameter @self.0.out : tensor<8x8xbf16> from "self_decoder.layers.0.mixer.out_proj.weight" generated <seed = 1, stream = 7, scale = 0.353553385>
  yoco.parameter @self.0.ffn_norm : tensor<8xbf16> from "self_decoder.layers.0.final_layer_norm.weight" generated <seed = 1, stream = 8, scale = 0.000000e+00>
  yoco.parameter @self.0.fc1 : tensor<12x8xbf16> from "self_decoder.layers.0.ffn.fc1.weight" generated <seed = 1, stream = 9, scale = 0.353553385>
  yoco.parameter @self.0.gate : tensor<12x8xbf16> from "self_decoder.layers.0.ffn.gate.weight" generated <seed = 1, stream = 10, scale = 0.353553385>
  yoco.parameter @self.0.fc2 : tensor<8x12xbf16> from "self_decoder.layers.0.ffn.fc2.weight" generated <seed = 1, stream = 11, scale = 0.288675129>
  yoco.parameter @kv.norm : tensor<8xbf16> from "cross_decoder.kv_layer_norm.weight" generated <seed = 1, stream = 12, scale = 0.000000e+00>
  yoco.parameter @kv.k : tensor<4x8xbf16> from "cross_decoder.k_proj.weight" generated <seed = 1, stream = 13, scale = 0.353553385>
  yoco.parameter @kv.v : tensor<4x8xbf16> from "cross_decoder.v_proj.weight" generated <seed = 1, stream = 14, scale = 0.353553385>
  yoco.parameter @cross.0.mixer_norm : tensor<8xbf16> from "cross_decoder.layers.0.mixer_layer_norm.weight" generated <seed = 1, stream = 15, scale = 0.000000e+00>
  yoco.parameter @cross.0.q : tensor<8x8xbf16> from "cross_decoder.layers.0.mixer.q_proj.weight" generated <seed = 1, stream = 16, scale = 0.353553385>
  yoco.parameter @cross.0.out : tensor<8x8xbf16> from "cross_decoder.layers.0.mixer.out_proj.weight" generated <seed = 1, stream = 17, scale = 0.353553385>
  yoco.parameter @cross.0.ffn_norm : tensor<8xbf16> from "cross_decoder.layers.0.final_layer_norm.weight" generated <seed = 1, stream = 18, scale = 0.000000e+00>
  yoco.parameter @cross.0.fc1 : tensor<12x8xbf16> from "cross_decoder.layers.0.ffn.fc1.weight" generated <seed = 1, stream = 19, scale = 0.353553385>
  yoco.parameter @cross.0.gate : tensor<12x8xbf16> from "cross_decoder.layers.0.ffn.gate.weight" generated <seed = 1, stream = 20, scale = 0.353553385>
  yoco.parameter @cross.0.fc2 : tensor<8x12xbf16> from "cross_decoder.layers.0.ffn.fc2.weight" generated <seed = 1, stream = 21, scale = 0.288675129>
  yoco.parameter @norm : tensor<8xbf16> from "layer_norm.weight" generated <seed = 1, stream = 22, scale = 0.000000e+00>
  yoco.parameter @output : tensor<32x8xbf16> from "output_projection.weight" generated <seed = 1, stream = 23, scale = 0.353553385>
  func.func @forward(%arg0: tensor<?xi32>) -> tensor<?x32xf32> {
    %c0 = arith.constant {yoco.layer = "embed"} 0 : index
    %dim = tensor.dim {yoco.layer = "embed"} %arg0, %c0 : tensor<?xi32>
    %0 = yoco.positions %arg0 {yoco.layer = "embed"} : tensor<?xi32>
    %1 = yoco.embed %arg0, @embed {scale = 2.82842708 : f32, yoco.layer = "embed"} : tensor<?x8xf32>
    %2 = yoco.self_decoder %1 : tensor<?x8xf32> -> tensor<?x8xf32> attributes {yoco.layer = "self_decoder"} {
    ^bb0(%arg1: tensor<?x8xf32>):
      %10 = yoco.norm %arg1 weight @self.0.mixer_norm {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
      %11 = yoco.linear %10, @self.0.q {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
      %expanded_1 = tensor.expand_shape %11 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
      %12 = yoco.rope %expanded_1, %0 {rope = #rope, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
      %13 = yoco.linear %10, @self.0.k {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
      %expanded_2 = tensor.expand_shape %13 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
      %14 = yoco.rope %expanded_2, %0 {rope = #rope, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
      %15 = yoco.linear %10, @self.0.v {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
      %expanded_3 = tensor.expand_shape %15 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
      %16 = yoco.linear %10, @self.0.g {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
      %17 = yoco.linear %10, @self.0.gt {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x2xf32>
      %18 = yoco.log_sigmoid %17 {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
      %cst = arith.constant {yoco.layer = "self_decoder.0"} 1.600000e+01 : f32
      %splat = tensor.splat %cst[%dim] {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
      %19 = arith.divf %18, %splat {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
      %20 = yoco.gated_retention %12, %14, %expanded_3, %19 {scale = 5.000000e-01 : f32, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32> -> tensor<?x2x4xf32>
      %21 = yoco.norm %20 {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
      %collapsed = tensor.collapse_shape %21 [[0], [1, 2]] {yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32> into tensor<?x8xf32>
      %22 = yoco.silu %16 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
      %23 = arith.mulf %22, %collapsed {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
      %24 = yoco.linear %23, @self.0.out {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
      %25 = arith.addf %arg1, %24 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
      %26 = yoco.norm %25 weight @self.0.ffn_norm {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
      %27 = yoco.linear %26, @self.0.fc1 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
      %28 = yoco.silu %27 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32>
      %29 = yoco.linear %26, @self.0.gate {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
      %30 = arith.mulf %28, %29 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32>
      %31 = yoco.linear %30, @self.0.fc2 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32> -> tensor<?x8xf32>
      %32 = arith.addf %25, %31 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
      yoco.yield %32 : tensor<?x8xf32> {yoco.layer = "self_decoder"}
    }
    %3 = yoco.norm %2 weight @kv.norm {eps = 9.99999974E-6 : f32, yoco.layer = "kv"} : tensor<?x8xf32>
    %4 = yoco.linear %3, @kv.k {yoco.layer = "kv"} : tensor<?x8xf32> -> tensor<?x4xf32>
    %expanded = tensor.expand_shape %4 [[0], [1, 2]] output_shape [%dim, 1, 4] {yoco.layer = "kv"} : tensor<?x4xf32> into tensor<?x1x4xf32>
    %5 = yoco.rope %expanded, %0 {rope = #rope, yoco.layer = "kv"} : tensor<?x1x4xf32>
    %6 = yoco.linear %3, @kv.v {yoco.layer = "kv"} : tensor<?x8xf32> -> tensor<?x4xf32>
    %expanded_0 = tensor.expand_shape %6 [[0], [1, 2]] output_shape [%dim, 1, 4] {yoco.layer = "kv"} : tensor<?x4xf32> into tensor<?x1x4xf32>
    %7 = yoco.cross_decoder %2 sharing(%5, %expanded_0) : (tensor<?x8xf32>, tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x8xf32> attributes {yoco.layer = "cross_decoder"} {
    ^bb0(%arg1: tensor<?x8xf32>, %arg2: tensor<?x1x4xf32>, %arg3: tensor<?x1x4xf32>):
      %10 = yoco.norm %arg1 weight @cross.0.mixer_norm {eps = 9.99999974E-6 : f32, yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
      %11 = yoco.linear %10, @cross.0.q {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
      %expanded_1 = tensor.expand_shape %11 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
      %12 = yoco.rope %expanded_1, %0 {rope = #rope, yoco.layer = "cross_decoder.0"} : tensor<?x2x4xf32>
      %13 = yoco.attention %12, %arg2, %arg3 {scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : tensor<?x2x4xf32>, tensor<?x1x4xf32>, tensor<?x1x4xf32> -> tensor<?x2x4xf32>
      %collapsed = tensor.collapse_shape %13 [[0], [1, 2]] {yoco.layer = "cross_decoder.0"} : tensor<?x2x4xf32> into tensor<?x8xf32>
      %14 = yoco.linear %collapsed, @cross.0.out {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
      %15 = arith.addf %arg1, %14 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
      %16 = yoco.norm %15 weight @cross.0.ffn_norm {eps = 9.99999974E-6 : f32, yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
      %17 = yoco.linear %16, @cross.0.fc1 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
      %18 = yoco.silu %17 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32>
      %19 = yoco.linear %16, @cross.0.gate {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
      %20 = arith.mulf %18, %19 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32>
      %21 = yoco.linear %20, @cross.0.fc2 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32> -> tensor<?x8xf32>
      %22 = arith.addf %15, %21 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
      yoco.yield %22 : tensor<?x8xf32> {yoco.layer = "cross_decoder"}
    }
    %8 = yoco.norm %7 weight @norm {eps = 9.99999974E-6 : f32, yoco.layer = "head"} : tensor<?x8xf32>
    %9 = yoco.linear %8, @output {yoco.layer = "head"} : tensor<?x8xf32> -> tensor<?x32xf32>
    return %9 : tensor<?x32xf32>
  }
}

