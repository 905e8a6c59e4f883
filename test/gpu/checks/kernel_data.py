# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Inputs of single kernels, fresh from a generator of random numbers, and what must come out."""

import dataclasses

import numpy as np

import kernel_reference as reference
from memory import Stored, rounded


@dataclasses.dataclass
class Expected:
    """Rows `index` of an output (of a cache: positions) and their values; of wide rows perhaps only `columns`."""

    name: str
    index: object
    values: np.ndarray
    columns: object = None
    transform: object = None  # of what the kernel wrote, before it is compared
    floor: float = 0.0  # errors of rows with a smaller norm are relative to this


@dataclasses.dataclass
class Case:
    """One launch. NaNs in inputs are bytes that no step has written."""

    title: str
    rows: int
    segments: int = 1
    seq: int = 1
    inputs: dict = dataclasses.field(default_factory=dict)
    expected: list = dataclasses.field(default_factory=list)
    slots: int = 1
    scratch: tuple = ()  # outputs of which more may be written than is expected
    more_rows: dict = dataclasses.field(default_factory=dict)  # arguments whose rows are of another set: how many

    more_segments: dict = dataclasses.field(default_factory=dict)  # and tables, how many segments

    def rows_of(self, name):
        return self.more_rows.get(name, self.rows)


def partial_rows(largest, sums, _own, _ranks, order, logits, own, x, targets, seen):
    """What blocks of logits before column `seen` have said of rows, as memory has it."""
    before = x[:, :seen]
    ranks = (before > own[:, None]) | ((before == own[:, None]) & (np.arange(seen)[None, :] < targets[:, None]))
    integers = np.column_stack([ranks.sum(1), np.full(len(x), seen), order]).astype(np.int32).view(np.float32)
    known = np.where((targets >= 0) & (targets < seen), own, np.nan)
    return np.hstack([np.column_stack([largest, sums, known]), integers, logits]).astype(np.float32)


class Maker:
    """Makes the cases of one kernel."""

    def __init__(self, kernel, seed, gpu):
        self.kernel, self.attributes, self.gpu = kernel, kernel["attributes"], gpu
        self.arguments = {a["name"]: a for a in kernel["arguments"]}
        self.rng = np.random.default_rng(seed)

    def draw(self, name, count, scale=1.0):
        """Rows for argument `name`, as its element type has them."""
        a = self.arguments[name]
        return rounded((self.rng.standard_normal((count, a["columns"])) * scale).astype(np.float32), a["element"])

    def cases(self):
        yield from getattr(self, "make_" + self.kernel["operation"])()

    # Row-wise --------------------------------------------------------------------------------------------------------

    def make_positions(self):
        for padding in (0, 3):
            step = self.ragged([(0, 5), (1048000, 70), (17, 1), (3, 200)], padding)
            inputs = {"ids": np.zeros(step.rows, np.int32), "segments": step.table}
            live = step.live_rows()
            yield Case(
                f"padding {padding}",
                step.rows,
                len(step.table),
                1,
                inputs,
                [Expected("out", live, step.positions[live][:, None])],
            )

    def make_narrow(self):
        """The last rows of each segment: all, some, one or none."""
        if self.attributes.get("each_row"):
            yield from self.narrow_each_row()
            return
        lengths, kept = [(0, 70), (1048000, 5), (17, 1), (3, 200), (9, 4)], [33, 5, 1, 64, 0]
        for padding in (0, 3):
            yield self.narrow_case(f"padding {padding}", self.ragged(lengths, padding), kept + [1] * padding)
        yield self.narrow_case("long", self.ragged([(100, 2048)]), [2048])

    def narrow_case(self, title, whole, kept):
        table, source = whole.table.copy(), [-1]
        for segment, (slot, first, begin, count), keep in zip(table, whole.table, kept):
            segment[1:] = first + count - keep, len(source), keep
            source += [begin + i if slot >= 0 else -1 for i in range(count - keep, count)]
            source += [-1] * int(self.rng.integers(0, 2))
        source = np.array(source)
        live = np.flatnonzero(source >= 0)
        if self.arguments["x"]["kind"] == "ids":
            x = self.rng.integers(-(1 << 31), 1 << 31, whole.rows).astype(np.int32)
            inputs, out = {"x": x}, x[source[live]][:, None]
        else:
            x = self.draw("x", whole.rows)
            inputs = whole.mask({"x": x})
            out = rounded(x[source[live]].astype(np.float32), self.arguments["out"]["element"])
        inputs |= {"from": whole.table, "to": table}
        expected = [Expected("out", live, out)]
        return Case(title, len(source), len(table), 1, inputs, expected, more_rows={"x": whole.rows})

    def narrow_each_row(self):
        """The last rows of each segment, each a segment of its own; the last of 64 segments is found too."""
        for lengths, kept, padding in (
            ([(0, 70), (1048000, 5), (17, 1), (3, 2), (9, 4)], [3, 5, 1, 2, 0], 5),
            ([(position, 1) for position in range(64)], [0] * 61 + [1] * 3, 0),
            ([(100, 2048)], [1], 0),
        ):
            whole, table, source = self.ragged(lengths, padding), [], []
            for (slot, first, begin, count), keep in zip(whole.table, kept):
                source += range(begin + count - keep, begin + count)
                table += [(slot, first + i) for i in range(count - keep, count)]
            table += [(-1, 0)] * padding
            table = np.array([(slot, first, row, 1) for row, (slot, first) in enumerate(table)], np.int32)
            x = self.draw("x", whole.rows)
            inputs = whole.mask({"x": x}) | {"from": whole.table, "to": table}
            out = rounded(x[source].astype(np.float32), self.arguments["out"]["element"])
            expected = [Expected("out", np.arange(len(source)), out)]
            title = f"{len(source)} rows of {len(lengths)} segments"
            more = {"more_rows": {"x": whole.rows}, "more_segments": {"from": len(whole.table)}}
            yield Case(title, len(table), len(table), 1, inputs, expected, **more)

    def make_embed(self):
        a = self.arguments["w"]
        table = Stored(self.rng, a, 1.0)
        for rows in (1, 130):
            ids = self.rng.integers(0, a["rows"], rows).astype(np.int32)
            ids[-1] = a["rows"] - 1
            values = table.values(ids) * self.attributes["scale"]
            if self.gpu and rows > 4:  # padding rows may hold any id
                ids[1:4] = (-1, a["rows"], 0x7FFFFFFF)
                values[1:4] = 0
            yield Case(
                f"{rows} rows", rows, inputs={"ids": ids, "w": table}, expected=[Expected("out", slice(None), values)]
            )

    def make_norm(self):
        weight = Stored(self.rng, self.arguments["w"], 1.0) if "w" in self.arguments else None
        for rows, scale in ((1, 1.0), (67, 30.0)):
            inputs = {"x": self.draw("x", rows, scale)}
            out = reference.norm(
                inputs["x"], self.attributes["eps"], weight and weight.values()[0], self.attributes["groups"]
            )
            if "swish" in self.arguments:
                inputs["swish"] = self.draw("swish", rows, 3.0)
                out = out * reference.silu(inputs["swish"])
            if weight:
                inputs["w"] = weight
            yield Case(f"{rows} rows", rows, inputs=inputs, expected=[Expected("out", slice(None), out)])

    def make_rope(self):
        for rows, last in ((1, 5), (70, 1 << 20)):
            x, positions = self.draw("x", rows), self.rng.integers(0, last, rows).astype(np.int32)
            positions[-1] = last - 1
            heads = x.reshape(rows, self.attributes["heads"], -1)
            out = reference.rotate(heads, positions, self.attributes["rope"]).reshape(x.shape)
            yield Case(
                f"positions below {last}",
                rows,
                inputs={"x": x, "positions": positions},
                expected=[Expected("out", slice(None), out)],
            )

    def make_argmax(self):
        for rows in (1, 19):
            x = self.draw("x", rows)
            largest = np.argmax(x, 1)
            if rows > 3:  # of equals the lowest; numbers that are none count for nothing
                x[1] = 0.5
                x[2, :] = -np.inf
                x[2, -1] = -1e30
                x[3, : x.shape[1] // 2] = np.nan
                largest[1:4] = 0, x.shape[1] - 1, np.nanargmax(x[3])
            yield Case(f"{rows} rows", rows, inputs={"x": x}, expected=[Expected("out", slice(None), largest[:, None])])

    def make_target_logits(self):
        w = Stored(self.rng, self.arguments["w"], self.arguments["w"]["columns"] ** -0.5)
        for rows in (1, 21):
            x, targets = self.draw("x", rows), self.rng.integers(0, self.arguments["w"]["rows"], rows).astype(np.int32)
            out = np.einsum("rc,rc->r", x, w.values(targets))[:, None]
            size = float(np.sqrt(np.mean(out * out)))
            yield Case(
                f"{rows} rows",
                rows,
                inputs={"x": x, "targets": targets, "w": w},
                expected=[Expected("out", slice(None), out, floor=max(size, 1.0))],
            )

    def make_logprobs(self):
        """Whole rows, or a block after another one that has said something already."""
        best, partial, columns = self.attributes["best"], self.attributes["partial"], self.arguments["x"]["columns"]
        for rows in (1, 19):
            seen = 300 if "carry" in self.arguments else 0
            x = rounded(self.rng.standard_normal((rows, seen + columns)).astype(np.float32) * 4, "f32")
            if rows > 4:  # equal logits, one block after the other
                x[1], x[2, ::2] = 0.5, 7.0
                x[3] = np.round(x[3])
            targets = self.rng.integers(0, seen + columns, rows).astype(np.int32)
            if rows > 4:
                targets[4:7] = (-1, seen + columns, np.iinfo(np.int32).min)
            inputs = {"x": x[:, seen:], "targets": targets}
            own = reference.logprobs(x, targets, 0)[2]
            if "threshold" in self.arguments:
                inputs["threshold"] = np.where(np.isnan(own), 0.0, own)[:, None]
            if seen:
                inputs["carry"] = partial_rows(*reference.logprobs(x[:, :seen], targets, best), own, x, targets, seen)
            yield Case(f"{rows} rows", rows, inputs=inputs, expected=[self.expected_logprobs(x, targets)])

    def expected_logprobs(self, x, targets):
        best, partial = self.attributes["best"], self.attributes["partial"]
        largest, sums, own, ranks, order, logits = reference.logprobs(x, targets, best)
        count = len(x)
        if partial:  # of a target in another block nothing is known but its threshold
            exists = ranks >= 0
            heads, integers = [largest, sums], [ranks[exists], np.full(count, x.shape[1])]
        else:
            exists = np.full(count, True)
            heads, integers = [largest + np.log(sums)], [ranks]
        fill = best - order.shape[1]
        order = np.pad(order, ((0, 0), (0, fill)), constant_values=-1)

        def join(stored):
            """The numbers of the rows, and whether the integers are right."""
            words = stored.astype(np.float32).view(np.int32)
            first = 5 if partial else 3
            got = [words[:, 3 if partial else 2][exists]] + ([words[:, 4]] if partial else [])
            right = all(np.array_equal(a, b) for a, b in zip(got, integers))
            right &= np.array_equal(words[:, first : first + best], order)
            numbers = stored[:, : len(heads) + 1]
            best_logits = stored[:, first + best : first + best + logits.shape[1]]
            marks = np.full((len(stored), 1), 1.0 if right else np.inf)
            return np.hstack([np.nan_to_num(numbers, nan=-1.0), best_logits, marks])

        values = np.column_stack([*heads, np.nan_to_num(own, nan=-1.0)])
        return Expected("out", slice(None), np.hstack([values, logits, np.ones((count, 1))]), transform=join)

    def make_swiglu(self):
        for rows in (1, 133):
            a, b = self.draw("a", rows, 3.0), self.draw("b", rows)
            yield Case(
                f"{rows} rows",
                rows,
                inputs={"a": a, "b": b},
                expected=[Expected("out", slice(None), reference.silu(a) * b)],
            )

    # Linear groups ---------------------------------------------------------------------------------------------------

    def make_linear_few(self):
        a = self.arguments["w0"]
        matrices = {
            n: Stored(self.rng, self.arguments[n], a["columns"] ** -0.5) for n in ("w0", "w1") if n in self.arguments
        }
        weight = Stored(self.rng, self.arguments["norm"], 1.0) if "norm" in self.arguments else None
        outputs = self.arguments["out"]["columns"]
        some = None
        if outputs * a["columns"] > 1 << 24:  # the reference of all of them would take seconds
            ends = np.r_[0:70, outputs - 70 : outputs]
            some = np.unique(np.concatenate((ends, self.rng.integers(0, outputs, 2000))))
        chosen = np.arange(outputs) if some is None else some
        # A gate's two matrices may be one, with the rows of the second after those of the first.
        dense = [m.values(chosen + begin) for m in matrices.values() for begin in range(0, m.stored.shape[0], outputs)]
        for rows in self.kernel["steps"]:
            inputs = dict(matrices, x=self.draw("x", rows))
            if weight:
                inputs["norm"] = weight
            normalise = weight and (lambda x: reference.norm(x, self.attributes["eps"], weight.values()[0]))
            residual = None
            if "residual" in self.arguments:
                inputs["residual"] = self.draw("residual", rows)
                residual = inputs["residual"] if some is None else inputs["residual"][:, some]
            out = reference.linear(inputs["x"], dense, self.attributes["activation"], normalise, residual)
            yield Case(f"{rows} rows", rows, inputs=inputs, expected=[Expected("out", slice(None), out, some)])

    make_linear_tiled = make_linear_few

    # Steps -----------------------------------------------------------------------------------------------------------

    def ragged(self, lengths, padding=0):
        """A step of segments (first position, rows), some with rows between that belong to none, and padding after."""
        slots = self.rng.permutation(len(lengths) + 2)
        table, row = [], 0
        for slot, (first, count) in zip(slots, lengths):
            row += int(self.rng.integers(0, 2))
            table.append((slot, first, row, count))
            row += count
        table += [(-1, 0, row, 0)] * padding
        return Step(np.array(table, np.int32), row + (37 if padding else 0), len(slots))

    def single(self, firsts, padding=0):
        """A step with one row a segment."""
        slots = self.rng.permutation(len(firsts) + 2)
        table = [(slot, first, row, 1) for row, (slot, first) in enumerate(zip(slots, firsts))]
        table += [(-1, 0, len(table) + i, 1) for i in range(padding)]
        return Step(np.array(table, np.int32), len(table), len(slots))

    # Retention -------------------------------------------------------------------------------------------------------

    def make_retention_step(self):
        yield self.retention_case("one row each", self.single((0, 1, 77, 1_000_000), padding=3))
        yield self.retention_case("a few rows", self.ragged([(0, 1), (5, 3), (63, 4), (0, 7)], padding=2))

    def make_retention_span(self):
        span = self.attributes["span"]
        yield self.retention_case("one row", self.ragged([(0, 1)]))
        yield self.retention_case(
            "spans end",
            self.ragged([(0, span), (span - 1, 2), (3, span - 3), (span, span), (2 * span - 1, 1)], padding=3),
        )
        yield self.retention_case("ragged", self.ragged([(0, 201), (37, 130), (1_000_001, 95), (0, 5)], padding=5))
        yield self.retention_case("long", self.ragged([(0, 517)]))

    def retention_case(self, title, step):
        s, n = self.arguments["state"], step.rows
        heads, key, value = s["heads"], s["key"], s["value"]
        draws = {name: self.draw(name, n) for name in ("q", "k", "v")}
        gates = self.draw("gate", n, 2.0)
        draws["gate"] = rounded(gates + 1 if self.attributes["divisor"] else -np.abs(gates) * 0.05, "f32")
        if "swish" in self.arguments:
            draws["swish"] = self.draw("swish", n, 2.0)
        state = np.full((step.slots, heads, key, value), np.nan, np.float32)
        out, expected = np.empty((n, heads * value)), []
        for slot, first, begin, count in step.live():
            past = np.zeros((heads, key, value))
            if first:
                size = self.attributes["scale"] * min(first, 30) ** 0.5
                past = rounded((self.rng.standard_normal(past.shape) * size).astype(np.float32), "f32")
                state[slot] = past
            here = slice(begin, begin + count)
            q, k = (draws[name][here].reshape(count, heads, key) for name in ("q", "k"))
            v = draws["v"][here].reshape(count, heads, value)
            rows, after = reference.retention(q, k, v, draws["gate"][here], step.positions[here], past, self.attributes)
            out[here] = rows.reshape(count, -1)
            expected.append(Expected("state", slot, after))
        live = step.live_rows()
        if self.attributes["eps"]:
            out[live] = reference.norm(out[live], self.attributes["eps"], groups=heads)
        if "swish" in draws:
            out[live] *= reference.silu(draws["swish"][live])
        inputs = step.mask(draws) | {"state": state, "positions": step.positions, "segments": step.table}
        # A first row is (q . k) v, where the product may happen to be almost nothing.
        floor = 0.0 if self.attributes["eps"] else 0.3 * (heads * value) ** 0.5
        return Case(
            title, n, len(step.table), 1, inputs, [Expected("out", live, out[live], floor=floor), *expected], step.slots
        )

    # Caches ----------------------------------------------------------------------------------------------------------

    def caches(self, step, seq):
        """Planes full of what no step has written."""
        c = self.arguments["cache"]
        places = c["ring"] or seq
        return [np.full((step.slots, places, c["heads"], c[width]), np.nan, np.float32) for width in ("key", "value")]

    def past(self, count):
        c = self.arguments["cache"]
        return [
            rounded(self.rng.standard_normal((count, c["heads"], c[width])).astype(np.float32), c["element"])
            for width in ("key", "value")
        ]

    def make_cache_write(self):
        ring = self.arguments["cache"]["ring"]
        lengths = [(0, 3), (5, 1), (0, 150), (120, 77), (63, 66)]
        if ring:
            lengths = [(0, ring), (ring - 1, 2), (3 * ring + 1, 2 * ring + 3), (ring // 2, 1), (0, 1)]
        for padding, title in ((4, "ragged"), (0, "one row each")):
            step = self.ragged(lengths, padding) if padding else self.single([first for first, _ in lengths])
            yield self.cache_write_case(title, step)

    def cache_write_case(self, title, step):
        c, rope = self.arguments["cache"], self.attributes["rope"]
        seq, n = step.longest() + 3, step.rows
        draws = {name: self.draw(name, n) for name in ("keys", "values")}
        planes, expected = self.caches(step, seq), []
        for slot, first, begin, count in step.live():
            before = np.arange(max(0, first - c["ring"]) if c["ring"] else 0, first)
            for plane, past in zip(planes, self.past(len(before))):
                plane[slot, before % plane.shape[1]] = past
            last = min(count, c["ring"]) if c["ring"] else count
            here = np.arange(begin + count - last, begin + count)
            keys = reference.rotate(draws["keys"][here].reshape(last, c["heads"], -1), step.positions[here], rope)
            places = step.positions[here] % planes[0].shape[1]
            expected.append(Expected("cache.keys", (slot, places), keys))
            expected.append(
                Expected("cache.values", (slot, places), draws["values"][here].reshape(last, c["heads"], -1))
            )
        inputs = step.mask(draws) | {"cache": planes, "positions": step.positions, "segments": step.table}
        return Case(title, n, len(step.table), seq, inputs, expected, step.slots)

    # Attention -------------------------------------------------------------------------------------------------------

    def make_attention_rows(self):
        ring = self.arguments["cache"]["ring"]
        yield self.attention_case("one row", self.ragged([(0, 1)]))
        yield self.attention_case("one row each", self.single((0, 1, 63, 64, 200), padding=3))
        lengths = [(0, 5), (64, 64), (300, 1), (0, 130), (37, 70)]
        if ring:
            lengths = [(0, ring + 3), (ring - 1, 2), (3 * ring + 1, 2 * ring + 5), (7, 1), (ring, 70)]
        yield self.attention_case("ragged", self.ragged(lengths, padding=4))
        yield self.attention_case("long", self.ragged([(0, 300)]))

    def make_attention_split(self):
        ring = self.arguments["cache"]["ring"]
        yield self.attention_case("one row", self.single((0,)))
        firsts = (0, 1, 62, 63, 64, 65, 127, 128, 500, 4097)
        if ring:
            firsts = (0, 1, ring - 1, ring, ring + 1, 5 * ring + 2, 64 * 3)
        yield self.attention_case("one row each", self.single(firsts, padding=3))
        yield self.attention_case("full", self.single(tuple(self.rng.integers(0, 1000, 16))))

    def attention_case(self, title, step):
        a, c = self.attributes, self.arguments["cache"]
        heads, width, n = a["heads"], c["value"], step.rows
        seq = step.longest() + 3
        draws = {"q": self.draw("q", n)}
        if c["ring"]:
            draws |= {name: self.draw(name, n) for name in ("keys", "values")}
        planes, out = self.caches(step, seq), np.empty((n, heads * width))
        for slot, first, begin, count in step.live():
            here = slice(begin, begin + count)
            low = max(0, first - c["ring"]) if c["ring"] else 0
            before = np.arange(low, first if c["ring"] else first + count)
            keys, values = self.past(len(before))
            for plane, past in zip(planes, (keys, values)):
                plane[slot, before % plane.shape[1]] = past
            if c["ring"]:
                keys = np.concatenate((keys, draws["keys"][here].reshape(count, c["heads"], -1)))
                fresh = rounded(draws["values"][here], c["element"])
                values = np.concatenate((values, fresh.reshape(count, c["heads"], -1)))
            where = np.arange(low, first + count)
            q = draws["q"][here].reshape(count, heads, -1)
            out[here] = reference.attention(q, step.positions[here], keys, values, where, a).reshape(count, -1)
        live = step.live_rows()
        join = (lambda rows: reference.merge(rows, heads, a["splits"], width)) if a["splits"] else None
        inputs = step.mask(draws) | {"cache": planes, "positions": step.positions, "segments": step.table}
        return Case(
            title,
            n,
            len(step.table),
            seq,
            inputs,
            [Expected("out", live, out[live], transform=join)],
            step.slots,
            scratch=("out",) if a["splits"] else (),
        )

    def make_attention_merge(self):
        a = self.attributes
        heads, splits = a["heads"], a["splits"]
        for rows, padding in ((1, 0), (9, 3)):
            step = self.single([100] * rows, padding)
            partial = self.draw("partial", step.rows)
            pairs = partial[:, : heads * splits * 2].reshape(-1, heads, splits, 2)
            pairs[..., 0] = rounded(pairs[..., 0] * 8, "f32")
            pairs[..., 1] = rounded(1 + np.abs(pairs[..., 1]) * 10, "f32")
            if splits > 1:  # splits without positions have a pair alone
                empty = self.rng.random(pairs.shape[:3]) < 0.3
                empty[..., self.rng.integers(0, splits)] = False
                pairs[empty] = (-np.inf, 0)
                values = partial[:, heads * splits * 2 :].reshape(
                    -1, heads, splits, partial.shape[1] // (heads * splits) - 2
                )
                values[empty] = np.nan
            live = step.live_rows()
            out = reference.merge(partial[live], heads, splits, self.arguments["out"]["columns"] // heads)
            yield Case(
                f"{rows} rows",
                step.rows,
                len(step.table),
                inputs=step.mask({"partial": partial}) | {"segments": step.table},
                expected=[Expected("out", live, out)],
            )


class Step:
    """A segment table and the positions of its rows."""

    def __init__(self, table, rows, slots):
        self.table, self.rows, self.slots = table, rows, slots
        self.positions = np.full(rows, -1, np.int32)
        for _, first, begin, count in self.live():
            self.positions[begin : begin + count] = first + np.arange(count)

    def live(self):
        return [tuple(int(v) for v in row) for row in self.table if row[0] >= 0 and row[3] > 0]

    def live_rows(self):
        return np.flatnonzero(self.positions >= 0)

    def longest(self):
        return max(first + count for _, first, _, count in self.live())

    def mask(self, draws):
        """The rows with NaN where no segment has them."""
        dead = self.positions < 0
        for rows in draws.values():
            rows[dead] = np.nan
        return dict(draws)
