// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "ProgramSignature.h"
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

class EnvironmentFunction;
class PairProgram;
class PairTable;

/** A closed interval of allowed values. The default allows all numbers. */
struct ValueRange {
    double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
    /** Get whether a value is in the range. Values outside by rounding only, 1e-6 of its width, are accepted. */
    bool allows(double value) const {
        double rounding = (std::isfinite(high - low) ? 1e-6 * (high - low) : 0.0);
        return low - rounding <= value && value <= high + rounding;
    }
};

/** A parameter of a learned function. It has the same value for all pairs, and its value is set in the Context. */
struct GlobalParameter {
    std::string name;
    double defaultValue;
    ValueRange range; ///< the values for which the function was checked
};

/** A real number that a learned function reads for each particle. */
struct ParticleFeature {
    std::string name;
    ValueRange range; ///< the values for which the function was made
};

/** A visitor of learned functions, with one method for each subclass of LearnedFunction. */
class LEARNEDPAIR_EXPORT LearnedFunctionVisitor {
public:
    virtual ~LearnedFunctionVisitor() = default;
    virtual void visit(const PairTable& table) = 0;
    virtual void visit(const PairProgram& program) = 0;
    virtual void visit(const EnvironmentFunction& environment) = 0;
};

/**
 * A function that a LearnedPairForce evaluates. This base class describes its arguments: the types or features of the
 * particles, the global parameters, and the range of distances in which it is defined.
 *
 * Learned functions are immutable data. Cutoffs, switching and exclusions belong to LearnedPairForce.
 */
class LEARNEDPAIR_EXPORT LearnedFunction {
public:
    virtual ~LearnedFunction() = default;
    /** Call the method of a visitor for the subclass of this function. */
    virtual void accept(LearnedFunctionVisitor& visitor) const = 0;
    /** Get the number n of particle types, which are the integers 0 to n-1. It is 0 if particles have features. */
    virtual int getNumTypes() const = 0;
    /** Get the features of a particle. The list is empty if particles have types. */
    virtual const std::vector<ParticleFeature>& getFeatures() const = 0;
    /** Get the number of features of each particle. It is 0 if particles have types. */
    int getNumFeatures() const {
        return getFeatures().size();
    }
    /** Get whether particles have types or features. */
    ParticleInput getParticleInput() const {
        return getFeatures().empty() ? ParticleInput::Types : ParticleInput::Features;
    }
    /** Get the global parameters. */
    virtual const std::vector<GlobalParameter>& getGlobalParameters() const = 0;
    /** Get the shortest distance at which the function is defined, measured in nm. */
    virtual double getMinDistance() const = 0;
    /** Get the longest distance at which the function is defined, measured in nm. It may be infinite. */
    virtual double getMaxDistance() const = 0;
    /** Get whether the function is defined for a pair of types. It is always true if particles have features. */
    virtual bool isDefined(int type1, int type2) const = 0;
};

} // namespace LearnedPairPlugin
