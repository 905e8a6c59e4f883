// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// JSON from files that nobody vouches for: bounded, without duplicates, with errors of one line that name the file.

#ifndef YOCO_FRONTEND_JSON_H
#define YOCO_FRONTEND_JSON_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <string>

namespace mlir::yoco {

/// An error that reads `message`.
llvm::Error makeError(const llvm::Twine &message);

/// `text` in single quotes, with everything unprintable escaped and a long text cut short.
std::string quote(llvm::StringRef text);

/// `value` on one line, cut short when it is long.
std::string show(const llvm::json::Value &value);

/// The bytes of a regular file, mapped when it is large. Whatever follows the last byte is not to be read.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> readRegularFile(const llvm::Twine &path);

/// The JSON object that `text`, from `file`, holds. Refuses duplicate keys and deep nesting, which llvm::json does not.
/// The literals NaN, Infinity and -Infinity, which Python writes, become strings.
llvm::Expected<llvm::json::Object> parseJsonObject(llvm::StringRef text, llvm::StringRef file);

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_JSON_H
