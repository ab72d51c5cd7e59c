// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "PairProgram.h"
#include <string>

namespace LearnedPairPlugin {

/** Write, for people, the optimized program of the energy with the stage of each step, and what its parts cost. */
LEARNEDPAIR_EXPORT std::string describeProgram(const PairProgram& function);

} // namespace LearnedPairPlugin
