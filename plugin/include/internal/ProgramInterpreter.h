// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/operations.h"
#include "TensorProgram.h"
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <vector>

namespace LearnedPairPlugin {

/**
 * Runs a program for blocks of pairs, one step after the other for the whole block.
 *
 * A value is stored as [element][lane], one lane for each pair, so that the inner loops go over the pairs. Values that
 * depend on constants and global parameters alone have one lane. Values whose last use is over give their memory to
 * later ones, so that a block stays in cache.
 *
 * @tparam Real   the type of the arithmetic
 * @tparam Lanes  the number of pairs in a block
 */
template<class Real, int Lanes> class ProgramInterpreter {
public:
    explicit ProgramInterpreter(const TensorProgram& program) : program(program) {
        allocate();
        for (size_t i = 0; i < program.getSteps().size(); i++) {
            const ProgramStep& step = program.getSteps()[i];
            for (size_t k = 0; k < step.numbers.size(); k++)
                values[i].data[k] = (Real) step.numbers[k];
            if (isInput(step.operation))
                inputs[step.operation] = values[i].data;
        }
    }
    ProgramInterpreter(const ProgramInterpreter&) = delete;
    ProgramInterpreter& operator=(const ProgramInterpreter&) = delete;
    /**
     * Get where to write an input, shape [length][Lanes], or [length] for globals; nullptr if the program does not use
     * it. All lanes must hold something that can be computed with.
     */
    Real* getInput(Operation input) {
        auto position = inputs.find(input);
        return position == inputs.end() ? nullptr : position->second;
    }
    /** Compute all values from the inputs. */
    void run() {
        for (size_t i = 0; i < program.getSteps().size(); i++)
            if (values[i].numLanes == Lanes)
                runStep<Lanes>(program.getSteps()[i], values[i]);
            else
                runStep<1>(program.getSteps()[i], values[i]);
    }
    /** Get one element of an output for one lane. */
    Real getOutput(int output, int element, int lane) const {
        const Value& value = values[program.getOutputs()[output]];
        return value.data[value.numLanes == 1 ? element : element * Lanes + lane];
    }

private:
    struct Value {
        Real* data;
        int size, numLanes;
    };

    /** Give every value its memory: constants, inputs and outputs their own, others some that is free by then. */
    void allocate() {
        const std::vector<ProgramStep>& steps = program.getSteps();
        std::vector<int> lastUse(steps.size(), -1);
        for (size_t i = 0; i < steps.size(); i++)
            for (int operand : steps[i].operands)
                lastUse[operand] = i;
        for (size_t i = 0; i < steps.size(); i++)
            if (isConstant(steps[i].operation) || isInput(steps[i].operation))
                lastUse[i] = steps.size();
        for (int output : program.getOutputs())
            lastUse[output] = steps.size();
        std::multimap<int, Real*> unused; // by size
        for (size_t i = 0; i < steps.size(); i++) {
            int numLanes = findNumLanes(steps[i]), size = steps[i].size * numLanes;
            auto position = unused.find(size);
            bool mayReuse = !isConstant(steps[i].operation) &&
                    !isInput(steps[i].operation); // those are written before any step is run
            Real* data;
            if (mayReuse && position != unused.end()) {
                data = position->second;
                unused.erase(position);
            }
            else {
                memory.emplace_back(new Real[size]());
                data = memory.back().get();
            }
            values.push_back({data, steps[i].size, numLanes});
            std::vector<int> operands = steps[i].operands;
            std::sort(operands.begin(), operands.end());
            operands.erase(std::unique(operands.begin(), operands.end()), operands.end());
            operands.push_back(i); // itself, if nobody uses it
            for (int operand : operands)
                if (lastUse[operand] == (int) i || (operand == (int) i && lastUse[i] < 0))
                    unused.insert({values[operand].size * values[operand].numLanes, values[operand].data});
        }
    }

    int findNumLanes(const ProgramStep& step) const {
        if (isInput(step.operation))
            return step.operation == Operation::Globals ? 1 : Lanes;
        for (int operand : step.operands)
            if (values[operand].numLanes == Lanes)
                return Lanes;
        return 1;
    }

    /** Get one element of an operand for all lanes; elements of values with one lane are spread over the given memory.
     */
    template<int N> const Real* getLanes(const Value& value, int element, Real* spread) const {
        const Real* data = value.data + (value.size == 1 ? 0 : element) * value.numLanes;
        if (value.numLanes == N)
            return data;
        std::fill_n(spread, N, *data);
        return spread;
    }

    template<int N, class Function> void map(const ProgramStep& step, const Value& result, Function function) {
        const Value& x = values[step.operands[0]];
        Real spread[N];
        for (int e = 0; e < result.size; e++) {
            const Real* a = getLanes<N>(x, e, spread);
            Real* out = result.data + e * N;
            for (int k = 0; k < N; k++)
                out[k] = function(a[k]);
        }
    }

    template<int N, class Function> void map2(const ProgramStep& step, const Value& result, Function function) {
        const Value &x = values[step.operands[0]], &y = values[step.operands[1]];
        Real spreadX[N], spreadY[N];
        for (int e = 0; e < result.size; e++) {
            const Real *a = getLanes<N>(x, e, spreadX), *b = getLanes<N>(y, e, spreadY);
            Real* out = result.data + e * N;
            for (int k = 0; k < N; k++)
                out[k] = function(a[k], b[k]);
        }
    }

    template<int N> void select(const ProgramStep& step, const Value& result) {
        const Value &c = values[step.operands[0]], &x = values[step.operands[1]], &y = values[step.operands[2]];
        Real spreadC[N], spreadX[N], spreadY[N];
        for (int e = 0; e < result.size; e++) {
            const Real *choice = getLanes<N>(c, e, spreadC), *a = getLanes<N>(x, e, spreadX),
                       *b = getLanes<N>(y, e, spreadY);
            Real* out = result.data + e * N;
            for (int k = 0; k < N; k++)
                out[k] = (choice[k] != 0 ? a[k] : b[k]);
        }
    }

    template<int N> void copyElement(const Value& x, int element, Real* out) {
        Real spread[N];
        std::copy_n(getLanes<N>(x, element, spread), N, out);
    }

    template<int N, class Function> void reduce(const ProgramStep& step, const Value& result, Function function) {
        const Value& x = values[step.operands[0]];
        int outer = step.integers[0], middle = step.integers[1], inner = step.integers[2];
        for (int o = 0; o < outer; o++)
            for (int i = 0; i < inner; i++) {
                Real* out = result.data + (o * inner + i) * N;
                copyElement<N>(x, o * middle * inner + i, out);
                for (int m = 1; m < middle; m++) {
                    const Real* a = x.data + ((o * middle + m) * inner + i) * N;
                    for (int k = 0; k < N; k++)
                        out[k] = function(out[k], a[k]);
                }
            }
    }

    /** Four rows at a time, so that each element of x is read once for all of them. */
    template<int N> void multiply(const ProgramStep& step, const Value& result) {
        const Real* matrix = values[step.operands[0]].data;
        const Value& x = values[step.operands[1]];
        int row = 0;
        for (; row + 4 <= result.size; row += 4)
            multiplyRows<N, 4>(matrix + row * x.size, x, result.data + row * N);
        for (; row < result.size; row++)
            multiplyRows<N, 1>(matrix + row * x.size, x, result.data + row * N);
    }

    template<int N, int Rows> void multiplyRows(const Real* matrix, const Value& x, Real* out) {
        Real sum[Rows][N] = {};
        for (int column = 0; column < x.size; column++) {
            const Real* a = x.data + column * N;
            for (int row = 0; row < Rows; row++) {
                Real weight = matrix[row * x.size + column];
                for (int k = 0; k < N; k++)
                    sum[row][k] += weight * a[k];
            }
        }
        for (int row = 0; row < Rows; row++)
            std::copy_n(sum[row], N, out + row * N);
    }

    template<int N> void lookUp(const ProgramStep& step, const Value& result) {
        const Value &index = values[step.operands[0]], &rows = values[step.operands[1]];
        int width = step.integers[0], numRows = rows.size / width;
        for (int e = 0; e < index.size; e++)
            for (int k = 0; k < N; k++) {
                int row = findRow(index.data[e * N + k], numRows);
                for (int i = 0; i < width; i++)
                    result.data[(e * width + i) * N + k] = rows.data[row * width + i];
            }
    }

    static int findRow(Real index, int numRows) {
        if (!(index > -numRows))
            return 0;
        if (index >= numRows)
            return numRows - 1;
        int row = (int) index;
        return row < 0 ? row + numRows : row;
    }

    template<int N, bool Slope> void evaluateTable(const ProgramStep& step, const Value& result) {
        const Value &r = values[step.operands[0]], &data = values[step.operands[1]];
        int numKnots = step.integers[0], n = result.size;
        Real first = data.data[0], h = (data.data[1] - first) / (numKnots - 1);
        for (int k = 0; k < N; k++) {
            Real x = (r.data[k] - first) / h;
            int knot = (x > 0 ? (int) std::min(x, (Real) (numKnots - 2)) : 0);
            Real t = x - knot, s = 1 - t;
            const Real *begin = data.data + 2 + knot * 2 * n, *end = begin + 2 * n;
            for (int i = 0; i < n; i++) {
                Real e0 = begin[i], e1 = end[i], d0 = h * begin[n + i], d1 = h * end[n + i];
                result.data[i * N + k] =
                        (Slope ? (6 * t * s * (e1 - e0) + s * (1 - 3 * t) * d0 + t * (3 * t - 2) * d1) / h
                               : s * s * ((1 + 2 * t) * e0 + t * d0) + t * t * ((3 - 2 * t) * e1 - s * d1));
            }
        }
    }

    template<int N> void runStep(const ProgramStep& step, const Value& result) {
        switch (step.operation) {
            case Operation::Distance:
            case Operation::Particle1:
            case Operation::Particle2:
            case Operation::Pair:
            case Operation::Globals:
            case Operation::Literal:
            case Operation::Weight: break;
            case Operation::Neg: map<N>(step, result, [](Real x) { return -x; }); break;
            case Operation::Abs: map<N>(step, result, [](Real x) { return std::abs(x); }); break;
            case Operation::Floor: map<N>(step, result, [](Real x) { return std::floor(x); }); break;
            case Operation::Sqrt: map<N>(step, result, [](Real x) { return std::sqrt(x); }); break;
            case Operation::Exp: map<N>(step, result, [](Real x) { return std::exp(x); }); break;
            case Operation::Expm1: map<N>(step, result, [](Real x) { return std::expm1(x); }); break;
            case Operation::Log: map<N>(step, result, [](Real x) { return std::log(x); }); break;
            case Operation::Log1p: map<N>(step, result, [](Real x) { return std::log1p(x); }); break;
            case Operation::Sin: map<N>(step, result, [](Real x) { return std::sin(x); }); break;
            case Operation::Cos: map<N>(step, result, [](Real x) { return std::cos(x); }); break;
            case Operation::Tanh: map<N>(step, result, [](Real x) { return std::tanh(x); }); break;
            case Operation::Sigmoid: map<N>(step, result, [](Real x) { return 1 / (1 + std::exp(-x)); }); break;
            case Operation::Erf: map<N>(step, result, [](Real x) { return std::erf(x); }); break;
            case Operation::Erfc: map<N>(step, result, [](Real x) { return std::erfc(x); }); break;
            case Operation::Add: map2<N>(step, result, [](Real x, Real y) { return x + y; }); break;
            case Operation::Sub: map2<N>(step, result, [](Real x, Real y) { return x - y; }); break;
            case Operation::Mul: map2<N>(step, result, [](Real x, Real y) { return x * y; }); break;
            case Operation::Div: map2<N>(step, result, [](Real x, Real y) { return x / y; }); break;
            case Operation::Pow: map2<N>(step, result, [](Real x, Real y) { return std::pow(x, y); }); break;
            case Operation::Minimum:
                map2<N>(step, result, [](Real x, Real y) { return x < y || x != x ? x : y; });
                break;
            case Operation::Maximum:
                map2<N>(step, result, [](Real x, Real y) { return x > y || x != x ? x : y; });
                break;
            case Operation::Less: map2<N>(step, result, [](Real x, Real y) { return (Real) (x < y); }); break;
            case Operation::LessEqual: map2<N>(step, result, [](Real x, Real y) { return (Real) (x <= y); }); break;
            case Operation::Equal: map2<N>(step, result, [](Real x, Real y) { return (Real) (x == y); }); break;
            case Operation::Select: select<N>(step, result); break;
            case Operation::Gather:
                for (int i = 0; i < result.size; i++)
                    copyElement<N>(values[step.operands[0]], step.integers[i], result.data + i * N);
                break;
            case Operation::Concat: {
                Real* out = result.data;
                for (int operand : step.operands)
                    for (int i = 0; i < values[operand].size; i++, out += N)
                        copyElement<N>(values[operand], i, out);
                break;
            }
            case Operation::Sum: reduce<N>(step, result, [](Real x, Real y) { return x + y; }); break;
            case Operation::Max: reduce<N>(step, result, [](Real x, Real y) { return x > y || x != x ? x : y; }); break;
            case Operation::Linear: multiply<N>(step, result); break;
            case Operation::Lookup: lookUp<N>(step, result); break;
            case Operation::Table: evaluateTable<N, false>(step, result); break;
            case Operation::TableSlope: evaluateTable<N, true>(step, result); break;
        }
    }

    const TensorProgram program;
    std::vector<std::unique_ptr<Real[]>> memory;
    std::vector<Value> values; // of each step
    std::map<Operation, Real*> inputs;
};

} // namespace LearnedPairPlugin
