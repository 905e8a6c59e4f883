// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The checkpoint is mapped, and read once from front to back of each tensor; memory holds one panel. Pages that have
// been read are given back, so that compiling a model that is larger than memory is no trouble.

#include "passes/emit/WeightPacker.h"
#include "frontend/Import.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Process.h"
#include <sys/mman.h>

using namespace mlir;
using namespace mlir::yoco;

//===- Shapes ------------------------------------------------------------------------------------------------===//

namespace {
struct PartShape {
  int64_t rows, first, stride;
};
} // namespace

/// Vectors one after the other are stored as a column: rows of one number, as runs of generated values want them.
static bool isColumn(PackedParameterOp packed) {
  return packed.getParts().size() > 1 && cast<RankedTensorType>(packed.getType()).getRank() == 1;
}

/// Where a part lies in its tensor: rows, numbers from the first of the tensor to its own first, and numbers from one
/// row to the next.
static PartShape getPart(PackedParameterOp packed, ParameterOp part) {
  SliceAttr slice = part.getWholeSlice();
  int64_t first = slice.getRow() * slice.getColumns() + slice.getColumn();
  if (isColumn(packed))
    return {part.getNumColumns(), first, 1};
  return {part.getNumRows(), first, slice.getColumns()};
}

PackedShape PackedShape::get(PackedParameterOp packed) {
  auto type = cast<RankedTensorType>(packed.getType());
  PackedShape shape;
  shape.rows = type.getRank() == 2 ? type.getDimSize(0) : 1;
  shape.columns = type.getShape().back();
  if (isColumn(packed))
    std::swap(shape.rows, shape.columns);
  shape.panel = packed.getLayout() == WeightLayout::panels ? packed.getPanel() : 0;
  shape.stride = packed.getStride().value_or(shape.columns);
  shape.element = type.getElementType();
  shape.elementBytes = type.getElementTypeBitWidth() / 8;
  shape.encoding = packed.getEncodingAttr();
  return shape;
}

std::optional<uint64_t> PackedShape::getBytes() const {
  uint64_t padded = panel ? llvm::alignTo(uint64_t(rows), panel) : rows;
  uint64_t bytes = 0;
  int64_t width = panel ? columns : stride;
  if (llvm::MulOverflow<int64_t>(padded, width, reinterpret_cast<int64_t &>(bytes)) || bytes >= uint64_t(1) << 58)
    return std::nullopt;
  return encoding ? encoding.getBytes(rows, columns) : bytes * elementBytes;
}

//===- Panels ------------------------------------------------------------------------------------------------===//

namespace {
/// The rows of all parts in their order, `columns` numbers each, as their tensors' parameters have them.
class RowReader {
public:
  RowReader(ArrayRef<WeightPart> parts, int64_t columns) : parts(parts), columns(columns) {}

  /// The bytes of the next row, in the file or, when its numbers are stored otherwise, in `buffer`. Null after the
  /// last.
  const char *next(std::vector<float> &buffer) {
    while (!parts.empty() && row == parts.front().rows) {
      parts = parts.drop_front();
      row = 0;
    }
    if (parts.empty())
      return nullptr;
    const WeightPart &part = parts.front();
    const Tensor &tensor = *part.tensor;
    int64_t first = part.first + part.stride * row++;
    if (tensor.pairedRows)
      first = tensor.getStoredRow(first / part.stride) * part.stride + first % part.stride;
    if (tensor.type->isPlain() && tensor.type->number == tensor.number)
      return tensor.bytes.data() + first * tensor.type->blockBytes;
    buffer.resize(columns);
    tensor.type->read(tensor.bytes.data(), first, buffer);
    return reinterpret_cast<const char *>(buffer.data());
  }

private:
  ArrayRef<WeightPart> parts;
  int64_t columns;
  int64_t row = 0;
};
} // namespace

/// `rows` (as many as a panel has, null where there is none) side by side: element (r, c) goes to `c * rows.size() +
/// r`.
template <typename Word>
static void interleave(ArrayRef<const char *> rows, int64_t columns, Word *panel) {
  constexpr int64_t kColumns = 64; // at a time: what is written stays in the cache
  int64_t width = rows.size();
  for (int64_t begin = 0; begin < columns; begin += kColumns) {
    int64_t end = std::min(begin + kColumns, columns);
    for (int64_t r = 0; r < width; ++r)
      for (int64_t c = begin; c < end; ++c) {
        Word word = 0;
        if (rows[r])
          memcpy(&word, rows[r] + c * sizeof(Word), sizeof(Word)); // tensors of a checkpoint need not be aligned
        panel[c * width + r] = word;
      }
  }
}

void mlir::yoco::writePanels(ModelFileWriter &writer, ArrayRef<WeightPart> parts, const PackedShape &shape) {
  std::vector<const char *> rows(shape.panel);
  std::vector<std::vector<float>> buffers(shape.panel);
  std::vector<char> panel(shape.panel * shape.columns * shape.elementBytes);
  RowReader reader(parts, shape.columns);
  for (int64_t begin = 0; begin < shape.rows; begin += shape.panel) {
    for (auto [row, buffer] : llvm::zip_equal(rows, buffers))
      row = reader.next(buffer);
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
  return llvm::bit_cast<uint32_t>(widenHalf(bits));
}

/// The bf16 nearest to a float, ties to even; NaN stays NaN.
static uint16_t roundToBF16(uint32_t bits) {
  if ((bits & 0x7fffffff) > 0x7f800000)
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// The bits of the float that element `index` of `row` is.
static uint32_t loadBits(const char *row, int64_t index, Type from) {
  if (from.isF32()) {
    uint32_t bits;
    memcpy(&bits, row + index * 4, 4); // tensors of a checkpoint need not be aligned
    return bits;
  }
  return widen(loadWord(row + index * 2), from);
}

/// Whether the rows of `part` lie in the file one after the other, as numbers of their parameter's type.
static bool isStoredAsUsed(const WeightPart &part, int64_t columns) {
  const Tensor &tensor = *part.tensor;
  return tensor.type->isPlain() && tensor.type->number == tensor.number && tensor.pairedRows == 0 &&
         part.stride == columns;
}

void mlir::yoco::writeRows(ModelFileWriter &writer, ArrayRef<WeightPart> parts, Type from, const PackedShape &shape) {
  int64_t rowBytes = shape.columns * (from.getIntOrFloatBitWidth() / 8);
  bool isPlain = from == shape.element && shape.stride == shape.columns;
  if (isPlain && llvm::all_of(parts, [&](const WeightPart &part) { return isStoredAsUsed(part, shape.columns); })) {
    for (const WeightPart &part : parts)
      writer.write(part.tensor->bytes.slice(part.first * part.tensor->type->blockBytes, part.rows * rowBytes));
    return;
  }
  std::vector<char> row(shape.stride * shape.elementBytes, 0);
  std::vector<float> buffer;
  RowReader reader(parts, shape.columns);
  while (const char *source = reader.next(buffer)) {
    if (from == shape.element) {
      memcpy(row.data(), source, rowBytes);
    } else {
      for (int64_t column = 0; column < shape.columns; ++column) {
        uint32_t bits = loadBits(source, column, from);
        uint16_t narrow = roundToBF16(bits);
        if (shape.elementBytes == 4)
          memcpy(&row[column * 4], &bits, 4);
        else
          memcpy(&row[column * 2], &narrow, 2);
      }
    }
    writer.write(row);
  }
}

//===- Encodings ---------------------------------------------------------------------------------------------===//

/// Appends `value`, rounded to nearest even, as a number of type `type`.
static void appendScale(float value, Type type, std::vector<char> &bytes) {
  const llvm::fltSemantics &semantics = cast<FloatType>(type).getFloatSemantics();
  llvm::APFloat scale(value);
  bool losesInfo;
  scale.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  uint64_t bits = scale.bitcastToAPInt().getZExtValue();
  for (unsigned byte = 0; byte < type.getIntOrFloatBitWidth() / 8; ++byte)
    bytes.push_back(static_cast<char>(bits >> (8 * byte)));
}

void mlir::yoco::writeEncoded(ModelFileWriter &writer, ArrayRef<WeightPart> parts, Type from, const PackedShape &shape,
                              EncodeRow encode) {
  EncodingAttr encoding = shape.encoding;
  std::vector<float> numbers(shape.columns), scales(encoding.getScalesOfRow(shape.columns));
  std::vector<uint8_t> codes(encoding.getCodeBytesOfRow(shape.columns));
  std::vector<char> allScales;
  std::vector<float> buffer;
  uint64_t begin = writer.getOffset();
  RowReader reader(parts, shape.columns);
  while (const char *source = reader.next(buffer)) {
    for (int64_t column = 0; column < shape.columns; ++column)
      numbers[column] = llvm::bit_cast<float>(loadBits(source, column, from));
    std::fill(codes.begin(), codes.end(), 0);
    encode(numbers, encoding, codes, scales);
    writer.write(ArrayRef(reinterpret_cast<const char *>(codes.data()), codes.size()));
    for (float scale : scales)
      appendScale(scale, encoding.getScale(), allScales);
  }
  writer.padTo(begin + encoding.getScalesOffset(shape.rows, shape.columns));
  writer.write(allScales);
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

/// The bytes of all rows of `part` but the last, as they are stored; those of the whole tensor when their order is
/// another.
static ArrayRef<char> getBytesOfRows(const WeightPart &part) {
  const StoredType &type = *part.tensor->type;
  ArrayRef<char> bytes = part.tensor->bytes;
  if (part.tensor->pairedRows)
    return bytes;
  int64_t begin = part.first / type.blockNumbers * type.blockBytes;
  return bytes.slice(begin, (part.rows - 1) * part.stride / type.blockNumbers * type.blockBytes);
}

//===- Parameters --------------------------------------------------------------------------------------------===//

fb::ElementType mlir::yoco::getElementKind(Type type) {
  return type.isF32() ? fb::ElementType::f32 : type.isBF16() ? fb::ElementType::bf16 : fb::ElementType::f16;
}

std::shared_ptr<const Checkpoint> WeightPacker::open(PackedParameterOp packed) {
  auto location = [&]() -> StringAttr {
    for (Operation *op = packed; op; op = op->getParentOp())
      if (auto attribute = op->getAttrOfType<StringAttr>(YocoDialect::getCheckpointAttrName()))
        return attribute;
    return {};
  }();
  if (!location) {
    packed.emitOpError("expected a module with `") << YocoDialect::getCheckpointAttrName() << "` around it, got none";
    return nullptr;
  }
  std::shared_ptr<const Checkpoint> &checkpoint = checkpoints[location.getValue()];
  if (!checkpoint) {
    llvm::Expected<std::unique_ptr<Checkpoint>> opened = Checkpoint::openWeights(location.getValue());
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
  if (packed.getEncoding())
    return packed.emitOpError("expected stored parts with an encoding, got generated ones");
  for (ParameterOp part : parts) {
    std::optional<RandomAttr> random = part.getGenerated();
    if (part.getTensorType().getElementType() != cast<RankedTensorType>(packed.getType()).getElementType())
      return packed.emitOpError("expected generated parts of its element type, got ") << part.getTensorType();
    if (!random)
      return packed.emitOpError("expected parts that are all generated or all stored, got both");
    auto rows = std::make_unique<fb::GeneratedRowsT>();
    rows->rows = getPart(packed, part).rows;
    rows->seed = random->getSeed();
    rows->stream = random->getStream();
    rows->scale = random->getScale().getValue().convertToFloat();
    // A slice has the numbers that the whole tensor has there.
    PartShape place = getPart(packed, part);
    rows->first = place.first;
    rows->stride = place.stride == int64_t(parameter.columns) ? 0 : place.stride;
    parameter.generated.push_back(std::move(rows));
  }
  return success();
}

/// The rows of one part.
FailureOr<WeightPart> WeightPacker::open(PackedParameterOp packed, ParameterOp part, const Checkpoint &checkpoint,
                                         Type from) {
  if (part.getGenerated())
    return (LogicalResult)packed.emitOpError("expected parts that are all generated or all stored, got both");
  if (part.getTensorType().getElementType() != from)
    return (LogicalResult)(packed.emitOpError("expected parts of one element type, got ")
                           << from << " and " << part.getTensorType().getElementType());
  PartShape place = getPart(packed, part);
  if (ArrayRef<char> numbers = source ? source(part) : ArrayRef<char>(); !numbers.empty()) {
    const StoredType *type = findStoredType(from.isF32() ? "F32" : from.isBF16() ? "BF16" : "F16");
    given.push_back(Tensor{type->name.str(), {}, numbers, type, type->number});
    return WeightPart{&given.back(), place.rows, 0, isColumn(packed) ? 1 : part.getNumColumns()};
  }
  llvm::Expected<const Tensor *> tensor = getParameterTensor(checkpoint, part);
  if (!tensor)
    return (LogicalResult)(mlir::emitError(part.getLoc()) << llvm::toString(tensor.takeError()));
  SliceAttr slice = part.getWholeSlice();
  std::optional<uint64_t> expected = (*tensor)->type->getBytes(slice.getRows() * slice.getColumns());
  if (expected != (*tensor)->bytes.size())
    return (LogicalResult)(packed.emitOpError("expected ") << expected.value_or(0) << " bytes of tensor \""
                                                           << part.getTensor() << "\", got "
                                                           << (*tensor)->bytes.size());
  return WeightPart{*tensor, place.rows, place.first, place.stride};
}

LogicalResult WeightPacker::addSegment(PackedParameterOp packed, ArrayRef<ParameterOp> parts, const PackedShape &shape,
                                       fb::ParameterT &parameter) {
  std::shared_ptr<const Checkpoint> checkpoint = open(packed);
  if (!checkpoint)
    return failure();
  ParameterOp first = parts.front();
  Type from = first.getTensorType().getElementType();
  if (!shape.encoding && shape.element != from && (shape.panel || shape.element.isF16()))
    return packed.emitOpError("expected parts of its element type, got ") << from;
  if (shape.encoding && cast<RankedTensorType>(packed.getType()).getRank() != 2)
    return packed.emitOpError("expected a matrix with an encoding, got ") << packed.getType();
  EncodeRow encode = shape.encoding ? findWeightEncoding(shape.encoding.getName()) : nullptr;
  if (shape.encoding && !encode)
    return packed.emitOpError("expected an encoding that is registered, got `") << shape.encoding.getName() << "`";
  std::string key =
      llvm::formatv("weights {0} {1} {2} {3} {4} {5}", checkpoint->getLocation(), shape.columns, shape.panel,
                    shape.stride, from == shape.element ? "" : "converted", shape.elementBytes);
  if (shape.encoding)
    llvm::raw_string_ostream(key) << ' ' << shape.encoding;
  std::vector<WeightPart> rows;
  for (ParameterOp part : parts) {
    FailureOr<WeightPart> opened = open(packed, part, *checkpoint, from);
    if (failed(opened))
      return failure();
    rows.push_back(*opened);
    key += llvm::formatv(" {0}:{1}", part.getTensor().size(), part.getTensor());
    if (std::optional<SliceAttr> slice = part.getSlice())
      key += llvm::formatv("[{0} {1} {2}]", slice->getRow(), slice->getColumn(), part.getNumRows());
  }
  auto write = [rows, from, shape, checkpoint, encode](ModelFileWriter &writer) {
    if (encode)
      writeEncoded(writer, rows, from, shape, encode);
    else if (shape.panel)
      writePanels(writer, rows, shape);
    else
      writeRows(writer, rows, from, shape);
    for (const WeightPart &part : rows)
      releasePages(getBytesOfRows(part));
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
  parameter->placement = packed.getPlacement() == Placement::host ? fb::Placement::host : fb::Placement::device;
  if (shape.encoding) {
    parameter->encoding = std::make_unique<fb::EncodingT>();
    parameter->encoding->name = shape.encoding.getName().str();
    parameter->encoding->bits = shape.encoding.getBits();
    parameter->encoding->group = shape.encoding.getGroup();
    parameter->encoding->scale = getElementKind(shape.encoding.getScale());
  }
  LogicalResult added = parts.front().getGenerated() ? addGenerated(packed, parts, *parameter)
                                                     : addSegment(packed, parts, shape, *parameter);
  return succeeded(added) ? std::move(parameter) : nullptr;
}
