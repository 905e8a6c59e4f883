// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/emit/Encodings.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace mlir::yoco;

static llvm::StringMap<EncodeRow> &getEncodings() {
  static llvm::StringMap<EncodeRow> encodings;
  return encodings;
}

void yoco::registerWeightEncoding(StringRef name, EncodeRow encode) {
  bool isNew = getEncodings().try_emplace(name, encode).second;
  assert(isNew && "an encoding is registered once");
  (void)isNew;
}

EncodeRow yoco::findWeightEncoding(StringRef name) { return getEncodings().lookup(name); }
