// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A .npy file (format 1.0) of float32 rows, written piece by piece.

#ifndef YOCO_TOOLS_YOCORUN_NPY_H
#define YOCO_TOOLS_YOCORUN_NPY_H

#include <cstddef>
#include <string>

namespace yoco::run {

/// Throws std::runtime_error when something that is no regular file stands at
/// `path`.
void checkOutputPath(const std::string &path);

/// Writes beside its target and takes the target's place in the end; until then
/// the target is as it was.
class NpyWriter {
public:
  NpyWriter(const std::string &path, size_t rows, size_t columns);
  ~NpyWriter();
  NpyWriter(const NpyWriter &) = delete;

  void write(const float *values, size_t count);
  void finish();

private:
  void writeBytes(const char *bytes, size_t size);
  [[noreturn]] void fail(const char *action) const;

  std::string path;
  std::string temporary;
  int descriptor = -1;
};

} // namespace yoco::run

#endif // YOCO_TOOLS_YOCORUN_NPY_H
