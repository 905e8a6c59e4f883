// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The driver API over FakeGpu.h's machine.

#include "test/runtime/fake/FakeGpu.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace yoco::fake;

namespace yoco::fake {
void changeContextDepth(int by);
}

// Every function of the API begins with this.
#define ENTER(name) ENTER_(name, true)
#define ENTER_WITHOUT_CONTEXT(name) ENTER_(name, false)
// What works on a GPU that has failed, so that tests find everything given back.
#define ENTER_TO_END(name)                                                                                             \
  Machine &machine = Machine::get();                                                                                   \
  std::lock_guard<std::recursive_mutex> lock(machine.mutex);                                                           \
  if (CUresult early = machine.enter(name, true); early != CUDA_SUCCESS && early != machine.sticky)                    \
    return early;
#define ENTER_(name, needsContext)                                                                                     \
  Machine &machine = Machine::get();                                                                                   \
  std::lock_guard<std::recursive_mutex> lock(machine.mutex);                                                           \
  if (CUresult early = machine.enter(name, needsContext))                                                              \
    return early;

namespace {

using HostKernel = void (*)(const uint64_t *arguments, uint32_t tileBegin, uint32_t tileEnd);

struct FakeFunction {
  HostKernel kernel;
  uint32_t words;
  unsigned mostShared = 48 * 1024;
};

struct FakeModule {
  void *library = nullptr;
  int file = -1;
  std::map<std::string, FakeFunction> functions;
};

struct FakeEvent {
  std::shared_ptr<bool> done = std::make_shared<bool>(true);
  CUstream stream = nullptr;
};

struct FakeGraph {
  std::vector<Operation> operations;
};

template <typename To, typename From>
To handle(From *object) {
  return reinterpret_cast<To>(object);
}

int writeFile(const void *bytes, size_t size) {
  int file = memfd_create("fake-cubin", MFD_CLOEXEC);
  if (file >= 0 && write(file, bytes, size) != ssize_t(size)) {
    close(file);
    return -1;
  }
  return file;
}

/// A host library that calls itself a cubin.
bool openCubin(const char *image, FakeModule &module) {
  Elf64_Ehdr header;
  memcpy(&header, image, sizeof(header));
  std::string bytes(image, header.e_shoff + uint64_t(header.e_shnum) * header.e_shentsize);
  header.e_machine = EM_X86_64;
#if defined(__aarch64__)
  header.e_machine = EM_AARCH64;
#endif
  memcpy(bytes.data(), &header, sizeof(header));
  module.file = writeFile(bytes.data(), bytes.size());
  std::string path = "/proc/self/fd/" + std::to_string(module.file);
  module.library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  return module.library != nullptr;
}

bool openPtx(const std::string &text, FakeModule &module) {
  constexpr char kMark[] = "kernels: ";
  size_t begin = text.find(kMark);
  if (begin == std::string::npos)
    return false;
  begin += strlen(kMark);
  module.library = dlopen(text.substr(begin, text.find('\n', begin) - begin).c_str(), RTLD_NOW | RTLD_LOCAL);
  return module.library != nullptr;
}

void *pointer(CUdeviceptr address) { return reinterpret_cast<void *>(uintptr_t(address)); }

} // namespace

YOCO_FAKE CUresult cuInit(unsigned) {
  Machine &machine = Machine::get();
  std::lock_guard<std::recursive_mutex> lock(machine.mutex);
  machine.configure();
  return machine.failureOf("cuInit");
}

YOCO_FAKE CUresult cuDeviceGetCount(int *count) {
  ENTER_WITHOUT_CONTEXT("cuDeviceGetCount")
  *count = machine.devices;
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  ENTER_WITHOUT_CONTEXT("cuDeviceGet")
  *device = ordinal;
  return ordinal < machine.devices ? CUDA_SUCCESS : kInvalidDevice;
}

YOCO_FAKE CUresult cuDeviceGetName(char *name, int size, CUdevice) {
  ENTER_WITHOUT_CONTEXT("cuDeviceGetName")
  snprintf(name, size_t(size), "Fake GPU");
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice) {
  ENTER_WITHOUT_CONTEXT("cuDeviceGetAttribute")
  switch (attribute) {
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
    *value = machine.capability / 10;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
    *value = machine.capability % 10;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
    *value = machine.sharedBytes;
    return CUDA_SUCCESS;
  default:
    return kInvalidValue;
  }
}

YOCO_FAKE CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice) {
  ENTER_WITHOUT_CONTEXT("cuDevicePrimaryCtxRetain")
  ++machine.retained;
  ++machine.live;
  *context = reinterpret_cast<CUcontext>(&machine);
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuDevicePrimaryCtxRelease_v2(CUdevice) {
  ENTER_WITHOUT_CONTEXT("cuDevicePrimaryCtxRelease")
  --machine.retained;
  --machine.live;
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuCtxPushCurrent_v2(CUcontext context) {
  if (context != reinterpret_cast<CUcontext>(&Machine::get()))
    return kInvalidContext;
  changeContextDepth(1);
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuCtxPopCurrent_v2(CUcontext *) {
  changeContextDepth(-1);
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuMemGetInfo_v2(size_t *free, size_t *total) {
  ENTER("cuMemGetInfo")
  *total = machine.memory;
  *free = machine.memory - machine.used;
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t size) {
  ENTER("cuMemAlloc")
  if (size == 0)
    return kInvalidValue;
  if (size > machine.memory - machine.used)
    return kOutOfMemory;
  void *memory = aligned_alloc(256, (size + 255) / 256 * 256);
  if (!memory)
    return kOutOfMemory;
  memset(memory, machine.stub ? 0 : 0xFF, size);
  *address = reinterpret_cast<uintptr_t>(memory);
  machine.device[*address] = size;
  machine.used += size;
  ++machine.live;
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuMemFree_v2(CUdeviceptr address) {
  ENTER_TO_END("cuMemFree")
  auto found = machine.device.find(address);
  if (found == machine.device.end() || !machine.isIdle())
    return kInvalidValue;
  machine.used -= found->second;
  machine.device.erase(found);
  free(pointer(address));
  --machine.live;
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuMemHostAlloc(void **address, size_t size, unsigned flags) {
  ENTER("cuMemHostAlloc")
  if (size == 0)
    return kInvalidValue;
  *address = aligned_alloc(256, (size + 255) / 256 * 256);
  machine.pinned[reinterpret_cast<uintptr_t>(*address)] = size;
  if (flags & kMappedHostMemory)
    machine.mapped.insert(reinterpret_cast<uintptr_t>(*address));
  ++machine.live;
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *deviceAddress, void *address, unsigned) {
  ENTER("cuMemHostGetDevicePointer")
  if (machine.mapped.count(reinterpret_cast<uintptr_t>(address)) == 0)
    return kInvalidValue;
  *deviceAddress = reinterpret_cast<uintptr_t>(address);
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuMemFreeHost(void *address) {
  ENTER_TO_END("cuMemFreeHost")
  if (machine.pinned.erase(reinterpret_cast<uintptr_t>(address)) == 0 || !machine.isIdle())
    return kInvalidValue;
  machine.mapped.erase(reinterpret_cast<uintptr_t>(address));
  free(address);
  --machine.live;
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t size, CUstream stream) {
  ENTER("cuMemcpyHtoDAsync")
  if (!machine.isPinned(from, size))
    return kInvalidValue; // works with other memory, too, but waits
  return machine.enqueue(stream, [=, &machine]() -> CUresult {
    if (!machine.isDevice(to, size))
      return kIllegalAddress;
    memcpy(pointer(to), from, size);
    return CUDA_SUCCESS;
  });
}

YOCO_FAKE CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t size, CUstream stream) {
  ENTER("cuMemcpyDtoHAsync")
  if (!machine.isPinned(to, size))
    return kInvalidValue;
  return machine.enqueue(stream, [=, &machine]() -> CUresult {
    if (!machine.isDevice(from, size))
      return kIllegalAddress;
    memcpy(to, pointer(from), size);
    return CUDA_SUCCESS;
  });
}

YOCO_FAKE CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t size, CUstream stream) {
  ENTER("cuMemcpyDtoDAsync")
  return machine.enqueue(stream, [=, &machine]() -> CUresult {
    if (!machine.isDevice(from, size) || !machine.isDevice(to, size) || (from < to + size && to < from + size))
      return kIllegalAddress;
    memcpy(pointer(to), pointer(from), size);
    return CUDA_SUCCESS;
  });
}

YOCO_FAKE CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t size, CUstream stream) {
  ENTER("cuMemsetD8Async")
  return machine.enqueue(stream, [=, &machine]() -> CUresult {
    if (!machine.isDevice(to, size))
      return kIllegalAddress;
    memset(pointer(to), value, size);
    return CUDA_SUCCESS;
  });
}

YOCO_FAKE CUresult cuModuleLoadDataEx(CUmodule *result, const void *image, unsigned count, int *options,
                                      void **values) {
  ENTER("cuModuleLoadDataEx")
  auto module = std::make_unique<FakeModule>();
  const auto *bytes = static_cast<const char *>(image);
  bool isElf = memcmp(bytes, ELFMAG, SELFMAG) == 0;
  if (!machine.stub && !(isElf ? openCubin(bytes, *module) : openPtx(bytes, *module))) {
    char *log = nullptr;
    size_t size = 0;
    for (unsigned i = 0; i < count; ++i) {
      if (options[i] == CU_JIT_ERROR_LOG_BUFFER)
        log = static_cast<char *>(values[i]);
      if (options[i] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES)
        size = reinterpret_cast<uintptr_t>(values[i]);
    }
    if (log && !isElf)
      snprintf(log, size, "ptxas application ptx input, line 1; fatal\n  : no kernels named\n");
    return isElf ? kInvalidImage : kInvalidPtx;
  }
  ++machine.live;
  *result = handle<CUmodule>(module.release());
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuModuleUnload(CUmodule handle) {
  ENTER_TO_END("cuModuleUnload")
  auto *module = reinterpret_cast<FakeModule *>(handle);
  if (module->library)
    dlclose(module->library);
  if (module->file >= 0)
    close(module->file);
  delete module;
  --machine.live;
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuModuleGetFunction(CUfunction *result, CUmodule module, const char *name) {
  ENTER("cuModuleGetFunction")
  auto &fake = *reinterpret_cast<FakeModule *>(module);
  FakeFunction function = {};
  if (machine.stub) {
    *result = handle<CUfunction>(&(fake.functions[name] = function));
    return CUDA_SUCCESS;
  }
  function.kernel = reinterpret_cast<HostKernel>(dlsym(fake.library, name));
  const auto *words = static_cast<const uint32_t *>(dlsym(fake.library, (std::string(name) + "_words").c_str()));
  if (!function.kernel || !words)
    return kNotFound;
  function.words = *words;
  *result = handle<CUfunction>(&(fake.functions[name] = function));
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuFuncSetAttribute(CUfunction function, int attribute, int value) {
  ENTER("cuFuncSetAttribute")
  if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || value > machine.sharedBytes)
    return kInvalidValue;
  reinterpret_cast<FakeFunction *>(function)->mostShared = unsigned(value);
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction handle, void **parameters, void **) {
  ENTER("cuLaunchKernelEx")
  const FakeFunction function = *reinterpret_cast<FakeFunction *>(handle);
  const unsigned gridX = config->gridDimX, blockX = config->blockDimX;
  CUstream stream = config->hStream;
  if (gridX == 0 || gridX > INT32_MAX || config->gridDimY != 1 || config->gridDimZ != 1 || blockX == 0 ||
      blockX > 1024 || blockX % 32 != 0 || config->blockDimY != 1 || config->blockDimZ != 1 ||
      config->sharedMemBytes > function.mostShared || config->numAttrs > 3)
    return kInvalidValue;
  // What the launches were like, for tests that ask (fakeCudaCounter).
  ++machine.counters["threads " + std::to_string(blockX)];
  ++machine.counters["shared " + std::to_string(config->sharedMemBytes)];
  for (unsigned i = 0; i < config->numAttrs; ++i) {
    const CUlaunchAttribute &attribute = config->attrs[i];
    if (attribute.id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) {
      if (gridX % attribute.value.clusterDim.x != 0)
        return kInvalidValue;
      ++machine.counters["cluster " + std::to_string(attribute.value.clusterDim.x)];
    } else if (attribute.id == CU_LAUNCH_ATTRIBUTE_COOPERATIVE) {
      ++machine.counters["cooperative"];
    } else if (attribute.id != CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION) {
      return kInvalidValue;
    }
  }
  if (machine.stub)
    return CUDA_SUCCESS;
  std::vector<uint64_t> words;
  for (uint32_t i = 0; i < function.words; ++i)
    words.push_back(*static_cast<const uint64_t *>(parameters[i]));
  return machine.enqueue(stream, [=, &machine]() -> CUresult {
    for (unsigned block = gridX; block-- > 0;) {
      if (CUresult failure = machine.failureOf("kernel"))
        return failure;
      function.kernel(words.data(), block, block + 1);
    }
    return CUDA_SUCCESS;
  });
}

YOCO_FAKE CUresult cuStreamCreate(CUstream *stream, unsigned flags) {
  ENTER("cuStreamCreate")
  if (flags != CU_STREAM_NON_BLOCKING)
    return kInvalidValue;
  auto state = std::make_unique<StreamState>();
  *stream = handle<CUstream>(state.get());
  machine.streams[*stream] = std::move(state);
  ++machine.live;
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuStreamDestroy_v2(CUstream stream) {
  ENTER_TO_END("cuStreamDestroy")
  machine.streams.erase(stream);
  --machine.live;
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuStreamSynchronize(CUstream stream) {
  ENTER_TO_END("cuStreamSynchronize")
  StreamState &state = *machine.streams.at(stream);
  if (state.capturing)
    return kCaptureUnsupported;
  return machine.drain(state, [] { return false; });
}

YOCO_FAKE CUresult cuStreamBeginCapture_v2(CUstream stream, int mode) {
  ENTER("cuStreamBeginCapture")
  StreamState &state = *machine.streams.at(stream);
  if (state.capturing || mode != CU_STREAM_CAPTURE_MODE_RELAXED)
    return kInvalidValue;
  state.capturing = true;
  state.captured.clear();
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph) {
  ENTER("cuStreamEndCapture")
  StreamState &state = *machine.streams.at(stream);
  if (!state.capturing)
    return kInvalidValue;
  state.capturing = false;
  *graph = handle<CUgraph>(new FakeGraph{std::move(state.captured)});
  ++machine.live;
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph, unsigned long long) {
  ENTER("cuGraphInstantiate")
  *executable = handle<CUgraphExec>(new FakeGraph(*reinterpret_cast<FakeGraph *>(graph)));
  ++machine.live;
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  ENTER("cuGraphLaunch")
  for (const Operation &operation : reinterpret_cast<FakeGraph *>(executable)->operations)
    if (CUresult failure = machine.enqueue(stream, operation))
      return failure;
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuGraphExecDestroy(CUgraphExec executable) {
  ENTER_TO_END("cuGraphExecDestroy")
  delete reinterpret_cast<FakeGraph *>(executable);
  --machine.live;
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuGraphDestroy(CUgraph graph) {
  ENTER_TO_END("cuGraphDestroy")
  delete reinterpret_cast<FakeGraph *>(graph);
  --machine.live;
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuEventCreate(CUevent *event, unsigned) {
  ENTER("cuEventCreate")
  *event = handle<CUevent>(new FakeEvent);
  ++machine.live;
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuEventDestroy_v2(CUevent event) {
  ENTER_TO_END("cuEventDestroy")
  delete reinterpret_cast<FakeEvent *>(event);
  --machine.live;
  return CUDA_SUCCESS;
}

YOCO_FAKE CUresult cuEventRecord(CUevent handle, CUstream stream) {
  ENTER("cuEventRecord")
  auto &event = *reinterpret_cast<FakeEvent *>(handle);
  event.done = std::make_shared<bool>(false);
  event.stream = stream;
  return machine.enqueue(stream, [done = event.done]() -> CUresult {
    *done = true;
    return CUDA_SUCCESS;
  });
}

YOCO_FAKE CUresult cuEventSynchronize(CUevent handle) {
  ENTER("cuEventSynchronize")
  auto &event = *reinterpret_cast<FakeEvent *>(handle);
  if (*event.done)
    return CUDA_SUCCESS;
  return machine.drain(*machine.streams.at(event.stream), [&] { return *event.done; });
}
