// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "TensorProgram.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** A group of operations that have the same rule for their operands and the length of their value. */
enum class OperationCategory { Input, Constant, Elementwise, Gather, Concat, Reduction, Linear, Lookup, Table };

/** Properties of operations. They are bit masks, which can be combined with |. */
namespace OperationProperties {
enum : unsigned {
    None = 0,
    Commutative = 1,   ///< the two operands may be exchanged
    WholeNumber = 2,   ///< the value is a whole number for all operands
    ZeroDerivative = 4 ///< the derivative with respect to every operand is zero wherever it exists
};
}

/** The properties of an operation. */
struct OperationInfo {
    Operation operation;
    const char* name; ///< the name in program texts, where inputs have names of their own
    OperationCategory category;
    int numOperands; ///< -1 for one or more
    int numIntegers; ///< -1 for any number
    unsigned properties;
    const char* kernel; ///< the expression of an elementwise operation in kernels, see elementwise.def

    bool has(unsigned property) const {
        return (properties & property) != 0;
    }
};

/** Get the properties of an operation. */
LEARNEDPAIR_EXPORT const OperationInfo& getInfo(Operation operation);

/** Get the properties of the operation with a given name in program texts, or nullptr if there is none. */
const OperationInfo* findOperation(const std::string& name);

/** Get the name of a step in program texts: the name of its operation, or of the input that it reads. */
LEARNEDPAIR_EXPORT const char* getName(const ProgramStep& step, const ProgramSignature& signature);

/**
 * Get the length of the value of a step. It follows from the operation, operands, integers and constants. For an input
 * it is step.size.
 *
 * @param step       the step
 * @param steps      the steps of the program, at least those before the step
 * @param index      the index of the step
 * @param signature  the inputs that steps may read
 * @throws OpenMMException if the step breaks a rule of docs/program.md; the message names the step by its index
 */
int findSize(
        const ProgramStep& step, const std::vector<ProgramStep>& steps, int index, const ProgramSignature& signature);

inline bool isInput(Operation operation) {
    return operation == Operation::Input;
}

/** Get whether a step is the input with a given slot. */
inline bool isInput(const ProgramStep& step, int slot) {
    return step.operation == Operation::Input && step.slot == slot;
}

inline bool isConstant(Operation operation) {
    return operation == Operation::Literal || operation == Operation::Weight;
}

inline bool isElementwise(Operation operation) {
    return getInfo(operation).category == OperationCategory::Elementwise;
}

/** Get the number of curves of a table from the length of its data and the number of its knots: see docs/program.md. */
inline int numTableCurves(int dataSize, int numKnots) {
    return (dataSize - 2) / (2 * numKnots);
}

} // namespace LearnedPairPlugin
