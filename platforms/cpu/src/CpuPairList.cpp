// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuPairList.h"
#include "openmm/OpenMMException.h"
#include "spaceFillingCurve.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <set>
#include <sstream>
#include <thread>

using namespace LearnedPairPlugin;
using OpenMM::ThreadPool;
using OpenMM::Vec3;
using std::vector;

// How much longer than the cutoff the list reaches, as a fraction of the cutoff. OpenMM's own forces use 0.25; measured
// here.
static const double RelativeSkin = 0.35;
static const size_t MinParticlesForThreads = 5000;
// Particles are sorted by cells of this size, as a fraction of the list's listCutoff; beyond this distance (nm) from
// most others it does not matter how.
static const double CellSize = 0.125, FarAway = 1e5;
// Without a cutoff there is no list that could become incomplete, but positions lose digits when they have moved so far
// (nm).
static const double MaxMoveWithoutCutoff = 1;
// With larger coordinates (nm) a double has no digits left for where in the box a particle is.
static const double MaxCoordinate = 1e12;

void BlockNeighbors::dropExcluded() {
    int kept = 0;
    for (int i = 0; i < count; i++)
        if (exclusions[i] != 0xFFFF) {
            particles[kept] = particles[i];
            exclusions[kept++] = exclusions[i];
        }
    count = kept;
}

CpuPairList::CpuPairList(const LearnedPairForce& force, const SimdBackend& backend, int numThreads) :
        backend(backend),
        periodic(force.usesPeriodicBoundaryConditions()),
        dense(force.getNonbondedMethod() == LearnedPairForce::NoCutoff),
        cutoff(force.getCutoffDistance()),
        skin(RelativeSkin * cutoff),
        isBuilt(false),
        complete(false),
        builders(numThreads) {
    findCovered(InteractionClasses(force));
    listIndex.resize(particleClasses.size(), -1);
    for (int i = 0; i < (int) particles.size(); i++)
        listIndex[particles[i]] = i;
    exclusions.resize(particleClasses.size());
    for (int i = 0; i < force.getNumExclusions(); i++) {
        int particle1, particle2;
        force.getExclusionParticles(i, particle1, particle2);
        if (listIndex[particle1] >= 0 && listIndex[particle2] >= 0) {
            exclusions[particle1].push_back(particle2);
            exclusions[particle2].push_back(particle1);
        }
    }
    classes.resize(backend.blockSize * getNumBlocks());
    positions.resize(4 * classes.size());
    builtPositions.resize(particles.size());
    shifts.resize(particles.size());
    neighbors.resize(dense ? 0 : getNumBlocks());
}

/** Find the particles that interact with any other: only those are in the list. */
void CpuPairList::findCovered(const InteractionClasses& interactionClasses) {
    numClasses = interactionClasses.numClasses;
    interacts = interactionClasses.interacts;
    particleClasses = interactionClasses.particleClasses;
    std::set<int> present(particleClasses.begin(), particleClasses.end());
    for (auto i = present.begin(); i != present.end();) {
        bool any =
                std::any_of(present.begin(), present.end(), [&](int j) { return interacts[*i * numClasses + j] != 0; });
        i = (any ? std::next(i) : present.erase(i));
    }
    for (int i = 0; i < (int) particleClasses.size(); i++)
        if (present.count(particleClasses[i]) > 0)
            covered.push_back(i);
    particles = covered;
    allInteract = std::all_of(present.begin(), present.end(), [&](int i) {
        return std::all_of(present.begin(), present.end(), [&](int j) { return interacts[i * numClasses + j] != 0; });
    });
}

/**
 * The copy of a position that lies in the periodic box around the origin, where single precision has most digits left;
 * of a displacement, that between nearest copies.
 */
static Vec3 wrap(Vec3 position, const Vec3* box, const double* inverse) {
    for (int k = 2; k >= 0; k--)
        position -= box[k] * std::floor(position[k] * inverse[k] + 0.5);
    return position;
}

/** Run something for parts of 0 to n-1, one for each thread, or for all if the particles are few: waking the threads up
 * takes up to a tenth of a millisecond. */
template<class Task> void CpuPairList::inParts(ThreadPool& threads, int n, Task task) const {
    if (particles.size() < MinParticlesForThreads) {
        task(0, n);
        return;
    }
    threads.execute([&](ThreadPool& pool, int thread) {
        long long numThreads = pool.getNumThreads();
        task((int) (thread * n / numThreads), (int) ((thread + 1) * n / numThreads));
    });
    threads.waitForThreads();
}

void CpuPairList::beginMove(const Vec3* box) {
    allowed = getAllowedMove(box);
    sameBox = (!periodic || std::equal(box, box + 3, builtBox));
    complete = (allowed >= 0);
    moving = builders.size();
}

bool CpuPairList::move(const vector<Vec3>& allPositions, const Vec3* box, int thread) {
    const long long n = particles.size(), numThreads = builders.size();
    const double inverse[3] = {1 / box[0][0], 1 / box[1][1], 1 / box[2][2]};
    bool tooFar = false;
    for (int i = thread * n / numThreads, end = (thread + 1) * n / numThreads; i < end; i++) {
        const Vec3& position = allPositions[particles[i]];
        // In the same box, moving into another copy of it is too far; that is rare. In another box the copies have
        // moved, too.
        Vec3 local = (sameBox ? position - shifts[i] : wrap(position, box, inverse)), move = local - builtPositions[i];
        if (!sameBox)
            move = wrap(move, box, inverse);
        setPosition(i, local);
        tooFar |= !(move.dot(move) <= allowed * allowed);
    }
    if (thread == numThreads - 1)
        fillUp();
    if (tooFar)
        complete = false;
    // This takes the threads a microsecond, and waking them up once more a hundred.
    for (moving--; moving > 0;)
        std::this_thread::yield();
    return complete;
}

/** Let what fills the last block up repeat a particle. */
void CpuPairList::fillUp() {
    for (size_t i = particles.size(); i < classes.size(); i++)
        std::copy_n(&positions[4 * (particles.size() - 1)], 4, &positions[4 * i]);
}

void CpuPairList::setPosition(int index, const Vec3& local) {
    float* position = &positions[4 * index];
    for (int k = 0; k < 3; k++)
        position[k] = (float) local[k];
    std::memcpy(&position[3], &classes[index], sizeof(float));
}

/** Require a coordinate that can be computed with: rounding of a double may leave nothing of where in the box a
 * particle is. */
static void checkCoordinate(double x, int particle, double largest) {
    if (!std::isfinite(x))
        throw OpenMM::OpenMMException("LearnedPairForce: a particle coordinate is NaN or infinite.");
    if (std::abs(x) > largest) {
        std::stringstream message;
        message << "LearnedPairForce: particle " << particle << " has the coordinate " << x
                << " nm, and with more than " << largest
                << " nm forces are lost in rounding; look for clashes, or take a shorter time step.";
        throw OpenMM::OpenMMException(message.str());
    }
}

void CpuPairList::build(const vector<Vec3>& allPositions, const Vec3* box, ThreadPool& threads) {
    for (int particle : particles)
        for (int k = 0; k < 3; k++)
            checkCoordinate(allPositions[particle][k], particle, MaxCoordinate);
    std::copy(box, box + 3, builtBox);
    const double inverse[3] = {1 / box[0][0], 1 / box[1][1], 1 / box[2][2]};
    const Vec3 middle =
            findMiddle(allPositions); // a cluster may be far from zero, where single precision has few digits left
    auto toLocal = [&](const Vec3& position) {
        return periodic ? wrap(position, builtBox, inverse) : position - middle;
    };
    if (!dense)
        sortParticles(allPositions, toLocal, threads);
    inParts(threads, particles.size(), [&](int begin, int end) {
        for (int i = begin; i < end; i++) {
            const Vec3& position = allPositions[particles[i]];
            builtPositions[i] = toLocal(position);
            shifts[i] = position - builtPositions[i];
            listIndex[particles[i]] = i;
            classes[i] = particleClasses[particles[i]];
            setPosition(i, builtPositions[i]);
        }
    });
    fillUp();
    if (!dense)
        listNeighbors(threads);
    isBuilt = complete = true;
}

/** Sort particles by their places on a curve. */
static void sortByPlace(vector<std::pair<uint64_t, int>>& places, int bits) {
    const int digit = 11; // bits
    vector<std::pair<uint64_t, int>> sorted(places.size());
    for (int shift = 0; shift < bits; shift += digit) {
        auto bucket = [&](uint64_t place) { return (place >> shift) & ((1 << digit) - 1); };
        vector<int> next((1 << digit) + 1);
        for (auto& place : places)
            next[bucket(place.first) + 1]++;
        std::partial_sum(next.begin(), next.end(), next.begin());
        for (auto& place : places)
            sorted[next[bucket(place.first)]++] = place;
        places.swap(sorted);
    }
}

/** Give particles that are close together listIndex that are. */
template<class ToLocal>
void CpuPairList::sortParticles(const vector<Vec3>& allPositions, ToLocal toLocal, ThreadPool& threads) {
    Vec3 high = Vec3(builtBox[0][0], builtBox[1][1], builtBox[2][2]) * 0.5, low = -high;
    if (!periodic) {
        low = Vec3(FarAway, FarAway, FarAway);
        high = -low;
        for (int particle : covered)
            for (int k = 0; k < 3; k++) {
                double x = std::min(std::max(toLocal(allPositions[particle])[k], -FarAway), FarAway);
                low[k] = std::min(low[k], x);
                high[k] = std::max(high[k], x);
            }
    }
    const double cell = CellSize * (cutoff + skin),
                 extent = std::max({high[0] - low[0], high[1] - low[1], high[2] - low[2]});
    const int bits = std::min(21, 1 + (int) std::log2(1 + extent / cell));
    const double most = (1 << bits) - 1;
    vector<std::pair<uint64_t, int>> places(covered.size());
    inParts(threads, covered.size(), [&](int begin, int end) {
        for (int i = begin; i < end; i++) {
            const Vec3 local = toLocal(allPositions[covered[i]]);
            uint32_t cells[3];
            for (int k = 0; k < 3; k++)
                cells[k] = (uint32_t) std::min(std::max((local[k] - low[k]) / cell, 0.0), most);
            places[i] = {placeOnCurve(cells[0], cells[1], cells[2], bits), covered[i]};
        }
    });
    sortByPlace(places, 3 * bits);
    for (int i = 0; i < (int) particles.size(); i++)
        particles[i] = places[i].second;
}

/** BoundingBoxes, and the memory for a whole number of so many. */
class CpuPairList::BoundingBoxArrays {
public:
    BoundingBoxArrays(int count, int multiple) {
        const float infinity = std::numeric_limits<float>::infinity();
        for (int k = 0; k < 3; k++) {
            low[k].resize((count + multiple - 1) / multiple * multiple, infinity);
            high[k].resize(low[k].size(), -infinity);
        }
    }
    /** Make one larger, so that it encloses one of others. */
    void enclose(int index, const BoundingBoxArrays& others, int other) {
        for (int k = 0; k < 3; k++) {
            low[k][index] = std::min(low[k][index], others.low[k][other]);
            high[k][index] = std::max(high[k][index], others.high[k][other]);
        }
    }
    BoundingBoxes get() const {
        return {{low[0].data(), low[1].data(), low[2].data()}, {high[0].data(), high[1].data(), high[2].data()}};
    }
    vector<float> low[3], high[3];
};

/** By how much periodic copies are moved that may be within listCutoff of particles between two corners. */
static vector<std::array<float, 3>> findImages(
        const Vec3* box, const float* low, const float* high, double listCutoff) {
    vector<std::array<float, 3>> images;
    Vec3 limit;
    for (int k = 0; k < 3; k++)
        limit[k] = high[k] - low[k] + listCutoff;
    auto forCopies = [](double offset, double edge, double limit, auto task) {
        for (int n = (int) std::ceil((-limit - offset) / edge); n <= (int) std::floor((limit - offset) / edge); n++)
            task(n);
    };
    forCopies(0, box[2][2], limit[2], [&](int c) {
        forCopies(c * box[2][1], box[1][1], limit[1], [&](int b) {
            forCopies(c * box[2][0] + b * box[1][0], box[0][0], limit[0], [&](int a) {
                Vec3 move = box[0] * a + box[1] * b + box[2] * c;
                images.push_back({(float) move[0], (float) move[1], (float) move[2]});
            });
        });
    });
    return images;
}

void CpuPairList::listNeighbors(ThreadPool& threads) {
    const int n = particles.size(), numBlocks = getNumBlocks(),
              numGroups = (numBlocks + BlocksInGroup - 1) / BlocksInGroup;
    BoundingBoxArrays points(n, backend.blockSize), blocks(numBlocks, BlocksInGroup), groups(numGroups, MaxBlockSize),
            all(1, 1);
    inParts(threads, numGroups, [&](int begin, int end) {
        const int perGroup = BlocksInGroup * backend.blockSize;
        for (int i = begin * perGroup; i < std::min(n, end * perGroup); i++) {
            for (int k = 0; k < 3; k++)
                points.low[k][i] = points.high[k][i] = positions[4 * i + k];
            blocks.enclose(i / backend.blockSize, points, i);
            groups.enclose(i / perGroup, points, i);
        }
    });
    for (int i = 0; i < numGroups; i++)
        all.enclose(0, groups, i);
    const double listCutoff = 1.0001 * (cutoff + skin); // for rounding
    BlockBounds bounds = {points.get(), blocks.get(), groups.get(), numGroups, nullptr, 0, {}, {}, (float) listCutoff,
        (float) (listCutoff * listCutoff)};
    for (int k = 0; k < 3; k++) {
        bounds.low[k] = all.low[k][0];
        bounds.high[k] = all.high[k][0];
    }
    vector<std::array<float, 3>> images(1);
    if (periodic)
        images = findImages(builtBox, bounds.low, bounds.high, listCutoff);
    bounds.images = (const float (*)[3]) images.data();
    bounds.numImages = images.size();
    std::atomic<int> nextBlock(0);
    threads.execute([&](ThreadPool& pool, int thread) {
        Builder& builder = builders[thread];
        builder.listed.resize(numBlocks, 0);
        builder.blocks.resize(numBlocks);
        builder.first.resize(numBlocks);
        builder.neighbors.resize(n + MaxBlockSize);
        for (int block; (block = nextBlock++) < numBlocks;)
            listBlock(block, bounds, builder);
    });
    threads.waitForThreads();
}

void CpuPairList::listBlock(int block, const BlockBounds& bounds, Builder& builder) {
    NeighborMarks marks = {
        builder.listed.data(), builder.blocks.data(), 0, builder.first.data(), builder.neighbors.data()};
    int count = backend.listNeighbors(bounds, block, marks);
    neighbors[block].count = count;
    neighbors[block].particles.assign(marks.neighbors, marks.neighbors + count);
    neighbors[block].particles.resize(count + MaxBlockSize, 0);
    exclude(block, neighbors[block], [&](int particle) {
        int other = particle / backend.blockSize;
        uint32_t bit = 1u << particle % backend.blockSize;
        return (marks.listed[other] & bit) == 0
                ? -1
                : marks.first[other] + __builtin_popcount(marks.listed[other] & (bit - 1));
    });
    for (int i = 0; i < marks.numBlocks; i++)
        marks.listed[marks.blocks[i]] = 0;
}

const BlockNeighbors& CpuPairList::getNeighbors(int block, BlockNeighbors& scratch) const {
    if (!dense)
        return neighbors[block];
    int first = block * backend.blockSize;
    scratch.count = particles.size() - first;
    scratch.particles.assign(scratch.count + MaxBlockSize, first);
    std::iota(scratch.particles.begin(), scratch.particles.begin() + scratch.count, first);
    exclude(block, scratch, [&](int particle) { return particle - first; });
    return scratch;
}

/**
 * Find out which pairs of a block and its neighbors do not interact.
 *
 * @param find  tells which neighbor a particle of this or a later block is, or gives -1
 */
template<class Find> void CpuPairList::exclude(int block, BlockNeighbors& list, Find find) const {
    const int first = block * backend.blockSize, count = std::min(backend.blockSize, getNumParticles() - first);
    const uint32_t missing = ~0u << count; // what fills the block up
    list.exclusions.assign(list.particles.size(), (uint16_t) missing);
    for (int k = 0; k < count; k++) {
        int itself = find(first + k);
        list.exclusions[itself] |= (uint16_t) (~0u << k); // pairs within the block are listed once
        for (int particle : exclusions[particles[first + k]])
            if (listIndex[particle] >= first) {
                int neighbor = find(listIndex[particle]);
                if (neighbor >= 0)
                    list.exclusions[neighbor] |= (uint16_t) (1u << k);
            }
    }
    if (!allInteract) {
        vector<int> strangers(numClasses, -1); // of the particles of the block, those that do not interact with a class
        for (int i = 0; i < list.count; i++) {
            int neighborClass = classes[list.particles[i]];
            if (strangers[neighborClass] < 0) {
                strangers[neighborClass] = 0;
                for (int k = 0; k < count; k++)
                    strangers[neighborClass] |= (int) !interacts[neighborClass * numClasses + classes[first + k]] << k;
            }
            list.exclusions[i] |= (uint16_t) strangers[neighborClass];
        }
        list.dropExcluded();
    }
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
        std::nth_element(coordinates.begin(), coordinates.begin() + coordinates.size() / 2, coordinates.end());
        middle[k] = coordinates[coordinates.size() / 2];
    }
    return middle;
}

/**
 * How far each particle may have moved for the list to be complete, and positions to be exact; negative if it is not,
 * wherever they are.
 *
 * A pair at distance d now was at d - |move1| - |move2| - |m . change of the box| or more when the list was built,
 * where m counts the box vectors between the two copies that are nearest: -1, 0 or 1 for positions in the box, and 1
 * more if one of them has been wrapped around since.
 */
double CpuPairList::getAllowedMove(const Vec3* box) const {
    if (!isBuilt)
        return -1;
    if (dense)
        return MaxMoveWithoutCutoff;
    double shift = 0;
    if (periodic)
        for (int k = 0; k < 3; k++) {
            Vec3 change = box[k] - builtBox[k];
            shift += 2 * std::sqrt(change.dot(change));
        }
    return 0.5 * (skin - shift);
}
