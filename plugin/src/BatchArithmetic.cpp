// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/BatchArithmetic.h"
#include "internal/ArrayVector.h"
#include <cstdint>
#include <cstdlib>
#include <cstring>

using namespace LearnedPairPlugin;

// The functions below are written once, for arrays in plain C++ and for the vector types of GCC and Clang. They must be
// inlined into the functions for each instruction set, because an ordinary function is compiled for the oldest
// processor.
#if defined(__GNUC__)
#define ALWAYS_INLINE inline __attribute__((always_inline))
// Vectors are not passed between functions, so GCC's notes on the ABI of vectors do not apply.
#pragma GCC diagnostic ignored "-Wpsabi"
#else
#define ALWAYS_INLINE inline
#endif

namespace {

const int BatchSize = BatchArithmetic::BatchSize;

/** Vectors in plain C++. */
struct Arrays {
    static constexpr int Lanes = 4;
    typedef ArrayVector<double, Lanes> Doubles;
    typedef ArrayVector<int64_t, Lanes> Integers;
    static Doubles select(const Integers& mask, const Doubles& x, const Doubles& y) {
        return Doubles::make([&](int k) { return mask[k] ? x[k] : y[k]; });
    }
};

#if defined(__GNUC__)
/** The vector types of the compiler for a number of lanes. */
template<int NumLanes> struct BuiltIn {
    static constexpr int Lanes = NumLanes;
    typedef double Doubles __attribute__((vector_size(8 * Lanes)));
    typedef int64_t Integers __attribute__((vector_size(8 * Lanes)));
    static ALWAYS_INLINE Doubles select(const Integers& mask, const Doubles& x, const Doubles& y) {
        return mask ? x : y;
    }
};
#endif

template<class Vector> ALWAYS_INLINE Vector load(const double* p) {
    Vector x;
    std::memcpy(&x, p, sizeof(x));
    return x;
}

template<class Vector> ALWAYS_INLINE void store(const Vector& x, double* p) {
    std::memcpy(p, &x, sizeof(x));
}

/** Multiply some rows of a matrix and one vector of items. The sums stay in registers. */
template<class Vectors, int Rows>
ALWAYS_INLINE void multiplyRows(const double* matrix, int numColumns, const double* x, double* result) {
    typedef typename Vectors::Doubles Doubles;
    Doubles sum[Rows] = {};
    for (int column = 0; column < numColumns; column++) {
        Doubles a = load<Doubles>(x + column * BatchSize);
        for (int row = 0; row < Rows; row++)
            sum[row] += matrix[row * numColumns + column] * a;
    }
    for (int row = 0; row < Rows; row++)
        store(sum[row], result + row * BatchSize);
}

template<class Vectors>
ALWAYS_INLINE void multiply(const double* matrix, int numRows, int numColumns, const double* x, double* result) {
    const int Rows = 8; // independent sums hide the latency of the multiply-adds
    for (int item = 0; item < BatchSize; item += Vectors::Lanes) {
        int row = 0;
        for (; row + Rows <= numRows; row += Rows)
            multiplyRows<Vectors, Rows>(
                    matrix + row * numColumns, numColumns, x + item, result + row * BatchSize + item);
        for (; row < numRows; row++)
            multiplyRows<Vectors, 1>(matrix + row * numColumns, numColumns, x + item, result + row * BatchSize + item);
    }
}

/** Get lane 0 and the following ones of an element of an operand. */
template<class Vectors, bool PerItem>
ALWAYS_INLINE typename Vectors::Doubles getItems(const BatchOperand& x, int element, int item) {
    typedef typename Vectors::Doubles Doubles;
    const double* values = x.values + element * x.stride;
    return PerItem ? load<Doubles>(values + item) : *values - Doubles{};
}

template<class Vectors, bool PerItem1, bool PerItem2, class Function>
ALWAYS_INLINE void combine(const BatchOperand& x, const BatchOperand& y, double* result, int count, Function function) {
    for (int element = 0; element < count; element++)
        for (int item = 0; item < BatchSize; item += Vectors::Lanes)
            store(function(
                          getItems<Vectors, PerItem1>(x, element, item), getItems<Vectors, PerItem2>(y, element, item)),
                    result + element * BatchSize + item);
}

/** Combine two operands element by element. At least one of them has values for each item. */
template<class Vectors, class Function>
ALWAYS_INLINE void combine(const BatchOperand& x, const BatchOperand& y, double* result, int count, Function function) {
    if (!x.perItem)
        combine<Vectors, false, true>(x, y, result, count, function);
    else if (!y.perItem)
        combine<Vectors, true, false>(x, y, result, count, function);
    else
        combine<Vectors, true, true>(x, y, result, count, function);
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
template<class Vectors> ALWAYS_INLINE typename Vectors::Doubles expInRange(const typename Vectors::Doubles& x) {
    typedef typename Vectors::Doubles Doubles;
    typedef typename Vectors::Integers Integers;
    const double shift = 6755399441055744.0; // 1.5*2^52: adding it rounds to an integer, in the last bits of the sum
    Doubles shifted = x * 1.4426950408889634 + shift, n = shifted - shift;
    Doubles r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10; // ln(2) in two parts
    return (expSeries(r) * r + 1) * (Doubles) (((Integers) shifted + 1023) << 52);
}

/** Limit x to [-limit, limit]. NaN stays NaN. */
template<class Vectors>
ALWAYS_INLINE typename Vectors::Doubles clamp(const typename Vectors::Doubles& x, double limit) {
    typename Vectors::Doubles high = limit - typename Vectors::Doubles{}, low = -high;
    auto below = Vectors::select(x > high, high, x);
    return Vectors::select(below < low, low, below);
}

/** With 708 < |x| < 746, where the power of 2 may be out of range and the result is not, the product has two factors.
 */
template<class Vectors> ALWAYS_INLINE void exp(const double* x, double* result, int count) {
    typedef typename Vectors::Doubles Doubles;
    const double limit = 708;
    for (int i = 0; i < count; i += Vectors::Lanes) {
        Doubles a = clamp<Vectors>(load<Doubles>(x + i), 746), inRange = clamp<Vectors>(a, limit);
        store<Doubles>(expInRange<Vectors>(inRange) * expInRange<Vectors>(a - inRange), result + i);
    }
}

template<class Vectors> ALWAYS_INLINE void sigmoid(const double* x, double* result, int count) {
    typedef typename Vectors::Doubles Doubles;
    for (int i = 0; i < count; i += Vectors::Lanes)
        store<Doubles>(1 / (1 + expInRange<Vectors>(clamp<Vectors>(-load<Doubles>(x + i), 708))), result + i);
}

/** tanh(x) as 1-2/(exp(2|x|)+1); for small |x|, where the difference would lose digits, as t/(t+2), t = exp(2x)-1. */
template<class Vectors> ALWAYS_INLINE void tanh(const double* x, double* result, int count) {
    typedef typename Vectors::Doubles Doubles;
    for (int i = 0; i < count; i += Vectors::Lanes) {
        const Doubles zero = {};
        Doubles twice = 2 * load<Doubles>(x + i), size = Vectors::select(twice < zero, -twice, twice);
        Doubles large = 1 - 2 / (expInRange<Vectors>(clamp<Vectors>(size, 80)) + 1), t = twice * expSeries(twice);
        store<Doubles>(Vectors::select(size < 0.4 + zero, t / (t + 2), Vectors::select(twice < zero, -large, large)),
                result + i);
    }
}

} // namespace

// The functions of one instruction set.
#define FUNCTIONS(Name, Vectors, TARGET)                                                                               \
    TARGET static void multiply##Name(                                                                                 \
            const double* matrix, int numRows, int numColumns, const double* x, double* result) {                      \
        multiply<Vectors>(matrix, numRows, numColumns, x, result);                                                     \
    }                                                                                                                  \
    TARGET static void add##Name(const BatchOperand& x, const BatchOperand& y, double* result, int count) {            \
        combine<Vectors>(x, y, result, count, Add());                                                                  \
    }                                                                                                                  \
    TARGET static void subtract##Name(const BatchOperand& x, const BatchOperand& y, double* result, int count) {       \
        combine<Vectors>(x, y, result, count, Subtract());                                                             \
    }                                                                                                                  \
    TARGET static void multiplyElements##Name(                                                                         \
            const BatchOperand& x, const BatchOperand& y, double* result, int count) {                                 \
        combine<Vectors>(x, y, result, count, Multiply());                                                             \
    }                                                                                                                  \
    TARGET static void exp##Name(const double* x, double* result, int count) {                                         \
        exp<Vectors>(x, result, count);                                                                                \
    }                                                                                                                  \
    TARGET static void sigmoid##Name(const double* x, double* result, int count) {                                     \
        sigmoid<Vectors>(x, result, count);                                                                            \
    }                                                                                                                  \
    TARGET static void tanh##Name(const double* x, double* result, int count) {                                        \
        tanh<Vectors>(x, result, count);                                                                               \
    }                                                                                                                  \
    static const BatchArithmetic arithmetic##Name = {#Name, multiply##Name, add##Name, subtract##Name,                 \
        multiplyElements##Name, exp##Name, sigmoid##Name, tanh##Name};

FUNCTIONS(portable, Arrays, )
#if defined(__GNUC__) && defined(__x86_64__)
FUNCTIONS(AVX2, BuiltIn<4>, __attribute__((target("avx2,fma"))))
FUNCTIONS(AVX512, BuiltIn<8>, __attribute__((target("avx512f,avx512dq,avx512vl,avx2,fma"))))
#elif defined(__GNUC__) && defined(__aarch64__)
FUNCTIONS(NEON, BuiltIn<2>, )
#endif

const BatchArithmetic& BatchArithmetic::get() {
    const char* variable = std::getenv("LEARNEDPAIR_CPU_INSTRUCTIONS");
    [[maybe_unused]] auto isWanted = [wanted = (variable == nullptr ? "" : variable)](const BatchArithmetic& set) {
        return *wanted == 0 || std::strcmp(wanted, set.name) == 0;
    };
#if defined(__GNUC__) && defined(__x86_64__)
    if (isWanted(arithmeticAVX512) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl"))
        return arithmeticAVX512;
    if (isWanted(arithmeticAVX2) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return arithmeticAVX2;
#elif defined(__GNUC__) && defined(__aarch64__)
    if (isWanted(arithmeticNEON))
        return arithmeticNEON;
#endif
    return arithmeticportable;
}
