// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The weights that a model file holds, beside those of the checkpoint.

#ifndef YOCO_TOOLS_YOCODIFF_FILEWEIGHTS_H
#define YOCO_TOOLS_YOCODIFF_FILEWEIGHTS_H

#include "compiler/interpreter/Parameters.h"
#include "runtime/schema/model_generated.h"

#include "llvm/Support/MemoryBuffer.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace yoco::diff {

/// A model file that the runtime has verified, as its parameters lie in it.
class FilePlan {
public:
  FilePlan(const std::string &path, uint32_t variant);

  const fb::Variant &getVariant() const { return *variant; }
  /// That of its generated weights; none when all are stored.
  std::optional<uint64_t> getSeed() const;
  /// Names of parameters in the memory of the host, as yoco-compile --place wants them.
  std::vector<std::string> getPlacements() const;
  llvm::ArrayRef<char> getBytes(const fb::Segment &segment) const;

private:
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  const fb::Variant *variant;
};

/// How the numbers of a parameter differ.
struct WeightDifference {
  std::string parameter, tensor;
  size_t count = 0, differing = 0;
  double largest = 0; // distance of two numbers
};

/// Finds the parts of each packed parameter of `program`, which is the checkpoint's model compiled for the file's
/// target and bounds, in the file.
class FileWeights {
public:
  FileWeights(mlir::ModuleOp program, const FilePlan &plan, uint32_t threads);

  size_t getNumCompared() const { return compared.size(); }
  const std::vector<WeightDifference> &getDifferences() const { return differences; }
  /// Parameters of the program that the file has not, or in another form: another compiler wrote it, or other options.
  const std::vector<std::string> &getNotCompared() const { return notCompared; }

  /// The numbers of a parameter that differs, as they stand in the file; empty for all others.
  llvm::ArrayRef<char> getReplacement(mlir::yoco::ParameterOp parameter) const;

private:
  struct Part;

  void compare(mlir::yoco::PackedParameterOp packed, const fb::Parameter &stored, const FilePlan &plan);
  void comparePart(const Part &part);
  void compareGenerated(mlir::yoco::ParameterOp parameter, const fb::GeneratedRows &rows);
  void addDifference(mlir::yoco::ParameterOp parameter, WeightDifference difference);

  mlir::SymbolTable symbols;
  mlir::yoco::Parameters parameters;
  uint32_t threads;
  std::map<std::string, std::vector<char>> replacements; // by name; empty for those that are the same
  std::map<std::string, bool> compared;                  // by name
  std::vector<WeightDifference> differences;
  std::vector<std::string> notCompared;
};

} // namespace yoco::diff

#endif // YOCO_TOOLS_YOCODIFF_FILEWEIGHTS_H
