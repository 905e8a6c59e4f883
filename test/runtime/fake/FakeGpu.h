// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A library that stands in for NVIDIA's driver and for cuBLASLt, so that device `cuda` is tested without a GPU.
//
// Device memory is memory of the machine, full of NaNs at first, whose bounds every copy is checked against. Streams
// are lazy: nothing runs before somebody waits for it, so memory that is changed or given back too early shows. Code is
// a shared object of host kernels (docs/KernelABI.md) dressed up as a cubin, or PTX with a comment `kernels: PATH` that
// names one; a kernel `k` says in `k_words` how many arguments it has. Blocks run from last to first.
//
// YOCO_FAKE_CUDA says what the machine is like, read by cuInit, words with a space between:
//   devices=N       GPUs (1)                       capability=N  of each (90)
//   memory=BYTES    of each (2^30)                 shared=BYTES  of a block at most (232448)
//   stub=1          any code is taken, and kernels and products do nothing: for models whose code runs on GPUs alone
//   fail=CALL:N:C   the N-th call of a function gives C; `kernel` is a block's run, `algorithm` makes there be none
//
// fakeCudaCounter(NAME) counts calls since cuInit last read other words; `live` counts what is not destroyed.

#ifndef YOCO_TEST_RUNTIME_FAKE_FAKEGPU_H
#define YOCO_TEST_RUNTIME_FAKE_FAKEGPU_H

#include "runtime/device/cuda/CublasLtApi.h"
#include "runtime/device/cuda/CudaApi.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace yoco::fake {

using namespace yoco::runtime::cuda;

enum : CUresult {
  kInvalidValue = 1,
  kOutOfMemory = 2,
  kNotInitialized = 3,
  kNoDevice = 100,
  kInvalidDevice = 101,
  kInvalidContext = 201,
  kInvalidImage = 200,
  kNoBinary = 209,
  kInvalidPtx = 218,
  kNotFound = 500,
  kIllegalAddress = 700,
  kLaunchFailed = 719,
  kCaptureUnsupported = 900,
};

/// Something that a stream does, when it gets to it.
using Operation = std::function<CUresult()>;

struct StreamState {
  std::thread::id owner = std::this_thread::get_id();
  std::deque<Operation> queue;
  bool capturing = false;
  std::vector<Operation> captured;
};

class Machine {
public:
  static Machine &get();

  /// Reads YOCO_FAKE_CUDA.
  void configure();
  /// Counts a call; what it has to return, unless it may go on.
  CUresult enter(const char *call, bool needsContext = true);
  /// Whether the configuration makes this occurrence of `what` fail, and how.
  CUresult failureOf(const std::string &what);
  /// Puts an operation into a stream or the graph that it records.
  CUresult enqueue(CUstream stream, Operation operation);
  /// Runs what a stream has to do until `done`.
  CUresult drain(StreamState &stream, const std::function<bool()> &done);

  /// Whether bytes lie within one allocation.
  bool isDevice(CUdeviceptr address, uint64_t size) const { return holds(device, address, size); }
  bool isPinned(const void *address, uint64_t size) const {
    return holds(pinned, reinterpret_cast<uintptr_t>(address), size);
  }
  /// Whether the streams of this thread have nothing to do: memory is given back only then.
  bool isIdle() const;

  std::recursive_mutex mutex;
  int devices = 1;
  int capability = 90;
  int sharedBytes = 232448;
  uint64_t memory = uint64_t(1) << 30, used = 0;
  bool initialized = false, stub = false;
  CUresult sticky = CUDA_SUCCESS; // a GPU that failed stays so
  int64_t live = 0;
  std::map<std::string, uint64_t> counters;
  std::map<uint64_t, uint64_t> device, pinned; // address: size
  std::set<uint64_t> mapped;                   // those of the pinned ones that the device may read
  std::map<CUstream, std::unique_ptr<StreamState>> streams;
  int retained = 0;

private:
  struct Failure {
    std::string call;
    uint64_t occurrence;
    CUresult result;
  };
  static bool holds(const std::map<uint64_t, uint64_t> &ranges, uint64_t address, uint64_t size);

  std::string configuration = "?";
  std::vector<Failure> failures;
};

} // namespace yoco::fake

#define YOCO_FAKE extern "C" __attribute__((visibility("default")))

#endif // YOCO_TEST_RUNTIME_FAKE_FAKEGPU_H
