// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fields of a configuration: `FILE: field 'NAME': expected WHAT, got VALUE`.

#include "frontend/Config.h"
#include "frontend/Json.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>

using namespace llvm;

namespace mlir::yoco {

const json::Value *ConfigReader::find(StringRef name) {
  known.insert(name);
  return object.get(name);
}

void ConfigReader::fail(StringRef name, const Twine &message) {
  if (!hasFailed())
    problem = (file + ": field " + quote(name) + ": " + message).str();
}

int64_t ConfigReader::checkInteger(StringRef name, const json::Value *value, int64_t low, int64_t high) {
  std::optional<int64_t> number = value ? value->getAsInteger() : std::nullopt;
  if (number && *number >= low && *number <= high)
    return *number;
  fail(name, "expected an integer from " + Twine(low) + " to " + Twine(high) + ", got " +
                 (value ? show(*value) : "nothing"));
  return low;
}

int64_t ConfigReader::getInteger(StringRef name, int64_t low, int64_t high) {
  return checkInteger(name, find(name), low, high);
}

std::optional<int64_t> ConfigReader::getOptionalInteger(StringRef name, int64_t low, int64_t high) {
  const json::Value *value = find(name);
  if (!value || value->kind() == json::Value::Null)
    return std::nullopt;
  return checkInteger(name, value, low, high);
}

double ConfigReader::getNumber(StringRef name, double low, double high, double fallback) {
  const json::Value *value = find(name);
  if (!value)
    return fallback;
  std::optional<double> number = value->getAsNumber();
  if (number && *number > low && *number <= high)
    return *number;
  fail(name, formatv("expected a number above {0} and at most {1}, got {2}", json::Value(low), json::Value(high),
                     show(*value)));
  return fallback;
}

SmallVector<int32_t> ConfigReader::getIds(StringRef name, int64_t high) {
  SmallVector<int32_t> ids;
  const json::Value *value = find(name);
  if (!value || value->kind() == json::Value::Null)
    return ids;
  if (const json::Array *list = value->getAsArray()) {
    for (const json::Value &id : *list)
      ids.push_back(checkInteger(name, &id, 0, high));
  } else {
    ids.push_back(checkInteger(name, value, 0, high));
  }
  return ids;
}

void ConfigReader::ignore(ArrayRef<StringLiteral> names) {
  for (StringRef name : names)
    known.insert(name);
}

void ConfigReader::expectOnly(StringRef name, const json::Value &value) {
  const json::Value *got = find(name);
  if (got && got->kind() != json::Value::Null && *got != value)
    fail(name, "expected " + show(value) + ", the one value that is implemented, got " + show(*got));
}

void ConfigReader::expect(bool condition, const Twine &message) {
  if (!condition && !hasFailed())
    problem = (file + ": " + message).str();
}

Error ConfigReader::finish() {
  SmallVector<StringRef> unknown;
  for (const auto &field : object) {
    bool isOff = field.second.kind() == json::Value::Null || field.second == json::Value(false);
    if (!known.contains(field.first) && !isOff)
      unknown.push_back(field.first);
  }
  if (!unknown.empty()) {
    StringRef first = *std::min_element(unknown.begin(), unknown.end());
    fail(first, "expected no such field, got " + show(*object.get(first)) + ", whose meaning is not known");
  }
  return hasFailed() ? makeError(problem) : Error::success();
}

} // namespace mlir::yoco
