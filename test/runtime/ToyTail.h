// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The toy model with a second half of which a tail is enough: a layer that looks at the last four rows of the first
// half, through a ring of its own. For one wanted row it needs three rows before it.
//
//   prefill  nothing comes out; the second half runs for the last three rows of each segment
//   decode, score  as before, for all rows
//   extend   logits from a position on, for which the second half begins three rows before; two programs, one for at
//            most two wanted rows, in which each is a segment of its own

#ifndef YOCO_TEST_RUNTIME_TOYTAIL_H
#define YOCO_TEST_RUNTIME_TOYTAIL_H

#include "test/runtime/ToyModel.h"

namespace yoco::test {

constexpr uint64_t kToyHalo = 3;
constexpr size_t kToyExtend = 3, kToyLogprobs = 4; // indices of the entries
constexpr uint32_t kToyBest = 2;

/// Makes that of a toy as it comes out of its constructor, or of toyForCuda().
void addTail(ToyModel &toy);

/// Adds an entry like `extend` with log-probabilities in the place of logits, from one program; to a toy with a tail.
/// In the place of the logarithm stands the largest logit: kernels have no library.
void addLogprobs(ToyModel &toy);

/// Adds an entry `extend_sample` to a toy with a tail: what `extend` is by now, and the choice.
void addTailSample(ToyModel &toy);

/// An allocator of memory that is full of ones, as that of the GPU is that stands in for one.
yoco_allocator poisonedMemory();

/// Its logits after `ids`.
std::vector<float> tailLogits(const std::vector<int32_t> &ids);

} // namespace yoco::test

#endif // YOCO_TEST_RUNTIME_TOYTAIL_H
