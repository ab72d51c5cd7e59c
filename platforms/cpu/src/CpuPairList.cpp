// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuPairList.h"
#include "openmm/OpenMMException.h"
#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

using namespace LearnedPairPlugin;
using OpenMM::ThreadPool;
using OpenMM::Vec3;
using std::vector;

// How much longer than the cutoff the list reaches, as a fraction of the cutoff. OpenMM's own forces use 0.25; here neighbors
// out of range are dropped a vector at a time, so that they cost less than building the list more often.
static const double RelativePadding = 0.4;

CpuPairList::CpuPairList(const LearnedPairForce& force, const vector<char>& covered, int blockSize) : periodic(force.usesPeriodicBoundaryConditions()),
        dense(force.getNonbondedMethod() == LearnedPairForce::NoCutoff), cutoff(force.getCutoffDistance()), padding(RelativePadding*cutoff), isBuilt(false), list(blockSize) {
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
    builtPositions.resize(particles.size());
}

/** The copy of a particle that lies in the periodic box, in which single precision has most digits left. */
static Vec3 wrap(Vec3 position, const Vec3* box, const double* inverse) {
    for (int k = 2; k >= 0; k--)
        position -= box[k]*std::floor(position[k]*inverse[k]);
    return position;
}

/** The displacement between nearest periodic copies. */
static Vec3 nearest(Vec3 displacement, const Vec3* box, const double* inverse) {
    for (int k = 2; k >= 0; k--)
        displacement -= box[k]*std::floor(displacement[k]*inverse[k]+0.5);
    return displacement;
}

void CpuPairList::update(const vector<Vec3>& allPositions, const Vec3* box, ThreadPool& threads) {
    if (particles.size() < 2)
        return;
    if (!isBuilt)
        origin = findMiddle(allPositions);
    const double allowed = getAllowedMove(box), inverse[3] = {1/box[0][0], 1/box[1][1], 1/box[2][2]};
    const bool sameBox = (!periodic || std::equal(box, box+3, builtBox));
    std::atomic<bool> movedTooFar(false);
    threads.execute([&] (ThreadPool& pool, int thread) {
        int n = particles.size(), numThreads = pool.getNumThreads();
        bool tooFar = false;
        for (int i = (long long) thread*n/numThreads, end = (long long) (thread+1)*n/numThreads; i < end; i++) {
            const Vec3& position = allPositions[particles[i]];
            Vec3 local = (periodic ? wrap(position, box, inverse) : position-origin);
            for (int k = 0; k < 3; k++)
                positions[4*i+k] = (float) local[k];
            positions[4*i+3] = 0;
            // In the same box, moving into another copy of it is too far; that is rare. In another box the copies have moved, too.
            Vec3 move = (sameBox ? position-builtPositions[i] : nearest(local-wrap(builtPositions[i], builtBox, builtInverse), box, inverse));
            tooFar |= !(move.dot(move) <= allowed*allowed);
        }
        if (tooFar)
            movedTooFar = true;
    });
    threads.waitForThreads();
    if (allowed < 0 || movedTooFar)
        build(allPositions, box, threads);
}

void CpuPairList::build(const vector<Vec3>& allPositions, const Vec3* box, ThreadPool& threads) {
    for (size_t i = 0; i < particles.size(); i++) {
        builtPositions[i] = allPositions[particles[i]];
        if (!std::isfinite(builtPositions[i][0]+builtPositions[i][1]+builtPositions[i][2]))
            throw OpenMM::OpenMMException("LearnedPairForce: a particle coordinate is NaN or infinite.");
    }
    isBuilt = true;
    if (dense)
        list.createDenseNeighborList(particles.size(), exclusions);
    else
        list.computeNeighborList(particles.size(), positions, exclusions, box, periodic, (float) (cutoff+padding), threads);
    std::copy(box, box+3, builtBox);
    for (int k = 0; k < 3; k++)
        builtInverse[k] = 1/box[k][k];
    origin = findMiddle(allPositions);
}

/** The median of each coordinate: near most particles, wherever a few have gone. */
Vec3 CpuPairList::findMiddle(const vector<Vec3>& allPositions) const {
    Vec3 middle;
    if (periodic)
        return middle;
    vector<double> coordinates(particles.size());
    for (int k = 0; k < 3; k++) {
        for (size_t i = 0; i < particles.size(); i++)
            coordinates[i] = allPositions[particles[i]][k];
        std::nth_element(coordinates.begin(), coordinates.begin()+coordinates.size()/2, coordinates.end());
        middle[k] = coordinates[coordinates.size()/2];
    }
    return middle;
}

/**
 * How far each particle may have moved for the list to be complete; negative if it is not, wherever they are.
 *
 * A pair at distance d now was at d - |move1| - |move2| - |m . change of the box| or more when the list was built, where m
 * counts the box vectors between the two copies that are nearest: -1, 0 or 1 for positions in the box, and 1 more if one
 * of them has been wrapped around since.
 */
double CpuPairList::getAllowedMove(const Vec3* box) const {
    if (!isBuilt)
        return -1;
    if (dense)
        return std::numeric_limits<double>::infinity();
    double shift = 0;
    if (periodic)
        for (int k = 0; k < 3; k++) {
            Vec3 change = box[k]-builtBox[k];
            shift += 2*std::sqrt(change.dot(change));
        }
    return 0.5*(padding-shift);
}
