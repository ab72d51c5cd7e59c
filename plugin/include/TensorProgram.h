// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "Operation.h"
#include "ProgramSignature.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** One step of a program. It computes one value, a vector of real numbers. */
struct ProgramStep {
    Operation operation;
    int size;                      ///< the length of the value
    std::vector<int> operands;     ///< indices of earlier steps
    std::vector<int> integers;     ///< integer arguments of the operation, such as the indices of a gather
    std::vector<double> constants; ///< the value of a literal or a weight; empty for other operations
    int slot = -1;                 ///< the slot of an input in the program's signature; -1 for other operations
};

/**
 * A straight-line program on small vectors, as docs/program.md specifies it. It is immutable. The constructors check
 * all rules, so every existing program is valid.
 */
class LEARNEDPAIR_EXPORT TensorProgram {
public:
    /**
     * Create a program.
     *
     * @param steps      the steps; operands must refer to earlier steps
     * @param outputs    the indices of the steps whose values are the outputs of the program; at least one
     * @param signature  the inputs that steps may read; it must outlive the program
     * @throws OpenMMException if a step breaks a rule of docs/program.md; the message names the step
     */
    TensorProgram(const std::vector<ProgramStep>& steps, const std::vector<int>& outputs,
            const ProgramSignature& signature = ProgramSignature::forPairs());
    /**
     * Create a program from its text.
     *
     * @param text       the text, in the format of getText()
     * @param weights    the elements of all weights, in the order of the steps
     * @param signature  the inputs that steps may read; it must outlive the program
     * @throws OpenMMException if the text is not a valid program, or if the number of weights is wrong
     */
    TensorProgram(const std::string& text, const std::vector<double>& weights,
            const ProgramSignature& signature = ProgramSignature::forPairs());
    /** Get the steps. */
    const std::vector<ProgramStep>& getSteps() const {
        return steps;
    }
    /** Get the indices of the steps whose values are the outputs. */
    const std::vector<int>& getOutputs() const {
        return outputs;
    }
    /** Get the inputs that steps may read. */
    const ProgramSignature& getSignature() const {
        return *signature;
    }
    /** Get the text of the program: its complete structure, without the values of weights. */
    std::string getText() const;
    /** Get the elements of all weights, in the order of the steps. */
    std::vector<double> getWeights() const;
    /** Get the length of the input with a given slot, or 0 if the program does not read it. */
    int getInputSize(int slot) const;

private:
    std::vector<ProgramStep> steps;
    std::vector<int> outputs;
    const ProgramSignature* signature;
};

} // namespace LearnedPairPlugin
