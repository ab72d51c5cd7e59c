// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/activeExceptions.h"
#include "internal/InteractionClasses.h"
#include "LearnedPairForce.h"
#include "openmm/Vec3.h"
#include <set>
#include <vector>

namespace LearnedPairPlugin {

/** A pair of particles in range. */
struct ReferencePair {
    int first, second;
    OpenMM::Vec3 delta; ///< from the second particle to the first, measured in nm
    double r, rClamped; ///< the distance; at least the inner cutoff
    double factor;      ///< 1, or the factor of an exception
};

/**
 * Finds the pairs of a force that are in range, with a loop over all pairs of covered particles. The neighbor list of
 * OpenMM's Reference platform would be faster, but misses pairs in small triclinic boxes (OpenMM 8.6.1, with the
 * triclinic water of tests/test_energy.py).
 */
class ReferencePairs {
public:
    /**
     * @param useExclusions  whether exclusions and exceptions hold; if not, all pairs have the factor 1
     */
    ReferencePairs(const LearnedPairForce& force, bool useExclusions);
    /** Find the pairs in range. @param box  the periodic box vectors, measured in nm */
    std::vector<ReferencePair> find(const std::vector<OpenMM::Vec3>& positions, const OpenMM::Vec3* box) const;

private:
    InteractionClasses classes;
    std::vector<ActiveException> exceptions;
    std::vector<std::set<int>> exclusions; // for each particle of the System
    std::vector<int> covered;              // the indices of the particles that interact
    bool periodic;
    double cutoff, innerCutoff;
};

/** Require finite coordinates. @throws OpenMMException if one is NaN or infinite */
void requireFinitePositions(const std::vector<OpenMM::Vec3>& positions);

} // namespace LearnedPairPlugin
