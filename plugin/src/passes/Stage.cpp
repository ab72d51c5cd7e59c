// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/Stage.h"

using namespace LearnedPairPlugin;
using std::vector;

enum Dependence { OnDistance = 1, OnParticle1 = 2, OnParticle2 = 4, OnPair = 8, OnGlobals = 16 };

static int dependenceOfInput(Operation operation) {
    switch (operation) {
        case Operation::Distance: return OnDistance;
        case Operation::Particle1: return OnParticle1;
        case Operation::Particle2: return OnParticle2;
        case Operation::Pair: return OnPair;
        case Operation::Globals: return OnGlobals;
        default: return 0;
    }
}

static Stage stageOf(int dependence, bool typed) {
    switch (dependence & ~OnGlobals) {
        case 0: return dependence == 0 ? Stage::Constant : Stage::Global;
        case OnDistance: return Stage::Radial;
        case OnParticle1: return Stage::Particle1;
        case OnParticle2: return Stage::Particle2;
        case OnParticle1 | OnParticle2: return typed ? Stage::TypePair : Stage::PairOfParticles;
        default: return Stage::PairOfParticles;
    }
}

vector<Stage> LearnedPairPlugin::findStages(const TensorProgram& program, bool typed) {
    vector<int> dependence;
    vector<Stage> stages;
    for (auto& step : program.getSteps()) {
        int own = dependenceOfInput(step.operation);
        for (int operand : step.operands)
            own |= dependence[operand];
        dependence.push_back(own);
        stages.push_back(stageOf(own, typed));
    }
    return stages;
}

const char* LearnedPairPlugin::getName(Stage stage) {
    static const char* const names[] = {
        "constant", "global", "particle", "particle", "pair of types", "radial", "pair"};
    return names[(int) stage];
}
