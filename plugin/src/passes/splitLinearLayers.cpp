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

/** A part of the vector that a linear layer is applied to: a value that stands at some of its elements, or is added
 * there. */
struct Term {
    int value; ///< in the new program
    int first; ///< the element of the vector at which it begins
    int size;
};

class Splitter {
public:
    Splitter(const TensorProgram& program, ParticleInput particles) :
            steps(program.getSteps()),
            stages(findStages(program, particles)),
            builder(program.getSignature()) {}
    TensorProgram split(const TensorProgram& program) {
        for (size_t i = 0; i < steps.size(); i++)
            index.push_back(steps[i].operation == Operation::Linear && isDivisible(steps[i].operands[1])
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
     * Whether a value is put together from others, some of which can leave the pair stage. That of a sum can not if it
     * is radial: there would be two products for each pair in the place of one.
     */
    bool isDivisible(int value) {
        auto [position, isNew] = divisible.insert({value, false});
        if (!isNew)
            return position->second;
        const ProgramStep& step = steps[value];
        bool isSum = (step.operation == Operation::Add || step.operation == Operation::Sub);
        if ((!isSum && step.operation != Operation::Concat) || stages[value] != Stage::PairOfParticles)
            return false;
        bool cheaper = false;
        for (int operand : step.operands) {
            if (isSum && steps[operand].size != step.size)
                return false; // one number for every element
            cheaper |= isComputedBeforePairs(stages[operand]) || (!isSum && stages[operand] == Stage::Radial) ||
                    isDivisible(operand);
        }
        return divisible[value] = cheaper;
    }

    /** The terms of a value, of which the first element stands at some element of the layer's vector. */
    const Terms& collect(int value, int first) {
        auto known = collected.find({value, first});
        if (known != collected.end())
            return known->second;
        const ProgramStep& step = steps[value];
        Terms terms;
        if (!isDivisible(value))
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

    /** Add a term to those of its stage or subtract it, at once if there is one for the same elements. */
    void addTerm(vector<Term>& terms, const Term& term, Operation operation) {
        for (auto& other : terms)
            if (other.first == term.first && other.size == term.size) {
                other.value = builder.add(operation, {other.value, term.value});
                return;
            }
        terms.push_back({operation == Operation::Sub ? builder.add(Operation::Neg, {term.value}) : term.value,
            term.first, term.size});
    }

    int splitLayer(const ProgramStep& layer) {
        Terms terms = collect(layer.operands[1], 0);
        // What is radial is added to what else belongs to the pair, and multiplied together with it.
        vector<Term> radial;
        for (auto& term : terms[Stage::Radial]) {
            auto& others = terms[Stage::PairOfParticles];
            auto same = std::find_if(others.begin(), others.end(),
                    [&](const Term& other) { return other.first == term.first && other.size == term.size; });
            if (same == others.end())
                radial.push_back(term);
            else
                same->value = builder.add(Operation::Add, {same->value, term.value});
        }
        terms[Stage::Radial] = radial;
        int sum = -1;
        for (auto& [stage, ofStage] : terms)
            for (auto& part : joinParts(ofStage)) {
                int product = builder.add(Operation::Linear, {selectColumns(layer, part), joinValues(part)});
                sum = (sum < 0 ? product : builder.add(Operation::Add, {sum, product}));
            }
        return sum;
    }

    /** Divide the terms of a stage into groups within which no two overlap: usually there is one. */
    static vector<vector<Term>> joinParts(vector<Term> terms) {
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
        vector<int> key = {layer.operands[0]};
        for (auto& term : terms)
            key.insert(key.end(), {term.first, term.size});
        auto known = selected.find(key);
        if (known != selected.end())
            return known->second;
        vector<double> numbers;
        for (int row = 0; row < matrix.size / numColumns; row++)
            for (auto& term : terms) {
                auto begin = matrix.constants.begin() + row * numColumns + term.first;
                numbers.insert(numbers.end(), begin, begin + term.size);
            }
        return selected[key] = builder.add(matrix.operation, {}, {}, numbers);
    }

    const vector<ProgramStep>& steps;
    vector<Stage> stages;
    ProgramBuilder builder;
    vector<int> index;
    std::map<int, bool> divisible;
    std::map<std::pair<int, int>, Terms> collected; // by value and first element
    std::map<vector<int>, int> selected;            // columns, by the matrix and the elements they belong to
};

} // namespace

TensorProgram LearnedPairPlugin::splitLinearLayers(const TensorProgram& program, ParticleInput particles) {
    return Splitter(program, particles).split(program);
}
