// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fields of a configuration: `FILE: field 'NAME': expected WHAT, got VALUE`.

#include "frontend/Config.h"
#include "frontend/Json.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>

using namespace llvm;

namespace mlir::yoco {

const json::Value *ConfigReader::find(StringRef name) {
  known.insert(name);
  return object.get(name);
}

void ConfigReader::fail(StringRef name, const Twine &message) {
  if (!hasFailed())
    problem = (file + ": field " + quote(prefix + name.str()) + ": " + message).str();
}

int64_t ConfigReader::checkInteger(StringRef name, const json::Value *value, int64_t low, int64_t high) {
  std::optional<int64_t> number = value ? value->getAsInteger() : std::nullopt;
  if (number && *number >= low && *number <= high)
    return *number;
  fail(name,
       "expected an integer from " + Twine(low) + " to " + Twine(high) + ", got " + (value ? show(*value) : "nothing"));
  return low;
}

int64_t ConfigReader::getInteger(StringRef name, int64_t low, int64_t high) {
  return checkInteger(name, find(name), low, high);
}

std::optional<int64_t> ConfigReader::getOptionalInteger(StringRef name, int64_t low, int64_t high) {
  const json::Value *value = find(name);
  if (!value || value->kind() == json::Value::Null)
    return std::nullopt;
  return checkInteger(name, value, low, high);
}

double ConfigReader::getNumber(StringRef name, double low, double high, double fallback) {
  const json::Value *value = find(name);
  if (!value)
    return fallback;
  std::optional<double> number = value->getAsNumber();
  if (number && *number > low && *number <= high)
    return *number;
  fail(name, formatv("expected a number above {0} and at most {1}, got {2}", json::Value(low), json::Value(high),
                     show(*value)));
  return fallback;
}

double ConfigReader::getEpsilon(StringRef name, double fallback) {
  double eps = getNumber(name, 0.0, 1.0, fallback);
  expect(static_cast<float>(eps) > 0.0f,
         "field " + quote(prefix + name.str()) + ": expected a positive float32, got 0");
  return eps;
}

bool ConfigReader::getBool(StringRef name, bool fallback) {
  const json::Value *value = find(name);
  if (!value || value->kind() == json::Value::Null)
    return fallback;
  if (std::optional<bool> flag = value->getAsBoolean())
    return *flag;
  fail(name, "expected true or false, got " + show(*value));
  return fallback;
}

std::string ConfigReader::getString(StringRef name) {
  const json::Value *value = find(name);
  std::optional<StringRef> text = value ? value->getAsString() : std::nullopt;
  if (text && !text->empty())
    return text->str();
  fail(name, "expected text, got " + (value ? show(*value) : "nothing"));
  return "";
}

std::string ConfigReader::getChoice(StringRef name, ArrayRef<StringRef> allowed, StringRef fallback) {
  const json::Value *value = find(name);
  if (!value || value->kind() == json::Value::Null)
    return fallback.str();
  std::optional<StringRef> text = value->getAsString();
  if (text && is_contained(allowed, *text))
    return text->str();
  fail(name, "expected " + join(allowed, " or ") + ", got " + show(*value));
  return fallback.str();
}

SmallVector<std::string> ConfigReader::getChoices(StringRef name, ArrayRef<StringRef> allowed, size_t most) {
  const json::Value *value = find(name);
  const json::Array *list = value ? value->getAsArray() : nullptr;
  if (!list || list->empty() || list->size() > most) {
    fail(name, formatv("expected a list of 1 to {0} strings, got {1}", most, value ? show(*value) : "nothing"));
    return {allowed.front().str()};
  }
  SmallVector<std::string> choices;
  for (const json::Value &choice : *list) {
    std::optional<StringRef> text = choice.getAsString();
    bool isAllowed = text && is_contained(allowed, *text);
    if (!isAllowed)
      fail(name, "expected each to be " + join(allowed, " or ") + ", got " + show(choice));
    choices.push_back(isAllowed ? text->str() : allowed.front().str());
  }
  return choices;
}

SmallVector<double> ConfigReader::getNumbers(StringRef name, double low, double high, size_t most) {
  const json::Value *value = find(name);
  if (!value || value->kind() == json::Value::Null)
    return {};
  const json::Array *list = value->getAsArray();
  if (!list || list->size() > most) {
    fail(name, formatv("expected a list of at most {0} numbers, got {1}", most, show(*value)));
    return {};
  }
  SmallVector<double> numbers;
  for (const json::Value &element : *list) {
    std::optional<double> number = element.getAsNumber();
    if (!number || !(*number > low && *number <= high))
      fail(name, formatv("expected numbers above {0} and at most {1}, got {2}", json::Value(low), json::Value(high),
                         show(element)));
    numbers.push_back(number.value_or(high));
  }
  return numbers;
}

SmallVector<int32_t> ConfigReader::getIds(StringRef name, int64_t high) {
  SmallVector<int32_t> ids;
  const json::Value *value = find(name);
  if (!value || value->kind() == json::Value::Null)
    return ids;
  if (const json::Array *list = value->getAsArray()) {
    for (const json::Value &id : *list)
      ids.push_back(checkInteger(name, &id, 0, high));
  } else {
    ids.push_back(checkInteger(name, value, 0, high));
  }
  return ids;
}

void ConfigReader::readObject(StringRef name, function_ref<void(ConfigReader &)> read) {
  const json::Value *value = find(name);
  if (!value || value->kind() == json::Value::Null || *value == json::Value(false))
    return;
  const json::Object *inner = value->getAsObject();
  if (!inner)
    return fail(name, "expected an object, got " + show(*value));
  if (inner->empty())
    return;
  ConfigReader reader(*inner, file, prefix + name.str() + ".");
  read(reader);
  reader.checkUnknown();
  takeProblem(reader);
}

void ConfigReader::takeProblem(const ConfigReader &other) {
  if (!hasFailed())
    problem = other.problem;
}

bool ConfigReader::has(StringRef name) const {
  const json::Value *value = object.get(name);
  return value && value->kind() != json::Value::Null;
}

bool ConfigReader::isNull(StringRef name) const { return is(name, nullptr); }

bool ConfigReader::is(StringRef name, const json::Value &value) const {
  const json::Value *got = object.get(name);
  return got && *got == value;
}

void ConfigReader::ignore(ArrayRef<StringLiteral> names) {
  for (StringRef name : names)
    known.insert(name);
}

void ConfigReader::ignoreHuggingFaceFields() {
  static constexpr StringLiteral fields[] = {
      // What the files are, and what made them.
      "architectures", "auto_map", "model_type", "tokenizer_class", "transformers_version", "transformers_weights",
      "dtype", "torch_dtype", "transformers.js_config", "is_llama_config", "prefix", "name_or_path", "unsloth_fixed",
      "unsloth_version",
      // Special ids that the tokenizer or the caller adds.
      "bos_token_id", "pad_token_id", "sep_token_id", "cls_token_id", "unk_token_id", "mask_token_id",
      "decoder_start_token_id",
      // Training, and how the original software runs the model.
      "attention_dropout", "attention_probs_dropout_prob", "attn_pdrop", "activation_dropout", "hidden_dropout",
      "hidden_dropout_prob", "resid_pdrop", "embd_pdrop", "dropout", "layerdrop", "initializer_range",
      "initializer_factor", "pretraining_tp", "tensor_parallel_size", "use_cache", "use_bfloat16", "use_flash_attn",
      "attn_implementation", "torchscript", "return_dict", "use_return_dict", "output_attentions",
      "output_hidden_states", "output_router_logits", "router_aux_loss_coef", "gradient_checkpointing",
      "chunk_size_feed_forward", "tf_legacy_loss", "pruned_heads", "is_decoder", "keys_to_ignore_at_inference",
      // Other tasks.
      "classifier_dropout", "finetuning_task", "id2label", "label2id", "num_labels", "problem_type",
      "summary_first_dropout", "task_specific_params",
      // How text is generated.
      "do_sample", "early_stopping", "max_length", "min_length", "max_new_tokens", "num_beams", "num_beam_groups",
      "num_return_sequences", "diversity_penalty", "temperature", "top_k", "top_p", "min_p", "typical_p",
      "repetition_penalty", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids",
      "forced_bos_token_id", "forced_eos_token_id", "remove_invalid_values", "exponential_decay_length_penalty",
      "suppress_tokens", "begin_suppress_tokens", "output_scores", "return_dict_in_generate"};
  ignore(fields);
}

void ConfigReader::refuse(StringRef name, StringRef what) {
  const json::Value *got = find(name);
  if (got && got->kind() != json::Value::Null && *got != json::Value(false))
    fail(name, "expected " + what + ", got " + show(*got));
}

void ConfigReader::expectOnly(StringRef name, const json::Value &value) {
  const json::Value *got = find(name);
  if (got && got->kind() != json::Value::Null && *got != value)
    fail(name, "expected " + show(value) + ", the one value that is supported, got " + show(*got));
}

void ConfigReader::expect(bool condition, const Twine &message) {
  if (!condition && !hasFailed())
    problem = (file + ": " + message).str();
}

void ConfigReader::checkUnknown() {
  SmallVector<StringRef> unknown;
  for (const auto &field : object) {
    StringRef name = field.first;
    bool isOff = field.second.kind() == json::Value::Null || field.second == json::Value(false);
    if (!known.contains(name) && !isOff && !name.starts_with("_"))
      unknown.push_back(name);
  }
  if (unknown.empty())
    return;
  StringRef first = *std::min_element(unknown.begin(), unknown.end());
  fail(first, "unknown field (value " + show(*object.get(first)) + "); remove it if it does not change the model");
}

Error ConfigReader::finish() {
  checkUnknown();
  return hasFailed() ? makeError(problem) : Error::success();
}

void expectHeads(ConfigReader &reader, StringRef widthField, int64_t width, StringRef headsField, int64_t heads) {
  reader.expect(width % heads == 0, "field '" + headsField + "': expected a divisor of " + widthField + " " +
                                        Twine(width) + ", got " + Twine(heads));
  int64_t each = width / heads;
  reader.expect(each % 2 == 0, "field '" + headsField + "': expected heads of an even width, got " + widthField +
                                   " / " + headsField + " = " + Twine(each));
}

void expectGroups(ConfigReader &reader, StringRef headsField, int64_t heads, StringRef kvField, int64_t kvHeads) {
  reader.expect(heads % kvHeads == 0, "field '" + kvField + "': expected a divisor of " + headsField + " " +
                                          Twine(heads) + ", got " + Twine(kvHeads));
}

} // namespace mlir::yoco
