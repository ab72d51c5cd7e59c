// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/Stage.h"
#include "internal/operations.h"
#include "openmm/OpenMMException.h"

using namespace LearnedPairPlugin;
using std::vector;

/** The inputs on which a value depends. They are bit masks, which can be combined with |. */
enum Dependence { OnDistance = 1, OnParticle1 = 2, OnParticle2 = 4, OnPair = 8, OnGlobals = 16 };

/** Get the dependence bit of an input. */
static int dependenceOfInput(const ProgramInput& input) {
    switch (input.level) {
        case InputLevel::Global: return OnGlobals;
        case InputLevel::Particle: return input.side == 1 ? OnParticle1 : OnParticle2;
        case InputLevel::Radial: return OnDistance;
        case InputLevel::Pair: return OnPair;
    }
    throw OpenMM::OpenMMException("TensorProgram: the level of the input " + input.name + " is unknown.");
}

static Stage stageOf(int dependence, ParticleInput particles) {
    switch (dependence & ~OnGlobals) {
        case 0: return dependence == 0 ? Stage::Constant : Stage::Global;
        case OnDistance: return Stage::Radial;
        case OnParticle1: return Stage::Particle1;
        case OnParticle2: return Stage::Particle2;
        case OnParticle1 | OnParticle2:
            return particles == ParticleInput::Types ? Stage::TypePair : Stage::PairOfParticles;
        default: return Stage::PairOfParticles;
    }
}

vector<Stage> LearnedPairPlugin::findStages(const TensorProgram& program, ParticleInput particles) {
    vector<int> dependence;
    vector<Stage> stages;
    for (auto& step : program.getSteps()) {
        int ofStep = (isInput(step.operation) ? dependenceOfInput(program.getSignature().getInputs()[step.slot]) : 0);
        for (int operand : step.operands)
            ofStep |= dependence[operand];
        dependence.push_back(ofStep);
        stages.push_back(stageOf(ofStep, particles));
    }
    return stages;
}

const char* LearnedPairPlugin::getName(Stage stage) {
    static const char* const names[] = {
        "constant", "global", "particle", "particle", "pair of types", "radial", "pair"};
    return names[(int) stage];
}
