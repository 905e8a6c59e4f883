# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C API (runtime/include/yoco/yoco.h) for checks: models, sessions, and the memory that they hold."""

import ctypes as c
import pathlib

import numpy as np

PREFILL, DECODE, SCORE = 1, 2, 4


class Bounds(c.Structure):
    _fields_ = [(name, c.c_uint64) for name in ("max_sequence_length", "max_batch", "prefill_chunk", "wanted_rows")]


class ModelOptions(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("verify", c.c_int),
        ("threads", c.c_uint32),
        ("refuse_host_code", c.c_int32),
        ("allocator", c.c_void_p),
    ]


class ModelInfo(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("vocabulary_size", c.c_uint32),
        ("variant_count", c.c_uint32),
        ("bounds", Bounds),
        ("stop_ids", c.c_void_p),
        ("stop_id_count", c.c_size_t),
        ("tokenizer", c.c_void_p),
        ("tokenizer_size", c.c_size_t),
        ("producer", c.c_char_p),
        ("load_seconds", c.c_double),
        ("file_bytes", c.c_uint64),
    ]


class VariantInfo(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("device", c.c_char_p),
        ("target", c.c_char_p),
        ("weight_bytes", c.c_uint64),
        ("kv_bytes_per_token", c.c_uint64),
        ("persistent_bytes", c.c_uint64),
        ("scratch_bytes", c.c_uint64),
        ("compute_type", c.c_char_p),
    ]


_Allocate = c.CFUNCTYPE(c.c_void_p, c.c_void_p, c.c_size_t, c.c_size_t)
_Deallocate = c.CFUNCTYPE(None, c.c_void_p, c.c_void_p, c.c_size_t)


class Allocator(c.Structure):
    """`allocate(user, size, alignment)` and `deallocate(user, memory, size)`."""

    _fields_ = [("allocate", _Allocate), ("deallocate", _Deallocate), ("user", c.c_void_p)]

    def __init__(self, allocate, deallocate):
        super().__init__(_Allocate(allocate), _Deallocate(deallocate))


class SessionOptions(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("device", c.c_char_p),
        ("threads", c.c_uint32),
        ("entries", c.c_uint32),
        ("parallel_for", c.c_void_p),
        ("parallel_for_user", c.c_void_p),
        ("bounds", Bounds),
        ("allocator", c.c_void_p),
        ("log", c.c_void_p),
        ("log_user", c.c_void_p),
        ("progress", c.c_void_p),
        ("progress_user", c.c_void_p),
        ("no_graphs", c.c_int32),
    ]


class SessionStats(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("device", c.c_char_p),
        ("target", c.c_char_p),
        ("bounds", Bounds),
        ("load_seconds", c.c_double),
        ("prefill_tokens", c.c_uint64),
        ("prefill_seconds", c.c_double),
        ("decode_tokens", c.c_uint64),
        ("decode_seconds", c.c_double),
        ("score_tokens", c.c_uint64),
        ("score_seconds", c.c_double),
        ("persistent_bytes", c.c_uint64),
        ("scratch_bytes", c.c_uint64),
        ("weight_bytes", c.c_uint64),
        ("kv_bytes_per_token", c.c_uint64),
        ("threads", c.c_uint32),
        ("device_weight_bytes", c.c_uint64),
        ("staging_bytes", c.c_uint64),
        ("device_description", c.c_char_p),
    ]


class Segment(c.Structure):
    _fields_ = [("slot", c.c_int32), ("rows", c.c_uint32), ("wanted_from", c.c_uint64)]


class Step(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("segments", c.c_void_p),
        ("segment_count", c.c_size_t),
        ("ids", c.c_void_p),
        ("targets", c.c_void_p),
        ("best", c.c_uint32),
    ]


class StepResults(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("logits", c.c_void_p),
        ("chosen", c.c_void_p),
        ("logprobs", c.c_void_p),
        ("best", c.c_void_p),
        ("rows", c.c_size_t),
    ]


_LogitsCallback = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_size_t, c.c_size_t, c.POINTER(c.c_float))


class RuntimeError_(RuntimeError):
    """A call failed; the text is the library's."""


class Library:
    def __init__(self, path):
        self.c = c.CDLL(str(pathlib.Path(path).resolve()))
        self.c.yoco_session_last_error.restype = c.c_char_p
        self.c.yoco_status_name.restype = c.c_char_p

    def open(self, path, verify=0):
        return Model(self, path, verify)


class Model:
    def __init__(self, library, path, verify):
        self.library, self.handle = library, c.c_void_p()
        error = c.create_string_buffer(2048)
        options = ModelOptions(c.sizeof(ModelOptions), verify)
        status = library.c.yoco_model_open_file(
            str(path).encode(), c.byref(options), c.byref(self.handle), error, c.c_size_t(2048)
        )
        if status:
            raise RuntimeError_(error.value.decode(errors="replace"))
        self.info = ModelInfo(c.sizeof(ModelInfo))
        library.c.yoco_model_get_info(self.handle, c.byref(self.info))
        self.vocabulary = self.info.vocabulary_size

    def variants(self, **bounds):
        """What the plan says at these bounds, for each variant."""
        result = []
        for index in range(self.info.variant_count):
            info, error = VariantInfo(c.sizeof(VariantInfo)), c.create_string_buffer(2048)
            status = self.library.c.yoco_model_get_variant(
                self.handle, c.c_uint32(index), c.byref(Bounds(**bounds)), c.byref(info), error, c.c_size_t(2048)
            )
            if status:
                raise RuntimeError_(error.value.decode(errors="replace"))
            result.append(info)
        return result

    def session(self, device, **options):
        return Session(self, device, **options)

    def close(self):
        self.library.c.yoco_model_destroy(self.handle)


class Session:
    """Closes with `with`; ids are any sequence of integers, logits float32 arrays full of NaN before."""

    def __init__(self, model, device, entries=0, no_graphs=False, threads=0, allocator=None, **bounds):
        self.model, self.c, self.handle = model, model.library.c, c.c_void_p()
        self.allocator = allocator  # its functions must outlive the session
        options = SessionOptions(c.sizeof(SessionOptions), device.encode())
        options.allocator = c.addressof(allocator) if allocator else None
        options.entries, options.no_graphs, options.threads, options.bounds = (
            entries,
            no_graphs,
            threads,
            Bounds(**bounds),
        )
        error = c.create_string_buffer(2048)
        if self.c.yoco_session_create(model.handle, c.byref(options), c.byref(self.handle), error, c.c_size_t(2048)):
            raise RuntimeError_(error.value.decode(errors="replace"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.c.yoco_session_destroy(self.handle)

    def check(self, status):
        if status:
            raise RuntimeError_(self.c.yoco_session_last_error(self.handle).decode(errors="replace"))

    def rows(self, count):
        return np.full((count, self.model.vocabulary), np.nan, np.float32)

    def prefill(self, slot, ids):
        ids = np.ascontiguousarray(ids, np.int32)
        self.check(self.c.yoco_session_prefill(self.handle, slot, pointer(ids), c.c_size_t(len(ids))))

    def prefill_batch(self, slots, texts):
        slots, counts = np.asarray(slots, np.int32), np.array([len(t) for t in texts], np.uint64)
        ids = np.concatenate([np.asarray(t, np.int32) for t in texts])
        self.check(
            self.c.yoco_session_prefill_batch(
                self.handle, pointer(slots), pointer(counts), c.c_size_t(len(slots)), pointer(ids)
            )
        )

    def decode(self, slots, ids):
        slots, ids, logits = np.asarray(slots, np.int32), np.asarray(ids, np.int32), self.rows(len(slots))
        self.check(
            self.c.yoco_session_decode(
                self.handle, pointer(slots), pointer(ids), c.c_size_t(len(slots)), pointer(logits)
            )
        )
        return logits

    def prompt(self, slot, ids):
        ids, logits = np.ascontiguousarray(ids, np.int32), self.rows(1)
        self.check(self.c.yoco_session_prompt(self.handle, slot, pointer(ids), c.c_size_t(len(ids)), pointer(logits)))
        return logits[0]

    def score(self, slot, ids):
        ids, logits = np.ascontiguousarray(ids, np.int32), self.rows(len(ids))

        def receive(_, first, rows, scored):
            logits[first : first + rows] = np.ctypeslib.as_array(scored, (rows, self.model.vocabulary))
            return 0

        callback = _LogitsCallback(receive)
        self.check(self.c.yoco_session_score(self.handle, slot, pointer(ids), c.c_size_t(len(ids)), callback, None))
        return logits

    def extend(self, segments, ids):
        """One step of segments (slot, rows, wanted from) -> the logits of the wanted rows."""
        rows = sum(min(rows, max(0, self.position(slot) + rows - wanted)) for slot, rows, wanted in segments)
        table, ids, logits = (Segment * len(segments))(*segments), np.ascontiguousarray(ids, np.int32), self.rows(rows)
        step = Step(c.sizeof(Step), c.addressof(table), len(segments), pointer(ids))
        results = StepResults(c.sizeof(StepResults), pointer(logits))
        self.check(self.c.yoco_session_extend(self.handle, c.byref(step), c.byref(results)))
        return logits[: results.rows]

    def position(self, slot):
        position = c.c_uint64()
        self.check(self.c.yoco_session_position(self.handle, slot, c.byref(position)))
        return position.value

    def reset(self, slot):
        self.check(self.c.yoco_session_reset(self.handle, slot))

    def copy_slot(self, source, to):
        self.check(self.c.yoco_session_copy_slot(self.handle, source, to))

    def stats(self):
        stats = SessionStats(c.sizeof(SessionStats))
        self.check(self.c.yoco_session_get_stats(self.handle, c.byref(stats)))
        return stats


def pointer(array):
    return c.c_void_p(array.ctypes.data)
