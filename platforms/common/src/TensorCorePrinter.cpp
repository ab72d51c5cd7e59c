// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "TensorCorePrinter.h"
#include "indented.h"
#include "IndexMap.h"
#include "internal/operations.h"
#include "printElementwise.h"
#include "printTable.h"
#include <algorithm>
#include <sstream>

using namespace LearnedPairPlugin;
using std::string;
using std::to_string;
using std::vector;

namespace {

const int Rows = TensorCorePlan::PieceRows, Columns = TensorCorePlan::PieceColumns;

/** The number of entries, of four numbers each, that a thread holds of a vector. */
int numEntries(int size) {
    return (size + Rows - 1) / Rows;
}

bool isMemory(const vector<ProgramStep>& steps, int value) {
    return TensorCorePlan::isMemory(steps, value);
}

class Printer {
public:
    Printer(const TensorProgram& program, const vector<int>& offsets, const TensorCorePlan& plan) :
            steps(program.getSteps()),
            outputs(program.getOutputs()),
            offsets(offsets),
            plan(plan),
            printed(steps.size(), false),
            inVectors(steps.size(), false) {}

    string print() {
        for (int output : outputs)
            printValue(output);
        closeLoop();
        for (size_t k = 0; k < outputs.size(); k++)
            source << "const real lpOutput" << k << "[2] = {" << element(outputs[k], Index(0), "0", "0") << ", "
                   << element(outputs[k], Index(0), "0", "1") << "};\n";
        return indented(source.str());
    }

private:
    static string variable(int value) {
        return "lpV" + to_string(value);
    }

    /**
     * Print an element of a value, for one of the two pairs.
     *
     * @param index  the index of the element, if the value is read from memory
     * @param place  the subscripts of the element in this thread's share, if the value is a computed vector
     */
    string element(int value, const Index& index, const string& place, const string& pair) const {
        const ProgramStep& step = steps[value];
        Index at = (step.size == 1 ? Index(0) : index);
        if (isInput(step, PairInput::Distance))
            return "lpRClampedPair[" + pair + "]";
        if (step.operation == Operation::Literal && step.size == 1)
            return printNumber(step.constants[0], false);
        if (isConstant(step.operation))
            return "lpWeights[" + at.plus(offsets[value]).text + "]";
        if (isInput(step, PairInput::Globals))
            return "lpGlobals[" + at.text + "]";
        if (isInput(step.operation))
            return string(getPointer(step.slot)) + "[" + pair + "][" + at.text + "]";
        if (isMemory(steps, value))
            return element(step.operands[0], IndexMap::find(step.integers).apply(at), place, pair);
        return step.size == 1 ? variable(value) + "[" + pair + "]" : variable(value) + place;
    }

    /** Whether a value is one of some others, or depends on one of them. */
    bool needsOneOf(int value, const vector<int>& others) const {
        vector<char> needs(value + 1, false);
        for (int other : others)
            if (other <= value)
                needs[other] = true;
        for (int i = 0; i <= value; i++)
            for (int operand : steps[i].operands)
                needs[i] |= needs[operand];
        return needs[value];
    }

    void printValue(int value) {
        if (printed[value] || isMemory(steps, value) || isInput(steps[value], PairInput::Distance))
            return;
        printed[value] = true;
        unfinished.push_back(value);
        const ProgramStep& step = steps[value];
        for (int operand : step.operands)
            printValue(operand);
        if (plan.isMatrixProduct(value))
            printProducts(value);
        else if (step.operation == Operation::Linear || TensorCorePlan::isSum(step))
            step.size == 1 ? printSum(value) : printShortProduct(value);
        else
            printElements(value);
        unfinished.erase(std::find(unfinished.begin(), unfinished.end(), value));
    }

    /** Get the stream for the body of a loop over this thread's elements. Steps of equal length share a loop. */
    std::ostream& inLoop(int size) {
        if (loopSize != size)
            closeLoop();
        loopSize = size;
        return loopBody;
    }
    void closeLoop() {
        source << loopVariables.str();
        if (loopSize == 1)
            source << "#pragma unroll\nfor (int lpP = 0; lpP < 2; lpP++) {\n" << loopBody.str() << "}\n";
        else if (loopSize > 1)
            source << "#pragma unroll\nfor (int lpT = 0; lpT < " << numEntries(loopSize)
                   << "; lpT++) {\n#pragma unroll\nfor (int lpC = 0; lpC < 4; lpC++) {\n"
                   << loopBody.str() << "}\n}\n";
        loopSize = 0;
        loopVariables.str("");
        loopBody.str("");
    }
    /** Print the index in the whole vector of this thread's element [lpT][lpC]. Past the end of the vector it is the
     * index of the last element, so that operations there are harmless. */
    static Index sharedIndex(int size) {
        return Index(
                size % Rows == 0 ? "8*lpT+2*lpQuad+lpC%2" : "min(8*lpT+2*lpQuad+lpC%2, " + to_string(size - 1) + ")");
    }
    /** Print an operand inside such a loop. */
    string operand(int value, int size) const {
        return size == 1 ? element(value, Index(0), "", "lpP")
                         : element(value, sharedIndex(size), "[lpT][lpC]", "lpC/2");
    }
    /** Declare the variable of a value before the loop that sets it. */
    void declare(int value, int size) {
        inLoop(size);
        loopVariables << "real " << variable(value) << (size == 1 ? "[2]" : "[" + to_string(numEntries(size)) + "][4]")
                      << ";\n";
    }
    /** Print the element of that variable which the loop sets. */
    string target(int value, int size) const {
        return variable(value) + (size == 1 ? "[lpP]" : "[lpT][lpC]");
    }

    void printElements(int value) {
        const ProgramStep& step = steps[value];
        string x = "lpE" + to_string(value);
        declare(value, step.size);
        if (getInfo(step.operation).category == OperationCategory::Table) {
            int data = offsets[step.operands[1]];
            inLoop(step.size) << printTablePosition(
                                         step, to_string(value), operand(step.operands[0], step.size), data, false)
                              << printTableElement(step, to_string(value), x,
                                         step.size == 1 ? Index(0) : sharedIndex(step.size), data);
        }
        else {
            vector<string> operands;
            for (int i : step.operands)
                operands.push_back(operand(i, step.size));
            inLoop(step.size) << printElement(step.operation, x, operands, false);
        }
        inLoop(step.size) << target(value, step.size) << " = " << x << ";\n";
    }

    /** Print the sum of a vector, or its product with a matrix of one row: each thread adds up its own elements, and
     * then the sums of the four threads are added. */
    void printSum(int value) {
        const ProgramStep& step = steps[value];
        int vector = step.operands.back(), size = steps[vector].size;
        inLoop(size);
        loopVariables << "real " << variable(value) << "[2] = {0, 0};\n";
        if (size % Rows != 0 && size > 1)
            inLoop(size) << "if (8*lpT+2*lpQuad+lpC%2 < " << size << ")\n";
        inLoop(size) << variable(value) << (size == 1 ? "[lpP]" : "[lpC/2]")
                     << " += " << (step.operation == Operation::Linear ? operand(step.operands[0], size) + "*" : "")
                     << operand(vector, size) << ";\n";
        closeLoop();
        if (size > 1)
            source << variable(value) << "[0] = lpSumOfFour(" << variable(value) << "[0]);\n"
                   << variable(value) << "[1] = lpSumOfFour(" << variable(value) << "[1]);\n";
    }

    /** Print a product with a matrix of few columns, whose vector is read from memory or has length 1. */
    void printShortProduct(int value) {
        const ProgramStep& step = steps[value];
        int numColumns = steps[step.operands[1]].size;
        string x = "lpE" + to_string(value);
        declare(value, step.size);
        inLoop(step.size) << "real " << x << " = 0;\n#pragma unroll\nfor (int lpJ = 0; lpJ < " << numColumns
                          << "; lpJ++) {\n"
                          << x << " += "
                          << element(step.operands[0],
                                     Index("(" + sharedIndex(step.size).text + ")*" + to_string(numColumns) + "+lpJ"),
                                     "", "")
                          << "*" << element(step.operands[1], Index("lpJ"), "", "lpC/2") << ";\n}\n"
                          << target(value, step.size) << " = " << x << ";\n";
    }

    /** Load a vector from memory: each thread loads its share. */
    void printLoad(int value) {
        if (inVectors[value])
            return;
        inVectors[value] = true;
        declare(value, steps[value].size);
        inLoop(steps[value].size) << target(value, steps[value].size) << " = " << operand(value, steps[value].size)
                                  << ";\n";
    }

    /** Print a matrix product, together with all others of the same matrix that depend on no unfinished value: they
     * share the fragments that are loaded. */
    void printProducts(int value) {
        int matrix = steps[value].operands[0], numRows = steps[value].size,
            numColumns = steps[steps[value].operands[1]].size;
        vector<int> products = {value};
        for (size_t other = value + 1; other < steps.size(); other++) {
            if (printed[other] || !plan.isMatrixProduct(other) || steps[other].operands[0] != matrix ||
                    steps[other].size != numRows || needsOneOf(other, unfinished))
                continue;
            printed[other] = true;
            unfinished.push_back(other);
            products.push_back(other);
            printValue(steps[other].operands[1]);
        }
        for (int product : products)
            if (isMemory(steps, steps[product].operands[1]))
                printLoad(steps[product].operands[1]);
        closeLoop();
        for (int product : products)
            source << "real " << variable(product) << "[" << numEntries(numRows) << "][4] = {};\n";
        int numPieces = (numColumns + Columns - 1) / Columns;
        // Whether the last piece of the matrix uses the first half of its columns only.
        bool endsHalfway = (numEntries(numColumns) % 2 != 0);
        source << "#pragma unroll\nfor (int lpK = 0; lpK < " << numPieces << "; lpK++) {\n";
        for (int product : products) {
            string vector = variable(steps[product].operands[1]);
            source << "const LpEntries lpEntries" << product << " = lpSplit(" << vector << "[2*lpK], "
                   << (endsHalfway ? "2*lpK+1 < " + to_string(numEntries(numColumns)) + " ? " + vector +
                                              "[2*lpK+1] : lpZeros"
                                   : vector + "[2*lpK+1]")
                   << ");\n";
        }
        source << "__syncwarp();\n"; // threads may have diverged before, and must multiply together
        source << "#pragma unroll\nfor (int lpN = 0; lpN < " << numEntries(numRows) << "; lpN++) {\n";
        source << "const LpPiece lpPiece = lpLoadPiece(lpFragments, "
               << (plan.getFragmentOffset(value) > 0 ? to_string(plan.getFragmentOffset(value)) + "+" : "") << "lpK*"
               << numEntries(numRows) << "+lpN, lpLane);\n";
        for (int product : products)
            source << "lpMultiply(" << variable(product) << "[lpN], lpEntries" << product << ", lpPiece);\n";
        source << "}\n}\n";
        for (int product : products)
            if (product != value)
                unfinished.erase(std::find(unfinished.begin(), unfinished.end(), product));
    }

    const vector<ProgramStep>& steps;
    const vector<int>& outputs;
    const vector<int>& offsets;
    const TensorCorePlan& plan;
    vector<char> printed, inVectors;
    vector<int> unfinished; // values that are marked as printed, but whose statements are not complete
    std::ostringstream source, loopVariables, loopBody;
    int loopSize = 0; // the length of the vectors in the open loop; 0 if there is none
};

} // namespace

TensorCorePrinter::TensorCorePrinter(const TensorProgram& program, const TensorCorePlan& plan) :
        program(program),
        layout(program),
        plan(plan) {}

string TensorCorePrinter::print() const {
    return Printer(program, layout.offsets, plan).print();
}
