// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuExceptionLoop.h"
#include "internal/activeExceptions.h"
#include "openmm/reference/ReferenceForce.h"
#include <algorithm>
#include <limits>

using namespace LearnedPairPlugin;
using OpenMM::ReferenceForce;
using OpenMM::Vec3;
using std::vector;

CpuExceptionLoop::CpuExceptionLoop(const LearnedPairForce& force, const vector<int>& derivatives, int numThreads) :
        function(force.getSharedFunction()),
        derivatives(derivatives),
        numThreads(numThreads),
        periodic(force.usesPeriodicBoundaryConditions()),
        cutoff(force.getNonbondedMethod() == LearnedPairForce::NoCutoff ? std::numeric_limits<double>::infinity()
                                                                        : force.getCutoffDistance()),
        innerCutoff(force.getInnerCutoffDistance()),
        switching(force),
        distinct(force) {
    for (auto& [particle1, particle2, factor] : findActiveExceptions(force))
        exceptions.push_back({particle1, particle2, factor, PairTable::NoCurve});
}

void CpuExceptionLoop::setTables(const TableCurves& newTables, const InteractionClasses& classes) {
    if (exceptions.empty())
        return;
    tables = std::make_unique<TableCurves>(newTables);
    auto type = [&](int particle) { return classes.types[classes.particleClasses[particle]]; };
    for (auto& exception : exceptions)
        exception.curve =
                tables->curveIndices[(size_t) type(exception.particle1) * tables->numTypes + type(exception.particle2)];
}

void CpuExceptionLoop::useProgram() {
    tables.reset();
    for (int i = evaluators.size(); i < numThreads && !exceptions.empty(); i++)
        evaluators.push_back(PairEvaluator::create(function, derivatives));
}

/** Find the exceptions in range among those of a thread. */
void CpuExceptionLoop::findPairs(
        const vector<Vec3>& positions, const Vec3* box, int thread, vector<Pair>& pairs) const {
    const size_t first = exceptions.size() * thread / numThreads, last = exceptions.size() * (thread + 1) / numThreads;
    for (size_t k = first; k < last; k++) {
        const Vec3 &position1 = positions[exceptions[k].particle1], &position2 = positions[exceptions[k].particle2];
        double delta[ReferenceForce::LastDeltaRIndex];
        if (periodic)
            ReferenceForce::getDeltaRPeriodic(position2, position1, box, delta);
        else
            ReferenceForce::getDeltaR(position2, position1, delta);
        const double r = delta[ReferenceForce::RIndex];
        if (r < cutoff)
            pairs.push_back({&exceptions[k],
                Vec3(delta[ReferenceForce::XIndex], delta[ReferenceForce::YIndex], delta[ReferenceForce::ZIndex]), r,
                std::max(r, innerCutoff), {}, {}});
    }
}

/** Evaluate the functions of all pairs at rClamped. */
void CpuExceptionLoop::evaluate(vector<Pair>& pairs, const vector<double>& globals, int thread) const {
    if (tables != nullptr) {
        for (auto& pair : pairs)
            for (auto& curves : tables->functions) {
                double value, slope;
                curves[pair.exception->curve].evaluate(
                        tables->minDistance, tables->maxDistance, pair.rClamped, value, slope);
                pair.values.push_back(value);
                pair.slopes.push_back(slope);
            }
        return;
    }
    vector<double> r;
    vector<const double*> particle1, particle2;
    for (auto& pair : pairs) {
        r.push_back(pair.rClamped);
        particle1.push_back(distinct.getValues(pair.exception->particle1));
        particle2.push_back(distinct.getValues(pair.exception->particle2));
    }
    const PairValues values = evaluators[thread]->evaluate(r, particle1, particle2, globals);
    for (size_t k = 0; k < pairs.size(); k++) {
        pairs[k].values = {values.energy[k]};
        pairs[k].slopes = {values.dEdR[k]};
        for (size_t d = 0; d < values.dEdG.size(); d++) {
            pairs[k].values.push_back(values.dEdG[d][k]);
            pairs[k].slopes.push_back(values.d2EdRdG[d][k]);
        }
    }
}

void CpuExceptionLoop::compute(const vector<Vec3>& positions, const Vec3* box, const vector<double>& globals,
        double scale, bool includeForces, OpenMM::CpuPlatform::PlatformData& data, CpuPairSums& sums) {
    if (exceptions.empty())
        return;
    vector<vector<double>> threadSums(numThreads, vector<double>(1 + sums.derivatives.size(), 0.0));
    data.threads.execute([&](OpenMM::ThreadPool&, int thread) {
        vector<Pair> pairs;
        findPairs(positions, box, thread, pairs);
        evaluate(pairs, globals, thread);
        for (auto& pair : pairs) {
            for (size_t f = 0; f < pair.values.size(); f++) {
                pair.values[f] += (pair.r - pair.rClamped) * pair.slopes[f]; // the Taylor expansion
                switching.apply(pair.r, pair.values[f], pair.slopes[f]);
                threadSums[thread][f] += pair.exception->factor * pair.values[f];
            }
            if (!includeForces || pair.r == 0) // at distance 0 the force has no direction
                continue;
            const Vec3 force = pair.delta * (-scale * pair.exception->factor * pair.slopes[0] / pair.r);
            float* forces = &data.threadForce[thread][0];
            for (int i = 0; i < 3; i++) {
                forces[4 * pair.exception->particle1 + i] += (float) force[i];
                forces[4 * pair.exception->particle2 + i] -= (float) force[i];
            }
        }
    });
    data.threads.waitForThreads();
    for (auto& part : threadSums)
        sums.add(part);
}
