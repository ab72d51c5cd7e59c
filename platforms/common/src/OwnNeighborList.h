// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairForce.h"
#include "openmm/common/ComputeContext.h"
#include "openmm/common/NonbondedUtilities.h"
#include "openmm/System.h"
#include "openmm/Vec3.h"
#include "SharedKernelPlan.h"
#include "TileKernel.h"
#include <memory>
#include <set>
#include <vector>

namespace LearnedPairPlugin {

/** A neighbor list for one force, beside that of OpenMM's default nonbonded kernel. */
class OwnNeighborList {
public:
    /** @param system  must outlive the list */
    OwnNeighborList(OpenMM::ComputeContext& cc, const OpenMM::System& system, const WarpTraits& traits);
    OpenMM::NonbondedUtilities& get() {
        return *list;
    }
    /**
     * Let the list hold the pairs of a force in tiles, for a TileKernel.
     *
     * @param exclusions  for each particle those whose pairs are not listed, without itself
     * @param plan        how the force would register in OpenMM's default nonbonded kernel
     */
    void addTiles(
            const LearnedPairForce& force, const std::vector<std::set<int>>& exclusions, const SharedKernelPlan& plan);
    /** Initialize the list: in the first evaluation, since OpenMM creates some arrays of it after all forces. */
    void initialize();
    bool isInitialized() const {
        return initialized;
    }
    /** Let OpenMM update the list, and rebuild it if the box has changed. The list must have been initialized. */
    void prepare();
    /** Run the kernel of the list, and let OpenMM enlarge the list if it was too small. */
    void compute(bool includeForces, bool includeEnergy) {
        list->computeInteractions(1, includeForces, includeEnergy);
    }

private:
    OpenMM::ComputeContext& cc;
    const OpenMM::System& system;
    const WarpTraits traits;
    std::unique_ptr<OpenMM::NonbondedUtilities> list;
    bool initialized = false;
    OpenMM::Vec3 listedBox[3]; // the box of the last evaluation
};

/** List exclusions in the form that NonbondedUtilities expects: for each particle itself, then the others. */
std::vector<std::vector<int>> listExclusions(const std::vector<std::set<int>>& exclusions);

} // namespace LearnedPairPlugin
