// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The checkpoint is mapped, and read once from front to back of each tensor; memory holds one panel. Pages that have
// been read are given back, so that compiling a model that is larger than memory is no trouble.

#include "passes/emit/WeightPacker.h"
#include "frontend/Import.h"
#include "llvm/Support/Process.h"
#include <sys/mman.h>

using namespace mlir;
using namespace mlir::yoco;

//===- Shapes ------------------------------------------------------------------------------------------------===//

PackedShape PackedShape::get(PackedParameterOp packed) {
  auto type = cast<RankedTensorType>(packed.getType());
  PackedShape shape;
  shape.rows = type.getRank() == 2 ? type.getDimSize(0) : 1;
  shape.columns = type.getShape().back();
  shape.panel = packed.getLayout() == WeightLayout::panels ? packed.getPanel() : 0;
  shape.stride = packed.getStride().value_or(shape.columns);
  shape.element = type.getElementType();
  shape.elementBytes = type.getElementTypeBitWidth() / 8;
  return shape;
}

std::optional<uint64_t> PackedShape::getBytes() const {
  uint64_t padded = panel ? llvm::alignTo(uint64_t(rows), panel) : rows;
  uint64_t bytes = 0;
  int64_t width = panel ? columns : stride;
  if (llvm::MulOverflow<int64_t>(padded, width, reinterpret_cast<int64_t &>(bytes)) || bytes >= uint64_t(1) << 58)
    return std::nullopt;
  return bytes * elementBytes;
}

//===- Panels ------------------------------------------------------------------------------------------------===//

/// `rows` (as many as a panel has, null where there is none) side by side: element (r, c) goes to `c * rows.size() +
/// r`.
template <typename Word>
static void interleave(ArrayRef<const char *> rows, int64_t columns, Word *panel) {
  constexpr int64_t kBlock = 64; // columns at a time: what is written stays in the cache
  int64_t width = rows.size();
  for (int64_t begin = 0; begin < columns; begin += kBlock) {
    int64_t end = std::min(begin + kBlock, columns);
    for (int64_t r = 0; r < width; ++r)
      for (int64_t c = begin; c < end; ++c) {
        Word word = 0;
        if (rows[r])
          memcpy(&word, rows[r] + c * sizeof(Word), sizeof(Word)); // tensors of a checkpoint need not be aligned
        panel[c * width + r] = word;
      }
  }
}

void mlir::yoco::writePanels(ModelFileWriter &writer, ArrayRef<ArrayRef<char>> parts, const PackedShape &shape) {
  const int64_t rowBytes = shape.columns * shape.elementBytes;
  std::vector<const char *> rows(shape.panel);
  std::vector<char> panel(shape.panel * rowBytes);
  ArrayRef<char> rest = parts.front();
  parts = parts.drop_front();
  for (int64_t begin = 0; begin < shape.rows; begin += shape.panel) {
    for (const char *&row : rows) {
      while (rest.empty() && !parts.empty()) {
        rest = parts.front();
        parts = parts.drop_front();
      }
      row = rest.empty() ? nullptr : rest.data();
      rest = rest.drop_front(std::min<size_t>(rest.size(), rowBytes));
    }
    if (shape.elementBytes == 2)
      interleave(rows, shape.columns, reinterpret_cast<uint16_t *>(panel.data()));
    else
      interleave(rows, shape.columns, reinterpret_cast<uint32_t *>(panel.data()));
    writer.write(panel);
  }
}

//===- Rows --------------------------------------------------------------------------------------------------===//

static uint32_t widen(uint16_t bits, Type from) {
  if (from.isBF16())
    return static_cast<uint32_t>(bits) << 16;
  llvm::APFloat value(llvm::APFloat::IEEEhalf(), llvm::APInt(16, bits));
  bool losesInfo;
  value.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return static_cast<uint32_t>(value.bitcastToAPInt().getZExtValue());
}

/// The bf16 nearest to a float, ties to even; NaN stays NaN.
static uint16_t roundToBF16(uint32_t bits) {
  if ((bits & 0x7fffffff) > 0x7f800000)
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

void mlir::yoco::writeRows(ModelFileWriter &writer, ArrayRef<ArrayRef<char>> parts, Type from,
                           const PackedShape &shape) {
  if (from == shape.element && shape.stride == shape.columns) {
    llvm::for_each(parts, [&](ArrayRef<char> part) { writer.write(part); });
    return;
  }
  int64_t fromBytes = from.getIntOrFloatBitWidth() / 8;
  std::vector<char> row(shape.stride * shape.elementBytes, 0);
  auto convert = [&](const char *source, int64_t column) {
    uint32_t bits = 0;
    if (fromBytes == 4) {
      memcpy(&bits, source, 4);
    } else {
      uint16_t narrow;
      memcpy(&narrow, source, 2);
      bits = widen(narrow, from);
    }
    if (shape.elementBytes == 4) {
      memcpy(&row[column * 4], &bits, 4);
    } else {
      uint16_t narrow = roundToBF16(bits);
      memcpy(&row[column * 2], &narrow, 2);
    }
  };
  for (ArrayRef<char> part : parts)
    for (; !part.empty(); part = part.drop_front(shape.columns * fromBytes)) {
      if (from == shape.element)
        memcpy(row.data(), part.data(), shape.columns * fromBytes); // tensors of a checkpoint need not be aligned
      else
        for (int64_t c = 0; c < shape.columns; ++c)
          convert(part.data() + c * fromBytes, c);
      writer.write(row);
    }
}

/// Gives the pages that lie wholly within `bytes` of a mapped file back to the system, which can read them again.
static void releasePages(ArrayRef<char> bytes) {
  uintptr_t page = llvm::sys::Process::getPageSizeEstimate();
  uintptr_t begin = llvm::alignTo(reinterpret_cast<uintptr_t>(bytes.begin()), page);
  uintptr_t end = llvm::alignDown(reinterpret_cast<uintptr_t>(bytes.end()), page);
  // PAGEOUT and not DONTNEED: a small file may have been read into a buffer, and that must survive.
  if (end > begin && end - begin >= uintptr_t(1) << 20)
    (void)madvise(reinterpret_cast<void *>(begin), end - begin, MADV_PAGEOUT);
}

//===- Parameters --------------------------------------------------------------------------------------------===//

fb::ElementType mlir::yoco::getElementKind(Type type) {
  return type.isF32() ? fb::ElementType::f32 : type.isBF16() ? fb::ElementType::bf16 : fb::ElementType::f16;
}

std::shared_ptr<const Checkpoint> WeightPacker::open(PackedParameterOp packed) {
  auto folder = [&]() -> StringAttr {
    for (Operation *op = packed; op; op = op->getParentOp())
      if (auto attribute = op->getAttrOfType<StringAttr>(YocoDialect::getCheckpointAttrName()))
        return attribute;
    return {};
  }();
  if (!folder) {
    packed.emitOpError("expected a module with `") << YocoDialect::getCheckpointAttrName() << "` around it, got none";
    return nullptr;
  }
  std::shared_ptr<const Checkpoint> &checkpoint = checkpoints[folder.getValue()];
  if (!checkpoint) {
    llvm::Expected<std::unique_ptr<Checkpoint>> opened = Checkpoint::openWeights(folder.getValue());
    if (!opened) {
      mlir::emitError(packed.getLoc()) << llvm::toString(opened.takeError());
      return nullptr;
    }
    checkpoint = std::move(*opened);
  }
  return checkpoint;
}

LogicalResult WeightPacker::addGenerated(PackedParameterOp packed, ArrayRef<ParameterOp> parts,
                                         fb::ParameterT &parameter) {
  // Vectors one after the other are stored as a column: runs of generated values are runs of rows.
  ParameterOp first = parts.front();
  const bool isColumn = parts.size() > 1 && first.getTensorType().getRank() == 1;
  if (isColumn) {
    parameter.rows *= parameter.columns;
    parameter.columns = 1;
    parameter.stride = 0;
  }
  for (ParameterOp part : parts) {
    std::optional<RandomAttr> random = part.getGenerated();
    if (part.getTensorType().getElementType() != cast<RankedTensorType>(packed.getType()).getElementType())
      return packed.emitOpError("expected generated parts of its element type, got ") << part.getTensorType();
    if (!random)
      return packed.emitOpError("expected parts that are all generated or all stored, got both");
    auto rows = std::make_unique<fb::GeneratedRowsT>();
    rows->rows = isColumn || part.getTensorType().getRank() == 2 ? part.getTensorType().getDimSize(0) : 1;
    rows->seed = random->getSeed();
    rows->stream = random->getStream();
    rows->scale = random->getScale().getValue().convertToFloat();
    parameter.generated.push_back(std::move(rows));
  }
  return success();
}

LogicalResult WeightPacker::addSegment(PackedParameterOp packed, ArrayRef<ParameterOp> parts, const PackedShape &shape,
                                       fb::ParameterT &parameter) {
  std::shared_ptr<const Checkpoint> checkpoint = open(packed);
  if (!checkpoint)
    return failure();
  std::vector<ArrayRef<char>> bytes;
  ParameterOp first = parts.front();
  Type from = first.getTensorType().getElementType();
  if (shape.element != from && (shape.panel || shape.element.isF16()))
    return packed.emitOpError("expected parts of its element type, got ") << from;
  std::string key = llvm::formatv("weights {0} {1} {2} {3} {4} {5}", checkpoint->getFolder(), shape.columns, shape.panel,
                                  shape.stride, from == shape.element ? "" : "converted", shape.elementBytes);
  uint64_t total = 0;
  for (ParameterOp part : parts) {
    if (part.getGenerated())
      return packed.emitOpError("expected parts that are all generated or all stored, got both");
    if (part.getTensorType().getElementType() != from)
      return packed.emitOpError("expected parts of one element type, got ")
             << from << " and " << part.getTensorType().getElementType();
    llvm::Expected<ArrayRef<char>> tensor = getParameterBytes(*checkpoint, part);
    if (!tensor)
      return mlir::emitError(part.getLoc()) << llvm::toString(tensor.takeError());
    bytes.push_back(*tensor);
    total += tensor->size();
    key += llvm::formatv(" {0}:{1}", part.getTensor().size(), part.getTensor());
  }
  uint64_t expected = uint64_t(shape.rows) * shape.columns * from.getIntOrFloatBitWidth() / 8;
  if (total != expected)
    return packed.emitOpError("expected ") << expected << " bytes of tensors, got " << total;
  auto write = [bytes, from, shape, checkpoint](ModelFileWriter &writer) {
    if (shape.panel)
      writePanels(writer, bytes, shape);
    else
      writeRows(writer, bytes, from, shape);
    llvm::for_each(bytes, releasePages);
    return llvm::Error::success();
  };
  parameter.segment = segments.add(key, *shape.getBytes(), write);
  return success();
}

std::unique_ptr<fb::ParameterT> WeightPacker::add(PackedParameterOp packed, SymbolTable &symbols) {
  PackedShape shape = PackedShape::get(packed);
  if (!shape.getBytes()) {
    packed.emitOpError("expected less than 2^62 bytes, got ") << packed.getType();
    return nullptr;
  }
  SmallVector<ParameterOp> parts;
  for (auto name : packed.getParts().getAsRange<FlatSymbolRefAttr>())
    parts.push_back(symbols.lookup<ParameterOp>(name.getValue()));
  auto parameter = std::make_unique<fb::ParameterT>();
  parameter->name = packed.getSymName().str();
  parameter->element = getElementKind(cast<RankedTensorType>(packed.getType()).getElementType());
  parameter->rows = shape.rows;
  parameter->columns = shape.columns;
  parameter->layout = shape.panel ? fb::ParameterLayout::panels : fb::ParameterLayout::row_major;
  parameter->panel = shape.panel;
  parameter->stride = shape.stride == shape.columns ? 0 : shape.stride;
  LogicalResult added = parts.front().getGenerated() ? addGenerated(packed, parts, *parameter)
                                                     : addSegment(packed, parts, shape, *parameter);
  return succeeded(added) ? std::move(parameter) : nullptr;
}
