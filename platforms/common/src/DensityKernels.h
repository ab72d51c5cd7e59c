// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CommonDensityTables.h"
#include "OwnNeighborList.h"
#include "TileKernel.h"
#include <memory>

namespace LearnedPairPlugin {

/**
 * The kernels that work on pairs for an EnvironmentFunction, on a neighbor list of their own: one adds up the densities
 * of all atoms (kernels/densityTile.cc), another one adds up the forces (kernels/densityForceTile.cc).
 */
class DensityKernels {
public:
    DensityKernels(OpenMM::ComputeContext& cc, const OpenMM::System& system, const LearnedPairForce& force,
            const WarpTraits& traits);
    /** Create the list and the kernels, unless they exist. */
    void createKernels(const LearnedPairForce& force, CommonDensityTables& tables);
    /** Update the neighbor list, and add the densities of all pairs to the sums of the atoms. */
    void addDensities();
    /** Add the forces, from the derivatives of the energy by the sums. */
    void addForces() {
        forceKernel->execute();
    }
    /** Let OpenMM enlarge the neighbor list if it was too small: it then repeats the evaluation. */
    void finish(bool includeForces, bool includeEnergy) {
        list.compute(includeForces, includeEnergy);
    }

private:
    std::unique_ptr<TileKernel> createDensityKernel(const LearnedPairForce& force, CommonDensityTables& tables);
    std::unique_ptr<TileKernel> createForceKernel(const LearnedPairForce& force, CommonDensityTables& tables);
    OpenMM::ComputeContext& cc;
    OwnNeighborList list;
    const WarpTraits traits;
    const std::shared_ptr<OpenMM::ComputeArray> masks; // of the pairs that count: the first kernel saves them
    std::unique_ptr<TileKernel> densityKernel, forceKernel;
};

} // namespace LearnedPairPlugin
