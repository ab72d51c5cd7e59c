// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "IndexMap.h"
#include "TensorProgram.h"
#include <string>

namespace LearnedPairPlugin {

/**
 * Print where in the table of a step the distance lies (section 4 of docs/program.md): statements whose variables end
 * with a name.
 *
 * @param r     the distance
 * @param data  where the data of the table begin in lpWeights
 */
std::string printTablePosition(
        const ProgramStep& step, const std::string& name, const std::string& r, int data, bool doublePrecision);

/** Print statements that declare a variable and set it to an element of the value of that step. */
std::string printTableElement(
        const ProgramStep& step, const std::string& name, const std::string& variable, const Index& element, int data);

} // namespace LearnedPairPlugin
