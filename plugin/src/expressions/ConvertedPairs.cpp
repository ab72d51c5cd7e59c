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
// The ratio of the distances that are tried as the inner cutoff, and the interval at which a straight line is checked.
static const double Ratio = 1.25, Interval = 0.002;
// The distances, as fractions of the cutoff, at which the order of particles and indices of functions are checked.
static const double Fractions[] = {0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.999};
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
    if (defaults.size() > 1)
        for (double value : ExaminedValues)
            globals.push_back(vector<double>(defaults.size(), value));
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
    for (auto& values : globals)
        for (double fraction : Fractions) {
            const double r = fraction * force.getCutoffDistance();
            vector<double> energies = evaluate(*evaluator, r, values),
                           exchanged = evaluate(*evaluator, r, values, true);
            for (size_t k = 0; k < pairs.size(); k++) {
                double difference = std::abs(energies[k] - exchanged[k]);
                require(!(difference > Rounding * (1 + std::abs(energies[k]))), "the energy of a pair (", describe(k),
                        ") at ", r, " nm is ", energies[k], " kJ/mol, and ", exchanged[k],
                        " kJ/mol if its particles are exchanged, so that the result depends on their order; write a "
                        "symmetric expression");
            }
        }
}

void ConvertedPairs::requireNone(std::shared_ptr<const PairProgram> indicesOutside) {
    auto counter = PairEvaluator::create(indicesOutside);
    for (double fraction : Fractions) {
        const double r = fraction * force.getCutoffDistance();
        vector<double> counts = evaluate(*counter, r, globals[0]);
        for (size_t k = 0; k < pairs.size(); k++)
            require(counts[k] == 0, "a pair (", describe(k), ") at ", r,
                    " nm has an index outside of a discrete function, where OpenMM's platforms disagree; correct the "
                    "parameters or extend the function");
    }
}

/**
 * Get whether no pair comes closer than a distance, or continues as a straight line below it.
 *
 * @param distances  the shorter distances at which the energies are compared with the straight line
 */
bool ConvertedPairs::isEnough(double r, const vector<double>& distances) {
    const double wallDistance = WallDistance * std::min(1.0, force.getCutoffDistance());
    for (auto& values : globals) {
        const vector<double> at = evaluate(*evaluator, r, values),
                             before = evaluate(*evaluator, r * (1 - 1e-5), values);
        vector<char> isStraight(pairs.size(), true), hasLargeEnergy(pairs.size(), false);
        for (double distance : distances) {
            const vector<double> below = evaluate(*evaluator, distance, values);
            for (size_t k = 0; k < pairs.size(); k++) {
                const double slope = (at[k] - before[k]) / (1e-5 * r);
                isStraight[k] &= (std::abs(below[k] - at[k] - slope * (distance - r)) <= MaxContinuationError);
                hasLargeEnergy[k] |= !(std::abs(below[k]) < WallEnergy);
            }
        }
        for (size_t k = 0; k < pairs.size(); k++) {
            // If the energy is not finite, the function is not defined at these values of the parameters. A repulsive
            // wall keeps pairs away wherever it is. A large attractive energy says nothing by itself, since ions have
            // such energies at ordinary distances: it counts only where r is shorter than any distance of two atoms.
            const bool isWall = (!std::isfinite(at[k]) || at[k] >= WallEnergy);
            const bool isTooClose = (r <= wallDistance && (std::abs(at[k]) >= WallEnergy || hasLargeEnergy[k]));
            if (!isWall && !isTooClose && !isStraight[k])
                return false;
        }
    }
    return true;
}

/** Get whether the energies of all pairs are zero at some distances. */
bool ConvertedPairs::areAllZero() {
    for (auto& values : globals)
        for (double fraction : Fractions)
            for (double energy : evaluate(*evaluator, fraction * force.getCutoffDistance(), values))
                if (energy != 0)
                    return false;
    return true;
}

double ConvertedPairs::chooseInnerCutoff() {
    const double cutoff = force.getCutoffDistance(), lowest = std::min(MinInnerCutoff, MinInnerCutoff * cutoff);
    if (!areAllExamined || areAllZero()) // zeros say nothing about the energies after a change of the parameters
        return lowest;
    double r = WallDistance * std::min(1.0, cutoff); // one of the distances that are tried
    while (r * Ratio <= cutoff / 4)
        r *= Ratio;
    for (; r > lowest; r /= Ratio) {
        if (!isEnough(r, {0.75 * r, 0.5 * r, 0.25 * r, 1e-3 * r}))
            continue;
        vector<double> distances;
        for (double distance = Interval; distance < r; distance += Interval)
            distances.push_back(distance);
        if (isEnough(r, distances))
            return r;
    }
    return lowest;
}
