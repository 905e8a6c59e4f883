// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The comparison itself.

#ifndef YOCO_TOOLS_YOCODIFF_DIFF_H
#define YOCO_TOOLS_YOCODIFF_DIFF_H

#include "tools/yoco-diff/Arguments.h"
#include "tools/yoco-diff/Report.h"

namespace yoco::diff {

/// The bound of docs/Spec.md on logits of a target that computes in this type.
double getDefaultTolerance(const std::string &computeType);

/// Compares the model file with the checkpoint; writes the reference's logits when that is asked for.
Report compare(const Arguments &arguments);

/// Writes the model with its layers exposed, and what it should compute, to the folder that is asked for.
void writeExport(const Arguments &arguments);

/// Evaluates the checkpoint and writes its logits.
void writeReference(const Arguments &arguments);

} // namespace yoco::diff

#endif // YOCO_TOOLS_YOCODIFF_DIFF_H
