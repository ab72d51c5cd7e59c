// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "ConstantLayout.h"
#include "TensorProgram.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** How a program is printed. */
struct PrinterOptions {
    bool doublePrecision; ///< whether real is double
    bool unroll;          ///< whether the compiler unrolls all loops, so that values stay in registers
};

/**
 * Prints a program as source in OpenMM's common compute language: statements that evaluate one pair or one atom. The
 * source depends on the text of the program only, not on its weights.
 *
 * Loop fusion: steps of equal length share a loop if they read only the current element of each other. Within the loop
 * a value is a scalar variable; values that other loops read are stored in arrays. The source reads its inputs from
 *
 *     lpRClamped                                     the distance
 *     lpParticle1, lpParticle2, lpPair, lpGlobals    pointers to the other inputs of ProgramSignature::forPairs()
 *     lpDensities, lpType, lpGlobals                 an array, a number and a pointer: those of forAtoms()
 *     lpWeights                                      a pointer to the constants, in the order of getConstants()
 *
 * and declares lpOutput0, lpOutput1 ..., which are arrays for outputs that are vectors. All names that it declares
 * begin with lp.
 */
class ProgramPrinter {
public:
    explicit ProgramPrinter(const TensorProgram& program);
    /** Get the constants to which lpWeights points. */
    const std::vector<double>& getConstants() const {
        return layout.values;
    }
    /** Print the source. */
    std::string print(const PrinterOptions& options) const;

private:
    const TensorProgram program;
    const ConstantLayout layout;
};

} // namespace LearnedPairPlugin
