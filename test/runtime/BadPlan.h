// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plans that say something that is wrong, each in one way: a row of a table, and the check of it.

#ifndef YOCO_TEST_RUNTIME_BADPLAN_H
#define YOCO_TEST_RUNTIME_BADPLAN_H

#include "test/runtime/ToyModel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ostream>

namespace yoco::test {

struct BadPlan {
  const char *name;
  void (*change)(ToyModel &toy);
  const char *text;
};

inline void PrintTo(const BadPlan &bad, std::ostream *stream) { *stream << bad.name; }

/// `toy`, which is good, is refused after the change. Segments are placed before it, so that it can misplace them.
inline void expectRefused(ToyModel &toy, const BadPlan &bad) {
  toy.build();
  bad.change(toy);
  FileBytes file = toy.write();
  Opened model(file);
  EXPECT_EQ(model.status, YOCO_INVALID_FILE);
  EXPECT_THAT(model.error, testing::HasSubstr(bad.text));
}

} // namespace yoco::test

#endif // YOCO_TEST_RUNTIME_BADPLAN_H
