// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the C API wants of entry points, and which entry of a file does it. An entry is found by its description,
// whatever it is called; this is the one place that knows roles.

#ifndef YOCO_RUNTIME_SESSION_ROLES_H
#define YOCO_RUNTIME_SESSION_ROLES_H

#include "runtime/schema/model_generated.h"
#include "yoco/yoco.h"

#include <cstdint>

namespace yoco::runtime {

/// In the order of the flags YOCO_ENTRY_*.
enum Role {
  prefillRole,
  decodeRole,
  scoreRole,
  sampleRole,
  extendRole,
  extendSampleRole,
  extendLogProbsRole,
  roleCount
};

/// For messages: "prefill".
const char *roleName(Role role);

/// The first entry of `variant` with the rows and the outputs of the role; -1 when there is none.
int32_t findEntry(const fb::Variant &variant, Role role);

/// The role that the flag YOCO_ENTRY_* names; roleCount when it is not exactly one of them.
Role roleOf(uint32_t flag);

/// The number of an output among those of `entry`; -1 when it does not give that.
int32_t findOutput(const fb::Entry &entry, fb::OutputKind kind);

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_SESSION_ROLES_H
