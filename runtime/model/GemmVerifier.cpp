// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operands of matrix products: what they are (verifyGemm, once), and where they lie (GemmRanges, at each set of
// bounds).

#include "runtime/model/GemmRanges.h"
#include "runtime/model/Parameters.h"
#include "runtime/model/PlanVerifier.h"

#include <algorithm>
#include <cinttypes>

namespace yoco::runtime {

namespace {

/// Libraries count rows, columns and strides with 32 bits.
constexpr uint64_t kMostCount = INT32_MAX;

class GemmVerifier {
public:
  GemmVerifier(const fb::Gemm &gemm, const fb::Variant &variant, const Path &path)
      : gemm(gemm), variant(variant), path(path) {}

  Status run() {
    YOCO_RETURN_IF_ERROR(verifyIndex(gemm.weight(), variant.parameters()->size(), "parameter", Path(path, "weight")));
    const fb::Parameter &weight = *variant.parameters()->Get(gemm.weight());
    YOCO_RETURN_IF_ERROR(verifyWeight(weight, Path(path, "weight")));
    YOCO_RETURN_IF_ERROR(verifyWeightRows(weight));
    YOCO_RETURN_IF_ERROR(verifyRows(*gemm.input(), weight.columns(), Path(path, "input")));
    if (gemm.input()->element() != fb::ElementType::bf16)
      return YOCO_PLAN_ERROR(Path(path, "input.element"), "expected bf16, got %s",
                             fb::EnumNameElementType(gemm.input()->element()));
    YOCO_RETURN_IF_ERROR(verifyRows(*gemm.output(), productOutputs(gemm, weight), Path(path, "output")));
    fb::ElementType result = gemm.output()->element();
    if (result == fb::ElementType::f16)
      return YOCO_PLAN_ERROR(Path(path, "output.element"), "expected f32 or bf16, got f16");
    if (gemm.residual()) {
      YOCO_RETURN_IF_ERROR(verifyRows(*gemm.residual(), productOutputs(gemm, weight), Path(path, "residual")));
      if (gemm.residual()->element() != result)
        return YOCO_PLAN_ERROR(Path(path, "residual.element"), "expected the output's, %s, got %s",
                               fb::EnumNameElementType(result), fb::EnumNameElementType(gemm.residual()->element()));
    }
    if (gemm.workspace() == -1)
      return Status();
    return verifyIndex(uint64_t(int64_t(gemm.workspace())), variant.buffers()->size(), "buffer",
                       Path(path, "workspace"));
  }

private:
  Status verifyWeight(const fb::Parameter &weight, const Path &where) {
    if (weight.encoding() || weight.placement() != fb::Placement::device)
      return YOCO_PLAN_ERROR(where, "expected a parameter without encoding in the memory of the device, got `%s`",
                             weight.name()->c_str());
    if (weight.layout() != fb::ParameterLayout::row_major || weight.element() != fb::ElementType::bf16)
      return YOCO_PLAN_ERROR(where, "expected a row_major parameter of bf16, got a %s one of %s",
                             fb::EnumNameParameterLayout(weight.layout()), fb::EnumNameElementType(weight.element()));
    if (weight.rows() > kMostCount || rowStride(weight) > kMostCount)
      return YOCO_PLAN_ERROR(where, "expected fewer than 2^31 rows and columns, got %" PRIu64 " and %" PRIu64,
                             weight.rows(), rowStride(weight));
    return Status();
  }

  /// Some rows of the weight are a range within it; without an end, all of them.
  Status verifyWeightRows(const fb::Parameter &weight) {
    bool isAll = gemm.first_row() == 0 && gemm.end_row() == 0;
    if (isAll || (gemm.first_row() < gemm.end_row() && gemm.end_row() <= weight.rows()))
      return Status();
    return YOCO_PLAN_ERROR(path, "expected rows of the %" PRIu64 " that the weight has, got %" PRIu64 " to %" PRIu64,
                           weight.rows(), gemm.first_row(), gemm.end_row());
  }

  Status verifyRows(const fb::GemmRows &rows, uint64_t columns, const Path &where) {
    YOCO_RETURN_IF_ERROR(verifyIndex(rows.buffer(), variant.buffers()->size(), "buffer", Path(where, "buffer")));
    YOCO_RETURN_IF_ERROR(verifyEnum(rows.element(), fb::ElementType::MAX, Path(where, "element")));
    if (rows.offset() % elementSize(rows.element()) != 0)
      return YOCO_PLAN_ERROR(Path(where, "offset"), "expected a multiple of %" PRIu64 ", got %" PRIu64,
                             elementSize(rows.element()), rows.offset());
    if (rows.stride() < columns || rows.stride() > kMostCount)
      return YOCO_PLAN_ERROR(Path(where, "stride"),
                             "expected the %" PRIu64 " columns or more, below 2^31, got %" PRIu64, columns,
                             rows.stride());
    return Status();
  }

  const fb::Gemm &gemm;
  const fb::Variant &variant;
  const Path &path;
};

} // namespace

Status verifyGemm(const fb::Gemm &gemm, const fb::Variant &variant, const Path &path) {
  return GemmVerifier(gemm, variant, path).run();
}

Status GemmRanges::check(const fb::Gemm &gemm, uint64_t rows) {
  const fb::Parameter &weight = *variant.parameters()->Get(gemm.weight());
  Operand output, input, residual, workspace;
  YOCO_RETURN_IF_ERROR(place(*gemm.output(), productOutputs(gemm, weight), rows, Path(path, "output"), output));
  YOCO_RETURN_IF_ERROR(place(*gemm.input(), weight.columns(), rows, Path(path, "input"), input));
  YOCO_RETURN_IF_ERROR(checkApart(input, "input", output, "output"));
  if (gemm.residual()) {
    YOCO_RETURN_IF_ERROR(place(*gemm.residual(), productOutputs(gemm, weight), rows, Path(path, "residual"), residual));
    YOCO_RETURN_IF_ERROR(checkApart(residual, "residual", output, "output"));
  }
  if (gemm.workspace() < 0)
    return Status();
  const PlanSizes::Range &buffer = sizes.buffers[uint32_t(gemm.workspace())];
  workspace = {variant.buffers()->Get(uint32_t(gemm.workspace()))->arena(), buffer.offset, buffer.size, 0, 0};
  YOCO_RETURN_IF_ERROR(checkApart(output, "output", workspace, "workspace"));
  YOCO_RETURN_IF_ERROR(checkApart(input, "input", workspace, "workspace"));
  return gemm.residual() ? checkApart(residual, "residual", workspace, "workspace") : Status();
}

Status GemmRanges::place(const fb::GemmRows &rows, uint64_t columns, uint64_t count, const Path &where,
                         Operand &operand) {
  const PlanSizes::Range &buffer = sizes.buffers[rows.buffer()];
  uint64_t size = elementSize(rows.element());
  // The last row ends with its columns: a slice of wider rows reaches no further.
  Checked bytes = (Checked(count - 1) * rows.stride() + columns) * size;
  if (!bytes.ok() || !rangeFits(rows.offset(), bytes.value(), buffer.size))
    return YOCO_PLAN_ERROR(where,
                           "%" PRIu64 " rows of %" PRIu64 " at %" PRIu64 ", %" PRIu64
                           " apart, do not lie within buffer %u of %" PRIu64 " bytes",
                           count, columns, rows.offset(), rows.stride(), rows.buffer(), buffer.size);
  operand = {variant.buffers()->Get(rows.buffer())->arena(), buffer.offset + rows.offset(), bytes.value(),
             rows.stride() * size, columns * size};
  return Status();
}

Status GemmRanges::checkApart(const Operand &a, const char *aName, const Operand &b, const char *bName) {
  if (a.arena != b.arena || a.begin + a.size <= b.begin || b.begin + b.size <= a.begin)
    return Status();
  // Different columns of the same rows.
  if (a.stride == b.stride && a.stride != 0) {
    uint64_t distance = std::max(a.begin, b.begin) - std::min(a.begin, b.begin);
    const Operand &first = a.begin <= b.begin ? a : b, &second = a.begin <= b.begin ? b : a;
    if (distance % a.stride >= first.width && distance % a.stride + second.width <= a.stride)
      return Status();
  }
  return YOCO_PLAN_ERROR(path, "%s and %s overlap", aName, bName);
}

} // namespace yoco::runtime
