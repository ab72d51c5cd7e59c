// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairForce.h"
#include "openmm/System.h"
#include <set>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** Get the exclusions of a force: for each particle those that it does not interact with, without itself. */
std::vector<std::set<int>> getExclusions(const LearnedPairForce& force);

/**
 * Whether a force can be evaluated inside OpenMM's default nonbonded kernel, and with which cutoff it registers there.
 *
 * All nonbonded forces of a System share that kernel. They must have the same periodic boundary conditions and the same
 * exclusions, and all of them must use a cutoff or none of them; the forces of one force group must also have the same
 * cutoff distance. A force whose settings differ makes Context creation fail, and OpenMM offers no way to query the
 * settings already registered. The plan therefore examines all other forces of the System. If none of them uses the
 * kernel, the LearnedPairForce with the longest cutoff determines the settings.
 *
 * The force joins the kernel if its boundary conditions and exclusions are the same and its cutoff is no longer than
 * that of the other forces: it registers with their cutoff and tests its own. Otherwise it gets a neighbor list and a
 * kernel of its own. It also gets them if the System has a force of an unknown class, whose settings are not known.
 */
struct SharedKernelPlan {
    SharedKernelPlan(const OpenMM::System& system, const LearnedPairForce& force);
    bool joins;         ///< whether the force registers in the default kernel
    bool isAlone;       ///< whether only LearnedPairForces use the kernel
    double cutoff;      ///< the cutoff to register, measured in nm
    std::string reason; ///< why the force does not join, or empty
};

} // namespace LearnedPairPlugin
