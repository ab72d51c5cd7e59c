// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/BatchArithmetic.h"
#include "internal/hermite.h"
#include "internal/operations.h"
#include "TensorProgram.h"
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <type_traits>
#include <vector>

namespace LearnedPairPlugin {

/**
 * Runs a program for a batch of items. Each step runs for the whole batch before the next step. An item is a pair of
 * particles, or one particle.
 *
 * Values are stored as [element][item], so that the inner loops go over the items and the compiler can vectorize them.
 * Values that depend only on constants and global parameters are the same for all items and are stored once, as
 * [element]. Liveness analysis: the memory of a value that is no longer used is reused for later values, so that a
 * batch stays in the cache.
 *
 * In double precision with 16 items, BatchArithmetic computes matrix products, exp, sigmoid and tanh.
 *
 * @tparam Real       the type of the arithmetic
 * @tparam BatchSize  the number of items in a batch
 */
template<class Real, int BatchSize> class ProgramInterpreter {
public:
    explicit ProgramInterpreter(const TensorProgram& program) : program(program) {
        allocate();
        for (size_t i = 0; i < program.getSteps().size(); i++) {
            const ProgramStep& step = program.getSteps()[i];
            for (size_t k = 0; k < step.constants.size(); k++)
                values[i].data[k] = (Real) step.constants[k];
            if (isInput(step.operation))
                inputs[step.slot] = values[i].data;
        }
    }
    ProgramInterpreter(const ProgramInterpreter&) = delete;
    ProgramInterpreter& operator=(const ProgramInterpreter&) = delete;
    /**
     * Get a pointer to the memory of an input, to which the caller writes its values before run(). The shape is
     * [length][BatchSize], or [length] for an input of the level Global. Unused items must hold finite numbers.
     *
     * @param slot  the slot of the input in the program's signature
     * @return the pointer, or nullptr if the program does not read the input
     */
    Real* getInput(int slot) {
        auto position = inputs.find(slot);
        return position == inputs.end() ? nullptr : position->second;
    }
    /** Run all steps. */
    void run() {
        for (size_t i = 0; i < program.getSteps().size(); i++)
            if (values[i].numItems == BatchSize)
                runStep<BatchSize>(program.getSteps()[i], values[i]);
            else
                runStep<1>(program.getSteps()[i], values[i]);
    }
    /** Get one element of an output for one item. */
    Real getOutput(int output, int element, int item) const {
        const Value& value = values[program.getOutputs()[output]];
        return value.data[value.numItems == 1 ? element : element * BatchSize + item];
    }

private:
    struct Value {
        Real* data;
        int size, numItems; ///< numItems is BatchSize, or 1 if the value is the same for all items
    };

    /** Allocate the values. All but constants and inputs may use the memory of earlier values that are dead. */
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
            int numItems = findNumItems(steps[i]), size = steps[i].size * numItems;
            auto position = unused.find(size);
            bool mayReuse = !isConstant(steps[i].operation) &&
                    !isInput(steps[i].operation); // constants and inputs are written before the first step runs
            Real* data;
            if (mayReuse && position != unused.end()) {
                data = position->second;
                unused.erase(position);
            }
            else {
                memory.emplace_back(new Real[size]());
                data = memory.back().get();
            }
            values.push_back({data, steps[i].size, numItems});
            std::vector<int> operands = steps[i].operands;
            std::sort(operands.begin(), operands.end());
            operands.erase(std::unique(operands.begin(), operands.end()), operands.end());
            operands.push_back(i); // the memory of the value itself is free if no step uses it
            for (int operand : operands)
                if (lastUse[operand] == (int) i || (operand == (int) i && lastUse[i] < 0))
                    unused.insert({values[operand].size * values[operand].numItems, values[operand].data});
        }
    }

    int findNumItems(const ProgramStep& step) const {
        if (isInput(step.operation))
            return program.getSignature().getInputs()[step.slot].level == InputLevel::Global ? 1 : BatchSize;
        for (int operand : step.operands)
            if (values[operand].numItems == BatchSize)
                return BatchSize;
        return 1;
    }

    /** Get one element of an operand for N items. An element that is stored once is broadcast into the buffer. */
    template<int N> const Real* getItems(const Value& value, int element, Real* buffer) const {
        const Real* data = value.data + (value.size == 1 ? 0 : element) * value.numItems;
        if (value.numItems == N)
            return data;
        std::fill_n(buffer, N, *data);
        return buffer;
    }

    /** Compute an elementwise operation. The function has three arguments and uses the first NumOperands of them. */
    template<int N, int NumOperands, class Function>
    void mapElements(const ProgramStep& step, const Value& result, Function function) {
        Real buffers[NumOperands][N];
        const Real* operands[3];
        for (int e = 0; e < result.size; e++) {
            for (int i = 0; i < 3; i++) // unused arguments point to the first operand
                operands[i] = (i < NumOperands ? getItems<N>(values[step.operands[i]], e, buffers[i]) : operands[0]);
            const Real *x = operands[0], *y = operands[1], *z = operands[2];
            Real* out = result.data + e * N;
            for (int k = 0; k < N; k++)
                out[k] = function(x[k], y[k], z[k]);
        }
    }

    template<int N> void concatenate(const ProgramStep& step, const Value& result) {
        Real* out = result.data;
        for (int operand : step.operands)
            for (int i = 0; i < values[operand].size; i++, out += N)
                copyElement<N>(values[operand], i, out);
    }

    template<int N> void copyElement(const Value& x, int element, Real* out) {
        Real buffer[N];
        std::copy_n(getItems<N>(x, element, buffer), N, out);
    }

    /** Reduce an array [outer][middle][inner] over its middle index. */
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

    /** Multiply a matrix and a vector, four rows at a time: each element of the vector is read once for four rows. */
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

    /** Convert the index of a lookup to a row. Negative indices count from the end. The row is clamped to the table. */
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
            Real t = x - knot;
            const Real *begin = data.data + 2 + knot * 2 * n, *end = begin + 2 * n;
            for (int i = 0; i < n; i++) {
                Real e0 = begin[i], e1 = end[i], d0 = h * begin[n + i], d1 = h * end[n + i];
                result.data[i * N + k] =
                        (Slope ? Hermite::derivative(t, e0, e1, d0, d1) / h : Hermite::value(t, e0, e1, d0, d1));
            }
        }
    }

    /** Run a step with BatchArithmetic, if that has a function for it. @return whether it has */
    template<int N> bool runWithBatchArithmetic(const ProgramStep& step, const Value& result) {
        if constexpr (std::is_same_v<Real, double> && N == BatchArithmetic::BatchSize) {
            if (step.operation == Operation::Linear) {
                const Value& x = values[step.operands[1]];
                arithmetic.multiply(values[step.operands[0]].data, result.size, x.size, x.data, result.data);
                return true;
            }
            auto combine = (step.operation == Operation::Add   ? arithmetic.add
                            : step.operation == Operation::Sub ? arithmetic.subtract
                            : step.operation == Operation::Mul ? arithmetic.multiplyElements
                                                               : nullptr);
            if (combine != nullptr) {
                auto getOperand = [&](int index) {
                    const Value& x = values[step.operands[index]];
                    return BatchOperand{x.data, x.size == 1 ? 0 : x.numItems, x.numItems == N};
                };
                combine(getOperand(0), getOperand(1), result.data, result.size);
                return true;
            }
            auto function = (step.operation == Operation::Exp      ? arithmetic.exp
                            : step.operation == Operation::Sigmoid ? arithmetic.sigmoid
                            : step.operation == Operation::Tanh    ? arithmetic.tanh
                                                                   : nullptr);
            if (function != nullptr) // its only operand has the shape of the result
                function(values[step.operands[0]].data, result.data, result.size * N);
            return function != nullptr;
        }
        return false;
    }

    template<int N> void runStep(const ProgramStep& step, const Value& result) {
        if (runWithBatchArithmetic<N>(step, result))
            return;
        switch (step.operation) {
            case Operation::Input:
            case Operation::Literal:
            case Operation::Weight: break; // already written
#define ELEMENTWISE(name, text, numOperands, value, simd, kernel, properties)                                          \
    case Operation::name:                                                                                              \
        mapElements<N, numOperands>(                                                                                   \
                step, result, []([[maybe_unused]] Real x, [[maybe_unused]] Real y, [[maybe_unused]] Real z) -> Real {  \
                    return value;                                                                                      \
                });                                                                                                    \
        break;
#include "internal/elementwise.def"
            case Operation::Gather:
                for (int i = 0; i < result.size; i++)
                    copyElement<N>(values[step.operands[0]], step.integers[i], result.data + i * N);
                break;
            case Operation::Concat: concatenate<N>(step, result); break;
            case Operation::Sum: reduce<N>(step, result, [](Real x, Real y) { return x + y; }); break;
            case Operation::Max: reduce<N>(step, result, [](Real x, Real y) { return x > y || x != x ? x : y; }); break;
            case Operation::Linear: multiply<N>(step, result); break;
            case Operation::Lookup: lookUp<N>(step, result); break;
            case Operation::Table: evaluateTable<N, false>(step, result); break;
            case Operation::TableSlope: evaluateTable<N, true>(step, result); break;
        }
    }

    const TensorProgram program;
    const BatchArithmetic& arithmetic = BatchArithmetic::get();
    std::vector<std::unique_ptr<Real[]>> memory;
    std::vector<Value> values;   // by step
    std::map<int, Real*> inputs; // by slot
};

} // namespace LearnedPairPlugin
