// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/model/StepCost.h"

#include "runtime/model/Instructions.h"
#include "runtime/model/Parameters.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace yoco::runtime {

namespace {

/// Sum over `count` rows from `position` on of the positions a row attends to, itself included; at most `window` of
/// them unless that is 0.
Checked sumOfReach(uint64_t position, uint64_t count, uint64_t window) {
  // Rows before `window` see all there is: position + 1, position + 2 and so on. Counts are below 2^31.
  uint64_t growing = count;
  if (window != 0)
    growing = position + 1 >= window ? 0 : std::min(count, window - 1 - position);
  Checked first = Checked(position) + 1, pairs = Checked(growing) * (growing == 0 ? 0 : growing - 1);
  return first * growing + Checked(pairs.value() / 2) + Checked(window) * (count - growing);
}

class CostCounter {
public:
  CostCounter(const fb::Variant &variant, const fb::Entry &entry, uint64_t segments, uint64_t rows, uint64_t position)
      : variant(variant), entry(entry), segments(segments), rows(rows), position(position) {
    for (const fb::State *state : *variant.states())
      for (const fb::Plane *plane : *state->planes())
        planes.emplace(plane->buffer(), StatePlane{state, plane});
  }

  Result<yoco_step_cost> run();

private:
  struct StatePlane {
    const fb::State *state;
    const fb::Plane *plane;
  };

  /// How a parameter is used; the later ones read all of it.
  enum class Use { lookup, whole, matrix };

  void addLaunch(const fb::Launch &launch, const fb::Launch *next);
  void addParameter(uint32_t index, bool isLookup);
  void addMatrix(uint32_t index);
  void addWeights();
  void addState(const fb::Plane &plane);
  using Caches = std::vector<const fb::State *>;
  void addCaches(const fb::Launch &launch, const fb::Launch *next, const Caches &caches);
  uint64_t bytesPerRow(uint32_t buffer) const;
  Checked attendedElements(const fb::Launch &launch, const fb::Launch *next, const Caches &caches) const;
  uint64_t bytesPerPosition(const fb::State &cache) const;

  const fb::Variant &variant;
  const fb::Entry &entry;
  uint64_t segments, rows, position;
  std::map<uint32_t, StatePlane> planes; // by buffer
  std::map<uint32_t, Use> uses;          // of parameters
  bool holdsIds = true;                  // the buffer of the ids, whose memory may be used again
  Checked weights, stateReads, stateWrites, cacheReads, cacheWrites, linear, mixer;
};

/// The last buffer that a launch names, which is the last of its results.
std::optional<uint32_t> lastBuffer(const fb::Launch &launch) {
  std::optional<uint32_t> last;
  for (const fb::Argument *argument : *launch.arguments())
    if (argument->kind() == fb::ArgumentKind::buffer)
      last = argument->index();
  return last;
}

bool names(const fb::Launch &launch, fb::ArgumentKind kind, uint32_t index) {
  for (const fb::Argument *argument : *launch.arguments())
    if (argument->kind() == kind && argument->index() == index)
      return true;
  return false;
}

bool namesParameter(const fb::Launch &launch) {
  for (const fb::Argument *argument : *launch.arguments())
    if (argument->kind() == fb::ArgumentKind::parameter)
      return true;
  return false;
}

Result<yoco_step_cost> CostCounter::run() {
  const auto &instructions = *entry.instructions();
  for (uint32_t i = 0; i < instructions.size(); ++i) {
    const fb::Instruction &instruction = *instructions.Get(i);
    visit(instruction,
          Handlers{
              [&](const fb::Launch &launch) {
                addLaunch(launch, i + 1 < instructions.size() ? instructions.Get(i + 1)->operation_as_Launch() : nullptr);
                holdsIds &= lastBuffer(launch) != entry.ids();
              },
              [](const fb::Copy &) {},
              [&](const fb::Gemm &gemm) {
                addMatrix(gemm.weight());
                holdsIds &= gemm.output()->buffer() != entry.ids();
              },
          });
  }
  addWeights();
  Checked reads = stateReads + cacheReads, writes = stateWrites + cacheWrites;
  for (const Checked &sum : {weights, reads, writes, linear, mixer})
    if (!sum.ok())
      return makeError(YOCO_OUT_OF_BOUNDS, "entry %s: the counts of this step do not fit in 64 bits",
                       entry.name()->c_str());
  yoco_step_cost cost = {};
  cost.struct_size = sizeof(cost);
  cost.weight_bytes = weights.value();
  cost.state_read_bytes = reads.value();
  cost.state_write_bytes = writes.value();
  cost.linear_operations = linear.value();
  cost.mixer_operations = mixer.value();
  return cost;
}

void CostCounter::addLaunch(const fb::Launch &launch, const fb::Launch *next) {
  Caches caches; // of keys and of values; once when they are one
  bool isLookup = holdsIds && names(launch, fb::ArgumentKind::buffer, entry.ids());
  for (const fb::Argument *argument : *launch.arguments()) {
    if (argument->kind() == fb::ArgumentKind::parameter)
      addParameter(argument->index(), isLookup);
    if (argument->kind() != fb::ArgumentKind::buffer)
      continue;
    auto found = planes.find(argument->index());
    if (found == planes.end())
      continue;
    if (found->second.state->kind() == fb::StateKind::state)
      addState(*found->second.plane);
    else if (std::find(caches.begin(), caches.end(), found->second.state) == caches.end())
      caches.push_back(found->second.state);
  }
  if (!caches.empty())
    addCaches(launch, next, caches);
}

void CostCounter::addParameter(uint32_t index, bool isLookup) {
  const fb::Parameter &parameter = *variant.parameters()->Get(index);
  if (parameter.layout() == fb::ParameterLayout::panels || (parameter.rows() > 1 && !isLookup))
    return addMatrix(index);
  Use use = parameter.rows() > 1 ? Use::lookup : Use::whole;
  uses.emplace(index, use);
}

void CostCounter::addMatrix(uint32_t index) {
  const fb::Parameter &parameter = *variant.parameters()->Get(index);
  linear = linear + Checked(2) * parameter.rows() * parameter.columns() * segments * rows;
  uses[index] = Use::matrix;
}

void CostCounter::addWeights() {
  for (const auto &[index, use] : uses) {
    const fb::Parameter &parameter = *variant.parameters()->Get(index);
    if (use == Use::lookup)
      weights = weights + Checked(parameter.columns()) * elementSize(parameter.element()) * segments * rows;
    else
      weights = weights + parameterBytes(parameter);
  }
}

void CostCounter::addState(const fb::Plane &plane) {
  Checked bytes = Checked(segments) * plane.bytes_per_slot();
  if (position != 0)
    stateReads = stateReads + bytes;
  stateWrites = stateWrites + bytes;
  // States are f32 on every device.
  mixer = mixer + Checked(4) * (plane.bytes_per_slot() / sizeof(float)) * segments * rows;
}

void CostCounter::addCaches(const fb::Launch &launch, const fb::Launch *next, const Caches &caches) {
  uint64_t perPosition = 0;
  for (const fb::State *cache : caches)
    perPosition += bytesPerPosition(*cache);
  const fb::State &first = *caches.front();
  bool isRing = first.kind() == fb::StateKind::ring_cache;
  Checked elements = attendedElements(launch, next, caches);
  if (elements.atMost(0)) {
    uint64_t kept = isRing ? std::min(rows, first.window()) : rows;
    cacheWrites = cacheWrites + Checked(perPosition) * kept * segments;
    return;
  }
  uint64_t window = isRing ? first.window() : 0;
  // The rows of the step reach a ring's attention as activations.
  uint64_t read = isRing ? std::min(position, window == 0 ? 0 : window - 1) : position + rows;
  cacheReads = cacheReads + Checked(perPosition) * read * segments;
  mixer = mixer + elements * 2 * segments * sumOfReach(position, rows, window);
}

uint64_t CostCounter::bytesPerPosition(const fb::State &cache) const {
  uint64_t bytes = 0;
  for (const fb::Plane *plane : *cache.planes())
    bytes += cache.kind() == fb::StateKind::ring_cache ? plane->bytes_per_slot() / std::max<uint64_t>(cache.window(), 1)
                                                       : plane->bytes_per_position();
  return bytes;
}

/// What a buffer grows by for each row of the entry.
uint64_t CostCounter::bytesPerRow(uint32_t buffer) const {
  uint64_t bytes = 0;
  for (const fb::Term *term : *variant.buffers()->Get(buffer)->size()->terms())
    if (term->chunk() + term->batch() + term->block() == 1 && term->seq() == 0)
      bytes += term->coefficient();
  return bytes;
}

/// Elements of the queries and results of a row of attention; none when the launch has no result but the cache. Results
/// are the last buffer of a launch, and there are as many heads of queries as of results. When the launch leaves parts
/// that the next one joins, which needs no parameter for that, the results are that one's.
Checked CostCounter::attendedElements(const fb::Launch &launch, const fb::Launch *next, const Caches &caches) const {
  uint32_t result = *lastBuffer(launch);
  if (planes.count(result))
    return 0;
  if (next && !namesParameter(*next) && names(*next, fb::ArgumentKind::buffer, result))
    result = *lastBuffer(*next);
  uint64_t valueBytes = std::max<uint64_t>(bytesPerPosition(*caches.back()), 1);
  uint64_t results = bytesPerRow(result) / elementSize(variant.compute_type());
  Checked queries = Checked(results) * bytesPerPosition(*caches.front());
  return Checked(results) + Checked(queries.value() / valueBytes);
}

} // namespace

Result<yoco_step_cost> computeStepCost(const fb::Variant &variant, const fb::Entry &entry, uint64_t segments,
                                       uint64_t rows, uint64_t position) {
  return CostCounter(variant, entry, segments, rows, position).run();
}

} // namespace yoco::runtime
