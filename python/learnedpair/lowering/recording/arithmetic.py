# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Formulas of the elementwise operators.

A formula has PyTorch's values and, at kinks, PyTorch's derivatives. Where PyTorch takes the derivative of one side, the
formula is a ``select`` whose comparison chooses that side; where PyTorch takes the mean of both sides, it is
``minimum`` or ``maximum``. The operand that is not selected may be NaN. Comparisons are written so that an argument NaN
gives NaN.
"""

import math

from .builder import Expression
from .refusals import Refusal
from .rules import elementwise

#: Integer powers up to this one are written as products.
_MAX_MULTIPLIED_POWER = 32


def _operation(name, *operators):
    def formula(x, *others):
        return x.apply(name, *others)

    elementwise(*operators)(formula)


for _name in (
    "neg",
    "abs",
    "floor",
    "sqrt",
    "exp",
    "expm1",
    "log",
    "log1p",
    "sin",
    "cos",
    "tanh",
    "sigmoid",
    "erf",
    "erfc",
):
    _operation(_name, _name)
_operation("neg", "negative")
_operation("expm1", "special_expm1")
_operation("log1p", "special_log1p")
_operation("erf", "special_erf")
_operation("erfc", "special_erfc")
_operation("sigmoid", "special_expit")
_operation("minimum", "minimum")
_operation("maximum", "maximum")


# Helpers: operations of the program, where at least one operand is an Expression.


def _apply(name, a, b, is_bool=False):
    some = a if isinstance(a, Expression) else b
    return some.lift(a).apply(name, b, is_bool=is_bool)


def less(a, b):
    return _apply("less", a, b, is_bool=True)


def less_equal(a, b):
    return _apply("less_equal", a, b, is_bool=True)


def equal(a, b):
    return _apply("equal", a, b, is_bool=True)


def select(condition, a, b):
    is_bool = getattr(a, "is_bool", isinstance(a, bool)) and getattr(b, "is_bool", isinstance(b, bool))
    return condition.apply("select", a, b, is_bool=is_bool)


def opposite(condition):
    """The logical negation of a condition that is known to be 0 or 1."""
    value = 1.0 - condition
    value.is_bool = True
    return value


def to_bool(x):
    if isinstance(x, Expression):
        return x if x.is_bool else opposite(equal(x, 0.0))
    return bool(x)


def truncate(x):
    return select(less(x, 0.0), -((-x).apply("floor")), x.apply("floor"))


def absolute(x):
    return x.apply("abs")


def exp(x):
    return x.apply("exp")


def log1p(x):
    return x.apply("log1p")


# Sums and products.


@elementwise("add")
def add(x, y, alpha=1):
    if is_boolean(x) and is_boolean(y):
        return _apply("maximum", x, y, is_bool=True)
    return x + (y if alpha == 1 else y * alpha)


def is_boolean(x):
    return x.is_bool if isinstance(x, Expression) else isinstance(x, bool)


@elementwise("sub", "subtract")
def subtract(x, y, alpha=1):
    return x - (y if alpha == 1 else y * alpha)


@elementwise("rsub")
def subtract_from(x, y, alpha=1):
    x = x if alpha == 1 else x * alpha
    # TorchScript replaces a number minus x by -x + y; both must give the same program.
    return y - x if isinstance(y, Expression) else -x + y


@elementwise("mul", "multiply")
def multiply(x, y):
    return x if _is_one(y) else x * y


def _is_one(y):
    return not isinstance(y, Expression) and y == 1


@elementwise("div", "divide", "true_divide")
def divide(x, y, rounding_mode=None):
    quotient = x if _is_one(y) else _apply("div", x, y)
    rounded = {None: lambda: quotient, "floor": lambda: quotient.apply("floor"), "trunc": lambda: truncate(quotient)}
    return rounded[rounding_mode]()


@elementwise("floor_divide")
def floor_divide(x, y):
    return _apply("div", x, y).apply("floor")


@elementwise("remainder")
def remainder(x, y):
    return x - y * _apply("div", x, y).apply("floor")


@elementwise("fmod")
def fmod(x, y):
    return x - y * truncate(_apply("div", x, y))


@elementwise("reciprocal")
def reciprocal(x):
    return 1.0 / x


@elementwise("addcmul")
def addcmul(x, a, b, value=1):
    return x + (a * b if value == 1 else value * a * b)


@elementwise("addcdiv")
def addcdiv(x, a, b, value=1):
    return x + (a / b if value == 1 else value * a / b)


@elementwise("lerp")
def lerp(start, end, weight):
    return start + weight * (end - start)


# Powers, exponentials and logarithms.


@elementwise("square")
def square(x):
    return x * x


@elementwise("rsqrt")
def rsqrt(x):
    return 1.0 / x.apply("sqrt")


@elementwise("pow", "float_power")
def power(x, exponent):
    if isinstance(exponent, Expression) or not isinstance(x, Expression):
        return _apply("pow", x, exponent)
    exponent = float(exponent)
    if exponent < 0 and (-exponent).is_integer() and -exponent <= _MAX_MULTIPLIED_POWER:
        return 1.0 / power(x, -exponent)
    if exponent.is_integer() and 0 <= exponent <= _MAX_MULTIPLIED_POWER:
        return _multiplied(x, int(exponent))
    special = {0.5: lambda: x.apply("sqrt"), -0.5: lambda: rsqrt(x)}
    return special.get(exponent, lambda: x.apply("pow", exponent))()


def _multiplied(x, exponent):
    """x**exponent by repeated squaring."""
    if exponent == 0:
        return 1.0
    result = x
    for digit in bin(exponent)[3:]:
        result = result * result
        result = result * x if digit == "1" else result
    return result


@elementwise("exp2", "special_exp2")
def exp2(x):
    return exp(x * math.log(2))


@elementwise("log2")
def log2(x):
    return x.apply("log") / math.log(2)


@elementwise("log10")
def log10(x):
    return x.apply("log") / math.log(10)


@elementwise("xlogy", "special_xlogy")
def xlogy(x, y):
    return select(equal(x, 0.0), 0.0, x * _lifted(x, y).apply("log"))


@elementwise("special_xlog1py")
def xlog1py(x, y):
    return select(equal(x, 0.0), 0.0, x * _lifted(x, y).apply("log1p"))


def _lifted(some, y):
    some = some if isinstance(some, Expression) else y
    return some.lift(y)


@elementwise("logaddexp")
def logaddexp(x, y):
    return x.apply("maximum", y) + log1p(exp(-absolute(x - y)))


@elementwise("hypot")
def hypot(x, y):
    return (x * x + y * y).apply("sqrt")


@elementwise("atan2", "arctan2")
def atan2(y, x):
    return _apply("atan2", y, x)


@elementwise("tan")
def tan(x):
    return x.apply("sin") / x.apply("cos")


@elementwise("sinh")
def sinh(x):
    return 0.5 * (x.apply("expm1") - (-x).apply("expm1"))  # without cancellation near 0


@elementwise("cosh")
def cosh(x):
    return 0.5 * (exp(x) + exp(-x))


@elementwise("atanh", "arctanh")
def atanh(x):
    return 0.5 * (log1p(x) - log1p(-x))


@elementwise("asinh", "arcsinh")
def asinh(x):
    size = absolute(x)
    square = x * x
    value = log1p(size + square / (1.0 + (square + 1.0).apply("sqrt")))
    return select(equal(x, 0.0), x, sign(x) * value)  # at 0 the derivative is that of x


@elementwise("acosh", "arccosh")
def acosh(x):
    above = x - 1.0
    return log1p(above + (above * (above + 2.0)).apply("sqrt"))


@elementwise("sinc", "special_sinc")
def sinc(x):
    angle = x * math.pi
    return select(equal(angle, 0.0), 1.0, angle.apply("sin") / angle)


@elementwise("deg2rad")
def deg2rad(x):
    return x * (math.pi / 180)


@elementwise("rad2deg")
def rad2deg(x):
    return x * (180 / math.pi)


# Activations.


@elementwise("relu")
def relu(x):
    return select(less_equal(x, 0.0), 0.0, x)


@elementwise("leaky_relu")
def leaky_relu(x, negative_slope=0.01):
    return select(less(0.0, x), x, x * negative_slope)


@elementwise("_prelu_kernel")
def prelu(x, weight):
    return select(less(0.0, x), x, weight * x)


@elementwise("hardtanh")
def hardtanh(x, min_val=-1.0, max_val=1.0):
    return select(less_equal(x, min_val), min_val, select(less_equal(max_val, x), max_val, x))


@elementwise("relu6")
def relu6(x):
    return hardtanh(x, 0.0, 6.0)


@elementwise("elu")
def elu(x, alpha=1.0, scale=1.0, input_scale=1.0):
    negative = _scaled(_scaled(x, input_scale).apply("expm1"), alpha * scale)
    return select(less(0.0, x), _scaled(x, scale), negative)


def _scaled(x, factor):
    return x if factor == 1 else x * factor


@elementwise("celu")
def celu(x, alpha=1.0):
    return elu(x, alpha, 1.0, 1.0 / alpha)


@elementwise("selu")
def selu(x):
    return elu(x, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946)


@elementwise("silu")
def silu(x):
    return x * x.apply("sigmoid")


@elementwise("softplus")
def softplus(x, beta=1.0, threshold=20.0):
    scaled = _scaled(x, beta)
    smooth = log1p(exp(scaled))
    return select(less(threshold, scaled), x, smooth if beta == 1 else smooth / beta)


@elementwise("mish")
def mish(x):
    # log(1 + e^x) without overflow; at 0 the derivatives 1/2 of maximum and 0 of abs add up to the right one.
    return x * (x.apply("maximum", 0.0) + log1p(exp(-absolute(x)))).apply("tanh")


@elementwise("log_sigmoid")
def log_sigmoid(x):
    return x.apply("minimum", 0.0) - log1p(exp(-absolute(x)))


@elementwise("gelu")
def gelu(x, approximate="none"):
    if approximate == "tanh":
        return 0.5 * x * (1.0 + (math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))).apply("tanh"))
    return 0.5 * x * (x * -math.sqrt(0.5)).apply("erfc")  # 1 + erf would cancel for negative x


@elementwise("hardsigmoid")
def hardsigmoid(x):
    return hardtanh(x + 3.0, 0.0, 6.0) / 6.0


@elementwise("hardswish")
def hardswish(x):
    return select(less_equal(x, -3.0), 0.0, select(less(x, 3.0), x * ((x + 3.0) / 6.0), x))


@elementwise("threshold")
def threshold(x, limit, value):
    return select(less_equal(x, limit), value, x)


@elementwise("softshrink")
def softshrink(x, lambd=0.5):
    return select(less(lambd, x), x - lambd, select(less(x, -lambd), x + lambd, x * 0.0))


@elementwise("hardshrink")
def hardshrink(x, lambd=0.5):
    return select(less_equal(absolute(x), lambd), 0.0, x)


# Limits and choices.


@elementwise("clamp", "clip")
def clamp(x, lowest=None, highest=None, **limits):
    lowest, highest = limits.get("min", lowest), limits.get("max", highest)
    if lowest is not None:  # at the limits the derivative is that of x, as in PyTorch before 2.14
        x = select(less(x, lowest), lowest, x)
    if highest is not None:
        x = select(less(highest, x), highest, x)
    return x


@elementwise("clamp_min")
def clamp_min(x, lowest):
    return clamp(x, lowest, None)


@elementwise("clamp_max")
def clamp_max(x, highest):
    return clamp(x, None, highest)


@elementwise("fmin")
def fmin(x, y):
    return select(is_nan(x), y, select(is_nan(y), x, x.apply("minimum", y)))


@elementwise("fmax")
def fmax(x, y):
    return select(is_nan(x), y, select(is_nan(y), x, x.apply("maximum", y)))


@elementwise("where")
def where(condition, a, b):
    return select(condition, a, b)


@elementwise("masked_fill")
def masked_fill(x, mask, value):
    return select(mask, value, x)


@elementwise("heaviside")
def heaviside(x, value):
    return select(equal(x, 0.0), value, less(0.0, x))


# Comparisons and truth values.


@elementwise("eq")
def eq(a, b):
    return equal(a, b)


@elementwise("ne", "not_equal")
def ne(a, b):
    return opposite(equal(a, b))


@elementwise("lt", "less")
def lt(a, b):
    return less(a, b)


@elementwise("le", "less_equal")
def le(a, b):
    return less_equal(a, b)


@elementwise("gt", "greater")
def gt(a, b):
    return less(b, a)


@elementwise("ge", "greater_equal")
def ge(a, b):
    return less_equal(b, a)


@elementwise("logical_not")
def logical_not(x):
    return opposite(x) if x.is_bool else equal(x, 0.0)


@elementwise("logical_and")
def logical_and(a, b):
    return _apply("mul", to_bool(a), to_bool(b), is_bool=True)


@elementwise("logical_or")
def logical_or(a, b):
    return _apply("maximum", to_bool(a), to_bool(b), is_bool=True)


@elementwise("logical_xor")
def logical_xor(a, b):
    return opposite(_apply("equal", to_bool(a), to_bool(b)))


@elementwise("isnan")
def is_nan(x):
    return opposite(equal(x, x))


@elementwise("isinf")
def is_infinite(x):
    return equal(absolute(x), math.inf)


@elementwise("isfinite")
def is_finite(x):
    return less(absolute(x), math.inf)


# Rounding, with the derivative 0.


@elementwise("ceil")
def ceil(x):
    return -((-x).apply("floor"))


@elementwise("trunc", "fix")
def trunc(x):
    return truncate(x)


@elementwise("frac")
def frac(x):
    return x - truncate(x)


@elementwise("round")
def round_half_to_even(x, decimals=0):
    scale = 10.0**decimals
    scaled = _scaled(x, scale)
    below = scaled.apply("floor")
    rest = scaled - below
    odd = below - 2.0 * (0.5 * below).apply("floor")
    up = select(equal(rest, 0.5), odd, less(0.5, rest))
    rounded = below + up
    return rounded if decimals == 0 else rounded / scale


@elementwise("sign", "sgn")
def sign(x):
    return less(0.0, x) - less(x, 0.0)


@elementwise("bitwise_not")
def bitwise_not(x):
    return opposite(_only_bool(x))


@elementwise("bitwise_and", "__and__")
def bitwise_and(a, b):
    return logical_and(_only_bool(a), _only_bool(b))


@elementwise("bitwise_or", "__or__")
def bitwise_or(a, b):
    return logical_or(_only_bool(a), _only_bool(b))


@elementwise("bitwise_xor", "__xor__")
def bitwise_xor(a, b):
    return logical_xor(_only_bool(a), _only_bool(b))


def _only_bool(x):
    if not is_boolean(x):
        raise Refusal("bitwise operators on integers cannot be recorded, only those on booleans")
    return x
