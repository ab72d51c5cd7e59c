// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "LearnedPairForce.h"
#include "internal/LearnedPairForceImpl.h"
#include "internal/require.h"
#include <algorithm>

using namespace LearnedPairPlugin;
using std::pair;
using std::set;
using std::string;
using std::vector;

static void checkIndex(int index, size_t size, const char* what) {
    require(index >= 0 && (size_t) index < size, "LearnedPairForce: ", what, " index ", index, " is out of range; there are ", size, ".");
}

LearnedPairForce::LearnedPairForce(std::shared_ptr<const PairFunction> function) : method(CutoffPeriodic), useSwitching(false), scaleDefault(1.0) {
    setFunction(function);
    cutoff = function->getMaxDistance();
    innerCutoff = function->getMinDistance();
    switchingDistance = cutoff;
    setName("LearnedPairForce");
}

void LearnedPairForce::setFunction(std::shared_ptr<const PairFunction> function) {
    require(function != nullptr, "LearnedPairForce: the pair function is null; create the force with a PairTable.");
    this->function = function;
    report.clear();
}

int LearnedPairForce::addParticle(int type) {
    particleTypes.push_back(type);
    return particleTypes.size()-1;
}

int LearnedPairForce::getParticleType(int index) const {
    checkIndex(index, particleTypes.size(), "particle");
    return particleTypes[index];
}

void LearnedPairForce::setParticleType(int index, int type) {
    checkIndex(index, particleTypes.size(), "particle");
    particleTypes[index] = type;
}

void LearnedPairForce::setParticleTypes(const vector<int>& types) {
    particleTypes = types;
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

void LearnedPairForce::setSwitchingDistance(double distance) {
    switchingDistance = distance;
}

int LearnedPairForce::addExclusion(int particle1, int particle2) {
    exclusions.emplace_back(particle1, particle2);
    return exclusions.size()-1;
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

void LearnedPairForce::createExclusionsFromBonds(const vector<pair<int, int> >& bonds, int bondCutoff) {
    if (bondCutoff < 1)
        return;
    vector<vector<int> > bonded(particleTypes.size());
    for (auto [i, j] : bonds) {
        checkIndex(i, particleTypes.size(), "bonded particle");
        checkIndex(j, particleTypes.size(), "bonded particle");
        bonded[i].push_back(j);
        bonded[j].push_back(i);
    }
    set<pair<int, int> > excluded;
    for (auto [i, j] : exclusions)
        excluded.insert(std::minmax(i, j));
    for (int first = 0; first < (int) bonded.size(); first++) {
        set<int> reached = {first};
        vector<int> border = {first};
        for (int distance = 0; distance < bondCutoff; distance++) {
            vector<int> next;
            for (int i : border)
                for (int j : bonded[i])
                    if (reached.insert(j).second)
                        next.push_back(j);
            border = next;
        }
        for (int second : reached)
            if (second > first && excluded.insert({first, second}).second)
                addExclusion(first, second);
    }
}

int LearnedPairForce::addInteractionGroup(const set<int>& set1, const set<int>& set2) {
    interactionGroups.emplace_back(set1, set2);
    return interactionGroups.size()-1;
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

void LearnedPairForce::setScaleParameter(const string& name, double defaultValue) {
    scaleParameter = name;
    scaleDefault = defaultValue;
}

void LearnedPairForce::addEnergyParameterDerivative(const string& name) {
    require(!name.empty() && name == scaleParameter, "LearnedPairForce: no derivative can be computed with respect to \"", name,
            "\", which is not a global parameter of this force; ",
            scaleParameter.empty() ? "name the scale with setScaleParameter() first." : "its only one is \""+scaleParameter+"\".");
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
    dynamic_cast<LearnedPairForceImpl&>(getImplInContext(context)).updateParametersInContext(getContextImpl(context), *this);
}

string LearnedPairForce::describeKernelInContext(OpenMM::Context& context) const {
    return dynamic_cast<LearnedPairForceImpl&>(getImplInContext(context)).describeKernel();
}

OpenMM::ForceImpl* LearnedPairForce::createImpl() const {
    return new LearnedPairForceImpl(*this);
}
