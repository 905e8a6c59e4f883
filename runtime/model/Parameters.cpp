// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/model/Parameters.h"

#include "runtime/schema/GeneratedParameters.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace yoco::runtime {

uint64_t elementSize(fb::ElementType element) { return element == fb::ElementType::f32 ? 4 : 2; }

const char *elementName(fb::ElementType element) { return fb::EnumNameElementType(element); }

Checked parameterBytes(const fb::Parameter &parameter) {
  Checked rows(parameter.rows());
  if (parameter.layout() == fb::ParameterLayout::panels)
    rows = Checked(divideUp(parameter.rows(), parameter.panel())) * parameter.panel();
  return rows * parameter.columns() * elementSize(parameter.element());
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

template <typename Element, typename Convert>
void generateRows(const fb::Parameter &parameter, Element *elements, Parallel &parallel, Convert convert) {
  // row_major is panels of one row.
  const uint64_t columns = parameter.columns();
  const uint64_t panel = parameter.layout() == fb::ParameterLayout::panels ? parameter.panel() : 1;
  const uint64_t paddedRows = divideUp(parameter.rows(), panel) * panel;
  // A tile is as many rows as make it worth a thread's while; tiles are counted
  // with 32 bits.
  uint64_t rowsPerTile = std::max<uint64_t>(1, 65536 / columns);
  rowsPerTile = std::max(rowsPerTile, divideUp(paddedRows, uint64_t(1) << 31));

  uint64_t firstRow = 0;
  auto fill = [&](uint64_t rows, auto value) {
    parallelFor(parallel, uint32_t(divideUp(rows, rowsPerTile)), [&](uint32_t begin, uint32_t end) {
      for (uint64_t row = begin * rowsPerTile, last = std::min(rows, end * rowsPerTile); row < last; ++row) {
        uint64_t placed = firstRow + row;
        Element *start = elements + placed / panel * panel * columns + placed % panel;
        for (uint64_t column = 0; column < columns; ++column)
          start[column * panel] = value(row * columns + column);
      }
    });
    firstRow += rows;
  };
  for (const fb::GeneratedRows *run : *parameter.generated()) {
    uint64_t key = generatorKey(run->seed(), run->stream());
    float scale = run->scale();
    fill(run->rows(), [=](uint64_t index) { return convert(generatedValue(key, index, scale)); });
  }
  fill(paddedRows - firstRow, [](uint64_t) { return Element(0); });
}

} // namespace

void generateParameter(const fb::Parameter &parameter, uint8_t *memory, Parallel &parallel) {
  switch (parameter.element()) {
  case fb::ElementType::f32:
    return generateRows(parameter, reinterpret_cast<float *>(memory), parallel, [](float value) { return value; });
  case fb::ElementType::bf16:
    return generateRows(parameter, reinterpret_cast<uint16_t *>(memory), parallel, roundToBf16);
  case fb::ElementType::f16:
    return generateRows(parameter, reinterpret_cast<uint16_t *>(memory), parallel, roundToF16);
  }
}

} // namespace yoco::runtime
