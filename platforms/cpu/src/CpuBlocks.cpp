// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuBlocks.h"
#include <algorithm>
#include <limits>

using namespace LearnedPairPlugin;

PairGeometry LearnedPairPlugin::makeGeometry(const LearnedPairForce& force) {
    PairGeometry geometry;
    geometry.periodic = force.usesPeriodicBoundaryConditions();
    geometry.cutoff = (force.getNonbondedMethod() == LearnedPairForce::NoCutoff ? std::numeric_limits<float>::infinity()
                                                                                : (float) force.getCutoffDistance());
    geometry.cutoffSquared = geometry.cutoff * geometry.cutoff;
    return geometry;
}

void LearnedPairPlugin::setBox(PairGeometry& geometry, const OpenMM::Vec3* box) {
    for (int i = 0; i < 3; i++) {
        geometry.inverse[i] = (float) (1 / box[i][i]);
        for (int j = 0; j < 3; j++)
            geometry.box[i][j] = (float) box[i][j];
    }
}

PairBlock CpuBlocks::get(int index, int thread) {
    Scratch& buffers = scratch[thread];
    const BlockNeighbors& neighbors = list.getNeighbors(index, buffers.neighbors);
    PairBlock block;
    block.first = index * backend.blockSize;
    block.count = std::min(backend.blockSize, list.getOrder().getNumParticles() - block.first);
    block.positions = list.getPositions();
    block.classes = list.getOrder().getClasses().data();
    block.neighbors = neighbors.particles.data();
    block.exclusions = neighbors.exclusions.data();
    block.numNeighbors = neighbors.count;
    const int room = block.numNeighbors + MaxBlockSize;
    if (buffers.near.size() < 6 * (size_t) room)
        buffers.near.resize(12 * (size_t) room);
    float* arrays = buffers.near.data();
    block.near = {arrays, arrays + room, arrays + 2 * room, (int32_t*) arrays + 3 * room, (int32_t*) arrays + 4 * room,
        (int32_t*) arrays + 5 * room};
    return block;
}
