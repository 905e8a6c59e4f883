// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/runtime/fake/FakeGpu.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace yoco::fake {

static thread_local int contextDepth = 0;

Machine &Machine::get() {
  static Machine *machine = new Machine; // outlives all who use it at exit
  return *machine;
}

void Machine::configure() {
  const char *text = getenv("YOCO_FAKE_CUDA");
  std::string wanted = text ? text : "";
  initialized = true;
  if (wanted == configuration)
    return;
  configuration = wanted;
  devices = 1;
  capability = 90;
  sharedBytes = 232448;
  memory = uint64_t(1) << 30;
  stub = false;
  sticky = CUDA_SUCCESS;
  counters.clear();
  failures.clear();
  std::istringstream words(wanted);
  for (std::string word; words >> word;) {
    size_t equals = std::min(word.find('='), word.size());
    std::string key = word.substr(0, equals), value = word.substr(std::min(equals + 1, word.size()));
    if (key == "devices")
      devices = std::stoi(value);
    else if (key == "capability")
      capability = std::stoi(value);
    else if (key == "memory")
      memory = std::stoull(value);
    else if (key == "shared")
      sharedBytes = std::stoi(value);
    else if (key == "stub")
      stub = value == "1";
    else if (key == "fail") {
      size_t first = value.find(':'), second = value.find(':', first + 1);
      failures.push_back(
          {value.substr(0, first), std::stoull(value.substr(first + 1)), std::stoi(value.substr(second + 1))});
    }
  }
}

CUresult Machine::failureOf(const std::string &what) {
  uint64_t occurrence = ++counters[what];
  for (const Failure &failure : failures)
    if (failure.call == what && failure.occurrence == occurrence)
      return failure.result;
  return CUDA_SUCCESS;
}

CUresult Machine::enter(const char *call, bool needsContext) {
  if (CUresult failure = failureOf(call))
    return failure;
  if (!initialized)
    return kNotInitialized;
  if (needsContext && contextDepth == 0)
    return kInvalidContext;
  return needsContext ? sticky : CUDA_SUCCESS;
}

bool Machine::holds(const std::map<uint64_t, uint64_t> &ranges, uint64_t address, uint64_t size) {
  auto after = ranges.upper_bound(address);
  if (after == ranges.begin())
    return false;
  auto [begin, length] = *std::prev(after);
  return address - begin <= length && size <= length - (address - begin);
}

bool Machine::isIdle() const {
  return std::all_of(streams.begin(), streams.end(), [](const auto &stream) {
    return stream.second->queue.empty() || stream.second->owner != std::this_thread::get_id();
  });
}

CUresult Machine::enqueue(CUstream stream, Operation operation) {
  auto found = streams.find(stream);
  if (found == streams.end())
    return kInvalidValue;
  if (found->second->capturing)
    found->second->captured.push_back(std::move(operation));
  else
    found->second->queue.push_back(std::move(operation));
  return CUDA_SUCCESS;
}

CUresult Machine::drain(StreamState &stream, const std::function<bool()> &done) {
  while (!done() && !stream.queue.empty()) {
    Operation operation = std::move(stream.queue.front());
    stream.queue.pop_front();
    if (sticky == CUDA_SUCCESS)
      sticky = operation();
  }
  return sticky;
}

void changeContextDepth(int by) { contextDepth += by; }

} // namespace yoco::fake

YOCO_FAKE uint64_t fakeCudaCounter(const char *name) {
  auto &machine = yoco::fake::Machine::get();
  std::lock_guard<std::recursive_mutex> lock(machine.mutex);
  if (std::string(name) == "live")
    return uint64_t(machine.live);
  if (std::string(name) == "used")
    return machine.used;
  return machine.counters[name];
}
