// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/target/NvptxChips.h"

using namespace mlir::yoco;

// A100 80 GB and H200. Designated by comments: this is C++17.
static const NvptxChip kChips[] = {
    {/*name=*/"sm_80", /*multiprocessors=*/108, /*sharedBytesPerBlock=*/163 << 10,
     /*sharedBytesPerMultiprocessor=*/164 << 10, /*registersPerMultiprocessor=*/65536, /*cacheBytes=*/40 << 20,
     /*startsEarly=*/false, /*clusters=*/false, /*tensorMaps=*/false, /*memoryBytesPerSecond=*/2.04e12,
     /*bf16OperationsPerSecond=*/312e12},
    {/*name=*/"sm_90a", /*multiprocessors=*/132, /*sharedBytesPerBlock=*/227 << 10,
     /*sharedBytesPerMultiprocessor=*/228 << 10, /*registersPerMultiprocessor=*/65536, /*cacheBytes=*/50 << 20,
     /*startsEarly=*/true, /*clusters=*/true, /*tensorMaps=*/true, /*memoryBytesPerSecond=*/4.8e12,
     /*bf16OperationsPerSecond=*/989e12},
};

llvm::ArrayRef<NvptxChip> mlir::yoco::getNvptxChips() { return kChips; }
