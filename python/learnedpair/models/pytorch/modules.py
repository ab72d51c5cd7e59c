# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""PyTorch modules as this package uses them: copied to the CPU, in double precision, without what is wrapped around
them.
"""

import contextlib
import copy
import hashlib
import inspect
import io
import pickle

import torch
from torch.utils._pytree import tree_leaves

from ...errors import ModelError
from .messages import first_line
from .state import without_torchscript_warnings

#: What trainers put around a module, and the attribute that holds the module itself.
_WRAPPERS = {
    "OptimizedModule": "_orig_mod",
    "DataParallel": "module",
    "DistributedDataParallel": "module",
    "FullyShardedDataParallel": "module",
    "AveragedModel": "module",
}


def unwrapped(module):
    """The user's own module inside of torch.compile(), DataParallel, DistributedDataParallel or AveragedModel."""
    while type(module).__name__ in _WRAPPERS and type(module).__module__.startswith("torch."):
        module = getattr(module, _WRAPPERS[type(module).__name__])
    return module


def require_numbers(module, source):
    """Require the parameters and buffers of a module to be numbers that can be copied.

    Raises
    ------
    ModelError
        If the module is quantized, or on the device "meta".
    """
    if _is_quantized(module):
        raise ModelError(
            f"{source}: the module is quantized, and computes with integers of 8 bits in place of its weights; give the"
            " module as it was before quantization, in float32 or float64."
        )
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        if tensor.device.type == "meta":
            raise ModelError(
                f"{source}: the parameter {name!r} is on the device 'meta', where tensors have no numbers; load the"
                " trained weights into the module first."
            )


def _is_quantized(module):
    for part in module.modules():
        if isinstance(part, torch.jit.ScriptModule):
            if "ops.quantized." in _code(part):
                return True
        elif ".quantized." in f"{type(part).__module__}.":
            return True
    return any(tensor.is_quantized for tensor in module.state_dict().values() if isinstance(tensor, torch.Tensor))


def copy_of_module(module):
    """A copy with all tensors on the CPU.

    Raises
    ------
    Exception
        Whatever a module may refuse.
    """
    if isinstance(module, torch.jit.ScriptModule):
        file = io.BytesIO()  # deepcopy() makes parameters of such modules that cannot be used any more
        with without_torchscript_warnings():
            torch.jit.save(module, file)
            file.seek(0)
            return torch.jit.load(file, map_location="cpu")
    # deepcopy() takes what is in its memo in place of a copy of its own. It refuses tensors that were computed from
    # parameters, such as the weight of torch.nn.utils.weight_norm, and leaves tensors where they are.
    return copy.deepcopy(module, {id(tensor): _copy_of_tensor(tensor) for tensor in _tensors(module)})


def _tensors(module):
    yield from module.parameters()
    yield from module.buffers()
    for part in module.modules():
        yield from (
            leaf
            for leaf in tree_leaves(
                [value for name, value in vars(part).items() if name not in ("_parameters", "_buffers", "_modules")]
            )
            if isinstance(leaf, torch.Tensor)
        )


def _copy_of_tensor(tensor):
    result = tensor.detach().cpu().clone()
    return (
        torch.nn.Parameter(result, requires_grad=tensor.requires_grad)
        if isinstance(tensor, torch.nn.Parameter)
        else result
    )


def digest_of_module(module):
    """SHA-256 of what a module is and of its numbers; two formulas without any may differ in their code alone."""
    digest = hashlib.sha256(f"{module!r}\n{_code(module)}".encode())
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _code(module):
    if isinstance(module, (torch.jit.ScriptModule, torch.fx.GraphModule)):
        return getattr(module, "code", "")
    try:
        return inspect.getsource(type(module))
    except (OSError, TypeError):  # defined where no file is
        return ""


def in_double_precision(module, source):
    """The module with 64-bit arithmetic, in evaluation mode, without gradients of its parameters.

    Raises
    ------
    ModelError
    """
    try:
        module = module.double()
        with contextlib.suppress(NotImplementedError):  # modules of torch.export have no mode
            module.eval()
        for parameter in module.parameters():
            parameter.requires_grad_(False)
    except Exception as error:  # whatever a module may refuse
        raise ModelError(f"{source}: the module cannot compute in double precision ({first_line(error)}).") from error
    return module


def pickle_module(module, source):
    """A module as bytes, for a pickle of what it belongs to.

    Raises
    ------
    ModelError
        If pickle cannot store the module, as those of classes that are defined inside of functions.
    """
    if isinstance(module, torch.jit.ScriptModule):
        file = io.BytesIO()
        with without_torchscript_warnings():
            torch.jit.save(module, file)
        return "TorchScript", file.getvalue()
    try:
        return "module", pickle.dumps(module)
    except Exception as error:  # whatever a module may refuse
        raise ModelError(
            f"{source}: the module cannot be pickled ({first_line(error)}); define its class at the top of a file, or"
            " export it with lp.export_model and pickle the model that was loaded from the file."
        ) from error


def unpickle_module(pickled):
    """The module of pickle_module()."""
    form, content = pickled
    if form == "module":
        return pickle.loads(content)
    with without_torchscript_warnings():
        return torch.jit.load(io.BytesIO(content), map_location="cpu")
