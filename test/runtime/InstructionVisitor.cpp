// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles only when every operation has a handler: see CMakeLists.txt.

#include "runtime/model/Instructions.h"

using namespace yoco;
using namespace yoco::runtime;

int countCopies(const fb::Instruction &instruction) {
  return visit(instruction, Handlers{
                                [](const fb::Launch &) { return 0; },
                                [](const fb::Copy &) { return 1; },
#ifdef YOCO_COMPLETE
                                [](const fb::Gemm &) { return 0; },
#endif
                            });
}
