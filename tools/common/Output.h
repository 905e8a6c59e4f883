// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writing to standard output, and text that is fit for an error message.

#ifndef YOCO_TOOLS_COMMON_OUTPUT_H
#define YOCO_TOOLS_COMMON_OUTPUT_H

#include <string>
#include <string_view>

namespace yoco::tools {

/// Makes sure that file numbers 0 to 2 are taken, so that no file of ours lands
/// on them, and that a closed pipe is an error rather than a signal.
void prepareStandardStreams();

/// Writes all of `text` at once; throws std::runtime_error when standard output
/// does not take it.
void print(std::string_view text);

/// `text` as one short line: other characters than printable ASCII are escaped,
/// what is too long is cut.
std::string printable(std::string_view text);

} // namespace yoco::tools

#endif // YOCO_TOOLS_COMMON_OUTPUT_H
