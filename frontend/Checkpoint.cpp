// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The files of a checkpoint's folder. An index maps tensor names to names of files in the same folder; it and the files
// must agree.

#include "frontend/Checkpoint.h"
#include "frontend/Json.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace mlir::yoco {

namespace {

constexpr StringLiteral kWeights = "model.safetensors";
constexpr StringLiteral kGenerationConfig = "generation_config.json";
constexpr StringLiteral kIndex = "model.safetensors.index.json";
constexpr uint64_t kMaxJsonBytes = 64 << 20;

Expected<json::Object> readJsonObject(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readRegularFile(path);
  if (!buffer)
    return buffer.takeError();
  if ((*buffer)->getBufferSize() > kMaxJsonBytes)
    return makeError(path + ": expected at most " + Twine(kMaxJsonBytes) + " bytes, got " +
                     Twine((*buffer)->getBufferSize()));
  return parseJsonObject((*buffer)->getBuffer(), path);
}

/// A name that stays in the folder.
bool isPlainFileName(StringRef name) {
  return !name.empty() && name != "." && name != ".." && !name.contains('/') && !name.contains('\\') &&
         !name.contains('\0');
}

} // namespace

std::string Checkpoint::getPath(StringRef name) const {
  SmallString<256> path(folder);
  sys::path::append(path, name);
  return path.str().str();
}

bool Checkpoint::hasFile(StringRef name) const { return sys::fs::exists(getPath(name)); }

Error Checkpoint::openFolder(StringRef path) {
  SmallString<256> real;
  if (std::error_code error = sys::fs::real_path(path, real))
    return makeError(path + ": " + error.message());
  if (!sys::fs::is_directory(real))
    return makeError(path + ": expected the folder of a checkpoint");
  folder = real.str().str();
  return Error::success();
}

Error Checkpoint::readConfig() {
  for (StringRef name : {"config.json", "params.json"}) {
    if (!hasFile(name))
      continue;
    configFile = getPath(name);
    Expected<json::Object> object = readJsonObject(configFile);
    if (!object)
      return object.takeError();
    config = std::move(*object);
    return readGenerationConfig();
  }
  return makeError(folder + ": expected config.json or params.json, got neither");
}

Error Checkpoint::readGenerationConfig() {
  generationConfigFile = configFile;
  if (!hasFile(kGenerationConfig))
    return Error::success();
  generationConfigFile = getPath(kGenerationConfig);
  Expected<json::Object> object = readJsonObject(generationConfigFile);
  if (!object)
    return object.takeError();
  generationConfig = std::move(*object);
  return Error::success();
}

Expected<const SafeTensors *> Checkpoint::openShard(StringRef name) {
  std::unique_ptr<SafeTensors> &shard = shards[name.str()];
  if (!shard) {
    Expected<std::unique_ptr<SafeTensors>> file = SafeTensors::open(getPath(name));
    if (!file)
      return file.takeError();
    shard = std::move(*file);
  }
  return shard.get();
}

Error Checkpoint::openIndex() {
  Expected<json::Object> index = readJsonObject(weightsFile);
  if (!index)
    return index.takeError();
  const json::Object *map = index->getObject("weight_map");
  if (!map)
    return makeError(weightsFile + ": expected weight_map to be an object");
  for (const auto &field : *map) {
    std::string tensor = quote(field.first);
    std::optional<StringRef> name = field.second.getAsString();
    if (!name || !isPlainFileName(*name))
      return makeError(weightsFile + ": tensor " + tensor + ": expected the name of a file in the same folder, got " +
                       show(field.second));
    Expected<const SafeTensors *> shard = openShard(*name);
    if (!shard)
      return shard.takeError();
    if (!(*shard)->find(field.first))
      return makeError(getPath(*name) + ": expected tensor " + tensor + ", as the index says");
    owners.emplace(field.first.str(), *shard);
  }
  return checkShards();
}

/// Nothing in the files that the index does not place there.
Error Checkpoint::checkShards() const {
  for (const auto &shard : shards) {
    for (const auto &tensor : shard.second->getTensors()) {
      auto owner = owners.find(tensor.first);
      if (owner == owners.end() || owner->second != shard.second.get())
        return makeError(getPath(shard.first) + ": tensor " + quote(tensor.first) +
                         ": expected it in weight_map of the index, for this file");
    }
  }
  return Error::success();
}

Error Checkpoint::loadWeights() {
  bool isSharded = !hasFile(kWeights) && hasFile(kIndex);
  weightsFile = getPath(isSharded ? kIndex : kWeights);
  if (isSharded)
    return openIndex();
  if (!hasFile(kWeights))
    return makeError(folder + ": expected " + kWeights + " or " + kIndex + ", got neither");
  Expected<const SafeTensors *> file = openShard(kWeights);
  if (!file)
    return file.takeError();
  for (const auto &tensor : (*file)->getTensors())
    owners.emplace(tensor.first, *file);
  return Error::success();
}

Expected<std::unique_ptr<Checkpoint>> Checkpoint::openConfig(StringRef folder) {
  auto checkpoint = std::make_unique<Checkpoint>();
  if (Error error = checkpoint->openFolder(folder))
    return std::move(error);
  if (Error error = checkpoint->readConfig())
    return std::move(error);
  return std::move(checkpoint);
}

Expected<std::unique_ptr<Checkpoint>> Checkpoint::openWeights(StringRef folder) {
  auto checkpoint = std::make_unique<Checkpoint>();
  if (Error error = checkpoint->openFolder(folder))
    return std::move(error);
  if (Error error = checkpoint->loadWeights())
    return std::move(error);
  return std::move(checkpoint);
}

const Tensor *Checkpoint::find(StringRef name) const {
  auto owner = owners.find(name);
  return owner == owners.end() ? nullptr : owner->second->find(name);
}

std::vector<StringRef> Checkpoint::getTensorNames() const {
  std::vector<StringRef> names;
  for (const auto &owner : owners)
    names.push_back(owner.first);
  return names;
}

} // namespace mlir::yoco
