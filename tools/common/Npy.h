// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A .npy file (format 1.0) of rows of numbers, written piece by piece.

#ifndef YOCO_TOOLS_COMMON_NPY_H
#define YOCO_TOOLS_COMMON_NPY_H

#include <cstddef>
#include <string>

namespace yoco::tools {

/// Throws std::runtime_error when something that is no regular file stands at
/// `path`.
void checkOutputPath(const std::string &path);

/// Writes beside its target and takes the target's place in the end; until then
/// the target is as it was.
class NpyWriter {
public:
  enum class Type { float32, float64 };

  NpyWriter(const std::string &path, size_t rows, size_t columns, Type type = Type::float32);
  ~NpyWriter();
  NpyWriter(const NpyWriter &) = delete;

  void write(const float *values, size_t count);
  void write(const double *values, size_t count);
  void finish();

private:
  void writeBytes(const char *bytes, size_t size);
  [[noreturn]] void fail(const char *action) const;

  std::string path;
  std::string temporary;
  int descriptor = -1;
};

} // namespace yoco::tools

#endif // YOCO_TOOLS_COMMON_NPY_H
