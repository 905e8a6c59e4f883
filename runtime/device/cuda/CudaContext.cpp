// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cuda/CudaContext.h"

#include <cinttypes>

namespace yoco::runtime::cuda {

Result<ContextPointer> CudaContext::retain(std::shared_ptr<const CudaDriver> driver, Gpu gpu) {
  auto context = std::make_shared<CudaContext>(std::move(driver), std::move(gpu));
  Status status = context->check("cuDevicePrimaryCtxRetain",
                                 context->api().cuDevicePrimaryCtxRetain(&context->context, context->gpu().device));
  if (!status.ok())
    return makeError(status.code(), "%s: %s", context->gpu().text().c_str(), status.text());
  return ContextPointer(std::move(context));
}

CudaContext::~CudaContext() {
  if (context)
    (void)api().cuDevicePrimaryCtxRelease(device.device);
}

Result<uint64_t> CudaContext::freeBytes() const {
  ContextScope scope(*this);
  size_t free = 0, total = 0;
  YOCO_RETURN_IF_ERROR(check("cuMemGetInfo", api().cuMemGetInfo(&free, &total)));
  return uint64_t(free);
}

Result<Stream> createStream(const ContextPointer &context) {
  ContextScope scope(*context);
  CUstream stream;
  YOCO_RETURN_IF_ERROR(
      context->check("cuStreamCreate", context->api().cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING)));
  return Stream(context, stream);
}

Result<Event> createEvent(const ContextPointer &context) {
  ContextScope scope(*context);
  CUevent event;
  YOCO_RETURN_IF_ERROR(context->check("cuEventCreate", context->api().cuEventCreate(&event, CU_EVENT_DISABLE_TIMING)));
  return Event(context, event);
}

Result<DeviceMemory> DeviceMemory::allocate(const ContextPointer &context, uint64_t size, const char *what) {
  DeviceMemory result;
  if (size == 0)
    return result;
  ContextScope scope(*context);
  CUdeviceptr address = 0;
  if (CUresult failure = context->api().cuMemAlloc(&address, size_t(size)); failure != CUDA_SUCCESS) {
    Status status = context->check("cuMemAlloc", failure);
    return makeError(status.code(), "%s: %" PRIu64 " bytes of GPU memory cannot be had: %s", what, size, status.text());
  }
  result.memory = {context, address};
  result.byteCount = size;
  return result;
}

Result<PinnedMemory> PinnedMemory::allocateMapped(const ContextPointer &context, uint64_t size, const char *what) {
  YOCO_ASSIGN_OR_RETURN(PinnedMemory result, allocate(context, size, what, kMappedHostMemory));
  if (size == 0)
    return result;
  ContextScope scope(*context);
  YOCO_RETURN_IF_ERROR(context->check(
      "cuMemHostGetDevicePointer", context->api().cuMemHostGetDevicePointer(&result.mapped, result.memory.get(), 0)));
  return result;
}

Result<PinnedMemory> PinnedMemory::allocate(const ContextPointer &context, uint64_t size, const char *what,
                                            unsigned flags) {
  PinnedMemory result;
  if (size == 0)
    return result;
  ContextScope scope(*context);
  void *address = nullptr;
  if (CUresult failure = context->api().cuMemHostAlloc(&address, size_t(size), flags); failure != CUDA_SUCCESS) {
    Status status = context->check("cuMemHostAlloc", failure);
    return makeError(status.code(), "%s: %" PRIu64 " bytes of pinned memory cannot be had: %s", what, size,
                     status.text());
  }
  result.memory = {context, address};
  result.byteCount = size;
  return result;
}

} // namespace yoco::runtime::cuda
