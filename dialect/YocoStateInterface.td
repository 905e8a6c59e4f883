// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What passes ask the type of a state. Derivation, memory plan, printing, lowering and emission know no state by name:
// what they do with one follows from these answers. yoco-verify-memory-plan alone computes sizes again.

#ifndef YOCO_DIALECT_YOCOSTATEINTERFACE_TD
#define YOCO_DIALECT_YOCOSTATEINTERFACE_TD

include "mlir/IR/OpBase.td"

def StateTypeInterface : TypeInterface<"StateTypeInterface"> {
  let cppNamespace = "::mlir::yoco";
  let description = [{
    The type of something that a session keeps from step to step for each slot: a cache, the state of a scan. Values of
    such a type are linear: each version is written at most once, by an operation that returns the next version, and is
    read only before that.
  }];
  let methods = [
    InterfaceMethod<[{
        The arrays that a slot consists of, in the order in which kernels get them.
      }],
      "::llvm::SmallVector<::mlir::yoco::StatePlane>", "getPlanes">,
    InterfaceMethod<[{
        What this state is, for people: it stands in the memory plan, the report on demand and the model file.
      }],
      "std::string", "getDescription">,
    InterfaceMethod<[{
        What the names of declared states of this type begin with. `rows` says which rows of a mixer such a state caches
        ("keys"), and is empty for a state that belongs to one mixer.
      }],
      "std::string", "getSymbolPrefix", (ins "::llvm::StringRef":$rows)>,
    InterfaceMethod<[{
        Which rows of a step must be stored for the sake of later steps, when `read` is what any of them reads.
      }],
      "::mlir::yoco::RowDemand", "getOwedRows", (ins "::mlir::yoco::RowDemand":$read), [{}], [{
        return read.isNone() ? read : ::mlir::yoco::RowDemand::all();
      }]>,
    InterfaceMethod<[{
        Of a state that caches rows: whether the rows of a step are stored before they are read, so that readers find
        them in the state. Otherwise readers read the version from before the step and get the rows of the step
        themselves.
      }],
      "bool", "isWrittenFirst", (ins), [{}], [{ return false; }]>,
    InterfaceMethod<[{
        This type, changed so that the state also serves readers that asked for `other` and read it together with
        another such state or this one. Null when there is no such type.
      }],
      "::mlir::Type", "join", (ins "::mlir::Type":$other), [{}], [{
        return $_type == other ? ::mlir::Type($_type) : ::mlir::Type();
      }]>,
    InterfaceMethod<[{
        This type with elements of the target's storage type, when the state holds nothing but what is rounded to it
        anyway.
      }],
      "::mlir::Type", "withStorageElement", (ins "::mlir::FloatType":$element), [{}], [{ return $_type; }]>,
    InterfaceMethod<[{
        Builds the operation that stores the `rows` of a step, and returns the next version of `state`. Null for a state
        that caches no rows: the mixer that it belongs to writes it.
      }],
      "::mlir::Value", "buildRowWrite",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "::mlir::Value":$state, "::mlir::Value":$rows,
           "::mlir::Value":$segments), [{}], [{ return {}; }]>,
  ];
  let extraSharedClassDeclaration = [{
    /// Whether a longer sequence takes more memory.
    bool isGrowing() const {
      return ::llvm::any_of($_type.getPlanes(), [](const ::mlir::yoco::StatePlane &plane) { return plane.grows; });
    }
    /// Bytes that one more position of a sequence takes.
    int64_t getBytesPerPosition() const {
      int64_t bytes = 0;
      for (const ::mlir::yoco::StatePlane &plane : $_type.getPlanes())
        bytes += plane.grows ? plane.getBytes() : 0;
      return bytes;
    }
    /// Bytes of a slot, whatever it holds.
    int64_t getBytesPerSlot() const {
      int64_t bytes = 0;
      for (const ::mlir::yoco::StatePlane &plane : $_type.getPlanes())
        bytes += plane.grows ? 0 : plane.getBytes();
      return bytes;
    }
  }];
}

#endif // YOCO_DIALECT_YOCOSTATEINTERFACE_TD
