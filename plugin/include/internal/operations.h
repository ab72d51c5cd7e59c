// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "TensorProgram.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** A group of operations with one rule for their operands and the length of their value. */
enum class OperationCategory { Input, Constant, Elementwise, Gather, Concat, Reduction, Linear, Lookup, Table };

/** Properties of operations, bits that are joined by |. */
namespace OperationProperties {
enum : unsigned {
    None = 0,
    Commutative = 1,   ///< the two operands may be exchanged
    WholeNumber = 2,   ///< the value is a whole number, whatever the operands
    ZeroDerivative = 4 ///< the derivative with respect to every operand is zero wherever it exists
};
}

struct OperationInfo {
    Operation operation;
    const char* name; ///< in program texts; inputs are written by their own names
    OperationCategory category;
    int numOperands; ///< -1 for any number
    int numIntegers; ///< -1 for any number
    unsigned properties;
    const char* kernel; ///< of an elementwise operation: see elementwise.def

    bool has(unsigned property) const {
        return (properties & property) != 0;
    }
};

/** Get what is known of an operation. */
LEARNEDPAIR_EXPORT const OperationInfo& getInfo(Operation operation);

/** Get what is known of the operation with a name in program texts, or nullptr if there is none. */
const OperationInfo* findOperation(const std::string& name);

/** Get the word for a step in program texts: the name of its operation, or of the input that it reads. */
LEARNEDPAIR_EXPORT const char* getName(const ProgramStep& step, const ProgramSignature& signature);

/**
 * Get the length of the value of a step from its operation, operands, integers and constants.
 *
 * @param steps  the steps before it, at least
 * @throws OpenMMException if they do not fit each other, naming the step by its index
 */
int findSize(
        const ProgramStep& step, const std::vector<ProgramStep>& steps, int index, const ProgramSignature& signature);

inline bool isInput(Operation operation) {
    return operation == Operation::Input;
}

/** Whether a step reads one input. */
inline bool isInput(const ProgramStep& step, int slot) {
    return step.operation == Operation::Input && step.slot == slot;
}

inline bool isConstant(Operation operation) {
    return operation == Operation::Literal || operation == Operation::Weight;
}

inline bool isElementwise(Operation operation) {
    return getInfo(operation).category == OperationCategory::Elementwise;
}

/** The number of curves of a table from the length of its data and the number of knots: see docs/program.md. */
inline int numTableCurves(int dataSize, int numKnots) {
    return (dataSize - 2) / (2 * numKnots);
}

} // namespace LearnedPairPlugin
