// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/validation.h"
#include "PairTable.h"
#include "internal/require.h"
#include <algorithm>
#include <cmath>

using namespace LearnedPairPlugin;
using OpenMM::OpenMMException;
using OpenMM::System;
using OpenMM::Vec3;
using std::pair;
using std::set;
using std::vector;

static void validateTypes(const LearnedPairForce& force, const System& system) {
    const PairFunction& function = force.getFunction();
    int numParticles = system.getNumParticles(), numTypes = function.getNumTypes();
    require(force.getNumParticles() == numParticles, "LearnedPairForce: the force has ", force.getNumParticles(), " particles, but the System has ", numParticles,
            "; add every particle of the System, with the type ", LearnedPairForce::NotCovered, " for those that take no part.");
    vector<int> count(numTypes, 0);
    for (int i = 0; i < numParticles; i++) {
        int type = force.getParticleType(i);
        require(type >= LearnedPairForce::NotCovered && type < numTypes, "LearnedPairForce: particle ", i, " has type ", type, "; it must be between 0 and ",
                numTypes-1, ", or ", LearnedPairForce::NotCovered, " if it is not covered.");
        if (type != LearnedPairForce::NotCovered)
            count[type]++;
    }
    for (int i = 0; i < numTypes; i++)
        for (int j = i; j < numTypes; j++)
            if (i == j ? count[i] > 1 : count[i] > 0 && count[j] > 0)
                require(function.isDefined(i, j), "LearnedPairForce: particles of types ", i, " and ", j,
                        " occur, but the pair function is not defined for this pair; make it with all types that occur.");
}

static void validateDistances(const LearnedPairForce& force) {
    const PairFunction& function = force.getFunction();
    double cutoff = force.getCutoffDistance(), inner = force.getInnerCutoffDistance(), switching = force.getSwitchingDistance();
    require(force.getNonbondedMethod() != LearnedPairForce::NoCutoff, "LearnedPairForce: NoCutoff is not possible with a table, which ends at ",
            function.getMaxDistance(), " nm; use CutoffNonPeriodic or CutoffPeriodic.");
    require(cutoff > 0 && cutoff <= function.getMaxDistance(), "LearnedPairForce: the cutoff distance is ", cutoff, " nm; it must be positive and at most ",
            function.getMaxDistance(), " nm, where the pair function ends.");
    require(inner >= function.getMinDistance() && inner < cutoff, "LearnedPairForce: the inner cutoff distance is ", inner, " nm; it must be at least ",
            function.getMinDistance(), " nm, where the pair function begins, and less than the cutoff distance, ", cutoff, " nm.");
    if (force.getUseSwitchingFunction())
        require(switching >= inner && switching < cutoff, "LearnedPairForce: the switching distance is ", switching, " nm; it must be at least the inner cutoff distance, ",
                inner, " nm, and less than the cutoff distance, ", cutoff, " nm.");
}

static void validateExclusions(const LearnedPairForce& force, int numParticles) {
    set<pair<int, int> > seen;
    for (int i = 0; i < force.getNumExclusions(); i++) {
        int particle1, particle2;
        force.getExclusionParticles(i, particle1, particle2);
        for (int particle : {particle1, particle2})
            require(particle >= 0 && particle < numParticles, "LearnedPairForce: exclusion ", i, " names particle ", particle, "; it must be between 0 and ", numParticles-1, ".");
        require(particle1 != particle2, "LearnedPairForce: exclusion ", i, " names particle ", particle1, " twice; a particle never interacts with itself.");
        require(seen.insert(std::minmax(particle1, particle2)).second, "LearnedPairForce: exclusion ", i, " repeats the particles ", particle1, " and ", particle2,
                "; exclude each pair once.");
    }
}

static void validateGroups(const LearnedPairForce& force, int numParticles) {
    for (int i = 0; i < force.getNumInteractionGroups(); i++) {
        set<int> set1, set2;
        force.getInteractionGroupParameters(i, set1, set2);
        for (auto& particles : {set1, set2})
            for (int particle : particles)
                require(particle >= 0 && particle < numParticles, "LearnedPairForce: interaction group ", i, " names particle ", particle, "; it must be between 0 and ", numParticles-1, ".");
    }
}

/**
 * In a periodic System OpenMM moves molecules by whole box vectors whenever it likes: GPUs while sorting particles,
 * barostats while scaling the box. Distances that are not taken between nearest copies then mean nothing.
 */
static void validatePeriodicity(const LearnedPairForce& force, const System& system) {
    if (force.usesPeriodicBoundaryConditions())
        return;
    for (int i = 0; i < system.getNumForces(); i++) {
        const OpenMM::Force& other = system.getForce(i);
        bool periodic = false;
        try {
            periodic = other.usesPeriodicBoundaryConditions();
        }
        catch (const OpenMMException&) {
            // Some forces of plugins do not say.
        }
        require(!periodic, "LearnedPairForce: the force uses CutoffNonPeriodic, but force ", i, " of the System, ", other.getName(),
                ", uses periodic boundary conditions, under which OpenMM moves molecules by whole boxes; use CutoffPeriodic.");
    }
}

void LearnedPairPlugin::validateForce(const LearnedPairForce& force, const System& system) {
    validateTypes(force, system);
    validateDistances(force);
    validatePeriodicity(force, system);
    validateExclusions(force, system.getNumParticles());
    validateGroups(force, system.getNumParticles());
    require(std::isfinite(force.getScaleDefaultValue()), "LearnedPairForce: the scale parameter \"", force.getScaleParameter(), "\" has the default value ",
            force.getScaleDefaultValue(), "; it must be finite.");
    for (int i = 0; i < force.getNumEnergyParameterDerivatives(); i++)
        require(force.getEnergyParameterDerivativeName(i) == force.getScaleParameter(), "LearnedPairForce: the derivative with respect to \"",
                force.getEnergyParameterDerivativeName(i), "\" was asked for, but the only global parameter is \"", force.getScaleParameter(), "\".");
}

void LearnedPairPlugin::validateBox(const LearnedPairForce& force, const Vec3 box[3]) {
    if (force.getNonbondedMethod() != LearnedPairForce::CutoffPeriodic)
        return;
    // The same slack as OpenMM's own forces have, so that a box of exactly twice the cutoff is accepted.
    double width = std::min({box[0][0], box[1][1], box[2][2]});
    require(force.getCutoffDistance() <= 0.5*width*1.000001, "LearnedPairForce: the cutoff distance is ", force.getCutoffDistance(), " nm, more than half the width of the periodic box, ",
            width, " nm; use a larger box or a shorter cutoff.");
}

void LearnedPairPlugin::validateUpdate(const LearnedPairForce& created, const LearnedPairForce& updated) {
    auto same = [](bool unchanged, const char* what) {
        require(unchanged, "LearnedPairForce: updateParametersInContext() cannot change ", what, "; call reinitialize() on the Context, or create a new one.");
    };
    same(created.getNumParticles() == updated.getNumParticles(), "the number of particles");
    same(created.getNonbondedMethod() == updated.getNonbondedMethod(), "the nonbonded method");
    same(created.getCutoffDistance() == updated.getCutoffDistance(), "the cutoff distance");
    same(created.getInnerCutoffDistance() == updated.getInnerCutoffDistance(), "the inner cutoff distance");
    same(created.getUseSwitchingFunction() == updated.getUseSwitchingFunction() &&
         (!created.getUseSwitchingFunction() || created.getSwitchingDistance() == updated.getSwitchingDistance()), "the switching function");
    same(created.getScaleParameter() == updated.getScaleParameter() && created.getScaleDefaultValue() == updated.getScaleDefaultValue(), "the scale parameter");
    same(created.getNumEnergyParameterDerivatives() == updated.getNumEnergyParameterDerivatives(), "the energy parameter derivatives");
    same(created.getForceGroup() == updated.getForceGroup(), "the force group");
    bool sameExclusions = (created.getNumExclusions() == updated.getNumExclusions());
    for (int i = 0; i < created.getNumExclusions() && sameExclusions; i++) {
        int a1, a2, b1, b2;
        created.getExclusionParticles(i, a1, a2);
        updated.getExclusionParticles(i, b1, b2);
        sameExclusions = (a1 == b1 && a2 == b2);
    }
    same(sameExclusions, "the exclusions");
    bool sameGroups = (created.getNumInteractionGroups() == updated.getNumInteractionGroups());
    for (int i = 0; i < created.getNumInteractionGroups() && sameGroups; i++) {
        set<int> a1, a2, b1, b2;
        created.getInteractionGroupParameters(i, a1, a2);
        updated.getInteractionGroupParameters(i, b1, b2);
        sameGroups = (a1 == b1 && a2 == b2);
    }
    same(sameGroups, "the interaction groups");
    auto before = dynamic_cast<const PairTable*>(&created.getFunction()), now = dynamic_cast<const PairTable*>(&updated.getFunction());
    same(before != nullptr && now != nullptr && before->hasSameShape(*now), "the shape of the table: its range, its curves, their numbers of knots");
}
