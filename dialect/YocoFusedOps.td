// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations of phases `fused` and `planned`: each is one kernel launch of the program.

#ifndef YOCO_DIALECT_YOCOFUSEDOPS_TD
#define YOCO_DIALECT_YOCOFUSEDOPS_TD

include "dialect/YocoStepOps.td"

// `outs` is the last operand group of every fused operation: empty on tensors, the written buffers on buffers.
class Yoco_FusedOp<string mnemonic, list<Trait> traits = []>
    : Yoco_Op<mnemonic, !listconcat(traits, [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
                                             DeclareOpInterfaceMethods<RowKernelOpInterface>])> {
  let hasVerifier = 1;
  let extraClassDefinition = [{
    void $cppClass::getEffects(
        ::llvm::SmallVectorImpl<::mlir::MemoryEffects::EffectInstance> &effects) {
      ::mlir::yoco::detail::getRowKernelEffects(getOperation(), effects);
    }
    ::mlir::OperandRange $cppClass::getOutBuffers() { return getOuts(); }
  }];
}

def Yoco_ParameterVector : AnyTypeOf<[StaticShapeTensorOf<[F32, F16, BF16]>, StaticShapeMemRefOf<[F32, F16, BF16]>],
    "a vector of parameters, as a tensor or a buffer">;

def Yoco_ParameterVectorOp : Yoco_Op<"parameter_vector", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "vectors of the checkpoint, as a value that arithmetic on rows can read";
  let description = [{
    The elements of `parts`, parameters of rank 1, one after the other: what all rows share. A kernel gets them as a
    parameter.

    ```mlir
    yoco.parameter @q : tensor<8xbf16> from "q.bias"
    yoco.parameter @k : tensor<4xbf16> from "k.bias"
    func.func @f() -> tensor<12xbf16> {
      %b = yoco.parameter_vector [@q, @k] : tensor<12xbf16>
      return %b : tensor<12xbf16>
    }
    ```
  }];
  let arguments = (ins TypedArrayAttrBase<FlatSymbolRefAttr, "parameters">:$parts);
  let results = (outs Yoco_ParameterVector:$result);
  let assemblyFormat = "$parts attr-dict `:` type($result)";
}

def Yoco_FusedPositionsOp : Yoco_FusedOp<"fused_positions"> {
  let summary = "computes the position of each row";
  let description = [{
    `yoco.positions` of a step, as a kernel.

    ```mlir
    func.func @f(%ids: tensor<?xi32>, %s: !yoco.segments) -> tensor<?xi32> {
      %pos = yoco.fused_positions %ids at %s : (tensor<?xi32>, !yoco.segments) -> tensor<?xi32>
      return %pos : tensor<?xi32>
    }
    ```
  }];
  let arguments = (ins Yoco_FusedIds:$ids, Yoco_SegmentsType:$segments,
                       Variadic<Yoco_IdBuffer>:$outs);
  let results = (outs Variadic<Yoco_IdRows>:$result);
  let assemblyFormat = "$ids `at` $segments (`outs` $outs^)? attr-dict `:` functional-type(operands, results)";
}

def Yoco_FusedNarrowOp : Yoco_FusedOp<"fused_narrow"> {
  let summary = "takes the rows of a smaller set";
  let description = [{
    `yoco.narrow`, as a kernel: of each segment, the rows of `input`, whose table is `from`, that the table `to` has.
    With `each_row`, every row of `to` is a segment of its own, and comes from the segment of `from` with its slot.

    ```mlir
    func.func @f(%x: tensor<?x8xf32>, %s: !yoco.segments) -> tensor<?x8xf32> {
      %t = yoco.narrow_segments %s {halo = 0 : i64}
      %y = yoco.fused_narrow %x at %s to %t : (tensor<?x8xf32>, !yoco.segments, !yoco.segments) -> tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    ```
  }];
  let arguments = (ins AnyTypeOf<[Yoco_FusedRows, Yoco_FusedIds]>:$input, Yoco_SegmentsType:$from,
                       Yoco_SegmentsType:$to, UnitAttr:$each_row,
                       Variadic<AnyTypeOf<[Yoco_VectorBuffer, Yoco_IdBuffer]>>:$outs);
  let results = (outs Variadic<AnyTypeOf<[Yoco_VectorRows, Yoco_IdRows]>>:$result);
  let assemblyFormat = "$input `at` $from `to` $to (`outs` $outs^)? attr-dict `:` functional-type(operands, results)";
}

def Yoco_FusedEmbedOp : Yoco_FusedOp<"fused_embed", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let extraClassDeclaration = "::llvm::SmallVector<::mlir::yoco::ParameterGroup> getParameterGroups();";
  let summary = "looks rows of a table up";
  let description = [{
    `yoco.embed`, as a kernel.

    ```mlir
    yoco.parameter @embed : tensor<2048x256xbf16> from "embed_tokens.weight"
    func.func @f(%ids: tensor<?xi32>) -> tensor<?x256xf32> {
      %x = yoco.fused_embed %ids table @embed {scale = 16.0 : f32} : (tensor<?xi32>) -> tensor<?x256xf32>
      return %x : tensor<?x256xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_FusedIds:$ids, FlatSymbolRefAttr:$table, F32Attr:$scale, Variadic<Yoco_VectorBuffer>:$outs);
  let results = (outs Variadic<Yoco_VectorRows>:$result);
  let assemblyFormat = "$ids `table` $table (`outs` $outs^)? attr-dict `:` functional-type(operands, results)";
}

def Yoco_FusedNormOp : Yoco_FusedOp<"fused_norm", [AttrSizedOperandSegments,
                                                   DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let extraClassDeclaration = "::llvm::SmallVector<::mlir::yoco::ParameterGroup> getParameterGroups();";
  let summary = "normalises each group of columns of a row, and a swish gate after it";
  let description = [{
    `yoco.norm` of each of `groups` equal groups of columns (the heads), times `silu(swish)` when that is there, as a
    kernel.

    ```mlir
    func.func @f(%x: tensor<?x256xf32>) -> tensor<?x256xf32> {
      %y = yoco.fused_norm %x {eps = 1.0e-5 : f32, groups = 4 : i64} : (tensor<?x256xf32>) -> tensor<?x256xf32>
      return %y : tensor<?x256xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_FusedRows:$input, Optional<Yoco_FusedRows>:$swish, OptionalAttr<FlatSymbolRefAttr>:$weight,
                       F32Attr:$eps, DefaultValuedAttr<I64Attr, "1">:$groups, Variadic<Yoco_VectorBuffer>:$outs);
  let results = (outs Variadic<Yoco_VectorRows>:$result);
  let assemblyFormat = [{
    $input (`swish` $swish^)? (`weight` $weight^)? (`outs` $outs^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Yoco_FusedRopeOp : Yoco_FusedOp<"fused_rope"> {
  let summary = "rotates the heads of each row";
  let description = [{
    `yoco.rope` of `heads` heads that lie side by side in a row, as a kernel.

    ```mlir
    func.func @f(%x: tensor<?x8xf32>, %pos: tensor<?xi32>) -> tensor<?x8xf32> {
      %y = yoco.fused_rope %x, %pos {heads = 2 : i64, rope = #yoco.rope<interleaved, [1.0, 1.0e-4]>}
          : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_FusedRows:$input, Yoco_FusedIds:$positions, I64Attr:$heads, Yoco_RopeAttr:$rope,
                       Variadic<Yoco_VectorBuffer>:$outs);
  let results = (outs Variadic<Yoco_VectorRows>:$result);
  let assemblyFormat = [{
    $input `,` $positions (`outs` $outs^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Yoco_FusedArgmaxOp : Yoco_FusedOp<"fused_argmax"> {
  let summary = "chooses the column with the largest value of each row";
  let description = [{
    `yoco.argmax`, as a kernel.

    ```mlir
    func.func @f(%x: tensor<?x2048xf32>) -> tensor<?xi32> {
      %i = yoco.fused_argmax %x : (tensor<?x2048xf32>) -> tensor<?xi32>
      return %i : tensor<?xi32>
    }
    ```
  }];
  let arguments = (ins Yoco_FusedRows:$input, Variadic<Yoco_IdBuffer>:$outs);
  let results = (outs Variadic<Yoco_IdRows>:$result);
  let assemblyFormat = "$input (`outs` $outs^)? attr-dict `:` functional-type(operands, results)";
}

def Yoco_FusedTargetLogitsOp : Yoco_FusedOp<"fused_target_logits", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the product of each row with one row of a matrix";
  let description = [{
    `result[i][0] = sum over k of input[i][k] * weight[targets[i]][k]`, the one logit of each row that
    `yoco.fused_logprobs` has to know before it sees the others. NaN where `targets[i]` is no row of the matrix.

    ```mlir
    yoco.parameter @head : tensor<2048x256xbf16> from "lm_head.weight"
    func.func @f(%x: tensor<?x256xf32>, %targets: tensor<?xi32>) -> tensor<?x1xf32> {
      %t = yoco.fused_target_logits %x, %targets weight @head : (tensor<?x256xf32>, tensor<?xi32>) -> tensor<?x1xf32>
      return %t : tensor<?x1xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_FusedRows:$input, Yoco_FusedIds:$targets, FlatSymbolRefAttr:$weight,
                       Variadic<Yoco_VectorBuffer>:$outs);
  let results = (outs Variadic<Yoco_VectorRows>:$result);
  let assemblyFormat = [{
    $input `,` $targets `weight` $weight (`outs` $outs^)? attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::yoco::ParameterGroup> getParameterGroups();
    /// Rounded as the product that it stands in for rounds it.
    bool isStorageOperand(::mlir::OpOperand &operand) { return &operand == &getInputMutable(); }
  }];
}

def Yoco_FusedLogprobsOp : Yoco_FusedOp<"fused_logprobs", [AttrSizedOperandSegments]> {
  let summary = "what the logits of each row say of a target, from all columns or from some of them at a time";
  let description = [{
    `yoco.row_logprobs`, as a kernel. Logits may come in blocks of columns, in order: each block but the last gives
    `partial` rows, and each but the first takes those of the block before (`after`). Partial rows have `5 + 2 * best`
    columns: the largest logit so far (NaN when one of them is), the sum of the exponentials of the distances to it, the
    target's logit, and as the bits of i32 the columns that come before the target and the columns so far; then the best
    as in `yoco.row_logprobs`.

    Blocks count what comes before the target by `target_logits` (`yoco.fused_target_logits`), which may be rounded
    otherwise than the block that holds the target; the rank of a target that is among the best is its place there, so
    that it is exact.

    ```mlir
    func.func @f(%a: tensor<?x64xf32>, %b: tensor<?x32xf32>, %targets: tensor<?xi32>, %t: tensor<?x1xf32>)
        -> tensor<?x7xf32> {
      %p = yoco.fused_logprobs %a, %targets target_logits %t {best = 2 : i64, partial}
          : (tensor<?x64xf32>, tensor<?xi32>, tensor<?x1xf32>) -> tensor<?x9xf32>
      %q = yoco.fused_logprobs %b, %targets target_logits %t after %p {best = 2 : i64}
          : (tensor<?x32xf32>, tensor<?xi32>, tensor<?x1xf32>, tensor<?x9xf32>) -> tensor<?x7xf32>
      return %q : tensor<?x7xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_FusedRows:$logits, Yoco_FusedIds:$targets, Optional<Yoco_FusedRows>:$target_logits,
                       Optional<Yoco_FusedRows>:$carry, I64Attr:$best, UnitAttr:$partial,
                       Variadic<Yoco_VectorBuffer>:$outs);
  let results = (outs Variadic<Yoco_VectorRows>:$result);
  let assemblyFormat = [{
    $logits `,` $targets (`target_logits` $target_logits^)? (`after` $carry^)? (`outs` $outs^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Yoco_FusedLinearOp : Yoco_FusedOp<"fused_linear", [AttrSizedOperandSegments,
                                                       DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a group of linears of one input, with a norm before and an activation and a residual after it";
  let description = [{
    With `y = norm(input)` (the input itself without `eps`; `norm_weight` as in `yoco.norm`):
    `result = activation([weights] y) + residual`, where `[weights]` is the matrix of all weights' rows one after the
    other, so that one product makes all projections of one input. `swiglu` and `geglu` take two equal weights `a`, `b`
    and give `silu(a y) * (b y)` and `gelu(a y) * (b y)`.

    `first_row = N` takes of the one weight there is the rows from `N` on, as many as the result has columns.
    `max_rows = N` says that a step has at most `N` rows, for which the target has a kernel of its own; 0 is any number.
    `joined` makes the two weights of a gated group one matrix in memory, the rows of `b` after those of `a`.
    `workspace` is memory that the target asked for, on buffers only.

    ```mlir
    yoco.parameter @n : tensor<256xbf16> from "n"
    yoco.parameter @q : tensor<256x256xbf16> from "q"
    yoco.parameter @k : tensor<128x256xbf16> from "k"
    yoco.parameter @o : tensor<256x256xbf16> from "o"
    func.func @f(%x: tensor<?x256xf32>) -> (tensor<?x384xf32>, tensor<?x256xf32>) {
      %qk = yoco.fused_linear %x weights [@q, @k] {eps = 1.0e-5 : f32, norm_weight = @n}
          : (tensor<?x256xf32>) -> tensor<?x384xf32>
      %o = yoco.fused_linear %x residual %x weights [@o] : (tensor<?x256xf32>, tensor<?x256xf32>) -> tensor<?x256xf32>
      return %qk, %o : tensor<?x384xf32>, tensor<?x256xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_FusedRows:$input, Optional<Yoco_FusedRows>:$residual,
                       TypedArrayAttrBase<FlatSymbolRefAttr, "parameters">:$weights,
                       OptionalAttr<F32Attr>:$eps, OptionalAttr<FlatSymbolRefAttr>:$norm_weight,
                       DefaultValuedAttr<Yoco_ActivationAttr, "::mlir::yoco::Activation::none">:$activation,
                       DefaultValuedAttr<I64Attr, "0">:$max_rows, UnitAttr:$joined, OptionalAttr<I64Attr>:$first_row,
                       Optional<Yoco_WorkspaceBuffer>:$workspace, Variadic<Yoco_VectorBuffer>:$outs);
  let results = (outs Variadic<Yoco_VectorRows>:$result);
  let assemblyFormat = [{
    $input (`residual` $residual^)? `weights` $weights (`workspace` $workspace^)? (`outs` $outs^)? attr-dict
    `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::yoco::ParameterGroup> getParameterGroups();
    ::llvm::SmallVector<::mlir::yoco::CostAttr> getCost();
    void setWorkspace(::mlir::Value workspace);
    /// A normalised input is part of the residual stream, which stays as it is.
    bool isStorageOperand(::mlir::OpOperand &operand) { return !getEpsAttr() && &operand == &getInputMutable(); }
    /// True when two weights are combined element by element.
    bool isGated() {
      return getActivation() == ::mlir::yoco::Activation::swiglu || getActivation() == ::mlir::yoco::Activation::geglu;
    }
  }];
}

def Yoco_FusedRetentionOp : Yoco_FusedOp<"fused_retention", [AttrSizedOperandSegments,
                                                             DeclareOpInterfaceMethods<StateOpInterface>]> {
  let summary = "gated retention with rope and decay before, head norm and swish gate after it";
  let description = [{
    Per head, with `q = rope(query)`, `k = rope(key)` and `a = log_sigmoid(gate) / gate_divisor` (`a = gate` when
    `gate_divisor` is absent): `y = step_retention(q, k, value, a)` with `scale`; then `y = norm(y)` per head when `eps`
    is there, and `result = silu(swish) * y` when `swish` is there.

    `span = 0` runs the recurrence row by row; `span = C` works on spans of rows that end at multiples of `C` in
    absolute position, parallel inside a span and recurrent from span to span (the chunkwise form of arXiv 2405.05254,
    section 3.1).

    ```mlir
    func.func @f(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>, %v: tensor<?x8xf32>, %g: tensor<?x2xf32>,
                 %w: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments, %t: !yoco.state<2x4x4xf32>)
        -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>) {
      %o, %u = yoco.fused_retention %q, %k, %v, %g at %pos, %s from %t swish %w
          {scale = 0.5 : f32, gate_divisor = 16.0 : f32, eps = 1.0e-5 : f32, span = 64 : i64,
           rope = #yoco.rope<interleaved, [1.0, 1.0e-4]>}
          : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2xf32>, tensor<?xi32>, !yoco.segments,
             !yoco.state<2x4x4xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, !yoco.state<2x4x4xf32>)
      return %o, %u : tensor<?x8xf32>, !yoco.state<2x4x4xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_FusedRows:$query, Yoco_FusedRows:$key, Yoco_FusedRows:$value, Yoco_FusedRows:$gate,
                       Yoco_FusedIds:$positions, Yoco_SegmentsType:$segments, Yoco_StateType:$state,
                       Optional<Yoco_FusedRows>:$swish, F32Attr:$scale, OptionalAttr<F32Attr>:$gate_divisor,
                       OptionalAttr<F32Attr>:$eps, OptionalAttr<Yoco_RopeAttr>:$rope,
                       DefaultValuedAttr<I64Attr, "0">:$span, Variadic<Yoco_VectorBuffer>:$outs);
  let results = (outs Variadic<AnyTypeOf<[Yoco_VectorRows, Yoco_StateType]>>:$results);
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::yoco::CostAttr> getCost();
  }];
  let assemblyFormat = [{
    $query `,` $key `,` $value `,` $gate `at` $positions `,` $segments `from` $state (`swish` $swish^)?
    (`outs` $outs^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Yoco_FusedAttentionOp : Yoco_FusedOp<"fused_attention", [AttrSizedOperandSegments,
                                                             DeclareOpInterfaceMethods<StateOpInterface>]> {
  let summary = "attention to cached keys and values, with rope on the queries";
  let description = [{
    `yoco.step_attention` whose past is the caches themselves: one of the keys, one of the values. Of growing caches the
    versions with the fresh rows are read and `fresh` is absent; of rings the versions before this step are read and the
    `fresh` keys (already rotated) and values are operands. Both caches are growing, or both are rings of one window;
    they may be one and the same.

    `splits = S` divides the positions among `S` independent parts, by absolute position, and gives partial rows for
    `yoco.fused_attention_merge`: `heads * S` pairs (largest logit in base 2, sum of exponentials), then `heads * S`
    vectors of unnormalised values. 0 gives the attention's rows themselves.

    ```mlir
    func.func @f(%q: tensor<?x8xf32>, %pos: tensor<?xi32>, %s: !yoco.segments,
                 %k: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>,
                 %v: !yoco.cache<heads = 1, width = 6, element = f32, window = 0, layout = contiguous>)
        -> tensor<?x12xf32> {
      %o = yoco.fused_attention %q at %pos, %s to %k, %v
          {scale = 0.5 : f32, heads = 2 : i64, rope = #yoco.rope<interleaved, [1.0, 1.0e-4]>}
          : (tensor<?x8xf32>, tensor<?xi32>, !yoco.segments,
             !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>,
             !yoco.cache<heads = 1, width = 6, element = f32, window = 0, layout = contiguous>)
          -> tensor<?x12xf32>
      return %o : tensor<?x12xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_FusedRows:$query, Yoco_FusedIds:$positions, Yoco_SegmentsType:$segments,
                       Yoco_CacheType:$key_cache, Yoco_CacheType:$value_cache,
                       Optional<Yoco_FusedRows>:$keys, Optional<Yoco_FusedRows>:$values,
                       I64Attr:$heads, F32Attr:$scale, DefaultValuedAttr<I64Attr, "0">:$window,
                       OptionalAttr<Yoco_RopeAttr>:$rope, DefaultValuedAttr<I64Attr, "0">:$splits,
                       Variadic<Yoco_VectorBuffer>:$outs);
  let results = (outs Variadic<Yoco_VectorRows>:$result);
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::yoco::CostAttr> getCost();
    bool isStorageOperand(::mlir::OpOperand &operand) {
      return operand.get() == getKeys() || operand.get() == getValues();
    }
    /// Positions of a ring; 0: the caches grow.
    int64_t getRing() { return getKeyCache().getType().getWindow(); }
    int64_t getKeyHeads() { return getKeyCache().getType().getHeads(); }
    int64_t getKeyWidth() { return getKeyCache().getType().getWidth(); }
    int64_t getValueWidth() { return getValueCache().getType().getWidth(); }
  }];
  let assemblyFormat = [{
    $query `at` $positions `,` $segments `to` $key_cache `,` $value_cache (`fresh` `(` $keys^ `,` $values `)`)?
    (`outs` $outs^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Yoco_FusedAttentionMergeOp : Yoco_FusedOp<"fused_attention_merge"> {
  let summary = "joins the parts of a split attention";
  let description = [{
    With `m = max over s of m_s`: `result[h] = (sum over s of 2^(m_s - m) v_s) / (sum over s of 2^(m_s - m) l_s)`, where
    `(m_s, l_s)` and `v_s` are the pair and the values of part `s` of head `h` in `partial` (`yoco.fused_attention` with
    `splits`).

    ```mlir
    func.func @f(%partial: tensor<?x36xf32>, %s: !yoco.segments) -> tensor<?x8xf32> {
      %o = yoco.fused_attention_merge %partial at %s {heads = 2 : i64, splits = 3 : i64}
          : (tensor<?x36xf32>, !yoco.segments) -> tensor<?x8xf32>
      return %o : tensor<?x8xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_FusedRows:$partial, Yoco_SegmentsType:$segments, I64Attr:$heads, I64Attr:$splits,
                       Variadic<Yoco_VectorBuffer>:$outs);
  let results = (outs Variadic<Yoco_VectorRows>:$result);
  let assemblyFormat = "$partial `at` $segments (`outs` $outs^)? attr-dict `:` functional-type(operands, results)";
}

def Yoco_FusedCacheWriteOp : Yoco_FusedOp<"fused_cache_write", [AttrSizedOperandSegments,
                                                                DeclareOpInterfaceMethods<StateOpInterface>]> {
  let summary = "rotates rows and stores them in a cache, and others in a second one";
  let description = [{
    `yoco.cache_write` of `rope(rows)` to `cache` and, when they are there, of `more_rows` to `more_cache`, as one
    kernel: mostly the keys and the values of a layer. Both caches are growing, or both are rings of one window.

    ```mlir
    func.func @f(%k: tensor<?x4xf32>, %v: tensor<?x6xf32>, %pos: tensor<?xi32>, %s: !yoco.segments,
                 %c: !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>,
                 %d: !yoco.cache<heads = 1, width = 6, element = f32, window = 0, layout = contiguous>)
        -> (!yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>,
            !yoco.cache<heads = 1, width = 6, element = f32, window = 0, layout = contiguous>) {
      %e:2 = yoco.fused_cache_write %k, %v at %pos, %s to %c, %d {rope = #yoco.rope<interleaved, [1.0, 1.0e-4]>}
          : (tensor<?x4xf32>, tensor<?x6xf32>, tensor<?xi32>, !yoco.segments,
             !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>,
             !yoco.cache<heads = 1, width = 6, element = f32, window = 0, layout = contiguous>)
          -> (!yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>,
              !yoco.cache<heads = 1, width = 6, element = f32, window = 0, layout = contiguous>)
      return %e#0, %e#1 : !yoco.cache<heads = 1, width = 4, element = f32, window = 0, layout = contiguous>,
                          !yoco.cache<heads = 1, width = 6, element = f32, window = 0, layout = contiguous>
    }
    ```
  }];
  let arguments = (ins Yoco_FusedRows:$rows, Optional<Yoco_FusedRows>:$more_rows, Yoco_FusedIds:$positions,
                       Yoco_SegmentsType:$segments, Yoco_CacheType:$cache, Optional<Yoco_CacheType>:$more_cache,
                       OptionalAttr<Yoco_RopeAttr>:$rope, Variadic<Yoco_VectorBuffer>:$outs);
  let results = (outs Variadic<Yoco_CacheType>:$result);
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::yoco::CostAttr> getCost();
    bool isStorageOperand(::mlir::OpOperand &operand) {
      return operand.get() == getRows() || operand.get() == getMoreRows();
    }
    /// The type of the second cache; null when there is none.
    ::mlir::yoco::CacheType getMoreType() {
      return getMoreCache() ? getMoreCache().getType() : ::mlir::yoco::CacheType();
    }
  }];
  let assemblyFormat = [{
    $rows (`,` $more_rows^)? `at` $positions `,` $segments `to` $cache (`,` $more_cache^)? (`outs` $outs^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

#endif // YOCO_DIALECT_YOCOFUSEDOPS_TD
