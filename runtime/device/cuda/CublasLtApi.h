// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What we use of cuBLASLt, declared here so that a build needs no CUDA toolkit. Names and numbers are those of
// cublasLt.h, the same in versions 12 and 13; test/runtime/CudaHeadersTest.cpp compares where a toolkit is at hand.

#ifndef YOCO_RUNTIME_DEVICE_CUDA_CUBLASLTAPI_H
#define YOCO_RUNTIME_DEVICE_CUDA_CUBLASLTAPI_H

#include "runtime/device/cuda/CudaApi.h"

namespace yoco::runtime::cuda {

using cublasStatus_t = int;
using cublasLtHandle_t = struct cublasLtContext *;
using cublasLtMatmulDesc_t = struct cublasLtMatmulDesc *;
using cublasLtMatrixLayout_t = struct cublasLtMatrixLayout *;
using cublasLtMatmulPreference_t = struct cublasLtMatmulPreference *;

struct cublasLtMatmulAlgo_t {
  uint64_t data[8];
};

struct cublasLtMatmulHeuristicResult_t {
  cublasLtMatmulAlgo_t algo;
  size_t workspaceSize;
  cublasStatus_t state;
  float wavesCount;
  int reserved[4];
};

constexpr cublasStatus_t CUBLAS_STATUS_SUCCESS = 0;
// cublasComputeType_t, cudaDataType, cublasOperation_t
constexpr int CUBLAS_COMPUTE_32F = 68;
constexpr int CUDA_R_32F = 0;
constexpr int CUDA_R_16BF = 14;
constexpr int CUBLAS_OP_T = 1;
// cublasLtMatmulDescAttributes_t
constexpr int CUBLASLT_MATMUL_DESC_TRANSA = 3;
// cublasLtMatmulPreferenceAttributes_t
constexpr int CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES = 1;
constexpr int CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK = 3;
constexpr int CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES = 5;
constexpr int CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES = 6;
constexpr int CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES = 7;
constexpr int CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES = 8;
// cublasLtReductionScheme_t
constexpr uint32_t CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE = 2;

/// Name, result, parameters.
#define YOCO_CUBLASLT_FUNCTIONS(X)                                                                                     \
  X(cublasLtGetStatusName, const char *, (cublasStatus_t))                                                             \
  X(cublasLtGetStatusString, const char *, (cublasStatus_t))                                                           \
  X(cublasLtGetVersion, size_t, ())                                                                                    \
  X(cublasLtCreate, cublasStatus_t, (cublasLtHandle_t *))                                                              \
  X(cublasLtDestroy, cublasStatus_t, (cublasLtHandle_t))                                                               \
  X(cublasLtMatmulDescCreate, cublasStatus_t, (cublasLtMatmulDesc_t *, int, int))                                      \
  X(cublasLtMatmulDescDestroy, cublasStatus_t, (cublasLtMatmulDesc_t))                                                 \
  X(cublasLtMatmulDescSetAttribute, cublasStatus_t, (cublasLtMatmulDesc_t, int, const void *, size_t))                 \
  X(cublasLtMatrixLayoutCreate, cublasStatus_t, (cublasLtMatrixLayout_t *, int, uint64_t, uint64_t, int64_t))          \
  X(cublasLtMatrixLayoutDestroy, cublasStatus_t, (cublasLtMatrixLayout_t))                                             \
  X(cublasLtMatmulPreferenceCreate, cublasStatus_t, (cublasLtMatmulPreference_t *))                                    \
  X(cublasLtMatmulPreferenceDestroy, cublasStatus_t, (cublasLtMatmulPreference_t))                                     \
  X(cublasLtMatmulPreferenceSetAttribute, cublasStatus_t, (cublasLtMatmulPreference_t, int, const void *, size_t))     \
  X(cublasLtMatmulAlgoGetHeuristic, cublasStatus_t,                                                                    \
    (cublasLtHandle_t, cublasLtMatmulDesc_t, cublasLtMatrixLayout_t, cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,   \
     cublasLtMatrixLayout_t, cublasLtMatmulPreference_t, int, cublasLtMatmulHeuristicResult_t *, int *))               \
  X(cublasLtMatmul, cublasStatus_t,                                                                                    \
    (cublasLtHandle_t, cublasLtMatmulDesc_t, const void *, const void *, cublasLtMatrixLayout_t, const void *,         \
     cublasLtMatrixLayout_t, const void *, const void *, cublasLtMatrixLayout_t, void *, cublasLtMatrixLayout_t,       \
     const cublasLtMatmulAlgo_t *, void *, size_t, CUstream))

/// The functions of an open library.
struct CublasLtApi {
#define YOCO_CUBLASLT_MEMBER(name, result, parameters) result(*name) parameters;
  YOCO_CUBLASLT_FUNCTIONS(YOCO_CUBLASLT_MEMBER)
#undef YOCO_CUBLASLT_MEMBER
};

} // namespace yoco::runtime::cuda

#endif // YOCO_RUNTIME_DEVICE_CUDA_CUBLASLTAPI_H
