// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/step/ExplainDemand.h"
#include "passes/analysis/States.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace mlir::yoco;

namespace {

/// Row operations of one layer in one entry point.
struct Work {
  unsigned needed = 0, total = 0;
  RowDemand rows;
  llvm::SetVector<StringAttr> writes; // states that the layer writes and that must be written
  SmallVector<Operation *> skipped;
};

using Layers = llvm::MapVector<StringAttr, Work>;

} // namespace

static StringAttr getLayer(Operation *op) {
  auto layer = op->getAttrOfType<StringAttr>(YocoDialect::getLayerAttrName());
  return layer ? layer : StringAttr::get(op->getContext(), "(no layer)");
}

/// Counts operations that give rows or write states; sizes and constants are not work.
static Layers collectWork(func::FuncOp entry, const RowDemands &demands) {
  Layers layers;
  for (Operation &op : entry.getBody().front().without_terminator()) {
    auto stateOp = dyn_cast<StateOpInterface>(op);
    SmallVector<Value> written = stateOp ? stateOp.getWrittenStates() : SmallVector<Value>();
    if (written.empty() && llvm::none_of(op.getResultTypes(), isRowTensor))
      continue;
    if (isa<tensor::SplatOp>(op))
      continue;
    Work &work = layers[getLayer(&op)];
    ++work.total;
    if (!demands.isNeeded(&op)) {
      work.skipped.push_back(&op);
      continue;
    }
    ++work.needed;
    for (Value result : op.getResults())
      work.rows = work.rows.join(demands.get(result));
    for (Value state : written)
      work.writes.insert(getStateName(state));
  }
  return layers;
}

static std::string formatWork(const Work &work) {
  if (work.needed == 0)
    return "none";
  std::string text;
  llvm::raw_string_ostream os(text);
  work.rows.print(os);
  if (work.needed != work.total)
    os << " (" << work.needed << " of " << work.total << " ops)";
  return text;
}

/// Why the rest of a layer does not run.
static std::string formatReason(const Work &work) {
  if (work.needed == work.total)
    return "";
  if (work.needed == 0)
    return "this entry point returns no logits, and no later step reads a state of this layer";
  if (work.writes.empty())
    return "later layers need no more of it";
  std::string text = "it runs only to store ";
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(work.writes, os, [&](StringAttr name) { os << "@" << name.getValue(); });
  return text;
}

/// The name of an operation without its dialect, and the parameters that it reads: "linear @layers.3.q".
static void printOperation(Operation *op, raw_ostream &os) {
  os << op->getName().stripDialect();
  for (NamedAttribute attribute : op->getAttrs())
    if (auto symbol = dyn_cast<FlatSymbolRefAttr>(attribute.getValue()))
      os << " @" << symbol.getValue();
}

/// One line for each layer of which an entry point runs a part: the operations that it does not run. Reshapes are no
/// work worth a word.
static void printSkipped(StringAttr layer, func::FuncOp entry, const Work &work, raw_ostream &os) {
  if (work.needed == 0 || work.needed == work.total)
    return;
  auto computes = [](Operation *op) { return !isa<tensor::TensorDialect>(op->getDialect()); };
  os << layer.getValue() << " in @" << entry.getSymName() << " skips: ";
  llvm::interleaveComma(llvm::make_filter_range(work.skipped, computes), os,
                        [&](Operation *op) { printOperation(op, os); });
  os << "\n";
}

static void printRow(raw_ostream &os, ArrayRef<std::string> cells, ArrayRef<size_t> widths) {
  std::string line;
  for (auto [cell, width] : llvm::zip_equal(cells, widths))
    line += cell + std::string(width - cell.size() + 2, ' ');
  os << StringRef(line).rtrim() << "\n";
}

static std::string formatRows(RowDemand rows) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (rows.isNone() || rows.isAll())
    os << (rows.isAll() ? "all rows" : "no rows");
  else
    os << "the last " << rows.getLast() << " rows";
  return text;
}

/// One line for each state: what it holds, and whether later steps read it.
static void printStates(ModuleOp module, const RowDemands &demands, raw_ostream &os) {
  for (auto state : module.getOps<StateDeclOp>()) {
    StateTypeInterface type = state.getStateType();
    os << "@" << state.getSymName() << ": " << type.getDescription() << ", " << formatRows(type.getOwedRows())
       << " must be stored";
    os << (demands.isStateRead(state.getSymNameAttr()) ? "\n" : " (but nothing reads it: never written)\n");
  }
}

void yoco::printDemand(ModuleOp module, const RowDemands &demands, raw_ostream &os) {
  SmallVector<func::FuncOp> entries = getEntryPoints(module);
  SmallVector<Layers> work;
  llvm::SetVector<StringAttr> layers;
  std::vector<std::vector<std::string>> table = {{"layer"}};
  for (func::FuncOp entry : entries) {
    table[0].push_back("@" + entry.getSymName().str());
    for (auto &layer : work.emplace_back(collectWork(entry, demands)))
      layers.insert(layer.first);
  }
  table[0].push_back("why the rest is skipped");
  for (StringAttr layer : layers) {
    std::vector<std::string> &row = table.emplace_back(1, layer.str());
    std::string reason;
    for (Layers &entryWork : work) {
      row.push_back(formatWork(entryWork[layer]));
      if (reason.empty())
        reason = formatReason(entryWork[layer]);
    }
    row.push_back(reason);
  }
  std::vector<size_t> widths(table[0].size());
  for (const auto &row : table)
    for (auto [width, cell] : llvm::zip_equal(widths, row))
      width = std::max(width, cell.size());
  os << "rows computed per layer and entry point\n\n";
  for (const auto &row : table)
    printRow(os, row, widths);
  os << "\n";
  std::string skipped;
  llvm::raw_string_ostream skippedOs(skipped);
  for (StringAttr layer : layers)
    for (auto [entry, entryWork] : llvm::zip_equal(entries, work))
      printSkipped(layer, entry, entryWork[layer], skippedOs);
  if (!skipped.empty())
    os << skipped << "\n";
  printStates(module, demands, os);
}

LogicalResult yoco::explainDemand(ModuleOp module, raw_ostream &os) {
  FailureOr<RowDemands> demands = RowDemands::compute(module);
  if (failed(demands))
    return failure();
  printDemand(module, *demands, os);
  return success();
}
