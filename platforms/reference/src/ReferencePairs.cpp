// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "ReferencePairs.h"
#include "openmm/OpenMMException.h"
#include "openmm/reference/ReferenceForce.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace LearnedPairPlugin;
using OpenMM::ReferenceForce;
using OpenMM::Vec3;
using std::vector;

ReferencePairs::ReferencePairs(const LearnedPairForce& force, bool useExclusions) :
        classes(force),
        exclusions(force.getNumParticles()),
        periodic(force.usesPeriodicBoundaryConditions()),
        cutoff(force.getNonbondedMethod() == LearnedPairForce::NoCutoff ? std::numeric_limits<double>::infinity()
                                                                        : force.getCutoffDistance()),
        innerCutoff(force.getInnerCutoffDistance()) {
    if (useExclusions) {
        exceptions = findActiveExceptions(force);
        for (auto [particle1, particle2] : force.getExclusionsAndExceptions()) {
            exclusions[particle1].insert(particle2);
            exclusions[particle2].insert(particle1);
        }
    }
    for (int i = 0; i < force.getNumParticles(); i++)
        if (classes.particleClasses[i] != 0)
            covered.push_back(i);
}

vector<ReferencePair> ReferencePairs::find(const vector<Vec3>& positions, const Vec3* box) const {
    vector<ReferencePair> pairs;
    auto add = [&](int i, int j, double factor) {
        double delta[ReferenceForce::LastDeltaRIndex];
        if (periodic)
            ReferenceForce::getDeltaRPeriodic(positions[j], positions[i], box, delta);
        else
            ReferenceForce::getDeltaR(positions[j], positions[i], delta);
        const double r = delta[ReferenceForce::RIndex];
        if (r < cutoff)
            pairs.push_back({i, j,
                Vec3(delta[ReferenceForce::XIndex], delta[ReferenceForce::YIndex], delta[ReferenceForce::ZIndex]), r,
                std::max(r, innerCutoff), factor});
    };
    for (size_t n = 0; n < covered.size(); n++)
        for (size_t m = 0; m < n; m++) {
            const int i = covered[n], j = covered[m];
            if (classes.doInteract(classes.particleClasses[i], classes.particleClasses[j]) &&
                    exclusions[i].count(j) == 0)
                add(i, j, 1);
        }
    for (auto& exception : exceptions)
        add(exception.particle1, exception.particle2, exception.factor);
    return pairs;
}

void LearnedPairPlugin::requireFinitePositions(const vector<Vec3>& positions) {
    for (auto& position : positions)
        if (!std::isfinite(position[0] + position[1] + position[2]))
            throw OpenMM::OpenMMException("LearnedPairForce: a particle coordinate is NaN or infinite.");
}
