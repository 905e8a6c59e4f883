// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input and output: phase `step` or `fused`; nothing is changed.
//
// A state is a linear value. For each version of each state, in the block of its entry point:
//   1. at most one operation replaces it by a new version;
//   2. every operation that reads it stands before that operation, or is it;
//   3. an entry point returns, for its i-th state argument, a version of that same state which nothing replaces;
//   4. its state arguments are declared, and each is another state.
// With these, every write can go to the memory of the version that it replaces, and no copy is ever needed.

#include "passes/Passes.h"
#include "passes/analysis/Phase.h"
#include "passes/analysis/States.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_VERIFYSTATESPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

namespace {
struct VerifyStatesPass : public yoco::impl::VerifyStatesPassBase<VerifyStatesPass> {
  void runOnOperation() override {
    if (failed(expectPhase(getOperation(), getArgument(), {Phase::model, Phase::step, Phase::fused})))
      return signalPassFailure();
    bool failedAny = false;
    for (func::FuncOp entry : getEntryPoints(getOperation()))
      failedAny |= failed(verifyEntry(entry));
    if (failedAny)
      signalPassFailure();
  }

  LogicalResult verifyEntry(func::FuncOp entry) {
    bool ok = true;
    SmallVector<Value> versions;
    llvm::SmallDenseSet<StringAttr> names;
    for (BlockArgument argument : entry.getArguments()) {
      if (!isStateType(argument.getType()))
        continue;
      ok &= succeeded(verifyArgument(entry, argument, names));
      versions.push_back(argument);
    }
    SmallVector<Value> arguments = versions;
    entry.walk([&](StateOpInterface op) {
      if (op->getParentOp() != entry) {
        op.emitError("expected states to be read and written in the body of the entry point itself, got '")
            << op->getName() << "' in a nested region";
        ok = false;
      } else {
        llvm::append_range(versions, op.getNewStates());
      }
    });
    for (Value version : versions)
      ok &= succeeded(verifyVersion(version));
    return success(succeeded(verifyReturned(entry, arguments)) && ok);
  }

  /// A state argument holds a declared state, and no other argument holds it too.
  static LogicalResult verifyArgument(func::FuncOp entry, BlockArgument argument,
                                      llvm::SmallDenseSet<StringAttr> &names) {
    StringAttr name = getStateName(argument);
    if (!name)
      return entry.emitError("expected `yoco.state` on argument ") << argument.getArgNumber() << ", a state, got none";
    auto declaration = SymbolTable::lookupNearestSymbolFrom<StateDeclOp>(entry, name);
    if (!declaration)
      return entry.emitError("expected `yoco.state` of argument ")
             << argument.getArgNumber() << " to name a `yoco.state_decl`, got " << FlatSymbolRefAttr::get(name);
    if (declaration.getType() != argument.getType())
      return entry.emitError("expected argument ") << argument.getArgNumber() << " to be of the declared type "
                                                   << declaration.getType() << ", got " << argument.getType();
    if (!names.insert(name).second)
      return entry.emitError("expected every state in one argument, got ")
             << FlatSymbolRefAttr::get(name) << " again in argument " << argument.getArgNumber();
    return success();
  }

  LogicalResult verifyVersion(Value version) {
    ++numVersions;
    Operation *writer = nullptr;
    for (Operation *user : version.getUsers()) {
      auto stateOp = dyn_cast<StateOpInterface>(user);
      if (!stateOp || !stateOp.writesState(version) || user == writer)
        continue;
      if (writer) {
        InFlightDiagnostic error = user->emitError("expected a state to be written once, got a second write");
        error.attachNote(writer->getLoc()) << "it is written here too";
        return error;
      }
      writer = user;
    }
    if (!writer)
      return success();
    Block *block = writer->getBlock();
    for (Operation *user : version.getUsers()) {
      // What is returned is looked at separately.
      Operation *ancestor = block->findAncestorOpInBlock(*user);
      if (user == writer || isa<func::ReturnOp>(user) || (ancestor && ancestor->isBeforeInBlock(writer)))
        continue;
      InFlightDiagnostic error = user->emitError("expected a state to be read before it is written, got a read after");
      error.attachNote(writer->getLoc()) << "it is written here";
      return error;
    }
    return success();
  }

  static bool isReplaced(Value version) {
    return llvm::any_of(version.getUsers(), [&](Operation *user) {
      auto stateOp = dyn_cast<StateOpInterface>(user);
      return stateOp && stateOp.writesState(version);
    });
  }

  LogicalResult verifyReturned(func::FuncOp entry, ArrayRef<Value> arguments) {
    Operation *terminator = entry.getBody().front().getTerminator();
    SmallVector<Value> returned;
    for (Value operand : terminator->getOperands())
      if (isStateType(operand.getType()))
        returned.push_back(operand);
    if (returned.size() != arguments.size())
      return terminator->emitError("expected every state argument to be returned, ")
             << arguments.size() << " in all, got " << returned.size();
    for (auto [argument, version] : llvm::zip_equal(arguments, returned)) {
      if (!getStateName(version) || getStateName(version) != getStateName(argument))
        return terminator->emitError("expected versions of the state arguments, in order, got another value for ")
               << argument.getType();
      if (isReplaced(version))
        return terminator->emitError("expected the last version of ")
               << FlatSymbolRefAttr::get(getStateName(argument)) << ", got an earlier one";
    }
    return success();
  }
};
} // namespace
