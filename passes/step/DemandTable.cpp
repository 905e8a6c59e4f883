// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/step/DemandTable.h"
#include "passes/analysis/States.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace mlir::yoco;

//===- Work of layers ----------------------------------------------------------------------------------------===//

static StringAttr getLayer(Operation *op) {
  auto layer = op->getAttrOfType<StringAttr>(YocoDialect::getLayerAttrName());
  return layer ? layer : StringAttr::get(op->getContext(), "(no layer)");
}

/// Counts operations that give rows or write states; sizes and constants are not work.
static DemandTable::Layers collectWork(func::FuncOp entry, const RowDemands &demands) {
  DemandTable::Layers layers;
  for (Operation &op : entry.getBody().front().without_terminator()) {
    auto stateOp = dyn_cast<StateOpInterface>(op);
    SmallVector<Value> written = stateOp ? stateOp.getWrittenStates() : SmallVector<Value>();
    if (written.empty() && llvm::none_of(op.getResultTypes(), isRowTensor))
      continue;
    if (isa<tensor::SplatOp>(op))
      continue;
    LayerWork &work = layers[getLayer(&op)];
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

DemandTable::DemandTable(ModuleOp module, const RowDemands &demands) : entries(getEntryPoints(module)) {
  for (func::FuncOp entry : entries)
    for (auto &layer : work.emplace_back(collectWork(entry, demands)))
      layers.insert(layer.first);
}

SmallVector<DemandTable::Group> DemandTable::getGroups() const {
  SmallVector<Group> groups;
  for (auto [index, entry] : llvm::enumerate(entries)) {
    RowDemand wanted = getEntry(entry).getWanted();
    std::string name = "@" + func::FuncOp(entry).getSymName().str();
    auto *group = llvm::find_if(
        groups, [&](const Group &other) { return getEntry(entries[other.entry]).getWanted() == wanted; });
    if (group == groups.end())
      groups.push_back({index, name});
    else
      group->names += ", " + name;
  }
  return groups;
}

//===- Words -------------------------------------------------------------------------------------------------===//

std::string yoco::formatCount(int64_t count) { return llvm::formatv("{0:N}", count); }

/// Rows of a sequence, relative to those whose results are wanted; with an entry point, rows of its steps.
std::string yoco::formatRows(RowDemand rows, EntryAttr entry) {
  if (!rows.isFrom())
    return rows.isAll() ? "all" : "none";
  // Where nothing is wanted, the next step's first row is what is wanted next.
  if (entry && entry.getWanted().isNone())
    return "last " + formatCount(rows.getBefore());
  return rows.getBefore() == 0 ? "wanted" : "wanted and " + formatCount(rows.getBefore()) + " before";
}

std::string yoco::formatWork(const LayerWork &work, EntryAttr entry) {
  if (work.needed == 0)
    return "none";
  std::string text = formatRows(work.rows, entry);
  llvm::raw_string_ostream os(text);
  if (work.needed != work.total)
    os << " (" << work.needed << " of " << work.total << " ops)";
  return text;
}

/// Why the rest of a layer does not run.
static std::string formatReason(const LayerWork &work) {
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

std::string DemandTable::getReason(StringAttr layer) const {
  for (const Layers &each : work)
    if (std::string reason = formatReason(each.lookup(layer)); !reason.empty())
      return reason;
  return "";
}

SmallVector<std::string> DemandTable::getTails() const {
  SmallVector<std::string> tails;
  for (const Group &group : getGroups()) {
    auto tailOf = [](const auto &layer) { return layer.second.rows.isFrom() ? layer.second.rows.getBefore() : 0; };
    const Layers &layers = work[group.entry];
    const auto *longest =
        llvm::max_element(layers, [&](const auto &layer, const auto &other) { return tailOf(layer) < tailOf(other); });
    if (longest == layers.end() || tailOf(*longest) == 0)
      continue;
    bool isWanted = !getEntry(entries[group.entry]).getWanted().isNone();
    std::string count = formatCount(tailOf(*longest) + isWanted);
    tails.push_back((longest->first.getValue() + " in " + group.names + ": computed for the last " + count + " tokens" +
                     (isWanted ? " when the last one alone is wanted" : ", the rest is not needed for any later token"))
                        .str());
  }
  return tails;
}

/// The name of an operation without its dialect, and the parameters that it reads: "linear @layers.3.q".
static void printOperation(Operation *op, raw_ostream &os) {
  os << op->getName().stripDialect();
  for (NamedAttribute attribute : op->getAttrs())
    if (auto symbol = dyn_cast<FlatSymbolRefAttr>(attribute.getValue()))
      os << " @" << symbol.getValue();
}

/// Reshapes are no work worth a word.
void yoco::printOperations(ArrayRef<Operation *> ops, raw_ostream &os) {
  auto computes = [](Operation *op) { return !isa<tensor::TensorDialect>(op->getDialect()); };
  llvm::interleaveComma(llvm::make_filter_range(ops, computes), os, [&](Operation *op) { printOperation(op, os); });
}
