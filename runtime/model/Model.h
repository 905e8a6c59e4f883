// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model file that has been opened and verified.

#ifndef YOCO_RUNTIME_MODEL_MODEL_H
#define YOCO_RUNTIME_MODEL_MODEL_H

#include "runtime/device/Device.h"
#include "runtime/model/FileData.h"
#include "runtime/model/PlanSizes.h"
#include "runtime/schema/model_generated.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace yoco::runtime {

struct ModelOptions {
  yoco_verify verify = YOCO_VERIFY_FULL;
  uint32_t threads = 0;
  bool refuseHostCode = false;
  yoco_allocator allocator = defaultAllocator();
};

/// Immutable for its users, who may be on several threads; programs are made
/// when first asked for.
class Model {
public:
  static Result<std::shared_ptr<Model>> open(FileData file, const ModelOptions &options);

  const fb::Plan &plan() const { return *planRoot; }
  const FileData &file() const { return data; }
  const fb::Variant &variant(uint32_t index) const { return *planRoot->variants()->Get(index); }
  double loadSeconds() const { return seconds; }

  /// Bytes of the variant's parameters, each range of the file counted once.
  uint64_t weightBytes(uint32_t variant) const;

  /// A variant, and the device of this machine that is to run it.
  struct Choice {
    uint32_t variant = 0;
    uint32_t ordinal = 0; // of the device among those of its kind
  };
  /// The first variant that this machine can run, on `device` ("host", "cuda:1") when that is not
  /// null.
  Result<Choice> chooseVariant(const char *device) const;
  /// The variant with its weights and kernels ready on the device. It lives as long as the
  /// model. `arenas` is what the session that asks will want of the device's memory.
  Result<const Program *> program(Choice choice, const std::vector<uint64_t> &arenas, const Progress &progress);

private:
  Model(FileData file, const ModelOptions &options) : data(std::move(file)), options(options) {}
  Status load();
  Status verifyFile(const FileHeader &header, Parallel &parallel);
  Status verifyAllButWeights(Parallel &parallel);
  std::string targets() const;

  FileData data;
  ModelOptions options;
  std::vector<uint64_t> planCopy; // aligned, and beyond the reach of whoever changes the file
  const fb::Plan *planRoot = nullptr;
  double seconds = 0;

  std::unique_ptr<FileChecksums> checksums;
  std::mutex programsMutex;
  std::map<std::pair<uint32_t, uint32_t>, std::unique_ptr<Program>> programs; // by variant and ordinal
};

/// Describes the file for people.
void describeModel(const Model &model, yoco_text_callback write, void *user);

} // namespace yoco::runtime

#endif // YOCO_RUNTIME_MODEL_MODEL_H
