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
    With `n` frequencies, the first `2n` elements of a head are rotated and the others are left alone; heads have an
    even width, at least `2n`, and `n` is at least 1. Pair `i` is rotated by `position * inv_freq[i]` radians.
    `interleaved` pairs elements `(2i, 2i + 1)`, `half` pairs `(i, i + n)`. A frequency of 0 leaves its pair alone. The
    product is taken in f32, its sine and cosine are accurate.

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
    Element `i` (row-major) of the parameter is drawn uniformly, with standard deviation `scale`, from a SplitMix64
    stream that `seed` and `stream` select (docs/FileFormat.md); `scale` 0 makes every element 1.

    Example: `#yoco.random<seed = 1, stream = 7, scale = 0.0625>`
  }];
  let parameters = (ins "uint64_t":$seed, "uint64_t":$stream, "::mlir::FloatAttr":$scale);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Yoco_SliceAttr : Yoco_Attr<"Slice", "slice"> {
  let summary = "where in a tensor of the checkpoint a parameter begins";
  let description = [{
    A parameter of `R` rows and `C` columns is rows `row` to `row + R` and columns `column` to `column + C` of a tensor
    of `rows` by `columns`. A vector is one row.

    Example: `#yoco.slice<row = 256, column = 0, rows = 512, columns = 256>`
  }];
  let parameters = (ins "int64_t":$row, "int64_t":$column, "int64_t":$rows, "int64_t":$columns);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Yoco_Placement : Yoco_Enum<"Placement", "whose memory a parameter is in", [
    I32EnumAttrCase<"device", 0>, I32EnumAttrCase<"host", 1>]>;
def Yoco_PlacementAttr : EnumAttr<Yoco_Dialect, Yoco_Placement, "placement"> {
  let summary = "the memory of a parameter: the device's, or the host's, from which the device reads rows";
}

def Yoco_EncodingAttr : Yoco_Attr<"Encoding", "encoding"> {
  let summary = "how the numbers of a stored matrix become codes and scales";
  let description = [{
    Each number is a code of `bits` bits; a number is its code, as the encoding `name` reads it, times the scale of its
    group: `group` consecutive columns of a row share one (0: all of them). The codes of a row fill whole bytes, rows
    follow each other, and the scales, of type `scale`, a row of them for each row, begin at the next multiple of 64
    bytes. `name` is one that is registered with the packer of weights (`passes/emit/Encodings.h`).

    Example: `#yoco.encoding<"int8", bits = 8, group = 64, scale = f32>`
  }];
  let parameters = (ins StringRefParameter<"registered name">:$name, "int64_t":$bits, "int64_t":$group,
                        "::mlir::Type":$scale);
  let assemblyFormat = "`<` $name `,` struct($bits, $group, $scale) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Scales of a row of `columns` numbers.
    int64_t getScalesOfRow(int64_t columns) const;
    /// Bytes of the codes of such a row.
    int64_t getCodeBytesOfRow(int64_t columns) const;
    /// Where the scales of `rows` such rows begin, and where they end.
    int64_t getScalesOffset(int64_t rows, int64_t columns) const;
    int64_t getBytes(int64_t rows, int64_t columns) const;
  }];
}

//===- Entry points and demand -------------------------------------------------------------------------------===//

def Yoco_RowShape : Yoco_Enum<"RowShape", "how many rows a segment of a step may have", [
    I32EnumAttrCase<"ragged", 0>, I32EnumAttrCase<"single", 1>]>;
def Yoco_RowBound : Yoco_Enum<"RowBound", "which bound of a session limits the rows of a step", [
    I32EnumAttrCase<"chunk", 0>, I32EnumAttrCase<"batch", 1>, I32EnumAttrCase<"wanted", 2>]>;
def Yoco_RowBoundAttr : EnumAttr<Yoco_Dialect, Yoco_RowBound, "row_bound"> {
  let summary = "the bound that limits the rows of a set";
}

def Yoco_DemandAttr : Yoco_Attr<"Demand", "demand"> {
  let summary = "which rows of a value are needed: none, those from a position on, or all";
  let description = [{
    `from w-c` means the rows of each segment at positions of at least `w - c`, where `w` is the first position of the
    sequence whose results are wanted, in this step or a later one.

    Examples: `#yoco.demand<none>`, `#yoco.demand<from w-3>`, `#yoco.demand<all>`
  }];
  let parameters = (ins "::mlir::yoco::RowDemand":$demand);
  let hasCustomAssemblyFormat = 1;
}

def Yoco_EntryOutput : Yoco_Enum<"EntryOutput", "what an entry point gives for a row that is wanted", [
    I32EnumAttrCase<"logits", 0>, I32EnumAttrCase<"sampled", 1>, I32EnumAttrCase<"logprobs", 2>]>;

def Yoco_EntryAttr : Yoco_Attr<"Entry", "entry"> {
  let summary = "an entry point: the rows that a step of it has, and what comes out for which of them";
  let description = [{
    `rows` is `ragged` (any number of rows per segment) or `single` (one); `bound` names the session bound that limits
    the rows of a step. Then comes what the entry point gives, `logits`, the tokens that they choose (`sampled`) or what
    `yoco.row_logprobs` says of them (`logprobs`), with the rows that are wanted: `none`, `all`, or `from w-0`, where
    the caller says for each segment which is the first position that it wants. What an entry point is for follows from
    this; its name means nothing.

    A function with `most` is a program of an entry point for steps of at most so many rows, whatever the session's
    bounds are; with `most_wanted`, for steps that want at most so many. The entry point is the function that differs in
    nothing but these two and has neither: it takes the steps that none of its programs is for.

    Examples: `#yoco.entry<rows = ragged, bound = chunk, logits = none>`,
    `#yoco.entry<rows = single, bound = batch, sampled = all>`,
    `#yoco.entry<rows = single, bound = batch, logits = all, most = 4>`,
    `#yoco.entry<rows = ragged, bound = chunk, logits = from w-0, most_wanted = 1>`
  }];
  let parameters = (ins EnumParameter<Yoco_RowShape>:$rows, EnumParameter<Yoco_RowBound>:$bound,
                        EnumParameter<Yoco_EntryOutput>:$output, "::mlir::yoco::RowDemand":$wanted,
                        DefaultValuedParameter<"int64_t", "0">:$most,
                        DefaultValuedParameter<"int64_t", "0">:$most_wanted);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The program for steps of at most `most` rows that want at most `mostWanted`; 0 is any number.
    EntryAttr getProgram(int64_t most, int64_t mostWanted) const;
    /// Whether steps of any size may run.
    bool isWhole() const { return getMost() == 0 && getMostWanted() == 0; }
    /// The bound of the rows at positions from `w - halo` on, and how many there are at most where that is less than
    /// all bounds allow; 0 where it is not. Any rows of a step may come before those that are wanted.
    RowBound getTailBound(int64_t halo) const;
    int64_t getTailMost(int64_t halo) const;
    /// What `demand` means for the rows of a step of this entry point. Where all rows are wanted, `w` is the first row
    /// of each segment, and where none are, its end: there the results of the next step are the first that are wanted.
    RowDemand getComputed(RowDemand demand) const;
  }];
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
    A sum of products of the bounds `seq` (longest sequence), `batch` (slots), `chunk` (rows of a prefill step) and
    `wanted` (rows of a step whose results come out; all rows of a scoring step). Every product is rounded up to a
    multiple of 64 before it is added, so that whatever is placed after it is aligned for all bounds.

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
    /// This size and `other` placed one after the other.
    SizeAttr add(SizeAttr other) const;
    /// True when, for all bounds, this size is at most `other`. False when that cannot be shown.
    bool isProvablyAtMost(SizeAttr other) const;
  }];
}

def Yoco_InRecordAttr : Yoco_Attr<"InRecord", "in_record"> {
  let summary = "a place in the record that the persistent arena has for each slot";
  let description = [{
    The offset in bytes from the record's first byte, a multiple of 64.

    Example: `#yoco.in_record<128>`
  }];
  let parameters = (ins "int64_t":$offset);
  let assemblyFormat = "`<` $offset `>`";
  let genVerifyDecl = 1;
}

def Yoco_BoundsAttr : Yoco_Attr<"Bounds", "bounds"> {
  let summary = "the bounds of a session";
  let description = [{
    Example: `#yoco.bounds<seq = 4096, batch = 1, chunk = 256, wanted = 256>`
  }];
  let parameters = (ins "int64_t":$seq, "int64_t":$batch, "int64_t":$chunk, "int64_t":$wanted);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    Bounds getBounds() const { return Bounds{getSeq(), getBatch(), getChunk(), getWanted()}; }
  }];
}

def Yoco_BufferRole : Yoco_Enum<"BufferRole", "what a buffer is to the caller of an entry point", [
    I32EnumAttrCase<"ids", 0>, I32EnumAttrCase<"segments", 1>, I32EnumAttrCase<"logits", 2>,
    I32EnumAttrCase<"sampled", 3>, I32EnumAttrCase<"targets", 4>, I32EnumAttrCase<"logprobs", 5>]>;
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

def Yoco_CostKind : Yoco_Enum<"CostKind", "what a cost is a number of", [
    I32EnumAttrCase<"weight_bytes", 0>, I32EnumAttrCase<"state_read_bytes", 1>, I32EnumAttrCase<"state_write_bytes", 2>,
    I32EnumAttrCase<"linear_operations", 3>, I32EnumAttrCase<"mixer_operations", 4>]>;
def Yoco_CostUnit : Yoco_Enum<"CostUnit", "what a cost is for each of", [
    I32EnumAttrCase<"step", 0>, I32EnumAttrCase<"row", 1>, I32EnumAttrCase<"segment", 2>,
    I32EnumAttrCase<"continued_segment", 3>, I32EnumAttrCase<"position_kept", 4>, I32EnumAttrCase<"position_before", 5>,
    I32EnumAttrCase<"position_reached", 6>, I32EnumAttrCase<"pair", 7>]>;

def Yoco_CostAttr : Yoco_Attr<"Cost", "cost"> {
  let summary = "what an instruction moves or computes at least";
  let description = [{
    `amount` bytes or operations for each unit of a step: the step itself, a row, a segment, a segment with a past; a
    row of a segment that is kept in a cache (the last `window`), a position before the step, a position before it or in
    it (at most `window - 1` and `window` for each segment); or a pair of a row and a position that it attends to (at
    most `window` for each row). Costs of the bytes of a parameter name it, so that a step counts it once.

    Examples: `#yoco.cost<4096 weight_bytes per step of @w>`,
    `#yoco.cost<64 state_read_bytes per position_before window 128>`
  }];
  let parameters = (ins EnumParameter<Yoco_CostKind>:$kind, EnumParameter<Yoco_CostUnit>:$unit, "int64_t":$amount,
                        DefaultValuedParameter<"int64_t", "0">:$window,
                        OptionalParameter<"::mlir::FlatSymbolRefAttr">:$parameter);
  let assemblyFormat = "`<` $amount $kind `per` $unit (`window` $window^)? (`of` $parameter^)? `>`";
  let genVerifyDecl = 1;
}

def Yoco_WeightLayout : Yoco_Enum<"WeightLayout", "how a matrix lies in memory", [
    I32EnumAttrCase<"row_major", 0>, I32EnumAttrCase<"panels", 1>]>;
def Yoco_WeightLayoutAttr : EnumAttr<Yoco_Dialect, Yoco_WeightLayout, "weight_layout"> {
  let summary = "the layout of a packed parameter";
}

#endif // YOCO_DIALECT_YOCOATTRIBUTES_TD
