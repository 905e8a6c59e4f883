#rope = #yoco.rope<interleaved, [1.000000e+00, 9.99999974E-5]>
module attributes {yoco.phase = #yoco.phase<step>} {
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
  yoco.state_decl @state_0 : !yoco.state<2x4x4xf32>
  yoco.state_decl @keys_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
  yoco.state_decl @values_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
  func.func @prefill(%arg0: tensor<?xi32>, %arg1: !yoco.segments, %arg2: !yoco.state<2x4x4xf32> {yoco.state = @state_0}, %arg3: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @keys_0}, %arg4: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @values_0}) -> (!yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    %c0 = arith.constant {yoco.layer = "embed"} 0 : index
    %dim = tensor.dim {yoco.layer = "embed"} %arg0, %c0 : tensor<?xi32>
    %0 = yoco.positions %arg0 at %arg1 {yoco.layer = "embed"} : tensor<?xi32>
    %1 = yoco.embed %arg0, @embed {scale = 2.82842708 : f32, yoco.layer = "embed"} : tensor<?x8xf32>
    %2 = yoco.norm %1 weight @self.0.mixer_norm {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %3 = yoco.linear %2, @self.0.q {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded = tensor.expand_shape %3 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %4 = yoco.rope %expanded, %0 {rope = #rope, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %5 = yoco.linear %2, @self.0.k {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded_0 = tensor.expand_shape %5 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %6 = yoco.rope %expanded_0, %0 {rope = #rope, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %7 = yoco.linear %2, @self.0.v {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded_1 = tensor.expand_shape %7 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %8 = yoco.linear %2, @self.0.g {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %9 = yoco.linear %2, @self.0.gt {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x2xf32>
    %10 = yoco.log_sigmoid %9 {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %cst = arith.constant {yoco.layer = "self_decoder.0"} 1.600000e+01 : f32
    %splat = tensor.splat %cst[%dim] {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %11 = arith.divf %10, %splat {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %result, %next = yoco.step_retention %4, %6, %expanded_1, %11 at %arg1 from %arg2 {scale = 5.000000e-01 : f32, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, <2x4x4xf32> -> tensor<?x2x4xf32>
    %12 = yoco.norm %result {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %collapsed = tensor.collapse_shape %12 [[0], [1, 2]] {yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32> into tensor<?x8xf32>
    %13 = yoco.silu %8 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %14 = arith.mulf %13, %collapsed {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %15 = yoco.linear %14, @self.0.out {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %16 = arith.addf %1, %15 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %17 = yoco.norm %16 weight @self.0.ffn_norm {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %18 = yoco.linear %17, @self.0.fc1 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %19 = yoco.silu %18 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32>
    %20 = yoco.linear %17, @self.0.gate {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %21 = arith.mulf %19, %20 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32>
    %22 = yoco.linear %21, @self.0.fc2 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32> -> tensor<?x8xf32>
    %23 = arith.addf %16, %22 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %24 = yoco.norm %23 weight @kv.norm {eps = 9.99999974E-6 : f32, yoco.layer = "kv"} : tensor<?x8xf32>
    %25 = yoco.linear %24, @kv.k {yoco.layer = "kv"} : tensor<?x8xf32> -> tensor<?x4xf32>
    %expanded_2 = tensor.expand_shape %25 [[0], [1, 2]] output_shape [%dim, 1, 4] {yoco.layer = "kv"} : tensor<?x4xf32> into tensor<?x1x4xf32>
    %26 = yoco.rope %expanded_2, %0 {rope = #rope, yoco.layer = "kv"} : tensor<?x1x4xf32>
    %27 = yoco.linear %24, @kv.v {yoco.layer = "kv"} : tensor<?x8xf32> -> tensor<?x4xf32>
    %expanded_3 = tensor.expand_shape %27 [[0], [1, 2]] output_shape [%dim, 1, 4] {yoco.layer = "kv"} : tensor<?x4xf32> into tensor<?x1x4xf32>
    %28 = yoco.cache_write %arg3, %26 at %arg1 {yoco.layer = "kv"} : tensor<?x1x4xf32> -> <heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %29 = yoco.cache_write %arg4, %expanded_3 at %arg1 {yoco.layer = "kv"} : tensor<?x1x4xf32> -> <heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    return %next, %28, %29 : !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
  }
  func.func @decode(%arg0: tensor<?xi32>, %arg1: !yoco.segments, %arg2: !yoco.state<2x4x4xf32> {yoco.state = @state_0}, %arg3: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @keys_0}, %arg4: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @values_0}) -> (tensor<?x32xf32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %c0 = arith.constant {yoco.layer = "embed"} 0 : index
    %dim = tensor.dim {yoco.layer = "embed"} %arg0, %c0 : tensor<?xi32>
    %0 = yoco.positions %arg0 at %arg1 {yoco.layer = "embed"} : tensor<?xi32>
    %1 = yoco.embed %arg0, @embed {scale = 2.82842708 : f32, yoco.layer = "embed"} : tensor<?x8xf32>
    %2 = yoco.norm %1 weight @self.0.mixer_norm {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %3 = yoco.linear %2, @self.0.q {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded = tensor.expand_shape %3 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %4 = yoco.rope %expanded, %0 {rope = #rope, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %5 = yoco.linear %2, @self.0.k {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded_0 = tensor.expand_shape %5 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %6 = yoco.rope %expanded_0, %0 {rope = #rope, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %7 = yoco.linear %2, @self.0.v {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded_1 = tensor.expand_shape %7 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %8 = yoco.linear %2, @self.0.g {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %9 = yoco.linear %2, @self.0.gt {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x2xf32>
    %10 = yoco.log_sigmoid %9 {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %cst = arith.constant {yoco.layer = "self_decoder.0"} 1.600000e+01 : f32
    %splat = tensor.splat %cst[%dim] {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %11 = arith.divf %10, %splat {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %result, %next = yoco.step_retention %4, %6, %expanded_1, %11 at %arg1 from %arg2 {scale = 5.000000e-01 : f32, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, <2x4x4xf32> -> tensor<?x2x4xf32>
    %12 = yoco.norm %result {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %collapsed = tensor.collapse_shape %12 [[0], [1, 2]] {yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32> into tensor<?x8xf32>
    %13 = yoco.silu %8 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %14 = arith.mulf %13, %collapsed {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %15 = yoco.linear %14, @self.0.out {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %16 = arith.addf %1, %15 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %17 = yoco.norm %16 weight @self.0.ffn_norm {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %18 = yoco.linear %17, @self.0.fc1 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %19 = yoco.silu %18 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32>
    %20 = yoco.linear %17, @self.0.gate {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %21 = arith.mulf %19, %20 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32>
    %22 = yoco.linear %21, @self.0.fc2 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32> -> tensor<?x8xf32>
    %23 = arith.addf %16, %22 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %24 = yoco.norm %23 weight @kv.norm {eps = 9.99999974E-6 : f32, yoco.layer = "kv"} : tensor<?x8xf32>
    %25 = yoco.linear %24, @kv.k {yoco.layer = "kv"} : tensor<?x8xf32> -> tensor<?x4xf32>
    %expanded_2 = tensor.expand_shape %25 [[0], [1, 2]] output_shape [%dim, 1, 4] {yoco.layer = "kv"} : tensor<?x4xf32> into tensor<?x1x4xf32>
    %26 = yoco.rope %expanded_2, %0 {rope = #rope, yoco.layer = "kv"} : tensor<?x1x4xf32>
    %27 = yoco.linear %24, @kv.v {yoco.layer = "kv"} : tensor<?x8xf32> -> tensor<?x4xf32>
    %expanded_3 = tensor.expand_shape %27 [[0], [1, 2]] output_shape [%dim, 1, 4] {yoco.layer = "kv"} : tensor<?x4xf32> into tensor<?x1x4xf32>
    %28 = yoco.norm %23 weight @cross.0.mixer_norm {eps = 9.99999974E-6 : f32, yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %29 = yoco.linear %28, @cross.0.q {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded_4 = tensor.expand_shape %29 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %30 = yoco.rope %expanded_4, %0 {rope = #rope, yoco.layer = "cross_decoder.0"} : tensor<?x2x4xf32>
    %31 = yoco.cache_write %arg3, %26 at %arg1 {yoco.layer = "kv"} : tensor<?x1x4xf32> -> <heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %32 = yoco.cache_write %arg4, %expanded_3 at %arg1 {yoco.layer = "kv"} : tensor<?x1x4xf32> -> <heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %33 = yoco.cache_read %31 at %arg1 {yoco.layer = "cross_decoder.0"} : <heads = 1, width = 4, element = f32, window = 0, layout = contiguous> -> tensor<?x1x4xf32>
    %34 = yoco.cache_read %32 at %arg1 {yoco.layer = "cross_decoder.0"} : <heads = 1, width = 4, element = f32, window = 0, layout = contiguous> -> tensor<?x1x4xf32>
    %35 = yoco.step_attention %30 at %arg1 past(%33, %34) {scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x2x4xf32>
    %collapsed_5 = tensor.collapse_shape %35 [[0], [1, 2]] {yoco.layer = "cross_decoder.0"} : tensor<?x2x4xf32> into tensor<?x8xf32>
    %36 = yoco.linear %collapsed_5, @cross.0.out {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %37 = arith.addf %23, %36 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %38 = yoco.norm %37 weight @cross.0.ffn_norm {eps = 9.99999974E-6 : f32, yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %39 = yoco.linear %38, @cross.0.fc1 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %40 = yoco.silu %39 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32>
    %41 = yoco.linear %38, @cross.0.gate {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %42 = arith.mulf %40, %41 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32>
    %43 = yoco.linear %42, @cross.0.fc2 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32> -> tensor<?x8xf32>
    %44 = arith.addf %37, %43 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %45 = yoco.norm %44 weight @norm {eps = 9.99999974E-6 : f32, yoco.layer = "head"} : tensor<?x8xf32>
    %46 = yoco.linear %45, @output {yoco.layer = "head"} : tensor<?x8xf32> -> tensor<?x32xf32>
    return %46, %next, %31, %32 : tensor<?x32xf32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
  }
  func.func @score(%arg0: tensor<?xi32>, %arg1: !yoco.segments, %arg2: !yoco.state<2x4x4xf32> {yoco.state = @state_0}, %arg3: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @keys_0}, %arg4: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @values_0}) -> (tensor<?x32xf32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = wanted, logits = all>} {
    %c0 = arith.constant {yoco.layer = "embed"} 0 : index
    %dim = tensor.dim {yoco.layer = "embed"} %arg0, %c0 : tensor<?xi32>
    %0 = yoco.positions %arg0 at %arg1 {yoco.layer = "embed"} : tensor<?xi32>
    %1 = yoco.embed %arg0, @embed {scale = 2.82842708 : f32, yoco.layer = "embed"} : tensor<?x8xf32>
    %2 = yoco.norm %1 weight @self.0.mixer_norm {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %3 = yoco.linear %2, @self.0.q {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded = tensor.expand_shape %3 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %4 = yoco.rope %expanded, %0 {rope = #rope, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %5 = yoco.linear %2, @self.0.k {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded_0 = tensor.expand_shape %5 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %6 = yoco.rope %expanded_0, %0 {rope = #rope, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %7 = yoco.linear %2, @self.0.v {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded_1 = tensor.expand_shape %7 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %8 = yoco.linear %2, @self.0.g {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %9 = yoco.linear %2, @self.0.gt {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x2xf32>
    %10 = yoco.log_sigmoid %9 {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %cst = arith.constant {yoco.layer = "self_decoder.0"} 1.600000e+01 : f32
    %splat = tensor.splat %cst[%dim] {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %11 = arith.divf %10, %splat {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %result, %next = yoco.step_retention %4, %6, %expanded_1, %11 at %arg1 from %arg2 {scale = 5.000000e-01 : f32, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, <2x4x4xf32> -> tensor<?x2x4xf32>
    %12 = yoco.norm %result {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %collapsed = tensor.collapse_shape %12 [[0], [1, 2]] {yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32> into tensor<?x8xf32>
    %13 = yoco.silu %8 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %14 = arith.mulf %13, %collapsed {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %15 = yoco.linear %14, @self.0.out {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %16 = arith.addf %1, %15 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %17 = yoco.norm %16 weight @self.0.ffn_norm {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %18 = yoco.linear %17, @self.0.fc1 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %19 = yoco.silu %18 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32>
    %20 = yoco.linear %17, @self.0.gate {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %21 = arith.mulf %19, %20 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32>
    %22 = yoco.linear %21, @self.0.fc2 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32> -> tensor<?x8xf32>
    %23 = arith.addf %16, %22 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %24 = yoco.norm %23 weight @kv.norm {eps = 9.99999974E-6 : f32, yoco.layer = "kv"} : tensor<?x8xf32>
    %25 = yoco.linear %24, @kv.k {yoco.layer = "kv"} : tensor<?x8xf32> -> tensor<?x4xf32>
    %expanded_2 = tensor.expand_shape %25 [[0], [1, 2]] output_shape [%dim, 1, 4] {yoco.layer = "kv"} : tensor<?x4xf32> into tensor<?x1x4xf32>
    %26 = yoco.rope %expanded_2, %0 {rope = #rope, yoco.layer = "kv"} : tensor<?x1x4xf32>
    %27 = yoco.linear %24, @kv.v {yoco.layer = "kv"} : tensor<?x8xf32> -> tensor<?x4xf32>
    %expanded_3 = tensor.expand_shape %27 [[0], [1, 2]] output_shape [%dim, 1, 4] {yoco.layer = "kv"} : tensor<?x4xf32> into tensor<?x1x4xf32>
    %28 = yoco.norm %23 weight @cross.0.mixer_norm {eps = 9.99999974E-6 : f32, yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %29 = yoco.linear %28, @cross.0.q {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded_4 = tensor.expand_shape %29 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %30 = yoco.rope %expanded_4, %0 {rope = #rope, yoco.layer = "cross_decoder.0"} : tensor<?x2x4xf32>
    %31 = yoco.cache_write %arg3, %26 at %arg1 {yoco.layer = "kv"} : tensor<?x1x4xf32> -> <heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %32 = yoco.cache_write %arg4, %expanded_3 at %arg1 {yoco.layer = "kv"} : tensor<?x1x4xf32> -> <heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %33 = yoco.cache_read %31 at %arg1 {yoco.layer = "cross_decoder.0"} : <heads = 1, width = 4, element = f32, window = 0, layout = contiguous> -> tensor<?x1x4xf32>
    %34 = yoco.cache_read %32 at %arg1 {yoco.layer = "cross_decoder.0"} : <heads = 1, width = 4, element = f32, window = 0, layout = contiguous> -> tensor<?x1x4xf32>
    %35 = yoco.step_attention %30 at %arg1 past(%33, %34) {scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x2x4xf32>
    %collapsed_5 = tensor.collapse_shape %35 [[0], [1, 2]] {yoco.layer = "cross_decoder.0"} : tensor<?x2x4xf32> into tensor<?x8xf32>
    %36 = yoco.linear %collapsed_5, @cross.0.out {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %37 = arith.addf %23, %36 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %38 = yoco.norm %37 weight @cross.0.ffn_norm {eps = 9.99999974E-6 : f32, yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %39 = yoco.linear %38, @cross.0.fc1 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %40 = yoco.silu %39 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32>
    %41 = yoco.linear %38, @cross.0.gate {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %42 = arith.mulf %40, %41 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32>
    %43 = yoco.linear %42, @cross.0.fc2 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32> -> tensor<?x8xf32>
    %44 = arith.addf %37, %43 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %45 = yoco.norm %44 weight @norm {eps = 9.99999974E-6 : f32, yoco.layer = "head"} : tensor<?x8xf32>
    %46 = yoco.linear %45, @output {yoco.layer = "head"} : tensor<?x8xf32> -> tensor<?x32xf32>
    return %46, %next, %31, %32 : tensor<?x32xf32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
  }
  func.func @sample(%arg0: tensor<?xi32>, %arg1: !yoco.segments, %arg2: !yoco.state<2x4x4xf32> {yoco.state = @state_0}, %arg3: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @keys_0}, %arg4: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @values_0}) -> (tensor<?xi32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, sampled = all>} {
    %c0 = arith.constant {yoco.layer = "embed"} 0 : index
    %dim = tensor.dim {yoco.layer = "embed"} %arg0, %c0 : tensor<?xi32>
    %0 = yoco.positions %arg0 at %arg1 {yoco.layer = "embed"} : tensor<?xi32>
    %1 = yoco.embed %arg0, @embed {scale = 2.82842708 : f32, yoco.layer = "embed"} : tensor<?x8xf32>
    %2 = yoco.norm %1 weight @self.0.mixer_norm {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %3 = yoco.linear %2, @self.0.q {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded = tensor.expand_shape %3 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %4 = yoco.rope %expanded, %0 {rope = #rope, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %5 = yoco.linear %2, @self.0.k {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded_0 = tensor.expand_shape %5 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %6 = yoco.rope %expanded_0, %0 {rope = #rope, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %7 = yoco.linear %2, @self.0.v {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded_1 = tensor.expand_shape %7 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %8 = yoco.linear %2, @self.0.g {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %9 = yoco.linear %2, @self.0.gt {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x2xf32>
    %10 = yoco.log_sigmoid %9 {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %cst = arith.constant {yoco.layer = "self_decoder.0"} 1.600000e+01 : f32
    %splat = tensor.splat %cst[%dim] {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %11 = arith.divf %10, %splat {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %result, %next = yoco.step_retention %4, %6, %expanded_1, %11 at %arg1 from %arg2 {scale = 5.000000e-01 : f32, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, <2x4x4xf32> -> tensor<?x2x4xf32>
    %12 = yoco.norm %result {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %collapsed = tensor.collapse_shape %12 [[0], [1, 2]] {yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32> into tensor<?x8xf32>
    %13 = yoco.silu %8 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %14 = arith.mulf %13, %collapsed {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %15 = yoco.linear %14, @self.0.out {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %16 = arith.addf %1, %15 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %17 = yoco.norm %16 weight @self.0.ffn_norm {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %18 = yoco.linear %17, @self.0.fc1 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %19 = yoco.silu %18 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32>
    %20 = yoco.linear %17, @self.0.gate {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %21 = arith.mulf %19, %20 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32>
    %22 = yoco.linear %21, @self.0.fc2 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32> -> tensor<?x8xf32>
    %23 = arith.addf %16, %22 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %24 = yoco.norm %23 weight @kv.norm {eps = 9.99999974E-6 : f32, yoco.layer = "kv"} : tensor<?x8xf32>
    %25 = yoco.linear %24, @kv.k {yoco.layer = "kv"} : tensor<?x8xf32> -> tensor<?x4xf32>
    %expanded_2 = tensor.expand_shape %25 [[0], [1, 2]] output_shape [%dim, 1, 4] {yoco.layer = "kv"} : tensor<?x4xf32> into tensor<?x1x4xf32>
    %26 = yoco.rope %expanded_2, %0 {rope = #rope, yoco.layer = "kv"} : tensor<?x1x4xf32>
    %27 = yoco.linear %24, @kv.v {yoco.layer = "kv"} : tensor<?x8xf32> -> tensor<?x4xf32>
    %expanded_3 = tensor.expand_shape %27 [[0], [1, 2]] output_shape [%dim, 1, 4] {yoco.layer = "kv"} : tensor<?x4xf32> into tensor<?x1x4xf32>
    %28 = yoco.norm %23 weight @cross.0.mixer_norm {eps = 9.99999974E-6 : f32, yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %29 = yoco.linear %28, @cross.0.q {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded_4 = tensor.expand_shape %29 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %30 = yoco.rope %expanded_4, %0 {rope = #rope, yoco.layer = "cross_decoder.0"} : tensor<?x2x4xf32>
    %31 = yoco.cache_write %arg3, %26 at %arg1 {yoco.layer = "kv"} : tensor<?x1x4xf32> -> <heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %32 = yoco.cache_write %arg4, %expanded_3 at %arg1 {yoco.layer = "kv"} : tensor<?x1x4xf32> -> <heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %33 = yoco.cache_read %31 at %arg1 {yoco.layer = "cross_decoder.0"} : <heads = 1, width = 4, element = f32, window = 0, layout = contiguous> -> tensor<?x1x4xf32>
    %34 = yoco.cache_read %32 at %arg1 {yoco.layer = "cross_decoder.0"} : <heads = 1, width = 4, element = f32, window = 0, layout = contiguous> -> tensor<?x1x4xf32>
    %35 = yoco.step_attention %30 at %arg1 past(%33, %34) {scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x2x4xf32>
    %collapsed_5 = tensor.collapse_shape %35 [[0], [1, 2]] {yoco.layer = "cross_decoder.0"} : tensor<?x2x4xf32> into tensor<?x8xf32>
    %36 = yoco.linear %collapsed_5, @cross.0.out {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %37 = arith.addf %23, %36 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %38 = yoco.norm %37 weight @cross.0.ffn_norm {eps = 9.99999974E-6 : f32, yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %39 = yoco.linear %38, @cross.0.fc1 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %40 = yoco.silu %39 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32>
    %41 = yoco.linear %38, @cross.0.gate {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %42 = arith.mulf %40, %41 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32>
    %43 = yoco.linear %42, @cross.0.fc2 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32> -> tensor<?x8xf32>
    %44 = arith.addf %37, %43 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %45 = yoco.norm %44 weight @norm {eps = 9.99999974E-6 : f32, yoco.layer = "head"} : tensor<?x8xf32>
    %46 = yoco.linear %45, @output {yoco.layer = "head"} : tensor<?x8xf32> -> tensor<?x32xf32>
    %47 = yoco.argmax %46 {yoco.layer = "head"} : tensor<?x32xf32> -> tensor<?xi32>
    return %47, %next, %31, %32 : tensor<?xi32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
  }
  func.func @extend(%arg0: tensor<?xi32>, %arg1: !yoco.segments, %arg2: !yoco.state<2x4x4xf32> {yoco.state = @state_0}, %arg3: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @keys_0}, %arg4: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @values_0}) -> (tensor<?x32xf32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
    %0 = yoco.narrow_segments %arg1 {halo = 0 : i64}
    %c0 = arith.constant {yoco.layer = "embed"} 0 : index
    %dim = tensor.dim {yoco.layer = "embed"} %arg0, %c0 : tensor<?xi32>
    %1 = yoco.positions %arg0 at %arg1 {yoco.layer = "embed"} : tensor<?xi32>
    %2 = yoco.embed %arg0, @embed {scale = 2.82842708 : f32, yoco.layer = "embed"} : tensor<?x8xf32>
    %3 = yoco.norm %2 weight @self.0.mixer_norm {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %4 = yoco.linear %3, @self.0.q {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded = tensor.expand_shape %4 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %5 = yoco.rope %expanded, %1 {rope = #rope, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %6 = yoco.linear %3, @self.0.k {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded_0 = tensor.expand_shape %6 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %7 = yoco.rope %expanded_0, %1 {rope = #rope, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %8 = yoco.linear %3, @self.0.v {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded_1 = tensor.expand_shape %8 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %9 = yoco.linear %3, @self.0.g {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %10 = yoco.linear %3, @self.0.gt {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x2xf32>
    %11 = yoco.log_sigmoid %10 {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %cst = arith.constant {yoco.layer = "self_decoder.0"} 1.600000e+01 : f32
    %splat = tensor.splat %cst[%dim] {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %12 = arith.divf %11, %splat {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %result, %next = yoco.step_retention %5, %7, %expanded_1, %12 at %arg1 from %arg2 {scale = 5.000000e-01 : f32, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, <2x4x4xf32> -> tensor<?x2x4xf32>
    %13 = yoco.norm %result {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %collapsed = tensor.collapse_shape %13 [[0], [1, 2]] {yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32> into tensor<?x8xf32>
    %14 = yoco.silu %9 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %15 = arith.mulf %14, %collapsed {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %16 = yoco.linear %15, @self.0.out {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %17 = arith.addf %2, %16 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %18 = yoco.norm %17 weight @self.0.ffn_norm {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %19 = yoco.linear %18, @self.0.fc1 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %20 = yoco.silu %19 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32>
    %21 = yoco.linear %18, @self.0.gate {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %22 = arith.mulf %20, %21 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32>
    %23 = yoco.linear %22, @self.0.fc2 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32> -> tensor<?x8xf32>
    %24 = arith.addf %17, %23 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %25 = yoco.norm %24 weight @kv.norm {eps = 9.99999974E-6 : f32, yoco.layer = "kv"} : tensor<?x8xf32>
    %26 = yoco.linear %25, @kv.k {yoco.layer = "kv"} : tensor<?x8xf32> -> tensor<?x4xf32>
    %expanded_2 = tensor.expand_shape %26 [[0], [1, 2]] output_shape [%dim, 1, 4] {yoco.layer = "kv"} : tensor<?x4xf32> into tensor<?x1x4xf32>
    %27 = yoco.rope %expanded_2, %1 {rope = #rope, yoco.layer = "kv"} : tensor<?x1x4xf32>
    %28 = yoco.linear %25, @kv.v {yoco.layer = "kv"} : tensor<?x8xf32> -> tensor<?x4xf32>
    %expanded_3 = tensor.expand_shape %28 [[0], [1, 2]] output_shape [%dim, 1, 4] {yoco.layer = "kv"} : tensor<?x4xf32> into tensor<?x1x4xf32>
    %29 = yoco.narrow %24 at %arg1 to %0 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %30 = yoco.norm %29 weight @cross.0.mixer_norm {eps = 9.99999974E-6 : f32, yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %31 = yoco.linear %30, @cross.0.q {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %dim_4 = tensor.dim %31, %c0 : tensor<?x8xf32>
    %expanded_5 = tensor.expand_shape %31 [[0], [1, 2]] output_shape [%dim_4, 2, 4] {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %32 = yoco.positions %arg0 at %0 {yoco.layer = "embed"} : tensor<?xi32>
    %33 = yoco.rope %expanded_5, %32 {rope = #rope, yoco.layer = "cross_decoder.0"} : tensor<?x2x4xf32>
    %34 = yoco.cache_write %arg3, %27 at %arg1 {yoco.layer = "kv"} : tensor<?x1x4xf32> -> <heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %35 = yoco.cache_write %arg4, %expanded_3 at %arg1 {yoco.layer = "kv"} : tensor<?x1x4xf32> -> <heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %36 = yoco.cache_read %34 at %0 {yoco.layer = "cross_decoder.0"} : <heads = 1, width = 4, element = f32, window = 0, layout = contiguous> -> tensor<?x1x4xf32>
    %37 = yoco.cache_read %35 at %0 {yoco.layer = "cross_decoder.0"} : <heads = 1, width = 4, element = f32, window = 0, layout = contiguous> -> tensor<?x1x4xf32>
    %38 = yoco.step_attention %33 at %0 past(%36, %37) {scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x2x4xf32>
    %collapsed_6 = tensor.collapse_shape %38 [[0], [1, 2]] {yoco.layer = "cross_decoder.0"} : tensor<?x2x4xf32> into tensor<?x8xf32>
    %39 = yoco.linear %collapsed_6, @cross.0.out {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %40 = arith.addf %29, %39 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %41 = yoco.norm %40 weight @cross.0.ffn_norm {eps = 9.99999974E-6 : f32, yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %42 = yoco.linear %41, @cross.0.fc1 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %43 = yoco.silu %42 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32>
    %44 = yoco.linear %41, @cross.0.gate {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %45 = arith.mulf %43, %44 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32>
    %46 = yoco.linear %45, @cross.0.fc2 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32> -> tensor<?x8xf32>
    %47 = arith.addf %40, %46 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %48 = yoco.norm %47 weight @norm {eps = 9.99999974E-6 : f32, yoco.layer = "head"} : tensor<?x8xf32>
    %49 = yoco.linear %48, @output {yoco.layer = "head"} : tensor<?x8xf32> -> tensor<?x32xf32>
    return %49, %next, %34, %35 : tensor<?x32xf32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
  }
  func.func @extend_sample(%arg0: tensor<?xi32>, %arg1: !yoco.segments, %arg2: !yoco.state<2x4x4xf32> {yoco.state = @state_0}, %arg3: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @keys_0}, %arg4: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @values_0}) -> (tensor<?xi32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, sampled = from w-0>} {
    %0 = yoco.narrow_segments %arg1 {halo = 0 : i64}
    %c0 = arith.constant {yoco.layer = "embed"} 0 : index
    %dim = tensor.dim {yoco.layer = "embed"} %arg0, %c0 : tensor<?xi32>
    %1 = yoco.positions %arg0 at %arg1 {yoco.layer = "embed"} : tensor<?xi32>
    %2 = yoco.embed %arg0, @embed {scale = 2.82842708 : f32, yoco.layer = "embed"} : tensor<?x8xf32>
    %3 = yoco.norm %2 weight @self.0.mixer_norm {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %4 = yoco.linear %3, @self.0.q {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded = tensor.expand_shape %4 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %5 = yoco.rope %expanded, %1 {rope = #rope, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %6 = yoco.linear %3, @self.0.k {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded_0 = tensor.expand_shape %6 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %7 = yoco.rope %expanded_0, %1 {rope = #rope, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %8 = yoco.linear %3, @self.0.v {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded_1 = tensor.expand_shape %8 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %9 = yoco.linear %3, @self.0.g {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %10 = yoco.linear %3, @self.0.gt {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x2xf32>
    %11 = yoco.log_sigmoid %10 {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %cst = arith.constant {yoco.layer = "self_decoder.0"} 1.600000e+01 : f32
    %splat = tensor.splat %cst[%dim] {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %12 = arith.divf %11, %splat {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %result, %next = yoco.step_retention %5, %7, %expanded_1, %12 at %arg1 from %arg2 {scale = 5.000000e-01 : f32, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, <2x4x4xf32> -> tensor<?x2x4xf32>
    %13 = yoco.norm %result {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %collapsed = tensor.collapse_shape %13 [[0], [1, 2]] {yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32> into tensor<?x8xf32>
    %14 = yoco.silu %9 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %15 = arith.mulf %14, %collapsed {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %16 = yoco.linear %15, @self.0.out {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %17 = arith.addf %2, %16 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %18 = yoco.norm %17 weight @self.0.ffn_norm {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %19 = yoco.linear %18, @self.0.fc1 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %20 = yoco.silu %19 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32>
    %21 = yoco.linear %18, @self.0.gate {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %22 = arith.mulf %20, %21 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32>
    %23 = yoco.linear %22, @self.0.fc2 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32> -> tensor<?x8xf32>
    %24 = arith.addf %17, %23 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %25 = yoco.norm %24 weight @kv.norm {eps = 9.99999974E-6 : f32, yoco.layer = "kv"} : tensor<?x8xf32>
    %26 = yoco.linear %25, @kv.k {yoco.layer = "kv"} : tensor<?x8xf32> -> tensor<?x4xf32>
    %expanded_2 = tensor.expand_shape %26 [[0], [1, 2]] output_shape [%dim, 1, 4] {yoco.layer = "kv"} : tensor<?x4xf32> into tensor<?x1x4xf32>
    %27 = yoco.rope %expanded_2, %1 {rope = #rope, yoco.layer = "kv"} : tensor<?x1x4xf32>
    %28 = yoco.linear %25, @kv.v {yoco.layer = "kv"} : tensor<?x8xf32> -> tensor<?x4xf32>
    %expanded_3 = tensor.expand_shape %28 [[0], [1, 2]] output_shape [%dim, 1, 4] {yoco.layer = "kv"} : tensor<?x4xf32> into tensor<?x1x4xf32>
    %29 = yoco.narrow %24 at %arg1 to %0 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %30 = yoco.norm %29 weight @cross.0.mixer_norm {eps = 9.99999974E-6 : f32, yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %31 = yoco.linear %30, @cross.0.q {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %dim_4 = tensor.dim %31, %c0 : tensor<?x8xf32>
    %expanded_5 = tensor.expand_shape %31 [[0], [1, 2]] output_shape [%dim_4, 2, 4] {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %32 = yoco.positions %arg0 at %0 {yoco.layer = "embed"} : tensor<?xi32>
    %33 = yoco.rope %expanded_5, %32 {rope = #rope, yoco.layer = "cross_decoder.0"} : tensor<?x2x4xf32>
    %34 = yoco.cache_write %arg3, %27 at %arg1 {yoco.layer = "kv"} : tensor<?x1x4xf32> -> <heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %35 = yoco.cache_write %arg4, %expanded_3 at %arg1 {yoco.layer = "kv"} : tensor<?x1x4xf32> -> <heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %36 = yoco.cache_read %34 at %0 {yoco.layer = "cross_decoder.0"} : <heads = 1, width = 4, element = f32, window = 0, layout = contiguous> -> tensor<?x1x4xf32>
    %37 = yoco.cache_read %35 at %0 {yoco.layer = "cross_decoder.0"} : <heads = 1, width = 4, element = f32, window = 0, layout = contiguous> -> tensor<?x1x4xf32>
    %38 = yoco.step_attention %33 at %0 past(%36, %37) {scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x2x4xf32>
    %collapsed_6 = tensor.collapse_shape %38 [[0], [1, 2]] {yoco.layer = "cross_decoder.0"} : tensor<?x2x4xf32> into tensor<?x8xf32>
    %39 = yoco.linear %collapsed_6, @cross.0.out {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %40 = arith.addf %29, %39 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %41 = yoco.norm %40 weight @cross.0.ffn_norm {eps = 9.99999974E-6 : f32, yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %42 = yoco.linear %41, @cross.0.fc1 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %43 = yoco.silu %42 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32>
    %44 = yoco.linear %41, @cross.0.gate {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %45 = arith.mulf %43, %44 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32>
    %46 = yoco.linear %45, @cross.0.fc2 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32> -> tensor<?x8xf32>
    %47 = arith.addf %40, %46 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %48 = yoco.norm %47 weight @norm {eps = 9.99999974E-6 : f32, yoco.layer = "head"} : tensor<?x8xf32>
    %49 = yoco.linear %48, @output {yoco.layer = "head"} : tensor<?x8xf32> -> tensor<?x32xf32>
    %50 = yoco.argmax %49 {yoco.layer = "head"} : tensor<?x32xf32> -> tensor<?xi32>
    return %50, %next, %34, %35 : tensor<?xi32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
  }
  func.func @extend_logprobs(%arg0: tensor<?xi32>, %arg1: !yoco.segments, %arg2: tensor<?xi32>, %arg3: !yoco.state<2x4x4xf32> {yoco.state = @state_0}, %arg4: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @keys_0}, %arg5: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @values_0}) -> (tensor<?x43xf32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logprobs = from w-0>} {
    %0 = yoco.narrow_segments %arg1 {halo = 0 : i64}
    %c0 = arith.constant {yoco.layer = "embed"} 0 : index
    %dim = tensor.dim {yoco.layer = "embed"} %arg0, %c0 : tensor<?xi32>
    %1 = yoco.positions %arg0 at %arg1 {yoco.layer = "embed"} : tensor<?xi32>
    %2 = yoco.embed %arg0, @embed {scale = 2.82842708 : f32, yoco.layer = "embed"} : tensor<?x8xf32>
    %3 = yoco.norm %2 weight @self.0.mixer_norm {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %4 = yoco.linear %3, @self.0.q {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded = tensor.expand_shape %4 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %5 = yoco.rope %expanded, %1 {rope = #rope, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %6 = yoco.linear %3, @self.0.k {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded_0 = tensor.expand_shape %6 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %7 = yoco.rope %expanded_0, %1 {rope = #rope, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %8 = yoco.linear %3, @self.0.v {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %expanded_1 = tensor.expand_shape %8 [[0], [1, 2]] output_shape [%dim, 2, 4] {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %9 = yoco.linear %3, @self.0.g {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %10 = yoco.linear %3, @self.0.gt {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x2xf32>
    %11 = yoco.log_sigmoid %10 {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %cst = arith.constant {yoco.layer = "self_decoder.0"} 1.600000e+01 : f32
    %splat = tensor.splat %cst[%dim] {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %12 = arith.divf %11, %splat {yoco.layer = "self_decoder.0"} : tensor<?x2xf32>
    %result, %next = yoco.step_retention %5, %7, %expanded_1, %12 at %arg1 from %arg3 {scale = 5.000000e-01 : f32, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, <2x4x4xf32> -> tensor<?x2x4xf32>
    %13 = yoco.norm %result {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32>
    %collapsed = tensor.collapse_shape %13 [[0], [1, 2]] {yoco.layer = "self_decoder.0"} : tensor<?x2x4xf32> into tensor<?x8xf32>
    %14 = yoco.silu %9 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %15 = arith.mulf %14, %collapsed {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %16 = yoco.linear %15, @self.0.out {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %17 = arith.addf %2, %16 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %18 = yoco.norm %17 weight @self.0.ffn_norm {eps = 9.99999974E-6 : f32, yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %19 = yoco.linear %18, @self.0.fc1 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %20 = yoco.silu %19 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32>
    %21 = yoco.linear %18, @self.0.gate {yoco.layer = "self_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %22 = arith.mulf %20, %21 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32>
    %23 = yoco.linear %22, @self.0.fc2 {yoco.layer = "self_decoder.0"} : tensor<?x12xf32> -> tensor<?x8xf32>
    %24 = arith.addf %17, %23 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %25 = yoco.norm %24 weight @kv.norm {eps = 9.99999974E-6 : f32, yoco.layer = "kv"} : tensor<?x8xf32>
    %26 = yoco.linear %25, @kv.k {yoco.layer = "kv"} : tensor<?x8xf32> -> tensor<?x4xf32>
    %expanded_2 = tensor.expand_shape %26 [[0], [1, 2]] output_shape [%dim, 1, 4] {yoco.layer = "kv"} : tensor<?x4xf32> into tensor<?x1x4xf32>
    %27 = yoco.rope %expanded_2, %1 {rope = #rope, yoco.layer = "kv"} : tensor<?x1x4xf32>
    %28 = yoco.linear %25, @kv.v {yoco.layer = "kv"} : tensor<?x8xf32> -> tensor<?x4xf32>
    %expanded_3 = tensor.expand_shape %28 [[0], [1, 2]] output_shape [%dim, 1, 4] {yoco.layer = "kv"} : tensor<?x4xf32> into tensor<?x1x4xf32>
    %29 = yoco.narrow %24 at %arg1 to %0 {yoco.layer = "self_decoder.0"} : tensor<?x8xf32>
    %30 = yoco.norm %29 weight @cross.0.mixer_norm {eps = 9.99999974E-6 : f32, yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %31 = yoco.linear %30, @cross.0.q {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %dim_4 = tensor.dim %31, %c0 : tensor<?x8xf32>
    %expanded_5 = tensor.expand_shape %31 [[0], [1, 2]] output_shape [%dim_4, 2, 4] {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> into tensor<?x2x4xf32>
    %32 = yoco.positions %arg0 at %0 {yoco.layer = "embed"} : tensor<?xi32>
    %33 = yoco.rope %expanded_5, %32 {rope = #rope, yoco.layer = "cross_decoder.0"} : tensor<?x2x4xf32>
    %34 = yoco.cache_write %arg4, %27 at %arg1 {yoco.layer = "kv"} : tensor<?x1x4xf32> -> <heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %35 = yoco.cache_write %arg5, %expanded_3 at %arg1 {yoco.layer = "kv"} : tensor<?x1x4xf32> -> <heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %36 = yoco.cache_read %34 at %0 {yoco.layer = "cross_decoder.0"} : <heads = 1, width = 4, element = f32, window = 0, layout = contiguous> -> tensor<?x1x4xf32>
    %37 = yoco.cache_read %35 at %0 {yoco.layer = "cross_decoder.0"} : <heads = 1, width = 4, element = f32, window = 0, layout = contiguous> -> tensor<?x1x4xf32>
    %38 = yoco.step_attention %33 at %0 past(%36, %37) {scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (tensor<?x2x4xf32>, !yoco.segments, tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x2x4xf32>
    %collapsed_6 = tensor.collapse_shape %38 [[0], [1, 2]] {yoco.layer = "cross_decoder.0"} : tensor<?x2x4xf32> into tensor<?x8xf32>
    %39 = yoco.linear %collapsed_6, @cross.0.out {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x8xf32>
    %40 = arith.addf %29, %39 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %41 = yoco.norm %40 weight @cross.0.ffn_norm {eps = 9.99999974E-6 : f32, yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %42 = yoco.linear %41, @cross.0.fc1 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %43 = yoco.silu %42 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32>
    %44 = yoco.linear %41, @cross.0.gate {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32> -> tensor<?x12xf32>
    %45 = arith.mulf %43, %44 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32>
    %46 = yoco.linear %45, @cross.0.fc2 {yoco.layer = "cross_decoder.0"} : tensor<?x12xf32> -> tensor<?x8xf32>
    %47 = arith.addf %40, %46 {yoco.layer = "cross_decoder.0"} : tensor<?x8xf32>
    %48 = yoco.norm %47 weight @norm {eps = 9.99999974E-6 : f32, yoco.layer = "head"} : tensor<?x8xf32>
    %49 = yoco.linear %48, @output {yoco.layer = "head"} : tensor<?x8xf32> -> tensor<?x32xf32>
    %50 = yoco.narrow %arg2 at %arg1 to %0 : tensor<?xi32>
    %51 = yoco.row_logprobs %49, %50 {best = 20 : i64, yoco.layer = "head"} : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x43xf32>
    return %51, %next, %34, %35 : tensor<?x43xf32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
  }
}

