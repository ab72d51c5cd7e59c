// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonPairTable.h"
#include "CommonLearnedPairKernelSources.h"
#include <algorithm>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::map;
using std::string;
using std::vector;

// How much larger than the first tables later ones may be: by this factor, and at least by this number of classes. At
// least this number of knots (0.8 MiB) is reserved.
static const int Growth = 2, MinNewClasses = 16, MinKnots = 1 << 16;

CommonPairTable::CommonPairTable(ComputeContext& cc, const TableCurves& tables,
        const InteractionClasses& interactionClasses, int numCoefficients) :
        cc(cc),
        minDistance(tables.minDistance),
        numFunctions(tables.functions.size()),
        numCoefficients(numCoefficients),
        maxClasses(interactionClasses.numClasses) {
    KnotTable table(tables, interactionClasses);
    maxKnots = table.numKnots;
    smoothness = table.smoothness;
    if (numCoefficients > 0) {
        maxClasses =
                std::min(std::max(Growth * maxClasses, maxClasses + MinNewClasses), InteractionClasses::MaxClasses);
        maxKnots = std::max(Growth * maxKnots, (size_t) MinKnots);
    }
    int realSize = (cc.getUseDoublePrecision() ? sizeof(double) : sizeof(float));
    classes.initialize<int>(cc, cc.getPaddedNumAtoms(), "learnedPairClasses");
    curves.initialize(cc, maxClasses * maxClasses, 2 * realSize, "learnedPairCurves");
    knots.initialize(cc, numFunctions * maxKnots, 2 * realSize, "learnedPairKnots");
    energies.initialize(cc, numFunctions * maxKnots, realSize, "learnedPairEnergies");
    if (numCoefficients > 0)
        coefficients.initialize(cc, numCoefficients, realSize, "learnedPairCoefficients");
    setCoefficients(vector<double>(numCoefficients, 0.0)); // memory on a device may hold NaN
    copy(table, interactionClasses);
}

string CommonPairTable::upload(const TableCurves& tables, const InteractionClasses& interactionClasses) {
    if ((int) tables.functions.size() != numFunctions)
        return "the tables depend on other global parameters than those for which the Context was created";
    KnotTable table(tables, interactionClasses);
    if (interactionClasses.numClasses > maxClasses || (size_t) table.numKnots > maxKnots)
        return "the tables need more memory than the Context has reserved for them";
    copy(table, interactionClasses);
    return "";
}

void CommonPairTable::copy(const KnotTable& table, const InteractionClasses& interactionClasses) {
    const int n = interactionClasses.numClasses;
    vector<mm_double2> curveValues(maxClasses * maxClasses, mm_double2(0, 0));
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            const KnotTable::Curve& curve = table.curves[i * n + j];
            curveValues[i * maxClasses + j] = mm_double2(curve.inverseSpacing, curve.firstKnot);
        }
    vector<mm_double2> knotValues(numFunctions * maxKnots, mm_double2(0, 0));
    vector<double> energyValues(numFunctions * maxKnots, 0.0);
    for (int f = 0; f < numFunctions; f++)
        for (int k = 0; k < table.numKnots; k++) {
            auto& knot = table.knots[(size_t) f * table.numKnots + k];
            knotValues[f * maxKnots + k] = mm_double2(knot.slope, knot.change);
            energyValues[f * maxKnots + k] = table.energies[(size_t) f * table.numKnots + k];
        }
    vector<int> classValues = interactionClasses.particleClasses;
    classValues.resize(cc.getPaddedNumAtoms(), 0);
    classes.upload(classValues);
    curves.upload(curveValues, true);
    knots.upload(knotValues, true);
    energies.upload(energyValues, true);
}

void CommonPairTable::setCoefficients(const vector<double>& values) {
    if (numCoefficients == 0 || values == uploadedCoefficients)
        return;
    coefficients.upload(values, true);
    uploadedCoefficients = values;
}

void CommonPairTable::clear() {
    curves.upload(vector<mm_double2>(maxClasses * maxClasses, mm_double2(0, 0)), true); // knots 0 and 1 are zero
}

vector<ComputeParameterInfo> CommonPairTable::getParameters(const string& prefix) {
    return {ComputeParameterInfo(classes, prefix + "class", "int", 1)};
}

vector<ComputeParameterInfo> CommonPairTable::getArguments(const string& prefix) {
    vector<ComputeParameterInfo> arguments = {ComputeParameterInfo(curves, prefix + "curves", "real", 2),
        ComputeParameterInfo(knots, prefix + "knots", "real", 2),
        ComputeParameterInfo(energies, prefix + "energies", "real", 1)};
    if (numCoefficients > 0)
        arguments.emplace_back(coefficients, prefix + "coefficients", "real", 1);
    return arguments;
}

PairFunctionText CommonPairTable::getText(const string& prefix) const {
    map<string, string> replacements;
    replacements["LP_MIN_DISTANCE"] = cc.doubleToString(minDistance);
    replacements["LP_NUM_CLASSES"] = cc.intToString(maxClasses);
    replacements["LP_CLASS1"] = prefix + "class1";
    replacements["LP_CLASS2"] = prefix + "class2";
    replacements["LP_CURVES"] = prefix + "curves";
    replacements["LP_KNOTS"] = prefix + "knots";
    replacements["LP_ENERGIES"] = prefix + "energies";
    replacements["LP_SMOOTHNESS"] = cc.doubleToString(smoothness);
    replacements["LP_THIRD"] = cc.doubleToString(1 / 3.0);
    PairFunctionText function;
    function.program = cc.replaceStrings(CommonLearnedPairKernelSources::pairTable, replacements);
    for (int i = 0; i < numFunctions; i++) {
        const string index = cc.intToString(i);
        replacements["LP_KNOT"] = "lpKnot" + (i == 0 ? "" : "+" + cc.intToString(i * maxKnots));
        for (const char* name : {"Left", "Right", "Rise", "C2", "C3"}) {
            string placeholder = string("LP_") + name;
            std::transform(placeholder.begin(), placeholder.end(), placeholder.begin(), ::toupper);
            replacements[placeholder] = string("lp") + name + index;
        }
        if (numCoefficients > 0) {
            replacements["LP_VALUE"] = "lpFunction" + cc.intToString(i);
            replacements["LP_SLOPE"] = "lpSlope" + cc.intToString(i);
        }
        else {
            replacements["LP_VALUE"] = getName("lpEnergy", "lpDEdG", i);
            replacements["LP_SLOPE"] = getName("lpDEdR", "lpD2EdRdG", i);
        }
        function.program += cc.replaceStrings(CommonLearnedPairKernelSources::pairTableFunction, replacements);
    }
    for (int i = 0; i < numCoefficients / numFunctions; i++)
        function.program += "real " + getName("lpEnergy", "lpDEdG", i) + " = " + combine(prefix, "lpFunction", i) +
                ", " + getName("lpDEdR", "lpD2EdRdG", i) + " = " + combine(prefix, "lpSlope", i) + ";\n";
    return function;
}

/** Get the name of the energy, or of its derivative by a global parameter. @param index  0 for the energy */
string CommonPairTable::getName(const string& energy, const string& derivative, int index) const {
    return index == 0 ? energy : derivative + cc.intToString(index - 1);
}

/** Get a linear combination of the tabulated functions. @param row  the row of the coefficients */
string CommonPairTable::combine(const string& prefix, const string& function, int row) const {
    string sum;
    for (int i = 0; i < (row == 0 ? 1 : numFunctions); i++) // the energy is a multiple of the first function
        sum += (i == 0 ? "" : "+") + prefix + "coefficients[" + cc.intToString(row * numFunctions + i) + "]*" +
                function + cc.intToString(i);
    return sum;
}
