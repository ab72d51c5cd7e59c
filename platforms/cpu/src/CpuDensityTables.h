// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "EnvironmentFunction.h"
#include "internal/InteractionClasses.h"
#include "openmm/cpu/AlignedArray.h"
#include "simd/environmentTypes.h"
#include <vector>

namespace LearnedPairPlugin {

/** The tables of an EnvironmentFunction as SIMD functions look them up: see DensityArrays. */
class CpuDensityTables {
public:
    /** @param blockSize  the number of floats in a vector */
    CpuDensityTables(const LearnedPairForce& force, const EnvironmentFunction& function,
            const InteractionClasses& classes, int blockSize);
    const DensityArrays& getArrays() const {
        return arrays;
    }
    /** Get the place of the first component of a channel among the numbers of an atom. */
    int getPlace(int channel) const {
        return places[channel];
    }
    /** Get the distance between the components of a channel among the numbers of an atom. */
    int getStep(int channel) const {
        return arrays.numFloats[orders[channel]];
    }
    int getOrder(int channel) const {
        return orders[channel];
    }

private:
    void setRows(const EnvironmentFunction& function);
    std::vector<int> orders, places;
    std::vector<int> columns; // for each channel the place of its first coefficient in a row
    std::vector<int> firstRows;
    OpenMM::AlignedArray<float> rows;
    std::vector<float> knots;
    DensityArrays arrays; // points to the arrays above
};

} // namespace LearnedPairPlugin
