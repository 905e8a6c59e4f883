// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The primary context of a GPU, and what lives in it: memory, streams, events, modules, graphs.

#ifndef YOCO_RUNTIME_DEVICE_CUDA_CUDACONTEXT_H
#define YOCO_RUNTIME_DEVICE_CUDA_CUDACONTEXT_H

#include "runtime/device/cuda/CudaDriver.h"

#include <utility>

namespace yoco::runtime::cuda {

/// The primary context of a GPU, which all users of the GPU in this process share.
class CudaContext {
public:
  static Result<std::shared_ptr<const CudaContext>> retain(std::shared_ptr<const CudaDriver> driver, Gpu gpu);
  CudaContext(std::shared_ptr<const CudaDriver> driver, Gpu gpu)
      : openDriver(std::move(driver)), device(std::move(gpu)) {}
  CudaContext(const CudaContext &) = delete;
  ~CudaContext();

  const CudaApi &api() const { return openDriver->api; }
  const CudaDriver &driver() const { return *openDriver; }
  const Gpu &gpu() const { return device; }
  CUcontext handle() const { return context; }
  Status check(const char *call, CUresult result) const { return openDriver->check(call, result); }
  /// Bytes of the GPU's memory that are free now.
  Result<uint64_t> freeBytes() const;

private:
  std::shared_ptr<const CudaDriver> openDriver;
  Gpu device;
  CUcontext context = nullptr;
};

using ContextPointer = std::shared_ptr<const CudaContext>;

/// Makes a context the current one of this thread for as long as it lives. Every call of the driver needs that.
class ContextScope {
public:
  explicit ContextScope(const CudaContext &context) : context(context) {
    pushed = context.api().cuCtxPushCurrent(context.handle()) == CUDA_SUCCESS;
  }
  ContextScope(const ContextScope &) = delete;
  ~ContextScope() {
    CUcontext popped;
    if (pushed)
      context.api().cuCtxPopCurrent(&popped);
  }

private:
  const CudaContext &context;
  bool pushed;
};

/// An object of the driver that is destroyed with its owner.
template <typename Object, auto destroy>
class CudaHandle {
public:
  CudaHandle() = default;
  CudaHandle(ContextPointer context, Object object) : context(std::move(context)), object(object) {}
  CudaHandle(CudaHandle &&other) noexcept { *this = std::move(other); }
  CudaHandle &operator=(CudaHandle &&other) noexcept {
    std::swap(context, other.context);
    std::swap(object, other.object);
    return *this;
  }
  ~CudaHandle() {
    if (!context)
      return;
    ContextScope scope(*context);
    (void)(context->api().*destroy)(object);
  }

  Object get() const { return object; }
  explicit operator bool() const { return context != nullptr; }

private:
  ContextPointer context;
  Object object = {};
};

using Stream = CudaHandle<CUstream, &CudaApi::cuStreamDestroy>;
using Event = CudaHandle<CUevent, &CudaApi::cuEventDestroy>;
using Module = CudaHandle<CUmodule, &CudaApi::cuModuleUnload>;
using Graph = CudaHandle<CUgraph, &CudaApi::cuGraphDestroy>;
using GraphExec = CudaHandle<CUgraphExec, &CudaApi::cuGraphExecDestroy>;

Result<Stream> createStream(const ContextPointer &context);
Result<Event> createEvent(const ContextPointer &context);

/// Memory of the GPU; its content is undefined at first. Of size 0: nothing.
class DeviceMemory {
public:
  /// `what` names the memory in the error text.
  static Result<DeviceMemory> allocate(const ContextPointer &context, uint64_t size, const char *what);

  CUdeviceptr address() const { return memory.get(); }
  uint64_t size() const { return byteCount; }

private:
  CudaHandle<CUdeviceptr, &CudaApi::cuMemFree> memory;
  uint64_t byteCount = 0;
};

/// Memory of the machine that the GPU reads and writes while the CPU does something else.
class PinnedMemory {
public:
  static Result<PinnedMemory> allocate(const ContextPointer &context, uint64_t size, const char *what) {
    return allocate(context, size, what, 0);
  }
  /// Memory that the GPU reads as well, at deviceAddress().
  static Result<PinnedMemory> allocateMapped(const ContextPointer &context, uint64_t size, const char *what);

  uint8_t *data() const { return static_cast<uint8_t *>(memory.get()); }
  CUdeviceptr deviceAddress() const { return mapped; }
  uint64_t size() const { return byteCount; }

private:
  static Result<PinnedMemory> allocate(const ContextPointer &context, uint64_t size, const char *what, unsigned flags);

  CudaHandle<void *, &CudaApi::cuMemFreeHost> memory;
  CUdeviceptr mapped = 0;
  uint64_t byteCount = 0;
};

} // namespace yoco::runtime::cuda

#endif // YOCO_RUNTIME_DEVICE_CUDA_CUDACONTEXT_H
