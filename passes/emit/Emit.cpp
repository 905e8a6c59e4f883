// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yoco-emit: phase `program` -> model file.
//
//   1. The plan of every variant is built, and with it the list of segments (code, weights, tokenizer): what they are
//      and how large, but not yet their bytes. Segments with equal keys (the same tensors in the same layout, the same
//      code) are one.
//   2. Offsets are fixed-width numbers, so the plan has its final size before they are known. It is packed once to
//      learn that size, the segments are laid out after it, and it is packed again.
//   3. Everything is then written front to back, hashed by checksum blocks on the way: header, plan, segments,
//      checksums.
//
// Deterministic: nothing depends on time, addresses, folders or the order of hash tables.
//
// Refused: modules in another phase, variants with different bounds or vocabularies, no entry point with logits.

#include "passes/target/Target.h"
#include "passes/emit/Emit.h"
#include "passes/Passes.h"
#include "passes/emit/PlanBuilder.h"
#include "runtime/schema/FileHeader.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"

namespace mlir::yoco {
#define GEN_PASS_DEF_EMITPASS
#include "passes/Passes.h.inc"
} // namespace mlir::yoco

using namespace mlir;
using namespace mlir::yoco;

//===- Plan --------------------------------------------------------------------------------------------------===//

namespace {

class Emitter {
public:
  explicit Emitter(ModuleOp module, const WeightSource &source = {}) : module(module), weights(segments, source) {}

  LogicalResult build();
  LogicalResult write(llvm::raw_ostream &os, EmitStatistics *statistics);

private:
  LogicalResult addVariant(ModuleOp variant);
  LogicalResult addBounds(ModuleOp variant);
  LogicalResult addStopIds(ModuleOp variant);
  LogicalResult addTokenizer(ModuleOp variant);
  flatbuffers::FlatBufferBuilder pack();

  ModuleOp module;
  SegmentTable segments;
  WeightPacker weights;
  fb::PlanT plan;
};

} // namespace

/// The attribute `name` of `variant`, or of a module around it.
template <typename Attr>
static Attr findAttribute(ModuleOp variant, StringRef name) {
  for (Operation *op = variant; op; op = op->getParentOp())
    if (auto attribute = op->getAttrOfType<Attr>(name))
      return attribute;
  return {};
}

LogicalResult Emitter::addBounds(ModuleOp variant) {
  auto bounds = findAttribute<BoundsAttr>(variant, YocoDialect::getBoundsAttrName());
  if (!bounds)
    return mlir::emitError(variant.getLoc(), "expected a variant with `")
           << YocoDialect::getBoundsAttrName() << "`, got none";
  fb::BoundsT table;
  uint64_t *const fields[] = {&table.seq, &table.batch, &table.chunk, &table.wanted};
  const int64_t values[] = {bounds.getSeq(), bounds.getBatch(), bounds.getChunk(), bounds.getWanted()};
  for (auto [field, value] : llvm::zip_equal(fields, values)) {
    if (value > std::numeric_limits<int32_t>::max())
      return mlir::emitError(variant.getLoc(), "expected bounds of at most 2^31 - 1, got ") << bounds;
    *field = value;
  }
  if (plan.bounds && (plan.bounds->seq != table.seq || plan.bounds->batch != table.batch ||
                      plan.bounds->chunk != table.chunk || plan.bounds->wanted != table.wanted))
    return mlir::emitError(variant.getLoc(), "expected the bounds of the first variant, got ") << bounds;
  plan.bounds = std::make_unique<fb::BoundsT>(table);
  return success();
}

LogicalResult Emitter::addStopIds(ModuleOp variant) {
  auto ids = findAttribute<DenseI32ArrayAttr>(variant, YocoDialect::getStopIdsAttrName());
  if (!ids)
    return success();
  plan.stop_ids.assign(ids.asArrayRef().begin(), ids.asArrayRef().end());
  for (int32_t id : ids.asArrayRef())
    if (id < 0 || uint32_t(id) >= plan.vocabulary_size)
      return mlir::emitError(variant.getLoc(), "expected stop ids below the vocabulary size ")
             << plan.vocabulary_size << ", got " << id;
  return success();
}

LogicalResult Emitter::addTokenizer(ModuleOp variant) {
  auto name = findAttribute<StringAttr>(variant, YocoDialect::getTokenizerAttrName());
  auto location = findAttribute<StringAttr>(variant, YocoDialect::getCheckpointAttrName());
  if (!name)
    return success();
  if (!location)
    return mlir::emitError(variant.getLoc(), "expected `")
           << YocoDialect::getCheckpointAttrName() << "` beside a tokenizer, got none";
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> file =
      Checkpoint::readTokenizer(location.getValue(), name.getValue());
  if (!file)
    return mlir::emitError(variant.getLoc()) << llvm::toString(file.takeError());
  if ((*file)->getBufferSize() == 0)
    return mlir::emitError(variant.getLoc())
           << (*file)->getBufferIdentifier() << ": expected a tokenizer, got an empty file";
  std::shared_ptr<llvm::MemoryBuffer> bytes = std::move(*file);
  plan.tokenizer = segments.add("tokenizer", bytes->getBufferSize(), [bytes](ModelFileWriter &writer) {
    writer.write(ArrayRef(bytes->getBufferStart(), bytes->getBufferSize()));
    return llvm::Error::success();
  });
  return success();
}

LogicalResult Emitter::addVariant(ModuleOp variant) {
  auto phase = findAttribute<PhaseAttr>(variant, YocoDialect::getPhaseAttrName());
  if (!phase || phase.getValue() != Phase::program)
    return mlir::emitError(variant.getLoc(), "expected a module in phase `program`, got ")
           << (phase ? stringifyPhase(phase.getValue()) : StringRef("no phase"));
  if (failed(addBounds(variant)))
    return failure();
  VariantBuilder builder(variant, segments, weights);
  std::unique_ptr<fb::VariantT> table = builder.build();
  if (!table)
    return failure();
  int64_t size = builder.getVocabularySize();
  if (size < 1 || size > std::numeric_limits<int32_t>::max())
    return mlir::emitError(variant.getLoc(),
                           "expected an entry point whose logits say how large the vocabulary is, got ")
           << size;
  if (plan.vocabulary_size && plan.vocabulary_size != size)
    return mlir::emitError(variant.getLoc(), "expected logits as wide as those of the first variant, ")
           << plan.vocabulary_size << ", got " << size;
  plan.vocabulary_size = static_cast<uint32_t>(size);
  plan.variants.push_back(std::move(table));
  return success();
}

LogicalResult Emitter::build() {
  SmallVector<ModuleOp> variants = getVariants(module);
  plan.producer = "yoco-compile " YOCO_VERSION;
  bool failed = false;
  for (ModuleOp variant : variants)
    failed |= mlir::failed(addVariant(variant));
  return success(!failed && succeeded(addStopIds(variants.front())) && succeeded(addTokenizer(variants.front())));
}

//===- File --------------------------------------------------------------------------------------------------===//

flatbuffers::FlatBufferBuilder Emitter::pack() {
  flatbuffers::FlatBufferBuilder builder;
  builder.ForceDefaults(true); // the size does not depend on the offsets of segments
  fb::FinishPlanBuffer(builder, fb::Plan::Pack(builder, &plan));
  return builder;
}

/// The header, little-endian as the structure is where this compiler runs.
static ::yoco::FileHeader makeHeader(const fb::PlanT &plan, uint64_t planSize, uint64_t contentEnd) {
  static_assert(llvm::endianness::native == llvm::endianness::little, "the header is written as it stands");
  ::yoco::FileHeader header = {};
  memcpy(header.magic, ::yoco::kFileMagic, sizeof(header.magic));
  header.version = ::yoco::kFileVersion;
  header.headerSize = ::yoco::kFileHeaderSize;
  // Strides of rows and library products come with GPUs alone.
  if (llvm::any_of(plan.variants, [](const auto &variant) { return !variant->images.empty(); }))
    header.requiredFeatures |= ::yoco::kFeatureDeviceCode;
  header.planOffset = ::yoco::alignFileOffset(::yoco::kFileHeaderSize);
  header.planSize = planSize;
  header.checksumOffset = ::yoco::alignFileOffset(contentEnd);
  header.checksumSize = ::yoco::checksumTableSize(header.checksumOffset);
  header.fileSize = header.checksumOffset + header.checksumSize;
  return header;
}

LogicalResult Emitter::write(llvm::raw_ostream &os, EmitStatistics *statistics) {
  uint64_t planSize = pack().GetSize();
  uint64_t planOffset = ::yoco::alignFileOffset(::yoco::kFileHeaderSize);
  ::yoco::FileHeader header = makeHeader(plan, planSize, segments.place(planOffset + planSize));
  flatbuffers::FlatBufferBuilder packed = pack();
  assert(packed.GetSize() == planSize && "offsets change the size of the plan");

  ModelFileWriter writer(os);
  writer.write(ArrayRef(reinterpret_cast<const char *>(&header), sizeof(header)));
  writer.padTo(planOffset);
  writer.write(ArrayRef(reinterpret_cast<const char *>(packed.GetBufferPointer()), planSize));
  if (llvm::Error error = segments.write(writer))
    return mlir::emitError(module.getLoc()) << llvm::toString(std::move(error));
  writer.padTo(header.checksumOffset);
  writer.finish();
  if (statistics)
    *statistics = {segments.getNumSegments(), segments.getNumRequests() - segments.getNumSegments(), header.fileSize};
  return success();
}

LogicalResult mlir::yoco::emitModel(ModuleOp module, llvm::raw_ostream &os, EmitStatistics *statistics,
                                    const WeightSource &source) {
  Emitter emitter(module, source);
  return success(succeeded(emitter.build()) && succeeded(emitter.write(os, statistics)));
}

/// Writes `path` aside with `write` and renames it.
static llvm::Error writeAside(StringRef path, function_ref<bool(llvm::raw_ostream &)> write) {
  auto fail = [&](std::error_code code) { return llvm::createStringError(code, path + ": " + code.message()); };
  llvm::sys::fs::file_status status;
  std::error_code code = llvm::sys::fs::status(path, status);
  if (!code && !llvm::sys::fs::is_regular_file(status))
    return llvm::createStringError(path + ": expected a regular file or none, got something else");
  if (code && code != std::errc::no_such_file_or_directory)
    return fail(code);
  std::string aside = llvm::formatv("{0}.{1}.tmp", path, llvm::sys::Process::getProcessId());
  int descriptor = -1;
  if (std::error_code code = llvm::sys::fs::openFileForWrite(aside, descriptor, llvm::sys::fs::CD_CreateAlways))
    return fail(code);
  llvm::sys::RemoveFileOnSignal(aside);
  bool written = false;
  {
    llvm::raw_fd_ostream os(descriptor, /*shouldClose=*/true);
    written = write(os);
    os.close();
    code = os.error();
    os.clear_error();
  }
  if (written && !code)
    code = llvm::sys::fs::rename(aside, path);
  if (!written || code)
    llvm::sys::fs::remove(aside);
  llvm::sys::DontRemoveFileOnSignal(aside);
  return code && written ? fail(code) : llvm::Error::success();
}

LogicalResult mlir::yoco::emitModelFile(ModuleOp module, StringRef path, EmitStatistics *statistics) {
  Emitter emitter(module);
  if (failed(emitter.build()))
    return failure();
  bool written = false;
  llvm::Error error =
      writeAside(path, [&](llvm::raw_ostream &os) { return written = succeeded(emitter.write(os, statistics)); });
  if (error)
    return mlir::emitError(module.getLoc()) << llvm::toString(std::move(error));
  return success(written);
}

//===- Pass --------------------------------------------------------------------------------------------------===//

namespace {
struct Emit : mlir::yoco::impl::EmitPassBase<Emit> {
  using EmitPassBase::EmitPassBase;

  void runOnOperation() override {
    if (output.empty()) {
      mlir::emitError(getOperation().getLoc(), "yoco-emit: expected a path as `output`, got none");
      return signalPassFailure();
    }
    EmitStatistics statistics;
    if (failed(emitModelFile(getOperation(), output, &statistics)))
      return signalPassFailure();
    numSegments = statistics.segments;
    numSharedSegments = statistics.sharedSegments;
    fileBytes = statistics.fileBytes;
    markAllAnalysesPreserved();
  }
};
} // namespace
