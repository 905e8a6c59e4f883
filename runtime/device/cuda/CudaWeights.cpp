// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cuda/CudaWeights.h"

#include "runtime/model/Parameters.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>

namespace yoco::runtime::cuda {

namespace {

constexpr uint64_t kWeightAlignment = 256; // what the widest loads and cuBLASLt's algorithms like
constexpr uint64_t kStagingBytes = uint64_t(16) << 20;
constexpr uint64_t kTileBytes = uint64_t(512) << 10; // of staging that a thread fills at once

/// Writes parameters to memory of the machine.
class WeightFiller {
public:
  WeightFiller(const WeightLayout &layout, const ProgramSource &source, Parallel &parallel)
      : layout(layout), source(source), parallel(parallel) {}

  /// Bytes begin .. end of the weights.
  Status fill(uint64_t begin, uint64_t end, uint8_t *memory);

private:
  Status fillTile(uint64_t begin, uint64_t end, uint8_t *memory);
  Status fillPart(const WeightLayout::Piece &piece, uint64_t begin, uint64_t end, uint8_t *memory);

  const WeightLayout &layout;
  const ProgramSource &source;
  Parallel &parallel;
};

/// Fills staging buffers and sends them off.
class WeightSender {
public:
  WeightSender(const ContextPointer &context, const WeightLayout &layout, const ProgramSource &source,
               CUdeviceptr destination, Parallel &parallel)
      : context(context), layout(layout), source(source), destination(destination), filler(layout, source, parallel) {}

  /// Reports progress from `before` bytes on, of `all`.
  Status run(uint64_t before, uint64_t all);

private:
  struct Buffer {
    PinnedMemory memory;
    Event sent;
  };

  Status prepare();

  const ContextPointer &context;
  const WeightLayout &layout;
  const ProgramSource &source;
  CUdeviceptr destination;
  WeightFiller filler;
  Buffer buffers[2];
  Stream stream; // goes first, when all copies from the buffers have ended or failed
};

Status WeightSender::prepare() {
  uint64_t size = std::min(kStagingBytes, layout.totalBytes());
  for (Buffer &buffer : buffers) {
    YOCO_ASSIGN_OR_RETURN(buffer.memory, PinnedMemory::allocate(context, size, "staging of weights"));
    YOCO_ASSIGN_OR_RETURN(buffer.sent, createEvent(context));
  }
  YOCO_ASSIGN_OR_RETURN(stream, createStream(context));
  return Status();
}

Status WeightSender::run(uint64_t before, uint64_t all) {
  ContextScope scope(*context);
  const CudaApi &api = context->api();
  YOCO_RETURN_IF_ERROR(prepare());
  const uint64_t total = layout.totalBytes();
  Status status;
  uint64_t begin = 0;
  for (uint32_t turn = 0; begin < total && status.ok(); ++turn) {
    Buffer &buffer = buffers[turn % 2];
    uint64_t end = std::min(total, begin + kStagingBytes);
    status = context->check("cuEventSynchronize", api.cuEventSynchronize(buffer.sent.get()));
    if (status.ok())
      status = filler.fill(begin, end, buffer.memory.data());
    if (status.ok())
      status = context->check("cuMemcpyHtoDAsync", api.cuMemcpyHtoDAsync(destination + begin, buffer.memory.data(),
                                                                         size_t(end - begin), stream.get()));
    if (status.ok())
      status = context->check("cuEventRecord", api.cuEventRecord(buffer.sent.get(), stream.get()));
    if (status.ok() && end < total)
      status = source.progress.report(before + end, all);
    begin = end;
  }
  // The buffers are given back only when nothing reads them any more.
  Status finished = context->check("cuStreamSynchronize", api.cuStreamSynchronize(stream.get()));
  YOCO_RETURN_IF_ERROR(std::move(status));
  return finished;
}

Status WeightFiller::fill(uint64_t begin, uint64_t end, uint8_t *memory) {
  std::mutex mutex;
  Status first;
  parallelFor(parallel, uint32_t(divideUp(end - begin, kTileBytes)), [&](uint32_t tileBegin, uint32_t tileEnd) {
    for (uint64_t tile = tileBegin; tile < tileEnd; ++tile) {
      uint64_t from = begin + tile * kTileBytes, to = std::min(end, from + kTileBytes);
      Status status = fillTile(from, to, memory + tile * kTileBytes);
      if (status.ok())
        continue;
      std::lock_guard<std::mutex> lock(mutex);
      first = std::move(status);
    }
  });
  return first;
}

Status WeightFiller::fillTile(uint64_t begin, uint64_t end, uint8_t *memory) {
  const auto &pieces = layout.pieces();
  auto piece = std::upper_bound(pieces.begin(), pieces.end(), begin,
                                [](uint64_t offset, const WeightLayout::Piece &p) { return offset < p.offset; }) -
               1;
  for (uint64_t at = begin; at < end; ++piece) {
    uint64_t pieceEnd = piece->offset + piece->size;
    uint64_t next = piece + 1 == pieces.end() ? end : std::min(end, (piece + 1)->offset);
    if (at < pieceEnd)
      YOCO_RETURN_IF_ERROR(
          fillPart(*piece, at - piece->offset, std::min(end, pieceEnd) - piece->offset, memory + (at - begin)));
    // What lies between parameters.
    if (uint64_t gap = std::max(at, pieceEnd); gap < next)
      memset(memory + (gap - begin), 0, size_t(next - gap));
    at = next;
  }
  return Status();
}

/// Bytes begin .. end of a parameter. Offsets of parameters and tiles are multiples of an element's size.
Status WeightFiller::fillPart(const WeightLayout::Piece &piece, uint64_t begin, uint64_t end, uint8_t *memory) {
  const fb::Parameter &parameter = *piece.parameter;
  if (!parameter.segment()) {
    uint64_t size = elementSize(parameter.element());
    generateElements(parameter, begin / size, end / size, memory);
    return Status();
  }
  uint64_t offset = parameter.segment()->offset();
  YOCO_RETURN_IF_ERROR(source.checksums.verify(offset + begin, offset + end));
  memcpy(memory, source.file + offset + begin, size_t(end - begin));
  return Status();
}

} // namespace

WeightLayout::WeightLayout(const fb::Variant &variant, fb::Placement placement) {
  std::map<uint64_t, uint64_t> bySegment; // offset in the file: offset here
  for (const fb::Parameter *parameter : *variant.parameters()) {
    if (parameter->placement() != placement) {
      offsets.push_back(0);
      continue;
    }
    if (parameter->segment()) {
      auto [found, isNew] = bySegment.emplace(parameter->segment()->offset(), total);
      offsets.push_back(found->second);
      if (!isNew)
        continue;
    } else {
      offsets.push_back(total);
    }
    uint64_t size = parameterBytes(*parameter).value();
    all.push_back({total, size, parameter});
    total = (total + size + kWeightAlignment - 1) / kWeightAlignment * kWeightAlignment;
  }
}

/// Those on the host are written in place.
Status CudaWeights::load(const ContextPointer &context, const ProgramSource &source) {
  const uint64_t all = hostBytes() + deviceBytes();
  YOCO_ASSIGN_OR_RETURN(memory, DeviceMemory::allocate(context, deviceBytes(), "weights"));
  YOCO_ASSIGN_OR_RETURN(hostMemory, PinnedMemory::allocateMapped(context, hostBytes(), "weights on the host"));
  if (all == 0)
    return Status();
  YOCO_ASSIGN_OR_RETURN(std::unique_ptr<ThreadPool> pool, ThreadPool::create(source.threads));
  YOCO_RETURN_IF_ERROR(source.progress.report(0, all));
  for (uint64_t begin = 0; begin < hostBytes(); begin += kStagingBytes) {
    uint64_t end = std::min(hostBytes(), begin + kStagingBytes);
    YOCO_RETURN_IF_ERROR(WeightFiller(hostLayout, source, *pool).fill(begin, end, hostMemory.data() + begin));
    if (end < all)
      YOCO_RETURN_IF_ERROR(source.progress.report(end, all));
  }
  if (deviceBytes() != 0)
    YOCO_RETURN_IF_ERROR(WeightSender(context, deviceLayout, source, memory.address(), *pool).run(hostBytes(), all));
  return source.progress.report(all, all);
}

} // namespace yoco::runtime::cuda
