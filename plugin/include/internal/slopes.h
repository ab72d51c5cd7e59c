// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * Throw an OpenMMException if the slopes of a tabulated curve are not those of its energies: forces in their place,
 * another unit, the slopes of another curve. Curves with few knots are not judged.
 *
 * @param curve     what the message calls the curve
 * @param energies  at equally spaced knots, measured in kJ/mol
 * @param slopes    dE/dr at the same knots, measured in kJ/mol/nm
 * @param spacing   the distance between two knots, measured in nm
 */
LEARNEDPAIR_EXPORT void requireSlopesOfEnergies(const std::string& curve, const std::vector<double>& energies,
        const std::vector<double>& slopes, double spacing);

} // namespace LearnedPairPlugin
