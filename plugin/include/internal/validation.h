// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairForce.h"
#include "openmm/System.h"
#include "openmm/Vec3.h"

namespace LearnedPairPlugin {

/** Throw an OpenMMException if a force cannot be used in a System. The message names index, value and rule. */
LEARNEDPAIR_EXPORT void validateForce(const LearnedPairForce& force, const OpenMM::System& system);

/** Throw an OpenMMException if a force is periodic and its cutoff is longer than half the width of the box. */
void validateBox(const LearnedPairForce& force, const OpenMM::Vec3 box[3]);

/** Throw an OpenMMException if two forces differ in a setting that updateParametersInContext() cannot change. */
void validateUpdate(const LearnedPairForce& created, const LearnedPairForce& updated);

} // namespace LearnedPairPlugin
