# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Memory and kernels of a machine, for checks of single kernels: an NVIDIA GPU through its driver, or this
processor."""

import ctypes
import pathlib
import statistics

import numpy as np

_MAX_DYNAMIC_SHARED = 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
_MAJOR, _MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_*


class DeviceError(RuntimeError):
    """The device failed; what this process does with it afterwards may fail too."""


def block_count(launch, rows, segments):
    units = {"constant": 1, "rows": -(-rows // launch["divisor"]), "segments": segments}[launch["unit"]]
    return units * launch["multiplier"]


class Cuda:
    """Memory of all sizes by address; everything is ordered, and errors name the call."""

    is_gpu = can_time = True

    def __init__(self, ordinal=0):
        self.library = ctypes.CDLL("libcuda.so.1")
        self._call("cuInit", 0)
        device = ctypes.c_int()
        self._call("cuDeviceGet", ctypes.byref(device), ordinal)
        capability = []
        for attribute in (_MAJOR, _MINOR):
            value = ctypes.c_int()
            self._call("cuDeviceGetAttribute", ctypes.byref(value), attribute, device)
            capability.append(value.value)
        self.capability = tuple(capability)
        context = ctypes.c_void_p()
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self._call("cuCtxSetCurrent", context)
        self._flush = None

    def _call(self, name, *arguments):
        code = getattr(self.library, name)(*arguments)
        if code != 0:
            what = ctypes.c_char_p()
            self.library.cuGetErrorName(code, ctypes.byref(what))
            raise DeviceError(f"{name}: {what.value.decode() if what.value else code}")

    def allocate(self, size):
        address = ctypes.c_uint64()
        self._call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(max(size, 1)))
        return address.value

    def free(self, address):
        # After a kernel that failed this fails too; the first error is the one to tell.
        self.library.cuMemFree_v2(ctypes.c_uint64(address))

    def upload(self, address, array):
        array = np.ascontiguousarray(array)
        self._call(
            "cuMemcpyHtoD_v2",
            ctypes.c_uint64(address),
            ctypes.c_void_p(array.ctypes.data),
            ctypes.c_size_t(array.nbytes),
        )

    def download(self, address, size):
        array = np.empty(size, np.uint8)
        self._call(
            "cuMemcpyDtoH_v2", ctypes.c_void_p(array.ctypes.data), ctypes.c_uint64(address), ctypes.c_size_t(size)
        )
        return array

    def fill(self, address, byte, size):
        self._call("cuMemsetD8_v2", ctypes.c_uint64(address), ctypes.c_ubyte(byte), ctypes.c_size_t(size))

    def copy(self, to, source, size):
        self._call("cuMemcpyDtoD_v2", ctypes.c_uint64(to), ctypes.c_uint64(source), ctypes.c_size_t(size))

    def free_bytes(self):
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        self._call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
        return free.value

    def _runs(self, image):
        number = "".join(c for c in image["architecture"] if c.isdigit())
        major, minor = int(number[:-1]), int(number[-1])
        if image["format"] == "ptx":
            return (major, minor) <= self.capability
        if image["architecture"].endswith("a"):
            return (major, minor) == self.capability
        return major == self.capability[0] and minor <= self.capability[1]

    def load(self, folder, images, only=None):
        """-> a loaded module: of the first image that runs here, or the first of format `only`."""
        for image in images:
            if image["format"] in ("cubin", "ptx") and only in (None, image["format"]) and self._runs(image):
                code = pathlib.Path(folder, image["file"]).read_bytes() + b"\0"
                module = ctypes.c_void_p()
                self._call("cuModuleLoadData", ctypes.byref(module), code)
                return module
        raise DeviceError(f"no {only or 'image'} for compute capability {self.capability} among {images}")

    def launch(self, module, name, launch, rows, segments, words):
        blocks = block_count(launch, rows, segments)
        if blocks == 0:
            return
        function = ctypes.c_void_p()
        self._call("cuModuleGetFunction", ctypes.byref(function), module, name.encode())
        shared = launch["shared_bytes"]
        if shared > 48 * 1024:
            self._call("cuFuncSetAttribute", function, _MAX_DYNAMIC_SHARED, shared)
        values = (ctypes.c_uint64 * len(words))(*words)
        size = ctypes.sizeof(ctypes.c_uint64)
        pointers = (ctypes.c_void_p * len(words))(*(ctypes.addressof(values) + i * size for i in range(len(words))))
        self._call("cuLaunchKernel", function, blocks, 1, 1, launch["threads"], 1, 1, shared, None, pointers, None)

    def finish(self):
        self._call("cuCtxSynchronize")

    def seconds(self, run, repeats=9, flush=256 << 20):
        """The median time of `run`, with other things in the caches before."""
        if self._flush is None:
            self._flush = self.allocate(flush)
        events = []
        for _ in range(2):
            event = ctypes.c_void_p()
            self._call("cuEventCreate", ctypes.byref(event), 0)
            events.append(event)
        times = []
        for _ in range(repeats + 1):
            self.fill(self._flush, 0, flush)
            self._call("cuEventRecord", events[0], None)
            run()
            self._call("cuEventRecord", events[1], None)
            self.finish()
            elapsed = ctypes.c_float()
            self._call(
                "cuEventElapsedTime_v2" if hasattr(self.library, "cuEventElapsedTime_v2") else "cuEventElapsedTime",
                ctypes.byref(elapsed),
                *events,
            )
            times.append(elapsed.value * 1e-3)
        return statistics.median(times[1:])


class Host:
    """The kernels of target `host`, with tiles in ranges of varying length."""

    is_gpu = can_time = False

    def __init__(self):
        self.arrays = {}

    def allocate(self, size):
        array = np.empty(size + 64, np.uint8)
        address = (array.ctypes.data + 63) // 64 * 64
        self.arrays[address] = array
        return address

    def free(self, address):
        del self.arrays[address]

    def upload(self, address, array):
        array = np.ascontiguousarray(array)
        ctypes.memmove(address, array.ctypes.data, array.nbytes)

    def download(self, address, size):
        return np.frombuffer(ctypes.string_at(address, size), np.uint8).copy()

    def fill(self, address, byte, size):
        ctypes.memset(address, byte, size)

    def copy(self, to, source, size):
        ctypes.memmove(to, source, size)

    def load(self, folder, images, only=None):
        (image,) = (i for i in images if i["format"] == "so")
        return ctypes.CDLL(str(pathlib.Path(folder, image["file"]).resolve()))

    def launch(self, module, name, launch, rows, segments, words):
        values = (ctypes.c_uint64 * len(words))(*words)
        function, tiles, begin = getattr(module, name), block_count(launch, rows, segments), 0
        while begin < tiles:
            end = min(tiles, begin + 1 + begin % 7)
            function(values, ctypes.c_uint32(begin), ctypes.c_uint32(end))
            begin = end

    def finish(self):
        pass


class Emulated(Host):
    """Kernels of target `nvptx` on this processor (emulated.py)."""

    is_gpu = True

    def load(self, folder, images, only=None):
        (image,) = (i for i in images if i["format"] == "emulator")
        return ctypes.CDLL(str(pathlib.Path(folder, image["file"]).resolve()))

    def launch(self, module, name, launch, rows, segments, words):
        values = (ctypes.c_uint64 * len(words))(*words)
        code = module.run(
            name.encode(),
            values,
            ctypes.c_int64(block_count(launch, rows, segments)),
            launch["threads"],
            launch["shared_bytes"],
        )
        if code:
            raise DeviceError(f"{name} is not among the emulated kernels")


def open_device(name):
    if name == "emulated":
        return Emulated()
    return Host() if name == "host" else Cuda(int(name.partition(":")[2] or 0))
