// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"

namespace LearnedPairPlugin {

/**
 * A pair function f(r; type1, type2): the energy of one pair of particles as a function of their distance.
 *
 * Pair functions are data. They are immutable once built, symmetric under exchange of the two types, and say
 * nothing of cutoffs, switching or exclusions: that is LearnedPairForce's part.
 */
class LEARNEDPAIR_EXPORT PairFunction {
public:
    virtual ~PairFunction() = default;
    /** Get the number of particle types; types are the integers from 0 to this number minus 1. */
    virtual int getNumTypes() const = 0;
    /** Get the shortest distance at which the function is defined, measured in nm. */
    virtual double getMinDistance() const = 0;
    /** Get the longest distance at which the function is defined, measured in nm. */
    virtual double getMaxDistance() const = 0;
    /** Get whether the function is defined for a pair of types. */
    virtual bool isDefined(int type1, int type2) const = 0;
    /**
     * Evaluate the function for one pair.
     *
     * @param type1, type2   a pair of types for which isDefined() holds
     * @param r              the distance, measured in nm; between getMinDistance() and getMaxDistance()
     * @param[out] energy    f, measured in kJ/mol
     * @param[out] dEdR      df/dr, measured in kJ/mol/nm
     */
    virtual void evaluate(int type1, int type2, double r, double& energy, double& dEdR) const = 0;
};

} // namespace LearnedPairPlugin
