// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dialect itself and the constraints that its operations share.

#ifndef YOCO_DIALECT_YOCOBASE_TD
#define YOCO_DIALECT_YOCOBASE_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Yoco_Dialect : Dialect {
  let name = "yoco";
  let cppNamespace = "::mlir::yoco";
  let summary = "Decoder-decoder language models, from row dataflow to a flat program";
  let description = [{
    A model is captured once, as pure dataflow over rows (tokens): `@forward` maps the token ids of one sequence to
    logits at every position. Row `i` of the result of a *row-wise* operation needs row `i` of its operands alone; a
    *row mixer* also needs earlier rows of some operands and declares the state that carries them from step to step.
    Caches, early exit and memory plan are derived from that; docs/Phases.md carries one example through all phases.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::arith::ArithDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::memref::MemRefDialect"];
  let extraClassDeclaration = [{
    /// Name of the module attribute that holds the phase.
    static constexpr ::llvm::StringLiteral getPhaseAttrName() { return "yoco.phase"; }
    /// Name of the string attribute that says which layer of the model an operation comes from.
    static constexpr ::llvm::StringLiteral getLayerAttrName() { return "yoco.layer"; }
    /// Name of the function attribute that makes a function an entry point.
    static constexpr ::llvm::StringLiteral getEntryAttrName() { return "yoco.entry"; }
    /// Name of the argument attribute that says which declared state an argument holds.
    static constexpr ::llvm::StringLiteral getStateAttrName() { return "yoco.state"; }
    /// Name of the module attribute that says for which machine the module is.
    static constexpr ::llvm::StringLiteral getTargetAttrName() { return "yoco.target"; }
    /// Name of the module attribute with the folder that parameters are read from.
    static constexpr ::llvm::StringLiteral getCheckpointAttrName() { return "yoco.checkpoint"; }
    /// Name of the module attribute with the token ids that end a text.
    static constexpr ::llvm::StringLiteral getStopIdsAttrName() { return "yoco.stop_ids"; }
    /// Name of the module attribute with the longest sequence that the checkpoint was made for.
    static constexpr ::llvm::StringLiteral getMaxSequenceLengthAttrName() { return "yoco.max_sequence_length"; }
    /// Name of the module attribute with the file, in the checkpoint's folder, of a SentencePiece model.
    static constexpr ::llvm::StringLiteral getTokenizerAttrName() { return "yoco.tokenizer"; }
    /// Name of the module attribute with the session bounds a plan was made for.
    static constexpr ::llvm::StringLiteral getBoundsAttrName() { return "yoco.bounds"; }

    void registerAttributes();
    void registerTypes();
  }];
}

class Yoco_Op<string mnemonic, list<Trait> traits = []> : Op<Yoco_Dialect, mnemonic, traits>;

//===- Operand and result constraints ----------------------------------------------------------------------===//

def Yoco_RowsDim : CPred<[{::llvm::cast<::mlir::ShapedType>($_self).hasRank() &&
    ::llvm::cast<::mlir::ShapedType>($_self).getRank() >= 1 &&
    ::llvm::cast<::mlir::ShapedType>($_self).isDynamicDim(0) &&
    ::llvm::all_of(::llvm::cast<::mlir::ShapedType>($_self).getShape().drop_front(),
                   [](int64_t size) { return size > 0; })}]>;

class Yoco_RowTensorOf<list<Type> elements, list<int> ranks, string text>
    : Type<And<[TensorRankOf<elements, ranks>.predicate, Yoco_RowsDim]>, text, "::mlir::RankedTensorType">;

def Yoco_IdRows : Yoco_RowTensorOf<[I32], [1], "rows of 32-bit integers (`tensor<?xi32>`)">,
    BuildableType<"::mlir::RankedTensorType::get({::mlir::ShapedType::kDynamic}, $_builder.getI32Type())">;
def Yoco_Rows : Yoco_RowTensorOf<[AnyFloat], [2, 3],
    "rows of floating-point vectors (`tensor<?xNxf32>` or `tensor<?xHxDxf32>`, all sizes but the first static)">;
def Yoco_VectorRows : Yoco_RowTensorOf<[AnyFloat], [2], "rows of floating-point vectors (`tensor<?xNxf32>`)">;
def Yoco_HeadRows : Yoco_RowTensorOf<[AnyFloat], [3],
    "rows of floating-point heads (`tensor<?xHxDxf32>`)">;

def Yoco_AnyRows : AnyTypeOf<[Yoco_Rows, Yoco_IdRows], "rows of floating-point vectors or of 32-bit integers",
    "::mlir::RankedTensorType">;

class Yoco_RowBufferOf<list<Type> elements, list<int> ranks, string text>
    : Type<And<[MemRefRankOf<elements, ranks>.predicate, Yoco_RowsDim]>, text, "::mlir::MemRefType">;
def Yoco_RowBuffer : Yoco_RowBufferOf<[AnyFloat, I32], [1, 2, 3], "a buffer of rows (`memref<?xNxf32>`)">;
def Yoco_VectorBuffer : Yoco_RowBufferOf<[AnyFloat], [2], "a buffer of floating-point vectors (`memref<?xNxf32>`)">;
def Yoco_IdBuffer : Yoco_RowBufferOf<[I32], [1], "a buffer of 32-bit integers (`memref<?xi32>`)">;

def Yoco_WorkspaceBuffer : Type<And<[MemRefRankOf<[I8], [1]>.predicate,
    CPred<"::llvm::cast<::mlir::MemRefType>($_self).hasStaticShape()">]>,
    "memory of a fixed number of bytes (`memref<Nxi8>`)", "::mlir::MemRefType">;

// Fused operations work on tensors in phase `fused` and on buffers in phase `planned`.
def Yoco_FusedRows : AnyTypeOf<[Yoco_VectorRows, Yoco_VectorBuffer],
    "rows of floating-point vectors, as a tensor or a buffer">;
def Yoco_FusedIds : AnyTypeOf<[Yoco_IdRows, Yoco_IdBuffer],
    "rows of 32-bit integers, as a tensor or a buffer">;

#endif // YOCO_DIALECT_YOCOBASE_TD
