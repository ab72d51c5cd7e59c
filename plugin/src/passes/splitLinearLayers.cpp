// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/operations.h"
#include "internal/passes.h"
#include "internal/ProgramBuilder.h"
#include "internal/Stage.h"
#include <algorithm>
#include <map>

using namespace LearnedPairPlugin;
using std::vector;

namespace {

/** A term of the vector that a layer multiplies: a value that is added to some consecutive elements of the vector. */
struct Term {
    int value; ///< the index of its step in the new program
    int first; ///< the index of the first of these elements
    int size;  ///< the number of these elements
};

/**
 * Splits linear layers. The vector of a layer is written as a sum of terms. The terms of each stage are then multiplied
 * by their columns of the matrix, and the products are added.
 */
class Splitter {
public:
    Splitter(const TensorProgram& program, ParticleInput particles) :
            steps(program.getSteps()),
            stages(findStages(program, particles)),
            builder(program.getSignature()) {}
    TensorProgram split(const TensorProgram& program) {
        for (size_t i = 0; i < steps.size(); i++)
            index.push_back(steps[i].operation == Operation::Linear && isSplittable(steps[i].operands[1])
                            ? splitLayer(steps[i])
                            : builder.copy(steps[i], mapOperands(steps[i], index)));
        return builder.build(mapOutputs(program, index));
    }

private:
    typedef std::map<Stage, vector<Term>> Terms;

    static bool isComputedBeforePairs(Stage stage) {
        return stage == Stage::Global || stage == Stage::Particle1 || stage == Stage::Particle2 ||
                stage == Stage::TypePair;
    }

    /**
     * Get whether a value is a concatenation or a sum of which some operand can leave the pair stage. A radial operand
     * of a sum does not count: two products for each pair would replace one.
     */
    bool isSplittable(int value) {
        auto [position, isNew] = splittable.insert({value, false});
        if (!isNew)
            return position->second;
        const ProgramStep& step = steps[value];
        bool isSum = (step.operation == Operation::Add || step.operation == Operation::Sub);
        if ((!isSum && step.operation != Operation::Concat) || stages[value] != Stage::PairOfParticles)
            return false;
        bool cheaper = false;
        for (int operand : step.operands) {
            if (isSum && steps[operand].size != step.size)
                return false; // the operand is a single number that is broadcast
            cheaper |= isComputedBeforePairs(stages[operand]) || (!isSum && stages[operand] == Stage::Radial) ||
                    isSplittable(operand);
        }
        return splittable[value] = cheaper;
    }

    /** Collect the terms of a value, by stage. `first` is the position of the value in the vector of the layer. */
    const Terms& collect(int value, int first) {
        auto known = collected.find({value, first});
        if (known != collected.end())
            return known->second;
        const ProgramStep& step = steps[value];
        Terms terms;
        if (!isSplittable(value))
            terms[stages[value]].push_back({index[value], first, step.size});
        else if (step.operation == Operation::Concat) {
            int position = first;
            for (int operand : step.operands) {
                for (auto& [stage, parts] : collect(operand, position))
                    terms[stage].insert(terms[stage].end(), parts.begin(), parts.end());
                position += steps[operand].size;
            }
        }
        else {
            terms = collect(step.operands[0], first);
            for (auto& [stage, parts] : collect(step.operands[1], first))
                for (auto& part : parts)
                    addTerm(terms[stage], part, step.operation);
        }
        return collected[{value, first}] = terms;
    }

    /** Add or subtract a term. Terms of the same stage for the same elements are combined into one. */
    void addTerm(vector<Term>& terms, const Term& term, Operation operation) {
        for (auto& other : terms)
            if (other.first == term.first && other.size == term.size) {
                other.value = builder.add(operation, {other.value, term.value});
                return;
            }
        terms.push_back({operation == Operation::Sub ? builder.add(Operation::Neg, {term.value}) : term.value,
            term.first, term.size});
    }

    /** Replace a layer by a sum of products. @return the index of the sum */
    int splitLayer(const ProgramStep& layer) {
        Terms terms = collect(layer.operands[1], 0);
        // Both radial terms and terms of the pair stage are multiplied for each pair. If they belong to the same
        // elements, they are added first, so that one product is enough.
        vector<Term> radial;
        for (auto& term : terms[Stage::Radial]) {
            auto& others = terms[Stage::PairOfParticles];
            auto match = std::find_if(others.begin(), others.end(),
                    [&](const Term& other) { return other.first == term.first && other.size == term.size; });
            if (match == others.end())
                radial.push_back(term);
            else
                match->value = builder.add(Operation::Add, {match->value, term.value});
        }
        terms[Stage::Radial] = radial;
        int sum = -1;
        for (auto& [stage, stageTerms] : terms)
            for (auto& group : groupTerms(stageTerms)) {
                int product = builder.add(Operation::Linear, {selectColumns(layer, group), concatenate(group)});
                sum = (sum < 0 ? product : builder.add(Operation::Add, {sum, product}));
            }
        return sum;
    }

    /** Divide the terms of a stage into groups of terms that do not overlap. Usually there is one group. */
    static vector<vector<Term>> groupTerms(vector<Term> terms) {
        std::stable_sort(terms.begin(), terms.end(), [](const Term& a, const Term& b) { return a.first < b.first; });
        vector<vector<Term>> groups;
        for (auto& term : terms) {
            auto group = std::find_if(groups.begin(), groups.end(),
                    [&](const vector<Term>& others) { return others.back().first + others.back().size <= term.first; });
            if (group == groups.end())
                groups.push_back({term});
            else
                group->push_back(term);
        }
        return groups;
    }

    /** Concatenate the values of terms. */
    int concatenate(const vector<Term>& terms) {
        vector<int> values;
        for (auto& term : terms)
            values.push_back(term.value);
        return values.size() == 1 ? values[0] : builder.add(Operation::Concat, values);
    }

    /** Get the columns of a layer's matrix that multiply the given terms, or the matrix itself if these are all. */
    int selectColumns(const ProgramStep& layer, const vector<Term>& terms) {
        const ProgramStep& matrix = steps[layer.operands[0]];
        int numColumns = steps[layer.operands[1]].size, numSelected = 0;
        for (auto& term : terms)
            numSelected += term.size;
        if (numSelected == numColumns)
            return index[layer.operands[0]];
        vector<int> key = {layer.operands[0]};
        for (auto& term : terms)
            key.insert(key.end(), {term.first, term.size});
        auto known = selected.find(key);
        if (known != selected.end())
            return known->second;
        vector<double> elements;
        for (int row = 0; row < matrix.size / numColumns; row++)
            for (auto& term : terms) {
                auto begin = matrix.constants.begin() + row * numColumns + term.first;
                elements.insert(elements.end(), begin, begin + term.size);
            }
        return selected[key] = builder.add(matrix.operation, {}, {}, elements);
    }

    const vector<ProgramStep>& steps;
    vector<Stage> stages;
    ProgramBuilder builder;
    vector<int> index;
    std::map<int, bool> splittable;                 // results of isSplittable()
    std::map<std::pair<int, int>, Terms> collected; // results of collect()
    std::map<vector<int>, int> selected;            // columns by the index of the matrix, and first and size of terms
};

} // namespace

TensorProgram LearnedPairPlugin::splitLinearLayers(const TensorProgram& program, ParticleInput particles) {
    return Splitter(program, particles).split(program);
}
