// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/BatchArithmetic.h"
#include <cstdint>
#include <cstdlib>
#include <cstring>

using namespace LearnedPairPlugin;

// The functions below are written once, with the vector types of GCC and Clang, and inlined into functions for each
// instruction set. They must be inlined, because an ordinary function is compiled for the oldest processor.
#define ALWAYS_INLINE inline __attribute__((always_inline))
// Vectors are not passed between functions, so GCC's notes on the ABI of vectors do not apply.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace {

const int BatchSize = BatchArithmetic::BatchSize;

/** The vector types for a number of lanes. */
template<int Lanes> struct Vectors {
    typedef double Doubles __attribute__((vector_size(8 * Lanes)));
    typedef int64_t Integers __attribute__((vector_size(8 * Lanes)));
};

template<class Vector> ALWAYS_INLINE Vector load(const double* p) {
    Vector x;
    std::memcpy(&x, p, sizeof(x));
    return x;
}

template<class Vector> ALWAYS_INLINE void store(const Vector& x, double* p) {
    std::memcpy(p, &x, sizeof(x));
}

/** Multiply some rows of a matrix and one vector of items. The sums stay in registers. */
template<int Lanes, int Rows>
ALWAYS_INLINE void multiplyRows(const double* matrix, int numColumns, const double* x, double* result) {
    typedef typename Vectors<Lanes>::Doubles Doubles;
    Doubles sum[Rows] = {};
    for (int column = 0; column < numColumns; column++) {
        Doubles a = load<Doubles>(x + column * BatchSize);
        for (int row = 0; row < Rows; row++)
            sum[row] += matrix[row * numColumns + column] * a;
    }
    for (int row = 0; row < Rows; row++)
        store(sum[row], result + row * BatchSize);
}

template<int Lanes>
ALWAYS_INLINE void multiply(const double* matrix, int numRows, int numColumns, const double* x, double* result) {
    const int Rows = 8; // independent sums hide the latency of the multiply-adds
    for (int item = 0; item < BatchSize; item += Lanes) {
        int row = 0;
        for (; row + Rows <= numRows; row += Rows)
            multiplyRows<Lanes, Rows>(matrix + row * numColumns, numColumns, x + item, result + row * BatchSize + item);
        for (; row < numRows; row++)
            multiplyRows<Lanes, 1>(matrix + row * numColumns, numColumns, x + item, result + row * BatchSize + item);
    }
}

/** Get lane 0 and the following ones of an element of an operand. */
template<int Lanes, bool PerItem>
ALWAYS_INLINE typename Vectors<Lanes>::Doubles getItems(const BatchOperand& x, int element, int item) {
    typedef typename Vectors<Lanes>::Doubles Doubles;
    const double* values = x.values + element * x.stride;
    return PerItem ? load<Doubles>(values + item) : *values - Doubles{};
}

template<int Lanes, bool PerItem1, bool PerItem2, class Function>
ALWAYS_INLINE void combine(const BatchOperand& x, const BatchOperand& y, double* result, int count, Function function) {
    for (int element = 0; element < count; element++)
        for (int item = 0; item < BatchSize; item += Lanes)
            store(function(getItems<Lanes, PerItem1>(x, element, item), getItems<Lanes, PerItem2>(y, element, item)),
                    result + element * BatchSize + item);
}

/** Combine two operands element by element. At least one of them has values for each item. */
template<int Lanes, class Function>
ALWAYS_INLINE void combine(const BatchOperand& x, const BatchOperand& y, double* result, int count, Function function) {
    if (!x.perItem)
        combine<Lanes, false, true>(x, y, result, count, function);
    else if (!y.perItem)
        combine<Lanes, true, false>(x, y, result, count, function);
    else
        combine<Lanes, true, true>(x, y, result, count, function);
}

struct Add {
    template<class Doubles> ALWAYS_INLINE Doubles operator()(const Doubles& x, const Doubles& y) const {
        return x + y;
    }
};

struct Subtract {
    template<class Doubles> ALWAYS_INLINE Doubles operator()(const Doubles& x, const Doubles& y) const {
        return x - y;
    }
};

struct Multiply {
    template<class Doubles> ALWAYS_INLINE Doubles operator()(const Doubles& x, const Doubles& y) const {
        return x * y;
    }
};

/** (exp(r)-1)/r for |r| <= 0.4, by its Taylor series. */
template<class Doubles> ALWAYS_INLINE Doubles expSeries(const Doubles& r) {
    Doubles p = r * (1.0 / 6227020800) + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    return p * r + 1;
}

/** exp(x) for |x| <= 708: Cody-Waite reduction to |r| <= ln(2)/2, exp(r), and a power of 2. */
template<int Lanes>
ALWAYS_INLINE typename Vectors<Lanes>::Doubles expInRange(const typename Vectors<Lanes>::Doubles& x) {
    typedef typename Vectors<Lanes>::Doubles Doubles;
    typedef typename Vectors<Lanes>::Integers Integers;
    const double shift = 6755399441055744.0; // 1.5*2^52: adding it rounds to an integer, in the last bits of the sum
    Doubles shifted = x * 1.4426950408889634 + shift, n = shifted - shift;
    Doubles r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10; // ln(2) in two parts
    return (expSeries(r) * r + 1) * (Doubles) (((Integers) shifted + 1023) << 52);
}

/** Limit x to [-limit, limit]. NaN stays NaN. */
template<int Lanes>
ALWAYS_INLINE typename Vectors<Lanes>::Doubles clamp(const typename Vectors<Lanes>::Doubles& x, double limit) {
    typename Vectors<Lanes>::Doubles high = limit - typename Vectors<Lanes>::Doubles{}, low = -high;
    auto below = (x > high ? high : x);
    return below < low ? low : below;
}

/** With 708 < |x| < 746, where the power of 2 may be out of range and the result is not, the product has two factors.
 */
template<int Lanes> ALWAYS_INLINE void exp(const double* x, double* result, int count) {
    typedef typename Vectors<Lanes>::Doubles Doubles;
    const double limit = 708;
    for (int i = 0; i < count; i += Lanes) {
        Doubles a = clamp<Lanes>(load<Doubles>(x + i), 746), inRange = clamp<Lanes>(a, limit);
        store<Doubles>(expInRange<Lanes>(inRange) * expInRange<Lanes>(a - inRange), result + i);
    }
}

template<int Lanes> ALWAYS_INLINE void sigmoid(const double* x, double* result, int count) {
    typedef typename Vectors<Lanes>::Doubles Doubles;
    for (int i = 0; i < count; i += Lanes)
        store<Doubles>(1 / (1 + expInRange<Lanes>(clamp<Lanes>(-load<Doubles>(x + i), 708))), result + i);
}

/** tanh(x) as 1-2/(exp(2|x|)+1); for small |x|, where the difference would lose digits, as t/(t+2), t = exp(2x)-1. */
template<int Lanes> ALWAYS_INLINE void tanh(const double* x, double* result, int count) {
    typedef typename Vectors<Lanes>::Doubles Doubles;
    for (int i = 0; i < count; i += Lanes) {
        Doubles twice = 2 * load<Doubles>(x + i), size = (twice < 0 ? -twice : twice);
        Doubles large = 1 - 2 / (expInRange<Lanes>(clamp<Lanes>(size, 80)) + 1), t = twice * expSeries(twice);
        store<Doubles>(size < 0.4 ? t / (t + 2) : (twice < 0 ? -large : large), result + i);
    }
}

} // namespace

// The functions of one instruction set.
#define FUNCTIONS(Name, Lanes, TARGET)                                                                                 \
    TARGET static void multiply##Name(                                                                                 \
            const double* matrix, int numRows, int numColumns, const double* x, double* result) {                      \
        multiply<Lanes>(matrix, numRows, numColumns, x, result);                                                       \
    }                                                                                                                  \
    TARGET static void add##Name(const BatchOperand& x, const BatchOperand& y, double* result, int count) {            \
        combine<Lanes>(x, y, result, count, Add());                                                                    \
    }                                                                                                                  \
    TARGET static void subtract##Name(const BatchOperand& x, const BatchOperand& y, double* result, int count) {       \
        combine<Lanes>(x, y, result, count, Subtract());                                                               \
    }                                                                                                                  \
    TARGET static void multiplyElements##Name(                                                                         \
            const BatchOperand& x, const BatchOperand& y, double* result, int count) {                                 \
        combine<Lanes>(x, y, result, count, Multiply());                                                               \
    }                                                                                                                  \
    TARGET static void exp##Name(const double* x, double* result, int count) {                                         \
        exp<Lanes>(x, result, count);                                                                                  \
    }                                                                                                                  \
    TARGET static void sigmoid##Name(const double* x, double* result, int count) {                                     \
        sigmoid<Lanes>(x, result, count);                                                                              \
    }                                                                                                                  \
    TARGET static void tanh##Name(const double* x, double* result, int count) {                                        \
        tanh<Lanes>(x, result, count);                                                                                 \
    }                                                                                                                  \
    static const BatchArithmetic arithmetic##Name = {#Name, multiply##Name, add##Name, subtract##Name,                 \
        multiplyElements##Name, exp##Name, sigmoid##Name, tanh##Name};

FUNCTIONS(portable, 2, )
#if defined(__x86_64__)
FUNCTIONS(AVX2, 4, __attribute__((target("avx2,fma"))))
FUNCTIONS(AVX512, 8, __attribute__((target("avx512f,avx512dq,avx512vl,avx2,fma"))))
#endif

const BatchArithmetic& BatchArithmetic::get() {
#if defined(__x86_64__)
    const char* variable = std::getenv("LEARNEDPAIR_CPU_INSTRUCTIONS");
    const char* wanted = (variable == nullptr ? "" : variable);
    auto isWanted = [&](const BatchArithmetic& set) { return *wanted == 0 || std::strcmp(wanted, set.name) == 0; };
    if (isWanted(arithmeticAVX512) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl"))
        return arithmeticAVX512;
    if (isWanted(arithmeticAVX2) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return arithmeticAVX2;
#endif
    return arithmeticportable;
}
