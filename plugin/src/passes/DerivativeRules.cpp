// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "DerivativeRules.h"
#include "internal/operations.h"

using namespace LearnedPairPlugin;
using std::string;
using std::vector;

bool DerivativeRules::isOne(int x) const {
    return builder[x].operation == Operation::Literal && builder[x].constants == vector<double>{1.0};
}

bool DerivativeRules::isSigmoidOf(int s, int x) const {
    return builder[s].operation == Operation::Sigmoid && builder[s].operands[0] == x;
}

int DerivativeRules::times(int x, int dx) {
    if (isOne(dx))
        return x;
    if (isOne(x) && builder[x].size <= builder[dx].size)
        return dx;
    return binary(Operation::Mul, x, dx);
}

int DerivativeRules::differentiateElementwise(Operation operation, const vector<int>& x, int y, const vector<int>& dx) {
    if (x.size() == 1)
        return dx[0] == Zero ? Zero : differentiateUnary(operation, x[0], y, dx[0]);
    if (x.size() == 2)
        return dx[0] == Zero && dx[1] == Zero ? Zero : differentiateBinary(operation, x[0], x[1], y, dx[0], dx[1]);
    if (operation != Operation::Select)
        throw noRule(operation);
    if (dx[1] == Zero && dx[2] == Zero)
        return Zero;
    return builder.add(Operation::Select, {x[0], orZero(dx[1]), orZero(dx[2])});
}

OpenMM::OpenMMException DerivativeRules::noRule(Operation operation) {
    return OpenMM::OpenMMException(string("TensorProgram: the operation ") + getInfo(operation).name +
            " has no derivative rule; add one to DerivativeRules.cpp, or state ZeroDerivative for the operation.");
}

int DerivativeRules::differentiateUnary(Operation operation, int x, int y, int dx) {
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
int DerivativeRules::gaussian(int x, double factor) {
    return times(builder.literal(factor), unary(Operation::Exp, unary(Operation::Neg, binary(Operation::Mul, x, x))));
}

int DerivativeRules::differentiateBinary(Operation operation, int a, int b, int y, int da, int db) {
    switch (operation) {
        case Operation::Add: return plus(da, db);
        case Operation::Sub: return minus(da, db);
        case Operation::Mul:                                   // a' b + a b'
            if (isSigmoidOf(b, a) && da != Zero && db != Zero) // SiLU: (b + y (1-b)) a', which has fewer operations
                return times(binary(Operation::Add, b,
                                     binary(Operation::Mul, y, binary(Operation::Sub, builder.literal(1), b))),
                        da);
            if (isSigmoidOf(a, b) && da != Zero && db != Zero)
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
int DerivativeRules::differentiateAngle(int a, int b, int da, int db) {
    int numerator = minus(da == Zero ? Zero : times(b, da), db == Zero ? Zero : times(a, db));
    int square = binary(Operation::Add, binary(Operation::Mul, a, a), binary(Operation::Mul, b, b));
    int zero = builder.literal(0);
    return builder.add(Operation::Select,
            {binary(Operation::Equal, square, zero), zero, binary(Operation::Div, numerator, square)});
}

/** The derivative of the chosen one of two values, or the mean of both derivatives where the values are equal. */
int DerivativeRules::differentiateChoice(int first, int a, int b, int da, int db) {
    int mean = times(builder.literal(0.5), plus(da, db));
    return builder.add(Operation::Select,
            {binary(Operation::Equal, a, b), mean, builder.add(Operation::Select, {first, orZero(da), orZero(db)})});
}

/** The derivative of a^b with respect to a: b a^(b-1) a', and 0 where b = 0. */
int DerivativeRules::differentiateBase(int a, int b, int da) {
    if (da == Zero)
        return Zero;
    int factor = binary(Operation::Mul, b, binary(Operation::Pow, a, binary(Operation::Sub, b, builder.literal(1))));
    int zero = builder.literal(0);
    return times(builder.add(Operation::Select, {binary(Operation::Equal, b, zero), zero, factor}), da);
}

/** The derivative of a^b with respect to b: a^b ln a b', and 0 where a = 0 and b >= 0. */
int DerivativeRules::differentiateExponent(int a, int b, int y, int db) {
    if (db == Zero)
        return Zero;
    int zero = builder.literal(0);
    int vanishes = binary(Operation::Mul, binary(Operation::Equal, a, zero), binary(Operation::LessEqual, zero, b));
    return times(
            builder.add(Operation::Select, {vanishes, zero, binary(Operation::Mul, y, unary(Operation::Log, a))}), db);
}

int DerivativeRules::findLargest(const ProgramStep& step, int x, int y) {
    return binary(Operation::Equal, x, builder.add(Operation::Gather, {y}, findGroups(step)));
}

vector<int> LearnedPairPlugin::findGroups(const ProgramStep& reduction) {
    const int outer = reduction.integers[0], middle = reduction.integers[1], inner = reduction.integers[2];
    vector<int> groups;
    for (int o = 0; o < outer; o++)
        for (int m = 0; m < middle; m++)
            for (int i = 0; i < inner; i++)
                groups.push_back(o * inner + i);
    return groups;
}
