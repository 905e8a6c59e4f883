// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco_model_describe(): a model file in words.

#include "runtime/model/Instructions.h"
#include "runtime/model/Model.h"
#include "runtime/model/Parameters.h"
#include "runtime/model/Programs.h"

#include <algorithm>
#include <cinttypes>
#include <map>
#include <string_view>

namespace yoco::runtime {

namespace {

class Describer {
public:
  Describer(const Model &model, yoco_text_callback write, void *user)
      : model(model), plan(model.plan()), bounds(boundsOf(plan)), write(write), user(user) {}

  void run() {
    describeHead();
    for (uint32_t i = 0; i < plan.variants()->size(); ++i)
      describeVariant(i);
  }

private:
  void line(std::string text) {
    text += '\n';
    write(user, text.data(), text.size());
  }

  void describeHead();
  void describeVariant(uint32_t index);
  void describeParameters(const fb::Variant &variant);
  void describeEntry(const fb::Entry &entry, const fb::Variant &variant, const PlanSizes &sizes);
  void describeRowSet(const fb::Entry &entry, uint32_t set, const fb::Variant &variant);
  void describeProgram(const fb::Entry &entry, uint32_t index, const fb::Variant &variant, const PlanSizes &sizes);
  void describeLayers(const fb::Entry &entry, const fb::Program &program, const char *indent);
  void describeKernels(const fb::Variant &variant);
  void describePlan(const fb::Variant &variant, const PlanSizes &sizes);

  const Model &model;
  const fb::Plan &plan;
  Bounds bounds;
  yoco_text_callback write;
  void *user;
};

void Describer::describeHead() {
  line(formatString("producer: %s", plan.producer() ? plan.producer()->c_str() : "not named"));
  line(formatString("file: %" PRIu64 " bytes", model.file().size()));
  line(formatString("vocabulary: %u", plan.vocabulary_size()));
  line(formatString("bounds: sequence %" PRIu64 ", batch %" PRIu64 ", prefill chunk %" PRIu64 ", wanted rows %" PRIu64,
                    bounds.seq, bounds.batch, bounds.chunk, bounds.wanted));
  std::string stops;
  if (plan.stop_ids())
    for (int32_t id : *plan.stop_ids())
      stops += (stops.empty() ? "" : " ") + std::to_string(id);
  line(formatString("stop ids: %s", stops.empty() ? "none" : stops.c_str()));
  if (plan.tokenizer())
    line(formatString("tokenizer: SentencePiece, %" PRIu64 " bytes", plan.tokenizer()->size()));
  else
    line("tokenizer: none");
}

void Describer::describeVariant(uint32_t index) {
  const fb::Variant &variant = model.variant(index);
  line("");
  line(formatString("target %s (device %s, computes in %s)", variant.target()->c_str(), variant.device()->c_str(),
                    elementName(variant.compute_type())));
  std::string features;
  if (variant.cpu_features())
    for (const flatbuffers::String *feature : *variant.cpu_features())
      features += " " + feature->str();
  if (!variant.images())
    line(formatString("  cpu features:%s", features.empty() ? " none" : features.c_str()));
  line(formatString("  weights: %" PRIu64 " bytes in %u parameters", model.weightBytes(index),
                    variant.parameters()->size()));
  line(formatString("  kv bytes per token: %" PRIu64, growingBytesPerPosition(variant)));
  describeParameters(variant);
  Path root;
  Result<PlanSizes> sizes = evaluatePlan(variant, plan.vocabulary_size(), bounds, Path(root, "variants", index));
  if (!sizes.ok())
    return; // the loader has done the same, so this does not come
  for (const fb::Entry *entry : *variant.entries())
    describeEntry(*entry, variant, *sizes);
  describeKernels(variant);
  describePlan(variant, *sizes);
}

void Describer::describeParameters(const fb::Variant &variant) {
  line("  parameters");
  for (const fb::Parameter *parameter : *variant.parameters()) {
    std::string layout = fb::EnumNameParameterLayout(parameter->layout());
    if (parameter->layout() == fb::ParameterLayout::panels)
      layout += " of " + std::to_string(parameter->panel());
    else if (parameter->stride() != 0)
      layout += " of stride " + std::to_string(parameter->stride());
    std::string element = elementName(parameter->element());
    if (const fb::Encoding *encoding = parameter->encoding())
      element +=
          formatString(" as %s of %u bits, a scale of %s for %s", encoding->name()->c_str(), encoding->bits(),
                       elementName(encoding->scale()),
                       encoding->group() == 0 ? "each row" : (std::to_string(encoding->group()) + " columns").c_str());
    if (parameter->placement() == fb::Placement::host)
      layout += ", placed on the host";
    std::string place = parameter->segment() ? "at " + std::to_string(parameter->segment()->offset()) : "generated";
    line(formatString("    %s: %" PRIu64 " x %" PRIu64 " %s, %s, %" PRIu64 " bytes %s", parameter->name()->c_str(),
                      parameter->rows(), parameter->columns(), element.c_str(), layout.c_str(),
                      parameterBytes(*parameter).value(), place.c_str()));
  }
}

void Describer::describeEntry(const fb::Entry &entry, const fb::Variant &variant, const PlanSizes &sizes) {
  std::string outputs;
  for (const fb::Output *output : *entry.outputs())
    outputs += (outputs.empty() ? "" : " and ") + std::string(fb::EnumNameOutputKind(output->kind()));
  std::string head =
      formatString("  entry %s: %s rows, at most %" PRIu64 ", gives %s of %s", entry.name()->c_str(),
                   entry.row_shape() == fb::RowShape::ragged ? "ragged" : "one per segment",
                   bounds.rows(entry.row_bound()), outputs.empty() ? "nothing" : outputs.c_str(),
                   entry.rows_wanted() == fb::RowsWanted::from ? "those from a position on"
                                                               : fb::EnumNameRowsWanted(entry.rows_wanted()));
  const auto &programs = *entry.programs();
  line(programs.size() == 1 ? formatString("%s, %u instructions", head.c_str(), programs.Get(0)->instructions()->size())
                            : formatString("%s, %u programs", head.c_str(), programs.size()));
  for (uint32_t set = 1; set < rowSetCount(entry); ++set)
    describeRowSet(entry, set, variant);
  for (uint32_t i = 0; i < programs.size(); ++i) {
    if (programs.size() > 1)
      describeProgram(entry, i, variant, sizes);
    describeLayers(entry, *programs.Get(i), programs.size() > 1 ? "      " : "    ");
  }
}

void Describer::describeRowSet(const fb::Entry &entry, uint32_t set, const fb::Variant &variant) {
  const fb::RowSet &description = rowSet(entry, set);
  std::string rows = "those wanted";
  if (entry.rows_wanted() == fb::RowsWanted::none)
    rows = formatString("the last %" PRIu64, description.halo());
  else if (description.halo() != 0)
    rows += formatString(" and the %" PRIu64 " before them", description.halo());
  std::string states;
  if (description.states())
    for (uint32_t state : *description.states())
      states += (states.empty() ? ", writes " : " ") + variant.states()->Get(state)->name()->str();
  line(formatString("    row set %u: %s in each segment, at most %" PRIu64 "%s", set, rows.c_str(),
                    bounds.rows(description.bound()), states.c_str()));
}

/// Steps that it holds, how many instructions those are, and the memory that they take beside the states.
void Describer::describeProgram(const fb::Entry &entry, uint32_t index, const fb::Variant &variant,
                                const PlanSizes &sizes) {
  const fb::Program &program = *entry.programs()->Get(index);
  uint64_t bytes = 0;
  forEachBuffer(program, [&](uint32_t buffer) {
    if (variant.buffers()->Get(buffer)->arena() != 0)
      bytes = std::max(bytes, sizes.buffers[buffer].offset + sizes.buffers[buffer].size);
  });
  std::string steps = program.most_rows() == 0 ? "other steps" : formatString("at most %" PRIu64 " rows",
                                                                               program.most_rows());
  if (program.most_wanted() != 0)
    steps += formatString(", at most %" PRIu64 " of them wanted", program.most_wanted());
  line(formatString("    program %u, %s: %u instructions, %" PRIu64 " bytes scratch", index, steps.c_str(),
                    program.instructions()->size(), bytes));
}

/// How many instructions each layer has, in the order in which the layers first come. Those of other row sets than all
/// rows are counted apart.
void Describer::describeLayers(const fb::Entry &entry, const fb::Program &program, const char *indent) {
  std::vector<std::string_view> layers;
  std::map<std::string_view, std::vector<uint32_t>> counts; // by row set
  for (const fb::Instruction *instruction : *program.instructions()) {
    std::string_view layer = instruction->layer() ? instruction->layer()->string_view() : "(no layer)";
    auto [place, isNew] = counts.try_emplace(layer, rowSetCount(entry));
    if (isNew)
      layers.push_back(layer);
    ++place->second[instruction->row_set()];
  }
  for (std::string_view layer : layers) {
    std::string text = formatString("%s%.*s:", indent, int(layer.size()), layer.data());
    const char *separator = " ";
    for (uint32_t set = 0; set < rowSetCount(entry); ++set)
      if (uint32_t count = counts[layer][set]; count != 0) {
        text += separator + std::to_string(count) + (set == 0 ? "" : " of row set " + std::to_string(set));
        separator = ", ";
      }
    line(text);
  }
}

/// The blocks of a kernel: once when all images have the same, else of each image.
static std::string describeBlocks(const flatbuffers::Vector<flatbuffers::Offset<fb::Image>> &images, uint32_t kernel) {
  std::vector<std::string> texts;
  bool isSame = true;
  for (const fb::Image *image : images) {
    const fb::KernelLaunch &launch = *image->launches()->Get(kernel);
    std::string text =
        formatString("blocks of %u threads and %u shared bytes", launch.threads(), launch.shared_bytes());
    if (launch.cluster() > 1)
      text += formatString(" in clusters of %u", launch.cluster());
    if (launch.cooperative())
      text += ", all at the same time";
    texts.push_back(std::move(text));
    isSame &= texts.back() == texts.front();
  }
  if (isSame)
    return ", " + texts.front();
  std::string all;
  for (uint32_t i = 0; i < images.size(); ++i)
    all += (i == 0 ? ", " : "; ") + std::string(images.Get(i)->architecture()->c_str()) + ": " + texts[i];
  return all;
}

void Describer::describeKernels(const fb::Variant &variant) {
  std::vector<uint32_t> launches(variant.kernels()->size());
  std::map<std::pair<uint64_t, uint64_t>, uint32_t> products; // outputs and inputs: how often
  forEachInstruction(variant, [&](const fb::Entry &, const fb::Instruction &instruction) {
    visit(instruction, Handlers{
                           [&](const fb::Launch &launch) { ++launches[launch.kernel()]; },
                           [](const fb::Copy &) {},
                           [&](const fb::Gemm &gemm) {
                             const fb::Parameter &weight = *variant.parameters()->Get(gemm.weight());
                             ++products[{productOutputs(gemm, weight), weight.columns()}];
                           },
                       });
  });
  std::string code;
  if (variant.code())
    code = formatString(" in %" PRIu64 " bytes of code", variant.code()->size());
  line(formatString("  kernels: %u%s", variant.kernels()->size(), code.c_str()));
  if (variant.images())
    for (const fb::Image *image : *variant.images())
      line(formatString("    %s for %s: %" PRIu64 " bytes", fb::EnumNameImageFormat(image->format()),
                        image->architecture()->c_str(), image->code()->size()));
  for (uint32_t i = 0; i < variant.kernels()->size(); ++i) {
    const fb::Kernel &kernel = *variant.kernels()->Get(i);
    std::string block = variant.images() ? describeBlocks(*variant.images(), i) : std::string();
    line(formatString("    %s: launched %u times%s", kernel.name()->c_str(), launches[i], block.c_str()));
  }
  for (const auto &[shape, count] : products)
    line(formatString("    library product of %" PRIu64 " x %" PRIu64 ": called %u times", shape.first, shape.second,
                      count));
}

void Describer::describePlan(const fb::Variant &variant, const PlanSizes &sizes) {
  line("  plan at these bounds");
  for (uint32_t i = 0; i < sizes.arenas.size(); ++i) {
    line(formatString("    arena %s: %" PRIu64 " bytes", variant.arenas()->Get(i)->name()->c_str(), sizes.arenas[i]));
    for (uint32_t j = 0; j < sizes.buffers.size(); ++j)
      if (variant.buffers()->Get(j)->arena() == i)
        line(formatString("      buffer %u: %" PRIu64 " bytes at %" PRIu64, j, sizes.buffers[j].size,
                          sizes.buffers[j].offset));
  }
  if (variant.records() >= 0)
    line(formatString("    records: buffer %d, %" PRIu64 " bytes per slot", variant.records(),
                      variant.record_stride()));
  for (const fb::State *state : *variant.states()) {
    std::string planes;
    for (const fb::Plane *plane : *state->planes()) {
      planes += planes.empty() ? " " : ", ";
      planes += plane->buffer() >= 0
                    ? formatString("%" PRIu64 " bytes per position in buffer %d", plane->bytes_per_position(),
                                   plane->buffer())
                    : formatString("%" PRIu64 " bytes at %" PRIu64 " of a record", plane->record_bytes(),
                                   plane->record_offset());
    }
    line(formatString("    %s %s:%s", state->kind()->c_str(), state->name()->c_str(), planes.c_str()));
  }
}

} // namespace

void describeModel(const Model &model, yoco_text_callback write, void *user) { Describer(model, write, user).run(); }

} // namespace yoco::runtime
