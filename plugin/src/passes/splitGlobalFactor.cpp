// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/operations.h"
#include "internal/passes.h"
#include "internal/ProgramBuilder.h"
#include "internal/Stage.h"

using namespace LearnedPairPlugin;
using std::vector;

namespace {

/** Divides every value of length 1 that is a product into a factor of global parameters and the rest. */
class FactorSplitter {
public:
    FactorSplitter(const TensorProgram& program, ParticleInput particles) :
            steps(program.getSteps()),
            stages(findStages(program, particles)),
            factorBuilder(program.getSignature()),
            restBuilder(program.getSignature()),
            factorIndex(factorBuilder.copyAll(program)),
            rests(restBuilder.copyAll(program)),
            factors(steps.size(), None),
            output(program.getOutputs()[0]) {
        // A function that depends on global parameters only is its own rest, since curves must have particles.
        for (int i = 0; i <= output && !isGlobal(output); i++)
            if (steps[i].size == 1 && !isGlobal(i))
                split(i);
    }
    FactoredProgram build() {
        int factor = (factors[output] == None ? factorBuilder.literal(1) : factors[output]);
        return {removeDeadCode(factorBuilder.build({factor})), removeDeadCode(restBuilder.build({rests[output]}))};
    }

private:
    static constexpr int None = -1;
    /** Find the factor and the rest of a step from those of its operands. */
    void split(int i) {
        const Operation operation = steps[i].operation;
        if (operation != Operation::Neg && operation != Operation::Mul && operation != Operation::Div)
            return;
        vector<int> restOperands;
        int factor = None;
        for (size_t k = 0; k < steps[i].operands.size(); k++) {
            const int operand = steps[i].operands[k];
            const bool isDivisor = (operation == Operation::Div && k == 1);
            if (isGlobal(operand) && (operation == Operation::Mul || isDivisor))
                factor = combine(factor, factorIndex[operand], isDivisor);
            else {
                if (factors[operand] != None)
                    factor = combine(factor, factors[operand], isDivisor);
                restOperands.push_back(rests[operand]);
            }
        }
        if (factor == None)
            return; // the step stays as it is
        factors[i] = factor;
        rests[i] = (restOperands.size() < steps[i].operands.size() ? restOperands[0]
                                                                   : restBuilder.add(operation, restOperands));
    }
    /** Multiply or divide two factors, of which the first may be None. */
    int combine(int a, int b, bool divide) {
        if (!divide)
            return a == None ? b : factorBuilder.add(Operation::Mul, {a, b});
        return factorBuilder.add(Operation::Div, {a == None ? factorBuilder.literal(1) : a, b});
    }
    bool isGlobal(int value) const {
        return stages[value] == Stage::Global;
    }
    const vector<ProgramStep>& steps;
    const vector<Stage> stages;
    ProgramBuilder factorBuilder, restBuilder;
    const vector<int> factorIndex;
    vector<int> rests, factors; // for each step: its rest, and its factor or None
    const int output;
};

} // namespace

FactoredProgram LearnedPairPlugin::splitGlobalFactor(const TensorProgram& program, ParticleInput particles) {
    return FactorSplitter(program, particles).build();
}

vector<char> LearnedPairPlugin::findGlobalsRead(const TensorProgram& program, int numGlobals) {
    vector<char> read(numGlobals, false);
    auto& steps = program.getSteps();
    for (auto& step : steps)
        for (int operand : step.operands) {
            if (!isInput(steps[operand], PairInput::Globals))
                continue;
            if (step.operation == Operation::Gather)
                for (int element : step.integers)
                    read[element] = true;
            else
                read.assign(numGlobals, true);
        }
    for (int output : program.getOutputs())
        if (isInput(steps[output], PairInput::Globals))
            read.assign(numGlobals, true);
    return read;
}
