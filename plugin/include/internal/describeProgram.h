// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "PairProgram.h"
#include <string>

namespace LearnedPairPlugin {

/** Describe a program for human readers: the optimized program of the energy, the stage of each step, and the costs. */
LEARNEDPAIR_EXPORT std::string describeProgram(const PairProgram& function);

} // namespace LearnedPairPlugin
