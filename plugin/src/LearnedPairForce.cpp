// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "LearnedPairForce.h"
#include "internal/featureRanges.h"
#include "internal/LearnedPairForceImpl.h"
#include "internal/require.h"
#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

using namespace LearnedPairPlugin;
using std::pair;
using std::set;
using std::string;
using std::vector;

static void checkIndex(int index, size_t size, const char* what) {
    require(index >= 0 && (size_t) index < size, "LearnedPairForce: ", what, " index ", index,
            " is out of range; there are ", size, ".");
}

LearnedPairForce::LearnedPairForce(std::shared_ptr<const LearnedFunction> function) :
        method(CutoffPeriodic),
        useSwitching(false),
        useLongRangeCorrection(false),
        useDensityExclusions(true),
        evaluation(ExactEvaluation),
        tableTolerance(1e-4),
        scaleDefault(1.0) {
    setFunction(function);
    cutoff = (std::isfinite(function->getMaxDistance()) ? function->getMaxDistance() : 1.0);
    innerCutoff = function->getMinDistance();
    switchingDistance = cutoff;
    setName("LearnedPairForce");
}

void LearnedPairForce::setFunction(std::shared_ptr<const LearnedFunction> function) {
    require(function != nullptr,
            "LearnedPairForce: the pair function is null; create the force with a PairTable, a PairProgram or an "
            "EnvironmentFunction.");
    if (this->function != nullptr)
        require(function->getNumFeatures() == this->function->getNumFeatures() || particleTypes.empty(),
                "LearnedPairForce: the new function has ", function->getNumFeatures(), " features, the old one ",
                this->function->getNumFeatures(), "; create a new force.");
    this->function = function;
    report.clear();
    globalParameters = function->getGlobalParameters();
}

void LearnedPairForce::requireTypes() const {
    require(function->getNumFeatures() == 0, "LearnedPairForce: the particles of this function have ",
            function->getNumFeatures(), " features and no type; set their features.");
}

void LearnedPairForce::requireFeatures() const {
    require(function->getNumFeatures() > 0,
            "LearnedPairForce: the particles of this function have types and no features; set their types.");
}

int LearnedPairForce::addParticle(int type) {
    requireTypes();
    particleTypes.push_back(type);
    return particleTypes.size() - 1;
}

int LearnedPairForce::getParticleType(int index) const {
    checkIndex(index, particleTypes.size(), "particle");
    return particleTypes[index];
}

void LearnedPairForce::setParticleType(int index, int type) {
    checkIndex(index, particleTypes.size(), "particle");
    requireTypes();
    particleTypes[index] = type;
}

void LearnedPairForce::setParticleTypes(const vector<int>& types) {
    requireTypes();
    particleTypes = types;
}

int LearnedPairForce::addParticle(const vector<double>& features) {
    requireFeatures();
    int index = particleTypes.size();
    particleTypes.push_back(NotCovered);
    particleFeatures.resize(particleFeatures.size() + function->getNumFeatures(), 0.0);
    try {
        setParticleFeatures(index, features);
    }
    catch (...) {
        particleTypes.pop_back();
        particleFeatures.resize(particleFeatures.size() - function->getNumFeatures());
        throw;
    }
    return index;
}

vector<double> LearnedPairForce::getParticleFeatures(int index) const {
    checkIndex(index, particleTypes.size(), "particle");
    if (particleTypes[index] == NotCovered)
        return {};
    auto begin = particleFeatures.begin() + (size_t) index * function->getNumFeatures();
    return vector<double>(begin, begin + function->getNumFeatures());
}

void LearnedPairForce::setParticleFeatures(int index, const vector<double>& features) {
    checkIndex(index, particleTypes.size(), "particle");
    requireFeatures();
    size_t count = function->getNumFeatures();
    require(features.empty() || features.size() == count, "LearnedPairForce: particle ", index, " is given ",
            features.size(), " features; expected ", count, ", or none if it is not covered.");
    requireFeaturesInRange(*function, features, {!features.empty()}, index);
    particleTypes[index] = (features.empty() ? NotCovered : 0);
    if (features.empty())
        std::fill_n(particleFeatures.begin() + index * count, count, 0.0);
    else
        std::copy(features.begin(), features.end(), particleFeatures.begin() + index * count);
}

void LearnedPairForce::setAllParticleFeatures(const vector<double>& features, const vector<bool>& covered) {
    requireFeatures();
    size_t count = function->getNumFeatures();
    require(features.size() == covered.size() * count, "LearnedPairForce: there are ", features.size(), " numbers for ",
            covered.size(), " particles; expected ", count, " features for each.");
    requireFeaturesInRange(*function, features, covered);
    particleFeatures = features;
    particleTypes.resize(covered.size());
    for (size_t i = 0; i < covered.size(); i++) {
        particleTypes[i] = (covered[i] ? 0 : NotCovered);
        if (!covered[i])
            std::fill_n(particleFeatures.begin() + i * count, count, 0.0);
    }
}

void LearnedPairForce::setNonbondedMethod(NonbondedMethod method) {
    require(method >= NoCutoff && method <= CutoffPeriodic, "LearnedPairForce: the nonbonded method ", (int) method,
            " does not exist; use NoCutoff, CutoffNonPeriodic or CutoffPeriodic.");
    this->method = method;
}

void LearnedPairForce::setCutoffDistance(double distance) {
    cutoff = distance;
}

void LearnedPairForce::setInnerCutoffDistance(double distance) {
    innerCutoff = distance;
}

void LearnedPairForce::setUseSwitchingFunction(bool use) {
    useSwitching = use;
}

void LearnedPairForce::setUseDensityExclusions(bool use) {
    useDensityExclusions = use;
}

void LearnedPairForce::setUseLongRangeCorrection(bool use) {
    useLongRangeCorrection = use;
}

void LearnedPairForce::setSwitchingDistance(double distance) {
    switchingDistance = distance;
}

void LearnedPairForce::setEvaluation(Evaluation evaluation) {
    require(evaluation >= AutomaticEvaluation && evaluation <= TableEvaluation, "LearnedPairForce: the evaluation is ",
            (int) evaluation, "; it must be AutomaticEvaluation (0), ExactEvaluation (1) or TableEvaluation (2).");
    this->evaluation = evaluation;
}

void LearnedPairForce::setTableTolerance(double tolerance) {
    require(tolerance > 0 && std::isfinite(tolerance), "LearnedPairForce: the tolerance of tables is ", tolerance,
            "; it must be positive and finite.");
    tableTolerance = tolerance;
}

int LearnedPairForce::addExclusion(int particle1, int particle2) {
    exclusions.emplace_back(particle1, particle2);
    return exclusions.size() - 1;
}

void LearnedPairForce::addExclusions(const vector<pair<int, int>>& pairs) {
    exclusions.insert(exclusions.end(), pairs.begin(), pairs.end());
}

void LearnedPairForce::getExclusionParticles(int index, int& particle1, int& particle2) const {
    checkIndex(index, exclusions.size(), "exclusion");
    particle1 = exclusions[index].first;
    particle2 = exclusions[index].second;
}

void LearnedPairForce::setExclusionParticles(int index, int particle1, int particle2) {
    checkIndex(index, exclusions.size(), "exclusion");
    exclusions[index] = {particle1, particle2};
}

static pair<int, int> inOrder(int particle1, int particle2) {
    return {std::min(particle1, particle2), std::max(particle1, particle2)};
}

int LearnedPairForce::addException(int particle1, int particle2, double factor, bool replace) {
    return addExceptions({{particle1, particle2}}, {factor}, replace)[0];
}

vector<int> LearnedPairForce::addExceptions(
        const vector<pair<int, int>>& pairs, const vector<double>& factors, bool replace) {
    require(pairs.size() == factors.size(), "LearnedPairForce: addExceptions() got ", pairs.size(), " pairs and ",
            factors.size(), " factors; give one factor for each pair.");
    std::map<pair<int, int>, int> replaced; // the indices of the exceptions that pairs have already
    set<pair<int, int>> added;
    for (size_t i = 0; replace && i < exceptions.size(); i++)
        replaced.emplace(inOrder(exceptions[i].particle1, exceptions[i].particle2), i);
    vector<int> indices;
    for (size_t i = 0; i < pairs.size(); i++) {
        const auto wanted = inOrder(pairs[i].first, pairs[i].second);
        auto found = replaced.find(wanted);
        if (found != replaced.end()) {
            exceptions[found->second].factor = factors[i];
            indices.push_back(found->second);
            continue;
        }
        indices.push_back(exceptions.size());
        exceptions.push_back({pairs[i].first, pairs[i].second, factors[i]});
        if (replace) {
            replaced.emplace(wanted, indices.back());
            added.insert(wanted);
        }
    }
    removeExclusions(added);
    return indices;
}

void LearnedPairForce::removeExclusions(const set<pair<int, int>>& pairs) {
    auto isRemoved = [&](const pair<int, int>& each) { return pairs.count(inOrder(each.first, each.second)) > 0; };
    if (!pairs.empty())
        exclusions.erase(std::remove_if(exclusions.begin(), exclusions.end(), isRemoved), exclusions.end());
}

void LearnedPairForce::getExceptionParameters(int index, int& particle1, int& particle2, double& factor) const {
    checkIndex(index, exceptions.size(), "exception");
    particle1 = exceptions[index].particle1;
    particle2 = exceptions[index].particle2;
    factor = exceptions[index].factor;
}

void LearnedPairForce::setExceptionParameters(int index, int particle1, int particle2, double factor) {
    checkIndex(index, exceptions.size(), "exception");
    exceptions[index] = {particle1, particle2, factor};
}

vector<pair<int, int>> LearnedPairForce::getExclusionsAndExceptions() const {
    vector<pair<int, int>> pairs = exclusions;
    for (auto& exception : exceptions)
        pairs.emplace_back(exception.particle1, exception.particle2);
    return pairs;
}

void LearnedPairForce::createExclusionsFromBonds(const vector<pair<int, int>>& bonds, int bondCutoff) {
    if (bondCutoff < 1)
        return;
    vector<vector<int>> bonded(particleTypes.size());
    for (auto [i, j] : bonds) {
        checkIndex(i, particleTypes.size(), "bonded particle");
        checkIndex(j, particleTypes.size(), "bonded particle");
        bonded[i].push_back(j);
        bonded[j].push_back(i);
    }
    set<pair<int, int>> excluded;
    for (auto [i, j] : getExclusionsAndExceptions())
        excluded.insert(std::minmax(i, j));
    for (int first = 0; first < (int) bonded.size(); first++) {
        set<int> reached = {first};
        vector<int> frontier = {first}; // breadth-first search: the particles at this number of bonds
        for (int distance = 0; distance < bondCutoff; distance++) {
            vector<int> next;
            for (int i : frontier)
                for (int j : bonded[i])
                    if (reached.insert(j).second)
                        next.push_back(j);
            frontier = next;
        }
        for (int second : reached)
            if (second > first && excluded.insert({first, second}).second)
                addExclusion(first, second);
    }
}

int LearnedPairForce::addInteractionGroup(const set<int>& set1, const set<int>& set2) {
    interactionGroups.emplace_back(set1, set2);
    return interactionGroups.size() - 1;
}

void LearnedPairForce::getInteractionGroupParameters(int index, set<int>& set1, set<int>& set2) const {
    checkIndex(index, interactionGroups.size(), "interaction group");
    set1 = interactionGroups[index].first;
    set2 = interactionGroups[index].second;
}

void LearnedPairForce::setInteractionGroupParameters(int index, const set<int>& set1, const set<int>& set2) {
    checkIndex(index, interactionGroups.size(), "interaction group");
    interactionGroups[index] = {set1, set2};
}

static std::mutex trustedForcesMutex;

static set<string>& getTrustedForces() {
    static set<string> names;
    return names;
}

void LearnedPairForce::trustForce(const string& className) {
    require(!className.empty(), "LearnedPairForce: trustForce() needs the name of a class, such as \"PlumedForce\".");
    std::lock_guard<std::mutex> lock(trustedForcesMutex);
    getTrustedForces().insert(className);
}

bool LearnedPairForce::isTrustedForce(const string& className) {
    std::lock_guard<std::mutex> lock(trustedForcesMutex);
    return getTrustedForces().count(className) > 0;
}

void LearnedPairForce::setScaleParameter(const string& name, double defaultValue) {
    scaleParameter = name;
    scaleDefault = defaultValue;
}

const string& LearnedPairForce::getGlobalParameterName(int index) const {
    checkIndex(index, globalParameters.size(), "global parameter");
    return globalParameters[index].name;
}

double LearnedPairForce::getGlobalParameterDefaultValue(int index) const {
    checkIndex(index, globalParameters.size(), "global parameter");
    return globalParameters[index].defaultValue;
}

void LearnedPairForce::setGlobalParameterDefaultValue(int index, double value) {
    checkIndex(index, globalParameters.size(), "global parameter");
    globalParameters[index].defaultValue = value;
}

void LearnedPairForce::getGlobalParameterRange(int index, double& low, double& high) const {
    checkIndex(index, globalParameters.size(), "global parameter");
    low = globalParameters[index].range.low;
    high = globalParameters[index].range.high;
}

void LearnedPairForce::setGlobalParameterRange(int index, double low, double high) {
    checkIndex(index, globalParameters.size(), "global parameter");
    globalParameters[index].range.low = low;
    globalParameters[index].range.high = high;
}

/** List the names of all parameters of a force for an error message. */
static string listParameters(const LearnedPairForce& force) {
    string names;
    if (!force.getScaleParameter().empty())
        names += "\"" + force.getScaleParameter() + "\"";
    for (auto& parameter : force.getFunction().getGlobalParameters())
        names += (names.empty() ? "\"" : ", \"") + parameter.name + "\"";
    return names;
}

bool LearnedPairForce::hasParameter(const string& name) const {
    bool found = (!name.empty() && name == scaleParameter);
    for (auto& parameter : function->getGlobalParameters())
        found |= (parameter.name == name);
    return found;
}

void LearnedPairForce::addEnergyParameterDerivative(const string& name) {
    string names = listParameters(*this);
    require(hasParameter(name), "LearnedPairForce: no derivative can be computed with respect to \"", name,
            "\", which is not a global parameter of this force; ",
            names.empty() ? "it has none. Name the scale with setScaleParameter() first." : "it has " + names + ".");
    if (std::find(derivatives.begin(), derivatives.end(), name) == derivatives.end())
        derivatives.push_back(name);
}

const string& LearnedPairForce::getEnergyParameterDerivativeName(int index) const {
    checkIndex(index, derivatives.size(), "energy parameter derivative");
    return derivatives[index];
}

void LearnedPairForce::setReport(const string& report) {
    this->report = report;
}

void LearnedPairForce::updateParametersInContext(OpenMM::Context& context) {
    dynamic_cast<LearnedPairForceImpl&>(getImplInContext(context))
            .updateParametersInContext(getContextImpl(context), *this);
}

KernelInfo LearnedPairForce::getKernelInfo(OpenMM::Context& context) const {
    return dynamic_cast<LearnedPairForceImpl&>(getImplInContext(context)).getKernelInfo();
}

OpenMM::ForceImpl* LearnedPairForce::createImpl() const {
    return new LearnedPairForceImpl(*this);
}
