// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "PairFunction.h"
#include "PairProgram.h"
#include <memory>
#include <vector>

namespace LearnedPairPlugin {

/** Energies of pairs and their derivatives, one element for each pair. */
struct PairValues {
    std::vector<double> energy;               ///< f, in kJ/mol
    std::vector<double> slope;                ///< df/dr, in kJ/mol/nm
    std::vector<std::vector<double>> dEnergy; ///< for each derivative df/dg, in kJ/mol per unit of the parameter
    std::vector<std::vector<double>> dSlope;  ///< for each derivative d2f/drdg
};

/**
 * Evaluates a pair function for many pairs, without cutoffs: in double precision as it is, without stages.
 */
class LEARNEDPAIR_EXPORT PairEvaluator {
public:
    virtual ~PairEvaluator() = default;
    /**
     * @param function     a PairTable or a PairProgram
     * @param derivatives  the indices of the global parameters for which derivatives are needed
     */
    static std::unique_ptr<PairEvaluator> create(
            std::shared_ptr<const PairFunction> function, const std::vector<int>& derivatives = {});
    /** Create one that does what platforms do in single precision: the stages before the pairs in double, the pairs in
     * single precision. */
    static std::unique_ptr<PairEvaluator> createInSinglePrecision(std::shared_ptr<const PairProgram> program);
    /**
     * @param r                     the distances, between the function's ends, in nm
     * @param particle1, particle2  for each pair a pointer to the type, or to the features
     * @param globals               the global parameters
     */
    virtual PairValues evaluate(const std::vector<double>& r, const std::vector<const double*>& particle1,
            const std::vector<const double*>& particle2, const std::vector<double>& globals) = 0;
};

} // namespace LearnedPairPlugin
