// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What passes ask operations. No pass switches over operation names or model families: everything that is derived
// (caches, early exit, memory plan) is derived from these answers.

#ifndef YOCO_DIALECT_YOCOINTERFACES_TD
#define YOCO_DIALECT_YOCOINTERFACES_TD

include "mlir/IR/OpBase.td"

def RowDemandOpInterface : OpInterface<"RowDemandOpInterface"> {
  let cppNamespace = "::mlir::yoco";
  let description = [{
    Which rows of its operands an operation needs in order to give the demanded rows of its results (the transfer
    function of the demand analysis). Operations without this interface that are elementwise, or change the shape of a
    row alone, are row-wise.
  }];
  let methods = [
    InterfaceMethod<[{
        Demand on operand number `operand` when `results` is the demand on the results, in order, and `state` is what is
        read of the states that this operation writes, in this step or a later one, by any entry point: none when
        nothing reads them.

        `from w-c` is about positions, not about the rows of a step, so that rows that come from a state have a demand
        like any others.
      }],
      "::mlir::yoco::RowDemand", "getOperandDemand",
      (ins "unsigned":$operand, "::llvm::ArrayRef<::mlir::yoco::RowDemand>":$results,
           "::mlir::yoco::RowDemand":$state)>,
  ];
}

def RowWiseOpInterface : OpInterface<"RowWiseOpInterface", [RowDemandOpInterface]> {
  let cppNamespace = "::mlir::yoco";
  let description = [{
    Row `i` of every result needs row `i` of the operands alone. The demand transfer is the identity.
  }];
}

def ElementwiseOpInterface : OpInterface<"ElementwiseOpInterface", [RowWiseOpInterface]> {
  let cppNamespace = "::mlir::yoco";
  let description = [{
    A row-wise operation with one result whose every element is a function of the same element of each operand. That
    function is all that the compiler needs to know: on every target the operation becomes a part of a generated kernel.
  }];
  let methods = [
    InterfaceMethod<[{
        The function: one element of the result, from one element of each operand.
      }],
      "::mlir::Value", "buildScalar",
      (ins "::mlir::yoco::ScalarBuilder &":$scalar, "::mlir::ValueRange":$elements)>,
    InterfaceMethod<[{
        What a linear group is told to do to its sums instead of this operation; with `gated`, instead of this operation
        and a product with the other half of the group. `none` when linear groups cannot do it, which leaves it to a
        kernel of its own.
      }],
      "::mlir::yoco::Activation", "getGroupActivation", (ins "bool":$gated), [{}],
      [{ return ::mlir::yoco::Activation::none; }]>,
  ];
}

def FusedFormOpInterface : OpInterface<"FusedFormOpInterface", [RowWiseOpInterface]> {
  let cppNamespace = "::mlir::yoco";
  let description = [{
    A row-wise operation with one result for which phase `fused` has a kernel written by hand.
  }];
  let methods = [
    InterfaceMethod<[{
        Builds that kernel's operation. `operands` are this operation's operands, with heads side by side in a row; so
        are those of the result. Null when this one has no such kernel.
      }],
      "::mlir::Operation *", "buildFusedForm", (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$operands)>,
  ];
}

def DecomposableOpInterface : OpInterface<"DecomposableOpInterface", [RowWiseOpInterface]> {
  let cppNamespace = "::mlir::yoco";
  let description = [{
    A row-wise operation with one result that is arithmetic on rows with broadcasts, vectors that all rows share, and
    sums along a row. An operation that has a fused form as well is decomposed when that form is null.
  }];
  let methods = [
    InterfaceMethod<[{ Builds the arithmetic and returns its result, of this operation's type. }],
      "::mlir::Value", "decompose", (ins "::mlir::yoco::RowBuilder &":$rows)>,
  ];
}

def RowMixerOpInterface : OpInterface<"RowMixerOpInterface", [RowDemandOpInterface]> {
  let cppNamespace = "::mlir::yoco";
  let description = [{
    An operation of phase `model` whose row `i` also needs earlier rows of some operands. It says which states carry its
    past, and builds its step form, in which the past is read from them. One step form serves prefill and decode: fusion
    picks the kernel by spans or the recurrent one from the row shape of the entry point.
  }];
  let methods = [
    InterfaceMethod<[{
        The rows whose past is read as it is, one cache for each. Mixers that cache the same rows share its cache. The
        caches of one mixer are of one kind: all growing, or all rings.
      }],
      "::llvm::SmallVector<::mlir::yoco::CachedRows>", "getCachedRows">,
    InterfaceMethod<[{
        The types of the states that are this operation's own.
      }],
      "::llvm::SmallVector<::mlir::Type>", "getOwnStates">,
    InterfaceMethod<[{
        Builds the step form. `operands` are this operation's operands in the step, `states` are the versions to read,
        those of `getCachedRows` and then those of `getOwnStates`: of a cache that is written first the one that has the
        fresh rows already, of any other state the one before this step. Returns the results, and stores the next
        versions of its own states in `states`.
      }],
      "::llvm::SmallVector<::mlir::Value>", "buildStepForm",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$operands, "::mlir::Value":$segments,
           "::llvm::MutableArrayRef<::mlir::Value>":$states)>,
  ];
}

def StateOpInterface : OpInterface<"StateOpInterface"> {
  let cppNamespace = "::mlir::yoco";
  let description = [{
    An operation of phase `step` or later that reads or writes declared caches and states.
  }];
  let methods = [
    InterfaceMethod<[{ The versions that are read. }],
      "::llvm::SmallVector<::mlir::Value>", "getReadStates">,
    InterfaceMethod<[{ The operands that are replaced by new versions. }],
      "::llvm::SmallVector<::mlir::Value>", "getWrittenStates">,
    InterfaceMethod<[{
        The new version of each written state, in order. None in buffer form, where states are written in place.
      }],
      "::llvm::SmallVector<::mlir::Value>", "getNewStates">,
  ];
  let extraSharedClassDeclaration = [{
    /// The version that `version` replaces; null when it is none that this operation makes.
    ::mlir::Value getReplaced(::mlir::Value version) {
      for (auto [before, after] : ::llvm::zip($_op.getWrittenStates(), $_op.getNewStates()))
        if (after == version)
          return before;
      return {};
    }
    bool writesState(::mlir::Value version) { return ::llvm::is_contained($_op.getWrittenStates(), version); }
  }];
}

def RowKernelOpInterface : OpInterface<"RowKernelOpInterface"> {
  let cppNamespace = "::mlir::yoco";
  let description = [{
    A fused operation: one kernel launch of the program. In phase `fused` it maps tensors to tensors; in phase `planned`
    the same operation writes buffers that are its last operands, `outs`, and has no results.
  }];
  let methods = [
    InterfaceMethod<[{ The buffers that are written; empty on tensors. }],
      "::mlir::OperandRange", "getOutBuffers">,
    InterfaceMethod<[{
        The parameters whose bytes the kernel reads, in the order of its arguments. A group of several is one matrix:
        their rows one after the other.
      }],
      "::llvm::SmallVector<::mlir::yoco::ParameterGroup>", "getParameterGroups", (ins), [{}], [{ return {}; }]>,
    InterfaceMethod<[{
        What the operation moves and computes at least, on any target; the bytes of its parameters aside.
      }],
      "::llvm::SmallVector<::mlir::yoco::CostAttr>", "getCost", (ins), [{}], [{ return {}; }]>,
    InterfaceMethod<[{
        Builds the buffer form with the given operands (in this operation's order, `outs` left out) and `outs`.
      }],
      "::mlir::Operation *", "cloneToBuffers",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$operands, "::mlir::ValueRange":$outs), [{}], [{
        return ::mlir::yoco::detail::cloneToBuffers($_op, builder, operands, outs);
      }]>,
    InterfaceMethod<[{
        Whether `operand` is rounded to the target's storage type before anything is computed with it, so that it may be
        stored in that type.
      }],
      "bool", "isStorageOperand", (ins "::mlir::OpOperand &":$operand), [{}], [{ return false; }]>,
    InterfaceMethod<[{
        Gives the buffer form memory that its target asked for. Only operations that have an operand for it are asked.
      }],
      "void", "setWorkspace", (ins "::mlir::Value":$workspace), [{}], [{
        llvm_unreachable("a target asks for a workspace for operations that have an operand for it");
      }]>,
  ];
  let verify = [{ return ::mlir::yoco::detail::verifyRowKernel($_op); }];
}

#endif // YOCO_DIALECT_YOCOINTERFACES_TD
