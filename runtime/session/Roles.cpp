// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/session/Roles.h"

#include <optional>

namespace yoco::runtime {

namespace {

struct Description {
  const char *name;
  fb::RowShape shape;
  fb::RowsWanted wanted;
  std::optional<fb::OutputKind> output; // none: nothing comes out
};

const Description kRoles[roleCount] = {
    {"prefill", fb::RowShape::ragged, fb::RowsWanted::none, std::nullopt},
    {"decode", fb::RowShape::one_per_segment, fb::RowsWanted::all, fb::OutputKind::logits},
    {"score", fb::RowShape::ragged, fb::RowsWanted::all, fb::OutputKind::logits},
    {"sample", fb::RowShape::one_per_segment, fb::RowsWanted::all, fb::OutputKind::sampled},
    {"extend", fb::RowShape::ragged, fb::RowsWanted::from, fb::OutputKind::logits},
    {"extend_sample", fb::RowShape::ragged, fb::RowsWanted::from, fb::OutputKind::sampled},
    {"extend_logprobs", fb::RowShape::ragged, fb::RowsWanted::from, fb::OutputKind::logprobs},
};
static_assert(YOCO_ENTRY_PREFILL == 1 << prefillRole && YOCO_ENTRY_DECODE == 1 << decodeRole &&
                  YOCO_ENTRY_SCORE == 1 << scoreRole && YOCO_ENTRY_SAMPLE == 1 << sampleRole &&
                  YOCO_ENTRY_EXTEND == 1 << extendRole && YOCO_ENTRY_EXTEND_SAMPLE == 1 << extendSampleRole &&
                  YOCO_ENTRY_EXTEND_LOGPROBS == 1 << extendLogProbsRole,
              "flags stand in the order of roles");

} // namespace

const char *roleName(Role role) { return kRoles[role].name; }

Role roleOf(uint32_t flag) {
  for (uint32_t role = 0; role < roleCount; ++role)
    if (flag == uint32_t(1) << role)
      return Role(role);
  return roleCount;
}

int32_t findOutput(const fb::Entry &entry, fb::OutputKind kind) {
  for (uint32_t i = 0; i < entry.outputs()->size(); ++i)
    if (entry.outputs()->Get(i)->kind() == kind)
      return int32_t(i);
  return -1;
}

int32_t findEntry(const fb::Variant &variant, Role role) {
  const Description &wanted = kRoles[role];
  for (uint32_t i = 0; i < variant.entries()->size(); ++i) {
    const fb::Entry &entry = *variant.entries()->Get(i);
    bool gives = !wanted.output || findOutput(entry, *wanted.output) >= 0;
    if (entry.row_shape() == wanted.shape && entry.rows_wanted() == wanted.wanted && gives)
      return int32_t(i);
  }
  return -1;
}

} // namespace yoco::runtime
