// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "PairFunction.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * One tabulated function of distance: its values and slopes at knots that are equally spaced from the table's
 * minimum to its maximum distance, both ends included.
 */
struct PairCurve {
    std::vector<double> energies; ///< at each knot, measured in kJ/mol
    std::vector<double> slopes;   ///< dE/dr at each knot, measured in kJ/mol/nm
};

/**
 * A pair function for typed models: for each unordered pair of types a piecewise cubic in r.
 *
 * Between the knots r_k and r_k+h, with t = (r-r_k)/h, the energy is the cubic Hermite polynomial
 *
 *     f = (1+2t)(1-t)^2 E_k + t(1-t)^2 h E'_k + t^2 (3-2t) E_k+1 + t^2 (t-1) h E'_k+1
 *
 * (de Boor, A Practical Guide to Splines, ch. IV), so that energy and force are continuous, equal the given
 * values at the knots, and the force is the exact derivative of the energy. All curves share one range of
 * distances; each has its own number of knots. Type pairs may share a curve, and may have none, in which case
 * the function is not defined for them.
 */
class LEARNEDPAIR_EXPORT PairTable : public PairFunction {
public:
    /** A curve index that means "not defined for this pair of types". */
    static constexpr int NoCurve = -1;
    /**
     * Create a table.
     *
     * @param numTypes      the number of particle types
     * @param minDistance   the distance of the first knot of every curve, measured in nm; not negative
     * @param maxDistance   the distance of the last knot of every curve, measured in nm
     * @param curves        the curves, each with at least two knots
     * @param curveIndices  shape [numTypes][numTypes], row by row: the index into curves for each pair of types,
     *                      or NoCurve; symmetric
     * @throws OpenMMException if a size, an index or the symmetry is wrong, or a number is not finite
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
     * @param type1, type2   a pair of types for which isDefined() holds
     * @param r              the distance, measured in nm; between getMinDistance() and getMaxDistance()
     * @param[out] energy    f, measured in kJ/mol
     * @param[out] dEdR      df/dr, measured in kJ/mol/nm
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
    /**
     * Get whether another table differs from this one in nothing but the energies and slopes of its knots.
     */
    bool hasSameShape(const PairTable& other) const;

private:
    int numTypes;
    double minDistance, maxDistance;
    std::vector<PairCurve> curves;
    std::vector<int> curveIndices;
};

} // namespace LearnedPairPlugin
