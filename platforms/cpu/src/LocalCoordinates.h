// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "PeriodicBox.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * Positions relative to an origin close to the particles, so that they keep their digits in single precision: the
 * center of the periodic box, or the median of the particles, of which a few may be far away.
 */
class LocalCoordinates {
public:
    explicit LocalCoordinates(bool periodic) : periodic(periodic) {}
    /**
     * Choose the origin.
     *
     * @throws OpenMMException  if a coordinate is NaN, infinite, or so large that a double cannot resolve it
     */
    void setOrigin(
            const std::vector<OpenMM::Vec3>& positions, const std::vector<int>& particles, const PeriodicBox& box);
    OpenMM::Vec3 operator()(const OpenMM::Vec3& position) const {
        return periodic ? box.wrap(position) : position - origin;
    }

private:
    bool periodic;
    PeriodicBox box;
    OpenMM::Vec3 origin;
};

} // namespace LearnedPairPlugin
