// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The argument words of all launches of an entry point, ready for kernels of any device (docs/KernelABI.md).

#ifndef YOCO_RUNTIME_DEVICE_LAUNCHWORDS_H
#define YOCO_RUNTIME_DEVICE_LAUNCHWORDS_H

#include "runtime/model/PlanSizes.h"

#include <cstdint>
#include <vector>

namespace yoco::runtime {

class LaunchWords {
public:
  /// Appends the words of `launch` and returns the index of the first. `buffer` and `parameter` give the address of
  /// one, by index. What a step has is filled in by setStep().
  template <typename Buffer, typename Parameter>
  uint32_t add(const fb::Launch &launch, const Bounds &bounds, Buffer &&buffer, Parameter &&parameter) {
    uint32_t first = uint32_t(words.size());
    for (const fb::Argument *argument : *launch.arguments())
      words.push_back(resolve(*argument, bounds, buffer, parameter));
    return first;
  }

  void setStep(uint32_t rows, uint32_t segments) {
    for (uint32_t word : rowWords)
      words[word] = rows;
    for (uint32_t word : segmentWords)
      words[word] = segments;
  }

  /// Valid until words are added.
  uint64_t *data() { return words.data(); }
  size_t size() const { return words.size(); }

private:
  template <typename Buffer, typename Parameter>
  uint64_t resolve(const fb::Argument &argument, const Bounds &bounds, Buffer &buffer, Parameter &parameter) {
    switch (argument.kind()) {
    case fb::ArgumentKind::buffer:
      return buffer(argument.index()) + argument.offset();
    case fb::ArgumentKind::parameter:
      return parameter(argument.index());
    case fb::ArgumentKind::rows:
      rowWords.push_back(uint32_t(words.size()));
      return 0;
    case fb::ArgumentKind::segments:
      segmentWords.push_back(uint32_t(words.size()));
      return 0;
    case fb::ArgumentKind::max_sequence_length:
      return bounds.seq;
    }
    return 0;
  }

  std::vector<uint64_t> words;
  std::vector<uint32_t> rowWords;     // those that are the rows of the step
  std::vector<uint32_t> segmentWords; // those that are its segments
};

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_DEVICE_LAUNCHWORDS_H
