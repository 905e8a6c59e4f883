// One negative for each thing that the types' verifiers say.
//
// RUN: yoco-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expected heads and width to be at least 1, got 0 and 4}}
func.func private @f(!yoco.cache<heads = 0, width = 4, element = f32, window = 0, layout = contiguous>)

// -----

// expected-error @+1 {{expected an element type of f32, f16 or bf16, got 'f64'}}
func.func private @f(!yoco.cache<heads = 1, width = 4, element = f64, window = 0, layout = contiguous>)

// -----

// expected-error @+1 {{expected an element type of f32, f16 or bf16, got 'i32'}}
func.func private @f(!yoco.cache<heads = 1, width = 4, element = i32, window = 0, layout = contiguous>)

// -----

// expected-error @+1 {{expected a window of at least 0, got -1}}
func.func private @f(!yoco.cache<heads = 1, width = 4, element = f32, window = -1, layout = contiguous>)

// -----

// expected-error @+1 {{expected at most 2^63 - 1 bytes, got more}}
func.func private @f(!yoco.cache<heads = 4000000000, width = 4000000000, element = f32, window = 0, layout = contiguous>)

// -----

// expected-error @+2 {{expected ::mlir::yoco::CacheLayout to be one of: contiguous}}
// expected-error @+1 {{failed to parse Yoco_CacheType parameter 'layout'}}
func.func private @f(!yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = paged>)

// -----

// expected-error @+1 {{expected at least one dimension and none below 1}}
func.func private @f(!yoco.state<f32>)

// -----

// expected-error @+1 {{expected at least one dimension and none below 1}}
func.func private @f(!yoco.state<4x0xf32>)

// -----

// expected-error @+1 {{expected a floating-point element type of whole bytes, got 'i32'}}
func.func private @f(!yoco.state<4xi32>)

// -----

// expected-error @+1 {{expected at most 2^63 - 1 bytes, got more}}
func.func private @f(!yoco.state<4000000000x4000000000xf32>)
