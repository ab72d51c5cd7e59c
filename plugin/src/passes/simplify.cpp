// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/operations.h"
#include "internal/passes.h"
#include "internal/ProgramBuilder.h"
#include <cmath>

using namespace LearnedPairPlugin;
using std::vector;

/**
 * Get whether all elements of a literal equal a value, which must not be negative. The element -0 does not equal 0
 * here: x-0 = x holds for every x, but x-(-0) is 0 for x = -0.
 */
static bool isLiteral(const ProgramStep& step, double value) {
    if (step.operation != Operation::Literal)
        return false;
    for (double element : step.constants)
        if (element != value || std::signbit(element))
            return false;
    return true;
}

static bool isIdentity(const vector<int>& indices, int size) {
    for (size_t i = 0; i < indices.size(); i++)
        if (indices[i] != (int) i)
            return false;
    return (int) indices.size() == size;
}

/** Add a gather, or find a value that equals it. */
static int simplifyGather(ProgramBuilder& builder, int x, vector<int> indices) {
    if (builder[x].operation == Operation::Gather) { // (x[i])[k] = x[i[k]]
        for (int& i : indices)
            i = builder[x].integers[i];
        return simplifyGather(builder, builder[x].operands[0], indices);
    }
    if (builder[x].operation == Operation::Concat) { // concat(x, y)[i] = x[i] if all indices are in x
        int first = 0;
        for (int part : vector<int>(builder[x].operands)) {
            int end = first + builder[part].size;
            bool allInPart = true;
            for (int i : indices)
                allInPart &= (i >= first && i < end);
            if (allInPart) {
                for (int& i : indices)
                    i -= first;
                return simplifyGather(builder, part, indices);
            }
            first = end;
        }
    }
    if (isIdentity(indices, builder[x].size)) // x[0, 1, 2 ...] = x
        return x;
    return builder.add(Operation::Gather, {x}, indices);
}

/** Add a concatenation, or find a value that equals it. */
static int simplifyConcat(ProgramBuilder& builder, const vector<int>& operands) {
    vector<int> parts; // concat(concat(x, y), z) = concat(x, y, z)
    for (int operand : operands)
        if (builder[operand].operation == Operation::Concat)
            parts.insert(parts.end(), builder[operand].operands.begin(), builder[operand].operands.end());
        else
            parts.push_back(operand);
    if (parts.size() == 1) // concat(x) = x
        return parts[0];
    return builder.add(Operation::Concat, parts);
}

/** Apply an identity to a step. @return the index of a step with the same value, or -1 if no identity applies */
static int simplifyArithmetic(ProgramBuilder& builder, const ProgramStep& step, const vector<int>& operands) {
    int x = operands[0], y = (operands.size() > 1 ? operands[1] : -1);
    bool xHasFullSize = (builder[x].size == step.size), yHasFullSize = (y >= 0 && builder[y].size == step.size);
    auto isNeg = [&](int value) { return builder[value].operation == Operation::Neg; };
    auto operandOfNeg = [&](int value) { return builder[value].operands[0]; };
    switch (step.operation) {
        case Operation::Neg: return isNeg(x) ? operandOfNeg(x) : -1; // -(-x) = x
        case Operation::Add:
            if (isNeg(x))
                return builder.add(Operation::Sub, {y, operandOfNeg(x)});             // -x + y = y - x
            return isNeg(y) ? builder.add(Operation::Sub, {x, operandOfNeg(y)}) : -1; // x + -y = x - y
        case Operation::Sub:
            if (xHasFullSize && isLiteral(builder[y], 0))
                return x;                                                             // x - 0 = x
            return isNeg(y) ? builder.add(Operation::Add, {x, operandOfNeg(y)}) : -1; // x - -y = x + y
        case Operation::Mul:
            if (xHasFullSize && isLiteral(builder[y], 1))
                return x; // x * 1 = x
            if (yHasFullSize && isLiteral(builder[x], 1))
                return y; // 1 * y = y
            return -1;
        case Operation::Div: return xHasFullSize && isLiteral(builder[y], 1) ? x : -1; // x / 1 = x
        case Operation::Sum:
        case Operation::Max: return step.integers[1] == 1 ? x : -1; // a reduction of one element is that element
        default: return -1;
    }
}

TensorProgram LearnedPairPlugin::simplify(const TensorProgram& program) {
    ProgramBuilder builder(program.getSignature());
    vector<int> index;
    for (auto& step : program.getSteps()) {
        vector<int> operands = mapOperands(step, index);
        int simpler = -1;
        if (step.operation == Operation::Gather)
            simpler = simplifyGather(builder, operands[0], step.integers);
        else if (step.operation == Operation::Concat)
            simpler = simplifyConcat(builder, operands);
        else if (!operands.empty())
            simpler = simplifyArithmetic(builder, step, operands);
        index.push_back(simpler >= 0 ? simpler : builder.copy(step, operands));
    }
    return builder.build(mapOutputs(program, index));
}
