// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An encoding that production does not know: packed from a checkpoint, described by the file, and read back by a kernel that
// looks rows up. `--score` gives row `id` of the matrix for each id.
//
// RUN: rm -rf %t && split-file %s %t
// RUN: sed 's|CHECKPOINT|%{checkpoints}/yoco-gret-random|' %t/program.mlir > %t/whole.mlir
// RUN: not yoco-opt %t/whole.mlir --yoco-emit=output=%t/x.yoco -o /dev/null 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: expected an encoding that is registered, got `toy_int8`
// RUN: yoco-toys-opt %t/whole.mlir --yoco-emit=output=%t/a.yoco -o /dev/null
// RUN: yoco-run %t/a.yoco --describe | FileCheck %s
// Codes are 64 * 192 = 12288 bytes, scales 64 * 2 * 4 = 512.
// CHECK: packed.w: 64 x 192 bf16 as toy_int8 of 8 bits, a scale of f32 for 128 columns, row_major, 12800 bytes at
// RUN: echo 0 1 2 17 63 5 | yoco-run %t/a.yoco --prompt-tokens - --score --logits %t/rows.npy
// RUN: %{python} %t/check.py %t/rows.npy %{checkpoints}/yoco-gret-random/model.safetensors

//--- program.mlir
module attributes {yoco.phase = #yoco.phase<program>, yoco.target = #yoco.target<"host", "x86-64-v3", f32>,
                   yoco.bounds = #yoco.bounds<seq = 64, batch = 1, chunk = 8, wanted = 8>, yoco.checkpoint = "CHECKPOINT"} {
  yoco.arena @persistent persistent [#yoco.size<0>]
  yoco.arena @scratch scratch [#yoco.size<64 * batch + 64 * wanted + 768 * wanted>]
  yoco.parameter @w : tensor<64x192xbf16> from "cross_decoder.k_proj.weight"
  yoco.packed_parameter @packed.w [@w] row_major 0 encoded <"toy_int8", bits = 8, group = 128, scale = f32> : tensor<64x192xbf16>
  func.func @rows() attributes {yoco.entry = #yoco.entry<rows = ragged, bound = wanted, logits = all>} {
    %s = yoco.view @scratch at <0> size <64 * batch> role segments : !yoco.segments
    %ids = yoco.view @scratch at <64 * batch> size <64 * wanted> role ids : memref<?xi32>
    %out = yoco.view @scratch at <64 * batch + 64 * wanted> size <768 * wanted> role logits : memref<?x192xf32>
    %w = yoco.parameter_ref @packed.w : memref<12800xi8>
    yoco.launch @kernels::@rows(%ids, %out, %w) tiles <rows, divisor = 1, multiplier = 1>
        costs [#yoco.cost<200 weight_bytes per row of @packed.w>] : memref<?xi32>, memref<?x192xf32>, memref<12800xi8>
    return
  }
  module @kernels attributes {yoco.kernels} {
    func.func @rows(%rows: index, %segments: index, %seq: index, %begin: index, %end: index, %ids: memref<?xi32>,
                    %out: memref<?x192xf32>, %w: memref<12800xi8>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c128 = arith.constant 128 : index
      %c192 = arith.constant 192 : index
      %after = arith.constant 12288 : index
      %codes = memref.view %w[%c0][] : memref<12800xi8> to memref<64x192xi8>
      %scales = memref.view %w[%after][] : memref<12800xi8> to memref<64x2xf32>
      scf.for %row = %begin to %end step %c1 {
        %id = memref.load %ids[%row] : memref<?xi32>
        %at = arith.index_cast %id : i32 to index
        scf.for %column = %c0 to %c192 step %c1 {
          %group = arith.divui %column, %c128 : index
          %code = memref.load %codes[%at, %column] : memref<64x192xi8>
          %number = arith.sitofp %code : i8 to f32
          %scale = memref.load %scales[%at, %group] : memref<64x2xf32>
          %value = arith.mulf %number, %scale : f32
          memref.store %value, %out[%row, %column] : memref<?x192xf32>
        }
      }
      return
    }
  }
}

//--- check.py
# Every number is within half a step of what the checkpoint says.
import json, struct, sys

import numpy as np

rows = np.load(sys.argv[1])
data = open(sys.argv[2], "rb").read()
size = struct.unpack("<Q", data[:8])[0]
begin, end = json.loads(data[8 : 8 + size])["cross_decoder.k_proj.weight"]["data_offsets"]
words = np.frombuffer(data[8 + size + begin : 8 + size + end], dtype=np.uint16).astype(np.uint32) << 16
weights = words.view(np.float32).reshape(64, 192)[[0, 1, 2, 17, 63, 5]]
assert rows.shape == weights.shape and rows.any()
for group in (slice(0, 128), slice(128, 192)):
    step = np.abs(weights[:, group]).max(axis=1, keepdims=True) / 127
    assert (np.abs(rows[:, group] - weights[:, group]) <= step * 0.5001).all()
