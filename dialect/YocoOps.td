// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All of the dialect, in the order of the phases.

include "dialect/YocoPlannedOps.td"
