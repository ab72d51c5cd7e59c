// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedFunction.h"

namespace LearnedPairPlugin {

/**
 * A pair function f(r; a1, a2; g): the energy of one pair of particles. Its arguments are the distance r, the types or
 * features a1 and a2 of the two particles, and the global parameters g. It is symmetric under exchange of the two
 * particles. The subclasses are PairTable and PairProgram.
 */
class LEARNEDPAIR_EXPORT PairFunction : public LearnedFunction {};

} // namespace LearnedPairPlugin
