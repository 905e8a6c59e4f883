// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types of the dialect: what lives from step to step, and the table that a step works on.

#ifndef YOCO_DIALECT_YOCOTYPES_TD
#define YOCO_DIALECT_YOCOTYPES_TD

include "dialect/YocoBase.td"
include "dialect/YocoStateInterface.td"

class Yoco_Type<string name, string mnemonic_, list<Trait> traits = []> : TypeDef<Yoco_Dialect, name, traits> {
  let mnemonic = mnemonic_;
}

def Yoco_CacheLayout : I32EnumAttr<"CacheLayout", "how a slot's rows of a cache lie in memory", [
    I32EnumAttrCase<"contiguous", 0>]> {
  let cppNamespace = "::mlir::yoco";
  let genSpecializedAttr = 0;
}

def Yoco_CacheType : Yoco_Type<"Cache", "cache", [DeclareTypeInterfaceMethods<StateTypeInterface,
    ["getOwedRows", "isWrittenFirst", "join", "withStorageElement", "buildRowWrite"]>]> {
  let summary = "earlier rows of one value, for every slot";
  let description = [{
    For each slot and cached position, the `heads` heads of width `width` of a row. `window = 0` is a growing cache that
    holds every position of a sequence; `window = W` is a ring that holds the last `W`. Keys and values of an attention
    are two values, and have a cache each.

    A value of this type is linear: it is written at most once, by an operation that returns its next version, and is
    read only before that. `yoco-verify-states` checks it.

    Example: `!yoco.cache<heads = 2, width = 64, element = f32, window = 0, layout = contiguous>`
  }];
  let parameters = (ins "int64_t":$heads, "int64_t":$width, "::mlir::Type":$element, "int64_t":$window,
                        EnumParameter<Yoco_CacheLayout>:$layout);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The cache of `rows`, a tensor of heads.
    static CacheType get(::mlir::RankedTensorType rows, int64_t window);
    /// A ring holds the last positions only; a growing cache holds all.
    bool isRing() const { return getWindow() != 0; }
    /// The type of the cached rows.
    ::mlir::RankedTensorType getRowsType() const;
  }];
}

def Yoco_StateType : Yoco_Type<"State", "state", [DeclareTypeInterfaceMethods<StateTypeInterface>]> {
  let summary = "the state that a scan carries from row to row, for every slot";
  let description = [{
    A fixed-size tensor for each slot. Linear, like `!yoco.cache`.

    Example: `!yoco.state<4x64x64xf32>`
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::mlir::Type":$element);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Yoco_SegmentsType : Yoco_Type<"Segments", "segments"> {
  let summary = "the table of segments that a step works on";
  let description = [{
    Each segment is `{slot, first_position, row_begin, row_count}`: its rows are contiguous, their positions
    consecutive, the slots of one step distinct. A segment with slot -1 is padding and touches nothing. `first_position`
    0 means that the states of the slot are empty whatever memory holds.

    Example: `!yoco.segments`
  }];
}

def Yoco_AnyState : Type<StateTypeInterface.predicate, "a cache or a state">;

#endif // YOCO_DIALECT_YOCOTYPES_TD
