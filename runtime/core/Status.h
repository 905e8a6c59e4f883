// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Errors as values: a status is OK, or a code and a text that names what is
// wrong and where.

#ifndef YOCO_RUNTIME_CORE_STATUS_H
#define YOCO_RUNTIME_CORE_STATUS_H

#include "yoco/yoco.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace yoco::runtime {

/// Success, or what failed. The size of a pointer; OK is null.
class [[nodiscard]] Status {
public:
  Status() = default;

  bool ok() const { return !failure; }
  yoco_status code() const { return failure ? failure->code : YOCO_OK; }
  /// "" when OK.
  const char *text() const { return failure ? failure->text.c_str() : ""; }

private:
  struct Failure {
    yoco_status code;
    std::string text;
  };
  std::unique_ptr<Failure> failure;

  friend Status makeError(yoco_status code, const char *format, ...);
};

/// An error whose text is `format` filled in as printf does.
[[gnu::format(printf, 2, 3)]] Status makeError(yoco_status code, const char *format, ...);

/// A string made as printf does.
[[gnu::format(printf, 1, 2)]] std::string formatString(const char *format, ...);

/// A value, or why there is none.
template <typename T>
class [[nodiscard]] Result {
public:
  Result(T value) : value(std::move(value)) {}
  Result(Status failure) : failure(std::move(failure)) {}

  bool ok() const { return failure.ok(); }
  Status takeStatus() { return std::move(failure); }
  const Status &status() const { return failure; }
  T &operator*() { return *value; }
  T *operator->() { return &*value; }

private:
  Status failure;
  std::optional<T> value;
};

} // namespace yoco::runtime

#define YOCO_RETURN_IF_ERROR(expression)                                                                               \
  do {                                                                                                                 \
    if (::yoco::runtime::Status status_ = (expression); !status_.ok())                                                 \
      return status_;                                                                                                  \
  } while (false)

#define YOCO_CONCATENATE_(a, b) a##b
#define YOCO_CONCATENATE(a, b) YOCO_CONCATENATE_(a, b)
#define YOCO_ASSIGN_OR_RETURN_(result, declaration, expression)                                                        \
  auto result = (expression);                                                                                          \
  if (!result.ok())                                                                                                    \
    return result.takeStatus();                                                                                        \
  declaration = std::move(*result)
/// `declaration` = the value of `expression`; returns its status when there is
/// none.
#define YOCO_ASSIGN_OR_RETURN(declaration, expression)                                                                 \
  YOCO_ASSIGN_OR_RETURN_(YOCO_CONCATENATE(result_, __LINE__), declaration, expression)

#endif // YOCO_RUNTIME_CORE_STATUS_H
