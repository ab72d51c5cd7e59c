// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// The steps of a program, each for all lanes. docs/program.md says what they compute.
#pragma once

#include "Kernels.h"
#include "functions.h"

namespace {

using namespace LearnedPairPlugin;

const int VectorsPerValue = Lanes/Width;

inline Mask isNaN(const Floats& x) {
    return fromBits(~toBits(equal(x, x)));
}

inline Floats toNumbers(Mask mask) {
    return select(mask, splat(1.0f), Floats{});
}

/** One element of an operand; an operand of length 1 has the same for all. */
struct Element {
    Element(const ProgramValue& value, int index) : data(value.data+(value.size == 1 ? 0 : index)*(value.isConstant ? 1 : Lanes)), isConstant(value.isConstant) {
    }
    Floats operator[](int vector) const {
        return isConstant ? splat(*data) : load(data+vector*Width);
    }
    const float* data;
    bool isConstant;
};

template<class Function> inline void map(const ProgramInstruction& step, Function function) {
    for (int e = 0; e < step.result.size; e++) {
        Element x(step.operands[0], e);
        for (int v = 0; v < VectorsPerValue; v++)
            store(function(x[v]), step.result.data+e*Lanes+v*Width);
    }
}

template<class Function> inline void map2(const ProgramInstruction& step, Function function) {
    for (int e = 0; e < step.result.size; e++) {
        Element x(step.operands[0], e), y(step.operands[1], e);
        for (int v = 0; v < VectorsPerValue; v++)
            store(function(x[v], y[v]), step.result.data+e*Lanes+v*Width);
    }
}

inline void choose(const ProgramInstruction& step) {
    for (int e = 0; e < step.result.size; e++) {
        Element choice(step.operands[0], e), x(step.operands[1], e), y(step.operands[2], e);
        for (int v = 0; v < VectorsPerValue; v++)
            store(select(equal(choice[v], Floats{}), y[v], x[v]), step.result.data+e*Lanes+v*Width);
    }
}

inline void copyElement(const ProgramValue& from, int index, float* to) {
    Element x(from, index);
    for (int v = 0; v < VectorsPerValue; v++)
        store(x[v], to+v*Width);
}

template<class Function> inline void reduce(const ProgramInstruction& step, Function function) {
    int outer = step.integers[0], middle = step.integers[1], inner = step.integers[2];
    for (int o = 0; o < outer; o++)
        for (int i = 0; i < inner; i++) {
            Floats result[VectorsPerValue];
            for (int m = 0; m < middle; m++) {
                Element x(step.operands[0], (o*middle+m)*inner+i);
                for (int v = 0; v < VectorsPerValue; v++)
                    result[v] = (m == 0 ? x[v] : function(result[v], x[v]));
            }
            for (int v = 0; v < VectorsPerValue; v++)
                store(result[v], step.result.data+(o*inner+i)*Lanes+v*Width);
        }
}

/** Some rows of a matrix times x, for some vectors of lanes: the sums stay in registers. */
template<int Rows, int Vectors> inline void multiplyRows(const float* matrix, int numColumns, const float* x, float* result) {
    Floats sums[Rows][Vectors] = {};
    for (int column = 0; column < numColumns; column++) {
        Floats element[Vectors];
        for (int v = 0; v < Vectors; v++)
            element[v] = load(x+column*Lanes+v*Width);
        for (int row = 0; row < Rows; row++) {
            float weight = matrix[row*numColumns+column];
            for (int v = 0; v < Vectors; v++)
                sums[row][v] += weight*element[v];
        }
    }
    for (int row = 0; row < Rows; row++)
        for (int v = 0; v < Vectors; v++)
            store(sums[row][v], result+row*Lanes+v*Width);
}

#if defined(__AVX512F__)
const int MostRows = 8; // of 32 registers
#else
const int MostRows = 6; // of 16
#endif

template<int Rows, int Vectors> inline int multiplyWhile(const float* matrix, int numRows, int numColumns, const float* x, float* result, int row) {
    for (; row+Rows <= numRows; row += Rows)
        multiplyRows<Rows, Vectors>(matrix+row*numColumns, numColumns, x, result+row*Lanes);
    return row;
}

inline void multiply(const ProgramInstruction& step) {
    const float* matrix = step.operands[0].data;
    int numRows = step.result.size, numColumns = step.operands[1].size;
    for (int lane = 0; lane < Lanes; lane += 2*Width) {
        const float* x = step.operands[1].data+lane;
        float* result = step.result.data+lane;
        int row = multiplyWhile<MostRows, 2>(matrix, numRows, numColumns, x, result, 0);
        row = multiplyWhile<4, 2>(matrix, numRows, numColumns, x, result, row);
        row = multiplyWhile<2, 2>(matrix, numRows, numColumns, x, result, row);
        multiplyWhile<1, 2>(matrix, numRows, numColumns, x, result, row);
    }
}

/** Give each lane of a vector some numbers of its own: columns of rows, row(k) for lane k, to the elements of a value. */
template<class Row> inline void loadColumns(Row row, int size, float* lanes) {
    for (int column = 0; column < size; column += 4) {
        Floats columns[4];
        loadRows([&] (int k) { return row(k)+column; }, columns[0], columns[1], columns[2], columns[3]);
        for (int k = 0; k < 4 && column+k < size; k++)
            store(columns[k], lanes+(column+k)*Lanes);
    }
}

inline int findRow(float index, int numRows) {
    if (!(index > -numRows))
        return 0;
    if (index >= numRows)
        return numRows-1;
    int row = (int) index;
    return row < 0 ? row+numRows : row;
}

inline void lookUp(const ProgramInstruction& step) {
    const ProgramValue& index = step.operands[0], & rows = step.operands[1];
    int width = step.integers[0], numRows = rows.size/width;
    for (int e = 0; e < index.size; e++)
        for (int lane = 0; lane < Lanes; lane += Width)
            loadColumns([&] (int k) { return rows.data+width*findRow(index.data[index.isConstant ? e : e*Lanes+lane+k], numRows); }, width, step.result.data+e*width*Lanes+lane);
}

template<bool Slope> inline void evaluateCurves(const ProgramInstruction& step) {
    const ProgramValue& r = step.operands[0];
    const float* data = step.operands[1].data;
    int numKnots = step.integers[0], n = step.result.size;
    float first = data[0], h = (data[1]-first)/(numKnots-1);
    for (int v = 0; v < VectorsPerValue; v++) {
        Floats x = (Element(r, 0)[v]-first)/h;
        Ints knot = toInts(min(splat((float) (numKnots-2)), max(Floats{}, x)));
        Floats t = x-toFloats(knot), s = 1-t;
        Floats value0, value1, slope0, slope1; // the weights of the numbers at both ends
        if (Slope) {
            value1 = 6*t*s/h;
            value0 = -value1;
            slope0 = s*(1-3*t);
            slope1 = t*(3*t-2);
        }
        else {
            value0 = s*s*(1+2*t);
            value1 = t*t*(3-2*t);
            slope0 = s*s*t*h;
            slope1 = -t*t*s*h;
        }
        int32_t knots[Width];
        store(knot, knots);
        for (int column = 0; column < n; column += 4) {
            Floats e0[4], e1[4], d0[4], d1[4];
            loadRows([&] (int k) { return data+2+knots[k]*2*n+column; }, e0[0], e0[1], e0[2], e0[3]);
            loadRows([&] (int k) { return data+2+knots[k]*2*n+n+column; }, d0[0], d0[1], d0[2], d0[3]);
            loadRows([&] (int k) { return data+2+knots[k]*2*n+2*n+column; }, e1[0], e1[1], e1[2], e1[3]);
            loadRows([&] (int k) { return data+2+knots[k]*2*n+3*n+column; }, d1[0], d1[1], d1[2], d1[3]);
            for (int k = 0; k < 4 && column+k < n; k++)
                store(value0*e0[k]+value1*e1[k]+slope0*d0[k]+slope1*d1[k], step.result.data+(column+k)*Lanes+v*Width);
        }
    }
}

inline void runStep(const ProgramInstruction& step) {
    switch (step.operation) {
        case Operation::Distance: case Operation::Particle1: case Operation::Particle2: case Operation::Pair: case Operation::Globals:
        case Operation::Literal: case Operation::Weight:
            break;
        case Operation::Neg:
            map(step, [] (const Floats& x) { return -x; });
            break;
        case Operation::Abs:
            map(step, [] (const Floats& x) { return abs(x); });
            break;
        case Operation::Floor:
            map(step, [] (const Floats& x) { return floor(x); });
            break;
        case Operation::Sqrt:
            map(step, [] (const Floats& x) { return sqrt(x); });
            break;
        case Operation::Exp:
            map(step, [] (const Floats& x) { return exp(x); });
            break;
        case Operation::Expm1:
            map(step, [] (const Floats& x) { return expm1(x); });
            break;
        case Operation::Log:
            map(step, [] (const Floats& x) { return log(x); });
            break;
        case Operation::Log1p:
            map(step, [] (const Floats& x) { return log1p(x); });
            break;
        case Operation::Sin:
            map(step, [] (const Floats& x) { return sine(x, 0); });
            break;
        case Operation::Cos:
            map(step, [] (const Floats& x) { return sine(x, 1); });
            break;
        case Operation::Tanh:
            map(step, [] (const Floats& x) { return tanh(x); });
            break;
        case Operation::Sigmoid:
            map(step, [] (const Floats& x) { return sigmoid(x); });
            break;
        case Operation::Erf:
            map(step, [] (const Floats& x) { return each(x, erff); });
            break;
        case Operation::Erfc:
            map(step, [] (const Floats& x) { return each(x, erfcf); });
            break;
        case Operation::Add:
            map2(step, [] (const Floats& x, const Floats& y) { return x+y; });
            break;
        case Operation::Sub:
            map2(step, [] (const Floats& x, const Floats& y) { return x-y; });
            break;
        case Operation::Mul:
            map2(step, [] (const Floats& x, const Floats& y) { return x*y; });
            break;
        case Operation::Div:
            map2(step, [] (const Floats& x, const Floats& y) { return x/y; });
            break;
        case Operation::Pow:
            map2(step, [] (const Floats& x, const Floats& y) { return each(x, y, powf); });
            break;
        case Operation::Minimum:
            map2(step, [] (const Floats& x, const Floats& y) { return select(isNaN(x), x, min(x, y)); });
            break;
        case Operation::Maximum:
            map2(step, [] (const Floats& x, const Floats& y) { return select(isNaN(x), x, max(x, y)); });
            break;
        case Operation::Less:
            map2(step, [] (const Floats& x, const Floats& y) { return toNumbers(less(x, y)); });
            break;
        case Operation::LessEqual:
            map2(step, [] (const Floats& x, const Floats& y) { return toNumbers(fromBits(toBits(less(x, y)) | toBits(equal(x, y)))); });
            break;
        case Operation::Equal:
            map2(step, [] (const Floats& x, const Floats& y) { return toNumbers(equal(x, y)); });
            break;
        case Operation::Select:
            choose(step);
            break;
        case Operation::Gather:
            for (int i = 0; i < step.result.size; i++)
                copyElement(step.operands[0], step.integers[i], step.result.data+i*Lanes);
            break;
        case Operation::Concat: {
            float* to = step.result.data;
            for (int operand = 0; operand < step.numOperands; operand++)
                for (int i = 0; i < step.operands[operand].size; i++, to += Lanes)
                    copyElement(step.operands[operand], i, to);
            break;
        }
        case Operation::Sum:
            reduce(step, [] (const Floats& x, const Floats& y) { return x+y; });
            break;
        case Operation::Max:
            reduce(step, [] (const Floats& x, const Floats& y) { return select(isNaN(x), x, max(x, y)); });
            break;
        case Operation::Linear:
            multiply(step);
            break;
        case Operation::Lookup:
            lookUp(step);
            break;
        case Operation::Table:
            evaluateCurves<false>(step);
            break;
        case Operation::TableSlope:
            evaluateCurves<true>(step);
            break;
    }
}

} // namespace
