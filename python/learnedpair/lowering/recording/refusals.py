# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Why a model cannot be recorded; recording/__init__.py adds the user's line and turns them into LoweringErrors."""


class Refusal(Exception):
    """What the model does that a program cannot do.

    Parameters
    ----------
    what : str
        The middle of a sentence of which the subject is the model: "aten::nonzero makes ...".
    advice : str
        A sentence on the way out, or nothing.
    """

    def __init__(self, what, advice=""):
        super().__init__(what)
        self.what, self.advice = what, advice


class Unsupported(Refusal):
    """An operation that has no rule; the message lists those that have one."""

    def __init__(self, operation, why=""):
        super().__init__(f"{operation} is not supported{why}")
        self.operation = operation


class MixesPairs(Refusal):
    """Values of different pairs come together."""

    def __init__(self, how="the operation"):
        super().__init__(
            f"{how} mixes pairs, or depends on which pairs are evaluated together",
            "The energy of a pair may depend on nothing but that pair: keep the first axis, of length P, as it is, "
            "and reduce over the other axes only.",
        )
