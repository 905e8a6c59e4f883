// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/planning/PrintMemoryPlan.h"
#include "passes/target/Target.h"
#include "dialect/YocoOps.h"
#include "passes/planning/Lifetimes.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::yoco;

/// 1234567 as 1,234,567.
static std::string group(int64_t number) {
  std::string digits = std::to_string(number);
  for (int64_t i = int64_t(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(i, ",");
  return digits;
}

namespace {

class PlanPrinter {
public:
  PlanPrinter(ModuleOp variant, llvm::raw_ostream &os) : variant(variant), os(os) {}

  LogicalResult run();

private:
  FailureOr<int64_t> evaluate(Operation *op, SizeAttr size);
  FailureOr<int64_t> evaluate(ArenaOp arena);
  LogicalResult printHead();
  LogicalResult printPersistent();
  LogicalResult printGrowing(StateDeclOp state);
  LogicalResult printRecords(ArenaOp arena);
  LogicalResult printScratch();
  LogicalResult printEntry(func::FuncOp entry, SizeAttr size);
  int64_t getRows(func::FuncOp entry, RowSetOp set) const;
  void printWeights();

  ModuleOp variant;
  llvm::raw_ostream &os;
  Bounds bounds;
  int64_t persistent = 0, scratch = 0, bytesPerToken = 0, elementsPerToken = 0;
};

} // namespace

FailureOr<int64_t> PlanPrinter::evaluate(Operation *op, SizeAttr size) {
  if (std::optional<int64_t> bytes = size.evaluate(bounds))
    return *bytes;
  return (LogicalResult)(op->emitOpError("expected at most 2^63 - 1 bytes, got ") << size);
}

/// The largest of the arena's sizes.
FailureOr<int64_t> PlanPrinter::evaluate(ArenaOp arena) {
  int64_t largest = 0;
  for (auto size : arena.getSizes().getAsRange<SizeAttr>()) {
    FailureOr<int64_t> bytes = evaluate(arena, size);
    if (failed(bytes))
      return failure();
    largest = std::max(largest, *bytes);
  }
  return largest;
}

LogicalResult PlanPrinter::printHead() {
  auto attribute = variant->getAttrOfType<BoundsAttr>(YocoDialect::getBoundsAttrName());
  if (!attribute)
    return mlir::emitError(variant.getLoc(), "expected a planned module with `")
           << YocoDialect::getBoundsAttrName() << "`, got none";
  bounds = attribute.getBounds();
  os << "memory plan";
  if (auto target = variant->getAttrOfType<TargetAttr>(YocoDialect::getTargetAttrName()))
    os << " for " << target.getDevice() << ":" << target.getChip() << " in " << target.getCompute();
  os << "\n  bounds: sequence " << group(bounds.seq) << ", batch " << group(bounds.batch) << ", prefill chunk "
     << group(bounds.chunk) << ", wanted rows " << group(bounds.wanted) << "\n";
  return success();
}

/// The places of the planes of a state: one for each, or an error.
static FailureOr<SmallVector<std::pair<StatePlane, Attribute>>> getPlaces(StateDeclOp state) {
  SmallVector<StatePlane> planes = state.getStateType().getPlanes();
  if (!state.getPlanes() || state.getPlanes()->size() != planes.size())
    return (LogicalResult)(state.emitOpError("expected the places of ") << planes.size() << " planes, got "
                           << (state.getPlanes() ? state.getPlanes()->size() : 0));
  SmallVector<std::pair<StatePlane, Attribute>> places;
  for (auto [plane, place] : llvm::zip_equal(planes, *state.getPlanes())) {
    if (plane.grows ? !isa<SizeAttr>(place) : !isa<InRecordAttr>(place))
      return (LogicalResult)(state.emitOpError("expected a place in ")
                             << (plane.grows ? "the arena" : "the record") << ", got " << place);
    places.emplace_back(plane, place);
  }
  return places;
}

/// One line of a state: where its bytes begin, how many there are, what it is, and what makes them as many.
static void printState(llvm::raw_ostream &os, const std::string &offset, int64_t bytes, StateDeclOp state,
                       const std::string &unit) {
  os << llvm::formatv("    {0,14}  {1,14}  {2}  {3}{4}\n", offset, group(bytes), state.getSymName(),
                      state.getStateType().getDescription(), unit);
}

/// The planes of a state that grow.
LogicalResult PlanPrinter::printGrowing(StateDeclOp state) {
  auto places = getPlaces(state);
  if (failed(places))
    return failure();
  int64_t bytes = 0, perToken = 0;
  std::optional<int64_t> first;
  for (const auto &[plane, place] : *places) {
    if (!plane.grows)
      continue;
    FailureOr<int64_t> offset = evaluate(state, cast<SizeAttr>(place));
    FailureOr<int64_t> size =
        evaluate(state, SizeAttr::get(state.getContext(), SizeTerm{plane.getBytes(), {1, 1, 0, 0}}));
    if (failed(offset) || failed(size))
      return failure();
    first = std::min(first.value_or(*offset), *offset);
    bytes += *size;
    perToken += plane.getBytes();
    elementsPerToken += plane.getElements();
  }
  bytesPerToken += perToken;
  if (first)
    printState(os, group(*first), bytes, state, ", " + group(perToken) + " per token");
  return success();
}

/// The records, and what lies where in each.
LogicalResult PlanPrinter::printRecords(ArenaOp arena) {
  if (!arena.getRecords() || !arena.getStride())
    return success();
  int64_t stride = *arena.getStride();
  FailureOr<int64_t> begin = evaluate(arena, *arena.getRecords());
  FailureOr<int64_t> bytes = evaluate(arena, SizeAttr::get(arena.getContext(), SizeTerm{stride, {0, 1, 0, 0}}));
  if (failed(begin) || failed(bytes))
    return failure();
  os << llvm::formatv("    {0,14}  {1,14}  records, {2} per slot, each with\n", group(*begin), group(*bytes),
                      group(stride));
  for (auto state : variant.getOps<StateDeclOp>()) {
    auto places = getPlaces(state);
    if (failed(places))
      return failure();
    for (const auto &[plane, place] : *places)
      if (!plane.grows)
        printState(os, "+" + group(cast<InRecordAttr>(place).getOffset()), plane.getBytes(), state, "");
  }
  return success();
}

LogicalResult PlanPrinter::printPersistent() {
  ArenaOp arena;
  for (auto candidate : variant.getOps<ArenaOp>()) {
    if (candidate.getKind() != ArenaKind::persistent)
      continue;
    arena = candidate;
    FailureOr<int64_t> bytes = evaluate(candidate);
    if (failed(bytes))
      return failure();
    persistent += *bytes;
  }
  os << "  persistent arena: " << group(persistent) << " bytes\n";
  SmallVector<std::pair<int64_t, StateDeclOp>> states;
  for (auto state : variant.getOps<StateDeclOp>()) {
    int64_t first = std::numeric_limits<int64_t>::max();
    if (ArrayAttr places = state.getPlanesAttr())
      for (Attribute place : places)
        if (auto offset = dyn_cast<SizeAttr>(place))
          first = std::min(first, offset.evaluate(bounds).value_or(first));
    states.emplace_back(first, state);
  }
  llvm::sort(states, [](const auto &a, const auto &b) { return a.first < b.first; });
  if (!states.empty())
    os << llvm::formatv("    {0,14}  {1,14}  state\n", "offset", "bytes");
  for (auto &[offset, state] : states)
    if (failed(printGrowing(state)))
      return failure();
  if (arena && failed(printRecords(arena)))
    return failure();
  // Papers and other engines count bf16, so that is said too.
  os << "    KV bytes per token: " << group(bytesPerToken);
  if (bytesPerToken != 2 * elementsPerToken)
    os << " (" << group(2 * elementsPerToken) << " in bf16)";
  os << "\n";
  return success();
}

static std::string describeInstant(int64_t instant, int64_t end) {
  return instant < 0 ? "start" : instant == end ? "end" : std::to_string(instant);
}

/// The name of the kernel or operation that `op` runs.
static StringRef getInstructionName(Operation *op) {
  if (auto launch = dyn_cast<LaunchOp>(op))
    return launch.getKernel().getLeafReference();
  return op->getName().stripDialect();
}

/// Which rows of each segment a set has, in words.
static std::string describeTail(func::FuncOp entry, int64_t halo) {
  if (entry->getAttrOfType<EntryAttr>(YocoDialect::getEntryAttrName()).getWanted().isNone())
    return "the last " + group(halo);
  return halo == 0 ? "those wanted" : "those wanted and the " + group(halo) + " before them";
}

/// Which steps a program is for; nothing where all of an entry point's are.
static std::string describeSteps(func::FuncOp entry) {
  auto shape = entry->getAttrOfType<EntryAttr>(YocoDialect::getEntryAttrName());
  std::string text = shape.getMost() == 0 ? "" : ", at most " + group(shape.getMost()) + " rows";
  if (shape.getMostWanted() != 0)
    text += ", at most " + group(shape.getMostWanted()) + (text.empty() ? " rows wanted" : " of them wanted");
  return text;
}

/// Most rows of a set in a program.
int64_t PlanPrinter::getRows(func::FuncOp entry, RowSetOp set) const {
  RowBound bound = set.getBound();
  int64_t rows = bound == RowBound::batch ? bounds.batch : bound == RowBound::chunk ? bounds.chunk : bounds.wanted;
  auto shape = entry->getAttrOfType<EntryAttr>(YocoDialect::getEntryAttrName());
  int64_t most = shape.getTailMost(set.getHalo());
  return most == 0 ? rows : std::min(rows, most);
}

LogicalResult PlanPrinter::printEntry(func::FuncOp entry, SizeAttr size) {
  Lifetimes lifetimes(entry);
  int64_t naive = 0, end = lifetimes.getNumInstructions();
  std::string lines;
  llvm::raw_string_ostream text(lines);
  for (auto view : entry.front().getOps<ViewOp>()) {
    FailureOr<int64_t> offset = evaluate(view, view.getOffset()), bytes = evaluate(view, view.getSize());
    FailureOr<Lifetime> lifetime = lifetimes.get(view.getResult(), view.getRole());
    if (failed(offset) || failed(bytes) || failed(lifetime))
      return failure();
    naive += *bytes;
    std::string live = describeInstant(lifetime->first, end) + " - " + describeInstant(lifetime->last, end);
    text << llvm::formatv("    {0,14}  {1,14}  {2,-14}  ", group(*offset), group(*bytes), live);
    if (view.getRowSet() != 0)
      text << "set " << view.getRowSet() << ": ";
    if (view.getRole())
      text << stringifyBufferRole(*view.getRole()) << " ";
    else if (lifetime->first >= 0 && lifetime->first < end)
      text << getInstructionName(lifetimes.getInstruction(lifetime->first)) << " ";
    text << view.getType() << "\n";
  }
  FailureOr<int64_t> peak = evaluate(entry, size);
  if (failed(peak))
    return failure();
  os << "  @" << entry.getSymName() << describeSteps(entry) << ": " << end << " instructions, peak " << group(*peak)
     << " bytes (naive " << group(naive) << ")\n";
  for (auto set : entry.front().getOps<RowSetOp>())
    os << "    row set " << set.getNumber() << ": " << describeTail(entry, set.getHalo())
       << " in each segment, at most " << group(getRows(entry, set))
       << (set.getEachRow() ? ", each a segment of its own" : "") << "\n";
  if (!lines.empty())
    os << llvm::formatv("    {0,14}  {1,14}  {2,-14}  first used by\n", "offset", "bytes", "live") << lines;
  return success();
}

LogicalResult PlanPrinter::printScratch() {
  ArenaOp arena;
  for (auto candidate : variant.getOps<ArenaOp>())
    if (candidate.getKind() == ArenaKind::scratch)
      arena = candidate;
  if (!arena)
    return mlir::emitError(variant.getLoc(), "expected a planned module with an arena of kind scratch, got none");
  FailureOr<int64_t> bytes = evaluate(arena);
  if (failed(bytes))
    return failure();
  scratch = *bytes;
  os << "  scratch arena: " << group(scratch) << " bytes, shared by the entry points\n";
  size_t index = 0;
  for (auto entry : variant.getOps<func::FuncOp>()) {
    if (!entry->hasAttr(YocoDialect::getEntryAttrName()))
      continue;
    if (index >= arena.getSizes().size())
      return arena.emitOpError("expected a size for each entry point, got ") << arena.getSizes().size();
    if (failed(printEntry(entry, cast<SizeAttr>(arena.getSizes()[index++]))))
      return failure();
  }
  return success();
}

/// Bytes of the parameters as they are stored: as kernels want them once they are packed, as the checkpoint has them
/// before.
void PlanPrinter::printWeights() {
  int64_t bytes = 0, onHost = 0, count = 0;
  auto add = [&](int64_t size, std::optional<Placement> placement) {
    bytes += size;
    onHost += placement == Placement::host ? size : 0;
    ++count;
  };
  for (auto packed : variant.getOps<PackedParameterOp>())
    add(packed.getStoredBytes(), packed.getPlacement());
  if (count == 0)
    for (auto parameter : variant.getOps<ParameterOp>()) {
      RankedTensorType type = parameter.getTensorType();
      add(type.getNumElements() * type.getElementTypeBitWidth() / 8, parameter.getPlacement());
    }
  os << "  weights: " << group(bytes) << " bytes in " << group(count) << " parameters";
  if (onHost != 0)
    os << ", " << group(onHost) << " of them placed on the host";
  os << "\n";
}

LogicalResult PlanPrinter::run() {
  if (failed(printHead()) || failed(printPersistent()) || failed(printScratch()))
    return failure();
  printWeights();
  os << "  a session holds: " << group(persistent + scratch) << " bytes (" << group(persistent) << " persistent + "
     << group(scratch) << " scratch)\n";
  return success();
}

LogicalResult yoco::printMemoryPlan(ModuleOp module, llvm::raw_ostream &os) {
  for (ModuleOp variant : getVariants(module))
    if (failed(PlanPrinter(variant, os).run()))
      return failure();
  return success();
}
