# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Section `kernels`: each kernel of the modules in kernels/ by itself, on fresh random inputs, against a float64
reference.

All memory is full of NaNs before; afterwards the outputs must be close, and every other byte must be as it was.
"""

import json
import zlib

import numpy as np

import devices
import long_kernels
from kernel_data import Maker
from memory import Pool, from_storage, size_of, to_storage
from rows import Row

PARALLEL = 6  # processes that share the device; the references are what takes time
TIMED = ("1 rows", "16 rows", "one row", "one row each", "long")
SEPARATE = 8 << 20  # parameters above this get memory of their own and are not read back


def cases(bundle):
    """MODULE:KERNEL, and MODULE:ptx for all small kernels of a module as the driver compiles them."""
    found = []
    for path in modules(bundle):
        found += [f"{path.stem}:{kernel['name']}" for kernel in json.loads(path.read_text())]
        launch = path.with_suffix(".launch.json")
        if launch.exists() and any(image["format"] == "ptx" for image in json.loads(launch.read_text())["images"]):
            found.append(f"{path.stem}:ptx")
    return found


def modules(bundle):
    return sorted(p for p in (bundle.folder / "kernels").glob("*.json") if not p.name.endswith(".launch.json"))


def is_small(bundle, case):
    """Whether a kernel is worth the sanitizer's time."""
    module, name = case.split(":")
    if name == "ptx":
        return False
    kernel = next(k for k in json.loads((bundle.folder / f"kernels/{module}.json").read_text()) if k["name"] == name)
    sizes = [a.get("columns", 0) * a.get("rows", 1) for a in kernel["arguments"]]
    return max(sizes) < 1 << 17 and not kernel.get("timed")


def seconds(bundle, case):
    return 120


class Runner:
    """The device, and the modules that are loaded so far."""

    def __init__(self, bundle):
        self.bundle, self.device = bundle, devices.open_device(bundle.manifest.get("kernels_device", bundle.device))
        self.loaded = {}

    def module(self, name, only=None):
        if (name, only) not in self.loaded:
            folder = self.bundle.folder / "kernels"
            kernels = {k["name"]: k for k in json.loads((folder / f"{name}.json").read_text())}
            launch = folder / f"{name}.launch.json"
            if not launch.exists():
                raise RuntimeError("did not compile when the bundle was made")
            launch = json.loads(launch.read_text())
            self.loaded[name, only] = self.device.load(folder, launch["images"], only), launch["kernels"], kernels
        return self.loaded[name, only]

    def run(self, case):
        module_name, kernel_name = case.split(":")
        title = case
        try:
            if kernel_name == "ptx":
                yield self.check_ptx(module_name)
                return
            module, launches, kernels = self.module(module_name)
            kernel, launch = kernels[kernel_name], launches[kernel_name]
            title = f"{module_name.rpartition('-')[2]} {kernel['operation']} {kernel['title']}"
            yield self.check(title, kernel, module, launch)
            if kernel.get("long") and self.device.can_time:
                yield long_kernels.check(
                    self.device, title.replace(" ", " at 1M: ", 1), kernel, module, launch, self.bundle.seed
                )
        except devices.DeviceError as error:
            yield Row("kernels", title, "crash", "", False, str(error), fatal=True)
        except RuntimeError as error:
            yield Row("kernels", title, "missing", "", False, str(error))

    def check_ptx(self, name):
        module, launches, kernels = self.module(name, "ptx")
        rows = [self.check(k["title"], k, module, launches[k["name"]]) for k in kernels.values()]
        failed = [row for row in rows if not row.passed]
        return Row(
            "kernels",
            f"{name} as PTX",
            f"{len(rows) - len(failed)}/{len(rows)}",
            "",
            not failed,
            f"{failed[0].case} {failed[0].measured} {failed[0].detail}" if failed else "the driver compiles it",
        )

    def check(self, title, kernel, module, launch):
        worst, worst_case, notes = 0.0, "", []
        seed = [self.bundle.seed, zlib.crc32(title.encode())]
        for case in Maker(kernel, seed, self.device.is_gpu).cases():
            launched = Launched(self.device, kernel, case)
            try:
                launched.run(module, launch)
                error, stray = launched.compare()
                if stray:
                    notes.append(f"{case.title}: {stray}")
                if not error <= worst:
                    worst, worst_case = error, case.title
                if kernel.get("timed") and self.device.can_time and case.title in TIMED:
                    notes.append(launched.time(module, launch))
            finally:
                launched.free()
        passed = worst <= kernel["bound"] and not any("bytes" in n or "NaN" in n for n in notes)
        if not worst <= kernel["bound"]:
            notes.insert(0, worst_case)
        # Kernels that were timed keep their own line.
        group = "" if notes else " ".join(title.split()[:2])
        return Row("kernels", title, worst, kernel["bound"], passed, "; ".join(notes), group=group)


class Launched:
    """The memory of one launch."""

    def __init__(self, device, kernel, case):
        self.device, self.kernel, self.case = device, kernel, case
        self.pool, self.own = Pool(), {}
        for a in kernel["arguments"]:
            self.reserve(a)
        self.pool.make()
        for a in kernel["arguments"]:
            self.place(a)
        self.address = device.allocate(self.pool.size)
        device.upload(self.address, self.pool.host)

    def planes(self, a):
        places = a["ring"] or self.case.seq
        return [
            (f"{a['name']}.{part}", (self.case.slots, places, a["heads"], a[width]))
            for part, width in (("keys", "key"), ("values", "value"))
        ]

    def reserve(self, a):
        case, name, add = self.case, a["name"], self.pool.add
        if a["kind"] == "rows":
            add(name, case.rows_of(name) * a["stride"] * size_of(a["element"]))
        elif a["kind"] == "ids":
            add(name, case.rows_of(name) * 4)
        elif a["kind"] == "segments":
            add(name, case.more_segments.get(name, case.segments) * 16)
        elif a["kind"] == "state":
            add(name, case.slots * a["heads"] * a["key"] * a["value"] * 4)
        elif a["kind"] == "cache":
            for plane, shape in self.planes(a):
                add(plane, int(np.prod(shape)) * size_of(a["element"]))
        else:
            data = case.inputs[name].bytes()
            if data.nbytes > SEPARATE:
                self.own[name] = self.device.allocate(data.nbytes), data.nbytes
                self.device.upload(self.own[name][0], data)
            else:
                add(name, data.nbytes)

    def place(self, a):
        """Writes inputs into the pool: all but NaNs, whose bytes stay as they are."""
        name, pool, case = a["name"], self.pool, self.case
        values = case.inputs.get(name)
        if values is None or name in self.own:
            return
        if a["kind"] in ("ids", "segments"):
            pool.array(name, "i32", values.shape)[...] = values
        elif a["kind"] == "rows":
            write(pool.rows(a, case.rows_of(name)), values, a["element"])
        elif a["kind"] == "state":
            write(pool.array(name, "f32", values.shape), values, "f32")
        elif a["kind"] == "cache":
            for (plane, shape), part in zip(self.planes(a), values):
                write(pool.array(plane, a["element"], shape), part, a["element"])
        else:
            pool.bytes(name)[...] = values.bytes()

    def words(self):
        words = [self.case.rows, self.case.segments, self.case.seq]
        for a in self.kernel["arguments"]:
            names = [plane for plane, _ in self.planes(a)] if a["kind"] == "cache" else [a["name"]]
            for name in names:
                words.append(self.own[name][0] if name in self.own else self.address + self.pool.ranges[name][0])
        return words

    def run(self, module, launch):
        self.device.launch(module, self.kernel["name"], launch, self.case.rows, self.case.segments, self.words())
        self.device.finish()

    def written(self, expected, image):
        """The view of `image` that an expectation is about, and its element type."""
        for a in self.kernel["arguments"]:
            if a["name"] != expected.name.partition(".")[0]:
                continue
            if a["kind"] == "rows":
                return self.pool.rows(a, self.case.rows, image), a["element"]
            if a["kind"] == "ids":
                return self.pool.array(a["name"], "i32", (self.case.rows, 1), image), "i32"
            if a["kind"] == "state":
                return (
                    self.pool.array(a["name"], "f32", (self.case.slots, a["heads"], a["key"], a["value"]), image),
                    "f32",
                )
            return (
                self.pool.array(expected.name, a["element"], dict(self.planes(a))[expected.name], image),
                a["element"],
            )
        raise KeyError(expected.name)

    def compare(self):
        """-> (the largest relative error of a row, what is wrong with the bytes around)."""
        after = self.device.download(self.address, self.pool.size)
        worst, stray = 0.0, ""
        for expected in self.case.expected:
            stored, element = self.written(expected, after)
            got = from_storage(stored[expected.index], element)
            if expected.transform:
                got = expected.transform(got)
            elif not np.isfinite(got).all():
                stray = f"NaN in {expected.name}"
            if expected.columns is not None:
                got = got[:, expected.columns]
            worst = max_error(worst, got, expected.values, expected.floor)
            # What is as it should be is taken out of the comparison of bytes.
            before, _ = self.written(expected, self.pool.host)
            stored[expected.index] = before[expected.index]
        for name in self.case.scratch:
            self.pool.bytes(name, after)[...] = self.pool.bytes(name)
        changed = np.flatnonzero(after != self.pool.host)
        if len(changed):
            stray = f"{len(changed)} bytes changed out of place, {self.name_of(changed[0])}"
        return worst, stray

    def name_of(self, offset):
        for name, (begin, size) in self.pool.ranges.items():
            if begin <= offset < begin + size:
                return f"first in {name} at {offset - begin} of {size}"
            if begin + size <= offset < begin + size + 1024:
                return f"first after {name} by {offset - begin - size}"
        return "first in a guard"

    def time(self, module, launch):
        elapsed = self.device.seconds(
            lambda: self.device.launch(
                module, self.kernel["name"], launch, self.case.rows, self.case.segments, self.words()
            )
        )
        bytes_read = sum(size for _, size in self.own.values())
        rate = f", weights at {bytes_read / elapsed / 1e9:.0f} GB/s" if bytes_read else ""
        return f"{self.case.rows} rows: {elapsed * 1e6:.1f} us{rate}"

    def free(self):
        self.device.free(self.address)
        for address, _ in self.own.values():
            self.device.free(address)


def write(view, values, element):
    valid = ~np.isnan(values)
    view[valid] = to_storage(values[valid].astype(np.float32), element)


def max_error(worst, got, expected, floor):
    """The larger of `worst` and the relative errors of the rows; infinite with a NaN. Rows that are much smaller than
    the others by chance are held to what is usual."""
    got, expected = (np.reshape(x, (len(x), -1)).astype(np.float64) for x in (got, expected))
    norms = np.linalg.norm(expected, axis=1)
    usual = 0.3 * float(np.sqrt(np.mean(norms * norms))) if len(norms) else 0.0
    error = (np.linalg.norm(got - expected, axis=1) / np.maximum(norms, max(usual, floor, 1e-30))).max(initial=0.0)
    return float("inf") if np.isnan(error) or np.isnan(worst) else max(worst, float(error))
