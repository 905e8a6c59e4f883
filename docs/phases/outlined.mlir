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
  yoco.packed_parameter @packed.embed [@embed] row_major 0 : tensor<32x8xbf16>
  yoco.packed_parameter @packed.self.0.q [@self.0.q, @self.0.k, @self.0.v, @self.0.g, @self.0.gt] panels 16 : tensor<34x8xbf16>
  yoco.packed_parameter @packed.self.0.mixer_norm [@self.0.mixer_norm] row_major 0 : tensor<8xbf16>
  yoco.packed_parameter @packed.self.0.out [@self.0.out] panels 16 : tensor<8x8xbf16>
  yoco.packed_parameter @packed.self.0.fc1 [@self.0.fc1] panels 16 : tensor<12x8xbf16>
  yoco.packed_parameter @packed.self.0.gate [@self.0.gate] panels 16 : tensor<12x8xbf16>
  yoco.packed_parameter @packed.self.0.ffn_norm [@self.0.ffn_norm] row_major 0 : tensor<8xbf16>
  yoco.packed_parameter @packed.self.0.fc2 [@self.0.fc2] panels 16 : tensor<8x12xbf16>
  yoco.packed_parameter @packed.kv.k [@kv.k, @kv.v] panels 16 : tensor<8x8xbf16>
  yoco.packed_parameter @packed.kv.norm [@kv.norm] row_major 0 : tensor<8xbf16>
  yoco.packed_parameter @packed.cross.0.q [@cross.0.q] panels 16 : tensor<8x8xbf16>
  yoco.packed_parameter @packed.cross.0.mixer_norm [@cross.0.mixer_norm] row_major 0 : tensor<8xbf16>
  yoco.packed_parameter @packed.cross.0.out [@cross.0.out] panels 16 : tensor<8x8xbf16>
  yoco.packed_parameter @packed.cross.0.fc1 [@cross.0.fc1] panels 16 : tensor<12x8xbf16>
  yoco.packed_parameter @packed.cross.0.gate [@cross.0.gate] panels 16 : tensor<12x8xbf16>
  yoco.packed_parameter @packed.cross.0.ffn_norm [@cross.0.ffn_norm] row_major 0 : tensor<8xbf16>
  yoco.packed_parameter @packed.cross.0.fc2 [@cross.0.fc2] panels 16 : tensor<8x12xbf16>
  yoco.packed_parameter @packed.output [@output] panels 16 : tensor<32x8xbf16>
  yoco.packed_parameter @packed.norm [@norm] row_major 0 : tensor<8xbf16>
  func.func @prefill() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = chunk, logits = none>} {
    %0 = yoco.view @scratch at <64 * batch> size <64 * chunk> role ids : memref<?xi32>
    %c0 = arith.constant 0 : index
    %dim = memref.dim %0, %c0 : memref<?xi32>
    %1 = yoco.view @scratch at <0> size <16 * batch> role segments : !yoco.segments
    %2 = yoco.state_ref @state_0 : !yoco.state<2x4x4xf32>
    %3 = yoco.state_ref @keys_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %4 = yoco.state_ref @values_0 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %5 = yoco.view @scratch at <64 * batch + 192 * chunk> size <64 * chunk> : memref<?xi32>
    yoco.launch @kernels::@positions_0(%0, %1, %5) tiles <segments, divisor = 1, multiplier = 1> {yoco.layer = "embed"} : memref<?xi32>, !yoco.segments, memref<?xi32>
    %6 = yoco.view @scratch at <64 * batch + 256 * chunk> size <64 * chunk> : memref<?x8xf32>
    %7 = yoco.parameter_ref @packed.embed : memref<32x8xbf16>
    yoco.launch @kernels::@embed_0(%0, %6, %7) tiles <rows, divisor = 8, multiplier = 1> costs [#yoco.cost<16 weight_bytes per row of @packed.embed>] {yoco.layer = "embed"} : memref<?xi32>, memref<?x8xf32>, memref<32x8xbf16>
    %8 = yoco.view @scratch at <64 * batch> size <192 * chunk> : memref<?x34xf32>
    %9 = yoco.parameter_ref @packed.self.0.q : memref<3x8x16xbf16>
    %10 = yoco.parameter_ref @packed.self.0.mixer_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_0(%6, %8, %9, %10) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<768 weight_bytes per step of @packed.self.0.q>, #yoco.cost<16 weight_bytes per step of @packed.self.0.mixer_norm>, #yoco.cost<544 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x34xf32>, memref<3x8x16xbf16>, memref<8xbf16>
    %subview = memref.subview %8[0, 0] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1]>>
    %subview_0 = memref.subview %8[0, 8] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 8>>
    %subview_1 = memref.subview %8[0, 16] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 16>>
    %subview_2 = memref.subview %8[0, 24] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 24>>
    %subview_3 = memref.subview %8[0, 32] [%dim, 2] [1, 1] : memref<?x34xf32> to memref<?x2xf32, strided<[34, 1], offset: 32>>
    %11 = yoco.view @scratch at <64 * batch + 320 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.launch @kernels::@retention_0(%subview, %subview_0, %subview_1, %subview_3, %5, %1, %2, %subview_2, %11) tiles <segments, divisor = 1, multiplier = 2> costs [#yoco.cost<128 state_read_bytes per continued_segment>, #yoco.cost<128 state_write_bytes per segment>, #yoco.cost<128 mixer_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32, strided<[34, 1]>>, memref<?x8xf32, strided<[34, 1], offset: 8>>, memref<?x8xf32, strided<[34, 1], offset: 16>>, memref<?x2xf32, strided<[34, 1], offset: 32>>, memref<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, memref<?x8xf32, strided<[34, 1], offset: 24>>, memref<?x8xf32>
    %12 = yoco.view @scratch at <64 * batch> size <64 * chunk> : memref<?x8xf32>
    %13 = yoco.parameter_ref @packed.self.0.out : memref<1x8x16xbf16>
    yoco.launch @kernels::@linear_1(%11, %6, %12, %13) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.self.0.out>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>
    %14 = yoco.view @scratch at <64 * batch + 64 * chunk> size <64 * chunk> : memref<?x12xf32>
    %15 = yoco.parameter_ref @packed.self.0.fc1 : memref<1x8x16xbf16>
    %16 = yoco.parameter_ref @packed.self.0.gate : memref<1x8x16xbf16>
    %17 = yoco.parameter_ref @packed.self.0.ffn_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_2(%12, %14, %15, %16, %17) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.self.0.fc1>, #yoco.cost<256 weight_bytes per step of @packed.self.0.gate>, #yoco.cost<16 weight_bytes per step of @packed.self.0.ffn_norm>, #yoco.cost<384 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x12xf32>, memref<1x8x16xbf16>, memref<1x8x16xbf16>, memref<8xbf16>
    %18 = yoco.view @scratch at <64 * batch + 128 * chunk> size <64 * chunk> : memref<?x8xf32>
    %19 = yoco.parameter_ref @packed.self.0.fc2 : memref<1x12x16xbf16>
    yoco.launch @kernels::@linear_3(%14, %12, %18, %19) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<384 weight_bytes per step of @packed.self.0.fc2>, #yoco.cost<192 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x12x16xbf16>
    %20 = yoco.view @scratch at <64 * batch> size <64 * chunk> : memref<?x8xf32>
    %21 = yoco.parameter_ref @packed.kv.k : memref<1x8x16xbf16>
    %22 = yoco.parameter_ref @packed.kv.norm : memref<8xbf16>
    yoco.launch @kernels::@linear_4(%18, %20, %21, %22) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.kv.k>, #yoco.cost<16 weight_bytes per step of @packed.kv.norm>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "kv"} : memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>, memref<8xbf16>
    %subview_4 = memref.subview %20[0, 0] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1]>>
    %subview_5 = memref.subview %20[0, 4] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1], offset: 4>>
    yoco.launch @kernels::@cache_write_0(%subview_4, %subview_5, %5, %1, %3, %4) tiles <rows, divisor = 8, multiplier = 1> costs [#yoco.cost<16 state_write_bytes per position_kept>, #yoco.cost<16 state_write_bytes per position_kept>] {yoco.layer = "kv"} : memref<?x4xf32, strided<[8, 1]>>, memref<?x4xf32, strided<[8, 1], offset: 4>>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
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
    yoco.launch @kernels::@positions_0(%0, %1, %5) tiles <segments, divisor = 1, multiplier = 1> {yoco.layer = "embed"} : memref<?xi32>, !yoco.segments, memref<?xi32>
    %6 = yoco.view @scratch at <320 * batch> size <64 * batch> : memref<?x8xf32>
    %7 = yoco.parameter_ref @packed.embed : memref<32x8xbf16>
    yoco.launch @kernels::@embed_0(%0, %6, %7) tiles <rows, divisor = 8, multiplier = 1> costs [#yoco.cost<16 weight_bytes per row of @packed.embed>] {yoco.layer = "embed"} : memref<?xi32>, memref<?x8xf32>, memref<32x8xbf16>
    %8 = yoco.view @scratch at <0> size <192 * batch> : memref<?x34xf32>
    %9 = yoco.parameter_ref @packed.self.0.q : memref<3x8x16xbf16>
    %10 = yoco.parameter_ref @packed.self.0.mixer_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_0(%6, %8, %9, %10) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<768 weight_bytes per step of @packed.self.0.q>, #yoco.cost<16 weight_bytes per step of @packed.self.0.mixer_norm>, #yoco.cost<544 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x34xf32>, memref<3x8x16xbf16>, memref<8xbf16>
    %subview = memref.subview %8[0, 0] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1]>>
    %subview_0 = memref.subview %8[0, 8] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 8>>
    %subview_1 = memref.subview %8[0, 16] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 16>>
    %subview_2 = memref.subview %8[0, 24] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 24>>
    %subview_3 = memref.subview %8[0, 32] [%dim, 2] [1, 1] : memref<?x34xf32> to memref<?x2xf32, strided<[34, 1], offset: 32>>
    %11 = yoco.view @scratch at <384 * batch> size <64 * batch> : memref<?x8xf32>
    yoco.launch @kernels::@retention_1(%subview, %subview_0, %subview_1, %subview_3, %5, %1, %2, %subview_2, %11) tiles <segments, divisor = 1, multiplier = 2> costs [#yoco.cost<128 state_read_bytes per continued_segment>, #yoco.cost<128 state_write_bytes per segment>, #yoco.cost<128 mixer_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32, strided<[34, 1]>>, memref<?x8xf32, strided<[34, 1], offset: 8>>, memref<?x8xf32, strided<[34, 1], offset: 16>>, memref<?x2xf32, strided<[34, 1], offset: 32>>, memref<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, memref<?x8xf32, strided<[34, 1], offset: 24>>, memref<?x8xf32>
    %12 = yoco.view @scratch at <0> size <64 * batch> : memref<?x8xf32>
    %13 = yoco.parameter_ref @packed.self.0.out : memref<1x8x16xbf16>
    yoco.launch @kernels::@linear_1(%11, %6, %12, %13) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.self.0.out>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>
    %14 = yoco.view @scratch at <64 * batch> size <64 * batch> : memref<?x12xf32>
    %15 = yoco.parameter_ref @packed.self.0.fc1 : memref<1x8x16xbf16>
    %16 = yoco.parameter_ref @packed.self.0.gate : memref<1x8x16xbf16>
    %17 = yoco.parameter_ref @packed.self.0.ffn_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_2(%12, %14, %15, %16, %17) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.self.0.fc1>, #yoco.cost<256 weight_bytes per step of @packed.self.0.gate>, #yoco.cost<16 weight_bytes per step of @packed.self.0.ffn_norm>, #yoco.cost<384 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x12xf32>, memref<1x8x16xbf16>, memref<1x8x16xbf16>, memref<8xbf16>
    %18 = yoco.view @scratch at <128 * batch> size <64 * batch> : memref<?x8xf32>
    %19 = yoco.parameter_ref @packed.self.0.fc2 : memref<1x12x16xbf16>
    yoco.launch @kernels::@linear_3(%14, %12, %18, %19) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<384 weight_bytes per step of @packed.self.0.fc2>, #yoco.cost<192 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x12x16xbf16>
    %20 = yoco.view @scratch at <0> size <64 * batch> : memref<?x8xf32>
    %21 = yoco.parameter_ref @packed.kv.k : memref<1x8x16xbf16>
    %22 = yoco.parameter_ref @packed.kv.norm : memref<8xbf16>
    yoco.launch @kernels::@linear_4(%18, %20, %21, %22) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.kv.k>, #yoco.cost<16 weight_bytes per step of @packed.kv.norm>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "kv"} : memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>, memref<8xbf16>
    %subview_4 = memref.subview %20[0, 0] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1]>>
    %subview_5 = memref.subview %20[0, 4] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1], offset: 4>>
    %23 = yoco.view @scratch at <64 * batch> size <64 * batch> : memref<?x8xf32>
    %24 = yoco.parameter_ref @packed.cross.0.q : memref<1x8x16xbf16>
    %25 = yoco.parameter_ref @packed.cross.0.mixer_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_4(%18, %23, %24, %25) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.q>, #yoco.cost<16 weight_bytes per step of @packed.cross.0.mixer_norm>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>, memref<8xbf16>
    yoco.launch @kernels::@cache_write_0(%subview_4, %subview_5, %5, %1, %3, %4) tiles <rows, divisor = 8, multiplier = 1> costs [#yoco.cost<16 state_write_bytes per position_kept>, #yoco.cost<16 state_write_bytes per position_kept>] {yoco.layer = "kv"} : memref<?x4xf32, strided<[8, 1]>>, memref<?x4xf32, strided<[8, 1], offset: 4>>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %26 = yoco.view @scratch at <0> size <64 * batch> : memref<?x8xf32>
    yoco.launch @kernels::@attention_0(%23, %5, %1, %3, %4, %26) tiles <rows, divisor = 1, multiplier = 1> costs [#yoco.cost<16 state_read_bytes per position_reached>, #yoco.cost<16 state_read_bytes per position_reached>, #yoco.cost<32 mixer_operations per pair>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, memref<?x8xf32>
    %27 = yoco.view @scratch at <64 * batch> size <64 * batch> : memref<?x8xf32>
    %28 = yoco.parameter_ref @packed.cross.0.out : memref<1x8x16xbf16>
    yoco.launch @kernels::@linear_1(%26, %18, %27, %28) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.out>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>
    %29 = yoco.view @scratch at <0> size <64 * batch> : memref<?x12xf32>
    %30 = yoco.parameter_ref @packed.cross.0.fc1 : memref<1x8x16xbf16>
    %31 = yoco.parameter_ref @packed.cross.0.gate : memref<1x8x16xbf16>
    %32 = yoco.parameter_ref @packed.cross.0.ffn_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_2(%27, %29, %30, %31, %32) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.fc1>, #yoco.cost<256 weight_bytes per step of @packed.cross.0.gate>, #yoco.cost<16 weight_bytes per step of @packed.cross.0.ffn_norm>, #yoco.cost<384 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x12xf32>, memref<1x8x16xbf16>, memref<1x8x16xbf16>, memref<8xbf16>
    %33 = yoco.view @scratch at <128 * batch> size <64 * batch> : memref<?x8xf32>
    %34 = yoco.parameter_ref @packed.cross.0.fc2 : memref<1x12x16xbf16>
    yoco.launch @kernels::@linear_3(%29, %27, %33, %34) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<384 weight_bytes per step of @packed.cross.0.fc2>, #yoco.cost<192 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x12x16xbf16>
    %35 = yoco.view @scratch at <0> size <128 * batch> role logits : memref<?x32xf32>
    %36 = yoco.parameter_ref @packed.output : memref<2x8x16xbf16>
    %37 = yoco.parameter_ref @packed.norm : memref<8xbf16>
    yoco.launch @kernels::@linear_5(%33, %35, %36, %37) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<512 weight_bytes per step of @packed.output>, #yoco.cost<16 weight_bytes per step of @packed.norm>, #yoco.cost<512 linear_operations per row>] {yoco.layer = "head"} : memref<?x8xf32>, memref<?x32xf32>, memref<2x8x16xbf16>, memref<8xbf16>
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
    yoco.launch @kernels::@positions_0(%0, %1, %5) tiles <segments, divisor = 1, multiplier = 1> {yoco.layer = "embed"} : memref<?xi32>, !yoco.segments, memref<?xi32>
    %6 = yoco.view @scratch at <64 * batch + 256 * wanted> size <64 * wanted> : memref<?x8xf32>
    %7 = yoco.parameter_ref @packed.embed : memref<32x8xbf16>
    yoco.launch @kernels::@embed_0(%0, %6, %7) tiles <rows, divisor = 8, multiplier = 1> costs [#yoco.cost<16 weight_bytes per row of @packed.embed>] {yoco.layer = "embed"} : memref<?xi32>, memref<?x8xf32>, memref<32x8xbf16>
    %8 = yoco.view @scratch at <64 * batch> size <192 * wanted> : memref<?x34xf32>
    %9 = yoco.parameter_ref @packed.self.0.q : memref<3x8x16xbf16>
    %10 = yoco.parameter_ref @packed.self.0.mixer_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_0(%6, %8, %9, %10) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<768 weight_bytes per step of @packed.self.0.q>, #yoco.cost<16 weight_bytes per step of @packed.self.0.mixer_norm>, #yoco.cost<544 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x34xf32>, memref<3x8x16xbf16>, memref<8xbf16>
    %subview = memref.subview %8[0, 0] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1]>>
    %subview_0 = memref.subview %8[0, 8] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 8>>
    %subview_1 = memref.subview %8[0, 16] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 16>>
    %subview_2 = memref.subview %8[0, 24] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 24>>
    %subview_3 = memref.subview %8[0, 32] [%dim, 2] [1, 1] : memref<?x34xf32> to memref<?x2xf32, strided<[34, 1], offset: 32>>
    %11 = yoco.view @scratch at <64 * batch + 320 * wanted> size <64 * wanted> : memref<?x8xf32>
    yoco.launch @kernels::@retention_0(%subview, %subview_0, %subview_1, %subview_3, %5, %1, %2, %subview_2, %11) tiles <segments, divisor = 1, multiplier = 2> costs [#yoco.cost<128 state_read_bytes per continued_segment>, #yoco.cost<128 state_write_bytes per segment>, #yoco.cost<128 mixer_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32, strided<[34, 1]>>, memref<?x8xf32, strided<[34, 1], offset: 8>>, memref<?x8xf32, strided<[34, 1], offset: 16>>, memref<?x2xf32, strided<[34, 1], offset: 32>>, memref<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, memref<?x8xf32, strided<[34, 1], offset: 24>>, memref<?x8xf32>
    %12 = yoco.view @scratch at <64 * batch> size <64 * wanted> : memref<?x8xf32>
    %13 = yoco.parameter_ref @packed.self.0.out : memref<1x8x16xbf16>
    yoco.launch @kernels::@linear_1(%11, %6, %12, %13) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.self.0.out>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>
    %14 = yoco.view @scratch at <64 * batch + 64 * wanted> size <64 * wanted> : memref<?x12xf32>
    %15 = yoco.parameter_ref @packed.self.0.fc1 : memref<1x8x16xbf16>
    %16 = yoco.parameter_ref @packed.self.0.gate : memref<1x8x16xbf16>
    %17 = yoco.parameter_ref @packed.self.0.ffn_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_2(%12, %14, %15, %16, %17) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.self.0.fc1>, #yoco.cost<256 weight_bytes per step of @packed.self.0.gate>, #yoco.cost<16 weight_bytes per step of @packed.self.0.ffn_norm>, #yoco.cost<384 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x12xf32>, memref<1x8x16xbf16>, memref<1x8x16xbf16>, memref<8xbf16>
    %18 = yoco.view @scratch at <64 * batch + 128 * wanted> size <64 * wanted> : memref<?x8xf32>
    %19 = yoco.parameter_ref @packed.self.0.fc2 : memref<1x12x16xbf16>
    yoco.launch @kernels::@linear_3(%14, %12, %18, %19) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<384 weight_bytes per step of @packed.self.0.fc2>, #yoco.cost<192 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x12x16xbf16>
    %20 = yoco.view @scratch at <64 * batch> size <64 * wanted> : memref<?x8xf32>
    %21 = yoco.parameter_ref @packed.kv.k : memref<1x8x16xbf16>
    %22 = yoco.parameter_ref @packed.kv.norm : memref<8xbf16>
    yoco.launch @kernels::@linear_4(%18, %20, %21, %22) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.kv.k>, #yoco.cost<16 weight_bytes per step of @packed.kv.norm>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "kv"} : memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>, memref<8xbf16>
    %subview_4 = memref.subview %20[0, 0] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1]>>
    %subview_5 = memref.subview %20[0, 4] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1], offset: 4>>
    %23 = yoco.view @scratch at <64 * batch + 64 * wanted> size <64 * wanted> : memref<?x8xf32>
    %24 = yoco.parameter_ref @packed.cross.0.q : memref<1x8x16xbf16>
    %25 = yoco.parameter_ref @packed.cross.0.mixer_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_4(%18, %23, %24, %25) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.q>, #yoco.cost<16 weight_bytes per step of @packed.cross.0.mixer_norm>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>, memref<8xbf16>
    yoco.launch @kernels::@cache_write_0(%subview_4, %subview_5, %5, %1, %3, %4) tiles <rows, divisor = 8, multiplier = 1> costs [#yoco.cost<16 state_write_bytes per position_kept>, #yoco.cost<16 state_write_bytes per position_kept>] {yoco.layer = "kv"} : memref<?x4xf32, strided<[8, 1]>>, memref<?x4xf32, strided<[8, 1], offset: 4>>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %26 = yoco.view @scratch at <64 * batch> size <64 * wanted> : memref<?x8xf32>
    yoco.launch @kernels::@attention_0(%23, %5, %1, %3, %4, %26) tiles <rows, divisor = 1, multiplier = 1> costs [#yoco.cost<16 state_read_bytes per position_reached>, #yoco.cost<16 state_read_bytes per position_reached>, #yoco.cost<32 mixer_operations per pair>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, memref<?x8xf32>
    %27 = yoco.view @scratch at <64 * batch + 64 * wanted> size <64 * wanted> : memref<?x8xf32>
    %28 = yoco.parameter_ref @packed.cross.0.out : memref<1x8x16xbf16>
    yoco.launch @kernels::@linear_1(%26, %18, %27, %28) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.out>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>
    %29 = yoco.view @scratch at <64 * batch> size <64 * wanted> : memref<?x12xf32>
    %30 = yoco.parameter_ref @packed.cross.0.fc1 : memref<1x8x16xbf16>
    %31 = yoco.parameter_ref @packed.cross.0.gate : memref<1x8x16xbf16>
    %32 = yoco.parameter_ref @packed.cross.0.ffn_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_2(%27, %29, %30, %31, %32) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.fc1>, #yoco.cost<256 weight_bytes per step of @packed.cross.0.gate>, #yoco.cost<16 weight_bytes per step of @packed.cross.0.ffn_norm>, #yoco.cost<384 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x12xf32>, memref<1x8x16xbf16>, memref<1x8x16xbf16>, memref<8xbf16>
    %33 = yoco.view @scratch at <64 * batch + 128 * wanted> size <64 * wanted> : memref<?x8xf32>
    %34 = yoco.parameter_ref @packed.cross.0.fc2 : memref<1x12x16xbf16>
    yoco.launch @kernels::@linear_3(%29, %27, %33, %34) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<384 weight_bytes per step of @packed.cross.0.fc2>, #yoco.cost<192 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x12x16xbf16>
    %35 = yoco.view @scratch at <64 * batch> size <128 * wanted> role logits : memref<?x32xf32>
    %36 = yoco.parameter_ref @packed.output : memref<2x8x16xbf16>
    %37 = yoco.parameter_ref @packed.norm : memref<8xbf16>
    yoco.launch @kernels::@linear_5(%33, %35, %36, %37) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<512 weight_bytes per step of @packed.output>, #yoco.cost<16 weight_bytes per step of @packed.norm>, #yoco.cost<512 linear_operations per row>] {yoco.layer = "head"} : memref<?x8xf32>, memref<?x32xf32>, memref<2x8x16xbf16>, memref<8xbf16>
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
    yoco.launch @kernels::@positions_0(%0, %1, %5) tiles <segments, divisor = 1, multiplier = 1> {yoco.layer = "embed"} : memref<?xi32>, !yoco.segments, memref<?xi32>
    %6 = yoco.view @scratch at <320 * batch> size <64 * batch> : memref<?x8xf32>
    %7 = yoco.parameter_ref @packed.embed : memref<32x8xbf16>
    yoco.launch @kernels::@embed_0(%0, %6, %7) tiles <rows, divisor = 8, multiplier = 1> costs [#yoco.cost<16 weight_bytes per row of @packed.embed>] {yoco.layer = "embed"} : memref<?xi32>, memref<?x8xf32>, memref<32x8xbf16>
    %8 = yoco.view @scratch at <0> size <192 * batch> : memref<?x34xf32>
    %9 = yoco.parameter_ref @packed.self.0.q : memref<3x8x16xbf16>
    %10 = yoco.parameter_ref @packed.self.0.mixer_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_0(%6, %8, %9, %10) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<768 weight_bytes per step of @packed.self.0.q>, #yoco.cost<16 weight_bytes per step of @packed.self.0.mixer_norm>, #yoco.cost<544 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x34xf32>, memref<3x8x16xbf16>, memref<8xbf16>
    %subview = memref.subview %8[0, 0] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1]>>
    %subview_0 = memref.subview %8[0, 8] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 8>>
    %subview_1 = memref.subview %8[0, 16] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 16>>
    %subview_2 = memref.subview %8[0, 24] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 24>>
    %subview_3 = memref.subview %8[0, 32] [%dim, 2] [1, 1] : memref<?x34xf32> to memref<?x2xf32, strided<[34, 1], offset: 32>>
    %11 = yoco.view @scratch at <384 * batch> size <64 * batch> : memref<?x8xf32>
    yoco.launch @kernels::@retention_1(%subview, %subview_0, %subview_1, %subview_3, %5, %1, %2, %subview_2, %11) tiles <segments, divisor = 1, multiplier = 2> costs [#yoco.cost<128 state_read_bytes per continued_segment>, #yoco.cost<128 state_write_bytes per segment>, #yoco.cost<128 mixer_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32, strided<[34, 1]>>, memref<?x8xf32, strided<[34, 1], offset: 8>>, memref<?x8xf32, strided<[34, 1], offset: 16>>, memref<?x2xf32, strided<[34, 1], offset: 32>>, memref<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, memref<?x8xf32, strided<[34, 1], offset: 24>>, memref<?x8xf32>
    %12 = yoco.view @scratch at <0> size <64 * batch> : memref<?x8xf32>
    %13 = yoco.parameter_ref @packed.self.0.out : memref<1x8x16xbf16>
    yoco.launch @kernels::@linear_1(%11, %6, %12, %13) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.self.0.out>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>
    %14 = yoco.view @scratch at <64 * batch> size <64 * batch> : memref<?x12xf32>
    %15 = yoco.parameter_ref @packed.self.0.fc1 : memref<1x8x16xbf16>
    %16 = yoco.parameter_ref @packed.self.0.gate : memref<1x8x16xbf16>
    %17 = yoco.parameter_ref @packed.self.0.ffn_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_2(%12, %14, %15, %16, %17) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.self.0.fc1>, #yoco.cost<256 weight_bytes per step of @packed.self.0.gate>, #yoco.cost<16 weight_bytes per step of @packed.self.0.ffn_norm>, #yoco.cost<384 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x12xf32>, memref<1x8x16xbf16>, memref<1x8x16xbf16>, memref<8xbf16>
    %18 = yoco.view @scratch at <128 * batch> size <64 * batch> : memref<?x8xf32>
    %19 = yoco.parameter_ref @packed.self.0.fc2 : memref<1x12x16xbf16>
    yoco.launch @kernels::@linear_3(%14, %12, %18, %19) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<384 weight_bytes per step of @packed.self.0.fc2>, #yoco.cost<192 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x12x16xbf16>
    %20 = yoco.view @scratch at <0> size <64 * batch> : memref<?x8xf32>
    %21 = yoco.parameter_ref @packed.kv.k : memref<1x8x16xbf16>
    %22 = yoco.parameter_ref @packed.kv.norm : memref<8xbf16>
    yoco.launch @kernels::@linear_4(%18, %20, %21, %22) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.kv.k>, #yoco.cost<16 weight_bytes per step of @packed.kv.norm>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "kv"} : memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>, memref<8xbf16>
    %subview_4 = memref.subview %20[0, 0] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1]>>
    %subview_5 = memref.subview %20[0, 4] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1], offset: 4>>
    %23 = yoco.view @scratch at <64 * batch> size <64 * batch> : memref<?x8xf32>
    %24 = yoco.parameter_ref @packed.cross.0.q : memref<1x8x16xbf16>
    %25 = yoco.parameter_ref @packed.cross.0.mixer_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_4(%18, %23, %24, %25) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.q>, #yoco.cost<16 weight_bytes per step of @packed.cross.0.mixer_norm>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>, memref<8xbf16>
    yoco.launch @kernels::@cache_write_0(%subview_4, %subview_5, %5, %1, %3, %4) tiles <rows, divisor = 8, multiplier = 1> costs [#yoco.cost<16 state_write_bytes per position_kept>, #yoco.cost<16 state_write_bytes per position_kept>] {yoco.layer = "kv"} : memref<?x4xf32, strided<[8, 1]>>, memref<?x4xf32, strided<[8, 1], offset: 4>>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %26 = yoco.view @scratch at <0> size <64 * batch> : memref<?x8xf32>
    yoco.launch @kernels::@attention_0(%23, %5, %1, %3, %4, %26) tiles <rows, divisor = 1, multiplier = 1> costs [#yoco.cost<16 state_read_bytes per position_reached>, #yoco.cost<16 state_read_bytes per position_reached>, #yoco.cost<32 mixer_operations per pair>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, memref<?x8xf32>
    %27 = yoco.view @scratch at <64 * batch> size <64 * batch> : memref<?x8xf32>
    %28 = yoco.parameter_ref @packed.cross.0.out : memref<1x8x16xbf16>
    yoco.launch @kernels::@linear_1(%26, %18, %27, %28) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.out>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>
    %29 = yoco.view @scratch at <0> size <64 * batch> : memref<?x12xf32>
    %30 = yoco.parameter_ref @packed.cross.0.fc1 : memref<1x8x16xbf16>
    %31 = yoco.parameter_ref @packed.cross.0.gate : memref<1x8x16xbf16>
    %32 = yoco.parameter_ref @packed.cross.0.ffn_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_2(%27, %29, %30, %31, %32) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.fc1>, #yoco.cost<256 weight_bytes per step of @packed.cross.0.gate>, #yoco.cost<16 weight_bytes per step of @packed.cross.0.ffn_norm>, #yoco.cost<384 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x12xf32>, memref<1x8x16xbf16>, memref<1x8x16xbf16>, memref<8xbf16>
    %33 = yoco.view @scratch at <128 * batch> size <64 * batch> : memref<?x8xf32>
    %34 = yoco.parameter_ref @packed.cross.0.fc2 : memref<1x12x16xbf16>
    yoco.launch @kernels::@linear_3(%29, %27, %33, %34) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<384 weight_bytes per step of @packed.cross.0.fc2>, #yoco.cost<192 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x12x16xbf16>
    %35 = yoco.view @scratch at <0> size <128 * batch> : memref<?x32xf32>
    %36 = yoco.parameter_ref @packed.output : memref<2x8x16xbf16>
    %37 = yoco.parameter_ref @packed.norm : memref<8xbf16>
    yoco.launch @kernels::@linear_5(%33, %35, %36, %37) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<512 weight_bytes per step of @packed.output>, #yoco.cost<16 weight_bytes per step of @packed.norm>, #yoco.cost<512 linear_operations per row>] {yoco.layer = "head"} : memref<?x8xf32>, memref<?x32xf32>, memref<2x8x16xbf16>, memref<8xbf16>
    %38 = yoco.view @scratch at <128 * batch> size <64 * batch> role sampled : memref<?xi32>
    yoco.launch @kernels::@argmax_0(%35, %38) tiles <rows, divisor = 8, multiplier = 1> {yoco.layer = "head"} : memref<?x32xf32>, memref<?xi32>
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
    yoco.launch @kernels::@positions_0(%0, %1, %6) tiles <segments, divisor = 1, multiplier = 1> {yoco.layer = "embed"} : memref<?xi32>, !yoco.segments, memref<?xi32>
    %7 = yoco.view @scratch at <128 * batch + 384 * chunk> size <64 * wanted> row_set 1 : memref<?xi32>
    yoco.launch @kernels::@positions_0(%0, %5, %7) tiles <segments, divisor = 1, multiplier = 1> row_set 1 {yoco.layer = "embed"} : memref<?xi32>, !yoco.segments, memref<?xi32>
    %8 = yoco.view @scratch at <128 * batch + 256 * chunk> size <64 * chunk> : memref<?x8xf32>
    %9 = yoco.parameter_ref @packed.embed : memref<32x8xbf16>
    yoco.launch @kernels::@embed_0(%0, %8, %9) tiles <rows, divisor = 8, multiplier = 1> costs [#yoco.cost<16 weight_bytes per row of @packed.embed>] {yoco.layer = "embed"} : memref<?xi32>, memref<?x8xf32>, memref<32x8xbf16>
    %10 = yoco.view @scratch at <128 * batch> size <192 * chunk> : memref<?x34xf32>
    %11 = yoco.parameter_ref @packed.self.0.q : memref<3x8x16xbf16>
    %12 = yoco.parameter_ref @packed.self.0.mixer_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_0(%8, %10, %11, %12) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<768 weight_bytes per step of @packed.self.0.q>, #yoco.cost<16 weight_bytes per step of @packed.self.0.mixer_norm>, #yoco.cost<544 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x34xf32>, memref<3x8x16xbf16>, memref<8xbf16>
    %subview = memref.subview %10[0, 0] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1]>>
    %subview_0 = memref.subview %10[0, 8] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 8>>
    %subview_1 = memref.subview %10[0, 16] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 16>>
    %subview_2 = memref.subview %10[0, 24] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 24>>
    %subview_3 = memref.subview %10[0, 32] [%dim, 2] [1, 1] : memref<?x34xf32> to memref<?x2xf32, strided<[34, 1], offset: 32>>
    %13 = yoco.view @scratch at <128 * batch + 320 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.launch @kernels::@retention_0(%subview, %subview_0, %subview_1, %subview_3, %6, %1, %2, %subview_2, %13) tiles <segments, divisor = 1, multiplier = 2> costs [#yoco.cost<128 state_read_bytes per continued_segment>, #yoco.cost<128 state_write_bytes per segment>, #yoco.cost<128 mixer_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32, strided<[34, 1]>>, memref<?x8xf32, strided<[34, 1], offset: 8>>, memref<?x8xf32, strided<[34, 1], offset: 16>>, memref<?x2xf32, strided<[34, 1], offset: 32>>, memref<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, memref<?x8xf32, strided<[34, 1], offset: 24>>, memref<?x8xf32>
    %14 = yoco.view @scratch at <128 * batch> size <64 * chunk> : memref<?x8xf32>
    %15 = yoco.parameter_ref @packed.self.0.out : memref<1x8x16xbf16>
    yoco.launch @kernels::@linear_1(%13, %8, %14, %15) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.self.0.out>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>
    %16 = yoco.view @scratch at <128 * batch + 64 * chunk> size <64 * chunk> : memref<?x12xf32>
    %17 = yoco.parameter_ref @packed.self.0.fc1 : memref<1x8x16xbf16>
    %18 = yoco.parameter_ref @packed.self.0.gate : memref<1x8x16xbf16>
    %19 = yoco.parameter_ref @packed.self.0.ffn_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_2(%14, %16, %17, %18, %19) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.self.0.fc1>, #yoco.cost<256 weight_bytes per step of @packed.self.0.gate>, #yoco.cost<16 weight_bytes per step of @packed.self.0.ffn_norm>, #yoco.cost<384 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x12xf32>, memref<1x8x16xbf16>, memref<1x8x16xbf16>, memref<8xbf16>
    %20 = yoco.view @scratch at <128 * batch + 128 * chunk> size <64 * chunk> : memref<?x8xf32>
    %21 = yoco.parameter_ref @packed.self.0.fc2 : memref<1x12x16xbf16>
    yoco.launch @kernels::@linear_3(%16, %14, %20, %21) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<384 weight_bytes per step of @packed.self.0.fc2>, #yoco.cost<192 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x12x16xbf16>
    %22 = yoco.view @scratch at <128 * batch> size <64 * chunk> : memref<?x8xf32>
    %23 = yoco.parameter_ref @packed.kv.k : memref<1x8x16xbf16>
    %24 = yoco.parameter_ref @packed.kv.norm : memref<8xbf16>
    yoco.launch @kernels::@linear_4(%20, %22, %23, %24) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.kv.k>, #yoco.cost<16 weight_bytes per step of @packed.kv.norm>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "kv"} : memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>, memref<8xbf16>
    %subview_4 = memref.subview %22[0, 0] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1]>>
    %subview_5 = memref.subview %22[0, 4] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1], offset: 4>>
    %25 = yoco.view @scratch at <128 * batch + 384 * chunk + 64 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.launch @kernels::@narrow_0(%20, %1, %5, %25) tiles <rows, divisor = 8, multiplier = 1> row_set 1 {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, !yoco.segments, !yoco.segments, memref<?x8xf32>
    %26 = yoco.view @scratch at <128 * batch + 384 * chunk + 128 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    %27 = yoco.parameter_ref @packed.cross.0.q : memref<1x8x16xbf16>
    %28 = yoco.parameter_ref @packed.cross.0.mixer_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_4(%25, %26, %27, %28) tiles <rows, divisor = 48, multiplier = 1> row_set 1 costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.q>, #yoco.cost<16 weight_bytes per step of @packed.cross.0.mixer_norm>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>, memref<8xbf16>
    yoco.launch @kernels::@cache_write_0(%subview_4, %subview_5, %6, %1, %3, %4) tiles <rows, divisor = 8, multiplier = 1> costs [#yoco.cost<16 state_write_bytes per position_kept>, #yoco.cost<16 state_write_bytes per position_kept>] {yoco.layer = "kv"} : memref<?x4xf32, strided<[8, 1]>>, memref<?x4xf32, strided<[8, 1], offset: 4>>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %29 = yoco.view @scratch at <128 * batch + 384 * chunk + 192 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.launch @kernels::@attention_0(%26, %7, %5, %3, %4, %29) tiles <rows, divisor = 1, multiplier = 1> row_set 1 costs [#yoco.cost<16 state_read_bytes per position_reached>, #yoco.cost<16 state_read_bytes per position_reached>, #yoco.cost<32 mixer_operations per pair>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, memref<?x8xf32>
    %30 = yoco.view @scratch at <128 * batch + 384 * chunk> size <64 * wanted> row_set 1 : memref<?x8xf32>
    %31 = yoco.parameter_ref @packed.cross.0.out : memref<1x8x16xbf16>
    yoco.launch @kernels::@linear_1(%29, %25, %30, %31) tiles <rows, divisor = 48, multiplier = 1> row_set 1 costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.out>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>
    %32 = yoco.view @scratch at <128 * batch + 384 * chunk + 64 * wanted> size <64 * wanted> row_set 1 : memref<?x12xf32>
    %33 = yoco.parameter_ref @packed.cross.0.fc1 : memref<1x8x16xbf16>
    %34 = yoco.parameter_ref @packed.cross.0.gate : memref<1x8x16xbf16>
    %35 = yoco.parameter_ref @packed.cross.0.ffn_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_2(%30, %32, %33, %34, %35) tiles <rows, divisor = 48, multiplier = 1> row_set 1 costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.fc1>, #yoco.cost<256 weight_bytes per step of @packed.cross.0.gate>, #yoco.cost<16 weight_bytes per step of @packed.cross.0.ffn_norm>, #yoco.cost<384 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x12xf32>, memref<1x8x16xbf16>, memref<1x8x16xbf16>, memref<8xbf16>
    %36 = yoco.view @scratch at <128 * batch + 384 * chunk + 128 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    %37 = yoco.parameter_ref @packed.cross.0.fc2 : memref<1x12x16xbf16>
    yoco.launch @kernels::@linear_3(%32, %30, %36, %37) tiles <rows, divisor = 48, multiplier = 1> row_set 1 costs [#yoco.cost<384 weight_bytes per step of @packed.cross.0.fc2>, #yoco.cost<192 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x12x16xbf16>
    %38 = yoco.view @scratch at <128 * batch + 384 * chunk> size <128 * wanted> row_set 1 role logits : memref<?x32xf32>
    %39 = yoco.parameter_ref @packed.output : memref<2x8x16xbf16>
    %40 = yoco.parameter_ref @packed.norm : memref<8xbf16>
    yoco.launch @kernels::@linear_5(%36, %38, %39, %40) tiles <rows, divisor = 48, multiplier = 1> row_set 1 costs [#yoco.cost<512 weight_bytes per step of @packed.output>, #yoco.cost<16 weight_bytes per step of @packed.norm>, #yoco.cost<512 linear_operations per row>] {yoco.layer = "head"} : memref<?x8xf32>, memref<?x32xf32>, memref<2x8x16xbf16>, memref<8xbf16>
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
    yoco.launch @kernels::@positions_0(%0, %1, %6) tiles <segments, divisor = 1, multiplier = 1> {yoco.layer = "embed"} : memref<?xi32>, !yoco.segments, memref<?xi32>
    %7 = yoco.view @scratch at <128 * batch + 384 * chunk> size <64 * wanted> row_set 1 : memref<?xi32>
    yoco.launch @kernels::@positions_0(%0, %5, %7) tiles <segments, divisor = 1, multiplier = 1> row_set 1 {yoco.layer = "embed"} : memref<?xi32>, !yoco.segments, memref<?xi32>
    %8 = yoco.view @scratch at <128 * batch + 256 * chunk> size <64 * chunk> : memref<?x8xf32>
    %9 = yoco.parameter_ref @packed.embed : memref<32x8xbf16>
    yoco.launch @kernels::@embed_0(%0, %8, %9) tiles <rows, divisor = 8, multiplier = 1> costs [#yoco.cost<16 weight_bytes per row of @packed.embed>] {yoco.layer = "embed"} : memref<?xi32>, memref<?x8xf32>, memref<32x8xbf16>
    %10 = yoco.view @scratch at <128 * batch> size <192 * chunk> : memref<?x34xf32>
    %11 = yoco.parameter_ref @packed.self.0.q : memref<3x8x16xbf16>
    %12 = yoco.parameter_ref @packed.self.0.mixer_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_0(%8, %10, %11, %12) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<768 weight_bytes per step of @packed.self.0.q>, #yoco.cost<16 weight_bytes per step of @packed.self.0.mixer_norm>, #yoco.cost<544 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x34xf32>, memref<3x8x16xbf16>, memref<8xbf16>
    %subview = memref.subview %10[0, 0] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1]>>
    %subview_0 = memref.subview %10[0, 8] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 8>>
    %subview_1 = memref.subview %10[0, 16] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 16>>
    %subview_2 = memref.subview %10[0, 24] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 24>>
    %subview_3 = memref.subview %10[0, 32] [%dim, 2] [1, 1] : memref<?x34xf32> to memref<?x2xf32, strided<[34, 1], offset: 32>>
    %13 = yoco.view @scratch at <128 * batch + 320 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.launch @kernels::@retention_0(%subview, %subview_0, %subview_1, %subview_3, %6, %1, %2, %subview_2, %13) tiles <segments, divisor = 1, multiplier = 2> costs [#yoco.cost<128 state_read_bytes per continued_segment>, #yoco.cost<128 state_write_bytes per segment>, #yoco.cost<128 mixer_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32, strided<[34, 1]>>, memref<?x8xf32, strided<[34, 1], offset: 8>>, memref<?x8xf32, strided<[34, 1], offset: 16>>, memref<?x2xf32, strided<[34, 1], offset: 32>>, memref<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, memref<?x8xf32, strided<[34, 1], offset: 24>>, memref<?x8xf32>
    %14 = yoco.view @scratch at <128 * batch> size <64 * chunk> : memref<?x8xf32>
    %15 = yoco.parameter_ref @packed.self.0.out : memref<1x8x16xbf16>
    yoco.launch @kernels::@linear_1(%13, %8, %14, %15) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.self.0.out>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>
    %16 = yoco.view @scratch at <128 * batch + 64 * chunk> size <64 * chunk> : memref<?x12xf32>
    %17 = yoco.parameter_ref @packed.self.0.fc1 : memref<1x8x16xbf16>
    %18 = yoco.parameter_ref @packed.self.0.gate : memref<1x8x16xbf16>
    %19 = yoco.parameter_ref @packed.self.0.ffn_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_2(%14, %16, %17, %18, %19) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.self.0.fc1>, #yoco.cost<256 weight_bytes per step of @packed.self.0.gate>, #yoco.cost<16 weight_bytes per step of @packed.self.0.ffn_norm>, #yoco.cost<384 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x12xf32>, memref<1x8x16xbf16>, memref<1x8x16xbf16>, memref<8xbf16>
    %20 = yoco.view @scratch at <128 * batch + 128 * chunk> size <64 * chunk> : memref<?x8xf32>
    %21 = yoco.parameter_ref @packed.self.0.fc2 : memref<1x12x16xbf16>
    yoco.launch @kernels::@linear_3(%16, %14, %20, %21) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<384 weight_bytes per step of @packed.self.0.fc2>, #yoco.cost<192 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x12x16xbf16>
    %22 = yoco.view @scratch at <128 * batch> size <64 * chunk> : memref<?x8xf32>
    %23 = yoco.parameter_ref @packed.kv.k : memref<1x8x16xbf16>
    %24 = yoco.parameter_ref @packed.kv.norm : memref<8xbf16>
    yoco.launch @kernels::@linear_4(%20, %22, %23, %24) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.kv.k>, #yoco.cost<16 weight_bytes per step of @packed.kv.norm>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "kv"} : memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>, memref<8xbf16>
    %subview_4 = memref.subview %22[0, 0] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1]>>
    %subview_5 = memref.subview %22[0, 4] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1], offset: 4>>
    %25 = yoco.view @scratch at <128 * batch + 384 * chunk + 64 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.launch @kernels::@narrow_0(%20, %1, %5, %25) tiles <rows, divisor = 8, multiplier = 1> row_set 1 {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, !yoco.segments, !yoco.segments, memref<?x8xf32>
    %26 = yoco.view @scratch at <128 * batch + 384 * chunk + 128 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    %27 = yoco.parameter_ref @packed.cross.0.q : memref<1x8x16xbf16>
    %28 = yoco.parameter_ref @packed.cross.0.mixer_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_4(%25, %26, %27, %28) tiles <rows, divisor = 48, multiplier = 1> row_set 1 costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.q>, #yoco.cost<16 weight_bytes per step of @packed.cross.0.mixer_norm>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>, memref<8xbf16>
    yoco.launch @kernels::@cache_write_0(%subview_4, %subview_5, %6, %1, %3, %4) tiles <rows, divisor = 8, multiplier = 1> costs [#yoco.cost<16 state_write_bytes per position_kept>, #yoco.cost<16 state_write_bytes per position_kept>] {yoco.layer = "kv"} : memref<?x4xf32, strided<[8, 1]>>, memref<?x4xf32, strided<[8, 1], offset: 4>>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %29 = yoco.view @scratch at <128 * batch + 384 * chunk + 192 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.launch @kernels::@attention_0(%26, %7, %5, %3, %4, %29) tiles <rows, divisor = 1, multiplier = 1> row_set 1 costs [#yoco.cost<16 state_read_bytes per position_reached>, #yoco.cost<16 state_read_bytes per position_reached>, #yoco.cost<32 mixer_operations per pair>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, memref<?x8xf32>
    %30 = yoco.view @scratch at <128 * batch + 384 * chunk> size <64 * wanted> row_set 1 : memref<?x8xf32>
    %31 = yoco.parameter_ref @packed.cross.0.out : memref<1x8x16xbf16>
    yoco.launch @kernels::@linear_1(%29, %25, %30, %31) tiles <rows, divisor = 48, multiplier = 1> row_set 1 costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.out>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>
    %32 = yoco.view @scratch at <128 * batch + 384 * chunk + 64 * wanted> size <64 * wanted> row_set 1 : memref<?x12xf32>
    %33 = yoco.parameter_ref @packed.cross.0.fc1 : memref<1x8x16xbf16>
    %34 = yoco.parameter_ref @packed.cross.0.gate : memref<1x8x16xbf16>
    %35 = yoco.parameter_ref @packed.cross.0.ffn_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_2(%30, %32, %33, %34, %35) tiles <rows, divisor = 48, multiplier = 1> row_set 1 costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.fc1>, #yoco.cost<256 weight_bytes per step of @packed.cross.0.gate>, #yoco.cost<16 weight_bytes per step of @packed.cross.0.ffn_norm>, #yoco.cost<384 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x12xf32>, memref<1x8x16xbf16>, memref<1x8x16xbf16>, memref<8xbf16>
    %36 = yoco.view @scratch at <128 * batch + 384 * chunk + 128 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    %37 = yoco.parameter_ref @packed.cross.0.fc2 : memref<1x12x16xbf16>
    yoco.launch @kernels::@linear_3(%32, %30, %36, %37) tiles <rows, divisor = 48, multiplier = 1> row_set 1 costs [#yoco.cost<384 weight_bytes per step of @packed.cross.0.fc2>, #yoco.cost<192 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x12x16xbf16>
    %38 = yoco.view @scratch at <128 * batch + 384 * chunk> size <128 * wanted> row_set 1 : memref<?x32xf32>
    %39 = yoco.parameter_ref @packed.output : memref<2x8x16xbf16>
    %40 = yoco.parameter_ref @packed.norm : memref<8xbf16>
    yoco.launch @kernels::@linear_5(%36, %38, %39, %40) tiles <rows, divisor = 48, multiplier = 1> row_set 1 costs [#yoco.cost<512 weight_bytes per step of @packed.output>, #yoco.cost<16 weight_bytes per step of @packed.norm>, #yoco.cost<512 linear_operations per row>] {yoco.layer = "head"} : memref<?x8xf32>, memref<?x32xf32>, memref<2x8x16xbf16>, memref<8xbf16>
    %41 = yoco.view @scratch at <128 * batch + 384 * chunk + 128 * wanted> size <64 * wanted> row_set 1 role sampled : memref<?xi32>
    yoco.launch @kernels::@argmax_0(%38, %41) tiles <rows, divisor = 8, multiplier = 1> row_set 1 {yoco.layer = "head"} : memref<?x32xf32>, memref<?xi32>
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
    yoco.launch @kernels::@positions_0(%0, %1, %7) tiles <segments, divisor = 1, multiplier = 1> {yoco.layer = "embed"} : memref<?xi32>, !yoco.segments, memref<?xi32>
    %8 = yoco.view @scratch at <128 * batch + 448 * chunk> size <64 * wanted> row_set 1 : memref<?xi32>
    yoco.launch @kernels::@positions_0(%0, %6, %8) tiles <segments, divisor = 1, multiplier = 1> row_set 1 {yoco.layer = "embed"} : memref<?xi32>, !yoco.segments, memref<?xi32>
    %9 = yoco.view @scratch at <128 * batch + 320 * chunk> size <64 * chunk> : memref<?x8xf32>
    %10 = yoco.parameter_ref @packed.embed : memref<32x8xbf16>
    yoco.launch @kernels::@embed_0(%0, %9, %10) tiles <rows, divisor = 8, multiplier = 1> costs [#yoco.cost<16 weight_bytes per row of @packed.embed>] {yoco.layer = "embed"} : memref<?xi32>, memref<?x8xf32>, memref<32x8xbf16>
    %11 = yoco.view @scratch at <128 * batch> size <192 * chunk> : memref<?x34xf32>
    %12 = yoco.parameter_ref @packed.self.0.q : memref<3x8x16xbf16>
    %13 = yoco.parameter_ref @packed.self.0.mixer_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_0(%9, %11, %12, %13) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<768 weight_bytes per step of @packed.self.0.q>, #yoco.cost<16 weight_bytes per step of @packed.self.0.mixer_norm>, #yoco.cost<544 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x34xf32>, memref<3x8x16xbf16>, memref<8xbf16>
    %subview = memref.subview %11[0, 0] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1]>>
    %subview_0 = memref.subview %11[0, 8] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 8>>
    %subview_1 = memref.subview %11[0, 16] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 16>>
    %subview_2 = memref.subview %11[0, 24] [%dim, 8] [1, 1] : memref<?x34xf32> to memref<?x8xf32, strided<[34, 1], offset: 24>>
    %subview_3 = memref.subview %11[0, 32] [%dim, 2] [1, 1] : memref<?x34xf32> to memref<?x2xf32, strided<[34, 1], offset: 32>>
    %14 = yoco.view @scratch at <128 * batch + 384 * chunk> size <64 * chunk> : memref<?x8xf32>
    yoco.launch @kernels::@retention_0(%subview, %subview_0, %subview_1, %subview_3, %7, %1, %3, %subview_2, %14) tiles <segments, divisor = 1, multiplier = 2> costs [#yoco.cost<128 state_read_bytes per continued_segment>, #yoco.cost<128 state_write_bytes per segment>, #yoco.cost<128 mixer_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32, strided<[34, 1]>>, memref<?x8xf32, strided<[34, 1], offset: 8>>, memref<?x8xf32, strided<[34, 1], offset: 16>>, memref<?x2xf32, strided<[34, 1], offset: 32>>, memref<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, memref<?x8xf32, strided<[34, 1], offset: 24>>, memref<?x8xf32>
    %15 = yoco.view @scratch at <128 * batch> size <64 * chunk> : memref<?x8xf32>
    %16 = yoco.parameter_ref @packed.self.0.out : memref<1x8x16xbf16>
    yoco.launch @kernels::@linear_1(%14, %9, %15, %16) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.self.0.out>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>
    %17 = yoco.view @scratch at <128 * batch + 64 * chunk> size <64 * chunk> : memref<?x12xf32>
    %18 = yoco.parameter_ref @packed.self.0.fc1 : memref<1x8x16xbf16>
    %19 = yoco.parameter_ref @packed.self.0.gate : memref<1x8x16xbf16>
    %20 = yoco.parameter_ref @packed.self.0.ffn_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_2(%15, %17, %18, %19, %20) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.self.0.fc1>, #yoco.cost<256 weight_bytes per step of @packed.self.0.gate>, #yoco.cost<16 weight_bytes per step of @packed.self.0.ffn_norm>, #yoco.cost<384 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, memref<?x12xf32>, memref<1x8x16xbf16>, memref<1x8x16xbf16>, memref<8xbf16>
    %21 = yoco.view @scratch at <128 * batch + 128 * chunk> size <64 * chunk> : memref<?x8xf32>
    %22 = yoco.parameter_ref @packed.self.0.fc2 : memref<1x12x16xbf16>
    yoco.launch @kernels::@linear_3(%17, %15, %21, %22) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<384 weight_bytes per step of @packed.self.0.fc2>, #yoco.cost<192 linear_operations per row>] {yoco.layer = "self_decoder.0"} : memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x12x16xbf16>
    %23 = yoco.view @scratch at <128 * batch> size <64 * chunk> : memref<?x8xf32>
    %24 = yoco.parameter_ref @packed.kv.k : memref<1x8x16xbf16>
    %25 = yoco.parameter_ref @packed.kv.norm : memref<8xbf16>
    yoco.launch @kernels::@linear_4(%21, %23, %24, %25) tiles <rows, divisor = 48, multiplier = 1> costs [#yoco.cost<256 weight_bytes per step of @packed.kv.k>, #yoco.cost<16 weight_bytes per step of @packed.kv.norm>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "kv"} : memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>, memref<8xbf16>
    %subview_4 = memref.subview %23[0, 0] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1]>>
    %subview_5 = memref.subview %23[0, 4] [%dim, 4] [1, 1] : memref<?x8xf32> to memref<?x4xf32, strided<[8, 1], offset: 4>>
    %26 = yoco.view @scratch at <128 * batch + 448 * chunk + 64 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.launch @kernels::@narrow_0(%21, %1, %6, %26) tiles <rows, divisor = 8, multiplier = 1> row_set 1 {yoco.layer = "self_decoder.0"} : memref<?x8xf32>, !yoco.segments, !yoco.segments, memref<?x8xf32>
    %27 = yoco.view @scratch at <128 * batch + 448 * chunk + 128 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    %28 = yoco.parameter_ref @packed.cross.0.q : memref<1x8x16xbf16>
    %29 = yoco.parameter_ref @packed.cross.0.mixer_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_4(%26, %27, %28, %29) tiles <rows, divisor = 48, multiplier = 1> row_set 1 costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.q>, #yoco.cost<16 weight_bytes per step of @packed.cross.0.mixer_norm>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>, memref<8xbf16>
    yoco.launch @kernels::@cache_write_0(%subview_4, %subview_5, %7, %1, %4, %5) tiles <rows, divisor = 8, multiplier = 1> costs [#yoco.cost<16 state_write_bytes per position_kept>, #yoco.cost<16 state_write_bytes per position_kept>] {yoco.layer = "kv"} : memref<?x4xf32, strided<[8, 1]>>, memref<?x4xf32, strided<[8, 1], offset: 4>>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>
    %30 = yoco.view @scratch at <128 * batch + 448 * chunk + 192 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    yoco.launch @kernels::@attention_0(%27, %8, %6, %4, %5, %30) tiles <rows, divisor = 1, multiplier = 1> row_set 1 costs [#yoco.cost<16 state_read_bytes per position_reached>, #yoco.cost<16 state_read_bytes per position_reached>, #yoco.cost<32 mixer_operations per pair>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, memref<?x8xf32>
    %31 = yoco.view @scratch at <128 * batch + 448 * chunk> size <64 * wanted> row_set 1 : memref<?x8xf32>
    %32 = yoco.parameter_ref @packed.cross.0.out : memref<1x8x16xbf16>
    yoco.launch @kernels::@linear_1(%30, %26, %31, %32) tiles <rows, divisor = 48, multiplier = 1> row_set 1 costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.out>, #yoco.cost<128 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x8x16xbf16>
    %33 = yoco.view @scratch at <128 * batch + 448 * chunk + 64 * wanted> size <64 * wanted> row_set 1 : memref<?x12xf32>
    %34 = yoco.parameter_ref @packed.cross.0.fc1 : memref<1x8x16xbf16>
    %35 = yoco.parameter_ref @packed.cross.0.gate : memref<1x8x16xbf16>
    %36 = yoco.parameter_ref @packed.cross.0.ffn_norm : memref<8xbf16>
    yoco.launch @kernels::@linear_2(%31, %33, %34, %35, %36) tiles <rows, divisor = 48, multiplier = 1> row_set 1 costs [#yoco.cost<256 weight_bytes per step of @packed.cross.0.fc1>, #yoco.cost<256 weight_bytes per step of @packed.cross.0.gate>, #yoco.cost<16 weight_bytes per step of @packed.cross.0.ffn_norm>, #yoco.cost<384 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x8xf32>, memref<?x12xf32>, memref<1x8x16xbf16>, memref<1x8x16xbf16>, memref<8xbf16>
    %37 = yoco.view @scratch at <128 * batch + 448 * chunk + 128 * wanted> size <64 * wanted> row_set 1 : memref<?x8xf32>
    %38 = yoco.parameter_ref @packed.cross.0.fc2 : memref<1x12x16xbf16>
    yoco.launch @kernels::@linear_3(%33, %31, %37, %38) tiles <rows, divisor = 48, multiplier = 1> row_set 1 costs [#yoco.cost<384 weight_bytes per step of @packed.cross.0.fc2>, #yoco.cost<192 linear_operations per row>] {yoco.layer = "cross_decoder.0"} : memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>, memref<1x12x16xbf16>
    %39 = yoco.view @scratch at <128 * batch + 448 * chunk + 192 * wanted> size <128 * wanted> row_set 1 : memref<?x32xf32>
    %40 = yoco.parameter_ref @packed.output : memref<2x8x16xbf16>
    %41 = yoco.parameter_ref @packed.norm : memref<8xbf16>
    yoco.launch @kernels::@linear_5(%37, %39, %40, %41) tiles <rows, divisor = 48, multiplier = 1> row_set 1 costs [#yoco.cost<512 weight_bytes per step of @packed.output>, #yoco.cost<16 weight_bytes per step of @packed.norm>, #yoco.cost<512 linear_operations per row>] {yoco.layer = "head"} : memref<?x8xf32>, memref<?x32xf32>, memref<2x8x16xbf16>, memref<8xbf16>
    %42 = yoco.view @scratch at <128 * batch + 448 * chunk + 320 * wanted> size <64 * wanted> row_set 1 : memref<?xi32>
    yoco.launch @kernels::@narrow_1(%2, %1, %6, %42) tiles <rows, divisor = 8, multiplier = 1> row_set 1 : memref<?xi32>, !yoco.segments, !yoco.segments, memref<?xi32>
    %43 = yoco.view @scratch at <128 * batch + 448 * chunk> size <192 * wanted> row_set 1 role logprobs : memref<?x43xf32>
    yoco.launch @kernels::@logprobs_0(%39, %42, %43) tiles <rows, divisor = 8, multiplier = 1> row_set 1 {yoco.layer = "head"} : memref<?x32xf32>, memref<?xi32>, memref<?x43xf32>
    return
  }
  module @kernels attributes {yoco.kernels, yoco.record_stride = 128 : i64} {
    func.func @positions_0(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: memref<?xi32>, %arg6: !yoco.segments, %arg7: memref<?xi32>) {
      yoco.fused_positions %arg5 at %arg6 outs %arg7 : (memref<?xi32>, !yoco.segments, memref<?xi32>) -> ()
      return
    }
    func.func @embed_0(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: memref<?xi32>, %arg6: memref<?x8xf32>, %arg7: memref<32x8xbf16> {yoco.parameter = @w0}) {
      yoco.fused_embed %arg5 table @w0 outs %arg6 {scale = 2.82842708 : f32} : (memref<?xi32>, memref<?x8xf32>) -> ()
      return
    }
    func.func @linear_0(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: memref<?x8xf32>, %arg6: memref<?x34xf32>, %arg7: memref<3x8x16xbf16> {yoco.parameter = @w0}, %arg8: memref<8xbf16> {yoco.parameter = @w1}) {
      yoco.fused_linear %arg5 weights [@w0] outs %arg6 {eps = 9.99999974E-6 : f32, norm_weight = @w1} : (memref<?x8xf32>, memref<?x34xf32>) -> ()
      return
    }
    func.func @retention_0(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: memref<?x8xf32, strided<[34, 1]>>, %arg6: memref<?x8xf32, strided<[34, 1], offset: 8>>, %arg7: memref<?x8xf32, strided<[34, 1], offset: 16>>, %arg8: memref<?x2xf32, strided<[34, 1], offset: 32>>, %arg9: memref<?xi32>, %arg10: !yoco.segments, %arg11: !yoco.state<2x4x4xf32>, %arg12: memref<?x8xf32, strided<[34, 1], offset: 24>>, %arg13: memref<?x8xf32>) {
      yoco.fused_retention %arg5, %arg6, %arg7, %arg8 at %arg9, %arg10 from %arg11 swish %arg12 outs %arg13 {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #rope, scale = 5.000000e-01 : f32, span = 64 : i64} : (memref<?x8xf32, strided<[34, 1]>>, memref<?x8xf32, strided<[34, 1], offset: 8>>, memref<?x8xf32, strided<[34, 1], offset: 16>>, memref<?x2xf32, strided<[34, 1], offset: 32>>, memref<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, memref<?x8xf32, strided<[34, 1], offset: 24>>, memref<?x8xf32>) -> ()
      return
    }
    func.func @linear_1(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: memref<?x8xf32>, %arg6: memref<?x8xf32>, %arg7: memref<?x8xf32>, %arg8: memref<1x8x16xbf16> {yoco.parameter = @w0}) {
      yoco.fused_linear %arg5 residual %arg6 weights [@w0] outs %arg7 : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
      return
    }
    func.func @linear_2(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: memref<?x8xf32>, %arg6: memref<?x12xf32>, %arg7: memref<1x8x16xbf16> {yoco.parameter = @w0}, %arg8: memref<1x8x16xbf16> {yoco.parameter = @w1}, %arg9: memref<8xbf16> {yoco.parameter = @w2}) {
      yoco.fused_linear %arg5 weights [@w0, @w1] outs %arg6 {activation = #yoco.activation<swiglu>, eps = 9.99999974E-6 : f32, norm_weight = @w2} : (memref<?x8xf32>, memref<?x12xf32>) -> ()
      return
    }
    func.func @linear_3(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: memref<?x12xf32>, %arg6: memref<?x8xf32>, %arg7: memref<?x8xf32>, %arg8: memref<1x12x16xbf16> {yoco.parameter = @w0}) {
      yoco.fused_linear %arg5 residual %arg6 weights [@w0] outs %arg7 : (memref<?x12xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
      return
    }
    func.func @linear_4(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: memref<?x8xf32>, %arg6: memref<?x8xf32>, %arg7: memref<1x8x16xbf16> {yoco.parameter = @w0}, %arg8: memref<8xbf16> {yoco.parameter = @w1}) {
      yoco.fused_linear %arg5 weights [@w0] outs %arg6 {eps = 9.99999974E-6 : f32, norm_weight = @w1} : (memref<?x8xf32>, memref<?x8xf32>) -> ()
      return
    }
    func.func @cache_write_0(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: memref<?x4xf32, strided<[8, 1]>>, %arg6: memref<?x4xf32, strided<[8, 1], offset: 4>>, %arg7: memref<?xi32>, %arg8: !yoco.segments, %arg9: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, %arg10: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) {
      yoco.fused_cache_write %arg5, %arg6 at %arg7, %arg8 to %arg9, %arg10 {rope = #rope} : (memref<?x4xf32, strided<[8, 1]>>, memref<?x4xf32, strided<[8, 1], offset: 4>>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>) -> ()
      return
    }
    func.func @retention_1(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: memref<?x8xf32, strided<[34, 1]>>, %arg6: memref<?x8xf32, strided<[34, 1], offset: 8>>, %arg7: memref<?x8xf32, strided<[34, 1], offset: 16>>, %arg8: memref<?x2xf32, strided<[34, 1], offset: 32>>, %arg9: memref<?xi32>, %arg10: !yoco.segments, %arg11: !yoco.state<2x4x4xf32>, %arg12: memref<?x8xf32, strided<[34, 1], offset: 24>>, %arg13: memref<?x8xf32>) {
      yoco.fused_retention %arg5, %arg6, %arg7, %arg8 at %arg9, %arg10 from %arg11 swish %arg12 outs %arg13 {eps = 9.99999974E-6 : f32, gate_divisor = 1.600000e+01 : f32, rope = #rope, scale = 5.000000e-01 : f32} : (memref<?x8xf32, strided<[34, 1]>>, memref<?x8xf32, strided<[34, 1], offset: 8>>, memref<?x8xf32, strided<[34, 1], offset: 16>>, memref<?x2xf32, strided<[34, 1], offset: 32>>, memref<?xi32>, !yoco.segments, !yoco.state<2x4x4xf32>, memref<?x8xf32, strided<[34, 1], offset: 24>>, memref<?x8xf32>) -> ()
      return
    }
    func.func @attention_0(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: memref<?x8xf32>, %arg6: memref<?xi32>, %arg7: !yoco.segments, %arg8: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, %arg9: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, %arg10: memref<?x8xf32>) {
      yoco.fused_attention %arg5 at %arg6, %arg7 to %arg8, %arg9 outs %arg10 {heads = 2 : i64, rope = #rope, scale = 5.000000e-01 : f32} : (memref<?x8xf32>, memref<?xi32>, !yoco.segments, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>, memref<?x8xf32>) -> ()
      return
    }
    func.func @linear_5(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: memref<?x8xf32>, %arg6: memref<?x32xf32>, %arg7: memref<2x8x16xbf16> {yoco.parameter = @w0}, %arg8: memref<8xbf16> {yoco.parameter = @w1}) {
      yoco.fused_linear %arg5 weights [@w0] outs %arg6 {eps = 9.99999974E-6 : f32, norm_weight = @w1} : (memref<?x8xf32>, memref<?x32xf32>) -> ()
      return
    }
    func.func @argmax_0(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: memref<?x32xf32>, %arg6: memref<?xi32>) {
      yoco.fused_argmax %arg5 outs %arg6 : (memref<?x32xf32>, memref<?xi32>) -> ()
      return
    }
    func.func @narrow_0(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: memref<?x8xf32>, %arg6: !yoco.segments, %arg7: !yoco.segments, %arg8: memref<?x8xf32>) {
      yoco.fused_narrow %arg5 at %arg6 to %arg7 outs %arg8 : (memref<?x8xf32>, !yoco.segments, !yoco.segments, memref<?x8xf32>) -> ()
      return
    }
    func.func @narrow_1(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: memref<?xi32>, %arg6: !yoco.segments, %arg7: !yoco.segments, %arg8: memref<?xi32>) {
      yoco.fused_narrow %arg5 at %arg6 to %arg7 outs %arg8 : (memref<?xi32>, !yoco.segments, !yoco.segments, memref<?xi32>) -> ()
      return
    }
    func.func @logprobs_0(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: memref<?x32xf32>, %arg6: memref<?xi32>, %arg7: memref<?x43xf32>) {
      yoco.fused_logprobs %arg5, %arg6 outs %arg7 {best = 20 : i64} : (memref<?x32xf32>, memref<?xi32>, memref<?x43xf32>) -> ()
      return
    }
  }
}

