# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Writes model.pt and model.pt2 beside this script; run with PyTorch 2.6.0, the oldest supported version."""

from pathlib import Path

import learnedpair as lp
import torch


class Repulsion(torch.nn.Module):
    """The energy w[type1] w[type2] (1 - r)^3, with r in nm and the energy in kJ/mol."""

    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.tensor([0.5, 1.5], dtype=torch.float64))

    def forward(self, r, type1, type2):
        return self.w[type1] * self.w[type2] * (1 - r) ** 3


def exported():
    """The module for torch.export, without the paths of this machine in the stack traces."""
    pairs = {0: torch.export.Dim("pairs", min=2)}
    example = (torch.rand(5, dtype=torch.float64), torch.zeros(5, dtype=torch.int64), torch.ones(5, dtype=torch.int64))
    program = torch.export.export(Repulsion(), example, dynamic_shapes=[pairs] * 3)
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    return program


if __name__ == "__main__":
    assert torch.__version__.startswith("2.6.0"), torch.__version__
    for name, module in {"model.pt": Repulsion(), "model.pt2": exported()}.items():
        path = Path(__file__).with_name(name)
        lp.export_model(module, path, types=["A", "B"], cutoff=1.0, inner_cutoff=0.2)
