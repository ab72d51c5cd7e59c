// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CpuPairLoop.h"
#include "internal/InteractionClasses.h"
#include "internal/TableCurve.h"
#include "openmm/cpu/AlignedArray.h"
#include <vector>

namespace LearnedPairPlugin {

/** Evaluates tables: the curve of each pair in range is looked up. */
class CpuTableLoop : public CpuPairLoop {
public:
    CpuTableLoop(const LearnedPairForce& force, CpuPairList& list, const SimdBackend& backend, int numThreads);
    /**
     * Set the tables. This must be called before the first evaluation.
     *
     * @param classes  the interaction classes of the list; their types are those of the tables
     */
    void setTables(const TableCurves& tables, const InteractionClasses& classes);

protected:
    void begin(Work& work) override;
    void computeBlock(const PairBlock& block, int index, Work& work) override;
    void finish(Work& work) override;

private:
    const float innerCutoff;
    const Switching switching;
    OpenMM::AlignedArray<float> knots, energies;
    std::vector<float> knotPositions;
    CurveArrays curves;                    // points to the arrays above
    std::vector<std::vector<double>> sums; // for each thread the energy and its derivatives
};

} // namespace LearnedPairPlugin
