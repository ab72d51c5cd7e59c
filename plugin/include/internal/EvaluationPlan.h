// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/exportLearnedPair.h"
#include "internal/ProgramTables.h"
#include "KernelInfo.h"
#include "LearnedPairForce.h"
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace LearnedPairPlugin {

/**
 * How a Context evaluates a program: exactly, or with tables for the distinct particles; see
 * LearnedPairForce::setEvaluation(). Platforms call update() before each evaluation and follow its decision.
 *
 * If the evaluation is automatic, the program is evaluated exactly while tables cannot be used:
 *
 *  - the program is so short that a lookup in many curves takes as long (on GPUs), or the platform has no room for
 *    tables. The platform forbids tables then: see whyProgramIsFaster() and forbidTables();
 *  - the force has no cutoff, the platform computes in double precision, or the tables need too much time or memory.
 *    Only setForce() changes this;
 *  - at the present values of the global parameters, tables cannot reach the tolerance, or the function is not finite.
 *    Tables are tried again when a global parameter or the force changes;
 *  - global parameters or the force change so often that making tables takes longer than exact evaluation. Of the last
 *    400 evaluations at least three have then made tables, with more evaluations of the program than two for each
 *    particle and evaluation. Tables are made again when nothing has changed for 400 evaluations.
 *
 * All decisions depend on numbers of evaluations, and not on times, so that simulations can be reproduced.
 */
class LEARNEDPAIR_EXPORT EvaluationPlan {
public:
    /** The largest number of pairs of distinct particles for which tables are made automatically. */
    static constexpr int MaxCurves = 20000;
    /** The largest number of arithmetic operations that make tables automatically: tens of seconds of a core. */
    static constexpr double MaxOperations = 2e11;
    /**
     * The number of operations per pair up to which GPUs run a program rather than look up more than MaxCachedCurves
     * curves. Measured on PoCL, which runs on the processor, with benchmarks/custom_nonbonded.py --also table exact: in
     * place of 2 curves, a program of 25 operations took longer than the lookup; in place of 153 and 300 curves,
     * programs of 22 operations took less time with AVX2 (benchmarks/results/custom_nonbonded_opencl_avx2.json), and
     * the same with AVX-512 (custom_nonbonded_opencl.json).
     */
    static constexpr long long CheapOnGpu = 30;
    /** The number of curves, those of four types, that are so few that GPUs find them in their caches. */
    static constexpr int MaxCachedCurves = 10;
    /**
     * @param force              a force whose function is a PairProgram
     * @param derivatives        the indices of the global parameters with respect to which derivatives are computed
     * @param isDoublePrecision  whether the platform computes in double precision
     * @param numThreads         the number of threads that make tables; 0 means one thread per core
     */
    EvaluationPlan(const LearnedPairForce& force, const std::vector<int>& derivatives, bool isDoublePrecision,
            int numThreads = 0);
    /**
     * Prepare for an evaluation: decide how the program is evaluated, and make tables if necessary. After an
     * exception the plan remains usable: call update() again with other values, or setForce().
     *
     * @param globals  the values of the global parameters
     * @return whether the decision or the tables differ from those after the last call; true in the first call. The
     *         coefficients may change in any call.
     * @throws OpenMMException if the force asks for tables that cannot be made
     */
    bool update(const std::vector<double>& globals);
    /** Get whether tables are possible: if not, the program is always evaluated exactly. */
    bool mayUseTables() const {
        return tables != nullptr;
    }
    /** Get the tables of the present evaluation, or nullptr if the program is evaluated exactly. */
    const FunctionTables* getTables() const {
        return current.get();
    }
    /**
     * Get the coefficients of the tabulated functions in the energy and its derivatives at the present values of the
     * global parameters: see GlobalFactor. Tables must be in use.
     */
    const std::vector<double>& getCoefficients() const {
        return coefficients;
    }
    /** Get the interaction classes of the particles, whose types are those of the tables. Tables must be possible. */
    const InteractionClasses& getClasses() const {
        return tables->getClasses();
    }
    /**
     * Get why exact evaluation takes no longer than tables, or an empty string: the evaluation is automatic, the
     * program has few operations, and there are more than MaxCachedCurves curves.
     *
     * @param cheapOperations  the number of operations per pair up to which this is so
     */
    std::string whyProgramIsFaster(long long cheapOperations) const;
    /** Evaluate the program exactly from now on, also after setForce(), because the platform cannot use tables. */
    void forbidTables(const std::string& why);
    /** Evaluate the program exactly until there are other tables, because the platform has no room for the present
     * ones.
     *
     * @throws OpenMMException if the force asks for tables
     */
    void rejectTables(const std::string& why);
    /** Use the particles and the function of another force, whose program has the same structure. */
    void setForce(const LearnedPairForce& force);
    /** Set the members of a KernelInfo that say how the function is evaluated. */
    void describe(KernelInfo& info) const;

private:
    struct Making {
        long long evaluation; ///< the number of the evaluation that needed the tables
        long long numSamples;
    };
    void runProgram(const std::string& why, const char* remedy);
    void giveUpTables(const std::string& why);
    bool changesTooOften();
    void makeTables(const std::vector<double>& globals);
    const std::vector<int> derivatives;
    const bool isDoublePrecision;
    const int numThreads;
    LearnedPairForce::Evaluation evaluation;
    long long numParticles;
    std::string forbidden; // why the platform cannot use tables, or empty
    std::string reason;    // why the program is evaluated exactly, for KernelInfo
    std::unique_ptr<ProgramTables> tables;
    std::shared_ptr<const FunctionTables> current;
    bool isDecided = false;
    bool isRejected = false; // tables for the present values and force were tried and failed
    bool isWaiting = false;  // there were too many changes; tables are made after Window evaluations without one
    std::vector<double> allGlobals;
    std::vector<double> globals; // those on which the tables depend
    std::vector<double> coefficients;
    long long numEvaluations = 0, unchangedSince = 0;
    std::deque<Making> makings; // of tables, in the last Window evaluations, failed ones included
};

} // namespace LearnedPairPlugin
