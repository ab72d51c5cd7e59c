# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Learned pair corrections for OpenMM, at the speed of a classical force field.

    import learnedpair as lp
    model = lp.load_model("delta.pt")
    force = lp.add_correction(system, topology, model)

PyTorch is imported only to load, export or train a model. A System that was saved with its correction runs without
PyTorch.
"""

import importlib
from typing import TYPE_CHECKING, Any

from .applying.acceleration import accelerate
from .applying.apply import add_correction
from .applying.assignment import assign_types
from .applying.conversion import from_custom_nonbonded, update_from_custom_nonbonded
from .applying.nonbonded_features import features_from_nonbonded
from .errors import DomainError, LearnedPairError, LoweringError, ModelError, PluginLoadError, pytorch_for
from .force.functions import EnvironmentFunction, PairProgram, PairTable
from .force.functions import core as _core
from .force.learned_pair_force import LearnedPairForce
from .interfaces import ffxml as _ffxml  # noqa: F401  (registers the element <LearnedPairForce>)
from .interfaces.ml_region import exclude_within
from .lowering.compiled_model import CompiledModel, load_compiled
from .lowering.environment_model import EnvironmentModel
from .lowering.load_eam import load_eam
from .lowering.tabulation import tabulate
from .reporters.committee_reporter import CommitteeReporter
from .reporters.density_reporter import DensityReporter
from .reporters.domain_reporter import DomainReporter
from .reporters.lambda_reporter import LambdaReporter

if TYPE_CHECKING:  # __getattr__ imports these, which need PyTorch
    from . import fit as fit
    from . import nn as nn
    from .lowering.committee import CommitteeModel as CommitteeModel
    from .lowering.committee import load_committee as load_committee
    from .lowering.export import export_model as export_model
    from .lowering.export_environment import export_environment as export_environment
    from .lowering.load_environment import load_environment as load_environment
    from .lowering.load_tables import load_tables as load_tables
    from .lowering.pair_model import PairModel as PairModel
    from .lowering.pair_model import load_model as load_model

__version__: str = _core.version

#: Public names that need PyTorch, and the modules that define them.
_NEED_TORCH = {
    "load_model": "lowering.pair_model",
    "PairModel": "lowering.pair_model",
    "export_model": "lowering.export",
    "export_environment": "lowering.export_environment",
    "load_environment": "lowering.load_environment",
    "load_committee": "lowering.committee",
    "CommitteeModel": "lowering.committee",
    "load_tables": "lowering.load_tables",
    "nn": "nn",
    "fit": "fit",
}

__all__ = [
    "CompiledModel",
    "DomainError",
    "DensityReporter",
    "DomainReporter",
    "CommitteeReporter",
    "LambdaReporter",
    "LearnedPairError",
    "LearnedPairForce",
    "LoweringError",
    "ModelError",
    "EnvironmentFunction",
    "EnvironmentModel",
    "PairProgram",
    "PairTable",
    "PluginLoadError",
    "accelerate",
    "add_correction",
    "assign_types",
    "exclude_within",
    "features_from_nonbonded",
    "from_custom_nonbonded",
    "load_compiled",
    "load_eam",
    "tabulate",
    "update_from_custom_nonbonded",
]


def __dir__() -> list[str]:
    return sorted([*globals(), *_NEED_TORCH])


def __getattr__(name: str) -> Any:
    if name not in _NEED_TORCH:
        raise AttributeError(f"module 'learnedpair' has no attribute {name!r}")
    with pytorch_for(f"learnedpair.{name}"):
        module = importlib.import_module(f".{_NEED_TORCH[name]}", __name__)
    return module if name in ("fit", "nn") else getattr(module, name)
