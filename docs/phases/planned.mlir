#rope = #yoco.rope<interleaved, [1.000000e+00, 9.99999974E-5]>
module attributes {yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 16, wanted = 256>, yoco.phase = #yoco.phase<planned>, yoco.target = #yoco.target<"host", "x86-64-v3", f32>} {
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
  yoco.state_decl @state_0 : !yoco.state<2x4x4xf32> planes [#yoco.in_record<0>]
  yoco.state_decl @keys_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> planes [#yoco.size<0>]
  yoco.state_decl @values_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous> planes [#yoco.size<16 * seq * batch>]
  yoco.arena @persistent persistent [#yoco.size<16 * seq * batch + 16 * seq * batch + 128 * batch>] records at <16 * seq * batch + 16 * seq * batch> stride 128
  yoco.arena @scratch scratch [#yoco.size<64 * batch + 384 * chunk>, #yoco.size<448 * batch>, #yoco.size<64 * batch + 384 * wanted>, #yoco.size<448 * batch>, #yoco.size<128 * batch + 384 * chunk + 256 * wanted>, #yoco.size<128 * batch + 384 * chunk + 256 * wanted>, #yoco.size<128 * batch + 448 * chunk + 384 * wanted>]
  func.func @prefill() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    %0 = yoco.view @scratch at <64 * batch> size <64 * chunk> role ids : memref<?xi32>
    %c0 = arith.constant 0 : index
    %dim = memref.dim %0, %c0 : memref<?xi32>
    %1 = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
    %2 = yoco.state_ref @state_0 : !yoco.state<2x4x4xf32>
    %3 = yoco.state_ref @keys_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %4 = yoco.state_ref @values_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %5 = yoco.view @scratch at <64 * batch + 192 * chunk> size <64 * chunk> : memref<?xi32>
    yoco.fused_positions %0 at %1 outs %5 {yoco.layer = "embed"} : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
    %6 = yoco.view @scratch at <64 * batch + 256 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_embed %0 table @embed outs %6 {scale = 2.82842708 : f32, yoco.layer = "embed"} : (memref<?xi32>, memref<?x8xf32>) -> ()
    %7 = yoco.view @scratch at <64 * batch> size <192 * chunk> : memref<?x34xf32>
    yoco.fused_linear %6 weights [@self.0.q, @self.0.k, @self.0.v, @self.0.g, @self.0.gt] outs %7 {eps = 9.99999974E-6 : f32, norm_weight = @self.0.mixer_norm, yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x34xf32>) -> ()
    %subview = memref.subview %7[0, 0] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1]>>
    %subview_0 = memref.subview %7[0, 8] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 8>>
    %subview_1 = memref.subview %7[0, 16] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 16>>
    %subview_2 = memref.subview %7[0, 24] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 24>>
    %subview_3 = memref.subview %7[0, 32] [%dim, 2] [1, 1] : memref<?x34xf32> to memref<?x2xf32, strided<[34, 1], offset: 32>>
    %8 = yoco.view @scratch at <64 * batch + 320 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_retention %subview, %subview_0, %subview_1, %subview_3 at %5, %1 from %2 swish %subview_2 outs %8 {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #rope, scale = 5.000000e-01 : f32, span = 64 : i64, yoco.layer = "self_decoder.0"} : (memref<?x8xf32, strided<[34, 1]>>, memref<?x8xf32, strided<[34, 1], offset: 8>>, memref<?x8xf32, strided<[34, 1], offset: 16>>, memref<?x2xf32, strided<[34, 1], offset: 32>>, memref<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, memref<?x8xf32, strided<[34, 1], offset: 24>>, memref<?x8xf32>) -> ()
    %9 = yoco.view @scratch at <64 * batch> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_linear %8 residual %6 weights [@self.0.out] outs %9 {yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %10 = yoco.view @scratch at <64 * batch + 64 * chunk> size <64 * chunk> : memref<?x12xf32>
    yoco.fused_linear %9 weights [@self.0.fc1, @self.0.gate] outs %10 {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @self.0.ffn_norm, yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x12xf32>) -> ()
    %11 = yoco.view @scratch at <64 * batch + 128 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_linear %10 residual %9 weights [@self.0.fc2] outs %11 {yoco.layer = "self_decoder.0"} : (memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %12 = yoco.view @scratch at <64 * batch> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_linear %11 weights [@kv.k, @kv.v] outs %12 {eps = 9.99999974E-6 : f32, norm_weight = @kv.norm, yoco.layer = "kv"} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
    %subview_4 = memref.subview %12[0, 0] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1]>>
    %subview_5 = memref.subview %12[0, 4] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1], offset: 4>>
    yoco.fused_cache_write %subview_4, %subview_5 at %5, %1 to %3, %4 {rope = #rope, yoco.layer = "kv"} : (memref<?x4xf32, strided<[8, 1]>>, memref<?x4xf32, strided<[8, 1], offset: 4>>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> ()
    return
  }
  func.func @decode() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = all>} {
    %0 = yoco.view @scratch at <0> size <64 * batch> role ids : memref<?xi32>
    %c0 = arith.constant 0 : index
    %dim = memref.dim %0, %c0 : memref<?xi32>
    %1 = yoco.view @scratch at <192 * batch> size <16 * batch> role segments : !yoco.segments
    %2 = yoco.state_ref @state_0 : !yoco.state<2x4x4xf32>
    %3 = yoco.state_ref @keys_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %4 = yoco.state_ref @values_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %5 = yoco.view @scratch at <256 * batch> size <64 * batch> : memref<?xi32>
    yoco.fused_positions %0 at %1 outs %5 {yoco.layer = "embed"} : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
    %6 = yoco.view @scratch at <320 * batch> size <64 * batch> : memref<?x8xf32>
    yoco.fused_embed %0 table @embed outs %6 {scale = 2.82842708 : f32, yoco.layer = "embed"} : (memref<?xi32>, memref<?x8xf32>) -> ()
    %7 = yoco.view @scratch at <0> size <192 * batch> : memref<?x34xf32>
    yoco.fused_linear %6 weights [@self.0.q, @self.0.k, @self.0.v, @self.0.g, @self.0.gt] outs %7 {eps = 9.99999974E-6 : f32, norm_weight = @self.0.mixer_norm, yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x34xf32>) -> ()
    %subview = memref.subview %7[0, 0] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1]>>
    %subview_0 = memref.subview %7[0, 8] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 8>>
    %subview_1 = memref.subview %7[0, 16] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 16>>
    %subview_2 = memref.subview %7[0, 24] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 24>>
    %subview_3 = memref.subview %7[0, 32] [%dim, 2] [1, 1] : memref<?x34xf32> to memref<?x2xf32, strided<[34, 1], offset: 32>>
    %8 = yoco.view @scratch at <384 * batch> size <64 * batch> : memref<?x8xf32>
    yoco.fused_retention %subview, %subview_0, %subview_1, %subview_3 at %5, %1 from %2 swish %subview_2 outs %8 {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #rope, scale = 5.000000e-01 : f32, yoco.layer = "self_decoder.0"} : (memref<?x8xf32, strided<[34, 1]>>, memref<?x8xf32, strided<[34, 1], offset: 8>>, memref<?x8xf32, strided<[34, 1], offset: 16>>, memref<?x2xf32, strided<[34, 1], offset: 32>>, memref<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, memref<?x8xf32, strided<[34, 1], offset: 24>>, memref<?x8xf32>) -> ()
    %9 = yoco.view @scratch at <0> size <64 * batch> : memref<?x8xf32>
    yoco.fused_linear %8 residual %6 weights [@self.0.out] outs %9 {yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %10 = yoco.view @scratch at <64 * batch> size <64 * batch> : memref<?x12xf32>
    yoco.fused_linear %9 weights [@self.0.fc1, @self.0.gate] outs %10 {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @self.0.ffn_norm, yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x12xf32>) -> ()
    %11 = yoco.view @scratch at <128 * batch> size <64 * batch> : memref<?x8xf32>
    yoco.fused_linear %10 residual %9 weights [@self.0.fc2] outs %11 {yoco.layer = "self_decoder.0"} : (memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %12 = yoco.view @scratch at <0> size <64 * batch> : memref<?x8xf32>
    yoco.fused_linear %11 weights [@kv.k, @kv.v] outs %12 {eps = 9.99999974E-6 : f32, norm_weight = @kv.norm, yoco.layer = "kv"} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
    %subview_4 = memref.subview %12[0, 0] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1]>>
    %subview_5 = memref.subview %12[0, 4] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1], offset: 4>>
    %13 = yoco.view @scratch at <64 * batch> size <64 * batch> : memref<?x8xf32>
    yoco.fused_linear %11 weights [@cross.0.q] outs %13 {eps = 9.99999974E-6 : f32, norm_weight = @cross.0.mixer_norm, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
    yoco.fused_cache_write %subview_4, %subview_5 at %5, %1 to %3, %4 {rope = #rope, yoco.layer = "kv"} : (memref<?x4xf32, strided<[8, 1]>>, memref<?x4xf32, strided<[8, 1], offset: 4>>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> ()
    %14 = yoco.view @scratch at <0> size <64 * batch> : memref<?x8xf32>
    yoco.fused_attention %13 at %5, %1 to %3, %4 outs %14 {heads = 2 : i64, rope = #rope, scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, memref<?x8xf32>) -> ()
    %15 = yoco.view @scratch at <64 * batch> size <64 * batch> : memref<?x8xf32>
    yoco.fused_linear %14 residual %11 weights [@cross.0.out] outs %15 {yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %16 = yoco.view @scratch at <0> size <64 * batch> : memref<?x12xf32>
    yoco.fused_linear %15 weights [@cross.0.fc1, @cross.0.gate] outs %16 {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @cross.0.ffn_norm, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x12xf32>) -> ()
    %17 = yoco.view @scratch at <128 * batch> size <64 * batch> : memref<?x8xf32>
    yoco.fused_linear %16 residual %15 weights [@cross.0.fc2] outs %17 {yoco.layer = "cross_decoder.0"} : (memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %18 = yoco.view @scratch at <0> size <128 * batch> role logits : memref<?x32xf32>
    yoco.fused_linear %17 weights [@output] outs %18 {eps = 9.99999974E-6 : f32, norm_weight = @norm, yoco.layer = "head"} : (memref<?x8xf32>, memref<?x32xf32>) -> ()
    return
  }
  func.func @score() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = wanted, logits = all>} {
    %0 = yoco.view @scratch at <64 * batch> size <64 * wanted> role ids : memref<?xi32>
    %c0 = arith.constant 0 : index
    %dim = memref.dim %0, %c0 : memref<?xi32>
    %1 = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
    %2 = yoco.state_ref @state_0 : !yoco.state<2x4x4xf32>
    %3 = yoco.state_ref @keys_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %4 = yoco.state_ref @values_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %5 = yoco.view @scratch at <64 * batch + 192 * wanted> size <64 * wanted> : memref<?xi32>
    yoco.fused_positions %0 at %1 outs %5 {yoco.layer = "embed"} : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
    %6 = yoco.view @scratch at <64 * batch + 256 * wanted> size <64 * wanted> : memref<?x8xf32>
    yoco.fused_embed %0 table @embed outs %6 {scale = 2.82842708 : f32, yoco.layer = "embed"} : (memref<?xi32>, memref<?x8xf32>) -> ()
    %7 = yoco.view @scratch at <64 * batch> size <192 * wanted> : memref<?x34xf32>
    yoco.fused_linear %6 weights [@self.0.q, @self.0.k, @self.0.v, @self.0.g, @self.0.gt] outs %7 {eps = 9.99999974E-6 : f32, norm_weight = @self.0.mixer_norm, yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x34xf32>) -> ()
    %subview = memref.subview %7[0, 0] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1]>>
    %subview_0 = memref.subview %7[0, 8] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 8>>
    %subview_1 = memref.subview %7[0, 16] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 16>>
    %subview_2 = memref.subview %7[0, 24] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 24>>
    %subview_3 = memref.subview %7[0, 32] [%dim, 2] [1, 1] : memref<?x34xf32> to memref<?x2xf32, strided<[34, 1], offset: 32>>
    %8 = yoco.view @scratch at <64 * batch + 320 * wanted> size <64 * wanted> : memref<?x8xf32>
    yoco.fused_retention %subview, %subview_0, %subview_1, %subview_3 at %5, %1 from %2 swish %subview_2 outs %8 {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #rope, scale = 5.000000e-01 : f32, span = 64 : i64, yoco.layer = "self_decoder.0"} : (memref<?x8xf32, strided<[34, 1]>>, memref<?x8xf32, strided<[34, 1], offset: 8>>, memref<?x8xf32, strided<[34, 1], offset: 16>>, memref<?x2xf32, strided<[34, 1], offset: 32>>, memref<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, memref<?x8xf32, strided<[34, 1], offset: 24>>, memref<?x8xf32>) -> ()
    %9 = yoco.view @scratch at <64 * batch> size <64 * wanted> : memref<?x8xf32>
    yoco.fused_linear %8 residual %6 weights [@self.0.out] outs %9 {yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %10 = yoco.view @scratch at <64 * batch + 64 * wanted> size <64 * wanted> : memref<?x12xf32>
    yoco.fused_linear %9 weights [@self.0.fc1, @self.0.gate] outs %10 {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @self.0.ffn_norm, yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x12xf32>) -> ()
    %11 = yoco.view @scratch at <64 * batch + 128 * wanted> size <64 * wanted> : memref<?x8xf32>
    yoco.fused_linear %10 residual %9 weights [@self.0.fc2] outs %11 {yoco.layer = "self_decoder.0"} : (memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %12 = yoco.view @scratch at <64 * batch> size <64 * wanted> : memref<?x8xf32>
    yoco.fused_linear %11 weights [@kv.k, @kv.v] outs %12 {eps = 9.99999974E-6 : f32, norm_weight = @kv.norm, yoco.layer = "kv"} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
    %subview_4 = memref.subview %12[0, 0] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1]>>
    %subview_5 = memref.subview %12[0, 4] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1], offset: 4>>
    %13 = yoco.view @scratch at <64 * batch + 64 * wanted> size <64 * wanted> : memref<?x8xf32>
    yoco.fused_linear %11 weights [@cross.0.q] outs %13 {eps = 9.99999974E-6 : f32, norm_weight = @cross.0.mixer_norm, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
    yoco.fused_cache_write %subview_4, %subview_5 at %5, %1 to %3, %4 {rope = #rope, yoco.layer = "kv"} : (memref<?x4xf32, strided<[8, 1]>>, memref<?x4xf32, strided<[8, 1], offset: 4>>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> ()
    %14 = yoco.view @scratch at <64 * batch> size <64 * wanted> : memref<?x8xf32>
    yoco.fused_attention %13 at %5, %1 to %3, %4 outs %14 {heads = 2 : i64, rope = #rope, scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, memref<?x8xf32>) -> ()
    %15 = yoco.view @scratch at <64 * batch + 64 * wanted> size <64 * wanted> : memref<?x8xf32>
    yoco.fused_linear %14 residual %11 weights [@cross.0.out] outs %15 {yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %16 = yoco.view @scratch at <64 * batch> size <64 * wanted> : memref<?x12xf32>
    yoco.fused_linear %15 weights [@cross.0.fc1, @cross.0.gate] outs %16 {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @cross.0.ffn_norm, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x12xf32>) -> ()
    %17 = yoco.view @scratch at <64 * batch + 128 * wanted> size <64 * wanted> : memref<?x8xf32>
    yoco.fused_linear %16 residual %15 weights [@cross.0.fc2] outs %17 {yoco.layer = "cross_decoder.0"} : (memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %18 = yoco.view @scratch at <64 * batch> size <128 * wanted> role logits : memref<?x32xf32>
    yoco.fused_linear %17 weights [@output] outs %18 {eps = 9.99999974E-6 : f32, norm_weight = @norm, yoco.layer = "head"} : (memref<?x8xf32>, memref<?x32xf32>) -> ()
    return
  }
  func.func @sample() attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, sampled = all>} {
    %0 = yoco.view @scratch at <0> size <64 * batch> role ids : memref<?xi32>
    %c0 = arith.constant 0 : index
    %dim = memref.dim %0, %c0 : memref<?xi32>
    %1 = yoco.view @scratch at <192 * batch> size <16 * batch> role segments : !yoco.segments
    %2 = yoco.state_ref @state_0 : !yoco.state<2x4x4xf32>
    %3 = yoco.state_ref @keys_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %4 = yoco.state_ref @values_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %5 = yoco.view @scratch at <256 * batch> size <64 * batch> : memref<?xi32>
    yoco.fused_positions %0 at %1 outs %5 {yoco.layer = "embed"} : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
    %6 = yoco.view @scratch at <320 * batch> size <64 * batch> : memref<?x8xf32>
    yoco.fused_embed %0 table @embed outs %6 {scale = 2.82842708 : f32, yoco.layer = "embed"} : (memref<?xi32>, memref<?x8xf32>) -> ()
    %7 = yoco.view @scratch at <0> size <192 * batch> : memref<?x34xf32>
    yoco.fused_linear %6 weights [@self.0.q, @self.0.k, @self.0.v, @self.0.g, @self.0.gt] outs %7 {eps = 9.99999974E-6 : f32, norm_weight = @self.0.mixer_norm, yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x34xf32>) -> ()
    %subview = memref.subview %7[0, 0] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1]>>
    %subview_0 = memref.subview %7[0, 8] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 8>>
    %subview_1 = memref.subview %7[0, 16] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 16>>
    %subview_2 = memref.subview %7[0, 24] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 24>>
    %subview_3 = memref.subview %7[0, 32] [%dim, 2] [1, 1] : memref<?x34xf32> to memref<?x2xf32, strided<[34, 1], offset: 32>>
    %8 = yoco.view @scratch at <384 * batch> size <64 * batch> : memref<?x8xf32>
    yoco.fused_retention %subview, %subview_0, %subview_1, %subview_3 at %5, %1 from %2 swish %subview_2 outs %8 {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #rope, scale = 5.000000e-01 : f32, yoco.layer = "self_decoder.0"} : (memref<?x8xf32, strided<[34, 1]>>, memref<?x8xf32, strided<[34, 1], offset: 8>>, memref<?x8xf32, strided<[34, 1], offset: 16>>, memref<?x2xf32, strided<[34, 1], offset: 32>>, memref<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, memref<?x8xf32, strided<[34, 1], offset: 24>>, memref<?x8xf32>) -> ()
    %9 = yoco.view @scratch at <0> size <64 * batch> : memref<?x8xf32>
    yoco.fused_linear %8 residual %6 weights [@self.0.out] outs %9 {yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %10 = yoco.view @scratch at <64 * batch> size <64 * batch> : memref<?x12xf32>
    yoco.fused_linear %9 weights [@self.0.fc1, @self.0.gate] outs %10 {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @self.0.ffn_norm, yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x12xf32>) -> ()
    %11 = yoco.view @scratch at <128 * batch> size <64 * batch> : memref<?x8xf32>
    yoco.fused_linear %10 residual %9 weights [@self.0.fc2] outs %11 {yoco.layer = "self_decoder.0"} : (memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %12 = yoco.view @scratch at <0> size <64 * batch> : memref<?x8xf32>
    yoco.fused_linear %11 weights [@kv.k, @kv.v] outs %12 {eps = 9.99999974E-6 : f32, norm_weight = @kv.norm, yoco.layer = "kv"} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
    %subview_4 = memref.subview %12[0, 0] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1]>>
    %subview_5 = memref.subview %12[0, 4] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1], offset: 4>>
    %13 = yoco.view @scratch at <64 * batch> size <64 * batch> : memref<?x8xf32>
    yoco.fused_linear %11 weights [@cross.0.q] outs %13 {eps = 9.99999974E-6 : f32, norm_weight = @cross.0.mixer_norm, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
    yoco.fused_cache_write %subview_4, %subview_5 at %5, %1 to %3, %4 {rope = #rope, yoco.layer = "kv"} : (memref<?x4xf32, strided<[8, 1]>>, memref<?x4xf32, strided<[8, 1], offset: 4>>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> ()
    %14 = yoco.view @scratch at <0> size <64 * batch> : memref<?x8xf32>
    yoco.fused_attention %13 at %5, %1 to %3, %4 outs %14 {heads = 2 : i64, rope = #rope, scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, memref<?x8xf32>) -> ()
    %15 = yoco.view @scratch at <64 * batch> size <64 * batch> : memref<?x8xf32>
    yoco.fused_linear %14 residual %11 weights [@cross.0.out] outs %15 {yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %16 = yoco.view @scratch at <0> size <64 * batch> : memref<?x12xf32>
    yoco.fused_linear %15 weights [@cross.0.fc1, @cross.0.gate] outs %16 {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @cross.0.ffn_norm, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x12xf32>) -> ()
    %17 = yoco.view @scratch at <128 * batch> size <64 * batch> : memref<?x8xf32>
    yoco.fused_linear %16 residual %15 weights [@cross.0.fc2] outs %17 {yoco.layer = "cross_decoder.0"} : (memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %18 = yoco.view @scratch at <0> size <128 * batch> : memref<?x32xf32>
    yoco.fused_linear %17 weights [@output] outs %18 {eps = 9.99999974E-6 : f32, norm_weight = @norm, yoco.layer = "head"} : (memref<?x8xf32>, memref<?x32xf32>) -> ()
    %19 = yoco.view @scratch at <128 * batch> size <64 * batch> role sampled : memref<?xi32>
    yoco.fused_argmax %18 outs %19 {yoco.layer = "head"} : (memref<?x32xf32>, memref<?xi32>) -> ()
    return
  }
  func.func @extend() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = from w-0>} {
    %0 = yoco.view @scratch at <128 * batch> size <64 * chunk> role ids : memref<?xi32>
    %c0 = arith.constant 0 : index
    %dim = memref.dim %0, %c0 : memref<?xi32>
    %1 = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
    %2 = yoco.state_ref @state_0 : !yoco.state<2x4x4xf32>
    %3 = yoco.state_ref @keys_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %4 = yoco.state_ref @values_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %5 = yoco.view @scratch at <64 * batch> size <16 * batch> row_set 1 role segments : !yoco.segments
    yoco.row_set 1 halo 0 bound wanted table %5
    %6 = yoco.view @scratch at <128 * batch + 192 * chunk> size <64 * chunk> : memref<?xi32>
    yoco.fused_positions %0 at %1 outs %6 {yoco.layer = "embed"} : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
    %7 = yoco.view @scratch at <128 * batch + 384 * chunk> size <64 * wanted> row_set 1 : memref<?xi32>
    yoco.fused_positions %0 at %5 outs %7 {yoco.layer = "embed"} : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
    %8 = yoco.view @scratch at <128 * batch + 256 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_embed %0 table @embed outs %8 {scale = 2.82842708 : f32, yoco.layer = "embed"} : (memref<?xi32>, memref<?x8xf32>) -> ()
    %9 = yoco.view @scratch at <128 * batch> size <192 * chunk> : memref<?x34xf32>
    yoco.fused_linear %8 weights [@self.0.q, @self.0.k, @self.0.v, @self.0.g, @self.0.gt] outs %9 {eps = 9.99999974E-6 : f32, norm_weight = @self.0.mixer_norm, yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x34xf32>) -> ()
    %subview = memref.subview %9[0, 0] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1]>>
    %subview_0 = memref.subview %9[0, 8] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 8>>
    %subview_1 = memref.subview %9[0, 16] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 16>>
    %subview_2 = memref.subview %9[0, 24] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 24>>
    %subview_3 = memref.subview %9[0, 32] [%dim, 2] [1, 1] : memref<?x34xf32> to memref<?x2xf32, strided<[34, 1], offset: 32>>
    %10 = yoco.view @scratch at <128 * batch + 320 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_retention %subview, %subview_0, %subview_1, %subview_3 at %6, %1 from %2 swish %subview_2 outs %10 {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #rope, scale = 5.000000e-01 : f32, span = 64 : i64, yoco.layer = "self_decoder.0"} : (memref<?x8xf32, strided<[34, 1]>>, memref<?x8xf32, strided<[34, 1], offset: 8>>, memref<?x8xf32, strided<[34, 1], offset: 16>>, memref<?x2xf32, strided<[34, 1], offset: 32>>, memref<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, memref<?x8xf32, strided<[34, 1], offset: 24>>, memref<?x8xf32>) -> ()
    %11 = yoco.view @scratch at <128 * batch> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_linear %10 residual %8 weights [@self.0.out] outs %11 {yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %12 = yoco.view @scratch at <128 * batch + 64 * chunk> size <64 * chunk> : memref<?x12xf32>
    yoco.fused_linear %11 weights [@self.0.fc1, @self.0.gate] outs %12 {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @self.0.ffn_norm, yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x12xf32>) -> ()
    %13 = yoco.view @scratch at <128 * batch + 128 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_linear %12 residual %11 weights [@self.0.fc2] outs %13 {yoco.layer = "self_decoder.0"} : (memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %14 = yoco.view @scratch at <128 * batch> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_linear %13 weights [@kv.k, @kv.v] outs %14 {eps = 9.99999974E-6 : f32, norm_weight = @kv.norm, yoco.layer = "kv"} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
    %subview_4 = memref.subview %14[0, 0] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1]>>
    %subview_5 = memref.subview %14[0, 4] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1], offset: 4>>
    %15 = yoco.view @scratch at <128 * batch + 384 * chunk + 64 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.fused_narrow %13 at %1 to %5 outs %15 {yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, !yoco.segments, !yoco.segments, memref<?x8xf32>) -> ()
    %16 = yoco.view @scratch at <128 * batch + 384 * chunk + 128 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.fused_linear %15 weights [@cross.0.q] outs %16 {eps = 9.99999974E-6 : f32, norm_weight = @cross.0.mixer_norm, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
    yoco.fused_cache_write %subview_4, %subview_5 at %6, %1 to %3, %4 {rope = #rope, yoco.layer = "kv"} : (memref<?x4xf32, strided<[8, 1]>>, memref<?x4xf32, strided<[8, 1], offset: 4>>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> ()
    %17 = yoco.view @scratch at <128 * batch + 384 * chunk + 192 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.fused_attention %16 at %7, %5 to %3, %4 outs %17 {heads = 2 : i64, rope = #rope, scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, memref<?x8xf32>) -> ()
    %18 = yoco.view @scratch at <128 * batch + 384 * chunk> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.fused_linear %17 residual %15 weights [@cross.0.out] outs %18 {yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %19 = yoco.view @scratch at <128 * batch + 384 * chunk + 64 * wanted> size <64 * wanted> row_set 1 : memref<?x12xf32>
    yoco.fused_linear %18 weights [@cross.0.fc1, @cross.0.gate] outs %19 {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @cross.0.ffn_norm, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x12xf32>) -> ()
    %20 = yoco.view @scratch at <128 * batch + 384 * chunk + 128 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.fused_linear %19 residual %18 weights [@cross.0.fc2] outs %20 {yoco.layer = "cross_decoder.0"} : (memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %21 = yoco.view @scratch at <128 * batch + 384 * chunk> size <128 * wanted> row_set 1 role logits : memref<?x32xf32>
    yoco.fused_linear %20 weights [@output] outs %21 {eps = 9.99999974E-6 : f32, norm_weight = @norm, yoco.layer = "head"} : (memref<?x8xf32>, memref<?x32xf32>) -> ()
    return
  }
  func.func @extend_sample() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, sampled = from w-0>} {
    %0 = yoco.view @scratch at <128 * batch> size <64 * chunk> role ids : memref<?xi32>
    %c0 = arith.constant 0 : index
    %dim = memref.dim %0, %c0 : memref<?xi32>
    %1 = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
    %2 = yoco.state_ref @state_0 : !yoco.state<2x4x4xf32>
    %3 = yoco.state_ref @keys_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %4 = yoco.state_ref @values_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %5 = yoco.view @scratch at <64 * batch> size <16 * batch> row_set 1 role segments : !yoco.segments
    yoco.row_set 1 halo 0 bound wanted table %5
    %6 = yoco.view @scratch at <128 * batch + 192 * chunk> size <64 * chunk> : memref<?xi32>
    yoco.fused_positions %0 at %1 outs %6 {yoco.layer = "embed"} : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
    %7 = yoco.view @scratch at <128 * batch + 384 * chunk> size <64 * wanted> row_set 1 : memref<?xi32>
    yoco.fused_positions %0 at %5 outs %7 {yoco.layer = "embed"} : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
    %8 = yoco.view @scratch at <128 * batch + 256 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_embed %0 table @embed outs %8 {scale = 2.82842708 : f32, yoco.layer = "embed"} : (memref<?xi32>, memref<?x8xf32>) -> ()
    %9 = yoco.view @scratch at <128 * batch> size <192 * chunk> : memref<?x34xf32>
    yoco.fused_linear %8 weights [@self.0.q, @self.0.k, @self.0.v, @self.0.g, @self.0.gt] outs %9 {eps = 9.99999974E-6 : f32, norm_weight = @self.0.mixer_norm, yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x34xf32>) -> ()
    %subview = memref.subview %9[0, 0] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1]>>
    %subview_0 = memref.subview %9[0, 8] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 8>>
    %subview_1 = memref.subview %9[0, 16] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 16>>
    %subview_2 = memref.subview %9[0, 24] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 24>>
    %subview_3 = memref.subview %9[0, 32] [%dim, 2] [1, 1] : memref<?x34xf32> to memref<?x2xf32, strided<[34, 1], offset: 32>>
    %10 = yoco.view @scratch at <128 * batch + 320 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_retention %subview, %subview_0, %subview_1, %subview_3 at %6, %1 from %2 swish %subview_2 outs %10 {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #rope, scale = 5.000000e-01 : f32, span = 64 : i64, yoco.layer = "self_decoder.0"} : (memref<?x8xf32, strided<[34, 1]>>, memref<?x8xf32, strided<[34, 1], offset: 8>>, memref<?x8xf32, strided<[34, 1], offset: 16>>, memref<?x2xf32, strided<[34, 1], offset: 32>>, memref<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, memref<?x8xf32, strided<[34, 1], offset: 24>>, memref<?x8xf32>) -> ()
    %11 = yoco.view @scratch at <128 * batch> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_linear %10 residual %8 weights [@self.0.out] outs %11 {yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %12 = yoco.view @scratch at <128 * batch + 64 * chunk> size <64 * chunk> : memref<?x12xf32>
    yoco.fused_linear %11 weights [@self.0.fc1, @self.0.gate] outs %12 {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @self.0.ffn_norm, yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x12xf32>) -> ()
    %13 = yoco.view @scratch at <128 * batch + 128 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_linear %12 residual %11 weights [@self.0.fc2] outs %13 {yoco.layer = "self_decoder.0"} : (memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %14 = yoco.view @scratch at <128 * batch> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_linear %13 weights [@kv.k, @kv.v] outs %14 {eps = 9.99999974E-6 : f32, norm_weight = @kv.norm, yoco.layer = "kv"} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
    %subview_4 = memref.subview %14[0, 0] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1]>>
    %subview_5 = memref.subview %14[0, 4] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1], offset: 4>>
    %15 = yoco.view @scratch at <128 * batch + 384 * chunk + 64 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.fused_narrow %13 at %1 to %5 outs %15 {yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, !yoco.segments, !yoco.segments, memref<?x8xf32>) -> ()
    %16 = yoco.view @scratch at <128 * batch + 384 * chunk + 128 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.fused_linear %15 weights [@cross.0.q] outs %16 {eps = 9.99999974E-6 : f32, norm_weight = @cross.0.mixer_norm, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
    yoco.fused_cache_write %subview_4, %subview_5 at %6, %1 to %3, %4 {rope = #rope, yoco.layer = "kv"} : (memref<?x4xf32, strided<[8, 1]>>, memref<?x4xf32, strided<[8, 1], offset: 4>>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> ()
    %17 = yoco.view @scratch at <128 * batch + 384 * chunk + 192 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.fused_attention %16 at %7, %5 to %3, %4 outs %17 {heads = 2 : i64, rope = #rope, scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, memref<?x8xf32>) -> ()
    %18 = yoco.view @scratch at <128 * batch + 384 * chunk> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.fused_linear %17 residual %15 weights [@cross.0.out] outs %18 {yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %19 = yoco.view @scratch at <128 * batch + 384 * chunk + 64 * wanted> size <64 * wanted> row_set 1 : memref<?x12xf32>
    yoco.fused_linear %18 weights [@cross.0.fc1, @cross.0.gate] outs %19 {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @cross.0.ffn_norm, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x12xf32>) -> ()
    %20 = yoco.view @scratch at <128 * batch + 384 * chunk + 128 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.fused_linear %19 residual %18 weights [@cross.0.fc2] outs %20 {yoco.layer = "cross_decoder.0"} : (memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %21 = yoco.view @scratch at <128 * batch + 384 * chunk> size <128 * wanted> row_set 1 : memref<?x32xf32>
    yoco.fused_linear %20 weights [@output] outs %21 {eps = 9.99999974E-6 : f32, norm_weight = @norm, yoco.layer = "head"} : (memref<?x8xf32>, memref<?x32xf32>) -> ()
    %22 = yoco.view @scratch at <128 * batch + 384 * chunk + 128 * wanted> size <64 * wanted> row_set 1 role sampled : memref<?xi32>
    yoco.fused_argmax %21 outs %22 {yoco.layer = "head"} : (memref<?x32xf32>, memref<?xi32>) -> ()
    return
  }
  func.func @extend_logprobs() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logprobs = from w-0>} {
    %0 = yoco.view @scratch at <128 * batch> size <64 * chunk> role ids : memref<?xi32>
    %c0 = arith.constant 0 : index
    %dim = memref.dim %0, %c0 : memref<?xi32>
    %1 = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
    %2 = yoco.view @scratch at <128 * batch + 192 * chunk> size <64 * chunk> role targets : memref<?xi32>
    %3 = yoco.state_ref @state_0 : !yoco.state<2x4x4xf32>
    %4 = yoco.state_ref @keys_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %5 = yoco.state_ref @values_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %6 = yoco.view @scratch at <64 * batch> size <16 * batch> row_set 1 role segments : !yoco.segments
    yoco.row_set 1 halo 0 bound wanted table %6
    %7 = yoco.view @scratch at <128 * batch + 256 * chunk> size <64 * chunk> : memref<?xi32>
    yoco.fused_positions %0 at %1 outs %7 {yoco.layer = "embed"} : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
    %8 = yoco.view @scratch at <128 * batch + 448 * chunk> size <64 * wanted> row_set 1 : memref<?xi32>
    yoco.fused_positions %0 at %6 outs %8 {yoco.layer = "embed"} : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
    %9 = yoco.view @scratch at <128 * batch + 320 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_embed %0 table @embed outs %9 {scale = 2.82842708 : f32, yoco.layer = "embed"} : (memref<?xi32>, memref<?x8xf32>) -> ()
    %10 = yoco.view @scratch at <128 * batch> size <192 * chunk> : memref<?x34xf32>
    yoco.fused_linear %9 weights [@self.0.q, @self.0.k, @self.0.v, @self.0.g, @self.0.gt] outs %10 {eps = 9.99999974E-6 : f32, norm_weight = @self.0.mixer_norm, yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x34xf32>) -> ()
    %subview = memref.subview %10[0, 0] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1]>>
    %subview_0 = memref.subview %10[0, 8] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 8>>
    %subview_1 = memref.subview %10[0, 16] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 16>>
    %subview_2 = memref.subview %10[0, 24] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 24>>
    %subview_3 = memref.subview %10[0, 32] [%dim, 2] [1, 1] : memref<?x34xf32> to memref<?x2xf32, strided<[34, 1], offset: 32>>
    %11 = yoco.view @scratch at <128 * batch + 384 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_retention %subview, %subview_0, %subview_1, %subview_3 at %7, %1 from %3 swish %subview_2 outs %11 {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #rope, scale = 5.000000e-01 : f32, span = 64 : i64, yoco.layer = "self_decoder.0"} : (memref<?x8xf32, strided<[34, 1]>>, memref<?x8xf32, strided<[34, 1], offset: 8>>, memref<?x8xf32, strided<[34, 1], offset: 16>>, memref<?x2xf32, strided<[34, 1], offset: 32>>, memref<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, memref<?x8xf32, strided<[34, 1], offset: 24>>, memref<?x8xf32>) -> ()
    %12 = yoco.view @scratch at <128 * batch> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_linear %11 residual %9 weights [@self.0.out] outs %12 {yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %13 = yoco.view @scratch at <128 * batch + 64 * chunk> size <64 * chunk> : memref<?x12xf32>
    yoco.fused_linear %12 weights [@self.0.fc1, @self.0.gate] outs %13 {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @self.0.ffn_norm, yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, memref<?x12xf32>) -> ()
    %14 = yoco.view @scratch at <128 * batch + 128 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_linear %13 residual %12 weights [@self.0.fc2] outs %14 {yoco.layer = "self_decoder.0"} : (memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %15 = yoco.view @scratch at <128 * batch> size <64 * chunk> : memref<?x8xf32>
    yoco.fused_linear %14 weights [@kv.k, @kv.v] outs %15 {eps = 9.99999974E-6 : f32, norm_weight = @kv.norm, yoco.layer = "kv"} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
    %subview_4 = memref.subview %15[0, 0] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1]>>
    %subview_5 = memref.subview %15[0, 4] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1], offset: 4>>
    %16 = yoco.view @scratch at <128 * batch + 448 * chunk + 64 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.fused_narrow %14 at %1 to %6 outs %16 {yoco.layer = "self_decoder.0"} : (memref<?x8xf32>, !yoco.segments, !yoco.segments, memref<?x8xf32>) -> ()
    %17 = yoco.view @scratch at <128 * batch + 448 * chunk + 128 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.fused_linear %16 weights [@cross.0.q] outs %17 {eps = 9.99999974E-6 : f32, norm_weight = @cross.0.mixer_norm, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
    yoco.fused_cache_write %subview_4, %subview_5 at %7, %1 to %4, %5 {rope = #rope, yoco.layer = "kv"} : (memref<?x4xf32, strided<[8, 1]>>, memref<?x4xf32, strided<[8, 1], offset: 4>>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> ()
    %18 = yoco.view @scratch at <128 * batch + 448 * chunk + 192 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.fused_attention %17 at %8, %6 to %4, %5 outs %18 {heads = 2 : i64, rope = #rope, scale = 5.000000e-01 : f32, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, memref<?x8xf32>) -> ()
    %19 = yoco.view @scratch at <128 * batch + 448 * chunk> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.fused_linear %18 residual %16 weights [@cross.0.out] outs %19 {yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %20 = yoco.view @scratch at <128 * batch + 448 * chunk + 64 * wanted> size <64 * wanted> row_set 1 : memref<?x12xf32>
    yoco.fused_linear %19 weights [@cross.0.fc1, @cross.0.gate] outs %20 {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @cross.0.ffn_norm, yoco.layer = "cross_decoder.0"} : (memref<?x8xf32>, memref<?x12xf32>) -> ()
    %21 = yoco.view @scratch at <128 * batch + 448 * chunk + 128 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.fused_linear %20 residual %19 weights [@cross.0.fc2] outs %21 {yoco.layer = "cross_decoder.0"} : (memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
    %22 = yoco.view @scratch at <128 * batch + 448 * chunk + 192 * wanted> size <128 * wanted> row_set 1 : memref<?x32xf32>
    yoco.fused_linear %21 weights [@output] outs %22 {eps = 9.99999974E-6 : f32, norm_weight = @norm, yoco.layer = "head"} : (memref<?x8xf32>, memref<?x32xf32>) -> ()
    %23 = yoco.view @scratch at <128 * batch + 448 * chunk + 320 * wanted> size <64 * wanted> row_set 1 : memref<?xi32>
    yoco.fused_narrow %2 at %1 to %6 outs %23 : (memref<?xi32>, !yoco.segments, !yoco.segments, memref<?xi32>) -> ()
    %24 = yoco.view @scratch at <128 * batch + 448 * chunk> size <192 * wanted> row_set 1 role logprobs : memref<?x43xf32>
    yoco.fused_logprobs %22, %23 outs %24 {best = 20 : i64, yoco.layer = "head"} : (memref<?x32xf32>, memref<?xi32>, memref<?x43xf32>) -> ()
    return
  }
}

