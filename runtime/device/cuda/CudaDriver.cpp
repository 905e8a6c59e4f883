// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cuda/CudaDriver.h"

#include "runtime/core/DynamicLibrary.h"

namespace yoco::runtime::cuda {

Result<std::shared_ptr<const CudaDriver>> CudaDriver::open() {
  Result<DynamicLibrary> library = DynamicLibrary::open("YOCO_CUDA_DRIVER", {"libcuda.so.1"});
  if (!library.ok())
    return makeError(YOCO_UNSUPPORTED, "no NVIDIA driver: %s", library.status().text());
  auto driver = std::make_shared<CudaDriver>();
  const char *missing = nullptr;
#define YOCO_CUDA_FIND(name, symbol, parameters)                                                                       \
  driver->api.name = reinterpret_cast<decltype(driver->api.name)>(library->find(symbol));                              \
  if (!driver->api.name && !missing)                                                                                   \
    missing = symbol;
  YOCO_CUDA_FUNCTIONS(YOCO_CUDA_FIND)
#undef YOCO_CUDA_FIND
  if (missing)
    return makeError(YOCO_UNSUPPORTED, "the NVIDIA driver %s has no function %s: it is too old",
                     library->name().c_str(), missing);
  if (CUresult result = driver->api.cuInit(0); result != CUDA_SUCCESS)
    return makeError(YOCO_UNSUPPORTED, "the NVIDIA driver does not start: cuInit: %s",
                     driver->describe(result).c_str());
  return std::shared_ptr<const CudaDriver>(std::move(driver));
}

std::string CudaDriver::describe(CUresult result) const {
  const char *name = nullptr, *text = nullptr;
  if (api.cuGetErrorName(result, &name) != CUDA_SUCCESS || !name)
    return formatString("error %d", result);
  if (api.cuGetErrorString(result, &text) != CUDA_SUCCESS || !text)
    return name;
  return formatString("%s: %s", name, text);
}

Status CudaDriver::makeFailure(const char *call, CUresult result) const {
  yoco_status code = result == CUDA_ERROR_OUT_OF_MEMORY ? YOCO_OUT_OF_MEMORY : YOCO_DEVICE_ERROR;
  return makeError(code, "%s: %s", call, describe(result).c_str());
}

std::string Gpu::text() const {
  return formatString("GPU %u (%s, compute capability %u.%u)", ordinal, name.c_str(), capability.major,
                      capability.minor);
}

Result<Gpu> findGpu(const CudaDriver &driver, uint32_t ordinal) {
  const CudaApi &api = driver.api;
  int count = 0;
  YOCO_RETURN_IF_ERROR(driver.check("cuDeviceGetCount", api.cuDeviceGetCount(&count)));
  if (count <= 0)
    return makeError(YOCO_UNSUPPORTED, "no GPU: the NVIDIA driver finds none");
  if (ordinal >= uint32_t(count))
    return makeError(YOCO_UNSUPPORTED, "no GPU %u: the NVIDIA driver finds %d, counted from 0", ordinal, count);
  Gpu gpu = {};
  gpu.ordinal = ordinal;
  YOCO_RETURN_IF_ERROR(driver.check("cuDeviceGet", api.cuDeviceGet(&gpu.device, int(ordinal))));
  char name[256] = "";
  YOCO_RETURN_IF_ERROR(driver.check("cuDeviceGetName", api.cuDeviceGetName(name, sizeof(name), gpu.device)));
  name[sizeof(name) - 1] = '\0';
  gpu.name = name;
  auto attribute = [&](int which, uint32_t &value) {
    int number = 0;
    Status status = driver.check("cuDeviceGetAttribute", api.cuDeviceGetAttribute(&number, which, gpu.device));
    value = uint32_t(number);
    return status;
  };
  YOCO_RETURN_IF_ERROR(attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, gpu.capability.major));
  YOCO_RETURN_IF_ERROR(attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, gpu.capability.minor));
  YOCO_RETURN_IF_ERROR(attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, gpu.mostSharedBytes));
  return gpu;
}

} // namespace yoco::runtime::cuda
