// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "DerivativeRules.h"
#include "internal/operations.h"
#include "internal/passes.h"
#include "internal/ProgramBuilder.h"
#include "internal/require.h"

using namespace LearnedPairPlugin;
using std::string;
using std::vector;

namespace {

const int Zero = DerivativeRules::Zero;

/** Adds the derivative of each step: see DerivativeRules. */
class Differentiator {
public:
    Differentiator(const TensorProgram& program, int slot, int element) :
            program(program),
            slot(slot),
            element(element),
            builder(program.getSignature()),
            rules(builder) {}
    TensorProgram differentiate(int numOutputs) {
        value = builder.copyAll(program);
        vector<char> needed = findNeeded(numOutputs);
        for (size_t i = 0; i < program.getSteps().size(); i++)
            derivative.push_back(needed[i] ? differentiateStep(program.getSteps()[i], value[i]) : Zero);
        vector<int> outputs = mapOutputs(program, value);
        for (int k = 0; k < numOutputs; k++) {
            int output = program.getOutputs()[k];
            outputs.push_back(rules.broadcast(derivative[output] == Zero ? builder.literal(0) : derivative[output],
                    program.getSteps()[output].size));
        }
        return builder.build(outputs);
    }

private:
    /** Find the steps on which the differentiated outputs depend. */
    vector<char> findNeeded(int numOutputs) const {
        vector<char> needed(program.getSteps().size(), false);
        for (int k = 0; k < numOutputs; k++)
            needed[program.getOutputs()[k]] = true;
        for (int i = needed.size() - 1; i >= 0; i--)
            if (needed[i])
                for (int operand : program.getSteps()[i].operands)
                    needed[operand] = true;
        return needed;
    }

    int differentiateStep(const ProgramStep& step, int y) {
        if (isInput(step.operation))
            return differentiateInput(step);
        vector<int> x, dx;
        bool allZero = true;
        for (int operand : step.operands) {
            x.push_back(value[operand]);
            dx.push_back(derivative[operand]);
            allZero &= (derivative[operand] == Zero);
        }
        if (allZero || getInfo(step.operation).has(OperationProperties::ZeroDerivative))
            return Zero;
        switch (getInfo(step.operation).category) {
            case OperationCategory::Elementwise: return rules.differentiateElementwise(step.operation, x, y, dx);
            case OperationCategory::Gather: return differentiateGather(step, dx[0]);
            case OperationCategory::Concat:
                for (size_t i = 0; i < dx.size(); i++)
                    dx[i] = rules.broadcast(rules.orZero(dx[i]), builder[x[i]].size);
                return builder.add(Operation::Concat, dx);
            case OperationCategory::Reduction:
                dx[0] = rules.broadcast(dx[0], builder[x[0]].size);
                return step.operation == Operation::Sum ? builder.add(Operation::Sum, dx, step.integers)
                                                        : differentiateMax(step, x[0], y, dx[0]);
            case OperationCategory::Linear:
                return builder.add(Operation::Linear, {x[0], rules.broadcast(dx[1], builder[x[1]].size)});
            case OperationCategory::Table:
                require(step.operation == Operation::Table,
                        "TensorProgram: table_slope cannot be differentiated with respect to the distance.");
                return rules.times(builder.add(Operation::TableSlope, x, step.integers), dx[0]);
            default: throw DerivativeRules::noRule(step.operation);
        }
    }

    int differentiateInput(const ProgramStep& step) {
        if (step.slot != slot)
            return Zero;
        vector<double> unit(step.size, 0.0);
        unit[element] = 1;
        return builder.add(Operation::Literal, {}, {}, unit);
    }

    int differentiateGather(const ProgramStep& step, int dx) {
        if (builder[dx].size == 1)
            return dx;
        if (builder[dx].operation != Operation::Literal)
            return builder.add(Operation::Gather, {dx}, step.integers);
        // A gather usually selects one element of an input, such as one global parameter. Its derivative is 1 or 0.
        vector<double> selected;
        for (int i : step.integers)
            selected.push_back(builder[dx].constants[i]);
        if (selected == vector<double>(selected.size(), 0.0))
            return Zero;
        return builder.add(Operation::Literal, {}, {}, selected);
    }

    /** The derivative of a maximum: the mean of x' over all elements that are equal to the maximum. */
    int differentiateMax(const ProgramStep& step, int x, int y, int dx) {
        int largest = rules.findLargest(step, x, y);
        int chosen = builder.add(Operation::Select, {largest, dx, builder.literal(0)});
        return rules.binary(Operation::Div, builder.add(Operation::Sum, {chosen}, step.integers),
                builder.add(Operation::Sum, {largest}, step.integers));
    }

    const TensorProgram& program;
    int slot, element;
    ProgramBuilder builder;
    DerivativeRules rules;
    vector<int> value, derivative; // for each step of the program: the new steps of its value and its derivative
};

} // namespace

TensorProgram LearnedPairPlugin::differentiate(const TensorProgram& program, int slot, int element, int numOutputs) {
    require(numOutputs >= 1 && numOutputs <= (int) program.getOutputs().size(), "TensorProgram: cannot differentiate ",
            numOutputs, " outputs; expected 1 to ", program.getOutputs().size(), ".");
    int size = program.getInputSize(slot);
    require(element >= 0 && (size == 0 || element < size),
            "TensorProgram: cannot differentiate with respect to element ", element, " of an input of length ", size,
            ".");
    return Differentiator(program, slot, element).differentiate(numOutputs);
}
