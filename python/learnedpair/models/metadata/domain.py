# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The training domain of a model: the range of distances that the training data cover, for each pair of types.

In memory it is a dict of pairs of types, in the order of the types, to (low, high); for a model with features it is one
(low, high). In JSON it is a list of [type, type, low, high], or one [low, high]. None means that it is not known.
"""

from typing import TypeAlias

from openmm import unit

from ... import units
from ...errors import ModelError
from ...force.particles import is_finite_number

Range: TypeAlias = tuple[float, float]
Domain: TypeAlias = dict[tuple[str, str], Range] | Range


def read_domain(domain, types, length_unit):
    """Check a training domain that a user gives, or that is in a file.

    Parameters
    ----------
    domain : dict of (str, str) to (low, high); list of (str, str, low, high); (low, high); or None
    types : sequence of str, or None for a model with features
        The names of the types in their order.
    length_unit : {"nm", "angstrom", "bohr"}
        The unit of the result, and of numbers in ``domain``; Quantities are converted.

    Returns
    -------
    dict of (str, str) to (float, float), or (float, float), or None
        Both the names in a pair and the pairs follow the order of the types: for the types O and H they are (O, O),
        (O, H), (H, H).

    Raises
    ------
    ModelError
        With one line for each problem.

    Examples
    --------
    >>> from learnedpair.models.metadata.domain import read_domain
    >>> read_domain({("H", "O"): (1.3, 7), ("O", "O"): (2.4, 7)}, ["O", "H"], "angstrom")
    {('O', 'O'): (2.4, 7.0), ('O', 'H'): (1.3, 7.0)}
    """
    if domain is None:
        return None
    if types is None:
        limits = _limits(domain, length_unit)
        if limits is None:
            raise ModelError(
                f"domain is {domain!r}; expected {_expected_limits(length_unit)}, or None. A model with features has"
                " one range for all pairs."
            )
        return limits
    result, problems = {}, []
    for first, second, given in _entries(domain):
        try:
            pair = _pair(first, second, list(types))
            if pair in result:
                raise ModelError(f"domain has the pair {first!r} and {second!r} twice; leave one of the two out.")
            limits = _limits(given, length_unit)
            if limits is None:
                raise ModelError(
                    f"the domain of {first!r} and {second!r} is {given!r}; expected {_expected_limits(length_unit)}."
                )
            result[pair] = limits
        except ModelError as error:
            problems.append(str(error))
    if problems:
        raise ModelError("\n".join(problems))
    order = {name: index for index, name in enumerate(types)}
    return {pair: result[pair] for pair in sorted(result, key=lambda pair: (order[pair[0]], order[pair[1]]))}


def require_overlap(domain, inner_cutoff, cutoff, length_unit):
    """Require that each range has distances between the inner cutoff and the cutoff, where the model is evaluated.

    Raises
    ------
    ModelError
    """
    ranges = domain.items() if isinstance(domain, dict) else [(None, domain)] if domain else []
    problems = [
        f"the domain{f' of {pair[0]!r} and {pair[1]!r}' if pair else ''} is {low:g} to {high:g} {length_unit}, and the"
        f" model is evaluated from {inner_cutoff:g} to {cutoff:g} {length_unit} only; expected ranges that overlap:"
        " check length_unit, and leave out pairs without training data."
        for pair, (low, high) in ranges
        if not (low < cutoff and high > inner_cutoff)
    ]
    if problems:
        raise ModelError("\n".join(problems))


def domain_in_nanometers(domain, factor):
    """Convert a training domain to nm; ``factor`` is the length unit in nm."""
    if domain is None:
        return None
    if isinstance(domain, dict):
        return {pair: domain_in_nanometers(limits, factor) for pair, limits in domain.items()}
    low, high = domain
    return units.converted_length(low, factor), units.converted_length(high, factor)


def to_json(domain):
    """Convert a training domain to lists; read_domain() reads them."""
    if isinstance(domain, dict):
        return [[*pair, *limits] for pair, limits in domain.items()]
    return None if domain is None else list(domain)


def _entries(domain):
    """The entries of a training domain of types, as tuples of two names and a range."""
    if isinstance(domain, dict) and all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in domain):
        entries = [(*pair, limits) for pair, limits in domain.items()]
    elif isinstance(domain, (list, tuple)) and all(isinstance(e, (list, tuple)) and len(e) == 4 for e in domain):
        entries = [(first, second, (low, high)) for first, second, low, high in domain]
    else:
        raise ModelError(
            f"domain is {domain!r}; expected a dict of pairs of types, such as {{('O', 'H'): (low, high)}}, or None."
        )
    if not entries:
        raise ModelError(f"domain is {domain!r}, without any pair of types; give None if the domain is not known.")
    return entries


def _pair(first, second, types):
    """The two names in the order of the types."""
    for name in (first, second):
        if name not in types:
            raise ModelError(
                f"domain has the pair {first!r} and {second!r}, and there is no type {name!r}; the model has"
                f" {', '.join(types)}."
            )
    return tuple(sorted((first, second), key=types.index))


def _limits(given, length_unit):
    """Convert (low, high) to two numbers in the length unit; None if it is something else."""
    if unit.is_quantity(given):
        given = list(given) if hasattr(given._value, "__len__") else given
    if not isinstance(given, (list, tuple)) or len(given) != 2:
        return None
    low, high = (
        units.in_length_unit("a distance of the domain", each, length_unit) if unit.is_quantity(each) else each
        for each in given
    )
    if not (is_finite_number(low) and is_finite_number(high) and 0 <= low < high):
        return None
    return float(low), float(high)


def _expected_limits(length_unit):
    return f"(low, high), finite distances in {length_unit} or Quantities, with 0 <= low < high"
