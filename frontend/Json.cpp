// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// llvm::json descends recursively, lets the last of two equal keys win and knows no NaN, so a scan over the text goes
// before it. The scan knows only strings, brackets and the literals that Python writes beside JSON's own; what it lets
// through is left to the parser.

#include "frontend/Json.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace mlir::yoco {

namespace {

constexpr size_t kMaxNesting = 32;
constexpr size_t kMaxQuoted = 80;

struct Scope {
  bool isObject = false;
  bool expectsKey = false;
  StringSet<> keys;
};

/// The scan that goes before the parser.
class Scanner {
public:
  Scanner(StringRef text, StringRef file) : text(text), file(file) {}

  Error run() {
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '"') {
        size_t end = findStringEnd(i);
        if (end == StringRef::npos)
          break;
        if (Error error = visitString(text.slice(i, end + 1)))
          return error;
        i = end;
      } else if (size_t length = getNonNumberLength(i)) {
        nonNumbers.push_back({i, length});
        i += length - 1;
      } else if (Error error = visitPunctuation(text[i])) {
        return error;
      }
    }
    return Error::success();
  }

  /// The text with NaN, Infinity and -Infinity as strings: a field that needs a number then refuses them by name, and
  /// a field that does not matter may have them.
  std::string quoteNonNumbers() const {
    std::string quoted;
    size_t end = 0;
    for (auto [begin, length] : nonNumbers) {
      quoted += (text.slice(end, begin) + "\"" + text.substr(begin, length) + "\"").str();
      end = begin + length;
    }
    return quoted + text.drop_front(end).str();
  }

  bool hasNonNumbers() const { return !nonNumbers.empty(); }

private:
  /// The length of the literal at `begin` that Python writes for a float that JSON has no number for; 0 for none.
  size_t getNonNumberLength(size_t begin) const {
    for (StringRef literal : {"NaN", "Infinity", "-Infinity"})
      if (text.substr(begin).starts_with(literal))
        return literal.size();
    return 0;
  }

  /// Position of the quote that ends the string that begins at `begin`.
  size_t findStringEnd(size_t begin) const {
    for (size_t i = begin + 1; i < text.size(); ++i) {
      if (text[i] == '\\')
        ++i;
      else if (text[i] == '"')
        return i;
    }
    return StringRef::npos;
  }

  Error visitPunctuation(char c) {
    if (c == '{' || c == '[') {
      if (scopes.size() == kMaxNesting)
        return makeError(file + ": expected JSON nested at most " + Twine(kMaxNesting) + " levels deep");
      scopes.push_back({c == '{', c == '{', {}});
    } else if (!scopes.empty() && (c == '}' || c == ']')) {
      scopes.pop_back();
    } else if (!scopes.empty() && c == ',') {
      scopes.back().expectsKey = scopes.back().isObject;
    }
    return Error::success();
  }

  Error visitString(StringRef token) {
    if (scopes.empty() || !scopes.back().expectsKey)
      return Error::success();
    scopes.back().expectsKey = false;
    std::string key = token.drop_front().drop_back().str();
    if (token.contains('\\')) {
      Expected<json::Value> value = json::parse(token);
      if (!value) {
        consumeError(value.takeError());
        return Error::success();
      }
      key = value->getAsString().value_or("").str();
    }
    if (!scopes.back().keys.insert(key).second)
      return makeError(file + ": expected every name of a JSON object once, got " + quote(key) + " twice");
    return Error::success();
  }

  StringRef text;
  StringRef file;
  SmallVector<Scope, 4> scopes;
  SmallVector<std::pair<size_t, size_t>, 0> nonNumbers; // begin and length of each
};

std::string shorten(std::string text) {
  if (text.size() > kMaxQuoted)
    text = text.substr(0, kMaxQuoted) + "...";
  return text;
}

} // namespace

Error makeError(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

std::string quote(StringRef text) {
  std::string result;
  raw_string_ostream os(result);
  printEscapedString(text.take_front(kMaxQuoted), os);
  return (text.size() > kMaxQuoted ? "'" + result + "...'" : "'" + result + "'");
}

std::string show(const json::Value &value) { return shorten(formatv("{0}", value).str()); }

Expected<std::unique_ptr<MemoryBuffer>> readRegularFile(const Twine &path) {
  sys::fs::file_status status;
  if (std::error_code error = sys::fs::status(path, status))
    return makeError(path + ": " + error.message());
  if (status.type() != sys::fs::file_type::regular_file)
    return makeError(path + ": expected a regular file");
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeError(path + ": " + buffer.getError().message());
  return std::move(*buffer);
}

Expected<json::Object> parseJsonObject(StringRef text, StringRef file) {
  Scanner scanner(text, file);
  if (Error error = scanner.run())
    return std::move(error);
  std::string quoted;
  if (scanner.hasNonNumbers()) {
    quoted = scanner.quoteNonNumbers();
    text = quoted;
  }
  Expected<json::Value> value = json::parse(text);
  if (!value)
    return makeError(file + ": expected JSON, got an error at " + toString(value.takeError()));
  if (json::Object *object = value->getAsObject())
    return std::move(*object);
  return makeError(file + ": expected a JSON object, got " + show(*value));
}

} // namespace mlir::yoco
