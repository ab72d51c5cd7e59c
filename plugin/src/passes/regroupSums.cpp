// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/operations.h"
#include "internal/passes.h"
#include "internal/ProgramBuilder.h"
#include "internal/Stage.h"
#include <map>

using namespace LearnedPairPlugin;
using std::vector;

namespace {

/** A term of a sum. */
struct Term {
    int value; ///< the index of its step in the old program
    bool negative;
};

/** Flattens nested sums and differences, and adds the terms of each stage to each other first. */
class Regrouper {
public:
    Regrouper(const TensorProgram& program, ParticleInput particles) :
            steps(program.getSteps()),
            stages(findStages(program, particles)),
            numUses(steps.size(), 0),
            builder(program.getSignature()) {
        for (auto& step : steps)
            for (int operand : step.operands)
                numUses[operand]++;
        for (int output : program.getOutputs())
            numUses[output] += 2; // a sum that is an output is not merged into another sum
    }
    TensorProgram regroup(const TensorProgram& program) {
        for (size_t i = 0; i < steps.size(); i++)
            index.push_back(isSum(i) ? rebuild(i) : builder.copy(steps[i], mapOperands(steps[i], index)));
        return builder.build(mapOutputs(program, index));
    }

private:
    bool isSum(int value) const {
        return steps[value].operation == Operation::Add || steps[value].operation == Operation::Sub;
    }

    /** Collect the terms of nested sums. A sum is merged if it has the full length and no other use. */
    void collect(int value, int size, bool negative, vector<Term>& terms) const {
        bool second = false;
        for (int operand : steps[value].operands) {
            bool operandNegative = (negative != (second && steps[value].operation == Operation::Sub));
            if (isSum(operand) && numUses[operand] == 1 && steps[operand].size == size)
                collect(operand, size, operandNegative, terms);
            else
                terms.push_back({operand, operandNegative});
            second = true;
        }
    }

    /** Add a sum to the new program, with the terms of each stage added first. */
    int rebuild(int value) {
        vector<Term> terms;
        collect(value, steps[value].size, false, terms);
        std::map<Stage, vector<Term>> groups;
        for (auto& term : terms)
            groups[stages[term.value]].push_back(term);
        if (groups.size() == 1 || terms.size() == 2)
            return builder.copy(steps[value], mapOperands(steps[value], index));
        int total = -1;
        bool totalNegative = false;
        for (auto& [stage, group] : groups) {
            int sum = -1;
            bool sumNegative = false;
            for (auto& term : group)
                combine(sum, sumNegative, index[term.value], term.negative);
            combine(total, totalNegative, sum, sumNegative);
        }
        return totalNegative ? builder.add(Operation::Neg, {total}) : total;
    }

    /** Add a value to a sum. The flags say whether each of them stands for its negative. */
    void combine(int& sum, bool& sumNegative, int value, bool negative) {
        if (sum < 0) {
            sum = value;
            sumNegative = negative;
        }
        else if (sumNegative == negative)
            sum = builder.add(Operation::Add, {sum, value});
        else if (negative)
            sum = builder.add(Operation::Sub, {sum, value});
        else {
            sum = builder.add(Operation::Sub, {value, sum});
            sumNegative = false;
        }
    }

    const vector<ProgramStep>& steps;
    vector<Stage> stages;
    vector<int> numUses;
    ProgramBuilder builder;
    vector<int> index;
};

} // namespace

TensorProgram LearnedPairPlugin::regroupSums(const TensorProgram& program, ParticleInput particles) {
    return Regrouper(program, particles).regroup(program);
}
