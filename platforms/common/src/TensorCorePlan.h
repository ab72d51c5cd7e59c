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
 * Which products of a program with matrices run on tensor cores (instruction mma.m16n8k16, bf16 with sums in float),
 * and how the matrices are stored for it.
 *
 * bf16x3 splitting: a float is the sum of three bf16 numbers. Of the nine products of the parts of an element with the
 * parts of a weight the six largest are computed; the rest, at most 2^-23 of the whole, is no more than a float's own
 * rounding.
 */
class TensorCorePlan {
public:
    /** The shape of a piece of a matrix: what one instruction multiplies. */
    static constexpr int PieceRows = 8, PieceColumns = 16;
    /** @param program  must outlive this object */
    explicit TensorCorePlan(const TensorProgram& program);
    /**
     * Get why a program cannot run on tensor cores, or an empty string if it can: the elements of its vectors must stay
     * in their places, one of its layers must be at least 16 wide, and none wider than 128.
     */
    const std::string& whyUnsupported() const {
        return obstacle;
    }
    /** Get whether a step is a product that runs on tensor cores. */
    bool isMatrixProduct(int step) const {
        return fragmentOffsets.count(step) > 0;
    }
    /** Get the position of the matrix of a product in getFragments(), counted in pieces. */
    int getFragmentOffset(int product) const {
        return fragmentOffsets.at(product);
    }
    /**
     * Get the matrices, cut into pieces and arranged as the threads load them: for each matrix, for each 16 columns and
     * 8 rows of it, for each of the three bf16 parts and for each thread of the warp, two words, which are two
     * registers of the thread (a fragment).
     */
    std::vector<std::uint32_t> getFragments() const;
    /** Get whether a value is read from memory: a constant, an input, or a view of one of them. */
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
    std::string obstacle;
    std::vector<Matrix> matrices;
    std::map<int, int> fragmentOffsets; // by product
};

} // namespace LearnedPairPlugin
