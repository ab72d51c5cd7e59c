// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "TensorProgram.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** Operations that obey the same rule for operands and length. */
enum class OperationKind { Input, Constant, Elementwise, Gather, Concat, Reduction, Linear, Lookup, Table };

struct OperationInfo {
    Operation operation;
    const char* name;
    OperationKind kind;
    int numOperands; ///< -1 for any number
    int numIntegers; ///< -1 for any number
};

/** Get what is known of an operation. */
LEARNEDPAIR_EXPORT const OperationInfo& getInfo(Operation operation);

/** Get what is known of the operation with a name, or nullptr if there is none. */
const OperationInfo* findOperation(const std::string& name);

/**
 * Get the length of the value of a step from its operation, operands, integers and numbers.
 *
 * @param steps  the steps before it, at least
 * @throws OpenMMException if they don't fit, naming the step by its index
 */
int findSize(const ProgramStep& step, const std::vector<ProgramStep>& steps, int index);

inline bool isInput(Operation operation) {
    return getInfo(operation).kind == OperationKind::Input;
}

inline bool isConstant(Operation operation) {
    return getInfo(operation).kind == OperationKind::Constant;
}

inline bool isElementwise(Operation operation) {
    return getInfo(operation).kind == OperationKind::Elementwise;
}

/** The number of curves of a table from the length of its data and the number of knots: see docs/program.md. */
inline int numTableCurves(int dataSize, int numKnots) {
    return (dataSize - 2) / (2 * numKnots);
}

} // namespace LearnedPairPlugin
