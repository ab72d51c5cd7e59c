// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "DerivativeRules.h"
#include "internal/operations.h"
#include "internal/passes.h"
#include "internal/ProgramBuilder.h"
#include "internal/require.h"
#include <algorithm>

using namespace LearnedPairPlugin;
using std::vector;

namespace {

const int Zero = DerivativeRules::Zero;

/**
 * Adds the adjoint of each step: the derivative of the output with respect to the elements of its value. The adjoints
 * are found from the last step to the first one. An adjoint has the length of its value, or is Zero.
 */
class ReverseDifferentiator {
public:
    ReverseDifferentiator(const TensorProgram& program, int slot) :
            program(program),
            slot(slot),
            builder(program.getSignature()),
            rules(builder) {}
    TensorProgram differentiate() {
        const vector<ProgramStep>& steps = program.getSteps();
        value = builder.copyAll(program);
        dependent = findDependent();
        adjoint.assign(steps.size(), Zero);
        const int output = program.getOutputs()[0];
        if (dependent[output])
            adjoint[output] = builder.literal(1);
        int gradient = builder.add(Operation::Literal, {}, {}, vector<double>(program.getInputSize(slot), 0.0));
        for (int i = steps.size() - 1; i >= 0; i--) {
            if (adjoint[i] == Zero)
                continue;
            if (isInput(steps[i].operation))
                gradient = adjoint[i];
            else
                addAdjoints(steps[i], value[i], adjoint[i]);
        }
        vector<int> outputs = mapOutputs(program, value);
        outputs.push_back(gradient);
        return builder.build(outputs);
    }

private:
    /** Find the steps that depend on the input. */
    vector<char> findDependent() const {
        vector<char> result;
        for (auto& step : program.getSteps()) {
            bool depends = isInput(step, slot);
            for (int operand : step.operands)
                depends |= result[operand];
            result.push_back(depends && !getInfo(step.operation).has(OperationProperties::ZeroDerivative));
        }
        return result;
    }

    /** Add a part of the adjoint of an operand. A part of the length 1 belongs to all of its elements. */
    void add(int operand, int part) {
        if (part != Zero && dependent[operand])
            adjoint[operand] = rules.plus(adjoint[operand], rules.broadcast(part, program.getSteps()[operand].size));
    }

    /** Add what a step contributes to the adjoints of its operands. */
    void addAdjoints(const ProgramStep& step, int y, int dy) {
        vector<int> x;
        for (int operand : step.operands)
            x.push_back(value[operand]);
        switch (getInfo(step.operation).category) {
            case OperationCategory::Elementwise: addElementwise(step, x, y, dy); return;
            case OperationCategory::Gather: add(step.operands[0], scatter(step, builder[x[0]].size, dy)); return;
            case OperationCategory::Concat:
                for (int k = 0, first = 0; k < (int) x.size(); first += builder[x[k++]].size)
                    if (dependent[step.operands[k]])
                        add(step.operands[k], builder.slice(dy, first, builder[x[k]].size));
                return;
            case OperationCategory::Reduction:
                add(step.operands[0],
                        step.operation == Operation::Sum ? builder.add(Operation::Gather, {dy}, findGroups(step))
                                                         : findAdjointOfMax(step, x[0], y, dy));
                return;
            case OperationCategory::Linear:
                add(step.operands[1],
                        builder.add(Operation::Linear, {transpose(builder[x[0]], builder[x[1]].size), dy}));
                return;
            case OperationCategory::Table: {
                require(step.operation == Operation::Table,
                        "TensorProgram: table_slope cannot be differentiated with respect to the distance.");
                int product = rules.binary(Operation::Mul, builder.add(Operation::TableSlope, x, step.integers), dy);
                add(step.operands[0], sumUp(product));
                return;
            }
            default: throw DerivativeRules::noRule(step.operation);
        }
    }

    /** The derivative by each operand is that of the step if the derivative of the operand is 1, and others are 0. */
    void addElementwise(const ProgramStep& step, const vector<int>& x, int y, int dy) {
        for (size_t k = 0; k < x.size(); k++) {
            if (!dependent[step.operands[k]])
                continue;
            vector<int> dx(x.size(), Zero);
            dx[k] = builder.literal(1);
            int factor = rules.differentiateElementwise(step.operation, x, y, dx);
            if (factor == Zero)
                continue;
            int part = rules.times(dy, factor);
            if (builder[x[k]].size == 1)
                part = sumUp(rules.broadcast(part, step.size));
            add(step.operands[k], part);
        }
    }

    int sumUp(int x) {
        return builder[x].size == 1 ? x : builder.add(Operation::Sum, {x}, {1, builder[x].size, 1});
    }

    /** The adjoint of the operand of a gather: each of its elements is the sum of those that were copied from it. */
    int scatter(const ProgramStep& gather, int size, int dy) {
        vector<vector<int>> copies(size);
        for (size_t i = 0; i < gather.integers.size(); i++)
            copies[gather.integers[i]].push_back(i);
        size_t most = 0;
        for (auto& indices : copies)
            most = std::max(most, indices.size());
        const int zero = builder[dy].size, withZero = builder.add(Operation::Concat, {dy, builder.literal(0)});
        int sum = Zero;
        for (size_t k = 0; k < most; k++) {
            vector<int> chosen;
            for (auto& indices : copies)
                chosen.push_back(k < indices.size() ? indices[k] : zero);
            sum = rules.plus(sum, builder.add(Operation::Gather, {withZero}, chosen));
        }
        return sum;
    }

    /** The adjoint of the operand of a maximum: all elements that are equal to the maximum have equal shares. */
    int findAdjointOfMax(const ProgramStep& step, int x, int y, int dy) {
        int largest = rules.findLargest(step, x, y);
        int share = rules.binary(Operation::Div, dy, builder.add(Operation::Sum, {largest}, step.integers));
        int shares = builder.add(Operation::Gather, {share}, findGroups(step));
        return builder.add(Operation::Select, {largest, shares, builder.literal(0)});
    }

    /** Add the transpose of the matrix of a linear step, whose rows have a given length. */
    int transpose(const ProgramStep& matrix, int rowLength) {
        const int numRows = matrix.size / rowLength;
        ProgramStep result = matrix;
        for (int row = 0; row < numRows; row++)
            for (int column = 0; column < rowLength; column++)
                result.constants[column * numRows + row] = matrix.constants[row * rowLength + column];
        return builder.copy(result, {});
    }

    const TensorProgram& program;
    const int slot;
    ProgramBuilder builder;
    DerivativeRules rules;
    vector<int> value;      // for each step of the program its new step
    vector<char> dependent; // for each step of the program, whether it depends on the input
    vector<int> adjoint;    // for each step of the program, as far as it is known yet
};

} // namespace

TensorProgram LearnedPairPlugin::appendGradient(const TensorProgram& program, int slot) {
    require(program.getSteps()[program.getOutputs()[0]].size == 1, "TensorProgram: the first output has the length ",
            program.getSteps()[program.getOutputs()[0]].size, "; expected 1, since the gradient is that of a number.");
    require(program.getInputSize(slot) > 0, "TensorProgram: the program does not read the input \"",
            program.getSignature().getInputs()[slot].name, "\", so that there is no gradient with respect to it.");
    return ReverseDifferentiator(program, slot).differentiate();
}
