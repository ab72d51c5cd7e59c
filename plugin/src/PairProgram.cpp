// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "PairProgram.h"
#include "internal/globalParameters.h"
#include "internal/operations.h"
#include "internal/require.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

using namespace LearnedPairPlugin;
using std::vector;

PairProgram::PairProgram(const TensorProgram& program, int numTypes, const vector<ParticleFeature>& features,
        double minDistance, const vector<GlobalParameter>& globalParameters) :
        program(program),
        numTypes(numTypes),
        features(features),
        minDistance(minDistance),
        maxDistance(std::numeric_limits<double>::infinity()),
        globalParameters(globalParameters) {
    require(numTypes >= 0 && (numTypes > 0) != !features.empty(), "PairProgram: there are ", numTypes, " types and ",
            features.size(), " features; expected particles with types or with features, one of the two.");
    require(minDistance > 0 && std::isfinite(minDistance), "PairProgram: the minimum distance is ", minDistance,
            " nm; it must be positive and finite.");
    checkInputs();
    vector<double> weights = program.getWeights();
    for (size_t i = 0; i < weights.size(); i++)
        require(!std::isnan(weights[i]), "PairProgram: weight ", i, " is NaN; the model's parameters must be numbers.");
    for (auto& step : program.getSteps())
        if (step.operation == Operation::Table && isInput(program.getSteps()[step.operands[0]], PairInput::Distance)) {
            const vector<double>& data = program.getSteps()[step.operands[1]].constants;
            require(minDistance >= data[0], "PairProgram: a table of the program begins at ", data[0],
                    " nm, but the minimum distance is ", minDistance, " nm.");
            maxDistance = std::min(maxDistance, data[1]);
        }
    checkNames();
}

void PairProgram::checkInputs() const {
    bool typed = (getParticleInput() == ParticleInput::Types);
    int width = (typed ? 1 : getNumFeatures());
    for (int input : {PairInput::Particle1, PairInput::Particle2}) {
        int size = program.getInputSize(input);
        require(size == 0 || size == width, "PairProgram: the program takes ", size,
                " numbers for each particle; expected ", width, typed ? ", the type." : ", the features.");
    }
    int numGlobals = program.getInputSize(PairInput::Globals);
    require(numGlobals == 0 || numGlobals == (int) globalParameters.size(), "PairProgram: the program takes ",
            numGlobals, " global parameters, but ", globalParameters.size(), " are named.");
    require(program.getInputSize(PairInput::Pair) == 0,
            "PairProgram: the program reads the input pair, which is reserved for the parts of staged programs.");
    require(program.getOutputs().size() == 1 && program.getSteps()[program.getOutputs()[0]].size == 1,
            "PairProgram: the program must have one output of length 1, the energy.");
}

void PairProgram::checkNames() const {
    requireGlobalParameters("PairProgram", globalParameters);
    std::set<std::string> names;
    for (auto& feature : features) {
        require(!feature.name.empty() && names.insert(feature.name).second, "PairProgram: the feature \"", feature.name,
                "\" has an empty or repeated name; expected distinct names.");
        require(feature.range.low <= feature.range.high, "PairProgram: the feature \"", feature.name,
                "\" has the range ", feature.range.low, " to ", feature.range.high, "; expected low <= high.");
    }
}
