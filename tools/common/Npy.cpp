// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/common/Npy.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace yoco::tools {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are written as they stand");

void checkOutputPath(const std::string &path) {
  struct stat information;
  if (stat(path.c_str(), &information) == 0) {
    if (!S_ISREG(information.st_mode))
      throw std::runtime_error(path + ": expected a regular file or nothing there, got something else");
    return;
  }
  if (errno != ENOENT)
    throw std::runtime_error(path + ": cannot be written: " + strerror(errno));
}

NpyWriter::NpyWriter(const std::string &path, size_t rows, size_t columns, Type type) : path(path) {
  checkOutputPath(path);
  temporary = path + ".XXXXXX";
  descriptor = mkstemp(temporary.data());
  if (descriptor < 0) {
    temporary.clear();
    fail("create a file beside it");
  }
  mode_t mask = umask(0);
  umask(mask);
  fchmod(descriptor, 0666 & ~mask);

  std::string shape = "(" + std::to_string(rows) + ", " + std::to_string(columns) + ")";
  std::string element = type == Type::float32 ? "<f4" : "<f8";
  std::string header = "{'descr': '" + element + "', 'fortran_order': False, 'shape': " + shape + ", }";
  constexpr size_t kFixed = 10,
                   kAlignment = 64; // magic, version and length; alignment of the values
  size_t padded = (kFixed + header.size() + 1 + kAlignment - 1) / kAlignment * kAlignment - kFixed;
  header.append(padded - header.size() - 1, ' ');
  header += '\n';
  std::string start("\x93NUMPY\x01\x00", 8);
  start += char(header.size() & 0xFF);
  start += char(header.size() >> 8);
  start += header;
  writeBytes(start.data(), start.size());
}

NpyWriter::~NpyWriter() {
  if (descriptor >= 0)
    close(descriptor);
  if (!temporary.empty())
    unlink(temporary.c_str());
}

void NpyWriter::fail(const char *action) const {
  throw std::runtime_error(path + ": cannot " + action + ": " + strerror(errno));
}

void NpyWriter::writeBytes(const char *bytes, size_t size) {
  while (size != 0) {
    ssize_t written = ::write(descriptor, bytes, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      fail("write");
    bytes += written;
    size -= size_t(written);
  }
}

void NpyWriter::write(const float *values, size_t count) {
  writeBytes(reinterpret_cast<const char *>(values), count * sizeof(float));
}

void NpyWriter::write(const double *values, size_t count) {
  writeBytes(reinterpret_cast<const char *>(values), count * sizeof(double));
}

void NpyWriter::finish() {
  int closed = close(descriptor);
  descriptor = -1;
  if (closed != 0)
    fail("write");
  checkOutputPath(path);
  if (rename(temporary.c_str(), path.c_str()) != 0)
    fail("put the new file in its place");
  temporary.clear();
}

} // namespace yoco::tools
