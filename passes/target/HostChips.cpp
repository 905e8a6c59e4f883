// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/target/HostChips.h"

using namespace mlir::yoco;

// Each level of the x86-64 psABI spelled out: code generation may use these and nothing else, and the loader checks all
// of them. Features that only the operating system or an assembler cares about are left out.
#define YOCO_X86_64_V3                                                                                                 \
  "avx", "avx2", "bmi", "bmi2", "cmov", "cx16", "cx8", "f16c", "fma", "fxsr", "lzcnt", "mmx", "movbe", "popcnt",       \
      "sahf", "sse", "sse2", "sse3", "sse4.1", "sse4.2", "ssse3", "xsave"

static constexpr llvm::StringLiteral kV3Features[] = {YOCO_X86_64_V3};
static constexpr llvm::StringLiteral kV4Features[] = {YOCO_X86_64_V3, "avx512bw", "avx512cd",
                                                      "avx512dq",     "avx512f",  "avx512vl"};

// 16 registers of 8 lanes: 6 * 2 sums, 2 weights, 1 broadcast. 32 registers of 16 lanes: 12 * 2 sums.
static const HostChip kChips[] = {
    {"x86-64-v3", kV3Features, {8, 2, 6, 2, 4, 4, 48, 8, 64, 24, 64, 256, 192 << 10}},
    {"x86-64-v4", kV4Features, {16, 2, 12, 4, 4, 4, 48, 8, 64, 24, 64, 256, 192 << 10}},
};

llvm::ArrayRef<HostChip> mlir::yoco::getHostChips() { return kChips; }
