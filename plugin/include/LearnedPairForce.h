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
 * A learned correction between pairs of particles. It is added to the energy of all other forces:
 *
 *     E = s * sum over pairs i<j of P with r_ij < r_c of S(r_ij) * f(r_ij; a_i, a_j; g)
 *
 *  - f is the pair function, a PairTable or a PairProgram. Below the inner cutoff r_in it is replaced by its
 *    first-order Taylor expansion at r_in. Energy and force stay continuous, and f is never evaluated below r_in, which
 *    is at least the shortest distance for which f was made.
 *  - a_i is the type or the features of particle i.
 *  - g are the global parameters of f. Each takes its value from the Context parameter of the same name.
 *  - P is the set of pairs of two covered particles that are not excluded. If there are interaction groups, they must
 *    also allow the pair.
 *  - S is the quintic switching function of OpenMM::NonbondedForce. It is off by default.
 *  - s is an optional global parameter of the Context, the scale.
 *
 * If the function is an EnvironmentFunction, the energy is
 *
 *     E = s * (sum over covered particles i of u(q_i; a_i; g) + sum over pairs of P of S f)
 *
 * with the densities q_i, sums over the pairs of P with S w in place of w; w is replaced by its Taylor expansion below
 * the inner cutoff, as f is. A covered particle without a neighbor contributes u(0).
 *
 * Exceptions are pairs with a factor of their own, in place of 1, which multiplies f and w. Optionally the energy of a
 * homogeneous liquid beyond the cutoff is added; see setUseLongRangeCorrection().
 *
 * To use this class, create a LearnedPairForce with its function. Then call addParticle() once for every particle of
 * the System, set the distances and exclusions, and add the force to the System before the Context is created. Most
 * settings are checked when the Context is created, because their rules depend on each other and on the System.
 *
 * Particles, exclusions, interaction groups, cutoff and periodicity are independent of those of other forces, except
 * that some mixtures of periodic and nonperiodic forces are refused. On GPUs the force is fastest if it has the same
 * exclusions and boundary conditions as the NonbondedForce, and no longer cutoff: its pairs are then evaluated inside
 * OpenMM's own nonbonded kernel.
 */
class LEARNEDPAIR_EXPORT LearnedPairForce : public OpenMM::Force {
public:
    /** The method that decides which pairs of particles interact. */
    enum NonbondedMethod {
        /** All pairs, without a cutoff. This requires a PairProgram, because a PairTable ends at a finite distance. */
        NoCutoff = 0,
        /** Pairs closer than the cutoff, without periodic boundary conditions. */
        CutoffNonPeriodic = 1,
        /** Pairs closer than the cutoff in the minimum image convention, with periodic boundary conditions. */
        CutoffPeriodic = 2,
    };
    /** How a Context evaluates a program; see setEvaluation(). */
    enum Evaluation {
        /** With tables if they are affordable and the platform computes in single precision, else exactly. */
        AutomaticEvaluation = 0,
        /** By running the program for every pair of particles. */
        ExactEvaluation = 1,
        /** With tables. If they cannot be made, the Context throws an exception. */
        TableEvaluation = 2,
    };
    /** The type of a particle that the function does not cover. Such a particle does not interact. */
    static constexpr int NotCovered = -1;
    /**
     * Create a LearnedPairForce. The inner cutoff is set to the shortest distance at which the function is defined. The
     * cutoff is set to the longest distance at which it is defined, or to 1 nm if that is infinite.
     *
     * @param function  the pair function; it is shared and never modified
     * @throws OpenMMException if the function is null
     */
    explicit LearnedPairForce(std::shared_ptr<const LearnedFunction> function);

    /** Get the pair function. */
    const LearnedFunction& getFunction() const {
        return *function;
    }
    /** Get the pair function as a shared pointer, which another force can use. */
    std::shared_ptr<const LearnedFunction> getSharedFunction() const {
        return function;
    }
    /**
     * Replace the pair function. Call updateParametersInContext() to copy it to an existing Context; the new function
     * must then have the same structure. This clears the report, which described the old function. The global
     * parameters get the default values and ranges of the new function.
     *
     * @param function  the pair function; it is shared and never modified
     * @throws OpenMMException if the function is null, or if there are particles and the number of features changes
     */
    void setFunction(std::shared_ptr<const LearnedFunction> function);

    /** Get the number of particles. It must equal the number of particles of the System. */
    int getNumParticles() const {
        return particleTypes.size();
    }
    /**
     * Add a particle to a force whose function has types. Particles must be added in the order in which they appear in
     * the System.
     *
     * @param type  one of the types of the function, or NotCovered; checked when a Context is created
     * @return the index of the particle
     * @throws OpenMMException if the function has features
     */
    int addParticle(int type);
    /**
     * Get the type of a particle.
     *
     * @param index  the index of the particle
     * @return the type, or NotCovered; if the function has features, the type of covered particles is 0
     * @throws OpenMMException if the index is out of range
     */
    int getParticleType(int index) const;
    /**
     * Set the type of a particle.
     *
     * @param index  the index of the particle
     * @param type   one of the types of the function, or NotCovered; checked when a Context is created
     * @throws OpenMMException if the index is out of range, or if the function has features
     */
    void setParticleType(int index, int type);
    /** Get the types of all particles. */
    const std::vector<int>& getParticleTypes() const {
        return particleTypes;
    }
    /**
     * Set the types of all particles at once. This replaces all existing particles.
     *
     * @param types  for each particle one of the types of the function, or NotCovered; checked when a Context is
     *               created
     * @throws OpenMMException if the function has features
     */
    void setParticleTypes(const std::vector<int>& types);
    /**
     * Add a particle to a force whose function has features. Particles must be added in the order in which they appear
     * in the System.
     *
     * @param features  one number for each feature, or an empty vector if the particle is not covered
     * @return the index of the particle
     * @throws OpenMMException if the number of features is wrong, if a feature is not finite or outside the range of
     *                         the function, or if the function has types
     */
    int addParticle(const std::vector<double>& features);
    /**
     * Get the features of a particle.
     *
     * @param index  the index of the particle
     * @return one number for each feature, or an empty vector if the particle is not covered
     * @throws OpenMMException if the index is out of range
     */
    std::vector<double> getParticleFeatures(int index) const;
    /**
     * Set the features of a particle.
     *
     * @param index     the index of the particle
     * @param features  one number for each feature, or an empty vector if the particle is not covered
     * @throws OpenMMException if the index is out of range, if the number of features is wrong, if a feature is not
     *                         finite or outside the range of the function, or if the function has types
     */
    void setParticleFeatures(int index, const std::vector<double>& features);
    /**
     * Set the features of all particles at once. This replaces all existing particles.
     *
     * @param features  the features, shape [number of particles][number of features]
     * @param covered   for each particle whether it is covered; the features of uncovered particles are ignored
     * @throws OpenMMException if the sizes do not match, if a feature of a covered particle is not finite or outside
     *                         the range of the function, or if the function has types
     */
    void setAllParticleFeatures(const std::vector<double>& features, const std::vector<bool>& covered);
    /** Get the features of all particles, shape [number of particles][number of features]. Uncovered ones have 0. */
    const std::vector<double>& getAllParticleFeatures() const {
        return particleFeatures;
    }

    /** Get the nonbonded method. */
    NonbondedMethod getNonbondedMethod() const {
        return method;
    }
    /**
     * Set the nonbonded method. The default is CutoffPeriodic.
     *
     * @throws OpenMMException if the method does not exist
     */
    void setNonbondedMethod(NonbondedMethod method);
    /** Get the cutoff distance r_c, measured in nm. */
    double getCutoffDistance() const {
        return cutoff;
    }
    /**
     * Set the cutoff distance r_c.
     *
     * @param distance  the cutoff, measured in nm; positive, and at most the maximum distance of the function. This is
     *                  checked when a Context is created.
     */
    void setCutoffDistance(double distance);
    /** Get the inner cutoff distance r_in, measured in nm. */
    double getInnerCutoffDistance() const {
        return innerCutoff;
    }
    /**
     * Set the inner cutoff distance r_in.
     *
     * @param distance  the inner cutoff, measured in nm; at least the minimum distance of the function, and less than
     *                  the cutoff. This is checked when a Context is created.
     */
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
    /**
     * Set the distance at which the switching function begins to reduce the energy.
     *
     * @param distance  the switching distance, measured in nm; at least the inner cutoff, and less than the cutoff.
     *                  This is checked when a Context is created and the switching function is used.
     */
    void setSwitchingDistance(double distance);
    /** Get whether the energy includes a correction for pairs beyond the cutoff. */
    bool getUseLongRangeCorrection() const {
        return useLongRangeCorrection;
    }
    /**
     * Set whether the energy includes a correction for pairs beyond the cutoff: the energy C/V that a homogeneous
     * liquid has there, as in OpenMM::CustomNonbondedForce. It is off by default. It changes the energy and the
     * pressure, and no forces. It requires CutoffPeriodic and a function that is defined at all distances, which is
     * checked when a Context is created.
     */
    void setUseLongRangeCorrection(bool use);
    /** Get whether exclusions and exceptions hold for densities. */
    bool getUseDensityExclusions() const {
        return useDensityExclusions;
    }
    /**
     * Set whether exclusions and exceptions hold for the densities of an EnvironmentFunction, which is the default. If
     * not, excluded atoms are neighbors like all others, and exclusions hold for the pair function only. The setting
     * has no effect on other functions.
     */
    void setUseDensityExclusions(bool use);
    /** Get whether periodic boundary conditions are applied. */
    bool usesPeriodicBoundaryConditions() const override {
        return method == CutoffPeriodic;
    }

    /** Get how a Context evaluates a program. */
    Evaluation getEvaluation() const {
        return evaluation;
    }
    /**
     * Set how a Context evaluates a program: exactly, or with tables. The default is ExactEvaluation. Tables have one
     * curve for each pair of distinct particles, which are types or feature vectors, that may interact. They are made
     * when a Context is created, and again when weights, features or global parameters change. The
     * Reference platform always evaluates exactly. getKernelInfo() tells how a Context evaluates a force. The setting
     * has no effect on a force whose function is a PairTable.
     *
     * @throws OpenMMException if the value is no Evaluation
     */
    void setEvaluation(Evaluation evaluation);
    /** Get the tolerance of the tables with which a Context evaluates a program. */
    double getTableTolerance() const {
        return tableTolerance;
    }
    /**
     * Set the tolerance of the tables with which a Context evaluates a program. The default is 1e-4.
     *
     * @param tolerance  the largest force error, relative to |F| + 1 kJ/mol/nm; positive
     * @throws OpenMMException if the tolerance is not positive and finite
     */
    void setTableTolerance(double tolerance);

    /** Get the number of excluded pairs. */
    int getNumExclusions() const {
        return exclusions.size();
    }
    /**
     * Exclude a pair of particles. Whether the particles exist, and whether the pair was excluded before, is checked
     * when a Context is created.
     *
     * @param particle1  the index of the first particle
     * @param particle2  the index of the second particle
     * @return the index of the exclusion
     */
    int addExclusion(int particle1, int particle2);
    /** Exclude many pairs of particles. This is the same as calling addExclusion() for each pair. */
    void addExclusions(const std::vector<std::pair<int, int>>& pairs);
    /**
     * Get the particles of an exclusion.
     *
     * @param index           the index of the exclusion
     * @param[out] particle1  the index of the first particle
     * @param[out] particle2  the index of the second particle
     * @throws OpenMMException if the index is out of range
     */
    void getExclusionParticles(int index, int& particle1, int& particle2) const;
    /**
     * Set the particles of an exclusion. They are checked when a Context is created.
     *
     * @param index      the index of the exclusion
     * @param particle1  the index of the first particle
     * @param particle2  the index of the second particle
     * @throws OpenMMException if the index of the exclusion is out of range
     */
    void setExclusionParticles(int index, int particle1, int particle2);
    /**
     * Exclude all pairs that are connected by at most a given number of bonds. Call this after all particles have been
     * added. Pairs that are excluded already, or are exceptions, are not added again.
     *
     * @param bonds       pairs of bonded particles
     * @param bondCutoff  the largest number of bonds between two excluded particles; with 0 nothing is excluded
     * @throws OpenMMException if a bond names a particle that has not been added
     */
    void createExclusionsFromBonds(const std::vector<std::pair<int, int>>& bonds, int bondCutoff);

    /** Get the number of exceptions. */
    int getNumExceptions() const {
        return exceptions.size();
    }
    /**
     * Give a pair of particles a factor of its own, which multiplies its energy in place of the 1 of all other pairs.
     * It is used for scaled 1-4 pairs. Like any pair, an exception contributes only below the cutoff, between covered
     * particles, and if the interaction groups allow it. When a Context is created, it checks that the particles exist,
     * and that the pair has no exclusion and no other exception.
     *
     * @param particle1  the index of the first particle
     * @param particle2  the index of the second particle
     * @param factor     the factor; 0 excludes the pair
     * @param replace    whether the exception replaces what the pair has already: its exclusion, which is removed, so
     *                   that the indices of later exclusions change, or its exception, whose factor changes
     * @return the index of the exception
     */
    int addException(int particle1, int particle2, double factor, bool replace = false);
    /**
     * Add exceptions for many pairs. This is faster than calling addException() for each pair.
     *
     * @param pairs    the particles of each pair
     * @param factors  the factor of each pair
     * @param replace  as in addException()
     * @return the index of the exception of each pair
     * @throws OpenMMException if the numbers of pairs and factors differ
     */
    std::vector<int> addExceptions(
            const std::vector<std::pair<int, int>>& pairs, const std::vector<double>& factors, bool replace = false);
    /**
     * Get the particles and the factor of an exception.
     *
     * @param index           the index of the exception
     * @param[out] particle1  the index of the first particle
     * @param[out] particle2  the index of the second particle
     * @param[out] factor     the factor
     * @throws OpenMMException if the index is out of range
     */
    void getExceptionParameters(int index, int& particle1, int& particle2, double& factor) const;
    /**
     * Set the particles and the factor of an exception. updateParametersInContext() copies the factor to a Context, and
     * cannot change the particles.
     *
     * @param index      the index of the exception
     * @param particle1  the index of the first particle
     * @param particle2  the index of the second particle
     * @param factor     the factor; 0 excludes the pair
     * @throws OpenMMException if the index of the exception is out of range
     */
    void setExceptionParameters(int index, int particle1, int particle2, double factor);
    /** Get the pairs that are not evaluated with all others: the exclusions, then the exceptions. */
    std::vector<std::pair<int, int>> getExclusionsAndExceptions() const;

    /** Get the number of interaction groups. */
    int getNumInteractionGroups() const {
        return interactionGroups.size();
    }
    /**
     * Add an interaction group. A force without interaction groups computes all pairs. A force with interaction groups
     * computes only pairs that have one particle in the first set and the other particle in the second set of at least
     * one group. A pair that is in several groups counts once.
     *
     * @param set1  the indices of the particles of the first set; checked when a Context is created
     * @param set2  the indices of the particles of the second set; checked when a Context is created
     * @return the index of the group
     */
    int addInteractionGroup(const std::set<int>& set1, const std::set<int>& set2);
    /**
     * Get the two sets of an interaction group.
     *
     * @param index      the index of the group
     * @param[out] set1  the indices of the particles of the first set
     * @param[out] set2  the indices of the particles of the second set
     * @throws OpenMMException if the index is out of range
     */
    void getInteractionGroupParameters(int index, std::set<int>& set1, std::set<int>& set2) const;
    /**
     * Set the two sets of an interaction group.
     *
     * @param index  the index of the group
     * @param set1   the indices of the particles of the first set; checked when a Context is created
     * @param set2   the indices of the particles of the second set; checked when a Context is created
     * @throws OpenMMException if the index of the group is out of range
     */
    void setInteractionGroupParameters(int index, const std::set<int>& set1, const std::set<int>& set2);

    /** Get the name of the scale s, or an empty string if there is none. */
    const std::string& getScaleParameter() const {
        return scaleParameter;
    }
    /** Get the default value of the scale s. */
    double getScaleDefaultValue() const {
        return scaleDefault;
    }
    /**
     * Multiply the energy by a global parameter of the Context, the scale s.
     *
     * @param name          the name of the parameter; an empty string removes the scale
     * @param defaultValue  the value of the parameter in a new Context. It must be finite, which is checked when a
     *                      Context is created.
     */
    void setScaleParameter(const std::string& name, double defaultValue = 1.0);
    /** Get the number of global parameters of the function, the scale not included. */
    int getNumGlobalParameters() const {
        return globalParameters.size();
    }
    /**
     * Get the name of a global parameter of the function.
     *
     * @throws OpenMMException if the index is out of range
     */
    const std::string& getGlobalParameterName(int index) const;
    /**
     * Get the default value of a global parameter of the function: its value in a new Context.
     *
     * @throws OpenMMException if the index is out of range
     */
    double getGlobalParameterDefaultValue(int index) const;
    /**
     * Set the default value of a global parameter of the function.
     *
     * @param index  the index of the parameter in the function
     * @param value  the value of the parameter in a new Context. It must be finite and in the range of the parameter,
     *               which is checked when a Context is created.
     * @throws OpenMMException if the index is out of range
     */
    void setGlobalParameterDefaultValue(int index, double value);
    /**
     * Get the range of a global parameter of the function. A Context refuses to compute with a value outside this
     * range.
     *
     * @param index      the index of the parameter in the function
     * @param[out] low   the lower end of the range; may be infinite
     * @param[out] high  the upper end of the range; may be infinite
     * @throws OpenMMException if the index is out of range
     */
    void getGlobalParameterRange(int index, double& low, double& high) const;
    /**
     * Set the range of a global parameter of the function. The function itself, and tables in it, were made and checked
     * for its original range; they may be inaccurate in a wider range.
     *
     * @param index  the index of the parameter in the function
     * @param low    the lower end of the range; may be infinite
     * @param high   the upper end of the range; may be infinite
     * @throws OpenMMException if the index is out of range
     */
    void setGlobalParameterRange(int index, double low, double high);
    /** Get the handle of this force. ForceHandle::exists() tells whether the force with a handle still exists. */
    long long getHandle() const {
        return handle.get();
    }
    /** Get whether the scale or a global parameter of the function has a given name. */
    bool hasParameter(const std::string& name) const;
    /** Get the number of parameters with respect to which the derivative of the energy is computed. */
    int getNumEnergyParameterDerivatives() const {
        return derivatives.size();
    }
    /**
     * Request the derivative of the energy with respect to the scale or a global parameter of the function. A second
     * request for the same parameter has no effect.
     *
     * @param name  the name of the parameter
     * @throws OpenMMException if neither the scale nor a global parameter of the function has this name
     */
    void addEnergyParameterDerivative(const std::string& name);
    /**
     * Get the name of a parameter with respect to which the derivative of the energy is computed.
     *
     * @param index  the index of the derivative, from 0 to getNumEnergyParameterDerivatives()-1
     * @throws OpenMMException if the index is out of range
     */
    const std::string& getEnergyParameterDerivativeName(int index) const;

    /**
     * Get the report, a text on the origin and the accuracy of the function. It is copied and serialized with the
     * force, and never interpreted in C++. The Python package stores JSON in it.
     */
    const std::string& getReport() const {
        return report;
    }
    /** Set the report. */
    void setReport(const std::string& report);

    /**
     * State that the forces of a class never use OpenMM's nonbonded kernel on GPUs. Beside a force of an unknown class,
     * such as one of another plugin, a LearnedPairForce has a kernel of its own, which is slower and always correct. If
     * the statement is wrong, the creation of a Context fails or energies are wrong. It holds for all Contexts that
     * this process creates afterwards.
     *
     * @param className  the name of the class in System XML files, such as "PlumedForce"
     */
    static void trustForce(const std::string& className);
    /** Get whether trustForce() was called for a class. */
    static bool isTrustedForce(const std::string& className);

    /**
     * Copy the particles' types or features, the function and the ranges of global parameters to an existing Context.
     * The new function must be a table of the same shape, or a program with the same steps and new weights. All other
     * settings must be the same as when the Context was created. To change them, call Context::reinitialize() or create
     * a new Context.
     *
     * @throws OpenMMException if another setting has changed, which the message names, or if the force is invalid
     */
    void updateParametersInContext(OpenMM::Context& context);
    /**
     * Get how a Context evaluates this force.
     *
     * @throws OpenMMException if the Context does not contain this force
     */
    KernelInfo getKernelInfo(OpenMM::Context& context) const;

protected:
    OpenMM::ForceImpl* createImpl() const override;

private:
    void requireTypes() const;
    void requireFeatures() const;
    ForceHandle handle;
    std::shared_ptr<const LearnedFunction> function;
    std::vector<int> particleTypes;       // if the function has features: 0 for covered particles, else NotCovered
    std::vector<double> particleFeatures; // shape [number of particles][number of features]
    NonbondedMethod method;
    double cutoff, innerCutoff, switchingDistance;
    bool useSwitching, useLongRangeCorrection, useDensityExclusions;
    Evaluation evaluation;
    double tableTolerance;
    struct Exception {
        int particle1, particle2;
        double factor;
    };
    /** Remove the exclusions of some pairs. In each pair, the lower index is first. */
    void removeExclusions(const std::set<std::pair<int, int>>& pairs);
    std::vector<std::pair<int, int>> exclusions;
    std::vector<Exception> exceptions;
    std::vector<std::pair<std::set<int>, std::set<int>>> interactionGroups;
    std::string scaleParameter;
    double scaleDefault;
    std::vector<GlobalParameter> globalParameters; // of the function, with the default values and ranges of this force
    std::vector<std::string> derivatives;
    std::string report;
};

} // namespace LearnedPairPlugin
