// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What we use of NVIDIA's driver API, declared here so that a build needs no CUDA toolkit. Names and numbers are those
// of cuda.h, of which they are a stable part; where a toolkit is at hand, test/runtime/CudaHeadersTest.cpp compares the
// two.

#ifndef YOCO_RUNTIME_DEVICE_CUDA_CUDAAPI_H
#define YOCO_RUNTIME_DEVICE_CUDA_CUDAAPI_H

#include <cstddef>
#include <cstdint>

namespace yoco::runtime::cuda {

using CUresult = int;
using CUdevice = int;
using CUdeviceptr = unsigned long long;
using CUcontext = struct CUctx_st *;
using CUmodule = struct CUmod_st *;
using CUfunction = struct CUfunc_st *;
using CUstream = struct CUstream_st *;
using CUevent = struct CUevent_st *;
using CUgraph = struct CUgraph_st *;
using CUgraphExec = struct CUgraphExec_st *;

constexpr CUresult CUDA_SUCCESS = 0;
constexpr CUresult CUDA_ERROR_OUT_OF_MEMORY = 2;

// CUdevice_attribute
constexpr int CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75;
constexpr int CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76;
constexpr int CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97;
// CUfunction_attribute
constexpr int CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8;
// CUjit_option
constexpr int CU_JIT_ERROR_LOG_BUFFER = 5;
constexpr int CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6;
// Flags
constexpr unsigned CU_STREAM_NON_BLOCKING = 1;
constexpr unsigned CU_EVENT_DISABLE_TIMING = 2;
constexpr unsigned kMappedHostMemory = 2; // CU_MEMHOSTALLOC_DEVICEMAP, which is a macro
constexpr int CU_STREAM_CAPTURE_MODE_RELAXED = 2;

struct CUlaunchAttribute {
  int id;
  int padding;
  union {
    int programmaticStreamSerializationAllowed;
    int cooperative;
    struct {
      unsigned x, y, z;
    } clusterDim;
    char bytes[64];
  } value;
};
struct CUlaunchConfig {
  unsigned gridDimX, gridDimY, gridDimZ;
  unsigned blockDimX, blockDimY, blockDimZ;
  unsigned sharedMemBytes;
  CUstream hStream;
  CUlaunchAttribute *attrs;
  unsigned numAttrs;
};
// CUlaunchAttributeID
constexpr int CU_LAUNCH_ATTRIBUTE_COOPERATIVE = 2;
constexpr int CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION = 4;
constexpr int CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION = 6;

/// Name in cuda.h, symbol in the library, parameters.
#define YOCO_CUDA_FUNCTIONS(X)                                                                                         \
  X(cuInit, "cuInit", (unsigned))                                                                                      \
  X(cuGetErrorName, "cuGetErrorName", (CUresult, const char **))                                                       \
  X(cuGetErrorString, "cuGetErrorString", (CUresult, const char **))                                                   \
  X(cuDeviceGetCount, "cuDeviceGetCount", (int *))                                                                     \
  X(cuDeviceGet, "cuDeviceGet", (CUdevice *, int))                                                                     \
  X(cuDeviceGetName, "cuDeviceGetName", (char *, int, CUdevice))                                                       \
  X(cuDeviceGetAttribute, "cuDeviceGetAttribute", (int *, int, CUdevice))                                              \
  X(cuDevicePrimaryCtxRetain, "cuDevicePrimaryCtxRetain", (CUcontext *, CUdevice))                                     \
  X(cuDevicePrimaryCtxRelease, "cuDevicePrimaryCtxRelease_v2", (CUdevice))                                             \
  X(cuCtxPushCurrent, "cuCtxPushCurrent_v2", (CUcontext))                                                              \
  X(cuCtxPopCurrent, "cuCtxPopCurrent_v2", (CUcontext *))                                                              \
  X(cuMemGetInfo, "cuMemGetInfo_v2", (size_t *, size_t *))                                                             \
  X(cuMemAlloc, "cuMemAlloc_v2", (CUdeviceptr *, size_t))                                                              \
  X(cuMemFree, "cuMemFree_v2", (CUdeviceptr))                                                                          \
  X(cuMemHostAlloc, "cuMemHostAlloc", (void **, size_t, unsigned))                                                     \
  X(cuMemFreeHost, "cuMemFreeHost", (void *))                                                                          \
  X(cuMemHostGetDevicePointer, "cuMemHostGetDevicePointer_v2", (CUdeviceptr *, void *, unsigned))                      \
  X(cuMemcpyHtoDAsync, "cuMemcpyHtoDAsync_v2", (CUdeviceptr, const void *, size_t, CUstream))                          \
  X(cuMemcpyDtoHAsync, "cuMemcpyDtoHAsync_v2", (void *, CUdeviceptr, size_t, CUstream))                                \
  X(cuMemcpyDtoDAsync, "cuMemcpyDtoDAsync_v2", (CUdeviceptr, CUdeviceptr, size_t, CUstream))                           \
  X(cuMemsetD8Async, "cuMemsetD8Async", (CUdeviceptr, unsigned char, size_t, CUstream))                                \
  X(cuModuleLoadDataEx, "cuModuleLoadDataEx", (CUmodule *, const void *, unsigned, int *, void **))                    \
  X(cuModuleUnload, "cuModuleUnload", (CUmodule))                                                                      \
  X(cuModuleGetFunction, "cuModuleGetFunction", (CUfunction *, CUmodule, const char *))                                \
  X(cuFuncSetAttribute, "cuFuncSetAttribute", (CUfunction, int, int))                                                  \
  X(cuLaunchKernelEx, "cuLaunchKernelEx", (const CUlaunchConfig *, CUfunction, void **, void **))                      \
  X(cuStreamCreate, "cuStreamCreate", (CUstream *, unsigned))                                                          \
  X(cuStreamDestroy, "cuStreamDestroy_v2", (CUstream))                                                                 \
  X(cuStreamSynchronize, "cuStreamSynchronize", (CUstream))                                                            \
  X(cuStreamBeginCapture, "cuStreamBeginCapture_v2", (CUstream, int))                                                  \
  X(cuStreamEndCapture, "cuStreamEndCapture", (CUstream, CUgraph *))                                                   \
  X(cuEventCreate, "cuEventCreate", (CUevent *, unsigned))                                                             \
  X(cuEventDestroy, "cuEventDestroy_v2", (CUevent))                                                                    \
  X(cuEventRecord, "cuEventRecord", (CUevent, CUstream))                                                               \
  X(cuEventSynchronize, "cuEventSynchronize", (CUevent))                                                               \
  X(cuGraphInstantiate, "cuGraphInstantiateWithFlags", (CUgraphExec *, CUgraph, unsigned long long))                   \
  X(cuGraphLaunch, "cuGraphLaunch", (CUgraphExec, CUstream))                                                           \
  X(cuGraphExecDestroy, "cuGraphExecDestroy", (CUgraphExec))                                                           \
  X(cuGraphDestroy, "cuGraphDestroy", (CUgraph))

/// The functions of an open driver.
struct CudaApi {
#define YOCO_CUDA_MEMBER(name, symbol, parameters) CUresult(*name) parameters;
  YOCO_CUDA_FUNCTIONS(YOCO_CUDA_MEMBER)
#undef YOCO_CUDA_MEMBER
};

} // namespace yoco::runtime::cuda

#endif // YOCO_RUNTIME_DEVICE_CUDA_CUDAAPI_H
