// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks of the ELF image of a host variant, before the dynamic linker sees it.

#include "runtime/core/Arithmetic.h"
#include "runtime/device/host/HostCode.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>
#include <elf.h>
#include <vector>

namespace yoco::runtime {

namespace {

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
#else
constexpr uint16_t kMachine = EM_NONE;
#endif

/// Largest image of code that is believed: addresses below this cannot overflow
/// anything.
constexpr uint64_t kMostAddress = uint64_t(1) << 32;

#define YOCO_CODE_ERROR(format, ...)                                           \
  makeError(YOCO_INVALID_FILE, "code: " format, ##__VA_ARGS__)

class SharedObjectChecker {
public:
  SharedObjectChecker(const uint8_t *bytes, uint64_t size)
      : bytes(bytes), size(size) {}

  Status run() {
    YOCO_RETURN_IF_ERROR(checkHeader());
    YOCO_RETURN_IF_ERROR(readSegments());
    YOCO_RETURN_IF_ERROR(readDynamic());
    YOCO_RETURN_IF_ERROR(checkRelocations(DT_RELA, DT_RELASZ));
    YOCO_RETURN_IF_ERROR(checkRelocations(DT_JMPREL, DT_PLTRELSZ));
    return checkSymbols();
  }

private:
  Status checkHeader();
  Status readSegments();
  Status readDynamic();
  Status checkRelocations(int64_t table, int64_t tableSize);
  Status checkSymbols();
  Status countOwnSymbols(uint64_t &count);

  /// Reads a T at an offset of the file.
  template <typename T>
  bool read(uint64_t offset, T &value) const {
    if (!rangeFits(offset, sizeof(T), size))
      return false;
    memcpy(&value, bytes + offset, sizeof(T));
    return true;
  }

  /// Reads element `index` of an array of T that the dynamic section says is at
  /// `address`.
  template <typename T>
  bool readAt(uint64_t address, uint64_t index, T &value) const {
    if (address >= kMostAddress || index >= kMostAddress)
      return false;
    uint64_t first = address + index * sizeof(T);
    for (const Elf64_Phdr &load : loads)
      if (first >= load.p_vaddr &&
          rangeFits(first - load.p_vaddr, sizeof(T), load.p_filesz))
        return read(load.p_offset + (first - load.p_vaddr), value);
    return false;
  }

  bool find(int64_t tag, uint64_t &value) const {
    for (const Elf64_Dyn &entry : dynamic)
      if (entry.d_tag == tag) {
        value = entry.d_un.d_val;
        return true;
      }
    return false;
  }

  const uint8_t *bytes;
  uint64_t size;
  Elf64_Ehdr header;
  std::vector<Elf64_Phdr> loads;
  Elf64_Phdr dynamicSegment = {};
  std::vector<Elf64_Dyn> dynamic;
};

Status SharedObjectChecker::checkHeader() {
  if (!read(0, header) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return YOCO_CODE_ERROR("expected an ELF shared object");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_type != ET_DYN)
    return YOCO_CODE_ERROR("expected a 64-bit little-endian ELF shared object");
  if (header.e_machine != kMachine)
    return makeError(YOCO_UNSUPPORTED,
                     "code: it is for ELF machine %u, this is %u",
                     header.e_machine, kMachine);
  if (header.e_phentsize != sizeof(Elf64_Phdr))
    return YOCO_CODE_ERROR("expected program headers of %zu bytes, got %u",
                           sizeof(Elf64_Phdr), header.e_phentsize);
  return Status();
}

Status SharedObjectChecker::readSegments() {
  for (uint16_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (header.e_phoff > size ||
        !read(header.e_phoff + uint64_t(i) * sizeof(segment), segment))
      return YOCO_CODE_ERROR("program header %u lies outside it", i);
    if (!rangeFits(segment.p_offset, segment.p_filesz, size) ||
        segment.p_filesz > segment.p_memsz ||
        !rangeFits(segment.p_vaddr, segment.p_memsz, kMostAddress)) {
      if (segment.p_type == PT_GNU_STACK)
        continue;
      return YOCO_CODE_ERROR("program header %u describes a range outside it",
                             i);
    }
    if (segment.p_type == PT_INTERP || segment.p_type == PT_TLS)
      return YOCO_CODE_ERROR(
          "expected no interpreter and no thread-local storage");
    if (segment.p_type == PT_DYNAMIC)
      dynamicSegment = segment;
    if (segment.p_type != PT_LOAD)
      continue;
    if (!loads.empty() &&
        segment.p_vaddr < loads.back().p_vaddr + loads.back().p_memsz)
      return YOCO_CODE_ERROR("program header %u overlaps the one before", i);
    if ((segment.p_flags & PF_W) && (segment.p_flags & PF_X))
      return YOCO_CODE_ERROR(
          "program header %u is both writable and executable", i);
    loads.push_back(segment);
  }
  return loads.empty() ? YOCO_CODE_ERROR("expected a segment to load")
                       : Status();
}

Status SharedObjectChecker::readDynamic() {
  for (uint64_t i = 0; i < dynamicSegment.p_filesz / sizeof(Elf64_Dyn); ++i) {
    Elf64_Dyn entry;
    if (!readAt(dynamicSegment.p_vaddr, i, entry))
      return YOCO_CODE_ERROR("the dynamic section is not loaded");
    if (entry.d_tag == DT_NULL)
      break;
    dynamic.push_back(entry);
  }
  const std::pair<int64_t, const char *> forbidden[] = {
      {DT_NEEDED, "needed library"},   {DT_INIT, "initialiser"},
      {DT_INIT_ARRAY, "initialiser"},  {DT_FINI, "finaliser"},
      {DT_FINI_ARRAY, "finaliser"},    {DT_PREINIT_ARRAY, "initialiser"},
      {DT_TEXTREL, "text relocation"}, {DT_REL, "relocation without addend"},
      {DT_RPATH, "search path"},       {DT_RUNPATH, "search path"},
      {DT_AUDIT, "auditing library"},  {DT_DEPAUDIT, "auditing library"},
      {DT_FILTER, "filter"},           {DT_AUXILIARY, "filter"},
      {DT_VERNEED, "symbol version"},
  };
  uint64_t value;
  for (const auto &[tag, what] : forbidden)
    if (find(tag, value))
      return YOCO_CODE_ERROR("expected no %s", what);
  return Status();
}

Status SharedObjectChecker::checkRelocations(int64_t table, int64_t tableSize) {
  uint64_t address, byteCount;
  if (!find(table, address) || !find(tableSize, byteCount))
    return Status();
  for (uint64_t i = 0; i < byteCount / sizeof(Elf64_Rela); ++i) {
    Elf64_Rela relocation;
    if (!readAt(address, i, relocation))
      return YOCO_CODE_ERROR("relocation %" PRIu64 " lies outside it", i);
    bool inside =
        std::any_of(loads.begin(), loads.end(), [&](const Elf64_Phdr &load) {
          return (load.p_flags & PF_W) && relocation.r_offset >= load.p_vaddr &&
                 rangeFits(relocation.r_offset - load.p_vaddr, 8, load.p_memsz);
        });
    if (!inside)
      return YOCO_CODE_ERROR("relocation %" PRIu64 " writes outside its data",
                             i);
  }
  return Status();
}

/// How many symbols to look at: all of them, or those that the GNU hash table
/// leaves out, which are the undefined ones.
Status SharedObjectChecker::countOwnSymbols(uint64_t &count) {
  uint64_t address;
  uint32_t words[2];
  count = 0;
  if (find(DT_HASH, address) || find(DT_GNU_HASH, address)) {
    if (!readAt(address, 0, words))
      return YOCO_CODE_ERROR("the symbol hash table lies outside it");
    count = words[1]; // nchain of the one, symoffset of the other
    return Status();
  }
  return YOCO_CODE_ERROR("expected a symbol hash table");
}

Status SharedObjectChecker::checkSymbols() {
  uint64_t table, strings, stringBytes, count;
  YOCO_RETURN_IF_ERROR(countOwnSymbols(count));
  if (!find(DT_SYMTAB, table) || !find(DT_STRTAB, strings) ||
      !find(DT_STRSZ, stringBytes))
    return YOCO_CODE_ERROR("expected symbol and string tables");
  uint8_t last = 1;
  if (stringBytes == 0 || !readAt(strings, stringBytes - 1, last) || last != 0)
    return YOCO_CODE_ERROR("the string table lies outside it or does not end");
  for (uint64_t i = 1; i < count; ++i) {
    Elf64_Sym symbol;
    uint8_t letter;
    if (!readAt(table, i, symbol) || symbol.st_name >= stringBytes ||
        !readAt(strings, symbol.st_name, letter))
      return YOCO_CODE_ERROR("symbol %" PRIu64 " lies outside it", i);
    if (symbol.st_shndx != SHN_UNDEF)
      continue;
    std::string name;
    for (uint64_t at = symbol.st_name;
         readAt(strings, at, letter) && letter != 0 && name.size() < 80; ++at)
      name += letter >= 0x20 && letter <= 0x7E ? char(letter) : '?';
    return YOCO_CODE_ERROR("expected no undefined symbol, got `%s`",
                           name.c_str());
  }
  return Status();
}

} // namespace

Status checkSharedObject(const uint8_t *bytes, uint64_t size) {
  return SharedObjectChecker(bytes, size).run();
}

} // namespace yoco::runtime
