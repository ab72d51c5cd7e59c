// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairForce.h"
#include "internal/SegmentTable.h"
#include "internal/SwitchingFunction.h"
#include <algorithm>
#include <vector>

namespace LearnedPairPlugin {

/**
 * The table of a force in single precision, as SegmentTable describes it.
 */
class CpuPairTable {
public:
    struct Grid {
        float inverseSpacing;
        int firstSegment; // 0 if the pair does not interact
    };
    explicit CpuPairTable(const LearnedPairForce& force);
    /** The grids of all pairs that one particle forms, by the other one's class. */
    const Grid* getGrids(int particleClass) const {
        return &grids[(size_t) particleClass*numClasses];
    }
    const std::vector<int>& getParticleClasses() const {
        return particleClasses;
    }
    /** S(r)*f(r) and its slope. */
    void evaluate(const Grid& grid, float r, float& energy, float& dEdR) const {
        float inside = std::max(r, innerCutoff);
        float x = (inside-minDistance)*grid.inverseSpacing;
        int k = (int) x;
        float t = x-k;
        const Segment& c = segments[grid.firstSegment+k];
        dEdR = (c.c1+t*(2*c.c2+3*t*c.c3))*grid.inverseSpacing;
        energy = c.c0+t*(c.c1+t*(c.c2+t*c.c3))+(r-inside)*dEdR;
        switching.apply(r, energy, dEdR);
    }
private:
    struct alignas(16) Segment {
        float c0, c1, c2, c3;
    };
    float minDistance, innerCutoff;
    SwitchingFunction switching;
    int numClasses;
    std::vector<int> particleClasses;
    std::vector<Segment> segments;
    std::vector<Grid> grids;
};

} // namespace LearnedPairPlugin
