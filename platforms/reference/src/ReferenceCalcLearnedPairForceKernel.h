// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "LearnedPairKernels.h"
#include "internal/PairClasses.h"
#include "internal/SwitchingFunction.h"
#include <memory>
#include <set>
#include <vector>

namespace LearnedPairPlugin {

/**
 * The oracle: the energy of LearnedPairForce in double precision, written as its documentation writes it.
 *
 * It goes through all pairs of covered particles. The neighbor list of OpenMM's Reference platform would be faster, but
 * misses pairs in small triclinic boxes (seen in OpenMM 8.6.1 with the triclinic water of tests/test_energy.py), and an
 * oracle must not.
 */
class ReferenceCalcLearnedPairForceKernel : public CalcLearnedPairForceKernel {
public:
    using CalcLearnedPairForceKernel::CalcLearnedPairForceKernel;
    void initialize(const OpenMM::System& system, const LearnedPairForce& force) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    std::string describe() const override {
        return "Reference";
    }
    void copyParametersToContext(OpenMM::ContextImpl& context, const LearnedPairForce& force) override;
private:
    struct Model;
    void setModel(const LearnedPairForce& force);
    /** Add scale times the forces of a pair to forces, unless that is null; returns the energy without the scale. */
    double addPair(int i, int j, const std::vector<OpenMM::Vec3>& positions, const OpenMM::Vec3* box, double scale, std::vector<OpenMM::Vec3>* forces) const;
    std::shared_ptr<const Model> model;
    std::vector<std::set<int> > exclusions;
    std::vector<int> covered;
};

} // namespace LearnedPairPlugin
