// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Our declarations of NVIDIA's libraries against those of a toolkit. Built where there is one; compiling it is the
// test.

#include <cublasLt.h>
#include <cuda.h>

// After the toolkit's, whose macros give functions the names of their symbols: so in our table, too.
#include "runtime/device/cuda/CublasLtApi.h"
#include "runtime/device/cuda/CudaApi.h"

#include <gtest/gtest.h>
#include <type_traits>

namespace ours = yoco::runtime::cuda;

namespace {

/// Whether values of the two types are passed alike.
template <typename A, typename B>
constexpr bool alike() {
  constexpr bool numbers = (std::is_integral_v<A> || std::is_enum_v<A>)&&(std::is_integral_v<B> || std::is_enum_v<B>);
  return sizeof(A) == sizeof(B) && (numbers || (std::is_pointer_v<A> && std::is_pointer_v<B>));
}

template <typename A, typename B>
struct Same : std::false_type {};
template <typename R1, typename... P1, typename R2, typename... P2>
struct Same<R1 (*)(P1...), R2 (*)(P2...)> {
  static constexpr bool check() {
    if constexpr (sizeof...(P1) != sizeof...(P2))
      return false;
    else
      return alike<R1, R2>() && (alike<P1, P2>() && ...);
  }
  static constexpr bool value = check();
};

#define YOCO_TEXT(name) YOCO_TEXT_(name)
#define YOCO_TEXT_(name) #name
constexpr bool equal(const char *a, const char *b) { return *a == *b && (*a == '\0' || equal(a + 1, b + 1)); }

#define YOCO_COMPARE(name, symbol, parameters)                                                                         \
  static_assert(Same<decltype(ours::CudaApi::name), decltype(&::name)>::value, #name);                                 \
  static_assert(equal(YOCO_TEXT(name), symbol), "the symbol of " symbol);
YOCO_CUDA_FUNCTIONS(YOCO_COMPARE)

static_assert(sizeof(ours::CUlaunchConfig) == sizeof(::CUlaunchConfig) &&
              offsetof(ours::CUlaunchConfig, hStream) == offsetof(::CUlaunchConfig, hStream) &&
              offsetof(ours::CUlaunchConfig, numAttrs) == offsetof(::CUlaunchConfig, numAttrs));
static_assert(sizeof(ours::CUlaunchAttribute) == sizeof(::CUlaunchAttribute) &&
              offsetof(ours::CUlaunchAttribute, value) == offsetof(::CUlaunchAttribute, value));
static_assert(ours::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION ==
              int(::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION));

#define YOCO_COMPARE_BLAS(name, result, parameters)                                                                    \
  static_assert(Same<decltype(ours::CublasLtApi::name), decltype(&::name)>::value, #name);
YOCO_CUBLASLT_FUNCTIONS(YOCO_COMPARE_BLAS)

#define YOCO_COMPARE_NUMBER(name) static_assert(int64_t(ours::name) == int64_t(::name), #name)
YOCO_COMPARE_NUMBER(CUDA_SUCCESS);
YOCO_COMPARE_NUMBER(CUDA_ERROR_OUT_OF_MEMORY);
YOCO_COMPARE_NUMBER(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
YOCO_COMPARE_NUMBER(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
YOCO_COMPARE_NUMBER(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
YOCO_COMPARE_NUMBER(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
YOCO_COMPARE_NUMBER(CU_JIT_ERROR_LOG_BUFFER);
YOCO_COMPARE_NUMBER(CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
YOCO_COMPARE_NUMBER(CU_STREAM_NON_BLOCKING);
YOCO_COMPARE_NUMBER(CU_EVENT_DISABLE_TIMING);
static_assert(ours::kMappedHostMemory == CU_MEMHOSTALLOC_DEVICEMAP);
YOCO_COMPARE_NUMBER(CU_STREAM_CAPTURE_MODE_RELAXED);
YOCO_COMPARE_NUMBER(CUBLAS_STATUS_SUCCESS);
YOCO_COMPARE_NUMBER(CUBLAS_COMPUTE_32F);
YOCO_COMPARE_NUMBER(CUDA_R_32F);
YOCO_COMPARE_NUMBER(CUDA_R_16BF);
YOCO_COMPARE_NUMBER(CUBLAS_OP_T);
YOCO_COMPARE_NUMBER(CUBLASLT_MATMUL_DESC_TRANSA);
YOCO_COMPARE_NUMBER(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
YOCO_COMPARE_NUMBER(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK);
YOCO_COMPARE_NUMBER(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
YOCO_COMPARE_NUMBER(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
YOCO_COMPARE_NUMBER(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
YOCO_COMPARE_NUMBER(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);
YOCO_COMPARE_NUMBER(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);

static_assert(sizeof(ours::cublasLtMatmulAlgo_t) == sizeof(::cublasLtMatmulAlgo_t));
static_assert(sizeof(ours::cublasLtMatmulHeuristicResult_t) == sizeof(::cublasLtMatmulHeuristicResult_t));
static_assert(offsetof(ours::cublasLtMatmulHeuristicResult_t, state) ==
              offsetof(::cublasLtMatmulHeuristicResult_t, state));

TEST(CudaHeadersTest, declarationsAgree) { SUCCEED(); }

} // namespace
