// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "TensorProgram.h"
#include <vector>

namespace LearnedPairPlugin {

/** Builds a program step by step. All methods that add a step return its index. */
class ProgramBuilder {
public:
    explicit ProgramBuilder(const ProgramSignature& signature) : signature(signature) {}
    /** Add a step. The length of its value follows from the operation and its operands. */
    int add(Operation operation, const std::vector<int>& operands, const std::vector<int>& integers = {},
            const std::vector<double>& constants = {});
    /** Get the index of the input with a given slot. The input is added if the program does not have it yet. */
    int input(int slot, int size);
    /** Add a literal of length 1. */
    int literal(double value) {
        return add(Operation::Literal, {}, {}, {value});
    }
    /** Get the index of a value that consists of the elements first to first+count-1 of another value. */
    int slice(int value, int first, int count);
    /** Add a copy of a step with other operands. An input that the program already has is not added again. */
    int copy(const ProgramStep& step, const std::vector<int>& operands);
    /** Add all steps of a program. @return the new index of each step */
    std::vector<int> copyAll(const TensorProgram& program);
    const ProgramStep& operator[](int index) const {
        return steps[index];
    }
    int getNumSteps() const {
        return steps.size();
    }
    TensorProgram build(const std::vector<int>& outputs) const {
        return TensorProgram(steps, outputs, signature);
    }

private:
    const ProgramSignature& signature;
    std::vector<ProgramStep> steps;
};

/** Get the operands of a step after its program has been copied. `index` holds the new index of each old step. */
inline std::vector<int> mapOperands(const ProgramStep& step, const std::vector<int>& index) {
    std::vector<int> operands;
    for (int operand : step.operands)
        operands.push_back(index[operand]);
    return operands;
}

/** Get the outputs of a program after it has been copied. `index` holds the new index of each old step. */
inline std::vector<int> mapOutputs(const TensorProgram& program, const std::vector<int>& index) {
    std::vector<int> outputs;
    for (int output : program.getOutputs())
        outputs.push_back(index[output]);
    return outputs;
}

} // namespace LearnedPairPlugin
