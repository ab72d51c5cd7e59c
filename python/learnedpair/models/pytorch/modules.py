# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Handles PyTorch modules: removes wrappers, copies to the CPU, converts to double precision, hashes and pickles."""

import ast
import contextlib
import copy
import hashlib
import inspect
import io
import pickle
import textwrap

import torch
from torch.utils._pytree import tree_leaves

from ...errors import ModelError
from .messages import first_line
from .state import without_torchscript_warnings

#: Classes that training scripts wrap around a module, and the attribute that holds the wrapped module.
_WRAPPERS = {
    "OptimizedModule": "_orig_mod",
    "DataParallel": "module",
    "DistributedDataParallel": "module",
    "FullyShardedDataParallel": "module",
    "AveragedModel": "module",
}


def unwrapped(module):
    """The user's own module inside wrappers such as torch.compile(), DataParallel or AveragedModel."""
    while type(module).__name__ in _WRAPPERS and type(module).__module__.startswith("torch."):
        module = getattr(module, _WRAPPERS[type(module).__name__])
    return module


def require_numbers(module, source):
    """Require parameters and buffers that hold floating-point numbers.

    Raises
    ------
    ModelError
        If the module is quantized, or on the device "meta".
    """
    if _is_quantized(module):
        raise ModelError(
            f"{source}: the module is quantized and computes with 8-bit integers instead of its weights; use the"
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
    """Copy a module, with all tensors on the CPU.

    Raises
    ------
    Exception
        Of any type, if the module cannot be copied.
    """
    if isinstance(module, torch.jit.ScriptModule):
        file = io.BytesIO()  # deepcopy() would make the parameters of a ScriptModule unusable
        with without_torchscript_warnings():
            torch.jit.save(module, file)
            file.seek(0)
            return torch.jit.load(file, map_location="cpu")
    # The memo of deepcopy() gives it the copies of tensors. Without it, tensors would stay on their device, and tensors
    # that were computed from parameters, such as the weight of torch.nn.utils.weight_norm, would be refused.
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
    """SHA-256 of a module's structure, code and numbers; formulas without parameters may differ in their code or in
    Python attributes alone.
    """
    digest = hashlib.sha256(f"{module!r}\n{_code(module)}\n{_plain_attributes(module)!r}".encode())
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _plain_attributes(module):
    """The attributes of a module and its parts that are numbers, texts, or containers of these."""
    result = []
    for part_name, part in module.named_modules():
        for name, value in sorted(vars(part).items()):
            leaves = tree_leaves(value)
            if name.startswith("_") or name == "training" or not leaves:
                continue
            if all(isinstance(leaf, (bool, int, float, str)) for leaf in leaves):
                result.append((part_name, name, leaves))
    return result


def _code(module):
    if isinstance(module, (torch.jit.ScriptModule, torch.fx.GraphModule)):
        return getattr(module, "code", "")
    try:
        source = textwrap.dedent(inspect.getsource(type(module)))
    except (OSError, TypeError):  # there is no source file
        return ""
    return _without_docstrings(source)


def _without_docstrings(source):
    """Remove the lines of docstrings from source text: another docstring does not make another model."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a string that continues at the left margin prevents dedenting
        return source
    lines = source.splitlines()
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, clean=False) is not None:
            docstring = node.body[0]
            for number in range(docstring.lineno, docstring.end_lineno + 1):
                if docstring.lineno > node.lineno:
                    lines[number - 1] = ""
    return "\n".join(line for line in lines if line)


def in_double_precision(module, source):
    """Convert a module to float64 and evaluation mode, and switch off the gradients of its parameters.

    Raises
    ------
    ModelError
        If the module cannot be converted.
    """
    try:
        module = module.double()
        with contextlib.suppress(NotImplementedError):  # modules of torch.export have no mode
            module.eval()
        for parameter in module.parameters():
            parameter.requires_grad_(False)
    except Exception as error:  # a user's module may raise anything
        raise ModelError(f"{source}: the module cannot compute in double precision ({first_line(error)}).") from error
    return module


def pickle_module(module, source):
    """Serialize a module for the pickle of a model.

    Returns
    -------
    form : {"TorchScript", "module"}
    content : bytes

    Raises
    ------
    ModelError
        If pickle cannot store the module, for instance because its class is defined inside a function.
    """
    if isinstance(module, torch.jit.ScriptModule):
        file = io.BytesIO()
        with without_torchscript_warnings():
            torch.jit.save(module, file)
        return "TorchScript", file.getvalue()
    try:
        return "module", pickle.dumps(module)
    except Exception as error:  # a user's module may raise anything
        raise ModelError(
            f"{source}: the module cannot be pickled ({first_line(error)}); define its class at the top of a file, or"
            " export it with lp.export_model and pickle the model that was loaded from the file."
        ) from error


def unpickle_module(pickled):
    """Restore a module from the result of pickle_module()."""
    form, content = pickled
    if form == "module":
        return pickle.loads(content)
    with without_torchscript_warnings():
        return torch.jit.load(io.BytesIO(content), map_location="cpu")
