// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a kind of machine offers to sessions: weights and kernels of a variant
// made ready (Program), and the arenas and entry points of one session over
// them (Executor).

#ifndef YOCO_RUNTIME_DEVICE_DEVICE_H
#define YOCO_RUNTIME_DEVICE_DEVICE_H

#include "runtime/core/Memory.h"
#include "runtime/core/Parallel.h"
#include "runtime/core/Status.h"
#include "runtime/model/Checksums.h"
#include "runtime/model/PlanSizes.h"
#include "runtime/schema/model_generated.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace yoco::runtime {

/// A row of the segment table that a step works on: docs/KernelABI.md.
struct SegmentRow {
  int32_t slot;
  int32_t firstPosition;
  int32_t rowBegin;
  int32_t rowCount;
};
static_assert(sizeof(SegmentRow) == 16, "the table is int32 [segments][4]");

/// The rows of a step that are in one row set.
struct StepSet {
  uint32_t rows;
  const SegmentRow *segments;
  uint32_t segmentCount;
};

/// The input of one step. Borrowed for the call.
struct Step {
  const int32_t *ids;
  const StepSet *sets; // as many as the entry has, all rows first
  const int32_t *targets = nullptr; // as many as ids, for programs with targets; null: no row has one
};

/// What an executor is made for.
struct ExecutorOptions {
  Bounds bounds;
  PlanSizes sizes;               // evaluated at these bounds
  std::vector<uint32_t> entries; // indices of those that will run
  uint32_t threads;              // 0: one per hardware thread
  yoco_parallel_for parallelFor; // null: threads of its own
  void *parallelForUser;
  yoco_allocator allocator;
  bool graphs; // GPUs: replay steps as graphs
};

/// The memory of one session, and its entry points ready to run in it. Used by
/// one thread at a time.
class Executor {
public:
  virtual ~Executor() = default;
  /// Starts a program of an entry, one of the options' `entries`, over a step within the bounds that it holds. Steps,
  /// copies and clears of slots run in the order in which they are started.
  virtual Status run(uint32_t entry, uint32_t program, const Step &step) = 0;
  /// Starts to fill with zeros what slot `slot` holds of a state in the records.
  virtual Status clear(uint32_t state, uint32_t slot) = 0;
  /// Starts to copy everything that is kept of a slot whose sequence has so many positions.
  virtual Status copySlot(uint32_t from, uint32_t to, uint64_t positions) = 0;
  /// Waits for all that was started; the error is the first of any of it.
  virtual Status finish() = 0;
  /// Waits, and returns rows first .. first + rows of output number `output` of the program that ran last, in memory
  /// that the caller can read until the next call. At most rowsAtOnce() of it.
  virtual Result<const void *> output(uint32_t output, uint32_t first, uint32_t rows) = 0;
  virtual uint32_t rowsAtOnce(const fb::Output &) const { return UINT32_MAX; }
  virtual uint64_t arenaBytes(uint32_t arena) const = 0;
  /// Memory of the machine beside the arenas, for transfers to and from the device.
  virtual uint64_t stagingBytes() const { return 0; }
  /// 0: the caller's parallel-for, or a GPU.
  virtual uint32_t threads() const { return 0; }
};

/// Weights and kernels of a variant on a device. Immutable; shared by sessions.
class Program {
public:
  virtual ~Program() = default;
  virtual Result<std::unique_ptr<Executor>> createExecutor(ExecutorOptions options) const = 0;
  /// Memory of the device that holds the weights; 0 when they stay where the file is.
  virtual uint64_t deviceWeightBytes() const { return 0; }
  /// Memory of the machine that holds those that are placed there for a device; 0 when they stay where the file is.
  virtual uint64_t hostWeightBytes() const { return 0; }
  /// The machine and the code that was chosen for it, for people.
  virtual const char *description() const = 0;
};

/// The caller's progress callback.
struct Progress {
  yoco_progress_callback callback = nullptr;
  void *user = nullptr;

  /// An error when the callback wants to stop.
  Status report(uint64_t done, uint64_t total) const;
};

/// A verified variant and the bytes of its file, both of which outlive the
/// program made of them.
struct ProgramSource {
  const fb::Variant &variant;
  const uint8_t *file;
  FileChecksums &checksums; // for what the program reads of the file
  uint32_t vocabularySize;
  uint32_t ordinal; // of the device among those of its kind
  uint32_t threads; // for work at load time; 0: one per hardware thread
  const yoco_allocator &allocator;
  const std::vector<uint64_t> &arenas; // what the first session will want: a device without room for it refuses at once
  Progress progress;
};

class Device {
public:
  virtual ~Device() = default;
  /// As in `Variant.device`.
  virtual const char *name() const = 0;
  /// Whether a machine may have several, which users tell apart by a number after the name: "cuda:1".
  virtual bool isNumbered() const { return false; }
  /// OK when this machine can run the variant on its device number `ordinal`; else what is missing.
  virtual Status supports(const fb::Variant &variant, uint32_t ordinal) const = 0;
  virtual Result<std::unique_ptr<Program>> load(const ProgramSource &source) const = 0;
};

/// The devices of this build, by name; null when there is none of that name.
const Device *findDevice(const char *name);

/// One device of this machine.
struct DeviceChoice {
  const Device *device;
  uint32_t ordinal;
};

/// What people call a device: `host`, `cuda`, `cuda:1`. Nothing when this build has none of that name.
std::optional<DeviceChoice> parseDeviceName(const char *text);

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_DEVICE_DEVICE_H
