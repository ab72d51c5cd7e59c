// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuPairList.h"
#include "CpuPairTable.h"
#include "openmm/Vec3.h"
#include "openmm/cpu/CpuPlatform.h"
#include <vector>

namespace LearnedPairPlugin {

/**
 * The loop over all pairs of a list. A block of eight particles meets its neighbors one after another: distances are
 * computed for the whole block at once, then each pair in range looks up the table.
 */
class CpuPairLoop {
public:
    CpuPairLoop(const LearnedPairForce& force, const CpuPairTable& table, const CpuPairList& list);
    /**
     * Add scale times the forces to the platform's per-thread forces.
     *
     * @return the sum of the pair energies, without the scale, measured in kJ/mol
     */
    double compute(const OpenMM::Vec3* box, float scale, bool includeForces, OpenMM::CpuPlatform::PlatformData& data) const;
private:
    struct Box;
    double computeBlock(int block, const Box& box, float scale, float* forces) const;
    bool periodic;
    float cutoffSquared;
    const CpuPairTable& table;
    const CpuPairList& list;
    std::vector<int> classes; // of the particles of the list
};

} // namespace LearnedPairPlugin
