// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/yoco-diff/FileWeights.h"

#include "compiler/interpreter/Parallel.h"
#include "passes/emit/WeightPacker.h"
#include "runtime/schema/FileHeader.h"
#include "tools/yoco-diff/Reference.h"

#include <cmath>
#include <cstring>
#include <mutex>
#include <set>
#include <stdexcept>

using namespace mlir::yoco;

namespace yoco::diff {

//===- The file ----------------------------------------------------------------------------------------------===//

FilePlan::FilePlan(const std::string &path, uint32_t number) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    throw std::runtime_error(path + ": " + file.getError().message());
  buffer = std::move(*file);
  FileHeader header;
  memcpy(&header, buffer->getBufferStart(), sizeof(header));
  variant = fb::GetPlan(buffer->getBufferStart() + header.planOffset)->variants()->Get(number);
}

std::optional<uint64_t> FilePlan::getSeed() const {
  for (const fb::Parameter *parameter : *variant->parameters())
    if (parameter->generated() && parameter->generated()->size())
      return parameter->generated()->Get(0)->seed();
  return std::nullopt;
}

std::vector<std::string> FilePlan::getPlacements() const {
  std::vector<std::string> names;
  for (const fb::Parameter *parameter : *variant->parameters()) {
    llvm::StringRef name = parameter->name()->c_str();
    if (parameter->placement() == fb::Placement::host && name.consume_front("packed."))
      names.push_back(name.str());
  }
  return names;
}

llvm::ArrayRef<char> FilePlan::getBytes(const fb::Segment &segment) const {
  return llvm::ArrayRef(buffer->getBufferStart() + segment.offset(), segment.size());
}

//===- Comparison --------------------------------------------------------------------------------------------===//

/// A parameter within the matrix of a packed one. Vectors that are stored one after the other are columns of it.
struct FileWeights::Part {
  ParameterOp parameter;
  PackedShape shape;
  int64_t firstRow;
  bool isColumn;
  llvm::ArrayRef<char> bytes;

  int64_t getRows() const { return isColumn ? 1 : ParameterOp(parameter).getNumRows(); }
  /// The number that stands in the file for row `row` and column `column` of the parameter.
  double load(int64_t row, int64_t column) const {
    int64_t r = firstRow + (isColumn ? column : row), c = isColumn ? 0 : column;
    int64_t index = shape.panel ? r / shape.panel * shape.columns * shape.panel + c * shape.panel + r % shape.panel
                                : r * shape.stride + c;
    return loadNumber(bytes, index, shape.element);
  }
};

/// `number` as it is stored in `type`.
static llvm::APFloat convert(double number, mlir::Type type) {
  llvm::APFloat value(number);
  bool losesInfo;
  value.convert(mlir::cast<mlir::FloatType>(type).getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return value;
}

static bool isSame(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

void FileWeights::comparePart(const Part &part) {
  ParameterOp op = part.parameter;
  Parameter stored = unwrap(parameters.get(mlir::FlatSymbolRefAttr::get(op.getSymNameAttr())));
  mlir::Type from = op.getTensorType().getElementType();
  bool isRounded = from != part.shape.element;
  WeightDifference difference;
  std::mutex mutex;
  parallelFor(part.getRows(), threads, [&](int64_t row) {
    std::vector<double> expected(stored.getColumns());
    stored.readRow(row, expected);
    WeightDifference ofRow;
    for (int64_t column = 0; column < stored.getColumns(); ++column) {
      double got = part.load(row, column), number = expected[column];
      if (isRounded && !isSame(got, number))
        number = convert(number, part.shape.element).convertToDouble();
      if (isSame(got, number))
        continue;
      ++ofRow.differing;
      ofRow.largest = std::max(ofRow.largest, std::isnan(got - number) ? INFINITY : std::fabs(got - number));
    }
    std::lock_guard<std::mutex> lock(mutex);
    difference.differing += ofRow.differing;
    difference.largest = std::max(difference.largest, ofRow.largest);
  });
  compared[op.getSymName().str()] = true;
  difference.count = size_t(part.getRows() * stored.getColumns());
  if (difference.differing == 0 || !replacements[op.getSymName().str()].empty())
    return;
  addDifference(op, difference);
  std::vector<char> &bytes = replacements[op.getSymName().str()];
  size_t size = from.getIntOrFloatBitWidth() / 8;
  for (int64_t row = 0; row < part.getRows(); ++row)
    for (int64_t column = 0; column < stored.getColumns(); ++column) {
      uint64_t bits = convert(part.load(row, column), from).bitcastToAPInt().getZExtValue();
      bytes.insert(bytes.end(), reinterpret_cast<char *>(&bits), reinterpret_cast<char *>(&bits) + size);
    }
}

/// Numbers that are made by other rules are others, all of them.
void FileWeights::compareGenerated(ParameterOp op, const fb::GeneratedRows &rows) {
  RandomAttr random = op.getGeneratedAttr();
  bool isFirst = !compared[op.getSymName().str()];
  compared[op.getSymName().str()] = true;
  if (!isFirst || (random && random.getSeed() == rows.seed() && random.getStream() == rows.stream() &&
                   random.getScale().getValue().convertToFloat() == rows.scale()))
    return;
  WeightDifference difference;
  difference.count = difference.differing = size_t(op.getNumRows() * op.getNumColumns());
  difference.largest = INFINITY;
  addDifference(op, difference);
}

void FileWeights::addDifference(ParameterOp op, WeightDifference difference) {
  difference.parameter = op.getSymName().str();
  difference.tensor = op.getTensor().str();
  differences.push_back(difference);
}

/// Whether `stored` has the form of a packed parameter.
static bool hasForm(const fb::Parameter &stored, const PackedShape &shape) {
  bool isPanels = stored.layout() == fb::ParameterLayout::panels;
  int64_t stride = stored.stride() ? int64_t(stored.stride()) : shape.columns;
  return int64_t(stored.rows()) == shape.rows && int64_t(stored.columns()) == shape.columns &&
         stored.element() == getElementKind(shape.element) && isPanels == (shape.panel != 0) &&
         int64_t(stored.panel()) == shape.panel && (isPanels || stride == shape.stride) && !stored.encoding() &&
         !shape.encoding;
}

void FileWeights::compare(PackedParameterOp packed, const fb::Parameter &stored, const FilePlan &plan) {
  PackedShape shape = PackedShape::get(packed);
  auto parts = packed.getParts().getAsRange<mlir::FlatSymbolRefAttr>();
  bool isVector = mlir::cast<mlir::RankedTensorType>(packed.getType()).getRank() == 1;
  bool isColumn = isVector && packed.getParts().size() > 1;
  int64_t row = 0;
  unsigned number = 0;
  for (mlir::FlatSymbolRefAttr name : parts) {
    auto op = symbols.lookup<ParameterOp>(name.getValue());
    if (!stored.segment())
      compareGenerated(op, *stored.generated()->Get(number++));
    else
      comparePart({op, shape, row, isColumn, plan.getBytes(*stored.segment())});
    row += isColumn ? op.getNumColumns() : op.getNumRows();
  }
}

FileWeights::FileWeights(mlir::ModuleOp program, const FilePlan &plan, uint32_t threads)
    : symbols(program), parameters(program), threads(threads) {
  std::map<std::string, const fb::Parameter *> stored;
  for (const fb::Parameter *parameter : *plan.getVariant().parameters())
    stored[parameter->name()->str()] = parameter;
  for (auto packed : program.getOps<PackedParameterOp>()) {
    auto it = stored.find(packed.getSymName().str());
    bool isGenerated = it != stored.end() && !it->second->segment();
    if (it == stored.end() || !hasForm(*it->second, PackedShape::get(packed)) ||
        (isGenerated && it->second->generated()->size() != packed.getParts().size()))
      notCompared.push_back(packed.getSymName().str());
    else
      compare(packed, *it->second, plan);
  }
}

llvm::ArrayRef<char> FileWeights::getReplacement(ParameterOp parameter) const {
  auto it = replacements.find(parameter.getSymName().str());
  return it == replacements.end() ? llvm::ArrayRef<char>() : llvm::ArrayRef<char>(it->second);
}

} // namespace yoco::diff
