// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "TensorProgram.h"
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * Which matrix products of a program run on tensor cores (instruction mma.m16n8k16: bf16 operands, sums in float), and
 * how their matrices are stored.
 *
 * bf16x3 splitting: a float is the sum of three bf16 terms. A product of two floats is the sum of nine products of such
 * terms, of which the six largest are computed. The other three are at most 2^-23 of the result, no more than the
 * rounding error of a float.
 */
class TensorCorePlan {
public:
    /** The shape of a piece of a matrix, the part that one instruction multiplies. */
    static constexpr int PieceRows = 8, PieceColumns = 16;
    /** @param program  must outlive this object */
    explicit TensorCorePlan(const TensorProgram& program);
    /**
     * Get the reason why the program cannot run on tensor cores, or an empty string if it can. No step may move
     * elements of vectors to other positions, at least one layer must be 16 wide or wider, and none wider than 128.
     */
    const std::string& whyUnsupported() const {
        return reason;
    }
    /** Get whether a step is a product that runs on tensor cores. */
    bool isMatrixProduct(int step) const {
        return fragmentOffsets.count(step) > 0;
    }
    /** Get the offset of a product's matrix in getFragments(), in pieces. */
    int getFragmentOffset(int product) const {
        return fragmentOffsets.at(product);
    }
    /**
     * Get the matrices in the order in which threads load them. A matrix is divided into pieces of 16 columns and 8
     * rows, in the order of their columns, then of their rows. For each piece, each of the three bf16 terms and each
     * thread of the warp there are two words: the thread's fragment, which is two of its registers.
     */
    std::vector<std::uint32_t> getFragments() const;
    /** Get whether a value is read from memory: a constant, an input other than the distance, or a view of one. */
    static bool isMemory(const std::vector<ProgramStep>& steps, int value);
    /** Get whether a step adds up all elements of a vector. */
    static bool isSum(const ProgramStep& step) {
        return step.operation == Operation::Sum && step.size == 1;
    }

private:
    struct Matrix {
        int product; ///< a step that multiplies with it
        int offset;  ///< in getFragments(), in pieces
    };
    bool canMultiply(const ProgramStep& step) const;
    std::string whyStepUnsupported(int index) const;
    void appendFragments(const ProgramStep& product, std::vector<std::uint32_t>& fragments) const;
    const TensorProgram& program;
    std::string reason;
    std::vector<Matrix> matrices;
    std::map<int, int> fragmentOffsets; // by product
};

} // namespace LearnedPairPlugin
