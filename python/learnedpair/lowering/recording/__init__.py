# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Records a PyTorch module as the text and weights of a program (docs/program.md).

The module is called with tensors that hold no data (tensor.py). PyTorch's dispatcher decomposes composite operators and
passes the others to dispatch.py, which applies the rule of each operator. The rules are in movement.py and lookups.py
(operators that move data), arithmetic.py (elementwise operators), reductions.py and products.py (matrix products).
Modules in memory, TorchScript files and torch.export files all run through the dispatcher, so that the same network
gives the same program.
"""

import contextlib
import itertools
from typing import NamedTuple

import torch

from ...errors import LoweringError
from .builder import Expression
from .dispatch import SUPPORTED, make_dispatch, run_recording
from .refusals import Refusal, Unsupported
from .source_lines import line_in_traceback, line_of_exception, line_of_node, line_on_stack
from .tensor import Layout, Recorder

__all__ = ["SUPPORTED", "record_atoms", "record_module"]

#: The numbers of pairs used for recording. They are primes that are unlikely as other lengths, so that the axis of
#: pairs can be recognized.
_PRIMES = (139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193, 197, 199, 211, 223, 227, 229, 233, 239)


def record_module(
    module, *, source, num_types=None, num_features=None, global_parameters=(), length_factor=1.0, energy_factor=1.0
):
    """Record the computation of a module as a program.

    Parameters
    ----------
    module : torch.nn.Module or torch.jit.ScriptModule
        In double precision and evaluation mode. It is called as ``forward(r, type1, type2, **globals)`` with types of
        dtype int64, or as ``forward(r, features1, features2, **globals)`` with features of shape [P, num_features].
    source : str
        The name of the model in messages.
    num_types, num_features : int, optional
        Exactly one of the two must be given.
    global_parameters : sequence of str
        The names of the arguments that are the same for all pairs.
    length_factor : float
        The model's unit of length in nm.
    energy_factor : float
        The model's unit of energy in kJ/mol.

    Returns
    -------
    text : str
    weights : ndarray, float64
        See docs/program.md.

    Raises
    ------
    LoweringError
        If the model contains an operation that a program cannot express; the message contains its line in the model.
    """
    if (num_types is None) == (num_features is None):
        raise TypeError("record_module: expected either num_types or num_features.")
    advice = (
        "A model with types can always be used with representation='table'."
        if num_features is None
        else "There is no table for models with features."
    )
    names = tuple(global_parameters)
    return _record_twice(
        module,
        lambda recorder: _inputs(recorder, num_features, names, length_factor),
        lambda call, *args, **kwargs: call(*args, **kwargs),
        Messages(source, "pair", "r.shape[0]", advice),
        {num_features or 1},
        energy_factor,
    )


def record_atoms(module, evaluate, *, source, num_channels, energy_factor=1.0):
    """Record the energy of atoms in their environments as a program.

    Parameters
    ----------
    module : torch.nn.Module or torch.jit.ScriptModule
        In double precision and evaluation mode.
    evaluate : callable (call, densities, type) -> Tensor
        Computes the energies of N atoms from densities of shape [N, num_channels] and types of dtype int64. ``call``
        calls the module.
    source : str
        The name of the model in messages.
    num_channels : int
    energy_factor : float
        The model's unit of energy in kJ/mol.

    Returns
    -------
    text : str
    weights : ndarray, float64
        A program with the inputs ``densities`` and ``type``; see docs/program.md.

    Raises
    ------
    LoweringError
        If the model contains an operation that a program cannot express; the message contains its line in the model.
    """

    def inputs(recorder):
        densities = recorder.input("densities", num_channels, shape=(num_channels,))
        return [densities, recorder.input("type", 1, torch.int64)], {}

    messages = Messages(source, "atom", "densities.shape[0]", "Compute atom() with operations that are supported.")
    return _record_twice(module, inputs, evaluate, messages, {num_channels}, energy_factor)


class Messages(NamedTuple):
    """What the messages of a recording name: the model, what it is evaluated for, their number, and advice."""

    source: str
    #: "pair" or "atom".
    item: str
    number: str
    advice: str

    @property
    def one(self):
        """The item with its article."""
        return f"{'an' if self.item == 'atom' else 'a'} {self.item}"

    @property
    def axis(self):
        """The name of the length of the first axis of all tensors."""
        return "N" if self.item == "atom" else "P"

    def fill(self, text):
        """Fill in the names that a Refusal leaves open."""
        return text.replace("{item}", self.item).replace("{one}", self.one).replace("{axis}", self.axis)


def _record_twice(module, inputs, evaluate, messages, lengths, energy_factor):
    """Record with two numbers of pairs or atoms, and require that the program is the same."""
    first, second = itertools.islice(_numbers_of_pairs(module, lengths), 2)
    arguments = (module, inputs, evaluate, messages, energy_factor)
    program, other = _record(first, *arguments), _record(second, *arguments)
    if program[0] != other[0] or not _equal(program[1], other[1]):
        item = messages.item
        raise LoweringError(
            f"{messages.source}: the model's computation depends on the number of {item}s that are evaluated together,"
            f" or differs from call to call. The energy of {messages.one} may depend on nothing but that {item}: do not"
            f" compute with {messages.number}. {messages.advice}"
        )
    return program


def _equal(a, b):
    return a.tobytes() == b.tobytes()


def _numbers_of_pairs(module, lengths):
    """The primes that do not divide any length of a tensor in the module, or any of the given lengths."""
    lengths = set(lengths)
    for x in _constants(module):
        lengths.update(x.shape)
    return (prime for prime in _PRIMES if all(length % prime or length == 0 for length in lengths))


def _constants(module):
    """All tensors of a module: parameters, buffers, attributes, and constants of TorchScript code."""
    yield from module.parameters()
    yield from module.buffers()
    for part in module.modules():
        if isinstance(part, torch.jit.ScriptModule):
            yield from _constants_of_code(part)
        else:
            yield from (x for x in vars(part).values() if isinstance(x, torch.Tensor))


def _constants_of_code(part):
    """The tensors that torch.jit.freeze has written into the code of a TorchScript module."""
    try:
        nodes = part.graph.findAllNodes("prim::Constant", recurse=True)
    except (AttributeError, RuntimeError):  # a module without a forward of its own
        return
    for node in nodes:
        if "value" in node.attributeNames() and node.kindOf("value") == "t":
            yield node.t("value")


def _numbers_of_code(module):
    """The Python numbers that tracing has converted to tensors: 0-dimensional constants of the code.

    A frozen module is left out: its weights are constants as well and cannot be distinguished from numbers. It is
    recognized by having neither parameters nor buffers.
    """
    if next(itertools.chain(module.parameters(), module.buffers()), None) is None:
        return []
    scripts = (part for part in module.modules() if isinstance(part, torch.jit.ScriptModule))
    return [x for part in scripts for x in _constants_of_code(part) if x.dim() == 0]


def _record(count, module, inputs, evaluate, messages, energy_factor):
    graph_module = module if isinstance(module, torch.fx.GraphModule) else None
    interpreter = None if graph_module is None else _Interpreter(graph_module)

    def line():
        if interpreter is not None and interpreter.line is not None:
            return interpreter.line
        return line_on_stack(_record.__code__)

    source, advice = messages.source, messages.advice
    recorder = Recorder(count, make_dispatch(line), numbers=_numbers_of_code(module))
    args, kwargs = inputs(recorder)
    call = module if interpreter is None else interpreter.call
    error = None
    try:
        with _without_gradients(module):
            energy = run_recording(recorder, evaluate, call, *args, **kwargs)
    except Exception as raised:  # a user's module may raise anything
        error = raised
    if recorder.refusal is not None:  # even if the module has caught the exception
        refusal, place = recorder.refusal
        place = (line_in_traceback(error) if error is not None else None) or place
        raise LoweringError(_message(messages, refusal, place)) from error
    if error is not None:
        inner, place = recorder.failure or (error, None)
        place = line_in_traceback(error) or place or line_of_exception(error)
        error = inner
        raise LoweringError(
            f"{source}: the model fails while it is recorded{_at(place)} ({type(error).__name__}: {_summary(error)})."
            f" {advice}"
        ) from error
    try:
        return _finish(recorder, energy, energy_factor, messages)
    except Refusal as refusal:
        raise LoweringError(_message(messages, refusal, None)) from refusal


@contextlib.contextmanager
def _without_gradients(module):
    """A context in which no parameter of the module requires gradients.

    Otherwise autograd would detach tensors for itself, which would look like a detach() in the model. Gradients stay
    enabled as such, so that a no_grad() in the model can be detected.
    """
    learned = [parameter for parameter in module.parameters() if parameter.requires_grad]
    try:
        for parameter in learned:
            parameter.requires_grad_(False)
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        for parameter in learned:
            parameter.requires_grad_(True)


def _inputs(recorder, num_features, global_parameters, length_factor):
    """The recorded arguments of the module by position and by name: r in its unit of length and both particles; the
    global parameters.
    """
    length, dtype, shape = (
        (1, torch.int64, ()) if num_features is None else (num_features, torch.float64, (num_features,))
    )
    r = recorder.input("distance", 1)
    if length_factor != 1.0:
        node = (Expression(recorder.builder, recorder.builder.step("distance")) / float(length_factor)).node
        r = recorder.encode(recorder.references(node), Layout(0, 1, 1), torch.float64)
    particles = [recorder.input(name, length, dtype, shape) for name in ("particle1", "particle2")]
    if not global_parameters:
        return [r, *particles], {}
    values = recorder.input("globals", len(global_parameters), shape=(len(global_parameters),), varies=False)
    return (
        [r, *particles],
        {name: recorder.wrap(values.codes[i].clone(), torch.float64) for i, name in enumerate(global_parameters)},
    )


def _finish(recorder, energy, energy_factor, messages):
    """Write the program that computes the recorded energy, in kJ/mol: its text and weights."""
    expected = (
        f"expected one floating-point number for each {messages.item}, shape [{messages.axis}], here [{recorder.pairs}]"
    )
    if not isinstance(energy, torch.Tensor):
        raise Refusal(f"the model returns a {type(energy).__name__}; {expected}")
    if tuple(energy.shape) != (recorder.pairs,) or not energy.dtype.is_floating_point:
        raise Refusal(f"the model returns a tensor of type {energy.dtype} and shape {list(energy.shape)}; {expected}")
    references = recorder.decode(recorder.codes(energy).numpy(), Layout(0, 1, 1))
    recorder.layout(recorder.codes(energy).numpy())  # raises MixesPairs if the pairs are in another order
    value = recorder.expression(references)
    if energy_factor != 1.0:
        value = value * float(energy_factor)
    return recorder.builder.emit(value.node)


class _Interpreter(torch.fx.Interpreter):
    """Runs a graph of torch.export, and keeps the line of the user's code for the current node."""

    def __init__(self, module, parent=None):
        super().__init__(module, garbage_collect_values=False)
        self.root = parent or self
        self.line = None

    def call(self, *args, **kwargs):
        names = [node.target for node in self.module.graph.nodes if node.op == "placeholder"]
        by_name = dict(zip(names, args)) | kwargs
        if len(names) != len(args) + len(kwargs) or set(by_name) != set(names):
            return self.module(*args, **kwargs)  # the graph has other names for its arguments
        self.line = None
        result = super().run(*[by_name[name] for name in names], enable_io_processing=False)
        self.line = None
        return self.module.graph.process_outputs(result)

    def run_node(self, node):
        self.root.line = line_of_node(node.meta.get("stack_trace"))
        return super().run_node(node)

    def get_attr(self, target, args, kwargs):
        value = super().get_attr(target, args, kwargs)
        # Code under no_grad() is a graph of its own.
        return _Interpreter(value, self.root).run if isinstance(value, torch.fx.GraphModule) else value


def _message(messages, refusal, place):
    supported = (
        f" Supported are {', '.join(SUPPORTED)}, and what PyTorch decomposes into them."
        if isinstance(refusal, Unsupported)
        else ""
    )
    hint = f" {refusal.advice}" if refusal.advice else ""
    what, hint = map(messages.fill, (refusal.what, hint))
    return f"{messages.source}: {what}{_at(place)}.{hint}{supported} {messages.advice}"


def _at(place):
    return f" (at {place})" if place else ""


def _summary(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
