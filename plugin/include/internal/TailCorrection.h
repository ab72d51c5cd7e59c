// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/DistinctParticles.h"
#include "internal/exportLearnedPair.h"
#include "internal/PairEvaluator.h"
#include "internal/SwitchingFunction.h"
#include "LearnedPairForce.h"
#include <memory>
#include <utility>
#include <vector>

namespace LearnedPairPlugin {

/**
 * The energy of a homogeneous liquid beyond the cutoff, C/V (Allen and Tildesley, Computer Simulation of Liquids,
 * section 2.8), as OpenMM's CustomNonbondedForce defines it (CustomNonbondedForceImpl::calcLongRangeCorrection):
 *
 *     C = 4 pi N/(N+1) sum over pairs of distinct particles of n_ab * integral of (1-S(r)) f(r; a, b) r^2 dr
 *
 * from the switching distance, or the cutoff, to infinity. N is the number of particles of the System. n_ab is the
 * number of pairs of particles, excluded pairs included. Without interaction groups, it also counts each particle as a
 * pair with itself.
 */
class LEARNEDPAIR_EXPORT TailCorrection {
public:
    /** The largest number of pairs of distinct particles. */
    static constexpr int MaxPairs = 300000;
    /**
     * @param force         a force whose function is a PairProgram that is defined at all distances
     * @param numParticles  the number of particles of the System
     * @param derivatives   the indices of the global parameters with respect to which derivatives are computed
     * @throws OpenMMException if there are more pairs of distinct particles than MaxPairs
     */
    TailCorrection(const LearnedPairForce& force, int numParticles, const std::vector<int>& derivatives);
    /**
     * Compute the coefficients for values of the global parameters.
     *
     * @throws OpenMMException if an integral does not converge
     */
    void update(const std::vector<double>& globals);
    /** Get C, measured in kJ/mol nm^3. */
    double getCoefficient() const {
        return coefficients[0];
    }
    /** Get dC/dg for a global parameter, by its index in `derivatives`. */
    double getDerivative(int index) const {
        return coefficients[1 + index];
    }

private:
    typedef std::vector<double> Sums; // of the energy and of its derivatives, over all pairs
    void countPairs(const LearnedPairForce& force);
    Sums integrate(double low, double high, bool isBeyondCutoff) const;
    Sums integrate(double low, double high, bool isBeyondCutoff, int numPanels) const;
    const double cutoff;
    const SwitchingFunction switching;
    const int numParticles;
    const DistinctParticles distinct;
    std::vector<std::pair<int, int>> pairs; // of distinct particles
    std::vector<double> counts;             // for each pair
    std::unique_ptr<PairEvaluator> evaluator;
    const size_t numDerivatives;
    std::vector<double> globals;
    bool isUpdated = false;
    Sums coefficients;
};

} // namespace LearnedPairPlugin
