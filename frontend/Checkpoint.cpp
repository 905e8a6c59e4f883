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
  SmallString<256> path(location);
  sys::path::append(path, name);
  return path.str().str();
}

bool Checkpoint::hasFile(StringRef name) const { return !gguf && sys::fs::exists(getPath(name)); }

bool Checkpoint::hasTokenizer() const { return gguf ? !gguf->getTokenizer().empty() : hasFile(kTokenizer); }

Expected<std::unique_ptr<MemoryBuffer>> Checkpoint::readTokenizer(StringRef location, StringRef name) {
  if (Gguf::isGguf(location)) {
    Expected<std::unique_ptr<GgufCheckpoint>> gguf = GgufCheckpoint::open(location);
    if (!gguf)
      return gguf.takeError();
    return MemoryBuffer::getMemBufferCopy((*gguf)->getTokenizer(), location);
  }
  SmallString<256> path(location);
  sys::path::append(path, name);
  return readRegularFile(path);
}

Expected<std::unique_ptr<Checkpoint>> Checkpoint::openLocation(StringRef path) {
  auto checkpoint = std::make_unique<Checkpoint>();
  SmallString<256> real;
  if (std::error_code error = sys::fs::real_path(path, real))
    return makeError(path + ": " + error.message());
  checkpoint->location = real.str().str();
  if (Gguf::isGguf(real)) {
    if (Error error = checkpoint->openGguf())
      return std::move(error);
    return std::move(checkpoint);
  }
  if (!sys::fs::is_directory(real))
    return makeError(path + ": expected a checkpoint, a folder or a GGUF file");
  return std::move(checkpoint);
}

Error Checkpoint::openGguf() {
  Expected<std::unique_ptr<GgufCheckpoint>> file = GgufCheckpoint::open(location);
  if (!file)
    return file.takeError();
  gguf = std::move(*file);
  configFile = generationConfigFile = weightsFile = location;
  config = gguf->takeConfig();
  for (const auto &[name, tensor] : gguf->getTensors())
    tensors.emplace(name, &tensor);
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
  return makeError(location + ": expected config.json or params.json, got neither");
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
  // Which of the two is meant, nobody knows.
  bool namesSingle = any_of(*map, [](const auto &field) { return field.second == json::Value(kWeights); });
  if (hasFile(kWeights) && !namesSingle)
    return makeError(weightsFile + ": expected it to name " + getPath(kWeights) +
                     ", which stands beside it; remove one of the two");
  for (const auto &field : *map) {
    std::string tensor = quote(field.first);
    std::optional<StringRef> name = field.second.getAsString();
    if (!name || !isPlainFileName(*name))
      return makeError(weightsFile + ": tensor " + tensor + ": expected the name of a file in the same folder, got " +
                       show(field.second));
    Expected<const SafeTensors *> shard = openShard(*name);
    if (!shard)
      return shard.takeError();
    const Tensor *found = (*shard)->find(field.first);
    if (!found)
      return makeError(getPath(*name) + ": expected tensor " + tensor + ", as the index says");
    tensors.emplace(field.first.str(), found);
  }
  return checkShards();
}

/// Nothing in the files that the index does not place there.
Error Checkpoint::checkShards() const {
  for (const auto &shard : shards) {
    for (const auto &tensor : shard.second->getTensors()) {
      auto known = tensors.find(tensor.first);
      if (known == tensors.end() || known->second != &tensor.second)
        return makeError(getPath(shard.first) + ": tensor " + quote(tensor.first) +
                         ": expected it in weight_map of the index, for this file");
    }
  }
  return Error::success();
}

Error Checkpoint::loadWeights() {
  if (gguf)
    return Error::success();
  bool isSharded = hasFile(kIndex);
  weightsFile = getPath(isSharded ? kIndex : kWeights);
  if (isSharded)
    return openIndex();
  if (!hasFile(kWeights))
    return makeError(location + ": expected " + kWeights + " or " + kIndex + ", got neither");
  Expected<const SafeTensors *> file = openShard(kWeights);
  if (!file)
    return file.takeError();
  for (const auto &tensor : (*file)->getTensors())
    tensors.emplace(tensor.first, &tensor.second);
  return Error::success();
}

Expected<std::unique_ptr<Checkpoint>> Checkpoint::openConfig(StringRef path) {
  Expected<std::unique_ptr<Checkpoint>> checkpoint = openLocation(path);
  if (!checkpoint || (*checkpoint)->gguf)
    return checkpoint;
  if (Error error = (*checkpoint)->readConfig())
    return std::move(error);
  return checkpoint;
}

Expected<std::unique_ptr<Checkpoint>> Checkpoint::openWeights(StringRef path) {
  Expected<std::unique_ptr<Checkpoint>> checkpoint = openLocation(path);
  if (!checkpoint)
    return checkpoint;
  if (Error error = (*checkpoint)->loadWeights())
    return std::move(error);
  return checkpoint;
}

const Tensor *Checkpoint::find(StringRef name) const {
  auto known = tensors.find(name);
  return known == tensors.end() ? nullptr : known->second;
}

std::vector<StringRef> Checkpoint::getTensorNames() const {
  std::vector<StringRef> names;
  for (const auto &tensor : tensors)
    names.push_back(tensor.first);
  return names;
}

} // namespace mlir::yoco
