// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations that come in with phase `step`: declared caches and states, and row mixers that read and write them.

#ifndef YOCO_DIALECT_YOCOSTEPOPS_TD
#define YOCO_DIALECT_YOCOSTEPOPS_TD

include "dialect/YocoModelOps.td"

class Yoco_StateUserOp<string mnemonic, list<Trait> traits = []>
    : Yoco_Op<mnemonic, !listconcat(traits, [Pure, DeclareOpInterfaceMethods<RowDemandOpInterface>,
                                             DeclareOpInterfaceMethods<StateOpInterface>])>;

def Yoco_StateDeclOp : Yoco_Op<"state_decl", [Symbol]> {
  let summary = "declares a cache or state that lives from step to step";
  let description = [{
    Entry points take its version before the step as an argument marked `yoco.state`, and return the version after it.
    Once planned, `planes` is where its planes are: those that grow at offsets of the persistent arena, the others at
    places in the record of each slot.

    ```mlir
    yoco.state_decl @keys : !yoco.cache<heads = 2, width = 64, element = f32, window = 0, layout = contiguous>
    yoco.state_decl @s0 : !yoco.state<4x64x64xf32> planes [#yoco.in_record<0>]
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Yoco_AnyState>:$type, OptionalAttr<
                       TypedArrayAttrBase<AnyAttrOf<[Yoco_SizeAttr, Yoco_InRecordAttr]>, "places">>:$planes);
  let assemblyFormat = "$sym_name `:` $type (`planes` $planes^)? attr-dict";
  let extraClassDeclaration = [{
    ::mlir::yoco::StateTypeInterface getStateType() {
      return ::llvm::cast<::mlir::yoco::StateTypeInterface>(getType());
    }
  }];
}

def Yoco_CacheReadOp : Yoco_StateUserOp<"cache_read"> {
  let summary = "the cached rows that the rows of a step may see";
  let description = [{
    For each segment in turn, the rows that the cache holds: positions `0 .. first_position + row_count - 1` of a
    growing cache, which has been written in this step, and positions
    `max(0, first_position - W + 1) .. first_position - 1` of a ring of window `W`, which is read before it is written.

    ```mlir
    func.func @f(%c: !yoco.cache<heads = 2, width = 64, element = f32, window = 0, layout = contiguous>,
                 %s: !yoco.segments) -> tensor<?x2x64xf32> {
      %k = yoco.cache_read %c at %s
          : !yoco.cache<heads = 2, width = 64, element = f32, window = 0, layout = contiguous> -> tensor<?x2x64xf32>
      return %k : tensor<?x2x64xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_CacheType:$cache, Yoco_SegmentsType:$segments);
  let results = (outs Yoco_HeadRows:$rows);
  let assemblyFormat = "$cache `at` $segments attr-dict `:` type($cache) `->` type($rows)";
  let builders = [OpBuilder<(ins "::mlir::Value":$cache, "::mlir::Value":$segments)>];
  let hasVerifier = 1;
}

def Yoco_CacheWriteOp : Yoco_StateUserOp<"cache_write", [AllTypesMatch<["cache", "result"]>]> {
  let summary = "stores rows of a step at their positions";
  let description = [{
    Returns the next version of `cache`. A growing cache stores every row; a ring of window `W` stores the last `W` rows
    of each segment, position `p` in place `p mod W`.

    ```mlir
    func.func @f(%c: !yoco.cache<heads = 2, width = 64, element = f32, window = 0, layout = contiguous>,
                 %k: tensor<?x2x64xf32>, %s: !yoco.segments)
        -> !yoco.cache<heads = 2, width = 64, element = f32, window = 0, layout = contiguous> {
      %d = yoco.cache_write %c, %k at %s
          : tensor<?x2x64xf32> -> !yoco.cache<heads = 2, width = 64, element = f32, window = 0, layout = contiguous>
      return %d : !yoco.cache<heads = 2, width = 64, element = f32, window = 0, layout = contiguous>
    }
    ```
  }];
  let arguments = (ins Yoco_CacheType:$cache, Yoco_HeadRows:$rows, Yoco_SegmentsType:$segments);
  let results = (outs Yoco_CacheType:$result);
  let assemblyFormat = "$cache `,` $rows `at` $segments attr-dict `:` type($rows) `->` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Value":$cache, "::mlir::Value":$rows, "::mlir::Value":$segments)>];
  let hasVerifier = 1;
}

def Yoco_StepAttentionOp : Yoco_Op<"step_attention", [Pure, AttrSizedOperandSegments,
                                                      DeclareOpInterfaceMethods<RowDemandOpInterface>]> {
  let summary = "attention of a step's rows to cached rows, and to fresh ones";
  let description = [{
    `yoco.attention` with the past made explicit: each row attends to those of the `past` and `fresh` rows of its own
    segment that are visible from its position. `fresh` is absent when `past` has the fresh rows already (a growing
    cache, which is written first).

    ```mlir
    func.func @f(%q: tensor<?x4x64xf32>, %s: !yoco.segments, %pk: tensor<?x2x64xf32>, %pv: tensor<?x2x64xf32>,
                 %k: tensor<?x2x64xf32>, %v: tensor<?x2x64xf32>) -> tensor<?x4x64xf32> {
      %o = yoco.step_attention %q at %s past(%pk, %pv) fresh(%k, %v) {scale = 0.125 : f32, window = 128 : i64}
          : (tensor<?x4x64xf32>, !yoco.segments, tensor<?x2x64xf32>, tensor<?x2x64xf32>, tensor<?x2x64xf32>,
             tensor<?x2x64xf32>) -> tensor<?x4x64xf32>
      return %o : tensor<?x4x64xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_HeadRows:$query, Yoco_SegmentsType:$segments, Yoco_HeadRows:$past_keys,
                       Yoco_HeadRows:$past_values, Optional<Yoco_HeadRows>:$keys, Optional<Yoco_HeadRows>:$values,
                       F32Attr:$scale, DefaultValuedAttr<I64Attr, "0">:$window);
  let results = (outs Yoco_HeadRows:$result);
  let assemblyFormat = [{
    $query `at` $segments `past` `(` $past_keys `,` $past_values `)` (`fresh` `(` $keys^ `,` $values `)`)? attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Yoco_ArgmaxOp : Yoco_RowWiseOp<"argmax", [DeclareOpInterfaceMethods<FusedFormOpInterface>]> {
  let summary = "chooses the column with the largest value of each row";
  let description = [{
    `result[i] = argmax over c of input[i][c]`, the lowest column among equals. NaN counts as smallest; a row of nothing
    else gives -1.

    ```mlir
    func.func @f(%x: tensor<?x2048xf32>) -> tensor<?xi32> {
      %i = yoco.argmax %x : tensor<?x2048xf32> -> tensor<?xi32>
      return %i : tensor<?xi32>
    }
    ```
  }];
  let arguments = (ins Yoco_VectorRows:$input);
  let results = (outs Yoco_IdRows:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
}

def Yoco_RowLogprobsOp : Yoco_RowWiseOp<"row_logprobs", [DeclareOpInterfaceMethods<FusedFormOpInterface>]> {
  let summary = "what the logits of each row say of a target, and the largest of them";
  let description = [{
    With `l = logits[i]` and `t = targets[i]`, row `i` of the result has `3 + 2 * best` columns of 32 bits:

    | column | what |
    |---|---|
    | 0 | `log(sum over c of e^l[c])`; `l[c]` less this is the log-probability of `c` |
    | 1 | `l[t]` |
    | 2 | as the bits of an i32: how many columns come before `t` |
    | 3 to `2 + best` | as the bits of i32: the first `best` columns, in order |
    | `3 + best` to `2 + 2 * best` | their logits |

    Column `a` comes before `b` when its logit is larger, or equal and `a < b`. NaN comes before nothing and is never
    among the best; places that are left over hold the column -1 and the logit -inf. The sum is NaN when a logit of the
    row is. A target that is no column, such as -1, has the logit NaN and the rank -1.

    ```mlir
    func.func @f(%logits: tensor<?x2048xf32>, %targets: tensor<?xi32>) -> tensor<?x43xf32> {
      %p = yoco.row_logprobs %logits, %targets {best = 20 : i64}
          : tensor<?x2048xf32>, tensor<?xi32> -> tensor<?x43xf32>
      return %p : tensor<?x43xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_VectorRows:$logits, Yoco_IdRows:$targets, I64Attr:$best);
  let results = (outs Yoco_VectorRows:$result);
  let assemblyFormat = "$logits `,` $targets attr-dict `:` type($logits) `,` type($targets) `->` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Value":$logits, "::mlir::Value":$targets, "int64_t":$best), [{
    auto type = ::mlir::RankedTensorType::get({::mlir::ShapedType::kDynamic, ::mlir::yoco::getLogprobsColumns(best)},
                                              $_builder.getF32Type());
    build($_builder, $_state, type, logits, targets, $_builder.getI64IntegerAttr(best));
  }]>];
  let hasVerifier = 1;
}

def Yoco_StepRetentionOp : Yoco_StateUserOp<"step_retention", [AllTypesMatch<["state", "next"]>]> {
  let summary = "gated retention of a step's rows, from the state before to the state after";
  let description = [{
    `yoco.gated_retention` that starts each segment from its slot's `state` (zero when the segment begins at position 0)
    and returns the state after the segment's last row.

    ```mlir
    func.func @f(%q: tensor<?x4x64xf32>, %k: tensor<?x4x64xf32>, %v: tensor<?x4x64xf32>, %g: tensor<?x4xf32>,
                 %s: !yoco.segments, %t: !yoco.state<4x64x64xf32>) -> (tensor<?x4x64xf32>, !yoco.state<4x64x64xf32>) {
      %o, %u = yoco.step_retention %q, %k, %v, %g at %s from %t {scale = 0.125 : f32}
          : tensor<?x4x64xf32>, tensor<?x4x64xf32>, tensor<?x4x64xf32>, tensor<?x4xf32>, !yoco.state<4x64x64xf32>
          -> tensor<?x4x64xf32>
      return %o, %u : tensor<?x4x64xf32>, !yoco.state<4x64x64xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_HeadRows:$query, Yoco_HeadRows:$key, Yoco_HeadRows:$value, Yoco_VectorRows:$gate,
                       Yoco_SegmentsType:$segments, Yoco_StateType:$state, F32Attr:$scale);
  let results = (outs Yoco_HeadRows:$result, Yoco_StateType:$next);
  let assemblyFormat = [{
    $query `,` $key `,` $value `,` $gate `at` $segments `from` $state attr-dict
    `:` type($query) `,` type($key) `,` type($value) `,` type($gate) `,` type($state) `->` type($result)
  }];
  let hasVerifier = 1;
}

//===- Sets of rows ------------------------------------------------------------------------------------------===//

def Yoco_NarrowSegmentsOp : Yoco_Op<"narrow_segments", [Pure]> {
  let summary = "the table of a tail of the rows of each segment";
  let description = [{
    A step begins with one set of rows, those of its ids. This begins another: of each segment
    `{slot, first_position, row_begin, row_count}` the rows at positions of at least `w - halo`, where `w` is the first
    position of the sequence whose results are wanted. The new table has the same segments in the same order, and
    numbers of its own for their rows. The caller of the entry point fills it.

    With `each_row`, which takes a `halo` of 0, every row is a segment of its own, `{slot, position, row, 1}`, in the
    order of the rows. Nothing may be written to states in such a set, where a sequence may have several segments.

    ```mlir
    func.func @f(%s: !yoco.segments) -> (!yoco.segments, !yoco.segments) {
      %t = yoco.narrow_segments %s {halo = 3 : i64}
      %u = yoco.narrow_segments %s {each_row, halo = 0 : i64}
      return %t, %u : !yoco.segments, !yoco.segments
    }
    ```
  }];
  let arguments = (ins Yoco_SegmentsType:$segments, ConfinedAttr<I64Attr, [IntNonNegative]>:$halo,
                       UnitAttr:$each_row);
  let results = (outs Yoco_SegmentsType:$result);
  let assemblyFormat = "$segments attr-dict";
  let builders = [OpBuilder<(ins "::mlir::Value":$segments, "int64_t":$halo), [{
    build($_builder, $_state, segments.getType(), segments, $_builder.getI64IntegerAttr(halo), ::mlir::UnitAttr());
  }]>];
  let hasVerifier = 1;
}

def Yoco_NarrowOp : Yoco_RowWiseOp<"narrow", [AllTypesMatch<["input", "result"]>,
                                              DeclareOpInterfaceMethods<FusedFormOpInterface>]> {
  let summary = "takes the rows of a smaller set";
  let description = [{
    The rows of `input`, a value of the set whose table is `from`, that the table `to` has: row
    `from.row_begin + (to.first_position - from.first_position) + i` of a segment becomes row `to.row_begin + i`. Where
    each row of `to` is a segment of its own, its segment of `from` is the one with the same slot.

    A value is in the set of the rows that it is made of; an operation takes rows of one set.

    ```mlir
    func.func @f(%x: tensor<?x8xf32>, %s: !yoco.segments) -> tensor<?x8xf32> {
      %t = yoco.narrow_segments %s {halo = 0 : i64}
      %y = yoco.narrow %x at %s to %t : tensor<?x8xf32>
      return %y : tensor<?x8xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_AnyRows:$input, Yoco_SegmentsType:$from, Yoco_SegmentsType:$to);
  let results = (outs Yoco_AnyRows:$result);
  let assemblyFormat = "$input `at` $from `to` $to attr-dict `:` type($input)";
}

#endif // YOCO_DIALECT_YOCOSTEPOPS_TD
