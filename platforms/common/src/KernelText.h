// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "KernelArguments.h"
#include "openmm/common/ComputeContext.h"
#include "PairKernelText.h"
#include <map>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** The parts of a kernel's text that sum up the derivatives of the energy by global parameters. */
struct DerivativeText {
    std::string declare; ///< declares the sums of a thread
    std::string save;    ///< adds them to the buffer of the Context
};

/** Create the text that sums up the derivatives of a pair. The kernel needs the argument energyParamDerivs. */
DerivativeText createDerivativeText(OpenMM::ComputeContext& cc, const PairKernelText& pair);

/** Add the arguments of a pair: its parameters of particles, named global_NAME, its arrays, and energyParamDerivs. */
void addPairArguments(KernelArguments& arguments, OpenMM::ComputeContext& cc, const PairKernelText& pair);

/**
 * Replace the holes of a text, which are named LP_HOLE_..., in several rounds. A text that is inserted in one round may
 * have holes for the next.
 *
 * @throws OpenMMException if a hole is left
 */
std::string fillHoles(OpenMM::ComputeContext& cc, std::string text,
        const std::vector<std::map<std::string, std::string>>& rounds);

} // namespace LearnedPairPlugin
