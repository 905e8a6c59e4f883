// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cuBLASLt over FakeGpu.h's machine: plain loops, and checks that the caller keeps what it promised when it asked for
// an algorithm.

#include "test/runtime/fake/FakeGpu.h"

#include <algorithm>
#include <cstring>

using namespace yoco::fake;

namespace {

constexpr cublasStatus_t kBlasInvalidValue = 7, kBlasNotSupported = 15;

struct FakeLayout {
  int type;
  uint64_t rows, columns;
  int64_t stride;

  uint64_t elementSize() const { return type == CUDA_R_32F ? 4 : 2; }
  uint64_t bytes() const { return ((columns - 1) * uint64_t(stride) + rows) * elementSize(); }
  double load(const void *matrix, uint64_t row, uint64_t column) const {
    uint64_t index = column * uint64_t(stride) + row;
    if (type == CUDA_R_32F)
      return double(static_cast<const float *>(matrix)[index]);
    uint32_t bits = uint32_t(static_cast<const uint16_t *>(matrix)[index]) << 16;
    float value;
    memcpy(&value, &bits, sizeof(value));
    return double(value);
  }
  void store(void *matrix, uint64_t row, uint64_t column, float value) const {
    uint64_t index = column * uint64_t(stride) + row;
    if (type == CUDA_R_32F) {
      static_cast<float *>(matrix)[index] = value;
      return;
    }
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    static_cast<uint16_t *>(matrix)[index] = uint16_t((bits + 0x7FFFu + ((bits >> 16) & 1)) >> 16);
  }
};

struct FakeProduct {
  int32_t transposeA = 0;
};

struct FakePreference {
  uint64_t workspace = 0;
  uint32_t reductions = 7;
  uint32_t alignments[4] = {256, 256, 256, 256};
};

// What cublasLtMatmulAlgo_t holds.
enum AlgorithmWord { kMagic, kInputs, kOutputs, kRows, kWorkspace, kAlignAB, kAlignCD };
constexpr uint64_t kAlgorithmMagic = 0xA160;

template <typename Object, typename Handle>
Object &at(Handle handle) {
  return *reinterpret_cast<Object *>(handle);
}

cublasStatus_t enter(const char *call) {
  Machine &machine = Machine::get();
  std::lock_guard<std::recursive_mutex> lock(machine.mutex);
  return machine.enter(call);
}

template <typename Object, typename Handle>
cublasStatus_t create(Handle *handle, Object object) {
  std::lock_guard<std::recursive_mutex> lock(Machine::get().mutex);
  *handle = reinterpret_cast<Handle>(new Object(object));
  ++Machine::get().live;
  return CUBLAS_STATUS_SUCCESS;
}

template <typename Object, typename Handle>
cublasStatus_t destroy(Handle handle) {
  std::lock_guard<std::recursive_mutex> lock(Machine::get().mutex);
  delete reinterpret_cast<Object *>(handle);
  --Machine::get().live;
  return CUBLAS_STATUS_SUCCESS;
}

bool isAligned(const void *address, uint64_t alignment) {
  return alignment != 0 && reinterpret_cast<uintptr_t>(address) % alignment == 0;
}

uint64_t addressOf(const void *pointer) { return reinterpret_cast<uintptr_t>(pointer); }

} // namespace

YOCO_FAKE const char *cublasLtGetStatusName(cublasStatus_t status) {
  return status == kBlasInvalidValue   ? "CUBLAS_STATUS_INVALID_VALUE"
         : status == kBlasNotSupported ? "CUBLAS_STATUS_NOT_SUPPORTED"
                                       : "CUBLAS_STATUS_INTERNAL_ERROR";
}
YOCO_FAKE const char *cublasLtGetStatusString(cublasStatus_t status) {
  return status == kBlasNotSupported ? "the requested functionality is not supported" : "an error of the fake library";
}
YOCO_FAKE size_t cublasLtGetVersion() { return 130000; }

YOCO_FAKE cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle) {
  if (cublasStatus_t status = enter("cublasLtCreate"))
    return status;
  return create(handle, 0);
}
YOCO_FAKE cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) { return destroy<int>(handle); }

YOCO_FAKE cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *product, int compute, int scale) {
  if (cublasStatus_t status = enter("cublasLtMatmulDescCreate"))
    return status;
  if (compute != CUBLAS_COMPUTE_32F || scale != CUDA_R_32F)
    return kBlasInvalidValue;
  return create(product, FakeProduct());
}
YOCO_FAKE cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t product) {
  return destroy<FakeProduct>(product);
}
YOCO_FAKE cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t product, int attribute, const void *value,
                                                        size_t size) {
  if (attribute != CUBLASLT_MATMUL_DESC_TRANSA || size != sizeof(int32_t))
    return kBlasInvalidValue;
  memcpy(&at<FakeProduct>(product).transposeA, value, size);
  return CUBLAS_STATUS_SUCCESS;
}

YOCO_FAKE cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *layout, int type, uint64_t rows,
                                                    uint64_t columns, int64_t stride) {
  if (cublasStatus_t status = enter("cublasLtMatrixLayoutCreate"))
    return status;
  if (rows == 0 || columns == 0 || stride < int64_t(rows))
    return kBlasInvalidValue;
  return create(layout, FakeLayout{type, rows, columns, stride});
}
YOCO_FAKE cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  return destroy<FakeLayout>(layout);
}

YOCO_FAKE cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *preference) {
  if (cublasStatus_t status = enter("cublasLtMatmulPreferenceCreate"))
    return status;
  return create(preference, FakePreference());
}
YOCO_FAKE cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  return destroy<FakePreference>(preference);
}
YOCO_FAKE cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference, int attribute,
                                                              const void *value, size_t size) {
  auto &fake = at<FakePreference>(preference);
  auto set = [&](auto &field) {
    if (size != sizeof(field))
      return kBlasInvalidValue;
    memcpy(&field, value, size);
    return CUBLAS_STATUS_SUCCESS;
  };
  switch (attribute) {
  case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES:
    return set(fake.workspace);
  case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK:
    return set(fake.reductions);
  case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
  case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
  case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
  case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES:
    return set(fake.alignments[attribute - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES]);
  default:
    return kBlasInvalidValue;
  }
}

YOCO_FAKE cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t product,
                                                        cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                                        cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                                        cublasLtMatmulPreference_t preference, int,
                                                        cublasLtMatmulHeuristicResult_t *results, int *count) {
  if (cublasStatus_t status = enter("cublasLtMatmulAlgoGetHeuristic"))
    return status;
  *count = 0;
  Machine &machine = Machine::get();
  std::lock_guard<std::recursive_mutex> lock(machine.mutex);
  if (machine.failureOf("algorithm"))
    return CUBLAS_STATUS_SUCCESS;
  const auto &weight = at<FakeLayout>(a), &input = at<FakeLayout>(b), &added = at<FakeLayout>(c),
             &output = at<FakeLayout>(d);
  const auto &wishes = at<FakePreference>(preference);
  if (at<FakeProduct>(product).transposeA != CUBLAS_OP_T || weight.rows != input.rows ||
      output.rows != weight.columns || output.columns != input.columns || added.rows != output.rows ||
      added.columns != output.columns || added.type != output.type || weight.type != CUDA_R_16BF ||
      input.type != CUDA_R_16BF)
    return kBlasInvalidValue;
  if (wishes.reductions != CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE)
    return kBlasNotSupported;
  results[0] = {};
  results[0].workspaceSize = wishes.workspace;
  uint64_t *words = results[0].algo.data;
  words[kMagic] = kAlgorithmMagic;
  words[kInputs] = weight.rows;
  words[kOutputs] = weight.columns;
  words[kRows] = input.columns;
  words[kWorkspace] = wishes.workspace;
  words[kAlignAB] = uint64_t(wishes.alignments[0]) << 32 | wishes.alignments[1];
  words[kAlignCD] = uint64_t(wishes.alignments[2]) << 32 | wishes.alignments[3];
  *count = 1;
  return CUBLAS_STATUS_SUCCESS;
}

YOCO_FAKE cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t, const void *alpha, const void *a,
                                        cublasLtMatrixLayout_t aLayout, const void *b, cublasLtMatrixLayout_t bLayout,
                                        const void *beta, const void *c, cublasLtMatrixLayout_t cLayout, void *d,
                                        cublasLtMatrixLayout_t dLayout, const cublasLtMatmulAlgo_t *algorithm,
                                        void *workspace, size_t workspaceBytes, CUstream stream) {
  if (cublasStatus_t status = enter("cublasLtMatmul"))
    return status;
  const auto weight = at<FakeLayout>(aLayout), input = at<FakeLayout>(bLayout), added = at<FakeLayout>(cLayout),
             output = at<FakeLayout>(dLayout);
  const uint64_t *words = algorithm->data;
  float scale, share;
  memcpy(&scale, alpha, sizeof(scale));
  memcpy(&share, beta, sizeof(share));
  if (words[kMagic] != kAlgorithmMagic || words[kInputs] != weight.rows || words[kOutputs] != weight.columns ||
      words[kRows] != input.columns || words[kWorkspace] > workspaceBytes || scale != 1.0f ||
      !isAligned(a, words[kAlignAB] >> 32) || !isAligned(b, uint32_t(words[kAlignAB])) ||
      !isAligned(c, words[kAlignCD] >> 32) || !isAligned(d, uint32_t(words[kAlignCD])) || !isAligned(workspace, 256))
    return kBlasInvalidValue;
  Machine &machine = Machine::get();
  std::lock_guard<std::recursive_mutex> lock(machine.mutex);
  return machine.enqueue(stream, [=, &machine]() -> CUresult {
    if (!machine.isDevice(addressOf(a), weight.bytes()) || !machine.isDevice(addressOf(b), input.bytes()) ||
        (share != 0 && !machine.isDevice(addressOf(c), added.bytes())) ||
        !machine.isDevice(addressOf(d), output.bytes()) ||
        (workspaceBytes != 0 && !machine.isDevice(addressOf(workspace), workspaceBytes)))
      return kIllegalAddress;
    if (workspaceBytes != 0)
      memset(workspace, 0xEE, workspaceBytes);
    if (machine.stub)
      return CUDA_SUCCESS;
    for (uint64_t row = 0; row < input.columns; ++row)
      for (uint64_t column = 0; column < weight.columns; ++column) {
        double sum = 0;
        for (uint64_t k = 0; k < weight.rows; ++k)
          sum += weight.load(a, k, column) * input.load(b, k, row);
        if (share != 0)
          sum += double(share) * added.load(c, column, row);
        output.store(d, column, row, float(sum));
      }
    return CUDA_SUCCESS;
  });
}
