# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Pair functions as users write them, for tests of all code that reads or runs models.

All functions are exactly symmetric, smooth (the force is continuous) and finite on their domain. They vanish at the
cutoff unless they have a switching distance. Weights are random, in single precision, and the same in every process.
"""

import functools
import math
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import learnedpair as lp
import models
import numpy as np
import torch
from torch import Tensor, nn

F = nn.functional
TYPES = ["A", "B", "C"]
COULOMB = 138.935458  # kJ/mol nm/e^2


@dataclass(frozen=True, eq=False)
class Architecture:
    """A pair function: its name, a function that makes the module, and the metadata of the model."""

    name: str
    make_module: Callable[[], nn.Module] = field(repr=False)
    metadata: dict = field(repr=False)

    def __str__(self):
        return self.name

    def module(self):
        """The module, with the same random weights each time."""
        with torch.random.fork_rng():
            torch.manual_seed(sum(map(ord, self.name)))
            return self.make_module()


def envelope(r: Tensor, cutoff: float) -> Tensor:
    """(1 - (r/cutoff)^2)^3, zero beyond."""
    x = torch.clamp(1 - (r / cutoff) ** 2, min=0)
    return x * x * x


# Radial basis functions, from r of shape [P] to [P, size].


class Gaussians(nn.Module):
    """Equally spaced Gaussians of equal width."""

    def __init__(self, size, inner, cutoff):
        super().__init__()
        self.register_buffer("centers", torch.linspace(inner, cutoff, size))
        self.gamma = 0.5 * ((size - 1) / (cutoff - inner)) ** 2

    def forward(self, r: Tensor) -> Tensor:
        return torch.exp(-self.gamma * (r.unsqueeze(-1) - self.centers) ** 2)


class LearnedGaussians(nn.Module):
    """Gaussians of exp(-r), with learned centers and widths, as in PhysNet."""

    def __init__(self, size, inner, cutoff):
        super().__init__()
        self.cutoff = cutoff
        self.centers = nn.Parameter(torch.linspace(math.exp(-cutoff / cutoff), math.exp(-inner / cutoff), size))
        self.widths = nn.Parameter(40 + 40 * torch.rand(size))

    def forward(self, r: Tensor) -> Tensor:
        distance = torch.exp(-r / self.cutoff)[:, None] - self.centers
        return torch.exp(-F.softplus(self.widths) * distance.square())


class Bessel(nn.Module):
    """sqrt(2/c) sin(n pi r/c) / r, as in DimeNet, with learned frequencies."""

    def __init__(self, size, cutoff):
        super().__init__()
        self.cutoff = cutoff
        self.frequencies = nn.Parameter(torch.arange(1, size + 1) * math.pi)

    def forward(self, r: Tensor) -> Tensor:
        x = (r / self.cutoff).unsqueeze(1)
        return (2 / self.cutoff) ** 0.5 * torch.sin(self.frequencies * x) / (x * self.cutoff)


class Chebyshev(nn.Module):
    """Chebyshev polynomials, computed by recurrence."""

    def __init__(self, size: int, cutoff: float):
        super().__init__()
        self.size = size
        self.cutoff = cutoff

    def forward(self, r: Tensor) -> Tensor:
        x = 1 - 2 * r / self.cutoff
        terms = [torch.ones_like(x), x]
        for _ in range(self.size - 2):
            terms.append(2 * x * terms[-1] - terms[-2])
        return torch.stack(terms, dim=-1)


class Powers(nn.Module):
    """1/r, 1/r^6, sqrt r, ln r and exp(-r), each scaled to the order of 1."""

    def forward(self, r: Tensor) -> Tensor:
        x = 0.3 / r
        return torch.cat(
            [
                x[:, None],
                torch.pow(x, 6)[:, None] / 20,
                torch.sqrt(r)[:, None],
                torch.log(r)[:, None],
                torch.exp(-r / 0.1)[:, None],
            ],
            dim=1,
        )


# Activations whose first derivative is continuous, as forces require.


class SquaredReLU(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x) ** 2


class TimesInput(nn.Module):
    """x a(x), which has no kink at zero even if a has one."""

    def __init__(self, activation):
        super().__init__()
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        return x * self.activation(x)


class SmoothHardtanh(nn.Module):
    """A cubic between -1 and 1, constant beyond."""

    def __init__(self):
        super().__init__()
        self.clip = nn.Hardtanh()

    def forward(self, x: Tensor) -> Tensor:
        x = self.clip(x)
        return 0.5 * x * (3 - x * x)


class SoftMaxout(nn.Module):
    """ln(exp x + exp y) of neighboring elements x, y of a vector."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.logsumexp(x.view(x.shape[0], -1, 2), dim=2)


ACTIVATIONS = {
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "softplus": lambda: nn.Softplus(beta=2.0),
    "relu_squared": SquaredReLU,
    "leaky_relu": lambda: TimesInput(nn.LeakyReLU(0.1)),
    "elu": nn.ELU,
    "celu": lambda: nn.CELU(alpha=0.5),
    "selu": lambda: TimesInput(nn.SELU()),
    "gelu": nn.GELU,
    "gelu_tanh": lambda: nn.GELU(approximate="tanh"),
    "mish": nn.Mish,
    "hardtanh": SmoothHardtanh,
    "softsign": nn.Softsign,
    "log_sigmoid": nn.LogSigmoid,
    "tanhshrink": nn.Tanhshrink,
}


# Networks with types.


class TypedNetwork(nn.Module):
    """scale * body(basis(r), embedding of the types) * envelope; the networks below differ in basis and body."""

    def __init__(self, basis, size, body, width=16, cutoff=0.7, scale=20.0):
        super().__init__()
        self.basis = basis
        self.first = nn.Linear(size, width)
        self.embedding = nn.Embedding(len(TYPES), width)
        self.body = body
        self.last = nn.Linear(width, 1)
        self.cutoff = cutoff
        self.scale = scale

    def forward(self, r: Tensor, type1: Tensor, type2: Tensor) -> Tensor:
        x = self.first(self.basis(r)) + 0.5 * (self.embedding(type1) + self.embedding(type2))
        return self.scale * self.last(self.body(x)).squeeze(-1) * envelope(r, self.cutoff)


def typed(body, width=16, basis=None, size=12):
    return TypedNetwork(basis or Gaussians(size, 0.15, 0.7), size, body, width)


def perceptron(activation, width=16):
    return nn.Sequential(activation(), nn.Linear(width, width), activation())


class Residual(nn.Module):
    def __init__(self, width=16, blocks=2):
        super().__init__()
        self.blocks = nn.ModuleList(
            [
                nn.Sequential(nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
                for _ in range(blocks)
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = x + block(x)
        return F.silu(x)


class Highway(nn.Module):
    """t h + (1-t) x, with a learned gate t."""

    def __init__(self, width=16):
        super().__init__()
        self.transform = nn.Linear(width, width)
        self.gate = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        t = torch.sigmoid(self.gate(x))
        return torch.lerp(x, torch.tanh(self.transform(x)), t)


class HandNormalized(nn.Module):
    """A root-mean-square norm, as in language models."""

    def __init__(self, width=16):
        super().__init__()
        self.weight = nn.Parameter(1 + 0.1 * torch.randn(width))
        self.linear = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        normalized = x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + 1e-3) * self.weight
        return F.silu(self.linear(normalized))


class RadialAttention(nn.Module):
    """Attention with queries from the types, and keys and values from the radial basis functions."""

    def __init__(self, cutoff=0.7, size=10):
        super().__init__()
        self.basis = Gaussians(size, 0.15, cutoff)
        self.queries = nn.Embedding(len(TYPES), 6)
        self.keys = nn.Parameter(torch.randn(size, 6))
        self.values = nn.Parameter(torch.randn(size))
        self.cutoff = cutoff

    def forward(self, r: Tensor, type1: Tensor, type2: Tensor) -> Tensor:
        query = self.queries(type1) + self.queries(type2)
        basis = self.basis(r)
        weights = torch.softmax(query @ self.keys.t() / 6**0.5 + 2 * basis, dim=-1)
        return 30 * (weights * basis * self.values).sum(dim=1) * envelope(r, self.cutoff)


class BothOrders(nn.Module):
    """A network of (r, a, b) that is made symmetric by summing over both orders."""

    def __init__(self, cutoff=0.7):
        super().__init__()
        self.basis = Gaussians(8, 0.15, cutoff)
        self.embedding = nn.Embedding(len(TYPES), 4)
        self.network = nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
        self.cutoff = cutoff

    def forward(self, r: Tensor, type1: Tensor, type2: Tensor) -> Tensor:
        basis, first, second = self.basis(r), self.embedding(type1), self.embedding(type2)
        there = self.network(torch.cat([basis, first, second], dim=-1))
        back = self.network(torch.cat([basis, second, first], dim=-1))
        return 15 * (there + back).squeeze(-1) * envelope(r, self.cutoff)


class MatrixPerType(nn.Module):
    """A matrix for each type, applied to the radial basis functions."""

    def __init__(self, cutoff=0.7, size=10, width=8):
        super().__init__()
        self.basis = Gaussians(size, 0.15, cutoff)
        self.matrices = nn.Parameter(torch.randn(len(TYPES), width, size))
        self.last = nn.Parameter(torch.randn(width))
        self.cutoff = cutoff

    def forward(self, r: Tensor, type1: Tensor, type2: Tensor) -> Tensor:
        matrices = self.matrices[type1] + self.matrices[type2]
        hidden = torch.tanh(torch.matmul(matrices, self.basis(r).unsqueeze(-1)).squeeze(-1))
        return 10 * (hidden @ self.last) * envelope(r, self.cutoff)


class OneHot(nn.Module):
    """A bilinear form of one-hot vectors of the types, whose coefficients multiply the radial basis functions."""

    def __init__(self, cutoff=0.7, size=8):
        super().__init__()
        self.basis = Chebyshev(size, cutoff)
        self.types = len(TYPES)
        self.weights = nn.Parameter(torch.randn(len(TYPES), len(TYPES), size))
        self.cutoff = cutoff

    def forward(self, r: Tensor, type1: Tensor, type2: Tensor) -> Tensor:
        first, second = F.one_hot(type1, self.types).to(r.dtype), F.one_hot(type2, self.types).to(r.dtype)
        both = first.unsqueeze(2) * second.unsqueeze(1)
        symmetric = 0.5 * (both + both.transpose(1, 2))
        coefficients = torch.einsum("pij,ijk->pk", symmetric, self.weights)
        return 8 * (coefficients * self.basis(r)).sum(-1) * envelope(r, self.cutoff)


class Spline(nn.Module):
    """A learned cubic Hermite spline: values and slopes at knots, looked up by floor(r/h)."""

    def __init__(self, cutoff=0.7, intervals=24):
        super().__init__()
        pairs = len(TYPES) * (len(TYPES) + 1) // 2
        self.values = nn.Parameter(3 * torch.randn(pairs, intervals + 1))
        self.slopes = nn.Parameter(3 * torch.randn(pairs, intervals + 1))
        self.intervals = intervals
        self.width = cutoff / intervals
        self.cutoff = cutoff

    def forward(self, r: Tensor, type1: Tensor, type2: Tensor) -> Tensor:
        low, high = torch.minimum(type1, type2), torch.maximum(type1, type2)
        pair = torch.div(high * (high + 1), 2, rounding_mode="floor") + low
        x = r / self.width
        knot = torch.floor(x).clamp(max=self.intervals - 1).to(torch.int64)
        t = x - knot
        s = 1 - t
        start = (1 + 2 * t) * self.values[pair, knot] + t * self.slopes[pair, knot]
        end = (3 - 2 * t) * self.values[pair, knot + 1] - s * self.slopes[pair, knot + 1]
        return (s * s * start + t * t * end) * envelope(r, self.cutoff)


# Formulas with learned coefficients.


class ScreenedNuclei(nn.Module):
    """The screened nuclear repulsion of Ziegler, Biersack and Littmark, with learned screening; in angstrom and eV."""

    def __init__(self, cutoff=6.0):
        super().__init__()
        self.register_buffer("charges", torch.tensor([1, 6, 8]))
        self.amplitudes = nn.Parameter(torch.tensor([0.1818, 0.5099, 0.2802, 0.02817]))
        self.decays = nn.Parameter(torch.tensor([3.2, 0.9423, 0.4028, 0.2016]))
        self.screening = nn.Parameter(torch.tensor([0.1, 0.0, -0.1]))
        self.cutoff = cutoff

    def forward(self, r: Tensor, type1: Tensor, type2: Tensor) -> Tensor:
        z1, z2 = self.charges[type1].to(r.dtype), self.charges[type2].to(r.dtype)
        length = 0.8854 * 0.529177 / (z1**0.23 + z2**0.23) * torch.exp(self.screening[type1] + self.screening[type2])
        reduced = (r / length).unsqueeze(-1)
        screened = (F.softmax(self.amplitudes.log(), dim=0) * torch.exp(-self.decays * reduced)).sum(-1)
        return 14.399645 * z1 * z2 / r * screened * envelope(r, self.cutoff)


class Morse(nn.Module):
    """A Morse potential: depth and position from parameters of both types, steepness from a symmetric matrix."""

    def __init__(self):
        super().__init__()
        self.depth = nn.Parameter(0.5 + torch.rand(len(TYPES)))
        self.position = nn.Parameter(0.15 + 0.05 * torch.rand(len(TYPES)))
        self.steepness = nn.Parameter(4 + 2 * torch.rand(len(TYPES), len(TYPES)))

    def forward(self, r: Tensor, type1: Tensor, type2: Tensor) -> Tensor:
        depth = self.depth[type1] + self.depth[type2]
        steepness = (self.steepness + self.steepness.T)[type1, type2]
        x = torch.exp(-steepness * (r - (self.position[type1] + self.position[type2])))
        return depth * (x * x - 2 * x)


class Dispersion(nn.Module):
    """-f6(br) C6/r^6 - f8(br) C8/r^8 with Tang-Toennies damping; b, C6 and C8 are learned for each type."""

    def __init__(self):
        super().__init__()
        self.log_c6 = nn.Parameter(math.log(2e-3) + 0.5 * torch.randn(len(TYPES)))
        self.ratio = nn.Parameter(0.05 + 0.02 * torch.rand(len(TYPES)))
        self.b = nn.Parameter(18 + 4 * torch.rand(len(TYPES)))

    def damping(self, x: Tensor, order: int) -> Tensor:
        term = torch.ones_like(x)
        series = term
        for k in range(1, order + 1):
            term = term * x / k
            series = series + term
        return 1 - torch.exp(-x) * series

    def forward(self, r: Tensor, type1: Tensor, type2: Tensor) -> Tensor:
        c6 = torch.exp(0.5 * (self.log_c6[type1] + self.log_c6[type2]))
        c8 = c6 * (self.ratio[type1] * self.ratio[type2]).sqrt()
        x = (self.b[type1] + self.b[type2]) * r
        return -self.damping(x, 6) * c6 / r**6 - self.damping(x, 8) * c8 / r**8


class PiecewiseWall(nn.Module):
    """A parabola up to a learned distance, then half a cosine, with Behler's cutoff function; chosen by comparison."""

    def __init__(self, cutoff=0.6):
        super().__init__()
        self.size = nn.Parameter(0.12 + 0.03 * torch.rand(len(TYPES)))
        self.cutoff = cutoff

    def forward(self, r: Tensor, type1: Tensor, type2: Tensor) -> Tensor:
        size = self.size[type1] + self.size[type2]
        wall = 800 * (r - size) ** 2
        well = 2 * (torch.cos(math.pi * (r - size) / (self.cutoff - size)) - 1)
        switch = torch.where(r < self.cutoff, 0.5 * (torch.cos(math.pi * r / self.cutoff) + 1), torch.zeros_like(r))
        return torch.where(r < size, wall, well) * switch


# Functions of features.


class ChargePenetration(nn.Module):
    """The difference between Gaussian charges and point charges, with the features (q, alpha)."""

    def __init__(self, cutoff=0.8):
        super().__init__()
        self.cutoff = cutoff
        self.coulomb = COULOMB
        self.strength = nn.Parameter(torch.tensor(0.5))

    def forward(self, r: Tensor, features1: Tensor, features2: Tensor) -> Tensor:
        q1, alpha1 = features1.unbind(dim=1)
        q2, alpha2 = features2.unbind(dim=1)
        alpha = alpha1 * alpha2 / torch.sqrt(alpha1**2 + alpha2**2)
        return (
            -self.coulomb * F.softplus(self.strength) * (q1 * q2) * torch.erfc(alpha * r) / r * envelope(r, self.cutoff)
        )


class BornMayer(nn.Module):
    """A exp(-b r), where A is a geometric and b a harmonic mean of the features (A, b); in angstrom and kcal/mol."""

    def __init__(self, cutoff=8.0):
        super().__init__()
        self.cutoff = cutoff
        self.overlap = nn.Parameter(torch.tensor([0.3, 0.05]))

    def forward(self, r: Tensor, features1: Tensor, features2: Tensor) -> Tensor:
        amplitude = torch.sqrt(features1[:, 0] * features2[:, 0])
        decay = 2 / (1 / features1[:, 1] + 1 / features2[:, 1])
        x = decay * r
        return amplitude * (1 + self.overlap[0] * x + self.overlap[1] * x**2) * torch.exp(-x) * envelope(r, self.cutoff)


class BilinearGate(nn.Module):
    """Radial basis functions with gates, which depend on the product of the features."""

    def __init__(self, features=4, cutoff=0.7, size=10):
        super().__init__()
        self.basis = Bessel(size, cutoff)
        self.gate = nn.Linear(features, size)
        self.amplitude = nn.Bilinear(features, features, size, bias=False)
        self.cutoff = cutoff

    def forward(self, r: Tensor, features1: Tensor, features2: Tensor) -> Tensor:
        gate = torch.sigmoid(self.gate(features1 * features2))
        amplitude = self.amplitude(features1, features2) + self.amplitude(features2, features1)
        return 2 * (gate * amplitude * self.basis(r)).sum(-1) * envelope(r, self.cutoff)


class WithRadialFilter(nn.Module):
    """Embedded features multiplied by a filter that depends on the distance, as in SchNet."""

    def __init__(self, features=5, cutoff=0.8, width=12):
        super().__init__()
        self.basis = LearnedGaussians(12, 0.15, cutoff)
        self.embed = nn.Sequential(nn.Linear(features, width), nn.Tanh(), nn.Linear(width, width))
        self.filter = nn.Sequential(nn.Linear(12, width), nn.Softplus(), nn.Linear(width, width))
        self.norm = nn.LayerNorm(width)
        self.last = nn.Linear(width, 1, bias=False)
        self.cutoff = cutoff

    def forward(self, r: Tensor, features1: Tensor, features2: Tensor) -> Tensor:
        particles = self.embed(features1) * self.embed(features2)
        hidden = F.silu(self.norm(particles * self.filter(self.basis(r))))
        return 20 * self.last(hidden).squeeze(-1) * envelope(r, self.cutoff)


class Wide(nn.Module):
    """Three hidden layers of width 64, 16 radial basis functions, 32 features."""

    def __init__(self, cutoff=0.7):
        super().__init__()
        self.basis = Gaussians(16, 0.15, cutoff)
        self.of_distance = nn.Linear(16, 64)
        self.of_particle = nn.Linear(32, 64, bias=False)
        self.hidden = nn.Sequential(nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU())
        self.last = nn.Linear(64, 1)
        self.cutoff = cutoff

    def forward(self, r: Tensor, features1: Tensor, features2: Tensor) -> Tensor:
        x = self.of_distance(self.basis(r)) + (self.of_particle(features1) + self.of_particle(features2))
        return 40 * self.last(self.hidden(x)).squeeze(-1) * envelope(r, self.cutoff)


# Functions of global parameters.


class SoftCore(nn.Module):
    """Lennard-Jones with features (sigma, epsilon) and a soft core, coupled by lam."""

    def __init__(self):
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor(0.5))

    def forward(self, r: Tensor, features1: Tensor, features2: Tensor, lam: Tensor) -> Tensor:
        sigma = 0.5 * (features1[:, 0] + features2[:, 0])
        epsilon = torch.sqrt(features1[:, 1] * features2[:, 1])
        x = 1 / (self.alpha * (1 - lam) ** 2 + (r / sigma) ** 6)
        return 4 * lam * epsilon * (x * x - x)


class TwoParameters(nn.Module):
    """A network that depends on the temperature, scaled by lam**2."""

    def __init__(self, cutoff=0.7, width=16):
        super().__init__()
        self.basis = Gaussians(10, 0.15, cutoff)
        self.first = nn.Linear(10, width)
        self.of_temperature = nn.Parameter(0.5 * torch.randn(width))
        self.embedding = nn.Embedding(len(TYPES), width)
        self.second = nn.Linear(width, 1)
        self.cutoff = cutoff

    def forward(self, r: Tensor, type1: Tensor, type2: Tensor, lam: Tensor, temperature: Tensor) -> Tensor:
        x = (
            self.first(self.basis(r))
            + (self.embedding(type1) + self.embedding(type2))
            + self.of_temperature * (temperature / 300)
        )
        return 20 * lam**2 * self.second(torch.tanh(x)).squeeze(-1) * envelope(r, self.cutoff)


class Screening(nn.Module):
    """The change of the Coulomb energy by ionic screening, exp(-kappa r) - 1, with a learned contact term. kappa is
    proportional to the square root of the ionic strength.
    """

    def __init__(self, cutoff=0.9):
        super().__init__()
        self.contact = nn.Parameter(torch.tensor(0.8))
        self.cutoff = cutoff
        self.coulomb = COULOMB

    def forward(self, r: Tensor, features1: Tensor, features2: Tensor, ionic_strength: Tensor) -> Tensor:
        kappa = 3.29 * torch.sqrt(ionic_strength)
        charges = features1[:, 0] * features2[:, 0]
        return (
            self.coulomb
            / 80
            * charges
            * torch.expm1(-kappa * r)
            / r
            * (1 + self.contact * torch.log1p(r / 0.2))
            * envelope(r, self.cutoff)
        )


def with_types(cutoff=0.7, inner_cutoff=0.15, **others):
    return dict(types=TYPES, cutoff=cutoff, inner_cutoff=inner_cutoff, **others)


def with_features(cutoff, inner_cutoff=0.15, *, features, **others):
    return dict(features=features, cutoff=cutoff, inner_cutoff=inner_cutoff, **others)


def numbered(count):
    return {f"h{k}": (-1.0, 1.0) for k in range(count)}


ARCHITECTURES = [
    *(
        Architecture(f"typed_{name}", lambda a=activation: typed(perceptron(a)), with_types())
        for name, activation in ACTIVATIONS.items()
    ),
    Architecture("typed_network", lambda: lp.nn.TypedPairNetwork(3, 0.7, (16, 16), 12, 0.15), with_types()),
    Architecture("residual", lambda: typed(Residual()), with_types()),
    Architecture(
        "gated_linear_unit", lambda: typed(nn.Sequential(nn.Linear(16, 32), nn.GLU(), nn.Tanh())), with_types()
    ),
    Architecture("highway", lambda: typed(nn.Sequential(Highway(), Highway())), with_types()),
    Architecture(
        "layer_norm",
        lambda: typed(
            nn.Sequential(
                nn.LayerNorm(16, eps=1e-3), nn.SiLU(), nn.Linear(16, 16), nn.LayerNorm(16, eps=1e-3), nn.Tanh()
            )
        ),
        with_types(),
    ),
    Architecture("root_mean_square_norm", lambda: typed(HandNormalized()), with_types()),
    Architecture("soft_maxout", lambda: typed(nn.Sequential(nn.Linear(16, 32), SoftMaxout())), with_types()),
    Architecture("radial_attention", RadialAttention, with_types()),
    Architecture("both_orders", BothOrders, with_types()),
    Architecture("bessel", lambda: typed(perceptron(nn.SiLU), basis=Bessel(8, 0.7), size=8), with_types()),
    Architecture("chebyshev", lambda: typed(perceptron(nn.Tanh), basis=Chebyshev(8, 0.7), size=8), with_types()),
    Architecture(
        "learned_gaussians", lambda: typed(perceptron(nn.SiLU), basis=LearnedGaussians(12, 0.15, 0.7)), with_types()
    ),
    Architecture("powers", lambda: typed(perceptron(nn.Tanh), basis=Powers(), size=5), with_types()),
    Architecture("matrix_per_type", MatrixPerType, with_types()),
    Architecture("one_hot", OneHot, with_types()),
    Architecture("spline", Spline, with_types()),
    Architecture("piecewise_wall", PiecewiseWall, with_types(0.6)),
    Architecture("morse", Morse, with_types(0.8, switching_distance=0.6)),
    Architecture("dispersion", Dispersion, with_types(0.9, switching_distance=0.7)),
    Architecture("screened_nuclei", ScreenedNuclei, with_types(6.0, 0.8, length_unit="angstrom", energy_unit="eV")),
    Architecture(
        "typed_in_angstrom",
        lambda: TypedNetwork(Gaussians(12, 1.5, 7.0), 12, perceptron(nn.SiLU), cutoff=7.0, scale=5.0),
        with_types(7.0, 1.5, length_unit="angstrom", energy_unit="kcal/mol"),
    ),
    Architecture(
        "charge_penetration", ChargePenetration, with_features(0.8, features={"q": (-1.0, 1.0), "alpha": (8.0, 20.0)})
    ),
    Architecture(
        "born_mayer",
        BornMayer,
        with_features(
            8.0, 1.5, features={"A": (500.0, 5000.0), "b": (2.5, 4.0)}, length_unit="angstrom", energy_unit="kcal/mol"
        ),
    ),
    Architecture(
        "feature_network",
        lambda: lp.nn.FeaturePairNetwork(8, 0.7, (16, 16), 12, 0.15),
        with_features(0.7, features=numbered(8)),
    ),
    Architecture("bilinear_gate", BilinearGate, with_features(0.7, features=numbered(4))),
    Architecture("radial_filter", WithRadialFilter, with_features(0.8, features=numbered(5))),
    Architecture("wide", Wide, with_features(0.7, features=numbered(32))),
    Architecture(
        "soft_core",
        SoftCore,
        with_features(
            0.9,
            0.1,
            features={"sigma": (0.2, 0.35), "epsilon": (0.1, 1.0)},
            switching_distance=0.75,
            global_parameters={"lam": (0.7, 0.0, 0.9)},
        ),
    ),
    Architecture("two_parameters", TwoParameters, with_types(global_parameters={"lam": 0.8, "temperature": 300.0})),
    Architecture(
        "screening",
        Screening,
        with_features(0.9, features={"q": (-1.0, 1.0)}, global_parameters={"ionic_strength": 0.15}),
    ),
]

VIAS = ("script", "trace", "export", "module")


def by_name(name):
    return next(architecture for architecture in ARCHITECTURES if architecture.name == name)


@functools.cache
def load(architecture, via):
    """The model in one of the forms that users may load, checked with few samples. test_forms.py checks each
    architecture with as many samples as users' models.

    Parameters
    ----------
    architecture : Architecture
    via : {"script", "trace", "export", "module"}
        A TorchScript file, scripted or traced; a torch.export file; the module itself.

    Returns
    -------
    PairModel
    """
    with models.few_samples():
        return _load(architecture, via)


def _load(architecture, via):
    if via == "module":
        return lp.load_model(architecture.module(), **architecture.metadata)
    ending = "pt2" if via == "export" else "pt"
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecation warnings of PyTorch about its own code
        return lp.export_model(
            architecture.module(),
            Path(folder) / f"{architecture.name}.{ending}",
            trace=via == "trace",
            **architecture.metadata,
        )


def particles(architecture, n, seed, distinct=None):
    """Random types or features for n particles.

    Parameters
    ----------
    architecture : Architecture
    n, seed : int
    distinct : int, optional
        The maximum number of distinct feature vectors; by default all differ.

    Returns
    -------
    ndarray of int, shape (n,), or of float, shape (n, n_features)
    """
    random = np.random.default_rng(seed)
    if "types" in architecture.metadata:
        return random.integers(0, len(architecture.metadata["types"]), n)
    low, high = np.array(list(architecture.metadata["features"].values())).T
    features = low + (high - low) * random.random((distinct or n, len(low)))
    return features if distinct is None else features[random.integers(0, distinct, n)]
