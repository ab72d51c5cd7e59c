// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/operations.h"
#include "internal/require.h"
#include <algorithm>
#include <cmath>

using namespace LearnedPairPlugin;
using std::string;
using std::vector;

static const OperationInfo Operations[] = {
    // in the order of the enumeration
    {Operation::Distance, "distance", OperationKind::Input, 0, 0},
    {Operation::Particle1, "particle1", OperationKind::Input, 0, 0},
    {Operation::Particle2, "particle2", OperationKind::Input, 0, 0},
    {Operation::Pair, "pair", OperationKind::Input, 0, 0},
    {Operation::Globals, "globals", OperationKind::Input, 0, 0},
    {Operation::Literal, "literal", OperationKind::Constant, 0, 0},
    {Operation::Weight, "weight", OperationKind::Constant, 0, 0},
    {Operation::Neg, "neg", OperationKind::Elementwise, 1, 0},
    {Operation::Abs, "abs", OperationKind::Elementwise, 1, 0},
    {Operation::Floor, "floor", OperationKind::Elementwise, 1, 0},
    {Operation::Sqrt, "sqrt", OperationKind::Elementwise, 1, 0},
    {Operation::Exp, "exp", OperationKind::Elementwise, 1, 0},
    {Operation::Expm1, "expm1", OperationKind::Elementwise, 1, 0},
    {Operation::Log, "log", OperationKind::Elementwise, 1, 0},
    {Operation::Log1p, "log1p", OperationKind::Elementwise, 1, 0},
    {Operation::Sin, "sin", OperationKind::Elementwise, 1, 0},
    {Operation::Cos, "cos", OperationKind::Elementwise, 1, 0},
    {Operation::Tanh, "tanh", OperationKind::Elementwise, 1, 0},
    {Operation::Sigmoid, "sigmoid", OperationKind::Elementwise, 1, 0},
    {Operation::Erf, "erf", OperationKind::Elementwise, 1, 0},
    {Operation::Erfc, "erfc", OperationKind::Elementwise, 1, 0},
    {Operation::Add, "add", OperationKind::Elementwise, 2, 0},
    {Operation::Sub, "sub", OperationKind::Elementwise, 2, 0},
    {Operation::Mul, "mul", OperationKind::Elementwise, 2, 0},
    {Operation::Div, "div", OperationKind::Elementwise, 2, 0},
    {Operation::Pow, "pow", OperationKind::Elementwise, 2, 0},
    {Operation::Minimum, "minimum", OperationKind::Elementwise, 2, 0},
    {Operation::Maximum, "maximum", OperationKind::Elementwise, 2, 0},
    {Operation::Less, "less", OperationKind::Elementwise, 2, 0},
    {Operation::LessEqual, "less_equal", OperationKind::Elementwise, 2, 0},
    {Operation::Equal, "equal", OperationKind::Elementwise, 2, 0},
    {Operation::Select, "select", OperationKind::Elementwise, 3, 0},
    {Operation::Gather, "gather", OperationKind::Gather, 1, -1},
    {Operation::Concat, "concat", OperationKind::Concat, -1, 0},
    {Operation::Sum, "sum", OperationKind::Reduction, 1, 3},
    {Operation::Max, "max", OperationKind::Reduction, 1, 3},
    {Operation::Linear, "linear", OperationKind::Linear, 2, 0},
    {Operation::Lookup, "lookup", OperationKind::Lookup, 2, 1},
    {Operation::Table, "table", OperationKind::Table, 2, 1},
    {Operation::TableSlope, "table_slope", OperationKind::Table, 2, 1},
};
// Longer values are mistakes, and would run into the limits of int.
static const int LongestValue = 1 << 26;

const OperationInfo& LearnedPairPlugin::getInfo(Operation operation) {
    return Operations[(int) operation];
}

const OperationInfo* LearnedPairPlugin::findOperation(const string& name) {
    for (auto& info : Operations)
        if (name == info.name)
            return &info;
    return nullptr;
}

/** Says which step a sentence is about. */
struct Subject {
    int index;
    const char* name;
};

static std::ostream& operator<<(std::ostream& stream, const Subject& subject) {
    return stream << "TensorProgram: step v" << subject.index << " (" << subject.name << ")";
}

static int findInputSize(const ProgramStep& step, const vector<ProgramStep>& steps, int index, const Subject& subject) {
    for (int i = 0; i < index; i++)
        require(steps[i].operation != step.operation, subject, " repeats step v", i, "; an input occurs once.");
    require(step.size >= 1 && step.size <= LongestValue, subject, " has the length ", step.size, "; expected 1 to ",
            LongestValue, ".");
    bool first = (step.operation == Operation::Particle1);
    if (first || step.operation == Operation::Particle2)
        for (int i = 0; i < index; i++)
            require(steps[i].operation != (first ? Operation::Particle2 : Operation::Particle1) ||
                            steps[i].size == step.size,
                    subject, " has the length ", step.size, ", but step v", i, " ", steps[i].size,
                    "; both particles have the same length.");
    require(step.operation != Operation::Distance || step.size == 1, subject, " has the length ", step.size,
            "; a distance is one number.");
    return step.size;
}

static int findConstantSize(const ProgramStep& step, const Subject& subject) {
    require(!step.numbers.empty() && step.numbers.size() <= (size_t) LongestValue, subject, " has ",
            step.numbers.size(), " numbers; expected at least one.");
    if (step.operation == Operation::Literal)
        for (size_t i = 0; i < step.numbers.size(); i++)
            require(!std::isnan(step.numbers[i]), subject, " holds NaN as number ", i, "; expected a number.");
    return step.numbers.size();
}

static int findElementwiseSize(const vector<int>& sizes, const Subject& subject) {
    int size = *std::max_element(sizes.begin(), sizes.end());
    for (int operandSize : sizes)
        require(operandSize == size || operandSize == 1, subject, " has operands of the lengths ", operandSize, " and ",
                size, "; expected equal lengths, or 1.");
    return size;
}

static int findGatherSize(const ProgramStep& step, int size, const Subject& subject) {
    require(!step.integers.empty(), subject, " has no indices; expected at least one.");
    for (int i : step.integers)
        require(i >= 0 && i < size, subject, " has the index ", i, " into a value of length ", size, "; expected 0 to ",
                size - 1, ".");
    return step.integers.size();
}

static int findReductionSize(const ProgramStep& step, int size, const Subject& subject) {
    long long product = 1;
    for (int n : step.integers) {
        require(n >= 1, subject, " has the extent ", n, "; expected positive ones.");
        product *= n;
        require(product <= size, subject, " takes a value of length ", size, " for a larger array.");
    }
    require(product == size, subject, " takes a value of length ", size, " for an array of ", product, " elements.");
    return step.integers[0] * step.integers[2];
}

static int findLinearSize(const ProgramStep& matrix, int size, const Subject& subject) {
    require(isConstant(matrix.operation), subject,
            " has a matrix that is not constant; expected a weight or a literal.");
    require(matrix.size % size == 0, subject, " has a matrix of ", matrix.size,
            " numbers, which are not full rows of length ", size, ".");
    return matrix.size / size;
}

static int findLookupSize(const ProgramStep& step, int numIndices, const ProgramStep& rows, const Subject& subject) {
    require(isConstant(rows.operation), subject,
            " looks into something that is not constant; expected a weight or a literal.");
    int width = step.integers[0];
    require(width >= 1 && rows.size % width == 0, subject, " looks into ", rows.size,
            " numbers, which are not full rows of length ", width, ".");
    require((long long) numIndices * width <= LongestValue, subject, " makes a value of ",
            (long long) numIndices * width, " numbers, which is too many.");
    return numIndices * width;
}

static int findTableSize(const ProgramStep& step, int size, const ProgramStep& data, const Subject& subject) {
    require(size == 1, subject, " is evaluated at a value of length ", size, "; expected one number.");
    require(data.operation == Operation::Weight, subject, " has data that are not a weight.");
    int knots = step.integers[0];
    require(knots >= 2 && knots <= LongestValue / 2 && data.size > 2 && (data.size - 2) % (2 * knots) == 0, subject,
            " has data of ", data.size, " numbers; expected the two ends, then for each of the ", knots,
            " knots, at least 2, all values and all slopes.");
    require(data.numbers[0] < data.numbers[1], subject, " goes from ", data.numbers[0], " to ", data.numbers[1],
            "; expected ends in increasing order.");
    return numTableCurves(data.size, knots);
}

int LearnedPairPlugin::findSize(const ProgramStep& step, const vector<ProgramStep>& steps, int index) {
    const OperationInfo& info = getInfo(step.operation);
    Subject subject = {index, info.name};
    require(info.numOperands == -1 ? !step.operands.empty() : (int) step.operands.size() == info.numOperands, subject,
            " has ", step.operands.size(), " operands; expected ", info.numOperands == -1 ? 1 : info.numOperands,
            info.numOperands == -1 ? " or more." : ".");
    require(info.numIntegers == -1 || (int) step.integers.size() == info.numIntegers, subject, " has ",
            step.integers.size(), " integers in braces; expected ", info.numIntegers, ".");
    vector<int> sizes;
    for (int operand : step.operands) {
        require(operand >= 0 && operand < index, subject, " has the operand v", operand,
                "; expected a step before it.");
        sizes.push_back(steps[operand].size);
    }
    switch (info.kind) {
        case OperationKind::Input: return findInputSize(step, steps, index, subject);
        case OperationKind::Constant: return findConstantSize(step, subject);
        case OperationKind::Elementwise: return findElementwiseSize(sizes, subject);
        case OperationKind::Gather: return findGatherSize(step, sizes[0], subject);
        case OperationKind::Concat: {
            long long total = 0;
            for (int size : sizes)
                total += size;
            require(total <= LongestValue, subject, " makes a value of ", total, " numbers, which is too many.");
            return (int) total;
        }
        case OperationKind::Reduction: return findReductionSize(step, sizes[0], subject);
        case OperationKind::Linear: return findLinearSize(steps[step.operands[0]], sizes[1], subject);
        case OperationKind::Lookup: return findLookupSize(step, sizes[0], steps[step.operands[1]], subject);
        case OperationKind::Table: return findTableSize(step, sizes[0], steps[step.operands[1]], subject);
    }
    throw OpenMM::OpenMMException("TensorProgram: an operation without a rule for its length");
}
