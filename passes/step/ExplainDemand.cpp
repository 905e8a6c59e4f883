// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/step/ExplainDemand.h"
#include "passes/analysis/States.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/FormatVariadic.h"
#include <map>

using namespace mlir;
using namespace mlir::yoco;

namespace {

/// Row operations of one layer in one entry point.
struct Work {
  unsigned needed = 0, total = 0;
  RowDemand rows;
  llvm::SetVector<StringAttr> writes; // states that the layer writes and that must be written
  SmallVector<Operation *> skipped;
  std::map<int64_t, SmallVector<Operation *>> tails; // operations that need a tail of their rows, by its length
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
    // Rows that come out of a state are those of earlier steps; none is computed.
    RowDemand rows;
    if (!stateOp || stateOp.getReadStates().empty() || !written.empty())
      for (Value result : op.getResults())
        rows = rows.join(demands.get(result));
    work.rows = work.rows.join(rows);
    if (rows.isFrom())
      work.tails[rows.getBefore()].push_back(&op);
    for (Value state : written)
      work.writes.insert(getStateName(state));
  }
  return layers;
}

static std::string formatCount(int64_t count) { return llvm::formatv("{0:N}", count); }

/// Rows of a sequence, relative to those whose results are wanted; with an entry point, rows of its steps.
static std::string formatRows(RowDemand rows, EntryAttr entry = {}) {
  if (!rows.isFrom())
    return rows.isAll() ? "all" : "none";
  // Where nothing is wanted, the next step's first row is what is wanted next.
  if (entry && entry.getWanted().isNone())
    return "last " + formatCount(rows.getBefore());
  return rows.getBefore() == 0 ? "wanted" : "wanted and " + formatCount(rows.getBefore()) + " before";
}

static std::string formatWork(const Work &work, EntryAttr entry) {
  if (work.needed == 0)
    return "none";
  std::string text = formatRows(work.rows, entry);
  llvm::raw_string_ostream os(text);
  if (work.needed != work.total)
    os << " (" << work.needed << " of " << work.total << " ops)";
  return text;
}

/// Why the rest of a layer does not run.
static std::string formatReason(const Work &work) {
  if (work.needed == work.total)
    return work.rows.isFrom() ? "nothing looks further back" : "";
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

/// Reshapes are no work worth a word.
static void printOperations(ArrayRef<Operation *> ops, raw_ostream &os) {
  auto computes = [](Operation *op) { return !isa<tensor::TensorDialect>(op->getDialect()); };
  llvm::interleaveComma(llvm::make_filter_range(ops, computes), os, [&](Operation *op) { printOperation(op, os); });
  os << "\n";
}

/// One line for each layer of which an entry point runs a part: the operations that it does not run. One more where
/// some operations of a layer need all rows and others a tail.
static void printParts(StringAttr layer, func::FuncOp entry, const Work &work, raw_ostream &os) {
  if (work.needed != 0 && work.needed != work.total) {
    os << layer.getValue() << " in @" << entry.getSymName() << " skips: ";
    printOperations(work.skipped, os);
  }
  for (const auto &[before, ops] : work.tails) {
    if (!work.rows.isAll())
      continue;
    os << layer.getValue() << " in @" << entry.getSymName() << ", "
       << formatRows(RowDemand::from(before), getEntry(entry)) << " rows alone: ";
    printOperations(ops, os);
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

/// For each entry point, in words, the layer that computes the longest tail of a sequence.
static void printTails(MutableArrayRef<func::FuncOp> entries, ArrayRef<Layers> work, raw_ostream &os) {
  bool printed = false;
  for (auto [entry, layers] : llvm::zip_equal(entries, work)) {
    auto tailOf = [](const auto &layer) { return layer.second.rows.isFrom() ? layer.second.rows.getBefore() : 0; };
    const auto *longest =
        llvm::max_element(layers, [&](const auto &layer, const auto &other) { return tailOf(layer) < tailOf(other); });
    if (longest == layers.end() || tailOf(*longest) == 0)
      continue;
    bool isWanted = !getEntry(entry).getWanted().isNone();
    os << longest->first.getValue() << " in @" << entry.getSymName() << ": computed for the last "
       << formatCount(tailOf(*longest) + isWanted) << " tokens"
       << (isWanted ? " when the last one alone is wanted\n" : ", the rest is not needed for any later token\n");
    printed = true;
  }
  if (printed)
    os << "\n";
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
    for (auto [entry, entryWork] : llvm::zip_equal(entries, work)) {
      row.push_back(formatWork(entryWork[layer], getEntry(entry)));
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
  std::string parts;
  llvm::raw_string_ostream partsOs(parts);
  for (StringAttr layer : layers)
    for (auto [entry, entryWork] : llvm::zip_equal(entries, work))
      printParts(layer, entry, entryWork[layer], partsOs);
  if (!parts.empty())
    os << parts << "\n";
  printTails(entries, work, os);
  printStates(module, demands, os);
}

LogicalResult yoco::explainDemand(ModuleOp module, raw_ostream &os) {
  FailureOr<RowDemands> demands = RowDemands::compute(module);
  if (failed(demands))
    return failure();
  printDemand(module, *demands, os);
  return success();
}
