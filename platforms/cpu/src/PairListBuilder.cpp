// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "PairListBuilder.h"
#include "runInRanges.h"
#include "simd/bits.h"
#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>

using namespace LearnedPairPlugin;
using OpenMM::ThreadPool;
using OpenMM::Vec3;
using std::vector;

/** Bounding boxes with their memory, filled up to a multiple of some number. */
class BoundingBoxArrays {
public:
    BoundingBoxArrays(int count, int multiple) {
        const float infinity = std::numeric_limits<float>::infinity();
        for (int k = 0; k < 3; k++) {
            low[k].resize((count + multiple - 1) / multiple * multiple, infinity);
            high[k].resize(low[k].size(), -infinity);
        }
    }
    /** Extend a bounding box so that it encloses one of others. */
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

/** Find the shifts of all periodic images that may be within a distance of particles between two corners. */
static vector<std::array<float, 3>> findImages(
        const PeriodicBox& box, const float* low, const float* high, double distance) {
    vector<std::array<float, 3>> images;
    Vec3 limit;
    for (int k = 0; k < 3; k++)
        limit[k] = high[k] - low[k] + distance;
    auto forImages = [](double offset, double edge, double limit, auto task) {
        for (int n = (int) std::ceil((-limit - offset) / edge); n <= (int) std::floor((limit - offset) / edge); n++)
            task(n);
    };
    const Vec3* edges = box.vectors;
    forImages(0, edges[2][2], limit[2], [&](int c) {
        forImages(c * edges[2][1], edges[1][1], limit[1], [&](int b) {
            forImages(c * edges[2][0] + b * edges[1][0], edges[0][0], limit[0], [&](int a) {
                Vec3 shift = edges[0] * a + edges[1] * b + edges[2] * c;
                images.push_back({(float) shift[0], (float) shift[1], (float) shift[2]});
            });
        });
    });
    return images;
}

void PairListBuilder::build(const float* positions, int numParticles, const PeriodicBox* box, double distance,
        const ExclusionMasks& masks, ThreadPool& threads, vector<BlockNeighbors>& neighbors) {
    const int numBlocks = neighbors.size(), numGroups = (numBlocks + BlocksInGroup - 1) / BlocksInGroup;
    BoundingBoxArrays points(numParticles, backend.blockSize), blocks(numBlocks, BlocksInGroup),
            groups(numGroups, MaxBlockSize), all(1, 1);
    runInRanges(threads, numParticles, numGroups, [&](int begin, int end) {
        const int perGroup = BlocksInGroup * backend.blockSize;
        for (int i = begin * perGroup; i < std::min(numParticles, end * perGroup); i++) {
            for (int k = 0; k < 3; k++)
                points.low[k][i] = points.high[k][i] = positions[4 * i + k];
            blocks.enclose(i / backend.blockSize, points, i);
            groups.enclose(i / perGroup, points, i);
        }
    });
    for (int i = 0; i < numGroups; i++)
        all.enclose(0, groups, i);
    const double listCutoff = 1.0001 * distance; // allows for rounding
    BlockBounds bounds = {points.get(), blocks.get(), groups.get(), numGroups, nullptr, 0, {}, {}, (float) listCutoff,
        (float) (listCutoff * listCutoff)};
    for (int k = 0; k < 3; k++) {
        bounds.low[k] = all.low[k][0];
        bounds.high[k] = all.high[k][0];
    }
    vector<std::array<float, 3>> images(1);
    if (box != nullptr)
        images = findImages(*box, bounds.low, bounds.high, listCutoff);
    bounds.images = (const float (*)[3]) images.data();
    bounds.numImages = images.size();
    std::atomic<int> nextBlock(0);
    threads.execute([&](ThreadPool& pool, int thread) {
        Buffers& buffer = buffers[thread];
        buffer.listed.resize(numBlocks, 0);
        buffer.blocks.resize(numBlocks);
        buffer.first.resize(numBlocks);
        buffer.neighbors.resize(numParticles + MaxBlockSize);
        for (int block; (block = nextBlock++) < numBlocks;)
            listBlock(block, bounds, masks, buffer, neighbors[block]);
    });
    threads.waitForThreads();
}

void PairListBuilder::listBlock(int block, const BlockBounds& bounds, const ExclusionMasks& masks, Buffers& buffer,
        BlockNeighbors& neighbors) const {
    NeighborMarks marks = {buffer.listed.data(), buffer.blocks.data(), 0, buffer.first.data(), buffer.neighbors.data()};
    int count = backend.listNeighbors(bounds, block, marks);
    neighbors.count = count;
    neighbors.particles.assign(marks.neighbors, marks.neighbors + count);
    neighbors.particles.resize(count + MaxBlockSize, 0);
    masks.apply(block, neighbors, [&](int listIndex) {
        int other = listIndex / backend.blockSize;
        uint32_t bit = 1u << listIndex % backend.blockSize;
        return (marks.listed[other] & bit) == 0 ? -1 : marks.first[other] + countBits(marks.listed[other] & (bit - 1));
    });
    for (int i = 0; i < marks.numBlocks; i++)
        marks.listed[marks.blocks[i]] = 0;
}
