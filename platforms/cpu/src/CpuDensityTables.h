// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/DensityTables.h"
#include "LearnedPairForce.h"
#include "openmm/cpu/AlignedArray.h"
#include "simd/environmentTypes.h"
#include <vector>

namespace LearnedPairPlugin {

/** The tables of an EnvironmentFunction in single precision, as SIMD functions look them up. */
class CpuDensityTables {
public:
    /** @param blockSize  the number of floats in a vector */
    CpuDensityTables(const LearnedPairForce& force, const EnvironmentFunction& function,
            const InteractionClasses& classes, int blockSize);
    const DensityArrays& getArrays() const {
        return arrays;
    }
    /** Get the layout of the numbers of an atom. */
    const DensityTables& getLayout() const {
        return tables;
    }

private:
    const DensityTables tables;
    OpenMM::AlignedArray<float> rows;
    std::vector<float> knots;
    DensityArrays arrays; // points to the arrays above
};

} // namespace LearnedPairPlugin
