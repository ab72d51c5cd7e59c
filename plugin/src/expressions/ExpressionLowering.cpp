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

int ExpressionLowering::lowerNode(const ExpressionTreeNode& node, const Variables& variables) {
    typedef Lepton::Operation Op;
    const Op& operation = node.getOperation();
    vector<int> x;
    for (auto& child : node.getChildren())
        x.push_back(lowerNode(child, variables));
    auto divide = [&](int a, int b) { return binary(Operation::Div, a, b); };
    auto multiply = [&](int a, int b) { return binary(Operation::Mul, a, b); };
    auto sine = [&] { return unary(Operation::Sin, x[0]); };
    auto cosine = [&] { return unary(Operation::Cos, x[0]); };
    // sqrt((1-x)(1+x)): the other side of a right triangle with the hypotenuse 1
    auto otherSide = [&] {
        int one = literal(1);
        return unary(Operation::Sqrt, multiply(binary(Operation::Sub, one, x[0]), binary(Operation::Add, one, x[0])));
    };
    switch (operation.getId()) {
        case Op::CONSTANT: return literal(operation.evaluate(nullptr, {}));
        case Op::VARIABLE: {
            auto variable = variables.find(operation.getName());
            require(variable != variables.end(), "the expression reads \"", operation.getName(),
                    "\", which is neither the distance r nor a parameter; define it");
            return variable->second;
        }
        case Op::CUSTOM: return lowerFunction(operation.getName(), x);
        case Op::ADD: return binary(Operation::Add, x[0], x[1]);
        case Op::SUBTRACT: return binary(Operation::Sub, x[0], x[1]);
        case Op::MULTIPLY: return multiply(x[0], x[1]);
        case Op::DIVIDE: return divide(x[0], x[1]);
        case Op::POWER: {
            const ProgramStep& exponent = builder[x[1]];
            bool isLiteral = (exponent.operation == Operation::Literal);
            bool isNegated = (exponent.operation == Operation::Neg &&
                    builder[exponent.operands[0]].operation == Operation::Literal);
            if (isLiteral)
                return power(x[0], exponent.constants[0]);
            if (isNegated)
                return power(x[0], -builder[exponent.operands[0]].constants[0]);
            return binary(Operation::Pow, x[0], x[1]);
        }
        case Op::NEGATE: return unary(Operation::Neg, x[0]);
        case Op::SQRT: return unary(Operation::Sqrt, x[0]);
        case Op::EXP: return unary(Operation::Exp, x[0]);
        case Op::LOG: return unary(Operation::Log, x[0]);
        case Op::SIN: return sine();
        case Op::COS: return cosine();
        case Op::SEC: return divide(literal(1), cosine());
        case Op::CSC: return divide(literal(1), sine());
        case Op::TAN: return divide(sine(), cosine());
        case Op::COT: return divide(cosine(), sine());
        case Op::ASIN: return binary(Operation::Atan2, x[0], otherSide());
        case Op::ACOS: return binary(Operation::Atan2, otherSide(), x[0]);
        case Op::ATAN: return binary(Operation::Atan2, x[0], literal(1));
        case Op::ATAN2: return binary(Operation::Atan2, x[0], x[1]);
        case Op::SINH:
            return multiply(literal(0.5),
                    binary(Operation::Sub, unary(Operation::Expm1, x[0]),
                            unary(Operation::Expm1, unary(Operation::Neg, x[0]))));
        case Op::COSH:
            return multiply(literal(0.5),
                    binary(Operation::Add, unary(Operation::Exp, x[0]),
                            unary(Operation::Exp, unary(Operation::Neg, x[0]))));
        case Op::TANH: return unary(Operation::Tanh, x[0]);
        case Op::ERF: return unary(Operation::Erf, x[0]);
        case Op::ERFC: return unary(Operation::Erfc, x[0]);
        case Op::STEP: return binary(Operation::LessEqual, literal(0), x[0]);
        case Op::DELTA: return binary(Operation::Equal, x[0], literal(0));
        case Op::SQUARE: return power(x[0], 2);
        case Op::CUBE: return power(x[0], 3);
        case Op::RECIPROCAL: return divide(literal(1), x[0]);
        case Op::ADD_CONSTANT:
            return binary(Operation::Add, x[0], literal(dynamic_cast<const Op::AddConstant&>(operation).getValue()));
        case Op::MULTIPLY_CONSTANT:
            return multiply(x[0], literal(dynamic_cast<const Op::MultiplyConstant&>(operation).getValue()));
        case Op::POWER_CONSTANT: return power(x[0], dynamic_cast<const Op::PowerConstant&>(operation).getValue());
        case Op::MIN: return binary(Operation::Minimum, x[0], x[1]);
        case Op::MAX: return binary(Operation::Maximum, x[0], x[1]);
        case Op::ABS: return unary(Operation::Abs, x[0]);
        case Op::FLOOR: return unary(Operation::Floor, x[0]);
        case Op::CEIL: return unary(Operation::Neg, unary(Operation::Floor, unary(Operation::Neg, x[0])));
        case Op::SELECT: return add(Operation::Select, x);
    }
    throw OpenMM::OpenMMException("the expression calls \"" + operation.getName() + "\", which is not supported");
}
