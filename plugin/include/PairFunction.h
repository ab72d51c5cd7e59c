// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** A parameter of a pair function that is the same for all pairs, and that is set in the Context. */
struct GlobalParameter {
    std::string name;
    double defaultValue;
    /** The range that the function was checked for, both ends included. */
    double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
    /** Get whether a value is in the range; what is outside by rounding only still is. */
    bool allows(double value) const {
        double rounding = (std::isfinite(high - low) ? 1e-6 * (high - low) : 0.0);
        return low - rounding <= value && value <= high + rounding;
    }
};

/**
 * A pair function f(r; a1, a2; g): the energy of one pair of particles as a function of their distance, of what the
 * function knows of the particles (a type, or features) and of global parameters. It is a PairTable or a PairProgram.
 *
 * Pair functions are data. They are immutable once built, symmetric under exchange of the two particles, and say
 * nothing of cutoffs, switching or exclusions: that is LearnedPairForce's part.
 */
class LEARNEDPAIR_EXPORT PairFunction {
public:
    virtual ~PairFunction() = default;
    /**
     * Get the number of particle types; types are the integers from 0 to this number minus 1. Of functions of features
     * it is 1: all particles have the type 0, and differ in their features.
     */
    virtual int getNumTypes() const = 0;
    /** Get the number of features of each particle; 0 if particles differ in their type. */
    virtual int getNumFeatures() const = 0;
    /** Get the global parameters. */
    virtual const std::vector<GlobalParameter>& getGlobalParameters() const = 0;
    /** Get the shortest distance at which the function is defined, measured in nm. */
    virtual double getMinDistance() const = 0;
    /** Get the longest distance at which the function is defined, measured in nm; may be infinite. */
    virtual double getMaxDistance() const = 0;
    /** Get whether the function is defined for a pair of types. */
    virtual bool isDefined(int type1, int type2) const = 0;
};

} // namespace LearnedPairPlugin
