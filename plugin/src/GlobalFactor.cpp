// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/GlobalFactor.h"
#include "internal/passes.h"
#include <algorithm>

using namespace LearnedPairPlugin;
using std::vector;

static TensorProgram differentiateAll(TensorProgram factor, const vector<int>& derivatives) {
    for (int element : derivatives)
        factor = differentiate(factor, PairInput::Globals, element, 1);
    return factor;
}

GlobalFactor::GlobalFactor(
        const TensorProgram& factor, const vector<int>& derivatives, const vector<int>& tableDerivatives) :
        numFunctions(1 + tableDerivatives.size()),
        interpreter(differentiateAll(factor, derivatives)) {
    for (int element : derivatives) {
        auto position = std::find(tableDerivatives.begin(), tableDerivatives.end(), element);
        columns.push_back(position == tableDerivatives.end() ? 0 : 1 + (position - tableDerivatives.begin()));
    }
}

vector<double> GlobalFactor::getCoefficients(const vector<double>& globals) {
    if (double* input = interpreter.getInput(PairInput::Globals))
        std::copy(globals.begin(), globals.end(), input);
    interpreter.run();
    vector<double> coefficients((1 + columns.size()) * numFunctions, 0.0);
    double value = coefficients[0] = interpreter.getOutput(0, 0, 0);
    for (size_t d = 0; d < columns.size(); d++) {
        double* row = &coefficients[(1 + d) * numFunctions];
        row[0] = interpreter.getOutput(1 + d, 0, 0);
        if (columns[d] > 0)
            row[columns[d]] = value;
    }
    return coefficients;
}
