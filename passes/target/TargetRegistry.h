// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The targets that a context knows, by the device that `#yoco.target` names, and the kernels of each by operation. A
// target registers itself and its kernels in an extension of the dialect (passes/lowering/Targets.h).

#ifndef YOCO_PASSES_TARGET_TARGETREGISTRY_H
#define YOCO_PASSES_TARGET_TARGETREGISTRY_H

#include "mlir/IR/DialectInterface.h"
#include "passes/target/KernelModel.h"
#include "passes/target/TargetCode.h"
#include "llvm/ADT/StringMap.h"
#include <memory>

namespace mlir::yoco {

/// What is known of a kind of device before anything is asked of a chip.
struct DeviceTraits {
  llvm::StringLiteral name;        // in `#yoco.target` and on command lines
  llvm::StringLiteral runtimeName; // of the runtime's device, in a model file
  llvm::StringLiteral chipWord;    // what stands for a chip in usage messages
  llvm::StringLiteral chip;        // what a user who names no chip gets
  llvm::StringLiteral dtype;       // and who names no type to compute in
};

/// A kind of device, with the kernels that it has. Immutable once its context is in use.
class TargetDevice {
public:
  explicit TargetDevice(const DeviceTraits &traits) : traits(traits) {}
  virtual ~TargetDevice();

  const DeviceTraits &getTraits() const { return traits; }
  /// The kernel for operations such as `op`; null when there is none.
  const KernelModel *findKernel(Operation *op) const;

  /// The answers for the chip and the type that `attr` names. Emits an error at `loc`, and returns null, when the
  /// device has no such chip or does not compute in that type.
  virtual std::unique_ptr<Target> createTarget(TargetAttr attr, Location loc) const = 0;
  /// Compiles a lowered module of kernels. None after an error, which stands at the module.
  virtual std::optional<TargetCode> compile(Operation *kernels, TargetAttr attr) const = 0;

protected:
  /// Registers the kernel for operations called `operation`. Each target has a function of its own around this, so that
  /// a kernel of another target cannot be registered.
  void setKernel(StringRef operation, std::unique_ptr<KernelModel> kernel);

private:
  const DeviceTraits traits;
  llvm::StringMap<std::unique_ptr<KernelModel>> kernels;
};

/// The devices of a context, in the order in which they were registered.
class TargetRegistry : public DialectInterface::Base<TargetRegistry> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TargetRegistry)

  explicit TargetRegistry(Dialect *dialect) : Base(dialect) {}

  /// The registry of `dialect`, made when there is none yet.
  static TargetRegistry &get(YocoDialect &dialect);
  /// The device called `name` in `context`; null when none is registered.
  static TargetDevice *findDevice(MLIRContext *context, StringRef name);
  /// The same, with an error at `loc` that lists the devices.
  static TargetDevice *getDevice(MLIRContext *context, StringRef name, Location loc);
  /// Every device of `context`.
  static SmallVector<const TargetDevice *> getDevices(MLIRContext *context);

  /// The device of type `DeviceT`, made and registered when there is none yet.
  template <typename DeviceT>
  DeviceT &getOrAdd() {
    if (TargetDevice *known = find(DeviceT::kTraits.name))
      return static_cast<DeviceT &>(*known);
    devices.push_back(std::make_unique<DeviceT>());
    return static_cast<DeviceT &>(*devices.back());
  }

private:
  TargetDevice *find(StringRef name) const;

  SmallVector<std::unique_ptr<TargetDevice>> devices;
};

/// `names` as a list for a message: "a, b or c".
std::string joinNames(ArrayRef<std::string> names);

} // namespace mlir::yoco

#endif // YOCO_PASSES_TARGET_TARGETREGISTRY_H
