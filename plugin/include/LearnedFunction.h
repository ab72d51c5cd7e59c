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

class PairProgram;
class PairTable;

/** A closed interval of allowed values; by default all numbers. */
struct ValueRange {
    double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
    /** Get whether a value is in the range. A value that is outside by rounding only is accepted. */
    bool allows(double value) const {
        double rounding = (std::isfinite(high - low) ? 1e-6 * (high - low) : 0.0);
        return low - rounding <= value && value <= high + rounding;
    }
};

/** A parameter of a learned function that is the same for all pairs and is set in the Context. */
struct GlobalParameter {
    std::string name;
    double defaultValue;
    ValueRange range; ///< the values that the function was checked for
};

/** A number that a learned function takes of each particle. */
struct ParticleFeature {
    std::string name;
    ValueRange range; ///< the values that the function was made for
};

/** Calls a function for each kind of LearnedFunction; see LearnedFunction::accept(). */
class LEARNEDPAIR_EXPORT LearnedFunctionVisitor {
public:
    virtual ~LearnedFunctionVisitor() = default;
    virtual void visit(const PairTable& table) = 0;
    virtual void visit(const PairProgram& program) = 0;
};

/**
 * A learned function that a LearnedPairForce evaluates: what it knows of the particles, its global parameters, and the
 * distances at which it is defined.
 *
 * Learned functions are data. They are immutable once built and say nothing of cutoffs, switching or exclusions: that
 * is LearnedPairForce's part.
 */
class LEARNEDPAIR_EXPORT LearnedFunction {
public:
    virtual ~LearnedFunction() = default;
    /** Call visitor.visit() with this function as what it is. */
    virtual void accept(LearnedFunctionVisitor& visitor) const = 0;
    /** Get the number of particle types, the integers from 0 on; 0 if particles have features instead. */
    virtual int getNumTypes() const = 0;
    /** Get the features of each particle; none if particles have types. */
    virtual const std::vector<ParticleFeature>& getFeatures() const = 0;
    /** Get the number of features of each particle; 0 if particles have types. */
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
    /** Get the longest distance at which the function is defined, measured in nm; may be infinite. */
    virtual double getMaxDistance() const = 0;
    /** Get whether the function is defined for particles of two types; true if particles have features. */
    virtual bool isDefined(int type1, int type2) const = 0;
};

} // namespace LearnedPairPlugin
