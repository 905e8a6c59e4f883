#rope = #yoco.rope<interleaved, [1.000000e+00, 9.99999974E-5]>
module attributes {yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 16, wanted = 256>, yoco.phase = #yoco.phase<fused>, yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
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
    %c0 = arith.constant 0 : index
    %0 = yoco.fused_positions %arg0 at %arg1 {yoco.layer = "embed"} : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
    %1 = yoco.fused_embed %arg0 table @embed {scale = 2.82842708 : f32, yoco.layer = "embed"} : (tensor<?xi32>) -> tensor<?x8xf32>
    %2 = yoco.fused_linear %1 weights [@self.0.q, @self.0.k, @self.0.v, @self.0.g, @self.0.gt] {eps = 9.99999974E-6 : f32, norm_weight = @self.0.mixer_norm, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x34xf32>
    %dim = tensor.dim %arg0, %c0 : tensor<?xi32>
    %extracted_slice = tensor.extract_slice %2[0, 0] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_0 = tensor.extract_slice %2[0, 8] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_1 = tensor.extract_slice %2[0, 16] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_2 = tensor.extract_slice %2[0, 24] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_3 = tensor.extract_slice %2[0, 32] [%dim, 2] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x2xf32>
    %3:2 = yoco.fused_retention %extracted_slice, %extracted_slice_0, %extracted_slice_1, %extracted_slice_3 at %0, %arg1 from %arg2 swish %extracted_slice_2 {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #rope, scale = 5.000000e-01 : f32, span = 64 : i64, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
    %4 = yoco.fused_linear %3#0 residual %1 weights [@self.0.out] {yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %5 = yoco.fused_linear %4 weights [@self.0.fc1, @self.0.gate] {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @self.0.ffn_norm, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x12xf32>
    %6 = yoco.fused_linear %5 residual %4 weights [@self.0.fc2] {yoco.layer = "self_decoder.0"} : (tensor<?x12xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %7 = yoco.fused_linear %6 weights [@kv.k, @kv.v] {eps = 9.99999974E-6 : f32, norm_weight = @kv.norm, yoco.layer = "kv"} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %extracted_slice_4 = tensor.extract_slice %7[0, 0] [%dim, 4] [1, 1] {yoco.layer = "kv"} : tensor<?x8xf32> to tensor<?x4xf32>
    %extracted_slice_5 = tensor.extract_slice %7[0, 4] [%dim, 4] [1, 1] {yoco.layer = "kv"} : tensor<?x8xf32> to tensor<?x4xf32>
    %8:2 = yoco.fused_cache_write %extracted_slice_4, %extracted_slice_5 at %0, %arg1 to %arg3, %arg4 {rope = #rope, yoco.layer = "kv"} : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> (!yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>)
    return %3#1, %8#0, %8#1 : !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
  }
  func.func @decode(%arg0: tensor<?xi32>, %arg1: !yoco.segments, %arg2: !yoco.state<2x4x4xf32> {yoco.state = @state_0}, %arg3: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @keys_0}, %arg4: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @values_0}) -> (tensor<?x32xf32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %c0 = arith.constant 0 : index
    %0 = yoco.fused_positions %arg0 at %arg1 {yoco.layer = "embed"} : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
    %1 = yoco.fused_embed %arg0 table @embed {scale = 2.82842708 : f32, yoco.layer = "embed"} : (tensor<?xi32>) -> tensor<?x8xf32>
    %2 = yoco.fused_linear %1 weights [@self.0.q, @self.0.k, @self.0.v, @self.0.g, @self.0.gt] {eps = 9.99999974E-6 : f32, norm_weight = @self.0.mixer_norm, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x34xf32>
    %dim = tensor.dim %arg0, %c0 : tensor<?xi32>
    %extracted_slice = tensor.extract_slice %2[0, 0] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_0 = tensor.extract_slice %2[0, 8] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_1 = tensor.extract_slice %2[0, 16] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_2 = tensor.extract_slice %2[0, 24] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_3 = tensor.extract_slice %2[0, 32] [%dim, 2] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x2xf32>
    %3:2 = yoco.fused_retention %extracted_slice, %extracted_slice_0, %extracted_slice_1, %extracted_slice_3 at %0, %arg1 from %arg2 swish %extracted_slice_2 {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #rope, scale = 5.000000e-01 : f32, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
    %4 = yoco.fused_linear %3#0 residual %1 weights [@self.0.out] {yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %5 = yoco.fused_linear %4 weights [@self.0.fc1, @self.0.gate] {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @self.0.ffn_norm, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x12xf32>
    %6 = yoco.fused_linear %5 residual %4 weights [@self.0.fc2] {yoco.layer = "self_decoder.0"} : (tensor<?x12xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %7 = yoco.fused_linear %6 weights [@kv.k, @kv.v] {eps = 9.99999974E-6 : f32, norm_weight = @kv.norm, yoco.layer = "kv"} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %extracted_slice_4 = tensor.extract_slice %7[0, 0] [%dim, 4] [1, 1] {yoco.layer = "kv"} : tensor<?x8xf32> to tensor<?x4xf32>
    %extracted_slice_5 = tensor.extract_slice %7[0, 4] [%dim, 4] [1, 1] {yoco.layer = "kv"} : tensor<?x8xf32> to tensor<?x4xf32>
    %8 = yoco.fused_linear %6 weights [@cross.0.q] {eps = 9.99999974E-6 : f32, norm_weight = @cross.0.mixer_norm, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %9:2 = yoco.fused_cache_write %extracted_slice_4, %extracted_slice_5 at %0, %arg1 to %arg3, %arg4 {rope = #rope, yoco.layer = "kv"} : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> (!yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>)
    %10 = yoco.fused_attention %8 at %0, %arg1 to %9#0, %9#1 {heads = 2 : i64, rope = #rope, scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> tensor<?x8xf32>
    %11 = yoco.fused_linear %10 residual %6 weights [@cross.0.out] {yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %12 = yoco.fused_linear %11 weights [@cross.0.fc1, @cross.0.gate] {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @cross.0.ffn_norm, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x12xf32>
    %13 = yoco.fused_linear %12 residual %11 weights [@cross.0.fc2] {yoco.layer = "cross_decoder.0"} : (tensor<?x12xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %14 = yoco.fused_linear %13 weights [@output] {eps = 9.99999974E-6 : f32, norm_weight = @norm, yoco.layer = "head"} : (tensor<?x8xf32>) -> tensor<?x32xf32>
    return %14, %3#1, %9#0, %9#1 : tensor<?x32xf32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
  }
  func.func @score(%arg0: tensor<?xi32>, %arg1: !yoco.segments, %arg2: !yoco.state<2x4x4xf32> {yoco.state = @state_0}, %arg3: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @keys_0}, %arg4: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @values_0}) -> (tensor<?x32xf32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = wanted, logits = all>} {
    %c0 = arith.constant 0 : index
    %0 = yoco.fused_positions %arg0 at %arg1 {yoco.layer = "embed"} : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
    %1 = yoco.fused_embed %arg0 table @embed {scale = 2.82842708 : f32, yoco.layer = "embed"} : (tensor<?xi32>) -> tensor<?x8xf32>
    %2 = yoco.fused_linear %1 weights [@self.0.q, @self.0.k, @self.0.v, @self.0.g, @self.0.gt] {eps = 9.99999974E-6 : f32, norm_weight = @self.0.mixer_norm, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x34xf32>
    %dim = tensor.dim %arg0, %c0 : tensor<?xi32>
    %extracted_slice = tensor.extract_slice %2[0, 0] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_0 = tensor.extract_slice %2[0, 8] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_1 = tensor.extract_slice %2[0, 16] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_2 = tensor.extract_slice %2[0, 24] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_3 = tensor.extract_slice %2[0, 32] [%dim, 2] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x2xf32>
    %3:2 = yoco.fused_retention %extracted_slice, %extracted_slice_0, %extracted_slice_1, %extracted_slice_3 at %0, %arg1 from %arg2 swish %extracted_slice_2 {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #rope, scale = 5.000000e-01 : f32, span = 64 : i64, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
    %4 = yoco.fused_linear %3#0 residual %1 weights [@self.0.out] {yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %5 = yoco.fused_linear %4 weights [@self.0.fc1, @self.0.gate] {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @self.0.ffn_norm, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x12xf32>
    %6 = yoco.fused_linear %5 residual %4 weights [@self.0.fc2] {yoco.layer = "self_decoder.0"} : (tensor<?x12xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %7 = yoco.fused_linear %6 weights [@kv.k, @kv.v] {eps = 9.99999974E-6 : f32, norm_weight = @kv.norm, yoco.layer = "kv"} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %extracted_slice_4 = tensor.extract_slice %7[0, 0] [%dim, 4] [1, 1] {yoco.layer = "kv"} : tensor<?x8xf32> to tensor<?x4xf32>
    %extracted_slice_5 = tensor.extract_slice %7[0, 4] [%dim, 4] [1, 1] {yoco.layer = "kv"} : tensor<?x8xf32> to tensor<?x4xf32>
    %8 = yoco.fused_linear %6 weights [@cross.0.q] {eps = 9.99999974E-6 : f32, norm_weight = @cross.0.mixer_norm, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %9:2 = yoco.fused_cache_write %extracted_slice_4, %extracted_slice_5 at %0, %arg1 to %arg3, %arg4 {rope = #rope, yoco.layer = "kv"} : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> (!yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>)
    %10 = yoco.fused_attention %8 at %0, %arg1 to %9#0, %9#1 {heads = 2 : i64, rope = #rope, scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> tensor<?x8xf32>
    %11 = yoco.fused_linear %10 residual %6 weights [@cross.0.out] {yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %12 = yoco.fused_linear %11 weights [@cross.0.fc1, @cross.0.gate] {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @cross.0.ffn_norm, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x12xf32>
    %13 = yoco.fused_linear %12 residual %11 weights [@cross.0.fc2] {yoco.layer = "cross_decoder.0"} : (tensor<?x12xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %14 = yoco.fused_linear %13 weights [@output] {eps = 9.99999974E-6 : f32, norm_weight = @norm, yoco.layer = "head"} : (tensor<?x8xf32>) -> tensor<?x32xf32>
    return %14, %3#1, %9#0, %9#1 : tensor<?x32xf32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
  }
  func.func @sample(%arg0: tensor<?xi32>, %arg1: !yoco.segments, %arg2: !yoco.state<2x4x4xf32> {yoco.state = @state_0}, %arg3: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @keys_0}, %arg4: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @values_0}) -> (tensor<?xi32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, sampled = all>} {
    %c0 = arith.constant 0 : index
    %0 = yoco.fused_positions %arg0 at %arg1 {yoco.layer = "embed"} : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
    %1 = yoco.fused_embed %arg0 table @embed {scale = 2.82842708 : f32, yoco.layer = "embed"} : (tensor<?xi32>) -> tensor<?x8xf32>
    %2 = yoco.fused_linear %1 weights [@self.0.q, @self.0.k, @self.0.v, @self.0.g, @self.0.gt] {eps = 9.99999974E-6 : f32, norm_weight = @self.0.mixer_norm, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x34xf32>
    %dim = tensor.dim %arg0, %c0 : tensor<?xi32>
    %extracted_slice = tensor.extract_slice %2[0, 0] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_0 = tensor.extract_slice %2[0, 8] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_1 = tensor.extract_slice %2[0, 16] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_2 = tensor.extract_slice %2[0, 24] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_3 = tensor.extract_slice %2[0, 32] [%dim, 2] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x2xf32>
    %3:2 = yoco.fused_retention %extracted_slice, %extracted_slice_0, %extracted_slice_1, %extracted_slice_3 at %0, %arg1 from %arg2 swish %extracted_slice_2 {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #rope, scale = 5.000000e-01 : f32, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
    %4 = yoco.fused_linear %3#0 residual %1 weights [@self.0.out] {yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %5 = yoco.fused_linear %4 weights [@self.0.fc1, @self.0.gate] {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @self.0.ffn_norm, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x12xf32>
    %6 = yoco.fused_linear %5 residual %4 weights [@self.0.fc2] {yoco.layer = "self_decoder.0"} : (tensor<?x12xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %7 = yoco.fused_linear %6 weights [@kv.k, @kv.v] {eps = 9.99999974E-6 : f32, norm_weight = @kv.norm, yoco.layer = "kv"} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %extracted_slice_4 = tensor.extract_slice %7[0, 0] [%dim, 4] [1, 1] {yoco.layer = "kv"} : tensor<?x8xf32> to tensor<?x4xf32>
    %extracted_slice_5 = tensor.extract_slice %7[0, 4] [%dim, 4] [1, 1] {yoco.layer = "kv"} : tensor<?x8xf32> to tensor<?x4xf32>
    %8 = yoco.fused_linear %6 weights [@cross.0.q] {eps = 9.99999974E-6 : f32, norm_weight = @cross.0.mixer_norm, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %9:2 = yoco.fused_cache_write %extracted_slice_4, %extracted_slice_5 at %0, %arg1 to %arg3, %arg4 {rope = #rope, yoco.layer = "kv"} : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> (!yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>)
    %10 = yoco.fused_attention %8 at %0, %arg1 to %9#0, %9#1 {heads = 2 : i64, rope = #rope, scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> tensor<?x8xf32>
    %11 = yoco.fused_linear %10 residual %6 weights [@cross.0.out] {yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %12 = yoco.fused_linear %11 weights [@cross.0.fc1, @cross.0.gate] {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @cross.0.ffn_norm, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x12xf32>
    %13 = yoco.fused_linear %12 residual %11 weights [@cross.0.fc2] {yoco.layer = "cross_decoder.0"} : (tensor<?x12xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %14 = yoco.fused_linear %13 weights [@output] {eps = 9.99999974E-6 : f32, norm_weight = @norm, yoco.layer = "head"} : (tensor<?x8xf32>) -> tensor<?x32xf32>
    %15 = yoco.fused_argmax %14 {yoco.layer = "head"} : (tensor<?x32xf32>) -> tensor<?xi32>
    return %15, %3#1, %9#0, %9#1 : tensor<?xi32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
  }
  func.func @extend(%arg0: tensor<?xi32>, %arg1: !yoco.segments, %arg2: !yoco.state<2x4x4xf32> {yoco.state = @state_0}, %arg3: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @keys_0}, %arg4: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @values_0}) -> (tensor<?x32xf32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
    %c0 = arith.constant 0 : index
    %0 = yoco.fused_positions %arg0 at %arg1 {yoco.layer = "embed"} : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
    %1 = yoco.narrow_segments %arg1 {halo = 0 : i64}
    %2 = yoco.fused_positions %arg0 at %1 {yoco.layer = "embed"} : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
    %3 = yoco.fused_embed %arg0 table @embed {scale = 2.82842708 : f32, yoco.layer = "embed"} : (tensor<?xi32>) -> tensor<?x8xf32>
    %4 = yoco.fused_linear %3 weights [@self.0.q, @self.0.k, @self.0.v, @self.0.g, @self.0.gt] {eps = 9.99999974E-6 : f32, norm_weight = @self.0.mixer_norm, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x34xf32>
    %dim = tensor.dim %arg0, %c0 : tensor<?xi32>
    %extracted_slice = tensor.extract_slice %4[0, 0] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_0 = tensor.extract_slice %4[0, 8] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_1 = tensor.extract_slice %4[0, 16] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_2 = tensor.extract_slice %4[0, 24] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_3 = tensor.extract_slice %4[0, 32] [%dim, 2] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x2xf32>
    %5:2 = yoco.fused_retention %extracted_slice, %extracted_slice_0, %extracted_slice_1, %extracted_slice_3 at %0, %arg1 from %arg2 swish %extracted_slice_2 {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #rope, scale = 5.000000e-01 : f32, span = 64 : i64, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
    %6 = yoco.fused_linear %5#0 residual %3 weights [@self.0.out] {yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %7 = yoco.fused_linear %6 weights [@self.0.fc1, @self.0.gate] {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @self.0.ffn_norm, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x12xf32>
    %8 = yoco.fused_linear %7 residual %6 weights [@self.0.fc2] {yoco.layer = "self_decoder.0"} : (tensor<?x12xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %9 = yoco.fused_linear %8 weights [@kv.k, @kv.v] {eps = 9.99999974E-6 : f32, norm_weight = @kv.norm, yoco.layer = "kv"} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %extracted_slice_4 = tensor.extract_slice %9[0, 0] [%dim, 4] [1, 1] {yoco.layer = "kv"} : tensor<?x8xf32> to tensor<?x4xf32>
    %extracted_slice_5 = tensor.extract_slice %9[0, 4] [%dim, 4] [1, 1] {yoco.layer = "kv"} : tensor<?x8xf32> to tensor<?x4xf32>
    %10 = yoco.fused_narrow %8 at %arg1 to %1 {yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>, !yoco.segments, !yoco.segments) -> tensor<?x8xf32>
    %11 = yoco.fused_linear %10 weights [@cross.0.q] {eps = 9.99999974E-6 : f32, norm_weight = @cross.0.mixer_norm, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %12:2 = yoco.fused_cache_write %extracted_slice_4, %extracted_slice_5 at %0, %arg1 to %arg3, %arg4 {rope = #rope, yoco.layer = "kv"} : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> (!yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>)
    %13 = yoco.fused_attention %11 at %2, %1 to %12#0, %12#1 {heads = 2 : i64, rope = #rope, scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> tensor<?x8xf32>
    %14 = yoco.fused_linear %13 residual %10 weights [@cross.0.out] {yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %15 = yoco.fused_linear %14 weights [@cross.0.fc1, @cross.0.gate] {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @cross.0.ffn_norm, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x12xf32>
    %16 = yoco.fused_linear %15 residual %14 weights [@cross.0.fc2] {yoco.layer = "cross_decoder.0"} : (tensor<?x12xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %17 = yoco.fused_linear %16 weights [@output] {eps = 9.99999974E-6 : f32, norm_weight = @norm, yoco.layer = "head"} : (tensor<?x8xf32>) -> tensor<?x32xf32>
    return %17, %5#1, %12#0, %12#1 : tensor<?x32xf32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
  }
  func.func @extend_sample(%arg0: tensor<?xi32>, %arg1: !yoco.segments, %arg2: !yoco.state<2x4x4xf32> {yoco.state = @state_0}, %arg3: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @keys_0}, %arg4: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @values_0}) -> (tensor<?xi32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, sampled = from w-0>} {
    %c0 = arith.constant 0 : index
    %0 = yoco.fused_positions %arg0 at %arg1 {yoco.layer = "embed"} : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
    %1 = yoco.narrow_segments %arg1 {halo = 0 : i64}
    %2 = yoco.fused_positions %arg0 at %1 {yoco.layer = "embed"} : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
    %3 = yoco.fused_embed %arg0 table @embed {scale = 2.82842708 : f32, yoco.layer = "embed"} : (tensor<?xi32>) -> tensor<?x8xf32>
    %4 = yoco.fused_linear %3 weights [@self.0.q, @self.0.k, @self.0.v, @self.0.g, @self.0.gt] {eps = 9.99999974E-6 : f32, norm_weight = @self.0.mixer_norm, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x34xf32>
    %dim = tensor.dim %arg0, %c0 : tensor<?xi32>
    %extracted_slice = tensor.extract_slice %4[0, 0] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_0 = tensor.extract_slice %4[0, 8] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_1 = tensor.extract_slice %4[0, 16] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_2 = tensor.extract_slice %4[0, 24] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_3 = tensor.extract_slice %4[0, 32] [%dim, 2] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x2xf32>
    %5:2 = yoco.fused_retention %extracted_slice, %extracted_slice_0, %extracted_slice_1, %extracted_slice_3 at %0, %arg1 from %arg2 swish %extracted_slice_2 {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #rope, scale = 5.000000e-01 : f32, span = 64 : i64, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
    %6 = yoco.fused_linear %5#0 residual %3 weights [@self.0.out] {yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %7 = yoco.fused_linear %6 weights [@self.0.fc1, @self.0.gate] {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @self.0.ffn_norm, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x12xf32>
    %8 = yoco.fused_linear %7 residual %6 weights [@self.0.fc2] {yoco.layer = "self_decoder.0"} : (tensor<?x12xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %9 = yoco.fused_linear %8 weights [@kv.k, @kv.v] {eps = 9.99999974E-6 : f32, norm_weight = @kv.norm, yoco.layer = "kv"} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %extracted_slice_4 = tensor.extract_slice %9[0, 0] [%dim, 4] [1, 1] {yoco.layer = "kv"} : tensor<?x8xf32> to tensor<?x4xf32>
    %extracted_slice_5 = tensor.extract_slice %9[0, 4] [%dim, 4] [1, 1] {yoco.layer = "kv"} : tensor<?x8xf32> to tensor<?x4xf32>
    %10 = yoco.fused_narrow %8 at %arg1 to %1 {yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>, !yoco.segments, !yoco.segments) -> tensor<?x8xf32>
    %11 = yoco.fused_linear %10 weights [@cross.0.q] {eps = 9.99999974E-6 : f32, norm_weight = @cross.0.mixer_norm, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %12:2 = yoco.fused_cache_write %extracted_slice_4, %extracted_slice_5 at %0, %arg1 to %arg3, %arg4 {rope = #rope, yoco.layer = "kv"} : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> (!yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>)
    %13 = yoco.fused_attention %11 at %2, %1 to %12#0, %12#1 {heads = 2 : i64, rope = #rope, scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> tensor<?x8xf32>
    %14 = yoco.fused_linear %13 residual %10 weights [@cross.0.out] {yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %15 = yoco.fused_linear %14 weights [@cross.0.fc1, @cross.0.gate] {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @cross.0.ffn_norm, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x12xf32>
    %16 = yoco.fused_linear %15 residual %14 weights [@cross.0.fc2] {yoco.layer = "cross_decoder.0"} : (tensor<?x12xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %17 = yoco.fused_linear %16 weights [@output] {eps = 9.99999974E-6 : f32, norm_weight = @norm, yoco.layer = "head"} : (tensor<?x8xf32>) -> tensor<?x32xf32>
    %18 = yoco.fused_argmax %17 {yoco.layer = "head"} : (tensor<?x32xf32>) -> tensor<?xi32>
    return %18, %5#1, %12#0, %12#1 : tensor<?xi32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
  }
  func.func @extend_logprobs(%arg0: tensor<?xi32>, %arg1: !yoco.segments, %arg2: tensor<?xi32>, %arg3: !yoco.state<2x4x4xf32> {yoco.state = @state_0}, %arg4: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @keys_0}, %arg5: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> {yoco.state = @values_0}) -> (tensor<?x43xf32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logprobs = from w-0>} {
    %c0 = arith.constant 0 : index
    %0 = yoco.fused_positions %arg0 at %arg1 {yoco.layer = "embed"} : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
    %1 = yoco.narrow_segments %arg1 {halo = 0 : i64}
    %2 = yoco.fused_positions %arg0 at %1 {yoco.layer = "embed"} : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
    %3 = yoco.fused_embed %arg0 table @embed {scale = 2.82842708 : f32, yoco.layer = "embed"} : (tensor<?xi32>) -> tensor<?x8xf32>
    %4 = yoco.fused_linear %3 weights [@self.0.q, @self.0.k, @self.0.v, @self.0.g, @self.0.gt] {eps = 9.99999974E-6 : f32, norm_weight = @self.0.mixer_norm, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x34xf32>
    %dim = tensor.dim %arg0, %c0 : tensor<?xi32>
    %extracted_slice = tensor.extract_slice %4[0, 0] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_0 = tensor.extract_slice %4[0, 8] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_1 = tensor.extract_slice %4[0, 16] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_2 = tensor.extract_slice %4[0, 24] [%dim, 8] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x8xf32>
    %extracted_slice_3 = tensor.extract_slice %4[0, 32] [%dim, 2] [1, 1] {yoco.layer = "self_decoder.0"} : tensor<?x34xf32> to tensor<?x2xf32>
    %5:2 = yoco.fused_retention %extracted_slice, %extracted_slice_0, %extracted_slice_1, %extracted_slice_3 at %0, %arg1 from %arg3 swish %extracted_slice_2 {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #rope, scale = 5.000000e-01 : f32, span = 64 : i64, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
    %6 = yoco.fused_linear %5#0 residual %3 weights [@self.0.out] {yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %7 = yoco.fused_linear %6 weights [@self.0.fc1, @self.0.gate] {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @self.0.ffn_norm, yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x12xf32>
    %8 = yoco.fused_linear %7 residual %6 weights [@self.0.fc2] {yoco.layer = "self_decoder.0"} : (tensor<?x12xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %9 = yoco.fused_linear %8 weights [@kv.k, @kv.v] {eps = 9.99999974E-6 : f32, norm_weight = @kv.norm, yoco.layer = "kv"} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %extracted_slice_4 = tensor.extract_slice %9[0, 0] [%dim, 4] [1, 1] {yoco.layer = "kv"} : tensor<?x8xf32> to tensor<?x4xf32>
    %extracted_slice_5 = tensor.extract_slice %9[0, 4] [%dim, 4] [1, 1] {yoco.layer = "kv"} : tensor<?x8xf32> to tensor<?x4xf32>
    %10 = yoco.fused_narrow %8 at %arg1 to %1 {yoco.layer = "self_decoder.0"} : (tensor<?x8xf32>, !yoco.segments, !yoco.segments) -> tensor<?x8xf32>
    %11 = yoco.fused_linear %10 weights [@cross.0.q] {eps = 9.99999974E-6 : f32, norm_weight = @cross.0.mixer_norm, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %12:2 = yoco.fused_cache_write %extracted_slice_4, %extracted_slice_5 at %0, %arg1 to %arg4, %arg5 {rope = #rope, yoco.layer = "kv"} : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> (!yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>)
    %13 = yoco.fused_attention %11 at %2, %1 to %12#0, %12#1 {heads = 2 : i64, rope = #rope, scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> tensor<?x8xf32>
    %14 = yoco.fused_linear %13 residual %10 weights [@cross.0.out] {yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %15 = yoco.fused_linear %14 weights [@cross.0.fc1, @cross.0.gate] {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @cross.0.ffn_norm, yoco.layer = "cross_decoder.0"} : (tensor<?x8xf32>) -> tensor<?x12xf32>
    %16 = yoco.fused_linear %15 residual %14 weights [@cross.0.fc2] {yoco.layer = "cross_decoder.0"} : (tensor<?x12xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    %17 = yoco.fused_linear %16 weights [@output] {eps = 9.99999974E-6 : f32, norm_weight = @norm, yoco.layer = "head"} : (tensor<?x8xf32>) -> tensor<?x32xf32>
    %18 = yoco.fused_narrow %arg2 at %arg1 to %1 : (tensor<?xi32>, !yoco.segments, !yoco.segments) -> tensor<?xi32>
    %19 = yoco.fused_logprobs %17, %18 {best = 20 : i64, yoco.layer = "head"} : (tensor<?x32xf32>, tensor<?xi32>) -> tensor<?x43xf32>
    return %19, %5#1, %12#0, %12#1 : tensor<?x43xf32>, !yoco.state<2x4x4xf32>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
  }
}

