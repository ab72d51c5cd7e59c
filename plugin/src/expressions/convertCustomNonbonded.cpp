// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "convertCustomNonbonded.h"
#include "internal/ConvertedPairs.h"
#include "internal/EquivalentTypes.h"
#include "internal/ExpressionLowering.h"
#include "internal/GroupMultiplicity.h"
#include "internal/passes.h"
#include "internal/require.h"
#include <algorithm>
#include <cmath>
#include <set>

using namespace LearnedPairPlugin;
using OpenMM::CustomNonbondedForce;
using std::set;
using std::string;
using std::vector;

// The shortest distance at which the function is defined: nearly 0, because only the inner cutoff limits it.
static const double MinDistance = 1e-6;

/** Refuse names that have two meanings in an expression. OpenMM's platforms do not agree on which one they take. */
static void requireDistinctNames(const CustomNonbondedForce& force) {
    set<string> names = {"r"}, ofParticles;
    auto addName = [&](const string& name, const char* what) {
        require(names.insert(name).second, "the ", what, " \"", name, "\" has the name of another variable; rename it");
    };
    for (int i = 0; i < force.getNumPerParticleParameters(); i++) {
        ofParticles.insert(force.getPerParticleParameterName(i));
        for (const char* side : {"1", "2"})
            addName(force.getPerParticleParameterName(i) + side, "per-particle parameter");
    }
    for (int i = 0; i < force.getNumComputedValues(); i++) {
        string name, expression;
        force.getComputedValueParameters(i, name, expression);
        ofParticles.insert(name);
        for (const char* side : {"1", "2"})
            addName(name + side, "computed value");
    }
    set<string> globals;
    for (int i = 0; i < force.getNumGlobalParameters(); i++) {
        string name = force.getGlobalParameterName(i);
        require(name != "r" && ofParticles.count(name) == 0 && globals.insert(name).second, "the global parameter \"",
                name, "\" has the name of another variable; rename it");
    }
}

namespace {

/** The programs of a CustomNonbondedForce. */
struct Programs {
    TensorProgram energy;
    TensorProgram indicesOutside; ///< the number of indices of discrete functions that are outside of their range
};

} // namespace

/** Find the variables that a computed value of one particle may read: its parameters and the global parameters. */
static ExpressionLowering::Variables findParticleVariables(
        ProgramBuilder& builder, const CustomNonbondedForce& force, int slot, int width) {
    ExpressionLowering::Variables variables;
    if (int numGlobals = force.getNumGlobalParameters(); numGlobals > 0) {
        int globals = builder.input(PairInput::Globals, numGlobals);
        for (int i = 0; i < numGlobals; i++)
            variables[force.getGlobalParameterName(i)] = builder.slice(globals, i, 1);
    }
    if (width > 0) {
        int particle = builder.input(slot, width);
        for (int i = 0; i < force.getNumPerParticleParameters(); i++)
            variables[force.getPerParticleParameterName(i)] = builder.slice(particle, i, 1);
    }
    return variables;
}

static Programs makePrograms(const CustomNonbondedForce& force, const GroupMultiplicity& multiplicity, int width) {
    ProgramBuilder builder(ProgramSignature::forPairs());
    const TabulatedFunctions functions = findTabulatedFunctions(force);
    ExpressionLowering lowering(builder, functions);
    ExpressionLowering::Variables pairVariables;
    for (int slot : {PairInput::Particle1, PairInput::Particle2}) {
        const string side = (slot == PairInput::Particle1 ? "1" : "2");
        auto variables = findParticleVariables(builder, force, slot, width);
        for (int i = 0; i < force.getNumGlobalParameters(); i++)
            pairVariables.insert(*variables.find(force.getGlobalParameterName(i)));
        vector<std::pair<string, int>> ofParticle;
        for (int i = 0; i < force.getNumPerParticleParameters(); i++)
            ofParticle.emplace_back(
                    force.getPerParticleParameterName(i), variables[force.getPerParticleParameterName(i)]);
        for (int i = 0; i < force.getNumComputedValues(); i++) {
            string name, expression;
            force.getComputedValueParameters(i, name, expression);
            ofParticle.emplace_back(name, lowering.lower(expression, variables));
        }
        // A parameter of a particle takes precedence over a global parameter of the same name, as in OpenMM.
        for (auto& [name, step] : ofParticle)
            pairVariables[name + side] = step;
    }
    pairVariables["r"] = builder.input(PairInput::Distance, 1);
    int energy = lowering.lower(force.getEnergyFunction(), pairVariables);
    if (multiplicity.isNeeded())
        energy = builder.add(Operation::Mul, {multiplicity.lower(builder, width, width - 1), energy});
    int outside = lowering.countIndicesOutside();
    auto finish = [&](int output) { return removeDeadCode(shareSubexpressions(builder.build({output}))); };
    return {finish(energy), finish(outside)};
}

static vector<GlobalParameter> collectGlobals(const CustomNonbondedForce& force) {
    vector<GlobalParameter> globals;
    for (int i = 0; i < force.getNumGlobalParameters(); i++)
        globals.push_back({force.getGlobalParameterName(i), force.getGlobalParameterDefaultValue(i), {}});
    return globals;
}

/** Create the force with its particles, cutoff and groups, and the function that counts indices outside. */
static std::pair<std::unique_ptr<LearnedPairForce>, std::shared_ptr<const PairProgram>> createForce(
        const CustomNonbondedForce& force) {
    GroupMultiplicity multiplicity(force);
    vector<ParticleFeature> features;
    for (int i = 0; i < force.getNumPerParticleParameters(); i++)
        features.push_back({force.getPerParticleParameterName(i), {}});
    if (multiplicity.isNeeded())
        features.push_back({GroupFeature, {}});
    const int width = features.size(), numTypes = (width == 0 ? 1 : 0);
    Programs programs = makePrograms(force, multiplicity, width);
    auto makeFunction = [&](const TensorProgram& program) {
        return std::make_shared<PairProgram>(program, numTypes, features, MinDistance, collectGlobals(force));
    };
    auto result = std::make_unique<LearnedPairForce>(makeFunction(programs.energy));
    const int numParticles = force.getNumParticles();
    const EquivalentTypes equivalent(force);
    vector<double> all, parameters;
    for (int i = 0; i < numParticles && width > 0; i++) {
        force.getParticleParameters(i, parameters);
        require((int) parameters.size() == force.getNumPerParticleParameters(), "particle ", i, " has ",
                parameters.size(), " parameters; expected ", force.getNumPerParticleParameters());
        for (int k = 0; k < (int) parameters.size(); k++)
            require(std::isfinite(parameters[k]), "the parameter \"", features[k].name, "\" of particle ", i, " is ",
                    parameters[k], "; it must be finite");
        equivalent.replace(parameters);
        if (multiplicity.isNeeded())
            parameters.push_back(multiplicity.getClass(i));
        all.insert(all.end(), parameters.begin(), parameters.end());
    }
    if (width > 0)
        result->setAllParticleFeatures(all, vector<bool>(numParticles, true));
    else
        result->setParticleTypes(vector<int>(numParticles, 0));
    result->setNonbondedMethod(force.usesPeriodicBoundaryConditions() ? LearnedPairForce::CutoffPeriodic
                                                                      : LearnedPairForce::CutoffNonPeriodic);
    result->setCutoffDistance(force.getCutoffDistance());
    for (int i = 0; i < force.getNumInteractionGroups(); i++) {
        set<int> set1, set2;
        force.getInteractionGroupParameters(i, set1, set2);
        result->addInteractionGroup(set1, set2);
    }
    return {std::move(result), makeFunction(programs.indicesOutside)};
}

std::unique_ptr<LearnedPairForce> LearnedPairPlugin::convertCustomNonbonded(
        const CustomNonbondedForce& force, double innerCutoff) {
    try {
        require(force.getNonbondedMethod() != CustomNonbondedForce::NoCutoff,
                "it has no cutoff: all pairs must be computed, and tables end at a cutoff. Set a nonbonded method with "
                "a cutoff to convert it");
        requireDistinctNames(force);
        auto [result, indicesOutside] = createForce(force);
        result->setName(force.getName());
        result->setForceGroup(force.getForceGroup());
        result->setUseSwitchingFunction(force.getUseSwitchingFunction());
        result->setSwitchingDistance(force.getSwitchingDistance());
        result->setUseLongRangeCorrection(force.getUseLongRangeCorrection() && force.usesPeriodicBoundaryConditions());
        result->setEvaluation(LearnedPairForce::AutomaticEvaluation);
        vector<std::pair<int, int>> exclusions(force.getNumExclusions());
        for (int i = 0; i < force.getNumExclusions(); i++)
            force.getExclusionParticles(i, exclusions[i].first, exclusions[i].second);
        result->addExclusions(exclusions);
        for (int i = 0; i < force.getNumEnergyParameterDerivatives(); i++)
            result->addEnergyParameterDerivative(force.getEnergyParameterDerivativeName(i));
        ConvertedPairs pairs(*result);
        pairs.requireNone(indicesOutside);
        pairs.requireSymmetry();
        double inner = (innerCutoff > 0 ? innerCutoff : pairs.chooseInnerCutoff());
        if (innerCutoff == 0 && force.getUseSwitchingFunction()) // which must not begin below the inner cutoff
            inner = std::min(inner, std::max(force.getSwitchingDistance(), MinDistance));
        result->setInnerCutoffDistance(inner);
        return std::move(result);
    }
    catch (const OpenMM::OpenMMException& exception) {
        string reason = exception.what();
        if (!reason.empty() && reason.back() == '.')
            reason.pop_back();
        throw OpenMM::OpenMMException(
                "CustomNonbondedForce '" + force.getName() + "' cannot be converted: " + reason + ".");
    }
}
