// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "printElementwise.h"
#include "internal/formatNumber.h"
#include "internal/operations.h"
#include <algorithm>
#include <limits>

using namespace LearnedPairPlugin;
using std::string;
using std::vector;

const char* LearnedPairPlugin::getPointer(int slot) {
    static const char* const names[] = {"", "lpParticle1", "lpParticle2", "lpPair", "lpGlobals"}; // see PairInput
    return names[slot];
}

string LearnedPairPlugin::printInput(const ProgramSignature& signature, int slot, const string& element) {
    if (&signature == &ProgramSignature::forPairs())
        return slot == PairInput::Distance ? "lpRClamped" : string(getPointer(slot)) + "[" + element + "]";
    if (slot == AtomInput::Type)
        return "lpType";
    return (slot == AtomInput::Densities ? "lpDensities[" : "lpGlobals[") + element + "]";
}

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

/** Replace the identifiers a, b and c of a pattern by operands. */
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
    // CUDA's fast-math tanh is accurate to 11 bits only, and 1-2/(1+exp(2x)) suffers from cancellation near 0.
    if (!doublePrecision && operation == Operation::Tanh)
        return "const real " + name + "e = expm1(2*(FABS(" + x + ") < 20.0f ? FABS(" + x + ") : 20.0f));\n" + result +
                "(" + x + " < 0 ? -" + name + "e : " + name + "e)/(" + name + "e+2);\n";
    // CUDA's fast-math sine and cosine are accurate from -pi to pi only: reduce the argument (Cody and Waite).
    if (!doublePrecision && (operation == Operation::Sin || operation == Operation::Cos))
        return "const real " + name + "k = floor(" + x + "*0.159154943f+0.5f);\n" + result +
                (operation == Operation::Sin ? "SIN" : "COS") + "((" + x + "-" + name + "k*6.28125f)-" + name +
                "k*1.93530718e-3f);\n";
    // CUDA's fast-math pow is NaN for a negative base, and for 0 to the power of 0.
    if (!doublePrecision && operation == Operation::Pow) {
        string p = name + "p", h = name + "h";
        return fill("const real " + p + " = POW(FABS(a), b), " + h + " = 0.5f*b;\n" + result +
                        "(b == 0 ? 1 : a >= 0 ? " + p + " : b != floor(b) ? SQRT(a) : " + h + " == floor(" + h +
                        ") ? " + p + " : -" + p + ");\n",
                operands);
    }
    return result + fill(getInfo(operation).kernel, operands) + ";\n";
}
