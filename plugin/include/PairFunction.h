// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedFunction.h"

namespace LearnedPairPlugin {

/**
 * A pair function f(r; a1, a2; g): the energy of one pair of particles as a function of their distance r, of what the
 * function knows of the particles, a1 and a2 (a type, or features), and of global parameters g. It is a PairTable or a
 * PairProgram, and symmetric under exchange of the two particles.
 */
class LEARNEDPAIR_EXPORT PairFunction : public LearnedFunction {};

} // namespace LearnedPairPlugin
