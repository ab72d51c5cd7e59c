// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairForce.h"
#include "openmm/System.h"
#include "openmm/Vec3.h"

namespace LearnedPairPlugin {

/** Throw an OpenMMException that names index, value and rule if a force cannot be used in a System. */
void validateForce(const LearnedPairForce& force, const OpenMM::System& system);

/** Throw an OpenMMException if a force uses periodic boundary conditions and its cutoff does not fit into a box. */
void validateBox(const LearnedPairForce& force, const OpenMM::Vec3 box[3]);

/** Throw an OpenMMException if two forces differ in something that updateParametersInContext() cannot change. */
void validateUpdate(const LearnedPairForce& created, const LearnedPairForce& updated);

} // namespace LearnedPairPlugin
