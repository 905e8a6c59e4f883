// A ring and a window longer than the longest sequence are as long as that; shorter ones, and growing caches, stay.
//
// RUN: yoco-opt %s --yoco-assign-target=max-seq-len=100 | FileCheck %s
// RUN: yoco-opt %s --yoco-assign-target=max-seq-len=100 --yoco-fuse-attention | FileCheck %s --check-prefix=FUSED
// RUN: yoco-opt %s --yoco-assign-target=max-seq-len=1000 | FileCheck %s --check-prefix=LONG

// CHECK: yoco.state_decl @ring : !yoco.kv_cache<heads = 1, key = 4, value = 4, element = f32, window = 100,
// CHECK: yoco.state_decl @short : !yoco.kv_cache<heads = 1, key = 4, value = 4, element = f32, window = 3,
// CHECK: yoco.state_decl @kv : !yoco.kv_cache<heads = 1, key = 4, value = 4, element = f32, window = 0,
// CHECK: func.func @score({{.*}}window = 100, layout = contiguous> {yoco.state = @ring}
// FUSED: yoco.fused_attention {{.*}} window = 100 : i64
// LONG: yoco.state_decl @ring {{.*}} window = 500,
!ring = !yoco.kv_cache<heads = 1, key = 4, value = 4, element = f32, window = 500, layout = contiguous>
!rows = tensor<?x1x4xf32>
module attributes {yoco.phase = #yoco.phase<step>} {
  yoco.state_decl @ring : !ring
  yoco.state_decl @short : !yoco.kv_cache<heads = 1, key = 4, value = 4, element = f32, window = 3, layout = contiguous>
  yoco.state_decl @kv : !yoco.kv_cache<heads = 1, key = 4, value = 4, element = f32, window = 0, layout = contiguous>
  func.func @score(%ids: tensor<?xi32>, %seg: !yoco.segments, %c: !ring {yoco.state = @ring}, %q: !rows) -> (!rows, !ring) {
    %pk, %pv = yoco.cache_read %c at %seg : !ring -> !rows, !rows
    %0 = yoco.step_attention %q at %seg past(%pk, %pv) fresh(%q, %q) {scale = 0.5 : f32, window = 500 : i64}
        : (!rows, !yoco.segments, !rows, !rows, !rows, !rows) -> !rows
    %d = yoco.cache_write %c, %q, %q at %seg : !rows, !rows -> !ring
    return %0, %d : !rows, !ring
  }
}
