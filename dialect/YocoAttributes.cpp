// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes: syntax, checks, and the arithmetic of sizes.

#include "dialect/YocoOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::yoco;

#include "dialect/YocoEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialect/YocoAttributes.cpp.inc"

void YocoDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/YocoAttributes.cpp.inc"
      >();
}

//===- Demand ------------------------------------------------------------------------------------------------===//

/// demand ::= `none` | `from` `w` `-` integer | `all`
static FailureOr<RowDemand> parseDemand(AsmParser &parser) {
  if (succeeded(parser.parseOptionalKeyword("none")))
    return RowDemand::none();
  if (succeeded(parser.parseOptionalKeyword("all")))
    return RowDemand::all();
  if (failed(parser.parseOptionalKeyword("from")))
    return (LogicalResult)parser.emitError(parser.getCurrentLocation(), "expected `none`, `from` or `all`");
  if (failed(parser.parseKeyword("w")))
    return failure();
  SMLoc loc = parser.getCurrentLocation();
  int64_t offset = 0;
  if (failed(parser.parseInteger(offset)))
    return failure();
  if (offset > 0 || offset < -std::numeric_limits<int32_t>::max())
    return (LogicalResult)(parser.emitError(loc) << "expected `w` less a number below 2^31, got " << offset);
  return RowDemand::from(-offset);
}

Attribute DemandAttr::parse(AsmParser &parser, Type) {
  if (failed(parser.parseLess()))
    return {};
  FailureOr<RowDemand> demand = parseDemand(parser);
  if (failed(demand) || failed(parser.parseGreater()))
    return {};
  return DemandAttr::get(parser.getContext(), *demand);
}

void DemandAttr::print(AsmPrinter &printer) const {
  printer << "<";
  getDemand().print(printer.getStream());
  printer << ">";
}

/// `key` `=` keyword, as one of the cases of an enum.
template <typename Enum>
static FailureOr<Enum> parseEnumField(AsmParser &parser, StringRef key, std::optional<Enum> (*symbolize)(StringRef)) {
  StringRef keyword;
  if (failed(parser.parseKeyword(key)) || failed(parser.parseEqual()))
    return failure();
  SMLoc loc = parser.getCurrentLocation();
  if (failed(parser.parseKeyword(&keyword)))
    return failure();
  if (std::optional<Enum> value = symbolize(keyword))
    return *value;
  return (LogicalResult)(parser.emitError(loc) << "expected a known value of `" << key << "`, got `" << keyword << "`");
}

/// (`,` (`most` | `most_wanted`) `=` integer)*
static ParseResult parseSteps(AsmParser &parser, int64_t &most, int64_t &mostWanted) {
  while (succeeded(parser.parseOptionalComma())) {
    StringRef key;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&key))
      return failure();
    if (key != "most" && key != "most_wanted")
      return parser.emitError(loc) << "expected `most` or `most_wanted`, got `" << key << "`";
    int64_t &number = key == "most" ? most : mostWanted;
    if (parser.parseEqual())
      return failure();
    loc = parser.getCurrentLocation();
    if (parser.parseInteger(number))
      return failure();
    if (number < 1)
      return parser.emitError(loc) << "expected `" << key << "` of at least 1, got " << number;
  }
  return success();
}

Attribute EntryAttr::parse(AsmParser &parser, Type) {
  if (failed(parser.parseLess()))
    return {};
  auto rows = parseEnumField<RowShape>(parser, "rows", symbolizeRowShape);
  if (failed(rows) || failed(parser.parseComma()))
    return {};
  auto bound = parseEnumField<RowBound>(parser, "bound", symbolizeRowBound);
  if (failed(bound) || failed(parser.parseComma()))
    return {};
  StringRef keyword;
  SMLoc loc = parser.getCurrentLocation();
  if (failed(parser.parseKeyword(&keyword)))
    return {};
  std::optional<EntryOutput> output = symbolizeEntryOutput(keyword);
  if (!output) {
    parser.emitError(loc) << "expected `logits`, `sampled` or `logprobs`, got `" << keyword << "`";
    return {};
  }
  if (failed(parser.parseEqual()))
    return {};
  SMLoc wantedLoc = parser.getCurrentLocation();
  FailureOr<RowDemand> wanted = parseDemand(parser);
  int64_t most = 0, mostWanted = 0;
  if (failed(wanted) || failed(parseSteps(parser, most, mostWanted)) || failed(parser.parseGreater()))
    return {};
  if (wanted->isFrom() && *wanted != RowDemand::from()) {
    InFlightDiagnostic error = parser.emitError(wantedLoc) << "expected `none`, `from w-0` or `all`, got `from w-";
    error << wanted->getBefore() << "`";
    return {};
  }
  return parser.getChecked<EntryAttr>(parser.getContext(), *rows, *bound, *output, *wanted, most, mostWanted);
}

void EntryAttr::print(AsmPrinter &printer) const {
  printer << "<rows = " << stringifyRowShape(getRows()) << ", bound = " << stringifyRowBound(getBound()) << ", "
          << stringifyEntryOutput(getOutput()) << " = ";
  getWanted().print(printer.getStream());
  if (getMost() != 0)
    printer << ", most = " << getMost();
  if (getMostWanted() != 0)
    printer << ", most_wanted = " << getMostWanted();
  printer << ">";
}

LogicalResult EntryAttr::verify(function_ref<InFlightDiagnostic()> emitError, RowShape, RowBound bound, EntryOutput,
                                RowDemand wanted, int64_t most, int64_t mostWanted) {
  if (most < 0 || mostWanted < 0)
    return emitError() << "expected `most` and `most_wanted` of at least 0, got " << most << " and " << mostWanted;
  if (most > std::numeric_limits<int32_t>::max() || mostWanted > std::numeric_limits<int32_t>::max())
    return emitError() << "expected `most` and `most_wanted` below 2^31, got " << most << " and " << mostWanted;
  if (mostWanted != 0 && (!wanted.isFrom() || bound == RowBound::batch))
    return emitError() << "expected rows that are wanted from a position on, with bound `chunk` or `wanted`, with "
                          "`most_wanted`";
  return success();
}

EntryAttr EntryAttr::getProgram(int64_t most, int64_t mostWanted) const {
  return EntryAttr::get(getContext(), getRows(), getBound(), getOutput(), getWanted(), most, mostWanted);
}

RowBound EntryAttr::getTailBound(int64_t halo) const {
  return halo == 0 && getBound() == RowBound::chunk ? RowBound::wanted : getBound();
}

int64_t EntryAttr::getTailMost(int64_t halo) const {
  int64_t wanted = getTailBound(halo) == RowBound::wanted && halo == 0 ? getMostWanted() : 0;
  return wanted == 0 ? getMost() : getMost() == 0 ? wanted : std::min(getMost(), wanted);
}

RowDemand EntryAttr::getComputed(RowDemand demand) const {
  if (getWanted().isAll()) // w is the first row of each segment
    return demand.isNone() ? demand : RowDemand::all();
  if (getWanted().isNone()) // w is the end of each segment
    return demand == RowDemand::from() ? RowDemand::none() : demand;
  return demand;
}

LogicalResult CostAttr::verify(function_ref<InFlightDiagnostic()> emitError, CostKind kind, CostUnit unit,
                               int64_t amount, int64_t window, FlatSymbolRefAttr parameter) {
  if (amount < 0 || window < 0)
    return emitError() << "expected an amount and a window of at least 0, got " << amount << " and " << window;
  if (parameter && kind != CostKind::weight_bytes)
    return emitError() << "expected a parameter with `weight_bytes` alone, got " << parameter << " with `"
                       << stringifyCostKind(kind) << "`";
  return success();
}

//===- Weights -----------------------------------------------------------------------------------------------===//

LogicalResult EncodingAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef name, int64_t bits,
                                   int64_t group, Type scale) {
  if (bits < 1 || bits > 32)
    return emitError() << "expected codes of 1 to 32 bits, got " << bits;
  if (group < 0)
    return emitError() << "expected groups of at least 0 columns, got " << group;
  if (!scale.isF32() && !scale.isBF16() && !scale.isF16())
    return emitError() << "expected scales of f32, bf16 or f16, got " << scale;
  return success();
}

int64_t EncodingAttr::getScalesOfRow(int64_t columns) const {
  return getGroup() == 0 ? 1 : llvm::divideCeil(columns, getGroup());
}

int64_t EncodingAttr::getCodeBytesOfRow(int64_t columns) const { return llvm::divideCeil(columns * getBits(), 8); }

int64_t EncodingAttr::getScalesOffset(int64_t rows, int64_t columns) const {
  return llvm::alignTo(rows * getCodeBytesOfRow(columns), kAlignment);
}

int64_t EncodingAttr::getBytes(int64_t rows, int64_t columns) const {
  return getScalesOffset(rows, columns) +
         rows * getScalesOfRow(columns) * static_cast<int64_t>(getScale().getIntOrFloatBitWidth() / 8);
}

//===- Rope --------------------------------------------------------------------------------------------------===//

/// rope ::= `<` style `,` `[` (float (`,` float)*)? `]` `>`
Attribute RopeAttr::parse(AsmParser &parser, Type) {
  StringRef keyword;
  if (parser.parseLess())
    return {};
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&keyword))
    return {};
  std::optional<RopeStyle> style = symbolizeRopeStyle(keyword);
  if (!style) {
    parser.emitError(loc) << "expected `interleaved` or `half`, got `" << keyword << "`";
    return {};
  }
  SmallVector<float> frequencies;
  auto parseFrequency = [&]() -> ParseResult {
    APFloat value(0.0f);
    if (parser.parseFloat(APFloat::IEEEsingle(), value))
      return failure();
    frequencies.push_back(value.convertToFloat());
    return success();
  };
  if (parser.parseComma() || parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseFrequency) ||
      parser.parseGreater())
    return {};
  return parser.getChecked<RopeAttr>(parser.getContext(), *style,
                                     DenseF32ArrayAttr::get(parser.getContext(), frequencies));
}

void RopeAttr::print(AsmPrinter &printer) const {
  printer << "<" << stringifyRopeStyle(getStyle()) << ", [";
  llvm::interleaveComma(getInvFreq().asArrayRef(), printer,
                        [&](float frequency) { printer.printFloat(APFloat(frequency)); });
  printer << "]>";
}

//===- Random ------------------------------------------------------------------------------------------------===//

Attribute RandomAttr::parse(AsmParser &parser, Type) {
  uint64_t seed = 0, stream = 0;
  FloatAttr scale;
  if (parser.parseLess() || parser.parseKeyword("seed") || parser.parseEqual() || parser.parseInteger(seed) ||
      parser.parseComma() || parser.parseKeyword("stream") || parser.parseEqual() || parser.parseInteger(stream) ||
      parser.parseComma() || parser.parseKeyword("scale") || parser.parseEqual() ||
      parser.parseAttribute(scale, parser.getBuilder().getF32Type()) || parser.parseGreater())
    return {};
  return parser.getChecked<RandomAttr>(parser.getContext(), seed, stream, scale);
}

void RandomAttr::print(AsmPrinter &printer) const {
  printer << "<seed = " << getSeed() << ", stream = " << getStream() << ", scale = ";
  printer.printAttributeWithoutType(getScale());
  printer << ">";
}

LogicalResult RandomAttr::verify(function_ref<InFlightDiagnostic()> emitError, uint64_t, uint64_t, FloatAttr scale) {
  if (!scale.getType().isF32() || !scale.getValue().isFinite() || scale.getValue().isNegative())
    return emitError() << "expected `scale` to be a finite f32 of at least 0, got " << scale;
  return success();
}

//===- Target, bounds, tiles ---------------------------------------------------------------------------------===//

LogicalResult TargetAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef device, StringRef,
                                 Type compute) {
  if (device.empty())
    return emitError() << "expected the name of a kind of device, got an empty one";
  if (!isa<FloatType>(compute))
    return emitError() << "expected a floating-point type to compute in, got " << compute;
  return success();
}

LogicalResult InRecordAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t offset) {
  if (offset < 0 || offset % kAlignment != 0)
    return emitError() << "expected an offset that is a multiple of " << kAlignment << ", got " << offset;
  return success();
}

LogicalResult BoundsAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t seq, int64_t batch,
                                 int64_t chunk, int64_t wanted) {
  if (seq < 1 || batch < 1 || chunk < 1 || wanted < 1)
    return emitError() << "expected every bound to be at least 1, got seq " << seq << ", batch " << batch << ", chunk "
                       << chunk << ", wanted " << wanted;
  return success();
}

LogicalResult TilesAttr::verify(function_ref<InFlightDiagnostic()> emitError, TileUnit, int64_t divisor,
                                int64_t multiplier) {
  if (divisor < 1 || multiplier < 1)
    return emitError() << "expected divisor and multiplier to be at least 1, got " << divisor << " and " << multiplier;
  return success();
}

//===- Size --------------------------------------------------------------------------------------------------===//

static constexpr std::array<StringLiteral, 4> kBoundNames = {"seq", "batch", "chunk", "wanted"};

std::optional<int64_t> SizeTerm::evaluate(const Bounds &bounds) const {
  const std::array<int64_t, 4> values = {bounds.seq, bounds.batch, bounds.chunk, bounds.wanted};
  int64_t product = coefficient;
  for (auto [value, power] : llvm::zip_equal(values, powers))
    for (unsigned i = 0; i < power; ++i)
      if (llvm::MulOverflow(product, value, product))
        return std::nullopt;
  int64_t padded = 0;
  if (llvm::AddOverflow(product, kAlignment - 1, padded))
    return std::nullopt;
  return padded - padded % kAlignment;
}

/// term ::= integer (`*` bound)*
static ParseResult parseTerm(AsmParser &parser, SizeTerm &term) {
  SMLoc loc = parser.getCurrentLocation();
  if (failed(parser.parseInteger(term.coefficient)))
    return failure();
  if (term.coefficient < 0)
    return parser.emitError(loc) << "expected a number of bytes of at least 0, got " << term.coefficient;
  while (succeeded(parser.parseOptionalStar())) {
    StringRef keyword;
    loc = parser.getCurrentLocation();
    if (failed(parser.parseKeyword(&keyword)))
      return failure();
    const auto *it = llvm::find(kBoundNames, keyword);
    if (it == kBoundNames.end())
      return parser.emitError(loc) << "expected `seq`, `batch`, `chunk` or `wanted`, got `" << keyword << "`";
    uint8_t &power = term.powers[it - kBoundNames.begin()];
    if (power == 4)
      return parser.emitError(loc) << "expected `" << keyword << "` at most 4 times in a product";
    ++power;
  }
  return success();
}

Attribute SizeAttr::parse(AsmParser &parser, Type) {
  SmallVector<SizeTerm> terms;
  if (failed(parser.parseLess()))
    return {};
  do {
    if (failed(parseTerm(parser, terms.emplace_back())))
      return {};
    if (terms.back().coefficient == 0)
      terms.pop_back();
  } while (succeeded(parser.parseOptionalPlus()));
  if (failed(parser.parseGreater()))
    return {};
  return SizeAttr::get(parser.getContext(), terms);
}

void SizeAttr::print(AsmPrinter &printer) const {
  printer << "<";
  llvm::interleave(
      getTerms(), printer.getStream(),
      [&](const SizeTerm &term) {
        printer << term.coefficient;
        for (auto [name, power] : llvm::zip_equal(kBoundNames, term.powers))
          for (unsigned i = 0; i < power; ++i)
            printer << " * " << name;
      },
      " + ");
  if (getTerms().empty())
    printer << "0";
  printer << ">";
}

LogicalResult SizeAttr::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<SizeTerm> terms) {
  for (const SizeTerm &term : terms)
    if (term.coefficient <= 0)
      return emitError() << "expected positive coefficients, got " << term.coefficient;
  return success();
}

SizeAttr SizeAttr::get(MLIRContext *context, SizeTerm term) {
  if (term.coefficient == 0)
    return SizeAttr::get(context, ArrayRef<SizeTerm>());
  return SizeAttr::get(context, ArrayRef<SizeTerm>(term));
}

std::optional<int64_t> SizeAttr::evaluate(const Bounds &bounds) const {
  int64_t sum = 0;
  for (const SizeTerm &term : getTerms()) {
    std::optional<int64_t> bytes = term.evaluate(bounds);
    if (!bytes || llvm::AddOverflow(sum, *bytes, sum))
      return std::nullopt;
  }
  return sum;
}

SizeAttr SizeAttr::add(SizeAttr other) const {
  SmallVector<SizeTerm> terms(getTerms());
  for (const SizeTerm &term : other.getTerms()) {
    // Only products that need no rounding may be added up before they are rounded.
    auto *it = llvm::find_if(terms, [&](const SizeTerm &candidate) {
      return candidate.powers == term.powers && candidate.isAlwaysAligned() && term.isAlwaysAligned();
    });
    int64_t sum = 0;
    if (it != terms.end() && !llvm::AddOverflow(it->coefficient, term.coefficient, sum))
      it->coefficient = sum;
    else
      terms.push_back(term);
  }
  return SizeAttr::get(getContext(), terms);
}

bool SizeAttr::isProvablyAtMost(SizeAttr other) const {
  // Bounds are at least 1 and rounding is monotone, so a term is at most another of the same powers and no smaller
  // coefficient. Each term of `other` pays for one of ours; what it has left pays for more only where it is not
  // rounded.
  SmallVector<SizeTerm> budget(other.getTerms());
  for (const SizeTerm &term : getTerms()) {
    auto *it = llvm::find_if(budget, [&](const SizeTerm &candidate) {
      return candidate.powers == term.powers && candidate.coefficient >= term.coefficient;
    });
    if (it == budget.end())
      return false;
    if (it->isAlwaysAligned() && term.isAlwaysAligned())
      it->coefficient -= term.coefficient;
    else
      it->coefficient = 0;
  }
  return true;
}
