// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Matrix products by cuBLASLt: output[r][n] = sum over k of input[r][k] * weight[n][k], plus residual[r][n].
//
// The library counts matrices by columns. A row-major matrix of r rows is a column-major one of r columns, so the
// product is output' (n x r) = transposed(weight', k x n) * input' (k x r), where ' reads the same bytes by columns.
//
// Results do not depend on anything but the numbers: the algorithm is the first that the library's heuristic names for
// a shape, its alignments and the workspace (nothing is timed), and the sum over k is split, if at all, into parts that
// are kept in f32 in the workspace and added in a fixed order.

#ifndef YOCO_RUNTIME_DEVICE_CUDA_CUBLASLT_H
#define YOCO_RUNTIME_DEVICE_CUDA_CUBLASLT_H

#include "runtime/device/cuda/CublasLtApi.h"
#include "runtime/device/cuda/CudaContext.h"

#include <map>

namespace yoco::runtime::cuda {

/// The open library. It stays in the process, so opening it again costs little.
class CublasLt {
public:
  static Result<std::shared_ptr<const CublasLt>> open();

  CublasLtApi api = {};

  /// The error "call: CUBLAS_STATUS_NOT_SUPPORTED" unless `status` is success.
  Status check(const char *call, cublasStatus_t status) const;
};

/// Everything that the choice of an algorithm depends on. Strides are in elements.
struct GemmShape {
  uint64_t rows, outputs, inputs;
  uint64_t inputStride, weightStride, outputStride, residualStride;
  int outputType; // of the residual, too: CUDA_R_32F or CUDA_R_16BF
  bool hasResidual;
  uint32_t inputAlignment, weightAlignment, outputAlignment, residualAlignment;
  uint64_t workspaceBytes;

  bool operator<(const GemmShape &other) const;
  /// "256 rows of 3072 by 8192"
  std::string text() const;
};

/// The largest power of two, up to 256, that an address is a multiple of.
uint32_t alignmentOf(CUdeviceptr address);

struct GemmAddresses {
  CUdeviceptr input, weight, output, residual, workspace;
};

/// Products that are ready to run, by shape.
class GemmPlans {
public:
  static Result<std::unique_ptr<GemmPlans>> create(const ContextPointer &context,
                                                   std::shared_ptr<const CublasLt> library);
  ~GemmPlans();

  /// Chooses an algorithm, unless that has been done.
  Status prepare(const GemmShape &shape);
  /// Starts a product whose shape has been prepared.
  Status run(const GemmShape &shape, const GemmAddresses &addresses, CUstream stream) const;
  size_t size() const { return plans.size(); }

private:
  /// The library's descriptions of a product. Null where there is none.
  struct Plan {
    cublasLtMatmulDesc_t product = nullptr;
    cublasLtMatrixLayout_t input = nullptr, weight = nullptr, output = nullptr, residual = nullptr;
    cublasLtMatmulAlgo_t algorithm = {};
  };

  GemmPlans(ContextPointer context, std::shared_ptr<const CublasLt> library)
      : context(std::move(context)), library(std::move(library)) {}
  Status describe(const GemmShape &shape, Plan &plan) const;
  Status chooseAlgorithm(const GemmShape &shape, Plan &plan) const;
  void destroy(const Plan &plan) const;

  ContextPointer context;
  std::shared_ptr<const CublasLt> library;
  cublasLtHandle_t handle = nullptr;
  std::map<GemmShape, Plan> plans;
};

} // namespace yoco::runtime::cuda

#endif // YOCO_RUNTIME_DEVICE_CUDA_CUBLASLT_H
