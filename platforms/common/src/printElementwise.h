// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "TensorProgram.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** Get the name of the pointer from which printed source reads an input of ProgramSignature::forPairs(). */
const char* getPointer(int slot);

/** Print an element of an input of a program: an element of a pointer or an array, or a variable. */
std::string printInput(const ProgramSignature& signature, int slot, const std::string& element);

/** Print a number as a literal of type double or float. Infinities become the largest finite number. */
std::string printNumber(double value, bool doublePrecision);

/**
 * Print statements that declare a variable and set it to the result of an elementwise operation (docs/program.md,
 * section 3).
 *
 * @param name      the variable
 * @param operands  the expressions of the operands: variables, elements of arrays or numbers
 */
std::string printElement(
        Operation operation, const std::string& name, const std::vector<std::string>& operands, bool doublePrecision);

} // namespace LearnedPairPlugin
