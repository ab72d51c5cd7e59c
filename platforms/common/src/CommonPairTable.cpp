// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonPairTable.h"
#include "CommonLearnedPairKernelSources.h"
#include "internal/InteractionClasses.h"
#include "internal/SegmentTable.h"
#include "PairTable.h"

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::map;
using std::string;
using std::vector;

CommonPairTable::CommonPairTable(ComputeContext& cc, const LearnedPairForce& force) :
        cc(cc),
        minDistance(force.getFunction().getMinDistance()),
        numClasses(InteractionClasses(force).numClasses) {}

void CommonPairTable::upload(const LearnedPairForce& force) {
    InteractionClasses interactionClasses(force);
    SegmentTable table(dynamic_cast<const PairTable&>(force.getFunction()), interactionClasses);
    vector<mm_double2> curveValues;
    for (auto& curve : table.curves)
        curveValues.push_back(mm_double2(curve.inverseSpacing, curve.firstSegment));
    vector<mm_double4> segmentValues;
    for (auto& c : table.segments)
        segmentValues.push_back(mm_double4(c[0], c[1], c[2], c[3]));
    vector<int> classValues = interactionClasses.particleClasses;
    identities.clear();
    for (int particleClass : classValues)
        identities.emplace_back(particleClass, 0);
    classValues.resize(cc.getPaddedNumAtoms(), 0);
    if (!classes.isInitialized()) {
        int realSize = (cc.getUseDoublePrecision() ? sizeof(double) : sizeof(float));
        classes.initialize<int>(cc, classValues.size(), "learnedPairClasses");
        curves.initialize(cc, curveValues.size(), 2 * realSize, "learnedPairCurves");
        segments.initialize(cc, segmentValues.size(), 4 * realSize, "learnedPairSegments");
    }
    classes.upload(classValues);
    curves.upload(curveValues, true);
    segments.upload(segmentValues, true);
}

vector<ComputeParameterInfo> CommonPairTable::getParameters(const string& prefix) {
    return {ComputeParameterInfo(classes, prefix + "class", "int", 1)};
}

vector<ComputeParameterInfo> CommonPairTable::getArguments(const string& prefix) {
    return {ComputeParameterInfo(curves, prefix + "curves", "real", 2),
        ComputeParameterInfo(segments, prefix + "segments", "real", 4)};
}

PairFunctionText CommonPairTable::getText(const string& prefix) const {
    map<string, string> replacements;
    replacements["LP_MIN_DISTANCE"] = cc.doubleToString(minDistance);
    replacements["LP_NUM_CLASSES"] = cc.intToString(numClasses);
    replacements["LP_CLASS1"] = prefix + "class1";
    replacements["LP_CLASS2"] = prefix + "class2";
    replacements["LP_CURVES"] = prefix + "curves";
    replacements["LP_SEGMENTS"] = prefix + "segments";
    PairFunctionText function;
    function.program = cc.replaceStrings(CommonLearnedPairKernelSources::pairTable, replacements);
    return function;
}
