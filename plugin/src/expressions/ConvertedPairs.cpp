// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/ConvertedPairs.h"
#include "internal/EvaluationPlan.h"
#include "internal/InteractionClasses.h"
#include "internal/require.h"
#include <algorithm>
#include <cmath>
#include <sstream>

using namespace LearnedPairPlugin;
using std::string;
using std::vector;

// With more pairs, which are too many for tables as well, a part of them is examined.
static const size_t MaxPairs = EvaluationPlan::MaxCurves;
// The number of global parameters whose values are changed.
static const size_t MaxParameters = 10;
// The rule of the inner cutoff: see convertCustomNonbonded.h.
static const double WallEnergy = 1000, MaxContinuationError = 1e-3, WallDistance = 0.05, MinInnerCutoff = 0.01;
// The ratio of the distances that are tried as the inner cutoff.
static const double Ratio = 1.25;
// The values of each global parameter that are examined beside its default value. Soft-core potentials are steepest
// just below 1.
static const double ExaminedValues[] = {0, 0.5, 0.7, 0.8, 0.9, 0.95, 1};
// Energies of exchanged particles may differ by rounding.
static const double Rounding = 1e-9;

ConvertedPairs::ConvertedPairs(const LearnedPairForce& force) :
        force(force),
        distinct(force),
        evaluator(PairEvaluator::create(force.getSharedFunction())) {
    vector<double> defaults;
    for (int i = 0; i < force.getNumGlobalParameters(); i++)
        defaults.push_back(force.getGlobalParameterDefaultValue(i));
    globals.push_back(defaults);
    for (size_t i = 0; i < std::min(defaults.size(), MaxParameters); i++)
        for (double value : ExaminedValues) {
            globals.push_back(defaults);
            globals.back()[i] = value;
        }
    findPairs();
}

/** Find the pairs of distinct particles that interact, or a part of them in which each particle occurs. */
void ConvertedPairs::findPairs() {
    const InteractionClasses classes(force);
    const vector<ParticleIdentity> particles = countIdentities(classes, distinct);
    const size_t numParticles = particles.size();
    auto add = [&](size_t i, size_t j) {
        auto &first = particles[i], &second = particles[j];
        if (classes.doInteract(first.interactionClass, second.interactionClass) && (i != j || first.count > 1))
            pairs.push_back({first.distinctParticle, second.distinctParticle});
    };
    areAllExamined = (numParticles * (numParticles + 1) / 2 <= MaxPairs);
    for (size_t i = 0; i < numParticles; i++)
        if (areAllExamined)
            for (size_t j = i; j < numParticles; j++)
                add(i, j);
        else
            for (size_t step : {(size_t) 0, (size_t) 1, numParticles / 3, numParticles / 2})
                add(i, (i + step) % numParticles);
}

vector<double> ConvertedPairs::evaluate(
        PairEvaluator& evaluator, double r, const vector<double>& globals, bool areExchanged) const {
    vector<const double*> particles[2];
    for (auto& pair : pairs) {
        particles[areExchanged ? 1 : 0].push_back(&distinct.values[(size_t) pair.first * distinct.width]);
        particles[areExchanged ? 0 : 1].push_back(&distinct.values[(size_t) pair.second * distinct.width]);
    }
    return evaluator.evaluate(vector<double>(pairs.size(), r), particles[0], particles[1], globals).energy;
}

/** Describe a pair by the parameters of its particles. */
string ConvertedPairs::describe(size_t pair) const {
    std::stringstream text;
    auto& features = force.getFunction().getFeatures();
    int particles[] = {pairs[pair].first, pairs[pair].second};
    for (int side = 0; side < 2; side++)
        for (size_t k = 0; k < features.size(); k++)
            text << (side + k == 0 ? "" : ", ") << features[k].name << side + 1 << " = "
                 << distinct.values[(size_t) particles[side] * distinct.width + k];
    return text.str();
}

void ConvertedPairs::requireSymmetry() {
    const double cutoff = force.getCutoffDistance();
    for (double fraction : {0.3, 0.55, 0.9}) {
        vector<double> energies = evaluate(*evaluator, fraction * cutoff, globals[0]);
        vector<double> exchanged = evaluate(*evaluator, fraction * cutoff, globals[0], true);
        for (size_t k = 0; k < pairs.size(); k++) {
            double difference = std::abs(energies[k] - exchanged[k]);
            require(!(difference > Rounding * (1 + std::abs(energies[k]))), "the energy of a pair (", describe(k),
                    ") at ", fraction * cutoff, " nm is ", energies[k], " kJ/mol, and ", exchanged[k],
                    " kJ/mol if its particles are exchanged, so that the result depends on their order; write a "
                    "symmetric expression");
        }
    }
}

void ConvertedPairs::requireNone(std::shared_ptr<const PairProgram> indicesOutside) {
    auto counter = PairEvaluator::create(indicesOutside);
    const double cutoff = force.getCutoffDistance();
    for (double fraction : {0.1, 0.3, 0.6, 0.999}) {
        vector<double> counts = evaluate(*counter, fraction * cutoff, globals[0]);
        for (size_t k = 0; k < pairs.size(); k++)
            require(counts[k] == 0, "a pair (", describe(k), ") at ", fraction * cutoff,
                    " nm has an index outside of a discrete function, where OpenMM's platforms disagree; correct the "
                    "parameters or extend the function");
    }
}

/** Get whether the energies of all pairs below a distance are high enough, or continue as a straight line. */
bool ConvertedPairs::isEnough(double r) {
    const vector<double> distances = {0.75 * r, 0.5 * r, 0.25 * r, 1e-3 * r};
    for (auto& values : globals) {
        vector<double> at = evaluate(*evaluator, r, values);
        vector<vector<double>> below;
        for (double distance : distances)
            below.push_back(evaluate(*evaluator, distance, values));
        vector<double> before = evaluate(*evaluator, r * (1 - 1e-5), values);
        for (size_t k = 0; k < pairs.size(); k++) {
            if (!std::isfinite(at[k]))
                continue; // the function is not defined at these values of the parameters
            if (std::abs(at[k]) >= WallEnergy)
                continue;
            const double slope = (at[k] - before[k]) / (1e-5 * r);
            bool isStraight = true, hasWall = false;
            for (size_t i = 0; i < distances.size(); i++) {
                double difference = std::abs(below[i][k] - at[k] - slope * (distances[i] - r));
                isStraight &= (difference <= MaxContinuationError);
                hasWall |= !(std::abs(below[i][k]) < WallEnergy);
            }
            if (!isStraight && !(hasWall && r <= WallDistance * std::min(1.0, force.getCutoffDistance())))
                return false;
        }
    }
    return true;
}

double ConvertedPairs::chooseInnerCutoff() {
    const double cutoff = force.getCutoffDistance(), lowest = std::min(MinInnerCutoff, MinInnerCutoff * cutoff);
    if (!areAllExamined)
        return lowest;
    double r = WallDistance * std::min(1.0, cutoff); // one of the distances that are tried
    while (r * Ratio <= cutoff / 4)
        r *= Ratio;
    for (; r > lowest; r /= Ratio)
        if (isEnough(r))
            return r;
    return lowest;
}
