# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Section `long`: the large configuration with random weights, prompts up to the longest sequence, decode after them;
and the bytes that a session holds, against the plan."""

import json
import tempfile
import time

import numpy as np

import devices
from bundle import run, why
from rows import Row, relative

PARALLEL = 1
NEW_TOKENS = 8


def cases(bundle):
    return ["api", "yoco-run"] if bundle.manifest.get("long") else []


def seconds(bundle, case):
    return 420


class Runner:
    def __init__(self, bundle):
        self.bundle, self.plan = bundle, bundle.manifest["long"]
        self.path = bundle.model_path(self.plan["model"])

    def run(self, case):
        yield from self.run_api() if case == "api" else self.run_tool()

    def run_api(self):
        device = self.bundle.device
        memory = devices.open_device(device) if device != "host" else None
        library = self.bundle.library()
        started = time.monotonic()
        model = library.open(self.path, verify=2 if memory else 0)
        ids = (
            np.random.default_rng(self.bundle.seed)
            .integers(0, model.vocabulary, max(self.plan["lengths"]))
            .astype(np.int32)
        )
        for length in self.plan["lengths"]:
            free = memory.free_bytes() if memory else 0
            with model.session(device, max_sequence_length=length, max_batch=1) as session:
                stats = session.stats()
                if started:
                    yield Row(
                        "long",
                        "load, with random weights made",
                        f"{time.monotonic() - started:.1f} s",
                        detail=(stats.device_description or b"").decode(),
                    )
                    started = None
                yield self.check_held(f"{length} positions", model, session, length)
                if memory:
                    yield Row(
                        "long",
                        f"{length} positions: memory of the device taken",
                        f"{(free - memory.free_bytes()) / 2**30:.2f} GiB",
                        detail="weights included, the first time",
                    )
                yield from self.check_sequence(session, ids[:length], length)
                yield from self.measure_first_token(session, ids[:length], length)
        yield from self.check_chunks(model, ids, device)
        model.close()

    @staticmethod
    def check_held(title, model, session, length):
        stats = session.stats()
        plan = next(v for v in model.variants(max_sequence_length=length, max_batch=1) if v.target == stats.target)
        held = (stats.persistent_bytes, stats.scratch_bytes, stats.weight_bytes, stats.kv_bytes_per_token)
        planned = (plan.persistent_bytes, plan.scratch_bytes, plan.weight_bytes, plan.kv_bytes_per_token)
        detail = (
            f"persistent {held[0]}, scratch {held[1]}, weights {held[2]} (on the device {stats.device_weight_bytes}), "
            f"staging {stats.staging_bytes}"
        )
        return Row(
            "long",
            f"{title}: bytes held are planned",
            f"{sum(held[:2]) / 2**30:.2f} GiB",
            "",
            held == planned,
            detail if held == planned else f"held {held}, planned {planned}",
            data={"held": held, "planned": planned},
        )

    @staticmethod
    def check_sequence(session, ids, length):
        prompt = length - NEW_TOKENS
        started = time.monotonic()
        session.prefill(0, ids[: prompt - 1])
        taken = time.monotonic() - started
        yield Row(
            "long", f"prefill of {prompt - 1} tokens", f"{taken:.2f} s", detail=f"{(prompt - 1) / taken:.0f} tokens/s"
        )
        logits, token, times = [], int(ids[prompt - 1]), []
        for _ in range(NEW_TOKENS + 1):  # the last one fills the last position
            started = time.monotonic()
            logits.append(session.decode([0], [token])[0])
            times.append(time.monotonic() - started)
            token = int(logits[-1].argmax())
        logits = np.array(logits)
        sound = bool(np.isfinite(logits).all()) and 0.1 < float(logits.std()) < 10
        yield Row(
            "long",
            f"decode up to position {length}: no NaN",
            f"{np.median(times[1:]) * 1e3:.3f} ms",
            "",
            sound,
            f"logits' deviation {float(logits.std()):.3f}",
        )

    @staticmethod
    def measure_first_token(session, ids, length):
        """The step that ends a prompt of `length` tokens and gives its logits, and what it was made of before: a
        prefill step of as many rows, and a decode step."""
        chunk = min(int(session.stats().bounds.prefill_chunk), (length - 1) // 5)
        at = length - 4 * chunk - 1
        session.reset(0)
        session.prefill(0, ids[:at])

        def timed(call, *arguments):
            started = time.perf_counter()
            call(*arguments)
            return time.perf_counter() - started

        for _ in range(3):  # the first is started kernel by kernel, the second is recorded
            last = timed(session.extend, [(0, chunk, at + chunk - 1)], ids[at : at + chunk])
            at += chunk
        prefill = timed(session.prefill, 0, ids[at : at + chunk])
        decode = timed(session.decode, [0], ids[-1:])
        detail = f"over {(prefill + decode) * 1e3:.3f} ms of a prefill step ({prefill * 1e3:.3f}) and one of decode"
        yield Row(
            "long",
            f"step of {chunk} rows that ends a prompt of {length}",
            f"{last * 1e3:.3f} ms",
            detail=detail,
            data={"last": last, "prefill": prefill, "decode": decode},
        )

    def check_chunks(self, model, ids, device):
        """Other chunks, the same logits, as far as rounding goes."""
        length, results = min(self.plan["lengths"]), []
        for chunk in self.plan["chunks"]:
            with model.session(device, max_sequence_length=length, max_batch=1, prefill_chunk=chunk) as session:
                results.append(session.prompt(0, ids[: length - 1]))
        error = relative(results[1], results[0])
        yield Row(
            "long",
            f"{length - 1} tokens in chunks of {' and '.join(map(str, self.plan['chunks']))}",
            error,
            self.plan["bound"],
            error <= self.plan["bound"],
        )

    def run_tool(self):
        """What yoco-run says that it holds is what it says that is planned."""
        length = min(self.plan["lengths"])
        with tempfile.NamedTemporaryFile("w", suffix=".ids") as file:
            rng = np.random.default_rng(self.bundle.seed)
            vocabulary = self.plan["vocabulary"]
            file.write(" ".join(str(i) for i in rng.integers(0, vocabulary, length - NEW_TOKENS)))
            file.flush()
            code, out, err = run(
                [
                    self.bundle.program("yoco-run"),
                    self.path,
                    "--device",
                    self.bundle.device,
                    "--prompt-tokens",
                    file.name,
                    "--max-new-tokens",
                    NEW_TOKENS,
                    "--ignore-eos",
                    "--print-tokens",
                    "--stats",
                    "--max-seq-len",
                    length,
                ],
                400,
            )
        title = f"yoco-run --stats at {length}"
        try:
            stats = json.loads(err.splitlines()[-1])
        except (IndexError, ValueError):
            yield Row("long", title, "crash", "", False, why(code, out, err))
            return
        model = self.bundle.library().open(self.path, verify=1)
        plan = next(v for v in model.variants(max_sequence_length=length) if v.target.decode() == stats["target"])
        held = stats["bytes_held"]
        sound = code == 0 and (held["persistent"], held["scratch"]) == (plan.persistent_bytes, plan.scratch_bytes)
        prefill, decode = stats["prefill_tokens_per_second"], stats["decode_tokens_per_second"]
        detail = f"prefill {prefill:.0f} tokens/s, decode {decode:.1f} tokens/s"
        yield Row(
            "long",
            title,
            f"{held['total'] / 2**30:.2f} GiB",
            "",
            sound and len(out.split()) == NEW_TOKENS,
            detail,
            data=stats,
        )
