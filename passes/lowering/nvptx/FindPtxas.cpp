// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where ptxas may be: a CUDA toolkit, or the wheel nvidia-cuda-nvcc in a Python environment. No path is compiled in, so
// that a compiler which was moved or installed finds the environment that it lies in.

#include "passes/lowering/nvptx/Ptxas.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include <dlfcn.h>

using namespace llvm;
using namespace mlir::yoco;

/// `folder`/bin/ptxas, when that is a program.
static std::optional<std::string> findIn(StringRef folder) {
  SmallString<128> path(folder);
  sys::path::append(path, "bin", "ptxas");
  if (sys::fs::can_execute(path))
    return path.str().str();
  return std::nullopt;
}

/// The names in `folder`, in order; none when it cannot be read.
static std::vector<std::string> list(const Twine &folder) {
  std::vector<std::string> paths;
  std::error_code code;
  for (sys::fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code))
    paths.push_back(it->path());
  llvm::sort(paths);
  return paths;
}

/// The wheel below a folder of Python packages: nvidia/Y/bin/ptxas.
static std::optional<std::string> findInPackages(const Twine &packages) {
  for (const std::string &package : list(packages + "/nvidia"))
    if (std::optional<std::string> found = findIn(package))
      return found;
  return std::nullopt;
}

/// The wheel in the Python environment `environment`: lib/pythonX/site-packages.
static std::optional<std::string> findInEnvironment(StringRef environment) {
  for (const std::string &python : list(environment + "/lib"))
    if (sys::path::filename(python).starts_with("python"))
      for (StringRef packages : {"/site-packages", "/dist-packages"})
        if (std::optional<std::string> found = findInPackages(python + packages))
          return found;
  return std::nullopt;
}

std::optional<std::string> mlir::yoco::findPtxasAround(StringRef folder) {
  for (; !folder.empty(); folder = sys::path::parent_path(folder)) {
    if (sys::fs::exists(folder + "/pyvenv.cfg"))
      if (std::optional<std::string> found = findInEnvironment(folder))
        return found;
    if (std::optional<std::string> found = findInEnvironment((folder + "/.venv").str()))
      return found;
  }
  return std::nullopt;
}

/// The folders of this program and of this library, which is the program itself unless it is a shared object.
static SmallVector<std::string> getOwnFolders() {
  SmallVector<std::string> folders;
  auto add = [&](StringRef file) {
    SmallString<256> real;
    if (!file.empty() && !sys::fs::real_path(file, real))
      folders.push_back(sys::path::parent_path(real).str());
  };
  add("/proc/self/exe");
  Dl_info info;
  if (dladdr(reinterpret_cast<void *>(&findPtxasAround), &info) && info.dli_fname)
    add(info.dli_fname);
  return folders;
}

/// In the folders that environment variables name.
static std::optional<std::string> findByVariable(std::initializer_list<const char *> variables,
                                                 function_ref<std::optional<std::string>(StringRef)> find) {
  for (const char *variable : variables)
    if (std::optional<std::string> folder = sys::Process::GetEnv(variable); folder && !folder->empty())
      if (std::optional<std::string> found = find(*folder))
        return found;
  return std::nullopt;
}

std::optional<std::string> mlir::yoco::findPtxas() {
  if (std::optional<std::string> path = sys::Process::GetEnv("YOCO_PTXAS"))
    return sys::fs::can_execute(*path) ? path : std::nullopt;
  if (std::optional<std::string> found = findByVariable({"CUDA_HOME", "CUDA_PATH"}, findIn))
    return found;
  if (ErrorOr<std::string> found = sys::findProgramByName("ptxas"))
    return *found;
  if (std::optional<std::string> found = findByVariable({"VIRTUAL_ENV", "CONDA_PREFIX"}, findInEnvironment))
    return found;
  for (const std::string &folder : getOwnFolders())
    if (std::optional<std::string> found = findPtxasAround(folder))
      return found;
  for (StringRef prefix : {"/usr/local", "/usr"})
    if (std::optional<std::string> found = findInEnvironment(prefix))
      return found;
  return findIn("/usr/local/cuda");
}
