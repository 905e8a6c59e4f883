// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco_model_describe(): a model file in words.

#include "runtime/model/Instructions.h"
#include "runtime/model/Model.h"
#include "runtime/model/Parameters.h"

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
  void describeEntry(const fb::Entry &entry);
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
  line(formatString("bounds: sequence %" PRIu64 ", batch %" PRIu64 ", prefill chunk %" PRIu64 ", score rows %" PRIu64,
                    bounds.seq, bounds.batch, bounds.chunk, bounds.score));
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
  for (const fb::Entry *entry : *variant.entries())
    describeEntry(*entry);
  describeKernels(variant);
  Path root;
  Result<PlanSizes> sizes = evaluatePlan(variant, plan.vocabulary_size(), bounds, Path(root, "variants", index));
  if (sizes.ok()) // the loader has done the same
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

void Describer::describeEntry(const fb::Entry &entry) {
  std::string outputs;
  for (const fb::Output *output : *entry.outputs())
    outputs += (outputs.empty() ? "" : " and ") + std::string(fb::EnumNameOutputKind(output->kind()));
  line(formatString("  entry %s: %s rows, at most %" PRIu64 ", gives %s of %s, %u instructions", entry.name()->c_str(),
                    entry.row_shape() == fb::RowShape::ragged ? "ragged" : "one per segment",
                    bounds.rows(entry.row_bound()), outputs.empty() ? "nothing" : outputs.c_str(),
                    fb::EnumNameRowsWanted(entry.rows_wanted()), entry.instructions()->size()));
  // Layers in the order in which they first come.
  std::vector<std::pair<std::string_view, uint32_t>> counts;
  std::map<std::string_view, size_t> places;
  for (const fb::Instruction *instruction : *entry.instructions()) {
    std::string_view layer = instruction->layer() ? instruction->layer()->string_view() : "(no layer)";
    auto [place, isNew] = places.emplace(layer, counts.size());
    if (isNew)
      counts.push_back({layer, 0});
    ++counts[place->second].second;
  }
  for (const auto &[layer, count] : counts)
    line(formatString("    %.*s: %u", int(layer.size()), layer.data(), count));
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
  for (const fb::Entry *entry : *variant.entries())
    for (const fb::Instruction *instruction : *entry->instructions())
      visit(*instruction, Handlers{
                              [&](const fb::Launch &launch) { ++launches[launch.kernel()]; },
                              [](const fb::Copy &) {},
                              [&](const fb::Gemm &gemm) {
                                const fb::Parameter &weight = *variant.parameters()->Get(gemm.weight());
                                ++products[{weight.rows(), weight.columns()}];
                              },
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
