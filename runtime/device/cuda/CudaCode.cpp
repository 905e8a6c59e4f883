// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cuda/CudaCode.h"

#include "runtime/core/Arithmetic.h"

#include <algorithm>
#include <cstring>
#include <elf.h>

namespace yoco::runtime::cuda {

namespace {

constexpr uint16_t kMachineCuda = 190; // EM_CUDA, which elf.h need not know
/// Dynamic shared memory that a kernel may have without asking for it.
constexpr uint32_t kUsualSharedBytes = 48 * 1024;

/// The first lines of what a compiler says, as one.
std::string oneLine(std::string text) {
  constexpr size_t kMost = 1000;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.pop_back();
  text.resize(std::min(text.size(), kMost));
  for (char &c : text)
    if (c < 0x20 || c > 0x7E)
      c = ' ';
  return text;
}

} // namespace

Status checkCubin(const uint8_t *bytes, uint64_t size) {
  Elf64_Ehdr header;
  if (size < sizeof(header))
    return makeError(YOCO_INVALID_FILE, "expected an ELF file, got %llu bytes", static_cast<unsigned long long>(size));
  memcpy(&header, bytes, sizeof(header));
  if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != kMachineCuda)
    return makeError(YOCO_INVALID_FILE, "expected a 64-bit ELF file for NVIDIA's GPUs, got something else");
  auto fits = [size](uint64_t offset, uint64_t count, uint64_t entry) {
    return (Checked(offset) + Checked(count) * entry).atMost(size);
  };
  if (header.e_shentsize != sizeof(Elf64_Shdr) || !fits(header.e_shoff, header.e_shnum, sizeof(Elf64_Shdr)) ||
      (header.e_phnum != 0 && header.e_phentsize != sizeof(Elf64_Phdr)) ||
      !fits(header.e_phoff, header.e_phnum, sizeof(Elf64_Phdr)))
    return makeError(YOCO_INVALID_FILE, "the tables of the ELF file do not lie within it");
  for (uint32_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section;
    memcpy(&section, bytes + header.e_shoff + i * sizeof(section), sizeof(section));
    if (section.sh_type != SHT_NOBITS && !fits(section.sh_offset, section.sh_size, 1))
      return makeError(YOCO_INVALID_FILE, "section %u of the ELF file does not lie within it", i);
  }
  for (uint32_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr part;
    memcpy(&part, bytes + header.e_phoff + i * sizeof(part), sizeof(part));
    if (!fits(part.p_offset, part.p_filesz, 1))
      return makeError(YOCO_INVALID_FILE, "program header %u of the ELF file does not lie within it", i);
  }
  return Status();
}

std::string describeImage(const fb::Image &image) {
  return formatString("%s for %s", fb::EnumNameImageFormat(image.format()), image.architecture()->c_str());
}

Result<const fb::Image *> findImage(const fb::Variant &variant, const Gpu &gpu) {
  if (std::optional<uint32_t> index = chooseImage(*variant.images(), gpu.capability))
    return variant.images()->Get(*index);
  std::string have;
  for (const fb::Image *image : *variant.images())
    have += (have.empty() ? "" : ", ") + describeImage(*image);
  return makeError(YOCO_UNSUPPORTED, "the file has no code that %s runs: it has %s", gpu.text().c_str(), have.c_str());
}

Result<CudaCode> CudaCode::load(const ContextPointer &context, const fb::Variant &variant, const fb::Image &image,
                                const uint8_t *bytes) {
  ContextScope scope(*context);
  CudaCode code;
  YOCO_RETURN_IF_ERROR(code.loadModule(context, image, bytes));
  for (uint32_t i = 0; i < variant.kernels()->size(); ++i)
    YOCO_RETURN_IF_ERROR(code.addFunction(context, *variant.kernels()->Get(i), *image.launches()->Get(i), image));
  return code;
}

Status CudaCode::loadModule(const ContextPointer &context, const fb::Image &image, const uint8_t *bytes) {
  if (image.format() == fb::ImageFormat::cubin)
    if (Status status = checkCubin(bytes, image.code()->size()); !status.ok())
      return makeError(status.code(), "%s: %s", describeImage(image).c_str(), status.text());
  std::string log(8192, '\0');
  int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log.data(), reinterpret_cast<void *>(uintptr_t(log.size()))};
  CUmodule loaded;
  if (CUresult result = context->api().cuModuleLoadDataEx(&loaded, bytes, 2, options, values); result != CUDA_SUCCESS) {
    Status status = context->check("cuModuleLoadDataEx", result);
    log = oneLine(log.c_str());
    return makeError(status.code(), "%s cannot load %s: %s%s%s", context->gpu().text().c_str(),
                     describeImage(image).c_str(), status.text(), log.empty() ? "" : ": ", log.c_str());
  }
  module = {context, loaded};
  return Status();
}

Status CudaCode::addFunction(const ContextPointer &context, const fb::Kernel &kernel, const fb::KernelLaunch &launch,
                             const fb::Image &image) {
  const char *name = kernel.name()->c_str();
  CUfunction function;
  Status status =
      context->check("cuModuleGetFunction", context->api().cuModuleGetFunction(&function, module.get(), name));
  if (!status.ok())
    return makeError(status.code(), "%s: kernel `%s`: %s", describeImage(image).c_str(), name, status.text());
  uint32_t shared = launch.shared_bytes(), most = context->gpu().mostSharedBytes;
  if (shared > most)
    return makeError(YOCO_UNSUPPORTED, "kernel `%s` needs %u bytes of shared memory, and %s has %u for a block", name,
                     shared, context->gpu().text().c_str(), most);
  if (shared > kUsualSharedBytes)
    YOCO_RETURN_IF_ERROR(context->check(
        "cuFuncSetAttribute",
        context->api().cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, int(shared))));
  functions.push_back(function);
  return Status();
}

} // namespace yoco::runtime::cuda
