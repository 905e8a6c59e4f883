// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks of the ELF image of a host variant, before the dynamic linker sees it.
//
// The dynamic linker trusts what it loads. So whatever it reads is checked
// here: that each table lies where it says, that indices stay within tables,
// chains end, and relocations write into data alone. What a shared object of
// kernels has no use for is refused rather than understood.

#include "runtime/core/Arithmetic.h"
#include "runtime/device/host/HostCode.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>
#include <elf.h>
#include <string>
#include <vector>

namespace yoco::runtime {

namespace {

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
constexpr uint32_t kRelocations[] = {R_X86_64_NONE, R_X86_64_RELATIVE, R_X86_64_64, R_X86_64_GLOB_DAT,
                                     R_X86_64_JUMP_SLOT};
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
constexpr uint32_t kRelocations[] = {R_AARCH64_NONE, R_AARCH64_RELATIVE, R_AARCH64_ABS64, R_AARCH64_GLOB_DAT,
                                     R_AARCH64_JUMP_SLOT};
#else
constexpr uint16_t kMachine = EM_NONE;
constexpr uint32_t kRelocations[] = {0};
#endif

/// Largest image of code that is believed: sums of two addresses below this
/// cannot overflow anything.
constexpr uint64_t kMostAddress = uint64_t(1) << 32;
constexpr uint64_t kPage = 4096;

#define YOCO_CODE_ERROR(format, ...) makeError(YOCO_INVALID_FILE, "code: " format, ##__VA_ARGS__)

class SharedObjectChecker {
public:
  SharedObjectChecker(const uint8_t *bytes, uint64_t size) : bytes(bytes), size(size) {}

  Status run() {
    YOCO_RETURN_IF_ERROR(checkHeader());
    YOCO_RETURN_IF_ERROR(readSegments());
    YOCO_RETURN_IF_ERROR(readDynamic());
    YOCO_RETURN_IF_ERROR(checkDynamic());
    YOCO_RETURN_IF_ERROR(checkStrings());
    YOCO_RETURN_IF_ERROR(checkHashTable());
    YOCO_RETURN_IF_ERROR(checkRelocations(DT_RELA, DT_RELASZ));
    return checkRelocations(DT_JMPREL, DT_PLTRELSZ);
  }

private:
  Status checkHeader();
  Status readSegments();
  Status addSegment(uint16_t index, const Elf64_Phdr &segment);
  Status readDynamic();
  Status checkDynamic();
  Status checkStrings();
  Status checkHashTable();
  Status checkChain(uint64_t chains, uint32_t firstHashed, uint32_t symbol);
  Status checkSymbol(uint64_t index);
  Status checkRelocations(uint64_t table, uint64_t tableSize);
  Status checkRelocation(uint64_t index, const Elf64_Rela &relocation);

  /// Reads a T at an offset of the file.
  template <typename T>
  bool read(uint64_t offset, T &value) const {
    if (!rangeFits(offset, sizeof(T), size))
      return false;
    memcpy(&value, bytes + offset, sizeof(T));
    return true;
  }

  /// The loaded segment that holds [address, address + count), of what is in
  /// the file or of all that is in memory.
  const Elf64_Phdr *findLoad(uint64_t address, uint64_t count, uint64_t Elf64_Phdr::*extent) const {
    for (const Elf64_Phdr &load : loads)
      if (address >= load.p_vaddr && rangeFits(address - load.p_vaddr, count, load.*extent))
        return &load;
    return nullptr;
  }

  /// Reads element `index` of an array of T at `address`.
  template <typename T>
  bool readAt(uint64_t address, uint64_t index, T &value) const {
    if (address >= kMostAddress || index >= kMostAddress)
      return false;
    uint64_t first = address + index * sizeof(T);
    const Elf64_Phdr *load = findLoad(first, sizeof(T), &Elf64_Phdr::p_filesz);
    return load && read(load->p_offset + (first - load->p_vaddr), value);
  }

  bool has(uint64_t tag) const {
    return std::any_of(dynamic.begin(), dynamic.end(),
                       [=](const Elf64_Dyn &entry) { return uint64_t(entry.d_tag) == tag; });
  }
  /// The value of an entry of the dynamic section, or `missing`.
  uint64_t find(uint64_t tag, uint64_t missing = UINT64_MAX) const {
    for (const Elf64_Dyn &entry : dynamic)
      if (uint64_t(entry.d_tag) == tag)
        return entry.d_un.d_val;
    return missing;
  }

  const uint8_t *bytes;
  uint64_t size;
  Elf64_Ehdr header;
  std::vector<Elf64_Phdr> loads;
  std::vector<Elf64_Phdr> others; // segments that describe a part of a loaded one
  Elf64_Phdr dynamicSegment = {};
  std::vector<Elf64_Dyn> dynamic;
};

Status SharedObjectChecker::checkHeader() {
  if (!read(0, header) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return YOCO_CODE_ERROR("expected an ELF shared object");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_type != ET_DYN)
    return YOCO_CODE_ERROR("expected a 64-bit little-endian ELF shared object");
  if (header.e_machine != kMachine)
    return makeError(YOCO_UNSUPPORTED, "code: it is for ELF machine %u, this is %u", header.e_machine, kMachine);
  if (header.e_phentsize != sizeof(Elf64_Phdr))
    return YOCO_CODE_ERROR("expected program headers of %zu bytes, got %u", sizeof(Elf64_Phdr), header.e_phentsize);
  return Status();
}

Status SharedObjectChecker::readSegments() {
  for (uint16_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (header.e_phoff > size || !read(header.e_phoff + uint64_t(i) * sizeof(segment), segment))
      return YOCO_CODE_ERROR("program header %u lies outside it", i);
    YOCO_RETURN_IF_ERROR(addSegment(i, segment));
  }
  if (loads.empty() || dynamicSegment.p_type != PT_DYNAMIC)
    return YOCO_CODE_ERROR("expected a segment to load and a dynamic section");
  for (const Elf64_Phdr &part : others) {
    const Elf64_Phdr *load = findLoad(part.p_vaddr, 0, &Elf64_Phdr::p_memsz);
    // What becomes read-only may end with the page rather than the data.
    bool fits = load && part.p_vaddr + part.p_memsz <= (load->p_vaddr + load->p_memsz + kPage - 1) / kPage * kPage;
    bool isData = part.p_type == PT_DYNAMIC || part.p_type == PT_GNU_RELRO;
    if (!fits || (isData && !(load->p_flags & PF_W)))
      return YOCO_CODE_ERROR("a program header of type 0x%x is not part of what is loaded", part.p_type);
  }
  return Status();
}

Status SharedObjectChecker::addSegment(uint16_t index, const Elf64_Phdr &segment) {
  if (segment.p_type == PT_NULL || segment.p_type == PT_GNU_STACK)
    return Status();
  if (!rangeFits(segment.p_offset, segment.p_filesz, size) || segment.p_filesz > segment.p_memsz ||
      !rangeFits(segment.p_vaddr, segment.p_memsz, kMostAddress))
    return YOCO_CODE_ERROR("program header %u describes a range outside it", index);
  switch (segment.p_type) {
  case PT_LOAD:
    if (!loads.empty() && segment.p_vaddr < loads.back().p_vaddr + loads.back().p_memsz)
      return YOCO_CODE_ERROR("program header %u overlaps the one before", index);
    if ((segment.p_flags & PF_W) && (segment.p_flags & PF_X))
      return YOCO_CODE_ERROR("program header %u is both writable and executable", index);
    if (!(segment.p_flags & PF_R))
      return YOCO_CODE_ERROR("program header %u is not readable", index);
    loads.push_back(segment);
    return Status();
  case PT_DYNAMIC:
    if (dynamicSegment.p_type == PT_DYNAMIC)
      return YOCO_CODE_ERROR("program header %u is a second dynamic section", index);
    dynamicSegment = segment;
    others.push_back(segment);
    return Status();
  case PT_PHDR:
  case PT_NOTE:
  case PT_GNU_RELRO:
  case PT_GNU_EH_FRAME:
    others.push_back(segment);
    return Status();
  default:
    return YOCO_CODE_ERROR("program header %u has the type 0x%x, of no use for kernels", index, segment.p_type);
  }
}

Status SharedObjectChecker::readDynamic() {
  for (uint64_t i = 0; i < dynamicSegment.p_filesz / sizeof(Elf64_Dyn); ++i) {
    Elf64_Dyn entry;
    if (!readAt(dynamicSegment.p_vaddr, i, entry))
      return YOCO_CODE_ERROR("the dynamic section is not loaded");
    if (entry.d_tag == DT_NULL)
      return Status();
    if (has(uint64_t(entry.d_tag)) && entry.d_tag != DT_NEEDED)
      return YOCO_CODE_ERROR("entry 0x%" PRIx64 " of the dynamic section is there twice", uint64_t(entry.d_tag));
    dynamic.push_back(entry);
  }
  return YOCO_CODE_ERROR("the dynamic section does not end");
}

/// Allows the entries that an object of kernels may have; of the others, names
/// those that a linker is likely to make.
Status SharedObjectChecker::checkDynamic() {
  constexpr uint64_t kAllowed[] = {DT_HASH,   DT_GNU_HASH, DT_STRTAB,    DT_STRSZ,    DT_SYMTAB,   DT_SYMENT, DT_RELA,
                                   DT_RELASZ, DT_RELAENT,  DT_RELACOUNT, DT_JMPREL,   DT_PLTRELSZ, DT_PLTREL, DT_PLTGOT,
                                   DT_SONAME, DT_FLAGS,    DT_FLAGS_1,   DT_BIND_NOW, DT_SYMBOLIC};
  const std::pair<uint64_t, const char *> named[] = {{DT_NEEDED, "needed library"},  {DT_INIT, "initialiser"},
                                                     {DT_INIT_ARRAY, "initialiser"}, {DT_FINI, "finaliser"},
                                                     {DT_FINI_ARRAY, "finaliser"},   {DT_TEXTREL, "text relocation"},
                                                     {DT_VERNEED, "symbol version"}};
  for (const auto &[tag, what] : named)
    if (has(tag))
      return YOCO_CODE_ERROR("expected no %s", what);
  for (const Elf64_Dyn &entry : dynamic)
    if (std::find(std::begin(kAllowed), std::end(kAllowed), uint64_t(entry.d_tag)) == std::end(kAllowed))
      return YOCO_CODE_ERROR("expected no entry 0x%" PRIx64 " in the dynamic section", uint64_t(entry.d_tag));
  constexpr uint64_t kFlags = DF_ORIGIN | DF_SYMBOLIC | DF_BIND_NOW, kFlags1 = DF_1_NOW;
  if ((find(DT_FLAGS, 0) & ~kFlags) != 0 || (find(DT_FLAGS_1, 0) & ~kFlags1) != 0)
    return YOCO_CODE_ERROR("expected no flags but those of early binding");
  if (find(DT_SYMENT) != sizeof(Elf64_Sym) || find(DT_RELAENT, sizeof(Elf64_Rela)) != sizeof(Elf64_Rela) ||
      find(DT_PLTREL, DT_RELA) != DT_RELA)
    return YOCO_CODE_ERROR("expected symbols and relocations of the usual size");
  if (uint64_t table = find(DT_PLTGOT, 0)) {
    const Elf64_Phdr *load = findLoad(table, 24, &Elf64_Phdr::p_memsz);
    if (!load || !(load->p_flags & PF_W))
      return YOCO_CODE_ERROR("the offset table lies outside its data");
  }
  return Status();
}

Status SharedObjectChecker::checkStrings() {
  uint64_t strings = find(DT_STRTAB), byteCount = find(DT_STRSZ, 0);
  const Elf64_Phdr *load = byteCount ? findLoad(strings, byteCount, &Elf64_Phdr::p_filesz) : nullptr;
  uint8_t last = 1;
  if (!load || !readAt(strings, byteCount - 1, last) || last != 0)
    return YOCO_CODE_ERROR("the string table lies outside it or does not end");
  if (find(DT_SONAME, 0) >= byteCount)
    return YOCO_CODE_ERROR("the name of the object lies outside its strings");
  return Status();
}

/// The GNU hash table leaves the undefined symbols out, and they come first; it
/// leads to all the others.
Status SharedObjectChecker::checkHashTable() {
  uint64_t table = find(DT_GNU_HASH);
  struct {
    uint32_t buckets, firstHashed, filterWords, shift;
  } head;
  if (!readAt(table, 0, head))
    return YOCO_CODE_ERROR("expected a GNU hash table of symbols");
  bool powerOfTwo = head.filterWords != 0 && (head.filterWords & (head.filterWords - 1)) == 0;
  uint64_t buckets = table + sizeof(head) + uint64_t(head.filterWords) * 8;
  uint64_t chains = buckets + uint64_t(head.buckets) * 4;
  if (head.buckets == 0 || !powerOfTwo || head.shift > 31 || !findLoad(table, chains - table, &Elf64_Phdr::p_filesz))
    return YOCO_CODE_ERROR("the hash table of symbols is malformed");
  for (uint32_t symbol = 1; symbol < head.firstHashed; ++symbol)
    YOCO_RETURN_IF_ERROR(checkSymbol(symbol));
  for (uint32_t bucket = 0; bucket < head.buckets; ++bucket) {
    uint32_t symbol;
    if (!readAt(buckets, bucket, symbol))
      return YOCO_CODE_ERROR("the hash table of symbols is malformed");
    if (symbol != 0)
      YOCO_RETURN_IF_ERROR(checkChain(chains, head.firstHashed, symbol));
  }
  return Status();
}

/// A chain is a run of symbols whose last hash is odd.
Status SharedObjectChecker::checkChain(uint64_t chains, uint32_t firstHashed, uint32_t symbol) {
  for (;; ++symbol) {
    uint32_t hash;
    if (symbol < firstHashed || !readAt(chains, symbol - firstHashed, hash))
      return YOCO_CODE_ERROR("a chain of the hash table of symbols leaves it");
    YOCO_RETURN_IF_ERROR(checkSymbol(symbol));
    if (hash & 1)
      return Status();
  }
}

Status SharedObjectChecker::checkSymbol(uint64_t index) {
  Elf64_Sym symbol;
  uint64_t strings = find(DT_STRTAB), byteCount = find(DT_STRSZ, 0);
  if (!readAt(find(DT_SYMTAB), index, symbol) || symbol.st_name >= byteCount)
    return YOCO_CODE_ERROR("symbol %" PRIu64 " lies outside it", index);
  if (symbol.st_shndx == SHN_UNDEF) {
    std::string name;
    uint8_t letter;
    for (uint64_t at = symbol.st_name; readAt(strings, at, letter) && letter != 0 && name.size() < 80; ++at)
      name += letter >= 0x20 && letter <= 0x7E ? char(letter) : '?';
    return YOCO_CODE_ERROR("expected no undefined symbol, got `%s`", name.c_str());
  }
  unsigned type = ELF64_ST_TYPE(symbol.st_info);
  if (type != STT_NOTYPE && type != STT_OBJECT && type != STT_FUNC)
    return YOCO_CODE_ERROR("symbol %" PRIu64 " has the type %u, of no use for kernels", index, type);
  if (ELF64_ST_BIND(symbol.st_info) > STB_WEAK) // unique symbols would stay for ever
    return YOCO_CODE_ERROR("symbol %" PRIu64 " has an unusual binding", index);
  const Elf64_Phdr *load = findLoad(symbol.st_value, 0, &Elf64_Phdr::p_memsz);
  if (!load || (type == STT_FUNC && !(load->p_flags & PF_X)))
    return YOCO_CODE_ERROR("symbol %" PRIu64 " points outside it", index);
  return Status();
}

Status SharedObjectChecker::checkRelocations(uint64_t table, uint64_t tableSize) {
  uint64_t address = find(table), byteCount = find(tableSize, 0);
  if (table == DT_RELA && find(DT_RELACOUNT, 0) > byteCount / sizeof(Elf64_Rela))
    return YOCO_CODE_ERROR("it counts more relocations than it has");
  for (uint64_t i = 0; i < divideUp(byteCount, sizeof(Elf64_Rela)); ++i) {
    Elf64_Rela relocation;
    if (!readAt(address, i, relocation))
      return YOCO_CODE_ERROR("relocation %" PRIu64 " lies outside it", i);
    YOCO_RETURN_IF_ERROR(checkRelocation(i, relocation));
  }
  return Status();
}

/// A relocation changes data, and not that by which the dynamic linker finds
/// its way.
Status SharedObjectChecker::checkRelocation(uint64_t index, const Elf64_Rela &relocation) {
  uint64_t target = relocation.r_offset;
  const Elf64_Phdr *load = findLoad(target, 8, &Elf64_Phdr::p_memsz);
  bool onDynamic = target + 8 > dynamicSegment.p_vaddr && target < dynamicSegment.p_vaddr + dynamicSegment.p_memsz;
  if (!load || !(load->p_flags & PF_W) || onDynamic)
    return YOCO_CODE_ERROR("relocation %" PRIu64 " writes outside its data", index);
  uint32_t type = uint32_t(ELF64_R_TYPE(relocation.r_info));
  if (std::find(std::begin(kRelocations), std::end(kRelocations), type) == std::end(kRelocations))
    return YOCO_CODE_ERROR("relocation %" PRIu64 " has the type %u, of no use for kernels", index, type);
  uint64_t symbol = ELF64_R_SYM(relocation.r_info);
  return symbol != 0 ? checkSymbol(symbol) : Status();
}

} // namespace

Status checkSharedObject(const uint8_t *bytes, uint64_t size) { return SharedObjectChecker(bytes, size).run(); }

} // namespace yoco::runtime
