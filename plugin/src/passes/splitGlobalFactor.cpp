// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/operations.h"
#include "internal/passes.h"
#include "internal/ProgramBuilder.h"
#include "internal/Stage.h"

using namespace LearnedPairPlugin;
using std::vector;

namespace {

/** Divides a product into the factors that depend on global parameters only, and the rest. */
class FactorSplitter {
public:
    FactorSplitter(const TensorProgram& program, ParticleInput particles) :
            steps(program.getSteps()),
            stages(findStages(program, particles)),
            factorBuilder(program.getSignature()),
            restBuilder(program.getSignature()),
            factorIndex(factorBuilder.copyAll(program)),
            restIndex(restBuilder.copyAll(program)),
            factor(factorBuilder.literal(1)) {
        int output = program.getOutputs()[0];
        // A function that depends on global parameters only is its own rest, since curves must have particles.
        rest = (stages[output] == Stage::Global ? restIndex[output] : splitProduct(output));
    }
    FactoredProgram build() const {
        return {removeDeadCode(factorBuilder.build({factor})), removeDeadCode(restBuilder.build({rest}))};
    }

private:
    /** Multiply the factor by the global factors of a value of length 1. @return the rest, a step of its program */
    int splitProduct(int value) {
        const ProgramStep& step = steps[value];
        switch (step.operation) {
            case Operation::Neg: return restBuilder.add(Operation::Neg, {splitProduct(step.operands[0])});
            case Operation::Mul:
                for (int k : {0, 1})
                    if (isGlobal(step.operands[k])) {
                        factor = factorBuilder.add(Operation::Mul, {factor, factorIndex[step.operands[k]]});
                        return splitProduct(step.operands[1 - k]);
                    }
                return restBuilder.add(
                        Operation::Mul, {splitProduct(step.operands[0]), splitProduct(step.operands[1])});
            case Operation::Div:
                if (isGlobal(step.operands[1])) {
                    factor = factorBuilder.add(Operation::Div, {factor, factorIndex[step.operands[1]]});
                    return splitProduct(step.operands[0]);
                }
                if (!isGlobal(step.operands[0]))
                    return restBuilder.add(
                            Operation::Div, {splitProduct(step.operands[0]), restIndex[step.operands[1]]});
                return restIndex[value];
            default: return restIndex[value];
        }
    }
    bool isGlobal(int value) const {
        return stages[value] == Stage::Global;
    }
    const vector<ProgramStep>& steps;
    const vector<Stage> stages;
    ProgramBuilder factorBuilder, restBuilder;
    const vector<int> factorIndex, restIndex;
    int factor, rest;
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
