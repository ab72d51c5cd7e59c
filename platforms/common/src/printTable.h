// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "IndexMap.h"
#include "TensorProgram.h"
#include <string>

namespace LearnedPairPlugin {

/**
 * Print statements that find the interval of a step's table in which a distance lies (docs/program.md, section 4).
 *
 * @param name  a suffix for the names of the variables that are declared
 * @param r     the distance
 * @param data  the offset of the table's data in lpWeights
 */
std::string printTablePosition(
        const ProgramStep& step, const std::string& name, const std::string& r, int data, bool doublePrecision);

/**
 * Print statements that declare a variable and set it to an element of the step's value. They use the variables of
 * printTablePosition() with the same suffix.
 */
std::string printTableElement(
        const ProgramStep& step, const std::string& name, const std::string& variable, const Index& element, int data);

} // namespace LearnedPairPlugin
