# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Write the conformance files of environment functions: functions, particles and settings, and the energy, the forces
and the derivatives by parameters that docs/program.md, section 6, requires.

Energies are computed in mpmath. Angles enter as Legendre polynomials of pairs of neighbors (the addition theorem), and
nothing here uses spherical harmonics. The energy of an atom is the function that stands beside the text of its program.
Forces and derivatives are central differences with 120 digits.

    python tests/conformance/generate_environments.py            writes the files in environments/
    python tests/conformance/generate_environments.py --check    fails if one of them would change
"""

import argparse
import itertools
import sys
from pathlib import Path

from generate import encode, to_json
from mpmath import exp, fsum, mp, mpf, tanh

FOLDER = Path(__file__).parent / "environments"
DIGITS, STEP = 120, mpf("1e-50")
TOLERANCE = 1e-11

POSITIONS = [
    [0.10, 0.12, 0.08],
    [0.37, 0.21, 0.15],
    [0.22, 0.44, 0.31],
    [0.05, 0.31, 0.45],
    [0.16, 0.20, 0.13],
    [0.48, 0.47, 0.02],
]
TYPES = [0, 1, 0, 1, 1, -1]
TRICLINIC = [[1.2, 0.0, 0.0], [0.3, 1.1, 0.0], [-0.2, 0.4, 1.3]]


def curves(num_channels, first, last, num_knots):
    """Values and slopes of densities for the four ordered pairs of two types, at equally spaced knots."""
    values, slopes = [], []
    for pair in range(4):
        values.append([])
        slopes.append([])
        for knot in range(num_knots):
            r = mpf(first) + (mpf(last) - mpf(first)) * knot / (num_knots - 1)
            x = 1 - r / mpf(last)
            decay = [mpf(1 + pair + 2 * channel) for channel in range(num_channels)]
            values[-1].append([float(exp(-a * r) * x**2) for a in decay])
            slopes[-1].append([float(exp(-a * r) * (-a * x**2 - 2 * x / mpf(last))) for a in decay])
    return values, slopes


def hermite(table, first, last, r):
    """The value and the slope of a cubic Hermite interpolant; `table` is a list of (value, slope) at the knots."""
    h = (mpf(last) - mpf(first)) / (len(table) - 1)
    k = min(int((r - mpf(first)) / h), len(table) - 2)
    t = (r - mpf(first)) / h - k
    (a, da), (b, db) = ([mpf(x) for x in table[k]], [mpf(x) for x in table[k + 1]])
    value = (1 + 2 * t) * (1 - t) ** 2 * a + t * (1 - t) ** 2 * h * da
    value += t**2 * (3 - 2 * t) * b + t**2 * (t - 1) * h * db
    slope = 6 * t * (1 - t) * (b - a) / h + (1 - t) * (1 - 3 * t) * da + t * (3 * t - 2) * db
    return value, slope


def with_rules(table, first, last, r, settings):
    """The Taylor expansion below the inner cutoff, and the switching function."""
    clamped = max(r, mpf(settings["inner_cutoff"]))
    value, slope = hermite(table, first, last, clamped)
    value += (r - clamped) * slope
    start = settings["switching_distance"]
    if start is not None and r > start:
        y = (r - mpf(start)) / (mpf(settings["cutoff"]) - mpf(start))
        value *= 1 - 10 * y**3 + 15 * y**4 - 6 * y**5
    return value


def find_neighbors(positions, settings):
    """All ordered pairs in range: i, j, the displacement and the distance."""
    box = settings["box"] or [[0, 0, 0]]
    shifts = {
        tuple(sum(n * mpf(v[axis]) for n, v in zip(numbers, box, strict=True)) for axis in range(3))
        for numbers in itertools.product((-1, 0, 1), repeat=len(box))
    }
    for i, j in itertools.permutations(range(len(positions)), 2):
        for shift in shifts:
            delta = [positions[j][axis] - positions[i][axis] + shift[axis] for axis in range(3)]
            r = mp.sqrt(fsum(x * x for x in delta))
            if r < settings["cutoff"]:
                yield i, j, delta, r


def legendre(order, x):
    return (mpf(1), x, (3 * x**2 - 1) / 2, (5 * x**3 - 3 * x) / 2)[order]


def energy(function, u, settings, positions, parameters):
    """The energy, without the scale."""
    types, angular = settings["types"], function["angular"]
    factors = {frozenset(pair): mpf(0) for pair in settings["exclusions"]}
    factors |= {frozenset((i, j)): mpf(factor) for i, j, factor in settings["exceptions"]}
    groups = [tuple(map(set, group)) for group in settings["interaction_groups"]]
    total, of = mpf(0), [[] for _ in types]
    for i, j, delta, r in find_neighbors(positions, settings):
        allowed = not groups or any((i in a and j in b) or (j in a and i in b) for a, b in groups)
        if min(types[i], types[j]) < 0 or not allowed:
            continue
        factor = factors.get(frozenset((i, j)), mpf(1))
        curve = types[i] * 2 + types[j]
        ends = function["min_distance"], function["max_distance"]
        w = [
            with_rules(
                [(v[k], s[k]) for v, s in zip(function["values"][curve], function["slopes"][curve], strict=True)],
                *ends, r, settings,
            )
            for k in range(len(angular))
        ]  # fmt: skip
        density_factor = factor if settings["density_exclusions"] else mpf(1)
        of[i].append(([x / r for x in delta], [density_factor * x for x in w]))
        pair = function["pair"]
        if pair is not None and i < j:
            c = pair["curve_indices"][curve]
            table = list(zip(pair["energies"][c], pair["slopes"][c], strict=True))
            total += factor * with_rules(table, pair["min_distance"], pair["max_distance"], r, settings)
    for i, found in enumerate(of):
        if types[i] >= 0:
            q = []
            for k, order in enumerate(angular):
                if order == 0:
                    q.append(fsum(w[k] for _, w in found))
                else:
                    q.append(
                        fsum(
                            w1[k] * w2[k] * legendre(order, fsum(a * b for a, b in zip(n1, n2, strict=True)))
                            for (n1, w1), (n2, w2) in itertools.product(found, repeat=2)
                        )
                    )
            total += u(q, types[i], parameters)
    return total


def make_settings(**changes):
    return {
        "types": TYPES,
        "cutoff": 0.5,
        "inner_cutoff": 0.12,
        "switching_distance": None,
        "box": None,
        "exclusions": [],
        "exceptions": [],
        "interaction_groups": [],
        "density_exclusions": True,
    } | changes


def make_function(angular, text, weights, parameters=(), pair=None):
    values, slopes = curves(len(angular), 0.1, 0.55, 10)
    return {
        "num_types": 2,
        "min_distance": 0.1,
        "max_distance": 0.55,
        "angular": angular,
        "values": values,
        "slopes": slopes,
        "curve_indices": [0, 1, 2, 3],
        "text": text,
        "weights": weights,
        "global_parameters": [list(each) for each in parameters],
        "pair": pair,
    }


def content(description, function, u, settings):
    """The content of a file: central differences of the energy, in high precision."""
    defaults = [mpf(value) for _, value in function["global_parameters"]]
    positions = [[mpf(x) for x in position] for position in POSITIONS]

    def evaluate(change=None, parameters=defaults):
        moved = [list(position) for position in positions]
        if change is not None:
            particle, axis, step = change
            moved[particle][axis] += step
        return energy(function, u, settings, moved, parameters)

    def derivative(k):
        changed = [[x + sign * STEP * (i == k) for i, x in enumerate(defaults)] for sign in (1, -1)]
        return float((evaluate(parameters=changed[0]) - evaluate(parameters=changed[1])) / (2 * STEP))

    return {
        "description": description,
        "provenance": "mpmath with 120 digits, rounded to double; forces and derivatives are central differences",
        "function": function,
        "settings": settings,
        "positions": POSITIONS,
        "energy": float(evaluate()),
        "forces": [
            [float((evaluate((i, k, -STEP)) - evaluate((i, k, STEP))) / (2 * STEP)) for k in range(3)]
            for i in range(len(positions))
        ],
        "derivatives": {name: derivative(k) for k, (name, _) in enumerate(function["global_parameters"])},
        "tolerance": TOLERANCE,
    }


SUM_OF_TANH = "v0[{n}] = densities\nv1[{n}] = tanh v0\nv2[{n}] = weight\nv3[1] = linear v2 v1\noutput v3\n"


def sum_of_tanh(weights):
    return lambda q, kind, parameters: fsum(mpf(w) * tanh(x) for w, x in zip(weights, q, strict=True))


def pair_table():
    """A quadratic pair function (0.6 - r)^2 of all pairs, twice as large for types 1 and 1."""
    knots = [0.1 + 0.1 * k for k in range(6)]
    energies = [[factor * (0.6 - r) ** 2 for r in knots] for factor in (1.0, 2.0)]
    slopes = [[-2 * factor * (0.6 - r) for r in knots] for factor in (1.0, 2.0)]
    return {
        "min_distance": 0.1, "max_distance": 0.6, "energies": energies, "slopes": slopes,
        "curve_indices": [0, 0, 0, 1],
    }  # fmt: skip


def cases():
    radial, angular = [1.5, -2.0], [0.5, 1.25, -0.75, 2.0]
    text = SUM_OF_TANH.format(n=2)
    yield "radial", content(
        "Two channels of order 0 without a box; the densities are not symmetric in the types of both atoms.",
        make_function([0, 0], text, radial), sum_of_tanh(radial), make_settings(),
    )  # fmt: skip
    yield "angular", content(
        "Channels of order 0 to 3 in a triclinic box, with a switching function and a pair below the inner cutoff.",
        make_function([0, 1, 2, 3], SUM_OF_TANH.format(n=4), angular), sum_of_tanh(angular),
        make_settings(box=TRICLINIC, switching_distance=0.35),
    )  # fmt: skip
    for in_densities, name in ((True, "exclusions"), (False, "exclusions_of_pairs")):
        yield name, content(
            "A pair function, an exclusion, an exception and an interaction group; exclusions "
            + ("hold for densities." if in_densities else "hold for the pair function only."),
            make_function([0, 1], text, radial, pair=pair_table()), sum_of_tanh(radial),
            make_settings(
                exclusions=[[0, 4]], exceptions=[[1, 2, 0.25]], density_exclusions=in_densities,
                interaction_groups=[[[0, 1, 2, 4], [1, 2, 3, 4]]],
            ),
        )  # fmt: skip
    yield "parameters", content(
        "The energy of an atom depends on its type and on two global parameters.",
        make_function(
            [0, 2],
            "v0[2] = densities\nv1[1] = type\nv2[2] = globals\nv3[2] = weight\nv4[1] = lookup v1 v3 {1}\n"
            "v5[2] = mul v0 v2\nv6[1] = sum v5 {1 2 1}\nv7[1] = mul v6 v6\nv8[1] = mul v4 v7\noutput v8\n",
            [0.5, -1.5], [("a", 1.25), ("b", -0.5)],
        ),
        lambda q, kind, g: mpf((0.5, -1.5)[kind]) * (q[0] * g[0] + q[1] * g[1]) ** 2,
        make_settings(box=TRICLINIC),
    )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description="Write the conformance files of environment functions.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file would change")
    check = parser.parse_args().check
    mp.dps = DIGITS
    files = {f"{name}.json": to_json(encode(made)) + "\n" for name, made in cases()}
    present = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    changed = sorted(name for name in files | present if files.get(name) != present.get(name))
    if check:
        sys.exit(f"these files differ from the output of {Path(__file__).name}: {', '.join(changed)}" if changed else 0)
    for name in changed:
        (FOLDER / name).write_text(files[name], encoding="utf-8")
        print(f"{name}: {len(files[name])} bytes")


if __name__ == "__main__":
    main()
