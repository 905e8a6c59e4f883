// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cell is a frame and what is filled of it: its width is the rows that are computed, with the last row on the right,
// its height the operations that run. A full frame is every token and every operation, an empty one nothing. Beside it
// stands the same in words, and under the pointer what is skipped.
//
// Text is measured by its number of characters, since the font is the viewer's.

#include "passes/step/DrawDemand.h"
#include "passes/analysis/States.h"
#include "passes/step/DemandTable.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace mlir::yoco;

namespace {

constexpr int kMargin = 16, kTop = 100, kRow = 34, kLine = 14, kGap = 8, kCharacter = 7;
constexpr int kBarWidth = 64, kBarHeight = 18, kTail = 20, kWanted = 8;
constexpr size_t kReasonCharacters = 46;

constexpr const char *kStyle = R"(<style>
text { font: 12px system-ui, sans-serif; fill: #1c2128 }
.title { font-size: 16px; font-weight: 600 }
.head { font-weight: 600 }
.small { font-size: 11px; fill: #57606a }
.frame { fill: none; stroke: #8c959f }
.skipped { fill: none; stroke: #8c959f; stroke-dasharray: 3 3 }
.computed { fill: #1f6feb }
.line { stroke: #d0d7de }
</style>
)";

class Picture {
public:
  Picture(const DemandTable &table, raw_ostream &os) : table(table), os(os) {}
  void draw();

private:
  struct Row {
    StringAttr layer;
    SmallVector<std::string> reason; // its lines
    int height;
  };

  void layOut();
  void drawLegend();
  void drawHead();
  void drawRow(const Row &row, int y);
  void drawCell(size_t entry, StringAttr layer, int x, int y);
  void drawBar(int x, int y, int width, int height, bool isSkipped);
  void drawText(StringRef text, int x, int y, StringRef style = "");

  const DemandTable &table;
  raw_ostream &os;
  SmallVector<Row> rows;
  SmallVector<int> columns; // where the layer, each entry point and the reason begin
  int width = 0, bottom = 0;
};

} // namespace

static int measure(StringRef text) { return static_cast<int>(text.size()) * kCharacter; }

/// A bar of the legend.
struct Sample {
  StringRef text;
  int width, height;
  bool isSkipped;
  int getSize() const { return kBarWidth + kGap + measure(text) + 2 * kGap; }
};
static const Sample kSamples[] = {{"every token", kBarWidth, kBarHeight, false},
                                  {"the last tokens (not to scale)", kTail, kBarHeight, false},
                                  {"some of the operations", kBarWidth, kBarHeight / 3, false},
                                  {"skipped", 0, 0, true}};

/// Text as XML has it.
static std::string escape(StringRef text) {
  std::string clean = llvm::json::isUTF8(text) ? text.str() : llvm::json::fixUTF8(text), result;
  for (char &c : clean)
    if (static_cast<unsigned char>(c) < ' ')
      c = ' ';
  llvm::raw_string_ostream stream(result);
  llvm::printHTMLEscaped(clean, stream);
  return result;
}

/// The words of `text` in lines.
static SmallVector<std::string> wrap(StringRef text) {
  SmallVector<std::string> lines;
  SmallVector<StringRef> words;
  text.split(words, ' ', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef word : words) {
    if (lines.empty() || lines.back().size() + 1 + word.size() > kReasonCharacters)
      lines.push_back(word.str());
    else
      lines.back() += " " + word.str();
  }
  return lines;
}

static std::string getLabel(const LayerWork &work, EntryAttr entry) {
  if (work.needed == 0)
    return "skipped";
  return work.rows.isAll() ? "every token" : formatRows(work.rows, entry);
}

static std::string getPart(const LayerWork &work) {
  if (work.needed == 0 || work.needed == work.total)
    return "";
  return std::to_string(work.needed) + " of " + std::to_string(work.total) + " ops";
}

void Picture::layOut() {
  int name = measure("layer");
  for (StringAttr layer : table.layers)
    name = std::max(name, measure(layer));
  columns = {kMargin, kMargin + name + 2 * kGap};
  for (auto [i, entry] : llvm::enumerate(table.entries)) {
    int words = 0;
    for (StringAttr layer : table.layers) {
      LayerWork work = table.getWork(i, layer);
      words = std::max({words, measure(getLabel(work, getEntry(entry))), measure(getPart(work))});
    }
    int cell = std::max(measure(func::FuncOp(entry).getSymName()) + kCharacter, kBarWidth + kGap + words);
    columns.push_back(columns.back() + cell + 2 * kGap);
  }
  bottom = kTop;
  for (StringAttr layer : table.layers) {
    SmallVector<std::string> reason = wrap(table.getReason(layer));
    int height = std::max(kRow, kGap + kLine * static_cast<int>(reason.size()));
    bottom += height;
    rows.push_back({layer, std::move(reason), height});
  }
  width = columns.back() + static_cast<int>(kReasonCharacters) * kCharacter + kMargin;
  int legend = kMargin;
  for (const Sample &sample : kSamples)
    legend += sample.getSize();
  width = std::max(width, legend);
  for (StringRef tail : table.getTails()) {
    width = std::max(width, 2 * kMargin + measure(tail));
    bottom += kLine + kGap / 2;
  }
  bottom += kMargin;
}

void Picture::drawText(StringRef text, int x, int y, StringRef style) {
  os << "<text";
  if (!style.empty())
    os << " class=\"" << style << "\"";
  os << " x=\"" << x << "\" y=\"" << y << "\">" << escape(text) << "</text>\n";
}

/// A frame whose lower right corner is filled.
void Picture::drawBar(int x, int y, int filledWidth, int filledHeight, bool isSkipped) {
  if (!isSkipped && filledWidth > 0 && filledHeight > 0)
    os << "<rect class=\"computed\" x=\"" << x + kBarWidth - filledWidth << "\" y=\"" << y + kBarHeight - filledHeight
       << "\" width=\"" << filledWidth << "\" height=\"" << filledHeight << "\"/>\n";
  os << "<rect class=\"" << (isSkipped ? "skipped" : "frame") << "\" x=\"" << x << "\" y=\"" << y << "\" width=\""
     << kBarWidth << "\" height=\"" << kBarHeight << "\"/>\n";
}

void Picture::drawLegend() {
  int x = kMargin;
  for (const Sample &sample : kSamples) {
    drawBar(x, 42, sample.width, sample.height, sample.isSkipped);
    drawText(sample.text, x + kBarWidth + kGap, 55, "small");
    x += sample.getSize();
  }
}

void Picture::drawHead() {
  drawText("layer", columns[0], kTop - 12, "head");
  for (auto [i, entry] : llvm::enumerate(table.entries))
    drawText(("@" + func::FuncOp(entry).getSymName()).str(), columns[i + 1], kTop - 12, "head");
  drawText("why the rest is skipped", columns.back(), kTop - 12, "head");
}

void Picture::drawCell(size_t entry, StringAttr layer, int x, int y) {
  LayerWork work = table.getWork(entry, layer);
  if (work.total == 0)
    return;
  func::FuncOp function = table.entries[entry];
  EntryAttr shape = getEntry(function);
  std::string part = getPart(work), hint;
  llvm::raw_string_ostream stream(hint);
  stream << layer.getValue() << " in @" << function.getSymName() << ": " << formatWork(work, shape);
  if (!part.empty()) {
    stream << "; skips ";
    printOperations(work.skipped, stream);
  }
  os << "<g><title>" << escape(hint) << "</title>\n";
  int filled = work.rows.isAll() ? kBarWidth : work.rows.isNone() ? 0 : work.rows.getBefore() == 0 ? kWanted : kTail;
  int height = static_cast<int>(std::max<int64_t>(1, int64_t(kBarHeight) * work.needed / work.total));
  drawBar(x, y + 8, filled, height, work.needed == 0);
  drawText(getLabel(work, shape), x + kBarWidth + kGap, part.empty() ? y + 21 : y + 15);
  if (!part.empty())
    drawText(part, x + kBarWidth + kGap, y + 28, "small");
  os << "</g>\n";
}

void Picture::drawRow(const Row &row, int y) {
  os << "<line class=\"line\" x1=\"" << kMargin << "\" y1=\"" << y << "\" x2=\"" << width - kMargin << "\" y2=\"" << y
     << "\"/>\n";
  drawText(row.layer, columns[0], y + 21);
  for (size_t i = 0; i < table.entries.size(); ++i)
    drawCell(i, row.layer, columns[i + 1], y);
  int line = y + (row.reason.size() == 1 ? 21 : 15);
  for (StringRef words : row.reason) {
    drawText(words, columns.back(), line, "small");
    line += kLine;
  }
}

void Picture::draw() {
  layOut();
  os << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << width << "\" height=\"" << bottom << "\" viewBox=\"0 0 "
     << width << " " << bottom << "\" role=\"img\">\n<title>Rows computed per layer and entry point</title>\n"
     << kStyle << "<rect width=\"" << width << "\" height=\"" << bottom << "\" fill=\"#ffffff\"/>\n";
  drawText("Rows computed per layer and entry point", kMargin, 28, "title");
  drawLegend();
  drawHead();
  int y = kTop;
  for (const Row &row : rows) {
    drawRow(row, y);
    y += row.height;
  }
  for (StringRef tail : table.getTails()) {
    y += kLine + kGap / 2;
    drawText(tail, kMargin, y, "small");
  }
  os << "</svg>\n";
}

void yoco::drawDemand(ModuleOp module, const RowDemands &demands, raw_ostream &os) {
  DemandTable table(module, demands);
  Picture(table, os).draw();
}
