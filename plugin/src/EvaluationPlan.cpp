// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/EvaluationPlan.h"
#include "internal/require.h"

using namespace LearnedPairPlugin;
using OpenMM::OpenMMException;
using std::string;
using std::vector;

// The numbers of the rule in the class comment.
static const int Window = 400, MinMakings = 3, SamplesPerParticle = 2;

EvaluationPlan::EvaluationPlan(
        const LearnedPairForce& force, const vector<int>& derivatives, bool isDoublePrecision, int numThreads) :
        derivatives(derivatives),
        isDoublePrecision(isDoublePrecision),
        numThreads(numThreads) {
    setForce(force);
}

string EvaluationPlan::whyProgramIsFaster(long long cheapOperations) const {
    if (evaluation != LearnedPairForce::AutomaticEvaluation || tables == nullptr ||
            tables->getCostOfSample() > cheapOperations || tables->getNumCurves() <= MaxCachedCurves)
        return "";
    return "the program has only " + std::to_string(tables->getCostOfSample()) +
            " operations per pair, which take no longer than a lookup in " + std::to_string(tables->getNumCurves()) +
            " curves";
}

void EvaluationPlan::setForce(const LearnedPairForce& force) {
    evaluation = force.getEvaluation();
    numParticles = force.getNumParticles();
    isDecided = isRejected = false;
    current = nullptr;
    reason.clear();
    if (evaluation == LearnedPairForce::ExactEvaluation) {
        reason = "the force asks for it";
        return;
    }
    try {
        require(forbidden.empty(), forbidden);
        require(force.getNonbondedMethod() != LearnedPairForce::NoCutoff,
                "tables end at the cutoff, and the force has none");
        bool isAutomatic = (evaluation == LearnedPairForce::AutomaticEvaluation);
        require(!isAutomatic || !isDoublePrecision, "the platform computes in double precision");
        if (tables == nullptr)
            tables = std::make_unique<ProgramTables>(force, derivatives, numThreads);
        else
            tables->setForce(force);
        if (isAutomatic) {
            double operations = (double) tables->estimateSamples() * tables->getCostOfSample();
            require(tables->getNumCurves() <= MaxCurves && operations <= MaxOperations, "the particles have ",
                    tables->getNumCurves(),
                    " pairs of distinct types or feature vectors, and tables for so many would take too long to make");
        }
    }
    catch (const OpenMMException& exception) {
        giveUpTables(exception.what());
    }
}

/** Evaluate the program exactly; if the force asks for tables, throw an exception. */
void EvaluationPlan::runProgram(const string& why, const char* remedy) {
    const string prefix = "LearnedPairForce: "; // of complete messages
    current = nullptr;
    reason = (why.compare(0, prefix.size(), prefix) == 0 ? why.substr(prefix.size()) : why);
    require(evaluation == LearnedPairForce::AutomaticEvaluation, prefix,
            "the function cannot be evaluated with tables: ", reason, ". ", remedy);
}

/** Evaluate the program exactly from now on. */
void EvaluationPlan::giveUpTables(const string& why) {
    runProgram(why, "Use automatic or exact evaluation.");
    tables.reset();
}

bool EvaluationPlan::update(const vector<double>& newGlobals) {
    numEvaluations++;
    bool isFirst = !isDecided;
    isDecided = true;
    if (tables == nullptr || (!isFirst && current != nullptr && newGlobals == allGlobals))
        return isFirst;
    allGlobals = newGlobals;
    coefficients = tables->getFactor().getCoefficients(newGlobals);
    vector<double> selected = tables->select(newGlobals);
    if (isFirst || selected != globals) {
        globals = selected;
        isWaiting &= (numEvaluations - unchangedSince < Window);
        unchangedSince = numEvaluations;
        isRejected = false;
    }
    else if (current != nullptr || isRejected)
        return false;
    auto previous = current;
    current = tables->find(newGlobals);
    if (current == nullptr && changesTooOften())
        reason = "global parameters, features or weights change too often for tables";
    else if (current == nullptr)
        makeTables(newGlobals);
    return isFirst || current != previous;
}

/** Get whether the force changes so often that tables do not pay; see the class comment. */
bool EvaluationPlan::changesTooOften() {
    if (evaluation == LearnedPairForce::TableEvaluation)
        return false;
    while (!makings.empty() && makings.front().evaluation <= numEvaluations - Window)
        makings.pop_front();
    long long numSamples = 0;
    for (auto& making : makings)
        numSamples += making.numSamples;
    isWaiting = (isWaiting && numEvaluations - unchangedSince < Window) ||
            ((int) makings.size() >= MinMakings && numSamples > SamplesPerParticle * numParticles * Window);
    return isWaiting;
}

/** Make the tables for values of the global parameters. */
void EvaluationPlan::makeTables(const vector<double>& newGlobals) {
    const long long numSamples = tables->getNumSamples();
    string problem;
    try {
        current = tables->make(newGlobals);
    }
    catch (const OpenMMException& exception) {
        problem = exception.what();
    }
    if (tables->getNumSamples() > numSamples)
        makings.push_back({numEvaluations, tables->getNumSamples() - numSamples});
    if (!problem.empty()) {
        runProgram(problem, "Use automatic or exact evaluation.");
        isRejected = true;
    }
}

void EvaluationPlan::forbidTables(const string& why) {
    forbidden = why;
    giveUpTables(why);
}

void EvaluationPlan::rejectTables(const string& why) {
    runProgram(why + "; call reinitialize() on the Context", "Or use automatic or exact evaluation.");
    isRejected = true;
}

void EvaluationPlan::describe(KernelInfo& info) const {
    info.evaluation = (current == nullptr ? "program" : "table");
    info.exactBecause = (current == nullptr ? reason : "");
    if (tables != nullptr)
        info.numCurvesMade = tables->getNumCurvesMade();
    if (current != nullptr) {
        info.numCurves = current->numCurves;
        info.tableBytes = current->numBytes;
        info.maxRelativeForceError = current->errors.maxRelativeForceError;
    }
}
