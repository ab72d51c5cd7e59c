// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// The instructions of a program, each for a whole batch. docs/program.md defines what they compute.
#pragma once

#include "functions.h"
#include "programTypes.h"

namespace {

using namespace LearnedPairPlugin;

inline Mask isNaN(const Floats& x) {
    return fromBits(~toBits(equal(x, x)));
}

inline Mask lessEqual(const Floats& x, const Floats& y) {
    return fromBits(toBits(less(x, y)) | toBits(equal(x, y)));
}

inline Floats toNumbers(Mask mask) {
    return select(mask, splat(1.0f), Floats{});
}

/** One element of an operand, for all items of a batch. An operand of length 1 is broadcast. */
struct Element {
    Element(const ProgramValue& value, int index, int batchSize) :
            data(value.data + (value.size == 1 ? 0 : index) * (value.isConstant ? 1 : batchSize)),
            isConstant(value.isConstant) {}
    /** The items from a given one on, one in each lane. */
    Floats operator[](int item) const {
        return isConstant ? splat(*data) : load(data + item);
    }
    const float* data;
    bool isConstant;
};

/** Whether an operand has the memory layout of the result. */
inline bool isFlat(const ProgramValue& operand, const ProgramValue& result) {
    return !operand.isConstant && operand.size == result.size;
}

/** Whether an operand is a single constant number. */
inline bool isNumber(const ProgramValue& operand) {
    return operand.isConstant && operand.size == 1;
}

/** Compute each vector of a result from the vectors at the same offset in the operands: two vectors at a time, which a
 * processor computes in parallel. */
template<class Compute> inline void forAll(const ProgramInstruction& step, Compute compute) {
    float* result = step.result.data;
    for (int i = 0, size = step.result.size * step.batchSize; i < size; i += 2 * Width) {
        Floats first = compute(i), second = compute(i + Width);
        store(first, result + i);
        store(second, result + i + Width);
    }
}

/** An elementwise operation, which Function::of() computes. There are variants for common layouts of the operands. */
template<class Function> struct Elementwise {
    static void oneFlat(const ProgramInstruction& step) {
        const float* x = step.operands[0].data;
        forAll(step, [=](int i) { return Function::of(load(x + i), Floats{}, Floats{}); });
    }
    static void twoFlat(const ProgramInstruction& step) {
        const float *x = step.operands[0].data, *y = step.operands[1].data;
        forAll(step, [=](int i) { return Function::of(load(x + i), load(y + i), Floats{}); });
    }
    static void flatAndNumber(const ProgramInstruction& step) {
        const float* x = step.operands[0].data;
        Floats y = splat(*step.operands[1].data);
        forAll(step, [=](int i) { return Function::of(load(x + i), y, Floats{}); });
    }
    static void numberAndFlat(const ProgramInstruction& step) {
        const float* y = step.operands[1].data;
        Floats x = splat(*step.operands[0].data);
        forAll(step, [=](int i) { return Function::of(x, load(y + i), Floats{}); });
    }
    static void any(const ProgramInstruction& step) {
        const int second = (Function::NumOperands > 1 ? 1 : 0), third = (Function::NumOperands > 2 ? 2 : 0);
        for (int e = 0; e < step.result.size; e++) {
            Element x(step.operands[0], e, step.batchSize), y(step.operands[second], e, step.batchSize),
                    z(step.operands[third], e, step.batchSize);
            for (int item = 0; item < step.batchSize; item += Width)
                store(Function::of(x[item], y[item], z[item]), step.result.data + e * step.batchSize + item);
        }
    }
    static void select(ProgramInstruction& step) {
        bool isFlat0 = isFlat(step.operands[0], step.result);
        step.run = any;
        if (Function::NumOperands == 1 && isFlat0)
            step.run = oneFlat;
        if (Function::NumOperands == 2) {
            bool isFlat1 = isFlat(step.operands[1], step.result);
            if (isFlat0 && isFlat1)
                step.run = twoFlat;
            else if (isFlat0 && isNumber(step.operands[1]))
                step.run = flatAndNumber;
            else if (isFlat1 && isNumber(step.operands[0]))
                step.run = numberAndFlat;
        }
    }
};

inline void copyElement(const ProgramValue& from, int index, int batchSize, float* to) {
    Element x(from, index, batchSize);
    for (int item = 0; item < batchSize; item += Width)
        store(x[item], to + item);
}

inline void gather(const ProgramInstruction& step) {
    for (int i = 0; i < step.result.size; i++)
        copyElement(step.operands[0], step.integers[i], step.batchSize, step.result.data + i * step.batchSize);
}

inline void concatenate(const ProgramInstruction& step) {
    float* to = step.result.data;
    for (int operand = 0; operand < step.numOperands; operand++)
        for (int i = 0; i < step.operands[operand].size; i++, to += step.batchSize)
            copyElement(step.operands[operand], i, step.batchSize, to);
}

template<class Function> void reduce(const ProgramInstruction& step) {
    int outer = step.integers[0], middle = step.integers[1], inner = step.integers[2];
    for (int o = 0; o < outer; o++)
        for (int i = 0; i < inner; i++)
            for (int item = 0; item < step.batchSize; item += Width) {
                Floats result = Element(step.operands[0], o * middle * inner + i, step.batchSize)[item];
                for (int m = 1; m < middle; m++)
                    result = Function::of(result,
                            Element(step.operands[0], (o * middle + m) * inner + i, step.batchSize)[item], Floats{});
                store(result, step.result.data + (o * inner + i) * step.batchSize + item);
            }
}

// Unrolls a loop over an array of vectors: the compiler keeps the array in registers only if all indices are constants.
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define UNROLL _Pragma("GCC unroll 16")
#else
#define UNROLL
#endif

/** Multiply some rows of a matrix with x for two vectors of items, and add start if it is not null. The sums stay in
 * registers. */
template<int Rows>
void multiplyRows(const float* matrix, int row, int numColumns, const float* x, const ProgramValue* start, int item,
        int batchSize, float* result) {
    const int Parts = (Rows < 3 ? 4 : 1); // few sums are divided into parts, whose additions run in parallel
    const float* weights = matrix + row * numColumns;
    Floats sums[Parts][Rows][2];
    UNROLL for (int k = 0; k < Rows; k++) {
        if (start == nullptr)
            sums[0][k][0] = sums[0][k][1] = Floats{};
        else {
            Element element(*start, row + k, batchSize);
            sums[0][k][0] = element[item];
            sums[0][k][1] = element[item + Width];
        }
        UNROLL for (int part = 1; part < Parts; part++) sums[part][k][0] = sums[part][k][1] = Floats{};
    }
    int column = 0;
    for (; column + Parts <= numColumns; column += Parts)
        UNROLL for (int part = 0; part < Parts; part++) {
            Floats first = load(x + (column + part) * batchSize),
                   second = load(x + (column + part) * batchSize + Width);
            UNROLL for (int k = 0; k < Rows; k++) {
                float weight = weights[k * numColumns + column + part];
                sums[part][k][0] += weight * first;
                sums[part][k][1] += weight * second;
            }
        }
    for (; column < numColumns; column++) {
        Floats first = load(x + column * batchSize), second = load(x + column * batchSize + Width);
        UNROLL for (int k = 0; k < Rows; k++) {
            float weight = weights[k * numColumns + column];
            sums[0][k][0] += weight * first;
            sums[0][k][1] += weight * second;
        }
    }
    UNROLL for (int k = 0; k < Rows; k++) {
        UNROLL for (int part = 1; part < Parts; part++) {
            sums[0][k][0] += sums[part][k][0];
            sums[0][k][1] += sums[part][k][1];
        }
        store(sums[0][k][0], result + (row + k) * batchSize);
        store(sums[0][k][1], result + (row + k) * batchSize + Width);
    }
}

#if defined(__AVX512F__) || defined(__aarch64__)
const int MaxRows = 8; // 16 sums, of 32 registers
#else
const int MaxRows = 6; // 12 sums, of 16 registers
#endif

/** Multiply a matrix with a vector, and add the third operand, the bias, if there is one. */
inline void multiply(const ProgramInstruction& step) {
    const float* matrix = step.operands[0].data;
    const ProgramValue* start = (step.numOperands > 2 ? &step.operands[2] : nullptr);
    int numRows = step.result.size, numColumns = step.operands[1].size;
    for (int item = 0; item < step.batchSize; item += 2 * Width) {
        const float* x = step.operands[1].data + item;
        float* result = step.result.data + item;
        int row = 0;
        for (; row + MaxRows <= numRows; row += MaxRows)
            multiplyRows<MaxRows>(matrix, row, numColumns, x, start, item, step.batchSize, result);
        for (; row + 4 <= numRows; row += 4)
            multiplyRows<4>(matrix, row, numColumns, x, start, item, step.batchSize, result);
        for (; row + 2 <= numRows; row += 2)
            multiplyRows<2>(matrix, row, numColumns, x, start, item, step.batchSize, result);
        for (; row < numRows; row++)
            multiplyRows<1>(matrix, row, numColumns, x, start, item, step.batchSize, result);
    }
}

/** Set a value of `size` elements, for Width items: those of item k are the numbers at row(k). */
template<class Row> inline void loadColumns(Row row, int size, int batchSize, float* data) {
    for (int column = 0; column < size; column += 4) {
        Floats columns[4];
        loadTransposed([&](int k) { return row(k) + column; }, columns[0], columns[1], columns[2], columns[3]);
        for (int k = 0; k < 4 && column + k < size; k++)
            store(columns[k], data + (column + k) * batchSize);
    }
}

/** Find the row of a lookup (docs/program.md, section 3): negative indices count from the end. */
inline int findRow(float index, int numRows) {
    if (!(index > -numRows))
        return 0;
    if (index >= numRows)
        return numRows - 1;
    int row = (int) index;
    return row < 0 ? row + numRows : row;
}

inline void lookUp(const ProgramInstruction& step) {
    const ProgramValue &index = step.operands[0], &rows = step.operands[1];
    int width = step.integers[0], numRows = rows.size / width;
    for (int e = 0; e < index.size; e++)
        for (int item = 0; item < step.batchSize; item += Width)
            loadColumns(
                    [&](int k) {
                        return rows.data +
                                width *
                                findRow(index.data[index.isConstant ? e : e * step.batchSize + item + k], numRows);
                    },
                    width, step.batchSize, step.result.data + e * width * step.batchSize + item);
}

/** Evaluate the curves of a table at a distance, or their derivatives (docs/program.md, section 4). */
template<bool Derivative> inline void evaluateCurves(const ProgramInstruction& step) {
    const ProgramValue& r = step.operands[0];
    const float* data = step.operands[1].data;
    int numKnots = step.integers[0], n = step.result.size;
    float first = data[0], h = (data[1] - first) / (numKnots - 1);
    for (int item = 0; item < step.batchSize; item += Width) {
        Floats x = (Element(r, 0, step.batchSize)[item] - first) / h;
        Ints knot = toInts(min(max(x, Floats{}), splat((float) (numKnots - 2)))); // 0 for NaN
        Floats t = x - toFloats(knot), s = 1 - t;
        Floats value0, value1, slope0, slope1; // the Hermite basis functions of the values and slopes at both ends
        if (Derivative) {
            value1 = 6 * t * s / h;
            value0 = -value1;
            slope0 = s * (1 - 3 * t);
            slope1 = t * (3 * t - 2);
        }
        else {
            value0 = s * s * (1 + 2 * t);
            value1 = t * t * (3 - 2 * t);
            slope0 = s * s * t * h;
            slope1 = -t * t * s * h;
        }
        int32_t knots[Width];
        store(knot, knots);
        for (int column = 0; column < n; column += 4) {
            Floats e0[4], e1[4], d0[4], d1[4];
            loadTransposed([&](int k) { return data + 2 + knots[k] * 2 * n + column; }, e0[0], e0[1], e0[2], e0[3]);
            loadTransposed([&](int k) { return data + 2 + knots[k] * 2 * n + n + column; }, d0[0], d0[1], d0[2], d0[3]);
            loadTransposed(
                    [&](int k) { return data + 2 + knots[k] * 2 * n + 2 * n + column; }, e1[0], e1[1], e1[2], e1[3]);
            loadTransposed(
                    [&](int k) { return data + 2 + knots[k] * 2 * n + 3 * n + column; }, d1[0], d1[1], d1[2], d1[3]);
            for (int k = 0; k < 4 && column + k < n; k++)
                store(value0 * e0[k] + value1 * e1[k] + slope0 * d0[k] + slope1 * d1[k],
                        step.result.data + (column + k) * step.batchSize + item);
        }
    }
}

// The functions of the elementwise operations, for struct Elementwise.
#define ELEMENTWISE(name, text, numOperands, value, simd, kernel, properties)                                          \
    struct name {                                                                                                      \
        static const int NumOperands = numOperands;                                                                    \
        static Floats of([[maybe_unused]] const Floats& x, [[maybe_unused]] const Floats& y,                           \
                [[maybe_unused]] const Floats& z) {                                                                    \
            return simd;                                                                                               \
        }                                                                                                              \
    };
#include "internal/elementwise.def"

/** See SimdBackend::selectInstruction. */
inline void selectInstruction(ProgramInstruction& step) {
    switch (step.operation) {
        case Operation::Input:
        case Operation::Literal:
        case Operation::Weight: break; // nothing to run
#define ELEMENTWISE(name, text, numOperands, value, simd, kernel, properties)                                          \
    case Operation::name: Elementwise<name>::select(step); break;
#include "internal/elementwise.def"
        case Operation::Gather: step.run = gather; break;
        case Operation::Concat: step.run = concatenate; break;
        case Operation::Sum: step.run = reduce<Add>; break;
        case Operation::Max: step.run = reduce<Maximum>; break;
        case Operation::Linear: step.run = multiply; break;
        case Operation::Lookup: step.run = lookUp; break;
        case Operation::Table: step.run = evaluateCurves<false>; break;
        case Operation::TableSlope: step.run = evaluateCurves<true>; break;
    }
}

} // namespace
