// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

namespace LearnedPairPlugin {

/**
 * The real spherical harmonics times sqrt(4 pi/(2l+1)), C_lm, as polynomials in the components of a unit vector. The
 * sum of their squares over m is 1. They are homogeneous of degree l: of any vector d, the polynomial is |d|^l C_lm.
 *
 * The function has internal linkage, since it is compiled for several instruction sets.
 *
 * Source: D. A. Varshalovich, A. N. Moskalev and V. K. Khersonskii, Quantum Theory of Angular Momentum, ch. 5.
 */
namespace SolidHarmonics {

/** The largest number of components, 2l+1, of the orders that exist. */
constexpr int MaxComponents = 7;

/**
 * Evaluate the polynomials of an order, from 0 to 3, and their gradients.
 *
 * @param order           l
 * @param x, y, z         the components of the vector
 * @param[out] values     2l+1 values
 * @param[out] gradients  2l+1 gradients with respect to (x, y, z)
 */
template<class Real>
static void evaluate(int order, Real x, Real y, Real z, Real values[MaxComponents], Real gradients[MaxComponents][3]) {
    auto set = [&](int m, Real value, Real dx, Real dy, Real dz) {
        values[m] = value;
        gradients[m][0] = dx;
        gradients[m][1] = dy;
        gradients[m][2] = dz;
    };
    if (order == 0)
        set(0, 1, 0, 0, 0);
    else if (order == 1) {
        set(0, y, 0, 1, 0);
        set(1, z, 0, 0, 1);
        set(2, x, 1, 0, 0);
    }
    else if (order == 2) {
        const Real a = (Real) 1.7320508075688772; // sqrt(3)
        set(0, a * x * y, a * y, a * x, 0);
        set(1, a * y * z, 0, a * z, a * y);
        set(2, z * z - (x * x + y * y) / 2, -x, -y, 2 * z);
        set(3, a * x * z, a * z, 0, a * x);
        set(4, a / 2 * (x * x - y * y), a * x, -a * y, 0);
    }
    else {
        const Real a = (Real) 0.7905694150420949;  // sqrt(5/8)
        const Real b = (Real) 3.8729833462074170;  // sqrt(15)
        const Real c = (Real) 0.61237243569579452; // sqrt(3/8)
        const Real q = 4 * z * z - x * x - y * y;
        set(0, a * y * (3 * x * x - y * y), 6 * a * x * y, 3 * a * (x * x - y * y), 0);
        set(1, b * x * y * z, b * y * z, b * x * z, b * x * y);
        set(2, c * y * q, -2 * c * x * y, c * (q - 2 * y * y), 8 * c * y * z);
        set(3, z * (z * z - (Real) 1.5 * (x * x + y * y)), -3 * x * z, -3 * y * z,
                3 * z * z - (Real) 1.5 * (x * x + y * y));
        set(4, c * x * q, c * (q - 2 * x * x), -2 * c * x * y, 8 * c * x * z);
        set(5, b / 2 * z * (x * x - y * y), b * x * z, -b * y * z, b / 2 * (x * x - y * y));
        set(6, a * x * (x * x - 3 * y * y), 3 * a * (x * x - y * y), -6 * a * x * y, 0);
    }
}

/** Get whether a polynomial depends on a coordinate: its gradient has a component along the axis that is not zero. */
constexpr bool dependsOn(int order, int m, int axis) {
    // For each polynomial a bit for each axis: 1 for x, 2 for y, 4 for z.
    constexpr int axes[4][MaxComponents] = {{0}, {2, 4, 1}, {3, 6, 7, 5, 3}, {3, 7, 7, 7, 7, 7, 3}};
    return axes[order][m] >> axis & 1;
}

} // namespace SolidHarmonics

} // namespace LearnedPairPlugin
