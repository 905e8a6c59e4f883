// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types of the dialect: what lives from step to step, and the table that a step works on.

#ifndef YOCO_DIALECT_YOCOTYPES_TD
#define YOCO_DIALECT_YOCOTYPES_TD

include "dialect/YocoBase.td"

class Yoco_Type<string name, string mnemonic_, list<Trait> traits = []> : TypeDef<Yoco_Dialect, name, traits> {
  let mnemonic = mnemonic_;
}

def Yoco_CacheLayout : I32EnumAttr<"CacheLayout", "how a slot's rows of a cache lie in memory", [
    I32EnumAttrCase<"contiguous", 0>]> {
  let cppNamespace = "::mlir::yoco";
  let genSpecializedAttr = 0;
}

def Yoco_KVCacheType : Yoco_Type<"KVCache", "kv_cache"> {
  let summary = "the keys and values of earlier rows, for every slot";
  let description = [{
    For each slot and cached position, `heads` keys of width `key` and as many values of width `value`. `window = 0` is a
    growing cache that holds every position of a sequence; `window = W` is a ring that holds the last `W`.

    A value of this type is linear: it is written at most once, by an operation that returns its next version, and is read
    only before that. `yoco-verify-states` checks it.

    Example: `!yoco.kv_cache<heads = 2, key = 64, value = 64, element = f32, window = 0, layout = contiguous>`
  }];
  let parameters = (ins "int64_t":$heads, "int64_t":$key, "int64_t":$value, "::mlir::Type":$element,
                        "int64_t":$window, EnumParameter<Yoco_CacheLayout>:$layout);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// A ring holds the last positions only; a growing cache holds all.
    bool isRing() const { return getWindow() != 0; }
    /// Bytes of the keys, and of the values, of one position.
    int64_t getKeyBytesPerPosition() const;
    int64_t getValueBytesPerPosition() const;
  }];
}

def Yoco_StateType : Yoco_Type<"State", "state"> {
  let summary = "the state that a scan carries from row to row, for every slot";
  let description = [{
    A fixed-size tensor for each slot. Linear, like `!yoco.kv_cache`.

    Example: `!yoco.state<4x64x64xf32>`
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::mlir::Type":$element);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Bytes of one slot.
    int64_t getBytesPerSlot() const;
  }];
}

def Yoco_SegmentsType : Yoco_Type<"Segments", "segments"> {
  let summary = "the table of segments that a step works on";
  let description = [{
    Each segment is `{slot, first_position, row_begin, row_count}`: its rows are contiguous, their positions consecutive, the
    slots of one step distinct. A segment with slot -1 is padding and touches nothing. `first_position` 0 means that the
    states of the slot are empty whatever memory holds.

    Example: `!yoco.segments`
  }];
}

def Yoco_AnyState : AnyTypeOf<[Yoco_KVCacheType, Yoco_StateType], "a cache or a state">;

#endif // YOCO_DIALECT_YOCOTYPES_TD
