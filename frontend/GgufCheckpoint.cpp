// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The converters of llama.cpp store the rows of queries and keys of some architectures with the two halves of each head
// interleaved, because its rotation pairs neighbours. Here the order is undone, row by row when weights are packed: the
// module, the family and every kernel are then those of the checkpoint that was converted, to the bit, which another
// style of rotation would not give, since products of queries and keys would be summed in another order.

#include "frontend/GgufCheckpoint.h"
#include "frontend/GgufTokenizer.h"
#include "frontend/Json.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace mlir::yoco {

namespace {

constexpr StringLiteral kArchitecture = "general.architecture";
constexpr StringLiteral kFrequencies = "rope_freqs.weight";
constexpr StringLiteral kStopIds[] = {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                                      "tokenizer.ggml.eom_token_id"};

/// Keys that are read here, or that say nothing about the model while those are as they are.
constexpr StringLiteral kReadKeys[] = {"attention.value_length",     "rope.dimension_count",
                                       "rope.scaling.type",          "rope.scaling.factor",
                                       "rope.scale_linear",          "rope.scaling.original_context_length",
                                       "rope.scaling.finetuned",     "rope.scaling.attn_factor",
                                       "rope.scaling.yarn_log_multiplier"};

/// Where fields come from that no table of keys has, for messages.
constexpr std::pair<StringLiteral, StringLiteral> kOtherFields[] = {
    {"rope_scaling.factor", "rope.scaling.factor"},
    {"partial_rotary_factor", "rope.dimension_count / width of a head"},
};

/// `name` with `to` for `from`; both may have one '#', which stands for a number. None when `name` is not `from`.
std::optional<std::string> rename(StringRef name, StringRef from, StringRef to) {
  auto [before, after] = from.split('#');
  if (before.size() == from.size())
    return name == from ? std::optional(to.str()) : std::nullopt;
  StringRef number = name;
  if (!number.consume_front(before) || !number.consume_back(after) || number.empty() || !all_of(number, isDigit))
    return std::nullopt;
  auto [newBefore, newAfter] = to.split('#');
  return (newBefore + number + newAfter).str();
}

/// The other name of a tensor; none when the tables have none.
template <typename Pick>
std::optional<std::string> renameTensor(const GgufArchitecture &architecture, StringRef name, Pick pick) {
  auto [base, suffix] = name.rsplit('.');
  if (suffix != "weight" && suffix != "bias")
    return std::nullopt;
  for (const GgufTensorName &names : concat<const GgufTensorName>(architecture.tensors, getCommonGgufTensors())) {
    auto [from, to] = pick(names);
    if (std::optional<std::string> renamed = rename(base, from, to))
      return *renamed + "." + suffix.str();
  }
  return std::nullopt;
}

std::pair<StringRef, StringRef> toOurs(const GgufTensorName &names) { return {names.stored, names.name}; }
std::pair<StringRef, StringRef> toStored(const GgufTensorName &names) { return {names.name, names.stored}; }

bool isQuantised(const Tensor &tensor) { return !tensor.type->isPlain(); }

} // namespace

Expected<std::unique_ptr<GgufCheckpoint>> GgufCheckpoint::open(StringRef path) {
  Expected<std::unique_ptr<Gguf>> file = Gguf::open(path);
  if (!file)
    return file.takeError();
  std::unique_ptr<GgufCheckpoint> checkpoint(new GgufCheckpoint(std::move(*file)));
  if (Error error = checkpoint->translate())
    return std::move(error);
  return std::move(checkpoint);
}

Error GgufCheckpoint::translate() {
  if (Error error = checkFile())
    return error;
  if (Error error = translateFields())
    return error;
  if (Error error = translateHeadWidth())
    return error;
  if (Error error = translateVocabulary())
    return error;
  if (Error error = translateRope())
    return error;
  if (Error error = checkUnknownKeys())
    return error;
  if (architecture->complete)
    if (Error error = architecture->complete(*file, config))
      return error;
  if (Expected<std::string> model = makeSentencePieceModel(*file))
    tokenizer = std::move(*model);
  else
    noTokenizer = toString(model.takeError());
  return translateTensors();
}

bool GgufCheckpoint::isNull(StringRef field) const {
  const json::Value *value = config.get(field);
  return !value || value->kind() == json::Value::Null;
}

std::string GgufCheckpoint::getKey(StringRef key) const { return (architecture->name + "." + key).str(); }

const GgufValue *GgufCheckpoint::findOwn(StringRef key) const { return file->find(getKey(key)); }

Error GgufCheckpoint::fail(StringRef key, const Twine &message) const {
  return makeError(file->getFile() + ": key " + quote(key) + ": " + message);
}

//===- The file -----------------------------------------------------------------------------------------------===//

/// That the file holds one whole model of an architecture that is known.
Error GgufCheckpoint::checkFile() {
  auto show = [](const GgufValue *value) -> std::string {
    return value ? mlir::yoco::show(value->toJson()) : "no such key";
  };
  const GgufValue *name = file->find(kArchitecture);
  architecture = name && name->kind == GgufKind::string ? findGgufArchitecture(name->bytes) : nullptr;
  if (!architecture) {
    SmallVector<StringRef> known;
    for (const GgufArchitecture *other : getGgufArchitectures())
      known.push_back(other->name);
    return fail(kArchitecture, "expected one of " + join(known, ", ") + ", got " + show(name));
  }
  const GgufValue *type = file->find("general.type");
  if (type && type->toJson() != json::Value("model"))
    return fail("general.type", "expected a whole model, \"model\", got " + show(type));
  const GgufValue *parts = file->find("split.count");
  if (parts && parts->toJson() != json::Value(0) && parts->toJson() != json::Value(1))
    return fail("split.count", "expected a model in one file, got one of " + show(parts) + " parts; join them first");
  const GgufValue *version = file->find("general.quantization_version");
  bool hasBlocks = any_of(file->getTensors(), [](const auto &tensor) { return isQuantised(tensor.second); });
  if (hasBlocks && version && version->toJson() != json::Value(2))
    return fail("general.quantization_version", "expected 2, got " + show(version));
  return Error::success();
}

//===- The configuration --------------------------------------------------------------------------------------===//

/// An architecture's own fields go before the common ones.
const GgufField *GgufCheckpoint::findField(StringRef key) const {
  for (const GgufField &field : concat<const GgufField>(architecture->fields, getCommonGgufFields()))
    if (field.key == key)
      return &field;
  return nullptr;
}

Error GgufCheckpoint::translateFields() {
  config["model_type"] = architecture->modelType;
  for (const GgufField &field : concat<const GgufField>(architecture->fields, getCommonGgufFields())) {
    if (findField(field.key) != &field)
      continue; // the architecture has its own
    if (const GgufValue *value = findOwn(field.key))
      config[field.field] = value->toJson();
    else if (field.isRequired)
      return fail(getKey(field.key), "expected a value, got no such key");
  }
  // Absent keys mean this, whatever the defaults of the family are.
  for (StringRef field : {"num_key_value_heads", "head_dim"})
    config.try_emplace(field, nullptr);
  config["tie_word_embeddings"] = file->getTensors().find("output.weight") == file->getTensors().end();
  return Error::success();
}

Error GgufCheckpoint::translateHeadWidth() {
  std::optional<int64_t> width = config.getInteger("head_dim"), heads = config.getInteger("num_attention_heads");
  std::optional<int64_t> rows = config.getInteger("hidden_size");
  if (!width && rows && heads && *heads > 0)
    width = *rows / *heads;
  if (!width || *width <= 0)
    return Error::success(); // the family will say why
  headWidth = *width;
  if (const GgufValue *values = findOwn("attention.value_length"); values && values->toJson() != json::Value(*width))
    return fail(getKey("attention.value_length"),
                "expected the width of a key, " + Twine(*width) + ", got " + show(values->toJson()));
  if (const GgufValue *rotated = findOwn("rope.dimension_count")) {
    std::optional<int64_t> number = rotated->toJson().getAsInteger();
    if (!number || *number < 1 || *number > *width)
      return fail(getKey("rope.dimension_count"), "expected an integer from 1 to the width of a head, " +
                                                      Twine(*width) + ", got " + show(rotated->toJson()));
    if (*number != *width)
      config["partial_rotary_factor"] = static_cast<double>(*number) / static_cast<double>(*width);
  }
  return Error::success();
}

Error GgufCheckpoint::translateVocabulary() {
  auto table = file->getTensors().find("token_embd.weight");
  if (!config.get("vocab_size") && table != file->getTensors().end())
    config["vocab_size"] = table->second.shape.front();
  const GgufValue *tokens = file->find("tokenizer.ggml.tokens");
  if (!config.get("vocab_size") && tokens)
    config["vocab_size"] = static_cast<int64_t>(tokens->count);
  std::optional<int64_t> size = config.getInteger("vocab_size");
  json::Array ids;
  for (StringRef key : kStopIds) {
    const GgufValue *value = file->find(key);
    if (!value)
      continue;
    std::optional<int64_t> id = value->toJson().getAsInteger();
    if (!id || *id < 0 || (size && *id >= *size))
      return fail(key, "expected the id of a token below " + Twine(size.value_or(0)) + ", got " +
                           show(value->toJson()));
    if (!is_contained(ids, json::Value(*id)))
      ids.push_back(*id);
  }
  config["eos_token_id"] = std::move(ids);
  return Error::success();
}

/// One factor for all frequencies, or a tensor with a divisor for each.
Error GgufCheckpoint::translateRope() {
  const GgufValue *type = findOwn("rope.scaling.type");
  const GgufValue *factor = findOwn("rope.scaling.factor");
  StringRef factorKey = factor ? "rope.scaling.factor" : "rope.scale_linear";
  factor = factor ? factor : findOwn("rope.scale_linear");
  json::Value name = type ? type->toJson() : json::Value("linear");
  std::optional<double> scale = factor ? factor->toJson().getAsNumber() : 1.0;
  if (!scale)
    return fail(getKey(factorKey), "expected a number, got " + show(factor->toJson()));
  bool isLinear = name == json::Value("linear");
  if (!isLinear && name != json::Value("none"))
    return fail(getKey("rope.scaling.type"), "expected none or linear, got " + show(name));
  if (isLinear && *scale != 1.0 && *scale != 0.0)
    config["rope_scaling"] = json::Object{{"rope_type", "linear"}, {"factor", *scale}};

  auto found = file->getTensors().find(kFrequencies);
  if (found == file->getTensors().end())
    return Error::success();
  const Tensor &tensor = found->second;
  std::string where = (file->getFile() + ": tensor " + quote(kFrequencies) + ": ").str();
  if (config.get("rope_scaling"))
    return makeError(where + "expected no such tensor beside " + getKey("rope.scaling.type") + " or a factor");
  if (tensor.shape.size() != 1 || !tensor.type->isPlain() || (headWidth && tensor.shape[0] != headWidth / 2))
    return makeError(where + "expected a vector of " + Twine(headWidth / 2) +
                     " plain numbers, half the width of a head");
  std::vector<float> numbers(tensor.shape[0]);
  tensor.type->read(tensor.bytes.data(), 0, numbers);
  config["rope_frequency_divisors"] = json::Array(numbers);
  return Error::success();
}

/// A key of the architecture that nobody has read may change the model; keys of others describe something else.
Error GgufCheckpoint::checkUnknownKeys() const {
  static const std::pair<StringLiteral, json::Value> constants[] = {
      {"attention.causal", true}, {"expert_count", 0}, {"expert_used_count", 0}};
  std::string prefix = getKey("");
  for (const auto &[key, value] : file->getMetadata()) {
    StringRef own = key;
    if (!own.consume_front(prefix) || findField(own) || is_contained(architecture->ignored, own) ||
        is_contained(kReadKeys, own))
      continue;
    auto constant = find_if(constants, [own = own](const auto &entry) { return entry.first == own; });
    if (constant == std::end(constants))
      return fail(key, "unknown key (value " + show(value.toJson()) + "), which may change the model");
    if (value.toJson() != constant->second)
      return fail(key, "expected " + show(constant->second) + ", the one value that is supported, got " +
                           show(value.toJson()));
  }
  return Error::success();
}

//===- Tensors ------------------------------------------------------------------------------------------------===//

/// Undoes the order of the rows of queries and keys. A bias is one row: its numbers are copied.
Error GgufCheckpoint::pairHeads(StringRef stored, Tensor &tensor) {
  StringRef base = stored.rsplit('.').first;
  bool isQuery = rename(base, "blk.#.attn_q", "").has_value(), isKey = rename(base, "blk.#.attn_k", "").has_value();
  std::optional<int64_t> heads = config.getInteger("num_attention_heads");
  if (isKey && !isNull("num_key_value_heads"))
    heads = config.getInteger("num_key_value_heads");
  // What does not come out even is refused by the family.
  if ((!isQuery && !isKey) || !heads || *heads < 1 || *heads > tensor.shape.front() ||
      tensor.shape.front() % (2 * *heads) != 0)
    return Error::success();
  tensor.pairedRows = tensor.shape.front() / *heads;
  if (tensor.shape.size() > 1)
    return Error::success();
  if (isQuantised(tensor))
    return makeError(file->getFile() + ": tensor " + quote(stored) + ": expected a vector of plain numbers, got " +
                     tensor.dtype);
  std::vector<char> &bytes = reordered.emplace_back(tensor.bytes.size());
  int64_t width = tensor.type->blockBytes;
  for (int64_t i = 0; i < tensor.shape.front(); ++i)
    std::copy_n(tensor.bytes.data() + tensor.getStoredRow(i) * width, width, bytes.data() + i * width);
  tensor.bytes = bytes;
  tensor.pairedRows = 0;
  return Error::success();
}

Error GgufCheckpoint::addTensor(StringRef stored, Tensor tensor, bool isWidened) {
  if (isWidened)
    tensor.number = NumberKind::f32;
  if (architecture->hasPairedHeads)
    if (Error error = pairHeads(stored, tensor))
      return error;
  std::string name = renameTensor(*architecture, stored, toOurs).value_or(stored.str());
  if (!tensors.emplace(name, std::move(tensor)).second)
    return makeError(file->getFile() + ": tensor " + quote(stored) + ": expected no other tensor that means " +
                     quote(name));
  return Error::success();
}

/// Matrices that are multiplied by as one have numbers of one type, and so have all matrices here, and all vectors:
/// f32 where the file mixes types.
Error GgufCheckpoint::translateTensors() {
  std::optional<NumberKind> kinds[2];
  bool isMixed[2] = {false, false};
  for (const auto &[stored, tensor] : file->getTensors()) {
    bool isMatrix = tensor.shape.size() > 1;
    isMixed[isMatrix] |= kinds[isMatrix].value_or(tensor.number) != tensor.number;
    kinds[isMatrix] = tensor.number;
  }
  for (const auto &[stored, tensor] : file->getTensors())
    if (stored != kFrequencies)
      if (Error error = addTensor(stored, tensor, isMixed[tensor.shape.size() > 1]))
        return error;
  return Error::success();
}

std::string GgufCheckpoint::getStoredName(StringRef name) const {
  return renameTensor(*architecture, name, toStored).value_or(name.str());
}

//===- Messages -----------------------------------------------------------------------------------------------===//

std::string GgufCheckpoint::translateMessage(StringRef message) const {
  auto translate = [&](StringRef word) -> std::string {
    for (const GgufField &field : concat<const GgufField>(architecture->fields, getCommonGgufFields()))
      if (field.field == word && findField(field.key) == &field)
        return getKey(field.key);
    for (const auto &[field, key] : kOtherFields)
      if (field == word)
        return getKey(key);
    if (word == "rope_frequency_divisors")
      return kFrequencies.str();
    if (word == "field" || word == "fields")
      return word == "field" ? "key" : "keys";
    return word.str();
  };
  auto isOfWord = [](char c) { return isAlnum(c) || c == '_' || c == '.'; };
  std::string translated;
  if (message.consume_front(file->getFile()))
    translated = file->getFile().str();
  while (!message.empty()) {
    StringRef word = message.take_while(isOfWord);
    translated += translate(word);
    message = message.drop_front(word.size());
    StringRef rest = message.take_until(isOfWord);
    translated += rest;
    message = message.drop_front(rest.size());
  }
  return translated;
}

std::string GgufCheckpoint::getWarning() const {
  std::string what;
  if (tokenizer.empty() && file->find("tokenizer.ggml.tokens"))
    what = noTokenizer + "; the model will take and give ids of tokens only";
  if (file->find("tokenizer.chat_template"))
    what += (what.empty() ? "" : "; ") + std::string("the chat template is not carried into the model");
  return what.empty() ? what : (file->getFile() + ": " + what).str();
}

} // namespace mlir::yoco
