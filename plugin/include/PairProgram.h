// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "PairFunction.h"
#include "TensorProgram.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * A pair function f(r; a1, a2; g) as a program: for models with features or global parameters, and for networks that
 * are to be evaluated exactly. docs/program.md says what a program is.
 *
 * Its inputs are the distance; for each particle one number, its type, or one for each feature; and the global
 * parameters. Its output is the energy in kJ/mol.
 */
class LEARNEDPAIR_EXPORT PairProgram : public PairFunction {
public:
    /**
     * Create a pair function.
     *
     * @param program           the program, with one output of length 1
     * @param numTypes          the number of particle types, or 0 if particles have features
     * @param features          the features of a particle, or none if particles have types
     * @param minDistance       the shortest distance at which the function is defined, measured in nm; positive
     * @param globalParameters  the global parameters, in the order in which the program takes them
     * @throws OpenMMException if the inputs or outputs of the program are not as described, or a name or number is
     *                         wrong
     */
    PairProgram(const TensorProgram& program, int numTypes, const std::vector<ParticleFeature>& features,
            double minDistance, const std::vector<GlobalParameter>& globalParameters = {});
    const TensorProgram& getProgram() const {
        return program;
    }
    void accept(LearnedFunctionVisitor& visitor) const override {
        visitor.visit(*this);
    }
    int getNumTypes() const override {
        return numTypes;
    }
    const std::vector<ParticleFeature>& getFeatures() const override {
        return features;
    }
    const std::vector<GlobalParameter>& getGlobalParameters() const override {
        return globalParameters;
    }
    double getMinDistance() const override {
        return minDistance;
    }
    /** Get where a table of the distance ends, if the program has one; else infinity, since a program has no end. */
    double getMaxDistance() const override {
        return maxDistance;
    }
    bool isDefined(int type1, int type2) const override {
        return true;
    }

private:
    void checkInputs() const;
    void checkNames() const;
    TensorProgram program;
    int numTypes;
    std::vector<ParticleFeature> features;
    double minDistance, maxDistance;
    std::vector<GlobalParameter> globalParameters;
};

} // namespace LearnedPairPlugin
