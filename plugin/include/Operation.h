// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

namespace LearnedPairPlugin {

/** What a step of a program computes. docs/program.md defines each of them. */
enum class Operation {
    Distance,
    Particle1,
    Particle2,
    Pair,
    Globals,
    Literal,
    Weight,
    Neg,
    Abs,
    Floor,
    Sqrt,
    Exp,
    Expm1,
    Log,
    Log1p,
    Sin,
    Cos,
    Tanh,
    Sigmoid,
    Erf,
    Erfc,
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Minimum,
    Maximum,
    Less,
    LessEqual,
    Equal,
    Select,
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
