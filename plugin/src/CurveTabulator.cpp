// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/CurveTabulator.h"
#include "internal/slopes.h"
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

using namespace LearnedPairPlugin;
using std::optional;
using std::vector;

static const double Infinity = std::numeric_limits<double>::infinity();
// Positions in an interval, from 0 to 1: the two extrema of the interpolation error of the slope with cubic energies,
// and one between them, near the extremum of the error with cubic forces.
static const double Extrema[] = {0.5 - 0.5 / std::sqrt(3.0), 0.47, 0.5 + 0.5 / std::sqrt(3.0)};
static const int NumExtrema = 3, NumRandom = 6;
// Energies may differ by rounding: by this part of them.
static const double Rounding = 1e-12;
// The curvature at a knot comes from slopes at this fraction of the distance between knots.
static const double Step = 1.0 / 64;
// From this number of intervals on, the error of a smooth function falls with the power of getOrder().
static const int NumResolving = 1024;
// The largest number of curves whose samples are in memory at the same time.
static const int MaxCurvesAtOnce = 64;

/** A random number from 0 to 1, the same for every call with the same index. Source: S. Vigna, splitmix64. */
static double randomNumber(uint64_t index) {
    uint64_t z = (index + 1) * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return (double) ((z ^ (z >> 31)) >> 11) / (double) ((uint64_t) 1 << 53);
}

/** Get the power of the distance between knots to which the error of the slope is proportional. */
static double getOrder(Interpolation interpolation) {
    return interpolation == Interpolation::CubicForce ? 4 : 3;
}

/** The interval of the k-th point, and the position in it. */
struct Position {
    int interval;
    double t;
};

static Position getExtremum(int k) {
    return {k / NumExtrema, Extrema[k % NumExtrema]};
}

/** Random points: one in each of six equal parts of each interval (stratified sampling). */
static Position getRandomPoint(int k) {
    return {k / NumRandom, (k % NumRandom + randomNumber(k)) / NumRandom};
}

void CurveErrors::add(const CurveErrors& other) {
    if (other.maxRelativeForceError > maxRelativeForceError || numPoints == 0) {
        maxRelativeForceError = other.maxRelativeForceError;
        worstDistance = other.worstDistance;
        worstForce = other.worstForce;
        worstForceError = other.worstForceError;
    }
    maxForceError = std::max(maxForceError, other.maxForceError);
    maxEnergyError = std::max(maxEnergyError, other.maxEnergyError);
    sumSquaredForceErrors += other.sumSquaredForceErrors;
    sumSquaredEnergyErrors += other.sumSquaredEnergyErrors;
    numPoints += other.numPoints;
}

CurveTabulator::CurveTabulator(CurveSampler& sampler, Interpolation interpolation, double minDistance,
        double maxDistance, double lastDistance, double tolerance, double unit) :
        sampler(sampler),
        interpolation(interpolation),
        minDistance(minDistance),
        maxDistance(maxDistance),
        lastDistance(lastDistance),
        tolerance(tolerance),
        unit(unit) {}

/** Process curves in groups, until one has a problem. */
template<class Process> static optional<CurveProblem> forEachGroup(vector<TabulatedCurve>& curves, Process process) {
    for (size_t first = 0; first < curves.size(); first += MaxCurvesAtOnce) {
        vector<TabulatedCurve*> group;
        for (size_t i = first; i < std::min(first + MaxCurvesAtOnce, curves.size()); i++)
            group.push_back(&curves[i]);
        if (auto problem = process(group))
            return problem;
    }
    return {};
}

optional<CurveProblem> CurveTabulator::refine(vector<TabulatedCurve>& curves) const {
    return forEachGroup(curves, [&](const vector<TabulatedCurve*>& group) {
        auto problem = refine(group, Points::Extrema, false);
        return problem ? problem : refine(group, Points::Random, true); // the last measurement is reported
    });
}

optional<CurveProblem> CurveTabulator::sample(vector<TabulatedCurve>& curves) const {
    return forEachGroup(curves, [&](const vector<TabulatedCurve*>& group) {
        auto problem = sampleKnots(group);
        return problem ? problem : measure(group, Points::Random);
    });
}

/** Add knots until the errors at the given points are small enough. */
optional<CurveProblem> CurveTabulator::refine(vector<TabulatedCurve*> curves, Points points, bool hasKnots) const {
    while (!curves.empty()) {
        if (!hasKnots)
            if (auto problem = sampleKnots(curves))
                return problem;
        hasKnots = false;
        if (auto problem = measure(curves, points))
            return problem;
        curves.erase(std::remove_if(curves.begin(), curves.end(), [](auto* curve) { return curve->ratio <= 1; }),
                curves.end());
        for (TabulatedCurve* curve : curves) {
            if (!canReachTolerance(*curve))
                return CurveProblem{CurveProblem::ToleranceNotReached, curve->curve, curve->errors.worstDistance, 0,
                    -curve->errors.worstForce, curve->errors.worstForceError, curve->numIntervals + 1};
            curve->lastNumIntervals = curve->numIntervals;
            curve->lastRatio = curve->ratio;
            double factor = std::clamp(1.03 * std::pow(curve->ratio, 1 / getOrder(interpolation)), 1.05, 4.0);
            curve->numIntervals = (int) std::min((double) MaxIntervals, std::ceil(curve->numIntervals * factor));
        }
    }
    return {};
}

/**
 * Get whether a curve whose error is too large can reach the tolerance with at most MaxIntervals intervals. This is
 * extrapolated from the last refinement: by how much more knots have reduced the error. Up to NumResolving intervals
 * the knots may still be too far apart for that, and the answer is yes.
 */
bool CurveTabulator::canReachTolerance(const TabulatedCurve& curve) const {
    if (curve.lastNumIntervals < NumResolving)
        return true;
    double growth = (double) curve.numIntervals / curve.lastNumIntervals;
    double order = std::log(curve.lastRatio / curve.ratio) / std::log(growth);
    double missing = std::pow(curve.ratio, 1 / std::clamp(order, 1.0, getOrder(interpolation)));
    const double margin = 2; // the error at a kink depends on its position between two knots
    return curve.numIntervals < MaxIntervals && curve.numIntervals * missing <= margin * MaxIntervals;
}

/** Let the sampler evaluate samples, one for each curve, and require finite numbers. */
optional<CurveProblem> CurveTabulator::evaluate(
        const vector<TabulatedCurve*>& curves, vector<CurveSamples>& samples) const {
    sampler.evaluate(samples);
    for (size_t i = 0; i < curves.size(); i++) {
        curves[i]->numSamples += samples[i].r.size();
        for (int f = 0; f < sampler.getNumFunctions(); f++)
            for (size_t k = 0; k < samples[i].r.size(); k++) {
                double value = samples[i].values[f][k], slope = samples[i].slopes[f][k];
                if (!std::isfinite(value) || !std::isfinite(slope))
                    return CurveProblem{CurveProblem::NotFinite, curves[i]->curve, samples[i].r[k], value, slope, 0,
                        curves[i]->numIntervals + 1};
            }
    }
    return {};
}

/** Get the distances at which the knots of a curve are sampled: with CubicForce three for each knot. */
CurveSamples CurveTabulator::placeKnots(const TabulatedCurve& curve) const {
    const double h = (maxDistance - minDistance) / curve.numIntervals;
    CurveSamples samples = {curve.curve, {}, {}, {}};
    for (int k = 0; k <= curve.numIntervals; k++) {
        double r = (k == curve.numIntervals ? lastDistance : minDistance + k * h);
        samples.r.push_back(r);
        if (interpolation == Interpolation::CubicForce) {
            bool isFirst = (k == 0), isLast = (k == curve.numIntervals);
            samples.r.push_back(r + h * Step * (isFirst ? 2 : -1));
            samples.r.push_back(r + h * Step * (isLast ? -2 : 1));
        }
    }
    return samples;
}

/** Get one function of a curve from its samples. */
TableCurve CurveTabulator::readKnots(const CurveSamples& samples, int function, int numIntervals) const {
    const vector<double>&values = samples.values[function], &slopes = samples.slopes[function];
    if (interpolation == Interpolation::CubicEnergy)
        return {{values, slopes}, {}};
    const double step = Step * (maxDistance - minDistance) / numIntervals;
    TableCurve curve;
    for (size_t i = 0; i < values.size(); i += 3) {
        curve.energies.push_back(values[i]);
        curve.slopes.push_back(slopes[i]);
        // Three-point formulas: central, and one-sided at the ends.
        if (i == 0)
            curve.curvatures.push_back((4 * slopes[2] - 3 * slopes[0] - slopes[1]) / (2 * step));
        else if (i + 3 == values.size())
            curve.curvatures.push_back((3 * slopes[i] + slopes[i + 2] - 4 * slopes[i + 1]) / (2 * step));
        else
            curve.curvatures.push_back((slopes[i + 2] - slopes[i + 1]) / (2 * step));
    }
    return curve;
}

optional<CurveProblem> CurveTabulator::sampleKnots(const vector<TabulatedCurve*>& curves) const {
    vector<CurveSamples> samples;
    for (TabulatedCurve* curve : curves)
        samples.push_back(placeKnots(*curve));
    if (auto problem = evaluate(curves, samples))
        return problem;
    const double limit = std::numeric_limits<float>::max();
    for (size_t i = 0; i < curves.size(); i++) {
        curves[i]->functions.clear();
        for (int f = 0; f < sampler.getNumFunctions(); f++) {
            TableCurve curve = readKnots(samples[i], f, curves[i]->numIntervals);
            const double h = (maxDistance - minDistance) / curves[i]->numIntervals;
            for (size_t k = 0; k < curve.energies.size(); k++)
                if (std::abs(curve.energies[k]) > limit || std::abs(curve.slopes[k]) > limit ||
                        (!curve.curvatures.empty() && std::abs(h * curve.curvatures[k]) > limit))
                    return CurveProblem{CurveProblem::TooLarge, curves[i]->curve, minDistance + k * h,
                        curve.energies[k], curve.slopes[k], 0, curves[i]->numIntervals + 1};
            curves[i]->functions.push_back(std::move(curve));
        }
    }
    return {};
}

optional<CurveProblem> CurveTabulator::measure(const vector<TabulatedCurve*>& curves, Points points) const {
    auto getPosition = (points == Points::Random ? getRandomPoint : getExtremum);
    const int pointsPerInterval = (points == Points::Random ? NumRandom : NumExtrema);
    vector<CurveSamples> samples;
    for (TabulatedCurve* curve : curves) {
        double h = (maxDistance - minDistance) / curve->numIntervals;
        samples.push_back({curve->curve, {}, {}, {}});
        for (int k = 0; k < curve->numIntervals * pointsPerInterval; k++) {
            Position position = getPosition(k);
            samples.back().r.push_back(minDistance + h * (position.interval + position.t));
        }
    }
    if (auto problem = evaluate(curves, samples))
        return problem;
    for (size_t i = 0; i < curves.size(); i++) {
        measureEnergy(*curves[i], samples[i]);
        for (int f = 1; f < sampler.getNumFunctions(); f++)
            measureDerivative(*curves[i], f, samples[i]);
    }
    return {};
}

/**
 * Get whether the slopes of a curve contradict its values. Only slopes above the tolerance are compared: those of a
 * constant are rounding errors.
 */
bool CurveTabulator::isInconsistent(const TableCurve& values, int numIntervals) const {
    const double h = (maxDistance - minDistance) / numIntervals;
    double steepest = 0;
    for (int k = 0; k < numIntervals; k++)
        steepest = std::max({steepest, std::abs(values.slopes[k]), std::abs(values.slopes[k + 1]),
            std::abs(values.energies[k + 1] - values.energies[k]) / h});
    return steepest > Safety * tolerance * unit && slopesContradictEnergies(values.energies, values.slopes, h);
}

/**
 * Get the largest allowed error of the energy. The energy is the integral of the force over at most one interval, and
 * must be as accurate. It is not where the energy jumps, although the slopes on both sides may be right.
 */
double CurveTabulator::allowedEnergyError(const TableCurve& energy, int numIntervals, double r, double value) const {
    const double h = (maxDistance - minDistance) / numIntervals;
    const int left = std::clamp((int) ((r - minDistance) / h), 0, numIntervals - 1);
    const double steepest = std::max(std::abs(energy.slopes[left]), std::abs(energy.slopes[left + 1]));
    return 2 * h * Safety * tolerance * (steepest + unit) + Rounding * std::abs(value);
}

/**
 * Find the largest jump of the energy from the end of an interval to the next knot. With CubicEnergy there is none.
 *
 * @param[in,out] position  the distance of the jump, if there is one
 * @return the jump, divided by the allowed error of the energy if it is larger than that, else 0
 */
double CurveTabulator::findJumpAtKnots(const TableCurve& energy, int numIntervals, double& position) const {
    const double h = (maxDistance - minDistance) / numIntervals;
    double largest = 0;
    for (int k = 0; k < numIntervals && !energy.curvatures.empty(); k++) {
        // The integral of the cubic Hermite polynomial of the slope.
        double change = h * (energy.slopes[k] + energy.slopes[k + 1]) / 2 +
                h * h * (energy.curvatures[k] - energy.curvatures[k + 1]) / 12;
        double jump = std::abs(energy.energies[k] + change - energy.energies[k + 1]);
        double ratio = jump / allowedEnergyError(energy, numIntervals, minDistance + k * h, energy.energies[k]);
        if (ratio > std::max(1.0, largest)) {
            largest = ratio;
            position = minDistance + (k + 1) * h;
        }
    }
    return largest;
}

/** Measure the errors of the energy and the force. */
void CurveTabulator::measureEnergy(TabulatedCurve& curve, const CurveSamples& samples) const {
    const TableCurve& energy = curve.functions[0];
    curve.errors = {};
    if (isInconsistent(energy, curve.numIntervals)) {
        curve.ratio = curve.errors.worstForceError = curve.errors.maxRelativeForceError = Infinity;
        curve.errors.worstDistance = minDistance;
        return;
    }
    CurveErrors& errors = curve.errors;
    errors.numPoints = samples.r.size();
    double energyRatio = 0, jump = 0; // of the largest jump of the energy: its size over the allowed one, its distance
    for (size_t k = 0; k < samples.r.size(); k++) {
        double value, slope;
        energy.evaluate(minDistance, maxDistance, samples.r[k], value, slope);
        double force = std::abs(samples.slopes[0][k]), forceError = std::abs(slope - samples.slopes[0][k]),
               energyError = std::abs(value - samples.values[0][k]), relative = forceError / (force + unit);
        if (relative > errors.maxRelativeForceError || k == 0) {
            errors.worstDistance = samples.r[k];
            errors.worstForce = force;
            errors.worstForceError = forceError;
            errors.maxRelativeForceError = relative;
        }
        if (double ratio = energyError / allowedEnergyError(energy, curve.numIntervals, samples.r[k], value);
                ratio > std::max(1.0, energyRatio)) {
            energyRatio = ratio;
            jump = samples.r[k];
        }
        errors.maxForceError = std::max(errors.maxForceError, forceError);
        errors.maxEnergyError = std::max(errors.maxEnergyError, energyError);
        errors.sumSquaredForceErrors += forceError * forceError;
        errors.sumSquaredEnergyErrors += energyError * energyError;
    }
    if (double ratio = findJumpAtKnots(energy, curve.numIntervals, jump); ratio > std::max(1.0, energyRatio))
        energyRatio = ratio;
    // At a kink of the force, the error of the force is larger in proportion, and is the one that is reported.
    if (energyRatio > errors.maxRelativeForceError / (Safety * tolerance)) {
        errors.worstDistance = jump;
        errors.worstForceError = Infinity;
    }
    curve.ratio = std::max(errors.maxRelativeForceError / (Safety * tolerance), energyRatio);
}

/** Measure the error of a derivative by a global parameter, and include it in the curve's ratio. */
void CurveTabulator::measureDerivative(TabulatedCurve& curve, int function, const CurveSamples& samples) const {
    const TableCurve& values = curve.functions[function];
    if (isInconsistent(values, curve.numIntervals))
        curve.ratio = Infinity;
    for (size_t k = 0; k < samples.r.size(); k++) {
        double value, slope, expected = samples.values[function][k];
        values.evaluate(minDistance, maxDistance, samples.r[k], value, slope);
        curve.ratio =
                std::max(curve.ratio, std::abs(value - expected) / (Safety * tolerance * (std::abs(expected) + unit)));
    }
}
