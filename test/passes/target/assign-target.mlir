// A module is given a machine, a type to compute in and the bounds of its sessions.
//
// RUN: yoco-opt %s --yoco-assign-target | FileCheck %s --check-prefix=DEFAULT
// RUN: yoco-opt %s --yoco-assign-target="target=host:x86-64-v4 dtype=f32 max-seq-len=100 max-batch=3 prefill-chunk=7" | FileCheck %s --check-prefix=ALL
// RUN: not yoco-opt %s --yoco-assign-target=target=toaster 2>&1 | FileCheck %s --check-prefix=DEVICE
// RUN: not yoco-opt %s --yoco-assign-target=target=host: 2>&1 | FileCheck %s --check-prefix=CHIP
// RUN: not yoco-opt %s --yoco-assign-target=dtype=f8 2>&1 | FileCheck %s --check-prefix=DTYPE
// RUN: not yoco-opt %s --yoco-assign-target=max-batch=0 2>&1 | FileCheck %s --check-prefix=BATCH
// RUN: not yoco-opt %s --yoco-assign-target=max-seq-len=-1 2>&1 | FileCheck %s --check-prefix=SEQ
// RUN: not yoco-opt %s --yoco-assign-target=place=table=host 2>&1 | FileCheck %s --check-prefix=PLACE
// RUN: not yoco-opt %s --yoco-assign-target=place=table=disk 2>&1 | FileCheck %s --check-prefix=WHERE

// The longest sequence is the checkpoint's.
// DEFAULT: module attributes {yoco.bounds = #yoco.bounds<seq = 512, batch = 1, chunk = 256, wanted = 256>
// DEFAULT-SAME: yoco.target = #yoco.target<"host", "x86-64-v3", f32>
// ALL: module attributes {yoco.bounds = #yoco.bounds<seq = 100, batch = 3, chunk = 7, wanted = 256>
// ALL-SAME: yoco.target = #yoco.target<"host", "x86-64-v4", f32>
// DEVICE: error: expected target `host`, `host:CPU`, `nvptx` or `nvptx:CHIP`, got `toaster`
// CHIP: error: expected a processor after `host:`, got none
// DTYPE: error: expected dtype `f32` or `bf16`, got `f8`
// BATCH: error: expected every bound to be at least 1, got seq 512, batch 0, chunk 256, wanted 256
// SEQ: error: expected every bound to be at least 1, got seq -1, batch 1, chunk 256, wanted 256
// PLACE: error: place: expected a pattern that some parameter's name matches, got `table`
// WHERE: error: place: expected PATTERN=host or PATTERN=device, got `table=disk`
module attributes {yoco.phase = #yoco.phase<step>, yoco.max_sequence_length = 512 : i64} {
}
