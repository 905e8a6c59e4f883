// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading the fields of a configuration, strictly: a field is either understood, known not to matter, or refused.

#ifndef YOCO_FRONTEND_CONFIG_H
#define YOCO_FRONTEND_CONFIG_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <optional>
#include <string>

namespace mlir::yoco {

/// Positions are exact in f32 below this.
constexpr int64_t kMaxPositions = int64_t(1) << 24;

/// Reads one JSON object. The first problem is kept and later ones are dropped: a family reads all its fields, then
/// asks `finish`. What is returned after a problem is in range, so that arithmetic on it is safe.
class ConfigReader {
public:
  /// `prefix` goes before the names of fields in messages: "rope_scaling." for an object in an object.
  ConfigReader(const llvm::json::Object &object, llvm::StringRef file, llvm::StringRef prefix = "")
      : object(object), file(file), prefix(prefix) {}

  /// A required integer from `low` to `high`.
  int64_t getInteger(llvm::StringRef name, int64_t low, int64_t high);

  /// None when the field is absent or null.
  std::optional<int64_t> getOptionalInteger(llvm::StringRef name, int64_t low, int64_t high);

  /// A number above `low` and at most `high`; `fallback` when the field is absent.
  double getNumber(llvm::StringRef name, double low, double high, double fallback);

  /// A norm's epsilon: positive in float32 and at most 1.
  double getEpsilon(llvm::StringRef name, double fallback);

  /// `fallback` when the field is absent or null.
  bool getBool(llvm::StringRef name, bool fallback);

  /// A required string that is not empty.
  std::string getString(llvm::StringRef name);

  /// One of `allowed`; `fallback` when the field is absent or null.
  std::string getChoice(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> allowed, llvm::StringRef fallback);

  /// A required list of 1 to `most` strings, each one of `allowed`.
  llvm::SmallVector<std::string> getChoices(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> allowed, size_t most);

  /// A list of at most `most` numbers above `low` and at most `high`; empty when the field is absent or null.
  llvm::SmallVector<double> getNumbers(llvm::StringRef name, double low, double high, size_t most);

  /// One integer or a list of them, each from 0 to `high`; empty when the field is absent or null.
  llvm::SmallVector<int32_t> getIds(llvm::StringRef name, int64_t high);

  /// Calls `read` on the object in the field `name`, and finishes it; does nothing when the field is absent, null,
  /// false or an object without fields.
  void readObject(llvm::StringRef name, llvm::function_ref<void(ConfigReader &)> read);

  /// Whether the field is there and not null; there and null; there and equal to `value`. None counts as reading it.
  bool has(llvm::StringRef name) const;
  bool isNull(llvm::StringRef name) const;
  bool is(llvm::StringRef name, const llvm::json::Value &value) const;

  /// Fields that do not change what the model computes.
  void ignore(llvm::ArrayRef<llvm::StringLiteral> names);

  /// Fields that Hugging Face transformers writes into every configuration and that do not change what the model
  /// computes: names, classes, training, how text is generated.
  void ignoreHuggingFaceFields();

  /// A field that is refused unless it is absent, null or false: `what` says what is expected instead.
  void refuse(llvm::StringRef name, llvm::StringRef what);

  /// A field for which `value` is implemented and nothing else is; absent and null say the same.
  void expectOnly(llvm::StringRef name, const llvm::json::Value &value);

  /// Relations between fields.
  void expect(bool condition, const llvm::Twine &message);

  /// The first problem. A field that nothing has asked for is one, unless it is null or false or its name begins with
  /// an underscore, as comments and private notes of other software do.
  llvm::Error finish();

  bool hasFailed() const { return !problem.empty(); }

  /// Takes the first problem of `other`, a reader of another object, when there has been none here.
  void takeProblem(const ConfigReader &other);

private:
  const llvm::json::Value *find(llvm::StringRef name);
  int64_t checkInteger(llvm::StringRef name, const llvm::json::Value *value, int64_t low, int64_t high);
  void checkUnknown();
  void fail(llvm::StringRef name, const llvm::Twine &message);

  const llvm::json::Object &object;
  std::string file, prefix;
  std::string problem;
  llvm::StringSet<> known;
};

/// Checks that `heads`, the field `headsField`, divides `width`, the field `widthField`, into heads of an even width.
void expectHeads(ConfigReader &reader, llvm::StringRef widthField, int64_t width, llvm::StringRef headsField,
                 int64_t heads);

/// Checks that `kvHeads`, the field `kvField`, divides `heads`, the field `headsField`.
void expectGroups(ConfigReader &reader, llvm::StringRef headsField, int64_t heads, llvm::StringRef kvField,
                  int64_t kvHeads);

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_CONFIG_H
