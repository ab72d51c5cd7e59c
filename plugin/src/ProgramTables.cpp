// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/ProgramTables.h"
#include "internal/formatNumber.h"
#include "internal/passes.h"
#include "internal/require.h"
#include <algorithm>
#include <cmath>
#include <sstream>

using namespace LearnedPairPlugin;
using std::pair;
using std::string;
using std::vector;

// On a device a knot of one function takes three numbers in single precision: see KnotTable.
static const size_t BytesPerKnot = 12;
// A cubic force needs the fewest knots.
static const Interpolation Interpolated = Interpolation::CubicForce;
// A usual number of knots of a curve at a usual tolerance, from which the work is estimated: that of a network with 16
// Gaussians and a cutoff of 0.6 nm.
static const double UsualNumKnots = 75, UsualTolerance = 1e-4;
// Curves are tabulated in groups of this size, after each of which the memory is checked.
static const size_t CurvesAtOnce = 256;

/** Make the interaction classes of distinct particles, of which there may be too many for tables. */
static InteractionClasses makeClasses(const LearnedPairForce& force, const DistinctParticles& distinct) {
    require(distinct.count < InteractionClasses::MaxClasses, "the particles have ", distinct.count,
            " distinct types or feature vectors, and tables are possible for at most ",
            InteractionClasses::MaxClasses - 1);
    return InteractionClasses(force, distinct);
}

ProgramTables::ProgramTables(const LearnedPairForce& force, const vector<int>& derivatives, int numThreads) :
        derivatives(derivatives),
        numThreads(numThreads),
        distinct(force),
        classes(makeClasses(force, distinct)) {
    setForce(force);
}

void ProgramTables::setForce(const LearnedPairForce& force) {
    auto& newFunction = dynamic_cast<const PairProgram&>(force.getFunction());
    DistinctParticles newDistinct(force);
    InteractionClasses newClasses = makeClasses(force, newDistinct); // throws before anything has changed
    auto sameProgram = [&] {
        auto &old = dynamic_cast<const PairProgram&>(*function).getProgram(), &now = newFunction.getProgram();
        return old.getWeights() == now.getWeights() && old.getText() == now.getText();
    };
    if (function == nullptr || !sameProgram())
        setProgram(newFunction);
    function = force.getSharedFunction();
    minDistance = force.getInnerCutoffDistance();
    maxDistance = force.getCutoffDistance();
    tolerance = force.getTableTolerance();
    distinct = newDistinct;
    classes = newClasses;
    stages = std::make_unique<StageValues>(*program, distinct.values, distinct.count);
    kept.clear();
    findPairs();
    findLargestFactor(force);
}

/**
 * Find the largest factor (GlobalFactor), at least 1, at the ends of the ranges of the global parameters and at their
 * default values. It multiplies the error of the tables.
 */
void ProgramTables::findLargestFactor(const LearnedPairForce& force) {
    const int count = force.getNumGlobalParameters();
    const bool isManyDimensional = count > 8; // then one parameter at a time
    vector<double> defaults;
    vector<vector<double>> points(1);
    for (int i = 0; i < count; i++)
        defaults.push_back(force.getGlobalParameterDefaultValue(i));
    points[0] = defaults;
    for (int i = 0; i < count; i++) {
        double ends[2];
        force.getGlobalParameterRange(i, ends[0], ends[1]);
        const size_t numPoints = (isManyDimensional ? 1 : points.size());
        for (double end : ends)
            for (size_t k = 0; k < numPoints && std::isfinite(end); k++) {
                points.push_back(points[k]);
                points.back()[i] = end;
            }
    }
    const double before = largestFactor;
    largestFactor = 1;
    for (auto& point : points)
        if (double size = std::abs(factor->getCoefficients(point)[0]); std::isfinite(size))
            largestFactor = std::max(largestFactor, size);
    if (largestFactor != before)
        curves.clear();
}

/** Divide the program into its factor and the rest, and prepare to sample the rest. */
void ProgramTables::setProgram(const PairProgram& newFunction) {
    FactoredProgram factored = splitGlobalFactor(newFunction.getProgram(), newFunction.getParticleInput());
    PairProgram rest(factored.rest, newFunction.getNumTypes(), newFunction.getFeatures(), newFunction.getMinDistance(),
            newFunction.getGlobalParameters());
    globalsRead = findGlobalsRead(factored.rest, newFunction.getGlobalParameters().size());
    vector<int> tableDerivatives;
    for (int element : derivatives)
        if (globalsRead[element])
            tableDerivatives.push_back(element);
    factor = std::make_unique<GlobalFactor>(factored.factor, derivatives, tableDerivatives);
    curves.clear();
    program = std::make_unique<StagedProgram>(rest, tableDerivatives);
    sampler = std::make_unique<ProgramSampler>(*program, tableDerivatives.size(), numThreads);
}

vector<double> ProgramTables::select(const vector<double>& globals) const {
    vector<double> selected;
    for (size_t i = 0; i < globals.size(); i++)
        if (globalsRead[i])
            selected.push_back(globals[i]);
    return selected;
}

/** Find the pairs of distinct particles that may interact, according to the classes of the particles. */
void ProgramTables::findPairs() {
    vector<int> count(classes.numClasses, 0);
    for (int particleClass : classes.particleClasses)
        count[particleClass]++;
    pairs.clear();
    for (int i = 1; i < classes.numClasses; i++)
        for (int j = i; j < classes.numClasses && count[i] > 0; j++)
            if (classes.interacts[(size_t) i * classes.numClasses + j] && (i == j ? count[i] > 1 : count[j] > 0))
                pairs.push_back(std::minmax(classes.types[i], classes.types[j]));
    std::sort(pairs.begin(), pairs.end());
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
}

/** Estimate the number of knots of a curve. The error is proportional to the inverse fourth power of that number. */
double ProgramTables::estimateKnots() const {
    return std::max<double>(
            CurveTabulator::MinIntervals + 1, UsualNumKnots * std::pow(UsualTolerance / tolerance, 0.25));
}

long long ProgramTables::estimateSamples() const {
    return (long long) (pairs.size() * (6 * CurveTabulator::MinIntervals + 12 * estimateKnots()));
}

std::shared_ptr<const FunctionTables> ProgramTables::find(const vector<double>& globals) {
    vector<double> selected = select(globals);
    for (auto entry = kept.begin(); entry != kept.end(); ++entry)
        if (entry->globals == selected) {
            kept.splice(kept.begin(), kept, entry);
            return entry->tables;
        }
    return nullptr;
}

/** Get the types or features of a pair of distinct particles as bytes. */
string ProgramTables::getKey(pair<int, int> pair) const {
    size_t size = distinct.width * sizeof(double);
    auto bytes = reinterpret_cast<const char*>(distinct.values.data());
    return string(bytes + pair.first * size, size) + string(bytes + pair.second * size, size);
}

std::shared_ptr<const FunctionTables> ProgramTables::make(const vector<double>& globals) {
    const size_t estimate = (size_t) (pairs.size() * estimateKnots() * BytesPerKnot * sampler->getNumFunctions());
    require(estimate <= 2 * MaxBytes, "the tables of ", pairs.size(), " pairs of distinct particles need about ",
            estimate >> 20, " MiB, and at most ", MaxBytes >> 20, " MiB are possible");
    vector<double> selected = select(globals);
    if (selected != curveGlobals)
        curves.clear();
    curveGlobals = selected;
    stages->update(globals);
    makeCurves();
    auto tables = std::make_shared<FunctionTables>(assemble());
    keepTables(selected, tables);
    return tables;
}

/** Make the curves of all pairs that have none yet, and forget those that no pair needs. */
void ProgramTables::makeCurves() {
    vector<pair<int, int>> missing;
    for (auto& pair : pairs)
        if (curves.count(getKey(pair)) == 0)
            missing.push_back(pair);
    sampler->setCurves(*stages, distinct.count, missing);
    // Just below the cutoff, since a function that is cut off there may be zero at the cutoff itself.
    CurveTabulator tabulator(
            *sampler, Interpolated, minDistance, maxDistance, maxDistance * (1 - 1e-12), tolerance, 1 / largestFactor);
    std::map<string, Curve> needed;
    size_t numBytes = 0;
    auto keep = [&](const string& key, const Curve& curve) {
        needed[key] = curve;
        numBytes += BytesPerKnot * (curve->numIntervals + 1) * curve->functions.size();
        // If the first curves are very large, so are the others, which need not be made.
        bool isHopeless = (needed.size() >= CurvesAtOnce && numBytes / needed.size() * pairs.size() > 2 * MaxBytes);
        require(numBytes <= MaxBytes && !isHopeless, "the tables of ", pairs.size(),
                " pairs of distinct particles need more than ", MaxBytes >> 20, " MiB");
    };
    for (auto& pair : pairs)
        if (auto position = curves.find(getKey(pair)); position != curves.end())
            keep(position->first, position->second);
    for (size_t first = 0; first < missing.size(); first += CurvesAtOnce) {
        vector<TabulatedCurve> some;
        for (size_t i = first; i < std::min(first + CurvesAtOnce, missing.size()); i++)
            some.push_back({(int) i, CurveTabulator::MinIntervals, {}, {}, 0});
        auto problem = tabulator.refine(some);
        for (auto& curve : some)
            numSamples += curve.numSamples;
        if (problem)
            require(false, describe(*problem, missing[problem->curve]));
        for (auto& curve : some)
            keep(getKey(missing[curve.curve]), std::make_shared<TabulatedCurve>(std::move(curve)));
    }
    curves = needed;
    numCurvesMade += missing.size();
}

/** Keep tables, and forget those that were not used for the longest time if there are too many. */
void ProgramTables::keepTables(const vector<double>& selected, const std::shared_ptr<const FunctionTables>& tables) {
    kept.push_front({selected, tables});
    size_t keptBytes = 0;
    int keptCount = 0;
    kept.remove_if([&](const Kept& entry) {
        keptBytes += entry.tables->numBytes;
        keptCount++;
        return keptCount > 1 && (keptCount > MaxKept || keptBytes > MaxBytes);
    });
}

/** Make the tables of all pairs from their curves. Equal curves are stored once. */
FunctionTables ProgramTables::assemble() const {
    std::map<vector<double>, int> known; // the index of a stored curve, by all its numbers
    vector<Curve> stored;
    FunctionTables tables = {};
    tables.curves.minDistance = minDistance;
    tables.curves.maxDistance = maxDistance;
    tables.curves.numTypes = distinct.count;
    vector<int>& indices = tables.curves.curveIndices;
    indices.assign((size_t) distinct.count * distinct.count, PairTable::NoCurve);
    for (size_t i = 0; i < pairs.size(); i++) {
        const Curve& curve = curves.at(getKey(pairs[i]));
        vector<double> numbers;
        for (auto& function : curve->functions)
            for (auto* values : {&function.energies, &function.slopes, &function.curvatures})
                numbers.insert(numbers.end(), values->begin(), values->end());
        auto [position, isNew] = known.insert({std::move(numbers), (int) stored.size()});
        if (isNew)
            stored.push_back(curve);
        auto [first, second] = pairs[i];
        indices[first * distinct.count + second] = indices[second * distinct.count + first] = position->second;
        tables.errors.add(curve->errors);
    }
    for (int f = 0; f < sampler->getNumFunctions(); f++) {
        tables.curves.functions.emplace_back();
        for (auto& curve : stored) {
            tables.curves.functions[f].push_back(curve->functions[f]);
            tables.numBytes += BytesPerKnot * curve->functions[f].energies.size();
        }
    }
    tables.numCurves = stored.size();
    return tables;
}

/** Describe a pair of distinct particles for messages. */
string ProgramTables::describePair(pair<int, int> pair) const {
    auto describe = [&](int particle) {
        const double* values = &distinct.values[(size_t) particle * distinct.width];
        if (function->getParticleInput() == ParticleInput::Types)
            return "type " + formatNumber(values[0]);
        string text;
        for (int k = 0; k < distinct.width; k++)
            text += (k == 0 ? "(" : ", ") + function->getFeatures()[k].name + " = " + formatNumber(values[k]);
        return text + ")";
    };
    return describe(pair.first) + " and " + describe(pair.second);
}

/** Describe the values of the global parameters on which the tables depend, for messages. */
string ProgramTables::describeGlobals() const {
    string text;
    auto value = curveGlobals.begin();
    for (size_t i = 0; i < globalsRead.size(); i++)
        if (globalsRead[i])
            text += (text.empty() ? " at " : ", ") + function->getGlobalParameters()[i].name + " = " +
                    formatNumber(*value++);
    return text;
}

string ProgramTables::describe(const CurveProblem& problem, pair<int, int> pair) const {
    std::ostringstream text;
    const string pairAndGlobals = describePair(pair) + describeGlobals();
    if (problem.kind == CurveProblem::ToleranceNotReached && std::isinf(problem.forceError))
        text << "for " << pairAndGlobals << " the energy jumps near " << problem.r << " nm, and tables are continuous";
    else if (problem.kind == CurveProblem::ToleranceNotReached)
        text << "the table for " << pairAndGlobals << " does not reach the tolerance " << tolerance << " with "
             << problem.numKnots << " knots: at " << problem.r << " nm the force is " << std::abs(problem.dEdR)
             << " kJ/mol/nm and the error " << problem.forceError;
    else
        text << "for " << pairAndGlobals << " at " << problem.r << " nm the function is "
             << (problem.kind == CurveProblem::NotFinite ? "not finite" : "too large for single precision")
             << ": the energy is " << problem.energy << " kJ/mol and dE/dr is " << problem.dEdR << " kJ/mol/nm";
    return text.str();
}
