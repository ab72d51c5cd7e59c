// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/TailCorrection.h"
#include "internal/InteractionClasses.h"
#include "internal/require.h"
#include <algorithm>
#include <cmath>
#include <map>

using namespace LearnedPairPlugin;
using std::pair;
using std::vector;

// The nodes and weights of Gauss-Legendre quadrature with 8 points (Abramowitz and Stegun, table 25.4), for x > 0.
static const double Nodes[] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267, 0.9602898564975363},
                    Weights[] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763};
// The interval is divided into more and more panels until the sum changes by less than `Accurate`. With the largest
// number of panels, a change of `Acceptable` is allowed.
static const double Accurate = 1e-9, Acceptable = 1e-3; // the latter as in OpenMM
static const int MaxPanels = 1024;
// Pairs are evaluated in groups, which limits the memory.
static const size_t PointsAtOnce = 1 << 16;

TailCorrection::TailCorrection(const LearnedPairForce& force, int numParticles, const vector<int>& derivatives) :
        cutoff(force.getCutoffDistance()),
        switching(force),
        numParticles(numParticles),
        distinct(force),
        evaluator(PairEvaluator::create(force.getSharedFunction(), derivatives)),
        numDerivatives(derivatives.size()),
        coefficients(1 + derivatives.size(), 0.0) {
    countPairs(force);
}

void TailCorrection::countPairs(const LearnedPairForce& force) {
    const InteractionClasses classes(force);
    const bool countsItself = (force.getNumInteractionGroups() == 0);
    const vector<ParticleIdentity> particles = countIdentities(classes, distinct);
    const double numPairs = 0.5 * particles.size() * (particles.size() + 1);
    require(numPairs <= MaxPairs, "LearnedPairForce: the long-range correction needs the integrals of ", numPairs,
            " pairs of distinct types or feature vectors, and at most ", MaxPairs,
            " are supported; turn it off with setUseLongRangeCorrection(False).");
    std::map<pair<int, int>, double> numbers;
    for (auto a = particles.begin(); a != particles.end(); ++a)
        for (auto b = a; b != particles.end(); ++b)
            if (classes.doInteract(a->interactionClass, b->interactionClass)) {
                double n = a->count, count = (a == b ? 0.5 * n * (countsItself ? n + 1 : n - 1) : n * b->count);
                numbers[std::minmax(a->distinctParticle, b->distinctParticle)] += count;
            }
    for (auto& [pair, count] : numbers) {
        pairs.push_back(pair);
        counts.push_back(count);
    }
}

void TailCorrection::update(const vector<double>& newGlobals) {
    if (isUpdated && newGlobals == globals)
        return;
    globals = newGlobals;
    isUpdated = false; // stays false if this throws an exception
    coefficients = integrate(0, 1, true);
    if (switching.used) {
        Sums switched = integrate(switching.start, cutoff, false);
        for (size_t i = 0; i < coefficients.size(); i++)
            coefficients[i] += switched[i];
    }
    const double pi = 3.14159265358979323846; // M_PI is not in the C++ standard
    for (double& coefficient : coefficients)
        coefficient *= 4 * pi * numParticles / (numParticles + 1.0);
    isUpdated = true;
}

/** Integrate to a stated accuracy. Beyond the cutoff the variable is x = cutoff/r. */
TailCorrection::Sums TailCorrection::integrate(double low, double high, bool isBeyondCutoff) const {
    Sums before = integrate(low, high, isBeyondCutoff, 1);
    for (int numPanels = 2;; numPanels *= 2) {
        Sums sums = integrate(low, high, isBeyondCutoff, numPanels);
        double change = 0;
        for (size_t i = 0; i < sums.size(); i++)
            if (sums[i] != before[i])
                change = std::max(change, std::abs((sums[i] - before[i]) / sums[i]));
        if (change <= Accurate || (numPanels == MaxPanels && change <= Acceptable))
            return sums;
        require(numPanels < MaxPanels,
                "LearnedPairForce: the long-range correction does not converge. The energy of a pair must be smooth "
                "and "
                "go to 0 faster than 1/r^3; else turn the correction off with setUseLongRangeCorrection(False).");
        before = sums;
    }
}

TailCorrection::Sums TailCorrection::integrate(double low, double high, bool isBeyondCutoff, int numPanels) const {
    vector<double> distances, factors;
    const double width = (high - low) / numPanels;
    for (int panel = 0; panel < numPanels; panel++)
        for (int k = 0; k < 4; k++)
            for (int sign : {-1, 1}) {
                double x = low + width * (panel + 0.5 * (1 + sign * Nodes[k])), weight = 0.5 * width * Weights[k];
                double kept = 1, slope = 0; // S and dS/dr
                if (!isBeyondCutoff)
                    switching.apply(x, kept, slope);
                distances.push_back(isBeyondCutoff ? cutoff / x : x);
                factors.push_back(
                        weight * (isBeyondCutoff ? cutoff * cutoff * cutoff / (x * x * x * x) : (1 - kept) * x * x));
            }
    Sums sums(1 + numDerivatives, 0.0);
    const size_t numPoints = distances.size(), pairsAtOnce = std::max<size_t>(1, PointsAtOnce / numPoints);
    for (size_t first = 0; first < pairs.size(); first += pairsAtOnce) {
        vector<double> r, weights;
        vector<const double*> particle1, particle2;
        for (size_t k = first; k < std::min(pairs.size(), first + pairsAtOnce); k++)
            for (size_t i = 0; i < numPoints; i++) {
                r.push_back(distances[i]);
                weights.push_back(counts[k] * factors[i]);
                particle1.push_back(&distinct.values[(size_t) pairs[k].first * distinct.width]);
                particle2.push_back(&distinct.values[(size_t) pairs[k].second * distinct.width]);
            }
        PairValues values = evaluator->evaluate(r, particle1, particle2, globals);
        for (size_t i = 0; i < r.size(); i++) {
            sums[0] += weights[i] * values.energy[i];
            for (size_t d = 0; d < numDerivatives; d++)
                sums[1 + d] += weights[i] * values.dEdG[d][i];
        }
    }
    for (double sum : sums)
        require(std::isfinite(sum), "LearnedPairForce: the long-range correction is ", sum,
                "; the energy of a pair must be finite at all distances beyond the cutoff. Turn the correction off "
                "with setUseLongRangeCorrection(False).");
    return sums;
}
