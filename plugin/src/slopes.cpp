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

namespace {

/** The agreement of energies and slopes: the median over all intervals, and its interval. */
struct Agreement {
    Agreement(const vector<double>& energies, const vector<double>& slopes, double spacing) :
            energies(energies),
            slopes(slopes),
            spacing(spacing) {
        int numIntervals = energies.size() - 1;
        if (numIntervals < MinIntervals)
            return;
        double steepest = 0;
        for (int k = 0; k < numIntervals; k++)
            steepest = std::max({steepest, std::abs(getDifferenceQuotient(k)), std::abs(getMeanSlope(k))});
        vector<std::pair<double, int>> agreements;
        for (int k = 0; k < numIntervals; k++) {
            double larger = std::max(std::abs(getDifferenceQuotient(k)), std::abs(getMeanSlope(k)));
            if (larger > Negligible * steepest)
                agreements.emplace_back((getDifferenceQuotient(k) / larger) * (getMeanSlope(k) / larger), k);
        }
        if (agreements.empty())
            return;
        // The median ignores a steep repulsive wall that has too few knots.
        auto middle = agreements.begin() + agreements.size() / 2;
        std::nth_element(agreements.begin(), middle, agreements.end());
        median = middle->first;
        interval = middle->second;
    }
    double getDifferenceQuotient(int k) const {
        return (energies[k + 1] - energies[k]) / spacing;
    }
    double getMeanSlope(int k) const {
        return 0.5 * (slopes[k] + slopes[k + 1]);
    }
    const vector<double>&energies, &slopes;
    const double spacing;
    double median = 1; // of a curve that is too short or too flat to be checked
    int interval = 0;
};

} // namespace

void LearnedPairPlugin::requireSlopesOfEnergies(
        const std::string& curve, const vector<double>& energies, const vector<double>& slopes, double spacing) {
    Agreement agreement(energies, slopes, spacing);
    int k = agreement.interval;
    require(agreement.median > MinAgreement, curve, " has slopes that contradict its energies: between knots ", k,
            " and ", k + 1, " the energy changes by ", agreement.getDifferenceQuotient(k),
            " kJ/mol/nm, and the mean of the two slopes is ", agreement.getMeanSlope(k),
            "; give dE/dr, which is minus the force, in kJ/mol/nm, at enough knots to follow the curve.");
}

bool LearnedPairPlugin::slopesContradictEnergies(
        const vector<double>& energies, const vector<double>& slopes, double spacing) {
    return !(Agreement(energies, slopes, spacing).median > MinAgreement);
}
