// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairForce.h"

namespace LearnedPairPlugin {

/**
 * The switching function of OpenMM::NonbondedForce: S = 1-10y^3+15y^4-6y^5 with y = (r-r_switch)/(r_c-r_switch) from
 * the switching distance r_switch to the cutoff r_c, and S = 1 at shorter distances.
 */
struct SwitchingFunction {
    explicit SwitchingFunction(const LearnedPairForce& force) :
            used(force.getUseSwitchingFunction()),
            start(force.getSwitchingDistance()),
            inverseWidth(used ? 1 / (force.getCutoffDistance() - start) : 0) {}
    bool used;
    double start, inverseWidth; ///< measured in nm and 1/nm
    /** Replace an energy E and its derivative dE/dr by S*E and d(S*E)/dr. */
    template<class Real> void apply(Real r, Real& energy, Real& dEdR) const {
        if (!used || r <= (Real) start)
            return;
        Real y = (r - (Real) start) * (Real) inverseWidth;
        Real value = 1 + y * y * y * (-10 + y * (15 - 6 * y));
        Real derivative = y * y * (-30 + y * (60 - 30 * y)) * (Real) inverseWidth;
        dEdR = value * dEdR + derivative * energy;
        energy *= value;
    }
};

} // namespace LearnedPairPlugin
