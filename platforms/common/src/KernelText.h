// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "KernelArguments.h"
#include "LearnedPairForce.h"
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

/**
 * Create the text that sums up derivatives. The kernel needs the argument energyParamDerivs.
 *
 * @param parameters  the names of the parameters whose derivatives are lpParameterDerivative0, 1 ...
 */
DerivativeText createDerivativeText(OpenMM::ComputeContext& cc, const std::vector<std::string>& parameters);

/** Add the arguments of a pair: its parameters of particles, named global_NAME, its arrays, and energyParamDerivs. */
void addPairArguments(KernelArguments& arguments, OpenMM::ComputeContext& cc, const PairKernelText& pair);

/** Add the arguments of the periodic box, which setPeriodicBoxArgs() sets. @return the index of the first one */
int addBoxArguments(KernelArguments& arguments);

/** Create the text of kernels/pairDistance.cc for a force. */
std::string createDistanceText(OpenMM::ComputeContext& cc, const LearnedPairForce& force);

/** Insert kernels/switching.cc into a text with LP_HOLE_SWITCHING, for the switching function of a force. */
std::string insertSwitching(OpenMM::ComputeContext& cc, const std::string& text, const LearnedPairForce& force);

/**
 * Get the expression of the scale of a force in a kernel, which is 1 if there is none.
 *
 * @param values  the name of the kernel's argument for the values of global parameters: see addScaleArgument()
 */
std::string createScaleText(OpenMM::ComputeContext& cc, const LearnedPairForce& force, const std::string& values);

/** Add the argument that createScaleText() reads, if the force has a scale. */
void addScaleArgument(KernelArguments& arguments, OpenMM::ComputeContext& cc, const LearnedPairForce& force,
        const std::string& values);

/** The texts that are inserted into the holes of a text, which are named LP_HOLE_..., by their names. */
typedef std::map<std::string, std::string> HoleTexts;

/** Replace holes of a text in several rounds. A text that is inserted in one round may have holes for the next. */
std::string replaceHoles(OpenMM::ComputeContext& cc, std::string text, const std::vector<HoleTexts>& rounds);

/** Replace all holes of a text in several rounds. @throws OpenMMException if a hole is left */
std::string fillHoles(OpenMM::ComputeContext& cc, const std::string& text, const std::vector<HoleTexts>& rounds);

} // namespace LearnedPairPlugin
