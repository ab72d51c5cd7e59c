// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/validation.h"
#include "internal/featureRanges.h"
#include "internal/require.h"
#include "internal/StagedProgram.h"
#include "internal/visitFunction.h"
#include "openmm/CustomNonbondedForce.h"
#include "openmm/NonbondedForce.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <typeinfo>

using namespace LearnedPairPlugin;
using OpenMM::OpenMMException;
using OpenMM::System;
using OpenMM::Vec3;
using std::set;
using std::string;
using std::vector;

/** Limits of lengths, in nm. Other lengths are mistakes of units, and their squares may be zero or infinite in single
 * precision. */
static const double MinCutoff = 1e-6, MaxLength = 1e12;

static void validateTypes(const LearnedPairForce& force, const System& system) {
    const LearnedFunction& function = force.getFunction();
    int numParticles = system.getNumParticles();
    int numTypes = std::max(1, function.getNumTypes()); // particles with features have the type 0
    require(force.getNumParticles() == numParticles, "LearnedPairForce: the force has ", force.getNumParticles(),
            " particles, but the System has ", numParticles, "; add every particle of the System, with the type ",
            LearnedPairForce::NotCovered, " for those that take no part.");
    vector<int> count(numTypes, 0);
    for (int i = 0; i < numParticles; i++) {
        int type = force.getParticleType(i);
        require(type >= LearnedPairForce::NotCovered && type < numTypes, "LearnedPairForce: particle ", i, " has type ",
                type, "; it must be between 0 and ", numTypes - 1, ", or ", LearnedPairForce::NotCovered,
                " if it is not covered.");
        if (type != LearnedPairForce::NotCovered)
            count[type]++;
    }
    for (int i = 0; i < numTypes; i++)
        for (int j = i; j < numTypes; j++)
            if (i == j ? count[i] > 1 : count[i] > 0 && count[j] > 0)
                require(function.isDefined(i, j), "LearnedPairForce: particles of types ", i, " and ", j,
                        " occur, but the pair function is not defined for this pair; make a new force for the types "
                        "that occur, or use a program, which is defined for all pairs of types.");
}

static void validateFeatures(const LearnedPairForce& force) {
    if (force.getFunction().getParticleInput() == ParticleInput::Types)
        return;
    vector<bool> covered;
    for (int type : force.getParticleTypes())
        covered.push_back(type != LearnedPairForce::NotCovered);
    requireFeaturesInRange(force.getFunction(), force.getAllParticleFeatures(), covered);
}

static void validateParameters(const LearnedPairForce& force) {
    require(std::isfinite(force.getScaleDefaultValue()), "LearnedPairForce: the scale parameter \"",
            force.getScaleParameter(), "\" has the default value ", force.getScaleDefaultValue(),
            "; it must be finite.");
    auto& parameters = force.getFunction().getGlobalParameters();
    for (size_t i = 0; i < parameters.size(); i++) {
        require(parameters[i].name != force.getScaleParameter(), "LearnedPairForce: \"", parameters[i].name,
                "\" is a global parameter of the function and the name of the scale; give the scale another name.");
        double value = force.getGlobalParameterDefaultValue(i);
        require(std::isfinite(value), "LearnedPairForce: the global parameter \"", parameters[i].name,
                "\" has the default value ", value, "; it must be finite.");
        ValueRange range;
        force.getGlobalParameterRange(i, range.low, range.high);
        require(range.allows(value), "LearnedPairForce: the global parameter \"", parameters[i].name,
                "\" has the default value ", value, " and the range ", range.low, " to ", range.high,
                "; the default must be in the range.");
    }
    for (int i = 0; i < force.getNumEnergyParameterDerivatives(); i++)
        require(force.hasParameter(force.getEnergyParameterDerivativeName(i)),
                "LearnedPairForce: the derivative with respect to \"", force.getEnergyParameterDerivativeName(i),
                "\" was asked for, which is no longer a global parameter of this force.");
}

static void validateDistances(const LearnedPairForce& force) {
    const LearnedFunction& function = force.getFunction();
    double cutoff = force.getCutoffDistance(), inner = force.getInnerCutoffDistance(),
           switching = force.getSwitchingDistance();
    if (force.getNonbondedMethod() == LearnedPairForce::NoCutoff) {
        require(std::isinf(function.getMaxDistance()),
                "LearnedPairForce: NoCutoff is not possible with a table, which ends at ", function.getMaxDistance(),
                " nm; use CutoffNonPeriodic or CutoffPeriodic.");
        require(!force.getUseSwitchingFunction(),
                "LearnedPairForce: the switching function needs a cutoff, and NoCutoff has none; turn the switching "
                "function off, or use CutoffNonPeriodic or CutoffPeriodic.");
        cutoff = std::numeric_limits<double>::infinity();
    }
    else {
        require(cutoff > 0 && std::isfinite(cutoff), "LearnedPairForce: the cutoff distance is ", cutoff,
                " nm; it must be positive and finite.");
        require(cutoff <= function.getMaxDistance(), "LearnedPairForce: the cutoff distance is ", cutoff,
                " nm; it must be at most ", function.getMaxDistance(), " nm, where the pair function ends.");
        require(cutoff >= MinCutoff && cutoff <= MaxLength, "LearnedPairForce: the cutoff distance is ", cutoff,
                " nm; it must be from ", MinCutoff, " to ", MaxLength, " nm. Check its unit.");
    }
    require(inner >= function.getMinDistance() && inner < cutoff, "LearnedPairForce: the inner cutoff distance is ",
            inner, " nm; it must be at least ", function.getMinDistance(),
            " nm, where the pair function begins, and less than the cutoff distance, ", cutoff, " nm.");
    if (force.getUseSwitchingFunction())
        require(switching >= inner && switching < cutoff, "LearnedPairForce: the switching distance is ", switching,
                " nm; it must be at least the inner cutoff distance, ", inner,
                " nm, and less than the cutoff distance, ", cutoff, " nm.");
    if (force.getUseLongRangeCorrection()) {
        require(force.usesPeriodicBoundaryConditions(),
                "LearnedPairForce: the long-range correction needs periodic boundary conditions; use CutoffPeriodic, "
                "or turn it off with setUseLongRangeCorrection(False).");
        require(std::isinf(function.getMaxDistance()),
                "LearnedPairForce: the long-range correction needs a function that is defined beyond the cutoff, and "
                "this one ends at ",
                function.getMaxDistance(),
                " nm; make the force with representation=\"program\" and tabulate_radial=False, or turn the "
                "correction off with setUseLongRangeCorrection(False).");
    }
}

/** Describe the pair with an index in LearnedPairForce::getExclusionsAndExceptions(). */
static string describeExcluded(const LearnedPairForce& force, int index) {
    bool isException = (index >= force.getNumExclusions());
    return (isException ? "exception " : "exclusion ") +
            std::to_string(isException ? index - force.getNumExclusions() : index);
}

static void validateExclusions(const LearnedPairForce& force, int numParticles) {
    typedef std::tuple<int, int, int> Exclusion; // the smaller and the larger particle, and the index
    const auto pairs = force.getExclusionsAndExceptions();
    vector<Exclusion> sorted;
    for (size_t i = 0; i < pairs.size(); i++) {
        auto [particle1, particle2] = pairs[i];
        for (int particle : {particle1, particle2})
            require(particle >= 0 && particle < numParticles, "LearnedPairForce: ", describeExcluded(force, i),
                    " names particle ", particle, "; it must be between 0 and ", numParticles - 1, ".");
        require(particle1 != particle2, "LearnedPairForce: ", describeExcluded(force, i), " names particle ", particle1,
                " twice; a particle never interacts with itself.");
        sorted.emplace_back(std::min(particle1, particle2), std::max(particle1, particle2), i);
    }
    std::sort(sorted.begin(), sorted.end());
    auto samePair = [](const Exclusion& a, const Exclusion& b) {
        return std::get<0>(a) == std::get<0>(b) && std::get<1>(a) == std::get<1>(b);
    };
    auto repeated = std::adjacent_find(sorted.begin(), sorted.end(), samePair);
    if (repeated != sorted.end()) {
        int first = std::get<2>(*repeated), index = std::get<2>(*(repeated + 1));
        require(false, "LearnedPairForce: ", describeExcluded(force, index), " repeats the particles ",
                pairs[index].first, " and ", pairs[index].second, " of ", describeExcluded(force, first),
                "; exclude each pair once, or give it one factor (addException() can replace either).");
    }
    for (int i = 0; i < force.getNumExceptions(); i++) {
        int particle1, particle2;
        double factor;
        force.getExceptionParameters(i, particle1, particle2, factor);
        require(std::isfinite(factor), "LearnedPairForce: exception ", i, " has the factor ", factor,
                "; it must be finite.");
    }
}

static void validateGroups(const LearnedPairForce& force, int numParticles) {
    for (int i = 0; i < force.getNumInteractionGroups(); i++) {
        set<int> set1, set2;
        force.getInteractionGroupParameters(i, set1, set2);
        for (auto& particles : {set1, set2})
            for (int particle : particles)
                require(particle >= 0 && particle < numParticles, "LearnedPairForce: interaction group ", i,
                        " names particle ", particle, "; it must be between 0 and ", numParticles - 1, ".");
    }
}

/**
 * Refuse a periodic force in a System whose other nonbonded forces are all nonperiodic. Every System has periodic box
 * vectors, by default of 2 nm. The minimum image convention would then be applied in a box that the user did not set.
 */
static void requireOtherPeriodicForces(const System& system) {
    int nonperiodic = -1;
    for (int i = 0; i < system.getNumForces(); i++) {
        const OpenMM::Force& other = system.getForce(i);
        if (dynamic_cast<const OpenMM::NonbondedForce*>(&other) == nullptr &&
                dynamic_cast<const OpenMM::CustomNonbondedForce*>(&other) == nullptr)
            continue;
        if (other.usesPeriodicBoundaryConditions())
            return;
        nonperiodic = i;
    }
    require(nonperiodic < 0, "LearnedPairForce: the force uses CutoffPeriodic, but force ", nonperiodic,
            " of the System, ", nonperiodic < 0 ? "" : system.getForce(nonperiodic).getName(),
            ", has no periodic boundary conditions; use CutoffNonPeriodic: call setNonbondedMethod(), or "
            "create_force(nonbonded_method=...) in Python.");
}

/**
 * Refuse mixtures of periodic and nonperiodic forces. In a periodic System OpenMM moves molecules by whole box vectors:
 * GPU platforms when they sort particles, and barostats when they scale the box. Distances are then well defined only
 * in the minimum image convention.
 */
static void validatePeriodicity(const LearnedPairForce& force, const System& system) {
    if (force.usesPeriodicBoundaryConditions()) {
        requireOtherPeriodicForces(system);
        return;
    }
    for (int i = 0; i < system.getNumForces(); i++) {
        const OpenMM::Force& other = system.getForce(i);
        bool periodic = false;
        try {
            periodic = other.usesPeriodicBoundaryConditions();
        }
        catch (const OpenMMException&) {
            // Some forces do not implement this method: the default implementation throws.
        }
        require(!periodic, "LearnedPairForce: the force uses ",
                force.getNonbondedMethod() == LearnedPairForce::NoCutoff ? "NoCutoff" : "CutoffNonPeriodic",
                ", but force ", i, " of the System, ", other.getName(),
                ", uses periodic boundary conditions, under which OpenMM moves molecules by whole boxes; use "
                "CutoffPeriodic, or turn periodic boundary conditions off in the other force if it is a restraint.");
    }
}

void LearnedPairPlugin::validateForce(const LearnedPairForce& force, const System& system) {
    validateTypes(force, system);
    validateFeatures(force);
    validateDistances(force);
    validatePeriodicity(force, system);
    validateExclusions(force, system.getNumParticles());
    validateGroups(force, system.getNumParticles());
    validateParameters(force);
}

void LearnedPairPlugin::validateBox(const LearnedPairForce& force, const Vec3 box[3]) {
    if (force.getNonbondedMethod() != LearnedPairForce::CutoffPeriodic)
        return;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            require(std::abs(box[i][k]) <= MaxLength, "LearnedPairForce: component ", k, " of periodic box vector ", i,
                    " is ", box[i][k], " nm; it must be finite, and at most ", MaxLength, " nm long.");
    // The same tolerance as in OpenMM's own forces: a box of exactly twice the cutoff is accepted.
    double width = std::min({box[0][0], box[1][1], box[2][2]});
    require(force.getCutoffDistance() <= 0.5 * width * 1.000001, "LearnedPairForce: the cutoff distance is ",
            force.getCutoffDistance(), " nm, more than half the width of the periodic box, ", width,
            " nm; use a larger box or a shorter cutoff.");
}

static void requireSame(bool unchanged, const char* what) {
    require(unchanged, "LearnedPairForce: updateParametersInContext() cannot change ", what,
            "; call reinitialize() on the Context, or create a new one.");
}

static void requireSameDefault(const std::string& name, double created, double updated) {
    require(created == updated,
            "LearnedPairForce: updateParametersInContext() cannot change the default value of the parameter \"", name,
            "\" from ", created, " to ", updated, ", which is its value in new Contexts; call setParameter(\"", name,
            "\", ", updated, ") on the Context to change its value there.");
}

static void requireSameGlobals(const LearnedFunction& created, const LearnedFunction& updated) {
    auto &parameters = created.getGlobalParameters(), &otherParameters = updated.getGlobalParameters();
    requireSame(std::equal(parameters.begin(), parameters.end(), otherParameters.begin(), otherParameters.end(),
                        [](const GlobalParameter& a, const GlobalParameter& b) { return a.name == b.name; }),
            "the names of the global parameters");
}

static void validateProgramUpdate(const PairProgram& created, const PairProgram& updated) {
    requireSame(created.getNumTypes() == updated.getNumTypes() &&
                    created.getNumFeatures() == updated.getNumFeatures() &&
                    StagedProgram(created).hasSameStructure(StagedProgram(updated)),
            "the structure of the program: its steps, and the lengths of their values");
    requireSameGlobals(created, updated);
}

static void validateFunctionUpdate(const LearnedPairForce& created, const LearnedPairForce& updated) {
    const LearnedFunction &before = created.getFunction(), &after = updated.getFunction();
    requireSame(typeid(before) == typeid(after),
            "a program into a table, a table into a program, or either into an environment function");
    visitFunction<bool>(
            before,
            [&](const PairTable& table) {
                requireSame(table.hasSameShape(static_cast<const PairTable&>(after)),
                        "the shape of the table: its range, its curves, their numbers of knots");
                return true;
            },
            [&](const PairProgram& program) {
                validateProgramUpdate(program, static_cast<const PairProgram&>(after));
                return true;
            },
            [&](const EnvironmentFunction& environment) {
                auto& other = static_cast<const EnvironmentFunction&>(after);
                requireSame(environment.hasSameShape(other),
                        "the shape of the function: its channels, its curves, their numbers of knots, the steps of its "
                        "program");
                requireSameGlobals(environment, other);
                return true;
            });
    for (int i = 0; i < created.getNumGlobalParameters(); i++)
        requireSameDefault(created.getGlobalParameterName(i), created.getGlobalParameterDefaultValue(i),
                updated.getGlobalParameterDefaultValue(i));
}

void LearnedPairPlugin::validateUpdate(const LearnedPairForce& created, const LearnedPairForce& updated) {
    requireSame(created.getNumParticles() == updated.getNumParticles(), "the number of particles");
    requireSame(created.getNonbondedMethod() == updated.getNonbondedMethod(), "the nonbonded method");
    requireSame(created.getCutoffDistance() == updated.getCutoffDistance(), "the cutoff distance");
    requireSame(created.getInnerCutoffDistance() == updated.getInnerCutoffDistance(), "the inner cutoff distance");
    requireSame(created.getUseSwitchingFunction() == updated.getUseSwitchingFunction() &&
                    (!created.getUseSwitchingFunction() ||
                            created.getSwitchingDistance() == updated.getSwitchingDistance()),
            "the switching function");
    requireSame(created.getUseLongRangeCorrection() == updated.getUseLongRangeCorrection(),
            "whether there is a long-range correction");
    requireSame(created.getUseDensityExclusions() == updated.getUseDensityExclusions(),
            "whether exclusions hold for densities");
    requireSame(created.getEvaluation() == updated.getEvaluation() &&
                    created.getTableTolerance() == updated.getTableTolerance(),
            "the evaluation or the tolerance of tables");
    requireSame(created.getScaleParameter() == updated.getScaleParameter(), "the scale parameter");
    requireSameDefault(created.getScaleParameter(), created.getScaleDefaultValue(), updated.getScaleDefaultValue());
    bool sameDerivatives = (created.getNumEnergyParameterDerivatives() == updated.getNumEnergyParameterDerivatives());
    for (int i = 0; i < created.getNumEnergyParameterDerivatives() && sameDerivatives; i++)
        sameDerivatives = (created.getEnergyParameterDerivativeName(i) == updated.getEnergyParameterDerivativeName(i));
    requireSame(sameDerivatives, "the energy parameter derivatives");
    requireSame(created.getForceGroup() == updated.getForceGroup(), "the force group");
    auto before = created.getExclusionsAndExceptions(), after = updated.getExclusionsAndExceptions();
    bool sameExclusions = (created.getNumExclusions() == updated.getNumExclusions() &&
            std::equal(before.begin(), before.end(), after.begin(), after.end(),
                    [](auto& a, auto& b) { return std::minmax(a.first, a.second) == std::minmax(b.first, b.second); }));
    requireSame(sameExclusions, "the exclusions, or the particles of the exceptions");
    bool sameGroups = (created.getNumInteractionGroups() == updated.getNumInteractionGroups());
    for (int i = 0; i < created.getNumInteractionGroups() && sameGroups; i++) {
        set<int> a1, a2, b1, b2;
        created.getInteractionGroupParameters(i, a1, a2);
        updated.getInteractionGroupParameters(i, b1, b2);
        sameGroups = (a1 == b1 && a2 == b2);
    }
    requireSame(sameGroups, "the interaction groups");
    validateFunctionUpdate(created, updated);
}
