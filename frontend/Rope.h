// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rotary position embeddings: which fields of a configuration describe them, and the frequencies that they mean. All of
// their variants differ in the list of frequencies alone, which the module holds.

#ifndef YOCO_FRONTEND_ROPE_H
#define YOCO_FRONTEND_ROPE_H

#include "frontend/Config.h"
#include "llvm/ADT/SmallVector.h"

namespace mlir::yoco {

/// What a configuration of Hugging Face transformers says about rotary embeddings.
struct RopeParameters {
  enum class Type { standard, linear, llama3 };

  Type type = Type::standard;
  double theta = 10000.0;
  double partialFactor = 1.0;                       // the part of each head that is rotated
  double factor = 1.0;                              // linear, llama3
  double lowFrequencyFactor = 1.0;                  // llama3
  double highFrequencyFactor = 4.0;                 // llama3
  std::optional<int64_t> originalMaxPositions = {}; // llama3; none: the field is absent
  llvm::SmallVector<float> divisors = {};           // of each frequency, whatever the type; those that lack are 1

  bool operator==(const RopeParameters &other) const;
};

/// Reads `rope_theta` with `rope_scaling`, or `rope_parameters`, which transformers 5 writes instead, and
/// `original_max_position_embeddings`. Types other than default, linear and llama3 are refused by name, unless their
/// factor is 1 and changes nothing. `partial_rotary_factor` is `partialFactor` when it is not there; without a
/// `partialFactor` the family rotates whole heads, and other factors than 1 are refused. The
/// field `rope_frequency_divisors` is ours, for checkpoints that hold a number for each frequency.
RopeParameters readRope(ConfigReader &reader, std::optional<int64_t> maxPositions,
                        std::optional<double> partialFactor = std::nullopt);

/// How many elements of a head of `width` are rotated: the first ones.
int64_t getRotatedWidth(const RopeParameters &rope, int64_t width);

/// Checks that these are an even number, and at least 2.
void expectRotatedWidth(ConfigReader &reader, const RopeParameters &rope, int64_t width);

/// The frequencies of heads of `width`, in float32 step by step as transformers computes them (modeling_rope_utils):
/// `theta^-(2i / r)`, `r` the rotated elements, then changed as the type says.
llvm::SmallVector<float> getRopeFrequencies(const RopeParameters &rope, int64_t width);

/// `theta^-linspace(0, 1, width / 2)`, both ends included, with the linspace of torch: in float32, each half counted
/// from its own end.
llvm::SmallVector<float> getLinspaceFrequencies(double theta, int64_t width);

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_ROPE_H
