// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/model/Model.h"

#include "runtime/core/Clock.h"
#include "runtime/core/ThreadPool.h"
#include "runtime/model/Checksums.h"
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
  {
    YOCO_ASSIGN_OR_RETURN(std::unique_ptr<ThreadPool> pool, ThreadPool::create(options.threads));
    YOCO_RETURN_IF_ERROR(verifyChecksums(data.data(), header, options.verify, *pool));
  }
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
  programs.resize(planRoot->variants()->size());
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

Result<uint32_t> Model::chooseVariant(const char *device) const {
  if (device && !findDevice(device))
    return makeError(YOCO_UNSUPPORTED,
                     "this build of the runtime has no device `%s` (targets in "
                     "the file: %s)",
                     device, targets().c_str());
  std::string reasons;
  for (uint32_t i = 0; i < planRoot->variants()->size(); ++i) {
    const fb::Variant &candidate = variant(i);
    if (device && candidate.device()->string_view() != device)
      continue;
    const Device *candidateDevice = findDevice(candidate.device()->c_str());
    Status status = candidateDevice
                        ? candidateDevice->supports(candidate)
                        : makeError(YOCO_UNSUPPORTED, "this build has no device `%s`", candidate.device()->c_str());
    if (status.ok())
      return i;
    reasons += formatString("%s%s: %s", reasons.empty() ? "" : "; ", candidate.target()->c_str(), status.text());
  }
  if (reasons.empty())
    return makeError(YOCO_UNSUPPORTED, "the file has no target for device `%s` (targets in the file: %s)", device,
                     targets().c_str());
  return makeError(YOCO_UNSUPPORTED, "this machine can run no target of the file: %s", reasons.c_str());
}

Result<const Program *> Model::program(uint32_t index) {
  const fb::Variant &wanted = variant(index);
  if (options.refuseHostCode && wanted.device()->string_view() == "host")
    return makeError(YOCO_REFUSED,
                     "variants[%u]: running it needs code of the file, which "
                     "refuse_host_code forbids",
                     index);
  std::lock_guard<std::mutex> lock(programsMutex);
  if (!programs[index]) {
    const Device *device = findDevice(wanted.device()->c_str());
    ProgramSource source{wanted, data.data(), planRoot->vocabulary_size(), options.threads, options.allocator};
    Result<std::unique_ptr<Program>> program = device->load(source);
    if (!program.ok())
      return makeError(program.status().code(), "variants[%u] (%s): %s", index, wanted.target()->c_str(),
                       program.status().text());
    programs[index] = std::move(*program);
  }
  return programs[index].get();
}

} // namespace yoco::runtime
