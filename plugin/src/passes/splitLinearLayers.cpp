// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/ProgramBuilder.h"
#include "internal/Stage.h"
#include "internal/operations.h"
#include "internal/passes.h"
#include <algorithm>
#include <map>

using namespace LearnedPairPlugin;
using std::vector;

namespace {

/** A part of the vector that a linear layer is applied to: a value that stands at some of its elements, or is added there. */
struct Term {
    int value; ///< in the new program
    int first; ///< the element of the vector at which it begins
    int size;
};

class Splitter {
public:
    Splitter(const TensorProgram& program, bool typed) : steps(program.getSteps()), stages(findStages(program, typed)) {
    }
    TensorProgram split(const TensorProgram& program) {
        for (size_t i = 0; i < steps.size(); i++)
            index.push_back(steps[i].operation == Operation::Linear && isDivisible(steps[i].operands[1]) ? splitLayer(steps[i]) :
                    builder.copy(steps[i], mapOperands(steps[i], index)));
        return builder.build(mapOutputs(program, index));
    }
private:
    typedef std::map<Stage, vector<Term> > Terms;

    /** Whether a value is put together from others, some of which belong to a cheaper stage. */
    bool isDivisible(int value) const {
        const ProgramStep& step = steps[value];
        if (step.operation != Operation::Concat && step.operation != Operation::Add && step.operation != Operation::Sub)
            return false;
        bool cheaper = false;
        for (int operand : step.operands) {
            if (step.operation != Operation::Concat && steps[operand].size != step.size)
                return false; // one number for every element
            cheaper |= (stages[operand] != Stage::Constant && stages[operand] != stages[value]) || isDivisible(operand);
        }
        return cheaper && stages[value] == Stage::PairOfParticles;
    }

    Terms collect(int value, int first) {
        const ProgramStep& step = steps[value];
        Terms terms;
        if (!isDivisible(value))
            terms[stages[value]].push_back({index[value], first, step.size});
        else if (step.operation == Operation::Concat)
            for (int operand : step.operands) {
                for (auto& [stage, parts] : collect(operand, first))
                    terms[stage].insert(terms[stage].end(), parts.begin(), parts.end());
                first += steps[operand].size;
            }
        else {
            terms = collect(step.operands[0], first);
            for (auto& [stage, parts] : collect(step.operands[1], first))
                for (auto& part : parts)
                    addTerm(terms[stage], part, step.operation);
        }
        return terms;
    }

    /** Add a term to those of its stage or subtract it, at once if there is one for the same elements. */
    void addTerm(vector<Term>& terms, const Term& term, Operation operation) {
        for (auto& other : terms)
            if (other.first == term.first && other.size == term.size) {
                other.value = builder.add(operation, {other.value, term.value});
                return;
            }
        terms.push_back({operation == Operation::Sub ? builder.add(Operation::Neg, {term.value}) : term.value, term.first, term.size});
    }

    int splitLayer(const ProgramStep& layer) {
        int sum = -1;
        for (auto& [stage, terms] : collect(layer.operands[1], 0))
            for (auto& part : joinParts(terms)) {
                int product = builder.add(Operation::Linear, {selectColumns(layer, part), joinValues(part)});
                sum = (sum < 0 ? product : builder.add(Operation::Add, {sum, product}));
            }
        return sum;
    }

    /** Divide the terms of a stage into groups within which no two overlap: usually there is one. */
    static vector<vector<Term> > joinParts(vector<Term> terms) {
        std::stable_sort(terms.begin(), terms.end(), [](const Term& a, const Term& b) { return a.first < b.first; });
        vector<vector<Term> > groups;
        for (auto& term : terms) {
            auto group = std::find_if(groups.begin(), groups.end(), [&](const vector<Term>& others) { return others.back().first+others.back().size <= term.first; });
            if (group == groups.end())
                groups.push_back({term});
            else
                group->push_back(term);
        }
        return groups;
    }

    int joinValues(const vector<Term>& terms) {
        vector<int> values;
        for (auto& term : terms)
            values.push_back(term.value);
        return values.size() == 1 ? values[0] : builder.add(Operation::Concat, values);
    }

    /** The columns of a layer's matrix that belong to some terms: the matrix itself if these are all. */
    int selectColumns(const ProgramStep& layer, const vector<Term>& terms) {
        const ProgramStep& matrix = steps[layer.operands[0]];
        int numColumns = steps[layer.operands[1]].size, numSelected = 0;
        for (auto& term : terms)
            numSelected += term.size;
        if (numSelected == numColumns)
            return index[layer.operands[0]];
        vector<double> numbers;
        for (int row = 0; row < matrix.size/numColumns; row++)
            for (auto& term : terms) {
                auto begin = matrix.numbers.begin()+row*numColumns+term.first;
                numbers.insert(numbers.end(), begin, begin+term.size);
            }
        return builder.add(matrix.operation, {}, {}, numbers);
    }

    const vector<ProgramStep>& steps;
    vector<Stage> stages;
    ProgramBuilder builder;
    vector<int> index;
};

}

TensorProgram LearnedPairPlugin::splitLinearLayers(const TensorProgram& program, bool typed) {
    return Splitter(program, typed).split(program);
}
