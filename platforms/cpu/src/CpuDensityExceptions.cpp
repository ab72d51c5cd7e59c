// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuDensityExceptions.h"
#include "internal/solidHarmonics.h"
#include "openmm/reference/ReferenceForce.h"
#include <algorithm>

using namespace LearnedPairPlugin;
using OpenMM::ReferenceForce;
using OpenMM::Vec3;
using std::vector;

CpuDensityExceptions::CpuDensityExceptions(
        const LearnedPairForce& force, std::shared_ptr<const EnvironmentFunction> function, int numThreads) :
        function(function),
        types(force.getParticleTypes()),
        exceptions(force.getUseDensityExclusions() ? findActiveExceptions(force) : vector<ActiveException>()),
        numThreads(numThreads),
        periodic(force.usesPeriodicBoundaryConditions()),
        cutoff(force.getCutoffDistance()),
        innerCutoff(force.getInnerCutoffDistance()),
        switching(force),
        pairs(numThreads) {}

void CpuDensityExceptions::addDensities(const vector<Vec3>& positions, const Vec3* box, const CpuDensityTables& tables,
        const ParticleOrder& order, int thread, float* sums) {
    vector<Pair>& found = pairs[thread];
    found.clear();
    const size_t first = exceptions.size() * thread / numThreads, last = exceptions.size() * (thread + 1) / numThreads;
    for (size_t e = first; e < last; e++) {
        const Vec3 &position1 = positions[exceptions[e].particle1], &position2 = positions[exceptions[e].particle2];
        double delta[ReferenceForce::LastDeltaRIndex];
        if (periodic)
            ReferenceForce::getDeltaRPeriodic(position1, position2, box, delta);
        else
            ReferenceForce::getDeltaR(position1, position2, delta);
        const double r = delta[ReferenceForce::RIndex];
        if (r >= cutoff)
            continue;
        Vec3 direction; // from the first particle to the second
        if (r > 0)
            direction =
                    Vec3(delta[ReferenceForce::XIndex], delta[ReferenceForce::YIndex], delta[ReferenceForce::ZIndex]) /
                    r;
        const int particles[2] = {exceptions[e].particle1, exceptions[e].particle2};
        for (int side = 0; side < 2; side++) {
            const int numChannels = function->getNumChannels();
            Pair pair = {particles[side], particles[1 - side], side == 0 ? direction : -direction, r,
                vector<double>(numChannels), vector<double>(numChannels)};
            const double clamped = std::max(r, innerCutoff);
            function->evaluateDensities(
                    types[pair.center], types[pair.neighbor], clamped, pair.w.data(), pair.dw.data());
            for (int k = 0; k < numChannels; k++) {
                pair.w[k] += (r - clamped) * pair.dw[k];
                switching.apply(r, pair.w[k], pair.dw[k]);
                pair.w[k] *= exceptions[e].factor;
                pair.dw[k] *= exceptions[e].factor;
            }
            found.push_back(pair);
        }
    }
    const DensityTables& layout = tables.getLayout();
    double harmonics[SolidHarmonics::MaxComponents], gradients[SolidHarmonics::MaxComponents][3];
    for (auto& pair : found) {
        float* ofAtom = sums + (size_t) order.getListIndex(pair.center) * tables.getArrays().stride;
        for (size_t k = 0; k < pair.w.size(); k++) {
            SolidHarmonics::evaluate(
                    layout.getOrder(k), pair.direction[0], pair.direction[1], pair.direction[2], harmonics, gradients);
            for (int m = 0; m <= 2 * layout.getOrder(k); m++)
                ofAtom[layout.getPlace(k) + m * layout.getStep(k)] += (float) (pair.w[k] * harmonics[m]);
        }
    }
}

void CpuDensityExceptions::addForces(const CpuDensityTables& tables, const ParticleOrder& order, int thread,
        const float* gradients, double scale, float* forces) const {
    const DensityTables& layout = tables.getLayout();
    double values[SolidHarmonics::MaxComponents], slopes[SolidHarmonics::MaxComponents][3];
    for (auto& pair : pairs[thread]) {
        if (pair.r == 0) // the force has no direction
            continue;
        const float* ofAtom = gradients + (size_t) order.getListIndex(pair.center) * tables.getArrays().stride;
        Vec3 gradient; // of the energy with respect to the position of the neighbor
        for (size_t k = 0; k < pair.w.size(); k++) {
            const int l = layout.getOrder(k);
            SolidHarmonics::evaluate(l, pair.direction[0], pair.direction[1], pair.direction[2], values, slopes);
            for (int m = 0; m <= 2 * l; m++) {
                const Vec3 slope(slopes[m][0], slopes[m][1], slopes[m][2]);
                const Vec3 dC = (slope - pair.direction * (l * values[m])) / pair.r;
                gradient += (pair.direction * (pair.dw[k] * values[m]) + dC * pair.w[k]) *
                        ofAtom[layout.getPlace(k) + m * layout.getStep(k)];
            }
        }
        for (int i = 0; i < 3; i++) {
            forces[4 * pair.neighbor + i] -= (float) (scale * gradient[i]);
            forces[4 * pair.center + i] += (float) (scale * gradient[i]);
        }
    }
}
