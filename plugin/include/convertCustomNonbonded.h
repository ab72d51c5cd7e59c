// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "LearnedPairForce.h"
#include "openmm/CustomNonbondedForce.h"
#include <memory>

namespace LearnedPairPlugin {

/**
 * The name of the feature from which the number of interaction groups of a pair is found. Parameters of OpenMM cannot
 * have this name, because it is not an identifier.
 */
inline constexpr const char* GroupFeature = "interaction groups";

/**
 * Convert a CustomNonbondedForce to a LearnedPairForce that computes the same energy. Its function is a PairProgram:
 * the per-particle parameters are the features, and the steps are those of the expression, of the computed values and
 * of the tabulated functions. The evaluation is automatic, so that a Context makes tables for the distinct particles
 * where it can.
 *
 * Below the inner cutoff, where a LearnedPairForce continues with a straight line, the energies differ.
 *
 * OpenMM counts a pair once for each interaction group that it belongs to, and a LearnedPairForce once. If a pair
 * belongs to several groups, the particles get one more feature, from which the program finds the number of groups.
 *
 * @param force        the force to convert; it is not changed
 * @param innerCutoff  the inner cutoff, measured in nm, or 0 to choose it. The choice is the longest distance r at
 *                     which every pair of distinct particles meets one of these conditions:
 *                     (a) its energy at r is at least 1,000 kJ/mol: no pair crosses such a repulsive wall;
 *                     (b) below r, its energy is a straight line within 0.001 kJ/mol;
 *                     (c) r is at most 0.05 nm, where no two atoms are, and the magnitude of its energy is at least
 *                     1,000 kJ/mol at r or at a shorter distance.
 *                     The inner cutoff is at least 0.01 nm. If the cutoff is shorter than 1 nm, 0.05 nm and 0.01 nm are
 *                     multiplied by cutoff / 1 nm. The conditions must hold for the default values of the global
 *                     parameters, and for several values from 0 to 1 of each parameter and of all together. The inner
 *                     cutoff is 0.01 nm if all energies are zero, or if there are more than 20,000 pairs of distinct
 *                     particles, which are too many for tables.
 * @return the new force, with the name and the force group of the other
 * @throws OpenMMException if the force cannot be converted: the message gives the reason
 */
LEARNEDPAIR_EXPORT std::unique_ptr<LearnedPairForce> convertCustomNonbonded(
        const OpenMM::CustomNonbondedForce& force, double innerCutoff = 0);

} // namespace LearnedPairPlugin
