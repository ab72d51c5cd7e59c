// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/atomProgram.h"
#include "internal/passes.h"

using namespace LearnedPairPlugin;

TensorProgram LearnedPairPlugin::makeAtomProgram(
        const EnvironmentFunction& function, const std::vector<int>& derivatives) {
    TensorProgram program = appendGradient(function.getAtomProgram(), AtomInput::Densities);
    for (int element : derivatives)
        program = differentiate(program, AtomInput::Globals, element, 1);
    return program;
}

TensorProgram LearnedPairPlugin::optimizeAtomProgram(const TensorProgram& program) {
    TensorProgram result = removeDeadCode(shareSubexpressions(simplify(foldConstants(program))));
    return result.getText() == program.getText() ? result : optimizeAtomProgram(result);
}
