// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "SharedKernelPlan.h"
#include "internal/formatNumber.h"
#include "OpenMM.h"
#include "openmm/serialization/SerializationProxy.h"
#include <algorithm>
#include <limits>
#include <typeinfo>

using namespace LearnedPairPlugin;
using namespace OpenMM;
using std::set;
using std::string;
using std::vector;

namespace {

/** The settings with which a force registers in the default nonbonded kernel. */
struct Registration {
    bool usesCutoff, periodic;
    double cutoff;
    int group;
    bool hasExclusions;
    vector<set<int>> exclusions;
    string description; // of the force, for messages
};

} // namespace

/** Exclude a pair. Particles that do not exist are left to the force that names them, which refuses them. */
static void exclude(vector<set<int>>& exclusions, int particle1, int particle2) {
    const int count = exclusions.size();
    if (std::min(particle1, particle2) < 0 || std::max(particle1, particle2) >= count)
        return;
    exclusions[particle1].insert(particle2);
    exclusions[particle2].insert(particle1);
}

vector<set<int>> LearnedPairPlugin::getExclusions(const LearnedPairForce& force) {
    vector<set<int>> exclusions(force.getNumParticles());
    for (auto [particle1, particle2] : force.getExclusionsAndExceptions())
        exclude(exclusions, particle1, particle2);
    return exclusions;
}

static vector<set<int>> collectExclusions(const CustomNonbondedForce& force) {
    vector<set<int>> exclusions(force.getNumParticles());
    for (int i = 0; i < force.getNumExclusions(); i++) {
        int particle1, particle2;
        force.getExclusionParticles(i, particle1, particle2);
        exclude(exclusions, particle1, particle2);
    }
    return exclusions;
}

static vector<set<int>> collectExceptions(const NonbondedForce& force) {
    vector<set<int>> exclusions(force.getNumParticles());
    for (int i = 0; i < force.getNumExceptions(); i++) {
        int particle1, particle2;
        double chargeProd, sigma, epsilon;
        force.getExceptionParameters(i, particle1, particle2, chargeProd, sigma, epsilon);
        exclude(exclusions, particle1, particle2);
    }
    return exclusions;
}

template<class Method> static bool isPeriodic(Method method, Method noCutoff, Method cutoffNonPeriodic) {
    return method != noCutoff && method != cutoffNonPeriodic;
}

static Registration registrationOf(const NonbondedForce& force) {
    auto method = force.getNonbondedMethod();
    return {method != NonbondedForce::NoCutoff,
        isPeriodic(method, NonbondedForce::NoCutoff, NonbondedForce::CutoffNonPeriodic), force.getCutoffDistance(),
        force.getForceGroup(), true, collectExceptions(force)};
}

static Registration registrationOf(const CustomNonbondedForce& force) {
    auto method = force.getNonbondedMethod();
    return {method != CustomNonbondedForce::NoCutoff,
        isPeriodic(method, CustomNonbondedForce::NoCutoff, CustomNonbondedForce::CutoffNonPeriodic),
        force.getCutoffDistance(), force.getForceGroup(), true, collectExclusions(force)};
}

static Registration registrationOf(const GBSAOBCForce& force) {
    auto method = force.getNonbondedMethod();
    return {method != GBSAOBCForce::NoCutoff,
        isPeriodic(method, GBSAOBCForce::NoCutoff, GBSAOBCForce::CutoffNonPeriodic), force.getCutoffDistance(),
        force.getForceGroup(), false, {}};
}

static bool usesCutoff(const LearnedPairForce& force) {
    return force.getNonbondedMethod() != LearnedPairForce::NoCutoff;
}

static double getCutoffOrInfinity(const LearnedPairForce& force) {
    return usesCutoff(force) ? force.getCutoffDistance() : std::numeric_limits<double>::infinity();
}

static Registration registrationOf(const LearnedPairForce& force) {
    return {usesCutoff(force), force.usesPeriodicBoundaryConditions(), force.getCutoffDistance(), force.getForceGroup(),
        true, getExclusions(force)};
}

template<class... Forces> static bool isOneOf(const Force& force) {
    return ((dynamic_cast<const Forces*>(&force) != nullptr) || ...);
}

/** Get the name of the class of a force in XML files, or an empty string if it cannot be serialized. */
static string getClassName(const Force& force) {
    try {
        return SerializationProxy::getProxy(typeid(force)).getTypeName();
    }
    catch (const OpenMMException&) {
        return "";
    }
}

/**
 * Whether a force never uses the nonbonded kernel: according to the source of OpenMM 8.6, or because the user says so.
 * CustomCVForce and ATMForce compute their forces in Contexts of their own. DrudeForce belongs to a plugin of OpenMM.
 */
static bool neverUsesKernel(const Force& force) {
    const string name = getClassName(force);
    if (name == "DrudeForce" || LearnedPairForce::isTrustedForce(name))
        return true;
    return isOneOf<ATMForce, AndersenThermostat, CMAPTorsionForce, CMMotionRemover, CustomAngleForce, CustomBondForce,
            CustomCVForce, CustomCentroidBondForce, CustomCompoundBondForce, CustomExternalForce, CustomHbondForce,
            CustomTorsionForce, CustomVolumeForce, HarmonicAngleForce, HarmonicBondForce, MonteCarloAnisotropicBarostat,
            MonteCarloBarostat, MonteCarloFlexibleBarostat, MonteCarloMembraneBarostat, PeriodicTorsionForce,
            PythonForce, RBTorsionForce, RMSDForce>(force);
}

static string describe(const System& system, int index) {
    return "force " + std::to_string(index) + ", " + system.getForce(index).getName();
}

/**
 * Find the settings of all forces but LearnedPairForces.
 *
 * @return why this is not possible: the System has a force of an unknown class; or an empty string
 */
static string findRegistrations(const System& system, vector<Registration>& registrations) {
    for (int i = 0; i < system.getNumForces(); i++) {
        const Force& force = system.getForce(i);
        const size_t count = registrations.size();
        if (auto nonbonded = dynamic_cast<const NonbondedForce*>(&force)) {
            if (nonbonded->getIncludeDirectSpace())
                registrations.push_back(registrationOf(*nonbonded));
        }
        else if (auto custom = dynamic_cast<const CustomNonbondedForce*>(&force)) {
            if (custom->getNumInteractionGroups() == 0) // otherwise it has a kernel of its own
                registrations.push_back(registrationOf(*custom));
        }
        else if (auto solvent = dynamic_cast<const GBSAOBCForce*>(&force))
            registrations.push_back(registrationOf(*solvent));
        else if (!neverUsesKernel(force) && dynamic_cast<const LearnedPairForce*>(&force) == nullptr)
            return describe(system, i) + ", is of a class that is not known (" + getClassName(force) +
                    "), which may use OpenMM's nonbonded kernel; if it does not, call "
                    "LearnedPairForce.trustForce(\"" +
                    getClassName(force) + "\")";
        if (registrations.size() > count)
            registrations.back().description = describe(system, i);
    }
    return "";
}

/** Find the LearnedPairForce with the longest cutoff, the first one if several have it. */
static const LearnedPairForce& findLongest(const System& system) {
    const LearnedPairForce* longest = nullptr;
    for (int i = 0; i < system.getNumForces(); i++)
        if (auto learned = dynamic_cast<const LearnedPairForce*>(&system.getForce(i)))
            if (longest == nullptr || getCutoffOrInfinity(*learned) > getCutoffOrInfinity(*longest))
                longest = learned;
    return *longest;
}

/** Find out why a force cannot register beside another one, or return an empty string. */
static string whyNotBeside(const Registration& other, const LearnedPairForce& force) {
    if (other.usesCutoff != usesCutoff(force))
        return other.description + (other.usesCutoff ? ", has a cutoff" : ", has no cutoff") +
                ", other than this force";
    if (other.periodic != force.usesPeriodicBoundaryConditions())
        return other.description + (other.periodic ? ", is" : ", is not") + " periodic, other than this force";
    return "";
}

SharedKernelPlan::SharedKernelPlan(const System& system, const LearnedPairForce& force) :
        joins(false),
        isAlone(false),
        cutoff(force.getCutoffDistance()) {
    vector<Registration> others;
    reason = findRegistrations(system, others);
    if (!reason.empty())
        return;
    isAlone = others.empty();
    if (isAlone) {
        others.push_back(registrationOf(findLongest(system)));
        others.back().description = "another LearnedPairForce";
    }
    vector<set<int>> exclusions(force.getNumParticles()); // of the kernel; all other forces agree on them
    double longest = 0, cutoffOfGroup = 0;
    for (auto& other : others) {
        reason = whyNotBeside(other, force);
        if (!reason.empty())
            return;
        if (other.hasExclusions)
            exclusions = other.exclusions;
        longest = std::max(longest, other.cutoff);
        if (other.group == force.getForceGroup())
            cutoffOfGroup = other.cutoff;
    }
    // Several LearnedPairForces may share a force group that no other force uses: all register the same cutoff in it.
    double registered = (cutoffOfGroup > 0 ? cutoffOfGroup : longest);
    if (usesCutoff(force) && force.getCutoffDistance() > registered)
        reason = "its cutoff, " + formatNumber(force.getCutoffDistance()) +
                " nm, is longer than that of the other forces, " + formatNumber(registered) + " nm";
    else if (exclusions != getExclusions(force))
        reason = "its excluded pairs, exceptions included, are not those of the other forces";
    if (!reason.empty())
        return;
    joins = true;
    cutoff = registered;
}
