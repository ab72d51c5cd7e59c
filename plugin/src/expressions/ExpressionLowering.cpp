// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/ExpressionLowering.h"
#include "internal/require.h"
#include "lepton/ExpressionTreeNode.h"
#include "lepton/Operation.h"
#include <cmath>

using namespace LearnedPairPlugin;
using Lepton::ExpressionTreeNode;
using std::string;
using std::vector;

// Integer powers up to this one are products, which are more accurate than pow() on GPUs.
static const int MaxProductPower = 64;

int ExpressionLowering::lower(const string& text, const Variables& variables) {
    return lowerNode(parseExpression(text, functions).getRootNode(), variables);
}

int ExpressionLowering::add(Operation operation, const vector<int>& operands, const vector<int>& integers,
        const vector<double>& constants) {
    auto [position, isNew] = known.insert({Key(operation, operands, integers, constants), 0});
    if (isNew)
        position->second = builder.add(operation, operands, integers, constants);
    return position->second;
}

int ExpressionLowering::literal(double value) {
    return add(Operation::Literal, {}, {}, {value});
}

int ExpressionLowering::unary(Operation operation, int operand) {
    return add(operation, {operand});
}

int ExpressionLowering::binary(Operation operation, int operand1, int operand2) {
    return add(operation, {operand1, operand2});
}

/** Multiply repeatedly: x^6 is (x^2 x)^2. */
int ExpressionLowering::power(int base, int exponent) {
    if (exponent == 0)
        return literal(1);
    if (exponent < 0)
        return binary(Operation::Div, literal(1), power(base, -exponent));
    if (exponent == 1)
        return base;
    int half = power(base, exponent / 2), square = binary(Operation::Mul, half, half);
    return exponent % 2 == 0 ? square : binary(Operation::Mul, square, base);
}

int ExpressionLowering::power(int base, double exponent) {
    if (exponent == std::floor(exponent) && std::abs(exponent) <= MaxProductPower)
        return power(base, (int) exponent);
    if (exponent == 0.5)
        return unary(Operation::Sqrt, base);
    return binary(Operation::Pow, base, literal(exponent));
}

typedef Lepton::Operation Op;

// The functions of Lepton that are one elementwise operation.
static const std::map<Op::Id, Operation> Elementwise = {{Op::ADD, Operation::Add}, {Op::SUBTRACT, Operation::Sub},
    {Op::MULTIPLY, Operation::Mul}, {Op::DIVIDE, Operation::Div}, {Op::NEGATE, Operation::Neg},
    {Op::SQRT, Operation::Sqrt}, {Op::EXP, Operation::Exp}, {Op::LOG, Operation::Log}, {Op::SIN, Operation::Sin},
    {Op::COS, Operation::Cos}, {Op::ATAN2, Operation::Atan2}, {Op::TANH, Operation::Tanh}, {Op::ERF, Operation::Erf},
    {Op::ERFC, Operation::Erfc}, {Op::MIN, Operation::Minimum}, {Op::MAX, Operation::Maximum},
    {Op::ABS, Operation::Abs}, {Op::FLOOR, Operation::Floor}, {Op::SELECT, Operation::Select}};

int ExpressionLowering::lowerNode(const ExpressionTreeNode& node, const Variables& variables) {
    const Op& operation = node.getOperation();
    vector<int> x;
    for (auto& child : node.getChildren())
        x.push_back(lowerNode(child, variables));
    if (auto elementwise = Elementwise.find(operation.getId()); elementwise != Elementwise.end())
        return add(elementwise->second, x);
    switch (operation.getId()) {
        case Op::CONSTANT: return literal(operation.evaluate(nullptr, {}));
        case Op::VARIABLE: {
            auto variable = variables.find(operation.getName());
            require(variable != variables.end(), "the expression reads \"", operation.getName(),
                    "\", which is neither the distance r nor a parameter; define it");
            return variable->second;
        }
        case Op::CUSTOM: return lowerFunction(operation.getName(), x);
        case Op::POWER: return lowerPower(x[0], x[1]);
        case Op::ADD_CONSTANT:
            return binary(Operation::Add, x[0], literal(dynamic_cast<const Op::AddConstant&>(operation).getValue()));
        case Op::MULTIPLY_CONSTANT:
            return binary(
                    Operation::Mul, x[0], literal(dynamic_cast<const Op::MultiplyConstant&>(operation).getValue()));
        case Op::POWER_CONSTANT: return power(x[0], dynamic_cast<const Op::PowerConstant&>(operation).getValue());
        case Op::SQUARE: return power(x[0], 2);
        case Op::CUBE: return power(x[0], 3);
        case Op::RECIPROCAL: return power(x[0], -1);
        case Op::STEP: return binary(Operation::LessEqual, literal(0), x[0]);
        case Op::DELTA: return binary(Operation::Equal, x[0], literal(0));
        case Op::CEIL: return unary(Operation::Neg, unary(Operation::Floor, unary(Operation::Neg, x[0])));
        default: return lowerTrigonometric(operation, x[0]);
    }
}

/** Raise to a power, which is a product if the exponent is a whole number. */
int ExpressionLowering::lowerPower(int base, int exponent) {
    const ProgramStep& step = builder[exponent];
    if (step.operation == Operation::Literal)
        return power(base, step.constants[0]);
    if (step.operation == Operation::Neg && builder[step.operands[0]].operation == Operation::Literal)
        return power(base, -builder[step.operands[0]].constants[0]);
    return binary(Operation::Pow, base, exponent);
}

/** Express a trigonometric or hyperbolic function by the elementwise operations. */
int ExpressionLowering::lowerTrigonometric(const Op& operation, int x) {
    auto divide = [&](int a, int b) { return binary(Operation::Div, a, b); };
    auto multiply = [&](int a, int b) { return binary(Operation::Mul, a, b); };
    auto sine = [&] { return unary(Operation::Sin, x); };
    auto cosine = [&] { return unary(Operation::Cos, x); };
    // sqrt((1-x)(1+x)): the other side of a right triangle with the hypotenuse 1
    auto otherSide = [&] {
        int one = literal(1);
        return unary(Operation::Sqrt, multiply(binary(Operation::Sub, one, x), binary(Operation::Add, one, x)));
    };
    // f(x) and f(-x), added or subtracted, divided by 2
    auto half = [&](Operation combined, Operation function) {
        return multiply(literal(0.5), binary(combined, unary(function, x), unary(function, unary(Operation::Neg, x))));
    };
    switch (operation.getId()) {
        case Op::SEC: return divide(literal(1), cosine());
        case Op::CSC: return divide(literal(1), sine());
        case Op::TAN: return divide(sine(), cosine());
        case Op::COT: return divide(cosine(), sine());
        case Op::ASIN: return binary(Operation::Atan2, x, otherSide());
        case Op::ACOS: return binary(Operation::Atan2, otherSide(), x);
        case Op::ATAN: return binary(Operation::Atan2, x, literal(1));
        case Op::SINH: return half(Operation::Sub, Operation::Expm1);
        case Op::COSH: return half(Operation::Add, Operation::Exp);
        default:
            throw OpenMM::OpenMMException(
                    "the expression calls \"" + operation.getName() + "\", which is not supported");
    }
}
