#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the conformance vectors of similarity/* and quantize/planes from their definitions, in double precision and
without the library. Run from anywhere; the files beside it are replaced. Same seed, same files."""
import json
import math
import random
import struct
from pathlib import Path

HERE = Path(__file__).parent
rng = random.Random(20)


def f32(v):
    """The float nearest to v, as a double."""
    return struct.unpack("<f", struct.pack("<f", v))[0]


def f16(v):
    return struct.unpack("<e", struct.pack("<e", v))[0]


def vector(d, scale=1.0):
    return [f32(rng.gauss(0, 1) * scale) for _ in range(d)]


def codes(d):
    return [rng.randint(-128, 127) for _ in range(d)]


def dot(x, y):
    return math.fsum(a * b for a, b in zip(x, y))


def squared_l2(x, y):
    return math.fsum((a - b) ** 2 for a, b in zip(x, y))


def cosine(x, y):
    norms = math.sqrt(dot(x, x)) * math.sqrt(dot(y, y))
    return 0.0 if norms == 0 else max(-1.0, min(1.0, dot(x, y) / norms))


def hamming(x, y):
    return sum(bin(a ^ b).count("1") for a, b in zip(x, y))


def write(op, note, tolerance, cases):
    head = json.dumps({"format": 1, "op": op, "note": note, "tolerance": tolerance})[:-1]
    lines = ",\n".join("  " + json.dumps(c, separators=(",", ":")) for c in cases)
    (HERE / f"{op}.json").write_text(f'{head}, "cases": [\n{lines}\n]}}\n')


DIMS = [1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64, 100, 384, 513]


def pair_cases(name, function):
    cases = []
    for d in DIMS:
        x, y = vector(d), vector(d)
        cases.append({"name": f"f32 d={d}", "in": {"type": "f32", "x": x, "y": y}, "out": {name: function(x, y)}})
        a, b = codes(d), codes(d)
        cases.append({"name": f"i8 d={d}", "in": {"type": "i8", "x": a, "y": b}, "out": {name: function(a, b)}})
    worst = [-128] * 513
    cases.append({"name": "i8 all -128", "in": {"type": "i8", "x": worst, "y": worst}, "out": {name: function(worst, worst)}})
    x = vector(33)
    cases.append({"name": "the same vector", "in": {"type": "f32", "x": x, "y": x}, "out": {name: function(x, x)}})
    cases.append({"name": "zero vector", "in": {"type": "f32", "x": [0.0] * 5, "y": x[:5]}, "out": {name: function([0.0] * 5, x[:5])}})
    for scale in (2.0**-60, 2.0**60):
        a, b = vector(17, scale), vector(17, scale)
        cases.append({"name": f"scale {scale:g}", "in": {"type": "f32", "x": a, "y": b}, "out": {name: function(a, b)}})
    cases.append({"name": "dims differ", "in": {"type": "f32", "x": [1.0, 2.0], "y": [1.0]}, "error": "dimension_mismatch"})
    return cases


PAIR_NOTE = "type f32: numbers are floats; i8: integers in -128..127, exact. "
write("similarity/dot", PAIR_NOTE + "out.dot = sum x_i y_i", {"rel": 1e-5, "abs": 2e-5}, pair_cases("dot", dot))
write("similarity/squared_l2", PAIR_NOTE + "out.squared_l2 = sum (x_i - y_i)^2", {"rel": 2e-6, "abs": 1e-6}, pair_cases("squared_l2", squared_l2))
write("similarity/cosine", PAIR_NOTE + "out.cosine = <x, y> / (|x| |y|), clamped to [-1, 1]; 0 when a norm is 0", {"rel": 1e-5, "abs": 2e-6}, pair_cases("cosine", cosine))

cases = []
for n in [1, 2, 7, 8, 9, 15, 16, 17, 31, 48, 63, 64, 65, 96, 129]:
    x, y = ([rng.randint(0, 255) for _ in range(n)] for _ in range(2))
    cases.append({"name": f"{n} bytes", "in": {"x": x, "y": y}, "out": {"hamming": hamming(x, y)}})
cases.append({"name": "all different", "in": {"x": [0] * 70, "y": [255] * 70}, "out": {"hamming": 560}})
cases.append({"name": "lengths differ", "in": {"x": [1, 2], "y": [1]}, "error": "dimension_mismatch"})
write("similarity/hamming", "x, y: bytes 0..255. out.hamming = number of bits that differ", {"rel": 0, "abs": 0}, cases)


def unit(x):
    length = math.sqrt(math.fsum(v * v for v in x))
    return [f32(v / length) for v in x]


def planes(x, q):
    """The three levels of one vector; None when a value lies so close to a step that rounding decides."""
    x, q = unit(x), unit(q)
    steps = [v * 127.5 / max(map(abs, x)) for v in x]
    if any(0 < abs(s - round(s)) < 1e-3 for s in steps if abs(s) < 127.4):
        return None
    c = [max(-128, min(127, math.floor(s))) for s in steps]
    factors, levels = [], []
    for bits in (1, 4, 8):
        w = [(v >> (8 - bits)) + 0.5 for v in c]
        factor = dot(x, x) / dot(x, w)
        factors.append(f16(factor) if bits < 8 else f32(factor))
        levels.append(w)
    # Level 1: groups of four dims, sums of |q_j| where the sign agrees, in 7 bits.
    groups = [range(g, min(g + 4, len(q))) for g in range(0, len(q), 4)]
    scale = 127 / max(math.fsum(abs(q[j]) for j in g) for g in groups)
    total = 0
    for g in groups:
        entry = math.fsum(abs(q[j]) for j in g if (q[j] > 0) == (c[j] >= 0)) * scale
        if abs(entry - math.floor(entry) - 0.5) < 1e-3:
            return None
        total += round(entry)
    first = factors[0] * (total / scale - 0.5 * math.fsum(map(abs, q)))
    # Levels 2 and 3: the query in int8.
    step = max(map(abs, q)) / 127
    if any(abs(v / step - math.floor(v / step) - 0.5) < 1e-3 for v in q):
        return None
    q8 = [round(v / step) for v in q]
    estimates = [first] + [factors[i] * dot(levels[i], q8) * step for i in (1, 2)]
    return {"codes": c, "factors": factors, "estimates": estimates}


cases = []
for d in [2, 3, 4, 5, 16, 17, 33, 64, 100, 130, 384]:
    for _ in range(1000):
        x, q = vector(d), vector(d)
        out = planes(x, q)
        if out:
            cases.append({"name": f"d={d}", "in": {"x": x, "q": q}, "out": out})
            break
    else:
        # Long vectors nearly always have a value beside a step: move those off it.
        while not (out := planes(x, q)):
            x, q = [f32(v * (1 + rng.gauss(0, 0.05))) for v in x], [f32(v * (1 + rng.gauss(0, 0.05))) for v in q]
        cases.append({"name": f"d={d}", "in": {"x": x, "q": q}, "out": out})
cases.append({"name": "dims differ", "in": {"x": [1.0, 2.0], "q": [1.0]}, "error": "dimension_mismatch"})
cases.append({"name": "zero vector", "in": {"x": [0.0, 0.0], "q": [1.0, 2.0]}, "error": "zero_norm"})
cases.append({"name": "not finite", "in": {"x": [1.0, "inf"], "q": [1.0, 2.0]}, "error": "not_finite"})
write(
    "quantize/planes",
    "x, q are brought to unit length. codes: mid-rise int8, floor(x * 127.5 / max|x|), -128..127. factors: |x|^2 / <x, w> of 1, 4 and 8 bits with "
    "w = (code >> (8 - bits)) + 1/2, stored as f16, f16, f32. estimates of <x, q> at levels 1 (7-bit tables of four dims), 2 and 3 (int8 query).",
    {"rel": 1e-4, "abs": 2e-6},
    cases,
)
