// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonPairTable.h"
#include "CommonLearnedPairKernelSources.h"
#include "internal/PairClasses.h"
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
        numClasses(PairClasses(force).numClasses) {}

void CommonPairTable::upload(const LearnedPairForce& force) {
    PairClasses pairClasses(force);
    SegmentTable table(dynamic_cast<const PairTable&>(force.getFunction()), pairClasses);
    vector<mm_double2> gridValues;
    for (auto& grid : table.grids)
        gridValues.push_back(mm_double2(grid.inverseSpacing, grid.firstSegment));
    vector<mm_double4> segmentValues;
    for (auto& c : table.segments)
        segmentValues.push_back(mm_double4(c[0], c[1], c[2], c[3]));
    vector<int> classValues = pairClasses.particleClasses;
    kinds.clear();
    for (int particleClass : classValues)
        kinds.emplace_back(particleClass, 0);
    classValues.resize(cc.getPaddedNumAtoms(), 0);
    if (!classes.isInitialized()) {
        int realSize = (cc.getUseDoublePrecision() ? sizeof(double) : sizeof(float));
        classes.initialize<int>(cc, classValues.size(), "learnedPairClasses");
        grids.initialize(cc, gridValues.size(), 2 * realSize, "learnedPairGrids");
        segments.initialize(cc, segmentValues.size(), 4 * realSize, "learnedPairSegments");
    }
    classes.upload(classValues);
    grids.upload(gridValues, true);
    segments.upload(segmentValues, true);
}

vector<ComputeParameterInfo> CommonPairTable::getParameters(const string& prefix) {
    return {ComputeParameterInfo(classes, prefix + "class", "int", 1)};
}

vector<ComputeParameterInfo> CommonPairTable::getArguments(const string& prefix) {
    return {ComputeParameterInfo(grids, prefix + "grids", "real", 2),
        ComputeParameterInfo(segments, prefix + "segments", "real", 4)};
}

PairFunctionSource CommonPairTable::getSource(const string& prefix) const {
    map<string, string> replacements;
    replacements["LP_MIN_DISTANCE"] = cc.doubleToString(minDistance);
    replacements["LP_NUM_CLASSES"] = cc.intToString(numClasses);
    replacements["LP_CLASS1"] = prefix + "class1";
    replacements["LP_CLASS2"] = prefix + "class2";
    replacements["LP_GRIDS"] = prefix + "grids";
    replacements["LP_SEGMENTS"] = prefix + "segments";
    return {"", "", cc.replaceStrings(CommonLearnedPairKernelSources::pairTable, replacements), ""};
}
