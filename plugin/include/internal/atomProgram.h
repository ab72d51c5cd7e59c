// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "EnvironmentFunction.h"
#include "internal/exportLearnedPair.h"
#include "TensorProgram.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * Make the program that platforms run for each atom.
 *
 * @param function     the function
 * @param derivatives  the indices of the global parameters with respect to which derivatives are computed
 * @return a program with the outputs u, du/dq (a vector), and du/dg for each of these parameters
 */
LEARNEDPAIR_EXPORT TensorProgram makeAtomProgram(
        const EnvironmentFunction& function, const std::vector<int>& derivatives);

/** Apply the passes that keep all outputs to the last bit, repeatedly until the program no longer changes. */
LEARNEDPAIR_EXPORT TensorProgram optimizeAtomProgram(const TensorProgram& program);

} // namespace LearnedPairPlugin
