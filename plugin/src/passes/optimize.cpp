// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/passes.h"

using namespace LearnedPairPlugin;

// Each round shortens the program or moves work to an earlier stage; two or three are usual.
static const int MaxRounds = 20;

TensorProgram LearnedPairPlugin::optimize(const TensorProgram& program, ParticleInput particles) {
    TensorProgram current = removeDeadCode(program);
    for (int round = 0; round < MaxRounds; round++) {
        TensorProgram next =
                shareSubexpressions(current); // before folding: functions of weights are shared, but weights never
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
