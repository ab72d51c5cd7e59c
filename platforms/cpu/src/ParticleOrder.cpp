// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "ParticleOrder.h"
#include "runInRanges.h"
#include "spaceFillingCurve.h"
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

using namespace LearnedPairPlugin;
using OpenMM::ThreadPool;
using OpenMM::Vec3;
using std::vector;

// The order of particles farther than this (nm) from the origin, without a periodic box, does not matter.
static const double FarAway = 1e5;
static const int MaxBits = 21; // of the number of a cell along one axis

ParticleOrder::ParticleOrder(const InteractionClasses& interactionClasses, int blockSize) :
        blockSize(blockSize),
        particleClasses(interactionClasses.particleClasses) {
    const int numClasses = interactionClasses.numClasses;
    std::set<int> present(particleClasses.begin(), particleClasses.end());
    for (auto i = present.begin(); i != present.end();) {
        bool interacts = std::any_of(present.begin(), present.end(),
                [&](int j) { return interactionClasses.interacts[*i * numClasses + j] != 0; });
        i = (interacts ? std::next(i) : present.erase(i));
    }
    listIndex.resize(particleClasses.size(), -1);
    for (int i = 0; i < (int) particleClasses.size(); i++)
        if (present.count(particleClasses[i]) > 0) {
            listIndex[i] = covered.size();
            covered.push_back(i);
        }
    particles = covered;
    classes.resize(blockSize * getNumBlocks());
}

vector<int> ParticleOrder::findClasses() const {
    std::set<int> present;
    for (int particle : covered)
        present.insert(particleClasses[particle]);
    return vector<int>(present.begin(), present.end());
}

/** Sort pairs by the first number, which has some bits: radix sort. */
static void sortByFirst(vector<std::pair<uint64_t, int>>& pairs, int bits) {
    const int digit = 11; // bits
    vector<std::pair<uint64_t, int>> sorted(pairs.size());
    for (int shift = 0; shift < bits; shift += digit) {
        auto bucket = [&](uint64_t number) { return (number >> shift) & ((1 << digit) - 1); };
        vector<int> next((1 << digit) + 1);
        for (auto& pair : pairs)
            next[bucket(pair.first) + 1]++;
        std::partial_sum(next.begin(), next.end(), next.begin());
        for (auto& pair : pairs)
            sorted[next[bucket(pair.first)]++] = pair;
        pairs.swap(sorted);
    }
}

void ParticleOrder::sort(const vector<Vec3>& positions, const LocalCoordinates& toLocal, const PeriodicBox* box,
        double cellSize, ThreadPool& threads) {
    Vec3 low(FarAway, FarAway, FarAway), high = -low;
    if (box != nullptr) {
        high = Vec3(box->vectors[0][0], box->vectors[1][1], box->vectors[2][2]) * 0.5;
        low = -high;
    }
    else
        for (int particle : covered) {
            const Vec3 local = toLocal(positions[particle]);
            for (int k = 0; k < 3; k++) {
                double x = std::min(std::max(local[k], -FarAway), FarAway);
                low[k] = std::min(low[k], x);
                high[k] = std::max(high[k], x);
            }
        }
    const double extent = std::max({high[0] - low[0], high[1] - low[1], high[2] - low[2]});
    const int bits = std::min(MaxBits, 1 + (int) std::log2(1 + extent / cellSize));
    const double maxCell = (1 << bits) - 1;
    vector<std::pair<uint64_t, int>> places(covered.size());
    runInRanges(threads, covered.size(), covered.size(), [&](int begin, int end) {
        for (int i = begin; i < end; i++) {
            const Vec3 local = toLocal(positions[covered[i]]);
            uint32_t cells[3];
            for (int k = 0; k < 3; k++)
                cells[k] = (uint32_t) std::min(std::max((local[k] - low[k]) / cellSize, 0.0), maxCell);
            places[i] = {placeOnCurve(cells[0], cells[1], cells[2], bits), covered[i]};
        }
    });
    sortByFirst(places, 3 * bits);
    for (int i = 0; i < (int) particles.size(); i++)
        particles[i] = places[i].second;
}

void ParticleOrder::update(int begin, int end) {
    for (int i = begin; i < end; i++) {
        listIndex[particles[i]] = i;
        classes[i] = particleClasses[particles[i]];
    }
}
