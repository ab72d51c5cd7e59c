// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "openmm/Vec3.h"
#include <cmath>

namespace LearnedPairPlugin {

/** The vectors of a periodic box in OpenMM's reduced form. */
struct PeriodicBox {
    PeriodicBox() = default;
    explicit PeriodicBox(const OpenMM::Vec3* box) : vectors{box[0], box[1], box[2]} {
        for (int k = 0; k < 3; k++)
            inverse[k] = 1 / box[k][k];
    }
    /** Get the periodic image of a position in the box around the origin, where single precision is most accurate; of a
     * displacement, the minimum image. */
    OpenMM::Vec3 wrap(OpenMM::Vec3 position) const {
        for (int k = 2; k >= 0; k--)
            position -= vectors[k] * std::floor(position[k] * inverse[k] + 0.5);
        return position;
    }
    bool operator==(const PeriodicBox& other) const {
        return vectors[0] == other.vectors[0] && vectors[1] == other.vectors[1] && vectors[2] == other.vectors[2];
    }
    OpenMM::Vec3 vectors[3];
    double inverse[3];
};

} // namespace LearnedPairPlugin
