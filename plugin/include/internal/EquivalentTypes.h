// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "openmm/CustomNonbondedForce.h"
#include <map>
#include <vector>

namespace LearnedPairPlugin {

/**
 * Finds values of per-particle parameters that mean the same. Force fields with a matrix of pairs of types, such as
 * CHARMM with NBFIX, number many types whose rows of the matrix are equal: in a POPC membrane 83 types have 17 distinct
 * rows. Each value is replaced by the first one that is equivalent to it, which leaves fewer distinct particles.
 *
 * A parameter p is examined if the energy reads it only as f(p1, p2) with Discrete2DFunctions f. Two values are
 * equivalent if their rows and their columns are equal in all these functions, for all values that particles have.
 */
class EquivalentTypes {
public:
    explicit EquivalentTypes(const OpenMM::CustomNonbondedForce& force);
    /** Replace the parameters of a particle by equivalent ones. */
    void replace(std::vector<double>& parameters) const;

private:
    std::map<int, std::map<double, double>> replacements; // for each parameter that is examined
};

} // namespace LearnedPairPlugin
