// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/CurveTabulator.h"
#include "internal/DistinctParticles.h"
#include "internal/exportLearnedPair.h"
#include "internal/GlobalFactor.h"
#include "internal/InteractionClasses.h"
#include "internal/ProgramCost.h"
#include "internal/ProgramSampler.h"
#include "internal/StagedProgram.h"
#include "internal/StageValues.h"
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace LearnedPairPlugin {

/** The tables of a program for the distinct particles of a force, at given values of the global parameters. */
struct FunctionTables {
    /** Of the rest h of the function (GlobalFactor). Their types are the distinct particles of the force. */
    TableCurves curves;
    int numCurves;      ///< the number of distinct curves
    size_t numBytes;    ///< of the coefficients in single precision
    CurveErrors errors; ///< of h: maxima and sums over all curves
};

/**
 * Makes tables of a program: one curve for each pair of distinct particles that may interact. Tables are a function of
 * the force and the values of the global parameters only, whatever was computed before, so that simulations can be
 * reproduced. A factor of the program that depends on global parameters only is not tabulated: see GlobalFactor.
 *
 * The tables for the last values of the global parameters are kept, so that a parameter that switches between a few
 * values does not make them again. If the features of particles change, only the curves of new feature vectors are
 * made.
 */
class LEARNEDPAIR_EXPORT ProgramTables {
public:
    /** The largest number of bytes, in single precision, of the tables for one set of values. */
    static constexpr size_t MaxBytes = 64 << 20;
    /** The largest number of sets of values of the global parameters whose tables are kept. */
    static constexpr int MaxKept = 16;
    /**
     * @param force        a force whose function is a PairProgram
     * @param derivatives  the indices of the global parameters with respect to which derivatives are computed
     * @param numThreads   the number of threads that make tables; 0 means one thread per core
     */
    ProgramTables(const LearnedPairForce& force, const std::vector<int>& derivatives, int numThreads = 0);
    ProgramTables(const ProgramTables&) = delete;
    ProgramTables& operator=(const ProgramTables&) = delete;
    /** Get the interaction classes of the force, whose types are its distinct particles. */
    const InteractionClasses& getClasses() const {
        return classes;
    }
    /** Get the number of pairs of distinct particles that need a curve. */
    int getNumCurves() const {
        return pairs.size();
    }
    /** Get the estimated number of evaluations of the program that make all curves. */
    long long estimateSamples() const;
    /** Get the number of arithmetic operations of one evaluation of the program. */
    long long getCostOfSample() const {
        return ProgramCost(program->getPairPart()).getTotal();
    }
    /** Get the number of evaluations of the program so far. */
    long long getNumSamples() const {
        return numSamples;
    }
    /** Get the number of curves that were made so far. */
    long long getNumCurvesMade() const {
        return numCurvesMade;
    }
    /** Get the factor of the function that is not tabulated. */
    GlobalFactor& getFactor() {
        return *factor;
    }
    /** Get the values of those global parameters on which the tables depend. */
    std::vector<double> select(const std::vector<double>& globals) const;
    /** Get the tables for values of the global parameters, or nullptr if they are not kept. */
    std::shared_ptr<const FunctionTables> find(const std::vector<double>& globals);
    /**
     * Make the tables for values of the global parameters, and keep them.
     *
     * @throws OpenMMException if the program is not finite, the tolerance cannot be met, or the tables need more memory
     *                         than MaxBytes
     */
    std::shared_ptr<const FunctionTables> make(const std::vector<double>& globals);
    /** Use the particles and the function of another force, whose program has the same structure. */
    void setForce(const LearnedPairForce& force);

private:
    typedef std::shared_ptr<const TabulatedCurve> Curve;
    struct Kept {
        std::vector<double> globals; // selected
        std::shared_ptr<const FunctionTables> tables;
    };
    void setProgram(const PairProgram& newFunction);
    void findPairs();
    double estimateKnots() const;
    void findLargestFactor(const LearnedPairForce& force);
    void makeCurves();
    void keepTables(const std::vector<double>& selected, const std::shared_ptr<const FunctionTables>& tables);
    std::string getKey(std::pair<int, int> pair) const;
    std::string describePair(std::pair<int, int> pair) const;
    std::string describeGlobals() const;
    std::string describe(const CurveProblem& problem, std::pair<int, int> pair) const;
    FunctionTables assemble() const;
    const std::vector<int> derivatives;
    const int numThreads;
    double minDistance, maxDistance, tolerance, largestFactor = 1;
    std::shared_ptr<const LearnedFunction> function;
    std::vector<char> globalsRead; // for each global parameter whether the tables depend on it
    std::unique_ptr<GlobalFactor> factor;
    DistinctParticles distinct;
    InteractionClasses classes;
    std::unique_ptr<StagedProgram> program;
    std::unique_ptr<StageValues> stages;
    std::unique_ptr<ProgramSampler> sampler;
    std::vector<std::pair<int, int>> pairs; // of distinct particles that may interact: the pairs that need a curve
    std::list<Kept> kept;                   // the last used first
    long long numCurvesMade = 0, numSamples = 0;
    std::vector<double> curveGlobals;    // the selected values for which `curves` were made
    std::map<std::string, Curve> curves; // by the features of both particles
};

} // namespace LearnedPairPlugin
