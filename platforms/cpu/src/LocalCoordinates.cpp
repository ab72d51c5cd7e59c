// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "LocalCoordinates.h"
#include "openmm/OpenMMException.h"
#include <algorithm>
#include <cmath>
#include <sstream>

using namespace LearnedPairPlugin;
using OpenMM::Vec3;
using std::vector;

// With larger coordinates (nm) a double cannot resolve where in the periodic box a particle is.
static const double MaxCoordinate = 1e12;

static void checkCoordinate(double x, int particle) {
    if (!std::isfinite(x))
        throw OpenMM::OpenMMException("LearnedPairForce: a particle coordinate is NaN or infinite.");
    if (std::abs(x) > MaxCoordinate) {
        std::stringstream message;
        message << "LearnedPairForce: particle " << particle << " has the coordinate " << x
                << " nm, and with more than " << MaxCoordinate
                << " nm forces are lost in rounding; look for clashes, or take a shorter time step.";
        throw OpenMM::OpenMMException(message.str());
    }
}

/** Get the median of each coordinate. */
static Vec3 findMedian(const vector<Vec3>& positions, const vector<int>& particles) {
    Vec3 median;
    vector<double> coordinates(particles.size());
    for (int k = 0; k < 3 && !particles.empty(); k++) {
        for (size_t i = 0; i < particles.size(); i++)
            coordinates[i] = positions[particles[i]][k];
        auto middle = coordinates.begin() + coordinates.size() / 2;
        std::nth_element(coordinates.begin(), middle, coordinates.end());
        median[k] = *middle;
    }
    return median;
}

void LocalCoordinates::setOrigin(
        const vector<Vec3>& positions, const vector<int>& particles, const PeriodicBox& newBox) {
    for (int particle : particles)
        for (int k = 0; k < 3; k++)
            checkCoordinate(positions[particle][k], particle);
    box = newBox;
    if (!periodic)
        origin = findMedian(positions, particles);
}
