#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the conformance vectors of similarity/* and quantize/planes from their definitions, in double precision and
without the library. Run from anywhere; the files beside it are replaced. Same seed, same files. Not written here, but given: box,
csd, dtw, gaussian_kl, geometry, pcme_match, sequence_match, snr and soft_cosine of similarity, and what has a file of edges beside it."""
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


def write(op, note, tolerance, cases, file=None):
    head = json.dumps({"format": 1, "op": op, "note": note, "tolerance": tolerance})[:-1]
    lines = ",\n".join("  " + json.dumps(c, separators=(",", ":")) for c in cases)
    (HERE / f"{file or op}.json").write_text(f'{head}, "cases": [\n{lines}\n]}}\n')


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


# The similarities below have a generator of their own, so that they leave the numbers of the others as they are.
own = random.Random(30)


def vectors(n, d, scale=1.0):
    return [[f32(own.gauss(0, 1) * scale) for _ in range(d)] for _ in range(n)]


def weights_of(n):
    return [f32(own.uniform(0, 2)) for _ in range(n)]


def case(name, given, out):
    return {"name": name, "in": given, "out": out}


def refused(name, given, error):
    return {"name": name, "in": given, "error": error}


FLOATS = {"rel": 1e-5, "abs": 2e-6}


def jaccard(x, y):
    sets = [{8 * i + b for i, v in enumerate(s) for b in range(8) if v >> b & 1} for s in (x, y)]
    either = sets[0] | sets[1]
    return len(sets[0] & sets[1]) / len(either) if either else 1.0


cases = []
for n in [1, 2, 7, 8, 9, 15, 16, 17, 31, 48, 63, 64, 65, 96, 129]:
    x, y = ([own.randint(0, 255) & own.randint(0, 255) for _ in range(n)] for _ in range(2))
    cases.append(case(f"{n} bytes", {"x": x, "y": y}, {"jaccard": jaccard(x, y)}))
cases.append(case("two empty sets", {"x": [0] * 9, "y": [0] * 9}, {"jaccard": 1.0}))
cases.append(case("no bytes", {"x": [], "y": []}, {"jaccard": 1.0}))
cases.append(case("nothing in common", {"x": [170] * 9, "y": [85] * 9}, {"jaccard": 0.0}))
cases.append(case("the last bit alone", {"x": [0] * 16 + [128], "y": [0] * 16 + [128]}, {"jaccard": 1.0}))
cases.append(refused("lengths differ", {"x": [1, 2], "y": [1]}, "dimension_mismatch"))
write("similarity/jaccard", "x, y: bytes 0..255. out.jaccard = bits in both / bits in either, 1 when there are none", {"rel": 1e-7, "abs": 0}, cases)


def kernels(x, y, gamma, degree, c, gammas, weights):
    apart = squared_l2(x, y)
    out = {
        "rbf": math.exp(-gamma * apart),
        "laplacian": math.exp(-gamma * math.fsum(abs(a - b) for a, b in zip(x, y))),
        "polynomial": (gamma * dot(x, y) + c) ** degree,
        "rbf_mixture": math.fsum(math.exp(-g * apart) for g in gammas) / len(gammas),
    }
    out["mixture"] = math.fsum(w * out[k] for w, k in zip(weights, ("rbf", "laplacian", "polynomial")))
    return out


cases = []
for d, degree in [(1, 1), (2, 2), (5, 3), (16, 2), (33, 5), (128, 2)]:
    x, y = vectors(2, d, 0.5)
    given = {"gamma": 1 / d, "degree": degree, "c": own.choice([0.0, 1.0, 0.5]), "gammas": [0.25 / d, 1 / d, 4 / d], "weights": [0.5, 0.25, 1.5]}
    cases.append(case(f"d={d} degree={degree}", {"x": x, "y": y, **given}, kernels(x, y, **given)))
x, y = vectors(2, 4)
cases.append(case("defaults", {"x": x, "y": y}, {"rbf": math.exp(-squared_l2(x, y)), "polynomial": (dot(x, y) + 1) ** 2}))
cases.append(case("the same vector", {"x": x, "y": x, "gammas": [1, 2]}, {"rbf": 1.0, "laplacian": 1.0, "rbf_mixture": 1.0}))
cases.append(refused("gamma 0", {"x": x, "y": y, "gamma": 0}, "invalid_argument"))
cases.append(refused("degree 0", {"x": x, "y": y, "degree": 0}, "invalid_argument"))
cases.append(refused("c below 0", {"x": x, "y": y, "c": -1}, "invalid_argument"))
cases.append(refused("no gammas", {"x": x, "y": y, "gammas": []}, "invalid_argument"))
cases.append(refused("weights 0", {"x": x, "y": y, "weights": [0, 0, 0]}, "invalid_argument"))
cases.append(refused("dims differ", {"x": x, "y": y[:3]}, "dimension_mismatch"))
cases.append(refused("not finite", {"x": x, "y": ["nan", *y[1:]]}, "not_finite"))
note = "rbf exp(-gamma |x-y|^2), laplacian exp(-gamma |x-y|_1), polynomial (gamma <x,y> + c)^degree (defaults 1, 2, 1), rbf_mixture the mean over gammas, "
write("similarity/kernels", note + "mixture weights of rbf, laplacian, polynomial", {"rel": 5e-5, "abs": 1e-6}, cases)

cases = []
for n in [1, 2, 3, 8]:
    parts, w = [f32(own.uniform(0.05, 1)) for _ in range(n)], weights_of(n)
    cases.append(case(f"{n} parts", {"parts": parts}, {"harmonic": n / math.fsum(1 / p for p in parts)}))
    mean = math.fsum(w) / math.fsum(v / p for v, p in zip(w, parts))
    cases.append(case(f"{n} weighted parts", {"parts": parts, "weights": w}, {"harmonic": mean}))
cases.append(case("a part of 0", {"parts": [0.9, 0.0, 0.9]}, {"harmonic": 0.0}))
cases.append(case("a part below 0", {"parts": [0.9, -0.1]}, {"harmonic": 0.0}))
cases.append(case("a part below 0 of weight 0", {"parts": [0.75, -0.1], "weights": [2, 0]}, {"harmonic": 0.75}))
cases.append(refused("no parts", {"parts": []}, "invalid_argument"))
cases.append(refused("weights of 0", {"parts": [1, 1], "weights": [0, 0]}, "invalid_argument"))
cases.append(refused("a weight below 0", {"parts": [1, 1], "weights": [2, -1]}, "invalid_argument"))
cases.append(refused("a weight too many", {"parts": [1, 1], "weights": [1, 1, 1]}, "dimension_mismatch"))
cases.append(refused("not finite", {"parts": [1, "inf"]}, "not_finite"))
write("similarity/harmonic", "sum w / sum(w / part), w = 1 without weights; 0 when a part that counts is not positive", {"rel": 1e-6, "abs": 0}, cases)


def harmonic_max(distances, n):
    nearest = min(distances)
    if nearest == 0:
        return [(d == 0) / distances.count(0) for d in distances]
    share = [(nearest / d) ** n for d in distances]
    return [s / math.fsum(share) for s in share]


cases = []
for n, exponent in [(1, 1), (3, 2), (10, 19.6), (5, 0.5)]:
    distances = [f32(own.uniform(0.5, 3)) for _ in range(n)]
    cases.append(case(f"{n} candidates", {"distances": distances, "exponent": exponent}, {"probabilities": harmonic_max(distances, exponent)}))
cases.append(case("distances of 0", {"distances": [1, 0, 0], "exponent": 3}, {"probabilities": [0, 0.5, 0.5]}))
far = [f32(1e-30), f32(2e-30), f32(1e30)]
cases.append(case("powers beyond double", {"distances": far, "exponent": 40}, {"probabilities": harmonic_max(far, 40)}))
cases.append(refused("a distance below 0", {"distances": [1, -1], "exponent": 1}, "invalid_argument"))
cases.append(refused("exponent 0", {"distances": [1], "exponent": 0}, "invalid_argument"))
cases.append(refused("no distances", {"distances": [], "exponent": 1}, "invalid_argument"))
cases.append(refused("not finite", {"distances": ["inf", 1], "exponent": 1}, "not_finite"))
write("similarity/harmonic_max", "d_i^-exponent / sum_j d_j^-exponent; distances of 0 share it all", {"rel": 1e-6, "abs": 1e-9}, cases)


def weighted_cosine(x, y, w):
    inner = lambda a, b: math.fsum(u * v * p for u, v, p in zip(a, b, w))
    norms = math.sqrt(inner(x, x)) * math.sqrt(inner(y, y))
    return inner(x, y) / norms if norms else 0.0


cases = []
for d in [1, 2, 7, 16, 33, 384]:
    x, y = vectors(2, d)
    w, mask = weights_of(d), [1] + [own.randint(0, 1) for _ in range(d - 1)]
    out = {"weighted": weighted_cosine(x, y, w), "masked": weighted_cosine(x, y, [m * m for m in mask])}
    cases.append(case(f"d={d}", {"x": x, "y": y, "weights": w, "mask": mask}, out))
    mask = [f32(own.gauss(0, 1)) for _ in range(d)]
    cases.append(case(f"a mask of real numbers, d={d}", {"x": x, "y": y, "mask": mask}, {"masked": weighted_cosine(x, y, [m * m for m in mask])}))
x, y = vectors(2, 4)
cases.append(case("equal weights", {"x": x, "y": y, "weights": [3] * 4}, {"weighted": cosine(x, y)}))
cases.append(case("zero where it counts", {"x": [0, 1], "y": [1, 1], "weights": [1, 0], "mask": [1, 0]}, {"weighted": 0.0, "masked": 0.0}))
cases.append(refused("a weight below 0", {"x": x, "y": y, "weights": [1, 1, -1, 1]}, "invalid_argument"))
cases.append(refused("weights 0", {"x": x, "y": y, "weights": [0] * 4}, "invalid_argument"))
cases.append(refused("a mask that leaves nothing", {"x": x, "y": y, "mask": [0] * 4}, "invalid_argument"))
cases.append(refused("a weight too few", {"x": x, "y": y, "weights": [1] * 3}, "dimension_mismatch"))
cases.append(refused("dims differ", {"x": x, "y": y[:3], "weights": [1] * 4}, "dimension_mismatch"))
cases.append(refused("not finite", {"x": x, "y": y, "mask": [1, 1, 1, "inf"]}, "not_finite"))
note = "weighted: sum w x y / sqrt(sum w x^2 sum w y^2); masked: the cosine of mask * x and mask * y; 0 when nothing is left"
write("similarity/weighted_cosine", note, FLOATS, cases)


def max_sim(query, item):
    return math.fsum(max(dot(q, t) for t in item) for q in query)


def max_sims(query, item):
    there, back = max_sim(query, item), max_sim(item, query)
    return {"max_sim": there, "reverse": back, "symmetric": (there / len(query) + back / len(item)) / 2}


cases = []
for m, n, d in [(1, 1, 1), (1, 7, 3), (5, 2, 16), (3, 4, 17), (4, 9, 33), (12, 30, 16)]:
    query, item = vectors(m, d), vectors(n, d)
    cases.append(case(f"{m} x {n} tokens of {d}", {"query": query, "item": item}, max_sims(query, item)))
query, item = [[1.0, 0.0], [0.0, 1.0]], [[-1.0, -2.0], [-3.0, -0.5]]
cases.append(case("all products negative", {"query": query, "item": item}, max_sims(query, item)))
cases.append(refused("no query", {"query": [], "item": item}, "invalid_argument"))
cases.append(refused("no item", {"query": query, "item": []}, "invalid_argument"))
cases.append(refused("dims differ", {"query": query, "item": [[1.0]]}, "dimension_mismatch"))
cases.append(refused("not finite", {"query": query, "item": [["nan", 1.0]]}, "not_finite"))
note = "max_sim: sum over the query's tokens of the largest inner product; symmetric: mean of both directions, each divided by its number of tokens"
write("similarity/max_sim", note, FLOATS, cases)


def weighted_mean(tokens, w):
    return [math.fsum(v * t[i] for v, t in zip(w, tokens)) / math.fsum(w) for i in range(len(tokens[0]))]


def pooling(tokens, w, query, p, temperature):
    scores = [dot(query, t) / temperature for t in tokens]
    soft = [math.exp(s - max(scores)) for s in scores]
    columns = [[max(1e-6, t[i]) for t in tokens] for i in range(len(query))]
    return {
        "mean": weighted_mean(tokens, [1] * len(tokens)),
        "weighted": weighted_mean(tokens, w),
        "query_weighted": weighted_mean(tokens, soft),
        "generalised": [(math.fsum(v**p for v in c) / len(c)) ** (1 / p) for c in columns],
    }


cases = []
for n, d, p, temperature in [(1, 3, 3, 0.1), (2, 5, 1, 1.0), (7, 16, 3, 0.5), (20, 33, 6.5, 2.0)]:
    tokens, query, w = vectors(n, d), vectors(1, d)[0], weights_of(n)
    given = {"tokens": tokens, "weights": w, "query": query, "p": p, "temperature": temperature}
    cases.append(case(f"{n} tokens of {d}", given, pooling(tokens, w, query, p, temperature)))
tokens = vectors(3, 2)
cases.append(case("a mask", {"tokens": tokens, "weights": [1, 0, 1]}, {"weighted": weighted_mean(tokens, [1, 0, 1])}))
cases.append(case("a temperature near 0", {"tokens": [[1.0, 0.0], [0.0, 1.0]], "query": [2.0, 1.0], "temperature": 1e-4}, {"query_weighted": [1.0, 0.0]}))
cases.append(case("nothing positive", {"tokens": [[-1.0], [-2.0]]}, {"generalised": [1e-6], "mean": [-1.5]}))
cases.append(refused("no tokens", {"tokens": []}, "invalid_argument"))
cases.append(refused("weights 0", {"tokens": tokens, "weights": [0, 0, 0]}, "invalid_argument"))
cases.append(refused("a weight below 0", {"tokens": tokens, "weights": [1, 1, -1]}, "invalid_argument"))
cases.append(refused("a weight too few", {"tokens": tokens, "weights": [1, 1]}, "dimension_mismatch"))
cases.append(refused("p 0", {"tokens": tokens, "p": 0}, "invalid_argument"))
cases.append(refused("temperature 0", {"tokens": tokens, "query": [1, 1], "temperature": 0}, "invalid_argument"))
cases.append(refused("another dimension", {"tokens": tokens, "query": [1]}, "dimension_mismatch"))
cases.append(refused("not finite", {"tokens": [[1.0, "inf"]]}, "not_finite"))
note = "mean; weighted: sum w x / sum w; query_weighted: w = softmax(<query, x> / temperature); generalised: (mean max(x, 1e-6)^p)^(1/p), p 3 by default"
write("similarity/pooling", note, FLOATS, cases)


def merge_tokens(tokens, max_tokens, threshold):
    """None when two pairs are too close to call."""
    runs = [[t] for t in tokens]
    while len(runs) > max_tokens:
        means = [weighted_mean(r, [1] * len(r)) for r in runs]
        pairs = sorted(((cosine(a, b), i) for i, (a, b) in enumerate(zip(means, means[1:]))), reverse=True)
        if len(pairs) > 1 and pairs[0][0] - pairs[1][0] < 1e-6 or abs(pairs[0][0] - threshold) < 1e-6:
            return None
        if pairs[0][0] < threshold:
            break
        at = pairs[0][1]
        runs[at : at + 2] = [runs[at] + runs[at + 1]]
    return {"tokens": [weighted_mean(r, [1] * len(r)) for r in runs], "counts": [len(r) for r in runs]}


cases = []
for n, d, given in [(6, 4, {"max_tokens": 3}), (12, 3, {"threshold": 0.5}), (30, 16, {"max_tokens": 8}), (20, 2, {"max_tokens": 5, "threshold": 0.9}), (9, 5, {})]:
    tokens = vectors(n, d)
    out = merge_tokens(tokens, given.get("max_tokens", 1), given.get("threshold", -1))
    assert out
    cases.append(case(f"{n} tokens of {d}", {"tokens": tokens, **given}, out))
tokens = vectors(3, 4)
cases.append(case("few enough", {"tokens": tokens, "max_tokens": 3}, {"tokens": tokens, "counts": [1, 1, 1]}))
cases.append(case("opposites stay apart", {"tokens": [[1.0], [-1.0]], "threshold": 0}, {"tokens": [[1.0], [-1.0]], "counts": [1, 1]}))
cases.append(refused("no tokens", {"tokens": []}, "invalid_argument"))
cases.append(refused("max_tokens 0", {"tokens": tokens, "max_tokens": 0}, "invalid_argument"))
cases.append(refused("not finite", {"tokens": [["inf"]]}, "not_finite"))
note = "the neighbours of largest cosine (of the means of their runs) become one run, until max_tokens (1) are left or no cosine reaches threshold (-1); means"
write("similarity/merge_tokens", note, FLOATS, cases)


def vote_offsets(votes, bin, background):
    """None when a vote is too close to the edge of its bin."""
    bins = {}
    for v in votes:
        offset = v["item_time"] - v["query_time"]
        if abs(offset / bin % 1 - 0.5) < 1e-6:
            return None
        bins.setdefault((v["group"], round(offset / bin)), []).append((offset, v["similarity"] - background))
    score = {k: math.fsum(w for _, w in b) for k, b in bins.items()}
    beside = lambda k, step: score.get((k[0], k[1] + step), -math.inf)
    peaks = [
        {"group": k[0], "offset": math.fsum(o for o, _ in b) / len(b), "score": score[k], "votes": len(b)}
        for k, b in bins.items()
        if score[k] > 0 and score[k] > beside(k, -1) and score[k] >= beside(k, 1)
    ]
    return sorted(peaks, key=lambda p: -p["score"])


def vote(group, query_time, item_time, similarity):
    return {"group": group, "query_time": query_time, "item_time": item_time, "similarity": f32(similarity)}


cases = []
for chance, true, bin, background in [(10, 5, 1, 0), (60, 12, 2, 0.25), (200, 10, 0.5, 0.375), (1, 0, 1, 0)]:
    votes = [vote(own.randint(0, 3), own.uniform(0, 20), own.uniform(0, 60), own.uniform(0.2, 0.5)) for _ in range(chance)]
    votes += [vote(2, t, t + 17.1 + own.uniform(-0.1, 0.1), own.uniform(0.6, 0.9)) for t in range(true)]
    own.shuffle(votes)
    out = vote_offsets(votes, bin, background)
    assert out is not None
    cases.append(case(f"{len(votes)} votes", {"votes": votes, "bin": bin, "background": background}, {"peaks": out}))
pair = [vote(7, 0, -3, 0.5), vote(7, 1, -1, 0.5)]
cases.append(case("of equal neighbours the smaller", {"votes": pair, "bin": 1}, {"peaks": [{"group": 7, "offset": -3.0, "score": 0.5, "votes": 1}]}))
cases.append(case("below the background", {"votes": pair, "bin": 1, "background": 0.75}, {"peaks": []}))
cases.append(case("no votes", {"votes": [], "bin": 1}, {"peaks": []}))
cases.append(refused("bin 0", {"votes": pair, "bin": 0}, "invalid_argument"))
cases.append(refused("not finite", {"votes": [{**pair[0], "item_time": "inf"}], "bin": 1}, "not_finite"))
cases.append(refused("too far", {"votes": [{**pair[0], "item_time": 1e300}], "bin": 1}, "out_of_range"))
note = "bins of item_time - query_time of a group, around multiples of bin; score = sum(similarity - background); peaks: positive, larger than the bin before "
write("similarity/vote_offsets", note + "and not smaller than the one behind; offset = mean of the votes'; best first", FLOATS, cases)


# What the given files leave out: ends, limits and bad input.
def edges(op, tolerance, cases):
    write(f"similarity/{op}", f"ends, limits and bad input of similarity/{op}", tolerance, cases, f"similarity/{op}_edges")


def gaussian(d, low=0.05):
    return {"mean": vectors(1, d)[0], "var": [f32(own.uniform(low, 2 + low)) for _ in range(d)]}


def kl(q, d):
    terms = zip(q["mean"], q["var"], d["mean"], d["var"])
    return 0.5 * math.fsum(math.log(vd / vq) - 1 + (vq + (mq - md) ** 2) / vd for mq, vq, md, vd in terms)


def kl_out(q, docs):
    rest = math.fsum(map(math.log, q["var"])) + len(q["var"])
    dots = [-2 * kl(q, d) - rest for d in docs]
    return {"kl": [kl(q, d) for d in docs], "dot": dots, "order": sorted(range(len(docs)), key=lambda i: -dots[i])}


cases = []
for k, n in [(1, 2), (3, 5), (768, 3)]:
    q, docs = gaussian(k), [gaussian(k) for _ in range(n)]
    cases.append(case(f"{n} docs of {k}", {"query": q, "docs": docs}, kl_out(q, docs)))
narrow = {"mean": [0.0] * 400, "var": [f32(1e-3)] * 400}
wide = {"mean": [1.0] * 400, "var": [10.0] * 400}
cases.append(case("a product of variances would underflow", {"query": narrow, "docs": [wide]}, kl_out(narrow, [wide])))
q = gaussian(2)
cases.append(case("the query itself", {"query": q, "docs": [q]}, {"kl": [0.0]}))
cases.append(case("no docs", {"query": q, "docs": []}, {"kl": [], "dot": [], "order": []}))
for name, doc, error in [
    ("a variance of 0", {"mean": [1, 2], "var": [1, 0]}, "invalid_argument"),
    ("a negative variance", {"mean": [1, 2], "var": [1, -1]}, "invalid_argument"),
    ("dims differ", {"mean": [1], "var": [1]}, "dimension_mismatch"),
    ("a variance too few", {"mean": [1, 2], "var": [1]}, "dimension_mismatch"),
    ("not finite", {"mean": [1, "nan"], "var": [1, 1]}, "not_finite"),
    ("an infinite variance", {"mean": [1, 1], "var": [1, "inf"]}, "not_finite"),
]:
    cases.append(refused(name, {"query": q, "docs": [doc]}, error))
    cases.append(refused(f"{name}, in the query", {"query": doc, "docs": [q]}, error))
edges("gaussian_kl", {"rel": 1e-5, "abs": 1e-4}, cases)


def csd(m1, v1, m2, v2, a=5, b=5):
    distance = squared_l2(m1, m2) + math.fsum(v1) + math.fsum(v2)
    logit = b - a * distance
    e = math.exp(-abs(logit))
    wasserstein = squared_l2(m1, m2) + math.fsum((math.sqrt(p) - math.sqrt(q)) ** 2 for p, q in zip(v1, v2))
    return {"csd": distance, "logit": logit, "probability": (1 if logit >= 0 else e) / (1 + e), "wasserstein": wasserstein}


def csd_in(x, y, **more):
    return {"mean1": x["mean"], "var1": x["var"], "mean2": y["mean"], "var2": y["var"], **more}


cases = []
for d, a, b in [(1, 5, 5), (7, 0.1, 1), (64, 0.01, 0.5), (3, 1000, -3), (3, 0.001, 800)]:
    x, y = gaussian(d), gaussian(d)
    out = csd(x["mean"], x["var"], y["mean"], y["var"], a, b)
    cases.append(case(f"d={d} a={a} b={b}", csd_in(x, y, a=a, b=b), out))
points = {"mean": [1, 2], "var": [0, 0]}, {"mean": [1, 3], "var": [0, 0]}
cases.append(case("points, default a and b", csd_in(*points), csd([1, 2], [0, 0], [1, 3], [0, 0])))
x = gaussian(2)
cases.append(refused("a negative variance", csd_in(x, {"mean": [1, 2], "var": [1, -1]}), "invalid_argument"))
cases.append(refused("dims differ", csd_in(x, gaussian(3)), "dimension_mismatch"))
cases.append(refused("a variance too few", csd_in(x, {"mean": [1, 2], "var": [1]}), "dimension_mismatch"))
cases.append(refused("not finite", csd_in(x, {"mean": [1, "inf"], "var": [1, 1]}), "not_finite"))
cases.append(refused("a = 0", csd_in(*points, a=0), "invalid_argument"))
edges("csd", {"rel": 1e-5, "abs": 1e-6}, cases)


def pcme(x, y, a, b):
    e = lambda s: math.exp(min(s, 0) * 2) / (1 + math.exp(-2 * abs(s)))
    return math.fsum(e(b - a * math.sqrt(squared_l2(p, q))) for p in x for q in y) / len(x) / len(y)


cases = []
for m, n, d, a, b in [(1, 1, 1, 5, 5), (3, 8, 7, 0.5, 1), (8, 2, 64, 0.1, 1), (2, 2, 3, 1e5, 5), (2, 2, 3, 0.1, 1e5)]:
    x, y = vectors(m, d), vectors(n, d)
    cases.append(case(f"{m} x {n} of {d}, a={a} b={b}", {"samples1": x, "samples2": y, "a": a, "b": b}, {"probability": pcme(x, y, a, b)}))
cases.append(refused("no samples", {"samples1": x, "samples2": []}, "invalid_argument"))
cases.append(refused("dims differ", {"samples1": x, "samples2": [[1.0]]}, "dimension_mismatch"))
cases.append(refused("not finite", {"samples1": x, "samples2": [["nan", 1, 1]]}, "not_finite"))
cases.append(refused("a below 0", {"samples1": x, "samples2": x, "a": -1}, "invalid_argument"))
edges("pcme_match", {"rel": 2e-5, "abs": 1e-7}, cases)


def lorentz(x, y, c):
    times = [math.sqrt(1 / c + dot(v, v)) for v in (x, y)]
    return math.acosh(max(1 + 1e-8, -c * (dot(x, y) - times[0] * times[1]))) / math.sqrt(c)


def geometry(x, y):
    r = math.sqrt(dot(x, x))
    stretch = math.sinh(min(r, math.asinh(2**15))) / r if r else 1
    out = {"lorentz_c1": lorentz(x, y, 1), "lorentz_c05": lorentz(x, y, 0.5), "neg_sq_euclid": -squared_l2(x, y)}
    return {**out, "exp_map0_x": [stretch * v for v in x]}


cases = []
for d, scale in [(1, 1), (2, 0.01), (16, 0.5), (128, 0.3), (3, 30)]:
    x, y = vectors(2, d, scale)
    cases.append(case(f"d={d} scale={scale}", {"x": x, "y": y}, geometry(x, y)))
cases.append(case("the origin", {"x": [0.0, 0.0], "y": [1.0, 2.0]}, geometry([0.0, 0.0], [1.0, 2.0])))
cases.append(case("the same point", {"x": [1.0, 2.0], "y": [1.0, 2.0]}, geometry([1.0, 2.0], [1.0, 2.0])))
cases.append(refused("dims differ", {"x": [1.0, 2.0], "y": [1.0]}, "dimension_mismatch"))
cases.append(refused("not finite", {"x": [1.0, "inf"], "y": [1.0, 2.0]}, "not_finite"))
edges("geometry", {"rel": 1e-5, "abs": 1e-6}, cases)


def box(c1, o1, c2, o2):
    def logs(side):
        sides = [(min(a + o, b + p) - max(a - o, b - p), 2 * o) for a, o, b, p in zip(c1, o1, c2, o2)]
        return math.exp(math.fsum(side(both) - side(given) for both, given in sides))

    soft = lambda s: math.log(math.log1p(math.exp(5 * s))) if s > -7 else 5 * s
    return {"hard": logs(lambda s: math.log(s) if s > 0 else -math.inf), "soft_beta5": logs(soft)}


cases = []
boxes = [([0.0, 0.0], [1.0, 1.0]), ([0.5, 0.0], [2.0, 4.0]), ([3.0, 0.0], [1.0, 1.0]), ([40.0, 0.0], [1.0, 1.0]), ([0.25, 0.25], [0.0, 0.5])]
for i, (c1, o1) in enumerate(boxes):
    for j, (c2, o2) in enumerate(boxes):
        if all(o1):
            cases.append(case(f"{j} in {i}", {"c1": c1, "o1": o1, "c2": c2, "o2": o2}, box(c1, o1, c2, o2)))
        else:
            cases.append(refused(f"{j} in {i}", {"c1": c1, "o1": o1, "c2": c2, "o2": o2}, "invalid_argument"))
many = [0.0] * 400, [f32(0.001)] * 400, [0.0] * 400, [f32(0.00099)] * 400
cases.append(case("volumes that underflow", dict(zip(("c1", "o1", "c2", "o2"), many)), box(*many)))
good = {"c1": [0.0, 0.0], "o1": [1.0, 1.0], "c2": [0.0, 0.0], "o2": [1.0, 1.0]}
cases.append(refused("a negative offset", {**good, "o2": [1.0, -1.0]}, "invalid_argument"))
cases.append(refused("dims differ", {**good, "c2": [0.0], "o2": [1.0]}, "dimension_mismatch"))
cases.append(refused("an offset too few", {**good, "o1": [1.0]}, "dimension_mismatch"))
cases.append(refused("not finite", {**good, "c1": [0.0, "nan"]}, "not_finite"))
edges("box", {"rel": 1e-5, "abs": 1e-9}, cases)


def variance(x):
    mean = math.fsum(x) / len(x)
    return math.fsum((v - mean) ** 2 for v in x)


def snr(anchor, other):
    noise, signal = variance([b - a for a, b in zip(anchor, other)]), variance(anchor)
    return 0.0 if noise == 0 else noise / signal if signal else "inf"


cases = []
for d in [2, 3, 16, 33, 384]:
    x, y = vectors(2, d)
    cases.append(case(f"d={d}", {"anchor": x, "other": y}, {"distance": snr(x, y), "reverse": snr(y, x)}))
ramp, flat = [1.0, 2.0, 3.0, 4.0], [2.0] * 4
cases.append(case("a constant anchor", {"anchor": flat, "other": ramp}, {"distance": "inf", "reverse": 1.0}))
cases.append(case("a constant difference", {"anchor": ramp, "other": [v + 3 for v in ramp]}, {"distance": 0.0, "reverse": 0.0}))
cases.append(case("far from 0", {"anchor": [v + 4096 for v in ramp], "other": [4096.0, 4100.0, 4099.0, 4098.5]}, {"distance": snr(ramp, [0.0, 4.0, 3.0, 2.5])}))
cases.append(refused("dims differ", {"anchor": ramp, "other": ramp[:3]}, "dimension_mismatch"))
cases.append(refused("not finite", {"anchor": ramp, "other": [*ramp[:3], "inf"]}, "not_finite"))
cases.append(refused("no dimensions", {"anchor": [], "other": []}, "invalid_argument"))
edges("snr", {"rel": 1e-6, "abs": 0}, cases)


def soft_cosine(s, a, b):
    form = lambda x, y: math.fsum(x[i] * s[i][j] * y[j] for i in range(len(x)) for j in range(len(y)))
    norms = math.sqrt(form(a, a) * form(b, b))
    return {"soft": form(a, b) / norms if norms else 0.0, "plain": cosine(a, b)}


cases = []
for t in [1, 2, 5, 30]:
    root, a, b = vectors(t, t + 2), weights_of(t), weights_of(t)
    s = [[f32(dot(x, y)) for y in root] for x in root]
    cases.append(case(f"S of {t} terms", {"S": s, "a": a, "b": b}, soft_cosine(s, a, b)))
root, a, b = vectors(12, 3), weights_of(12), weights_of(12)
s = [[f32(dot(x, y)) for y in root] for x in root]
cases.append(case("S of rank 3", {"S": s, "a": a, "b": b}, soft_cosine(s, a, b)))
cases.append(case("an empty bag", {"S": [[1, 0.5], [0.5, 1]], "a": [0, 0], "b": [1, 1]}, {"soft": 0.0, "plain": 0.0}))
terms = [[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]]
near = [[1.0, 0.25, 0.0], [0.25, 1.0, 0.25], [0.0, 0.25, 1.0]]
out = {"S": near, **soft_cosine(near, [1, 0, 0], [0, 1, 0])}
cases.append(case("cosines to the fourth", {"terms": terms, "a": [1, 0, 0], "b": [0, 1, 0], "exponent": 4}, out))
out = {"S": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "soft": 0.0, "plain": 0.0}
cases.append(case("below the threshold", {"terms": terms, "a": [1, 0, 0], "b": [0, 1, 0], "threshold": 0.75}, out))
for name, s in [("a negative eigenvalue", [[1, 2], [2, 1]]), ("a negative diagonal", [[1, 0], [0, -1]]), ("not symmetric", [[1, 0.5], [0.25, 1]])]:
    cases.append(refused(name, {"S": s, "a": [1, 0], "b": [0, 1]}, "invalid_argument"))
cases.append(refused("a bag too long", {"terms": terms, "a": [1] * 4, "b": [1] * 4}, "dimension_mismatch"))
cases.append(refused("dims differ", {"terms": terms, "a": [1] * 3, "b": [1] * 4}, "dimension_mismatch"))
cases.append(refused("not finite", {"terms": [*terms[:2], ["nan", 1]], "a": [1] * 3, "b": [1] * 3}, "not_finite"))
edges("soft_cosine", {"rel": 2e-5, "abs": 2e-6}, cases)


def dtw(a, b, window, distance):
    window = max(len(a), len(b)) if window is None else max(window, abs(len(a) - len(b)))
    cells, nowhere = {(-1, -1): (0.0, 0)}, (math.inf, 0)
    for i in range(len(a)):
        for j in range(max(0, i - window), min(len(b), i + window + 1)):
            before = min((cells.get(k, nowhere) for k in ((i - 1, j - 1), (i - 1, j), (i, j - 1))), key=lambda c: c[0])
            cells[i, j] = before[0] + distance(a[i], b[j]), before[1] + 1
    return cells[len(a) - 1, len(b) - 1]


def resample(a, frames):
    places = [divmod(t * (len(a) - 1), max(frames - 1, 1)) for t in range(frames)]
    mix = lambda x, y, share: [u * (1 - share) + v * share for u, v in zip(x, y)]
    return [mix(a[i], a[min(i + 1, len(a) - 1)], part / max(frames - 1, 1)) for i, part in places]


def dtw_out(a, b, window):
    euclid, longer = lambda x, y: math.sqrt(squared_l2(x, y)), max(len(a), len(b))
    cost, path = dtw(a, b, window, euclid)
    mean = math.fsum(map(euclid, resample(a, longer), resample(b, longer))) / longer
    return {"cost": cost, "path": path, "cost_cosine": dtw(a, b, window, lambda x, y: 1 - cosine(x, y))[0], "interpolated_euclid": mean}


cases = []
for n, m, d, window in [(1, 1, 1, None), (1, 6, 3, None), (6, 1, 3, 0), (9, 9, 2, 0), (4, 20, 5, 0), (20, 4, 5, 2), (15, 14, 33, 100), (30, 25, 8, 6)]:
    a, b = vectors(n, d), vectors(m, d)
    cases.append(case(f"{n} and {m} frames of {d}, window {window}", {"A": a, "B": b, "window": window}, dtw_out(a, b, window)))
flat = [[1.0, 2.0]] * 5
cases.append(case("ties go along the diagonal", {"A": flat, "B": flat}, {"cost": 0.0, "path": 5, "interpolated_euclid": 0.0}))
cases.append(case("a frame of zeros", {"A": [[0.0, 0.0]], "B": [[1.0, 0.0]]}, {"cost": 1.0, "path": 1, "cost_cosine": 1.0, "interpolated_euclid": 1.0}))
cases.append(refused("no frames", {"A": flat, "B": []}, "invalid_argument"))
cases.append(refused("a window below 0", {"A": flat, "B": flat, "window": -1}, "invalid_argument"))
cases.append(refused("dims differ", {"A": flat, "B": [[1.0]]}, "dimension_mismatch"))
cases.append(refused("not finite", {"A": flat, "B": [[1.0, "nan"]]}, "not_finite"))
edges("dtw", {"rel": 1e-5, "abs": 2e-6}, cases)


def sequence_match(index, query, k, limit, recordings):
    ends = [*recordings, len(index)]
    starts = set()
    for t, q in enumerate(query):
        for row in sorted(range(len(index)), key=lambda r: -dot(index[r], q))[:k]:
            start = row - t
            if start >= 0 and start + len(query) <= min(e for e in ends if e > start):
                starts.add(start)
    found = [{"start": s, "score": math.fsum(dot(q, index[s + t]) for t, q in enumerate(query)) / len(query)} for s in starts]
    return sorted(found, key=lambda f: -f["score"])[:limit]


cases = []
for n, m, d, k, limit, recordings in [(30, 4, 8, 5, 5, []), (20, 1, 3, 20, 20, []), (12, 12, 4, 3, 5, []), (40, 5, 6, 40, 40, [0, 11, 30]), (5, 6, 2, 3, 5, []), (50, 3, 16, 1, 1, [])]:
    given = {"index": vectors(n, d), "query": vectors(m, d), "k": k, "limit": limit, "recordings": recordings}
    cases.append(case(f"{m} of {n} frames, k={k} limit={limit} recordings={recordings}", given, {"ranked": sequence_match(**given)}))
frames = vectors(4, 2)
cases.append(refused("k 0", {"index": frames, "query": frames, "k": 0}, "invalid_argument"))
cases.append(refused("no query", {"index": frames, "query": [], "k": 1}, "invalid_argument"))
cases.append(refused("no index", {"index": [], "query": frames, "k": 1}, "invalid_argument"))
cases.append(refused("recordings that fall", {"index": frames, "query": frames, "k": 1, "recordings": [3, 0]}, "invalid_argument"))
cases.append(refused("dims differ", {"index": frames, "query": [[1.0]], "k": 1}, "dimension_mismatch"))
cases.append(refused("not finite", {"index": frames, "query": [["inf", 1.0]], "k": 1}, "not_finite"))
edges("sequence_match", {"rel": 1e-5, "abs": 1e-6}, cases)


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
    # The query in int8.
    step = max(map(abs, q)) / 127
    if any(abs(v / step - math.floor(v / step) - 0.5) < 1e-3 for v in q):
        return None
    q8 = [round(v / step) for v in q]
    estimates = [factors[i] * dot(levels[i], q8) * step for i in range(3)]
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
    "w = (code >> (8 - bits)) + 1/2, stored as f16, f16, f32. estimates of <x, q> at levels 1, 2 and 3, the query in int8.",
    {"rel": 1e-4, "abs": 2e-6},
    cases,
)


def sketched(x, sketch, size):
    out = [0.0] * size
    for v, place, sign in zip(x, sketch["index"], sketch["sign"]):
        out[place] += sign * v
    return out


def fde(given, points, document):
    """MUVERA: cell by cell over the strings of bits, whose Gray code is the place of the cell."""
    k, size, out = given["num_simhash_projections"], given["dimension"], []
    sketches = given["projection_type"] == "ams_sketch"
    if sketches:
        size = given["projection_dimension"]
    for r, normals in enumerate(given["simhash"]):
        bits = [[int(math.fsum(x[i] * normals[i][j] for i in range(len(x))) > 0) for j in range(k)] for x in points]
        values = [sketched(x, given["projection"][r], size) if sketches else x for x in points]
        for place in range(2**k):
            # The bits whose running parities make the place.
            parities = [place >> (k - 1 - j) & 1 for j in range(k)]
            wanted = [b ^ (parities[j - 1] if j else 0) for j, b in enumerate(parities)]
            differ = [sum(a != b for a, b in zip(own, wanted)) for own in bits]
            members = [v for v, n in zip(values, differ) if n == 0]
            if members:
                cell = [math.fsum(column) / (len(members) if document else 1) for column in zip(*members)]
            elif document and given["fill_empty_partitions"]:
                cell = values[differ.index(min(differ))]
            else:
                cell = [0.0] * size
            out += cell
    last = given["final_projection_dimension"]
    return sketched(out, given["final_projection"], last) if last else out


def fde_case(random_source, name, d, k, repetitions, projected, fill, last, n=5):
    def gauss():
        return f32(random_source.gauss(0, 1))

    def sketch(size, to):
        return {"index": [random_source.randrange(to) for _ in range(size)], "sign": [random_source.choice([-1, 1]) for _ in range(size)]}

    inner = repetitions * 2**k * (projected or d)
    given = {
        "dimension": d, "num_repetitions": repetitions, "num_simhash_projections": k,
        "projection_type": "ams_sketch" if projected else "identity", "projection_dimension": projected, "fill_empty_partitions": fill,
        "final_projection_dimension": last,
        "simhash": [[[gauss() for _ in range(k)] for _ in range(d)] for _ in range(repetitions)],
        "projection": [sketch(d, projected) for _ in range(repetitions)] if projected else [],
        "query": [[gauss() for _ in range(d)] for _ in range(3)],
        "document": [[gauss() for _ in range(d)] for _ in range(n)],
    }
    if last:
        given["final_projection"] = sketch(inner, last)
    query, document = fde(given, given["query"], False), fde(given, given["document"], True)
    return {"name": name, "in": given, "out": {"query": query, "document": document, "score": math.fsum(a * b for a, b in zip(query, document))}}


own = random.Random(51)
cases = [
    fde_case(own, "one cell", 3, 0, 1, 0, False, 0),
    fde_case(own, "one plane", 4, 1, 2, 0, False, 0),
    fde_case(own, "empty cells stay empty", 5, 3, 2, 0, False, 0),
    fde_case(own, "empty cells are filled", 5, 3, 2, 0, True, 0),
    fde_case(own, "one point fills every cell", 5, 3, 1, 0, True, 0, n=1),
    fde_case(own, "sketched points", 12, 2, 3, 4, True, 0),
    fde_case(own, "final sketch", 6, 2, 2, 0, False, 7),
    fde_case(own, "everything", 17, 4, 2, 5, True, 20, n=9),
]
plain = {k: v for k, v in cases[1]["in"].items()}
cases.append({"name": "dims differ", "in": plain | {"query": [[1.0, 2.0]]}, "error": "dimension_mismatch"})
cases.append({"name": "no points", "in": plain | {"document": []}, "error": "invalid_argument"})
cases.append({"name": "not finite", "in": plain | {"document": [[1.0, 2.0, "inf", 1.0]]}, "error": "not_finite"})
cases.append({"name": "no repetitions", "in": plain | {"num_repetitions": 0, "simhash": []}, "error": "invalid_argument"})
cases.append({"name": "a partition is missing", "in": plain | {"simhash": plain["simhash"][:1]}, "error": "dimension_mismatch"})
cases.append({"name": "a sketch without dimension", "in": plain | {"projection_type": "ams_sketch"}, "error": "invalid_argument"})
write(
    "quantize/fixed_dimensional_encoding",
    "MUVERA with given matrices. simhash: for each repetition [dimension][k]; projection: for each repetition one output dim and one sign for each input "
    "dim (ams_sketch; projection_dimension), or none (identity); final_projection likewise for the whole encoding. A bit is <x, plane> > 0; place of a cell: "
    "p <- 2 p + (bit xor p mod 2). query: sums of cells; document: means, with fill_empty_partitions an empty cell copies the first point with the fewest "
    "differing bits. score: their inner product.",
    {"rel": 2e-6, "abs": 2e-6},
    cases,
)


# Operations of score/ whose first vectors are given: their edges.
own = random.Random(61)


def score_rows(n, items, scale=1.0):
    return [[round(own.uniform(-1, 1) * scale, 6) for _ in range(items)] for _ in range(n)]


def lse(values):
    top = max(values, default=-math.inf)
    return top + math.log(math.fsum(math.exp(v - top) for v in values)) if values else -math.inf


def columns_of(rows, items):
    return [[row[g] for row in rows] for g in range(items)]


def falling(values):
    return sorted(range(len(values)), key=lambda i: (-values[i], i))


def number_of(v):
    return {math.inf: "inf", -math.inf: "-inf"}.get(v, v)


def inverted_softmax_case(name, s, bank, gallery_bank, beta, beta2, k):
    items = len(s[0])
    parts = []
    for rows, b in ((bank, beta), (gallery_bank, beta2)):
        sums = [lse([b * v for v in column]) for column in columns_of(rows, items)]
        bias = [(v - math.log(len(rows))) / b if rows else 0.0 for v in sums]
        active = [False] * items
        for row in rows:
            for g in falling(row)[:k]:
                active[g] = True
        parts.append((sums, bias, active, [active[falling(row)[0]] for row in s], b))
    (sums, bias, active, gate, _), (sums2, bias2, _, gate2, _) = parts

    def logs(row, sums, b):
        return [b * v - (0 if v0 == -math.inf else v0) for v, v0 in zip(row, sums)]

    def dual_bias(g, one, two):
        total = one * beta + two * beta2
        return (one * beta * bias[g] + two * beta2 * bias2[g]) / total if total else 0.0

    is_log = [logs(row, sums, beta) for row in s]
    out = {
        "lse": [number_of(v) for v in sums], "is_log": is_log, "is_order": [falling(row) for row in is_log], "hub_bias_mean": bias, "active": active,
        "gate": gate, "dis_stable": [[v - o * x for v, x in zip(row, bias)] for row, o in zip(s, gate)],
        "dual_is_log": [[a + b for a, b in zip(logs(row, sums, beta), logs(row, sums2, beta2))] for row in s],
        "dual_dis_stable": [[v - dual_bias(g, one, two) for g, v in enumerate(row)] for row, one, two in zip(s, gate, gate2)],
        "gate_query_bank": gate, "gate_gallery_bank": gate2,
    }
    return {"name": name, "in": {"S": s, "bank": bank, "gallery_bank": gallery_bank, "beta": beta, "beta2": beta2, "k": k}, "out": out}


s, bank = score_rows(3, 5), score_rows(4, 5)
cases = [
    inverted_softmax_case("k of 3", score_rows(6, 9), score_rows(2, 9), score_rows(1, 9), 20.0, 5.0, 3),
    inverted_softmax_case("k beyond the items", s, bank, bank, 20.0, 20.0, 50),
    inverted_softmax_case("one bank is empty", s, bank, [], 20.0, 5.0, 1),
    inverted_softmax_case("the other bank is empty", s, [], bank, 20.0, 5.0, 1),
    inverted_softmax_case("a large beta", s, bank, bank, 5000.0, 1000.0, 1),
    inverted_softmax_case("a small beta", s, bank, bank, 1e-3, 1e-2, 1),
]
given = {"S": s, "bank": bank, "beta": 20.0, "k": 1}
for name, change, error in [
    ("dims differ", {"bank": score_rows(4, 6)}, "dimension_mismatch"),
    ("ragged rows", {"bank": [[0.1] * 5, [0.2] * 4]}, "dimension_mismatch"),
    ("beta of 0", {"beta": 0.0}, "invalid_argument"),
    ("a negative beta", {"beta": -20.0}, "invalid_argument"),
    ("beta of infinity", {"beta": "inf"}, "not_finite"),
    ("k of 0", {"k": 0}, "invalid_argument"),
    ("a bank with NaN", {"bank": [[0.1, 0.2, "nan", 0.3, 0.4]]}, "not_finite"),
    ("an infinite score", {"S": [["inf", 0.2, 0.1, 0.3, 0.4]]}, "not_finite"),
]:
    cases.append({"name": name, "in": given | change, "error": error})
write("score/inverted_softmax", "Edges of the file of that name.", {"rel": 2e-5, "abs": 2e-6}, cases, "score/inverted_softmax_edges")


def csls_case(name, s, bank, k, alpha):
    items = len(s[0])

    def top_mean(values):
        best = sorted(values, reverse=True)[:k]
        return math.fsum(best) / len(best) if best else 0.0

    columns = columns_of(bank, items)
    r_query, r_item = [top_mean(row) for row in s], [top_mean(column) for column in columns]
    rank = [[sum(b > v for b in column) for v, column in zip(row, columns)] for row in s]
    out = {
        "r_query": r_query, "r_item": r_item, "csls": [[2 * v - r - x for v, x in zip(row, r_item)] for row, r in zip(s, r_query)],
        "nnn": [[v - alpha * x for v, x in zip(row, r_item)] for row in s], "gc_rank": rank,
        "gc": [[v - n for v, n in zip(row, ns)] for row, ns in zip(s, rank)],
    }
    return {"name": name, "in": {"S": s, "bank": bank, "k": k, "alpha": alpha}, "out": out}


cases = [
    csls_case("a k of 1", score_rows(3, 4), score_rows(6, 4), 1, 1.5),
    csls_case("an alpha of 0", score_rows(3, 4), score_rows(6, 4), 3, 0.0),
    csls_case("equal scores", [[0.5, 0.25, 0.5]], [[0.5, 0.25, 0.25], [0.5, 0.5, 0.75]], 2, 0.75),
    csls_case("logits", score_rows(3, 4, 1e4), score_rows(6, 4, 1e4), 3, 0.75),
]
given = {"S": s, "bank": bank, "k": 3, "alpha": 0.75}
for name, change, error in [
    ("dims differ", {"bank": score_rows(4, 6)}, "dimension_mismatch"),
    ("k of 0", {"k": 0}, "invalid_argument"),
    ("a negative alpha", {"alpha": -0.5}, "invalid_argument"),
    ("an infinite alpha", {"alpha": "inf"}, "not_finite"),
    ("a bank with NaN", {"bank": [[0.1, 0.2, "nan", 0.3, 0.4]]}, "not_finite"),
]:
    cases.append({"name": name, "in": given | change, "error": error})
write("score/csls_nnn_gc", "Edges of the file of that name.", {"rel": 2e-5, "abs": 2e-6}, cases, "score/csls_nnn_gc_edges")

s, noise, prior = score_rows(2, 4), score_rows(2, 7), [0.5, 0.25, 0.0, 0.25]
best = [sorted(row, reverse=True)[1:3] for row in noise]
bias = [2.0 * math.fsum(b) / 2 for b in best]
adjusted = [[10 * v - (0.5 * math.log(p) if p else 0.0) for v, p in zip(row, prior)] for row in s]
given = {"S": s, "noise": noise, "beta": 2.0, "k": 2, "first": 1}
cases = [
    {"name": "two ranks and a beta", "in": given, "out": {"bias": bias, "scores": [[v - b for v in row] for row, b in zip(s, bias)]}},
    {"name": "priors", "in": {"S": s, "prior": prior, "tau": 0.5, "scale": 10.0}, "out": {"logit_adjust": adjusted}},
]
for name, change, error in [
    ("rows differ", {"noise": score_rows(3, 7)}, "dimension_mismatch"),
    ("k of 0", {"k": 0}, "invalid_argument"),
    ("a negative beta", {"beta": -1.0}, "invalid_argument"),
    ("noise with NaN", {"noise": [[0.1, "nan"], [0.1, 0.2]]}, "not_finite"),
    ("a negative prior", {"prior": [0.5, -0.5, 0.5, 0.5]}, "invalid_argument"),
    ("priors differ", {"prior": [0.5, 0.5]}, "dimension_mismatch"),
]:
    cases.append({"name": name, "in": given | change, "error": error})
write("score/background", "Edges of the file of that name; prior, tau and scale: scale S - tau ln prior.", {"rel": 2e-5, "abs": 2e-6}, cases,
      "score/background_edges")

logits = score_rows(3, 4, 5.0)
row = logits[0]
one_row = [-v - lse([-x for x in row]) for v in row]
cases = [
    {"name": "one row", "in": {"logits": [row], "n_iters": 4}, "out": {"log_a": [0.0], "log_b": one_row}},
    {"name": "no iterations", "in": {"logits": logits, "n_iters": 0}, "error": "invalid_argument"},
    {"name": "a temperature of 0", "in": {"bank": logits, "tau": 0.0, "n_iters": 4}, "error": "invalid_argument"},
    {"name": "ragged rows", "in": {"logits": [[0.1, 0.2], [0.3]], "n_iters": 4}, "error": "dimension_mismatch"},
    {"name": "not finite", "in": {"logits": [[0.1, "nan"], [0.3, 0.1]], "n_iters": 4}, "error": "not_finite"},
    {"name": "one row of a bank", "in": {"bank": [row], "tau": 0.5, "n_iters": 3}, "out": {"bias_mean0": [v - math.fsum(row) / 4 for v in row]}},
]
write("score/sinkhorn", "Edges of the file of that name.", {"rel": 1e-4, "abs": 2e-6}, cases, "score/sinkhorn_edges")

s, bank = score_rows(2, 3), score_rows(4, 3)
lone = {"S": [s[0]], "bank": None, "temp": 0.05}
given = {"S": s, "bank": bank, "temp": 0.05}
cases = [
    {"name": "one query", "in": lone, "out": {"dual": [s[0]]}},
    {"name": "an empty bank", "in": given | {"bank": []}, "out": {"dual": s}},
    {"name": "a temperature of 0", "in": given | {"temp": 0.0}, "error": "invalid_argument"},
    {"name": "an infinite temperature", "in": given | {"temp": "inf"}, "error": "not_finite"},
    {"name": "dims differ", "in": given | {"bank": score_rows(4, 2)}, "error": "dimension_mismatch"},
    {"name": "not finite", "in": given | {"S": [[0.1, "nan", 0.2]]}, "error": "not_finite"},
]
write("score/dual_softmax", "Edges of the file of that name.", {"rel": 2e-5, "abs": 2e-6}, cases, "score/dual_softmax_edges")

given = {"score": [0.5], "enrol_cohort": [[0.1, 0.3]], "test_cohort": [[0.25, 0.25]], "top_n": 5, "std_floor": 0.01}
cases = [
    {"name": "the floor", "in": given, "out": {"enrol_mean": [0.2], "enrol_std": [0.1], "test_mean": [0.25], "test_std": [0.01], "z": [3.0], "t": [25.0],
                                               "s": [14.0], "as2": [14.0]}},
    {"name": "top of 0", "in": given | {"top_n": 0}, "error": "invalid_argument"},
    {"name": "a floor of 0", "in": given | {"std_floor": 0.0}, "error": "invalid_argument"},
    {"name": "trials differ", "in": given | {"score": [0.5, 0.6]}, "error": "dimension_mismatch"},
    {"name": "cohorts differ", "in": given | {"test_cohort": [[0.25]]}, "error": "dimension_mismatch"},
    {"name": "not finite", "in": given | {"test_cohort": [[0.25, "inf"]]}, "error": "not_finite"},
]
write("score/cohort", "Edges of the file of that name.", {"rel": 2e-5, "abs": 2e-6}, cases, "score/cohort_edges")

given = {"ids": [3, 1, 0], "scores": [0.9, 0.7, 0.7], "bias": [0.25, 0.25, 0.5, 0.5], "bias_min": 0.25, "raw_floor": 0.7}
cases = [
    {"name": "equal by id", "in": given, "out": {"order": [2, 1, 0], "scores": [0.45, 0.45, 0.4], "certain": 0}},
    {"name": "nothing beyond the list", "in": given | {"raw_floor": "-inf"}, "out": {"order": [2, 1, 0], "certain": 3}},
    {"name": "an id without bias", "in": given | {"ids": [4, 1, 0]}, "error": "out_of_range"},
    {"name": "lists differ", "in": given | {"ids": [1, 0]}, "error": "dimension_mismatch"},
    {"name": "not finite", "in": given | {"bias": [0.25, "nan", 0.5, 0.5]}, "error": "not_finite"},
]
write("score/bias_top_k", "Edges of the file of that name.", {"rel": 2e-5, "abs": 2e-6}, cases, "score/bias_top_k_edges")


def edges(op, note, given, cases, refused, tolerance=None):
    """Given cases of an operation, and what it refuses: (name, change of `given`, error)."""
    cases = cases + [{"name": name, "in": given | change, "error": error} for name, change, error in refused]
    write(op, "Edges of the file of that name" + note, tolerance or {"rel": 2e-5, "abs": 2e-6}, cases, op + "_edges")


given = {"S": [[0.9, 0.1, 0.5], [0.8, 0.7, 0.2]], "k": 1, "exclude_self": False}
edges("eval/hubness", ".", given, [
    # Item 0 is found by both: N = 2 0 0.
    {"name": "one hub has all", "in": given, "out": {"occurrence": [2, 0, 0], "skewness": 1 / math.sqrt(2), "robinhood": 2 / 3, "antihub_occurrence": 2 / 3,
                                                     "hub_occurrence": 1.0, "gini": 2 / 3, "atkinson": 2 / 3, "max_share": 1.0}},
    {"name": "ties by column", "in": {"S": [[0.5, 0.5, 0.5]], "k": 2, "exclude_self": False}, "out": {"occurrence": [1, 1, 0]}},
], [
    ("k of 0", {"k": 0}, "invalid_argument"),
    ("self of a matrix that is not square", {"exclude_self": True}, "dimension_mismatch"),
    ("ragged rows", {"S": [[0.9, 0.1], [0.5]]}, "dimension_mismatch"),
    ("not finite", {"S": [[0.9, "nan"]]}, "not_finite"),
    ("no queries", {"S": []}, "invalid_argument"),
])

given = {"X": [[1.0, 0.0], [0.0, 1.0]], "Y": [[1.0, 0.0], [1.0, 0.0]]}
edges("eval/isotropy_alignment", ".", given, [
    {"name": "all points are one", "in": {"X": [[0.5, 0.5], [0.5, 0.5]]}, "out": {"isoscore": 0.0, "mean_pairwise_cosine": 1.0, "uniformity_t2": 0.0}},
    {"name": "far points", "in": {"X": [[0.0], [100.0]]}, "out": {"uniformity_t2": -20000.0, "uniformity_t0.5": -5000.0}},
    {"name": "a right angle", "in": given, "out": {"alpha2": 1.0, "alpha1": math.sqrt(2) / 2, "uniformity_t2": -4.0}},
    {"name": "four axes", "in": {"X": [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]}, "out": {"isoscore": 1.0, "partition": 1.0,
                                                                                                   "mean_pairwise_cosine": -1 / 3}},
], [
    ("points differ", {"Y": [[1.0, 0.0]]}, "dimension_mismatch"),
    ("dims differ", {"Y": [[1.0], [0.5]]}, "dimension_mismatch"),
    ("no points", {"X": []}, "invalid_argument"),
    ("not finite", {"X": [[1.0, "inf"], [0.0, 1.0]]}, "not_finite"),
])

given = {"scores": [0.9, 0.8, 0.7, 0.1], "labels": [0, 1, 1, 1], "p_target": 0.99}
edges("eval/verification", ".", given, [
    {"name": "accepting all is an answer", "in": given, "out": {"min_dcf": [1.0, 0.1], "eer_interp": 1.0, "eer_max_percent": 100.0}},
    {"name": "separable", "in": {"scores": [2.0, 1.0], "labels": [1, 0]}, "out": {"min_dcf": [0.0, 2.0], "eer_interp": 0.0, "fnr": [1.0, 0.0, 0.0]}},
], [
    ("one class", {"labels": [1, 1, 1, 1]}, "invalid_argument"),
    ("labels differ", {"labels": [0, 1]}, "dimension_mismatch"),
    ("a prior of 1", {"p_target": 1.0}, "invalid_argument"),
    ("a cost of 0", {"c_miss": 0.0}, "invalid_argument"),
    ("not finite", {"scores": [0.9, "nan", 0.7, 0.1]}, "not_finite"),
])

given = {"scores": [0.1, 0.2, 0.3], "labels": [0, 1, 1], "at": [0.2]}
edges("score/calibration", ".", given, [
    {"name": "no overflow", "in": {"cos": [1e30, -1e30, 0.0], "t": 10.0, "b": 0.0}, "out": {"p": [1.0, 0.0, 0.5]}},
    {"name": "one class below", "in": given | {"labels": [0, 0, 0]}, "out": {"A": 0.0, "B": math.log(4.0), "p": [0.2]}},
    {"name": "equal scores", "in": {"scores": [0.5, 0.5], "labels": [0, 1], "at": [0.1, 0.9]}, "out": {"p": [0.5, 0.5]}},
    {"name": "isotonic of falling labels", "in": {"x": [1.0, 2.0, 3.0], "y": [1.0, 1.0, 0.0], "at": [0.0, 9.0]}, "out": {"p": [2 / 3, 2 / 3]}},
    {"name": "large logits", "in": {"s": [1e30, -1e30], "t": 0.01}, "out": {"p": [1.0, 0.0]}},
], [
    ("labels differ", {"labels": [0, 1]}, "dimension_mismatch"),
    ("no scores", {"scores": [], "labels": []}, "invalid_argument"),
    ("not finite", {"scores": [0.1, "nan", 0.3]}, "not_finite"),
])

edges("score/threshold", ": the quantile of a bootstrap lies between its two neighbours.", {"pos": [0.1, 0.2], "neg": [0.0], "alpha": 0.5}, [
    {"name": "the last of them", "in": {"pos": [3.0, 1.0, 2.0], "neg": [3.0, 1.0, 2.0], "alpha": 0.25}, "out": {"recall_threshold": 1.0, "fpr_threshold": 3.0}},
    {"name": "too few for the promise", "in": {"pos": [3.0, 1.0, 2.0], "neg": [3.0, 1.0, 2.0], "alpha": 0.2}, "out": {"recall_threshold": "-inf",
                                                                                                                      "fpr_threshold": "inf"}},
    {"name": "p of nothing", "in": {"neg": [], "at": [0.5]}, "out": {"p": [1.0]}},
], [
    ("alpha above 1", {"alpha": 1.5}, "invalid_argument"),
    ("alpha below 0", {"alpha": -0.5}, "invalid_argument"),
    ("not finite", {"pos": [0.1, "inf"]}, "not_finite"),
])

given = {"cos": [0.25, 1.0, -1.0], "kind": "sqrt", "a": 1.0, "b": 0.25, "p": 1.0}
edges("score/cosine_adapter", ": threshold to cutoff is the least cosine that reaches it.", given, [
    {"name": "the root", "in": given, "out": {"y": [0.75, 1.0, 0.25]}},
    {"name": "the cosine itself", "in": given | {"kind": "raw"}, "out": {"y": [0.25, 1.0, -1.0]}},
    {"name": "a cut", "in": {"kind": "power", "a": 0.5, "b": 0.25, "p": 2.0, "threshold": 0.375}, "out": {"cutoff": 0.5}},
    {"name": "everything passes", "in": {"kind": "power", "a": 0.5, "b": 0.25, "p": 2.0, "threshold": 0.25}, "out": {"cutoff": "-inf"}},
    {"name": "nothing passes", "in": {"kind": "power", "a": 0.5, "b": 0.25, "p": 2.0, "threshold": 0.8}, "out": {"cutoff": "inf"}},
], [
    ("an unknown form", {"kind": "cube"}, "invalid_argument"),
    ("a slope of 0", {"a": 0.0}, "invalid_argument"),
    ("not finite", {"b": "nan"}, "not_finite"),
])

given = {"lists": [[[1, 2], [0.5, 0.25]], [[2], [0.75]]], "weights": [1.0, 1.0], "norm": "relative"}
edges("score/fusion", ".", given, [
    {"name": "relative to the list", "in": given, "out": {"fused": [[1, 1.0], [2, 1.0]]}},
    {"name": "nothing at all", "in": {"lists": [[], []], "k": 60}, "out": {"fused": []}},
    {"name": "no matched chunk", "in": {"chunk_cos": [], "bm25": 1.0, "host": 1.0}, "out": {"score": 0.4}},
], [
    ("weights differ", {"weights": [1.0]}, "dimension_mismatch"),
    ("an unknown norm", {"norm": "best"}, "invalid_argument"),
    ("scores differ", {"lists": [[[1, 2], [0.5]]], "weights": [1.0]}, "dimension_mismatch"),
    ("not finite", {"lists": [[[1], ["nan"]]], "weights": [1.0]}, "not_finite"),
])

given = {"a": [1.0, 0.0], "b": [0.0, 2.0], "t": 0.5}
half = math.sqrt(0.5)
edges("compose/composed", "; q, n: q less its part along n.", given, [
    {"name": "half of a right angle", "in": given, "out": {"v": [half, half]}},
    {"name": "opposite, nearer to the second", "in": {"a": [1.0, 0.0], "b": [-3.0, 0.0], "t": 0.75}, "out": {"v": [-1.0, 0.0]}},
    {"name": "lengths do not matter", "in": {"vectors": [[3.0, 0.0], [0.0, 0.1]], "weights": [1.0, -1.0]}, "out": {"v": [half, -half]}},
    {"name": "projected", "in": {"q": [1.0, 2.0, 3.0], "n": [0.0, 5.0, 0.0]}, "out": {"v": [1.0, 0.0, 3.0]}},
    {"name": "projected to nothing", "in": {"q": [1.0, 2.0], "n": [-2.0, -4.0]}, "out": {"v": [0.0, 0.0]}},
    {"name": "an added analogy", "in": {"V": [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [half, half]], "a": 0, "b": 1, "c": 2, "kind": "add"},
     "out": {"scores": ["-inf", "-inf", "-inf", -half], "best": 3}},
    {"name": "equal frames", "in": {"q": [1.0, 0.0], "frames": [[0.0, 2.0], [0.0, 1.0]], "tau": 0.1}, "out": {"weights": [0.5, 0.5], "cos": 0.0}},
], [
    ("dims differ", {"b": [1.0, 0.0, 0.0]}, "dimension_mismatch"),
    ("t above 1", {"t": 1.5}, "invalid_argument"),
    ("not finite", {"a": [1.0, "nan"]}, "not_finite"),
])

given = {"A": [[1.0, 2.0], [3.0, 2.0]], "v": [1.0, 1.0]}
scale = 1 / math.sqrt(13 * 2)
edges("explain/attribution", ".", given, [
    # Maxima 3 and 2, the second one in both parts.
    {"name": "a maximum in two parts", "in": given, "out": {"heat": [scale, 4 * scale], "sum": 5 * scale}},
    {"name": "opposite parts", "in": {"A": [[1.0, 0.0], [-1.0, 0.0]], "B": [[1.0, 1.0]]}, "out": {"matrix": [[0.0], [0.0]], "sum": 0.0}},
    {"name": "a zero vector", "in": {"q": [0.0, 0.0], "x": [1.0, 1.0]}, "out": {"share": [0.0, 0.0]}},
], [
    ("dims differ", {"v": [1.0]}, "dimension_mismatch"),
    ("no parts", {"A": []}, "invalid_argument"),
    ("not finite", {"v": [1.0, "inf"]}, "not_finite"),
])

given = {"X": [[1.0, 0.0], [0.0, 1.0]], "Y": [[0.0, 1.0], [1.0, 0.0]], "k": 1, "margin": "ratio"}
edges("mine/margin", ".", given, [
    {"name": "each its own", "in": given, "out": {"mine_max": [[1.0, 0, 1], [1.0, 1, 0]], "mine_intersect": [[1.0, 0, 1], [1.0, 1, 0]]}},
    {"name": "nothing around is a distance", "in": given | {"Y": [[-1.0, 0.0]]}, "out": {"fwd_scores": [[-0.5], [0.0]], "mine_bwd": [[0.0, 1, 0]]}},
    {"name": "all are right", "in": {"scores": [2.0, 1.0], "is_gold": [1, 1], "n_gold": 2}, "out": {"threshold_f1": [1.0, 1.0]}},
], [
    ("k of 0", {"k": 0}, "invalid_argument"),
    ("dims differ", {"Y": [[1.0]]}, "dimension_mismatch"),
    ("an unknown margin", {"margin": "product"}, "invalid_argument"),
    ("not finite", {"X": [[1.0, "nan"]]}, "not_finite"),
])
