// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairForce.h"
#include "openmm/System.h"
#include <set>
#include <vector>

namespace LearnedPairPlugin {

/** For each particle of a System, the particles it does not interact with through a force, itself excepted. */
std::vector<std::set<int>> getExclusions(const LearnedPairForce& force);

/**
 * Whether a force can be evaluated inside OpenMM's default nonbonded kernel, and how it is to be registered there.
 *
 * That kernel is shared by all forces of the System. They must agree on having a cutoff, on periodic boundary
 * conditions and on exclusions, and all of one force group on the cutoff; who disagrees with those before it ends the
 * creation of the Context, and nobody can ask what is there already. So the other forces of the System are looked at,
 * wherever in it they stand. If none of them uses the kernel, the LearnedPairForce with the longest cutoff sets the
 * terms.
 *
 * The force joins if the terms allow it: same boundary conditions, same exclusions, a cutoff no longer than the
 * others' (it is registered with theirs and tests its own). It stays out if they don't, or if there is a force whose
 * use of the kernel is not known here: then it gets a neighbor list and a kernel of its own.
 */
struct SharedKernelPlan {
    SharedKernelPlan(const OpenMM::System& system, const LearnedPairForce& force);
    bool joins;
    bool isAlone;  ///< whether none but LearnedPairForces uses the kernel
    double cutoff; ///< to be registered, measured in nm
};

} // namespace LearnedPairPlugin
