// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/step/ExplainDemand.h"
#include "passes/analysis/States.h"
#include "passes/step/DemandTable.h"
#include "passes/step/DrawDemand.h"

using namespace mlir;
using namespace mlir::yoco;

/// One line for each layer of which an entry point runs a part: the operations that it does not run. One more where
/// some operations of a layer need all rows and others a tail.
static void printParts(StringAttr layer, StringRef entries, EntryAttr shape, const LayerWork &work, raw_ostream &os) {
  if (work.needed != 0 && work.needed != work.total) {
    os << layer.getValue() << " in " << entries << " skips: ";
    printOperations(work.skipped, os);
    os << "\n";
  }
  for (const auto &[before, ops] : work.tails) {
    if (!work.rows.isAll())
      continue;
    os << layer.getValue() << " in " << entries << ", " << formatRows(RowDemand::from(before), shape)
       << " rows alone: ";
    printOperations(ops, os);
    os << "\n";
  }
}

static void printRow(raw_ostream &os, ArrayRef<std::string> cells, ArrayRef<size_t> widths) {
  std::string line;
  for (auto [cell, width] : llvm::zip_equal(cells, widths))
    line += cell + std::string(width - cell.size() + 2, ' ');
  os << StringRef(line).rtrim() << "\n";
}

/// One line for each state: what it holds, and which rows of a step it must get.
static void printStates(ModuleOp module, const RowDemands &demands, raw_ostream &os) {
  for (auto state : module.getOps<StateDeclOp>()) {
    StateTypeInterface type = state.getStateType();
    RowDemand owed = type.getOwedRows(demands.getState(state.getSymNameAttr()));
    os << "@" << state.getSymName() << ": " << type.getDescription() << ", ";
    if (owed.isNone())
      os << "never written, since no later step reads it\n";
    else if (owed.isFrom() && owed.getBefore() != 0)
      os << "wanted rows and the " << formatCount(owed.getBefore()) << " before them must be stored\n";
    else
      os << formatRows(owed) << " rows must be stored\n";
  }
}

void yoco::printDemand(ModuleOp module, const RowDemands &demands, raw_ostream &os) {
  DemandTable table(module, demands);
  std::vector<std::vector<std::string>> cells = {{"layer"}};
  SmallVector<DemandTable::Group> groups = table.getGroups();
  auto shapeOf = [&](const DemandTable::Group &group) { return getEntry(table.entries[group.entry]); };
  for (const DemandTable::Group &group : groups)
    cells[0].push_back(group.names);
  cells[0].push_back("why the rest is skipped");
  for (StringAttr layer : table.layers) {
    std::vector<std::string> &row = cells.emplace_back(1, layer.str());
    for (const DemandTable::Group &group : groups)
      row.push_back(formatWork(table.getWork(group.entry, layer), shapeOf(group)));
    row.push_back(table.getReason(layer));
  }
  std::vector<size_t> widths(cells[0].size());
  for (const auto &row : cells)
    for (auto [width, cell] : llvm::zip_equal(widths, row))
      width = std::max(width, cell.size());
  os << "rows computed per layer and entry point\n\n";
  for (const auto &row : cells)
    printRow(os, row, widths);
  os << "\n";
  std::string parts;
  llvm::raw_string_ostream partsOs(parts);
  for (StringAttr layer : table.layers)
    for (const DemandTable::Group &group : groups)
      printParts(layer, group.names, shapeOf(group), table.getWork(group.entry, layer), partsOs);
  if (!parts.empty())
    os << parts << "\n";
  SmallVector<std::string> tails = table.getTails();
  for (StringRef tail : tails)
    os << tail << "\n";
  os << (tails.empty() ? "" : "\n");
  printStates(module, demands, os);
}

LogicalResult yoco::explainDemand(ModuleOp module, raw_ostream *text, raw_ostream *picture) {
  FailureOr<RowDemands> demands = RowDemands::compute(module);
  if (failed(demands))
    return failure();
  if (text)
    printDemand(module, *demands, *text);
  if (picture)
    drawDemand(module, *demands, *picture);
  return success();
}
