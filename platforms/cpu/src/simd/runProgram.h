// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// The steps of a program, each for all lanes. docs/program.md says what they compute.
#pragma once

#include "functions.h"
#include "Kernels.h"

namespace {

using namespace LearnedPairPlugin;

inline Mask isNaN(const Floats& x) {
    return fromBits(~toBits(equal(x, x)));
}

inline Floats toNumbers(Mask mask) {
    return select(mask, splat(1.0f), Floats{});
}

/** One element of an operand; an operand of length 1 has the same for all. */
struct Element {
    Element(const ProgramValue& value, int index, int lanes) :
            data(value.data + (value.size == 1 ? 0 : index) * (value.isConstant ? 1 : lanes)),
            isConstant(value.isConstant) {}
    /** The lanes from one on. */
    Floats operator[](int lane) const {
        return isConstant ? splat(*data) : load(data + lane);
    }
    const float* data;
    bool isConstant;
};

/** Whether all elements of an operand lie side by side as those of the result do. */
inline bool isFlat(const ProgramValue& operand, const ProgramValue& result) {
    return !operand.isConstant && operand.size == result.size;
}

/** Whether an operand is one number for all. */
inline bool isNumber(const ProgramValue& operand) {
    return operand.isConstant && operand.size == 1;
}

/** Compute a result of some size from what lies at the same places: two vectors at a time, which a processor computes
 * side by side. */
template<class Compute> inline void forAll(const ProgramInstruction& step, Compute compute) {
    float* result = step.result.data;
    for (int i = 0, size = step.result.size * step.lanes; i < size; i += 2 * Width) {
        Floats first = compute(i), second = compute(i + Width);
        store(first, result + i);
        store(second, result + i + Width);
    }
}

/** A function of one operand. */
template<class Function> struct Map {
    static void flat(const ProgramInstruction& step) {
        const float* x = step.operands[0].data;
        forAll(step, [=](int i) { return Function::of(load(x + i)); });
    }
    static void any(const ProgramInstruction& step) {
        for (int e = 0; e < step.result.size; e++) {
            Element x(step.operands[0], e, step.lanes);
            for (int lane = 0; lane < step.lanes; lane += Width)
                store(Function::of(x[lane]), step.result.data + e * step.lanes + lane);
        }
    }
    static void choose(ProgramInstruction& step) {
        step.run = (isFlat(step.operands[0], step.result) ? flat : any);
    }
};

/** A function of two operands. */
template<class Function> struct Map2 {
    static void flat(const ProgramInstruction& step) {
        const float *x = step.operands[0].data, *y = step.operands[1].data;
        forAll(step, [=](int i) { return Function::of(load(x + i), load(y + i)); });
    }
    static void flatAndNumber(const ProgramInstruction& step) {
        const float* x = step.operands[0].data;
        Floats y = splat(*step.operands[1].data);
        forAll(step, [=](int i) { return Function::of(load(x + i), y); });
    }
    static void numberAndFlat(const ProgramInstruction& step) {
        const float* y = step.operands[1].data;
        Floats x = splat(*step.operands[0].data);
        forAll(step, [=](int i) { return Function::of(x, load(y + i)); });
    }
    static void any(const ProgramInstruction& step) {
        int lanes = step.lanes;
        for (int e = 0; e < step.result.size; e++) {
            Element x(step.operands[0], e, lanes), y(step.operands[1], e, lanes);
            for (int lane = 0; lane < lanes; lane += Width)
                store(Function::of(x[lane], y[lane]), step.result.data + e * lanes + lane);
        }
    }
    static void choose(ProgramInstruction& step) {
        bool flat0 = isFlat(step.operands[0], step.result), flat1 = isFlat(step.operands[1], step.result);
        step.run = (flat0 && flat1                            ? flat
                        : flat0 && isNumber(step.operands[1]) ? flatAndNumber
                        : flat1 && isNumber(step.operands[0]) ? numberAndFlat
                                                              : any);
    }
};

inline void selectElements(const ProgramInstruction& step) {
    for (int e = 0; e < step.result.size; e++) {
        Element choice(step.operands[0], e, step.lanes), x(step.operands[1], e, step.lanes),
                y(step.operands[2], e, step.lanes);
        for (int lane = 0; lane < step.lanes; lane += Width)
            store(select(equal(choice[lane], Floats{}), y[lane], x[lane]), step.result.data + e * step.lanes + lane);
    }
}

inline void copyElement(const ProgramValue& from, int index, int lanes, float* to) {
    Element x(from, index, lanes);
    for (int lane = 0; lane < lanes; lane += Width)
        store(x[lane], to + lane);
}

inline void gather(const ProgramInstruction& step) {
    for (int i = 0; i < step.result.size; i++)
        copyElement(step.operands[0], step.integers[i], step.lanes, step.result.data + i * step.lanes);
}

inline void concatenate(const ProgramInstruction& step) {
    float* to = step.result.data;
    for (int operand = 0; operand < step.numOperands; operand++)
        for (int i = 0; i < step.operands[operand].size; i++, to += step.lanes)
            copyElement(step.operands[operand], i, step.lanes, to);
}

template<class Function> void reduce(const ProgramInstruction& step) {
    int outer = step.integers[0], middle = step.integers[1], inner = step.integers[2];
    for (int o = 0; o < outer; o++)
        for (int i = 0; i < inner; i++)
            for (int lane = 0; lane < step.lanes; lane += Width) {
                Floats result = Element(step.operands[0], o * middle * inner + i, step.lanes)[lane];
                for (int m = 1; m < middle; m++)
                    result = Function::of(
                            result, Element(step.operands[0], (o * middle + m) * inner + i, step.lanes)[lane]);
                store(result, step.result.data + (o * inner + i) * step.lanes + lane);
            }
}

// Loops over registers, which must be unrolled for the registers to be known.
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/** Some rows of a matrix times x, for two vectors of lanes, on top of what the sums begin with: they stay in registers.
 */
template<int Rows>
void multiplyRows(const float* matrix, int row, int numColumns, const float* x, const ProgramValue* start, int lane,
        int lanes, float* result) {
    const int Parts = (Rows < 3 ? 4 : 1); // few sums are made in parts, which a processor adds to at the same time
    const float* weights = matrix + row * numColumns;
    Floats sums[Parts][Rows][2];
    UNROLL for (int k = 0; k < Rows; k++) {
        if (start == nullptr)
            sums[0][k][0] = sums[0][k][1] = Floats{};
        else {
            Element element(*start, row + k, lanes);
            sums[0][k][0] = element[lane];
            sums[0][k][1] = element[lane + Width];
        }
        UNROLL for (int part = 1; part < Parts; part++) sums[part][k][0] = sums[part][k][1] = Floats{};
    }
    int column = 0;
    for (; column + Parts <= numColumns; column += Parts)
        UNROLL for (int part = 0; part < Parts; part++) {
            Floats first = load(x + (column + part) * lanes), second = load(x + (column + part) * lanes + Width);
            UNROLL for (int k = 0; k < Rows; k++) {
                float weight = weights[k * numColumns + column + part];
                sums[part][k][0] += weight * first;
                sums[part][k][1] += weight * second;
            }
        }
    for (; column < numColumns; column++) {
        Floats first = load(x + column * lanes), second = load(x + column * lanes + Width);
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
        store(sums[0][k][0], result + (row + k) * lanes);
        store(sums[0][k][1], result + (row + k) * lanes + Width);
    }
}

#if defined(__AVX512F__)
const int MostRows = 8; // of 32 registers
#else
const int MostRows = 6; // of 16
#endif

/** A matrix times a vector, and a third operand added if there is one. */
inline void multiply(const ProgramInstruction& step) {
    const float* matrix = step.operands[0].data;
    const ProgramValue* start = (step.numOperands > 2 ? &step.operands[2] : nullptr);
    int numRows = step.result.size, numColumns = step.operands[1].size;
    for (int lane = 0; lane < step.lanes; lane += 2 * Width) {
        const float* x = step.operands[1].data + lane;
        float* result = step.result.data + lane;
        int row = 0;
        for (; row + MostRows <= numRows; row += MostRows)
            multiplyRows<MostRows>(matrix, row, numColumns, x, start, lane, step.lanes, result);
        for (; row + 4 <= numRows; row += 4)
            multiplyRows<4>(matrix, row, numColumns, x, start, lane, step.lanes, result);
        for (; row + 2 <= numRows; row += 2)
            multiplyRows<2>(matrix, row, numColumns, x, start, lane, step.lanes, result);
        for (; row < numRows; row++)
            multiplyRows<1>(matrix, row, numColumns, x, start, lane, step.lanes, result);
    }
}

/** Give each lane of a vector some numbers of its own: columns of rows, row(k) for lane k, to the elements of a value.
 */
template<class Row> inline void loadColumns(Row row, int size, int lanes, float* data) {
    for (int column = 0; column < size; column += 4) {
        Floats columns[4];
        loadRows([&](int k) { return row(k) + column; }, columns[0], columns[1], columns[2], columns[3]);
        for (int k = 0; k < 4 && column + k < size; k++)
            store(columns[k], data + (column + k) * lanes);
    }
}

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
        for (int lane = 0; lane < step.lanes; lane += Width)
            loadColumns(
                    [&](int k) {
                        return rows.data +
                                width * findRow(index.data[index.isConstant ? e : e * step.lanes + lane + k], numRows);
                    },
                    width, step.lanes, step.result.data + e * width * step.lanes + lane);
}

template<bool Slope> inline void evaluateCurves(const ProgramInstruction& step) {
    const ProgramValue& r = step.operands[0];
    const float* data = step.operands[1].data;
    int numKnots = step.integers[0], n = step.result.size;
    float first = data[0], h = (data[1] - first) / (numKnots - 1);
    for (int lane = 0; lane < step.lanes; lane += Width) {
        Floats x = (Element(r, 0, step.lanes)[lane] - first) / h;
        Ints knot = toInts(min(max(x, Floats{}), splat((float) (numKnots - 2)))); // 0 for NaN
        Floats t = x - toFloats(knot), s = 1 - t;
        Floats value0, value1, slope0, slope1; // the weights of the numbers at both ends
        if (Slope) {
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
            loadRows([&](int k) { return data + 2 + knots[k] * 2 * n + column; }, e0[0], e0[1], e0[2], e0[3]);
            loadRows([&](int k) { return data + 2 + knots[k] * 2 * n + n + column; }, d0[0], d0[1], d0[2], d0[3]);
            loadRows([&](int k) { return data + 2 + knots[k] * 2 * n + 2 * n + column; }, e1[0], e1[1], e1[2], e1[3]);
            loadRows([&](int k) { return data + 2 + knots[k] * 2 * n + 3 * n + column; }, d1[0], d1[1], d1[2], d1[3]);
            for (int k = 0; k < 4 && column + k < n; k++)
                store(value0 * e0[k] + value1 * e1[k] + slope0 * d0[k] + slope1 * d1[k],
                        step.result.data + (column + k) * step.lanes + lane);
        }
    }
}

// What elementwise steps do.
struct Neg {
    static Floats of(const Floats& x) {
        return -x;
    }
};
struct Abs {
    static Floats of(const Floats& x) {
        return abs(x);
    }
};
struct Floor {
    static Floats of(const Floats& x) {
        return floor(x);
    }
};
struct Sqrt {
    static Floats of(const Floats& x) {
        return sqrt(x);
    }
};
struct Exp {
    static Floats of(const Floats& x) {
        return exp(x);
    }
};
struct Expm1 {
    static Floats of(const Floats& x) {
        return expm1(x);
    }
};
struct Log {
    static Floats of(const Floats& x) {
        return log(x);
    }
};
struct Log1p {
    static Floats of(const Floats& x) {
        return log1p(x);
    }
};
struct Sin {
    static Floats of(const Floats& x) {
        return sine(x, 0);
    }
};
struct Cos {
    static Floats of(const Floats& x) {
        return sine(x, 1);
    }
};
struct Tanh {
    static Floats of(const Floats& x) {
        return tanh(x);
    }
};
struct Sigmoid {
    static Floats of(const Floats& x) {
        return sigmoid(x);
    }
};
struct Erf {
    static Floats of(const Floats& x) {
        return each(x, erff);
    }
};
struct Erfc {
    static Floats of(const Floats& x) {
        return each(x, erfcf);
    }
};
struct Add {
    static Floats of(const Floats& x, const Floats& y) {
        return x + y;
    }
};
struct Sub {
    static Floats of(const Floats& x, const Floats& y) {
        return x - y;
    }
};
struct Mul {
    static Floats of(const Floats& x, const Floats& y) {
        return x * y;
    }
};
struct Div {
    static Floats of(const Floats& x, const Floats& y) {
        return x / y;
    }
};
struct Pow {
    static Floats of(const Floats& x, const Floats& y) {
        return each(x, y, powf);
    }
};
struct Minimum {
    static Floats of(const Floats& x, const Floats& y) {
        return select(isNaN(x), x, min(x, y));
    }
};
struct Maximum {
    static Floats of(const Floats& x, const Floats& y) {
        return select(isNaN(x), x, max(x, y));
    }
};
struct Less {
    static Floats of(const Floats& x, const Floats& y) {
        return toNumbers(less(x, y));
    }
};
struct LessEqual {
    static Floats of(const Floats& x, const Floats& y) {
        return toNumbers(fromBits(toBits(less(x, y)) | toBits(equal(x, y))));
    }
};
struct Equal {
    static Floats of(const Floats& x, const Floats& y) {
        return toNumbers(equal(x, y));
    }
};

/** See Kernels::choose. */
inline void chooseStep(ProgramInstruction& step) {
    switch (step.operation) {
        case Operation::Distance:
        case Operation::Particle1:
        case Operation::Particle2:
        case Operation::Pair:
        case Operation::Globals:
        case Operation::Literal:
        case Operation::Weight: break; // nothing to run
        case Operation::Neg: return Map<Neg>::choose(step);
        case Operation::Abs: return Map<Abs>::choose(step);
        case Operation::Floor: return Map<Floor>::choose(step);
        case Operation::Sqrt: return Map<Sqrt>::choose(step);
        case Operation::Exp: return Map<Exp>::choose(step);
        case Operation::Expm1: return Map<Expm1>::choose(step);
        case Operation::Log: return Map<Log>::choose(step);
        case Operation::Log1p: return Map<Log1p>::choose(step);
        case Operation::Sin: return Map<Sin>::choose(step);
        case Operation::Cos: return Map<Cos>::choose(step);
        case Operation::Tanh: return Map<Tanh>::choose(step);
        case Operation::Sigmoid: return Map<Sigmoid>::choose(step);
        case Operation::Erf: return Map<Erf>::choose(step);
        case Operation::Erfc: return Map<Erfc>::choose(step);
        case Operation::Add: return Map2<Add>::choose(step);
        case Operation::Sub: return Map2<Sub>::choose(step);
        case Operation::Mul: return Map2<Mul>::choose(step);
        case Operation::Div: return Map2<Div>::choose(step);
        case Operation::Pow: return Map2<Pow>::choose(step);
        case Operation::Minimum: return Map2<Minimum>::choose(step);
        case Operation::Maximum: return Map2<Maximum>::choose(step);
        case Operation::Less: return Map2<Less>::choose(step);
        case Operation::LessEqual: return Map2<LessEqual>::choose(step);
        case Operation::Equal: return Map2<Equal>::choose(step);
        case Operation::Select: step.run = selectElements; break;
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
