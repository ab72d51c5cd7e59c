// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonDensityTables.h"
#include "internal/activeExceptions.h"
#include "internal/require.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::vector;

// The largest density of one neighbor, times the number of particles, is at most about 2^61 in fixed point, so that the
// sum fits into 64 bits. More than 2^50 of resolution is never needed. No power of two beyond 2^100 is used, which
// would not be finite in single precision.
static const int SumBits = 60, LargestNeighborBits = 50, LargestExponent = 100;
// OpenMM counts the bytes of an array in an int when it clears or uploads it.
static const long long MaxBytes = std::numeric_limits<int>::max();

CommonDensityTables::CommonDensityTables(
        ComputeContext& cc, const LearnedPairForce& force, const EnvironmentFunction& function) :
        cc(cc),
        layout(std::make_unique<DensityTables>(function, InteractionClasses(force), VectorLength)),
        numClasses(InteractionClasses(force).numClasses) {
    const long long numSums = (long long) layout->getStride() * cc.getPaddedNumAtoms(),
                    numRows = layout->getRows().size();
    const long long maxSums = MaxBytes / sizeof(long long), maxRows = MaxBytes / getRealSize();
    require(numSums <= maxSums && numRows <= maxRows, "LearnedPairForce: the densities of ", cc.getNumAtoms(),
            " particles are ", numSums, " sums, of which a GPU supports ", maxSums, ", and their tables are ", numRows,
            " numbers, of which it supports ", maxRows,
            ". Use fewer channels, lower angular orders, fewer knots, or the CPU platform.");
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

/**
 * Estimate the largest density that one neighbor can add to each channel, at any distance up to the cutoff. The true
 * maximum is at most 1.25 times the estimate. Curves for types that no particle has are ignored.
 */
static vector<double> findLargest(const LearnedPairForce& force, const EnvironmentFunction& function) {
    const int numChannels = function.getNumChannels();
    const double inner = force.getInnerCutoffDistance(), cutoff = force.getCutoffDistance();
    const vector<int>& particleTypes = force.getParticleTypes();
    const std::set<int> types(particleTypes.begin(), particleTypes.end());
    std::set<int> used;
    for (int center : types)
        for (int neighbor : types)
            if (center != LearnedPairForce::NotCovered && neighbor != LearnedPairForce::NotCovered)
                used.insert(function.getCurveIndex(center, neighbor));
    vector<double> value(numChannels), slope(numChannels), largest(numChannels, 0.0);
    for (int index : used) {
        if (index == EnvironmentFunction::NoCurve)
            continue;
        const DensityCurve& curve = function.getCurves()[index];
        const int numKnots = curve.values.size() / numChannels;
        const double h = (function.getLastKnot() - function.getFirstKnot()) / (numKnots - 1);
        for (int knot = 0; knot < numKnots; knot++) {
            const double r = function.getFirstKnot() + knot * h;
            if (r <= inner - h || r >= cutoff + h) // not at the end of an interval that a distance can reach
                continue;
            for (int k = 0; k < numChannels; k++) {
                const size_t i = (size_t) knot * numChannels + k;
                largest[k] = std::max(largest[k], std::abs(curve.values[i]) + h * std::abs(curve.slopes[i]));
            }
        }
        curve.evaluate(function.getFirstKnot(), function.getLastKnot(), numChannels, inner, value.data(), slope.data());
        for (int k = 0; k < numChannels; k++) // at distance 0, by Taylor expansion
            largest[k] = std::max(largest[k], std::abs(value[k]) + inner * std::abs(slope[k]));
    }
    return largest;
}

/** Get the largest factor of a density. */
static double findLargestFactor(const LearnedPairForce& force) {
    double largest = 1;
    if (force.getUseDensityExclusions())
        for (auto& exception : findActiveExceptions(force))
            largest = std::max(largest, std::abs(exception.factor));
    return largest;
}

void CommonDensityTables::uploadScales(const LearnedPairForce& force, const EnvironmentFunction& function) {
    const vector<double> largest = findLargest(force, function);
    const double factor = findLargestFactor(force);
    const int neighborBits = std::min(LargestNeighborBits, SumBits - std::ilogb(cc.getNumAtoms()) - 1);
    vector<double> values(layout->getStride(), 1.0);
    for (int k = 0; k < function.getNumChannels(); k++) {
        const double bound = factor * largest[k];
        const int exponent = (bound > 0 ? std::min(LargestExponent, neighborBits - std::ilogb(bound) - 1) : 0);
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
