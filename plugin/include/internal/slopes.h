// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * Require that the slopes of a tabulated curve agree with its energies. They disagree if forces are given instead of
 * slopes, if the unit is wrong, or if the slopes belong to another curve. Curves of fewer than 9 knots are not checked.
 *
 * @param curve     the name of the curve for the error message
 * @param energies  the energies at equally spaced knots, measured in kJ/mol
 * @param slopes    dE/dr at the same knots, measured in kJ/mol/nm
 * @param spacing   the distance between two knots, measured in nm
 * @throws OpenMMException if the slopes contradict the energies
 */
LEARNEDPAIR_EXPORT void requireSlopesOfEnergies(const std::string& curve, const std::vector<double>& energies,
        const std::vector<double>& slopes, double spacing);

/** Get whether requireSlopesOfEnergies() throws for the same arguments. */
LEARNEDPAIR_EXPORT bool slopesContradictEnergies(
        const std::vector<double>& energies, const std::vector<double>& slopes, double spacing);

} // namespace LearnedPairPlugin
