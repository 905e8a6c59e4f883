// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/planning/Lifetimes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace mlir::yoco;

Lifetimes::Lifetimes(func::FuncOp entry) : block(entry.front()) {
  for (Operation &op : block) {
    // What is no instruction counts as part of the next one, which errs on the safe side.
    numbers[&op] = instructions.size();
    if (isa<RowKernelOpInterface, linalg::GenericOp, LaunchOp, GemmOp, CopyOp>(op))
      instructions.push_back(&op);
  }
}

FailureOr<Lifetime> Lifetimes::get(Value buffer, std::optional<BufferRole> role) const {
  int64_t end = instructions.size();
  Lifetime lifetime{end, -1};
  SmallVector<Value> aliases = {buffer};
  while (!aliases.empty()) {
    for (Operation *user : aliases.pop_back_val().getUsers()) {
      if (isa<memref::DimOp>(user)) // asks for the number of rows and touches no byte
        continue;
      if (isa<ViewLikeOpInterface>(user)) {
        llvm::append_range(aliases, user->getResults());
        continue;
      }
      Operation *op = block.findAncestorOpInBlock(*user);
      auto it = op ? numbers.find(op) : numbers.end();
      if (it == numbers.end())
        return (LogicalResult)(user->emitOpError("expected uses of a planned buffer in the block of its entry point"));
      lifetime.first = std::min(lifetime.first, it->second);
      lifetime.last = std::max(lifetime.last, it->second);
    }
  }
  if (role && getOutput(*role))
    lifetime.last = end;
  else if (role)
    lifetime.first = -1;
  // Never used: the caller may fill it, nothing else happens to it.
  lifetime.first = std::min(lifetime.first, lifetime.last);
  return lifetime;
}
