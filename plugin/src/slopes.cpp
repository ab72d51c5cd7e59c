// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/slopes.h"
#include "internal/require.h"
#include <algorithm>
#include <cmath>
#include <utility>

using std::vector;

// With fewer intervals, every interval may contain a turning point of the curve, and nothing can be concluded.
static const int MinIntervals = 8;
// Intervals that are flatter than this fraction of the steepest interval may contain only rounding errors.
static const double Negligible = 1e-6;
// The smallest median of the agreement of slopes and energies in an interval. The agreement is 1 for exact slopes, -1
// for slopes of the wrong sign, and 0.1 for slopes that are wrong by a factor of 10.
static const double MinAgreement = 0.5;

void LearnedPairPlugin::requireSlopesOfEnergies(
        const std::string& curve, const vector<double>& energies, const vector<double>& slopes, double spacing) {
    int numIntervals = energies.size() - 1;
    if (numIntervals < MinIntervals)
        return;
    auto differenceQuotient = [&](int k) { return (energies[k + 1] - energies[k]) / spacing; };
    auto meanSlope = [&](int k) { return 0.5 * (slopes[k] + slopes[k + 1]); };
    double steepest = 0;
    for (int k = 0; k < numIntervals; k++)
        steepest = std::max({steepest, std::abs(differenceQuotient(k)), std::abs(meanSlope(k))});
    vector<std::pair<double, int>> agreements;
    for (int k = 0; k < numIntervals; k++) {
        double larger = std::max(std::abs(differenceQuotient(k)), std::abs(meanSlope(k)));
        if (larger > Negligible * steepest)
            agreements.emplace_back((differenceQuotient(k) / larger) * (meanSlope(k) / larger), k);
    }
    if (agreements.empty())
        return;
    // The median ignores a steep repulsive wall that has too few knots.
    auto median = agreements.begin() + agreements.size() / 2;
    std::nth_element(agreements.begin(), median, agreements.end());
    int k = median->second;
    require(median->first > MinAgreement, curve, " has slopes that contradict its energies: between knots ", k, " and ",
            k + 1, " the energy changes by ", differenceQuotient(k), " kJ/mol/nm, and the mean of the two slopes is ",
            meanSlope(k), "; give dE/dr, which is minus the force, in kJ/mol/nm, at enough knots to follow the curve.");
}
