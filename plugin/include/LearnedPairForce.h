// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/ForceHandle.h"
#include "KernelInfo.h"
#include "LearnedFunction.h"
#include "openmm/Context.h"
#include "openmm/Force.h"
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace LearnedPairPlugin {

/**
 * A learned correction between pairs of particles, added on top of any other forces:
 *
 *     E = s * sum over pairs i<j of P with r_ij < r_c of S(r_ij) * f(r_ij; a_i, a_j; g)
 *
 * f is a PairTable or a PairProgram, a_i the type or the features of a particle, g the function's global parameters,
 * which are those of the Context by the same names. P holds the pairs that are not excluded, are allowed by the
 * interaction groups if there are any, and have two particles that the function covers. Below the inner cutoff r_in,
 * the shortest distance that f was made for, f is replaced by its first-order Taylor expansion at r_in, so that energy
 * and force stay continuous and f is never extrapolated. S is the quintic switching function of OpenMM::NonbondedForce,
 * off by default. s is an optional global parameter of the Context.
 *
 * Particles, exclusions and groups have nothing to do with those of other forces in the System, and neither do the
 * cutoff and the periodicity: any combination is evaluated as written here. Sharing the settings of the NonbondedForce
 * (same exclusions, same boundary conditions, no longer cutoff) is fastest on GPUs, where the pairs are then evaluated
 * inside OpenMM's own nonbonded kernel.
 */
class LEARNEDPAIR_EXPORT LearnedPairForce : public OpenMM::Force {
public:
    enum NonbondedMethod {
        /** All pairs, without a cutoff. For a PairProgram only: a PairTable ends somewhere. */
        NoCutoff = 0,
        /** Pairs closer than the cutoff, without periodic boundary conditions. */
        CutoffNonPeriodic = 1,
        /** Pairs whose nearest periodic copies are closer than the cutoff. */
        CutoffPeriodic = 2,
    };
    /** The type of a particle that the function does not cover: it takes no part in this force. */
    static constexpr int NotCovered = -1;
    /**
     * Create a LearnedPairForce. The inner cutoff is set to the shortest distance at which the function is defined, and
     * the cutoff to the longest, or to 1 nm if there is none.
     *
     * @param function  the pair function; shared, never modified
     */
    explicit LearnedPairForce(std::shared_ptr<const LearnedFunction> function);

    /** Get the pair function. */
    const LearnedFunction& getFunction() const {
        return *function;
    }
    /** Get the pair function, to share it with another force. */
    std::shared_ptr<const LearnedFunction> getSharedFunction() const {
        return function;
    }
    /**
     * Replace the pair function. In an existing Context this takes effect through updateParametersInContext(), where
     * the new function must have the same structure. The report, which described the old function, is cleared; default
     * values of global parameters become those of the new function.
     */
    void setFunction(std::shared_ptr<const LearnedFunction> function);

    /** Get the number of particles; it must equal that of the System. */
    int getNumParticles() const {
        return particleTypes.size();
    }
    /**
     * Add a particle. Particles are added in the order in which they appear in the System.
     *
     * @param type  one of the function's types, or NotCovered
     * @return the index of the particle
     */
    int addParticle(int type);
    /** Get the type of a particle. */
    int getParticleType(int index) const;
    /** Set the type of a particle: one of the function's types, or NotCovered. */
    void setParticleType(int index, int type);
    /** Get the types of all particles. */
    const std::vector<int>& getParticleTypes() const {
        return particleTypes;
    }
    /** Set the types of all particles at once, replacing all particles there were. */
    void setParticleTypes(const std::vector<int>& types);
    /**
     * Add a particle to a force whose function takes features. Particles are added in the order in which they appear in
     * the System.
     *
     * @param features  one number for each feature, or none if the particle is not covered
     * @return the index of the particle
     * @throws OpenMMException if there are too few or too many, or one is outside of the range that the function states
     */
    int addParticle(const std::vector<double>& features);
    /** Get the features of a particle; none if it is not covered. */
    std::vector<double> getParticleFeatures(int index) const;
    /**
     * Set the features of a particle, or none if it is not covered.
     *
     * @throws OpenMMException if there are too few or too many, or one is outside of the range that the function states
     */
    void setParticleFeatures(int index, const std::vector<double>& features);
    /**
     * Set the features of all particles at once, replacing all particles there were.
     *
     * @param features  shape [number of particles][number of features]
     * @param covered   for each particle whether it is covered; of those that are not, the features are ignored
     * @throws OpenMMException if the sizes do not fit, or a feature is outside of the range that the function states
     */
    void setAllParticleFeatures(const std::vector<double>& features, const std::vector<bool>& covered);
    /** Get the features of all particles, shape [number of particles][number of features]; 0 for uncovered ones. */
    const std::vector<double>& getAllParticleFeatures() const {
        return particleFeatures;
    }

    /** Get the method used for long distances. */
    NonbondedMethod getNonbondedMethod() const {
        return method;
    }
    /** Set the method used for long distances. The default is CutoffPeriodic. */
    void setNonbondedMethod(NonbondedMethod method);
    /** Get the cutoff distance r_c, measured in nm. */
    double getCutoffDistance() const {
        return cutoff;
    }
    /** Set the cutoff distance r_c, measured in nm; at most the function's maximum distance. */
    void setCutoffDistance(double distance);
    /** Get the inner cutoff r_in, measured in nm. */
    double getInnerCutoffDistance() const {
        return innerCutoff;
    }
    /** Set the inner cutoff r_in, measured in nm; at least the function's minimum distance. */
    void setInnerCutoffDistance(double distance);
    /** Get whether the switching function is used. */
    bool getUseSwitchingFunction() const {
        return useSwitching;
    }
    /** Set whether the switching function is used. */
    void setUseSwitchingFunction(bool use);
    /** Get the distance at which the switching function begins to reduce the energy, measured in nm. */
    double getSwitchingDistance() const {
        return switchingDistance;
    }
    /** Set the switching distance, measured in nm; from the inner cutoff to less than the cutoff. */
    void setSwitchingDistance(double distance);
    /** Get whether periodic boundary conditions are applied. */
    bool usesPeriodicBoundaryConditions() const override {
        return method == CutoffPeriodic;
    }

    /** Get the number of excluded pairs. */
    int getNumExclusions() const {
        return exclusions.size();
    }
    /**
     * Exclude a pair of particles.
     *
     * @return the index of the exclusion
     */
    int addExclusion(int particle1, int particle2);
    /** Exclude many pairs of particles. */
    void addExclusions(const std::vector<std::pair<int, int>>& pairs);
    /** Get the particles of an exclusion. */
    void getExclusionParticles(int index, int& particle1, int& particle2) const;
    /** Set the particles of an exclusion. */
    void setExclusionParticles(int index, int particle1, int particle2);
    /**
     * Exclude all pairs that are connected by few bonds. Pairs that are excluded already stay so.
     *
     * @param bonds       pairs of bonded particles
     * @param bondCutoff  pairs separated by this number of bonds or fewer are excluded
     */
    void createExclusionsFromBonds(const std::vector<std::pair<int, int>>& bonds, int bondCutoff);

    /** Get the number of interaction groups. */
    int getNumInteractionGroups() const {
        return interactionGroups.size();
    }
    /**
     * Add an interaction group. If there is any, only pairs with one particle in the first set and the other in the
     * second set of some group interact. A pair in several groups counts once.
     *
     * @return the index of the group
     */
    int addInteractionGroup(const std::set<int>& set1, const std::set<int>& set2);
    /** Get the two sets of an interaction group. */
    void getInteractionGroupParameters(int index, std::set<int>& set1, std::set<int>& set2) const;
    /** Set the two sets of an interaction group. */
    void setInteractionGroupParameters(int index, const std::set<int>& set1, const std::set<int>& set2);

    /** Get the name of the global parameter s, or an empty string if there is none. */
    const std::string& getScaleParameter() const {
        return scaleParameter;
    }
    /** Get the value of s in a new Context. */
    double getScaleDefaultValue() const {
        return scaleDefault;
    }
    /**
     * Multiply the energy by a global parameter of the Context.
     *
     * @param name          the name of the parameter; an empty string removes it
     * @param defaultValue  its value in a new Context
     */
    void setScaleParameter(const std::string& name, double defaultValue = 1.0);
    /** Get the number of global parameters of the function, the scale not included. */
    int getNumGlobalParameters() const {
        return globalParameters.size();
    }
    /** Get the name of a global parameter of the function. */
    const std::string& getGlobalParameterName(int index) const;
    /** Get the value of a global parameter of the function in a new Context. */
    double getGlobalParameterDefaultValue(int index) const;
    /** Set the value of a global parameter of the function in a new Context. */
    void setGlobalParameterDefaultValue(int index, double value);
    /** Get the range of a global parameter of the function: outside of it a Context refuses to compute. */
    void getGlobalParameterRange(int index, double& low, double& high) const;
    /**
     * Set the range of a global parameter of the function. The function was checked, and tables in it were made, for
     * the range that it came with.
     *
     * @param index      the index of the parameter in the function
     * @param low, high  the ends of the range; may be infinite
     */
    void setGlobalParameterRange(int index, double low, double high);
    /** Get the handle of this force, which tells whether it still exists. */
    long long getHandle() const {
        return handle.get();
    }
    /** Get whether a name is that of the scale or of a global parameter of the function. */
    bool hasParameter(const std::string& name) const;
    /** Get the number of parameters with respect to which the derivative of the energy is computed. */
    int getNumEnergyParameterDerivatives() const {
        return derivatives.size();
    }
    /** Ask for the derivative of the energy with respect to the scale or a global parameter of the function. */
    void addEnergyParameterDerivative(const std::string& name);
    /** Get the name of a parameter with respect to which the derivative of the energy is computed. */
    const std::string& getEnergyParameterDerivativeName(int index) const;

    /**
     * Get a report of where the function came from and how accurate it is. It travels with the force and its XML and
     * is never interpreted here; the Python layer stores JSON in it.
     */
    const std::string& getReport() const {
        return report;
    }
    /** Set the report. */
    void setReport(const std::string& report);

    /**
     * Copy the particles' types or features and the function to a Context that exists already. Nothing else may have
     * changed: the function must be a table of the same shape, or a program of the same structure, with other weights.
     * Anything else needs a new Context, or Context::reinitialize().
     *
     * @throws OpenMMException if something else has changed, naming it
     */
    void updateParametersInContext(OpenMM::Context& context);
    /** Get what evaluates this force in a Context. */
    KernelInfo getKernelInfo(OpenMM::Context& context) const;

protected:
    OpenMM::ForceImpl* createImpl() const override;

private:
    void requireTypes() const;
    void requireFeatures() const;
    ForceHandle handle;
    std::shared_ptr<const LearnedFunction> function;
    std::vector<int> particleTypes;       // of particles with features 0, or NotCovered
    std::vector<double> particleFeatures; // shape [number of particles][number of features]
    NonbondedMethod method;
    double cutoff, innerCutoff, switchingDistance;
    bool useSwitching;
    std::vector<std::pair<int, int>> exclusions;
    std::vector<std::pair<std::set<int>, std::set<int>>> interactionGroups;
    std::string scaleParameter;
    double scaleDefault;
    std::vector<GlobalParameter> globalParameters; // those of the function, with this force's default values and ranges
    std::vector<std::string> derivatives;
    std::string report;
};

} // namespace LearnedPairPlugin
