# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tests that programs recorded from PyTorch modules have the values of the modules, and that modules which cannot be
recorded are refused.
"""

import importlib.util
import io
import os
import re
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import program_oracle
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from learnedpair.errors import LoweringError
from learnedpair.lowering.recording import SUPPORTED, record_module
from learnedpair.models.pytorch.double import InDoublePrecision

PAIRS = 23
IS_PYTORCH_2_6 = torch.__version__.startswith("2.6.")
FRONT_ENDS = ("eager", "script", "trace", "export", "frozen")

#: The arguments of every operator: x and y [P, 4] with values of both signs, p [P, 4] positive, z [P, 2, 3], b [P, 4]
#: of type bool.
MODULE = '''
import math
from typing import Dict, List, Optional, Tuple
import torch
import torch.nn.functional as F


def weighted(q, r):
    """A weighted sum of all elements, with a different factor for each."""
    q = q.reshape(r.shape[0], -1).to(r.dtype)
    return (q * (1.0 + 0.37 * torch.arange(q.shape[1]))).sum(-1)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        g = torch.Generator().manual_seed(5)
        self.e = torch.nn.Parameter(torch.randn(3, 4, generator=g))
        self.ee = torch.nn.Parameter(torch.randn(3, 3, 2, generator=g))
        self.w = torch.nn.Parameter(torch.randn(4, generator=g))
        self.s = torch.nn.Parameter(torch.randn((), generator=g))
        self.m = torch.nn.Parameter(torch.randn(3, 4, generator=g))
        self.lin = torch.nn.Linear(4, 5)
        self.norm = torch.nn.LayerNorm(4)
        self.group = torch.nn.GroupNorm(2, 4)
        self.batch = torch.nn.BatchNorm1d(4)
        self.prelu = torch.nn.PReLU()
        self.embedding = torch.nn.Embedding(3, 2)
        torch.manual_seed(3)
        for layer in (self.lin, self.norm, self.group, self.embedding, self.batch):
            for parameter in layer.parameters():
                torch.nn.init.normal_(parameter)
        self.batch.running_mean.normal_()
        self.batch.running_var.uniform_(0.5, 2.0)

    def forward(self, r, type1, type2):
        x = torch.cat([(r - 1.0)[:, None], torch.sin(3.0 * r)[:, None], self.e[type1][:, :2] * r[:, None]], -1)
        y = self.e[type2] * torch.cos(r).unsqueeze(1) + 0.25
        p = x * x + 0.1
        z = torch.stack([x[:, :3], y[:, 1:]], 1)
        b = x > y
        BODY
        return weighted(q, r)
'''

#: A minimal model, whose forward is replaced.
BARE = """
import torch
import torch.nn.functional as F


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.e = torch.nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))
        self.register_buffer("count", torch.zeros(3))

    def forward(self, r, type1, type2):
        BODY
"""


def make_module(tmp_path, body, template=MODULE):
    """A module whose forward has the given lines, imported from a file, because TorchScript reads the source."""
    body = textwrap.dedent(body).strip()
    if "q =" not in body and "return" not in body:
        body = f"q = {body}"
    path = tmp_path / "user_model.py"
    path.write_text(template.replace("        BODY", textwrap.indent(body, " " * 8)), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("user_model", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.Model().double().eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model


def some_pairs(count=PAIRS, seed=0):
    g = torch.Generator().manual_seed(seed)
    r = torch.rand(count, generator=g, dtype=torch.float64) * 1.9 + 0.1
    return r, torch.randint(0, 3, (count,), generator=g), torch.randint(0, 3, (count,), generator=g)


def saved_and_loaded(module, save, load):
    file = io.BytesIO()
    save(module, file)
    file.seek(0)
    return load(file)


def through(front_end, model):
    """The model as PyTorch gives it after the front end: eager, scripted, traced, exported or frozen."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecation warnings of PyTorch about its own code
        if front_end == "eager":
            return model
        if front_end == "script":
            return saved_and_loaded(torch.jit.script(model), torch.jit.save, torch.jit.load)
        if front_end == "trace":
            return torch.jit.trace(model, some_pairs(), check_trace=False)
        if front_end == "frozen":
            return torch.jit.freeze(torch.jit.script(model))
        dynamic = ({0: torch.export.Dim("pairs", min=2, max=2**31 - 1)},) * 3
        return saved_and_loaded(
            torch.export.export(model, some_pairs(), dynamic_shapes=dynamic), torch.export.save, torch.export.load
        ).module()


def oracle(program, r, type1, type2, globals_=None):
    outputs = program_oracle.evaluate(
        *program, distance=r.numpy(), particle1=type1.numpy(), particle2=type2.numpy(), globals_=globals_
    )
    assert len(outputs) == 1 and outputs[0].shape == (len(r), 1)
    return outputs[0][:, 0]


def assert_close(got, expected, tolerance=1e-12):
    expected = expected.numpy()
    assert got.shape == expected.shape and got.dtype == expected.dtype == np.float64
    assert (np.abs(got - expected) <= tolerance * (np.abs(expected) + 1)).all(), f"{got} instead of {expected}"


OPERATORS = """
F.linear(x, self.m)
self.lin(x)
self.lin(torch.stack([x, y], 1))
torch.addmm(self.w[:3], x, self.m.t(), beta=2.0, alpha=0.5)
torch.mm(x, self.m.t())
torch.mm(self.m, x.t()).t()
x @ self.w
torch.matmul(z, z.transpose(1, 2))
torch.matmul(z, self.m)
torch.bmm(z, z.transpose(1, 2))
torch.baddbmm(z[:, :, :2], z, z.transpose(1, 2), beta=0.5, alpha=2.0)
torch.einsum('pi,pj,ij->p', x, y[:, :3], self.m.t())
torch.einsum('pi,pi->p', x, y)
torch.einsum('pai,ik->pak', z, self.m)
torch.einsum('ij,pj->pi', self.m, x)
torch.mv(x, self.w)
torch.addmv(r, x, self.w)
x + y
x + 2.0
x + 3
torch.add(x, y, alpha=2.5)
x - y
x - 1.5
torch.sub(x, y, alpha=2.0)
1.0 - x
torch.rsub(x, y)
torch.rsub(x, 2.0, alpha=3.0)
x * y
x * self.s
x * 2.5
b & (x > 0)
x / y
x / 3.0
2.0 / p
1 / p
torch.div(x, y, rounding_mode='floor')
torch.div(x, y, rounding_mode='trunc')
x // 0.3
(x * 7.3).floor_divide(2.0)
torch.remainder(x, 0.7)
torch.fmod(x, 0.7)
-x
torch.neg(x)
abs(x)
torch.sign(x)
x ** 2
x ** 3
x ** 7
x ** 1
x ** 0
x ** 12.0
x ** -2
x ** -6
p ** 0.5
p ** -0.5
p ** 1.7
p ** y
2.0 ** x
torch.pow(2, x)
torch.square(x)
torch.sqrt(p)
torch.rsqrt(p)
torch.reciprocal(x)
torch.exp(x)
torch.exp2(x)
torch.expm1(x)
torch.log(p)
torch.log2(p)
torch.log10(p)
torch.log1p(p)
torch.sin(x)
torch.cos(x)
torch.tan(x)
torch.sinh(x)
torch.cosh(x)
torch.tanh(x)
torch.sigmoid(x)
F.logsigmoid(8 * x)
F.silu(x)
F.softplus(x)
F.softplus(30 * x, beta=2.0, threshold=5.0)
F.softplus(x, beta=3.0)
F.relu(x)
F.relu6(9 * x)
F.leaky_relu(x, 0.2)
self.prelu(x)
F.elu(x, alpha=0.7)
F.celu(x, alpha=0.7)
F.selu(x)
F.gelu(x)
F.gelu(x, approximate='tanh')
F.mish(x * 5)
F.hardtanh(x, -0.3, 0.4)
F.hardsigmoid(5 * x)
F.hardswish(5 * x)
F.softsign(x)
F.tanhshrink(x)
F.softshrink(x, 0.2)
F.hardshrink(x, 0.2)
F.threshold(x, 0.1, 0.5)
F.glu(x)
x.clamp(-0.2, 0.5)
x.clamp(min=0.1)
x.clamp(max=0.1)
torch.clamp(x, min=y)
torch.clamp(x, max=y)
torch.clamp(x, y, y + 0.2)
torch.clamp_min(x, 0.2)
torch.clamp_max(x, 0.2)
torch.erf(x)
torch.erfc(x)
torch.special.erf(x)
torch.special.expit(x)
torch.special.xlogy(x, p)
torch.special.xlog1py(x, p)
torch.special.exp2(x)
torch.special.log1p(p)
torch.special.expm1(x)
torch.special.logit(torch.sigmoid(x))
torch.minimum(x, y)
torch.maximum(x, y)
torch.max(x, y)
torch.fmin(x, y)
torch.fmax(x, y)
torch.where(b, x, y)
torch.where(x > 0, x, 0.0)
torch.where(x > 0, 1.0, y)
x == x
(x != y)
x < y
x <= 0.1
x > y
x >= 0.1
torch.logical_and(b, x > 0)
torch.logical_and(x, y)
torch.logical_or(b, x > 0)
torch.logical_xor(b, x > 0)
torch.logical_not(x)
torch.logical_not(b)
~b
b | (x > 0)
b ^ (x > 0)
x.masked_fill(b, 0.75)
torch.floor(3 * x)
torch.ceil(3 * x)
torch.trunc(3 * x)
torch.frac(3 * x)
torch.round(3 * x)
torch.cat([x, y, p], 1)
torch.cat([x, self.w.expand(x.shape[0], 4), torch.ones_like(x)], 1)
torch.stack([x, y], 2)
z.sum(1)
z.sum((1, 2))
z.sum(-1, keepdim=True)
z[:, None].sum((1, 3))
z.mean(2)
z.mean((1, 2))
x.var(1)
x.var(1, unbiased=False)
x.std(1)
x.std(-1, keepdim=True)
x.prod(1)
z.prod(2)
z.amax(1)
z.amin(2)
x.max(1)[0]
x.max(1, keepdim=True)[0]
x.min(1)[0]
torch.norm(x, dim=1)
x.norm(p=2, dim=-1, keepdim=True)
torch.norm(x, p=1, dim=1)
torch.norm(x, p=3, dim=1)
torch.linalg.vector_norm(z, dim=(1, 2))
torch.linalg.vector_norm(x, float('inf'), dim=1)
torch.linalg.norm(x, dim=1)
F.normalize(x, dim=1)
F.cosine_similarity(x, y, dim=1)
torch.softmax(x, 1)
F.softmax(z, dim=1)
F.softmin(x, dim=1)
torch.log_softmax(x, 1)
torch.logsumexp(x, 1)
torch.logsumexp(z, 2, keepdim=True)
self.norm(x)
F.layer_norm(z, [2, 3])
F.layer_norm(x, [4], self.w, None, 1e-3)
F.rms_norm(x, [4], self.w, 1e-3)
self.group(x)
self.batch(x)
F.group_norm(z, 2)
self.embedding(type1)
self.embedding(torch.stack([type1, type2], 1))
self.e[type1]
self.e[type1, :2]
self.e[:, type1].t()
self.e[type1][:, 1:3]
self.ee[type1, type2]
self.ee[type1, type2, 1]
self.ee[type1, :, 0]
self.ee[:, type1].transpose(0, 1)
self.ee[type1, :, type2 % 2]
self.ee[type1 - 3, type2 - 3]
self.e[-1 - type1]
self.e[torch.minimum(type1, type2)]
self.e.reshape(-1)[type1 * 4 + type2]
self.e.index_select(0, type1)
torch.gather(self.w.expand(x.shape[0], 4), 1, type1[:, None])
torch.gather(self.e, 0, type1[:, None].expand(-1, 4))
torch.gather(x, 1, type1[:, None])
x.gather(1, torch.zeros_like(x, dtype=torch.long) + 2)
torch.take_along_dim(x, type1[:, None], 1)
torch.take(self.e, type1)
F.one_hot(type1, 3)
F.one_hot(type1, 3).to(r.dtype) @ self.m
torch.zeros(r.shape[0], 3, dtype=r.dtype).scatter_(1, type1[:, None], 1.0)
torch.zeros_like(x).scatter(1, type1[:, None], x[:, :1])
torch.zeros_like(x).scatter_add(1, torch.stack([type1, type2], 1), x[:, :2])
(type1 == 1).to(r.dtype) * r
(type1 == type2) * r
type1 * type2 + r
(type1 + type2) // 2
(type1 - type2).abs() * 0.5
type1 / 3
type1.float() / 3
torch.lerp(x, y, 0.3)
torch.lerp(x, y, p)
torch.addcmul(x, y, p, value=0.7)
torch.addcdiv(x, y, p, value=0.7)
torch.ones_like(x) * 2.0
torch.zeros_like(x) + r[:, None]
torch.full_like(x, 3.0)
torch.full((x.shape[0], 2), 3.0, dtype=r.dtype)
torch.ones(r.shape[0], 2)
r.new_zeros(r.shape[0], 2) + 1
r.new_full((r.shape[0], 2), 0.5)
torch.exp(-(r[:, None] - torch.linspace(0.0, 2.0, 7)) ** 2)
r[:, None] * torch.arange(5)
torch.heaviside(x, y)
torch.hypot(x, y)
torch.sinc(x)
torch.logaddexp(x, y)
torch.cumsum(x, 1)
torch.cumprod(x, 1)
torch.isnan(x)
torch.isfinite(x)
torch.nan_to_num(x)
torch.diff(x, dim=1)
torch.any(b, dim=1)
torch.all(b, dim=1)
x.to(torch.float32)
x.float().double()
x.half() * 2
(3 * x).long()
(3 * x).int() * r[:, None]
x.to(torch.bool)
b.to(r.dtype) * x
x.type_as(r)
torch.flip(x, [1])
torch.roll(x, 1, 1)
x.repeat(1, 2)
x.tile(1, 2)
x.repeat_interleave(2, dim=1)
x.expand(2, -1, -1).transpose(0, 1)
x[:, [2, 0, 0]]
x[:, torch.tensor([2, 0, 1])]
x[..., -1]
x[:, ::2]
F.pad(x, (1, 2), value=0.5)
torch.tril(torch.matmul(x[:, :, None], y[:, None, :]))
torch.triu(torch.matmul(x[:, :, None], y[:, None, :]), 1)
torch.diagonal(z, dim1=1, dim2=2)
torch.diag_embed(x)
torch.outer(self.w, self.w).sum() * r
torch.cross(z[:, 0], z[:, 1], dim=1)
torch.triu_indices(4, 4, 1)[0] * r[:, None]
x.unfold(1, 2, 1)
torch.chunk(x, 2, 1)[1]
torch.split(x, [1, 3], 1)[1]
torch.unbind(x, 1)[2]
x.view(-1)[: x.numel()].view(-1, 4)
x.reshape(-1, 1).tanh().reshape(-1, 4)
x.t().contiguous().t()
x.permute(1, 0).relu().permute(1, 0).view(-1, 2, 2)
z.flatten(1).unflatten(1, [3, 2])
torch.swapaxes(z, 1, 2)
torch.movedim(z, 1, 2)
self.e[type1].detach() * x
F.dropout(x, 0.5, False)
F.mse_loss(x, y, reduction='none')
F.smooth_l1_loss(x, y, reduction='none')
F.huber_loss(x, y, reduction='none')
F.pairwise_distance(x, y)
torch.dist(self.w, self.w * 2) * r
torch.deg2rad(x)
math.sqrt(2.0) * x
torch.tensor(0.1) * x
torch.tensor([0.1, 0.2, 0.3, 0.4]) * x
torch.xlogy(p, p)
torch.float_power(p, 1.5)
torch.positive(x)
torch.true_divide(x, y)
torch.multiply(x, y)
torch.clip(x, 0.0, 0.5)
torch.hstack([x, y])
torch.column_stack([r, x])
x.mul(y).add(p).sub(1.0).div(2.0)
torch.atleast_2d(x)
F.scaled_dot_product_attention(z[:, None], z[:, None], z[:, None])
F.bilinear(x, y, torch.ones(2, 4, 4, dtype=torch.float64))
torch.asinh(x)
torch.acosh(p + 1)
torch.atanh(torch.tanh(x))
torch.special.ndtr(x)
torch.isposinf(x)
torch.tensordot(x, self.m, dims=([1], [1]))
torch.std_mean(x, dim=1)[0]
torch.var_mean(x, dim=1)[1]
torch.bucketize(r, torch.tensor([0.5, 1.0, 1.5]))
torch.nansum(x, 1)
torch.count_nonzero(b, 1)
torch.trapezoid(x, dim=1)
torch.vander(r, 4)
torch.isin(type1, torch.tensor([0, 2]))
torch.index_copy(x, 1, torch.tensor([0, 1]), y[:, :2])
torch.index_fill(x, 1, torch.tensor([0, 1]), 0.5)
torch.linalg.matrix_norm(z)
torch.linalg.vecdot(x, y)
torch.inner(x, self.w)
torch.linalg.multi_dot([x, self.m.t(), self.m])
torch.special.entr(p)
torch.gradient(x, dim=1)[0]
torch.dstack([x, y])
torch.einsum('pi,pj,pk->pijk', x, y, p).flatten(1)
torch.clamp(type1, 0, 1)
type1 ** 2
torch.linspace(0.0, 1.0, 139) * r[:, None]
torch.exp(-(r.unsqueeze(-1) - torch.arange(0, 1, 0.1, device=r.device)) ** 2 / 0.1)
F.relu(x, inplace=True) * 2
F.normalize(x, p=1.0, dim=1)
torch.atan2(x, y)
x.atan2(r[:, None])
torch.arctan2(r[:, None], y - 1.0)
torch.atan2(self.w, x)
torch.atan2(x, torch.tensor(-0.0))
torch.atan2(type1, type2 - 1)
torch.atan2(self.w, torch.tensor(-2.0)) * x
x.clone().atan2_(y)
""".strip().splitlines()

STATEMENTS = [
    """
q = torch.zeros_like(x)
q[:, 0] = r
q[:, 1:3] = y[:, :2] * 2
""",
    """
q = torch.empty(r.shape[0], 3, dtype=r.dtype)
q[:, 0] = r
q[:, 1] = r * r
q[:, 2] = 1.0
""",
    """
q = x.clone()
v = q[:, 1]
v.mul_(2.0)
q += y
q[:, 3].add_(v)
q.clamp_(-1.0, 1.0)
""",
    """
q = x.clone()
q[q > 0.1] = 0.25
""",
    """
q = x + 0.0
q.masked_fill_(b, -1.0)
q.tanh_()
""",
    """
q = x
for i in range(3):
    q = torch.tanh(q @ self.m.t() @ self.m) + 0.1 * q
""",
    """
q = x[:, 0]
i = 0
while i < 3:
    q = q * x[:, i] + 1.0
    i += 1
""",
    """
h = r[:, None]
q = torch.cat([h ** k for k in range(1, 5)], 1)
""",
    """
parts: List[torch.Tensor] = []
for i in range(x.shape[1]):
    parts.append(x[:, i] * y[:, i])
q = torch.stack(parts, dim=1)
""",
    """
with torch.no_grad():
    c = self.e[type1] * 2.0
q = c * x
""",
    """
w = F.softplus(self.w)
q = (w / w.sum()) * x + w
""",
]

#: Operators that a front end of PyTorch does not support.
NOT_WITH = {"torch.take_along_dim(x, type1[:, None], 1)": {"export"}, "torch.gradient(x, dim=1)[0]": {"export"}}
#: torch.export is slow, and gives the same operators as the other front ends: only a part of the operators is exported,
#: many of them in one module. New operators go to the end of OPERATORS, so that this part contains the same ones.
EXPORTED = [body for body in OPERATORS[::6] if body not in NOT_WITH]


@pytest.mark.parametrize("body", OPERATORS + STATEMENTS)
@pytest.mark.many_cases
def test_recorded_program_has_the_values_of_the_module(body, tmp_path):
    left_out = NOT_WITH.get(body, set()) | ({"export"} if body in OPERATORS else set())
    front_ends = [front_end for front_end in FRONT_ENDS if front_end not in left_out]
    assert_recorded(make_module(tmp_path, body), front_ends, assigns="] = " in body)


@pytest.mark.parametrize("bodies", [EXPORTED[k::3] for k in range(3)], ids=range(3))
@pytest.mark.slow
def test_recorded_program_of_exported_operators_has_the_values_of_the_module(bodies, tmp_path):
    lines = [f"q{k} = {body}" for k, body in enumerate(bodies)]
    total = " + ".join(f"weighted(q{k}, r)" for k in range(len(bodies)))
    assert_recorded(make_module(tmp_path, "\n".join([*lines, f"return {total}"])), ["eager", "export"])


def assert_recorded(model, front_ends, assigns=False):
    """Require the program of each front end to have the values of its module, and the same text as the others.

    If the model ``assigns`` a number to elements of a tensor, this number is a literal in a trace and a weight
    otherwise.
    """
    arguments = some_pairs()
    texts = {}
    for front_end in front_ends:
        module = through(front_end, model)
        program = record_module(module, source="model", num_types=3)
        with InDoublePrecision():
            expected = module(*arguments)
            # Tracing, exporting and freezing may round constants that forward makes to single precision.
            assert_close(model(*arguments).numpy(), expected, 1e-6)
        assert_close(oracle(program, *arguments), expected)
        texts[front_end] = re.sub("= (literal .*|weight)", "= constant", program[0]) if assigns else program[0]
    assert set(texts.values()) == {texts["eager"]}


# Data movement.


@st.composite
def movements(draw, axes=3):
    """A chain of operations on a tensor [P, a, b]. The axis of pairs is the first before and after each operation."""
    return draw(
        st.lists(
            st.tuples(st.sampled_from(sorted(MOVEMENTS)), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=6
        )
    )


MOVEMENTS = {
    "permute": lambda x, i, j: x.transpose(1, 2),
    "reshape": lambda x, i, j: x.reshape(x.shape[0], x.shape[2], x.shape[1]),
    "merge pairs": (
        lambda x, i, j: x.reshape(-1, x.shape[2])[:, [k % x.shape[2] for k in range(i + 1)]].reshape(
            x.shape[0], -1, i + 1
        )
    ),
    "pairs last": lambda x, i, j: x.permute(2, 1, 0).contiguous().flip(1).permute(2, 1, 0),
    "slice": lambda x, i, j: x[:, min(i, x.shape[1] - 1) :, : j + 1],
    "step": lambda x, i, j: x[:, :: i + 1],
    "cat": lambda x, i, j: torch.cat([x, x[:, :1] * 2, x], 1) if x.shape[1] < 9 else x,
    "cat constants": lambda x, i, j: torch.cat([x, torch.full_like(x[:, :, :1], 0.5 * i)], 2) if x.shape[2] < 9 else x,
    "expand": lambda x, i, j: x[:, :1].expand(-1, i + 1, -1),
    "roll": lambda x, i, j: torch.roll(x, i, 2),
    "flip": lambda x, i, j: x.flip(1, 2),
    "index": lambda x, i, j: x[:, :, torch.tensor([i % x.shape[2], j % x.shape[2]])],
    "pad": lambda x, i, j: torch.nn.functional.pad(x, (0, i % 2, j % 2, 0), value=0.25) if max(x.shape[1:]) < 9 else x,
    "tanh": lambda x, i, j: x.tanh(),
    "add row": lambda x, i, j: x + x[:, :1],
    "stack": lambda x, i, j: torch.stack([x, x.flip(1)], 3).flatten(2)[:, :, :9],
    "write": lambda x, i, j: x.clone().index_fill(1, torch.tensor([i % x.shape[1]]), 0.5 * j),
    "write view": lambda x, i, j: _written(x, i, j),
}


def _written(x, i, j):
    x = x.clone()
    x[:, i % x.shape[1]].mul_(2.0)
    x.transpose(1, 2)[:, j % x.shape[2]] = x[:, :, 0]
    return x


class Moving(torch.nn.Module):
    def __init__(self, chain):
        super().__init__()
        self.chain = chain

    def forward(self, r, type1, type2):
        x = torch.stack([torch.stack([r + 0.1 * k, r * k, r * r - k], 1) for k in range(4)], 2)
        for name, i, j in self.chain:
            x = MOVEMENTS[name](x, i, j)
        x = x.flatten(1)
        return (x * torch.arange(1, x.shape[1] + 1)).sum(1)


@settings(max_examples=150)
@given(movements())
@pytest.mark.slow
def test_recorded_data_movement_has_the_values_of_the_module(chain):
    model, arguments = Moving(chain).double().eval(), some_pairs()
    program = record_module(model, source="model", num_types=3)
    with InDoublePrecision():
        assert_close(oracle(program, *arguments), model(*arguments))


# Refusals.

REFUSALS = {
    "control flow": (
        """
        y = r + 1.0
        if bool((y > 1.0).any()):
            return y
        return r
        """,
        "if bool",
        "any|mixes pairs",
    ),
    "control flow on a number": (
        """
        if float(r[0]) > 1.0:
            return r
        return r * 2.0
        """,
        "if float",
        "branches on the value of a tensor",
    ),
    "item": (
        """
        c = r.sum() * 0.0
        return r * c.item()
        """,
        "r.sum()",
        "mixes pairs",
    ),
    "mask": (
        """
        y = r * 2.0
        return y[r > 1.0]
        """,
        "y[r > 1.0]",
        "depends on the values of the pairs",
    ),
    "masked select": (
        "return torch.masked_select(r, r > 1.0)",
        "masked_select",
        "aten::masked_select makes a tensor whose size depends",
    ),
    "nonzero": (
        """
        n = torch.nonzero(r > 1.0)
        return r * n.shape[0]
        """,
        "torch.nonzero",
        "aten::nonzero makes a tensor",
    ),
    "random": (
        """
        n = torch.rand_like(r)
        return r + n
        """,
        "rand_like",
        "aten::rand_like draws random numbers",
    ),
    "dropout": (
        """
        n = F.dropout(r, 0.5, True)
        return r + n
        """,
        "F.dropout",
        "draws random numbers",
    ),
    "detach": (
        """
        y = torch.tanh(r)
        return r * y.detach()
        """,
        "y.detach()",
        "the force would not be the derivative",
    ),
    "no_grad": (
        """
        with torch.no_grad():
            y = torch.tanh(r)
        return r * y
        """,
        "torch.tanh(r)",
        "the force would not be the derivative",
    ),
    "another pair": ("return r + r[0]", "r + r[0]", "mixes pairs"),
    "mean over pairs": (
        """
        y = r - r.mean()
        return y
        """,
        "r.mean()",
        "mixes pairs",
    ),
    "cumsum over pairs": ("return torch.cumsum(r, 0)", "cumsum", "mixes pairs"),
    "all pairs with all": (
        """
        y = r[:, None] - r[None, :]
        return y.sum(1)
        """,
        "r[:, None] - r[None, :]",
        "mixes pairs",
    ),
    "flipped pairs": (
        """
        y = r.flip(0)
        return y + r
        """,
        "y + r",
        "mixes pairs",
    ),
    "product over pairs": (
        """
        y = torch.mm(r[None, :], r[:, None])
        return r * y[0]
        """,
        "torch.mm",
        "mixes pairs|sums over the pairs",
    ),
    "softmax over pairs": ("return torch.softmax(r, 0)", "softmax", "mixes pairs"),
    "numbering the pairs": ("return r * torch.arange(r.shape[0])", "torch.arange", "mixes pairs"),
    "unsupported": (
        """
        y = r * 2.0
        y = torch.atan(y)
        return y
        """,
        "torch.atan",
        "aten::atan is not supported",
    ),
    "unsupported in a decomposition": (
        "return torch.special.ndtri(torch.sigmoid(r))",
        "ndtri",
        "aten::special_ndtri is not supported",
    ),
    "index of the largest": (
        """
        x = torch.stack([r, r * 2.0], 1)
        m = x.max(1)[1]
        return r * m
        """,
        "r * m",
        "the index that aten::max returns is not supported",
    ),
    "uninitialized": (
        """
        x = torch.empty_like(r)
        return x + r
        """,
        "x + r",
        "empty",
    ),
    "writing into a constant": (
        """
        c = torch.zeros(3, dtype=torch.float64)
        c[:1] = r[:1]
        return r + c.sum()
        """,
        "c[:1]",
        "into a constant tensor",
    ),
    "writing into a buffer": (
        """
        self.count[:1] = r[:1]
        return r
        """,
        "self.count",
        "into a constant tensor",
    ),
}


def line_of(path, text):
    return next(number for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if text in line)


#: Cases that recording cannot refuse: tracing has fixed the decision, freezing has removed detach(), or torch.export
#: itself raises an error.
NOT_REFUSED = {
    *((name, front_end) for name in ("control flow", "control flow on a number") for front_end in ("trace", "export")),
    ("item", "trace"),
    ("detach", "frozen"),
    ("no_grad", "trace"),
    ("item", "export"),
    ("mask", "export"),
    ("masked select", "export"),
    ("nonzero", "export"),
}


@pytest.mark.parametrize(
    "name, front_end",
    [(name, front_end) for name in REFUSALS for front_end in FRONT_ENDS if (name, front_end) not in NOT_REFUSED],
)
def test_refusal_names_the_operation_and_the_line(name, front_end, tmp_path):
    body, text, message = REFUSALS[name]
    module = through(front_end, make_module(tmp_path, body, BARE))
    with pytest.raises(LoweringError, match=message) as refused:
        record_module(module, source="user.pt", num_types=3)
    sentence = str(refused.value)
    assert sentence.startswith("user.pt: ") and "\n" not in sentence
    assert f"user_model.py:{line_of(tmp_path / 'user_model.py', text)}" in sentence
    assert "representation='table'" in sentence


def test_unsupported_operator_lists_what_is_supported(tmp_path):
    model = make_module(tmp_path, "return torch.atan(r)", BARE)
    with pytest.raises(LoweringError) as refused:
        record_module(model, source="user.pt", num_types=3)
    assert sorted(SUPPORTED) == SUPPORTED and {"linear", "tanh", "sum", "softplus", "softmax", "embedding"} <= set(
        SUPPORTED
    )
    assert ", ".join(SUPPORTED) in str(refused.value) and ": return torch.atan(r)" in str(refused.value)


def test_failure_of_the_model_is_reported_with_its_line(tmp_path):
    model = make_module(tmp_path, "y = r.reshape(-1, 1)\nreturn y @ torch.ones(2, 1, dtype=torch.float64)", BARE)
    for front_end in ("eager", "script"):
        with pytest.raises(
            LoweringError, match=r"fails while it is recorded \(at .*user_model.py:14 in forward.*\(RuntimeError: "
        ) as refused:
            record_module(through(front_end, model), source="user.pt", num_types=3)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "body, message",
    [
        ("return r[:, None]", "shape \\[139, 1\\]; expected one floating-point number for each pair"),
        ("return type1", "type torch.int64"),
        ("return r, r", "returns a tuple"),
        ("return r * r.shape[0]", "depends on the number of pairs"),
        ("return r[:100].repeat(2)[:r.shape[0]]", "mixes pairs"),
    ],
)
def test_results_that_are_not_one_number_for_each_pair_are_refused(body, message, tmp_path):
    with pytest.raises(LoweringError, match=message):
        record_module(make_module(tmp_path, body, BARE), source="user.pt", num_types=3)


def test_refusal_that_the_model_catches_is_raised_again(tmp_path):
    model = make_module(tmp_path, "try:\n    return torch.atan(r)\nexcept Exception:\n    return r", BARE)
    with pytest.raises(LoweringError, match="aten::atan"):
        record_module(model, source="user.pt", num_types=3)


def test_recording_requires_either_types_or_features():
    with pytest.raises(TypeError, match="either num_types or num_features"):
        record_module(Moving([]), source="model")
    with pytest.raises(TypeError, match="either num_types or num_features"):
        record_module(Moving([]), source="model", num_types=1, num_features=1)


# Inputs and units.


class Featured(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.net = torch.nn.Sequential(torch.nn.Linear(7, 8), torch.nn.SiLU(), torch.nn.Linear(8, 1))

    def forward(self, r, features1, features2, lam: torch.Tensor, charge: torch.Tensor):
        x = torch.cat([r[:, None], features1, features2], -1)
        return self.net(x).squeeze(-1) * lam + charge**2 / r


def test_features_and_global_parameters():
    torch.manual_seed(0)
    model = Featured().double().eval()
    r, (f1, f2) = some_pairs()[0], torch.rand(2, PAIRS, 3, dtype=torch.float64)
    names = ("charge", "lam")
    programs = [
        record_module(m, source="model", num_features=3, global_parameters=names)
        for m in (model, torch.jit.script(model))
    ]
    example = (
        (r, f1, f2),
        {
            "lam": torch.tensor(1.0, dtype=torch.float64),
            "charge": torch.tensor(1.0, dtype=torch.float64),
        },
    )
    pairs = {0: torch.export.Dim("pairs", min=2, max=2**31 - 1)}
    exported = torch.export.export(
        model,
        *example,
        dynamic_shapes={"r": pairs, "features1": pairs, "features2": pairs, "lam": None, "charge": None},
    )
    programs.append(record_module(exported.module(), source="model", num_features=3, global_parameters=names))
    (got,) = program_oracle.evaluate(
        *programs[0], distance=r.numpy(), particle1=f1.numpy(), particle2=f2.numpy(), globals_=[1.5, 0.3]
    )
    with torch.no_grad():
        assert_close(
            got[:, 0],
            model(r, f1, f2, lam=torch.tensor(0.3, dtype=torch.float64), charge=torch.tensor(1.5, dtype=torch.float64)),
        )
    assert programs[0][0] == programs[1][0] == programs[2][0]
    assert "[3] = particle1" in programs[0][0] and "[2] = globals" in programs[0][0]
    single = record_module(make_module_with_one_global(), source="model", num_types=2, global_parameters=["lam"])
    assert single[0] == "v0[1] = distance\nv1[1] = globals\nv2[1] = mul v0 v1\noutput v2\n"


def make_module_with_one_global():
    class One(torch.nn.Module):
        def forward(self, r, type1, type2, lam):
            return r * lam

    return One()


def test_unit_conversions_by_1_are_not_recorded(tmp_path):
    model = make_module(tmp_path, "return r * r", BARE)
    assert record_module(model, source="m", num_types=1)[0] == "v0[1] = distance\nv1[1] = mul v0 v0\noutput v1\n"
    text, weights = record_module(model, source="m", num_types=1, length_factor=0.1, energy_factor=4.184)
    assert (
        text
        == "v0[1] = distance\nv1[1] = literal 0.1\nv2[1] = div v0 v1\nv3[1] = mul v2 v2\nv4[1] = literal 4.184\nv5[1] ="
        " mul v3 v4\noutput v5\n"
    )
    assert weights.shape == (0,) and weights.dtype == np.float64


def test_model_that_ignores_its_inputs(tmp_path):
    text, _ = record_module(make_module(tmp_path, "return torch.zeros_like(r)", BARE), source="m", num_types=1)
    assert text == "v0[1] = literal 0.0\noutput v0\n"


# The text.


def test_repeated_constants_are_one_weight_and_unused_steps_are_removed(tmp_path):
    body = """
    unused = torch.sin(r)
    w = self.m.t()
    q = torch.tanh(F.linear(x, self.m)) @ self.m + torch.mm(x, w) @ self.m.clone() + self.m[0] * x
    q = q + self.e[type1] + self.e[type2]
    """
    text, weights = record_module(make_module(tmp_path, body), source="m", num_types=3)
    assert text.count("= sin") == 1  # the sine in x
    # e; m and its transpose as matrices; the clone of m; the first row of m; the factors of weighted().
    assert text.count("= weight") == 6 and len(weights) == 12 + 12 + 12 + 12 + 4 + 4


def test_different_parameters_with_equal_numbers_are_different_weights(tmp_path):
    models = [make_module(tmp_path, "q = self.lin(x) + self.lin(y)[:, :1] * self.w.sum()") for _ in range(2)]
    for parameter in models[0].parameters():
        parameter.fill_(0.5)
    texts = [record_module(model, source="m", num_types=3)[0] for model in models]
    assert texts[0] == texts[1]


@pytest.mark.slow
def test_text_is_the_same_in_every_process(tmp_path):
    make_module(tmp_path, "torch.softmax(self.lin(x), 1)")
    script = (
        "import importlib.util, hashlib; spec = importlib.util.spec_from_file_location('m', 'user_model.py'); m ="
        " importlib.util.module_from_spec(spec); spec.loader.exec_module(m); from learnedpair.lowering.recording import"
        " record_module; t, w = record_module(m.Model().double().eval(), source='m', num_types=3);"
        " print(hashlib.sha256(t.encode() + w.tobytes()).hexdigest())"
    )
    settings_of_python = [os.environ | {"PYTHONHASHSEED": seed} for seed in ("1", "2")]
    digests = {
        subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
        ).stdout
        for env in settings_of_python
    }
    assert len(digests) == 1 and len(digests.pop().strip()) == 64


def test_recording_does_not_change_the_module_or_settings_of_pytorch(tmp_path):
    model = make_module(tmp_path, "self.batch(x)")
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    before = {name: (value.clone(), value.dtype) for name, value in model.state_dict().items()}
    record_module(model, source="m", num_types=3)
    with pytest.raises(LoweringError):
        record_module(make_module(tmp_path, "torch.atan(x)"), source="m", num_types=3)
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert all(torch.equal(value, before[name][0]) for name, value in model.state_dict().items())
    assert torch.get_default_dtype() == torch.float32 and type(torch.zeros(2) + 1) is torch.Tensor


# Derivatives: the program evaluated with PyTorch, and differentiated by it.


def differentiate(program, r, type1, type2):
    """df/dr by forward-mode differentiation, where select follows docs/program.md even beside NaN."""
    return torch.func.jvp(lambda r: in_pytorch(program, r, type1, type2), (r.detach(),), (torch.ones_like(r),))[
        1
    ].detach()


def angle(a, b):
    """atan2 with the derivative 0 at (0, 0). PyTorch has it in reverse mode; in forward mode it has NaN there."""
    return torch.where((a == 0) & (b == 0), torch.atan2(a.detach(), b.detach()), torch.atan2(a, b))


def in_pytorch(program, r, type1, type2):
    text, weights = program
    values, used = [], 0
    inputs = {"distance": r[:, None], "particle1": type1[:, None].double(), "particle2": type2[:, None].double()}
    named = {
        "atan2": angle,
        "less": lambda a, b: (a < b).double(),
        "less_equal": lambda a, b: (a <= b).double(),
        "equal": lambda a, b: (a == b).double(),
        "select": lambda c, a, b: torch.where(c != 0, a, b),
    }
    for line in text.splitlines()[:-1]:
        left, right = line.split(" = ")
        words, _, numbers = right.rstrip("}").partition(" {")
        operation, *operands = words.split()
        length, numbers = int(left.partition("[")[2][:-1]), [int(i) for i in numbers.split()]
        if operation in inputs:
            value = inputs[operation]
        elif operation == "literal":
            value = torch.tensor([[float(x) for x in operands]], dtype=torch.float64).expand(len(r), -1)
        elif operation == "weight":
            value = torch.from_numpy(weights[None, used : used + length]).expand(len(r), -1)
            used += length
        else:
            x = [values[int(v[1:])] for v in operands]
            special = {
                "gather": lambda x=x, numbers=numbers: x[0][:, numbers],
                "concat": lambda x=x: torch.cat(x, 1),
                "sum": lambda x=x, numbers=numbers: x[0].reshape(-1, *numbers).sum(2).flatten(1),
                "max": lambda x=x, numbers=numbers: x[0].reshape(-1, *numbers).amax(2).flatten(1),
                "linear": lambda x=x: x[1] @ x[0][0].reshape(-1, x[1].shape[1]).T,
                "lookup": lambda x=x, numbers=numbers: x[1][0].reshape(-1, *numbers)[x[0].long()].flatten(1),
            }
            value = (
                special[operation]()
                if operation in special
                else named.get(operation, getattr(torch, operation, None))(*x)
            )
        values.append(value)
    return values[int(text.splitlines()[-1].split("v")[1])][:, 0]


KINKS = """
F.relu(r)
abs(r)
r.clamp(0.0, 0.5)
r.clamp(-0.5, 0.0)
torch.clamp_min(r, 0.0)
F.hardtanh(r, 0.0, 0.5)
F.hardtanh(r, -0.5, 0.0)
F.relu6(r)
F.leaky_relu(r, 0.3)
F.elu(r, 0.7)
F.celu(r, 0.7)
F.selu(r)
F.softplus(r)
F.logsigmoid(r)
F.mish(r)
F.hardsigmoid(r + 3.0)
F.hardsigmoid(r - 3.0)
F.hardswish(r + 3.0)
F.hardswish(r - 3.0)
F.threshold(r, 0.0, 0.0)
F.softshrink(r + 0.5)
F.hardshrink(r - 0.5)
torch.maximum(r, r * 2.0)
torch.minimum(r, -r)
torch.where(r > 0, r, r * r)
torch.sinh(r)
torch.asinh(r)
torch.sinc(r)
torch.atan2(r, r)
torch.atan2(r, 2.0 * r * r)
torch.atan2(r, torch.zeros_like(r))
torch.atan2(torch.zeros_like(r), r)
torch.atan2(-r, torch.tensor(-0.5))
torch.logaddexp(r, 2 * r)
torch.norm(torch.stack([r, 2 * r], 1), dim=1)
torch.stack([r, r], 1).std(1)
torch.amax(torch.stack([r, 2 * r, 3 * r], 1), 1)
torch.floor(r)
torch.sign(r)
torch.frac(r)
r ** 3
r ** 1
F.softsign(r)
F.tanhshrink(r)
torch.expm1(r)
torch.special.erf(r)
F.gelu(r)
torch.prelu(r, self.e[:1])
""".strip().splitlines()


@pytest.mark.parametrize("body", KINKS)
def test_derivatives_at_kinks_are_those_of_pytorch(body, tmp_path):
    model = make_module(tmp_path, f"return {body}", BARE)
    program = record_module(model, source="m", num_types=3)
    r = torch.tensor([-1.7, -0.5, -1e-9, 0.0, 1e-9, 0.5, 1.3], dtype=torch.float64, requires_grad=True)
    types = torch.zeros(len(r), dtype=torch.int64)
    (expected,) = torch.autograd.grad(model(r, types, types).sum(), r)
    if "clamp" in body:  # at its limits the derivative is 1 in PyTorch before 2.14, 0 since then, and 1 in programs
        limits = [float(number) for number in re.findall(r"-?\d\.\d", body)]
        expected[torch.isin(r, torch.tensor(limits, dtype=r.dtype))] = 1
    # PyTorch 2.6 gives hardswish the derivative of the other side of the kink, and atan2 the derivative NaN at (0, 0).
    if IS_PYTORCH_2_6 and "hardswish" in body:
        expected[r == 0] = 1 if "+" in body else 0
    if IS_PYTORCH_2_6 and "atan2" in body:
        expected[(r == 0) & torch.isnan(expected)] = 0
    # The tolerance is for the constant 1/6, which PyTorch has in single precision.
    assert_close(differentiate(program, r, types, types).numpy(), expected, 1e-7)


# Accuracy where formulas cancel or overflow.


@pytest.mark.parametrize(
    "body",
    [
        "F.softplus(r)",
        "F.logsigmoid(r)",
        "F.silu(r)",
        "torch.sigmoid(r)",
        "torch.tanh(r)",
        "torch.expm1(r)",
        "torch.erfc(r / 30.0)",
        "F.mish(r)",
        "F.elu(r)",
        "torch.logsumexp(torch.stack([r, 2.0 * r], 1), 1)",
        "torch.softmax(torch.stack([r, 2.0 * r], 1), 1)[:, 0]",
        "torch.log_softmax(torch.stack([r, 2.0 * r], 1), 1)[:, 1]",
        "torch.logaddexp(r, -r)",
        "torch.asinh(r)",
        "torch.sinh(r / 2.0)",
        "torch.exp2(r)",
        "torch.log1p(torch.exp(-abs(r)))",
    ],
)
def test_values_of_very_large_and_small_arguments_have_small_relative_errors(body, tmp_path):
    model = make_module(tmp_path, f"return {body}", BARE)
    r = torch.cat(
        [
            torch.linspace(-600.0, 600.0, 241, dtype=torch.float64),
            torch.tensor([1e-12, -1e-12, 1e-5, -1e-5], dtype=torch.float64),
        ]
    )
    types = torch.zeros(len(r), dtype=torch.int64)
    got, expected = (
        oracle(record_module(model, source="m", num_types=3), r, types, types),
        model(r, types, types).numpy(),
    )
    if IS_PYTORCH_2_6 and body == "F.elu(r)":  # it computes exp(r) - 1, which loses digits of small results
        expected = torch.where(r > 0, r, torch.expm1(r)).numpy()
    assert np.isfinite(expected).all()
    assert (np.abs(got - expected) <= 1e-12 * np.abs(expected) + 1e-300).all()


# Double precision, even where the module uses single precision.

SINGLE = """
import torch


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.first, self.second = torch.nn.Linear(1, 16), torch.nn.Linear(16, 1)
        self.e = torch.nn.Parameter(torch.randn(3))

    def forward(self, r, type1, type2):
        BODY
"""
BODIES_IN_SINGLE = {
    "float32 constants": "return self.second(torch.tanh(self.first(r[:, None])))[:, 0] * self.e[type1] * self.e[type2]",
    "casts": (
        "return self.second(torch.tanh(self.first(r.float()[:, None])))[:, 0] * self.e[type1].to(torch.float32) *"
        " self.e[type2].float()"
    ),
    "factories": (
        "return torch.exp(-r[:, None].float() * torch.linspace(0.5, 2.0, 4, dtype=torch.float32)).sum(1) *"
        " torch.ones(1, dtype=torch.float32) + 0.1 * type1"
    ),
    "half": "return torch.sin(r.half()) + torch.tensor(0.3, dtype=torch.float32) * self.e[type2] / 3",
}


def in_exact_double(name, model):
    """The same formula in double precision, with the module's weights rounded to single precision."""
    first, second, e = model.first, model.second, model.e.detach().double()

    def network(r):
        hidden = torch.tanh(r[:, None] @ first.weight.detach().double().T + first.bias.detach().double())
        return (hidden @ second.weight.detach().double().T)[:, 0] + second.bias.detach().double()

    def linspace():
        return torch.linspace(0.5, 2.0, 4, dtype=torch.float64)

    return {
        "float32 constants": lambda r, a, b: network(r) * e[a] * e[b],
        "casts": lambda r, a, b: network(r) * e[a] * e[b],
        "factories": lambda r, a, b: torch.exp(-r[:, None] * linspace()).sum(1) + 0.1 * a.double(),
        "half": (
            lambda r, a, b: torch.sin(r) + np.float32(0.3).item() * e[b] / 3
        ),  # torch.tensor rounds the number before it can be intercepted
    }[name]


@pytest.mark.parametrize("kind", ["eager", "frozen"])
@pytest.mark.parametrize("name", BODIES_IN_SINGLE)
def test_everything_is_in_double_precision(name, kind, tmp_path):
    path = tmp_path / "single.py"
    path.write_text(SINGLE.replace("BODY", BODIES_IN_SINGLE[name]), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("single", path)
    namespace = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(namespace)
    model = namespace.Model().eval().requires_grad_(False)
    exact = in_exact_double(name, namespace.Model())
    module = model
    if kind == "frozen":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Values that depend only on constants are folded in single precision, and become data of the module.
            module = saved_and_loaded(
                torch.jit.freeze(torch.jit.script(model), optimize_numerics=False), torch.jit.save, torch.jit.load
            )
    module = module.double()
    r, type1, type2 = some_pairs()
    r.requires_grad_(True)
    expected = exact(r, type1, type2)
    (dEdR,) = torch.autograd.grad(expected.sum(), r)
    for _ in range(3):  # TorchScript optimizes a function when it runs for the second time
        with InDoublePrecision():
            energies = module(r, type1, type2)
            (got,) = torch.autograd.grad(energies.sum(), r)
        assert energies.dtype == got.dtype == torch.float64
        assert_close(energies.detach().numpy(), expected.detach())
        assert_close(got.numpy(), dEdR)
    program = record_module(module, source="m", num_types=3)
    assert_close(oracle(program, r.detach(), type1, type2), energies.detach())
    assert torch.get_default_dtype() == torch.float32


def test_casts_are_in_single_precision_without_the_context(tmp_path):
    """The test above relies on this: without InDoublePrecision, the module has the errors of single precision."""

    class Casting(torch.nn.Module):
        def forward(self, r):
            return torch.sin(r.float()).double()

    r = torch.tensor([0.1], dtype=torch.float64)
    assert abs(Casting()(r) - torch.sin(r)) > 1e-10
    with InDoublePrecision():
        assert abs(Casting()(r) - torch.sin(r)) == 0


# The oracle refuses programs that docs/program.md does not allow.


@pytest.mark.parametrize(
    "text",
    [
        "v0[1] = distance\n",
        "v0[1] = distance\noutput v1\n",
        "v1[1] = distance\noutput v1\n",
        "v0[2] = distance\noutput v0\n",
        "v0[1] = distance\nv1[1] = distance\noutput v0\n",
        "v0[1] = neg v0\noutput v0\n",
        "v0[1] = distance\nv1[1] = sine v0\noutput v1\n",
        "v0[2] = literal 1 2\nv1[3] = literal 1 2 3\nv2[3] = add v0 v1\noutput v2\n",
        "v0[2] = literal 1 2\nv1[1] = gather v0 {2}\noutput v1\n",
        "v0[1] = distance\nv1[1] = linear v0 v0\noutput v1\n",
        "v0[2] = literal 1 2\nv1[1] = sum v0 {1 3 1}\noutput v1\n",
        "v0[1] = weight\noutput v0\n",
        "v0[1] = distance {1}\noutput v0\n",
        "v0[1] = distance\nv1[1] = lookup v0 v0 {1}\noutput v1\n",
        "v0[1] = distance\nv1[2] = neg v0\noutput v1\n",
    ],
)
def test_oracle_refuses_broken_programs(text):
    with pytest.raises(program_oracle.OracleError):
        program_oracle.evaluate(text, np.zeros(0), distance=np.ones(2))


def test_oracle_evaluates_tables_lookups_and_maxima():
    text = (
        "v0[1] = distance\nv1[2] = literal 1.5 -2\nv2[2] = mul v0 v1\nv3[4] = concat v2 v1\nv4[2] = max v3 {2 2"
        " 1}\nv5[6] = weight\nv6[1] = table v0 v5 {2}\nv7[1] = table_slope v0 v5 {2}\nv8[1] = lookup v7 v1 {1}\noutput"
        " v4 v6 v7 v8\n"
    )
    outputs = program_oracle.evaluate(
        text, np.array([0.0, 1.0, 2.0, 1.0, 5.0, -1.0]), distance=np.array([0.0, 0.5, 1.0])
    )
    t = np.array([0.0, 0.5, 1.0])
    cubic = np.polynomial.Polynomial([2, 1, 3 * 3 - 2 + 1, -2 * 3 + 1 - 1])
    assert (
        np.array_equal(outputs[0], np.stack([1.5 * t, np.full(3, 1.5)], 1))
        and outputs[1].tolist() == cubic(t)[:, None].tolist()
    )
    assert np.allclose(outputs[2][:, 0], cubic.deriv()(t), rtol=1e-14) and outputs[3].tolist() == [
        [-2.0],
        [-2.0],
        [-2.0],
    ]
    assert np.isnan(
        program_oracle.evaluate(
            "v0[1] = distance\nv1[1] = log v0\nv2[1] = max v1 {1 1 1}\noutput v2\n",
            np.zeros(0),
            distance=np.array([-1.0]),
        )[0][0, 0]
    )
