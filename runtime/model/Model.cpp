// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/model/Model.h"

#include "runtime/core/Clock.h"
#include "runtime/core/ThreadPool.h"
#include "runtime/model/DeviceKinds.h"
#include "runtime/model/Parameters.h"
#include "runtime/model/PlanVerifier.h"

#include <cstring>
#include <set>

namespace yoco::runtime {

Result<std::shared_ptr<Model>> Model::open(FileData file, const ModelOptions &options) {
  std::shared_ptr<Model> model(new Model(std::move(file), options));
  Stopwatch watch;
  YOCO_RETURN_IF_ERROR(model->load());
  model->seconds = watch.seconds();
  return model;
}

Status Model::load() {
  YOCO_ASSIGN_OR_RETURN(FileHeader header, readHeader(data.data(), data.size()));
  YOCO_ASSIGN_OR_RETURN(std::unique_ptr<ThreadPool> pool, ThreadPool::create(options.threads));
  YOCO_RETURN_IF_ERROR(verifyFile(header, *pool));
  planCopy.resize(size_t(divideUp(header.planSize, 8)));
  memcpy(planCopy.data(), data.data() + header.planOffset, size_t(header.planSize));
  const auto *bytes = reinterpret_cast<const uint8_t *>(planCopy.data());

  constexpr flatbuffers::uoffset_t kMostDepth = 64, kMostTables = 20'000'000;
  if (header.planSize >= FLATBUFFERS_MAX_BUFFER_SIZE)
    return makeError(YOCO_INVALID_FILE, "the plan is too large");
  flatbuffers::Verifier verifier(bytes, size_t(header.planSize), kMostDepth, kMostTables);
  if (!fb::VerifyPlanBuffer(verifier))
    return makeError(YOCO_INVALID_FILE, "the plan is not a well-formed FlatBuffer with identifier %s",
                     fb::PlanIdentifier());
  planRoot = fb::GetPlan(bytes);
  YOCO_RETURN_IF_ERROR(verifyPlan(*planRoot, data.data(), header));
  return options.verify == YOCO_VERIFY_DEFERRED ? verifyAllButWeights(*pool) : Status();
}

/// Compares the checksums that have to be compared before the plan is read.
Status Model::verifyFile(const FileHeader &header, Parallel &parallel) {
  checksums.reset(new FileChecksums(data.data(), header));
  YOCO_RETURN_IF_ERROR(checksums->verifyTable());
  if (options.verify == YOCO_VERIFY_FULL)
    return checksums->verifyAll(parallel);
  YOCO_RETURN_IF_ERROR(checksums->verify(0, kFileHeaderSize));
  YOCO_RETURN_IF_ERROR(checksums->verify(header.planOffset, header.planOffset + header.planSize));
  if (options.verify == YOCO_VERIFY_PLAN)
    checksums->trustAll();
  return Status();
}

/// What a program does not compare while it loads parameters.
Status Model::verifyAllButWeights(Parallel &parallel) {
  auto verify = [&](const fb::Segment *segment) {
    return segment ? checksums->verify(segment->offset(), segment->offset() + segment->size(), parallel) : Status();
  };
  YOCO_RETURN_IF_ERROR(verify(planRoot->tokenizer()));
  for (const fb::Variant *variant : *planRoot->variants()) {
    YOCO_RETURN_IF_ERROR(verify(variant->code()));
    if (variant->images())
      for (const fb::Image *image : *variant->images())
        YOCO_RETURN_IF_ERROR(verify(image->code()));
  }
  return Status();
}

uint64_t Model::weightBytes(uint32_t index) const {
  uint64_t bytes = 0;
  std::set<uint64_t> seen;
  for (const fb::Parameter *parameter : *variant(index).parameters())
    if (!parameter->segment() || seen.insert(parameter->segment()->offset()).second)
      bytes += parameterBytes(*parameter).value();
  return bytes;
}

std::string Model::targets() const {
  std::string text;
  for (const fb::Variant *variant : *planRoot->variants())
    text += (text.empty() ? "" : ", ") + variant->target()->str();
  return text;
}

Result<Model::Choice> Model::chooseVariant(const char *name) const {
  std::optional<DeviceChoice> wanted = name ? parseDeviceName(name) : std::nullopt;
  if (name && !wanted)
    return makeError(YOCO_UNSUPPORTED,
                     "this build of the runtime has no device `%s` (targets in "
                     "the file: %s)",
                     name, targets().c_str());
  Choice choice;
  choice.ordinal = wanted ? wanted->ordinal : 0;
  std::string reasons;
  for (; choice.variant < planRoot->variants()->size(); ++choice.variant) {
    const fb::Variant &candidate = variant(choice.variant);
    const Device *device = findDevice(candidate.device()->c_str());
    if (wanted && device != wanted->device)
      continue;
    Status status = device ? device->supports(candidate, choice.ordinal)
                           : makeError(YOCO_UNSUPPORTED, "this build has no device `%s`", candidate.device()->c_str());
    if (status.ok())
      return choice;
    reasons += formatString("%s%s: %s", reasons.empty() ? "" : "; ", candidate.target()->c_str(), status.text());
  }
  if (reasons.empty())
    return makeError(YOCO_UNSUPPORTED, "the file has no target for device `%s` (targets in the file: %s)", name,
                     targets().c_str());
  return makeError(YOCO_UNSUPPORTED, "this machine can run no target of the file%s%s: %s", name ? " on device " : "",
                   name ? name : "", reasons.c_str());
}

Result<const Program *> Model::program(Choice choice, const std::vector<uint64_t> &arenas, const Progress &progress) {
  const fb::Variant &wanted = variant(choice.variant);
  if (options.refuseHostCode && deviceKind(wanted).code == Presence::required)
    return makeError(YOCO_REFUSED,
                     "variants[%u]: running it needs code of the file, which "
                     "refuse_host_code forbids",
                     choice.variant);
  std::lock_guard<std::mutex> lock(programsMutex);
  std::unique_ptr<Program> &program = programs[{choice.variant, choice.ordinal}];
  if (!program) {
    const Device *device = findDevice(wanted.device()->c_str());
    ProgramSource source{wanted,         data.data(),     *checksums,        planRoot->vocabulary_size(),
                         choice.ordinal, options.threads, options.allocator, arenas,
                         progress};
    Result<std::unique_ptr<Program>> loaded = device->load(source);
    if (!loaded.ok())
      return makeError(loaded.status().code(), "variants[%u] (%s): %s", choice.variant, wanted.target()->c_str(),
                       loaded.status().text());
    program = std::move(*loaded);
  }
  return program.get();
}

} // namespace yoco::runtime
