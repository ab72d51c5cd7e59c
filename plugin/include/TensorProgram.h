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
    std::vector<int> integers;     ///< what the operation needs beside its operands
    std::vector<double> constants; ///< the value of a literal or a weight
    int slot = -1;                 ///< of an input: its index in the program's signature
};

/**
 * A straight-line program on small vectors, as docs/program.md specifies it. It is immutable, and correct once it has
 * been built.
 */
class LEARNEDPAIR_EXPORT TensorProgram {
public:
    /**
     * Create a program.
     *
     * @param steps      the steps; operands refer to earlier ones
     * @param outputs    the indices of the steps whose values are the program's outputs, at least one
     * @param signature  the inputs that steps may read; it must outlive the program
     * @throws OpenMMException if a step breaks a rule of docs/program.md, naming it
     */
    TensorProgram(const std::vector<ProgramStep>& steps, const std::vector<int>& outputs,
            const ProgramSignature& signature = ProgramSignature::forPairs());
    /**
     * Create a program from its text.
     *
     * @param text     as getText() writes it
     * @param weights  the elements of all weights, in the order of the steps
     * @throws OpenMMException if the text is not a program, or there are too few or too many weights
     */
    TensorProgram(const std::string& text, const std::vector<double>& weights,
            const ProgramSignature& signature = ProgramSignature::forPairs());
    const std::vector<ProgramStep>& getSteps() const {
        return steps;
    }
    const std::vector<int>& getOutputs() const {
        return outputs;
    }
    const ProgramSignature& getSignature() const {
        return *signature;
    }
    /** Get the text, which says everything but the weights. */
    std::string getText() const;
    /** Get the elements of all weights, in the order of the steps. */
    std::vector<double> getWeights() const;
    /** Get the length of the input with a slot of the signature, or 0 if the program does not read it. */
    int getInputSize(int slot) const;

private:
    std::vector<ProgramStep> steps;
    std::vector<int> outputs;
    const ProgramSignature* signature;
};

} // namespace LearnedPairPlugin
