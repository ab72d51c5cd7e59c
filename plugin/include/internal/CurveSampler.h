// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include <vector>

namespace LearnedPairPlugin {

/** Distances at which the functions of one curve are evaluated, and the results. */
struct CurveSamples {
    int curve;             ///< the index of the curve
    std::vector<double> r; ///< measured in nm
    /** For each function its values at all distances. Function 0 is the energy, the others are dE/dg. */
    std::vector<std::vector<double>> values;
    std::vector<std::vector<double>> slopes; ///< the derivatives of the values with respect to r
};

/** A source of curves, which are functions of the distance of two given particles. CurveTabulator samples it. */
class LEARNEDPAIR_EXPORT CurveSampler {
public:
    virtual ~CurveSampler() = default;
    /** Get the number of functions of each curve: the energy, and its derivatives by global parameters. */
    virtual int getNumFunctions() const = 0;
    /** Set the values and slopes of all samples. */
    virtual void evaluate(std::vector<CurveSamples>& samples) = 0;
};

} // namespace LearnedPairPlugin
