// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// A vector in plain C++, for compilers without vector types (MSVC) and processors without vectors of their own.
//
// It has internal linkage, and no header included here defines functions. The linker merges inline functions of
// different files; it might keep one that was compiled for an instruction set that the processor does not support.
#pragma once

#include <cstdint>
#include <string.h>
#include <type_traits>

namespace {

/** The integer of the size of a number: the element of the result of a comparison. */
template<class Number> struct IntegerOfSize {
    typedef std::conditional_t<sizeof(Number) == 8, int64_t, int32_t> Type;
};

/** N numbers with the operators of the vector types of GCC and Clang. A comparison gives -1 where it holds, else 0. */
template<class Number, int N> struct ArrayVector {
    typedef ArrayVector<typename IntegerOfSize<Number>::Type, N> Comparison;

    Number lanes[N];

    Number& operator[](int k) {
        return lanes[k];
    }

    const Number& operator[](int k) const {
        return lanes[k];
    }

    /** The same bits as numbers of another type. */
    template<class Other> explicit operator ArrayVector<Other, N>() const {
        static_assert(sizeof(Other) == sizeof(Number), "the numbers must have the same size");
        ArrayVector<Other, N> result;
        memcpy(result.lanes, lanes, sizeof(lanes));
        return result;
    }

    /** A vector of function(k) for each lane k. */
    template<class Function> static ArrayVector make(Function function) {
        ArrayVector result;
        for (int k = 0; k < N; k++)
            result.lanes[k] = function(k);
        return result;
    }

    friend ArrayVector operator-(const ArrayVector& x) {
        return make([&](int k) { return -x[k]; });
    }

    friend ArrayVector operator~(const ArrayVector& x) {
        return make([&](int k) { return ~x[k]; });
    }

    // Of an integer without a sign: the result for a negative one is not defined in C++17.
    friend ArrayVector operator<<(const ArrayVector& x, int n) {
        return make([&](int k) { return (Number) ((std::make_unsigned_t<Number>) x[k] << n); });
    }

    friend ArrayVector operator>>(const ArrayVector& x, int n) {
        return make([&](int k) { return x[k] >> n; });
    }

#define LEARNEDPAIR_OPERATOR(op, assign)                                                                               \
    friend ArrayVector operator op(const ArrayVector& x, const ArrayVector& y) {                                       \
        return make([&](int k) { return x[k] op y[k]; });                                                              \
    }                                                                                                                  \
    friend ArrayVector operator op(const ArrayVector& x, Number y) {                                                   \
        return make([&](int k) { return x[k] op y; });                                                                 \
    }                                                                                                                  \
    friend ArrayVector operator op(Number x, const ArrayVector& y) {                                                   \
        return make([&](int k) { return x op y[k]; });                                                                 \
    }                                                                                                                  \
    template<class Operand> ArrayVector& operator assign(const Operand& y) {                                           \
        return *this = *this op y;                                                                                     \
    }

    LEARNEDPAIR_OPERATOR(+, +=)
    LEARNEDPAIR_OPERATOR(-, -=)
    LEARNEDPAIR_OPERATOR(*, *=)
    LEARNEDPAIR_OPERATOR(/, /=)
    LEARNEDPAIR_OPERATOR(&, &=)
    LEARNEDPAIR_OPERATOR(|, |=)
    LEARNEDPAIR_OPERATOR(^, ^=)
#undef LEARNEDPAIR_OPERATOR

#define LEARNEDPAIR_COMPARISON(op)                                                                                     \
    friend Comparison operator op(const ArrayVector& x, const ArrayVector& y) {                                        \
        return Comparison::make([&](int k) { return x[k] op y[k] ? -1 : 0; });                                         \
    }

    LEARNEDPAIR_COMPARISON(<)
    LEARNEDPAIR_COMPARISON(>)
    LEARNEDPAIR_COMPARISON(==)
#undef LEARNEDPAIR_COMPARISON
};

} // namespace
