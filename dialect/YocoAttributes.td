// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes of the dialect.

#ifndef YOCO_DIALECT_YOCOATTRIBUTES_TD
#define YOCO_DIALECT_YOCOATTRIBUTES_TD

include "dialect/YocoBase.td"

class Yoco_Attr<string name, string mnemonic_> : AttrDef<Yoco_Dialect, name> {
  let mnemonic = mnemonic_;
}
class Yoco_Enum<string name, string summary, list<I32EnumAttrCase> cases> : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::mlir::yoco";
  let genSpecializedAttr = 0;
}

//===- Phases ------------------------------------------------------------------------------------------------===//

def Yoco_Phase : Yoco_Enum<"Phase", "what a module is on its way from a model to a program", [
    I32EnumAttrCase<"model", 0>, I32EnumAttrCase<"step", 1>, I32EnumAttrCase<"fused", 2>,
    I32EnumAttrCase<"planned", 3>, I32EnumAttrCase<"program", 4>]>;
def Yoco_PhaseAttr : EnumAttr<Yoco_Dialect, Yoco_Phase, "phase"> {
  let summary = "the phase of a module (docs/Phases.md)";
  let assemblyFormat = "`<` $value `>`";
}

//===- Mathematics -------------------------------------------------------------------------------------------===//

def Yoco_RopeStyle : Yoco_Enum<"RopeStyle", "which elements of a head a rotation pairs", [
    I32EnumAttrCase<"interleaved", 0>, I32EnumAttrCase<"half", 1>]>;

def Yoco_RopeAttr : Yoco_Attr<"Rope", "rope"> {
  let summary = "a rotary position embedding: pairing and frequencies";
  let description = [{
    Pair `i` of a head of width `D` is rotated by `position * inv_freq[i]` radians. `interleaved` pairs elements
    `(2i, 2i + 1)`, `half` pairs `(i, i + D/2)`. There is one frequency for each of the `D/2` pairs; a frequency of 0
    leaves its pair alone. The product is taken in f32, its sine and cosine are accurate.

    Example: `#yoco.rope<interleaved, [1.0, 1.0e-4]>`
  }];
  let parameters = (ins EnumParameter<Yoco_RopeStyle>:$style, "::mlir::DenseF32ArrayAttr":$inv_freq);
  // By hand: the generated printer of float arrays keeps six digits, and frequencies must survive to the bit.
  let hasCustomAssemblyFormat = 1;
}

def Yoco_NormKind : Yoco_Enum<"NormKind", "what a norm subtracts and divides by", [
    I32EnumAttrCase<"rms", 0>, I32EnumAttrCase<"layer", 1>]>;
def Yoco_NormKindAttr : EnumAttr<Yoco_Dialect, Yoco_NormKind, "norm_kind"> {
  let summary = "the kind of a norm";
  let assemblyFormat = "`<` $value `>`";
}

def Yoco_Activation : Yoco_Enum<"Activation", "what a linear group does to its sums before the residual", [
    I32EnumAttrCase<"none", 0>, I32EnumAttrCase<"silu", 1>, I32EnumAttrCase<"gelu", 2>,
    I32EnumAttrCase<"swiglu", 3>, I32EnumAttrCase<"geglu", 4>]>;
def Yoco_ActivationAttr : EnumAttr<Yoco_Dialect, Yoco_Activation, "activation"> {
  let summary = "the epilogue of a linear group";
  let assemblyFormat = "`<` $value `>`";
}

def Yoco_RandomAttr : Yoco_Attr<"Random", "random"> {
  let summary = "values made when a model file is loaded, by a counter-based generator";
  let description = [{
    Element `i` (row-major) of the parameter is drawn uniformly, with standard deviation `scale`, from a SplitMix64 stream
    that `seed` and `stream` select (docs/FileFormat.md); `scale` 0 makes every element 1.

    Example: `#yoco.random<seed = 1, stream = 7, scale = 0.0625>`
  }];
  let parameters = (ins "uint64_t":$seed, "uint64_t":$stream, "::mlir::FloatAttr":$scale);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

//===- Entry points and demand -------------------------------------------------------------------------------===//

def Yoco_RowShape : Yoco_Enum<"RowShape", "how many rows a segment of a step may have", [
    I32EnumAttrCase<"ragged", 0>, I32EnumAttrCase<"single", 1>]>;
def Yoco_RowBound : Yoco_Enum<"RowBound", "which bound of a session limits the rows of a step", [
    I32EnumAttrCase<"chunk", 0>, I32EnumAttrCase<"batch", 1>, I32EnumAttrCase<"block", 2>]>;

def Yoco_DemandAttr : Yoco_Attr<"Demand", "demand"> {
  let summary = "which rows of a value are needed: none, the last K of each segment, or all";
  let description = [{
    Examples: `#yoco.demand<none>`, `#yoco.demand<last 3>`, `#yoco.demand<all>`
  }];
  let parameters = (ins "::mlir::yoco::RowDemand":$demand);
  let hasCustomAssemblyFormat = 1;
}

def Yoco_EntryAttr : Yoco_Attr<"Entry", "entry"> {
  let summary = "an entry point: the rows that a step of it has, and the logits that it must produce";
  let description = [{
    Entry points differ in row shape and demand alone. `rows` is `ragged` (any number of rows per segment) or `single`
    (one); `bound` names the session bound that limits the rows of a step; `logits` is the demand on the logits.

    Example: `#yoco.entry<rows = ragged, bound = chunk, logits = none>`
  }];
  let parameters = (ins EnumParameter<Yoco_RowShape>:$rows, EnumParameter<Yoco_RowBound>:$bound,
                        "::mlir::yoco::RowDemand":$logits);
  let hasCustomAssemblyFormat = 1;
}

//===- Targets, sizes and bounds -----------------------------------------------------------------------------===//

def Yoco_TargetAttr : Yoco_Attr<"Target", "target"> {
  let summary = "the machine that a module is for, and the type that it computes in";
  let description = [{
    Example: `#yoco.target<"host", "x86-64-v3", f32>`
  }];
  let parameters = (ins StringRefParameter<"kind of device">:$device, StringRefParameter<"processor">:$chip,
                        "::mlir::Type":$compute);
  let assemblyFormat = "`<` $device `,` $chip `,` $compute `>`";
  let genVerifyDecl = 1;
}

def Yoco_SizeAttr : Yoco_Attr<"Size", "size"> {
  let summary = "a number of bytes as a function of a session's bounds";
  let description = [{
    A sum of products of the bounds `seq` (longest sequence), `batch` (slots), `chunk` (rows of a prefill step) and `block`
    (rows of a scoring step). Every product is rounded up to a multiple of 64 before it is added, so that whatever is
    placed behind it is aligned for all bounds.

    Examples: `#yoco.size<0>`, `#yoco.size<1024 * seq * batch + 4096 * chunk>`
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::yoco::SizeTerm">:$terms);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// One product and nothing else.
    static SizeAttr get(::mlir::MLIRContext *context, SizeTerm term);
    /// Bytes at `bounds`; none when that is more than 2^63 - 1.
    ::std::optional<int64_t> evaluate(const Bounds &bounds) const;
    /// This size and `other` placed one behind the other.
    SizeAttr add(SizeAttr other) const;
    /// True when, for all bounds, this size is at most `other`. False when that cannot be shown.
    bool isProvablyAtMost(SizeAttr other) const;
  }];
}

def Yoco_BoundsAttr : Yoco_Attr<"Bounds", "bounds"> {
  let summary = "the bounds of a session";
  let description = [{
    Example: `#yoco.bounds<seq = 4096, batch = 1, chunk = 256, block = 256>`
  }];
  let parameters = (ins "int64_t":$seq, "int64_t":$batch, "int64_t":$chunk, "int64_t":$block);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    Bounds getBounds() const { return Bounds{getSeq(), getBatch(), getChunk(), getBlock()}; }
  }];
}

def Yoco_BufferRole : Yoco_Enum<"BufferRole", "what a buffer is to the caller of an entry point", [
    I32EnumAttrCase<"ids", 0>, I32EnumAttrCase<"segments", 1>, I32EnumAttrCase<"logits", 2>,
    I32EnumAttrCase<"sampled", 3>]>;
def Yoco_BufferRoleAttr : EnumAttr<Yoco_Dialect, Yoco_BufferRole, "role"> {
  let summary = "the role of a buffer that the caller of an entry point fills or reads";
}

def Yoco_ArenaKind : Yoco_Enum<"ArenaKind", "how long the bytes of an arena live", [
    I32EnumAttrCase<"persistent", 0>, I32EnumAttrCase<"scratch", 1>]>;
def Yoco_ArenaKindAttr : EnumAttr<Yoco_Dialect, Yoco_ArenaKind, "arena_kind"> {
  let summary = "the kind of an arena";
}

def Yoco_TileUnit : Yoco_Enum<"TileUnit", "what the number of tiles of a launch grows with", [
    I32EnumAttrCase<"constant", 0>, I32EnumAttrCase<"rows", 1>, I32EnumAttrCase<"segments", 2>]>;
def Yoco_TilesAttr : Yoco_Attr<"Tiles", "tiles"> {
  let summary = "the number of tiles of a launch";
  let description = [{
    `multiplier * ceil(n / divisor)`, where `n` is 1, the rows or the segments of the step.

    Example: `#yoco.tiles<rows, divisor = 4, multiplier = 8>`
  }];
  let parameters = (ins EnumParameter<Yoco_TileUnit>:$unit, "int64_t":$divisor, "int64_t":$multiplier);
  let assemblyFormat = "`<` $unit `,` struct($divisor, $multiplier) `>`";
  let genVerifyDecl = 1;
}

def Yoco_WeightLayout : Yoco_Enum<"WeightLayout", "how a matrix lies in memory", [
    I32EnumAttrCase<"row_major", 0>, I32EnumAttrCase<"panels", 1>]>;
def Yoco_WeightLayoutAttr : EnumAttr<Yoco_Dialect, Yoco_WeightLayout, "weight_layout"> {
  let summary = "the layout of a packed parameter";
}

#endif // YOCO_DIALECT_YOCOATTRIBUTES_TD
