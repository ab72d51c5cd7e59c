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
    bool unroll;          ///< whether to ask the compiler to unroll all loops, so that values live in registers
};

/**
 * A program as source in OpenMM's common compute language: statements for one pair, the same for the same text,
 * whatever the weights.
 *
 * Steps of equal length that need nothing of each other but the same element share a loop, within which their values
 * are single variables; what other loops need is kept in arrays. The source reads its inputs from
 *
 *     lpRClamped                             the distance
 *     lpParticle1, lpParticle2, lpPair, lpGlobals    pointers to the other inputs
 *     lpWeights                            a pointer to the constants, as getConstants() lists them
 *
 * and declares lpOutput0, lpOutput1 ... for outputs of length 1. All its names begin with lp.
 */
class ProgramPrinter {
public:
    explicit ProgramPrinter(const TensorProgram& program);
    /** Get the constants that lpWeights points to. */
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
