// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/target/TargetRegistry.h"

using namespace mlir;
using namespace mlir::yoco;

TargetDevice::~TargetDevice() = default;

const KernelModel *TargetDevice::findKernel(Operation *op) const {
  auto it = kernels.find(op->getName().getStringRef());
  return it == kernels.end() ? nullptr : it->second.get();
}

void TargetDevice::setKernel(StringRef operation, std::unique_ptr<KernelModel> kernel) {
  kernels[operation] = std::move(kernel);
}

TargetRegistry &TargetRegistry::get(YocoDialect &dialect) {
  if (auto *registry = dialect.getRegisteredInterface<TargetRegistry>())
    return const_cast<TargetRegistry &>(*registry);
  return dialect.addInterface<TargetRegistry>();
}

TargetDevice *TargetRegistry::find(StringRef name) const {
  for (const std::unique_ptr<TargetDevice> &device : devices)
    if (device->getTraits().name == name)
      return device.get();
  return nullptr;
}

/// The registry of `context`; null when no target is registered.
static const TargetRegistry *findRegistry(MLIRContext *context) {
  return context->getOrLoadDialect<YocoDialect>()->getRegisteredInterface<TargetRegistry>();
}

TargetDevice *TargetRegistry::findDevice(MLIRContext *context, StringRef name) {
  const TargetRegistry *registry = findRegistry(context);
  return registry ? registry->find(name) : nullptr;
}

SmallVector<const TargetDevice *> TargetRegistry::getDevices(MLIRContext *context) {
  SmallVector<const TargetDevice *> result;
  if (const TargetRegistry *registry = findRegistry(context))
    for (const std::unique_ptr<TargetDevice> &device : registry->devices)
      result.push_back(device.get());
  return result;
}

TargetDevice *TargetRegistry::getDevice(MLIRContext *context, StringRef name, Location loc) {
  if (TargetDevice *device = findDevice(context, name))
    return device;
  std::vector<std::string> names;
  for (const TargetDevice *device : getDevices(context))
    names.push_back(("`" + device->getTraits().name + "`").str());
  emitError(loc) << "expected target " << joinNames(names) << ", got '" << name << "'";
  return nullptr;
}

std::string yoco::joinNames(ArrayRef<std::string> names) {
  if (names.empty())
    return "of a registered kind of device";
  std::string text;
  for (auto [index, name] : llvm::enumerate(names))
    text += (index == 0 ? "" : index + 1 == names.size() ? " or " : ", ") + name;
  return text;
}
