// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A checkpoint: a folder with a configuration, weights and perhaps a tokenizer, or a GGUF file, which is read as the
// folder that it was made from.

#ifndef YOCO_FRONTEND_CHECKPOINT_H
#define YOCO_FRONTEND_CHECKPOINT_H

#include "frontend/GgufCheckpoint.h"
#include "frontend/SafeTensors.h"
#include "llvm/Support/JSON.h"
#include <vector>

namespace mlir::yoco {

/// An open checkpoint. Tensors are borrowed from it. Threads may share one whose weights are loaded.
class Checkpoint {
public:
  /// Opens config.json, or params.json, and generation_config.json when there is one; not the weights, so that an
  /// error in a configuration is reported first. Of a GGUF file, all of it.
  static llvm::Expected<std::unique_ptr<Checkpoint>> openConfig(llvm::StringRef path);

  /// Opens the weights alone: what is needed once there is a module.
  static llvm::Expected<std::unique_ptr<Checkpoint>> openWeights(llvm::StringRef path);

  /// Maps model.safetensors, or the files that model.safetensors.index.json names, and checks their headers.
  llvm::Error loadWeights();

  /// The folder or the GGUF file, absolute.
  llvm::StringRef getLocation() const { return location; }

  /// The file that the configuration comes from, and what it holds. Empty after `openWeights`.
  llvm::StringRef getConfigFile() const { return configFile; }
  const llvm::json::Object &getConfig() const { return config; }

  /// generation_config.json and what it holds; without such a file the name is that of the configuration and there are
  /// no fields.
  llvm::StringRef getGenerationConfigFile() const { return generationConfigFile; }
  const llvm::json::Object &getGenerationConfig() const { return generationConfig; }

  /// Whether the folder has this file.
  bool hasFile(llvm::StringRef name) const;

  /// The name, in the folder, of a SentencePiece model, which a GGUF file may hold, too; and that model.
  static constexpr llvm::StringLiteral kTokenizer = "tokenizer.model";
  bool hasTokenizer() const;
  static llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> readTokenizer(llvm::StringRef location,
                                                                           llvm::StringRef name);

  /// Null when there is no tensor of that name.
  const Tensor *find(llvm::StringRef name) const;

  /// What names the tensors, for messages: the weights file or the index.
  llvm::StringRef getWeightsFile() const { return weightsFile; }

  /// The names of all tensors, in order.
  std::vector<llvm::StringRef> getTensorNames() const;

  // A GGUF file calls tensors and fields by other names; these are for messages. A folder has them as they are.

  std::string getStoredName(llvm::StringRef tensor) const { return gguf ? gguf->getStoredName(tensor) : tensor.str(); }
  std::string translateMessage(llvm::StringRef text) const {
    return gguf ? gguf->translateMessage(text) : text.str();
  }
  /// What the checkpoint holds and the model will not; empty: nothing.
  std::string getWarning() const { return gguf ? gguf->getWarning() : std::string(); }

private:
  static llvm::Expected<std::unique_ptr<Checkpoint>> openLocation(llvm::StringRef path);
  llvm::Error openGguf();
  llvm::Error readConfig();
  llvm::Error readGenerationConfig();
  llvm::Error openIndex();
  llvm::Expected<const SafeTensors *> openShard(llvm::StringRef name);
  llvm::Error checkShards() const;
  std::string getPath(llvm::StringRef name) const;

  std::string location;
  std::string configFile;
  std::string weightsFile;
  std::string generationConfigFile;
  llvm::json::Object config;
  llvm::json::Object generationConfig;
  std::map<std::string, std::unique_ptr<SafeTensors>> shards;
  std::unique_ptr<GgufCheckpoint> gguf;                     // null for a folder
  std::map<std::string, const Tensor *, std::less<>> tensors; // by name
};

} // namespace mlir::yoco

#endif // YOCO_FRONTEND_CHECKPOINT_H
