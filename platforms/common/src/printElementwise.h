// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "TensorProgram.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** Get the name of the pointer through which printed sources read an input of ProgramSignature::forPairs(). */
const char* getPointer(int slot);

/** Print a number for a source in which real is double or float. Infinities become the largest number there is. */
std::string printNumber(double value, bool doublePrecision);

/**
 * Print statements that declare a variable and compute an operation of section 3 of docs/program.md.
 *
 * @param name      the variable
 * @param operands  variables, elements of arrays or numbers
 */
std::string printElement(
        Operation operation, const std::string& name, const std::vector<std::string>& operands, bool doublePrecision);

} // namespace LearnedPairPlugin
