// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The fibers are switched by hand: a warp-wide operation is 32 switches, and swapcontext makes a system call in each.
//
// With YOCO_THREAD_SANITIZER the fibers are threads to ThreadSanitizer. This file itself must not be instrumented:
//   FLAGS="-std=c++17 -O1 -DYOCO_EMULATE='\"test/kernels/Emulator.h\"' -I."
//   eval clang++ $FLAGS -DYOCO_THREAD_SANITIZER -c test/kernels/Emulator.cpp
//   eval clang++ $FLAGS -fsanitize=thread test/kernels/LinearTest.cpp Emulator.o -lgtest -lgtest_main

#include "test/kernels/Emulator.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sys/mman.h>
#include <vector>

#if defined(YOCO_THREAD_SANITIZER)
#include <sanitizer/tsan_interface.h>
extern "C" void __tsan_read16(void *);
extern "C" void __tsan_write16(void *);
#endif

#if defined(__x86_64__)
// Saves what a call preserves on this stack, its end in *from, and goes on where `to` was saved.
extern "C" void yocoSwitchStack(void **from, void *to);
asm(R"(
.text
.globl yocoSwitchStack
.type yocoSwitchStack, @function
yocoSwitchStack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size yocoSwitchStack, .-yocoSwitchStack
)");
#else
#include <ucontext.h>
#endif

namespace yoco::device::emulator {
namespace {

constexpr size_t kStackBytes = 256 << 10, kGuardBytes = 4096;
constexpr uint32_t kMaxThreads = 1024, kMaxSharedBytes = 227 * 1024;

enum class State { ready, atWarp, atBlock, ended };

/// A stack that can be left and entered again.
struct Context {
#if defined(__x86_64__)
  void *stackPointer = nullptr;
#else
  ucontext_t context;
#endif
  void *sanitizerFiber = nullptr;
};

struct Copy {
  void *shared;
  const void *global;
  bool valid;
  int group;
};

struct Fiber : Thread {
  Context context;
  State state = State::ended;
  Operation operation = Operation::none;
  uint32_t input[10];
  uint32_t output[4];
  int group = 0; // of copies that this thread has committed
  std::vector<Copy> copies;
};

struct Warp {
  int arrived = 0;
  Operation operation = Operation::none;
  int phase = 0;
  char sync[2]; // what the sanitizer hangs the order of syncWarp on
};

struct Machine {
  std::vector<std::unique_ptr<Fiber>> fibers;
  std::vector<Warp> warps;
  Context main;
  uint8_t *sharedPages = nullptr, *shared = nullptr;
  uint32_t threads = 0, sharedBytes = 0, blockArrived = 0, ended = 0, laneStep = 1, calls = 0;
  bool warpsDown = false;
  int phase = 0;
  char sync[2], start, end; // of barriers, and of a block
  void (*body)(void *) = nullptr;
  void *data = nullptr;
} machine;

const char *const kNames[] = {"no operation", "syncWarp",  "shuffleXor",          "shuffleFrom",
                              "shuffleUp",    "ldmatrix4", "ldmatrix4Transposed", "mmaBf16"};

[[noreturn]] __attribute__((format(printf, 1, 2))) void fail(const char *format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  if (current)
    std::fprintf(stderr, "emulator: block %u thread %u: ", current->block, current->index);
  else
    std::fprintf(stderr, "emulator: ");
  std::vfprintf(stderr, format, arguments);
  std::fprintf(stderr, "\n");
  va_end(arguments);
  std::abort();
}

// The sanitizer's view -----------------------------------------------------------------------------------------------

#if defined(YOCO_THREAD_SANITIZER)
void release(void *at) { __tsan_release(at); }
void acquire(void *at) { __tsan_acquire(at); }
void noteRead(const void *at) { __tsan_read16(const_cast<void *>(at)); }
void noteWrite(void *at) { __tsan_write16(at); }
#else
void release(void *) {}
void acquire(void *) {}
void noteRead(const void *) {}
void noteWrite(void *) {}
#endif

// Fibers -------------------------------------------------------------------------------------------------------------

void switchTo(Context &from, Context &to) {
#if defined(YOCO_THREAD_SANITIZER)
  __tsan_switch_to_fiber(to.sanitizerFiber, __tsan_switch_to_fiber_no_sync);
#endif
#if defined(__x86_64__)
  yocoSwitchStack(&from.stackPointer, to.stackPointer);
#else
  swapcontext(&from.context, &to.context);
#endif
}

Fiber &self() { return *static_cast<Fiber *>(current); }

/// A thread that can go on: first of the warp of `index`, then of the others. Null when there is none.
Fiber *nextReady(uint32_t index) {
  const uint32_t warps = machine.threads / 32, own = index / 32;
  for (uint32_t w = 0; w < warps; ++w) {
    const uint32_t warp = (own + (machine.warpsDown ? warps - w : w)) % warps;
    for (uint32_t l = 1; l <= 32; ++l) {
      Fiber &fiber = *machine.fibers[warp * 32 + (index + l * machine.laneStep) % 32];
      if (fiber.state == State::ready)
        return &fiber;
    }
  }
  return nullptr;
}

void goOn(Fiber &from, Fiber &to) {
  if (&from == &to)
    return;
  current = &to;
  switchTo(from.context, to.context);
}

/// Leaves a thread that waits. Comes back when another one has made it ready.
void leave(Fiber &fiber) {
  if (Fiber *next = nextReady(fiber.index))
    return goOn(fiber, *next);
  uint32_t atWarp = 0, example = 0;
  for (uint32_t i = 0; i < machine.threads; ++i)
    if (machine.fibers[i]->state == State::atWarp)
      ++atWarp, example = i;
  if (atWarp)
    fail("divergence: thread %u waits in %s for threads of its warp that wait at syncBlock or have ended", example,
         kNames[int(machine.fibers[example]->operation)]);
  fail("divergence: %u of %u threads wait at syncBlock, the others have ended", machine.blockArrived, machine.threads);
}

void fiberMain() {
  for (;;) {
    Fiber &fiber = self();
    acquire(&machine.start);
    machine.body(machine.data);
    release(&machine.end);
    fiber.state = State::ended;
    if (++machine.ended == machine.threads) {
      current = nullptr;
      switchTo(fiber.context, machine.main);
    } else {
      leave(fiber);
    }
  }
}

std::unique_ptr<Fiber> makeFiber(uint32_t index) {
  auto fiber = std::make_unique<Fiber>();
  fiber->index = index;
  void *pages = mmap(nullptr, kStackBytes + kGuardBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED)
    fail("no memory for stacks");
  mprotect(pages, kGuardBytes, PROT_NONE);
#if defined(YOCO_THREAD_SANITIZER)
  fiber->context.sanitizerFiber = __tsan_create_fiber(0);
#endif
#if defined(__x86_64__)
  void **top = reinterpret_cast<void **>(static_cast<char *>(pages) + kGuardBytes + kStackBytes);
  *--top = nullptr; // a function starts with the stack pointer 8 bytes off a multiple of 16
  *--top = reinterpret_cast<void *>(&fiberMain);
  fiber->context.stackPointer = top - 6;
#else
  getcontext(&fiber->context.context);
  fiber->context.context.uc_stack.ss_sp = static_cast<char *>(pages) + kGuardBytes;
  fiber->context.context.uc_stack.ss_size = kStackBytes;
  makecontext(&fiber->context.context, &fiberMain, 0);
#endif
  return fiber;
}

// Operations of a warp -----------------------------------------------------------------------------------------------

void shuffleWarp(Operation operation, Fiber *const *lanes) {
  for (uint32_t lane = 0; lane < 32; ++lane) {
    const uint32_t argument = lanes[lane]->input[1];
    uint32_t from = lane ^ argument;
    if (operation == Operation::shuffleFrom)
      from = argument & 31;
    if (operation == Operation::shuffleUp)
      from = lane >= argument ? lane - argument : lane;
    if (from > 31)
      from = lane;
    lanes[lane]->output[0] = lanes[from]->input[0];
  }
}

void loadMatrices(bool transposed, Fiber *const *lanes) {
  for (uint32_t matrix = 0; matrix < 4; ++matrix) {
    uint16_t elements[8][8];
    for (uint32_t row = 0; row < 8; ++row)
      std::memcpy(elements[row], lanes[matrix * 8 + row]->input, 16);
    for (uint32_t lane = 0; lane < 32; ++lane) {
      const uint32_t row = lane / 4, column = lane % 4 * 2;
      const uint32_t low = transposed ? elements[column][row] : elements[row][column];
      const uint32_t high = transposed ? elements[column + 1][row] : elements[row][column + 1];
      lanes[lane]->output[matrix] = low | high << 16;
    }
  }
}

void multiplyMatrices(Fiber *const *lanes) {
  float a[16][16], b[16][8];
  auto unpack = [](uint32_t word, float &low, float &high) {
    low = fromBits(word << 16);
    high = fromBits(word & 0xffff0000u);
  };
  for (uint32_t lane = 0; lane < 32; ++lane) {
    const uint32_t *input = lanes[lane]->input, g = lane / 4, t = lane % 4 * 2;
    for (uint32_t i = 0; i < 4; ++i)
      unpack(input[i], a[g + i % 2 * 8][t + i / 2 * 8], a[g + i % 2 * 8][t + i / 2 * 8 + 1]);
    for (uint32_t i = 0; i < 2; ++i)
      unpack(input[4 + i], b[t + i * 8][g], b[t + i * 8 + 1][g]);
  }
  for (uint32_t row = 0; row < 16; ++row) {
    float sums[8] = {};
    for (uint32_t k = 0; k < 16; ++k)
      for (uint32_t column = 0; column < 8; ++column)
        sums[column] += a[row][k] * b[k][column];
    for (uint32_t column = 0; column < 8; ++column) {
      Fiber &lane = *lanes[row % 8 * 4 + column / 2];
      const uint32_t slot = row / 8 * 2 + column % 2;
      lane.output[slot] = toBits(fromBits(lane.input[6 + slot]) + sums[column]);
    }
  }
}

void execute(Operation operation, uint32_t warp) {
  Fiber *lanes[32];
  for (uint32_t lane = 0; lane < 32; ++lane)
    lanes[lane] = machine.fibers[warp * 32 + lane].get();
  if (operation == Operation::mma)
    multiplyMatrices(lanes);
  else if (operation == Operation::ldmatrix || operation == Operation::ldmatrixTransposed)
    loadMatrices(operation == Operation::ldmatrixTransposed, lanes);
  else if (operation != Operation::syncWarp)
    shuffleWarp(operation, lanes);
}

constexpr size_t kInputBytes[] = {0, 0, 8, 8, 8, 16, 16, 40}, kOutputBytes[] = {0, 0, 4, 4, 4, 16, 16, 16};

// Shared memory ------------------------------------------------------------------------------------------------------

/// Shared memory between two guards, in the middle of pages of its own.
void prepareSharedMemory(uint32_t bytes) {
  if (!machine.sharedPages) {
    const size_t all = kMaxSharedBytes + 4 * kGuardBytes;
    void *pages = mmap(nullptr, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
      fail("no memory for shared memory");
    machine.sharedPages = static_cast<uint8_t *>(pages);
  }
  machine.shared = machine.sharedPages + kGuardBytes;
  machine.sharedBytes = bytes;
  std::memset(machine.sharedPages, 0xff, bytes + 2 * kGuardBytes);
}

void checkSharedGuards() {
  for (size_t i = 0; i < kGuardBytes; ++i) {
    if (machine.sharedPages[i] != 0xff)
      fail("a write %zu bytes before the shared memory", kGuardBytes - i);
    if (machine.shared[machine.sharedBytes + i] != 0xff)
      fail("a write %zu bytes after the %u bytes of shared memory", i, machine.sharedBytes);
  }
}

} // namespace

Thread *current = nullptr;

uint8_t *sharedMemory() { return machine.shared; }

void meetWarp(Operation operation, const void *input, void *output) {
  Fiber &fiber = self();
  Warp &warp = machine.warps[fiber.index / 32];
  if (warp.arrived && warp.operation != operation)
    fail("divergence: %s while other threads of the warp are in %s", kNames[int(operation)],
         kNames[int(warp.operation)]);
  warp.operation = fiber.operation = operation;
  if (input)
    std::memcpy(fiber.input, input, kInputBytes[int(operation)]);
  char *sync = &warp.sync[warp.phase];
  if (operation == Operation::syncWarp)
    release(sync);
  if (++warp.arrived < 32) {
    fiber.state = State::atWarp;
    leave(fiber);
  } else {
    execute(operation, fiber.index / 32);
    warp.arrived = 0;
    warp.phase ^= 1;
    for (uint32_t lane = 0; lane < 32; ++lane)
      machine.fibers[fiber.index / 32 * 32 + lane]->state = State::ready;
  }
  if (operation == Operation::syncWarp)
    acquire(sync);
  if (output)
    std::memcpy(output, fiber.output, kOutputBytes[int(operation)]);
}

void meetBlock() {
  Fiber &fiber = self();
  char *sync = &machine.sync[machine.phase];
  release(sync);
  if (++machine.blockArrived < machine.threads) {
    fiber.state = State::atBlock;
    leave(fiber);
  } else {
    machine.blockArrived = 0;
    machine.phase ^= 1;
    for (uint32_t i = 0; i < machine.threads; ++i)
      machine.fibers[i]->state = State::ready;
  }
  acquire(sync);
}

void checkPointer(const void *pointer, const char *operation, bool shared) {
  if (reinterpret_cast<uintptr_t>(pointer) % 16)
    fail("%s at %p, not a multiple of 16", operation, pointer);
  const uint8_t *byte = static_cast<const uint8_t *>(pointer);
  if (shared && (byte < machine.shared || byte + 16 > machine.shared + machine.sharedBytes))
    fail("%s at byte %td of %u bytes of shared memory", operation, byte - machine.shared, machine.sharedBytes);
}

void checkGlobal(const void *pointer, const char *operation) {
  const uint8_t *byte = static_cast<const uint8_t *>(pointer);
  if (byte >= machine.shared && byte < machine.shared + machine.sharedBytes)
    fail("%s of shared memory", operation);
}

void copyAsync(void *shared, const void *global, bool valid) {
  checkPointer(shared, "copyAsync16 to", true);
  checkPointer(global, "copyAsync16 from", false);
  noteWrite(shared);
  std::memset(shared, 0xff, 16);
  self().copies.push_back({shared, global, valid, self().group});
}

void commitCopies() { ++self().group; }

void waitForCopies(int pending) {
  Fiber &fiber = self();
  size_t done = 0;
  for (; done < fiber.copies.size() && fiber.copies[done].group < fiber.group - pending; ++done) {
    const Copy &copy = fiber.copies[done];
    noteWrite(copy.shared);
    if (copy.valid) {
      noteRead(copy.global);
      std::memcpy(copy.shared, copy.global, 16);
    } else {
      std::memset(copy.shared, 0, 16);
    }
  }
  fiber.copies.erase(fiber.copies.begin(), fiber.copies.begin() + done);
}

void run(uint32_t blocks, uint32_t threads, uint32_t sharedBytes, void (*body)(void *), void *data) {
  if (threads == 0 || threads % 32 || threads > kMaxThreads)
    fail("%u threads in a block: expected a multiple of 32 up to %u", threads, kMaxThreads);
  if (sharedBytes > kMaxSharedBytes)
    fail("%u bytes of shared memory: at most %u", sharedBytes, kMaxSharedBytes);
  while (machine.fibers.size() < threads)
    machine.fibers.push_back(makeFiber(static_cast<uint32_t>(machine.fibers.size())));
#if defined(YOCO_THREAD_SANITIZER)
  machine.main.sanitizerFiber = __tsan_get_current_fiber();
#endif
  static const uint32_t steps[] = {1, 31, 13, 7};
  const uint32_t call = machine.calls++;
  machine.threads = threads;
  machine.body = body;
  machine.data = data;
  for (uint32_t i = 0; i < blocks; ++i) {
    prepareSharedMemory(sharedBytes);
    machine.warps.assign(threads / 32, Warp());
    machine.blockArrived = machine.ended = 0;
    machine.laneStep = steps[(call + i) % 4];
    machine.warpsDown = (call + i) % 2;
    for (uint32_t t = 0; t < threads; ++t) {
      Fiber &fiber = *machine.fibers[t];
      fiber.block = call % 2 ? blocks - 1 - i : i;
      fiber.state = State::ready;
      fiber.group = 0;
      fiber.copies.clear();
    }
    release(&machine.start);
    Fiber &first = *machine.fibers[machine.warpsDown ? threads - 1 : 0];
    current = &first;
    switchTo(machine.main, first.context);
    acquire(&machine.end);
    checkSharedGuards();
  }
}

} // namespace yoco::device::emulator
