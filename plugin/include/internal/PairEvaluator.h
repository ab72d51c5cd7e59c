// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "PairFunction.h"
#include "PairProgram.h"
#include <memory>
#include <vector>

namespace LearnedPairPlugin {

/** Energies of pairs and their derivatives. The innermost vectors have one element for each pair. */
struct PairValues {
    std::vector<double> energy;               ///< f, measured in kJ/mol
    std::vector<double> dEdR;                 ///< df/dr, measured in kJ/mol/nm
    std::vector<std::vector<double>> dEdG;    ///< df/dg for each parameter, in kJ/mol per unit of the parameter
    std::vector<std::vector<double>> d2EdRdG; ///< d2f/drdg for each parameter, in kJ/mol/nm per unit of the parameter
};

/** Evaluates a pair function for many pairs, without cutoff, switching or Taylor expansion. */
class LEARNEDPAIR_EXPORT PairEvaluator {
public:
    virtual ~PairEvaluator() = default;
    /**
     * Create an evaluator that computes in double precision. It runs a program without optimizing or staging it.
     *
     * @param function     a PairTable or a PairProgram
     * @param derivatives  the indices of the global parameters with respect to which derivatives are computed
     */
    static std::unique_ptr<PairEvaluator> create(
            std::shared_ptr<const LearnedFunction> function, const std::vector<int>& derivatives = {});
    /**
     * Create an evaluator that computes like a platform in single precision. It runs the pair part of the staged
     * program in single precision, and the other parts in double precision.
     */
    static std::unique_ptr<PairEvaluator> createInSinglePrecision(std::shared_ptr<const PairProgram> program);
    /**
     * Evaluate the function and its derivatives.
     *
     * @param r          the distance of each pair, measured in nm; in the range in which the function is defined
     * @param particle1  for each pair a pointer to the type or the features of the first particle
     * @param particle2  for each pair a pointer to the type or the features of the second particle
     * @param globals    the values of the global parameters
     */
    virtual PairValues evaluate(const std::vector<double>& r, const std::vector<const double*>& particle1,
            const std::vector<const double*>& particle2, const std::vector<double>& globals) = 0;
};

} // namespace LearnedPairPlugin
