// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Model files made in memory, so that the runtime is tested without the
// compiler.
//
// The toy model has a recurrent state, a ring cache, a growing cache, a stored
// and a generated parameter, and kernels that hash the ids of a sequence
// through each of them (ToyKernels.c). ToyReference computes the same from the
// ids alone.

#ifndef YOCO_TEST_RUNTIME_TOYMODEL_H
#define YOCO_TEST_RUNTIME_TOYMODEL_H

#include "runtime/schema/FileHeader.h"
#include "runtime/schema/model_generated.h"
#include "yoco/yoco.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace yoco::test {

constexpr uint32_t kToyVocabulary = 11;
constexpr uint64_t kToyBlobs = 3; // segments of a toy file: bias, code, tokenizer

/// Bytes that start at a multiple of 64.
class FileBytes {
public:
  explicit FileBytes(size_t size = 0) { resize(size); }
  FileBytes(const FileBytes &other) { *this = other; }
  FileBytes &operator=(const FileBytes &other);
  void resize(size_t size); // content is zero afterwards
  uint8_t *data() { return start; }
  const uint8_t *data() const { return start; }
  size_t size() const { return byteCount; }
  uint8_t &operator[](size_t index) { return start[index]; }

private:
  std::unique_ptr<uint8_t[]> storage;
  uint8_t *start = nullptr;
  size_t byteCount = 0;
};

/// Largest bounds of the toy's file.
struct ToyBounds {
  uint64_t seq = 40, batch = 3, chunk = 7, wanted = 5;
};

/// A plan as objects, the bytes that its segments name, and a file made of
/// both.
class ToyModel {
public:
  explicit ToyModel(ToyBounds bounds = {});

  /// Free to be changed before build().
  fb::PlanT plan;
  /// What goes into the file; `segments` point into the plan, and get their
  /// offset and size from here.
  std::vector<std::string> blobs;
  std::vector<fb::SegmentT *> segments;
  uint64_t features = 0; // that the header says are required

  fb::VariantT &variant() { return *plan.variants[0]; }
  fb::EntryT &entry(size_t index) { return *variant().entries[index]; }
  fb::ProgramT &program(size_t entryIndex, size_t index = 0) { return *entry(entryIndex).programs[index]; }

  /// Puts a buffer at the end of an entry's scratch memory. Its size is `coefficient` times the variable that the
  /// entry's rows are, or a number of bytes.
  uint32_t addBuffer(size_t index, uint64_t coefficient, bool perRow);
  /// The same, `coefficient` times a product of `variables`: letters for seq, batch, chunk and k for score.
  uint32_t addBuffer(size_t index, uint64_t coefficient, const char *variables);
  /// A kernel of the code that is there, with blocks of `threads` threads in every image. `words` has a letter for each
  /// argument: `a` an address, `n` a number.
  void addKernel(const char *name, const char *words, uint32_t threads);
  /// A fourth entry, `sample`: what `decode` is by now, and the choice.
  void addSample();

  /// Fills in the segments and writes the file: header, segments, plan,
  /// checksums.
  FileBytes build();
  /// The same, with segments as they stand.
  FileBytes write();
  /// A segment of its own for some bytes.
  std::unique_ptr<fb::SegmentT> addBlob(std::string bytes);

private:
  void placeSegments();
};

/// Appends a launch.
using ToyArguments = std::vector<std::pair<fb::ArgumentKind, uint32_t>>;
void addLaunch(fb::ProgramT &program, uint32_t kernel, const ToyArguments &arguments, fb::TileUnit unit,
               uint64_t divisor, const char *layer);

/// Makes a buffer what comes out of all rows of an entry with one program; nothing else does.
void setOutput(fb::EntryT &entry, fb::OutputKind kind, uint32_t buffer);

/// Sets the header's checksum fields and writes the checksum table of a file
/// whose table starts at `checksumOffset`.
void writeChecksums(FileBytes &file);

/// The toy's logits after `ids`.
std::vector<float> toyLogits(const std::vector<int32_t> &ids);
/// The same with another number in place of the hash by recurrence.
std::vector<float> toyLogitsOf(const std::vector<int32_t> &ids, uint32_t sum);
/// The id that greedy sampling chooses after `ids`.
int32_t toyNext(const std::vector<int32_t> &ids);
/// `count` ids that depend on `seed`.
std::vector<int32_t> toyIds(size_t count, uint32_t seed = 1);

/// A file's content; aborts when there is none.
std::string readFile(const std::string &path);
void writeFile(const std::string &path, const FileBytes &bytes);

/// A model opened from memory and a session on it, with the texts of what went
/// wrong.
struct Opened {
  explicit Opened(const FileBytes &file, yoco_model_options options = {sizeof(yoco_model_options), {}, 2, 0, nullptr});
  ~Opened() { yoco_model_destroy(model); }
  Opened(const Opened &) = delete;

  yoco_model *model = nullptr;
  yoco_status status;
  std::string error;
};

struct OpenedSession {
  explicit OpenedSession(yoco_model *model, yoco_session_options options = {});
  ~OpenedSession() { yoco_session_destroy(session); }
  OpenedSession(const OpenedSession &) = delete;
  operator yoco_session *() const { return session; }
  yoco_session_stats stats() const;

  yoco_session *session = nullptr;
  yoco_status status;
  std::string error;
};

} // namespace yoco::test

#endif // YOCO_TEST_RUNTIME_TOYMODEL_H
