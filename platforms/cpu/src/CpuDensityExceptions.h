// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuDensityTables.h"
#include "internal/activeExceptions.h"
#include "internal/SwitchingFunction.h"
#include "LearnedPairForce.h"
#include "openmm/Vec3.h"
#include "ParticleOrder.h"
#include "simd/pairTypes.h"
#include <memory>
#include <vector>

namespace LearnedPairPlugin {

/** The exceptions of a force with an EnvironmentFunction: pairs whose densities have a factor. They are few, so that
 * they need no SIMD loop. Each thread has its own ones. */
class CpuDensityExceptions {
public:
    CpuDensityExceptions(
            const LearnedPairForce& force, std::shared_ptr<const EnvironmentFunction> function, int numThreads);
    /** Find the exceptions in range, and add their densities to the sums of the atoms. */
    void addDensities(const std::vector<OpenMM::Vec3>& positions, const OpenMM::Vec3* box,
            const CpuDensityTables& tables, const ParticleOrder& order, int thread, float* sums);
    /** Add the forces of the exceptions that were found, from the derivatives of the energy by the sums. */
    void addForces(const CpuDensityTables& tables, const ParticleOrder& order, int thread, const float* gradients,
            double scale, float* forces) const;

private:
    struct Pair {
        int center, neighbor;
        OpenMM::Vec3 direction;
        double r;
        std::vector<double> w, dw;
    };
    const std::shared_ptr<const EnvironmentFunction> function;
    const std::vector<int> types;
    const std::vector<ActiveException> exceptions;
    const int numThreads;
    const bool periodic;
    const double cutoff, innerCutoff;
    const SwitchingFunction switching;
    std::vector<std::vector<Pair>> pairs; // of each thread: both atoms of an exception in the center
};

} // namespace LearnedPairPlugin
