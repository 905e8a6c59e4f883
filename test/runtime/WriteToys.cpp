// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes toy models for programs that take a file: write-toys FOLDER.

#include "test/runtime/ToyCluster.h"

using namespace yoco::test;

int main(int, char **argv) {
  std::string folder = argv[1];
  ToyModel cuda = toyForCuda({400, 4, 64, 50});
  addProducts(cuda);
  cuda.addSample();
  ToyModel host({400, 4, 64, 50});
  host.addSample();
  writeFile(folder + "/toy-host.yoco", host.build());
  writeFile(folder + "/toy-cuda.yoco", cuda.build());
  writeFile(folder + "/toy-cluster.yoco", toyForClusters().build());
  return 0;
}
