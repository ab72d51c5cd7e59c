// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

namespace LearnedPairPlugin {

/** The operation of a step of a program. docs/program.md defines each operation. */
enum class Operation {
    Input,
    Literal,
    Weight,
#define ELEMENTWISE(name, text, numOperands, value, simd, kernel, properties) name,
#include "internal/elementwise.def"
    Gather,
    Concat,
    Sum,
    Max,
    Linear,
    Lookup,
    Table,
    TableSlope
};

} // namespace LearnedPairPlugin
