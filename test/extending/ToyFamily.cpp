// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A decoder-decoder model that no released family is: its self-decoder gives two pairs of keys and values besides the
// rows, and each of its two cross layers reads one of them. The output is tied to the embedding.

#include "ToyFamily.h"
#include "frontend/HuggingFace.h"

using namespace mlir;
using namespace mlir::yoco;

namespace {

struct ToyConfig {
  int64_t width = 0, vocabulary = 0;
  RopeParameters rope;
  ModelLimits limits;
};

constexpr int64_t kHeads = 2;
constexpr int64_t kWindow = 4;

llvm::Expected<ToyConfig> readConfig(const Checkpoint &checkpoint) {
  ConfigReader reader(checkpoint.getConfig(), checkpoint.getConfigFile());
  ToyConfig config;
  config.width = reader.getInteger("width", 4, 1 << 10);
  config.vocabulary = reader.getInteger("vocab_size", 1, 1 << 20);
  expectHeads(reader, "width", config.width, "width", kHeads);
  config.limits = readLimits(reader, checkpoint, config.vocabulary);
  config.rope = readRope(reader, config.limits.maxLength);
  if (llvm::Error error = finishHuggingFace(reader))
    return std::move(error);
  return config;
}

class ToyImporter {
public:
  ToyImporter(const ToyConfig &config, ModelBuilder &builder)
      : config(config), builder(builder),
        rope(builder.getRope(RopeStyle::half, getRopeFrequencies(config.rope, config.width / kHeads))) {}

  Value run() {
    auto table = builder.addParameter("embed", "embed.weight", {config.vocabulary, config.width});
    ValueRange made = builder.selfDecoder("self", builder.embed(table), [&](ValueRange inputs) -> SmallVector<Value> {
      builder.setLayer("self.0");
      Value n = builder.norm(inputs[0], FlatSymbolRefAttr(), 1e-5);
      Value o = builder.attention(rotated(n, "q"), rotated(n, "k"), heads(n, "v"), 0.5, kWindow);
      Value x = builder.add(inputs[0], builder.linear(builder.mergeHeads(o), {"o", "o"}, config.width));
      builder.setLayer("pairs");
      return {x, builder.rope(pairHeads(x, 0), rope), pairHeads(x, 1), builder.rope(pairHeads(x, 2), rope),
              pairHeads(x, 3)};
    });
    auto cross = [&](ValueRange inputs, ValueRange shared) -> SmallVector<Value> {
      Value x = inputs[0];
      for (unsigned i : {0, 1}) {
        builder.setLayer("cross." + Twine(i));
        std::string number = std::to_string(i);
        Value q = rotated(builder.norm(x, FlatSymbolRefAttr(), 1e-5), "cq" + number);
        Value o = builder.mergeHeads(builder.attention(q, shared[2 * i], shared[2 * i + 1], 0.5));
        x = builder.add(x, builder.linear(o, {"co" + number, "co" + number}, config.width));
      }
      return {x};
    };
    Value y = builder.crossDecoder("cross", made.take_front(1), made.drop_front(1), cross)[0];
    builder.setLayer("head");
    return builder.linear(builder.norm(y, FlatSymbolRefAttr(), 1e-5), table);
  }

private:
  Value heads(Value input, const std::string &name) {
    return builder.splitHeads(builder.linear(input, {name, name}, config.width), kHeads);
  }
  /// The matrices of both pairs are one tensor, below each other.
  Value pairHeads(Value input, int64_t number) {
    auto weight = builder.addSlice("pairs." + Twine(number), "pairs", {4 * config.width, config.width},
                                   {number * config.width, 0}, {config.width, config.width});
    return builder.splitHeads(builder.linear(input, weight), kHeads);
  }
  Value rotated(Value input, const std::string &name) { return builder.rope(heads(input, name), rope); }

  const ToyConfig &config;
  ModelBuilder &builder;
  RopeAttr rope;
};

llvm::Expected<OwningOpRef<ModuleOp>> importToy(Checkpoint &checkpoint, const ImportOptions &options,
                                                MLIRContext *context) {
  llvm::Expected<ToyConfig> config = readConfig(checkpoint);
  if (!config)
    return config.takeError();
  return buildModel(checkpoint, options, context, config->limits,
                    [&](ModelBuilder &builder) { return ToyImporter(*config, builder).run(); });
}

} // namespace

Family getToyFamily() { return {"toy-pairs", importToy}; }
