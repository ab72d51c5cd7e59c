// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "PairTable.h"
#include <vector>

namespace LearnedPairPlugin {

/** How a curve is interpolated between its knots. */
enum class Interpolation {
    CubicEnergy, ///< the energy is the cubic Hermite polynomial of energies and slopes, as in a PairTable
    CubicForce   ///< the slope is the cubic Hermite polynomial of slopes and curvatures
};

/**
 * One tabulated function of distance. With CubicForce, as many knots make the force more accurate by one power of their
 * distance. The energy is then the energy at the knot on the left plus the integral of the slope; it jumps at the knots
 * by the error of this integral, which is far below the error of the force.
 */
struct LEARNEDPAIR_EXPORT TableCurve : PairCurve {
    std::vector<double> curvatures; ///< d2E/dr2 at each knot, in kJ/mol/nm^2; empty with CubicEnergy
    Interpolation getInterpolation() const {
        return curvatures.empty() ? Interpolation::CubicEnergy : Interpolation::CubicForce;
    }
    /** Interpolate the curve. The arguments are those of PairCurve::evaluate(). */
    void evaluate(double minDistance, double maxDistance, double r, double& energy, double& dEdR) const;
};

/** Tables of the energy and of its derivatives by global parameters, all of one shape. */
struct LEARNEDPAIR_EXPORT TableCurves {
    TableCurves() = default;
    explicit TableCurves(const PairTable& table);
    double minDistance, maxDistance; ///< the distances of the first and of the last knot of every curve, in nm
    int numTypes;
    std::vector<int> curveIndices;                  ///< for each pair of types its curve, or PairTable::NoCurve
    std::vector<std::vector<TableCurve>> functions; ///< for each function its curves
};

} // namespace LearnedPairPlugin
