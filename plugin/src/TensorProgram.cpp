// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "TensorProgram.h"
#include "internal/formatNumber.h"
#include "internal/operations.h"
#include "internal/require.h"
#include <algorithm>
#include <sstream>

using namespace LearnedPairPlugin;
using std::string;
using std::vector;

TensorProgram::TensorProgram(
        const vector<ProgramStep>& steps, const vector<int>& outputs, const ProgramSignature& signature) :
        steps(steps),
        outputs(outputs),
        signature(&signature) {
    for (int i = 0; i < (int) steps.size(); i++) {
        int size = findSize(steps[i], steps, i, signature);
        require(size == steps[i].size, "TensorProgram: step v", i, " (", getName(steps[i], signature),
                ") states the length ", steps[i].size, ", but its value has the length ", size, ".");
    }
    require(!outputs.empty(), "TensorProgram: the program has no output; expected at least one.");
    for (int output : outputs)
        require(output >= 0 && output < (int) steps.size(), "TensorProgram: the output v", output,
                " is not a step; the program has ", steps.size(), " steps.");
}

namespace {

/** Reads one line of a program's text. */
class LineReader {
public:
    LineReader(const string& line, int number) : words(line), line(line), number(number) {}
    bool readWord(string& word) {
        return (bool) (words >> word);
    }
    string expectWord(const char* what) {
        string word;
        if (!readWord(word))
            fail(what, "the end");
        return word;
    }
    /** Read a number between two given texts, such as the 12 in v12 or in [12]. */
    int readIndex(const string& word, const string& before, const string& after, const char* what) const {
        size_t digits = word.size() - before.size() - after.size();
        if (word.size() <= before.size() + after.size() || digits > 9 || word.compare(0, before.size(), before) != 0 ||
                word.compare(word.size() - after.size(), after.size(), after) != 0 ||
                !isDigits(word.substr(before.size(), digits)))
            fail(what, word);
        return std::stoi(word.substr(before.size(), digits));
    }
    double readNumber(const string& word) const {
        double value;
        if (!parseNumber(word, value))
            fail("a number", word);
        return value;
    }
    [[noreturn]] void fail(const char* expected, const string& found) const {
        throw OpenMM::OpenMMException("TensorProgram: line " + std::to_string(number) + ", \"" + line.substr(0, 80) +
                "\": expected " + expected + ", found " + found + ".");
    }

private:
    static bool isDigits(const string& text) {
        return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    }
    std::istringstream words;
    string line;
    int number;
};

} // namespace

/** Read the rest of a line: the operands, the constants of a literal, and the integers in braces. */
static void readArguments(LineReader& reader, ProgramStep& step) {
    bool inBraces = false, closed = false;
    for (string word; reader.readWord(word);) {
        if (closed)
            reader.fail("the end", word);
        if (step.operation == Operation::Literal) {
            step.constants.push_back(reader.readNumber(word));
            continue;
        }
        if (!inBraces && word[0] != '{') {
            step.operands.push_back(reader.readIndex(word, "v", "", "a step such as v3"));
            continue;
        }
        if (word[0] == '{' && !inBraces) {
            inBraces = true;
            word.erase(0, 1);
        }
        if (!word.empty() && word.back() == '}') {
            closed = true;
            word.pop_back();
        }
        if (!word.empty())
            step.integers.push_back(reader.readIndex(word, "", "", "an index or extent that is not negative"));
    }
    if (inBraces && !closed)
        reader.fail("}", "the end");
}

/** Read "vK[n] = operation operands {integers}". */
static ProgramStep readStep(LineReader& reader, const string& name, int index, const ProgramSignature& signature,
        const vector<double>& weights, size_t& numWeightsRead) {
    size_t bracket = name.find('[');
    if (bracket == string::npos || reader.readIndex(name.substr(0, bracket), "v", "", "the name of a step") != index)
        reader.fail(("v" + std::to_string(index) + "[length]").c_str(), name);
    ProgramStep step;
    step.size = reader.readIndex(name.substr(bracket), "[", "]", "a length of at most nine digits");
    if (reader.expectWord("=") != "=")
        reader.fail("= after the name", "something else");
    string word = reader.expectWord("an operation");
    step.slot = signature.findInput(word);
    const OperationInfo* info = findOperation(word);
    if (step.slot < 0 && info == nullptr)
        reader.fail("the name of an operation or an input", word);
    step.operation = (step.slot >= 0 ? Operation::Input : info->operation);
    readArguments(reader, step);
    if (step.operation == Operation::Weight) {
        require(numWeightsRead + step.size <= weights.size(), "TensorProgram: step v", index, " (weight) needs ",
                step.size, " numbers, but only ", weights.size() - numWeightsRead, " of ", weights.size(),
                " weights are left.");
        step.constants.assign(weights.begin() + numWeightsRead, weights.begin() + numWeightsRead + step.size);
        numWeightsRead += step.size;
    }
    return step;
}

static TensorProgram parse(const string& text, const vector<double>& weights, const ProgramSignature& signature) {
    vector<ProgramStep> steps;
    vector<int> outputs;
    size_t numWeightsRead = 0;
    std::istringstream lines(text);
    int number = 0;
    for (string line; std::getline(lines, line);) {
        LineReader reader(line, ++number);
        string name;
        if (!reader.readWord(name))
            continue;
        if (!outputs.empty())
            reader.fail("nothing after the outputs", name);
        if (name == "output") {
            for (string word; reader.readWord(word);)
                outputs.push_back(reader.readIndex(word, "v", "", "a step such as v3"));
            if (outputs.empty())
                reader.fail("a step such as v3 as output", "the end");
        }
        else
            steps.push_back(readStep(reader, name, steps.size(), signature, weights, numWeightsRead));
    }
    require(numWeightsRead == weights.size(), "TensorProgram: there are ", weights.size(),
            " weights, but the steps need ", numWeightsRead, ".");
    return TensorProgram(steps, outputs, signature);
}

TensorProgram::TensorProgram(const string& text, const vector<double>& weights, const ProgramSignature& signature) :
        TensorProgram(parse(text, weights, signature)) {}

string TensorProgram::getText() const {
    std::ostringstream text;
    for (size_t i = 0; i < steps.size(); i++) {
        const ProgramStep& step = steps[i];
        text << 'v' << i << '[' << step.size << "] = " << getName(step, getSignature());
        for (int operand : step.operands)
            text << " v" << operand;
        if (step.operation == Operation::Literal)
            for (double value : step.constants)
                text << ' ' << formatNumber(value);
        const char* separator = " {";
        for (int value : step.integers) {
            text << separator << value;
            separator = " ";
        }
        text << (step.integers.empty() ? "\n" : "}\n");
    }
    text << "output";
    for (int output : outputs)
        text << " v" << output;
    text << '\n';
    return text.str();
}

vector<double> TensorProgram::getWeights() const {
    vector<double> weights;
    for (auto& step : steps)
        if (step.operation == Operation::Weight)
            weights.insert(weights.end(), step.constants.begin(), step.constants.end());
    return weights;
}

int TensorProgram::getInputSize(int slot) const {
    for (auto& step : steps)
        if (isInput(step, slot))
            return step.size;
    return 0;
}
