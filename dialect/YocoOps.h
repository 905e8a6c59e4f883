// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dialect in C++: attributes, types, interfaces and operations.

#ifndef YOCO_DIALECT_YOCOOPS_H
#define YOCO_DIALECT_YOCOOPS_H

#include "dialect/RowArithmetic.h"
#include "dialect/RowDemand.h"
#include "dialect/SizeTerm.h"
#include "dialect/StatePlane.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialect/YocoDialect.h.inc"
#include "dialect/YocoEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialect/YocoAttributes.h.inc"

#include "dialect/YocoStateInterface.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialect/YocoTypes.h.inc"

namespace mlir::yoco {

/// Parameters that one kernel argument is made of: their rows one after the other.
struct ParameterGroup {
  SmallVector<FlatSymbolRefAttr> parts;
  /// A matrix that rows are multiplied by, which a target may store as it likes; otherwise it is stored as it is.
  bool isMatrix = false;
  /// A table of which a step reads one row for each of its rows; otherwise it reads all of the matrix.
  bool isLookedUp = false;
  /// The rows that are read, [firstRow, endRow); 0 as the end: all of them.
  int64_t firstRow = 0, endRow = 0;
};

/// Rows whose past a row mixer reads.
struct CachedRows {
  Value rows;
  /// What they are to the mixer, for people: "keys".
  StringRef name;
  /// The state that the mixer asks for. Mixers that cache the same rows share one that serves all of them.
  StateTypeInterface type;
};

/// The role of the buffer that an entry point gives `output` in, and what a role is an output of; none of what comes
/// in.
BufferRole getRole(EntryOutput output);
std::optional<EntryOutput> getOutput(BufferRole role);

/// Name of the unit attribute of a module that holds kernels.
inline constexpr llvm::StringLiteral kKernelsAttrName = "yoco.kernels";
/// Name of the attribute of a module of kernels with the number of bytes of the record of a slot.
inline constexpr llvm::StringLiteral kRecordStrideAttrName = "yoco.record_stride";
/// Name of the attribute that says which parameter of a kernel an argument holds.
inline constexpr llvm::StringLiteral kParameterAttrName = "yoco.parameter";
/// Name of the attribute of a `linalg.generic` on buffers that sums along rows: the numbers that its sums start from,
/// instead of what its buffers hold.
inline constexpr llvm::StringLiteral kInitialAttrName = "yoco.initial";

namespace detail {
/// Builds `op` again on buffers: without results, with `outs` as its last operand group.
Operation *cloneToBuffers(Operation *op, OpBuilder &builder, ValueRange operands, ValueRange outs);
/// What holds for every fused operation: tensors or buffers, not both; as many buffers as results before.
LogicalResult verifyRowKernel(Operation *op);
/// Reads and writes of a fused operation: none on tensors.
void getRowKernelEffects(Operation *op, SmallVectorImpl<MemoryEffects::EffectInstance> &effects);
} // namespace detail

/// Columns of the rows that `yoco.row_logprobs` gives, and of partial ones; the most that `best` may be.
constexpr int64_t getLogprobsColumns(int64_t best, bool partial = false) { return (partial ? 5 : 3) + 2 * best; }
inline constexpr int64_t kMostBest = 64;

/// The number of bytes from one slot to the next of what does not grow, as the module of kernels `kernels` is told; 0:
/// the slots are contiguous.
int64_t getRecordStride(Operation *kernels);

/// The buffers that a kernel has for an argument of `type` of its launch: one for each plane of a state, the table of
/// segments as one, and everything else as it is.
SmallVector<Type> getKernelBuffers(Type type, int64_t recordStride);

/// True when `op` works on buffers (phase `planned`) and not on tensors.
bool isBufferForm(Operation *op);

/// Columns of the partial rows of an attention whose positions are divided into `splits` parts.
int64_t getPartialColumns(int64_t heads, int64_t splits, int64_t valueWidth);

} // namespace mlir::yoco

#include "dialect/YocoInterfaces.h.inc"

#define GET_OP_CLASSES
#include "dialect/YocoOps.h.inc"

#endif // YOCO_DIALECT_YOCOOPS_H
