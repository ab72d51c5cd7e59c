# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Exceptions for models that cannot be recorded; recording/__init__.py adds the line and raises a LoweringError."""


class Refusal(Exception):
    """The model contains an operation that a program cannot express.

    Parameters
    ----------
    what : str
        The problem, as it follows the name of the model in the message: "aten::nonzero makes ...". The message has
        "pair" or "atom" in place of {item}, "a pair" or "an atom" in place of {one}, and "P" or "N" in place of {axis}.
    advice : str
        A sentence with the remedy, or an empty string; in the same way.
    """

    def __init__(self, what, advice=""):
        super().__init__(what)
        self.what, self.advice = what, advice


class Unsupported(Refusal):
    """There is no rule for an operator; the message lists the supported ones."""

    def __init__(self, operation, why=""):
        super().__init__(f"{operation} is not supported{why}")
        self.operation = operation


class MixesPairs(Refusal):
    """An operation combines values of different pairs."""

    def __init__(self, how="the operation"):
        super().__init__(
            f"{how} mixes {{item}}s, or depends on which {{item}}s are evaluated together",
            "The energy of {one} may depend on nothing but that {item}: keep the first axis, of length {axis}, as it"
            " is, and reduce over the other axes only.",
        )
