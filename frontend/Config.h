// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading the fields of a configuration, strictly: a field is either understood, known not to matter, or refused.

#ifndef YOCO_FRONTEND_CONFIG_H
#define YOCO_FRONTEND_CONFIG_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <optional>
#include <string>

namespace mlir::yoco {

/// Reads one JSON object. The first problem is kept and later ones are dropped: a family reads all its fields, then
/// asks `finish`. What is returned after a problem is in range, so that arithmetic on it is safe.
class ConfigReader {
public:
  ConfigReader(const llvm::json::Object &object, llvm::StringRef file) : object(object), file(file) {}

  /// A required integer from `low` to `high`.
  int64_t getInteger(llvm::StringRef name, int64_t low, int64_t high);

  /// None when the field is absent or null.
  std::optional<int64_t> getOptionalInteger(llvm::StringRef name, int64_t low, int64_t high);

  /// A number above `low` and at most `high`; `fallback` when the field is absent.
  double getNumber(llvm::StringRef name, double low, double high, double fallback);

  /// One integer or a list of them, each from 0 to `high`; empty when the field is absent or null.
  llvm::SmallVector<int32_t> getIds(llvm::StringRef name, int64_t high);

  /// Fields that do not change what the model computes.
  void ignore(llvm::ArrayRef<llvm::StringLiteral> names);

  /// A field for which `value` is implemented and nothing else is; absent and null say the same.
  void expectOnly(llvm::StringRef name, const llvm::json::Value &value);

  /// Relations between fields.
  void expect(bool condition, const llvm::Twine &message);

  /// The first problem. A field that nothing has asked for is one, unless it is null or false.
  llvm::Error finish();

  bool hasFailed() const { return !problem.empty(); }

private:
  const llvm::json::Value *find(llvm::StringRef name);
  int64_t checkInteger(llvm::StringRef name, const llvm::json::Value *value, int64_t low, int64_t high);
  void fail(llvm::StringRef name, const llvm::Twine &message);

  const llvm::json::Object &object;
  std::string file;
  std::string problem;
  llvm::StringSet<> known;
};

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_CONFIG_H
