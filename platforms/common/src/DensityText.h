// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonDensityTables.h"
#include "LearnedPairForce.h"
#include "openmm/common/ComputeContext.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * Statements that evaluate the densities of a pair. They read the names of kernels/pairDistance.cc, `delta` from the
 * first atom to the second one, their indices lpAtom1 and lpAtom2, and their interaction classes lpClass1 and lpClass2.
 */
struct DensityText {
    /** Statements for some of the numbers of an atom: as many as a thread can hold in registers. */
    struct Chunk {
        std::string declare; ///< declares the sums
        std::string add;     ///< adds the densities of the second atom at the first one
        std::string save;    ///< adds the sums to those of the first atom; LP_FACTOR is for a factor, such as "*2"
    };
    DensityText(OpenMM::ComputeContext& cc, const LearnedPairForce& force, const CommonDensityTables& tables);
    std::string functions; ///< kernels/densityFunctions.cc
    std::string condition; ///< whether particles of two classes interact
    std::vector<Chunk> chunks;
    std::string force; ///< declares lpForce, the force on the first atom, without the scale
    bool isCentral;    ///< whether the force is along the line of the two atoms: there are channels of order 0 only
};

} // namespace LearnedPairPlugin
