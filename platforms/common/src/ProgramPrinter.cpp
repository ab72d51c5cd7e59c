// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "ProgramPrinter.h"
#include "indented.h"
#include "IndexMap.h"
#include "internal/operations.h"
#include "openmm/OpenMMException.h"
#include "printElementwise.h"
#include "printTable.h"
#include <algorithm>
#include <map>
#include <sstream>

using namespace LearnedPairPlugin;
using std::string;
using std::to_string;
using std::vector;

ProgramPrinter::ProgramPrinter(const TensorProgram& program) : program(program), layout(program) {}

namespace {

// Registers for vectors that are held during a loop. A thread has at most 255; the others are for addresses, sums and
// intermediate values.
const int MaxVectorRegisters = 128;

/** Steps that share a loop over their elements (loop fusion). */
struct Group {
    int size;
    vector<int> steps;
    vector<int> sums; ///< steps of length 1 whose terms are added in this loop: sums over a value of the group
};

class Printer {
public:
    Printer(const TensorProgram& program, const vector<int>& offsets, const PrinterOptions& options) :
            program(program),
            steps(program.getSteps()),
            offsets(offsets),
            options(options) {
        findViews();
        findGroups();
        findArrays();
    }

    string print() {
        for (size_t g = 0; g < groups.size(); g++)
            printGroup(g);
        currentGroup = -1; // so that element() takes all values as complete
        for (size_t k = 0; k < program.getOutputs().size(); k++) {
            const int output = program.getOutputs()[k], size = steps[output].size;
            const string name = "lpOutput" + to_string(k);
            if (size == 1)
                source << "const real " << name << " = " << element(output, Index(0)) << ";\n";
            else
                source << "real " << name << "[" << size << "];\n"
                       << unrolled("for (int lpI = 0; lpI < " + to_string(size) + "; lpI++) {\n") << name
                       << "[lpI] = " << element(output, Index("lpI")) << ";\n}\n";
        }
        return source.str();
    }

private:
    // Memory and views.

    /** Whether a value is an input or a constant, which is not computed. */
    bool isMemory(int value) const {
        return isInput(steps[value].operation) || isConstant(steps[value].operation);
    }
    /** A gather whose indices have a closed form is a view: it is not printed, and its consumers index its source. */
    void findViews() {
        for (auto& step : steps)
            views.push_back(step.operation == Operation::Gather ? IndexMap::find(step.integers) : IndexMap());
    }
    bool isView(int value) const {
        return views[value].exists;
    }
    /** Get the value that a view reads, through other views; any other value is its own base. */
    int getBase(int value) const {
        return isView(value) ? getBase(steps[value].operands[0]) : value;
    }

    // Which steps share a loop.

    /** Whether a step reads other elements of an operand than the one that it computes. */
    bool needsAll(const ProgramStep& step, int operand) const {
        return isView(operand) || !(isElementwise(step.operation) && steps[operand].size == step.size);
    }
    /** Whether a group can read a value. With `all` the value must be complete; otherwise the group may compute it. */
    bool isReady(int value, const vector<int>& groupOf, int group, bool all) const {
        int base = getBase(value);
        return isMemory(base) || (groupOf[base] >= 0 && (groupOf[base] < group || !all));
    }
    /** Whether a step is a sum over a value of a group, so that the group's loop can add its terms. */
    bool isSumOver(const ProgramStep& step, const vector<int>& groupOf, int group, int size) const {
        if (size == 1 || step.size != 1 || (step.operation != Operation::Sum && step.operation != Operation::Linear))
            return false;
        int value = step.operands.back();
        return !isView(value) && !isMemory(value) && steps[value].size == size && groupOf[value] == group;
    }
    void findGroups() {
        groupOf.assign(steps.size(), -1);
        for (size_t first = 0; first < steps.size(); first++) {
            if (isMemory(first) || isView(first) || groupOf[first] >= 0)
                continue;
            int group = groups.size(), size = steps[first].size;
            groups.push_back({size, {}, {}});
            for (size_t i = first; i < steps.size(); i++) {
                if (isMemory(i) || isView(i) || groupOf[i] >= 0)
                    continue;
                if (isSumOver(steps[i], groupOf, group, size)) {
                    groups[group].sums.push_back(i);
                    pendingSums.push_back(i);
                    continue;
                }
                bool ready = (steps[i].size == size && (i == first || canShare(steps[i])));
                for (int operand : steps[i].operands)
                    ready = ready && !isPending(operand) &&
                            isReady(operand, groupOf, group, needsAll(steps[i], operand));
                if (ready) {
                    groupOf[i] = group;
                    groups[group].steps.push_back(i);
                }
                if (!canShare(steps[first]))
                    break;
            }
            for (int sum : groups[group].sums)
                groupOf[sum] = group;
            pendingSums.clear();
        }
    }
    /** Whether a value is a sum of the current group, which is not complete before the end of the loop. */
    bool isPending(int value) const {
        return std::find(pendingSums.begin(), pendingSums.end(), getBase(value)) != pendingSums.end();
    }
    /** Whether a step can share a loop. Gathers and concatenations cannot: they copy elements from different places. */
    static bool canShare(const ProgramStep& step) {
        return step.operation != Operation::Gather && step.operation != Operation::Concat;
    }

    // Which values need an array, and which one: arrays of dead values are reused (liveness analysis).

    void findArrays() {
        vector<int> lastUse(steps.size(), -1);
        needsArray.assign(steps.size(), false);
        for (size_t i = 0; i < steps.size(); i++) {
            if (isMemory(i) || isView(i))
                continue;
            for (int operand : steps[i].operands) {
                int base = getBase(operand);
                lastUse[base] = std::max(lastUse[base], groupOf[i]);
                bool isSum = (std::count(groups[groupOf[i]].sums.begin(), groups[groupOf[i]].sums.end(), (int) i) > 0);
                if (groupOf[base] != groupOf[i] || (needsAll(steps[i], operand) && !isSum))
                    needsArray[base] = true;
            }
            if (!canShare(steps[i]))
                needsArray[i] = true;
        }
        for (int output : program.getOutputs()) {
            needsArray[getBase(output)] = true;
            lastUse[getBase(output)] = groups.size();
        }
        arrays.assign(steps.size(), -1);
        std::multimap<int, int> unused; // by size
        for (size_t g = 0; g < groups.size(); g++) {
            for (int i : groups[g].steps)
                if (needsArray[i] && steps[i].size > 1) {
                    auto position = unused.find(steps[i].size);
                    if (position != unused.end()) {
                        arrays[i] = position->second;
                        unused.erase(position);
                    }
                    else {
                        arrays[i] = numArrays++;
                        source << "real lpArray" << arrays[i] << '[' << steps[i].size << "];\n";
                    }
                }
            for (size_t i = 0; i < steps.size(); i++)
                if (arrays[i] >= 0 && lastUse[i] == (int) g)
                    unused.insert({steps[i].size, arrays[i]});
        }
    }

    // Printing.

    string number(double value) const {
        return printNumber(value, options.doublePrecision);
    }
    /** Print an element of a value: of a complete one, or of one that the current loop over lpI computes. */
    string element(int value, const Index& index) const {
        const ProgramStep& step = steps[value];
        if (isView(value))
            return element(step.operands[0], views[value].apply(index));
        Index at = (step.size == 1 ? Index(0) : index);
        if (step.operation == Operation::Literal && step.size == 1)
            return number(step.constants[0]);
        if (isConstant(step.operation))
            return "lpWeights[" + at.plus(offsets[value]).text + "]";
        if (isInput(step.operation))
            return printInput(program.getSignature(), step.slot, at.text);
        if (step.size > 1 && groupOf[value] != currentGroup)
            return "lpArray" + to_string(arrays[value]) + "[" + at.text + "]";
        return "lpV" + to_string(value);
    }
    string unrolled(const string& loop) const {
        return (options.unroll ? "#pragma unroll\n" : "") + loop;
    }
    string variable(int value) const {
        return "lpV" + to_string(value);
    }

    void printGroup(int g) {
        const Group& group = groups[g];
        const ProgramStep& first = steps[group.steps[0]];
        currentGroup = g;
        if (!canShare(first)) {
            printCopies(group.steps[0], first);
            return;
        }
        Index index = (group.size == 1 ? Index(0) : Index("lpI"));
        for (int i : group.steps)
            if (getInfo(steps[i].operation).category == OperationCategory::Table)
                source << printTablePosition(steps[i], to_string(i), element(steps[i].operands[0], Index(0)),
                        offsets[steps[i].operands[1]], options.doublePrecision);
        for (int i : group.sums)
            source << "real " << variable(i) << " = 0;\n";
        printHeldVectors(group);
        if (group.size > 1)
            source << (options.unroll ? "" : "#pragma unroll 1\n")
                   << unrolled("for (int lpI = 0; lpI < " + to_string(group.size) + "; lpI++) {\n");
        printProducts(group, index);
        for (int i : group.steps) {
            if (steps[i].operation != Operation::Linear)
                printStep(i, index);
            if (arrays[i] >= 0)
                source << "lpArray" << arrays[i] << "[lpI] = " << variable(i) << ";\n";
        }
        for (int i : group.sums)
            printSumTerm(i);
        if (group.size > 1)
            source << "}\n";
    }

    void printCopies(int value, const ProgramStep& step) {
        currentGroup = -1; // so that element() takes all operands as complete
        if (step.operation == Operation::Gather)
            for (int k = 0; k < step.size; k++)
                source << "lpArray" << arrays[value] << "[" << k
                       << "] = " << element(step.operands[0], Index(step.integers[k])) << ";\n";
        int first = 0;
        if (step.operation == Operation::Concat)
            for (int operand : step.operands) {
                int size = steps[operand].size;
                if (size == 1)
                    source << "lpArray" << arrays[value] << "[" << first << "] = " << element(operand, Index(0))
                           << ";\n";
                else
                    source << unrolled("for (int lpI = 0; lpI < " + to_string(size) + "; lpI++) {\n") << "lpArray"
                           << arrays[value] << "[" << Index("lpI").plus(first).text
                           << "] = " << element(operand, Index("lpI")) << ";\n}\n";
                first += size;
            }
    }

    /** Find the matrix-vector products of a group, by matrix. */
    std::map<int, vector<int>> findProducts(const Group& group) const {
        std::map<int, vector<int>> byMatrix;
        for (int i : group.steps)
            if (steps[i].operation == Operation::Linear)
                byMatrix[steps[i].operands[0]].push_back(i);
        return byMatrix;
    }
    int getNumColumns(int product) const {
        return steps[steps[product].operands[1]].size;
    }
    /** Whether weights are loaded four at a time, as a real4. */
    static bool loadsFour(int numColumns) {
        return numColumns % 4 == 0;
    }
    /**
     * Whether the vectors of some products with one matrix are held in registers during the loop over its rows, so that
     * the multiply-adds load nothing but weights. Where loops are unrolled, the compiler does that.
     */
    bool holdsVectors(const vector<int>& products, int numRows) const {
        int numColumns = getNumColumns(products[0]),
            numRegisters = products.size() * numColumns * (options.doublePrecision ? 2 : 1);
        return !options.unroll && numRows > 1 && loadsFour(numColumns) && numRegisters <= MaxVectorRegisters;
    }
    string held(int product) const {
        return "lpHeld" + to_string(product);
    }
    void printHeldVectors(const Group& group) {
        for (auto& [matrix, products] : findProducts(group))
            if (holdsVectors(products, group.size))
                for (int i : products)
                    source << "real " << held(i) << "[" << getNumColumns(i)
                           << "];\n#pragma unroll\nfor (int lpJ = 0; lpJ < " << getNumColumns(i) << "; lpJ++) {\n"
                           << held(i) << "[lpJ] = " << element(steps[i].operands[1], Index("lpJ")) << ";\n}\n";
    }

    /** Print all products of vectors with one matrix in a loop over its columns, so that each weight is loaded once. */
    void printProducts(const Group& group, const Index& row) {
        for (auto& [matrix, products] : findProducts(group)) {
            int numColumns = getNumColumns(products[0]);
            for (int i : products)
                source << "real " << variable(i) << " = 0;\n";
            if (loadsFour(numColumns)) {
                bool holds = holdsVectors(products, group.size);
                source << (holds ? "#pragma unroll\n" : "")
                       << unrolled("for (int lpJ = 0; lpJ < " + to_string(numColumns / 4) + "; lpJ++) {\n");
                source << "const real4 lpWeight = ((GLOBAL const real4*) lpWeights)["
                       << row.times(numColumns / 4).plus(offsets[matrix] / 4).plus(Index("lpJ")).text << "];\n";
                for (int i : products)
                    for (int k = 0; k < 4; k++) {
                        Index column = Index("lpJ").times(4).plus(k);
                        source << variable(i) << " += lpWeight." << "xyzw"[k] << "*"
                               << (holds ? held(i) + "[" + column.text + "]" : element(steps[i].operands[1], column))
                               << ";\n";
                    }
            }
            else {
                source << unrolled("for (int lpJ = 0; lpJ < " + to_string(numColumns) + "; lpJ++) {\n");
                source << "const real lpWeight = " << element(matrix, row.times(numColumns).plus(Index("lpJ")))
                       << ";\n";
                for (int i : products)
                    source << variable(i) << " += lpWeight*" << element(steps[i].operands[1], Index("lpJ")) << ";\n";
            }
            source << "}\n";
        }
    }

    void printSumTerm(int value) {
        const ProgramStep& step = steps[value];
        source << variable(value) << " += ";
        if (step.operation == Operation::Linear)
            source << element(step.operands[0], Index("lpI")) << "*";
        source << element(step.operands.back(), Index("lpI")) << ";\n";
    }

    void printStep(int value, const Index& index) {
        const ProgramStep& step = steps[value];
        switch (getInfo(step.operation).category) {
            case OperationCategory::Elementwise: {
                vector<string> operands;
                for (int operand : step.operands)
                    operands.push_back(element(operand, index));
                source << printElement(step.operation, variable(value), operands, options.doublePrecision);
                break;
            }
            case OperationCategory::Reduction: printReduction(value, step, index); break;
            case OperationCategory::Lookup: printLookup(value, step, index); break;
            case OperationCategory::Table:
                source << printTableElement(step, to_string(value), variable(value), index, offsets[step.operands[1]]);
                break;
            default:
                throw OpenMM::OpenMMException(string("ProgramPrinter: no rule for ") + getInfo(step.operation).name);
        }
    }

    void printReduction(int value, const ProgramStep& step, const Index& index) {
        int middle = step.integers[1], inner = step.integers[2];
        Index first = (inner == 1 ? index.times(middle)
                        : step.integers[0] == 1
                        ? index
                        : index.dividedBy(inner).times(middle * inner).plus(index.modulo(inner)));
        auto at = [&](const Index& m) { return element(step.operands[0], first.plus(m.times(inner))); };
        source << "real " << variable(value) << " = " << at(Index(0)) << ";\n";
        source << unrolled("for (int lpJ = 1; lpJ < " + to_string(middle) + "; lpJ++) {\n");
        source << "const real lpTerm = " << at(Index("lpJ")) << ";\n";
        if (step.operation == Operation::Sum)
            source << variable(value) << " += lpTerm;\n";
        else
            source << variable(value) << " = (lpTerm > " << variable(value) << " ? lpTerm : " << variable(value)
                   << ");\n";
        source << "}\n";
    }

    void printLookup(int value, const ProgramStep& step, const Index& index) {
        int width = step.integers[0], numRows = steps[step.operands[1]].size / width;
        string row = "lpRow" + to_string(value), rows = to_string(numRows),
               given = element(step.operands[0], index.dividedBy(width));
        source << "int " << row << " = (int) (" << given << " < " << rows << " ? (" << given << " > -" << rows << " ? "
               << given << " : 0) : " << to_string(numRows - 1) << ");\n";
        source << row << " = (" << row << " < 0 ? " << row << "+" << rows << " : " << row << ");\n";
        source << "const real " << variable(value) << " = "
               << element(step.operands[1], Index(row).times(width).plus(index.modulo(width))) << ";\n";
    }

    const TensorProgram& program;
    const vector<ProgramStep>& steps;
    const vector<int>& offsets;
    PrinterOptions options;
    vector<IndexMap> views;
    vector<Group> groups;
    vector<int> groupOf;     // for each step; -1 for memory and views
    vector<int> pendingSums; // the sums of the current group
    vector<char> needsArray;
    vector<int> arrays; // for each step, the number of its array; -1 if it has none
    int numArrays = 0, currentGroup = -1;
    std::ostringstream source;
};

} // namespace

string ProgramPrinter::print(const PrinterOptions& options) const {
    return indented(Printer(program, layout.offsets, options).print());
}
