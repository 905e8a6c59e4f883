// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of a variant become entries with programs: functions that differ in the sizes of their steps alone are the
// programs of one entry.

#include "passes/emit/PlanBuilder.h"

using namespace mlir;
using namespace mlir::yoco;

static fb::OutputKind getKind(EntryOutput output) {
  switch (output) {
  case EntryOutput::logits:
    return fb::OutputKind::logits;
  case EntryOutput::sampled:
    return fb::OutputKind::sampled;
  case EntryOutput::logprobs:
    return fb::OutputKind::logprobs;
  }
  llvm_unreachable("all outputs are listed");
}

LogicalResult VariantBuilder::addOutput(ViewOp view, EntryOutput kind, uint32_t buffer, fb::EntryT &entry) {
  auto output = std::make_unique<fb::OutputT>();
  output->kind = getKind(kind);
  output->row_set = view.getRowSet();
  auto type = cast<MemRefType>(view.getType());
  if (kind == EntryOutput::logprobs) {
    int64_t columns = type.getRank() == 2 ? type.getDimSize(1) : 0;
    output->best = (columns - 3) / 2;
    if (!type.getElementType().isF32() || columns < 3 || columns != getLogprobsColumns(output->best))
      return view.emitOpError("expected log-probabilities of f32, as `yoco.row_logprobs` gives them, got ") << type;
  }
  if (entry.outputs.empty())
    entry.outputs.push_back(std::move(output));
  else if (entry.outputs.front()->row_set != output->row_set || entry.outputs.front()->best != output->best)
    return view.emitOpError("expected what all programs of the entry point give, got ") << type;
  entry.programs.back()->outputs.push_back(buffer);
  if (kind != EntryOutput::logits)
    return success();
  if (type.getRank() != 2 || !type.getElementType().isF32() || (vocabularySize && vocabularySize != type.getDimSize(1)))
    return view.emitOpError("expected logits of f32, equally many in all entry points, got ") << type;
  vocabularySize = type.getDimSize(1);
  return success();
}

static fb::RowBound getBound(RowBound bound) {
  return bound == RowBound::chunk   ? fb::RowBound::chunk
         : bound == RowBound::batch ? fb::RowBound::batch
                                    : fb::RowBound::wanted;
}

static bool isSame(const fb::RowSetT &a, const fb::RowSetT &b) {
  return a.halo == b.halo && a.bound == b.bound && a.states == b.states;
}

/// A set of rows beside that of all, and its table. All programs of an entry have the same sets.
LogicalResult VariantBuilder::addRowSet(RowSetOp op, fb::EntryT &entry) {
  fb::ProgramT &program = *entry.programs.back();
  size_t number = program.segments.size();
  if (op.getNumber() != number)
    return op.emitOpError("expected set ") << number << " next, got set " << op.getNumber();
  FailureOr<uint32_t> table = getBuffer(op, op.getTable());
  if (failed(table))
    return failure();
  auto set = std::make_unique<fb::RowSetT>();
  set->halo = op.getHalo();
  set->bound = getBound(op.getBound());
  for (Attribute name : op.getStatesAttr() ? op.getStatesAttr().getValue() : ArrayRef<Attribute>())
    set->states.push_back(states.lookup(symbols.lookup(cast<FlatSymbolRefAttr>(name).getValue())));
  if (entry.programs.size() == 1)
    entry.row_sets.push_back(std::move(set));
  else if (number > entry.row_sets.size() || !isSame(*entry.row_sets[number - 1], *set))
    return op.emitOpError("expected a set that all programs of the entry point have");
  auto segments = std::make_unique<fb::SegmentTableT>();
  segments->buffer = *table;
  segments->each_row = op.getEachRow();
  program.segments.push_back(std::move(segments));
  return success();
}

LogicalResult VariantBuilder::addRole(ViewOp view, fb::EntryT &entry) {
  FailureOr<uint32_t> buffer = getBuffer(view, view.getResult());
  if (failed(buffer))
    return failure();
  if (std::optional<EntryOutput> output = getOutput(*view.getRole()))
    return addOutput(view, *output, *buffer, entry);
  fb::ProgramT &program = *entry.programs.back();
  if (view.getRole() == BufferRole::targets)
    program.targets = static_cast<int32_t>(*buffer);
  else
    (view.getRole() == BufferRole::ids ? program.ids : program.segments.front()->buffer) = *buffer;
  return success();
}

/// The steps that the program `function` is for.
static EntryAttr getShape(func::FuncOp function) {
  return function->getAttrOfType<EntryAttr>(YocoDialect::getEntryAttrName());
}

/// An order by most rows, then by most rows that are wanted; 0 is the largest number.
static std::pair<uint64_t, uint64_t> getSteps(func::FuncOp function) {
  EntryAttr shape = getShape(function);
  return {uint64_t(shape.getMost()) - 1, uint64_t(shape.getMostWanted()) - 1};
}

LogicalResult VariantBuilder::addProgram(func::FuncOp function, EntryAttr shape, fb::EntryT &entry) {
  entry.programs.push_back(std::make_unique<fb::ProgramT>());
  fb::ProgramT &program = *entry.programs.back();
  program.most_rows = shape.getMost();
  program.most_wanted = shape.getMostWanted();
  program.segments.push_back(std::make_unique<fb::SegmentTableT>()); // of all rows
  bool failed = false;
  SmallVector<BufferRole> roles, expected = {BufferRole::ids, BufferRole::segments};
  if (!shape.getWanted().isNone())
    expected.push_back(getRole(shape.getOutput()));
  if (shape.getOutput() == EntryOutput::logprobs)
    expected.push_back(BufferRole::targets);
  for (Operation &op : function.front()) {
    if (auto set = dyn_cast<RowSetOp>(op)) // with the table, which has the role of segments
      failed |= mlir::failed(addRowSet(set, entry));
    auto view = dyn_cast<ViewOp>(op);
    if (view && view.getRole() && (view.getRole() != BufferRole::segments || view.getRowSet() == 0)) {
      roles.push_back(*view.getRole());
      failed |= mlir::failed(addRole(view, entry));
    }
    failed |= mlir::failed(addInstruction(&op, program));
  }
  llvm::sort(roles);
  llvm::sort(expected);
  if (!failed && roles != expected)
    return function.emitOpError("expected buffers of the roles that its `yoco.entry` asks for");
  if (!failed && program.segments.size() != entry.row_sets.size() + 1)
    return function.emitOpError("expected the ") << entry.row_sets.size() << " row sets that all programs of the entry "
                                                 << "point have, got " << program.segments.size() - 1;
  return success(!failed);
}

/// `function` takes the steps that none of `programs` is for.
LogicalResult VariantBuilder::addEntry(func::FuncOp function, EntryAttr shape, SmallVector<func::FuncOp> programs) {
  auto entry = std::make_unique<fb::EntryT>();
  entry->name = function.getSymName().str();
  entry->row_bound = getBound(shape.getBound());
  entry->row_shape = shape.getRows() == RowShape::ragged ? fb::RowShape::ragged : fb::RowShape::one_per_segment;
  entry->rows_wanted = shape.getWanted().isAll()    ? fb::RowsWanted::all
                       : shape.getWanted().isNone() ? fb::RowsWanted::none
                                                    : fb::RowsWanted::from;
  programs.push_back(function);
  llvm::sort(programs, [](func::FuncOp a, func::FuncOp b) { return getSteps(a) < getSteps(b); });
  bool failed = false;
  for (auto [index, program] : llvm::enumerate(programs)) {
    if (index != 0 && getSteps(programs[index - 1]) == getSteps(program))
      return program.emitOpError("expected programs for steps of different sizes, got two with ")
             << getShape(program);
    failed |= mlir::failed(addProgram(program, getShape(program), *entry));
  }
  variant->entries.push_back(std::move(entry));
  return success(!failed);
}

/// Functions that differ in the sizes of steps alone are programs of the first among them that takes steps of any size.
LogicalResult VariantBuilder::addEntries() {
  llvm::MapVector<EntryAttr, SmallVector<func::FuncOp>> programs;
  for (auto function : module.getOps<func::FuncOp>())
    if (EntryAttr shape = getShape(function); shape && !shape.isWhole())
      programs[shape.getProgram(0, 0)].push_back(function);
  bool failed = false;
  for (auto function : module.getOps<func::FuncOp>())
    if (EntryAttr shape = getShape(function); shape && shape.isWhole())
      failed |= mlir::failed(addEntry(function, shape, std::exchange(programs[shape], {})));
  for (auto &[shape, functions] : programs)
    for (func::FuncOp function : functions)
      failed |=
          mlir::failed(function.emitOpError("expected an entry point ") << shape << " for larger steps, got none");
  return success(!failed);
}
