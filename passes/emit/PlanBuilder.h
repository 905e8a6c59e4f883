// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a variant in phase `program` to its part of the plan in a model file.

#ifndef YOCO_PASSES_EMIT_PLANBUILDER_H
#define YOCO_PASSES_EMIT_PLANBUILDER_H

#include "dialect/YocoOps.h"
#include "passes/emit/WeightPacker.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::yoco {

class TargetDevice;

/// Builds the table of one variant. Errors go to the operations that they are about; all of them are reported.
class VariantBuilder {
public:
  VariantBuilder(ModuleOp module, SegmentTable &segments, WeightPacker &weights)
      : module(module), symbols(module), segments(segments), weights(weights) {}

  /// Null after an error.
  std::unique_ptr<fb::VariantT> build();

  /// The width of the logits; 0 when no entry point has any.
  int64_t getVocabularySize() const { return vocabularySize; }

private:
  LogicalResult addTarget();
  LogicalResult addCode();
  std::unique_ptr<fb::SegmentT> addBytes(std::vector<char> code);
  LogicalResult addArenas();
  LogicalResult addStates();
  LogicalResult addState(StateDeclOp state);
  LogicalResult addEntries();
  LogicalResult addEntry(func::FuncOp function, EntryAttr shape, SmallVector<func::FuncOp> programs);
  LogicalResult addProgram(func::FuncOp function, EntryAttr shape, fb::EntryT &entry);
  LogicalResult addRole(ViewOp view, fb::EntryT &entry);
  LogicalResult addRowSet(RowSetOp op, fb::EntryT &entry);
  LogicalResult addOutput(ViewOp view, EntryOutput kind, uint32_t buffer, fb::EntryT &entry);
  std::unique_ptr<fb::CostT> makeCost(CostAttr cost);
  LogicalResult addWords(LaunchOp launch, fb::KernelT &kernel);
  LogicalResult addInstruction(Operation *op, fb::ProgramT &program);
  LogicalResult addGemm(GemmOp gemm, fb::GemmT &instruction);
  std::unique_ptr<fb::GemmRowsT> makeRows(GemmOp gemm, Value value);
  LogicalResult addArguments(LaunchOp launch, fb::LaunchT &instruction);
  FailureOr<uint32_t> getKernel(LaunchOp launch);
  FailureOr<uint32_t> getBuffer(Operation *op, Value value);
  uint32_t getBuffer(uint32_t arena, SizeAttr offset, SizeAttr size);
  FailureOr<uint32_t> getParameter(ParameterRefOp reference);

  ModuleOp module;
  SymbolTable symbols;
  SegmentTable &segments;
  WeightPacker &weights;
  std::unique_ptr<fb::VariantT> variant;
  const TargetDevice *device = nullptr;
  int64_t vocabularySize = 0;
  DenseMap<Operation *, uint32_t> parameters;                                   // packed parameter -> index
  DenseMap<Attribute, uint32_t> kernels;                                        // name -> index
  DenseMap<Operation *, uint32_t> arenas;                                       // arena -> index
  DenseMap<Operation *, uint32_t> states;                                       // state -> index
  /// Buffer and offset of each plane of a state.
  DenseMap<Operation *, SmallVector<std::pair<uint32_t, uint64_t>>> planes;
  std::map<std::tuple<uint32_t, const void *, const void *>, uint32_t> buffers; // arena, offset, size -> index
};

} // namespace mlir::yoco

#endif // YOCO_PASSES_EMIT_PLANBUILDER_H
