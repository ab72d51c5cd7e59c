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
    std::vector<double> dEdR;                 ///< df/dr, in kJ/mol/nm
    std::vector<std::vector<double>> dEdG;    ///< for each derivative df/dg, in kJ/mol per unit of the parameter
    std::vector<std::vector<double>> d2EdRdG; ///< for each derivative d2f/drdg
};

/** Evaluates a pair function for many pairs, without cutoff or switching, in double precision and without stages. */
class LEARNEDPAIR_EXPORT PairEvaluator {
public:
    virtual ~PairEvaluator() = default;
    /**
     * @param function     a PairTable or a PairProgram
     * @param derivatives  the indices of the global parameters for which derivatives are needed
     */
    static std::unique_ptr<PairEvaluator> create(
            std::shared_ptr<const LearnedFunction> function, const std::vector<int>& derivatives = {});
    /**
     * Create an evaluator that computes as platforms do in single precision: the pair part of the staged program in
     * single precision, the parts before it in double precision.
     */
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
