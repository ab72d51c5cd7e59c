// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedFunction.h"
#include "PairTable.h"
#include "TensorProgram.h"
#include <memory>
#include <vector>

namespace LearnedPairPlugin {

/**
 * The tabulated densities of one ordered pair of types: the values and slopes of all channels at equally spaced knots.
 * The first knot is at the minimum distance of the function, the last one at its maximum distance.
 */
struct LEARNEDPAIR_EXPORT DensityCurve {
    std::vector<double> values; ///< shape [numKnots][numChannels]
    std::vector<double> slopes; ///< the derivatives of the values by the distance, in 1/nm, of the same shape
    /**
     * Interpolate all channels with cubic Hermite polynomials, as PairTable does.
     *
     * @param minDistance  the distance of the first knot, measured in nm
     * @param maxDistance  the distance of the last knot, measured in nm
     * @param numChannels  the number of channels
     * @param r            the distance, measured in nm
     * @param[out] value   the values, numChannels numbers
     * @param[out] slope   their derivatives by the distance, in 1/nm
     */
    void evaluate(
            double minDistance, double maxDistance, int numChannels, double r, double* value, double* slope) const;
};

/**
 * The energy of atoms in their environments, for models with types:
 *
 *     E = sum over atoms i of u(q_i; a_i; g) + sum over pairs i<j of f(r_ij; a_i, a_j)
 *
 * q_i are the K densities around atom i. A channel k of angular order 0 has
 *
 *     q_ik = sum over atoms j of w_k(r_ij; a_i, a_j)
 *
 * and a channel of angular order l = 1, 2 or 3
 *
 *     q_ik = sum over m=-l..l of (sum over atoms j of w_k(r_ij; a_i, a_j) C_lm(r_ij/|r_ij|))^2
 *
 * C_lm are the real spherical harmonics times sqrt(4 pi/(2l+1)), so that one neighbor gives q_ik = w_k^2. The tabulated
 * functions w need not be symmetric: a_i is the type of the atom in the center, a_j that of its neighbor. u is a
 * program with the inputs `densities`, `type` and `globals`, whose output is an energy in kJ/mol. f, a PairTable, may
 * be absent.
 *
 * M. S. Daw and M. I. Baskes, Phys. Rev. B 29 (1984) 6443 (densities and embedding energies); M. I. Baskes, Phys. Rev.
 * B 46 (1992) 2727 (angular orders); docs/program.md, section 6.
 */
class LEARNEDPAIR_EXPORT EnvironmentFunction : public LearnedFunction {
public:
    /** The curve index of an ordered pair of types for which the function is not defined. */
    static constexpr int NoCurve = -1;
    /** The largest number of channels, and the largest angular order. */
    static constexpr int MaxChannels = 64, MaxAngularOrder = 3;
    /**
     * Create a function.
     *
     * @param numTypes          the number of particle types
     * @param minDistance       the distance of the first knot of every curve, measured in nm; not negative
     * @param maxDistance       the distance of the last knot of every curve, measured in nm
     * @param angularOrders     for each channel its angular order
     * @param curves            the tabulated densities, each with at least two knots
     * @param curveIndices      a matrix of shape [numTypes][numTypes], row by row: for the type of the center and that
     *                          of the neighbor the index of their curve, or NoCurve for both orders of a pair of types
     * @param atomProgram       u; its signature must be ProgramSignature::forAtoms()
     * @param globalParameters  the global parameters, in the order of the program's input `globals`
     * @param pairTable         f, or null
     * @throws OpenMMException if a size or an index is invalid, if the slopes of a curve contradict its values, if a
     *                         number is not finite in single precision, if the program has other inputs or outputs, or
     *                         if the table has another number of types
     */
    EnvironmentFunction(int numTypes, double minDistance, double maxDistance, const std::vector<int>& angularOrders,
            const std::vector<DensityCurve>& curves, const std::vector<int>& curveIndices,
            const TensorProgram& atomProgram, const std::vector<GlobalParameter>& globalParameters = {},
            std::shared_ptr<const PairTable> pairTable = nullptr);
    void accept(LearnedFunctionVisitor& visitor) const override {
        visitor.visit(*this);
    }
    int getNumTypes() const override {
        return numTypes;
    }
    const std::vector<ParticleFeature>& getFeatures() const override;
    const std::vector<GlobalParameter>& getGlobalParameters() const override {
        return globalParameters;
    }
    /** Get the shortest distance at which the densities and the pair function are defined, measured in nm. */
    double getMinDistance() const override;
    /** Get the longest distance at which the densities and the pair function are defined, measured in nm. */
    double getMaxDistance() const override;
    bool isDefined(int type1, int type2) const override;
    /** Get the distances of the first and of the last knot of the densities, measured in nm. */
    double getFirstKnot() const {
        return minDistance;
    }
    double getLastKnot() const {
        return maxDistance;
    }
    /** Get the number of channels, K. */
    int getNumChannels() const {
        return angularOrders.size();
    }
    /** Get the angular order of each channel. */
    const std::vector<int>& getAngularOrders() const {
        return angularOrders;
    }
    /** Get the tabulated densities. */
    const std::vector<DensityCurve>& getCurves() const {
        return curves;
    }
    /** Get the index of the curve for the type of the center and that of the neighbor, or NoCurve. */
    int getCurveIndex(int center, int neighbor) const {
        return curveIndices[center * numTypes + neighbor];
    }
    /** Get the curve indices of all ordered pairs of types, shape [numTypes][numTypes]. */
    const std::vector<int>& getCurveIndices() const {
        return curveIndices;
    }
    /** Get the program u. */
    const TensorProgram& getAtomProgram() const {
        return atomProgram;
    }
    /** Get the pair function f, or null. */
    std::shared_ptr<const PairTable> getPairTable() const {
        return pairTable;
    }
    /**
     * Evaluate the densities of all channels for one neighbor, without cutoff, switching or Taylor expansion.
     *
     * @param center      the type of the atom in the center
     * @param neighbor    the type of its neighbor; isDefined(center, neighbor) must be true
     * @param r           the distance, measured in nm; from getFirstKnot() to getLastKnot()
     * @param[out] value  w, getNumChannels() numbers
     * @param[out] slope  dw/dr, in 1/nm
     */
    void evaluateDensities(int center, int neighbor, double r, double* value, double* slope) const {
        curves[getCurveIndex(center, neighbor)].evaluate(minDistance, maxDistance, getNumChannels(), r, value, slope);
    }
    /** Require a number of channels and angular orders that are possible. @throws OpenMMException otherwise */
    static void checkAngularOrders(const std::vector<int>& angularOrders);
    /** Get whether another function equals this one in everything but the numbers of its curves and its weights. */
    bool hasSameShape(const EnvironmentFunction& other) const;

private:
    void checkCurves() const;
    void checkCurveIndices() const;
    void checkProgram() const;
    int numTypes;
    double minDistance, maxDistance;
    std::vector<int> angularOrders;
    std::vector<DensityCurve> curves;
    std::vector<int> curveIndices;
    TensorProgram atomProgram;
    std::vector<GlobalParameter> globalParameters;
    std::shared_ptr<const PairTable> pairTable;
};

} // namespace LearnedPairPlugin
