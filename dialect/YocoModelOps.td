// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations of phase `model`: row dataflow, without caches, phases or positions in a batch.

#ifndef YOCO_DIALECT_YOCOMODELOPS_TD
#define YOCO_DIALECT_YOCOMODELOPS_TD

include "dialect/YocoAttributes.td"
include "dialect/YocoTypes.td"
include "dialect/YocoInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

/// An operation whose rows need the same rows of its operands. `definitions` are of further methods of its class. It
/// also needs a way to become a kernel: FusedFormOpInterface, DecomposableOpInterface, or ElementwiseOpInterface
/// (Yoco_ElementwiseOp).
class Yoco_RowWiseOp<string mnemonic, list<Trait> traits = [], code definitions = "">
    : Yoco_Op<mnemonic, !listconcat(traits, [Pure, DeclareOpInterfaceMethods<RowDemandOpInterface>,
                                             RowWiseOpInterface])> {
  let extraClassDefinition = [{
    ::mlir::yoco::RowDemand $cppClass::getOperandDemand(
        unsigned, ::llvm::ArrayRef<::mlir::yoco::RowDemand> results, ::mlir::yoco::RowDemand) {
      return ::mlir::yoco::joinDemands(results);
    }
  }] # definitions;
}

/// A function of single elements. `scalar` is the body of a C++ function from `x`, an element of the operand, to that
/// of the result; `s` is a ScalarBuilder (dialect/RowArithmetic.h).
class Yoco_ElementwiseOp<string mnemonic, code scalar, list<Trait> traits = []>
    : Yoco_RowWiseOp<mnemonic,
                     !listconcat(traits, [SameOperandsAndResultType, Elementwise,
                                          DeclareOpInterfaceMethods<ElementwiseOpInterface, ["buildScalar"]>]),
                     "::mlir::Value $cppClass::buildScalar(::mlir::yoco::ScalarBuilder &s,\n"
                     "                                     ::mlir::ValueRange elements) {\n"
                     "  ::mlir::Value x = elements.front();\n" # scalar # "\n}\n"> {
  let arguments = (ins Yoco_Rows:$input);
  let results = (outs Yoco_Rows:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def Yoco_ParameterOp : Yoco_Op<"parameter", [Symbol]> {
  let summary = "names a tensor of the checkpoint; holds no data";
  let description = [{
    `type` is the tensor as it is stored, or the part of it that `slice` names. `generated` replaces the stored values
    by generated ones, of which a slice has those of its tensor. `placed host` keeps the bytes in the memory of the
    host.

    ```mlir
    yoco.parameter @embed : tensor<2048x256xbf16> from "embed_tokens.weight"
    yoco.parameter @made : tensor<256x256xbf16> from "w" generated #yoco.random<seed = 1, stream = 7, scale = 0.0625>
    yoco.parameter @key : tensor<128x256xbf16> from "qkv"
        slice <row = 256, column = 0, rows = 512, columns = 256> placed host
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<RankedTensorOf<[F32, F16, BF16]>>:$type,
                       StrAttr:$tensor, OptionalAttr<Yoco_SliceAttr>:$slice, OptionalAttr<Yoco_RandomAttr>:$generated,
                       OptionalAttr<Yoco_PlacementAttr>:$placement);
  let assemblyFormat = [{
    $sym_name `:` $type `from` $tensor (`slice` $slice^)? (`generated` $generated^)? (`placed` `` $placement^)?
    attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType getTensorType() { return ::llvm::cast<::mlir::RankedTensorType>(getType()); }
    /// A vector is one row.
    int64_t getNumRows() { return getTensorType().getRank() == 2 ? getTensorType().getDimSize(0) : 1; }
    int64_t getNumColumns() { return getTensorType().getShape().back(); }
    /// The slice, or one that is all of the tensor.
    ::mlir::yoco::SliceAttr getWholeSlice();
  }];
}

def Yoco_PositionsOp : Yoco_RowWiseOp<"positions", [DeclareOpInterfaceMethods<FusedFormOpInterface>]> {
  let summary = "gives the position of each row in its sequence";
  let description = [{
    Phase `model` has one sequence: `result[i] = i`. With `segments`, in phase `step`, row `i` of a segment has
    `first_position + i - row_begin`; the table may be one of fewer rows than there are ids.

    ```mlir
    func.func @f(%ids: tensor<?xi32>) -> tensor<?xi32> {
      %pos = yoco.positions %ids : tensor<?xi32>
      return %pos : tensor<?xi32>
    }
    ```
  }];
  let arguments = (ins Yoco_IdRows:$ids, Optional<Yoco_SegmentsType>:$segments);
  let results = (outs Yoco_IdRows:$result);
  let assemblyFormat = "$ids (`at` $segments^)? attr-dict `:` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Value":$ids, CArg<"::mlir::Value", "{}">:$segments)>];
  let extraClassDeclaration = "";
}

def Yoco_EmbedOp : Yoco_RowWiseOp<"embed", [DeclareOpInterfaceMethods<SymbolUserOpInterface>,
                                            DeclareOpInterfaceMethods<FusedFormOpInterface>]> {
  let summary = "looks rows of a table up";
  let description = [{
    `result[i, :] = scale * table[ids[i], :]`, where `table` is a parameter of shape `[vocabulary, width]`.

    ```mlir
    yoco.parameter @embed : tensor<2048x256xbf16> from "embed_tokens.weight"
    func.func @f(%ids: tensor<?xi32>) -> tensor<?x256xf32> {
      %x = yoco.embed %ids, @embed {scale = 16.0 : f32} : tensor<?x256xf32>
      return %x : tensor<?x256xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_IdRows:$ids, FlatSymbolRefAttr:$table, DefaultValuedAttr<F32Attr, "1.0f">:$scale);
  let results = (outs Yoco_VectorRows:$result);
  let assemblyFormat = "$ids `,` $table attr-dict `:` type($result)";
}

def Yoco_LinearOp : Yoco_RowWiseOp<"linear", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "multiplies each row by a matrix";
  let description = [{
    `result[i, n] = sum over k of input[i, k] * weight[n, k] + bias[n]`, where `weight` is a parameter of shape
    `[N, K]`, and `bias`, which need not be there, one of shape `[N]`.

    ```mlir
    yoco.parameter @w : tensor<512x256xbf16> from "w"
    yoco.parameter @b : tensor<512xbf16> from "b"
    func.func @f(%x: tensor<?x256xf32>) -> (tensor<?x512xf32>, tensor<?x512xf32>) {
      %y = yoco.linear %x, @w : tensor<?x256xf32> -> tensor<?x512xf32>
      %z = yoco.linear %x, @w bias @b : tensor<?x256xf32> -> tensor<?x512xf32>
      return %y, %z : tensor<?x512xf32>, tensor<?x512xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_VectorRows:$input, FlatSymbolRefAttr:$weight, OptionalAttr<FlatSymbolRefAttr>:$bias);
  let results = (outs Yoco_VectorRows:$result);
  let assemblyFormat = "$input `,` $weight (`bias` $bias^)? attr-dict `:` type($input) `->` type($result)";
}

def Yoco_NormOp : Yoco_RowWiseOp<"norm", [SameOperandsAndResultType, DeclareOpInterfaceMethods<SymbolUserOpInterface>,
                                          DeclareOpInterfaceMethods<FusedFormOpInterface>,
                                          DeclareOpInterfaceMethods<DecomposableOpInterface>]> {
  let summary = "normalises the last dimension by its root mean square, or by its mean and variance";
  let description = [{
    `result[i, d] = input[i, d] * (mean over d of input[i, d]^2 + eps)^(-1/2) * weight[d]`; without a weight the last
    factor is 1. On `tensor<?xHxDxf32>` every head is normalised by itself.

    With `kind = #yoco.norm_kind<layer>`, with `m` the mean over `d` of `input[i, d]`:
    `result[i, d] = (input[i, d] - m) * (mean over d of (input[i, d] - m)^2 + eps)^(-1/2) * weight[d] + bias[d]`;
    without a bias the last summand is 0.

    ```mlir
    yoco.parameter @w : tensor<256xbf16> from "norm.weight"
    yoco.parameter @b : tensor<256xbf16> from "norm.bias"
    func.func @f(%x: tensor<?x256xf32>, %o: tensor<?x4x64xf32>)
        -> (tensor<?x256xf32>, tensor<?x4x64xf32>, tensor<?x256xf32>) {
      %y = yoco.norm %x weight @w {eps = 1.0e-5 : f32} : tensor<?x256xf32>
      %p = yoco.norm %o {eps = 1.0e-5 : f32} : tensor<?x4x64xf32>
      %z = yoco.norm %x weight @w bias @b {eps = 1.0e-5 : f32, kind = #yoco.norm_kind<layer>} : tensor<?x256xf32>
      return %y, %p, %z : tensor<?x256xf32>, tensor<?x4x64xf32>, tensor<?x256xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_Rows:$input, OptionalAttr<FlatSymbolRefAttr>:$weight, OptionalAttr<FlatSymbolRefAttr>:$bias,
                       F32Attr:$eps, DefaultValuedAttr<Yoco_NormKindAttr, "::mlir::yoco::NormKind::rms">:$kind);
  let results = (outs Yoco_Rows:$result);
  let assemblyFormat = "$input (`weight` $weight^)? (`bias` $bias^)? attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Yoco_RopeOp : Yoco_RowWiseOp<"rope", [AllTypesMatch<["input", "result"]>,
                                          DeclareOpInterfaceMethods<FusedFormOpInterface>]> {
  let summary = "rotates pairs of each head by angles that grow with the position";
  let description = [{
    For every pair `(a, b)` of a head, with frequency `f`:
    `(a cos(p f) - b sin(p f), a sin(p f) + b cos(p f))`, `p` the row's position. `#yoco.rope` says what a pair is;
    elements of no pair stay as they are.

    ```mlir
    func.func @f(%x: tensor<?x2x4xf32>, %pos: tensor<?xi32>) -> tensor<?x2x4xf32> {
      %y = yoco.rope %x, %pos {rope = #yoco.rope<interleaved, [1.0, 1.0e-4]>} : tensor<?x2x4xf32>
      return %y : tensor<?x2x4xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_HeadRows:$input, Yoco_IdRows:$positions, Yoco_RopeAttr:$rope);
  let results = (outs Yoco_HeadRows:$result);
  let assemblyFormat = "$input `,` $positions attr-dict `:` type($input)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Yoco_SiluOp : Yoco_ElementwiseOp<"silu", [{
  auto one = s.constant(1);
  auto e = s.exp(s.neg(x));
  return s.div(x, s.add(one, e));
}]> {
  let summary = "the sigmoid linear unit";
  let description = [{
    `result = input / (1 + exp(-input))`, elementwise.

    ```mlir
    func.func @f(%x: tensor<?x256xf32>) -> tensor<?x256xf32> {
      %y = yoco.silu %x : tensor<?x256xf32>
      return %y : tensor<?x256xf32>
    }
    ```
  }];
  let extraClassDeclaration = [{
    Activation getGroupActivation(bool gated) { return gated ? Activation::swiglu : Activation::silu; }
  }];
}

def Yoco_GeluOp : Yoco_ElementwiseOp<"gelu", [{
  auto cube = s.mul(s.constant(0.044715), s.mul(x, s.mul(x, x)));
  auto tanh = s.tanh(s.mul(s.constant(0.7978845608028654), s.add(x, cube)));
  return s.mul(s.mul(s.constant(0.5), x), s.add(s.constant(1), tanh));
}]> {
  let summary = "the Gaussian error linear unit, in its tanh form";
  let description = [{
    `result = 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`, `x` the input, elementwise.

    ```mlir
    func.func @f(%x: tensor<?x256xf32>) -> tensor<?x256xf32> {
      %y = yoco.gelu %x : tensor<?x256xf32>
      return %y : tensor<?x256xf32>
    }
    ```
  }];
  let extraClassDeclaration = [{
    Activation getGroupActivation(bool gated) { return gated ? Activation::geglu : Activation::gelu; }
  }];
}

def Yoco_LogSigmoidOp : Yoco_ElementwiseOp<"log_sigmoid", [{
  // min(x, 0) - log(1 + exp(-|x|)): never takes the exponential of a positive number.
  auto negative = s.min(x, s.constant(0));
  return s.sub(negative, s.log1p(s.exp(s.neg(s.abs(x)))));
}]> {
  let summary = "the logarithm of the sigmoid";
  let description = [{
    `result = -log(1 + exp(-input))`, elementwise, without overflow for any input.

    ```mlir
    func.func @f(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
      %y = yoco.log_sigmoid %x : tensor<?x4xf32>
      return %y : tensor<?x4xf32>
    }
    ```
  }];
}

def Yoco_SoftCapOp : Yoco_ElementwiseOp<"soft_cap", [{
  auto cap = s.constant(getCap().convertToDouble());
  return s.mul(cap, s.tanh(s.div(x, cap)));
}]> {
  let summary = "keeps numbers between two bounds, smoothly";
  let description = [{
    `result = cap * tanh(input / cap)`, elementwise.

    ```mlir
    func.func @f(%x: tensor<?x256xf32>) -> tensor<?x256xf32> {
      %y = yoco.soft_cap %x {cap = 30.0 : f32} : tensor<?x256xf32>
      return %y : tensor<?x256xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_Rows:$input, F32Attr:$cap);
  let hasVerifier = 1;
}

def Yoco_SigmoidOp : Yoco_ElementwiseOp<"sigmoid", [{
  auto one = s.constant(1);
  return s.div(one, s.add(one, s.exp(s.neg(x))));
}]> {
  let summary = "the logistic function";
  let description = [{
    `result = 1 / (1 + exp(-input))`, elementwise.

    ```mlir
    func.func @f(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
      %y = yoco.sigmoid %x : tensor<?x4xf32>
      return %y : tensor<?x4xf32>
    }
    ```
  }];
}

def Yoco_BroadcastOp : Yoco_RowWiseOp<"broadcast", [DeclareOpInterfaceMethods<DecomposableOpInterface>]> {
  let summary = "repeats the one column of each row, or of each head of it";
  let description = [{
    `result[i, d] = input[i, 0]`; on `tensor<?xHx1xf32>`, `result[i, h, d] = input[i, h, 0]`. Arithmetic that reads it
    takes it in, so that the columns are never stored.

    ```mlir
    func.func @f(%gate: tensor<?x4x1xf32>, %x: tensor<?x4x64xf32>) -> tensor<?x4x64xf32> {
      %g = yoco.broadcast %gate : tensor<?x4x1xf32> -> tensor<?x4x64xf32>
      %y = arith.mulf %g, %x : tensor<?x4x64xf32>
      return %y : tensor<?x4x64xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_Rows:$input);
  let results = (outs Yoco_Rows:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Yoco_ScaleOp : Yoco_RowWiseOp<"scale", [SameOperandsAndResultType, DeclareOpInterfaceMethods<SymbolUserOpInterface>,
                                            DeclareOpInterfaceMethods<DecomposableOpInterface>]> {
  let summary = "multiplies each row by numbers of the checkpoint";
  let description = [{
    `result[i, d] = input[i, d] * weights[d]`, where `weights` are the elements of parameters of rank 1, one parameter
    after the other; a single element multiplies all. On `tensor<?xHxDxf32>` every head is multiplied by itself.

    ```mlir
    yoco.parameter @left : tensor<96xbf16> from "left"
    yoco.parameter @right : tensor<160xbf16> from "right"
    yoco.parameter @all : tensor<1xf32> from "layer_scalar"
    func.func @f(%x: tensor<?x256xf32>) -> tensor<?x256xf32> {
      %y = yoco.scale %x by [@left, @right] : tensor<?x256xf32>
      %z = yoco.scale %y by [@all] : tensor<?x256xf32>
      return %z : tensor<?x256xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_Rows:$input, TypedArrayAttrBase<FlatSymbolRefAttr, "parameters">:$weights);
  let results = (outs Yoco_Rows:$result);
  let assemblyFormat = "$input `by` $weights attr-dict `:` type($input)";
}

//===- Row mixers --------------------------------------------------------------------------------------------===//

class Yoco_RowMixerOp<string mnemonic, list<Trait> traits = []>
    : Yoco_Op<mnemonic, !listconcat(traits, [Pure, DeclareOpInterfaceMethods<RowDemandOpInterface>,
                                             DeclareOpInterfaceMethods<RowMixerOpInterface>])>;

def Yoco_AttentionOp : Yoco_RowMixerOp<"attention"> {
  let summary = "lets each row attend to itself and earlier rows";
  let description = [{
    `result[i, h, :] = sum over j of p[i, h, j] * value[j, g, :]`, where `g = floor(h / (H / K))` is the key-value head
    of query head `h`, and `p[i, h, :]` is the softmax over the visible `j` of `scale * query[i, h, :] . key[j, g, :]`.
    Row `j` is visible when `j <= i`, and with a `window` of `W > 0` when also `i - W < j`: `W` rows, itself included.

    Attentions that read the same `key` and `value` share one cache.

    ```mlir
    func.func @f(%q: tensor<?x4x64xf32>, %k: tensor<?x2x64xf32>, %v: tensor<?x2x64xf32>) -> tensor<?x4x64xf32> {
      %o = yoco.attention %q, %k, %v {scale = 0.125 : f32, window = 128 : i64}
          : tensor<?x4x64xf32>, tensor<?x2x64xf32>, tensor<?x2x64xf32> -> tensor<?x4x64xf32>
      return %o : tensor<?x4x64xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_HeadRows:$query, Yoco_HeadRows:$key, Yoco_HeadRows:$value, F32Attr:$scale,
                       DefaultValuedAttr<I64Attr, "0">:$window);
  let results = (outs Yoco_HeadRows:$result);
  let assemblyFormat = [{
    $query `,` $key `,` $value attr-dict `:` type($query) `,` type($key) `,` type($value) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Yoco_GatedRetentionOp : Yoco_RowMixerOp<"gated_retention"> {
  let summary = "a linear scan over rows with one decay per head and row";
  let description = [{
    Per head, with state `S` of shape `[key width, value width]` that starts as zero:
    `S_i = exp(gate[i]) S_(i-1) + scale * key[i]^T value[i]` and `result[i] = query[i] S_i`. `gate` is the logarithm of
    the decay, at most 0. Source: gated retention of arXiv 2405.05254.

    ```mlir
    func.func @f(%q: tensor<?x4x64xf32>, %k: tensor<?x4x64xf32>, %v: tensor<?x4x64xf32>, %g: tensor<?x4xf32>)
        -> tensor<?x4x64xf32> {
      %o = yoco.gated_retention %q, %k, %v, %g {scale = 0.125 : f32}
          : tensor<?x4x64xf32>, tensor<?x4x64xf32>, tensor<?x4x64xf32>, tensor<?x4xf32> -> tensor<?x4x64xf32>
      return %o : tensor<?x4x64xf32>
    }
    ```
  }];
  let arguments = (ins Yoco_HeadRows:$query, Yoco_HeadRows:$key, Yoco_HeadRows:$value, Yoco_VectorRows:$gate,
                       F32Attr:$scale);
  let results = (outs Yoco_HeadRows:$result);
  let assemblyFormat = [{
    $query `,` $key `,` $value `,` $gate attr-dict `:` type($query) `,` type($key) `,` type($value) `,` type($gate)
    `->` type($result)
  }];
  let hasVerifier = 1;
}

//===- Decoders ----------------------------------------------------------------------------------------------===//

def Yoco_SelfDecoderOp : Yoco_Op<"self_decoder", [RecursiveMemoryEffects, SingleBlock,
                                                 SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "the layers that make keys and values of their own";
  let description = [{
    The first half of a decoder-decoder model: every layer mixes rows through caches or states of its own. Rows of
    vectors come in as operands; positions and the number of rows may be used from outside. Does not contain another
    decoder.

    ```mlir
    func.func @f(%x: tensor<?x256xf32>) -> tensor<?x256xf32> {
      %h = yoco.self_decoder %x : tensor<?x256xf32> -> tensor<?x256xf32> {
      ^bb0(%a: tensor<?x256xf32>):
        %b = yoco.silu %a : tensor<?x256xf32>
        yoco.yield %b : tensor<?x256xf32>
      }
      return %h : tensor<?x256xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<Yoco_Rows>:$inputs);
  let results = (outs Variadic<Yoco_Rows>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$inputs `:` type($inputs) `->` type($outputs) attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def Yoco_CrossDecoderOp : Yoco_Op<"cross_decoder", [RecursiveMemoryEffects, SingleBlock, AttrSizedOperandSegments,
                                                   SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "the layers that attend to keys and values made once, outside";
  let description = [{
    The second half of a decoder-decoder model. Its block takes the `inputs`, then the `shared` keys and values. It
    makes no keys and values of its own: a row mixer inside reads only `shared` rows as its past, and has no state of
    its own. Therefore no row of it is needed to answer for later rows, and prefill ends before it.

    ```mlir
    func.func @f(%x: tensor<?x4x64xf32>, %k: tensor<?x2x64xf32>, %v: tensor<?x2x64xf32>) -> tensor<?x4x64xf32> {
      %y = yoco.cross_decoder %x sharing(%k, %v)
          : (tensor<?x4x64xf32>, tensor<?x2x64xf32>, tensor<?x2x64xf32>) -> tensor<?x4x64xf32> {
      ^bb0(%q: tensor<?x4x64xf32>, %k1: tensor<?x2x64xf32>, %v1: tensor<?x2x64xf32>):
        %o = yoco.attention %q, %k1, %v1 {scale = 0.125 : f32}
            : tensor<?x4x64xf32>, tensor<?x2x64xf32>, tensor<?x2x64xf32> -> tensor<?x4x64xf32>
        yoco.yield %o : tensor<?x4x64xf32>
      }
      return %y : tensor<?x4x64xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<Yoco_Rows>:$inputs, Variadic<Yoco_HeadRows>:$shared);
  let results = (outs Variadic<Yoco_Rows>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $inputs `sharing` `(` $shared `)` `:` functional-type(operands, $outputs) attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
}

def Yoco_YieldOp : Yoco_Op<"yield", [Pure, Terminator, ReturnLike,
                                     ParentOneOf<["SelfDecoderOp", "CrossDecoderOp"]>]> {
  let summary = "ends a decoder and gives its results";
  let description = [{
    The operands are the results of the enclosing `yoco.self_decoder` or `yoco.cross_decoder`.
  }];
  let arguments = (ins Variadic<Yoco_Rows>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
}

#endif // YOCO_DIALECT_YOCOMODELOPS_TD
