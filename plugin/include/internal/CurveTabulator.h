// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/CurveSampler.h"
#include "internal/exportLearnedPair.h"
#include "internal/TableCurve.h"
#include <optional>
#include <vector>

namespace LearnedPairPlugin {

/** The errors of a tabulated curve, measured between its knots. */
struct LEARNEDPAIR_EXPORT CurveErrors {
    double maxRelativeForceError = 0;                             ///< the maximum of |dF|/(|F| + unit)
    double maxForceError = 0;                                     ///< measured in kJ/mol/nm
    double maxEnergyError = 0;                                    ///< measured in kJ/mol
    double sumSquaredForceErrors = 0, sumSquaredEnergyErrors = 0; ///< over all points
    long long numPoints = 0;
    /** The point at which the error is largest relative to the tolerance, with the force and its error. */
    double worstDistance = 0, worstForce = 0, worstForceError = 0;
    /** Include the errors of another curve. */
    void add(const CurveErrors& other);
};

/** A tabulated curve: the functions of a CurveSampler's curve at equally spaced knots. */
struct TabulatedCurve {
    int curve;                         ///< the index of the curve in the sampler
    int numIntervals;                  ///< the number of intervals between knots
    std::vector<TableCurve> functions; ///< for each function of the sampler
    CurveErrors errors;                ///< of the energy
    double ratio;             ///< the largest error of all functions, divided by the error below which it is brought
    long long numSamples;     ///< the number of evaluations of the sampler so far
    int lastNumIntervals = 0; ///< the number of intervals before the last refinement, or 0
    double lastRatio = 0;     ///< the ratio before the last refinement
};

/** Why a curve cannot be tabulated. */
struct CurveProblem {
    enum Kind {
        NotFinite,          ///< a value or a slope of the sampler is not finite
        TooLarge,           ///< a value or a slope exceeds the range of single precision
        ToleranceNotReached ///< the error exceeds the tolerance even with the largest number of knots
    };
    Kind kind;
    int curve;           ///< the index of the curve in the sampler
    double r;            ///< the distance of the problem, measured in nm
    double energy, dEdR; ///< the values of the sampler there
    double forceError;   ///< the error of the force there; infinite if the slopes contradict the energies
    int numKnots;        ///< the number of knots when tabulation ended
};

/**
 * Tabulates curves to a stated error. The knots are uniform in r. The energies and slopes at the knots come from a
 * CurveSampler, the curvatures (for Interpolation::CubicForce) from differences of slopes near the knots.
 *
 * Knots are added until the force error is below 0.8 of the tolerance at nine points of each interval. Three of them
 * are fixed: near extrema of the interpolation error, and one point between them. The error at these points predicts
 * the number of knots, because it is proportional to the third power of the distance h between knots, or to the fourth
 * with CubicForce. The other six points are random, and the same in every process.
 *
 * At a kink of the force the error falls only in proportion to h, so that more knots hardly help. Tabulation stops
 * early if the last refinement shows that even MaxIntervals intervals would not be enough.
 *
 * The error of the energy is compared with the integral of the allowed force error, which finds jumps of the energy.
 *
 * A curve may also have derivatives dE/dg by global parameters. For them the error of dE/dg itself is measured,
 * relative to |dE/dg| + 1 kJ/mol per unit of the parameter, or less (see `unit`).
 *
 * Source: C. de Boor, A Practical Guide to Splines, ch. IV. On an interval, the error of the derivative of a cubic
 * Hermite polynomial is h^3/12 f'''' t(1-t)(1-2t). It is largest at t = (1 +- 1/sqrt(3))/2. The error of its value is
 * h^4/24 f'''' t^2 (1-t)^2, which is largest at t = 1/2.
 */
class LEARNEDPAIR_EXPORT CurveTabulator {
public:
    /** The numbers of intervals with which tabulation begins, since fewer could miss narrow features, and ends. */
    static constexpr int MinIntervals = 64, MaxIntervals = 65536;
    /** The fraction of the tolerance below which errors are brought: between the measured points they may be larger. */
    static constexpr double Safety = 0.8;
    /**
     * @param sampler       must outlive this object
     * @param minDistance   the distance of the first knot, measured in nm
     * @param maxDistance   the distance of the last knot, measured in nm
     * @param lastDistance  the distance at which the last knot is sampled: just below maxDistance for a function that
     *                      is cut off there
     * @param tolerance     the largest force error relative to |F| + unit
     * @param unit          1 kJ/mol/nm, divided by the factor by which the curves will be multiplied
     */
    CurveTabulator(CurveSampler& sampler, Interpolation interpolation, double minDistance, double maxDistance,
            double lastDistance, double tolerance, double unit = 1);
    /**
     * Tabulate curves, beginning with their present numbers of intervals.
     *
     * @return the first problem, if there is one; the curves are then incomplete
     */
    std::optional<CurveProblem> refine(std::vector<TabulatedCurve>& curves) const;
    /**
     * Sample curves at their present knots, and measure their errors, which may exceed the tolerance.
     *
     * @return the first problem, if there is one
     */
    std::optional<CurveProblem> sample(std::vector<TabulatedCurve>& curves) const;
    /** Get whether the measured error of a curve is within the tolerance. */
    static bool isWithinTolerance(const TabulatedCurve& curve) {
        return Safety * curve.ratio <= 1;
    }

private:
    enum class Points { Extrema, Random };
    std::optional<CurveProblem> evaluate(
            const std::vector<TabulatedCurve*>& curves, std::vector<CurveSamples>& samples) const;
    CurveSamples placeKnots(const TabulatedCurve& curve) const;
    TableCurve readKnots(const CurveSamples& samples, int function, int numIntervals) const;
    std::optional<CurveProblem> sampleKnots(const std::vector<TabulatedCurve*>& curves) const;
    std::optional<CurveProblem> measure(const std::vector<TabulatedCurve*>& curves, Points points) const;
    std::optional<CurveProblem> refine(std::vector<TabulatedCurve*> curves, Points points, bool hasKnots) const;
    bool canReachTolerance(const TabulatedCurve& curve) const;
    bool isInconsistent(const TableCurve& values, int numIntervals) const;
    double allowedEnergyError(const TableCurve& energy, int numIntervals, double r, double value) const;
    double findJumpAtKnots(const TableCurve& energy, int numIntervals, double& position) const;
    void measureEnergy(TabulatedCurve& curve, const CurveSamples& samples) const;
    void measureDerivative(TabulatedCurve& curve, int function, const CurveSamples& samples) const;
    CurveSampler& sampler;
    const Interpolation interpolation;
    const double minDistance, maxDistance, lastDistance, tolerance, unit;
};

} // namespace LearnedPairPlugin
