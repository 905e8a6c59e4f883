// States are linear: what is accepted, and every way not to be.
//
// RUN: yoco-opt %s --split-input-file --verify-diagnostics --allow-unregistered-dialect --yoco-verify-states

// Read, then written; another state passes through. What reads the new version stands after the write.
!kv = !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>
module {
  yoco.state_decl @kv : !kv
  yoco.state_decl @s : !yoco.state<1x8x8xf32>
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %c: !kv {yoco.state = @kv}, %s: !yoco.state<1x8x8xf32> {yoco.state = @s},
                    %k: tensor<?x1x8xf32>) -> (!kv, !yoco.state<1x8x8xf32>)
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    %0 = yoco.cache_read %c at %seg : !kv -> tensor<?x1x8xf32>
    %1 = yoco.cache_read %c at %seg : !kv -> tensor<?x1x8xf32>
    %c1 = yoco.cache_write %c, %k at %seg : tensor<?x1x8xf32> -> !kv
    %2 = yoco.cache_read %c1 at %seg : !kv -> tensor<?x1x8xf32>
    %3 = yoco.cache_read %c1 at %seg : !kv -> tensor<?x1x8xf32>
    return %c1, %s : !kv, !yoco.state<1x8x8xf32>
  }
}

// -----

!kv = !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>
module {
  yoco.state_decl @kv : !kv
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %c: !kv {yoco.state = @kv}, %k: tensor<?x1x8xf32>) -> !kv
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    // expected-note @+1 {{it is written here}}
    %c1 = yoco.cache_write %c, %k at %seg : tensor<?x1x8xf32> -> !kv
    // expected-error @+1 {{expected a state to be read before it is written, got a read after}}
    %0 = yoco.cache_read %c at %seg : !kv -> tensor<?x1x8xf32>
    return %c1 : !kv
  }
}

// -----

// Also of a use that no one knows.
module {
  yoco.state_decl @s : !yoco.state<1x8x8xf32>
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %s: !yoco.state<1x8x8xf32> {yoco.state = @s}, %k: tensor<?x1x8xf32>,
                    %g: tensor<?x1xf32>) -> !yoco.state<1x8x8xf32>
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    // expected-note @+1 {{it is written here}}
    %0, %s1 = yoco.step_retention %k, %k, %k, %g at %seg from %s {scale = 1.0 : f32}
        : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1xf32>, !yoco.state<1x8x8xf32> -> tensor<?x1x8xf32>
    // expected-error @+1 {{expected a state to be read before it is written, got a read after}}
    "test.use"(%s) : (!yoco.state<1x8x8xf32>) -> ()
    return %s1 : !yoco.state<1x8x8xf32>
  }
}

// -----

!kv = !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>
module {
  yoco.state_decl @kv : !kv
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %c: !kv {yoco.state = @kv}, %k: tensor<?x1x8xf32>) -> !kv
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    // expected-error @+1 {{expected a state to be written once, got a second write}}
    %c1 = yoco.cache_write %c, %k at %seg : tensor<?x1x8xf32> -> !kv
    // expected-note @+1 {{it is written here too}}
    %c2 = yoco.cache_write %c, %k at %seg : tensor<?x1x8xf32> -> !kv
    return %c1 : !kv
  }
}

// -----

// The same on fused operations. All violations are reported, not only the first.
!kv = !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>
module {
  yoco.state_decl @kv : !kv
  yoco.state_decl @s : !kv
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %c: !kv {yoco.state = @kv}, %d: !kv {yoco.state = @s}, %k: tensor<?x8xf32>,
                    %pos: tensor<?xi32>) -> (!kv, !kv)
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    // expected-note @+1 {{it is written here}}
    %c1 = yoco.fused_cache_write %k at %pos, %seg to %c : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !kv) -> !kv
    // expected-error @+1 {{expected a state to be read before it is written, got a read after}}
    %0 = yoco.fused_attention %k at %pos, %seg to %c, %c {scale = 1.0 : f32, heads = 1 : i64} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !kv, !kv) -> tensor<?x8xf32>
    // expected-note @+1 {{it is written here}}
    %d1 = yoco.fused_cache_write %k at %pos, %seg to %d : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !kv) -> !kv
    // expected-error @+1 {{expected a state to be read before it is written, got a read after}}
    %1 = yoco.fused_attention %k at %pos, %seg to %d, %d {scale = 1.0 : f32, heads = 1 : i64} : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments, !kv, !kv) -> tensor<?x8xf32>
    // expected-error @+1 {{expected the last version of @kv, got an earlier one}}
    return %c, %d1 : !kv, !kv
  }
}

// -----

module {
  yoco.state_decl @a : !yoco.state<4xf32>
  yoco.state_decl @b : !yoco.state<4xf32>
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %a: !yoco.state<4xf32> {yoco.state = @a}, %b: !yoco.state<4xf32> {yoco.state = @b})
      -> (!yoco.state<4xf32>, !yoco.state<4xf32>) attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    // expected-error @+1 {{expected versions of the state arguments, in order, got another value for '!yoco.state<4xf32>'}}
    return %b, %a : !yoco.state<4xf32>, !yoco.state<4xf32>
  }
}

// -----

module {
  yoco.state_decl @a : !yoco.state<4xf32>
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %a: !yoco.state<4xf32> {yoco.state = @a}) -> !yoco.state<4xf32>
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    %0 = "test.state"() : () -> !yoco.state<4xf32>
    // expected-error @+1 {{expected versions of the state arguments, in order, got another value for '!yoco.state<4xf32>'}}
    return %0 : !yoco.state<4xf32>
  }
}

// -----

module {
  yoco.state_decl @a : !yoco.state<4xf32>
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %a: !yoco.state<4xf32> {yoco.state = @a})
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    // expected-error @+1 {{expected every state argument to be returned, 1 in all, got 0}}
    return
  }
}

// -----

module {
  // expected-error @+1 {{expected `yoco.state` on argument 2, a state, got none}}
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %a: !yoco.state<4xf32>) -> !yoco.state<4xf32>
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    // expected-error @+1 {{expected versions of the state arguments, in order, got another value for '!yoco.state<4xf32>'}}
    return %a : !yoco.state<4xf32>
  }
}

// -----

module {
  // expected-error @+1 {{expected `yoco.state` of argument 2 to name a `yoco.state_decl`, got @a}}
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %a: !yoco.state<4xf32> {yoco.state = @a}) -> !yoco.state<4xf32>
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    return %a : !yoco.state<4xf32>
  }
}

// -----

module {
  yoco.state_decl @a : !yoco.state<3xf32>
  // expected-error @+1 {{expected argument 2 to be of the declared type '!yoco.state<3xf32>', got '!yoco.state<4xf32>'}}
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %a: !yoco.state<4xf32> {yoco.state = @a}) -> !yoco.state<4xf32>
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    return %a : !yoco.state<4xf32>
  }
}

// -----

// Two arguments with the same bytes.
module {
  yoco.state_decl @a : !yoco.state<4xf32>
  // expected-error @+1 {{expected every state in one argument, got @a again in argument 3}}
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %a: !yoco.state<4xf32> {yoco.state = @a}, %b: !yoco.state<4xf32> {yoco.state = @a})
      -> (!yoco.state<4xf32>, !yoco.state<4xf32>) attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    return %a, %b : !yoco.state<4xf32>, !yoco.state<4xf32>
  }
}

// -----

!kv = !yoco.cache<heads = 1, width = 8, element = f32, window = 0, layout = contiguous>
module {
  yoco.state_decl @kv : !kv
  func.func @decode(%ids: tensor<?xi32>, %seg: !yoco.segments, %c: !kv {yoco.state = @kv}, %k: tensor<?x1x8xf32>) -> !kv
      attributes {yoco.entry = #yoco.entry<rows = single, bound = batch, logits = none>} {
    "test.maybe"() ({
      // expected-error @+1 {{expected states to be read and written in the body of the entry point itself, got 'yoco.cache_write' in a nested region}}
      %c1 = yoco.cache_write %c, %k at %seg : tensor<?x1x8xf32> -> !kv
    }) : () -> ()
    // expected-error @+1 {{expected the last version of @kv, got an earlier one}}
    return %c : !kv
  }
}
