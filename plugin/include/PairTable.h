// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "PairFunction.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * One tabulated function of distance: its values and slopes at equally spaced knots. The first knot is at the minimum
 * distance of the table, the last one at its maximum distance.
 */
struct LEARNEDPAIR_EXPORT PairCurve {
    std::vector<double> energies; ///< at each knot, measured in kJ/mol
    std::vector<double> slopes;   ///< dE/dr at each knot, measured in kJ/mol/nm
    /**
     * Interpolate the curve; see PairTable.
     *
     * @param minDistance  the distance of the first knot, measured in nm
     * @param maxDistance  the distance of the last knot, measured in nm
     * @param r            the distance, measured in nm
     * @param[out] energy  measured in kJ/mol
     * @param[out] dEdR    measured in kJ/mol/nm
     */
    void evaluate(double minDistance, double maxDistance, double r, double& energy, double& dEdR) const;
};

/**
 * A pair function for models with types: a piecewise cubic function of r for each unordered pair of types.
 *
 * Between the knots r_k and r_k+1 = r_k+h, with t = (r-r_k)/h, the energy is the cubic Hermite polynomial
 *
 *     f = (1+2t)(1-t)^2 E_k + t(1-t)^2 h E'_k + t^2 (3-2t) E_k+1 + t^2 (t-1) h E'_k+1
 *
 * (de Boor, A Practical Guide to Splines, ch. IV). Energy and force are continuous and equal the given values at the
 * knots. The force is the exact derivative of the energy. All curves have the same range of distances, and each has its
 * own number of knots. Several pairs of types may share a curve. The function is not defined for a pair of types
 * without a curve.
 */
class LEARNEDPAIR_EXPORT PairTable : public PairFunction {
public:
    /** The curve index of a pair of types for which the function is not defined. */
    static constexpr int NoCurve = -1;
    /**
     * Create a table.
     *
     * @param numTypes      the number of particle types
     * @param minDistance   the distance of the first knot of every curve, measured in nm; not negative
     * @param maxDistance   the distance of the last knot of every curve, measured in nm
     * @param curves        the curves, each with at least two knots
     * @param curveIndices  a symmetric matrix of shape [numTypes][numTypes], row by row: for each pair of types the
     *                      index of its curve, or NoCurve
     * @throws OpenMMException if a size or an index is invalid, if the curve indices are not symmetric, if a number is
     *                         not finite in single precision, or if the slopes of a curve contradict its energies
     */
    PairTable(int numTypes, double minDistance, double maxDistance, const std::vector<PairCurve>& curves,
            const std::vector<int>& curveIndices);
    void accept(LearnedFunctionVisitor& visitor) const override {
        visitor.visit(*this);
    }
    int getNumTypes() const override {
        return numTypes;
    }
    const std::vector<ParticleFeature>& getFeatures() const override;
    const std::vector<GlobalParameter>& getGlobalParameters() const override;
    double getMinDistance() const override {
        return minDistance;
    }
    double getMaxDistance() const override {
        return maxDistance;
    }
    bool isDefined(int type1, int type2) const override {
        return getCurveIndex(type1, type2) != NoCurve;
    }
    /**
     * Evaluate the function for one pair.
     *
     * @param type1        the type of the first particle
     * @param type2        the type of the second particle; isDefined(type1, type2) must be true
     * @param r            the distance, measured in nm; from getMinDistance() to getMaxDistance()
     * @param[out] energy  f, measured in kJ/mol
     * @param[out] dEdR    df/dr, measured in kJ/mol/nm
     */
    void evaluate(int type1, int type2, double r, double& energy, double& dEdR) const;
    /** Get all curves. */
    const std::vector<PairCurve>& getCurves() const {
        return curves;
    }
    /** Get the index of the curve of a pair of types, or NoCurve. */
    int getCurveIndex(int type1, int type2) const {
        return curveIndices[type1 * numTypes + type2];
    }
    /** Get the curve indices of all pairs of types, shape [numTypes][numTypes]. */
    const std::vector<int>& getCurveIndices() const {
        return curveIndices;
    }
    /** Get whether another table equals this one in everything but the energies and slopes at its knots. */
    bool hasSameShape(const PairTable& other) const;

private:
    int numTypes;
    double minDistance, maxDistance;
    std::vector<PairCurve> curves;
    std::vector<int> curveIndices;
};

} // namespace LearnedPairPlugin
