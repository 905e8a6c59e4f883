# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Section `mixes`: random steps of many kinds of segments, and each of their segments by itself.

A step may hold chunks of prompts, rows to decode, rows to score, drafted rows that are taken back, and empty segments,
at different positions. What comes out for a sequence must not depend on the company: the same steps with their
segments in another order give the same bits on every device, and so does each segment alone where a row is computed in
one way whatever the number of rows; elsewhere it is within the bound. Both are also beside the logits of the whole
text."""

import ctypes as c

import numpy as np

from rows import Row, relative
from runtime import Allocator

PARALLEL = 3
SLOTS = 4
LONGEST = 180  # tokens of a text
STEPS = 150
TRIES = 60  # to draw a text that is stable


def cases(bundle):
    return [name for name, m in bundle.models.items() if m["batch"] >= SLOTS + 2]


def seconds(bundle, case):
    return 240


class Sequence:
    """A text in a slot, and from which position on something is wanted of it: that never goes back."""

    def __init__(self, tokens):
        self.tokens, self.position, self.wanted = tokens, 0, 0


class Segment:
    def __init__(self, slot, sequence, rows, draft=False):
        self.slot, self.sequence, self.rows, self.draft = slot, sequence, rows, draft
        self.first, self.wanted = sequence.position, sequence.wanted

    def ids(self):
        return self.sequence.tokens[self.first : self.first + self.rows]

    def count(self):
        """Rows of which something is wanted."""
        return max(0, self.first + self.rows - max(self.first, self.wanted))

    def places(self):
        """The positions of these rows."""
        return slice(self.first + self.rows - self.count(), self.first + self.rows)


class Stable:
    """Whether a text says something about rounding: scored at once and decoded one by one, which other sections check,
    its rows are within `bound` of each other. A model may make much of little: a head that is divided by its own norm
    has, at the first position, the sign of one product, however small."""

    def __init__(self, session, bound):
        self.session, self.bound, self.drawn, self.kept = session, bound, 0, 0

    def __call__(self, tokens):
        session, spare = self.session, SLOTS + 1
        session.reset(spare)
        scored = session.score(spare, tokens)
        session.reset(spare)
        stable = all(relative(session.decode([spare], [t])[0], row) <= self.bound for t, row in zip(tokens, scored))
        self.drawn, self.kept = self.drawn + 1, self.kept + stable
        return stable


class Mixer:
    """Draws steps of texts that are stable. The last slot keeps what drafts are taken back to."""

    def __init__(self, rng, vocabulary, bounds, stable=None):
        self.rng, self.vocabulary, self.bounds, self.stable = rng, vocabulary, bounds, stable
        self.sequences = [self.text() for _ in range(SLOTS)]

    def text(self):
        sequence = self.draw()
        for _ in range(TRIES):
            if not self.stable or self.stable(sequence.tokens):
                break
            sequence = self.draw()
        return sequence

    def draw(self):
        return Sequence(self.rng.integers(0, self.vocabulary, int(self.rng.integers(1, LONGEST))).astype(np.int32))

    def segment(self, slot, room):
        """Draws a segment: a chunk before what is wanted, or rows from there on."""
        rng, sequence = self.rng, self.sequences[slot]
        left = min(len(sequence.tokens) - sequence.position, room)
        kind = rng.choice(["prefill", "decode", "score", "draft", "empty"], p=[0.3, 0.3, 0.2, 0.1, 0.1])
        if kind == "empty" or left == 0:
            return Segment(slot, sequence, 0)
        if kind == "decode":
            rows = 1
        else:
            rows = int(rng.integers(1, left + 1)) if rng.random() < 0.5 else min(left, int(rng.integers(1, 9)))
        if kind == "prefill":
            end = sequence.position + rows
            last = rng.choice([end - 1, end, int(rng.integers(sequence.position, len(sequence.tokens) + 1))])
            sequence.wanted = max(sequence.wanted, int(last))
        else:
            sequence.wanted = max(sequence.wanted, sequence.position)
        return Segment(slot, sequence, rows, kind == "draft" and sequence.wanted <= sequence.position)

    def step(self):
        room, wanted, segments = self.bounds.prefill_chunk, self.bounds.wanted_rows, []
        for slot in self.rng.permutation(SLOTS)[: int(self.rng.integers(1, SLOTS + 1))]:
            segment = self.segment(int(slot), min(room, wanted))
            room, wanted = room - segment.rows, wanted - segment.count()
            segments.append(segment)
        return segments


class Mixes:
    """Runs the same steps as they are drawn, in another order, and segment by segment."""

    def __init__(self, together, shuffled, alone, mixer, exact):
        self.sessions, self.mixer, self.exact = (together, shuffled, alone), mixer, exact
        self.expected = {}  # logits of whole texts, by slot
        self.rows, self.worst, self.off = 0, 0.0, 0.0

    def run(self, steps):
        """Returns what went wrong, or none."""
        for number in range(steps):
            segments = self.mixer.step()
            if problem := self.step(segments):
                kinds = [(s.slot, s.first, s.rows, s.wanted) for s in segments]
                return f"step {number}, {problem}; (slot, first, rows, wanted from): {kinds}"
        return None

    def step(self, segments):
        together, shuffled, alone = self.sessions
        spare = SLOTS
        for segment in segments:
            if segment.draft:
                for session in self.sessions:
                    session.copy_slot(segment.slot, spare)
                break  # one place to keep them
        order = self.mixer.rng.permutation(len(segments))
        got = split(segments, extend(together, segments))
        other = [segments[i] for i in order]
        again = dict(zip(order, split(other, extend(shuffled, other))))
        for i, segment in enumerate(segments):
            one = extend(alone, [segment])
            if problem := self.compare(segment, got[i], again[i], one):
                return f"slot {segment.slot}: {problem}"
            segment.sequence.position += segment.rows
        self.take_back(segments)
        for slot, sequence in enumerate(self.mixer.sequences):
            if sequence.position == len(sequence.tokens):
                self.renew(slot)
        return None

    def compare(self, segment, got, again, one):
        self.rows += len(got)
        if len(got) != segment.count() or not np.isfinite(got).all():
            return f"{len(got)} rows of {segment.count()}, {np.isnan(got).sum()} NaN"
        if got.tobytes() != again.tobytes():
            return f"other bits in another order, {relative(again, got):.2g}"
        if len(got) == 0:
            return None
        self.worst = max(self.worst, relative(one, got))
        if self.exact and got.tobytes() != one.tobytes():
            return f"other bits alone, {relative(one, got):.2g}"
        self.off = max(self.off, relative(got, self.whole(segment)[segment.places()]))
        return None

    def whole(self, segment):
        """The logits of the whole text of a segment, from the spare slot of a session."""
        kept = self.expected.get(segment.slot)
        if kept is None or kept[0] is not segment.sequence:
            session, spare = self.sessions[2], SLOTS + 1
            session.reset(spare)
            self.expected[segment.slot] = kept = (segment.sequence, session.score(spare, segment.sequence.tokens))
        return kept[1]

    def take_back(self, segments):
        """Half of the drafts are refused: the slot is what it was before."""
        draft = next((s for s in segments if s.draft), None)
        if draft and self.mixer.rng.random() < 0.5:
            for session in self.sessions:
                session.copy_slot(SLOTS, draft.slot)
            draft.sequence.position = draft.first

    def renew(self, slot):
        for session in self.sessions:
            session.reset(slot)
        self.mixer.sequences[slot] = self.mixer.text()


def extend(session, segments):
    return session.extend([(s.slot, s.rows, s.wanted) for s in segments], np.concatenate([s.ids() for s in segments]))


def split(segments, logits):
    """The rows of each segment."""
    ends = np.cumsum([s.count() for s in segments])
    return np.split(logits, ends[:-1])


def poisoned():
    """An allocator whose memory is full of NaN: what is read before it is written shows."""
    libc = c.CDLL(None)
    libc.aligned_alloc.restype, libc.aligned_alloc.argtypes = c.c_void_p, (c.c_size_t, c.c_size_t)
    libc.free.argtypes = (c.c_void_p,)

    def allocate(_, size, alignment):
        memory = libc.aligned_alloc(alignment, (size + alignment - 1) // alignment * alignment)
        c.memset(memory, 0xFF, size)
        return memory

    return Allocator(allocate, lambda _, memory, size: libc.free(memory))


def run(model, device, steps, seed, exact, poison=False, bound=None, **bounds):
    """`bound`: of texts that are stable; else all are taken. -> (Mixes, what went wrong or none)"""

    def make():
        return model.session(device, max_batch=SLOTS + 2, allocator=poisoned() if poison else None, **bounds)

    with make() as together, make() as shuffled, make() as alone:
        stable = bound and Stable(alone, bound)
        mixer = Mixer(np.random.default_rng(seed), model.vocabulary, together.stats().bounds, stable)
        mixes = Mixes(together, shuffled, alone, mixer, exact)
        return mixes, mixes.run(steps)


class Runner:
    def __init__(self, bundle):
        self.bundle, self.library = bundle, bundle.library()

    def run(self, case):
        entry = self.bundle.models[case]
        model = self.library.open(self.bundle.model_path(case))
        exact = self.bundle.device == "host"
        bound = None if exact else entry["bound"]
        mixes, problem = run(model, self.bundle.device, STEPS, self.bundle.seed, exact, bound=bound)
        model.close()
        detail = problem or f"{STEPS} steps, {mixes.rows} rows; against whole texts {mixes.off:.2g}"
        if stable := mixes.mixer.stable:
            detail += f"; {stable.kept} of {stable.drawn} texts"
        # Neither of two ways to compute a row is exact: they may be twice the bound apart.
        good = problem is None and max(mixes.worst, mixes.off) <= 2 * entry["bound"]
        yield Row("mixes", case, mixes.worst, 2 * entry["bound"], good, detail, group=case)
