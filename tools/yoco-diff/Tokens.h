// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ids that both sides compute.

#ifndef YOCO_TOOLS_YOCODIFF_TOKENS_H
#define YOCO_TOOLS_YOCODIFF_TOKENS_H

#include <cstdint>
#include <string>
#include <vector>

namespace yoco::diff {

/// What the text of --tokens says: ids with commas, "@FILE", or "random:N", which are always the same. Throws
/// std::runtime_error when an id is not below `vocabulary`.
std::vector<int32_t> readTokens(const std::string &text, uint64_t vocabulary);

} // namespace yoco::diff

#endif // YOCO_TOOLS_YOCODIFF_TOKENS_H
