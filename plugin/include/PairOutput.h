// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

namespace LearnedPairPlugin {

/**
 * The positions of the outputs of a program that computes a pair's energy with its derivatives: for n parameters there
 * are 2+2n outputs of length 1.
 */
struct PairOutput {
    static constexpr int Energy = 0; ///< f, in kJ/mol
    static constexpr int DEdR = 1;   ///< df/dr, in kJ/mol/nm
    /** df/dg for the k-th parameter. */
    static constexpr int dEdG(int k) {
        return 2 + 2 * k;
    }
    /** d2f/drdg for the k-th parameter. */
    static constexpr int d2EdRdG(int k) {
        return 3 + 2 * k;
    }
};

} // namespace LearnedPairPlugin
