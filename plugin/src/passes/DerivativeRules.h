// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/ProgramBuilder.h"
#include "openmm/OpenMMException.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * The rules for derivatives of single steps, which the passes for derivatives share. It adds the steps of a derivative
 * to a program. A derivative has the length of its value, or the length 1 if it is the same for all elements. It is
 * Zero if the value does not depend on the variable.
 */
class DerivativeRules {
public:
    static constexpr int Zero = -1;
    explicit DerivativeRules(ProgramBuilder& builder) : builder(builder) {}
    /** Add a step with one operand. */
    int unary(Operation operation, int x) {
        return builder.add(operation, {x});
    }
    /** Add a step with two operands. */
    int binary(Operation operation, int x, int y) {
        return builder.add(operation, {x, y});
    }
    /** Multiply a value and a derivative. The derivative of the variable is the literal 1; it is left out. */
    int times(int x, int dx);
    int plus(int dx, int dy) {
        return dx == Zero ? dy : dy == Zero ? dx : binary(Operation::Add, dx, dy);
    }
    int minus(int dx, int dy) {
        return dx == Zero ? negative(dy) : dy == Zero ? dx : binary(Operation::Sub, dx, dy);
    }
    int negative(int dx) {
        return dx == Zero ? Zero : unary(Operation::Neg, dx);
    }
    int orZero(int dx) {
        return dx == Zero ? builder.literal(0) : dx;
    }
    /** Broadcast a derivative to the length of its value. */
    int broadcast(int dx, int size) {
        return builder[dx].size == size ? dx : builder.add(Operation::Gather, {dx}, std::vector<int>(size, 0));
    }
    /**
     * Get the derivative of an elementwise operation.
     *
     * @param operation  the operation
     * @param x          the operands
     * @param y          the value
     * @param dx         the derivatives of the operands
     */
    int differentiateElementwise(Operation operation, const std::vector<int>& x, int y, const std::vector<int>& dx);
    /** Find the elements that equal the maximum of their group. @return a value of the length of x, of 1 and 0 */
    int findLargest(const ProgramStep& step, int x, int y);
    /** Get the exception for an operation without a rule. */
    static OpenMM::OpenMMException noRule(Operation operation);

private:
    bool isOne(int x) const;
    bool isSigmoidOf(int s, int x) const;
    int differentiateUnary(Operation operation, int x, int y, int dx);
    int differentiateBinary(Operation operation, int a, int b, int y, int da, int db);
    int differentiateAngle(int a, int b, int da, int db);
    int differentiateChoice(int first, int a, int b, int da, int db);
    int differentiateBase(int a, int b, int da);
    int differentiateExponent(int a, int b, int y, int db);
    int gaussian(int x, double factor);
    ProgramBuilder& builder;
};

/** Get the elements o*inner+i of a reduction to which the elements of its operand, [outer][middle][inner], belong. */
std::vector<int> findGroups(const ProgramStep& reduction);

} // namespace LearnedPairPlugin
