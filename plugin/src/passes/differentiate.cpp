// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/operations.h"
#include "internal/passes.h"
#include "internal/ProgramBuilder.h"
#include "internal/require.h"

using namespace LearnedPairPlugin;
using std::string;
using std::vector;

namespace {

const int Zero = -1; // the derivative of a value that does not depend on the variable

/**
 * Adds the derivative of each step. A derivative has the length of its value, or the length 1 if it is the same for all
 * elements. It is Zero if the value does not depend on the variable.
 */
class Differentiator {
public:
    Differentiator(const TensorProgram& program, int slot, int element) :
            program(program),
            slot(slot),
            element(element),
            builder(program.getSignature()) {}
    TensorProgram differentiate(int numOutputs) {
        value = builder.copyAll(program);
        vector<char> needed = findNeeded(numOutputs);
        for (size_t i = 0; i < program.getSteps().size(); i++)
            derivative.push_back(needed[i] ? differentiateStep(program.getSteps()[i], value[i]) : Zero);
        vector<int> outputs = mapOutputs(program, value);
        for (int k = 0; k < numOutputs; k++) {
            int output = program.getOutputs()[k];
            outputs.push_back(broadcast(derivative[output] == Zero ? builder.literal(0) : derivative[output],
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

    // Arithmetic on new steps. The derivative of the variable is the literal 1; products with it are left out.
    int unary(Operation operation, int x) {
        return builder.add(operation, {x});
    }
    int binary(Operation operation, int x, int y) {
        return builder.add(operation, {x, y});
    }
    int times(int x, int dx) {
        if (isOne(dx))
            return x;
        if (isOne(x) && builder[x].size <= builder[dx].size)
            return dx;
        return binary(Operation::Mul, x, dx);
    }
    bool isOne(int x) const {
        return builder[x].operation == Operation::Literal && builder[x].constants == vector<double>{1.0};
    }
    bool isSigmoidOf(int s, int x) const {
        return builder[s].operation == Operation::Sigmoid && builder[s].operands[0] == x;
    }
    int plus(int dx, int dy) {
        return dx == Zero ? dy : dy == Zero ? dx : binary(Operation::Add, dx, dy);
    }
    int negative(int dx) {
        return dx == Zero ? Zero : unary(Operation::Neg, dx);
    }
    int minus(int dx, int dy) {
        return dx == Zero ? negative(dy) : dy == Zero ? dx : binary(Operation::Sub, dx, dy);
    }
    int orZero(int dx) {
        return dx == Zero ? builder.literal(0) : dx;
    }
    /** Broadcast a derivative to the length of its value. */
    int broadcast(int dx, int size) {
        return builder[dx].size == size ? dx : builder.add(Operation::Gather, {dx}, vector<int>(size, 0));
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
            case OperationCategory::Elementwise: return differentiateElementwise(step, x, y, dx);
            case OperationCategory::Gather: return differentiateGather(step, dx[0]);
            case OperationCategory::Concat:
                for (size_t i = 0; i < dx.size(); i++)
                    dx[i] = broadcast(orZero(dx[i]), builder[x[i]].size);
                return builder.add(Operation::Concat, dx);
            case OperationCategory::Reduction:
                dx[0] = broadcast(dx[0], builder[x[0]].size);
                return step.operation == Operation::Sum ? builder.add(Operation::Sum, dx, step.integers)
                                                        : differentiateMax(step, x[0], y, dx[0]);
            case OperationCategory::Linear:
                return builder.add(Operation::Linear, {x[0], broadcast(dx[1], builder[x[1]].size)});
            case OperationCategory::Table:
                require(step.operation == Operation::Table,
                        "TensorProgram: table_slope cannot be differentiated with respect to the distance.");
                return times(builder.add(Operation::TableSlope, x, step.integers), dx[0]);
            default: throw noRule(step.operation);
        }
    }

    int differentiateElementwise(const ProgramStep& step, const vector<int>& x, int y, const vector<int>& dx) {
        if (x.size() == 1)
            return differentiateUnary(step.operation, x[0], y, dx[0]);
        if (x.size() == 2)
            return differentiateBinary(step.operation, x[0], x[1], y, dx[0], dx[1]);
        if (step.operation != Operation::Select)
            throw noRule(step.operation);
        if (dx[1] == Zero && dx[2] == Zero)
            return Zero;
        return builder.add(Operation::Select, {x[0], orZero(dx[1]), orZero(dx[2])});
    }

    static OpenMM::OpenMMException noRule(Operation operation) {
        return OpenMM::OpenMMException(string("TensorProgram: the operation ") + getInfo(operation).name +
                " has no derivative rule; add one to differentiate.cpp, or state ZeroDerivative for the operation.");
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

    int differentiateUnary(Operation operation, int x, int y, int dx) {
        switch (operation) {
            case Operation::Neg: return negative(dx);
            case Operation::Abs: { // x' for x > 0, -x' for x < 0, 0 for 0
                int zero = builder.literal(0);
                return builder.add(Operation::Select,
                        {binary(Operation::Less, x, zero), negative(dx),
                            builder.add(Operation::Select, {binary(Operation::Less, zero, x), dx, zero})});
            }
            case Operation::Sqrt: // x' / (2 y)
                return binary(Operation::Div, dx, times(builder.literal(2), y));
            case Operation::Exp: // y x'
                return times(y, dx);
            case Operation::Expm1: // exp x x', not (y+1) x', which suffers from cancellation where x is very negative
                return times(unary(Operation::Exp, x), dx);
            case Operation::Log: // x' / x
                return binary(Operation::Div, dx, x);
            case Operation::Log1p: // x' / (1+x)
                return binary(Operation::Div, dx, binary(Operation::Add, x, builder.literal(1)));
            case Operation::Sin: // cos x x'
                return times(unary(Operation::Cos, x), dx);
            case Operation::Cos: // -sin x x'
                return times(unary(Operation::Neg, unary(Operation::Sin, x)), dx);
            case Operation::Tanh: // (1-y^2) x'
                return times(binary(Operation::Sub, builder.literal(1), binary(Operation::Mul, y, y)), dx);
            case Operation::Sigmoid: // y (1-y) x'
                return times(binary(Operation::Mul, y, binary(Operation::Sub, builder.literal(1), y)), dx);
            case Operation::Erf: // 2/sqrt(pi) exp(-x^2) x'
                return times(gaussian(x, 1.1283791670955126), dx);
            case Operation::Erfc: return times(gaussian(x, -1.1283791670955126), dx);
            default: throw noRule(operation);
        }
    }

    /** factor exp(-x^2) */
    int gaussian(int x, double factor) {
        return times(
                builder.literal(factor), unary(Operation::Exp, unary(Operation::Neg, binary(Operation::Mul, x, x))));
    }

    int differentiateBinary(Operation operation, int a, int b, int y, int da, int db) {
        switch (operation) {
            case Operation::Add: return plus(da, db);
            case Operation::Sub: return minus(da, db);
            case Operation::Mul:                     // a' b + a b'
                if (isSigmoidOf(b, a) && da != Zero) // SiLU: (b + y (1-b)) a', which has fewer operations
                    return times(binary(Operation::Add, b,
                                         binary(Operation::Mul, y, binary(Operation::Sub, builder.literal(1), b))),
                            da);
                if (isSigmoidOf(a, b) && db != Zero)
                    return differentiateBinary(operation, b, a, y, db, da);
                return plus(da == Zero ? Zero : times(b, da), db == Zero ? Zero : times(a, db));
            case Operation::Div: { // (a' - y b')/b
                return binary(Operation::Div, minus(da, db == Zero ? Zero : times(y, db)), b);
            }
            case Operation::Pow: return plus(differentiateBase(a, b, da), differentiateExponent(a, b, y, db));
            case Operation::Atan2: return differentiateAngle(a, b, da, db);
            case Operation::Minimum: return differentiateChoice(binary(Operation::Less, a, b), a, b, da, db);
            case Operation::Maximum: return differentiateChoice(binary(Operation::Less, b, a), a, b, da, db);
            default: throw noRule(operation);
        }
    }

    /** The derivative of atan2(a, b): (b a' - a b')/(a^2 + b^2), and 0 where a = b = 0. */
    int differentiateAngle(int a, int b, int da, int db) {
        int numerator = minus(da == Zero ? Zero : times(b, da), db == Zero ? Zero : times(a, db));
        int square = binary(Operation::Add, binary(Operation::Mul, a, a), binary(Operation::Mul, b, b));
        int zero = builder.literal(0);
        return builder.add(Operation::Select,
                {binary(Operation::Equal, square, zero), zero, binary(Operation::Div, numerator, square)});
    }

    /** The derivative of the chosen one of two values, or the mean of both derivatives where the values are equal. */
    int differentiateChoice(int first, int a, int b, int da, int db) {
        int mean = times(builder.literal(0.5), plus(da, db));
        return builder.add(Operation::Select,
                {binary(Operation::Equal, a, b), mean,
                    builder.add(Operation::Select, {first, orZero(da), orZero(db)})});
    }

    /** The derivative of a^b with respect to a: b a^(b-1) a', and 0 where b = 0. */
    int differentiateBase(int a, int b, int da) {
        if (da == Zero)
            return Zero;
        int factor =
                binary(Operation::Mul, b, binary(Operation::Pow, a, binary(Operation::Sub, b, builder.literal(1))));
        int zero = builder.literal(0);
        return times(builder.add(Operation::Select, {binary(Operation::Equal, b, zero), zero, factor}), da);
    }

    /** The derivative of a^b with respect to b: a^b ln a b', and 0 where a = 0 and b >= 0. */
    int differentiateExponent(int a, int b, int y, int db) {
        if (db == Zero)
            return Zero;
        int zero = builder.literal(0);
        int vanishes = binary(Operation::Mul, binary(Operation::Equal, a, zero), binary(Operation::LessEqual, zero, b));
        return times(
                builder.add(Operation::Select, {vanishes, zero, binary(Operation::Mul, y, unary(Operation::Log, a))}),
                db);
    }

    /** The derivative of a maximum: the mean of x' over all elements that are equal to the maximum. */
    int differentiateMax(const ProgramStep& step, int x, int y, int dx) {
        int outer = step.integers[0], middle = step.integers[1], inner = step.integers[2];
        vector<int> indices;
        for (int o = 0; o < outer; o++)
            for (int m = 0; m < middle; m++)
                for (int i = 0; i < inner; i++)
                    indices.push_back(o * inner + i);
        int largest = binary(Operation::Equal, x, builder.add(Operation::Gather, {y}, indices));
        int chosen = builder.add(Operation::Select, {largest, dx, builder.literal(0)});
        return binary(Operation::Div, builder.add(Operation::Sum, {chosen}, step.integers),
                builder.add(Operation::Sum, {largest}, step.integers));
    }

    const TensorProgram& program;
    int slot, element;
    ProgramBuilder builder;
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
