# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A Sphinx extension: the page of measured results, written from benchmarks/results."""


def setup(app):
    return {"parallel_read_safe": True, "parallel_write_safe": True}
