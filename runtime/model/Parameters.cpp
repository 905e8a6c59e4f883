// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/model/Parameters.h"

#include "runtime/schema/GeneratedParameters.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace yoco::runtime {

uint64_t elementSize(fb::ElementType element) { return element == fb::ElementType::f32 ? 4 : 2; }

const char *elementName(fb::ElementType element) { return fb::EnumNameElementType(element); }

uint64_t rowStride(const fb::Parameter &parameter) {
  return parameter.stride() != 0 ? parameter.stride() : parameter.columns();
}

Checked encodedBytes(const fb::Encoding &encoding, Checked rows, uint64_t columns) {
  Checked bits = Checked(columns) * encoding.bits();
  if (!bits.ok())
    return bits;
  uint64_t scales = encoding.group() == 0 ? 1 : divideUp(columns, encoding.group());
  return (rows * divideUp(bits.value(), 8)).alignedTo(64) + rows * scales * elementSize(encoding.scale());
}

Checked parameterBytes(const fb::Parameter &parameter) {
  Checked rows(parameter.rows());
  if (parameter.encoding())
    return encodedBytes(*parameter.encoding(), rows, parameter.columns());
  if (parameter.layout() == fb::ParameterLayout::panels)
    rows = Checked(divideUp(parameter.rows(), parameter.panel())) * parameter.panel();
  return rows * rowStride(parameter) * elementSize(parameter.element());
}

uint16_t roundToBf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) // NaN stays one
    return uint16_t((bits >> 16) | 0x40u);
  return uint16_t((bits + 0x7FFFu + ((bits >> 16) & 1)) >> 16);
}

uint16_t roundToF16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  uint16_t sign = uint16_t((bits >> 16) & 0x8000u);
  uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u)
    return sign | 0x7E00u;
  if (magnitude >= 0x477FF000u) // 65520 and more round to infinity
    return sign | 0x7C00u;
  if (magnitude < 0x38800000u) { // below 2^-14: multiples of 2^-24
    float scaled = std::fabs(value) * 0x1p24f;
    return sign | uint16_t(std::nearbyint(scaled));
  }
  uint32_t rounded = magnitude + 0xFFFu + ((magnitude >> 13) & 1);
  return sign | uint16_t((rounded - 0x38000000u) >> 13);
}

namespace {

/// The values of a generated parameter, element by element as they lie in memory.
template <typename Element, typename Convert>
class Generator {
public:
  Generator(const fb::Parameter &parameter, Convert convert) : parameter(parameter), convert(convert) { enterRun(0); }

  void fill(uint64_t begin, uint64_t end, Element *out) {
    if (parameter.layout() == fb::ParameterLayout::panels)
      fillPanels(begin, end, out);
    else
      fillRows(begin, end, out);
  }

private:
  void fillRows(uint64_t begin, uint64_t end, Element *out) {
    const uint64_t stride = rowStride(parameter), columns = parameter.columns();
    for (uint64_t index = begin; index < end;) {
      uint64_t row = index / stride, column = index % stride, rowEnd = std::min(end, (row + 1) * stride);
      findRow(row);
      const uint64_t first = run->first() + (row - firstRow) * runStride, key = this->key;
      const float scale = this->scale;
      for (; index < rowEnd && column < columns; ++index, ++column)
        *out++ = convert(generatedValue(key, first + column, scale));
      for (; index < rowEnd; ++index)
        *out++ = Element(0);
    }
  }

  void fillPanels(uint64_t begin, uint64_t end, Element *out) {
    const uint64_t panel = parameter.panel(), columns = parameter.columns();
    for (uint64_t index = begin; index < end;) {
      // Some rows of one column, up to the panel's end.
      uint64_t column = index / panel % columns, row = index / panel / columns * panel + index % panel;
      uint64_t rowEnd = row + std::min(panel - index % panel, end - index);
      index += rowEnd - row;
      while (row < std::min(rowEnd, parameter.rows())) {
        findRow(row);
        const uint64_t key = this->key, last = std::min(rowEnd, firstRow + run->rows());
        const float scale = this->scale;
        uint64_t element = run->first() + (row - firstRow) * runStride + column;
        for (; row < last; ++row, element += runStride)
          *out++ = convert(generatedValue(key, element, scale));
      }
      for (; row < rowEnd; ++row)
        *out++ = Element(0);
    }
  }

  /// Makes the run that `row` is in the current one. Rows come nearly in order.
  void findRow(uint64_t row) {
    if (row >= firstRow && row - firstRow < run->rows())
      return;
    if (row < firstRow)
      enterRun(0);
    while (row - firstRow >= run->rows()) {
      uint64_t next = firstRow + run->rows();
      enterRun(runIndex + 1);
      firstRow = next;
    }
  }

  void enterRun(uint32_t index) {
    runIndex = index;
    run = parameter.generated()->Get(index);
    firstRow = 0;
    key = generatorKey(run->seed(), run->stream());
    scale = run->scale();
    runStride = run->stride() == 0 ? parameter.columns() : run->stride();
  }

  const fb::Parameter &parameter;
  Convert convert;
  const fb::GeneratedRows *run = nullptr;
  uint32_t runIndex = 0;
  uint64_t firstRow = 0; // of the run
  uint64_t key = 0;
  uint64_t runStride = 0;
  float scale = 0;
};

template <typename Element, typename Convert>
void generate(const fb::Parameter &parameter, uint64_t begin, uint64_t end, uint8_t *memory, Convert convert) {
  Generator<Element, Convert>(parameter, convert).fill(begin, end, reinterpret_cast<Element *>(memory));
}

} // namespace

void generateElements(const fb::Parameter &parameter, uint64_t begin, uint64_t end, uint8_t *memory) {
  switch (parameter.element()) {
  case fb::ElementType::f32:
    return generate<float>(parameter, begin, end, memory, [](float value) { return value; });
  case fb::ElementType::bf16:
    return generate<uint16_t>(parameter, begin, end, memory, [](float value) { return roundToBf16(value); });
  case fb::ElementType::f16:
    return generate<uint16_t>(parameter, begin, end, memory, [](float value) { return roundToF16(value); });
  }
}

void generateParameter(const fb::Parameter &parameter, uint8_t *memory, Parallel &parallel) {
  const uint64_t size = elementSize(parameter.element()), elements = parameterBytes(parameter).value() / size;
  // A tile is worth a thread's while; tiles are counted with 32 bits.
  const uint64_t perTile = std::max<uint64_t>(65536, divideUp(elements, uint64_t(1) << 31));
  parallelFor(parallel, uint32_t(divideUp(elements, perTile)), [&](uint32_t begin, uint32_t end) {
    uint64_t first = begin * perTile;
    generateElements(parameter, first, std::min(elements, end * perTile), memory + first * size);
  });
}

} // namespace yoco::runtime
