// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "PairProgram.h"
#include "internal/require.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

using namespace LearnedPairPlugin;
using std::vector;

PairProgram::PairProgram(const TensorProgram& program, int numTypes, int numFeatures, double minDistance,
        const vector<GlobalParameter>& globalParameters) :
        program(program),
        numTypes(numTypes),
        numFeatures(numFeatures),
        minDistance(minDistance),
        maxDistance(std::numeric_limits<double>::infinity()),
        globalParameters(globalParameters) {
    require(numTypes >= 0 && numFeatures >= 0 && (numTypes > 0) != (numFeatures > 0), "PairProgram: there are ",
            numTypes, " types and ", numFeatures,
            " features; expected particles with types or with features, one of the two.");
    require(minDistance > 0 && std::isfinite(minDistance), "PairProgram: the minimum distance is ", minDistance,
            " nm; it must be positive and finite.");
    int numNumbers = (isTyped() ? 1 : numFeatures);
    for (Operation input : {Operation::Particle1, Operation::Particle2}) {
        int size = program.getInputSize(input);
        require(size == 0 || size == numNumbers, "PairProgram: the program takes ", size,
                " numbers for each particle; expected ", numNumbers, isTyped() ? ", the type." : ", the features.");
    }
    int numGlobals = program.getInputSize(Operation::Globals);
    require(numGlobals == 0 || numGlobals == (int) globalParameters.size(), "PairProgram: the program takes ",
            numGlobals, " global parameters, but ", globalParameters.size(), " are named.");
    require(program.getInputSize(Operation::Pair) == 0,
            "PairProgram: the program takes numbers that belong to the pair, which only staged programs do.");
    require(program.getOutputs().size() == 1 && program.getSteps()[program.getOutputs()[0]].size == 1,
            "PairProgram: the program must have one output of length 1, the energy.");
    vector<double> weights = program.getWeights();
    for (size_t i = 0; i < weights.size(); i++)
        require(!std::isnan(weights[i]), "PairProgram: weight ", i, " is NaN; the model's parameters must be numbers.");
    for (auto& step : program.getSteps())
        if (step.operation == Operation::Table &&
                program.getSteps()[step.operands[0]].operation == Operation::Distance) {
            const vector<double>& data = program.getSteps()[step.operands[1]].numbers;
            require(minDistance >= data[0], "PairProgram: a table of the program begins at ", data[0],
                    " nm, but the minimum distance is ", minDistance, " nm.");
            maxDistance = std::min(maxDistance, data[1]);
        }
    std::set<std::string> names;
    for (auto& parameter : globalParameters) {
        require(!parameter.name.empty() && names.insert(parameter.name).second, "PairProgram: the global parameter \"",
                parameter.name, "\" has no name, or the name of another one; expected distinct names.");
        require(std::isfinite(parameter.defaultValue), "PairProgram: the global parameter \"", parameter.name,
                "\" has the default value ", parameter.defaultValue, "; it must be finite.");
        require(parameter.allows(parameter.defaultValue), "PairProgram: the global parameter \"", parameter.name,
                "\" has the default value ", parameter.defaultValue, " and the range ", parameter.low, " to ",
                parameter.high, "; the default must be in the range.");
    }
}
