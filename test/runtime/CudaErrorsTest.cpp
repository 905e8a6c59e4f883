// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What device `cuda` says when something is missing or fails, and what it leaves behind.

#include "runtime/device/cuda/CudaCode.h"
#include "test/runtime/SessionCalls.h"
#include "test/runtime/ToyCuda.h"
#include "test/runtime/ToyTail.h"

#include <cstring>
#include <gmock/gmock.h>

using namespace yoco;
using namespace yoco::test;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

constexpr char kPrefix[] = "this machine can run no target of the file on device cuda: nvptx:sm_90a: ";

class CudaErrorsTest : public testing::Test {
protected:
  void SetUp() override { useFakeCuda(""); }

  /// Tries to make a session of `toy` and returns what is said.
  std::string refusal(ToyModel toy, yoco_status expected, const char *device = "cuda") {
    FileBytes file = toy.build();
    std::string error;
    {
      Opened model(file);
      EXPECT_EQ(model.status, YOCO_OK) << model.error;
      yoco_session_options options = {};
      options.device = device;
      OpenedSession session(model.model, options);
      EXPECT_EQ(session.status, expected) << session.error;
      error = session.error;
    }
    EXPECT_EQ(error.find('\n'), std::string::npos);
    EXPECT_EQ(fakeCounter("live"), 0u) << "everything is given back";
    return error;
  }
  static ToyModel withProducts() {
    ToyModel toy = toyForCuda();
    addProducts(toy);
    return toy;
  }
};

TEST_F(CudaErrorsTest, noDriver) {
  setenv("YOCO_CUDA_DRIVER", "/nowhere/libcuda.so.1", 1);
  std::string error = refusal(toyForCuda(), YOCO_UNSUPPORTED);
  EXPECT_THAT(error, StartsWith(kPrefix + std::string("no NVIDIA driver: /nowhere/libcuda.so.1: cannot open shared")));
  EXPECT_THAT(error, EndsWith("(as YOCO_CUDA_DRIVER says)"));
  setenv("YOCO_CUDA_DRIVER", YOCO_TOY_KERNELS, 1);
  EXPECT_THAT(refusal(toyForCuda(), YOCO_UNSUPPORTED), HasSubstr("has no function cuInit: it is too old"));
}

TEST_F(CudaErrorsTest, driverDoesNotStart) {
  useFakeCuda("fail=cuInit:1:100");
  EXPECT_EQ(refusal(toyForCuda(), YOCO_UNSUPPORTED),
            kPrefix +
                std::string("the NVIDIA driver does not start: cuInit: CUDA_ERROR_NO_DEVICE: no CUDA-capable device "
                            "is detected"));
}

TEST_F(CudaErrorsTest, noGpu) {
  useFakeCuda("devices=0");
  EXPECT_EQ(refusal(toyForCuda(), YOCO_UNSUPPORTED), kPrefix + std::string("no GPU: the NVIDIA driver finds none"));
  useFakeCuda("devices=2");
  EXPECT_EQ(refusal(toyForCuda(), YOCO_OK, "cuda:1"), "");
  EXPECT_THAT(refusal(toyForCuda(), YOCO_UNSUPPORTED, "cuda:2"),
              EndsWith("on device cuda:2: nvptx:sm_90a: no GPU 2: the NVIDIA driver finds 2, counted from 0"));
}

TEST_F(CudaErrorsTest, noCublasLt) {
  setenv("YOCO_CUBLASLT", "/nowhere/libcublasLt.so.13", 1);
  EXPECT_THAT(
      refusal(withProducts(), YOCO_UNSUPPORTED),
      StartsWith(kPrefix + std::string("no cuBLASLt, which this model's matrix products need (install it, add its "
                                       "folder to LD_LIBRARY_PATH, or name the file in YOCO_CUBLASLT): "
                                       "/nowhere/libcublasLt.so.13: cannot open")));
  EXPECT_EQ(refusal(toyForCuda(), YOCO_OK), "") << "it is not wanted without products";
  setenv("YOCO_CUBLASLT", YOCO_TOY_KERNELS, 1);
  EXPECT_THAT(refusal(withProducts(), YOCO_UNSUPPORTED), HasSubstr("has no function cublasLtGetStatusName"));
}

TEST_F(CudaErrorsTest, noCodeForThisGpu) {
  useFakeCuda("capability=75");
  EXPECT_EQ(refusal(toyForCuda(), YOCO_UNSUPPORTED),
            kPrefix +
                std::string("the file has no code that GPU 0 (Fake GPU, compute capability 7.5) runs: it has cubin "
                            "for sm_90a, ptx for sm_80"));
}

TEST_F(CudaErrorsTest, compilesPtxForOtherGpus) {
  for (int capability : {80, 86, 100, 120}) {
    useFakeCuda("capability=" + std::to_string(capability));
    FileBytes file = toyForCuda().build();
    Opened model(file);
    OpenedSession session(model.model);
    ASSERT_EQ(session.status, YOCO_OK) << session.error;
    EXPECT_THAT(session.stats().device_description, HasSubstr("ptx for sm_80"));
    EXPECT_EQ(prompt(session, 0, toyIds(9)), toyLogits(toyIds(9)));
  }
}

TEST_F(CudaErrorsTest, ptxThatDoesNotCompile) {
  useFakeCuda("capability=80");
  ToyModel toy = toyForCuda();
  toy.blobs[1] = std::string(".version 7.0\n") + '\0';
  EXPECT_EQ(
      refusal(std::move(toy), YOCO_DEVICE_ERROR),
      "variants[0] (nvptx:sm_90a): GPU 0 (Fake GPU, compute capability 8.0) cannot load ptx for sm_80: "
      "cuModuleLoadDataEx: CUDA_ERROR_INVALID_PTX: a PTX JIT compilation failed: ptxas application ptx input, line 1; "
      "fatal   : no kernels named");
}

TEST_F(CudaErrorsTest, missingKernel) {
  ToyModel toy = toyForCuda();
  toy.variant().kernels[1]->name = "nothing";
  EXPECT_EQ(
      refusal(std::move(toy), YOCO_DEVICE_ERROR),
      "variants[0] (nvptx:sm_90a): cubin for sm_90a: kernel `nothing`: cuModuleGetFunction: CUDA_ERROR_NOT_FOUND: "
      "named symbol not found");
}

TEST_F(CudaErrorsTest, tooMuchSharedMemory) {
  useFakeCuda("shared=65536");
  EXPECT_THAT(refusal(toyForCuda(), YOCO_UNSUPPORTED),
              HasSubstr("kernel `toy_mix` needs 102400 bytes of shared memory, and GPU 0 (Fake GPU, compute capability "
                        "9.0) has 65536 for a block"));
}

TEST_F(CudaErrorsTest, memoryTooSmall) {
  useFakeCuda("memory=1000");
  EXPECT_EQ(
      refusal(toyForCuda(), YOCO_OUT_OF_MEMORY),
      "session of 3 slots of 40 tokens, prefill chunk 7, wanted rows 5: variants[0] (nvptx:sm_90a): GPU 0 (Fake GPU, "
      "compute capability 9.0): 2048 bytes of memory are needed and 1000 are free: weights 512, arena persistent 896, "
      "arena scratch 640");
  EXPECT_EQ(fakeCounter("cuMemAlloc"), 0u) << "refused before anything is allocated";
}

// The second session of a model finds less.
TEST_F(CudaErrorsTest, memoryTooSmallForTheSecond) {
  useFakeCuda("memory=2256");
  FileBytes file = toyForCuda().build();
  Opened model(file);
  OpenedSession first(model.model), second(model.model);
  EXPECT_EQ(first.status, YOCO_OK) << first.error;
  EXPECT_EQ(second.status, YOCO_OUT_OF_MEMORY);
  EXPECT_EQ(
      second.error,
      "session of 3 slots of 40 tokens, prefill chunk 7, wanted rows 5: GPU 0 (Fake GPU, compute capability 9.0): 1536 "
      "bytes of memory are needed and 208 are free: arena persistent 896, arena scratch 640");
}

TEST_F(CudaErrorsTest, noAlgorithm) {
  useFakeCuda("fail=algorithm:2:1");
  EXPECT_EQ(
      refusal(withProducts(), YOCO_DEVICE_ERROR),
      "entry decode, instruction 4 (product, product): product of 2 rows of 11 by 11 outputs: cuBLASLt has no "
      "algorithm for it");
  useFakeCuda("fail=cublasLtMatmulAlgoGetHeuristic:1:15");
  EXPECT_THAT(
      refusal(withProducts(), YOCO_DEVICE_ERROR),
      EndsWith("cublasLtMatmulAlgoGetHeuristic: CUBLAS_STATUS_NOT_SUPPORTED: the requested functionality is not "
               "supported"));
}

// Every call of the driver while a session is made fails once: each is an error, and everything is given back.
TEST_F(CudaErrorsTest, eachFailureIsAnError) {
  const char *const calls[] = {"cuDeviceGetCount",
                               "cuDeviceGet",
                               "cuDeviceGetName",
                               "cuDeviceGetAttribute",
                               "cuDevicePrimaryCtxRetain",
                               "cuMemGetInfo",
                               "cuMemAlloc",
                               "cuMemHostAlloc",
                               "cuMemcpyHtoDAsync",
                               "cuModuleLoadDataEx",
                               "cuModuleGetFunction",
                               "cuFuncSetAttribute",
                               "cuStreamCreate",
                               "cuStreamSynchronize",
                               "cuEventCreate",
                               "cuEventRecord",
                               "cuEventSynchronize",
                               "cublasLtCreate",
                               "cublasLtMatmulDescCreate",
                               "cublasLtMatrixLayoutCreate",
                               "cublasLtMatmulPreferenceCreate",
                               "cublasLtMatmulAlgoGetHeuristic"};
  for (const char *call : calls) {
    useFakeCuda(std::string("count ") + call);
    uint64_t times = 0;
    {
      FileBytes file = withProducts().build();
      Opened model(file);
      OpenedSession session(model.model);
      EXPECT_EQ(session.status, YOCO_OK) << session.error;
      times = fakeCounter(call);
    }
    EXPECT_GT(times, 0u) << call;
    for (uint64_t i = 1; i <= times; ++i) {
      useFakeCuda("fail=" + std::string(call) + ":" + std::to_string(i) + ":2");
      FileBytes file = withProducts().build();
      {
        Opened model(file);
        OpenedSession session(model.model);
        EXPECT_NE(session.status, YOCO_OK) << call << " " << i;
        EXPECT_THAT(session.error, HasSubstr(call));
      }
      EXPECT_EQ(fakeCounter("live"), 0u) << call << " " << i;
    }
  }
}

/// A session whose GPU fails at something, and what its calls say.
class CudaFailingTest : public CudaErrorsTest {
protected:
  void expectFailure(const std::string &failure, const char *text) {
    useFakeCuda(failure);
    FileBytes file = withProducts().build();
    {
      Opened model(file);
      OpenedSession session(model.model);
      ASSERT_EQ(session.status, YOCO_OK) << session.error;
      Ids ids = toyIds(20);
      std::vector<float> logits(kToyVocabulary);
      EXPECT_EQ(yoco_session_prompt(session, 0, ids.data(), ids.size(), logits.data()), YOCO_DEVICE_ERROR) << failure;
      EXPECT_EQ(std::string(yoco_session_last_error(session)),
                "GPU 0 (Fake GPU, compute capability 9.0): " + std::string(text));
    }
    EXPECT_EQ(fakeCounter("live"), 0u) << failure;
  }
};

TEST_F(CudaFailingTest, errorsOfSteps) {
  // The kernel runs long after it was started: what waits for it fails.
  expectFailure("fail=kernel:2:700",
                "cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered");
  expectFailure("fail=kernel:4:719", "cuStreamSynchronize: CUDA_ERROR_LAUNCH_FAILED: unspecified launch failure");
  for (const char *failure : {"fail=cuLaunchKernelEx:1:1", "fail=cuLaunchKernelEx:2:1"}) // the second while recording
    expectFailure(failure, "entry prefill, instruction 0 (kernel toy_mix, layers.0): cuLaunchKernelEx: "
                           "CUDA_ERROR_INVALID_VALUE: invalid argument");
  expectFailure(
      "fail=cublasLtMatmul:1:15",
      "entry decode, instruction 4 (product, product): cublasLtMatmul: CUBLAS_STATUS_NOT_SUPPORTED: the requested "
      "functionality is not supported");
  expectFailure("fail=cuMemcpyDtoDAsync:1:1", "entry decode, instruction 1 (copy, no layer): cuMemcpyDtoDAsync: "
                                              "CUDA_ERROR_INVALID_VALUE: invalid argument");
  expectFailure("fail=cuStreamBeginCapture:1:1", "cuStreamBeginCapture: CUDA_ERROR_INVALID_VALUE: invalid argument");
  expectFailure("fail=cuStreamEndCapture:1:1", "cuStreamEndCapture: CUDA_ERROR_INVALID_VALUE: invalid argument");
  expectFailure("fail=cuGraphInstantiate:1:2", "cuGraphInstantiate: CUDA_ERROR_OUT_OF_MEMORY: out of memory");
  expectFailure("fail=cuGraphLaunch:1:1", "cuGraphLaunch: CUDA_ERROR_INVALID_VALUE: invalid argument");
  expectFailure("fail=cuMemcpyDtoHAsync:1:1", "cuMemcpyDtoHAsync: CUDA_ERROR_INVALID_VALUE: invalid argument");
}

// Of an entry with several programs, the error names the one that ran.
TEST_F(CudaErrorsTest, errorsOfPrograms) {
  useFakeCuda("fail=cuLaunchKernelEx:1:1");
  ToyModel toy = toyForCuda();
  auto small = std::make_unique<fb::ProgramT>(toy.program(1));
  small->most_rows = 1;
  toy.entry(1).programs.insert(toy.entry(1).programs.begin(), std::move(small));
  FileBytes file = toy.build();
  Opened model(file);
  OpenedSession session(model.model);
  ASSERT_EQ(session.status, YOCO_OK) << session.error;
  int32_t slots[] = {0, 1}, ids[] = {1, 2};
  EXPECT_EQ(yoco_session_decode(session, slots, ids, 2, nullptr), YOCO_DEVICE_ERROR);
  EXPECT_THAT(yoco_session_last_error(session), HasSubstr("entry decode, program 1, instruction 0 (kernel toy_mix, "));
}

// An entry's row sets: what clears a ring may fail, too.
TEST_F(CudaErrorsTest, errorsOfClears) {
  useFakeCuda("fail=cuMemsetD8Async:1:1");
  ToyModel toy = toyForCuda();
  addTail(toy);
  FileBytes file = toy.build();
  Opened model(file);
  OpenedSession session(model.model);
  ASSERT_EQ(session.status, YOCO_OK) << session.error;
  Ids prompt = toyIds(20);
  EXPECT_EQ(yoco_session_prefill(session, 0, prompt.data(), prompt.size()), YOCO_DEVICE_ERROR);
  EXPECT_THAT(yoco_session_last_error(session), HasSubstr("cuMemsetD8Async: CUDA_ERROR_INVALID_VALUE"));
}

TEST_F(CudaErrorsTest, fallsBackToTheHost) {
  ToyModel toy = toyForCuda();
  addVariant(toy, ToyModel());
  FileBytes file = toy.build();
  auto targetOf = [&](const char *device) {
    Opened model(file);
    EXPECT_EQ(model.status, YOCO_OK) << model.error;
    yoco_session_options options = {};
    options.device = device;
    OpenedSession session(model.model, options);
    EXPECT_EQ(session.status, YOCO_OK) << session.error;
    EXPECT_EQ(prompt(session, 0, toyIds(9)), toyLogits(toyIds(9)));
    return std::string(session.stats().target);
  };
  EXPECT_EQ(targetOf(nullptr), "nvptx:sm_90a");
  EXPECT_EQ(targetOf("host"), "host:toy");
  useFakeCuda("devices=0");
  EXPECT_EQ(targetOf(nullptr), "host:toy");
}

// Weights on their way to the GPU: progress, stopping, and checksums that were put off.
class CudaWeightsTest : public CudaErrorsTest {
protected:
  static constexpr uint64_t kRows = 3 << 20; // of 11 bf16 in 16: 96 MiB, several turns of the staging buffers

  ToyModel large(bool stored) {
    ToyModel toy = withProducts();
    fb::ParameterT &parameter = *toy.variant().parameters.emplace_back(std::make_unique<fb::ParameterT>());
    parameter.name = "large";
    parameter.element = fb::ElementType::bf16;
    parameter.rows = kRows;
    parameter.columns = kToyVocabulary;
    parameter.stride = 16;
    if (stored) {
      parameter.segment = toy.addBlob(std::string(kRows * 32, 'w'));
    } else {
      parameter.generated.push_back(std::make_unique<fb::GeneratedRowsT>());
      parameter.generated[0]->rows = kRows;
      parameter.generated[0]->scale = 1;
    }
    return toy;
  }
};

TEST_F(CudaWeightsTest, progress) {
  FileBytes file = large(false).build();
  Opened model(file);
  struct Seen {
    std::vector<uint64_t> done;
    uint64_t total = 0;
    uint64_t stopAt = UINT64_MAX;
  } seen;
  yoco_session_options options = {};
  options.progress_user = &seen;
  options.progress = [](void *user, uint64_t done, uint64_t total) {
    auto &seen = *static_cast<Seen *>(user);
    seen.done.push_back(done);
    seen.total = total;
    return int(done >= seen.stopAt);
  };
  seen.stopAt = 1 << 20;
  {
    OpenedSession session(model.model, options);
    EXPECT_EQ(session.status, YOCO_CANCELLED);
    EXPECT_THAT(session.error, EndsWith("the progress callback stopped the loading of weights"));
    EXPECT_EQ(seen.done.size(), 2u);
  }
  EXPECT_EQ(fakeCounter("live"), 0u);
  seen = Seen();
  OpenedSession session(model.model, options);
  ASSERT_EQ(session.status, YOCO_OK) << session.error;
  ASSERT_GE(seen.done.size(), 4u);
  EXPECT_EQ(seen.done.front(), 0u);
  EXPECT_EQ(seen.done.back(), seen.total);
  EXPECT_TRUE(std::is_sorted(seen.done.begin(), seen.done.end()));
  EXPECT_EQ(seen.total, session.stats().device_weight_bytes);
  seen = Seen();
  OpenedSession second(model.model, options);
  EXPECT_TRUE(seen.done.empty()) << "the weights are there";
}

TEST_F(CudaWeightsTest, checksumsWhenWeightsAreNeeded) {
  for (yoco_verify verify : {YOCO_VERIFY_FULL, YOCO_VERIFY_DEFERRED, YOCO_VERIFY_PLAN}) {
    FileBytes file = large(true).build();
    file[50 << 20] ^= 1;
    yoco_model_options modelOptions = {};
    modelOptions.struct_size = sizeof(modelOptions);
    modelOptions.threads = 2;
    modelOptions.verify = verify;
    Opened model(file, modelOptions);
    EXPECT_EQ(model.status, verify == YOCO_VERIFY_FULL ? YOCO_INVALID_FILE : YOCO_OK) << model.error;
    if (!model.model)
      continue;
    OpenedSession session(model.model);
    EXPECT_EQ(session.status, verify == YOCO_VERIFY_DEFERRED ? YOCO_INVALID_FILE : YOCO_OK);
    EXPECT_EQ(session.error, verify == YOCO_VERIFY_DEFERRED
                                 ? "variants[0] (nvptx:sm_90a): the file is damaged: the checksum of block 50 (bytes "
                                   "52428800 to 53477375) does not match"
                                 : "");
  }
}

/// A shared object that calls itself a cubin, changed.
TEST_F(CudaErrorsTest, damagedCubin) {
  auto check = [](size_t offset, uint64_t value, size_t size) {
    ToyModel toy = toyForCuda();
    std::string &cubin = toy.blobs[3];
    if (offset < cubin.size())
      memcpy(cubin.data() + offset, &value, size);
    return std::string(runtime::cuda::checkCubin(reinterpret_cast<const uint8_t *>(cubin.data()), cubin.size()).text());
  };
  EXPECT_EQ(check(SIZE_MAX, 0, 0), "");
  EXPECT_THAT(check(0, 0, 4), HasSubstr("expected a 64-bit ELF file for NVIDIA's GPUs"));
  EXPECT_THAT(check(18, 62, 2), HasSubstr("expected a 64-bit ELF file for NVIDIA's GPUs"));
  EXPECT_THAT(check(40, UINT64_MAX - 63, 8), HasSubstr("tables of the ELF file do not lie within it")); // e_shoff
  EXPECT_THAT(check(60, 0xFFFF, 2), HasSubstr("tables of the ELF file do not lie within it"));          // e_shnum
  EXPECT_THAT(check(32, 1 << 30, 8), HasSubstr("tables of the ELF file do not lie within it"));         // e_phoff
  EXPECT_THAT(check(64 + 32, UINT64_MAX, 8), HasSubstr("program header 0"));                            // p_filesz
  uint8_t few[10] = {};
  EXPECT_THAT(runtime::cuda::checkCubin(few, 10).text(), HasSubstr("got 10 bytes"));
  ToyModel toy = toyForCuda();
  toy.blobs[3] = "not a cubin, but long enough to be mistaken for the header of one, which has 64 bytes";
  EXPECT_THAT(refusal(std::move(toy), YOCO_INVALID_FILE), HasSubstr("cubin for sm_90a: expected a 64-bit ELF file"));
}

} // namespace
