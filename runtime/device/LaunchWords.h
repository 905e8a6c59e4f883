// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The argument words of all launches of a program, ready for kernels of any device (docs/KernelABI.md).

#ifndef YOCO_RUNTIME_DEVICE_LAUNCHWORDS_H
#define YOCO_RUNTIME_DEVICE_LAUNCHWORDS_H

#include "runtime/model/PlanSizes.h"

#include <cstdint>
#include <vector>

namespace yoco::runtime {

class LaunchWords {
public:
  /// Appends the words of `launch`, which is about row set `set`, and returns the index of the first. `buffer` and
  /// `parameter` give the address of one, by index. What a step has is filled in by setStep().
  template <typename Buffer, typename Parameter>
  uint32_t add(const fb::Launch &launch, uint32_t set, const Bounds &bounds, Buffer &&buffer, Parameter &&parameter) {
    uint32_t first = uint32_t(words.size());
    if (sets.size() <= set)
      sets.resize(set + 1);
    for (const fb::Argument *argument : *launch.arguments())
      words.push_back(resolve(*argument, sets[set], bounds, buffer, parameter));
    return first;
  }

  /// What the step has of row set `set`.
  void setStep(uint32_t set, uint32_t rows, uint32_t segments) {
    if (set >= sets.size())
      return; // no launch is about it
    for (uint32_t word : sets[set].rows)
      words[word] = rows;
    for (uint32_t word : sets[set].segments)
      words[word] = segments;
  }

  /// Valid until words are added.
  uint64_t *data() { return words.data(); }
  size_t size() const { return words.size(); }

private:
  /// The words that are the rows of a set, and those that are its segments.
  struct SetWords {
    std::vector<uint32_t> rows, segments;
  };

  template <typename Buffer, typename Parameter>
  uint64_t resolve(const fb::Argument &argument, SetWords &set, const Bounds &bounds, Buffer &buffer,
                   Parameter &parameter) {
    switch (argument.kind()) {
    case fb::ArgumentKind::buffer:
      return buffer(argument.index()) + argument.offset();
    case fb::ArgumentKind::parameter:
      return parameter(argument.index()) + argument.offset();
    case fb::ArgumentKind::rows:
      set.rows.push_back(uint32_t(words.size()));
      return 0;
    case fb::ArgumentKind::segments:
      set.segments.push_back(uint32_t(words.size()));
      return 0;
    case fb::ArgumentKind::max_sequence_length:
      return bounds.seq;
    }
    return 0;
  }

  std::vector<uint64_t> words;
  std::vector<SetWords> sets;
};

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_DEVICE_LAUNCHWORDS_H
