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
  double factor = 1.0;                              // linear, llama3
  double lowFrequencyFactor = 1.0;                  // llama3
  double highFrequencyFactor = 4.0;                 // llama3
  std::optional<int64_t> originalMaxPositions = {}; // llama3; none: the field is absent

  bool operator==(const RopeParameters &other) const;
};

/// Reads `rope_theta` with `rope_scaling`, or `rope_parameters`, which transformers 5 writes instead, and
/// `original_max_position_embeddings`. Types other than default, linear and llama3 are refused by name.
RopeParameters readRope(ConfigReader &reader, std::optional<int64_t> maxPositions);

/// The frequencies of heads of an even `width`, in float32 step by step as transformers computes them
/// (modeling_rope_utils): `theta^-(2i / width)`, then changed as the type says.
llvm::SmallVector<float> getRopeFrequencies(const RopeParameters &rope, int64_t width);

/// `theta^-linspace(0, 1, width / 2)`, both ends included, with the linspace of torch: in float32, each half counted
/// from its own end.
llvm::SmallVector<float> getLinspaceFrequencies(double theta, int64_t width);

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_ROPE_H
