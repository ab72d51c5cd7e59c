// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

namespace LearnedPairPlugin {

/**
 * The positions of the outputs of a program that computes the energy of a pair and its derivatives. With derivatives
 * with respect to n global parameters, the program has 2+2n outputs of length 1.
 */
struct PairOutput {
    static constexpr int Energy = 0; ///< f, measured in kJ/mol
    static constexpr int DEdR = 1;   ///< df/dr, measured in kJ/mol/nm
    /** df/dg for the k-th of the n parameters, measured in kJ/mol per unit of the parameter. */
    static constexpr int dEdG(int k) {
        return 2 + 2 * k;
    }
    /** d2f/drdg for the k-th of the n parameters, measured in kJ/mol/nm per unit of the parameter. */
    static constexpr int d2EdRdG(int k) {
        return 3 + 2 * k;
    }
};

} // namespace LearnedPairPlugin
