// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "EnvironmentFunction.h"
#include "internal/globalParameters.h"
#include "internal/hermite.h"
#include "internal/require.h"
#include "internal/slopes.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace LearnedPairPlugin;
using std::string;
using std::vector;

// Platforms store the index of the first knot of a curve as a float. A float is exact for integers up to this limit.
static const size_t MaxKnots = 1 << 24;

void DensityCurve::evaluate(
        double minDistance, double maxDistance, int numChannels, double r, double* value, double* slope) const {
    const int numSegments = values.size() / numChannels - 1;
    const double h = (maxDistance - minDistance) / numSegments, x = (r - minDistance) / h;
    const int k = (x > 0 ? (int) std::min(x, numSegments - 1.0) : 0);
    const double t = x - k;
    for (int channel = 0; channel < numChannels; channel++) {
        const size_t left = (size_t) k * numChannels + channel, right = left + numChannels;
        const double d0 = h * slopes[left], d1 = h * slopes[right];
        value[channel] = Hermite::value(t, values[left], values[right], d0, d1);
        slope[channel] = Hermite::derivative(t, values[left], values[right], d0, d1) / h;
    }
}

EnvironmentFunction::EnvironmentFunction(int numTypes, double minDistance, double maxDistance,
        const vector<int>& angularOrders, const vector<DensityCurve>& curves, const vector<int>& curveIndices,
        const TensorProgram& atomProgram, const vector<GlobalParameter>& globalParameters,
        std::shared_ptr<const PairTable> pairTable) :
        numTypes(numTypes),
        minDistance(minDistance),
        maxDistance(maxDistance),
        angularOrders(angularOrders),
        curves(curves),
        curveIndices(curveIndices),
        atomProgram(atomProgram),
        globalParameters(globalParameters),
        pairTable(pairTable) {
    require(numTypes > 0, "EnvironmentFunction: the number of types is ", numTypes, "; it must be positive.");
    require(std::isfinite(minDistance) && minDistance >= 0, "EnvironmentFunction: the minimum distance is ",
            minDistance, " nm; it must be finite and not negative.");
    require(std::isfinite(maxDistance) && maxDistance > minDistance, "EnvironmentFunction: the maximum distance is ",
            maxDistance, " nm; it must be finite and greater than the minimum distance, ", minDistance, " nm.");
    checkAngularOrders(angularOrders);
    checkCurves();
    checkCurveIndices();
    checkProgram();
    requireGlobalParameters("EnvironmentFunction", globalParameters);
    if (pairTable == nullptr)
        return;
    require(pairTable->getNumTypes() == numTypes, "EnvironmentFunction: the pair function has ",
            pairTable->getNumTypes(), " types, and the densities have ", numTypes, "; expected the same number.");
    require(getMinDistance() < getMaxDistance(), "EnvironmentFunction: the densities go from ", minDistance, " to ",
            maxDistance, " nm, and the pair function from ", pairTable->getMinDistance(), " to ",
            pairTable->getMaxDistance(), " nm; expected a common range of distances.");
}

void EnvironmentFunction::checkAngularOrders(const vector<int>& angularOrders) {
    require(!angularOrders.empty() && angularOrders.size() <= (size_t) MaxChannels, "EnvironmentFunction: there are ",
            angularOrders.size(), " channels; expected 1 to ", MaxChannels, ".");
    for (size_t k = 0; k < angularOrders.size(); k++)
        require(angularOrders[k] >= 0 && angularOrders[k] <= MaxAngularOrder, "EnvironmentFunction: channel ", k,
                " has the angular order ", angularOrders[k], "; expected 0 to ", MaxAngularOrder, ".");
}

void EnvironmentFunction::checkCurves() const {
    const size_t numChannels = angularOrders.size();
    size_t numKnots = 0;
    for (size_t i = 0; i < curves.size(); i++) {
        const string name = "EnvironmentFunction: curve " + std::to_string(i);
        const size_t size = curves[i].values.size(), knots = size / numChannels;
        require(knots >= 2 && knots * numChannels == size, name, " has ", size,
                " values; expected one for each of the ", numChannels, " channels at each of at least 2 knots.");
        require(curves[i].slopes.size() == size, name, " has ", size, " values and ", curves[i].slopes.size(),
                " slopes; expected as many slopes as values.");
        for (size_t channel = 0; channel < numChannels; channel++) {
            vector<double> values, slopes;
            for (size_t knot = 0; knot < knots; knot++) {
                values.push_back(curves[i].values[knot * numChannels + channel]);
                slopes.push_back(curves[i].slopes[knot * numChannels + channel]);
                for (double number : {values.back(), slopes.back()})
                    require(std::abs(number) <= std::numeric_limits<float>::max(), name, " has the value or slope ",
                            number, " in channel ", channel, " at knot ", knot,
                            "; every number must be finite, also in single precision.");
            }
            requireSlopesOfEnergies(name + ", channel " + std::to_string(channel), values, slopes,
                    (maxDistance - minDistance) / (knots - 1));
        }
        numKnots += knots + 1;
    }
    require(numKnots < MaxKnots, "EnvironmentFunction: the curves have ", numKnots, " knots together; at most ",
            MaxKnots, " are supported.");
}

void EnvironmentFunction::checkCurveIndices() const {
    require(curveIndices.size() == (size_t) numTypes * numTypes, "EnvironmentFunction: there are ", curveIndices.size(),
            " curve indices; ", numTypes, " types need ", (size_t) numTypes * numTypes, ", one for each ordered pair.");
    for (int i = 0; i < numTypes; i++)
        for (int j = 0; j < numTypes; j++) {
            const int index = getCurveIndex(i, j);
            require(index >= NoCurve && index < (int) curves.size(), "EnvironmentFunction: types ", i, " and ", j,
                    " have the curve index ", index, "; it must be between 0 and ", (int) curves.size() - 1, ", or ",
                    NoCurve, " for none.");
            require((index == NoCurve) == (getCurveIndex(j, i) == NoCurve), "EnvironmentFunction: types ", i, " and ",
                    j, " have the curve index ", index, ", but ", j, " and ", i, " have ", getCurveIndex(j, i),
                    "; expected a curve for both, or ", NoCurve, " for both.");
        }
}

void EnvironmentFunction::checkProgram() const {
    require(&atomProgram.getSignature() == &ProgramSignature::forAtoms(),
            "EnvironmentFunction: the program has the inputs of pairs; expected those of atoms.");
    const int numDensities = atomProgram.getInputSize(AtomInput::Densities);
    require(numDensities == getNumChannels(), "EnvironmentFunction: the program takes ", numDensities,
            " densities; expected ", getNumChannels(), ", one for each channel.");
    const int typeSize = atomProgram.getInputSize(AtomInput::Type);
    require(typeSize <= 1, "EnvironmentFunction: the program takes ", typeSize,
            " numbers as the type of an atom; expected 1.");
    const int numGlobals = atomProgram.getInputSize(AtomInput::Globals);
    require(numGlobals == 0 || numGlobals == (int) globalParameters.size(), "EnvironmentFunction: the program takes ",
            numGlobals, " global parameters, but ", globalParameters.size(), " are named.");
    require(atomProgram.getOutputs().size() == 1 && atomProgram.getSteps()[atomProgram.getOutputs()[0]].size == 1,
            "EnvironmentFunction: the program must have one output of length 1, the energy of an atom.");
    const vector<double> weights = atomProgram.getWeights();
    for (size_t i = 0; i < weights.size(); i++)
        require(!std::isnan(weights[i]), "EnvironmentFunction: weight ", i,
                " is NaN; the model's parameters must be numbers.");
}

const vector<ParticleFeature>& EnvironmentFunction::getFeatures() const {
    static const vector<ParticleFeature> none;
    return none;
}

double EnvironmentFunction::getMinDistance() const {
    return pairTable == nullptr ? minDistance : std::max(minDistance, pairTable->getMinDistance());
}

double EnvironmentFunction::getMaxDistance() const {
    return pairTable == nullptr ? maxDistance : std::min(maxDistance, pairTable->getMaxDistance());
}

bool EnvironmentFunction::isDefined(int type1, int type2) const {
    return getCurveIndex(type1, type2) != NoCurve && (pairTable == nullptr || pairTable->isDefined(type1, type2));
}

bool EnvironmentFunction::hasSameShape(const EnvironmentFunction& other) const {
    if (numTypes != other.numTypes || minDistance != other.minDistance || maxDistance != other.maxDistance ||
            angularOrders != other.angularOrders || curveIndices != other.curveIndices ||
            curves.size() != other.curves.size() || atomProgram.getText() != other.atomProgram.getText() ||
            (pairTable == nullptr) != (other.pairTable == nullptr))
        return false;
    for (size_t i = 0; i < curves.size(); i++)
        if (curves[i].values.size() != other.curves[i].values.size())
            return false;
    return pairTable == nullptr || pairTable->hasSameShape(*other.pairTable);
}
