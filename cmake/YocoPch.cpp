// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles YocoPch.h for all compiler targets; has nothing of its own.
