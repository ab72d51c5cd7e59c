// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "printTable.h"
#include "printElementwise.h"
#include <sstream>

using namespace LearnedPairPlugin;
using std::string;

string LearnedPairPlugin::printTablePosition(
        const ProgramStep& step, const string& name, const string& r, int data, bool doublePrecision) {
    std::ostringstream source;
    int lastInterval = step.integers[0] - 2;
    source << "const real lpFirst" << name << " = lpWeights[" << data << "], lpH" << name << " = (lpWeights[" << data
           << "+1]-lpFirst" << name << ")*" << printNumber(1.0 / (step.integers[0] - 1), doublePrecision) << ";\n";
    source << "const real lpX" << name << " = (" << r << "-lpFirst" << name << ")/lpH" << name << ";\n";
    source << "const int lpKnot" << name << " = (lpX" << name << " > 0 ? (lpX" << name << " < " << lastInterval
           << " ? (int) lpX" << name << " : " << lastInterval << ") : 0);\n";
    source << "const real lpT" << name << " = lpX" << name << "-lpKnot" << name << ", lpS" << name << " = 1-lpT" << name
           << ";\n";
    return source.str();
}

string LearnedPairPlugin::printTableElement(
        const ProgramStep& step, const string& name, const string& variable, const Index& element, int data) {
    std::ostringstream source;
    string t = "lpT" + name, s = "lpS" + name, h = "lpH" + name, e0 = "lpA" + name, e1 = "lpB" + name,
           d0 = "lpC" + name, d1 = "lpD" + name;
    Index begin = Index("lpKnot" + name).times(2 * step.size).plus(2);
    auto number = [&](int which) {
        return "lpWeights[" + begin.plus(which * step.size).plus(element).plus(data).text + "]";
    };
    source << "const real " << e0 << " = " << number(0) << ", " << e1 << " = " << number(2) << ";\n";
    source << "const real " << d0 << " = " << h << "*" << number(1) << ", " << d1 << " = " << h << "*" << number(3)
           << ";\n";
    source << "const real " << variable << " = ";
    if (step.operation == Operation::Table)
        source << s + "*" + s + "*((1+2*" + t + ")*" + e0 + "+" + t + "*" + d0 + ")+" + t + "*" + t + "*((3-2*" + t +
                        ")*" + e1 + "-" + s + "*" + d1 + ")";
    else
        source << "(6*" + t + "*" + s + "*(" + e1 + "-" + e0 + ")+" + s + "*(1-3*" + t + ")*" + d0 + "+" + t + "*(3*" +
                        t + "-2)*" + d1 + ")/" + h;
    source << ";\n";
    return source.str();
}
