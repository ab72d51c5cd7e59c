// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "PairFunction.h"
#include "TensorProgram.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * A pair function f(r; a1, a2; g) as a program. It is used for models with features or global parameters, and for
 * networks that must be evaluated exactly. docs/program.md defines programs.
 *
 * The inputs of the program are the distance in nm, the type or the features of each of the two particles, and the
 * global parameters. Its output is the energy in kJ/mol.
 */
class LEARNEDPAIR_EXPORT PairProgram : public PairFunction {
public:
    /**
     * Create a pair function.
     *
     * @param program           the program; it must have one output, of length 1
     * @param numTypes          the number of particle types, or 0 if particles have features
     * @param features          the features of a particle, or an empty list if particles have types
     * @param minDistance       the shortest distance at which the function is defined, measured in nm; positive
     * @param globalParameters  the global parameters, in the order of the program's input `globals`
     * @throws OpenMMException if the lengths of the program's inputs or outputs do not match the other arguments, if a
     *                         name is empty or repeated, or if a weight, distance, default value or range is invalid
     */
    PairProgram(const TensorProgram& program, int numTypes, const std::vector<ParticleFeature>& features,
            double minDistance, const std::vector<GlobalParameter>& globalParameters = {});
    /** Get the program. */
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
    /** Get the distance at which the program's tables of the distance end, or infinity if it has no such table. */
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
