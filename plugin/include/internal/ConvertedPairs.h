// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/DistinctParticles.h"
#include "internal/PairEvaluator.h"
#include "LearnedPairForce.h"
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace LearnedPairPlugin {

/**
 * Examines the function of a converted force for its pairs of distinct particles that interact. If there are too many
 * pairs for tables, a part of them is examined. Global parameters have their default values, and one at a time and all
 * together several values from 0 to 1, the usual range of alchemical parameters.
 */
class ConvertedPairs {
public:
    explicit ConvertedPairs(const LearnedPairForce& force);
    /**
     * Require that the energy does not change if the two particles of a pair are exchanged.
     *
     * @throws OpenMMException if it does: OpenMM's platforms then compute different energies
     */
    void requireSymmetry();
    /**
     * Require that a function is 0 for all pairs: the number of indices outside of their discrete functions.
     *
     * @throws OpenMMException if it is not
     */
    void requireNone(std::shared_ptr<const PairProgram> indicesOutside);
    /** Choose the inner cutoff, measured in nm; see convertCustomNonbonded(). */
    double chooseInnerCutoff();

private:
    void findPairs();
    std::vector<double> evaluate(
            PairEvaluator& evaluator, double r, const std::vector<double>& globals, bool areExchanged = false) const;
    bool isEnough(double r, const std::vector<double>& distances);
    bool areAllZero();
    std::string describe(size_t pair) const;
    const LearnedPairForce& force;
    DistinctParticles distinct;
    std::vector<std::pair<int, int>> pairs; // of distinct particles
    bool areAllExamined;                    // whether these are all pairs that interact
    std::vector<std::vector<double>> globals;
    std::unique_ptr<PairEvaluator> evaluator;
};

} // namespace LearnedPairPlugin
