// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What each layer computes in each entry point, for those who print it (ExplainDemand.h) or draw it (DrawDemand.h).

#ifndef YOCO_PASSES_STEP_DEMANDTABLE_H
#define YOCO_PASSES_STEP_DEMANDTABLE_H

#include "passes/analysis/RowDemandAnalysis.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include <map>

namespace mlir::yoco {

/// Row operations of one layer in one entry point.
struct LayerWork {
  unsigned needed = 0, total = 0;
  RowDemand rows;
  llvm::SetVector<StringAttr> writes; // states that the layer writes and that must be written
  SmallVector<Operation *> skipped;
  std::map<int64_t, SmallVector<Operation *>> tails; // operations that need a tail of their rows, by its length
};

/// The work of a module in phase `step` before yoco-prune-rows.
struct DemandTable {
  using Layers = llvm::MapVector<StringAttr, LayerWork>;

  /// Entry points of whose rows the same are wanted, and which differ in what comes out of these alone.
  struct Group {
    size_t entry;      // the first of them
    std::string names; // "@decode, @score"
  };

  DemandTable(ModuleOp module, const RowDemands &demands);

  LayerWork getWork(size_t entry, StringAttr layer) const { return work[entry].lookup(layer); }
  /// Why not all of a layer runs in all entry points; empty when it does.
  std::string getReason(StringAttr layer) const;
  /// The entry points, in groups.
  SmallVector<Group> getGroups() const;
  /// For each group, in words, the layer that computes the longest tail of a sequence.
  SmallVector<std::string> getTails() const;

  SmallVector<func::FuncOp> entries;
  SmallVector<Layers> work; // of each entry point
  llvm::SetVector<StringAttr> layers;
};

/// 2,414.
std::string formatCount(int64_t count);
/// Rows of a sequence, relative to those whose results are wanted; with an entry point, rows of its steps.
std::string formatRows(RowDemand rows, EntryAttr entry = {});
/// The rows of a layer in an entry point, and how many of its operations they are for.
std::string formatWork(const LayerWork &work, EntryAttr entry);
/// The operations, without those that compute nothing, and the parameters that they read.
void printOperations(ArrayRef<Operation *> ops, llvm::raw_ostream &os);

} // namespace mlir::yoco

#endif // YOCO_PASSES_STEP_DEMANDTABLE_H
