// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/passes.h"

using namespace LearnedPairPlugin;

// Each round shortens the program or moves work to an earlier stage; two or three are usual.
static const int MostRounds = 20;

TensorProgram LearnedPairPlugin::optimize(const TensorProgram& program, bool typed) {
    TensorProgram current = removeDeadCode(program);
    for (int round = 0; round < MostRounds; round++) {
        TensorProgram next =
                shareSubexpressions(current); // before folding: functions of weights are shared, but weights never
        next = foldConstants(next);
        next = simplify(next);
        next = splitLinearLayers(next, typed);
        next = regroupSums(next, typed);
        next = shareSubexpressions(next);
        next = removeDeadCode(next);
        if (next.getText() == current.getText())
            return next;
        current = next;
    }
    return current;
}
