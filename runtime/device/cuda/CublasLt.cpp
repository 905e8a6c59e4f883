// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cuda/CublasLt.h"

#include "runtime/core/DynamicLibrary.h"

#include <algorithm>
#include <cinttypes>
#include <tuple>

namespace yoco::runtime::cuda {

Result<std::shared_ptr<const CublasLt>> CublasLt::open() {
  Result<DynamicLibrary> found = DynamicLibrary::open(
      "YOCO_CUBLASLT", {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so",
                        "/usr/local/cuda/lib64/libcublasLt.so.13", "/usr/local/cuda/lib64/libcublasLt.so.12"});
  if (!found.ok())
    return makeError(
        YOCO_UNSUPPORTED,
        "no cuBLASLt, which this model's matrix products need (install it, add its folder to LD_LIBRARY_PATH, "
        "or name the file in YOCO_CUBLASLT): %s",
        found.status().text());
  auto library = std::make_shared<CublasLt>();
  const char *missing = nullptr;
#define YOCO_CUBLASLT_FIND(name, result, parameters)                                                                   \
  library->api.name = reinterpret_cast<decltype(library->api.name)>(found->find(#name));                               \
  if (!library->api.name && !missing)                                                                                  \
    missing = #name;
  YOCO_CUBLASLT_FUNCTIONS(YOCO_CUBLASLT_FIND)
#undef YOCO_CUBLASLT_FIND
  if (missing)
    return makeError(YOCO_UNSUPPORTED, "cuBLASLt %s has no function %s", found->name().c_str(), missing);
  return std::shared_ptr<const CublasLt>(std::move(library));
}

Status CublasLt::check(const char *call, cublasStatus_t status) const {
  if (status == CUBLAS_STATUS_SUCCESS)
    return Status();
  const char *name = api.cublasLtGetStatusName(status), *text = api.cublasLtGetStatusString(status);
  return makeError(YOCO_DEVICE_ERROR, "%s: %s: %s", call, name ? name : "unknown status", text ? text : "");
}

static auto tied(const GemmShape &shape) {
  return std::tie(shape.rows, shape.outputs, shape.inputs, shape.inputStride, shape.weightStride, shape.outputStride,
                  shape.residualStride, shape.outputType, shape.hasResidual, shape.inputAlignment,
                  shape.weightAlignment, shape.outputAlignment, shape.residualAlignment, shape.workspaceBytes);
}

bool GemmShape::operator<(const GemmShape &other) const { return tied(*this) < tied(other); }

std::string GemmShape::text() const {
  return formatString("product of %" PRIu64 " rows of %" PRIu64 " by %" PRIu64 " outputs", rows, inputs, outputs);
}

uint32_t alignmentOf(CUdeviceptr address) {
  constexpr CUdeviceptr kMost = 256;
  CUdeviceptr lowestBit = address & (~address + 1);
  return uint32_t(lowestBit == 0 ? kMost : std::min(lowestBit, kMost));
}

Result<std::unique_ptr<GemmPlans>> GemmPlans::create(const ContextPointer &context,
                                                     std::shared_ptr<const CublasLt> library) {
  ContextScope scope(*context);
  std::unique_ptr<GemmPlans> plans(new GemmPlans(context, std::move(library)));
  YOCO_RETURN_IF_ERROR(plans->library->check("cublasLtCreate", plans->library->api.cublasLtCreate(&plans->handle)));
  return plans;
}

GemmPlans::~GemmPlans() {
  ContextScope scope(*context);
  for (const auto &[shape, plan] : plans)
    destroy(plan);
  if (handle)
    (void)library->api.cublasLtDestroy(handle);
}

void GemmPlans::destroy(const Plan &plan) const {
  for (cublasLtMatrixLayout_t layout : {plan.input, plan.weight, plan.output, plan.residual})
    if (layout)
      (void)library->api.cublasLtMatrixLayoutDestroy(layout);
  if (plan.product)
    (void)library->api.cublasLtMatmulDescDestroy(plan.product);
}

Status GemmPlans::prepare(const GemmShape &shape) {
  if (plans.count(shape))
    return Status();
  ContextScope scope(*context);
  Plan plan;
  Status status = describe(shape, plan);
  if (status.ok())
    status = chooseAlgorithm(shape, plan);
  if (!status.ok()) {
    destroy(plan);
    return makeError(status.code(), "%s: %s", shape.text().c_str(), status.text());
  }
  plans.emplace(shape, plan);
  return Status();
}

Status GemmPlans::describe(const GemmShape &shape, Plan &plan) const {
  const CublasLtApi &api = library->api;
  YOCO_RETURN_IF_ERROR(library->check("cublasLtMatmulDescCreate",
                                      api.cublasLtMatmulDescCreate(&plan.product, CUBLAS_COMPUTE_32F, CUDA_R_32F)));
  const int32_t transposed = CUBLAS_OP_T;
  YOCO_RETURN_IF_ERROR(library->check(
      "cublasLtMatmulDescSetAttribute",
      api.cublasLtMatmulDescSetAttribute(plan.product, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof(transposed))));
  auto layout = [&](cublasLtMatrixLayout_t &result, int type, uint64_t rows, uint64_t columns, uint64_t stride) {
    return library->check("cublasLtMatrixLayoutCreate",
                          api.cublasLtMatrixLayoutCreate(&result, type, rows, columns, int64_t(stride)));
  };
  YOCO_RETURN_IF_ERROR(layout(plan.weight, CUDA_R_16BF, shape.inputs, shape.outputs, shape.weightStride));
  YOCO_RETURN_IF_ERROR(layout(plan.input, CUDA_R_16BF, shape.inputs, shape.rows, shape.inputStride));
  YOCO_RETURN_IF_ERROR(layout(plan.output, shape.outputType, shape.outputs, shape.rows, shape.outputStride));
  if (shape.hasResidual)
    YOCO_RETURN_IF_ERROR(layout(plan.residual, shape.outputType, shape.outputs, shape.rows, shape.residualStride));
  return Status();
}

Status GemmPlans::chooseAlgorithm(const GemmShape &shape, Plan &plan) const {
  const CublasLtApi &api = library->api;
  cublasLtMatmulPreference_t preference = nullptr;
  YOCO_RETURN_IF_ERROR(
      library->check("cublasLtMatmulPreferenceCreate", api.cublasLtMatmulPreferenceCreate(&preference)));
  cublasStatus_t status = CUBLAS_STATUS_SUCCESS;
  auto set = [&](int attribute, auto value) {
    if (status == CUBLAS_STATUS_SUCCESS)
      status = api.cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof(value));
  };
  set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, shape.workspaceBytes);
  set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, shape.weightAlignment);
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, shape.inputAlignment);
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, shape.hasResidual ? shape.residualAlignment : shape.outputAlignment);
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, shape.outputAlignment);
  cublasLtMatmulHeuristicResult_t found = {};
  int count = 0;
  if (status == CUBLAS_STATUS_SUCCESS)
    status = api.cublasLtMatmulAlgoGetHeuristic(handle, plan.product, plan.weight, plan.input,
                                                plan.residual ? plan.residual : plan.output, plan.output, preference, 1,
                                                &found, &count);
  (void)api.cublasLtMatmulPreferenceDestroy(preference);
  YOCO_RETURN_IF_ERROR(library->check("cublasLtMatmulAlgoGetHeuristic", status));
  if (count < 1)
    return makeError(YOCO_DEVICE_ERROR, "cuBLASLt has no algorithm for it");
  YOCO_RETURN_IF_ERROR(library->check("cublasLtMatmulAlgoGetHeuristic", found.state));
  plan.algorithm = found.algo;
  return Status();
}

Status GemmPlans::run(const GemmShape &shape, const GemmAddresses &addresses, CUstream stream) const {
  auto found = plans.find(shape);
  if (found == plans.end())
    return makeError(YOCO_DEVICE_ERROR, "%s: not prepared", shape.text().c_str());
  const Plan &plan = found->second;
  auto pointer = [](CUdeviceptr address) { return reinterpret_cast<void *>(uintptr_t(address)); };
  const float one = 1.0f, beta = shape.hasResidual ? 1.0f : 0.0f;
  return library->check(
      "cublasLtMatmul",
      library->api.cublasLtMatmul(handle, plan.product, &one, pointer(addresses.weight), plan.weight,
                                  pointer(addresses.input), plan.input, &beta,
                                  pointer(shape.hasResidual ? addresses.residual : addresses.output),
                                  plan.residual ? plan.residual : plan.output, pointer(addresses.output), plan.output,
                                  &plan.algorithm, pointer(addresses.workspace), size_t(shape.workspaceBytes), stream));
}

} // namespace yoco::runtime::cuda
