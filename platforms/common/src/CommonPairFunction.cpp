// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CommonPairFunction.h"
#include "CommonPairProgram.h"
#include "CommonPairTable.h"
#include "internal/visitFunction.h"

using namespace LearnedPairPlugin;

std::unique_ptr<CommonPairFunction> CommonPairFunction::create(
        OpenMM::ComputeContext& cc, const LearnedPairForce& force, const GlobalValues& globals, bool hasTensorCores) {
    return visitFunction<std::unique_ptr<CommonPairFunction>>(
            force.getFunction(), [&](const PairTable&) { return std::make_unique<CommonPairTable>(cc, force); },
            [&](const PairProgram&) {
                return std::make_unique<CommonPairProgram>(cc, force, globals, hasTensorCores);
            });
}
