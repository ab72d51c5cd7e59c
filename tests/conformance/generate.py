# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Write the conformance files: programs, inputs, and the outputs that docs/program.md requires.

Each function with the decorator ``@case`` makes one file. It contains the text of a program and, beside it, the
function that the program must compute, in mpmath; nothing here reads the text. The first paragraph of its docstring is
the description in the file, the second one the formula. Derivatives are central differences with 200 digits. If a case
gives them as formulas, the formulas are used, and must agree with the differences wherever the function is smooth.

    python tests/conformance/generate.py            writes the files beside this script
    python tests/conformance/generate.py --check    fails if one of them would change
"""

import argparse
import inspect
import json
import math
import pathlib
import random
import sys
import textwrap
from dataclasses import dataclass, field
from functools import partial

import mpmath
from mpmath import mp, mpf
from mpmath.libmp import to_rational

DIGITS = 50
HERE = pathlib.Path(__file__).parent
NAN, INF = math.nan, math.inf
CASES = {}


@dataclass
class Case:
    """A program, its inputs, and the function that it must compute.

    ``f``, ``derivative`` and each of ``global_derivatives`` are called as ``f(r, a, b, p, g)`` for one pair. The
    arguments are the distance, the two particles, the numbers of the pair and the globals, as (lists of) mpf. They
    return a list of outputs, each a list of numbers.
    """

    text: str
    f: object
    distance: list
    weights: list = field(default_factory=list)
    particle1: list = field(default_factory=list)
    particle2: list = field(default_factory=list)
    pair: list = field(default_factory=list)
    globals: list = field(default_factory=list)
    derivative: object = None  # d/dr; None: central differences
    global_derivatives: list = None  # d/dg for each global; None: central differences


def case(
    tolerance, *, derivative_absolute=0, smooth=True, differentiable=True, ieee=False, double=False, pair_program=None
):
    """Register a function that returns a Case.

    Parameters
    ----------
    tolerance : float
        The allowed relative error in double precision.
    derivative_absolute : float
        An additional absolute error allowed in derivatives, for rules like 1 - tanh^2, which cancel.
    smooth : bool
        Whether derivatives that the case gives as formulas can be compared with differences.
    differentiable : bool
        Whether the file contains derivatives.
    ieee, double : bool
        Whether there are NaNs or infinities, or finite numbers outside the range of single precision.
    pair_program : dict, optional
        The data that a force needs to run this program.
    """

    def register(function):
        def content():
            description, formula = inspect.getdoc(function).split("\n\n")
            made = function()
            result = {
                "description": " ".join(description.split()),
                "provenance": (
                    f"closed form in mpmath with {DIGITS} digits, rounded to double; " + " ".join(formula.split())
                ),
            }
            if ieee:
                result["ieee"] = True
            if double:
                result["double"] = True
            if pair_program:
                result["pair_program"] = {**pair_program, "min_distance": 0.1}
            result |= {
                "text": textwrap.dedent(made.text).strip() + "\n",
                "weights": made.weights,
                "inputs": {
                    name: getattr(made, name) for name in ("distance", "particle1", "particle2", "pair", "globals")
                },
                **values_and_derivatives(made, smooth, differentiable, mixed=bool(pair_program and made.globals)),
                "tolerance": tolerance,
            }
            if derivative_absolute:
                result["derivative_absolute"] = derivative_absolute
            return result

        CASES[function.__name__] = content
        return function

    return register


def values_and_derivatives(made, smooth, differentiable, mixed):
    """Evaluate a case for all pairs: its outputs, and their derivatives if it has any.

    With ``mixed``, the derivatives d^2/dr dg are included, which forces need below the inner cutoff.
    """
    values, derivatives = [], []
    global_derivatives, mixed_derivatives = ([[] for _ in made.globals] for _ in range(2))
    for index, distance in enumerate(made.distance):
        r = mpf(distance)
        a, b, p = (
            [mpf(x) for x in rows[index]] if rows else [] for rows in (made.particle1, made.particle2, made.pair)
        )
        g = [mpf(x) for x in made.globals]

        def of_distance(x, g=g, a=a, b=b, p=p):
            return made.f(x, a, b, p, g)

        def of_global(k, x, r=r, g=g, a=a, b=b, p=p):
            return made.f(r, a, b, p, g[:k] + [x] + g[k + 1 :])

        values.append(made.f(r, a, b, p, g))
        if not differentiable:
            continue
        derivatives.append(made.derivative(r, a, b, p, g) if made.derivative else difference(of_distance, r))
        if made.derivative and smooth:
            require_equal(derivatives[-1], difference(of_distance, r))
        for k, x in enumerate(g):
            by_global = partial(of_global, k)
            global_derivatives[k].append(
                made.global_derivatives[k](r, a, b, p, g) if made.global_derivatives else difference(by_global, x)
            )
            if made.global_derivatives and smooth:
                require_equal(global_derivatives[k][-1], difference(by_global, x))
            if mixed:
                mixed_derivatives[k].append(
                    difference(lambda y, x=x, by_global=by_global: difference(partial(by_global, r=y), x), r)
                )
    result = {"outputs": by_output(values), "derivatives": {}}
    if differentiable:
        result["derivatives"] = {
            "distance": by_output(derivatives),
            "globals": [by_output(x) for x in global_derivatives],
        }
        if mixed:
            result["derivatives"]["distance_globals"] = [by_output(x) for x in mixed_derivatives]
    return result


def difference(f, x):
    """df/dx by central differences. The error, of order step^2, is far below double precision, even if nested."""
    with mp.workdps(200):
        step = mpf(10) ** -40
        up, down = f(x + step), f(x - step)
        return [[(u - d) / (2 * step) for u, d in zip(*rows, strict=True)] for rows in zip(up, down, strict=True)]


def require_equal(formula, by_difference):
    for rows in zip(formula, by_difference, strict=True):
        for x, y in zip(*rows, strict=True):
            assert abs(x - y) <= mpf(10) ** -25 * abs(y) + mpf(10) ** -45, f"the formula gives {x}, differences {y}"


def by_output(rows):
    """From [pair][output][n] to [output][pair][n], rounded to double."""
    return [[[to_double(x) for x in row[k]] for row in rows] for k in range(len(rows[0]))]


def to_double(x):
    """The nearest double, with ties to even, independent of mpmath's version: Python divides integers like this."""
    if isinstance(x, float):
        return x
    numerator, denominator = to_rational(mpf(x)._mpf_)
    return int(numerator) / int(denominator)


# Helpers of the cases.


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def bell(x):
    """The derivative of erf."""
    return 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)


FUNCTIONS = {  # operation: value, derivative
    "neg": (lambda x: -x, lambda x: mpf(-1)),
    "abs": (abs, mpmath.sign),
    "floor": (mpmath.floor, lambda x: mpf(0)),
    "sqrt": (mpmath.sqrt, lambda x: 1 / (2 * mp.sqrt(x))),
    "exp": (mpmath.exp, mpmath.exp),
    "expm1": (mpmath.expm1, mpmath.exp),
    "log": (mpmath.log, lambda x: 1 / x),
    "log1p": (mpmath.log1p, lambda x: 1 / (1 + x)),
    "sin": (mpmath.sin, mpmath.cos),
    "cos": (mpmath.cos, lambda x: -mp.sin(x)),
    "tanh": (mpmath.tanh, lambda x: mp.sech(x) ** 2),
    "sigmoid": (sigmoid, lambda x: sigmoid(x) * sigmoid(-x)),
    "erf": (mpmath.erf, bell),
    "erfc": (mpmath.erfc, lambda x: -bell(x)),
}


def functions(operations, points, width):
    """A case for functions of x = s r + t, where s and t are chosen so that x is exactly a given point."""
    assert len(points) % width == 0
    pairs = [points[i : i + width] for i in range(0, len(points), width)]
    distance = [0.5 if i % 2 == 0 else 0.25 for i in range(len(pairs))]
    s, t = [], []
    for r, row in zip(distance, pairs, strict=True):
        small = [0 < abs(x) < 1 for x in row]
        s.append([x / r if is_small else 1.0 for x, is_small in zip(row, small, strict=True)])
        t.append([0.0 if is_small else x - r for x, is_small in zip(row, small, strict=True)])
        assert all(mpf(u) * r + v == x for u, v, x in zip(s[-1], t[-1], row, strict=True))
    lines = [
        "v0[1] = distance",
        f"v1[{width}] = particle1",
        f"v2[{width}] = particle2",
        f"v3[{width}] = mul v1 v0",
        f"v4[{width}] = add v3 v2",
    ]
    lines += [f"v{5 + i}[{width}] = {operation} v4" for i, operation in enumerate(operations)]
    lines += ["output " + " ".join(f"v{5 + i}" for i in range(len(operations)))]

    def f(r, a, b, p, g):
        return [[FUNCTIONS[operation][0](u * r + v) for u, v in zip(a, b, strict=True)] for operation in operations]

    def derivative(r, a, b, p, g):
        return [[FUNCTIONS[operation][1](u * r + v) * u for u, v in zip(a, b, strict=True)] for operation in operations]

    return Case("\n".join(lines), f, distance, particle1=s, particle2=t, derivative=derivative)


def numbers(seed, count, low, high, digits=3):
    generator = random.Random(seed)
    return [round(generator.uniform(low, high), digits) + 0.0 for _ in range(count)]  # never -0.0


def rows(seed, count, width, low, high, digits=3):
    flat = numbers(seed, count * width, low, high, digits)
    return [flat[i : i + width] for i in range(0, len(flat), width)]


def distances(seed, count, low=0.1, high=0.9):
    """Distances that cover the range, in random order."""
    result = [round(low + (high - low) * (i + u) / count, 4) for i, u in enumerate(numbers(seed, count, 0.05, 0.95))]
    random.Random(seed).shuffle(result)
    return result


def types(seed, count, number):
    generator = random.Random(seed)
    return [[float(generator.randrange(number))] for _ in range(count)]


def listing(values):
    return " ".join(repr(x).removesuffix(".0") for x in values)


def matrix_times(matrix, x):
    """W x, where W is a list of the matrix elements, row by row."""
    n = len(x)
    assert len(matrix) % n == 0
    return [mp.fsum(matrix[i + j] * x[j] for j in range(n)) for i in range(0, len(matrix), n)]


def plus(x, y):
    return [mpf(u) + v for u, v in zip(x, y, strict=True)]


# Form, inputs, constants.


@case(2e-15)
def form_example():
    """The example in section 1 of docs/program.md.

    f = 1/2 sum_i tanh(sum_j W_ij (a_j + b_j))
    """
    text = """
        v0[1] = distance
        v1[2] = particle1
        v2[2] = particle2
        v3[1] = literal 0.5
        v4[6] = weight
        v5[2] = add v1 v2
        v6[3] = linear v4 v5
        v7[3] = tanh v6
        v8[1] = sum v7 {1 3 1}
        v9[1] = mul v3 v8
        output v9
    """
    w = [0.25, -0.75, 1.5, 0.625, 0.125, 2.0]

    def f(r, a, b, p, g):
        return [[mp.fsum(mp.tanh(x) for x in matrix_times(w, plus(a, b))) / 2]]

    return Case(text, f, [0.3, 0.5], w, [[0.5, 0.25], [0.125, -0.5]], [[1.0, 0.5], [0.75, 0.25]])


@case(0)
def form_inputs():
    """All inputs and constants as outputs, in another order, with all their digits.

    outputs: g, w, b, r, c, p, a; the weights belong to three steps, in the order of the steps
    """
    c = [math.pi, 1e-30, -2.5e-07, 123456789.0, 1e22, 0.1, -0.0625, 3.0]
    w = [math.e, -1 / 3, 5e-05, 7.0, 1e17, 0.30000000000000004]
    text = f"""
        v0[3] = weight
        v1[2] = globals
        v2[3] = particle2
        v3[8] = literal {listing(c)}
        v4[1] = weight
        v5[1] = distance
        v6[4] = pair
        v7[3] = particle1
        v8[2] = weight
        output v1 v0 v4 v8 v2 v5 v3 v6 v7
    """

    def f(r, a, b, p, g):
        return [g, w[:3], w[3:4], w[4:], b, [r], c, p, a]

    return Case(
        text,
        f,
        [0.1, 0.9],
        w,
        [[1.0, 2.0, 0.1], [0.2, -3.0, 0.3]],
        [[4.0, 0.7, 5.0], [6.0, 0.6, -7.0]],
        [[8.0, 0.01, 9.0, 0.02], [10.0, 0.03, 11.0, 0.04]],
        [0.35, -1.7],
    )


@case(1e-15)
def form_order():
    """Inputs and constants that come after steps whose results are no longer needed.

    f = (c_1 (w_1 + g_1 (a_1 + p_1 - r)), c_2 (w_2 + g_2 (a_2 + p_2 - r)))
    """
    text = """
        v0[1] = distance
        v1[1] = neg v0
        v2[2] = concat v1 v1
        v3[2] = neg v2
        v4[2] = neg v3
        v5[2] = pair
        v6[2] = add v5 v4
        v7[2] = particle1
        v8[2] = add v7 v6
        v9[2] = globals
        v10[2] = mul v9 v8
        v11[2] = weight
        v12[2] = add v11 v10
        v13[2] = literal 3 5
        v14[2] = mul v13 v12
        output v14
    """
    w = [1.5, 2.25]

    def f(r, a, b, p, g):
        return [[c * (w[i] + g[i] * (a[i] + p[i] - r)) for i, c in enumerate((3, 5))]]

    return Case(
        text,
        f,
        distances("order", 3),
        w,
        rows("order1", 3, 2, 1, 3),
        pair=rows("order2", 3, 2, 1, 3),
        globals=[1.25, 0.7],
    )


@case(1e-15)
def form_outputs():
    """Several outputs, not in the order of the steps: a step that others use, a constant, an input.

    outputs: r^2 x_i, 3, r, sum of r^2 x_i, r^2
    """
    text = """
        v0[1] = distance
        v1[4] = particle1
        v2[1] = mul v0 v0
        v3[4] = mul v2 v1
        v4[1] = sum v3 {1 4 1}
        v5[1] = literal 3
        output v3 v5 v0 v4 v2
    """

    def f(r, a, b, p, g):
        return [[r * r * x for x in a], [mpf(3)], [r], [r * r * mp.fsum(a)], [r * r]]

    return Case(text, f, distances("outputs", 5), particle1=rows("outputs", 5, 4, 0.1, 2))


@case(1e-15)
def form_unused():
    """Steps and weights that no output depends on; the weights are part of the list of weights nevertheless.

    f = w_2 r + w_3
    """
    text = """
        v0[2] = weight
        v1[1] = distance
        v2[3] = particle1
        v3[1] = weight
        v4[3] = log v2
        v5[1] = mul v3 v1
        v6[1] = weight
        v7[2] = mul v0 v1
        v8[1] = add v5 v6
        v9[3] = exp v4
        v10[2] = weight
        output v8
    """
    w = [17.0, -19.0, 2.25, 0.7, 23.0, 29.0]
    return Case(text, lambda r, a, b, p, g: [[w[2] * r + w[3]]], [0.2, 0.45, 0.7], w, [[1.0, 2.0, 3.0]] * 3)


@case(1e-14)
def form_globals():
    """Three globals, with derivatives with respect to each of them and to r.

    outputs: g1 r + g2^2/r + g1 g2 sin(g3 r), exp(-g_i r); the third global occurs with the others and alone
    """
    text = """
        v0[3] = globals
        v1[1] = distance
        v2[1] = gather v0 {0}
        v3[1] = gather v0 {1}
        v4[1] = gather v0 {2}
        v5[1] = mul v2 v1
        v6[1] = mul v3 v3
        v7[1] = div v6 v1
        v8[1] = mul v2 v3
        v9[1] = mul v4 v1
        v10[1] = sin v9
        v11[1] = mul v8 v10
        v12[1] = add v5 v7
        v13[1] = add v12 v11
        v14[3] = mul v0 v1
        v15[3] = neg v14
        v16[3] = exp v15
        output v13 v16
    """

    def f(r, a, b, p, g):
        return [[g[0] * r + g[1] ** 2 / r + g[0] * g[1] * mp.sin(g[2] * r)], [mp.exp(-x * r) for x in g]]

    return Case(text, f, distances("globals", 7), globals=[1.7, 0.6, 2.9])


@case(1e-15)
def form_pair_input():
    """The inputs of a staged program: numbers of the pair, of the particles, and a global.

    outputs: p1 r + p2 a b, g (p3 - r), for 33 pairs
    """
    text = """
        v0[3] = pair
        v1[1] = particle1
        v2[1] = particle2
        v3[1] = distance
        v4[1] = globals
        v5[1] = gather v0 {0}
        v6[1] = gather v0 {1}
        v7[1] = gather v0 {2}
        v8[1] = mul v5 v3
        v9[1] = mul v1 v2
        v10[1] = mul v6 v9
        v11[1] = add v8 v10
        v12[1] = sub v7 v3
        v13[1] = mul v4 v12
        output v11 v13
    """

    def f(r, a, b, p, g):
        return [[p[0] * r + p[1] * a[0] * b[0]], [g[0] * (p[2] - r)]]

    count = 33
    return Case(
        text,
        f,
        distances("pair", count),
        [],
        rows("pair1", count, 1, 1, 3),
        rows("pair2", count, 1, 1, 3),
        rows("pair", count, 3, 2, 5),
        [1.5],
    )


@case(5e-14)
def form_long():
    """A long chain of steps, in which rounding errors accumulate: the recurrence of the Chebyshev polynomials.

    T_0 = 1, T_1 = x, T_(n+1) = 2 x T_n - T_(n-1), T_n(x) = cos(n arccos x), for x = r and n = 24, 25
    """
    lines = ["v0[1] = distance", "v1[1] = literal 1", "v2[1] = literal 2", "v3[1] = mul v2 v0"]
    before, last = 1, 0
    for _ in range(24):
        k = len(lines)
        lines += [f"v{k}[1] = mul v3 v{last}", f"v{k + 1}[1] = sub v{k} v{before}"]
        before, last = last, k + 1
    lines.append(f"output v{before} v{last}")

    def f(r, a, b, p, g):
        return [[mp.cos(24 * mp.acos(r))], [mp.cos(25 * mp.acos(r))]]

    return Case("\n".join(lines), f, [0.11, 0.2, 0.31, 0.53, 0.72, 0.9])


@case(1e-12)
def form_wide():
    """Long values: 100 numbers and matrices of 45 x 100 and 7 x 45.

    outputs: W_2 tanh(W_1 x), sum_j x_j with x_j = exp(-(r - c_j)^2 / s^2), c_j = 0.01 j + 0.005, s = 1/8
    """
    centers = [round(0.01 * j + 0.005, 3) for j in range(100)]
    w1, w2 = numbers("wide1", 4500, -0.3, 0.3, 2), numbers("wide2", 315, 0.1, 1, 2)
    text = """
        v0[1] = distance
        v1[100] = weight
        v2[4500] = weight
        v3[315] = weight
        v4[1] = literal 8
        v5[100] = sub v0 v1
        v6[100] = mul v5 v4
        v7[100] = mul v6 v6
        v8[100] = neg v7
        v9[100] = exp v8
        v10[45] = linear v2 v9
        v11[45] = tanh v10
        v12[7] = linear v3 v11
        v13[1] = sum v9 {1 100 1}
        output v12 v13
    """

    def f(r, a, b, p, g):
        x = [mp.exp(-((8 * (r - c)) ** 2)) for c in centers]
        return [matrix_times(w2, [mp.tanh(y) for y in matrix_times(w1, x)]), [mp.fsum(x)]]

    return Case(text, f, [0.15, 0.37, 0.82], centers + w1 + w2)


# Elementwise operations.


@case(0, smooth=False)
def elements_neg_abs_floor():
    """neg, abs and floor of negative numbers, of integers and of 0, where the derivative of abs is 0.

    -x, |x|, floor(x) for x = s r + t; derivatives -s, s sign(x), 0
    """
    return functions(
        ["neg", "abs", "floor"],
        [
            -2.5,
            -2.0,
            -0.5,
            0.0,
            0.5,
            2.0,
            3.75,
            3.0,
            -100.25,
            -1.0,
            0.9990234375,
            -0.0009765625,
            7.0,
            -7.5,
            1.0,
            16777215.0,
        ],
        8,
    )


@case(2e-15)
def elements_sqrt_log():
    """sqrt and log of small, ordinary and large numbers, and close to 1.

    sqrt(x), ln(x) for x = s r + t; derivatives s/(2 sqrt(x)), s/x
    """
    return functions(
        ["sqrt", "log"],
        [1e-10, 0.0009765625, 0.3, 0.5, 0.9990234375, 1.0009765625, 2.0, 3.5, 100.0, 4096.5, 1e10, 1.5],
        6,
    )


@case(2e-15)
def elements_exp_expm1():
    """exp and expm1 of tiny, ordinary and large numbers.

    e^x, e^x - 1 for x = s r + t; derivatives s e^x
    """
    return functions(
        ["exp", "expm1"],
        [
            0.0,
            1e-30,
            -1e-30,
            1e-10,
            -1e-10,
            1e-3,
            -1e-3,
            0.5,
            -0.5,
            1.0,
            -1.0,
            5.25,
            -5.25,
            30.5,
            -30.5,
            80.0,
            -80.0,
            2.75,
        ],
        6,
    )


@case(2e-15)
def elements_log1p():
    """log1p of tiny, ordinary and large numbers and close to -1.

    ln(1+x) for x = s r + t; derivatives s/(1+x)
    """
    return functions(
        ["log1p"],
        [0.0, 1e-30, -1e-30, 1e-10, -1e-10, 1e-3, -1e-3, -0.5, -0.75, -0.9990234375, 1.0, 5.25, 100.0, 1e6, 1e10],
        5,
    )


@case(2e-15)
def elements_sin_cos():
    """sin and cos of tiny, ordinary and large numbers, and close to their zeros.

    sin(x), cos(x) for x = s r + t; derivatives s cos(x), -s sin(x)
    """
    return functions(
        ["sin", "cos"],
        [
            1e-10,
            -1e-3,
            0.5,
            -0.75,
            1.0,
            1.5703125,
            -1.5,
            3.140625,
            -4.75,
            22.0,
            -11.0,
            355.0,
            1000.5,
            -100.25,
            12345.5,
            2.0,
        ],
        4,
    )


@case(2e-15, derivative_absolute=2e-15)
def elements_tanh():
    """tanh of tiny and ordinary numbers, and where it is 1 to rounding.

    tanh(x) for x = s r + t; derivatives s/cosh(x)^2
    """
    return functions(
        ["tanh"],
        [
            0.0,
            1e-30,
            -1e-10,
            1e-5,
            -1e-3,
            0.25,
            -0.625,
            1.0,
            -2.5,
            5.0,
            -9.5,
            19.0,
            -20.0,
            50.0,
            -89.0,
            1000.0,
            -1000.0,
            -0.75,
        ],
        6,
    )


@case(2e-15, derivative_absolute=2e-15)
def elements_sigmoid():
    """sigmoid of tiny and ordinary numbers, and where it is 0 or 1 to rounding.

    1/(1 + e^-x) for x = s r + t; derivatives s/((1 + e^-x) (1 + e^x))
    """
    return functions(
        ["sigmoid"],
        [
            0.0,
            1e-30,
            -1e-10,
            1e-3,
            -0.25,
            0.5,
            1.0,
            -1.0,
            5.5,
            -5.5,
            20.0,
            -20.0,
            40.0,
            -40.0,
            80.0,
            -80.0,
            1000.0,
            -1000.0,
        ],
        6,
    )


@case(4e-15)
def elements_erf_erfc():
    """erf and erfc of tiny and ordinary numbers, and where one of them is tiny.

    erf(x), erfc(x) for x = s r + t; derivatives +-s 2/sqrt(pi) e^-x^2
    """
    return functions(
        ["erf", "erfc"],
        [0.0, 1e-30, -1e-10, 1e-3, -0.25, 0.5, 0.84375, -0.875, 1.0, 1.25, -1.5, 2.0, 2.875, -3.0, 4.5, 6.0, -6.0, 9.0],
        6,
    )


@case(1e-14, double=True)
def elements_double_range():
    """Numbers outside the range of single precision.

    with x = a r and y = b r: e^x, e^-x, 1/(1 + e^-x), ln(1 + e^-x), erfc(y); z^2.5, sqrt(z), ln(z) for z = 1e-100,
    2e100
    """
    text = """
        v0[1] = distance
        v1[1] = particle1
        v2[1] = particle2
        v3[1] = mul v1 v0
        v4[1] = mul v2 v0
        v5[1] = neg v3
        v6[1] = exp v3
        v7[1] = exp v5
        v8[1] = sigmoid v3
        v9[1] = log1p v7
        v10[1] = erfc v4
        v11[2] = literal 1e-100 2e+100
        v12[1] = literal 2.5
        v13[2] = pow v11 v12
        v14[2] = sqrt v11
        v15[2] = log v11
        output v6 v7 v8 v9 v10 v13 v14 v15
    """

    def f(r, a, b, p, g):
        x, y, z = a[0] * r, b[0] * r, [mpf(1e-100), mpf(2e100)]
        return [
            [mp.exp(x)],
            [mp.exp(-x)],
            [sigmoid(x)],
            [mp.log1p(mp.exp(-x))],
            [mp.erfc(y)],
            [u ** mpf(2.5) for u in z],
            [mp.sqrt(u) for u in z],
            [mp.log(u) for u in z],
        ]

    return Case(
        text, f, [0.5, 0.5, 0.25], particle1=[[-1400.0], [-800.0], [-1250.0]], particle2=[[52.0], [25.0], [68.0]]
    )


@case(4e-15)
def elements_arithmetic():
    """add, sub, mul and div of values of length 3 that all depend on r.

    with x = a r and y = b + r: x + y, x - y, x y, x / y
    """
    text = """
        v0[1] = distance
        v1[3] = particle1
        v2[3] = particle2
        v3[3] = mul v1 v0
        v4[3] = add v2 v0
        v5[3] = add v3 v4
        v6[3] = sub v3 v4
        v7[3] = mul v3 v4
        v8[3] = div v3 v4
        output v5 v6 v7 v8
    """

    def f(r, a, b, p, g):
        x, y = [u * r for u in a], [v + r for v in b]
        return [
            [u + v for u, v in zip(x, y, strict=True)],
            [u - v for u, v in zip(x, y, strict=True)],
            [u * v for u, v in zip(x, y, strict=True)],
            [u / v for u, v in zip(x, y, strict=True)],
        ]

    a = [[1.5, -2.0, 3.25], [-10.0, 0.125, 7.0], [1000.0, -0.001, 4.0], [2.0, 5.0, -6.0]]
    b = [[0.25, 4.0, -8.5], [2.0, -3.5, 0.5], [-0.0625, 9.0, -7.75], [3.0, -2.25, 1.0]]
    return Case(text, f, [0.1, 0.375, 0.8, 0.55], particle1=a, particle2=b)


@case(1e-14)
def elements_broadcast():
    """Operands of length 1 on the left and on the right of every operation that has two or three operands.

    with x of length 3 and y = r + 1/4: x+y, y+x, x-y, y-x, x y, y x, x/y, y/x, x^y, y^x, and r/x and x/r
    """
    operations = ["add", "sub", "mul", "div", "pow"]
    lines = ["v0[1] = distance", "v1[3] = particle1", "v2[3] = mul v1 v0", "v3[1] = literal 0.25", "v4[1] = add v0 v3"]
    for operation in operations:
        lines += [f"v{len(lines)}[3] = {operation} v2 v4", f"v{len(lines) + 1}[3] = {operation} v4 v2"]
    lines += ["v15[3] = div v0 v1", "v16[3] = div v1 v0", "output " + " ".join(f"v{i}" for i in range(5, 17))]

    def f(r, a, b, p, g):
        y = r + mpf(1) / 4
        x = [u * r for u in a]
        both = [
            [u + y for u in x],
            [y + u for u in x],
            [u - y for u in x],
            [y - u for u in x],
            [u * y for u in x],
            [y * u for u in x],
            [u / y for u in x],
            [y / u for u in x],
        ]
        return both + [[u**y for u in x], [y**u for u in x], [r / u for u in a], [u / r for u in a]]

    return Case(
        "\n".join(lines), f, [0.125, 0.5, 0.875], particle1=[[2.0, 5.5, 0.375], [1.25, 3.0, 9.0], [0.75, 4.0, 2.5]]
    )


@case(0, smooth=False)
def elements_broadcast_choices():
    """Operands of length 1 on either side of minimum, maximum, the comparisons and select.

    with x = a r and y = 2 r: min and max of x, y and of y, x; x < y, y < x, x <= y, y <= x, x = y, y = x; select with a
    condition, an alternative or both of length 1
    """
    text = """
        v0[1] = distance
        v1[3] = pair
        v2[3] = mul v1 v0
        v3[1] = literal 2
        v4[1] = mul v3 v0
        v5[3] = minimum v2 v4
        v6[3] = minimum v4 v2
        v7[3] = maximum v2 v4
        v8[3] = maximum v4 v2
        v9[3] = less v2 v4
        v10[3] = less v4 v2
        v11[3] = less_equal v2 v4
        v12[3] = less_equal v4 v2
        v13[3] = equal v2 v4
        v14[3] = equal v4 v2
        v15[1] = particle1
        v16[3] = select v15 v2 v1
        v17[3] = select v9 v4 v2
        v18[3] = select v9 v2 v4
        v19[3] = select v9 v4 v3
        v20[3] = select v15 v4 v2
        v21[3] = select v15 v2 v4
        output v5 v6 v7 v8 v9 v10 v11 v12 v13 v14 v16 v17 v18 v19 v20 v21
    """

    def f(r, a, b, p, g):
        x, y, c = [u * r for u in p], 2 * r, a[0] != 0
        smaller, larger = [min(u, y) for u in x], [max(u, y) for u in x]
        below, above, same = [mpf(u < 2) for u in p], [mpf(u > 2) for u in p], [mpf(u == 2) for u in p]
        below_or_same, above_or_same = plus(below, same), plus(above, same)
        chosen = [
            x if c else p,
            [y if u < 2 else u * r for u in p],
            [u * r if u < 2 else y for u in p],
            [y if u < 2 else 2 for u in p],
            [y] * 3 if c else x,
            x if c else [y] * 3,
        ]
        return [smaller, smaller, larger, larger, below, above, below_or_same, above_or_same, same, same] + chosen

    def derivative(r, a, b, p, g):
        c, zeros = a[0] != 0, [mpf(0)] * 3
        smaller, larger = [min(u, 2) for u in p], [max(u, 2) for u in p]  # at a tie, both derivatives are 2
        chosen = [
            p if c else zeros,
            larger,
            smaller,
            [2 if u < 2 else 0 for u in p],
            [2] * 3 if c else p,
            p if c else [2] * 3,
        ]
        return [smaller, smaller, larger, larger] + [zeros] * 6 + chosen

    pair = [[1.0, 2.0, 3.5], [2.5, 0.5, 2.0]]
    return Case(text, f, [0.5, 0.25], particle1=[[1.0], [0.0]], pair=pair, derivative=derivative)


@case(4e-15)
def elements_pow_integer():
    """Powers of positive and negative numbers with the integer exponents 0, 1, 2, 3, -1, -2 and 10.

    x^k for x = a r; derivatives a k x^(k-1)
    """
    k = [0, 1, 2, 3, -1, -2, 10]
    text = f"""
        v0[1] = distance
        v1[7] = particle1
        v2[7] = mul v1 v0
        v3[7] = literal {listing(k)}
        v4[7] = pow v2 v3
        v5[1] = literal 3
        v6[7] = pow v2 v5
        output v4 v6
    """

    def f(r, a, b, p, g):
        return [[(u * r) ** n for u, n in zip(a, k, strict=True)], [(u * r) ** 3 for u in a]]

    def derivative(r, a, b, p, g):
        return [[u * n * (u * r) ** (n - 1) for u, n in zip(a, k, strict=True)], [3 * u**3 * r**2 for u in a]]

    rows = [
        [2.0, 3.0, -1.5, -2.5, -4.0, 0.5, -1.25],
        [-7.0, -0.25, 4.0, 0.75, 0.125, -3.0, 2.5],
        [10.0, 1.0, -12.0, 9.0, 5.0, 6.0, -0.5],
    ]
    return Case(text, f, [0.5, 0.75, 0.25], particle1=rows, derivative=derivative)


@case(1e-14)
def elements_pow_real():
    """Powers of positive numbers with real exponents, where base, exponent or both depend on r and on a global.

    x^c, 2^(g x), x^(g+r), (x+g)^(x r) for x = a + r and c = 0.5, 1.5, -0.3, 2.75
    """
    text = """
        v0[1] = distance
        v1[4] = particle1
        v2[1] = globals
        v3[4] = add v1 v0
        v4[4] = weight
        v5[4] = pow v3 v4
        v6[1] = literal 2
        v7[4] = mul v2 v3
        v8[4] = pow v6 v7
        v9[1] = add v2 v0
        v10[4] = pow v3 v9
        v11[4] = add v3 v2
        v12[4] = mul v3 v0
        v13[4] = pow v11 v12
        output v5 v8 v10 v13
    """
    c = [0.5, 1.5, -0.3, 2.75]

    def f(r, a, b, p, g):
        x = [u + r for u in a]
        return [
            [u**k for u, k in zip(x, c, strict=True)],
            [2 ** (g[0] * u) for u in x],
            [u ** (g[0] + r) for u in x],
            [(u + g[0]) ** (u * r) for u in x],
        ]

    return Case(text, f, [0.3, 0.6, 0.9], c, rows("pow", 3, 4, 0.05, 6), globals=[1.25])


@case(0, smooth=False)
def elements_pow_zero():
    """Powers of 0 with nonnegative exponents, constant or a global: 0^0 = 1, and no derivative is NaN.

    x^k and x^(g_k) for x = r - 1/2 = 0 and k, g_k = 0, 1, 1.5, 2, 3: values 1, 0, 0, 0, 0; d/dr 0, 1, 0, 0, 0; d/dg 0
    """
    text = """
        v0[1] = distance
        v1[1] = literal 0.5
        v2[1] = sub v0 v1
        v3[5] = literal 0 1 1.5 2 3
        v4[5] = pow v2 v3
        v5[5] = globals
        v6[5] = pow v2 v5
        output v4 v6
    """

    def always(values):
        return lambda r, a, b, p, g: [[mpf(x) for x in values]] * 2

    return Case(
        text,
        always([1, 0, 0, 0, 0]),
        [0.5],
        globals=[0.0, 1.0, 1.5, 2.0, 3.0],
        derivative=always([0, 1, 0, 0, 0]),
        global_derivatives=[always([0] * 5)] * 5,
    )


#: (y, x), where one is 0 or -0
SIGNED_ZEROS = [(y, x) for y in (0.0, -0.0) for x in (1.0, 0.0, -0.0, -1.0)] + [
    (y, x) for y in (2.0, -2.0) for x in (0.0, -0.0)
]


def signed_zero_angles():
    """atan2(y, x) of SIGNED_ZEROS: 0 and pi with the sign of y, and pi/2 with the sign of y."""
    return [0.0, 0.0, mp.pi, mp.pi, -0.0, -0.0, -mp.pi, -mp.pi, mp.pi / 2, mp.pi / 2, -mp.pi / 2, -mp.pi / 2]


@case(1e-14)
def elements_atan2():
    """Angles in all quadrants, with both operands variable, one of them constant, and operands of length 1.

    atan2(u, v), atan2(u, w), atan2(w, v), atan2(u, g + r), atan2(g + r, v) for u = a r + g, v = b r - g and weights w
    """
    text = """
        v0[1] = distance
        v1[8] = particle1
        v2[8] = particle2
        v3[1] = globals
        v4[8] = mul v1 v0
        v5[8] = add v4 v3
        v6[8] = mul v2 v0
        v7[8] = sub v6 v3
        v8[8] = weight
        v9[1] = add v3 v0
        v10[8] = atan2 v5 v7
        v11[8] = atan2 v5 v8
        v12[8] = atan2 v8 v7
        v13[8] = atan2 v5 v9
        v14[8] = atan2 v9 v7
        output v10 v11 v12 v13 v14
    """
    w = [1.5, -1.5, 0.25, -0.25, 40.0, -40.0, 1e-3, -1e-3]

    def f(r, a, b, p, g):
        u, v, s = [x * r + g[0] for x in a], [x * r - g[0] for x in b], g[0] + r
        return [
            [mp.atan2(y, x) for y, x in zip(u, v, strict=True)],
            [mp.atan2(y, x) for y, x in zip(u, w, strict=True)],
            [mp.atan2(y, x) for y, x in zip(w, v, strict=True)],
            [mp.atan2(y, s) for y in u],
            [mp.atan2(s, x) for x in v],
        ]

    a = [[3.0, 3.5, -4.0, -4.5, 20.0, -30.0, 100.0, -500.0], [-2.0, 5.0, -7.0, 3.0, -3.5, 60.0, -1000.0, 2.5]]
    b = [[6.0, -6.5, -5.0, 8.5, -1000.0, 7.0, 3.75, 900.0], [-3.0, 4.0, 80.0, -40.0, 300.0, -9.0, 8.0, -2.75]]
    return Case(text, f, [0.5, 0.75], w, a, b, globals=[0.3])


@case(1e-15, smooth=False)
def elements_atan2_axes():
    """Angles on the axes, and of (0, 0), where the derivative is 0.

    atan2(u, v) for (v, u) = (1, 0), (0, 1), (-1, 0), (0, -1), (0, 0), (2, 2), (-2, 2), (-2, -2), (2, -2), with u = r -
    c and v = s r - d at r = 1/2; derivatives (v - s u)/(u^2 + v^2)
    """
    text = """
        v0[1] = distance
        v1[9] = particle1
        v2[9] = particle2
        v3[9] = literal 1 1 -1 -1 3 3 0 0 0
        v4[9] = sub v0 v1
        v5[9] = mul v3 v0
        v6[9] = sub v5 v2
        v7[9] = atan2 v4 v6
        output v7
    """
    s = [1, 1, -1, -1, 3, 3, 0, 0, 0]
    u, v = [0, 1, 0, -1, 0, 2, 2, -2, -2], [1, 0, -1, 0, 0, 2, -2, -2, 2]
    angles = [0, mp.pi / 2, mp.pi, -mp.pi / 2, 0, mp.pi / 4, 3 * mp.pi / 4, -3 * mp.pi / 4, -mp.pi / 4]

    def derivative(r, a, b, p, g):
        return [[mpf(x - k * y) / (x * x + y * y) if x or y else mpf(0) for y, x, k in zip(u, v, s, strict=True)]]

    return Case(
        text,
        lambda r, a, b, p, g: [[mpf(angle) for angle in angles]],
        [0.5],
        particle1=[[0.5 - y for y in u]],
        particle2=[[0.5 * k - x for x, k in zip(v, s, strict=True)]],
        derivative=derivative,
    )


@case(0, smooth=False)
def elements_minimum_maximum():
    """minimum and maximum, with ties, where the derivative is the mean of both derivatives.

    min and max of x = a r + g and y = b, with dx/dr = a, dx/dg = 1, dy/dr = dy/dg = 0; with ties in half of the
    elements
    """
    text = """
        v0[1] = distance
        v1[4] = particle1
        v2[4] = particle2
        v3[1] = globals
        v4[4] = mul v1 v0
        v5[4] = add v4 v3
        v6[4] = minimum v5 v2
        v7[4] = maximum v5 v2
        v8[4] = minimum v2 v5
        v9[4] = maximum v2 v5
        output v6 v7 v8 v9
    """

    def f(r, a, b, p, g):
        x = [u * r + g[0] for u in a]
        smaller, larger = [min(u, v) for u, v in zip(x, b, strict=True)], [max(u, v) for u, v in zip(x, b, strict=True)]
        return [smaller, larger] * 2

    def share(x, y):
        """The share of x in the derivative of min(x, y)."""
        return mpf(1) / 2 if x == y else mpf(x < y)

    def derivative(r, a, b, p, g):
        shares = [share(u * r + g[0], v) for u, v in zip(a, b, strict=True)]
        return [
            [s * u for s, u in zip(shares, a, strict=True)],
            [(1 - s) * u for s, u in zip(shares, a, strict=True)],
        ] * 2

    def global_derivative(r, a, b, p, g):
        shares = [share(u * r + g[0], v) for u, v in zip(a, b, strict=True)]
        return [shares, [1 - s for s in shares]] * 2

    a = [[1.0, -2.0, 3.0, 8.0], [4.0, -1.0, 0.0, 2.0], [-8.0, 16.0, 5.0, 1.0]]
    b = [[0.75, 0.0, 1.75, -1.0], [0.25, 0.0, 0.25, 0.125], [-1.75, 4.0, 2.0, 0.5]]
    return Case(
        text,
        f,
        [0.5, 0.125, 0.25],
        particle1=a,
        particle2=b,
        globals=[0.25],
        derivative=derivative,
        global_derivatives=[global_derivative],
    )


@case(0, smooth=False)
def elements_comparisons():
    """less, less_equal and equal, also for equal numbers, and arithmetic with the results.

    x < y, x <= y, x = y as 1 or 0 for x = a r and y = b, and x (x < y) - y (x <= y), whose derivative is a (x < y)
    """
    text = """
        v0[1] = distance
        v1[6] = particle1
        v2[6] = particle2
        v3[6] = mul v1 v0
        v4[6] = less v3 v2
        v5[6] = less_equal v3 v2
        v6[6] = equal v3 v2
        v7[6] = mul v3 v4
        v8[6] = mul v2 v5
        v9[6] = sub v7 v8
        output v4 v5 v6 v9
    """

    def f(r, a, b, p, g):
        pairs = [(u * r, v) for u, v in zip(a, b, strict=True)]
        return [
            [mpf(x < y) for x, y in pairs],
            [mpf(x <= y) for x, y in pairs],
            [mpf(x == y) for x, y in pairs],
            [x * (x < y) - y * (x <= y) for x, y in pairs],
        ]

    def derivative(r, a, b, p, g):
        zeros = [mpf(0)] * 6
        return [zeros, zeros, zeros, [u * (u * r < v) for u, v in zip(a, b, strict=True)]]

    a = [[1.0, 2.0, -4.0, 0.0, 0.0, 3.0], [8.0, -8.0, 1.0, 5.0, 0.5, -1.0]]
    b = [[0.5, 0.5, -2.0, 0.0, 1.0, 2.0], [2.0, -3.0, 0.25, 1.0, 0.125, 1.0]]
    return Case(text, f, [0.5, 0.25], particle1=a, particle2=b, derivative=derivative)


@case(1e-15)
def elements_select():
    """select with conditions that are 0, 1, or another number, which counts as true; nested, and by ranges of r.

    a r if c else b/r; then r^2 below 0.4, r below 0.6, 1/r above
    """
    text = """
        v0[1] = distance
        v1[4] = pair
        v2[4] = particle1
        v3[4] = particle2
        v4[4] = mul v2 v0
        v5[4] = div v3 v0
        v6[4] = select v1 v4 v5
        v7[1] = literal 0.4
        v8[1] = literal 0.6
        v9[1] = less v0 v7
        v10[1] = less v0 v8
        v11[1] = mul v0 v0
        v12[1] = literal 1
        v13[1] = div v12 v0
        v14[1] = select v10 v0 v13
        v15[1] = select v9 v11 v14
        output v6 v15
    """

    def f(r, a, b, p, g):
        return [
            [u * r if c != 0 else v / r for c, u, v in zip(p, a, b, strict=True)],
            [r * r if r < 0.4 else r if r < 0.6 else 1 / r],
        ]

    return Case(
        text,
        f,
        [0.25, 0.5, 0.75],
        particle1=rows("select1", 3, 4, 1, 3),
        particle2=rows("select2", 3, 4, 1, 3),
        pair=[[0.0, 1.0, -1.0, 0.5], [2.0, 0.0, 0.0, -0.001], [1.0, 0.0, 1e-30, 0.0]],
    )


# Between elements.


@case(0)
def between_gather_concat():
    """gather with repeated, reversed and single indices, and of a value of length 1; concat of two to four values.

    with x = a r: x[3 3 0], x[4 3 2 1 0], x[2], r r, (x, r), (r, x, a), (x, x), (1, r, x, b)
    """
    text = """
        v0[1] = distance
        v1[5] = particle1
        v2[5] = particle2
        v3[5] = mul v1 v0
        v4[3] = gather v3 {3 3 0}
        v5[5] = gather v3 {4 3 2 1 0}
        v6[1] = gather v3 {2}
        v7[2] = gather v0 {0 0}
        v8[6] = concat v3 v0
        v9[11] = concat v0 v3 v1
        v10[10] = concat v3 v3
        v11[1] = literal 1
        v12[12] = concat v11 v0 v3 v2
        v13[2] = gather v12 {1 11}
        output v4 v5 v6 v7 v8 v9 v10 v12 v13
    """

    def f(r, a, b, p, g):
        x = [u * r for u in a]
        return [
            [x[3], x[3], x[0]],
            x[::-1],
            [x[2]],
            [r, r],
            x + [r],
            [r] + x + a,
            x + x,
            [mpf(1), r] + x + b,
            [r, b[4]],
        ]

    return Case(
        text,
        f,
        [0.5, 0.25],
        particle1=[[1.0, 2.0, 3.0, 4.0, 5.0], [-6.0, 7.0, 8.5, 0.0, 10.0]],
        particle2=[[11.0, 12.0, 13.0, 14.0, 15.0], [0.1, 0.2, 0.3, 0.4, 0.5]],
    )


@case(4e-15)
def between_sum():
    """sum over the first, the middle and the last axis of an array of 24 numbers, over all of them, and over an axis of
    length 1.

    sum over j of x[i][j][k] with x = exp(a r) as an array {o m i}
    """
    shapes = [(2, 3, 4), (1, 24, 1), (4, 6, 1), (1, 4, 6), (24, 1, 1), (1, 1, 24), (3, 2, 4)]
    lines = ["v0[1] = distance", "v1[24] = particle1", "v2[24] = mul v1 v0", "v3[24] = exp v2"]
    lines += [f"v{4 + i}[{o * n}] = sum v3 {{{o} {m} {n}}}" for i, (o, m, n) in enumerate(shapes)]
    lines += ["output " + " ".join(f"v{4 + i}" for i in range(len(shapes)))]

    def f(r, a, b, p, g):
        x = [mp.exp(u * r) for u in a]
        return [
            [mp.fsum(x[(i * m + j) * n + k] for j in range(m)) for i in range(o) for k in range(n)]
            for o, m, n in shapes
        ]

    return Case("\n".join(lines), f, [0.3, 0.8], particle1=rows("sum", 2, 24, 0.1, 2))


@case(0, smooth=False)
def between_max():
    """max over the first, the middle and the last axis of an array of 12 numbers; where several elements are largest,
    the derivative is the mean of their derivatives.

    max over j of x[i][j][k] with x = a r + b as an array {o m i}; derivatives: the mean of a over the largest
    """
    shapes = [(2, 3, 2), (1, 12, 1), (3, 4, 1), (1, 2, 6), (12, 1, 1)]
    lines = ["v0[1] = distance", "v1[12] = particle1", "v2[12] = particle2", "v3[12] = mul v1 v0", "v4[12] = add v3 v2"]
    lines += [f"v{5 + i}[{o * n}] = max v4 {{{o} {m} {n}}}" for i, (o, m, n) in enumerate(shapes)]
    lines += ["output " + " ".join(f"v{5 + i}" for i in range(len(shapes)))]

    def groups(o, m, n):
        return [[(i * m + j) * n + k for j in range(m)] for i in range(o) for k in range(n)]

    def f(r, a, b, p, g):
        x = [u * r + v for u, v in zip(a, b, strict=True)]
        return [[max(x[j] for j in group) for group in groups(*shape)] for shape in shapes]

    def derivative(r, a, b, p, g):
        x = [u * r + v for u, v in zip(a, b, strict=True)]

        def of(group):
            largest = [a[j] for j in group if x[j] == max(x[j] for j in group)]
            return mp.fsum(largest) / len(largest)

        return [[of(group) for group in groups(*shape)] for shape in shapes]

    # In the first pair x = -2, 7, 1, 0, 7, 3.5, 7, 1, 7, -1, 3, 2: two elements are largest, then four. The second pair
    # has no ties, and all elements are negative.
    a = [
        [1.0, 2.0, 3.0, 0.0, 6.0, 7.0, 8.0, -9.0, 4.0, 5.0, 2.0, 1.0],
        [1.0, -2.0, 3.0, -4.0, 5.0, -6.0, 7.0, -8.0, 9.0, -10.0, 11.0, -12.0],
    ]
    b = [
        [-2.5, 6.0, -0.5, 0.0, 4.0, 0.0, 3.0, 5.5, 5.0, -3.5, 2.0, 1.5],
        [-20.0, -21.5, -22.0, -23.0, -24.0, -25.0, -26.0, -27.0, -28.0, -29.0, -30.0, -31.0],
    ]
    return Case("\n".join(lines), f, [0.5, 0.25], particle1=a, particle2=b, derivative=derivative)


@case(2e-15)
def between_linear():
    """linear with non-square matrices, with one row or one column, from weights and from a literal.

    W x with x = exp(a r) of length 4: 3 x 4, 6 x 4, 1 x 4; V r with V 2 x 1; L y with L = [[1, -2, 0.5], [0, 4, -1]]
    and y = (r, r^2, 1/r)
    """
    text = """
        v0[1] = distance
        v1[4] = particle1
        v2[4] = mul v1 v0
        v3[4] = exp v2
        v4[12] = weight
        v5[24] = weight
        v6[4] = weight
        v7[2] = weight
        v8[6] = literal 1 -2 0.5 0 4 -1
        v9[3] = linear v4 v3
        v10[6] = linear v5 v3
        v11[1] = linear v6 v3
        v12[2] = linear v7 v0
        v13[1] = mul v0 v0
        v14[1] = literal 1
        v15[1] = div v14 v0
        v16[3] = concat v0 v13 v15
        v17[2] = linear v8 v16
        output v9 v10 v11 v12 v17
    """
    w = numbers("linear", 40, 0.05, 2) + [3.5, -0.7]

    def f(r, a, b, p, g):
        x = [mp.exp(u * r) for u in a]
        return [
            matrix_times(w[:12], x),
            matrix_times(w[12:36], x),
            matrix_times(w[36:40], x),
            [w[40] * r, w[41] * r],
            [r - 2 * r**2 + 1 / (2 * r), 4 * r**2 - 1 / r],
        ]

    return Case(text, f, [0.3, 0.8], w, rows("linear", 2, 4, 0.2, 2))


@case(0, smooth=False)
def between_lookup():
    """lookup with several indices: rounded towards zero, counted from the end if negative, clamped to the range; from a
    weight and from a literal.

    T[k] with 3 rows of 2 and L[k] with 4 rows of 1, derivatives 0; floor(8 r) as an index, times r
    """
    k = [
        0.0,
        1.0,
        2.0,
        -1.0,
        -2.0,
        -3.0,
        -4.0,
        3.0,
        100.0,
        -100.0,
        1e10,
        -1e10,
        1.75,
        2.96875,
        -0.75,
        -1.25,
        0.5,
        -2.96875,
    ]
    row_of = [0, 1, 2, 2, 1, 0, 0, 2, 2, 0, 2, 0, 1, 2, 0, 2, 0, 1]
    last_of_four = [0, 1, 2, 3, 2, 1, 0, 3, 3, 0, 3, 0, 1, 2, 0, 3, 0, 2]
    text = """
        v0[1] = distance
        v1[6] = particle1
        v2[6] = weight
        v3[4] = literal 10 20 30 40
        v4[12] = lookup v1 v2 {2}
        v5[6] = lookup v1 v3 {1}
        v6[1] = literal 8
        v7[1] = mul v6 v0
        v8[1] = floor v7
        v9[2] = lookup v8 v2 {2}
        v10[2] = mul v9 v0
        v11[4] = lookup v8 v3 {4}
        output v4 v5 v10 v11
    """
    w = [0.25, 0.5, 1.25, 1.5, 2.25, 2.5]
    which = {x: (i, j) for x, i, j in zip(k, row_of, last_of_four, strict=True)}

    def row(i):
        return [mpf(x) for x in w[2 * i : 2 * i + 2]]

    def f(r, a, b, p, g):
        i = {0.125: 1, 0.3125: 2, 0.75: 2}[float(r)]
        return [
            [x for index in a for x in row(which[float(index)][0])],
            [mpf(10 * (which[float(x)][1] + 1)) for x in a],
            [x * r for x in row(i)],
            [mpf(x) for x in (10, 20, 30, 40)],
        ]

    def derivative(r, a, b, p, g):
        i = {0.125: 1, 0.3125: 2, 0.75: 2}[float(r)]
        return [[mpf(0)] * 12, [mpf(0)] * 6, row(i), [mpf(0)] * 4]

    return Case(text, f, [0.125, 0.3125, 0.75], w, [k[i : i + 6] for i in range(0, 18, 6)], derivative=derivative)


def hermite(data, knots, r):
    """Values and derivatives of the curves of a table, the cubic Hermite polynomials of PairTable.h."""
    first, last = mpf(data[0]), mpf(data[1])
    n = (len(data) - 2) // (2 * knots)
    h = (last - first) / (knots - 1)
    k = min(max(int(mp.floor((r - first) / h)), 0), knots - 2)
    t = (r - first) / h - k
    values, derivatives = [], []
    for c in range(n):
        e0, d0, e1, d1 = (mpf(data[2 + 2 * n * knot + offset + c]) for knot in (k, k + 1) for offset in (0, n))
        values.append(
            (1 + 2 * t) * (1 - t) ** 2 * e0
            + t * (1 - t) ** 2 * h * d0
            + t**2 * (3 - 2 * t) * e1
            + t**2 * (t - 1) * h * d1
        )
        derivatives.append(6 * t * (1 - t) * (e1 - e0) / h + (1 - t) * (1 - 3 * t) * d0 + t * (3 * t - 2) * d1)
    return values, derivatives


TABLE = [0.25, 1.25] + [  # five knots of three values and three slopes
    *[4.0, -1.0, 0.5, -20.0, 3.0, 0.0],
    *[1.5, -0.25, 0.5, -6.0, 2.0, 0.0],
    *[0.75, 0.5, 0.5, -2.0, 4.5, 1.0],
    *[0.5, 2.0, 3.25, 0.25, 1.5, -7.0],
    *[0.625, 2.25, -1.0, 0.5, -0.75, 5.5],
]
TABLE_DISTANCES = [
    0.25,
    0.5,
    0.75,
    1.0,
    1.25,
    0.3125,
    0.4375,
    0.59375,
    0.625,
    0.78125,
    0.984375,
    1.1875,
    0.125,
    0.1875,
    1.3125,
    1.5,
]


@case(1e-14, smooth=False)
def between_table():
    """table with three curves and five knots, at the knots, between and outside of them, where the first or last cubic
    is extrapolated.

    f = (1+2t)(1-t)^2 E_k + t(1-t)^2 h E'_k + t^2 (3-2t) E_k+1 + t^2 (t-1) h E'_k+1 with t = (r - r_k)/h; its derivative
    """
    text = """
        v0[1] = distance
        v1[32] = weight
        v2[3] = table v0 v1 {5}
        output v2
    """
    return Case(
        text,
        lambda r, a, b, p, g: [hermite(TABLE, 5, r)[0]],
        TABLE_DISTANCES,
        TABLE,
        derivative=lambda r, a, b, p, g: [hermite(TABLE, 5, r)[1]],
    )


@case(1e-14, differentiable=False)
def between_table_slope():
    """table_slope with three curves and five knots, at the knots, between and outside of them.

    f = 6t(1-t)(E_k+1 - E_k)/h + (1-t)(1-3t) E'_k + t(3t-2) E'_k+1 with t = (r - r_k)/h
    """
    text = """
        v0[1] = distance
        v1[32] = weight
        v2[3] = table_slope v0 v1 {5}
        output v2
    """
    return Case(text, lambda r, a, b, p, g: [hermite(TABLE, 5, r)[1]], TABLE_DISTANCES, TABLE)


@case(4e-14)
def between_table_scaled():
    """table of a number other than r, with knots that are not exact in binary, and a table with only two knots;
    derivatives with respect to r and to a global.

    T(g r + r^2) w with two curves, nine knots and w = (1, g); U(r/g) with one curve and two knots
    """
    text = """
        v0[1] = distance
        v1[1] = globals
        v2[38] = weight
        v3[6] = weight
        v4[1] = mul v1 v0
        v5[1] = mul v0 v0
        v6[1] = add v4 v5
        v7[2] = table v6 v2 {9}
        v8[1] = literal 1
        v9[2] = concat v8 v1
        v10[2] = mul v7 v9
        v11[1] = div v0 v1
        v12[1] = table v11 v3 {2}
        output v10 v12
    """
    table = [0.1, 0.9] + [
        round(x, 4)
        for k in range(9)
        for x in (math.cos(0.3 * k), 2 + math.sin(0.5 * k), -3 * math.sin(0.3 * k) - 0.2, 5 * math.cos(0.5 * k))
    ]
    line = [0.2, 0.7, 1.5, -0.3, 2.5, 0.8]

    def f(r, a, b, p, g):
        x, y = hermite(table, 9, g[0] * r + r * r)[0]
        return [[x, g[0] * y], hermite(line, 2, r / g[0])[0]]

    return Case(text, f, [0.05, 0.15, 0.22, 0.31, 0.43, 0.52, 0.6, 0.72], table + line, globals=[0.85])


# NaN and infinities.

ENDS = [0.0, -1.0, -2.0, INF, -INF, NAN, 800.0, -800.0]


@case(2e-15, ieee=True, differentiable=False)
def ieee_functions():
    """All functions of one number at 0, -1, -2, the infinities, NaN, and 800 and -800.

    the values of IEEE 754 and of the C standard, annex F; finite values in mpmath
    """
    results = {
        "neg": [0, 1, 2, -INF, INF, NAN, -800, 800],
        "abs": [0, 1, 2, INF, INF, NAN, 800, 800],
        "floor": [0, -1, -2, INF, -INF, NAN, 800, -800],
        "sqrt": [0, NAN, NAN, INF, NAN, NAN, mp.sqrt(800), NAN],
        "exp": [1, mp.exp(-1), mp.exp(-2), INF, 0, NAN, INF, 0],
        "expm1": [0, mp.expm1(-1), mp.expm1(-2), INF, -1, NAN, INF, -1],
        "log": [-INF, NAN, NAN, INF, NAN, NAN, mp.log(800), NAN],
        "log1p": [0, -INF, NAN, INF, NAN, NAN, mp.log(801), NAN],
        "sin": [0, mp.sin(-1), mp.sin(-2), NAN, NAN, NAN, mp.sin(800), mp.sin(-800)],
        "cos": [1, mp.cos(1), mp.cos(2), NAN, NAN, NAN, mp.cos(800), mp.cos(800)],
        "tanh": [0, mp.tanh(-1), mp.tanh(-2), 1, -1, NAN, 1, -1],
        "sigmoid": [mpf(0.5), sigmoid(mpf(-1)), sigmoid(mpf(-2)), 1, 0, NAN, 1, 0],
        "erf": [0, mp.erf(-1), mp.erf(-2), 1, -1, NAN, 1, -1],
        "erfc": [1, mp.erfc(-1), mp.erfc(-2), 0, 2, NAN, 0, 2],
    }
    lines = ["v0[8] = particle1"] + [f"v{1 + i}[8] = {operation} v0" for i, operation in enumerate(results)]
    lines += ["output " + " ".join(f"v{1 + i}" for i in range(len(results)))]
    return Case("\n".join(lines), lambda r, a, b, p, g: list(results.values()), [0.5], particle1=[ENDS])


@case(0, ieee=True, differentiable=False)
def ieee_two_operands():
    """Arithmetic, pow, minimum, maximum and the comparisons with zeros, infinities and NaN.

    the values of IEEE 754 and of the C standard, annex F; minimum and maximum are NaN if one operand is, comparisons
    with NaN are 0
    """
    a = [1.0, -1.0, 0.0, INF, INF, NAN, 1.0, INF, 0.0, -8.0, NAN, -INF]
    b = [0.0, 0.0, 0.0, INF, 0.0, 1.0, NAN, -INF, -1.0, 0.3125, NAN, 2.0]
    results = {
        "add": [1, -1, 0, INF, INF, NAN, NAN, NAN, -1, mpf(-7.6875), NAN, -INF],
        "sub": [1, -1, 0, NAN, INF, NAN, NAN, INF, 1, mpf(-8.3125), NAN, -INF],
        "mul": [0, 0, 0, INF, NAN, NAN, NAN, -INF, 0, mpf(-2.5), NAN, -INF],
        "div": [INF, -INF, NAN, NAN, INF, NAN, NAN, NAN, 0, mpf(-25.6), NAN, -INF],
        "pow": [1, 1, 1, INF, 1, NAN, 1, 0, INF, NAN, NAN, INF],
        "minimum": [0, -1, 0, INF, 0, NAN, NAN, -INF, -1, -8, NAN, -INF],
        "maximum": [1, 0, 0, INF, INF, NAN, NAN, INF, 0, mpf(0.3125), NAN, 2],
        "less": [0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1],
        "less_equal": [0, 1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 1],
        "equal": [0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    }
    lines = ["v0[12] = particle1", "v1[12] = particle2"] + [
        f"v{2 + i}[12] = {operation} v0 v1" for i, operation in enumerate(results)
    ]
    lines += ["output " + " ".join(f"v{2 + i}" for i in range(len(results)))]
    return Case("\n".join(lines), lambda r, a, b, p, g: list(results.values()), [0.5], particle1=[a], particle2=[b])


@case(1e-15, ieee=True, differentiable=False)
def ieee_atan2():
    """Angles of points with zeros of both signs, infinities and NaN, where both operands are variable or constant.

    the values of the C standard, annex F; 1/angle, too, which differs for 0 and -0
    """
    infinite = {
        (1.0, INF): 0.0,
        (-1.0, INF): -0.0,
        (1.0, -INF): mp.pi,
        (-1.0, -INF): -mp.pi,
        (INF, -3.0): mp.pi / 2,
        (-INF, 3.0): -mp.pi / 2,
        (INF, INF): mp.pi / 4,
        (-INF, INF): -mp.pi / 4,
        (INF, -INF): 3 * mp.pi / 4,
        (-INF, -INF): -3 * mp.pi / 4,
    }
    points = [*SIGNED_ZEROS, *infinite]
    angles = [*signed_zero_angles(), *infinite.values()]
    n = len(points)
    text = f"""
        v0[{n + 4}] = particle1
        v1[{n + 4}] = particle2
        v2[{n + 4}] = atan2 v0 v1
        v3[1] = literal 1
        v4[{n + 4}] = div v3 v2
        v5[{n}] = literal {listing([y for y, _ in points])}
        v6[{n}] = literal {listing([x for _, x in points])}
        v7[{n}] = atan2 v5 v6
        v8[{n}] = div v3 v7
        output v2 v4 v7 v8
    """
    invalid = [(NAN, 1.0), (1.0, NAN), (NAN, 0.0), (-INF, NAN)]
    inverse = [math.copysign(INF, x) if x == 0 else 1 / x for x in angles]
    y, x = ([point[k] for point in points + invalid] for k in (0, 1))
    outputs = [angles + [NAN] * 4, inverse + [NAN] * 4, angles, inverse]
    return Case(text, lambda r, a, b, p, g: outputs, [0.5], particle1=[y], particle2=[x])


@case(0, ieee=True, differentiable=False)
def ieee_between():
    """NaN and infinities in gather, concat, sum, max and linear: they affect only the elements that depend on them.

    x = (1, inf, nan, -inf, 2, 3): x[0 4 1], sums and maxima over pairs and over triples, W (x0, x1) with W = [[1, 1],
    [0, 1], [1, 0]]
    """
    text = """
        v0[6] = particle1
        v1[3] = gather v0 {0 4 1}
        v2[3] = sum v0 {3 2 1}
        v3[2] = sum v0 {1 3 2}
        v4[3] = max v0 {3 2 1}
        v5[3] = max v0 {1 2 3}
        v6[1] = max v1 {1 3 1}
        v7[6] = literal 1 1 0 1 1 0
        v8[2] = gather v0 {0 1}
        v9[3] = linear v7 v8
        v10[9] = concat v1 v0
        v11[2] = gather v0 {3 3}
        v12[1] = max v11 {1 2 1}
        output v1 v2 v3 v4 v5 v6 v9 v10 v12
    """
    x = [1.0, INF, NAN, -INF, 2.0, 3.0]
    outputs = [
        [1, 2, INF],
        [INF, NAN, 5],
        [NAN, NAN],
        [INF, NAN, 3],
        [1, INF, NAN],
        [INF],
        [INF, INF, NAN],
        [1, 2, INF, *x],
        [-INF],
    ]
    return Case(text, lambda r, a, b, p, g: outputs, [0.5], particle1=[x])


@case(1e-15, ieee=True, smooth=False)
def ieee_select():
    """select ignores the operand that is not chosen in value and derivative, even if it is NaN or infinite; NaN as a
    condition is not 0.

    with x = a r: ln x if x > 0 else 1 - x, sqrt x if x > 0 else r, x^-2 if x is not 0 else 7 r; r if NaN else 2 r
    """
    text = """
        v0[1] = distance
        v1[4] = pair
        v2[4] = mul v1 v0
        v3[1] = literal 0
        v4[4] = less v3 v2
        v5[4] = log v2
        v6[1] = literal 1
        v7[4] = sub v6 v2
        v8[4] = select v4 v5 v7
        v9[4] = sqrt v2
        v10[4] = select v4 v9 v0
        v11[1] = literal -2
        v12[4] = pow v2 v11
        v13[1] = literal 7
        v14[1] = mul v13 v0
        v15[4] = select v2 v12 v14
        v16[1] = particle1
        v17[1] = literal 2
        v18[1] = mul v17 v0
        v19[1] = select v16 v0 v18
        output v8 v10 v15 v19
    """

    def f(r, a, b, p, g):
        x = [u * r for u in p]
        return [
            [mp.log(u) if u > 0 else 1 - u for u in x],
            [mp.sqrt(u) if u > 0 else r for u in x],
            [u**-2 if u != 0 else 7 * r for u in x],
            [r],
        ]

    def derivative(r, a, b, p, g):
        return [
            [1 / r if u > 0 else -u for u in p],
            [mp.sqrt(u / r) / 2 if u > 0 else mpf(1) for u in p],
            [-2 / (u**2 * r**3) if u != 0 else mpf(7) for u in p],
            [mpf(1)],
        ]

    return Case(
        text,
        f,
        [0.5, 0.25],
        particle1=[[NAN], [NAN]],
        pair=[[2.0, -3.0, 0.0, 5.0], [0.0, 0.5, -4.0, -0.125]],
        derivative=derivative,
    )


@case(1e-15, ieee=True, smooth=False)
def ieee_derivatives():
    """The results of the derivative rules where a function or its derivative is infinite or NaN.

    with x = r - c = (0, -1): sqrt x, ln x, 1/x, x^0.5, x^-1; ln(1 + x - 1) by log1p; derivatives 1/(2 sqrt x), 1/x,
    -(1/x)/x, 0.5 x^-0.5, -x^-2, 1/(1 + x - 1)
    """
    text = """
        v0[1] = distance
        v1[2] = literal 0.5 1.5
        v2[2] = sub v0 v1
        v3[2] = sqrt v2
        v4[2] = log v2
        v5[1] = literal 1
        v6[2] = div v5 v2
        v7[1] = literal 0.5
        v8[2] = pow v2 v7
        v9[1] = literal -1
        v10[2] = pow v2 v9
        v11[2] = sub v2 v5
        v12[2] = log1p v11
        output v3 v4 v6 v8 v10 v12
    """
    values = [[0, NAN], [-INF, NAN], [INF, -1], [0, NAN], [INF, -1], [-INF, NAN]]
    derivatives = [[INF, NAN], [INF, -1], [-INF, -1], [INF, NAN], [-INF, -1], [INF, -1]]
    return Case(text, lambda r, a, b, p, g: values, [0.5], derivative=lambda r, a, b, p, g: derivatives)


# Pair programs.


@case(2e-13, pair_program={"types": 2, "globals": []})
def pair_gaussian_network():
    """A tanh network of 8, 8 and 1 units on 8 Gaussians of the distance; each type adds a vector to the first layer.

    E = 12 W_3 tanh(W_2 tanh(W_1 G(r) + T[a] + T[b] + b_1) + b_2) + b_3 with G_k = exp(-((r - c_k)/0.1)^2), c_k = 0.1,
    0.2, ..., 0.8
    """
    text = """
        v0[1] = distance
        v1[1] = particle1
        v2[1] = particle2
        v3[8] = weight
        v4[16] = weight
        v5[64] = weight
        v6[8] = weight
        v7[64] = weight
        v8[8] = weight
        v9[8] = weight
        v10[1] = weight
        v11[8] = sub v0 v3
        v12[1] = literal 0.1
        v13[8] = div v11 v12
        v14[1] = literal 2
        v15[8] = pow v13 v14
        v16[8] = neg v15
        v17[8] = exp v16
        v18[8] = lookup v1 v4 {8}
        v19[8] = lookup v2 v4 {8}
        v20[8] = add v18 v19
        v21[8] = linear v5 v17
        v22[8] = add v21 v20
        v23[8] = add v22 v6
        v24[8] = tanh v23
        v25[8] = linear v7 v24
        v26[8] = add v25 v8
        v27[8] = tanh v26
        v28[1] = linear v9 v27
        v29[1] = literal 12
        v30[1] = mul v29 v28
        v31[1] = add v30 v10
        output v31
    """
    centers = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    table, w1, b1 = numbers("T", 16, -0.6, 0.6), numbers("W1", 64, -1.2, 1.2), numbers("b1", 8, -0.5, 0.5)
    w2, b2, w3, b3 = numbers("W2", 64, -0.9, 0.9), numbers("b2", 8, -0.5, 0.5), numbers("W3", 8, -1.5, 1.5), [30.5]

    def f(r, a, b, p, g):
        basis = [mp.exp(-(((r - c) / 0.1) ** 2)) for c in centers]
        of_types = plus(*(table[8 * int(k[0]) : 8 * int(k[0]) + 8] for k in (a, b)))
        first = [mp.tanh(x) for x in plus(plus(matrix_times(w1, basis), b1), of_types)]
        second = [mp.tanh(x) for x in plus(matrix_times(w2, first), b2)]
        return [[12 * matrix_times(w3, second)[0] + b3[0]]]

    count = 36
    weights = centers + table + w1 + b1 + w2 + b2 + w3 + b3
    return Case(text, f, distances("network", count), weights, types("network1", count, 2), types("network2", count, 2))


@case(4e-14, pair_program={"types": 3, "globals": [["lambda", 0.4]]})
def pair_soft_core():
    """The soft-core Lennard-Jones potential with sigma and epsilon for each type and a global lambda.

    E = 4 eps lambda (1/s^2 - 1/s), s = (1 - lambda)^2/2 + (r/sigma)^6, sigma = (sigma_a + sigma_b)/2, eps = sqrt(eps_a
    eps_b)
    """
    text = """
        v0[1] = distance
        v1[1] = particle1
        v2[1] = particle2
        v3[1] = globals
        v4[6] = weight
        v5[2] = lookup v1 v4 {2}
        v6[2] = lookup v2 v4 {2}
        v7[1] = gather v5 {0}
        v8[1] = gather v6 {0}
        v9[1] = gather v5 {1}
        v10[1] = gather v6 {1}
        v11[1] = add v7 v8
        v12[1] = literal 0.5
        v13[1] = mul v12 v11
        v14[1] = mul v9 v10
        v15[1] = sqrt v14
        v16[1] = div v0 v13
        v17[1] = literal 6
        v18[1] = pow v16 v17
        v19[1] = literal 1
        v20[1] = sub v19 v3
        v21[1] = mul v20 v20
        v22[1] = mul v12 v21
        v23[1] = add v22 v18
        v24[1] = div v19 v23
        v25[1] = mul v24 v24
        v26[1] = sub v25 v24
        v27[1] = literal 4
        v28[1] = mul v27 v15
        v29[1] = mul v28 v3
        v30[1] = mul v29 v26
        output v30
    """
    parameters = [0.32, 4.0, 0.25, 1.5, 0.4, 9.0]

    def f(r, a, b, p, g):
        (sigma_a, eps_a), (sigma_b, eps_b) = (
            [mpf(x) for x in parameters[2 * int(k[0]) : 2 * int(k[0]) + 2]] for k in (a, b)
        )
        s = (1 - g[0]) ** 2 / 2 + (r / ((sigma_a + sigma_b) / 2)) ** 6
        return [[4 * mp.sqrt(eps_a * eps_b) * g[0] * (1 / s**2 - 1 / s)]]

    count = 30
    return Case(
        text,
        f,
        distances("soft", count, 0.1, 0.65),
        parameters,
        types("soft1", count, 3),
        types("soft2", count, 3),
        globals=[0.4],
    )


@case(4e-14, pair_program={"types": 3, "globals": []})
def pair_morse():
    """Morse potentials with parameters for each pair of types.

    E = D (x^2 - 2 x), x = exp(-alpha (r - r_0)), with (D, alpha, r_0) in row 3 a + b
    """
    text = """
        v0[1] = distance
        v1[1] = particle1
        v2[1] = particle2
        v3[27] = weight
        v4[1] = literal 3
        v5[1] = mul v4 v1
        v6[1] = add v5 v2
        v7[3] = lookup v6 v3 {3}
        v8[1] = gather v7 {0}
        v9[1] = gather v7 {1}
        v10[1] = gather v7 {2}
        v11[1] = sub v0 v10
        v12[1] = mul v9 v11
        v13[1] = neg v12
        v14[1] = exp v13
        v15[1] = literal 2
        v16[1] = sub v14 v15
        v17[1] = mul v14 v16
        v18[1] = mul v8 v17
        output v18
    """
    curves = {
        (0, 0): [12.0, 7.5, 0.28],
        (0, 1): [20.5, 9.0, 0.2],
        (0, 2): [8.25, 6.2, 0.35],
        (1, 1): [3.0, 8.1, 0.25],
        (1, 2): [35.0, 5.4, 0.31],
        (2, 2): [5.5, 7.0, 0.4],
    }
    table = [x for i in range(3) for j in range(3) for x in curves[min(i, j), max(i, j)]]

    def f(r, a, b, p, g):
        depth, alpha, r0 = (mpf(x) for x in curves[int(min(a[0], b[0])), int(max(a[0], b[0]))])
        x = mp.exp(-alpha * (r - r0))
        return [[depth * (x**2 - 2 * x)]]

    count = 32
    return Case(text, f, distances("morse", count), table, types("morse1", count, 3), types("morse2", count, 3))


@case(2e-14, pair_program={"types": 4, "globals": []})
def pair_zbl():
    """The Ziegler-Biersack-Littmark repulsion, with an atomic number for each type.

    E = 138.935456 Z_a Z_b/r sum_k c_k exp(-d_k r/s), s = 0.0468479/(Z_a^0.23 + Z_b^0.23) nm
    """
    c, d = [0.18175, 0.50986, 0.28022, 0.02817], [3.1998, 0.94229, 0.4029, 0.20162]
    text = f"""
        v0[1] = distance
        v1[1] = particle1
        v2[1] = particle2
        v3[4] = literal 1 6 8 11
        v4[1] = lookup v1 v3 {{1}}
        v5[1] = lookup v2 v3 {{1}}
        v6[1] = literal 0.23
        v7[1] = pow v4 v6
        v8[1] = pow v5 v6
        v9[1] = add v7 v8
        v10[1] = literal 0.0468479
        v11[1] = div v10 v9
        v12[1] = div v0 v11
        v13[4] = literal {listing(d)}
        v14[4] = mul v13 v12
        v15[4] = neg v14
        v16[4] = exp v15
        v17[4] = literal {listing(c)}
        v18[1] = linear v17 v16
        v19[1] = mul v4 v5
        v20[1] = literal 138.935456
        v21[1] = mul v20 v19
        v22[1] = div v21 v0
        v23[1] = mul v22 v18
        output v23
    """

    def f(r, a, b, p, g):
        z_a, z_b = ((1, 6, 8, 11)[int(k[0])] for k in (a, b))
        s = mpf(0.0468479) / (mpf(z_a) ** mpf(0.23) + mpf(z_b) ** mpf(0.23))
        return [[mpf(138.935456) * z_a * z_b / r * mp.fsum(x * mp.exp(-y * r / s) for x, y in zip(c, d, strict=True))]]

    count = 28
    return Case(
        text,
        f,
        distances("zbl", count, 0.16, 0.42),
        particle1=types("zbl1", count, 4),
        particle2=types("zbl2", count, 4),
    )


# For the three programs with features: distinct particles, from which pairs are drawn.
CHARGED = [[-0.834, 6.0, 45.0], [0.417, 1.0, 33.5], [1.0, 9.0, 52.0], [-1.0, 7.0, 29.5], [0.25, 4.0, 38.0]]
VECTORS = [[0.5, -1.2, 0.3], [1.5, 0.4, -0.7], [-0.9, 0.8, 1.1], [0.2, 0.1, -1.6], [-1.3, -0.5, 0.6], [0.7, 1.9, 0.05]]


def drawn(seed, count, particles):
    generator = random.Random(seed)
    return [list(generator.choice(particles)) for _ in range(count)]


@case(4e-14, pair_program={"features": 3, "globals": [["beta", 1.6], ["strength", 0.75]]})
def pair_charge_penetration():
    """Screened charges with charge penetration: electron clouds of width 1/alpha around cores of charge Z, with
    features q, Z, alpha.

    E = k/r (q_a q_b erfc(beta r) - strength (Z_a n_b e^(-alpha_b r) + Z_b n_a e^(-alpha_a r) + n_a n_b (e^(-alpha_a r)
    + e^(-alpha_b r))/2)), n = q - Z, k = 138.935456
    """
    text = """
        v0[1] = distance
        v1[3] = particle1
        v2[3] = particle2
        v3[2] = globals
        v4[1] = gather v3 {0}
        v5[1] = gather v3 {1}
        v6[1] = gather v1 {0}
        v7[1] = gather v1 {1}
        v8[1] = gather v1 {2}
        v9[1] = gather v2 {0}
        v10[1] = gather v2 {1}
        v11[1] = gather v2 {2}
        v12[1] = sub v6 v7
        v13[1] = sub v9 v10
        v14[1] = mul v8 v0
        v15[1] = neg v14
        v16[1] = exp v15
        v17[1] = mul v11 v0
        v18[1] = neg v17
        v19[1] = exp v18
        v20[1] = mul v7 v13
        v21[1] = mul v20 v19
        v22[1] = mul v10 v12
        v23[1] = mul v22 v16
        v24[1] = add v21 v23
        v25[1] = add v16 v19
        v26[1] = mul v12 v13
        v27[1] = mul v26 v25
        v28[1] = literal 0.5
        v29[1] = mul v28 v27
        v30[1] = add v24 v29
        v31[1] = mul v5 v30
        v32[1] = mul v4 v0
        v33[1] = erfc v32
        v34[1] = mul v6 v9
        v35[1] = mul v34 v33
        v36[1] = sub v35 v31
        v37[1] = literal 138.935456
        v38[1] = mul v37 v36
        v39[1] = div v38 v0
        output v39
    """

    def f(r, a, b, p, g):
        (q_a, z_a, alpha_a), (q_b, z_b, alpha_b) = a, b
        n_a, n_b = q_a - z_a, q_b - z_b
        cloud_a, cloud_b = mp.exp(-alpha_a * r), mp.exp(-alpha_b * r)
        penetration = z_a * n_b * cloud_b + z_b * n_a * cloud_a + n_a * n_b * (cloud_a + cloud_b) / 2
        return [[mpf(138.935456) / r * (q_a * q_b * mp.erfc(g[0] * r) - g[1] * penetration)]]

    count = 32
    return Case(
        text,
        f,
        distances("penetration", count, 0.14, 0.9),
        particle1=drawn("penetration1", count, CHARGED),
        particle2=drawn("penetration2", count, CHARGED),
        globals=[1.6, 0.75],
    )


@case(4e-14, pair_program={"features": 3, "globals": [["turn", 0.4]]})
def pair_polar_angles():
    """Angles of sums of features, in all quadrants, whose coordinates depend on r and on a global.

    E = 3 theta_1 + theta_2 + cos theta_3 with theta = atan2(y, x), x = a_1 + b_1 + r/2 and y = a_2 + b_2 - turn r:
    atan2(y, x), atan2(y - 5, 2 r), atan2(3/4, x)
    """
    text = """
        v0[1] = distance
        v1[3] = particle1
        v2[3] = particle2
        v3[1] = globals
        v4[3] = add v1 v2
        v5[1] = gather v4 {0}
        v6[1] = gather v4 {1}
        v7[1] = literal 0.5
        v8[1] = mul v7 v0
        v9[1] = add v5 v8
        v10[1] = mul v3 v0
        v11[1] = sub v6 v10
        v12[1] = atan2 v11 v9
        v13[1] = weight
        v14[1] = sub v11 v13
        v15[1] = literal 2
        v16[1] = mul v15 v0
        v17[1] = atan2 v14 v16
        v18[1] = literal 0.75
        v19[1] = atan2 v18 v9
        v20[1] = cos v19
        v21[1] = literal 3
        v22[1] = mul v21 v12
        v23[1] = add v22 v17
        v24[1] = add v23 v20
        output v24
    """

    def f(r, a, b, p, g):
        x, y = mpf(a[0]) + b[0] + r / 2, mpf(a[1]) + b[1] - g[0] * r
        return [[3 * mp.atan2(y, x) + mp.atan2(y - 5, 2 * r) + mp.cos(mp.atan2(mpf(3) / 4, x))]]

    count = 32
    return Case(
        text,
        f,
        distances("angles", count),
        [5.0],
        drawn("angles1", count, VECTORS),
        drawn("angles2", count, VECTORS),
        globals=[0.4],
    )


@case(4e-14, pair_program={"features": 3, "globals": []})
def pair_layer_norm_softmax():
    """A network on features with layer normalization and softmax attention over six units.

    h = W (a + b, a b, 1/r, e^(-2r)); y = gamma (h - mean h)/sqrt(var h + 1e-5) + beta; p = softmax(V y); E = 20 sum_i
    p_i (U sigmoid(y))_i e^-r + 5
    """
    text = """
        v0[1] = distance
        v1[3] = particle1
        v2[3] = particle2
        v3[48] = weight
        v4[6] = weight
        v5[6] = weight
        v6[36] = weight
        v7[36] = weight
        v8[3] = add v1 v2
        v9[3] = mul v1 v2
        v10[1] = literal 1
        v11[1] = div v10 v0
        v12[1] = literal -2
        v13[1] = mul v12 v0
        v14[1] = exp v13
        v15[8] = concat v8 v9 v11 v14
        v16[6] = linear v3 v15
        v17[1] = literal 6
        v18[1] = sum v16 {1 6 1}
        v19[1] = div v18 v17
        v20[6] = sub v16 v19
        v21[6] = mul v20 v20
        v22[1] = sum v21 {1 6 1}
        v23[1] = div v22 v17
        v24[1] = literal 1e-05
        v25[1] = add v23 v24
        v26[1] = sqrt v25
        v27[6] = div v20 v26
        v28[6] = mul v27 v4
        v29[6] = add v28 v5
        v30[6] = linear v6 v29
        v31[1] = max v30 {1 6 1}
        v32[6] = sub v30 v31
        v33[6] = exp v32
        v34[1] = sum v33 {1 6 1}
        v35[6] = div v33 v34
        v36[6] = sigmoid v29
        v37[6] = linear v7 v36
        v38[6] = mul v35 v37
        v39[1] = sum v38 {1 6 1}
        v40[1] = neg v0
        v41[1] = exp v40
        v42[1] = mul v39 v41
        v43[1] = literal 20
        v44[1] = mul v43 v42
        v45[1] = literal 5
        v46[1] = add v44 v45
        output v46
    """
    w, gamma, beta = numbers("norm W", 48, -0.8, 0.8), numbers("gamma", 6, 0.5, 1.5), numbers("beta", 6, -0.4, 0.4)
    v, u = numbers("norm V", 36, -0.9, 0.9), numbers("norm U", 36, -0.5, 1.5)

    def f(r, a, b, p, g):
        h = matrix_times(w, plus(a, b) + [x * y for x, y in zip(a, b, strict=True)] + [1 / r, mp.exp(-2 * r)])
        mean = mp.fsum(h) / 6
        width = mp.sqrt(mp.fsum((x - mean) ** 2 for x in h) / 6 + mpf(1e-5))
        y = [s * (x - mean) / width + t for x, s, t in zip(h, gamma, beta, strict=True)]
        weights = [mp.exp(x) for x in matrix_times(v, y)]
        chosen = mp.fsum(
            x * z for x, z in zip(weights, matrix_times(u, [sigmoid(x) for x in y]), strict=True)
        ) / mp.fsum(weights)
        return [[20 * chosen * mp.exp(-r) + 5]]

    count = 30
    return Case(
        text,
        f,
        distances("norm", count),
        w + gamma + beta + v + u,
        drawn("norm1", count, VECTORS),
        drawn("norm2", count, VECTORS),
    )


# Malformed programs.


def negative():
    """Programs that must be refused: text, weights, and a regular expression that the message must match."""
    start = ["v0[1] = distance", "v1[6] = weight", "v2[2] = particle1", "v3[2] = particle2"]
    weights = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    found = []

    def add(message, *lines, begin=start, output="output v4", weights=weights):
        lines = [*begin, *lines, *([output] if output else [])]
        found.append({"text": "\n".join(lines) + "\n" if lines else "", "weights": weights, "message": message})

    # Operations and operands.
    add(r"v4\b.*sine", "v4[1] = sine v0")
    add(r"v4\b.*Add", "v4[2] = Add v2 v3")
    add(r"v4\b.*5", "v4[2] = add v2 v5", "v5[2] = neg v3")
    add(r"v4\b.*4", "v4[2] = add v2 v4")
    add(r"v4\b.*17", "v4[2] = add v2 v17")
    add(r"v4\b.*operand", "v4[2] = add v2")
    add(r"v4\b.*operand", "v4[2] = neg v2 v3")
    add(r"v4\b.*operand", "v4[2] = select v0 v2")
    add(r"v4\b.*operand", "v4[2] = select v0 v2 v3 v0")
    add(r"v4\b.*operand", "v4[1] = concat")
    add(r"v4\b.*(operand|3)", "v4[2] = add v2 3")
    add(r"v4\b.*operand", "v4[1] = distance v0", begin=["v0[1] = literal 1", *start[1:]])
    # Lengths.
    add(r"v4\b.*length", "v4[3] = add v2 v3")
    add(r"v4\b.*length", "v4[1] = tanh v2")
    add(r"v5\b.*length", "v4[3] = literal 1 2 3", "v5[3] = mul v2 v4", output="output v5")
    add(r"v5\b.*length", "v4[3] = literal 1 2 3", "v5[3] = select v2 v4 v0", output="output v5")
    add(r"v4\b.*length", "v4[3] = concat v2 v3")
    add(r"v4\b.*length", "v4[3] = literal 1 2")
    add(r"v4\b.*(length|number)", "v4[0] = literal")
    add(r"line 5.*number", "v4[1] = literal 1e999")
    add(r"line 5.*number", "v4[2] = literal 1 -2e308")
    add(r"v4\b.*length", "v4[0] = neg v2")
    add(r"v4\b", "v4[-2] = neg v2")
    add(r"v4\b", "v4[2.0] = neg v2")
    add(r"v4\b", "v4[99999999999999999999999] = neg v2")
    add(r"v4\b", "v4[1000000000000] = weight")
    add(r"v0\b", "v1[1] = distance", begin=["v0[4294967297] = weight"], output="output v1", weights=[1.0])
    # Inputs.
    add(r"v4\b.*distance", "v4[1] = distance")
    add(r"v4\b.*particle1", "v4[2] = particle1")
    add(r"v0\b.*length", begin=["v0[2] = distance"], output="output v0", weights=[])
    add(r"v1\b", begin=["v0[2] = particle1", "v1[3] = particle2"], output="output v1", weights=[])
    # Integers in braces.
    add(r"v4\b.*2", "v4[2] = gather v2 {0 2}")
    add(r"v4\b.*-1", "v4[2] = gather v2 {0 -1}")
    add(r"v4\b.*length", "v4[3] = gather v2 {0 1}")
    add(r"v4\b", "v4[1] = gather v2")
    add(r"v4\b", "v4[1] = gather v2 {}")
    add(r"v4\b", "v4[1] = gather v2 {0")
    add(r"v4\b", "v4[1] = gather v2 0}")
    add(r"v4\b", "v4[1] = gather v2 {0.5}")
    add(r"v4\b", "v4[1] = gather v2 {0} {1}")
    add(r"v4\b", "v4[1] = gather v2 {0} and more")
    add(r"v4\b", "v4[2] = neg v2 {1}")
    add(r"v4\b", "v4[1] = sum v2 {1 3 1}")
    add(r"v4\b", "v4[1] = sum v2 {1 2}")
    add(r"v4\b", "v4[1] = sum v2")
    add(r"v4\b", "v4[1] = sum v2 {-1 2 -1}")
    add(r"v4\b.*length", "v4[2] = sum v2 {1 2 1}")
    add(r"v4\b", "v4[1] = max v1 {1 4 1}")
    # Shapes with 2^32 + 2 and 2^64 + 2 elements, which are 2 in integers that overflow.
    add(r"v4\b", "v4[3] = max v2 {3 1431655766 1}")
    add(r"v4\b", "v4[3] = sum v2 {3 6148914691236517206 1}")
    add(r"v4\b", "v4[1] = max v2 {99999999999999999999999 1 1}")
    # Constants.
    add(r"v5\b.*(constant|weight)", "v4[4] = concat v2 v3", "v5[2] = linear v4 v3", output="output v5")
    add(r"v5\b.*(constant|weight)", "v4[2] = neg v2", "v5[2] = lookup v0 v4 {2}", output="output v5")
    add(r"v5\b.*weight", "v4[6] = concat v2 v3 v2", "v5[1] = table v0 v4 {2}", output="output v5")
    add(r"v5\b.*length", "v4[4] = literal 1 2 3 4", "v5[1] = linear v1 v4", output="output v5")
    add(r"v4\b.*length", "v4[2] = linear v1 v2")
    add(r"v4\b", "v4[4] = lookup v0 v1 {4}")
    add(r"v4\b", "v4[1] = lookup v0 v1 {0}")
    add(r"v4\b.*length", "v4[2] = lookup v2 v1 {2}")
    add(r"v4\b", "v4[1] = table v0 v1 {3}")
    add(r"v4\b", "v4[1] = table_slope v0 v1 {4}")
    add(r"v4\b.*knots", "v4[2] = table v0 v1 {1}")
    add(r"v4\b.*length", "v4[2] = table v0 v1 {2}")
    add(r"v4\b.*(length|number)", "v4[1] = table v2 v1 {2}")
    add(r"v4\b", "v4[1] = table v0 v1")
    # Numbers.
    add(r"v4\b.*one", "v4[1] = literal one")
    add(r"v4\b.*1\.5x", "v4[1] = literal 1.5x")
    add(r"v4\b.*nan", "v4[1] = literal nan")
    add(r"v4\b.*--1", "v4[1] = literal --1")
    add(r"v4\b.*1e\+", "v4[1] = literal 1e+")
    add(r"v4\b.*1-2", "v4[1] = literal 1-2")
    add(r"v4\b.*1\.2\.3", "v4[1] = literal 1.2.3")
    add(r"v4\b.*2,5", "v4[1] = literal 2,5")
    add(r"v4\b.*v0", "v4[1] = literal v0")
    add(r"weight", "v4[2] = add v2 v3", weights=weights[:5])
    add(r"weight", "v4[2] = add v2 v3", weights=[*weights, 7.0])
    add(r"weight", "v4[2] = add v2 v3", weights=[])
    # Steps and outputs.
    add(r"v3\b", "v3[2] = neg v2", output="output v3")
    add(r"v[45]\b", "v5[2] = neg v2", output="output v5")
    add(r"output", "v4[2] = neg v2", output=None)
    add(r"output", "v4[2] = neg v2", output="output")
    add(r"output", "v4[2] = neg v2", "output")
    add(r"output", "v4[2] = neg v2", "output v4 v5", "v5[2] = neg v3", output=None)
    add(r"v9\b", "v4[2] = neg v2", output="output v4 v9")
    add(r"output|four", "v4[2] = neg v2", output="output four")
    add(r"output", "v4[2] = neg v2", "output v4", "v5[2] = neg v3", output=None)
    add(r"output", "v4[2] = neg v2", "output v4", "output v2", output=None)
    add(r"nothing|garbage|after|end", "v4[2] = neg v2", "output v4", "and more", output=None)
    add(r"v4\b", "v4[2] neg v2")
    add(r"v4\b", "v4 = neg v2")
    add(r"v4\b", "v4[2 = neg v2")
    add(r"v4\b", "v4[2] =")
    add(r"v4\b|w4", "w4[2] = neg v2")
    add(r"output|empty|step", begin=[], output=None, weights=[])
    add(r"output|empty|step", "", begin=[], output=None, weights=[])
    return found


# Files.


def encode(value):
    """Replace NaN and infinities, which JSON does not have, by strings."""
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, list):
        return [encode(x) for x in value]
    return {key: encode(x) for key, x in value.items()} if isinstance(value, dict) else value


def to_json(value, indent=""):
    """JSON text in which lists of numbers, and values that fit, take one line."""
    line = json.dumps(value)
    if (
        len(line) <= 120 - len(indent)
        or not isinstance(value, dict | list)
        or (isinstance(value, list) and not any(isinstance(x, dict | list) for x in value))
    ):
        return line
    inner = indent + " "
    if isinstance(value, dict):
        lines = [f"{inner}{json.dumps(key)}: {to_json(x, inner)}" for key, x in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + to_json(x, inner) for x in value) + f"\n{indent}]"


def main():
    parser = argparse.ArgumentParser(description="Write the conformance files.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file would change")
    check = parser.parse_args().check
    mp.dps = DIGITS
    contents = {name: to_json(encode(content())) + "\n" for name, content in CASES.items()}
    contents["negative"] = "[\n" + ",\n".join(" " + json.dumps(x) for x in negative()) + "\n]\n"
    files = {f"{name}.json": content.encode() for name, content in contents.items()}
    present = {path.name: path.read_bytes() for path in HERE.glob("*.json")}
    changed = sorted(name for name in files | present if files.get(name) != present.get(name))
    if check:
        sys.exit(f"these files differ from the output of generate.py: {', '.join(changed)}" if changed else 0)
    for name in changed:
        if name in files:
            (HERE / name).write_bytes(files[name])
            print(f"{name}: {len(files[name])} bytes")
        else:
            print(f"{name}: not written by generate.py; delete it")


if __name__ == "__main__":
    main()
