// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/slopes.h"
#include "internal/require.h"
#include <algorithm>
#include <cmath>
#include <utility>

using std::vector;

// With fewer intervals a curve may turn within each of them.
static const int MinIntervals = 8;
// Intervals that change less than this fraction of the steepest one tell nothing but rounding errors.
static const double Negligible = 1e-6;
// How well slopes must agree with the energies in half of the intervals: 1 is perfect, -1 the wrong sign, 0.1 a factor
// of 10.
static const double MinAgreement = 0.5;

void LearnedPairPlugin::requireSlopesOfEnergies(
        const std::string& curve, const vector<double>& energies, const vector<double>& slopes, double spacing) {
    int numIntervals = energies.size() - 1;
    if (numIntervals < MinIntervals)
        return;
    auto change = [&](int k) { return (energies[k + 1] - energies[k]) / spacing; };
    auto slope = [&](int k) { return 0.5 * (slopes[k] + slopes[k + 1]); };
    double steepest = 0;
    for (int k = 0; k < numIntervals; k++)
        steepest = std::max({steepest, std::abs(change(k)), std::abs(slope(k))});
    vector<std::pair<double, int>> agreements;
    for (int k = 0; k < numIntervals; k++) {
        double larger = std::max(std::abs(change(k)), std::abs(slope(k)));
        if (larger > Negligible * steepest)
            agreements.emplace_back((change(k) / larger) * (slope(k) / larger), k);
    }
    if (agreements.empty())
        return;
    // The median does not see a wall that has too few knots.
    auto median = agreements.begin() + agreements.size() / 2;
    std::nth_element(agreements.begin(), median, agreements.end());
    int k = median->second;
    require(median->first > MinAgreement, curve, " has slopes that contradict its energies: between knots ", k, " and ",
            k + 1, " the energy changes by ", change(k), " kJ/mol/nm, and the mean of the two slopes is ", slope(k),
            "; give dE/dr, which is minus the force, in kJ/mol/nm, at enough knots to follow the curve.");
}
