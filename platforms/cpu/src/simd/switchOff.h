// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

// OpenMM's switching function for vectors.
#pragma once

#include "pairTypes.h"
#include "Vector.h"

namespace {

/** Replace an energy E and dE/dr by S*E and d(S*E)/dr; see SwitchingFunction. */
inline void switchOff(const LearnedPairPlugin::Switching& switching, const Floats& r, Floats& energy, Floats& dEdR) {
    Floats y = max((r - switching.start) * switching.inverseWidth, Floats{});
    Floats value = 1 + y * y * y * (-10 + y * (15 - 6 * y)),
           derivative = y * y * (-30 + y * (60 - 30 * y)) * switching.inverseWidth;
    dEdR = value * dEdR + derivative * energy;
    energy *= value;
}

} // namespace
