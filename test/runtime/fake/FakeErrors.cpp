// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Errors by name and in words, as the driver has them.

#include "test/runtime/fake/FakeGpu.h"

using namespace yoco::fake;

YOCO_FAKE CUresult cuGetErrorName(CUresult error, const char **name) {
  switch (error) {
#define YOCO_FAKE_ERROR(number, text)                                                                                  \
  case number:                                                                                                         \
    *name = "CUDA_ERROR_" text;                                                                                        \
    return CUDA_SUCCESS
    YOCO_FAKE_ERROR(kInvalidValue, "INVALID_VALUE");
    YOCO_FAKE_ERROR(kOutOfMemory, "OUT_OF_MEMORY");
    YOCO_FAKE_ERROR(kNoDevice, "NO_DEVICE");
    YOCO_FAKE_ERROR(kInvalidPtx, "INVALID_PTX");
    YOCO_FAKE_ERROR(kNotFound, "NOT_FOUND");
    YOCO_FAKE_ERROR(kIllegalAddress, "ILLEGAL_ADDRESS");
    YOCO_FAKE_ERROR(kLaunchFailed, "LAUNCH_FAILED");
    YOCO_FAKE_ERROR(kCaptureUnsupported, "STREAM_CAPTURE_UNSUPPORTED");
  default:
    return kInvalidValue;
  }
}

YOCO_FAKE CUresult cuGetErrorString(CUresult error, const char **text) {
  switch (error) {
#define YOCO_FAKE_TEXT(number, string)                                                                                 \
  case number:                                                                                                         \
    *text = string;                                                                                                    \
    return CUDA_SUCCESS
    YOCO_FAKE_TEXT(kInvalidValue, "invalid argument");
    YOCO_FAKE_TEXT(kOutOfMemory, "out of memory");
    YOCO_FAKE_TEXT(kNoDevice, "no CUDA-capable device is detected");
    YOCO_FAKE_TEXT(kInvalidPtx, "a PTX JIT compilation failed");
    YOCO_FAKE_TEXT(kNotFound, "named symbol not found");
    YOCO_FAKE_TEXT(kIllegalAddress, "an illegal memory access was encountered");
    YOCO_FAKE_TEXT(kLaunchFailed, "unspecified launch failure");
  default:
    return kInvalidValue;
  }
}
