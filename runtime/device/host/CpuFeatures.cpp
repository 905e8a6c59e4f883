// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/host/CpuFeatures.h"

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace yoco::runtime {

#if defined(__x86_64__)

namespace {

enum Register : uint8_t { eax, ebx, ecx, edx };

/// Registers that the operating system must save for a feature: bits of XCR0.
enum OsState : uint32_t { none = 0, avx = 0x6, avx512 = 0xE6, amx = 0x60000 };

struct Feature {
  const char *name;
  uint32_t leaf;
  uint32_t subleaf;
  Register where;
  uint8_t bit;
  OsState state;
};

constexpr uint32_t kExtended = 0x80000001u;

constexpr Feature kFeatures[] = {
    {"x87", 1, 0, edx, 0, none},
    {"cx8", 1, 0, edx, 8, none},
    {"cmov", 1, 0, edx, 15, none},
    {"mmx", 1, 0, edx, 23, none},
    {"fxsr", 1, 0, edx, 24, none},
    {"sse", 1, 0, edx, 25, none},
    {"sse2", 1, 0, edx, 26, none},
    {"64bit", kExtended, 0, edx, 29, none},
    {"sse3", 1, 0, ecx, 0, none},
    {"pclmul", 1, 0, ecx, 1, none},
    {"ssse3", 1, 0, ecx, 9, none},
    {"fma", 1, 0, ecx, 12, avx},
    {"cx16", 1, 0, ecx, 13, none},
    {"sse4.1", 1, 0, ecx, 19, none},
    {"sse4.2", 1, 0, ecx, 20, none},
    {"crc32", 1, 0, ecx, 20, none},
    {"movbe", 1, 0, ecx, 22, none},
    {"popcnt", 1, 0, ecx, 23, none},
    {"aes", 1, 0, ecx, 25, none},
    {"xsave", 1, 0, ecx, 27, none},
    {"avx", 1, 0, ecx, 28, avx},
    {"f16c", 1, 0, ecx, 29, avx},
    {"rdrnd", 1, 0, ecx, 30, none},
    {"sahf", kExtended, 0, ecx, 0, none},
    {"lzcnt", kExtended, 0, ecx, 5, none},
    {"sse4a", kExtended, 0, ecx, 6, none},
    {"prfchw", kExtended, 0, ecx, 8, none},
    {"xop", kExtended, 0, ecx, 11, avx},
    {"fma4", kExtended, 0, ecx, 16, avx},
    {"tbm", kExtended, 0, ecx, 21, none},
    {"mwaitx", kExtended, 0, ecx, 29, none},
    {"fsgsbase", 7, 0, ebx, 0, none},
    {"sgx", 7, 0, ebx, 2, none},
    {"bmi", 7, 0, ebx, 3, none},
    {"avx2", 7, 0, ebx, 5, avx},
    {"bmi2", 7, 0, ebx, 8, none},
    {"invpcid", 7, 0, ebx, 10, none},
    {"rtm", 7, 0, ebx, 11, none},
    {"avx512f", 7, 0, ebx, 16, avx512},
    {"avx512dq", 7, 0, ebx, 17, avx512},
    {"rdseed", 7, 0, ebx, 18, none},
    {"adx", 7, 0, ebx, 19, none},
    {"avx512ifma", 7, 0, ebx, 21, avx512},
    {"clflushopt", 7, 0, ebx, 23, none},
    {"clwb", 7, 0, ebx, 24, none},
    {"avx512cd", 7, 0, ebx, 28, avx512},
    {"sha", 7, 0, ebx, 29, none},
    {"avx512bw", 7, 0, ebx, 30, avx512},
    {"avx512vl", 7, 0, ebx, 31, avx512},
    {"avx512vbmi", 7, 0, ecx, 1, avx512},
    {"pku", 7, 0, ecx, 4, none},
    {"waitpkg", 7, 0, ecx, 5, none},
    {"avx512vbmi2", 7, 0, ecx, 6, avx512},
    {"shstk", 7, 0, ecx, 7, none},
    {"gfni", 7, 0, ecx, 8, none},
    {"vaes", 7, 0, ecx, 9, avx},
    {"vpclmulqdq", 7, 0, ecx, 10, avx},
    {"avx512vnni", 7, 0, ecx, 11, avx512},
    {"avx512bitalg", 7, 0, ecx, 12, avx512},
    {"avx512vpopcntdq", 7, 0, ecx, 14, avx512},
    {"rdpid", 7, 0, ecx, 22, none},
    {"cldemote", 7, 0, ecx, 25, none},
    {"movdiri", 7, 0, ecx, 27, none},
    {"movdir64b", 7, 0, ecx, 28, none},
    {"enqcmd", 7, 0, ecx, 29, none},
    {"uintr", 7, 0, edx, 5, none},
    {"avx512vp2intersect", 7, 0, edx, 8, avx512},
    {"serialize", 7, 0, edx, 14, none},
    {"tsxldtrk", 7, 0, edx, 16, none},
    {"pconfig", 7, 0, edx, 18, none},
    {"amx-bf16", 7, 0, edx, 22, amx},
    {"avx512fp16", 7, 0, edx, 23, avx512},
    {"amx-tile", 7, 0, edx, 24, amx},
    {"amx-int8", 7, 0, edx, 25, amx},
    {"sha512", 7, 1, eax, 0, avx},
    {"avxvnni", 7, 1, eax, 4, avx},
    {"avx512bf16", 7, 1, eax, 5, avx512},
    {"amx-fp16", 7, 1, eax, 21, amx},
    {"hreset", 7, 1, eax, 22, none},
    {"avxifma", 7, 1, eax, 23, avx},
    {"avxvnniint8", 7, 1, edx, 4, avx},
    {"avxneconvert", 7, 1, edx, 5, avx},
    {"amx-complex", 7, 1, edx, 8, amx},
    {"avxvnniint16", 7, 1, edx, 10, avx},
    {"prefetchi", 7, 1, edx, 14, none},
    {"xsaveopt", 0xD, 1, eax, 0, none},
    {"xsavec", 0xD, 1, eax, 1, none},
    {"xsaves", 0xD, 1, eax, 3, none},
    {"clzero", 0x80000008u, 0, ebx, 0, none},
    {"wbnoinvd", 0x80000008u, 0, ebx, 9, none},
};

uint64_t enabledStates() {
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t(high) << 32) | low;
}

/// Asks the kernel for AMX tile registers, which it hands out on request only.
bool requestTiles() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

bool isPresent(const Feature &feature) {
  uint32_t registers[4];
  if (!__get_cpuid_count(feature.leaf, feature.subleaf, &registers[eax], &registers[ebx], &registers[ecx],
                         &registers[edx]) ||
      !(registers[feature.where] >> feature.bit & 1))
    return false;
  if (feature.state == none)
    return true;
  constexpr uint32_t kOsUsesXsave = 1u << 27;
  if (!__get_cpuid(1, &registers[eax], &registers[ebx], &registers[ecx], &registers[edx]) ||
      !(registers[ecx] & kOsUsesXsave) || (enabledStates() & feature.state) != feature.state)
    return false;
  return feature.state != amx || requestTiles();
}

} // namespace

Status checkCpuFeature(const char *name) {
  for (const Feature &feature : kFeatures)
    if (strcmp(feature.name, name) == 0)
      return isPresent(feature) ? Status() : makeError(YOCO_UNSUPPORTED, "this processor lacks `%s`", name);
  return makeError(YOCO_UNSUPPORTED, "the processor feature `%s` is unknown to this runtime", name);
}

#else

Status checkCpuFeature(const char *name) {
  return makeError(YOCO_UNSUPPORTED, "the processor feature `%s` is unknown to this runtime", name);
}

#endif

} // namespace yoco::runtime
