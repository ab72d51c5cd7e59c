// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "TensorProgram.h"
#include <vector>

namespace LearnedPairPlugin {

/** Builds a program step by step. The length of each value follows from the operation. */
class ProgramBuilder {
public:
    explicit ProgramBuilder(const ProgramSignature& signature) : signature(signature) {}
    /** Add a step. @return its index */
    int add(Operation operation, const std::vector<int>& operands, const std::vector<int>& integers = {},
            const std::vector<double>& constants = {});
    /** Add the input with a slot of the signature, or get it if it is there. @return its index */
    int input(int slot, int size);
    int literal(double value) {
        return add(Operation::Literal, {}, {}, {value});
    }
    /** Get elements first to first+count-1 of a value. @return the index of the value, or of a new step */
    int slice(int value, int first, int count);
    /** Add a copy of a step with other operands; inputs are there once. @return its index */
    int copy(const ProgramStep& step, const std::vector<int>& operands);
    /** Add all steps of a program. @return the index of each of them here */
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

/** The operands of a step after its program has been copied: index holds the new index of each old step. */
inline std::vector<int> mapOperands(const ProgramStep& step, const std::vector<int>& index) {
    std::vector<int> operands;
    for (int operand : step.operands)
        operands.push_back(index[operand]);
    return operands;
}

inline std::vector<int> mapOutputs(const TensorProgram& program, const std::vector<int>& index) {
    std::vector<int> outputs;
    for (int output : program.getOutputs())
        outputs.push_back(index[output]);
    return outputs;
}

} // namespace LearnedPairPlugin
