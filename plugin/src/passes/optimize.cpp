// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/passes.h"

using namespace LearnedPairPlugin;

// Each round shortens the program or moves steps to an earlier stage. Two or three rounds are usual.
static const int MaxRounds = 20;

TensorProgram LearnedPairPlugin::optimize(const TensorProgram& program, ParticleInput particles) {
    TensorProgram current = removeDeadCode(program);
    for (int round = 0; round < MaxRounds; round++) {
        // Before constants are folded: equal functions of weights are shared, but two weights never are.
        TensorProgram next = shareSubexpressions(current);
        next = foldConstants(next);
        next = simplify(next);
        next = splitLinearLayers(next, particles);
        next = regroupSums(next, particles);
        next = shareSubexpressions(next);
        next = removeDeadCode(next);
        if (next.getText() == current.getText())
            return next;
        current = next;
    }
    return current;
}
