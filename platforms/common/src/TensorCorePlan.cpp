// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "TensorCorePlan.h"
#include "IndexMap.h"
#include "internal/operations.h"
#include <algorithm>
#include <cstring>

using namespace LearnedPairPlugin;
using std::string;
using std::to_string;
using std::vector;

static const int Parts = 3;     // bf16 terms per float
static const int WarpSize = 32; // threads
// Products with shorter vectors from memory do not use tensor cores: they are computed element by element.
static const int MinColumns = 5;
// Narrower layers leave most of an instruction unused. Wider layers do not fit into the registers of a warp and compile
// slowly, since all loops are unrolled.
static const int MinLayerWidth = 16, MaxLayerWidth = 128;

/** Round a float to the nearest bf16 number, ties to even. @return its 16 bits */
static std::uint32_t roundToBf16(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
}

static float fromBf16(std::uint32_t bits) {
    float value;
    bits <<= 16;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

/** Get one of the bf16 terms whose sum is a float, the largest first (bf16x3 splitting). */
static std::uint32_t getPart(float value, int part) {
    for (int i = 0; i < part; i++)
        value -= fromBf16(roundToBf16(value));
    return roundToBf16(value);
}

static int divideUp(int size, int pieceSize) {
    return (size + pieceSize - 1) / pieceSize;
}

bool TensorCorePlan::isMemory(const vector<ProgramStep>& steps, int value) {
    const ProgramStep& step = steps[value];
    return isConstant(step.operation) || (isInput(step.operation) && !isInput(step, PairInput::Distance)) ||
            (step.operation == Operation::Gather && isMemory(steps, step.operands[0]) &&
                    IndexMap::find(step.integers).exists);
}

string TensorCorePlan::whyStepUnsupported(int index) const {
    const ProgramStep& step = program.getSteps()[index];
    string name = "v" + to_string(index) + " (" + getName(step, program.getSignature()) + ")";
    if (isMemory(program.getSteps(), index) || isInput(step, PairInput::Distance))
        return "";
    switch (getInfo(step.operation).category) {
        case OperationCategory::Elementwise:
        case OperationCategory::Table:
        case OperationCategory::Linear: return "";
        case OperationCategory::Reduction: return isSum(step) ? "" : name + " is not the sum of a whole vector";
        default: return name + " puts elements in another order";
    }
}

/** Whether a step is a matrix product for which a tensor core instruction is worthwhile. */
bool TensorCorePlan::canMultiply(const ProgramStep& step) const {
    if (step.operation != Operation::Linear || step.size == 1)
        return false;
    int operand = step.operands[1], numColumns = program.getSteps()[operand].size;
    return isMemory(program.getSteps(), operand) ? numColumns >= MinColumns : numColumns > 1;
}

TensorCorePlan::TensorCorePlan(const TensorProgram& program) : program(program) {
    const vector<ProgramStep>& steps = program.getSteps();
    int numPieces = 0, widest = 0;
    // The key is (matrix, number of rows): one constant may be read as matrices of several shapes.
    std::map<std::pair<int, int>, int> offsetOf;
    for (size_t i = 0; i < steps.size(); i++) {
        if (reason.empty())
            reason = whyStepUnsupported(i);
        if (!canMultiply(steps[i]))
            continue;
        std::pair<int, int> matrix(steps[i].operands[0], steps[i].size);
        int numColumns = steps[steps[i].operands[1]].size;
        widest = std::max(widest, std::min(steps[i].size, numColumns));
        if (reason.empty() && std::max(steps[i].size, numColumns) > MaxLayerWidth)
            reason = "v" + to_string(i) + " (linear) is wider than " + to_string(MaxLayerWidth);
        if (offsetOf.count(matrix) == 0) {
            offsetOf[matrix] = numPieces;
            matrices.push_back({(int) i, numPieces});
            numPieces += divideUp(steps[i].size, PieceRows) * divideUp(numColumns, PieceColumns);
        }
        fragmentOffsets[i] = offsetOf[matrix];
    }
    if (reason.empty() && widest < MinLayerWidth)
        reason = "no layer is at least " + to_string(MinLayerWidth) + " wide";
}

vector<std::uint32_t> TensorCorePlan::getFragments() const {
    vector<std::uint32_t> fragments;
    for (auto& matrix : matrices)
        appendFragments(program.getSteps()[matrix.product], fragments);
    return fragments;
}

void TensorCorePlan::appendFragments(const ProgramStep& product, vector<std::uint32_t>& fragments) const {
    const vector<double>& matrix = program.getSteps()[product.operands[0]].constants;
    int numColumns = matrix.size() / product.size;
    // Columns past the last one are zero. Past the last row the last row is repeated: TensorCorePrinter repeats the
    // last element of a vector.
    auto getElement = [&](int row, int column) {
        return column < numColumns ? (float) matrix[std::min(row, product.size - 1) * numColumns + column] : 0.0f;
    };
    for (int piece = 0; piece < divideUp(numColumns, PieceColumns); piece++)
        for (int row = 0; row < product.size; row += PieceRows)
            for (int part = 0; part < Parts; part++)
                for (int thread = 0; thread < WarpSize; thread++)
                    for (int half : {0, PieceColumns / 2}) {
                        int column = piece * PieceColumns + half + 2 * (thread % 4);
                        fragments.push_back(getPart(getElement(row + thread / 4, column), part) |
                                (getPart(getElement(row + thread / 4, column + 1), part) << 16));
                    }
}
