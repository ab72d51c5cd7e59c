// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonDensityTables.h"
#include "internal/require.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::vector;

// The largest density of one neighbor is at most 2^40 in fixed point: its resolution is then 1e-12 of this density, and
// the sum over 2^22 neighbors still fits into 64 bits. In single precision no power of two beyond 2^100 is used.
static const int NeighborBits = 40, LargestExponent = 100;

CommonDensityTables::CommonDensityTables(
        ComputeContext& cc, const LearnedPairForce& force, const EnvironmentFunction& function) :
        cc(cc),
        layout(std::make_unique<DensityTables>(function, InteractionClasses(force), VectorLength)),
        numClasses(InteractionClasses(force).numClasses) {
    const long long numSums = (long long) layout->getStride() * cc.getPaddedNumAtoms();
    require(numSums <= std::numeric_limits<int>::max() &&
                    layout->getRows().size() <= (size_t) std::numeric_limits<int>::max(),
            "LearnedPairForce: the densities of ", cc.getNumAtoms(), " particles are ", numSums,
            " numbers, and the tables of the densities are ", layout->getRows().size(),
            " numbers; a GPU supports 2147483647 of each. Use fewer channels, lower angular orders, or fewer knots.");
    classes.initialize<int>(cc, cc.getPaddedNumAtoms(), "learnedPairClasses");
    curves.initialize(cc, numClasses * numClasses, 2 * getRealSize(), "learnedPairCurves");
    rows.initialize(cc, layout->getRows().size(), getRealSize(), "learnedPairDensityRows");
    scales.initialize(cc, layout->getStride(), getRealSize(), "learnedPairDensityScales");
    sums.initialize<long long>(cc, numSums, "learnedPairDensitySums");
    gradients.initialize(cc, numSums, getRealSize(), "learnedPairDensityGradients");
    cc.clearBuffer(sums);
    cc.clearBuffer(gradients); // those of numbers that fill up vectors stay zero
    upload(force, function);
}

int CommonDensityTables::getRealSize() const {
    return cc.getUseDoublePrecision() ? sizeof(double) : sizeof(float);
}

void CommonDensityTables::upload(const LearnedPairForce& force, const EnvironmentFunction& function) {
    const InteractionClasses interactionClasses(force);
    layout = std::make_unique<DensityTables>(function, interactionClasses, VectorLength);
    vector<int> classValues = interactionClasses.particleClasses;
    classValues.resize(cc.getPaddedNumAtoms(), 0);
    classes.upload(classValues);
    vector<mm_double2> curveValues;
    for (auto& knots : layout->getKnots())
        curveValues.push_back(mm_double2(knots.inverseSpacing, knots.firstRow));
    curves.upload(curveValues, true);
    rows.upload(layout->getRows(), true);
    uploadScales(force, function);
}

void CommonDensityTables::uploadScales(const LearnedPairForce& force, const EnvironmentFunction& function) {
    const int numChannels = function.getNumChannels();
    const double inner = force.getInnerCutoffDistance();
    double largestFactor = 1;
    for (int i = 0; i < force.getNumExceptions(); i++) {
        int particle1, particle2;
        double factor;
        force.getExceptionParameters(i, particle1, particle2, factor);
        largestFactor = std::max(largestFactor, std::abs(factor));
    }
    vector<double> values(layout->getStride(), 1.0);
    vector<double> value(numChannels), slope(numChannels), largest(numChannels, 0.0);
    for (auto& curve : function.getCurves()) {
        curve.evaluate(function.getFirstKnot(), function.getLastKnot(), numChannels, inner, value.data(), slope.data());
        const double h = (function.getLastKnot() - function.getFirstKnot()) / (curve.values.size() / numChannels - 1);
        // Between two knots a cubic exceeds them by h*|slope|/4 at most.
        for (size_t i = 0; i < curve.values.size(); i++)
            largest[i % numChannels] =
                    std::max(largest[i % numChannels], std::abs(curve.values[i]) + h * std::abs(curve.slopes[i]));
        for (int k = 0; k < numChannels; k++) // at distance 0, by Taylor expansion
            largest[k] = std::max(largest[k], std::abs(value[k]) + inner * std::abs(slope[k]));
    }
    for (int k = 0; k < numChannels; k++) {
        const double bound = largestFactor * largest[k];
        const int exponent = (bound > 0 ? std::min(LargestExponent, NeighborBits - std::ilogb(bound) - 1) : 0);
        for (int m = 0; m <= 2 * layout->getOrder(k); m++)
            values[layout->getPlace(k) + m * layout->getStep(k)] = std::ldexp(1.0, exponent);
    }
    scales.upload(values, true);
}

void CommonDensityTables::addTables(KernelArguments& arguments) {
    arguments.add("GLOBAL const real2* RESTRICT lpCurves", curves);
    arguments.add("GLOBAL const real4* RESTRICT lpRows", rows);
}

void CommonDensityTables::addSums(KernelArguments& arguments) {
    arguments.add("GLOBAL mm_ulong* RESTRICT lpSums", sums);
    arguments.add("GLOBAL const real* RESTRICT lpScales", scales);
}

void CommonDensityTables::addGradients(KernelArguments& arguments, const std::string& type) {
    arguments.add("GLOBAL " + type + "* RESTRICT lpGradients", gradients);
}
