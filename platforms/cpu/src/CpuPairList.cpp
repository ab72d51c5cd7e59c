// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuPairList.h"
#include <algorithm>
#include <cmath>

using namespace LearnedPairPlugin;
using OpenMM::ThreadPool;
using OpenMM::Vec3;
using std::vector;

// How much longer than the cutoff the list reaches, as a fraction of the cutoff: what OpenMM's own forces use.
static const double RelativePadding = 0.25;

CpuPairList::CpuPairList(const LearnedPairForce& force, const vector<char>& covered) : periodic(force.usesPeriodicBoundaryConditions()),
        cutoff(force.getCutoffDistance()), padding(RelativePadding*cutoff), list(BlockSize) {
    vector<int> index(covered.size(), -1);
    for (int i = 0; i < (int) covered.size(); i++)
        if (covered[i]) {
            index[i] = particles.size();
            particles.push_back(i);
        }
    exclusions.resize(particles.size());
    for (int i = 0; i < force.getNumExclusions(); i++) {
        int particle1, particle2;
        force.getExclusionParticles(i, particle1, particle2);
        if (covered[particle1] && covered[particle2]) {
            exclusions[index[particle1]].insert(index[particle2]);
            exclusions[index[particle2]].insert(index[particle1]);
        }
    }
    positions.resize(4*particles.size());
}

/** The copy of a particle that lies in the periodic box, in which single precision has most digits left. */
static Vec3 wrap(Vec3 position, const Vec3* box) {
    for (int k = 2; k >= 0; k--)
        position -= box[k]*std::floor(position[k]/box[k][k]);
    return position;
}

void CpuPairList::update(const vector<Vec3>& allPositions, const Vec3* box, ThreadPool& threads) {
    if (particles.size() < 2)
        return;
    bool rebuild = needsRebuild(allPositions, box);
    if (rebuild) {
        builtPositions.resize(particles.size());
        std::copy(box, box+3, builtBox);
    }
    const Vec3 origin = allPositions[particles[0]]; // of a cluster, which may be far from zero
    threads.execute([&] (ThreadPool& pool, int thread) {
        int n = particles.size(), numThreads = pool.getNumThreads();
        for (int i = (long long) thread*n/numThreads, end = (long long) (thread+1)*n/numThreads; i < end; i++) {
            const Vec3& position = allPositions[particles[i]];
            Vec3 local = (periodic ? wrap(position, box) : position-origin);
            for (int k = 0; k < 3; k++)
                positions[4*i+k] = (float) local[k];
            positions[4*i+3] = 0;
            if (rebuild)
                builtPositions[i] = position;
        }
    });
    threads.waitForThreads();
    if (rebuild)
        list.computeNeighborList(particles.size(), positions, exclusions, box, periodic, (float) (cutoff+padding), threads);
}

bool CpuPairList::needsRebuild(const vector<Vec3>& allPositions, const Vec3* box) const {
    if (builtPositions.empty() || (periodic && !std::equal(box, box+3, builtBox)))
        return true;
    double allowed = 0.25*padding*padding;
    for (size_t i = 0; i < particles.size(); i++) {
        Vec3 moved = allPositions[particles[i]]-builtPositions[i];
        if (moved.dot(moved) > allowed)
            return true;
    }
    return false;
}
