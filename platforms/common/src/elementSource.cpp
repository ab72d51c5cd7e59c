// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "elementSource.h"
#include "internal/numbers.h"
#include "internal/operations.h"
#include <algorithm>
#include <limits>

using namespace LearnedPairPlugin;
using std::string;
using std::vector;

string LearnedPairPlugin::printNumber(double value, bool doublePrecision) {
    double largest = (doublePrecision ? std::numeric_limits<double>::max() : std::numeric_limits<float>::max());
    value = std::max(-largest, std::min(largest, value));
    string text = formatNumber(doublePrecision ? value : (double) (float) value);
    if (text.find_first_of(".e") == string::npos)
        text += ".0";
    if (!doublePrecision)
        text += "f";
    return value < 0 ? "(" + text + ")" : text;
}

/** The expression for an operation on operands a, b and c, which stand for themselves in it; empty if it takes
 * statements. */
static const char* getTemplate(Operation operation) {
    switch (operation) {
        case Operation::Neg: return "-a";
        case Operation::Abs: return "FABS(a)";
        case Operation::Floor: return "floor(a)";
        case Operation::Sqrt: return "SQRT(a)";
        case Operation::Exp: return "EXP(a)";
        case Operation::Expm1: return "expm1(a)";
        case Operation::Log: return "LOG(a)";
        case Operation::Log1p: return "log1p(a)";
        case Operation::Sin: return "SIN(a)";
        case Operation::Cos: return "COS(a)";
        case Operation::Tanh: return "tanh(a)";
        case Operation::Sigmoid: return "1/(1+EXP(-a))";
        case Operation::Erf: return "ERF(a)";
        case Operation::Erfc: return "ERFC(a)";
        case Operation::Add: return "a+b";
        case Operation::Sub: return "a-b";
        case Operation::Mul: return "a*b";
        case Operation::Div: return "a/b";
        case Operation::Pow: return "POW(a, b)";
        case Operation::Minimum: return "(a < b ? a : b)";
        case Operation::Maximum: return "(a > b ? a : b)";
        case Operation::Less: return "(a < b ? (real) 1 : (real) 0)";
        case Operation::LessEqual: return "(a <= b ? (real) 1 : (real) 0)";
        case Operation::Equal: return "(a == b ? (real) 1 : (real) 0)";
        case Operation::Select: return "(a != 0 ? b : c)";
        default: return "";
    }
}

/** Replace the letters a, b and c where they stand alone. */
static string fill(const string& pattern, const vector<string>& operands) {
    string text;
    auto isLetter = [&](size_t i) { return i < pattern.size() && (isalnum(pattern[i]) || pattern[i] == '_'); };
    for (size_t i = 0; i < pattern.size(); i++) {
        size_t which = pattern[i] - 'a';
        if (pattern[i] >= 'a' && which < operands.size() && !(i > 0 && isLetter(i - 1)) && !isLetter(i + 1))
            text += operands[which];
        else
            text += pattern[i];
    }
    return text;
}

string LearnedPairPlugin::printElement(
        Operation operation, const string& name, const vector<string>& operands, bool doublePrecision) {
    string result = "const real " + name + " = ";
    const string& x = operands[0];
    if (!doublePrecision &&
            operation == Operation::Tanh) // CUDA's fast-math tanh has only 11 bits, and 1-2/(1+exp(2x)) cancels near 0
        return "const real " + name + "e = expm1(2*(FABS(" + x + ") < 20.0f ? FABS(" + x + ") : 20.0f));\n" + result +
                "(" + x + " < 0 ? -" + name + "e : " + name + "e)/(" + name + "e+2);\n";
    if (!doublePrecision &&
            (operation == Operation::Sin ||
                    operation == Operation::Cos)) // CUDA's fast-math sine is good from -pi to pi only
        return "const real " + name + "k = floor(" + x + "*0.159154943f+0.5f);\n" + result +
                (operation == Operation::Sin ? "SIN" : "COS") + "((" + x + "-" + name + "k*6.28125f)-" + name +
                "k*1.93530718e-3f);\n";
    if (!doublePrecision &&
            operation ==
                    Operation::Pow) { // CUDA's fast-math pow is NaN for a base below 0, and for 0 to the power of 0
        string p = name + "p", h = name + "h";
        return fill("const real " + p + " = POW(FABS(a), b), " + h + " = 0.5f*b;\n" + result +
                        "(b == 0 ? 1 : a >= 0 ? " + p + " : b != floor(b) ? SQRT(a) : " + h + " == floor(" + h +
                        ") ? " + p + " : -" + p + ");\n",
                operands);
    }
    return result + fill(getTemplate(operation), operands) + ";\n";
}
