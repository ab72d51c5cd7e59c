// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "CompactedPairsKernel.h"
#include "KernelInfo.h"
#include "LearnedPairForce.h"
#include "openmm/common/ComputeContext.h"
#include "OwnNeighborList.h"
#include "PairKernelText.h"
#include "SharedKernelPlan.h"
#include <memory>

namespace LearnedPairPlugin {

/** The kernel in which the pairs of a force are evaluated: one of three strategies. */
class PairPlacement {
public:
    /** The arguments of all placements. The force must exist until create() returns; cc and system must outlive the
     * placement. */
    struct Setting {
        OpenMM::ComputeContext& cc;
        const OpenMM::System& system;
        const LearnedPairForce& force;
        const WarpTraits& traits;
    };
    /**
     * Choose a placement, and register the force with it: OpenMM's default nonbonded kernel if the plan allows it and
     * the function is small; the kernel of makeCompactedPairsKernel() if the function is large and the force has a
     * cutoff; otherwise another nonbonded kernel of OpenMM's.
     */
    static std::unique_ptr<PairPlacement> create(
            const Setting& setting, const SharedKernelPlan& plan, const PairKernelText& text, bool isSmall);
    virtual ~PairPlacement() = default;
    /** Evaluate the pairs, unless OpenMM evaluates them with its other nonbonded forces. */
    virtual void execute(bool includeForces, bool includeEnergy) = 0;
    /** Set the members of a KernelInfo that say where the pairs are evaluated. */
    virtual void describe(KernelInfo& info) const = 0;
};

/** Evaluates pairs in OpenMM's default nonbonded kernel, together with the other nonbonded forces. */
class SharedKernelPlacement : public PairPlacement {
public:
    SharedKernelPlacement(const Setting& setting, const SharedKernelPlan& plan, const PairKernelText& text);
    void execute(bool includeForces, bool includeEnergy) override {}
    void describe(KernelInfo& info) const override;
};

/** Evaluates pairs in another nonbonded kernel of OpenMM's, with a neighbor list of its own. */
class OwnKernelPlacement : public PairPlacement {
public:
    OwnKernelPlacement(const Setting& setting, const PairKernelText& text);
    void execute(bool includeForces, bool includeEnergy) override;
    void describe(KernelInfo& info) const override;

private:
    OwnNeighborList list;
};

/** Evaluates pairs in the kernel of makeCompactedPairsKernel(), with a neighbor list of its own. */
class CompactedKernelPlacement : public PairPlacement {
public:
    CompactedKernelPlacement(const Setting& setting, const SharedKernelPlan& plan, const PairKernelText& text);
    void execute(bool includeForces, bool includeEnergy) override;
    void describe(KernelInfo& info) const override;

private:
    OpenMM::ComputeContext& cc;
    OwnNeighborList list;
    const PairKernelText text;
    const WarpTraits traits;
    const double cutoff;
    std::unique_ptr<TileKernel> kernel;
};

} // namespace LearnedPairPlugin
