// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

namespace LearnedPairPlugin {

/**
 * The cubic Hermite polynomial on one interval between two knots (de Boor, A Practical Guide to Splines, ch. IV). The
 * arguments of all functions are the position t in the interval, from 0 to 1, the values e0 and e1 at the two knots,
 * and the slopes at the two knots times the length of the interval, d0 and d1.
 */
namespace Hermite {

/** The value. */
template<class Real> Real value(Real t, Real e0, Real e1, Real d0, Real d1) {
    Real s = 1 - t;
    return s * s * ((1 + 2 * t) * e0 + t * d0) + t * t * ((3 - 2 * t) * e1 - s * d1);
}

/** The derivative of the value with respect to t. */
template<class Real> Real derivative(Real t, Real e0, Real e1, Real d0, Real d1) {
    Real s = 1 - t;
    return 6 * t * s * (e1 - e0) + s * (1 - 3 * t) * d0 + t * (3 * t - 2) * d1;
}

/** The second derivative of the value with respect to t. */
template<class Real> Real curvature(Real t, Real e0, Real e1, Real d0, Real d1) {
    return 6 * (1 - 2 * t) * (e1 - e0) + (6 * t - 4) * d0 + (6 * t - 2) * d1;
}

/** The integral of the value from 0 to t. */
template<class Real> Real integral(Real t, Real e0, Real e1, Real d0, Real d1) {
    Real c3 = d0 + d1 - 2 * (e1 - e0), c2 = e1 - e0 - d0 - c3;
    return t * (e0 + t * (d0 / 2 + t * (c2 / 3 + t * c3 / 4)));
}

} // namespace Hermite

} // namespace LearnedPairPlugin
