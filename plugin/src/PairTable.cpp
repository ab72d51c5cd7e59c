// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "PairTable.h"
#include "internal/hermite.h"
#include "internal/require.h"
#include "internal/slopes.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

using namespace LearnedPairPlugin;
using std::vector;

// Platforms store the index of the first knot of a curve as a float. A float is exact for integers up to this limit.
static const size_t MaxKnots = 1 << 24;

static void requireFinite(const vector<double>& values, const char* what, size_t curve) {
    for (size_t i = 0; i < values.size(); i++)
        require(std::abs(values[i]) <= std::numeric_limits<float>::max(), "PairTable: curve ", curve, " has the ", what,
                " ", values[i], " at knot ", i, "; every number must be finite, also in single precision.");
}

PairTable::PairTable(int numTypes, double minDistance, double maxDistance, const vector<PairCurve>& curves,
        const vector<int>& curveIndices) :
        numTypes(numTypes),
        minDistance(minDistance),
        maxDistance(maxDistance),
        curves(curves),
        curveIndices(curveIndices) {
    require(numTypes > 0, "PairTable: the number of types is ", numTypes, "; it must be positive.");
    require(std::isfinite(minDistance) && minDistance >= 0, "PairTable: the minimum distance is ", minDistance,
            " nm; it must be finite and not negative.");
    require(std::isfinite(maxDistance) && maxDistance > minDistance, "PairTable: the maximum distance is ", maxDistance,
            " nm; it must be finite and greater than the minimum distance, ", minDistance, " nm.");
    require(curveIndices.size() == (size_t) numTypes * numTypes, "PairTable: there are ", curveIndices.size(),
            " curve indices; ", numTypes, " types need ", (size_t) numTypes * numTypes, ", one for each ordered pair.");
    size_t numKnots = 0;
    for (size_t i = 0; i < curves.size(); i++) {
        require(curves[i].energies.size() >= 2, "PairTable: curve ", i, " has ", curves[i].energies.size(),
                " knots; at least 2 are needed.");
        require(curves[i].energies.size() == curves[i].slopes.size(), "PairTable: curve ", i, " has ",
                curves[i].energies.size(), " energies and ", curves[i].slopes.size(),
                " slopes; every knot needs one of each.");
        requireFinite(curves[i].energies, "energy", i);
        requireFinite(curves[i].slopes, "slope", i);
        requireSlopesOfEnergies("PairTable: curve " + std::to_string(i), curves[i].energies, curves[i].slopes,
                (maxDistance - minDistance) / (curves[i].energies.size() - 1));
        numKnots += curves[i].energies.size() + 1;
    }
    require(numKnots < MaxKnots, "PairTable: the curves have ", numKnots, " knots together; at most ", MaxKnots,
            " are supported.");
    for (int i = 0; i < numTypes; i++)
        for (int j = 0; j < numTypes; j++) {
            int index = getCurveIndex(i, j);
            require(index >= NoCurve && index < (int) curves.size(), "PairTable: types ", i, " and ", j,
                    " have the curve index ", index, "; it must be between 0 and ", (int) curves.size() - 1, ", or ",
                    NoCurve, " for none.");
            require(index == getCurveIndex(j, i), "PairTable: types ", i, " and ", j, " have the curve index ", index,
                    ", but ", j, " and ", i, " have ", getCurveIndex(j, i), "; a pair function must be symmetric.");
        }
}

const vector<ParticleFeature>& PairTable::getFeatures() const {
    static const vector<ParticleFeature> none;
    return none;
}

const vector<GlobalParameter>& PairTable::getGlobalParameters() const {
    static const vector<GlobalParameter> none;
    return none;
}

void PairCurve::evaluate(double minDistance, double maxDistance, double r, double& energy, double& dEdR) const {
    int numSegments = energies.size() - 1;
    double h = (maxDistance - minDistance) / numSegments;
    double x = (r - minDistance) / h;
    int k = (x > 0 ? (int) std::min(x, numSegments - 1.0) : 0);
    double t = x - k;
    double e0 = energies[k], e1 = energies[k + 1], d0 = h * slopes[k], d1 = h * slopes[k + 1];
    energy = Hermite::value(t, e0, e1, d0, d1);
    dEdR = Hermite::derivative(t, e0, e1, d0, d1) / h;
}

void PairTable::evaluate(int type1, int type2, double r, double& energy, double& dEdR) const {
    curves[getCurveIndex(type1, type2)].evaluate(minDistance, maxDistance, r, energy, dEdR);
}

bool PairTable::hasSameShape(const PairTable& other) const {
    if (numTypes != other.numTypes || minDistance != other.minDistance || maxDistance != other.maxDistance ||
            curveIndices != other.curveIndices || curves.size() != other.curves.size())
        return false;
    for (size_t i = 0; i < curves.size(); i++)
        if (curves[i].energies.size() != other.curves[i].energies.size())
            return false;
    return true;
}
