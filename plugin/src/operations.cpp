// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/operations.h"
#include "internal/require.h"
#include <algorithm>
#include <cmath>

using namespace LearnedPairPlugin;
using std::string;
using std::vector;

static const vector<OperationInfo>& getTable() {
    using namespace OperationProperties;
    static const vector<OperationInfo> table = {
        {Operation::Input, "input", OperationCategory::Input, 0, 0, None, ""},
        {Operation::Literal, "literal", OperationCategory::Constant, 0, 0, None, ""},
        {Operation::Weight, "weight", OperationCategory::Constant, 0, 0, None, ""},
#define ELEMENTWISE(name, text, numOperands, value, simd, kernel, properties)                                          \
    {Operation::name, text, OperationCategory::Elementwise, numOperands, 0, properties, kernel},
#include "internal/elementwise.def"
        {Operation::Gather, "gather", OperationCategory::Gather, 1, -1, None, ""},
        {Operation::Concat, "concat", OperationCategory::Concat, -1, 0, None, ""},
        {Operation::Sum, "sum", OperationCategory::Reduction, 1, 3, None, ""},
        {Operation::Max, "max", OperationCategory::Reduction, 1, 3, None, ""},
        {Operation::Linear, "linear", OperationCategory::Linear, 2, 0, None, ""},
        {Operation::Lookup, "lookup", OperationCategory::Lookup, 2, 1, ZeroDerivative, ""},
        {Operation::Table, "table", OperationCategory::Table, 2, 1, None, ""},
        {Operation::TableSlope, "table_slope", OperationCategory::Table, 2, 1, None, ""},
    };
    return table;
}

// The limit detects mistakes in programs, and keeps sizes within the range of int.
static const int MaxValueLength = 1 << 26;

const OperationInfo& LearnedPairPlugin::getInfo(Operation operation) {
    const OperationInfo& info = getTable().at((size_t) operation);
    if (info.operation != operation)
        throw OpenMM::OpenMMException(
                string("TensorProgram: the table of operations is not in the order of Operation at ") + info.name +
                ".");
    return info;
}

const char* LearnedPairPlugin::getName(const ProgramStep& step, const ProgramSignature& signature) {
    return isInput(step.operation) ? signature.getInputs()[step.slot].name.c_str() : getInfo(step.operation).name;
}

const OperationInfo* LearnedPairPlugin::findOperation(const string& name) {
    for (auto& info : getTable())
        if (name == info.name && info.operation != Operation::Input)
            return &info;
    return nullptr;
}

/** The step that an error message is about, printed at the beginning of the message. */
struct Subject {
    int index;
    const char* name;
};

static std::ostream& operator<<(std::ostream& stream, const Subject& subject) {
    return stream << "TensorProgram: step v" << subject.index << " (" << subject.name << ")";
}

static int findInputSize(const ProgramStep& step, const vector<ProgramStep>& steps, int index,
        const ProgramSignature& signature, const Subject& subject) {
    for (int i = 0; i < index; i++)
        require(!isInput(steps[i], step.slot), subject, " repeats step v", i, "; an input may occur only once.");
    require(step.size >= 1 && step.size <= MaxValueLength, subject, " has the length ", step.size, "; expected 1 to ",
            MaxValueLength, ".");
    const ProgramInput& input = signature.getInputs()[step.slot];
    for (int i = 0; i < index && input.side != 0; i++)
        require(!isInput(steps[i].operation) || signature.getInputs()[steps[i].slot].side == 0 ||
                        steps[i].size == step.size,
                subject, " has the length ", step.size, ", but step v", i, " has the length ", steps[i].size,
                "; the inputs of both particles must have the same length.");
    require(input.level != InputLevel::Radial || step.size == 1, subject, " has the length ", step.size,
            "; a distance must have the length 1.");
    return step.size;
}

static int findConstantSize(const ProgramStep& step, const Subject& subject) {
    require(!step.constants.empty() && step.constants.size() <= (size_t) MaxValueLength, subject, " has ",
            step.constants.size(), " numbers; expected 1 to ", MaxValueLength, ".");
    if (step.operation == Operation::Literal)
        for (size_t i = 0; i < step.constants.size(); i++)
            require(!std::isnan(step.constants[i]), subject, " has NaN as element ", i, "; literals must not be NaN.");
    return step.constants.size();
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
        require(n >= 1, subject, " has the extent ", n, "; extents must be positive.");
        product *= n;
        require(product <= size, subject, " describes an array that is larger than its operand of length ", size, ".");
    }
    require(product == size, subject, " describes an array of ", product, " elements, but its operand has the length ",
            size, ".");
    return step.integers[0] * step.integers[2];
}

static int findLinearSize(const ProgramStep& matrix, int size, const Subject& subject) {
    require(isConstant(matrix.operation), subject,
            " has a matrix that is not constant; expected a weight or a literal.");
    require(matrix.size % size == 0, subject, " has a matrix of ", matrix.size,
            " elements; expected a multiple of its row length, ", size, ".");
    return matrix.size / size;
}

static int findLookupSize(const ProgramStep& step, int numIndices, const ProgramStep& rows, const Subject& subject) {
    require(isConstant(rows.operation), subject, " has rows that are not constant; expected a weight or a literal.");
    int width = step.integers[0];
    require(width >= 1, subject, " has the row length ", width, "; it must be positive.");
    require(rows.size % width == 0, subject, " has rows of ", rows.size,
            " elements in total; expected a multiple of the row length, ", width, ".");
    require((long long) numIndices * width <= MaxValueLength, subject, " has a value of ",
            (long long) numIndices * width, " elements; at most ", MaxValueLength, " are supported.");
    return numIndices * width;
}

static int findTableSize(const ProgramStep& step, int size, const ProgramStep& data, const Subject& subject) {
    require(size == 1, subject, " has a distance of length ", size, "; expected one number.");
    require(data.operation == Operation::Weight, subject, " has data that are not a weight; expected a weight.");
    int knots = step.integers[0];
    require(knots >= 2 && knots <= MaxValueLength / 2 && data.size > 2 && (data.size - 2) % (2 * knots) == 0, subject,
            " has ", knots, " knots and data of ", data.size,
            " numbers; expected at least 2 knots, and the two ends followed by the values and slopes of all knots.");
    require(data.constants[0] < data.constants[1], subject, " goes from ", data.constants[0], " to ", data.constants[1],
            "; expected ends in increasing order.");
    return numTableCurves(data.size, knots);
}

int LearnedPairPlugin::findSize(
        const ProgramStep& step, const vector<ProgramStep>& steps, int index, const ProgramSignature& signature) {
    const OperationInfo& info = getInfo(step.operation);
    Subject subject = {index, getName(step, signature)};
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
    switch (info.category) {
        case OperationCategory::Input: return findInputSize(step, steps, index, signature, subject);
        case OperationCategory::Constant: return findConstantSize(step, subject);
        case OperationCategory::Elementwise: return findElementwiseSize(sizes, subject);
        case OperationCategory::Gather: return findGatherSize(step, sizes[0], subject);
        case OperationCategory::Concat: {
            long long total = 0;
            for (int size : sizes)
                total += size;
            require(total <= MaxValueLength, subject, " has a value of ", total, " elements; at most ", MaxValueLength,
                    " are supported.");
            return (int) total;
        }
        case OperationCategory::Reduction: return findReductionSize(step, sizes[0], subject);
        case OperationCategory::Linear: return findLinearSize(steps[step.operands[0]], sizes[1], subject);
        case OperationCategory::Lookup: return findLookupSize(step, sizes[0], steps[step.operands[1]], subject);
        case OperationCategory::Table: return findTableSize(step, sizes[0], steps[step.operands[1]], subject);
    }
    throw OpenMM::OpenMMException(
            string("TensorProgram: the operation ") + info.name + " has no rule for the length of its value.");
}
