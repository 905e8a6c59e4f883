// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Entry points become instruction lists. What is not an instruction (views, references, reshapes) says where an
// instruction's arguments are: every argument is followed back to the view, the state or the parameter that it comes
// from. The word that a kernel gets for a buffer is the address of that view; a column slice keeps its offset in the
// type of the kernel's argument, where the kernel adds it.

#include "passes/emit/PlanBuilder.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "passes/target/TargetRegistry.h"

using namespace mlir;
using namespace mlir::yoco;

//===- Pieces ------------------------------------------------------------------------------------------------===//

static std::unique_ptr<fb::SizeT> makeSize(SizeAttr size) {
  auto result = std::make_unique<fb::SizeT>();
  for (const SizeTerm &term : size.getTerms()) {
    auto product = std::make_unique<fb::TermT>();
    product->coefficient = term.coefficient;
    product->seq = term.powers[0];
    product->batch = term.powers[1];
    product->chunk = term.powers[2];
    product->wanted = term.powers[3];
    result->terms.push_back(std::move(product));
  }
  return result;
}

uint32_t VariantBuilder::getBuffer(uint32_t arena, SizeAttr offset, SizeAttr size) {
  auto [it, inserted] =
      buffers.try_emplace({arena, offset.getAsOpaquePointer(), size.getAsOpaquePointer()}, variant->buffers.size());
  if (inserted) {
    auto buffer = std::make_unique<fb::BufferT>();
    buffer->arena = arena;
    buffer->offset = makeSize(offset);
    buffer->size = makeSize(size);
    variant->buffers.push_back(std::move(buffer));
  }
  return it->second;
}

/// The buffer that `value` is, or looks at.
FailureOr<uint32_t> VariantBuilder::getBuffer(Operation *op, Value value) {
  Operation *definition = value.getDefiningOp();
  while (auto view = dyn_cast_or_null<ViewLikeOpInterface>(definition))
    definition = view.getViewSource().getDefiningOp();
  if (auto view = dyn_cast_or_null<ViewOp>(definition))
    return getBuffer(arenas.lookup(symbols.lookup(view.getArena())), view.getOffset(), view.getSize());
  return (LogicalResult)(op->emitOpError("expected a buffer with a place, got a value of type ") << value.getType());
}

FailureOr<uint32_t> VariantBuilder::getParameter(ParameterRefOp reference) {
  auto packed = symbols.lookup<PackedParameterOp>(reference.getParameter());
  auto [it, inserted] = parameters.try_emplace(packed, variant->parameters.size());
  if (inserted) {
    std::unique_ptr<fb::ParameterT> parameter = weights.add(packed, symbols);
    if (!parameter)
      return failure();
    variant->parameters.push_back(std::move(parameter));
  }
  return it->second;
}

/// The argument words of the kernel of `launch`, from its own type. Functions of the host have the range of tiles
/// beside them; kernels of GPUs know theirs.
LogicalResult VariantBuilder::addWords(LaunchOp launch, fb::KernelT &kernel) {
  auto function = dyn_cast_or_null<FunctionOpInterface>(SymbolTable::lookupSymbolIn(module, launch.getKernelAttr()));
  if (!function)
    return launch.emitOpError("expected ") << launch.getKernelAttr() << " to name a kernel function";
  constexpr unsigned kRange = 3, kRangeEnd = 5; // begin and end of the tiles
  for (auto [index, type] : llvm::enumerate(function.getArgumentTypes())) {
    if (isa<func::FuncOp>(function) && index >= kRange && index < kRangeEnd)
      continue;
    kernel.words.push_back(type.isIntOrIndex() ? fb::WordKind::number : fb::WordKind::address);
  }
  return success();
}

FailureOr<uint32_t> VariantBuilder::getKernel(LaunchOp launch) {
  auto [it, inserted] = kernels.try_emplace(launch.getKernelAttr(), variant->kernels.size());
  if (inserted) {
    auto kernel = std::make_unique<fb::KernelT>();
    kernel->name = launch.getKernel().getLeafReference().str();
    if (failed(addWords(launch, *kernel)))
      return failure();
    variant->kernels.push_back(std::move(kernel));
  }
  return it->second;
}

//===- Target, arenas, states --------------------------------------------------------------------------------===//

LogicalResult VariantBuilder::addTarget() {
  auto target = module->getAttrOfType<TargetAttr>(YocoDialect::getTargetAttrName());
  if (!target)
    return mlir::emitError(module.getLoc(), "expected a variant with `")
           << YocoDialect::getTargetAttrName() << "`, got none";
  device = TargetRegistry::getDevice(module.getContext(), target.getDevice(), module.getLoc());
  if (!device)
    return failure();
  variant->device = device->getTraits().runtimeName.str();
  variant->target = (target.getDevice() + ":" + target.getChip()).str();
  variant->compute_type = getElementKind(target.getCompute());
  return success();
}

std::unique_ptr<fb::SegmentT> VariantBuilder::addBytes(std::vector<char> code) {
  std::string key = "code " + std::string(code.begin(), code.end());
  auto bytes = std::make_shared<std::vector<char>>(std::move(code));
  return segments.add(key, bytes->size(), [bytes](ModelFileWriter &writer) {
    writer.write(*bytes);
    return llvm::Error::success();
  });
}

static std::unique_ptr<fb::KernelLaunchT> makeKernelLaunch(const TargetCode::Block &block) {
  auto launch = std::make_unique<fb::KernelLaunchT>();
  launch->threads = block.threads;
  launch->shared_bytes = block.sharedBytes;
  launch->cluster = block.cluster;
  launch->cooperative = block.cooperative;
  return launch;
}

LogicalResult VariantBuilder::addCode() {
  auto target = module->getAttrOfType<TargetAttr>(YocoDialect::getTargetAttrName());
  Operation *kernelModule = nullptr;
  for (Operation &nested : *module.getBody())
    if (nested.hasAttr(kKernelsAttrName))
      kernelModule = &nested;
  if (!kernelModule)
    return mlir::emitError(module.getLoc(), "expected a module of kernels, got none");
  std::optional<TargetCode> code = device->compile(kernelModule, target);
  if (!code)
    return failure();
  variant->cpu_features = code->cpuFeatures;
  if (!code->bytes.empty())
    variant->code = addBytes(std::move(code->bytes));
  for (TargetCode::Image &image : code->images) {
    auto result = std::make_unique<fb::ImageT>();
    result->format = image.format == TargetCode::Image::Format::cubin ? fb::ImageFormat::cubin : fb::ImageFormat::ptx;
    result->architecture = image.architecture;
    result->code = addBytes(std::move(image.bytes));
    result->starts_early = image.startsEarly;
    for (auto &kernel : variant->kernels)
      result->launches.push_back(makeKernelLaunch(image.blocks.lookup(kernel->name)));
    variant->images.push_back(std::move(result));
  }
  return success();
}

/// The persistent arena first, then the scratch arena.
LogicalResult VariantBuilder::addArenas() {
  for (ArenaKind kind : {ArenaKind::persistent, ArenaKind::scratch}) {
    ArenaOp found;
    for (auto arena : module.getOps<ArenaOp>()) {
      if (arena.getKind() != kind)
        continue;
      if (found)
        return arena.emitOpError("expected one arena of kind ") << stringifyArenaKind(kind) << ", got a second one";
      found = arena;
    }
    auto result = std::make_unique<fb::ArenaT>();
    result->name = stringifyArenaKind(kind).str();
    if (!found)
      return mlir::emitError(module.getLoc(), "expected an arena of kind ") << stringifyArenaKind(kind) << ", got none";
    for (auto size : found.getSizes().getAsRange<SizeAttr>())
      result->sizes.push_back(makeSize(size));
    if (found.getRecords() && found.getStride()) {
      SizeTerm all = {static_cast<int64_t>(*found.getStride()), {0, 1, 0, 0}};
      SizeAttr size = SizeAttr::get(found.getContext(), all);
      variant->records = static_cast<int32_t>(getBuffer(variant->arenas.size(), *found.getRecords(), size));
      variant->record_stride = *found.getStride();
    }
    arenas[found] = variant->arenas.size();
    variant->arenas.push_back(std::move(result));
  }
  return success();
}

LogicalResult VariantBuilder::addState(StateDeclOp state) {
  auto result = std::make_unique<fb::StateT>();
  result->name = state.getSymName().str();
  StateTypeInterface type = state.getStateType();
  result->kind = type.getDescription();
  SmallVector<StatePlane> shapes = type.getPlanes();
  std::optional<ArrayAttr> places = state.getPlanes();
  if (!places || places->size() != shapes.size())
    return state.emitOpError("expected the places of ") << shapes.size() << " planes";
  for (auto [place, shape] : llvm::zip_equal(*places, shapes)) {
    auto plane = std::make_unique<fb::PlaneT>();
    auto inRecord = dyn_cast<InRecordAttr>(place);
    if (shape.grows == static_cast<bool>(inRecord) || (inRecord && variant->records < 0))
      return state.emitOpError("expected places in the arena for what grows and in a record for the rest, got ")
             << place;
    if (inRecord) {
      plane->buffer = -1;
      plane->record_offset = inRecord.getOffset();
      plane->record_bytes = shape.getBytes();
      planes[state].emplace_back(variant->records, plane->record_offset);
    } else {
      SizeAttr size = SizeAttr::get(state.getContext(), SizeTerm{shape.getBytes(), {1, 1, 0, 0}});
      plane->buffer = static_cast<int32_t>(getBuffer(/*arena=*/0, cast<SizeAttr>(place), size));
      plane->bytes_per_position = shape.getBytes();
      planes[state].emplace_back(plane->buffer, 0);
    }
    result->planes.push_back(std::move(plane));
  }
  states[state] = variant->states.size();
  variant->states.push_back(std::move(result));
  return success();
}

LogicalResult VariantBuilder::addStates() {
  bool failed = false;
  for (auto state : module.getOps<StateDeclOp>())
    failed |= mlir::failed(addState(state));
  return success(!failed);
}

//===- Instructions ------------------------------------------------------------------------------------------===//

static std::unique_ptr<fb::ArgumentT> makeArgument(fb::ArgumentKind kind, uint32_t index = 0) {
  auto argument = std::make_unique<fb::ArgumentT>();
  argument->kind = kind;
  argument->index = index;
  return argument;
}

/// Rows, segments, longest sequence, and then what the launch says; a state is a word for each plane.
LogicalResult VariantBuilder::addArguments(LaunchOp launch, fb::LaunchT &instruction) {
  auto add = [&](fb::ArgumentKind kind, uint32_t index = 0) {
    instruction.arguments.push_back(makeArgument(kind, index));
  };
  add(fb::ArgumentKind::rows);
  add(fb::ArgumentKind::segments);
  add(fb::ArgumentKind::max_sequence_length);
  for (Value operand : launch.getOperands()) {
    if (auto reference = operand.getDefiningOp<StateRefOp>()) {
      for (auto [buffer, offset] : planes.lookup(symbols.lookup(reference.getState()))) {
        add(fb::ArgumentKind::buffer, buffer);
        instruction.arguments.back()->offset = offset;
      }
      continue;
    }
    auto parameter = operand.getDefiningOp<ParameterRefOp>();
    FailureOr<uint32_t> index = parameter ? getParameter(parameter) : getBuffer(launch, operand);
    if (failed(index))
      return failure();
    add(parameter ? fb::ArgumentKind::parameter : fb::ArgumentKind::buffer, *index);
    if (parameter && parameter.getEndRow() != 0)
      instruction.arguments.back()->offset =
          symbols.lookup<PackedParameterOp>(parameter.getParameter()).getRowOffset(parameter.getFirstRow());
  }
  return success();
}

static fb::TileUnit getUnit(TileUnit unit) {
  return unit == TileUnit::constant ? fb::TileUnit::constant
         : unit == TileUnit::rows   ? fb::TileUnit::rows
                                    : fb::TileUnit::segments;
}

static fb::CostKind getKind(CostKind kind) {
  switch (kind) {
  case CostKind::weight_bytes:
    return fb::CostKind::weight_bytes;
  case CostKind::state_read_bytes:
    return fb::CostKind::state_read_bytes;
  case CostKind::state_write_bytes:
    return fb::CostKind::state_write_bytes;
  case CostKind::linear_operations:
    return fb::CostKind::linear_operations;
  case CostKind::mixer_operations:
    return fb::CostKind::mixer_operations;
  }
  llvm_unreachable("all kinds are listed");
}

static fb::CostUnit getUnit(CostUnit unit) {
  switch (unit) {
  case CostUnit::step:
    return fb::CostUnit::step;
  case CostUnit::row:
    return fb::CostUnit::row;
  case CostUnit::segment:
    return fb::CostUnit::segment;
  case CostUnit::continued_segment:
    return fb::CostUnit::continued_segment;
  case CostUnit::position_kept:
    return fb::CostUnit::position_kept;
  case CostUnit::position_before:
    return fb::CostUnit::position_before;
  case CostUnit::position_reached:
    return fb::CostUnit::position_reached;
  case CostUnit::pair:
    return fb::CostUnit::pair;
  }
  llvm_unreachable("all units are listed");
}

/// Rows of a matrix product, as the type of the buffer says where they are.
std::unique_ptr<fb::GemmRowsT> VariantBuilder::makeRows(GemmOp gemm, Value value) {
  FailureOr<uint32_t> buffer = getBuffer(gemm, value);
  if (failed(buffer))
    return nullptr;
  auto type = cast<MemRefType>(value.getType());
  auto [strides, offset] = type.getStridesAndOffset();
  auto rows = std::make_unique<fb::GemmRowsT>();
  rows->buffer = *buffer;
  rows->element = getElementKind(type.getElementType());
  rows->offset = offset * type.getElementTypeBitWidth() / 8;
  rows->stride = strides.front();
  return rows;
}

LogicalResult VariantBuilder::addGemm(GemmOp gemm, fb::GemmT &instruction) {
  instruction.input = makeRows(gemm, gemm.getInput());
  instruction.output = makeRows(gemm, gemm.getOut());
  if (gemm.getResidual())
    instruction.residual = makeRows(gemm, gemm.getResidual());
  if (!instruction.input || !instruction.output || (gemm.getResidual() && !instruction.residual))
    return failure();
  auto reference = gemm.getWeight().getDefiningOp<ParameterRefOp>();
  if (!reference)
    return gemm.emitOpError("expected a parameter as its weight, got a value of type ") << gemm.getWeight().getType();
  FailureOr<uint32_t> weight = getParameter(reference);
  if (failed(weight))
    return failure();
  instruction.weight = *weight;
  instruction.first_row = reference.getFirstRow();
  instruction.end_row = reference.getEndRow();
  instruction.workspace = -1;
  if (!gemm.getWorkspace())
    return success();
  FailureOr<uint32_t> workspace = getBuffer(gemm, gemm.getWorkspace());
  if (failed(workspace))
    return failure();
  instruction.workspace = static_cast<int32_t>(*workspace);
  return success();
}

/// The parameter is one that the instruction names, so it has an index by now.
std::unique_ptr<fb::CostT> VariantBuilder::makeCost(CostAttr cost) {
  auto result = std::make_unique<fb::CostT>();
  result->kind = getKind(cost.getKind());
  result->unit = getUnit(cost.getUnit());
  result->amount = cost.getAmount();
  result->window = cost.getWindow();
  result->parameter = -1;
  if (cost.getParameter())
    if (auto it = parameters.find(symbols.lookup(cost.getParameter().getValue())); it != parameters.end())
      result->parameter = static_cast<int32_t>(it->second);
  return result;
}

LogicalResult VariantBuilder::addInstruction(Operation *op, fb::ProgramT &program) {
  auto instruction = std::make_unique<fb::InstructionT>();
  if (auto launch = dyn_cast<LaunchOp>(op)) {
    fb::LaunchT result;
    FailureOr<uint32_t> kernel = getKernel(launch);
    if (failed(kernel) || failed(addArguments(launch, result)))
      return failure();
    result.kernel = *kernel;
    result.unit = getUnit(launch.getTiles().getUnit());
    result.divisor = launch.getTiles().getDivisor();
    result.multiplier = launch.getTiles().getMultiplier();
    instruction->operation.Set(std::move(result));
  } else if (auto gemm = dyn_cast<GemmOp>(op)) {
    fb::GemmT result;
    if (failed(addGemm(gemm, result)))
      return failure();
    instruction->operation.Set(std::move(result));
  } else if (auto copy = dyn_cast<CopyOp>(op)) {
    FailureOr<uint32_t> source = getBuffer(op, copy.getSource()), destination = getBuffer(op, copy.getDestination());
    if (failed(source) || failed(destination))
      return failure();
    fb::CopyT result;
    result.source = *source;
    result.destination = *destination;
    instruction->operation.Set(std::move(result));
  } else if (isa<ViewOp, RowSetOp, StateRefOp, ParameterRefOp, ViewLikeOpInterface, func::ReturnOp>(op) ||
             isMemoryEffectFree(op)) {
    return success();
  } else {
    return op->emitOpError("expected an instruction of phase `program`");
  }
  if (auto costs = op->getAttrOfType<ArrayAttr>("costs"))
    for (auto cost : costs.getAsRange<CostAttr>())
      instruction->costs.push_back(makeCost(cost));
  if (auto layer = op->getAttrOfType<StringAttr>(YocoDialect::getLayerAttrName()))
    instruction->layer = layer.str();
  if (auto set = op->getAttrOfType<IntegerAttr>("row_set"))
    instruction->row_set = set.getInt();
  program.instructions.push_back(std::move(instruction));
  return success();
}

//===- All together ------------------------------------------------------------------------------------------===//

std::unique_ptr<fb::VariantT> VariantBuilder::build() {
  variant = std::make_unique<fb::VariantT>();
  if (failed(addTarget()) || failed(addArenas()) || failed(addStates()) || failed(addEntries()) || failed(addCode()))
    return nullptr;
  return std::move(variant);
}
