// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the compiler looks for ptxas: environment variables win, and a Python environment is found from the program
// that lies in it or beside it.

#include "passes/lowering/nvptx/Ptxas.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"
#include <cstdlib>
#include <map>

using namespace mlir::yoco;

namespace {

class FindPtxas : public ::testing::Test {
protected:
  static constexpr const char *kVariables[] = {"YOCO_PTXAS",  "CUDA_HOME",    "CUDA_PATH",
                                               "VIRTUAL_ENV", "CONDA_PREFIX", "PATH"};

  void SetUp() override {
    llvm::SmallString<128> path, real;
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("yoco-ptxas-test", path));
    ASSERT_FALSE(llvm::sys::fs::real_path(path, real));
    folder = real.str().str();
    for (const char *name : kVariables) {
      const char *value = getenv(name);
      saved[name] = value ? std::optional<std::string>(value) : std::nullopt;
      if (std::string(name) != "PATH")
        unsetenv(name);
    }
  }

  void TearDown() override {
    for (const auto &[name, value] : saved)
      value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
    llvm::sys::fs::remove_directories(folder);
  }

  /// Makes a program at `path` below the test's folder.
  std::string makeProgram(const std::string &path) {
    std::string file = folder + "/" + path;
    EXPECT_FALSE(llvm::sys::fs::create_directories(llvm::sys::path::parent_path(file)));
    std::error_code code;
    llvm::raw_fd_ostream(file, code) << "#!/bin/sh\n";
    EXPECT_FALSE(code);
    EXPECT_FALSE(llvm::sys::fs::setPermissions(file, llvm::sys::fs::all_all));
    return file;
  }

  std::string folder;
  std::map<std::string, std::optional<std::string>> saved;
};

constexpr const char *kWheel = "lib/python3.11/site-packages/nvidia/cu13/bin/ptxas";

TEST_F(FindPtxas, TheVariableIsThePlaceAndTheOnlyOne) {
  std::string own = makeProgram("own/ptxas");
  makeProgram("cuda/bin/ptxas");
  setenv("CUDA_HOME", (folder + "/cuda").c_str(), 1);
  setenv("YOCO_PTXAS", own.c_str(), 1);
  EXPECT_EQ(findPtxas(), own);
  setenv("YOCO_PTXAS", "", 1);
  EXPECT_EQ(findPtxas(), std::nullopt);
}

TEST_F(FindPtxas, ToolkitsComeBeforeThePath) {
  std::string path = makeProgram("path/ptxas");
  setenv("PATH", (folder + "/path").c_str(), 1);
  EXPECT_EQ(findPtxas(), path);
  std::string second = makeProgram("second/bin/ptxas");
  setenv("CUDA_PATH", (folder + "/second").c_str(), 1);
  EXPECT_EQ(findPtxas(), second);
  std::string first = makeProgram("first/bin/ptxas");
  setenv("CUDA_HOME", (folder + "/first").c_str(), 1);
  EXPECT_EQ(findPtxas(), first);
}

TEST_F(FindPtxas, TheWheelInAnActiveEnvironment) {
  std::string wheel = makeProgram(std::string("environment/") + kWheel);
  setenv("PATH", folder.c_str(), 1);
  setenv("VIRTUAL_ENV", (folder + "/environment").c_str(), 1);
  EXPECT_EQ(findPtxas(), wheel);
}

TEST_F(FindPtxas, AProgramInAnEnvironmentFindsItsWheel) {
  std::string wheel = makeProgram(std::string("environment/") + kWheel);
  makeProgram("environment/bin/yoco-compile");
  EXPECT_EQ(findPtxasAround(folder + "/environment/bin"), std::nullopt); // no Python environment yet
  makeProgram("environment/pyvenv.cfg");
  EXPECT_EQ(findPtxasAround(folder + "/environment/bin"), wheel);
  EXPECT_EQ(findPtxasAround(folder + "/elsewhere/bin"), std::nullopt);
}

TEST_F(FindPtxas, AnEnvironmentBesideOrAboveTheProgram) {
  std::string wheel = makeProgram(std::string("tree/.venv/") + kWheel);
  EXPECT_EQ(findPtxasAround(folder + "/tree/build/bin"), wheel);
  EXPECT_EQ(findPtxasAround(folder + "/tree"), wheel);
  std::string nearer = makeProgram(std::string("tree/build/.venv/") + kWheel);
  EXPECT_EQ(findPtxasAround(folder + "/tree/build/bin"), nearer);
}

} // namespace
