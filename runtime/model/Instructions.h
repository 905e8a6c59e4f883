// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions of an entry point, visited by kind. Everything in the runtime that depends on what an instruction is
// goes through `visit`: a new operation of the schema is a case here, and every visitor that does not handle it yet
// fails to compile.

#ifndef YOCO_RUNTIME_MODEL_INSTRUCTIONS_H
#define YOCO_RUNTIME_MODEL_INSTRUCTIONS_H

#include "runtime/core/Arithmetic.h"
#include "runtime/schema/model_generated.h"

#include <cstdint>
#include <utility>

namespace yoco::runtime {

/// A visitor made of one function for each operation.
template <typename... Functions>
struct Handlers : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>
Handlers(Functions...) -> Handlers<Functions...>;

/// Whether this runtime knows what the instruction is. The loader asks before anything visits it.
inline bool isKnown(const fb::Instruction &instruction) {
  return instruction.operation_type() != fb::Operation::NONE && instruction.operation_type() <= fb::Operation::MAX;
}

/// Calls `visitor` with the operation of `instruction`, which is known, and returns what it returns.
template <typename Visitor>
decltype(auto) visit(const fb::Instruction &instruction, Visitor &&visitor) {
  switch (instruction.operation_type()) {
  case fb::Operation::Launch:
    return visitor(*instruction.operation_as_Launch());
  case fb::Operation::Copy:
    return visitor(*instruction.operation_as_Copy());
  case fb::Operation::Gemm:
    return visitor(*instruction.operation_as_Gemm());
  case fb::Operation::NONE:
    break;
  }
  __builtin_unreachable();
}

/// Calls `use` with every buffer that the instruction reads or writes; with some of them more than once.
template <typename Use>
void forEachBuffer(const fb::Instruction &instruction, Use &&use) {
  visit(instruction, Handlers{
                         [&](const fb::Launch &launch) {
                           for (const fb::Argument *argument : *launch.arguments())
                             if (argument->kind() == fb::ArgumentKind::buffer)
                               use(argument->index());
                         },
                         [&](const fb::Copy &copy) {
                           use(copy.source());
                           use(copy.destination());
                         },
                         [&](const fb::Gemm &gemm) {
                           use(gemm.input()->buffer());
                           use(gemm.output()->buffer());
                           if (gemm.residual())
                             use(gemm.residual()->buffer());
                           if (gemm.workspace() >= 0)
                             use(uint32_t(gemm.workspace()));
                         },
                     });
}

/// The same for a program, with what its caller fills and reads.
template <typename Use>
void forEachBuffer(const fb::Program &program, Use &&use) {
  use(program.ids());
  if (program.targets() >= 0)
    use(uint32_t(program.targets()));
  for (const fb::SegmentTable *table : *program.segments())
    use(table->buffer());
  if (program.outputs())
    for (uint32_t buffer : *program.outputs())
      use(buffer);
  for (const fb::Instruction *instruction : *program.instructions())
    forEachBuffer(*instruction, use);
}

/// Calls `use(entry, instruction)` for the instructions of all programs of a variant.
template <typename Use>
void forEachInstruction(const fb::Variant &variant, Use &&use) {
  for (const fb::Entry *entry : *variant.entries())
    for (const fb::Program *program : *entry->programs())
      for (const fb::Instruction *instruction : *program->instructions())
        use(*entry, *instruction);
}

/// Of what `launch` has `multiplier` tiles each, in a step of so many rows and segments.
inline uint64_t tileUnits(const fb::Launch &launch, uint64_t rows, uint64_t segments) {
  switch (launch.unit()) {
  case fb::TileUnit::constant:
    return 1;
  case fb::TileUnit::rows:
    return divideUp(rows, launch.divisor());
  case fb::TileUnit::segments:
    return segments;
  }
  return 0;
}

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_MODEL_INSTRUCTIONS_H
